"""Law 2: never later than the target alone, and the frontier's call before all others."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from outrider import Limits, Sliding
from outrider.rules import Lookahead
from outrider.testing import run

from . import checks
from .worlds import Deed, Run, World, alone, calm_worlds, drive, flaky_worlds, live, lookaheads, worlds

no_going_back = st.lists(
    st.builds(Deed, after=st.integers(0, 12), kind=st.sampled_from(["take the draft", "take another"]), number=st.integers(0, 9)),
    max_size=4,
)


@given(worlds, lookaheads)
def test_no_step_is_confirmed_later_than_by_the_target_alone(world: World, lookahead: Lookahead) -> None:
    ours, control = drive(world, lookahead), alone(world)
    assert all(a <= b for a, b in zip(ours.confirmed_s, control.confirmed_s, strict=True))
    assert ours.total_s <= control.total_s


@given(worlds, lookaheads, no_going_back)
def test_the_frontiers_call_starts_the_instant_the_frontier_is_known(
    world: World, lookahead: Lookahead, done: list[Deed]
) -> None:
    checks.frontier_asked_at_once(drive(world, lookahead, deeds=done))


@given(flaky_worlds, lookaheads)
def test_a_speculative_call_that_failed_is_made_again_the_instant_the_frontier_needs_it(
    world: World, lookahead: Lookahead
) -> None:
    checks.frontier_asked_at_once(drive(world, lookahead))


async def _together(worlds: list[World], lookahead: Lookahead, limits: Limits) -> list[Run]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live(world, lookahead, limits=limits)) for world in worlds]
    return [task.result() for task in tasks]


@given(st.lists(calm_worlds, min_size=1, max_size=3), lookaheads, st.integers(0, 3))
def test_under_a_shared_limit_speculation_never_delays_anybodys_frontier(
    worlds: list[World], lookahead: Lookahead, room: int
) -> None:
    places = len(worlds) + room
    runs = run(_together(worlds, lookahead, Limits(calls_at_once=places)))
    for ours in runs:
        control = alone(ours.world)
        assert ours.plan == control.plan
        assert ours.total_s <= control.total_s
        checks.frontier_asked_at_once(ours)
        checks.accounted_for(ours)
    assert _most_at_once(runs) <= places


@given(st.lists(worlds, min_size=1, max_size=3), lookaheads, st.integers(1, 6))
def test_a_limit_on_calls_is_kept_and_changes_no_plan(worlds: list[World], lookahead: Lookahead, places: int) -> None:
    runs = run(_together(worlds, lookahead, Limits(calls_at_once=places)))
    assert _most_at_once(runs) <= places
    for ours in runs:
        assert ours.plan == alone(ours.world).plan
        checks.every_law(ours)


def _most_at_once(runs: list[Run]) -> int:
    """The most requests under way at one instant, by the fakes' own clocks; one that ends makes room for one that starts."""
    requests = [request for ours in runs for agent in (ours.target, ours.drafter) for request in agent.requests]
    real = [request for request in requests if request.end_s is not None and request.end_s > request.start_s]
    inside: Callable[[float], int] = lambda s: sum(  # noqa: E731
        request.start_s <= s < (request.end_s or 0) for request in real
    )
    return max((inside(request.start_s) for request in real), default=0)


def test_an_urgent_call_takes_the_place_of_the_newest_speculative_one() -> None:
    world = World(seed=1, length=5, agreement=100, draft_quarters=(1, 1), target_quarters=(8, 8))
    slow_neighbour = World(seed=2, length=2, target_quarters=(6, 6))

    async def neighbours() -> tuple[Run, Run]:
        limits = Limits(calls_at_once=3)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(live(world, Sliding(4), limits=limits))
            await asyncio.sleep(1)
            second = group.create_task(live(slow_neighbour, Sliding(0), limits=limits))
        return first.result(), second.result()

    first, second = run(neighbours())
    assert second.total_s == alone(slow_neighbour).total_s
    assert first.target.closed or first.drafter.closed, "somebody had to leave"
    assert () not in first.target.closed, "but not the frontier's call"
