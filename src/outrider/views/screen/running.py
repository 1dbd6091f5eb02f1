"""A session on the terminal's screen, from its start until the person leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from outrider.runtime import Session
from outrider.views.lines import whole_plan
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
) -> None:
    """Run ``session`` on the screen; afterwards its plan and summary have been written as plain lines.

    Args:
        session: one that has not been entered.
        terminal: is lent to the screen, and given back when the person has left it.
        write: takes each line, once the terminal is as it was.
        stop: what the keys that stop are to do; the screen's own ``stop`` is one thing they may do.
        opened: is given the screen before it opens.

    Raises:
        ObserverTooSlow: the terminal was too slow for the session's events. The run was stopped.
    """
    async with session.events() as events:
        screen = PlanScreen(session, events, stop=stop)
        opened(screen)
        with _written_in_the_end(screen, write):
            async with session:
                with terminal:
                    await screen.run_async(mouse=False)
            if screen.trouble is not None:
                raise screen.trouble
            async for record in events:  # what happened after the screen was left
                screen.receive(record)


@contextmanager
def _written_in_the_end(screen: PlanScreen, write: Callable[[str], None]) -> Iterator[None]:
    """However the run ends: nothing of its plan is lost with the screen."""
    try:
        yield
    finally:
        for line in (*whole_plan(screen.picture), *summary(screen.picture, screen.figures)):
            write(line)


def svg_of(screen: PlanScreen) -> str:
    """A picture of the screen as it is now, as SVG."""
    return screen.export_screenshot(title="outrider plan")
