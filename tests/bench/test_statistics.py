"""Ratios, differences, intervals and signs of paired runs."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.bench.statistics import MOST_CELLS, Paired, Signs, difference, draws, middle, ratio, wilson

from .making import some

seconds = st.floats(0.25, 100)


def paired(*pairs: tuple[float, float]) -> Paired:
    found = Paired()
    for ours, theirs in pairs:
        found.add(ours, theirs)
    return found


def test_a_ratio_is_of_the_sums_and_a_difference_a_mean() -> None:
    found = paired((1, 2), (5, 8))
    drawn = draws(2, seed=0)
    over = ratio(found, drawn)
    assert over is not None
    assert over.value == 0.6
    assert over.interval == (0.5, 0.625)  # of two runs, either may be drawn twice
    less = difference(found, drawn)
    assert (less.value, less.interval) == (2.0, (1.0, 3.0))


def test_a_single_run_has_no_interval() -> None:
    over = ratio(paired((1, 2)), draws(1, seed=0))
    assert over is not None
    assert (over.value, over.interval) == (0.5, None)


def test_there_is_no_ratio_to_nothing() -> None:
    assert ratio(paired((1, 0), (2, 0)), draws(2, seed=0)) is None


def test_signs_count_what_the_clock_can_tell() -> None:
    assert paired((1, 2), (2, 1), (3, 3), (3 + 1e-7, 3)).signs == Signs(faster=1, slower=1, equal=2)


@some
@given(st.lists(st.tuples(seconds, seconds), min_size=2, max_size=30), st.integers())
def test_the_interval_holds_the_ratio_and_is_the_same_for_the_same_seed(pairs: list[tuple[float, float]], seed: int) -> None:
    found = paired(*pairs)
    first, again = (ratio(found, draws(len(pairs), seed, resamples=200)) for _ in range(2))
    assert first == again
    assert first is not None
    assert first.interval is not None
    ratios = [ours / theirs for ours, theirs in pairs]
    assert min(ratios) * 0.999 <= first.interval[0] <= first.interval[1] <= max(ratios) * 1.001


@pytest.mark.parametrize("runs", [MOST_CELLS, MOST_CELLS + 1, 5 * MOST_CELLS + 3])
def test_many_runs_are_kept_in_few_cells_with_the_same_sums(runs: int) -> None:
    found = paired(*((i, 2 * i) for i in range(runs)))
    assert found.runs == runs
    assert len(found.ours) == len(found.theirs) <= MOST_CELLS
    assert sum(found.ours) == sum(range(runs))
    assert sum(found.theirs) == 2 * sum(range(runs))
    assert found.signs == Signs(faster=runs - 1, slower=0, equal=1)
    assert difference(found, draws(len(found.ours), seed=0, resamples=10)).value == sum(range(runs)) / runs


def test_the_middle_leaves_out_as_much_on_either_side() -> None:
    assert middle(range(1000), 0.9) == (50, 949)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Fifty runs with a true ratio of 0.6; a percentile bootstrap is a little too narrow, as its page says."""
    dice = random.Random(7)
    held = 0
    for seed in range(200):
        alone = [dice.uniform(5, 15) for _ in range(50)]
        found = paired(*((x * dice.uniform(0.3, 0.9), x) for x in alone))
        over = ratio(found, draws(50, seed, resamples=200))
        assert over is not None
        assert over.interval is not None
        held += over.interval[0] <= 0.6 <= over.interval[1]
    assert 0.88 <= held / 200 <= 0.99


def test_more_runs_make_the_interval_narrower() -> None:
    dice = random.Random(1)
    widths = []
    for runs in (10, 100, 400):
        over = ratio(paired(*((dice.uniform(1, 2), 2.0) for _ in range(runs))), draws(runs, seed=0, resamples=300))
        assert over is not None
        assert over.interval is not None
        widths.append(over.interval[1] - over.interval[0])
    assert all(more > less for more, less in pairwise(widths))


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.277533), abs=1e-5)
    assert wilson(10, 10) == pytest.approx((0.722467, 1.0), abs=1e-5)
