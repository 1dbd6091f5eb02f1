"""The picture: a pure fold of records, with at most one step in it that is not confirmed (law 5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Plan, Session, Step
from outrider.errors import NotNow
from outrider.model import PlanStep, Prefix
from outrider.rules.events import Degraded, Ended, Finished, Shown, Took, Verified, WentBack
from outrider.testing import FakeAgent, steps
from outrider.views.picture import Picture

from .telling import by_script, confirmed, opened, pictured, told, watched


def a_person(seed: int, deeds: int) -> Callable[[Session], None]:
    """Somebody who takes steps and goes back, so many times, and after going back says what is to be there."""
    dice, left, back = random.Random(seed), deeds, False

    def meanwhile(session: Session) -> None:
        nonlocal left, back
        left -= 1
        with suppress(NotNow):
            if back or (left >= 0 and dice.random() < 0.2):
                taking, back = dice.random() < 0.5, False
                session.take(dice.choice("abx")) if taking else session.go_on()
            elif left >= 0 and dice.random() < 0.2:
                session.go_back(dice.randrange(4))
                back = True

    return meanwhile


def random_pictures(seed: int, agreement: float, deeds: int) -> list[Picture]:
    """Every picture of a random run, first to last."""

    def dice(who: str, prefix: Prefix) -> random.Random:
        return random.Random(f"{seed} {who} {[step.key for step in prefix]}")

    def verdict(prefix: Prefix) -> Step:
        return Step("finish" if len(prefix) > 6 else dice("target", prefix).choice("abc"))

    def draft(prefix: Prefix) -> Step:
        return verdict(prefix) if dice("draft", prefix).random() < agreement else Step("x")

    target = FakeAgent(verdict, takes_s=lambda prefix: dice("time", prefix).choice([0.5, 1.0, 3.0]))
    records = watched(target, FakeAgent(draft, takes_s=0.3), meanwhile=a_person(seed, deeds))
    return [pictured(records[:n]) for n in range(len(records) + 1)]


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), agreement=st.sampled_from([0.0, 0.5, 0.9, 1.0]), deeds=st.sampled_from([0, 0, 8, 30]))
def test_never_two_unverified_steps_and_never_one_out_of_order(seed: int, agreement: float, deeds: int) -> None:
    for picture in random_pictures(seed, agreement, deeds):
        assert [step.at for step in picture.confirmed] == list(range(len(picture.confirmed)))
        assert picture.verifying is None or picture.verifying.at == len(picture.confirmed)
        assert picture.outcome is None or picture.verifying is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_confirmed_step_stays_as_it_is_unless_somebody_goes_back(seed: int) -> None:
    pictures = random_pictures(seed, 0.7, 0)
    for before, after in pairwise(pictures):
        assert after.confirmed[: len(before.confirmed)] == before.confirmed


def test_the_picture_is_a_value_and_the_one_before_stays_as_it_was() -> None:
    first = Picture()
    second = first.after(told((0.0, opened()))[0])
    assert first == Picture()
    assert second.task == "Tidy up"


def test_a_correction_says_which_draft_it_replaced() -> None:
    picture = pictured(
        told((0.0, opened()), (1.0, Shown(at=0, step=Step("sweep"))), (3.0, confirmed(0, "mop", call=0, drafts=())))
    )
    (step,) = picture.confirmed
    assert (step.step, step.replaced, step.drafted, step.since_s) == (Step("mop"), Step("sweep"), False, 3.0)
    assert picture.verifying is None


def test_a_draft_that_was_right_replaced_nothing() -> None:
    picture = pictured(
        told((0.0, opened()), (1.0, Shown(at=0, step=Step("mop"))), (3.0, confirmed(0, "mop", call=0, drafts=(1,))))
    )
    assert picture.confirmed[0].replaced is None
    assert picture.confirmed[0].drafted


def test_a_draft_that_was_shown_for_another_step_replaced_nothing() -> None:
    picture = pictured(told((0.0, opened()), (1.0, Shown(at=1, step=Step("sweep"))), (3.0, confirmed(0, "mop", call=0))))
    assert picture.confirmed[0].replaced is None


def test_going_back_takes_the_later_steps_and_the_draft_away() -> None:
    picture = pictured(
        told(
            (0.0, opened()), (1.0, confirmed(0, "a", call=0)), (2.0, confirmed(1, "b", call=2)),
            (3.0, Shown(at=2, step=Step("c"))), (4.0, WentBack(at=1)),
        )
    )  # fmt: skip
    assert picture.plan.prefix == steps("a")
    assert picture.verifying is None


def test_a_thought_is_shown_with_its_step_and_only_once_that_is_confirmed() -> None:
    thinking = told((0.0, opened()), (1.0, Verified(call=3, at=1, step=Step("b"), thought="b is next")))
    assert not pictured(thinking).confirmed
    done = pictured(
        told(
            (0.0, opened()), (1.0, Verified(call=3, at=1, step=Step("b"), thought="b is next")),
            (2.0, confirmed(0, "a", call=0)), (2.0, confirmed(1, "b", call=3)),
        )
    )  # fmt: skip
    assert [step.thought for step in done.confirmed] == ["", "b is next"]
    assert done.thoughts == ()


def test_the_persons_steps_carry_their_name() -> None:
    picture = pictured(told((0.0, opened()), (1.0, Took(at=0, step=Step("rest"))), (1.0, confirmed(0, "rest"))))
    assert picture.plan == Plan((PlanStep(Step("rest"), "person"),))


def test_steps_of_an_earlier_session_are_told_from_new_ones() -> None:
    before = Plan(tuple(PlanStep(step) for step in steps("a", "b")))
    picture = pictured(watched(by_script("a", "b", "c", takes_s=1), before=before, lookahead=0))
    assert [step.earlier for step in picture.confirmed] == [True, True, False, False]


def test_an_earlier_step_that_the_person_takes_anew_is_theirs() -> None:
    picture = pictured(
        told(
            (0.0, opened(before=("a", "b"))), (0.0, confirmed(0, "a")), (0.0, confirmed(1, "b")), (1.0, WentBack(at=1)),
            (2.0, Took(at=1, step=Step("z"))), (2.0, confirmed(1, "z")),
        )
    )  # fmt: skip
    assert [step.earlier for step in picture.confirmed] == [True, False]


def test_how_it_ended_and_what_failed_stay_in_the_picture() -> None:
    picture = pictured(
        told(
            (0.0, opened(matching="by-action")), (1.0, Degraded(failures=3, error="tired")),
            (2.0, Ended(outcome="stopped", reason="enough")), (3.0, Finished(outcome="stopped")),
        )
    )  # fmt: skip
    assert (picture.degraded, picture.outcome, picture.reason, picture.finished) == ("tired", "stopped", "enough", True)
    assert not picture.plan.lossless
    assert picture.now_s == 3.0


def test_who_drafts_is_said_and_that_nobody_does() -> None:
    assert pictured(told((0.0, opened()))).drafts_by == "quick, lookahead-4"
    assert pictured(told((0.0, opened(lookahead="lookahead-0")))).drafts_by == "none, the target works alone"


def test_lookahead_by_value_is_told_in_words() -> None:
    said = Picture(approximation="quick", lookahead="auto@30").drafts_by
    assert said == "quick, as far ahead as it is worth, at $30 an hour"
    assert Picture(approximation="quick", lookahead="lookahead-4").drafts_by == "quick, lookahead-4"
