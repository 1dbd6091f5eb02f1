"""What telemetry counts, against the figures of the same records, over runs of every kind."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from laws.worlds import Deed, Run, World, deeds, drive, ends, lookaheads, stops, worlds

from outrider import Sliding, Usage
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Started
from outrider.telemetry.facts import (
    CallBegan,
    CallEnded,
    CallSettled,
    ExecutionBegan,
    ExecutionSettled,
    Fact,
    FrontierAsked,
    Judged,
    StepConfirmed,
    WindowClosed,
)
from outrider.telemetry.folding import Facts

NEVER_BACK = ("go back", "take instead")


def facts_of(run: Run) -> list[Fact]:
    facts = Facts()
    found = [fact for record in run.records for fact in facts.receive(record)]
    assert facts.close(run.records[-1].time_s) == []
    return found


def _ends(facts: list[Fact]) -> Counter[str]:
    return Counter(fact.outcome for fact in facts if isinstance(fact, CallSettled))


@settings(deadline=None)
@given(worlds, lookaheads, deeds, stops, ends)
def test_every_call_that_began_ends_and_is_settled_once(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    run = drive(world, lookahead, deeds=done + stop, leave_after=leave_after)
    facts = facts_of(run)
    began = sorted(record.event.call for record in run.records if isinstance(record.event, Started))
    assert sorted(fact.call for fact in facts if isinstance(fact, CallBegan)) == began
    assert sorted(fact.call for fact in facts if isinstance(fact, CallEnded)) == began
    assert sorted(fact.call for fact in facts if isinstance(fact, CallSettled)) == began


@settings(deadline=None)
@given(worlds, lookaheads, deeds, stops, ends)
def test_ends_tokens_and_dollars_are_those_of_the_figures(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    """Where nobody went back: a step that is taken then may have been named by a draft that had been settled as rejected."""
    staying = [deed for deed in done if deed.kind not in NEVER_BACK]
    run = drive(world, lookahead, deeds=staying + stop, leave_after=leave_after)
    facts = facts_of(run)
    found = _ends(facts)
    assert found["used"] == run.figures.calls("used")
    assert found["cancelled"] == run.figures.calls("cancelled")
    assert found["failed"] == run.figures.calls("failed")
    assert found["wasted"] + found["rejected"] == run.figures.calls("wasted")
    assert found["unfinished"] == 0
    usage = sum((fact.usage for fact in facts if isinstance(fact, CallSettled)), start=Usage(counted="reported", cost_usd=0.0))
    assert usage.tokens == run.figures.usage.tokens
    assert usage.cost_usd == run.figures.usage.cost_usd


@settings(deadline=None)
@given(worlds, lookaheads, deeds, stops, ends)
def test_judgements_by_position_are_those_of_the_figures(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    run = drive(world, lookahead, deeds=done + stop, leave_after=leave_after)
    judged = Counter((fact.ahead, fact.accepted) for fact in facts_of(run) if isinstance(fact, Judged))
    figures = {(ahead, True): tally.accepted for ahead, tally in run.figures.acceptance.items()}
    figures |= {(ahead, False): tally.rejected for ahead, tally in run.figures.acceptance.items()}
    assert judged == {key: number for key, number in figures.items() if number}


@settings(deadline=None)
@given(worlds, lookaheads)
def test_the_seconds_of_the_steps_add_up_to_the_last_one(world: World, lookahead: Lookahead) -> None:
    run = drive(world, lookahead)
    steps = [fact for fact in facts_of(run) if isinstance(fact, StepConfirmed)]
    last_s = max((record.time_s for record in run.records if isinstance(record.event, Confirmed)), default=0.0)
    assert len(steps) == len(run.plan.steps)
    assert sum(step.took_s for step in steps) == last_s


@settings(deadline=None)
@given(worlds, lookaheads, deeds, stops, ends)
def test_a_verdict_that_judged_a_draft_is_a_target_call(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    run = drive(world, lookahead, deeds=done + stop, leave_after=leave_after)
    roles = {record.event.call: record.event.role for record in run.records if isinstance(record.event, Started)}
    for fact in facts_of(run):
        if isinstance(fact, Judged):
            assert fact.verdict is None or roles[fact.verdict] == "target"
            assert roles[fact.draft] == "approximation"


@settings(deadline=None)
@given(worlds)
def test_without_a_limit_the_frontiers_call_waits_for_nothing(world: World) -> None:
    """Law 2, as it is measured."""
    waits = [fact.waited_s for fact in facts_of(drive(world, Sliding(4))) if isinstance(fact, FrontierAsked)]
    assert set(waits) <= {0.0}


@settings(deadline=None)
@given(worlds, lookaheads, deeds, stops, ends)
def test_no_duration_is_negative(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    run = drive(world, lookahead, deeds=done + stop, leave_after=leave_after)
    for fact in facts_of(run):
        match fact:
            case CallSettled(started_s=started_s, ended_s=ended_s):
                assert started_s <= ended_s
            case WindowClosed(open_s=seconds) | FrontierAsked(waited_s=seconds) | StepConfirmed(took_s=seconds):
                assert seconds >= 0
            case ExecutionBegan() | ExecutionSettled():
                raise AssertionError("no tools here")
            case _:
                pass
