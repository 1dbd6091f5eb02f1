"""An event loop on virtual time: a run of hours takes milliseconds, and every run is the same.

A timer is due the moment nothing else is left to do. Sockets and threads have no place here: virtual time would run away from
them. A loop that is idle without a timer waits for ever, which is a deadlock, and raised as one.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

RESOLUTION_S = 1e-6
"""Timers this close together are due together; far finer ones can no longer be told apart at large times."""


class Deadlock(RuntimeError):
    """Everything waits and no timer is set: real time would pass for ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while code runs and jumps to the next timer when everything waits."""

    def __init__(self) -> None:
        super().__init__(_Jumping(self))
        self._now_s = 0.0
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def jump(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._now_s += seconds


class _Jumping(selectors.DefaultSelector):
    """Where a real selector would wait for ``timeout`` seconds, the loop's clock jumps over them."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("every task waits and no timer is set")
        if timeout > 0:
            self._loop.jump(timeout)
        return super().select(0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on a virtual loop of its own; return its result.

    Raises:
        Deadlock: everything waits and no timer is set.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
