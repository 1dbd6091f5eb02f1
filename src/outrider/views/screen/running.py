"""A session on the terminal's screen, from its start until the person leaves it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable

from outrider.errors import ObserverTooSlow
from outrider.runtime import Session
from outrider.runtime.stream import EventStream
from outrider.views.lines import to_read, whole_plan
from outrider.views.screen.app import PlanScreen
from outrider.views.screen.terminal import Terminal
from outrider.views.words import summary


async def on_terminal(
    session: Session,
    *,
    terminal: Terminal,
    write: Callable[[str], None],
    stop: Callable[[], object],
    opened: Callable[[PlanScreen], object],
    screen_of: type[PlanScreen] = PlanScreen,
) -> None:
    """Run ``session`` on the screen; afterwards its plan and summary have been written as plain lines, however it ended.

    Args:
        session: one that has not been entered.
        terminal: is lent to the screen, and given back when the person has left it.
        write: takes each line, once the terminal is as it was.
        stop: what the keys that stop are to do; the screen's own ``stop`` is one thing they may do.
        opened: is given the screen before it opens.
        screen_of: makes it; for a screen without a terminal.

    Raises:
        ObserverTooSlow: the terminal was too slow for the session's events. The run was stopped.
    """
    async with session.events() as events:
        screen = screen_of(session, events, stop=stop)
        opened(screen)
        try:
            async with session:
                with terminal:
                    await screen.run_async(mouse=False)
            if screen.trouble is not None:
                raise screen.trouble
        finally:  # nothing of the plan is lost with the screen
            await _receive_the_rest(screen, events)
            _write_down(screen, write)


async def _receive_the_rest(screen: PlanScreen, events: EventStream) -> None:
    """What happened while the screen was being left."""
    with contextlib.suppress(ObserverTooSlow):  # it has been raised already
        async for record in events:
            screen.receive(record)


def _write_down(screen: PlanScreen, write: Callable[[str], None]) -> None:
    if screen.picture.task:  # else it never began
        read = to_read(screen.picture, shutil.get_terminal_size().columns)
        for line in (*whole_plan(screen.picture), *summary(screen.picture, screen.figures), *read):
            write(line)


def svg_of(screen: PlanScreen) -> str:
    """A picture of the screen as it is now, as SVG."""
    return screen.export_screenshot(title="outrider plan")
