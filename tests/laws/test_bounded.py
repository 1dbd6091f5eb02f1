"""Law 3: never more calls in flight than the lookahead allows."""

from hypothesis import given

from outrider import Batch, Sliding
from outrider.rules import ByValue, Lookahead

from . import checks
from .worlds import Deed, World, alone, deeds, drive, flaky_worlds, lookaheads, stops, worlds


@given(worlds, lookaheads, deeds)
def test_no_more_calls_than_the_lookahead_allows(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    checks.bounded(drive(world, lookahead, deeds=done))


@given(flaky_worlds, lookaheads)
def test_calls_made_again_keep_the_bound(world: World, lookahead: Lookahead) -> None:
    checks.bounded(drive(world, lookahead))


def test_the_bound_is_reached() -> None:
    world = World(seed=3, length=12, agreement=100, draft_quarters=(1, 1), target_quarters=(80, 80))
    for k in range(6):
        ours = drive(world, Sliding(k))
        assert ours.target.most_in_flight == k + 1
        assert ours.drafter.most_in_flight == min(k, 1)


def test_several_guesses_reach_the_bound_of_their_width() -> None:
    world = World(seed=3, length=12, agreement=100, guesses=3, draft_quarters=(1, 1), target_quarters=(80, 80))
    assert drive(world, Sliding(2, width=2)).target.most_in_flight == 5
    assert drive(world, Sliding(2, width=3)).target.most_in_flight == 7


def test_a_batch_reaches_its_own_bound() -> None:
    world = World(seed=3, length=12, agreement=100, draft_quarters=(1, 1), target_quarters=(80, 80))
    for k in range(1, 6):
        assert drive(world, Batch(k)).target.most_in_flight == k


def test_the_target_alone_is_asked_once_a_step_and_the_drafter_never() -> None:
    world = World(seed=4, length=7)
    ours = drive(world, Sliding(0))
    assert ours.target.most_in_flight == 1
    assert ours.target.asked == [ours.plan.prefix[:at] for at in range(len(ours.plan.steps))]
    assert ours.drafter.asked == []


@given(worlds, deeds, stops)
def test_with_an_hour_worth_nothing_the_target_works_alone(world: World, done: list[Deed], stop: list[Deed]) -> None:
    ours = drive(world, ByValue(0), deeds=done + stop)
    assert ours.drafter.asked == []
    assert ours.target.most_in_flight <= 1


@given(worlds)
def test_with_an_hour_worth_nothing_the_run_is_that_of_the_target_alone(world: World) -> None:
    ours, control = drive(world, ByValue(0)), alone(world)
    assert ours.confirmed_s == control.confirmed_s
    assert ours.target.asked == control.target.asked
