"""Laws 8 and 9 across a crash: a process may be killed at any write; another goes on, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import FINISH, Plan, Session, Sliding, plan, resume
from outrider.errors import NotNow, RunEnded
from outrider.journal import MemoryJournal, replay
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Executed, Finished, Record, Resumed, Shown, Started, Verified
from outrider.testing import FakeTools, run

from . import test_effects as effects
from .worlds import TASK, World, calm_worlds, lookaheads

Moment: TypeAlias = Literal["before", "after"]


class Killed(BaseException):
    """The process was killed: nothing is written any more."""


@dataclass
class Killing:
    """A journal that kills its process around its ``n``-th write, counted from 0."""

    store: MemoryJournal
    n: int
    moment: Moment
    writes: int = 0
    dead: bool = False

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        if self.dead:
            raise Killed
        self.dead = self.writes == self.n
        self.writes += 1
        if self.dead and self.moment == "before":
            raise Killed
        self.store.append(session, records, fence=fence, taken=taken, refused=refused)
        if self.dead:
            raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def cut(records: Sequence[Record], n: int) -> MemoryJournal:
    """A journal whose writing was broken off after ``n`` records."""
    journal = MemoryJournal()
    journal.append("run", list(records[:n]))
    return journal


# Plans that are only made -------------------------------------------------------------------------------------------


async def _uninterrupted(world: World, lookahead: Lookahead) -> tuple[Plan, list[Record]]:
    journal = MemoryJournal()
    session = plan(TASK, approximation=world.drafter(), target=world.target(), lookahead=lookahead, journal=journal, name="run")
    async with session:
        with suppress(RunEnded):
            await session.result()
    return session.plan, journal.read("run")


@dataclass
class Gone:
    """What a resumed session leaves behind."""

    plan: Plan
    records: list[Record]
    asked_again: int
    seen: list[Record] = field(default_factory=list)


async def _resumed(world: World, journal: MemoryJournal) -> Gone:
    target, drafter = world.target(), world.drafter()
    seen: list[Record] = []
    session = resume("run", journal=journal, target=target, approximation=drafter)
    async with session, session.events() as events:
        seen += [record async for record in events]
        with suppress(RunEnded):
            await session.result()
    return Gone(session.plan, journal.read("run"), len(target.requests), seen)


def answered(records: Sequence[Record]) -> int:
    return sum(isinstance(record.event, Verified) for record in records)


def shown(records: Sequence[Record]) -> list[object]:
    return [record.event for record in records if isinstance(record.event, Shown | Confirmed)]


def check(before: list[Record], gone: Gone, plan: Plan) -> None:
    assert gone.plan == plan
    assert gone.records[: len(before)] == before, "what is on record stays"
    assert gone.seen == gone.records, "who watches the new process sees all of it"
    assert shown(gone.records)[: len(shown(before))] == shown(before)
    times = [record.time_s for record in gone.records]
    assert times == sorted(times)
    replayed = replay(gone.records)
    assert replayed.checked
    assert replayed.plan == plan
    assert isinstance(gone.records[-1].event, Finished)


def test_killed_after_every_record_a_run_makes_the_same_plan() -> None:
    for seed in range(3):
        world = World(seed=seed, length=5, agreement=70, guesses=2)
        whole, records = run(_uninterrupted(world, Sliding(3)))
        for n in range(1, len(records)):
            check(records[:n], run(_resumed(world, cut(records, n))), whole)


@given(calm_worlds, lookaheads, st.integers(1, 10**6))
@settings(max_examples=100)
def test_a_resumed_run_makes_the_plan_of_one_that_was_not_interrupted(world: World, lookahead: Lookahead, at: int) -> None:
    whole, records = run(_uninterrupted(world, lookahead))
    n = 1 + at % (len(records) - 1)
    check(records[:n], run(_resumed(world, cut(records, n))), whole)


@given(calm_worlds, st.integers(0, 5), st.integers(1, 10**6))
@settings(max_examples=100)
def test_an_answer_on_record_is_never_asked_for_again(world: World, k: int, at: int) -> None:
    _, records = run(_uninterrupted(world, Sliding(k)))
    before = records[: 1 + at % (len(records) - 1)]
    answers = {(record.event.at, record.event.call): record.event.step for record in before if isinstance(record.event, Verified)}
    gone = run(_resumed(world, cut(records, len(before))))
    steps = [entry.step for entry in gone.plan.steps]
    known = {at for (at, _), step in answers.items() if at < len(steps) and steps[at] == step}
    confirmed_by = {record.event.at: record.event.call for record in gone.records if isinstance(record.event, Confirmed)}
    for at in known & {at for at, _ in answers}:
        if (at, confirmed_by[at]) in answers:
            assert not any(
                isinstance(record.event, Started) and record.event.role == "target" and record.event.at == at
                and record.event.call == confirmed_by[at]
                for record in gone.records[len(before) :]
            )  # fmt: skip
    calls = sum(isinstance(record.event, Started) and record.event.role == "target" for record in gone.records[len(before) :])
    assert gone.asked_again <= calls


# Plans whose steps are executed -------------------------------------------------------------------------------------


def opened(world: effects.Acting, tools: FakeTools, lookahead: Lookahead, journal: Killing, *, max_steps: int = 20) -> Session:
    return plan(
        "act", approximation=world.agent("draft", 0, 3), target=world.agent("target", 2, 12), lookahead=lookahead,
        journal=journal, tools=tools, reads=effects.READS, ask=True, max_steps=max_steps,
        name="run",
    )  # fmt: skip


def resumed(world: effects.Acting, tools: FakeTools, journal: Killing) -> Session:
    store: Any = journal
    return resume(
        "run", journal=store, approximation=world.agent("draft", 0, 3), target=world.agent("target", 2, 12), tools=tools, ask=True
    )


async def _person(session: Session, world: effects.Acting, tools: FakeTools) -> None:
    """Says what has come of a step they are asked about: that it has happened, if it has."""
    while True:
        await asyncio.sleep(1.0)
        with suppress(NotNow):
            session.go_on()
        at = session.next_at - 1
        if at >= 0:
            step = session.plan.steps[at].step
            with suppress(NotNow):
                if any(done == step.named for _, done in tools.effects[_written(session, world, at) :]):
                    session.settle("seen to have happened", at)
                else:
                    session.approve(at)


def _written(session: Session, world: effects.Acting, at: int) -> int:
    """How many effects the steps before have had."""
    return sum(1 for entry in session.plan.steps[:at] if world.declared(entry.step.action).effect == "write")


async def until_killed(session: Session, person: Coroutine[Any, Any, None]) -> bool:
    """Whether the run came to its end. The person speaks until then."""
    try:
        async with session, asyncio.TaskGroup() as group:
            speaks = group.create_task(person)
            with suppress(RunEnded):
                await session.result()
            speaks.cancel()
    except Killed:
        return False
    except BaseExceptionGroup as trouble:
        if trouble.split(Killed)[1] is not None:
            raise
        return False
    return True


@dataclass
class Survived:
    """A session that was killed again and again, and came to its end."""

    plan: Plan
    tools: FakeTools
    records: list[Record]
    kills: int


def survive(world: effects.Acting, lookahead: Lookahead, kills: Sequence[tuple[int, Moment]]) -> Survived:
    """Run it, killed at each of these writes of one process after another, to the end."""
    store, tools = MemoryJournal(), world.make_tools()
    died = 0
    for n, moment in [*kills, (10**9, "after")]:
        journal = Killing(store, n, moment)
        begun = any(entry.name == "run" for entry in store.sessions())
        session = resumed(world, tools, journal) if begun else opened(world, tools, lookahead, journal)
        if run(until_killed(session, _person(session, world, tools))) or is_over(store):
            break
        died += 1
    return Survived(session.plan, tools, store.read("run"), died)


def is_over(store: MemoryJournal) -> bool:
    return any(entry.outcome != "interrupted" for entry in store.sessions())


def effects_once(survived: Survived, world: effects.Acting) -> None:
    """The world's effects are the plan's writes, in order, and no effect has a key twice."""
    keys = [key for key, _ in survived.tools.effects]
    assert len(keys) == len(set(keys))
    written = [
        entry.step.named
        for entry in survived.plan.steps
        if entry.step.action != FINISH and world.declared(entry.step.action).effect == "write"
    ]
    assert [step for _, step in survived.tools.effects] == written


def nothing_confirmed_is_lost(survived: Survived) -> None:
    replayed = replay(survived.records)
    assert replayed.checked
    assert replayed.plan.prefix == survived.plan.prefix
    confirmed = [record.event for record in survived.records if isinstance(record.event, Confirmed)]
    assert [event.at for event in confirmed] == list(range(len(survived.plan.steps)))
    executed = [record.event.at for record in survived.records if isinstance(record.event, Executed)]
    assert executed == sorted(set(executed))


moments: st.SearchStrategy[Moment] = st.sampled_from(["before", "after"])
kills = st.lists(st.tuples(st.integers(0, 25), moments), min_size=1, max_size=6)


@given(effects.calm, effects.lookaheads, kills)
def test_effects_happen_once_however_often_the_process_is_killed(
    world: effects.Acting, lookahead: Lookahead, kills: list[tuple[int, Moment]]
) -> None:
    survived = survive(world, lookahead, kills)
    effects_once(survived, world)
    nothing_confirmed_is_lost(survived)
    assert survived.plan.complete
    if survived.kills:
        resumed = [record for record in survived.records if isinstance(record.event, Resumed)]
        assert len(resumed) <= survived.kills
