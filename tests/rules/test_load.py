"""What calls that are under way together do to one another's time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.load import DOUBT, Beside, Slowdown, UnderWay


def test_a_slowdown_that_is_sure_is_the_slope() -> None:
    known = Slowdown()
    for others in (0, 1, 2, 3, 4):
        known.learn(others, 2.0 + 0.5 * others)
    assert known.s_per_call == pytest.approx(0.5)


def test_a_slope_is_drawn_towards_nothing_by_what_chance_would_do_to_it() -> None:
    # By hand: others 0 0 2 2, seconds 1 2 3 4. Slope 2/2 = 1, residuals ±0.5, so variance 4·0.25/2 = 0.5 over a spread of 4.
    known = Slowdown()
    for others, seconds in ((0, 1.0), (0, 2.0), (2, 3.0), (2, 4.0)):
        known.learn(others, seconds)
    assert known.s_per_call == pytest.approx(1 / (1 + DOUBT * 0.5 / 4))


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [(0, 1.0), (1, 2.0), (2, 3.0)],
        [(3, 1.0), (3, 2.0), (3, 3.0), (3, 4.0)],
        [(0, 4.0), (1, 3.0), (2, 2.0), (3, 1.0)],
    ],
    ids=["none", "too few", "beside equally many", "the other way round"],
)
def test_no_slowdown_is_seen_where_there_is_none(calls: list[tuple[int, float]]) -> None:
    known = Slowdown()
    for others, seconds in calls:
        known.learn(others, seconds)
    assert known.s_per_call == 0


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 100)), max_size=20), st.integers(0, 40))
def test_the_share_that_is_lost_is_one(calls: list[tuple[int, float]], others: int) -> None:
    known = Slowdown()
    for beside, seconds in calls:
        known.learn(beside, seconds)
    assert known.s_per_call >= 0
    assert 0 <= known.share(others) <= 1


def test_the_more_are_there_the_less_of_its_time_one_more_costs_a_call() -> None:
    known = Slowdown()
    for others in (0, 1, 2, 3, 4):
        known.learn(others, 2.0 + 0.5 * others)
    assert known.share(0) == pytest.approx(0.5 / 2)
    assert known.share(4) == pytest.approx(0.5 / 4)


def test_a_call_is_told_of_those_that_began_before_and_of_those_that_began_after_it() -> None:
    calls = UnderWay()
    calls.begin(0)
    calls.at(1.0)
    calls.begin(1)  # one second alone, then two beside it
    calls.begin(2)
    calls.at(4.0)
    assert calls.end(0) == Beside(0, (0 * 1 + 2 * 3) / 4)
    calls.at(7.0)
    assert calls.end(1) == Beside(1, (2 * 3 + 1 * 3) / 6)
    calls.at(10.0)
    assert calls.end(2) == Beside(2, (2 * 3 + 1 * 3 + 0 * 3) / 9)
    assert not calls.began


def test_what_was_learned_of_the_slope_counts_at_once() -> None:
    known = Slowdown()
    for others in (0, 1, 2, 3):
        known.learn(others, 2.0)
    assert known.s_per_call == 0
    for others in (4, 5, 6, 7):
        known.learn(others, 20.0)
    assert known.s_per_call > 0


def test_a_call_that_takes_no_time_has_beside_it_what_there_was_when_it_began() -> None:
    calls = UnderWay()
    calls.at(2.0)
    calls.begin(0)
    calls.begin(1)
    assert calls.end(1) == Beside(1, 1)


def test_a_call_of_less_than_a_second_is_measured_too() -> None:
    calls = UnderWay()
    calls.begin(0)
    calls.begin(1)
    calls.at(0.25)
    calls.end(0)
    calls.at(0.5)
    assert calls.end(1) == Beside(1, 0.5)
