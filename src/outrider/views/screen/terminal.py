"""The terminal as it was before the screen opened, to be given back in whatever way the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Final

OUT: Final = 2
"""Textual draws on standard error."""

_GIVE_BACK: Final = (
    b"\x1b[<u"  # the keyboard protocol of kitty
    b"\x1b[?2048l\x1b[?2004l\x1b[?1004l"  # reports of size, pastes and focus
    b"\x1b[?7h"  # lines wrap
    b"\x1b[?1049l"  # the screen that was there
    b"\x1b[?25h\x1b[0m"  # its cursor and its colours
)


class Terminal:
    """The state of the terminal now. ``give_back`` may be called from a signal handler, and more than once."""

    def __init__(self) -> None:
        self._modes: list[Any] | None = None
        if sys.platform != "win32":
            import termios

            try:
                self._modes = termios.tcgetattr(0)
            except termios.error:
                self._modes = None

    def give_back(self) -> None:
        """The screen that was there before, its cursor, and its way of reading lines."""
        os.write(OUT, _GIVE_BACK)
        if sys.platform != "win32" and self._modes is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._modes)
