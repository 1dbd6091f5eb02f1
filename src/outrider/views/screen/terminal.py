"""The terminal, lent to the screen, and given back in whatever way the process ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Final, Self

OUT: Final = 2
"""Textual draws on standard error."""

GIVE_BACK: Final = (
    "\x1b[<u"  # the keyboard protocol of kitty
    "\x1b[?2048l\x1b[?2004l\x1b[?1004l"  # reports of size, pastes and focus
    "\x1b[?7h"  # lines wrap
    "\x1b[?1049l"  # the screen that was there
    "\x1b[?25h\x1b[0m"  # its cursor and its colours
)

_SHOW_CURSOR: Final = b"\x1b[?25h"

_WATCH: Final = f"read -r word || printf '{GIVE_BACK}'"
"""A shell reads one line. If there is none, whoever was to write it is dead, and cannot give the terminal back any more."""


class Terminal:
    """Inside ``with``, the terminal is the screen's. A process that is killed there leaves a terminal that can be used."""

    def __init__(self) -> None:
        self._lent = False
        self._modes: list[Any] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._lent = True
        if sys.platform != "win32":
            import termios

            with contextlib.suppress(termios.error):
                self._modes = termios.tcgetattr(0)
            with contextlib.suppress(OSError):  # without a shell nobody stands guard
                # In a session of its own, so that what ends this process does not end the guard too.
                shell = ("/bin/sh", "-c", _WATCH)
                self._guard = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=OUT, start_new_session=True)  # noqa: S603
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The screen has given it back itself."""
        self._lent = False
        self._dismiss()
        if self._guard is not None:
            self._guard.wait()

    def _dismiss(self) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                os.write(self._guard.stdin.fileno(), b"\n")
                self._guard.stdin.close()

    def give_back(self) -> None:
        """The screen that was there before, its cursor, and its way of reading lines. A signal handler may call this."""
        if not self._lent:
            os.write(OUT, _SHOW_CURSOR)
            return
        self._dismiss()
        os.write(OUT, GIVE_BACK.encode())
        if sys.platform != "win32" and self._modes is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._modes)
