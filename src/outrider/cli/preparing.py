"""What is said on standard error before a run can begin: that a model is fetched, and that it is loaded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


def end_line() -> None:
    """What comes next begins a line of its own."""
    print(file=sys.stderr, flush=True)


class Fetching:
    """Says how much of the embedded model has arrived: in place on a terminal, else once at its beginning. One for each run.

    Args:
        then: called on a terminal once all of it is there.
    """

    def __init__(self, then: Callable[[], None] = end_line) -> None:
        self._then = then
        self._announced = self._whole = False

    def __call__(self, arrived: int, total: int) -> None:
        """``arrived`` bytes of ``total`` are there."""
        if sys.stderr.isatty():
            self._show(arrived, total)
        elif not self._announced:
            print(f"fetching the embedded model, once: {_mb(total)} MB", file=sys.stderr, flush=True)
        self._announced = True

    def _show(self, arrived: int, total: int) -> None:
        before, self._whole = self._whole, arrived >= total
        if before and self._whole:  # pip has yet to look at it and to put it in its place
            return
        _show(f"fetching the embedded model, once: {_mb(arrived):>5} of {_mb(total)} MB")
        if self._whole:
            self._then()


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"


@contextlib.contextmanager
def preparing(*, loads: bool) -> Iterator[None]:
    """Inside, a terminal says why nothing is to be seen yet, if a model ``loads`` here. Afterwards that line is gone, whatever
    happened.
    """
    if loads:
        tell_preparing()
    try:
        yield
    finally:
        if loads:
            _show("")


def tell_preparing() -> None:
    """Say on standard error, in a terminal, that the model is loaded; the first time it takes some seconds more."""
    _show("loading the model, and letting it read its examples …")


def _show(line: str) -> None:
    """Show ``line`` in place of the last one, where that is a terminal."""
    if sys.stderr.isatty():
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
