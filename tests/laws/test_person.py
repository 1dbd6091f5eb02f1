"""The person's word: a step equal to the draft cancels nothing but its verifier, a different one restarts from it; and holding
and steering lose no step.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from outrider import Sliding, Step, plan
from outrider.errors import RunEnded
from outrider.model import Prefix
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Discarded, Record, Shown, Started, Steered, Took, Waiting, WentOn
from outrider.testing import run

from . import checks
from .worlds import TASK, Deed, Notes, Run, World, alone, calm_worlds, deeds, drive, live, lookaheads, slidings

moments = st.integers(0, 40)
some_time = st.tuples(st.integers(1, 6), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))
unhurried_worlds = st.builds(
    World, seed=st.integers(0, 2**32), length=st.integers(0, 10), agreement=st.integers(0, 100), draft_quarters=some_time,
    target_quarters=some_time,
)  # fmt: skip
"""One guess a step, and every answer takes its time: what happens in an instant follows from the person's word alone."""
pauses = st.lists(st.builds(Deed, after=st.integers(0, 12), kind=st.sampled_from(["pause", "go on"])), max_size=8)


async def _taking(world: World, lookahead: Lookahead, quarters: int, *, differs: bool) -> tuple[Run, int, list[Prefix]] | None:
    """Take the first step of which a draft is on display from that moment on: the run, which step, and what closed at once.

    ``None`` if no draft was on display any more.
    """
    ours = Run(world, lookahead, world.drafter(), world.target(), Notes())
    session = plan(TASK, approximation=ours.drafter, target=ours.target, lookahead=lookahead, max_steps=20, journal=ours.notes)
    async with session:
        await asyncio.sleep(quarters * 0.25 + 0.125)  # between two events: all durations are whole quarters
        for _ in range(1000):
            if (shown := ours.notes.shown) is not None or session.figures.settled:
                break
            await asyncio.sleep(0.25)
        if shown is None:
            return None
        at = session.next_at
        before = Counter([*ours.target.closed, *ours.drafter.closed])
        session.take(Step("mine") if differs else shown, at=at)
        for _ in range(4):  # let every closed call come to its end; no time passes
            await asyncio.sleep(0)
        closed = Counter([*ours.target.closed, *ours.drafter.closed]) - before
        try:
            await session.result()
        except RunEnded as error:
            ours.error = error
    ours.plan, ours.figures = session.plan, session.figures
    return ours, at, list(closed.elements())


@given(unhurried_worlds, lookaheads, moments)
def test_a_step_equal_to_the_draft_closes_its_verifier_and_no_other_target_call(
    world: World, lookahead: Lookahead, moment: int
) -> None:
    taken = run(_taking(world, lookahead, moment, differs=False))
    if taken is None:
        return
    ours, at, closed = taken
    if ours.plan.steps[at].step.is_finish:
        return  # the end closes everything
    assert closed == [ours.plan.prefix[:at]]
    assert not any(isinstance(record.event, Discarded) for record in _at_take(ours, at))
    checks.every_law(ours)


@given(unhurried_worlds, lookaheads, moments)
def test_a_different_step_restarts_from_it(world: World, lookahead: Lookahead, moment: int) -> None:
    taken = run(_taking(world, lookahead, moment, differs=True))
    if taken is None:
        return
    ours, at, closed = taken
    prefix = ours.plan.prefix[: at + 1]
    assert all(other[:at] == prefix[:at] for other in closed), "nothing before the step is touched"
    taken_s = next(record.time_s for record in _at_take(ours, at) if isinstance(record.event, Confirmed))
    asked = [request.start_s for request in ours.target.requests if request.prefix == prefix]
    assert asked == [taken_s], "the target is asked what comes after it, at once and once"
    left = [
        request
        for agent in (ours.target, ours.drafter)
        for request in agent.requests
        if len(request.prefix) > at and request.prefix[: at + 1] != prefix and request.end_s is not None
    ]
    assert all(request.end_s is not None and request.end_s <= taken_s for request in left), "what hung on the draft is closed"
    checks.every_law(ours)


def _at_take(ours: Run, at: int) -> list[Record]:
    """The records of the instant in which the person took step ``at``."""
    n = next(record.n for record in ours.records if isinstance(record.event, Took) and record.event.at == at)
    return [record for record in ours.records[n:] if record.time_s == ours.records[n].time_s and not _of_a_call(record)]


def _of_a_call(record: Record) -> bool:
    return isinstance(record.event, Started | Shown)


@given(calm_worlds, lookaheads, pauses)
def test_pausing_changes_no_step_of_the_plan(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=done)
    assert ours.plan == alone(world).plan
    checks.every_law(ours)


@given(calm_worlds, lookaheads, pauses)
def test_a_verdict_that_waited_is_confirmed_the_instant_the_person_goes_on(
    world: World, lookahead: Lookahead, done: list[Deed]
) -> None:
    ours = drive(world, lookahead, deeds=done)
    waited: int | None = None
    for record in ours.records:
        match record.event:
            case Waiting(at=at):
                waited = at
            case WentOn():
                went_on_s = record.time_s
            case Confirmed(at=at) if at == waited:
                assert record.time_s == went_on_s
                waited = None
            case _:
                pass
    assert waited is None


@given(calm_worlds, lookaheads, pauses)
def test_time_the_person_did_not_hold_is_never_more_than_the_target_alone_takes(
    world: World, lookahead: Lookahead, done: list[Deed]
) -> None:
    ours = drive(world, lookahead, deeds=done)
    assert ours.total_s - ours.figures.held_s <= alone(world).total_s


@given(calm_worlds, slidings, deeds)
def test_a_sentence_reaches_every_call_that_begins_after_it(world: World, lookahead: Sliding, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=[*done, Deed(1, "go on"), Deed(1, "steer", 7)])
    steered = [record for record in ours.records if isinstance(record.event, Steered)]
    if not steered or not isinstance(steered[-1].event, Steered) or not steered[-1].event.sentence:
        return
    after = [request for request in ours.target.requests if request.start_s > steered[-1].time_s]
    assert all(request.prefix[:1] and request.prefix[0].action == "told" for request in after)


async def _paused_throughout(world: World, lookahead: Lookahead) -> Run:
    return await live(world, lookahead, deeds=[Deed(0, "pause"), Deed(400, "go on")])


@given(calm_worlds, lookaheads)
def test_paused_from_the_beginning_nobody_is_asked_until_the_person_goes_on(world: World, lookahead: Lookahead) -> None:
    ours = run(_paused_throughout(world, lookahead))
    control = drive(world, lookahead)
    assert ours.plan == control.plan
    begun = [request.start_s for request in ours.target.requests]
    assert not any(0 < start_s < 100 for start_s in begun)
