"""Laws 1, 7, 8 and 9 where a process leaves its sessions to another: at any moment, and as often as anybody likes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import FINISH, Declared, Plan, Session, plan, resume
from outrider.errors import BadOption, HandedOver, NotNow, RunEnded
from outrider.journal import MemoryJournal, own, replay
from outrider.rules import Lookahead
from outrider.rules.events import (
    Cancelled,
    Confirmed,
    Drafted,
    Executing,
    Failed,
    Finished,
    Lost,
    Observed,
    Paused,
    Record,
    Started,
    Undone,
    Verified,
)
from outrider.testing import FakeAgent, FakeTools, run, steps

from . import test_effects as effects
from .worlds import TASK, World, calm_worlds, lookaheads

times = st.lists(st.integers(0, 40), min_size=1, max_size=5)
"""After how many quarters of a second one process after another leaves."""


async def leaving(session: Session, after_s: float) -> bool:
    """Whether the session was handed over after so long, and had not ended before. The person lets every tool run."""
    async with session, asyncio.TaskGroup() as group:
        hand = group.create_task(_hand_over(session, after_s))
        person = group.create_task(_approve(session))
        try:
            await session.result()
        except HandedOver:
            return True
        except RunEnded:
            return False
        finally:
            hand.cancel()
            person.cancel()
    return False


async def _approve(session: Session) -> None:
    while True:
        await asyncio.sleep(1)
        with suppress(NotNow):
            session.approve()


async def _hand_over(session: Session, after_s: float) -> None:
    await asyncio.sleep(after_s)
    session.hand_over("the server was stopped")


def in_turn(first: Session, next_one: Any, after: Sequence[int]) -> Plan:
    """The plan in the end, each process but the last having left it."""
    session = first
    for quarters in after:
        if not run(leaving(session, quarters / 4)):
            return session.plan
        session = next_one()
    assert not run(leaving(session, 10**4))
    return session.plan


def nothing_is_under_way(records: Sequence[Record]) -> None:
    """Every call that was sent has its end on record, and so has every run that has an effect."""
    calls, runs = set(), set()
    for record in records:
        match record.event:
            case Started(call=call):
                calls.add(call)
            case Drafted(call=call) | Verified(call=call) | Failed(call=call) | Cancelled(call=call):
                calls.discard(call)
            case Executing(execution=execution, live=True, step=step) if step.action == "write":
                runs.add(execution)
            case Observed(execution=execution) | Lost(execution=execution) | Undone(execution=execution):
                runs.discard(execution)
            case _:
                pass
    assert (calls, runs) == (set(), set())


@given(calm_worlds, lookaheads, times)
@settings(max_examples=100)
def test_a_run_that_is_handed_over_makes_the_plan_of_one_that_is_not(
    world: World, lookahead: Lookahead, after: list[int]
) -> None:
    def begun(journal: MemoryJournal) -> Session:
        return plan(TASK, approximation=world.drafter(), target=world.target(), lookahead=lookahead, journal=journal, name="run")

    whole, journal = begun(MemoryJournal()), MemoryJournal()
    run(leaving(whole, 10**4))

    def next_one() -> Session:
        records = journal.read("run")
        assert not any(isinstance(record.event, Finished) for record in records)
        nothing_is_under_way(records)
        assert replay(records).checked
        return resume("run", journal=journal, target=world.target(), approximation=world.drafter())

    assert in_turn(begun(journal), next_one, after) == whole.plan
    replayed = replay(journal.read("run"))
    assert (replayed.checked, replayed.plan) == (True, whole.plan)
    confirmed = [record.event.at for record in journal.read("run") if isinstance(record.event, Confirmed)]
    assert confirmed == list(range(len(whole.plan.steps)))


@given(effects.calm, effects.lookaheads, times)
def test_effects_happen_once_however_often_a_run_is_handed_over(
    world: effects.Acting, lookahead: Lookahead, after: list[int]
) -> None:
    journal, tools = MemoryJournal(), world.make_tools()
    agents: Any = {"approximation": world.agent("draft", 0, 3), "target": world.agent("target", 2, 12)}

    def next_one() -> Session:
        return resume("run", journal=journal, tools=tools, ask=True, **agents)

    first = plan("act", lookahead=lookahead, journal=journal, tools=tools, reads=effects.READS, ask=True, name="run", **agents)
    made = in_turn(first, next_one, after)
    assert made.complete
    written = [entry.step.named for entry in made.steps if entry.step.action != FINISH and world.writes(entry.step)]
    assert [step for _, step in tools.effects] == written
    assert len({key for key, _ in tools.effects}) == len(written)
    assert replay(journal.read("run")).checked


# One by one -----------------------------------------------------------------------------------------------------------


def writing(journal: MemoryJournal, tools: FakeTools) -> Session:
    target = FakeAgent(lambda prefix: [steps("write", "write", "finish")[len(prefix)]], takes_s=1.0)
    return plan("act", target=target, journal=journal, tools=tools, name="run")


def test_a_tool_that_is_having_an_effect_is_waited_for_and_what_came_of_it_is_on_record() -> None:
    journal, tools = MemoryJournal(), FakeTools(Declared("write", effect="write"), takes_s=8.0)
    assert run(leaving(writing(journal, tools), 2.0))
    records = journal.read("run")
    assert records[-1].time_s == 9.0
    assert [type(record.event) for record in records if isinstance(record.event, Executing | Observed | Lost)] == [
        Executing,
        Observed,
    ]
    assert len(tools.effects) == 1
    nothing_is_under_way(records)


def test_what_is_said_while_it_is_handed_over_is_refused_and_what_is_in_the_mailbox_stays_there() -> None:
    async def main() -> None:
        journal, tools = MemoryJournal(), FakeTools(Declared("write", effect="write"), takes_s=8.0)
        with own(journal, "run") as owned:
            target = FakeAgent(lambda prefix: [steps("write", "finish")[len(prefix)]], takes_s=1.0)
            session = plan("act", target=target, journal=owned, tools=tools, name="run").owned_by(owned)
            async with session:
                await asyncio.sleep(2)
                session.hand_over()
                session.hand_over()
                journal.command("run", Paused())
                for say in (session.pause, session.stop, session.go_on):
                    with pytest.raises(NotNow, match="is being handed over"):
                        say()
                with pytest.raises(HandedOver) as left:
                    await session.result()
        assert left.value.plan is not None
        assert len(left.value.plan.steps) == 1
        assert journal.owner("run") == ""
        async with journal.mail("run") as mail:
            assert [mailed.command for mailed in await mail.now()] == [Paused()]

    run(main())


def test_streams_end_and_the_next_process_goes_on_where_it_was() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        agent: Any = {"target": FakeAgent(lambda prefix: [steps("a", "b", "finish")[len(prefix)]], takes_s=2.0)}
        session = plan("x", journal=journal, name="run", **agent)
        async with session, session.events() as events:
            seen = []
            async for record in events:
                seen.append(record)
                if isinstance(record.event, Confirmed):
                    session.hand_over("the server was stopped")
        assert seen == journal.read("run")
        assert isinstance(seen[-1].event, Cancelled)
        assert seen[-1].event.reason == "the server was stopped"
        async with resume("run", journal=journal, **agent) as again:
            assert [step.action for step in (await again.result()).prefix] == ["a", "b", "finish"]

    run(main())


def test_a_session_without_a_journal_cannot_be_handed_over() -> None:
    async def main() -> None:
        async with plan("x", target=FakeAgent(lambda prefix: steps("finish"), takes_s=2.0)) as session:
            with pytest.raises(BadOption, match="has no journal, so nobody could go on with it"):
                session.hand_over()
            await session.result()
            assert session.plan.complete

    run(main())


def test_one_that_has_ended_has_ended() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with plan("x", target=FakeAgent(lambda prefix: steps("finish")), journal=journal, name="run") as session:
            await session.result()
            session.hand_over()
        assert journal.sessions()[0].outcome == "complete"

    run(main())
