"""Runs that Ctrl-C stops in order: how they are begun, and what it does before they are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.exits import Exit


def run_stoppable(work: Callable[[CtrlC], Coroutine[Any, Any, Exit]]) -> Exit:
    """Run ``work``, which is put in charge of Ctrl-C; return what to exit with."""
    with CtrlC() as ctrl_c:
        try:
            return asyncio.run(work(ctrl_c))
        except asyncio.CancelledError:  # Ctrl-C before the run began, or while it was watched
            raise KeyboardInterrupt from None


def stops_this_task(ctrl_c: CtrlC) -> None:
    """From now on the first Ctrl-C cancels the task that calls this."""
    this = asyncio.current_task()
    assert this is not None, "a coroutine runs in a task"
    ctrl_c.asks(this.cancel)
