"""How a process that serves many sessions gives memory back: garbage is looked for less often, and not among what stays for good.

Python frees what nobody refers to at once; what refers to itself in a circle it has to look for, and nothing else runs meanwhile.
By default it goes through everything whenever a quarter more has come to live longer. With a thousand sessions that is a million
objects, half a second and more each time, and a third of all the time there is (``scripts/measure_service.py``).

The C library keeps pages that are free in the middle of what it has; with sessions that come and go for hours they become more,
though nothing more is in use. So it is told to give them back.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

YOUNG: Final = 50_000
"""So many objects more than there were before the newest ones are looked through; by default 700, which calls that begin and end
together reach many times a second."""

OLDER: Final = 5
"""After so many times the middle-aged ones are looked through too, and after as often again all: a session leaves about two
hundred objects in circles, so every few thousand sessions."""


GIVE_BACK_EVERY_S: Final = 60.0
"""Free pages are given back so often at most: it takes some milliseconds."""


def collect_seldom() -> None:
    """Call it once all is imported and opened: what there is by now is never looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
    if (trim := _trim()) is not None:
        gc.callbacks.append(GivesBack(trim))


class GivesBack:
    """Told of each search for garbage: after it, now and then, the C library gives back what is free.

    Args:
        trim: has it do so; what is to be kept beyond, in bytes, is its argument.
        now_s: a clock.
    """

    def __init__(self, trim: Callable[[int], object], now_s: Callable[[], float] = monotonic) -> None:
        self._trim = trim
        self._now_s = now_s
        self._due_s = now_s() + GIVE_BACK_EVERY_S

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """A search begins, or stops."""
        if phase == "stop" and self._now_s() >= self._due_s:
            self._trim(0)
            self._due_s = self._now_s() + GIVE_BACK_EVERY_S


def _trim() -> Callable[[int], object] | None:
    """The C library's own, where it has it: that of GNU does."""
    try:
        found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another library, or another system
        return None
    return found
