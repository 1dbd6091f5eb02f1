"""The laws together, in worlds where anything may happen at any time, simultaneously too."""

from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import EXACT, Lookahead, Matching

from . import checks
from .worlds import Deed, World, deeds, drive, ends, flaky_worlds, lookaheads, matchings, step_limits, stops, worlds


@given(worlds, lookaheads, deeds, stops, ends, step_limits)
def test_the_laws_hold_whatever_fails_and_whatever_the_person_does(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None, max_steps: int
) -> None:
    checks.every_law(drive(world, lookahead, deeds=done + stop, leave_after=leave_after, max_steps=max_steps))


@given(flaky_worlds, lookaheads, deeds)
def test_the_laws_hold_with_a_target_that_fails_now_and_then(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    checks.every_law(drive(world, lookahead, deeds=done))


@given(worlds, lookaheads, deeds, matchings)
def test_a_fuzzy_match_commits_the_verdicts_text_and_is_named_lossy(
    world: World, lookahead: Lookahead, done: list[Deed], matching: Matching
) -> None:
    run = drive(world, lookahead, deeds=done, matching=matching)
    checks.text_is_the_verdicts(run)
    checks.nothing_leaked(run)
    checks.accounted_for(run)
    assert run.plan.lossless == (matching is EXACT)


@given(worlds, lookaheads, st.integers(0, 40))
def test_a_stop_ends_the_run_at_once_with_the_plan_so_far(world: World, lookahead: Lookahead, after: int) -> None:
    run = drive(world, lookahead, deeds=[Deed(after, "stop")])
    checks.every_law(run)
    assert run.total_s <= after * 0.25
    assert (run.error.plan if run.error else run.plan) == run.plan
