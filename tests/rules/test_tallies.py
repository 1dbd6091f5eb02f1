"""How often drafts hold, by context: by position, and by the drafter's own confidence."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.estimates import Estimates
from outrider.rules.tallies import (
    CONFIDENCES,
    CONTEXT_STRENGTH,
    MOST_JUDGED,
    MOST_POSITIONS,
    Contexts,
    Lift,
    part_of,
    position_of,
)

shares = st.floats(0, 1)
judged = st.lists(st.tuples(st.booleans(), shares), max_size=30)


def test_where_nothing_was_judged_nothing_changes() -> None:
    assert Lift().lifted(0.3) == pytest.approx(0.3)
    assert Contexts().lifted(0.3, 2, 0, 0.9) == 0.3


def test_where_drafts_hold_as_expected_nothing_changes() -> None:
    lift = Lift()
    for n in range(40):
        lift.learn(n % 4 == 0, 0.25)
    assert lift.lifted(0.25) == pytest.approx(0.25)


def test_the_odds_are_multiplied_by_what_was_seen_over_what_was_expected() -> None:
    lift = Lift()
    for _ in range(6):
        lift.learn(accepted=True, expected=0.5)
    # Odds of 1 to 3; held 6 where 3 were expected, failed none where 3 were: (6+4)/(3+4) over (0+4)/(3+4), which is 10/4.
    assert CONTEXT_STRENGTH == 4
    assert lift.lifted(0.25) == pytest.approx((1 / 3 * 10 / 4) / (1 + 1 / 3 * 10 / 4))


@given(judged, shares)
def test_whatever_was_judged_a_probability_stays_one(entries: list[tuple[bool, float]], rate: float) -> None:
    lift = Lift()
    for accepted, expected in entries:
        lift.learn(accepted, expected)
    assert 0 <= lift.lifted(rate) <= 1
    assert lift.lifted(0.0) == 0
    assert lift.lifted(1.0) == 1


def test_old_judgements_fade() -> None:
    lift = Lift(100.0, 50.0, MOST_JUDGED)
    lift.learn(accepted=False, expected=0.5)
    assert lift == Lift(50.0, 25.5, MOST_JUDGED / 2 + 1)


@pytest.mark.parametrize(("at", "position"), [(0, 0), (3, 3), (MOST_POSITIONS, MOST_POSITIONS), (99, MOST_POSITIONS)])
def test_late_steps_count_alike(at: int, position: int) -> None:
    assert position_of(at) == position


@pytest.mark.parametrize(
    ("confidence", "part"), [(0.0, 0), (0.099, 0), (0.1, 1), (0.55, 5), (0.999, CONFIDENCES - 1), (1.0, CONFIDENCES - 1)]
)
def test_confidences_are_told_apart_by_tenths(confidence: float, part: int) -> None:
    assert part_of(confidence) == part


def test_a_drafter_is_not_believed_but_calibrated() -> None:
    """One that says 0.9 and is right one time in five counts as one that is right one time in five."""
    known, rng = Estimates(), random.Random(0)
    for _ in range(150):
        known.learn_judgement("fly", 0, rng.random() < 0.2, at=9, confidence=0.9)
        known.learn_judgement("fly", 0, rng.random() < 0.7, at=9, confidence=0.3)
    assert known.holds(0, "fly", 9, 0.9) == pytest.approx(0.2, abs=0.08)
    assert known.holds(0, "fly", 9, 0.3) == pytest.approx(0.7, abs=0.08)
    assert known.holds(0, "fly", 9) == pytest.approx(0.45, abs=0.08)


def test_positions_are_told_apart() -> None:
    known, rng = Estimates(), random.Random(0)
    for _ in range(100):
        known.learn_judgement("fly", 0, rng.random() < 0.9, at=0)
        known.learn_judgement("fly", 0, rng.random() < 0.3, at=2)
    assert known.holds(0, "fly", 0) == pytest.approx(0.9, abs=0.08)
    assert known.holds(0, "fly", 2) == pytest.approx(0.3, abs=0.08)
    assert known.holds(0, "fly", 1) == pytest.approx(0.6, abs=0.08)


def test_a_few_judgements_in_a_context_change_little() -> None:
    known = Estimates()
    for _ in range(50):
        known.learn_judgement("fly", 0, accepted=True, at=0)
        known.learn_judgement("fly", 0, accepted=False, at=1)
    before = known.holds(0, "fly", 3)
    known.learn_judgement("fly", 0, accepted=True, at=3)
    assert before < known.holds(0, "fly", 3) < before + 0.1


def test_further_guesses_tell_nothing_of_positions_but_of_confidence() -> None:
    known = Estimates()
    known.learn_judgement("fly", 1, accepted=True, at=0, confidence=0.5)
    assert not known.contexts.by_position
    assert list(known.contexts.by_confidence) == [5]
    assert known.holds(1, "fly", 0, 0.5) > known.holds(1, "fly", 0)


def test_what_the_confidence_explains_is_not_laid_to_the_position_too() -> None:
    known = Estimates()
    for _ in range(30):
        known.learn_judgement("fly", 0, accepted=True, at=0, confidence=0.9)
        known.learn_judgement("fly", 0, accepted=False, at=1, confidence=0.1)
    position = known.contexts.by_position[0]
    assert position.judged - position.expected < 8, "most was expected already, by the confidence"
    assert known.contexts.by_confidence[9].expected < position.expected


def test_asking_leaves_nothing_behind() -> None:
    contexts = Contexts()
    contexts.lifted(0.3, 2, 0, 0.9)
    assert (contexts.by_confidence, contexts.by_position) == ({}, {})


def test_a_guess_without_a_confidence_is_not_taken_for_an_unsure_one_nor_a_second_guess_for_a_first() -> None:
    contexts = Contexts()
    for _ in range(20):
        contexts.learn(0.5, 2, 0, 0.0, accepted=False)
    assert contexts.lifted(0.5, 2, 1, None) == 0.5
    assert contexts.lifted(0.5, 2, 0, None) < 0.5 or contexts.lifted(0.5, 2, 1, 0.0) < 0.5
