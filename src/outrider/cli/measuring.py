"""What the commands that measure have in common: a line that tells how far they are, and what their figures were made with."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any, Final

from outrider import __version__

_EVERY_S: Final = 0.2
"""So often at most is progress told."""


class ProgressLine:
    """One line on standard error that is written over again; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._told_s = 0.0
        self._length = 0

    def tell(self, text: str) -> None:
        """Show ``text``, unless something was shown just now."""
        if self._wanted and time.monotonic() - self._told_s >= _EVERY_S:
            self._told_s = time.monotonic()
            print(f"\r{text:<{self._length}}", end="", file=sys.stderr, flush=True)
            self._length = len(text)

    def close(self) -> None:
        """Leave the line empty."""
        if self._length:
            print(f"\r{'':<{self._length}}\r", end="", file=sys.stderr, flush=True)
            self._length = 0


def provenance() -> dict[str, Any]:
    """The versions and the machine that a figure was made with."""
    return {
        "outrider": __version__,
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "architecture": platform.machine(), "processors": os.cpu_count()},
    }
