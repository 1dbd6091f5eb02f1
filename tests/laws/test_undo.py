"""Law 8 for going back: whenever the process is killed, what was to be undone is undone once, and the world is the plan's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from outrider import Declared, Plan, Session, Sliding, Step
from outrider.errors import NotNow
from outrider.journal import MemoryJournal, replay
from outrider.model import Effect
from outrider.rules import Lookahead
from outrider.rules.events import (
    Approved,
    Asked,
    Executing,
    Finished,
    Record,
    Resumed,
    Settled,
    Stayed,
    Took,
    Undone,
    WentBack,
    WentOn,
)
from outrider.testing import FakeTools, run

from . import test_effects as effects
from .test_resume import Killing, Moment, is_over, moments, opened, resumed, until_killed

MOMENTS: tuple[Moment, ...] = ("before", "after")

LIMIT = 4
"""At so many steps the run is held, and the person decides."""

Then: TypeAlias = Literal["go on", "take", "stop"]


@dataclass(frozen=True)
class Back:
    """Held at the limit, the person goes back to step ``to``; what they do then."""

    to: int
    then: Then = "go on"


@dataclass(frozen=True)
class Case:
    """A world, what the person decides in it, and where its process is killed.

    ``insists``: where it is not known whether an effect has been taken back, and it has not, the person goes back once more,
    instead of saying so first.
    """

    world: effects.Acting
    lookahead: Lookahead
    backs: tuple[Back, ...]
    insists: bool
    kills: tuple[tuple[int, Moment], ...] = ()


@dataclass
class Decisions:
    """Where the person is with what they decide, by what is on record: a word that was not written down is said again."""

    done: int = 0
    going: bool = False
    asked: Asked | None = None

    @staticmethod
    def after(records: Sequence[Record]) -> Decisions:
        now = Decisions()
        for record in records:
            match record.event:
                case WentBack():
                    now.going, now.asked = True, None
                case WentOn() | Took() if now.going:
                    now.going, now.done = False, now.done + 1
                case Asked() as asked:
                    now.asked = asked
                case Approved() | Settled():
                    now.asked = None
                case _:
                    pass
        return now


def decide(case: Case, records: Sequence[Record], session: Session, tools: FakeTools) -> None:
    """Say what is to be said now.

    Raises:
        NotNow: it is not the time for it.
    """
    now = Decisions.after(records)
    back = case.backs[now.done] if now.done < len(case.backs) else None
    if now.asked is not None:
        _answer(case, now, back, session, tools)
    elif back is not None and now.going and session.next_at > back.to:
        session.go_back(back.to)  # it stayed, and they want it gone still
    elif back is not None and now.going:
        _then(back, session)
    elif back is not None and session.held:
        session.go_back(back.to)
        if back.then == "stop":
            session.stop()
    elif session.held:
        session.extend(20)


def _then(back: Back, session: Session) -> None:
    match back.then:
        case "go on":
            session.go_on()
        case "take":
            session.take(Step("a", {"n": 5}))
        case "stop":
            session.stop()


def _answer(case: Case, now: Decisions, back: Back | None, session: Session, tools: FakeTools) -> None:
    assert now.asked is not None
    at, step = now.asked.at, now.asked.step.named
    before = [entry.step for entry in session.plan.steps[:at] if case.world.writes(entry.step)]
    happened = len(tools.effects) > len(before)
    if now.asked.question != "unsure" or not happened:
        session.approve(at)
    elif now.going and case.insists and back is not None:
        session.go_back(back.to)
    else:
        there = " ".join(str(done) for _, done in tools.effects[: len(before)])
        session.settle(f"{step}: {there}", at, happened=True)


@dataclass
class Survived:
    """What a session leaves behind that came to its end, killed or not."""

    plan: Plan
    tools: FakeTools
    records: list[Record]


def survive(case: Case) -> Survived:
    store, tools = MemoryJournal(), case.world.make_tools()
    for n, moment in [*case.kills, (10**9, "after")]:
        journal = Killing(store, n, moment)
        begun = any(entry.name == "run" for entry in store.sessions())
        session = (
            resumed(case.world, tools, journal) if begun else opened(case.world, tools, case.lookahead, journal, max_steps=LIMIT)
        )

        async def person(session: Session = session) -> None:
            while True:
                await asyncio.sleep(1.0)
                with suppress(NotNow):
                    decide(case, store.read("run"), session, tools)

        if run(until_killed(session, person())) or is_over(store):
            break
    return Survived(session.plan, tools, store.read("run"))


# What is demanded ---------------------------------------------------------------------------------------------------


def written(survived: Survived, world: effects.Acting) -> list[Step]:
    return [entry.step.named for entry in survived.plan.steps if not entry.step.is_finish and world.writes(entry.step)]


def the_world_is_the_plans(survived: Survived, world: effects.Acting) -> None:
    assert [step for _, step in survived.tools.effects] == written(survived, world)
    keys = [key for key, _ in survived.tools.effects]
    assert len(keys) == len(set(keys))


def nothing_is_taken_back_twice(survived: Survived, world: effects.Acting) -> None:
    """Under one key, unless it is the same undoing however often it is run."""
    for (key, step), times in Counter(survived.tools.undone).items():
        assert times == 1 or world.declared(step.action).repeatable, key


def told_in_full(survived: Survived) -> None:
    replayed = replay(survived.records)
    assert replayed.checked
    assert replayed.plan.prefix == survived.plan.prefix
    assert isinstance(survived.records[-1].event, Finished)


def demand(case: Case, whole: Survived) -> Survived:
    survived = survive(case)
    the_world_is_the_plans(survived, case.world)
    nothing_is_taken_back_twice(survived, case.world)
    told_in_full(survived)
    assert survived.plan == whole.plan
    assert survived.plan.prefix == whole.plan.prefix
    return survived


# In any world -------------------------------------------------------------------------------------------------------

kinds: st.SearchStrategy[Effect] = st.sampled_from(["read", "write", "write", "write"])
tools = st.tuples(
    *(
        st.builds(
            Declared, st.just(action), effect=kinds, approval=effects.approvals, undo=st.just(True), repeatable=st.booleans(),
            rehearses=st.booleans(),
        )
        for action in effects.ACTIONS
    )
)  # fmt: skip
worlds = st.builds(effects.Acting, seed=effects.seeds, length=st.integers(3, 7), agreement=effects.percent, tools=tools)
thens: st.SearchStrategy[Then] = st.sampled_from(["go on", "take"])
backs = st.lists(st.builds(Back, to=st.integers(0, LIMIT - 1), then=thens), min_size=1, max_size=2).map(tuple)
kills = st.lists(st.tuples(st.integers(0, 40), moments), min_size=1, max_size=6).map(tuple)


@given(st.builds(Case, worlds, effects.lookaheads, backs, st.booleans(), kills))
def test_what_is_gone_back_behind_is_undone_once_however_often_the_process_is_killed(case: Case) -> None:
    plain = replace(case, kills=())
    assert demand(case, demand(plain, survive(plain))).plan.complete


def test_killed_around_every_write_of_a_run_that_goes_back_it_comes_to_the_same() -> None:
    seen: set[type] = set()
    for seed in range(4):
        acts = tuple(Declared(action, effect="write", undo=True, repeatable=seed % 2 == 1) for action in effects.ACTIONS)
        case = Case(
            effects.Acting(seed=seed, length=5, agreement=70, tools=acts), Sliding(3), (Back(1, "take"),), insists=seed < 2
        )
        whole = demand(case, survive(case))
        for n in range(len(whole.records)):
            for moment in MOMENTS:
                survived = demand(replace(case, kills=((n, moment),)), whole)
                seen |= {type(record.event) for record in survived.records}
    assert {Resumed, Undone, Stayed, Settled} <= seen


def in_doubt(survived: Survived) -> list[Stayed]:
    """What stayed, and of which it is not known by now either what has come of it."""
    found: list[Stayed] = []
    for record in survived.records:
        match record.event:
            case Stayed() as stayed:
                found.append(stayed)
            case Settled(at=at) | Approved(at=at) | Undone(at=at):
                found = [stayed for stayed in found if stayed.at != at]
            case _:
                pass
    return found


def stops(case: Case, survived: Survived) -> None:
    """Whoever stops while something is being taken back has it taken back all the same, or told that it may be there."""
    told_in_full(survived)
    nothing_is_taken_back_twice(survived, case.world)
    doubtful = in_doubt(survived)
    sure = written(survived, case.world)
    done = [step for _, step in survived.tools.effects]
    if doubtful:
        assert not case.world.declared(doubtful[0].step.action).repeatable
        assert sum(isinstance(record.event, Executing) and record.event.at == doubtful[0].at for record in survived.records) > 1
        assert survived.plan.steps[-1].step.observation is None
        assert done in (sure, sure[:-1])
    else:
        assert done == sure


stopping = st.builds(Back, to=st.integers(0, LIMIT - 1), then=st.just("stop")).map(lambda back: (back,))


@given(st.builds(Case, worlds, effects.lookaheads, stopping, st.booleans(), kills))
def test_what_was_being_undone_when_the_run_was_stopped_is_undone(case: Case) -> None:
    stops(case, survive(case))


def test_stopped_while_undoing_and_killed_around_every_write_nothing_is_left_untold() -> None:
    for seed in range(4):
        acts = tuple(Declared(action, effect="write", undo=True, repeatable=seed % 2 == 1) for action in effects.ACTIONS)
        case = Case(effects.Acting(seed=seed, length=5, agreement=70, tools=acts), Sliding(3), (Back(1, "stop"),), insists=False)
        for n in range(len(survive(case).records)):
            for moment in MOMENTS:
                stops(case, survive(replace(case, kills=((n, moment),))))
