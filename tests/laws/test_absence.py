"""Law 6: a failed, empty, cancelled or unreadable reply is not agreement, and leaves no hole."""

from hypothesis import given

from outrider import Sliding
from outrider.rules import Lookahead
from outrider.rules.events import Accepted, Degraded, Failed, Shown

from . import checks
from .worlds import Deed, World, alone, deeds, drafter_breaks, drive, lookaheads, worlds


@given(worlds, lookaheads, deeds)
def test_only_a_guess_that_was_made_is_ever_accepted(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=done)
    failed = {record.event.call for record in ours.records if isinstance(record.event, Failed)}
    accepted = {record.event.call for record in ours.records if isinstance(record.event, Accepted)}
    assert failed.isdisjoint(accepted)
    checks.displayed_in_order(ours)
    checks.committed_as_said(ours)


@given(drafter_breaks, lookaheads)
def test_a_failing_drafter_costs_speed_and_nothing_else(world: World, lookahead: Lookahead) -> None:
    ours, control = drive(world, lookahead), alone(world)
    assert ours.outcome == "complete"
    assert ours.plan == control.plan
    assert ours.total_s <= control.total_s


def test_silence_on_both_sides_is_no_agreement() -> None:
    ours = drive(World(draft_empty=100, target_empty=100), Sliding(4))
    assert ours.outcome == "target_failed"
    assert ours.plan.steps == ()
    assert not any(isinstance(record.event, Accepted | Shown) for record in ours.records)


def test_a_drafter_that_is_always_silent_is_asked_three_times_and_then_left_alone() -> None:
    world = World(seed=7, length=8, draft_empty=100)
    ours = drive(world, Sliding(4))
    assert len(ours.drafter.asked) == 3
    assert sum(isinstance(record.event, Degraded) for record in ours.records) == 1
    assert ours.plan == alone(world).plan
    assert ours.total_s == alone(world).total_s


def test_a_target_that_fails_at_the_frontier_ends_the_run_with_the_plan_kept() -> None:
    world = World(seed=11, length=9, agreement=100, target_fails=30)
    ours = drive(world, Sliding(4))
    assert ours.outcome == "target_failed"
    assert ours.error is not None
    assert ours.error.plan == ours.plan == alone(world).plan
    assert len(ours.plan.steps) > 0
    assert "the target's server is down" in str(ours.error)
