"""What goes wrong around the screen: it hides no error, keeps no terminal, and loses no plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outrider import Session, plan
from outrider.agents.agent import Meter
from outrider.errors import ObserverTooSlow
from outrider.model import Answer, Prefix, Task
from outrider.rules.events import Record
from outrider.testing import FakeAgent, ScriptedAgent, steps
from outrider.views.screen import PlanScreen, Terminal, on_terminal

pytestmark = pytest.mark.asyncio


class Headless(PlanScreen):
    """A screen without a terminal, which the person leaves at the end."""

    async def run_async(self, **_: Any) -> None:
        await super().run_async(headless=True, size=(80, 24))

    def receive(self, record: Record) -> None:
        super().receive(record)
        assert asyncio.get_running_loop().get_task_factory() is None, "the session's tasks start as they did before"
        if self.picture.finished:
            self.exit()


class Faulty(Headless):
    """A screen with a mistake in it."""

    def draw(self) -> None:
        if len(self.picture.confirmed) == 1:
            raise ZeroDivisionError("a mistake of the screen's")
        super().draw()


class Slow(Headless):
    """A screen that was too slow for its session."""

    async def _follow(self) -> None:
        self._records = _dropped()
        await super()._follow()


async def _dropped() -> AsyncIterator[Record]:
    raise ObserverTooSlow("10000 records were waiting to be read")
    yield  # a generator, for its type


class Bug(BaseException):
    """What no agent may raise."""


class Broken(FakeAgent):
    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        if prefix:
            raise Bug("not an Exception")
        return await super().next_step(task, prefix, meter)


async def on_screen(session: Session, kind: type[PlanScreen] = Headless) -> list[str]:
    written: list[str] = []
    try:
        await on_terminal(
            session, terminal=Terminal(), write=written.append, stop=session.stop, opened=lambda _: None, screen_of=kind
        )
    except BaseException as error:
        error.add_note("\n".join(written))
        raise
    return written


async def test_afterwards_plan_and_summary_are_written() -> None:
    written = await on_screen(plan("Make tea", target=ScriptedAgent("boil", "pour")))
    assert written[0] == "Task: Make tea"
    assert [line.split()[1] for line in written[2:5]] == ["boil", "pour", "finish"]
    assert written[5].startswith("Plan complete: 3 steps in ")


@pytest.mark.parametrize(("kind", "error"), [(Faulty, ZeroDivisionError), (Slow, ObserverTooSlow)])
async def test_a_screen_that_fails_closes_stops_the_run_and_keeps_the_plan(
    kind: type[PlanScreen], error: type[Exception]
) -> None:
    session = plan("Make tea", target=ScriptedAgent("boil", "pour", takes_s=0.01))
    with pytest.raises(error) as raised:
        await on_screen(session, kind)
    assert "Task: Make tea" in raised.value.__notes__[0]
    assert session.figures.in_flight == 0
    assert session.figures.settled


async def test_a_session_that_breaks_off_closes_the_screen_and_its_error_comes_out() -> None:
    with pytest.raises(Bug) as raised:
        await on_screen(plan("Make tea", target=Broken(lambda _: steps("boil"), name="broken")))
    assert "Task: Make tea" in raised.value.__notes__[0]
