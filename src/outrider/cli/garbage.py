"""How a process that serves many sessions has Python look for garbage: less often, and not among what stays for good.

Python frees what nobody refers to at once; what refers to itself in a circle it has to look for, and nothing else runs meanwhile.
By default it goes through everything whenever a quarter more has come to live longer. With a thousand sessions that is a million
objects, half a second and more each time, and a third of all the time there is (``scripts/measure_service.py``).
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 50_000
"""So many objects more than there were before the newest ones are looked through; by default 700, which calls that begin and end
together reach many times a second."""

OLDER: Final = 5
"""After so many times the middle-aged ones are looked through too, and after as often again all: a session leaves about two
hundred objects in circles, so every few thousand sessions."""


def collect_seldom() -> None:
    """Call it once all is imported and opened: what there is by now is never looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
