"""Ctrl-C while a plan is made: the first one stops the run in order, the second one ends the process at once.

Python's own way raises ``KeyboardInterrupt`` wherever the program happens to be, in the middle of a step of the rules too. Here
the first one is a message to the event loop, and the second one interrupts nothing that could still be finished.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from outrider.cli.exits import Exit

_SHOW_CURSOR = b"\x1b[?25h"


class CtrlC:
    """In charge of Ctrl-C inside ``with``. ``settled`` is set when all is done but printing: from then on it does nothing.

    ``give_back`` is called before the process ends at once, by whoever has changed the terminal in the meantime.
    """

    def __init__(self) -> None:
        self.settled = False
        self.pressed = 0
        self.give_back: Callable[[], object] = _show_cursor
        self._first: Callable[[], object] | None = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._signalled)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """A process that was told to stop is about to end: another Ctrl-C is not to interrupt that."""
        signal.signal(signal.SIGINT, signal.SIG_IGN if self.pressed else self._before)

    def asks(self, first: Callable[[], object]) -> None:
        """From now on the first Ctrl-C has the running loop call ``first``."""
        loop = asyncio.get_running_loop()
        self._first = lambda: loop.call_soon_threadsafe(first)

    def press(self) -> None:
        """As if Ctrl-C had been pressed: where a screen reads the keys, the terminal sends no signal."""
        self.pressed += 1
        if self.settled:
            return
        if self.pressed > 1:
            self._break_off()
        if self._first is None:
            raise KeyboardInterrupt
        self._first()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.press()

    def _break_off(self) -> None:
        self.give_back()
        os.write(2, b"\noutrider: broken off; what was confirmed is in the journal, see outrider sessions list\n")
        os._exit(Exit.STOPPED)


def _show_cursor() -> None:
    if sys.stdout.isatty():
        os.write(1, _SHOW_CURSOR)
