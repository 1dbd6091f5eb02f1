"""Law 7: every call ends as exactly one of used, wasted, cancelled and failed, and what it cost is counted."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from outrider import Budget, Limits, Plan, Sliding, Usage, plan
from outrider.errors import RunEnded
from outrider.rules import Lookahead
from outrider.testing import run

from . import checks
from .worlds import (
    DRAFT_USAGE,
    TARGET_USAGE,
    TASK,
    Deed,
    Notes,
    Run,
    World,
    deeds,
    drive,
    ends,
    flaky_worlds,
    live,
    lookaheads,
    stops,
    worlds,
)


@given(worlds, lookaheads, deeds, stops, ends)
def test_each_call_ends_once_and_the_figures_add_up(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], leave_after: int | None
) -> None:
    checks.accounted_for(drive(world, lookahead, deeds=done + stop, leave_after=leave_after))


@given(flaky_worlds, lookaheads)
def test_calls_made_again_are_counted_again(world: World, lookahead: Lookahead) -> None:
    checks.accounted_for(drive(world, lookahead))


@given(worlds, lookaheads, st.integers(0, 60))
def test_a_session_cancelled_from_outside_still_accounts_for_its_calls(world: World, lookahead: Lookahead, after: int) -> None:
    left: list[Run] = []

    async def cancelled() -> None:
        running = asyncio.ensure_future(_kept(world, lookahead, left))
        await asyncio.sleep(after * 0.25)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run(cancelled())
    checks.accounted_for(left[0])
    checks.committed_as_said(left[0])


async def _kept(world: World, lookahead: Lookahead, left: list[Run]) -> None:
    """As ``live``, but the run is kept where a cancellation cannot lose it."""
    ours = Run(world, lookahead, world.drafter(), world.target(), Notes())
    left.append(ours)
    session = plan(TASK, approximation=ours.drafter, target=ours.target, lookahead=lookahead, max_steps=20, journal=ours.notes)
    ours.figures = session.figures
    try:
        async with session:
            await session.result()
    except RunEnded:
        pass
    finally:
        ours.plan = session.plan


@given(worlds, lookaheads, st.integers(1, 40), deeds)
def test_a_budget_of_calls_is_never_overshot(world: World, lookahead: Lookahead, most: int, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=done, limits=Limits(budget=Budget(calls=most)))
    assert len(ours.target.requests) + len(ours.drafter.requests) <= most
    checks.every_law(ours)
    assert ours.outcome in ("complete", "target_failed", "budget", "step_limit")


@given(worlds, lookaheads, st.floats(1, 40), st.integers(100, 4000), st.integers(1, 4))
def test_a_budget_of_dollars_and_tokens_is_never_overshot(
    world: World, lookahead: Lookahead, usd: float, tokens: int, places: int
) -> None:
    ours = drive(world, lookahead, limits=Limits(calls_at_once=places, budget=Budget(usd=usd, tokens=tokens)))
    usage = ours.figures.usage
    assert usage.cost_usd is not None
    assert usage.cost_usd <= usd
    assert usage.prompt_tokens + usage.output_tokens <= tokens
    checks.every_law(ours)


def test_two_sessions_that_share_a_budget_stay_within_it_together() -> None:
    async def both() -> list[Run]:
        limits = Limits(budget=Budget(calls=9))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(live(World(seed=seed, length=8), Sliding(4), limits=limits)) for seed in (1, 2)]
        return [task.result() for task in tasks]

    runs = run(both())
    assert sum(len(ours.target.requests) + len(ours.drafter.requests) for ours in runs) <= 9
    assert {ours.outcome for ours in runs} == {"budget"}
    for ours in runs:
        checks.every_law(ours)


def test_cancelled_calls_are_counted_with_what_they_had_used() -> None:
    world = World(seed=8, length=6, agreement=0, draft_quarters=(1, 1), target_quarters=(8, 8))
    ours = drive(world, Sliding(4))
    cancelled = ours.figures.calls("cancelled")
    assert cancelled == len(ours.target.closed) + len(ours.drafter.closed) > 0
    expected = len(ours.target.closed) * _tokens(TARGET_USAGE) + len(ours.drafter.closed) * _tokens(DRAFT_USAGE)
    assert ours.figures.tokens("cancelled") == expected


def _tokens(usage: Usage) -> int:
    return usage.prompt_tokens + usage.output_tokens


def test_after_going_back_the_figures_count_the_plan_as_it_is_now() -> None:
    world = World(seed=6, length=4, target_quarters=(4, 4))
    ours = drive(world, Sliding(0), deeds=[Deed(9, "go back", 0), Deed(1, "stop")])
    assert len(ours.plan.steps) == ours.figures.steps == 0


def test_a_change_in_the_part_that_was_carried_over_counts_as_this_sessions_work() -> None:
    world = World(seed=6, length=4, target_quarters=(4, 4))
    earlier = Plan(drive(world, Sliding(0)).plan.steps[:3])
    deeds = [Deed(1, "go back", 4), Deed(1, "take another", 1)]  # 4 of 0..3 is step 0
    ours = run(live(world, Sliding(0), deeds=deeds, going_on_from=earlier))
    checks.accounted_for(ours)
    assert ours.figures.steps == len(ours.plan.steps) > 3
    assert ours.figures.calls("used") == len(ours.plan.steps) - 1
