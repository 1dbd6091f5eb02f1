"""Pausing, and what waits for the person, in the rules alone."""

from __future__ import annotations

import pytest

from outrider import Batch, Sliding, Step
from outrider.errors import NotNow
from outrider.rules.events import Accepted, Cancel, Cancelled, Confirmed, Discarded, Shown, Start, Started, Stopped, Took, Waiting
from outrider.testing import steps

from .driven import Driven


def paused(lookahead: int = 2) -> Driven:
    """Step 0 has a draft, a, on display; the person paused. Calls 2 and 3 are on the prefix a."""
    driven = Driven(Sliding(lookahead))
    driven.drafted(guesses="a")
    driven.paused()
    return driven


def test_pausing_closes_nothing_that_is_under_way_and_starts_nothing() -> None:
    driven = paused()
    assert driven.last.orders == []
    assert driven.last.findings == []
    driven.drafted("a", guesses="b")
    driven.verified("a", step="b")
    assert driven.last.orders == [], "a draft and a verdict, and no call follows from them"


def test_a_verdict_at_the_held_frontier_waits_and_is_said_to_wait() -> None:
    driven = paused()
    driven.verified(step="a")
    assert driven.last.findings == [Accepted(call=1, at=0, ahead=0, step=Step("a")), Waiting(at=0, step=Step("a"))]
    assert driven.actions == []


def test_a_verdict_beyond_the_held_frontier_does_not_wait_for_anybody() -> None:
    driven = paused()
    driven.verified("a", step="b")
    assert not any(isinstance(finding, Waiting) for finding in driven.findings)


def test_a_verdict_that_nobody_holds_up_is_not_said_to_wait() -> None:
    driven = Driven()
    driven.verified(step="a")
    assert driven.said() == ["confirmed 0"]


def test_going_on_confirms_what_waited_and_all_that_follows_from_it() -> None:
    driven = paused()
    driven.verified("a", step="b")
    driven.verified(step="a")
    driven.went_on()
    assert driven.said() == ["confirmed 0", "confirmed 1"]
    assert driven.asking() == {"T:a/b", "A:a/b"}


def test_the_person_may_take_the_step_instead_of_the_verdict_that_waits() -> None:
    driven = paused()
    driven.verified(step="a")
    driven.took("z")
    assert driven.actions == ["z"]
    assert [type(finding) for finding in driven.last.findings] == [Discarded, Confirmed]
    assert driven.asking() == {"T:z", "A:z"}, "and the run goes on"


def test_taking_what_waits_is_the_persons_step_and_keeps_the_work_below() -> None:
    driven = paused()
    driven.verified(step="a")
    driven.took("a")
    assert driven.closing == set()
    assert [(entry.step, entry.by) for entry in driven.rules.plan.steps] == [(Step("a"), "person")]


def test_a_frontier_call_that_fails_while_the_person_holds_it_is_asked_again_when_they_go_on() -> None:
    driven = paused()
    driven.failed("target")
    assert driven.rules.outcome is None
    assert "T:" not in driven.asking()
    driven.went_on()
    assert "T:" in driven.asking()
    driven.failed("target")
    assert driven.rules.outcome == "target_failed", "once the person has gone on, a failure is one"


def test_a_budget_that_is_used_up_while_the_person_holds_the_run_ends_it_when_they_go_on() -> None:
    driven = paused()
    driven.failed("target", budget=True)
    assert driven.rules.outcome is None
    driven.went_on()
    driven.failed("target", budget=True)
    assert driven.rules.outcome == "budget"


def test_a_draft_that_arrives_while_the_person_holds_the_run_is_shown() -> None:
    driven = Driven()
    driven.paused()
    driven.drafted(guesses="a")
    assert driven.last.findings == [Shown(at=0, step=Step("a"))], "they can take it"
    assert driven.last.orders == []


def test_a_call_that_waits_for_its_turn_does_not_begin_while_the_run_is_held_and_is_asked_anew() -> None:
    driven = Driven(queue=True)
    driven.receive(Started(call=0, role="target", at=0))
    driven.paused()
    assert driven.last.orders == [Cancel(call=1, reason="the person holds the run")]
    driven.receive(Cancelled(call=1, role="approximation", at=0, reason="the person holds the run"))
    assert driven.last.orders == []
    driven.went_on()
    assert driven.last.orders == [Start(call=2, role="approximation", at=0, prefix=(), urgent=False)]


def test_going_back_closes_what_waits_for_its_turn_too() -> None:
    driven = Driven(Sliding(1), queue=True)
    driven.receive(Started(call=0, role="target", at=0))
    driven.verified(step="a")
    driven.went_back(0)
    assert driven.asking() == set()
    for call in (1, 2, 3):
        driven.receive(Cancelled(call=call, role="target", at=0, reason="the person holds the run"))
    driven.went_on()
    assert driven.asking() == {"T:a", "A:a"}


def test_a_call_that_is_still_closing_when_the_person_goes_on_is_asked_anew_once_it_is_closed() -> None:
    driven = Driven(Sliding(0), queue=True)
    driven.paused()
    driven.went_on()
    assert driven.last.orders == []
    driven.receive(Cancelled(call=0, role="target", at=0, reason="the person holds the run"))
    assert driven.asking() == {"T:"}


def test_pausing_again_after_going_on_is_possible_and_twice_in_a_row_is_not() -> None:
    driven = paused()
    with pytest.raises(NotNow, match="the run waits for you already"):
        driven.paused()
    driven.went_on()
    driven.paused()
    with pytest.raises(NotNow, match="the run waits for you already"):
        driven.paused()


def test_after_going_back_there_is_nothing_left_to_pause() -> None:
    driven = Driven()
    driven.verified(step="a")
    driven.went_back(0)
    with pytest.raises(NotNow, match="take the step, or go on"):
        driven.paused()


def test_going_back_while_paused_goes_back_and_one_going_on_ends_both() -> None:
    driven = Driven(Sliding(0))
    driven.verified(step="a")
    driven.paused()
    driven.verified("a", step="b")
    driven.went_back(0)
    driven.went_on()
    assert driven.actions == ["a", "b"]
    assert driven.asking() == {"T:a/b"}


def test_stopping_while_paused_ends_the_run_without_what_waited() -> None:
    driven = paused()
    driven.verified(step="a")
    driven.receive(Stopped(reason="enough"))
    assert driven.actions == []
    assert driven.rules.outcome == "stopped"


def test_the_last_step_waits_like_any_other() -> None:
    driven = Driven(Sliding(0))
    driven.paused()
    driven.verified(step="finish")
    assert driven.rules.outcome is None
    driven.went_on()
    assert driven.rules.outcome == "complete"


def test_a_batch_is_held_and_goes_on_where_it_was() -> None:
    driven = Driven(Batch(2))
    driven.drafted(guesses="a")
    driven.paused()
    driven.drafted("a", guesses="b")
    driven.verified(step="a")
    driven.verified("a", step="b")
    assert driven.last.orders == []
    driven.went_on()
    assert driven.actions == ["a", "b"]
    assert driven.asking() == {"T:a/b", "A:a/b"}


def test_a_command_for_a_step_that_is_over_names_the_verdict_that_won() -> None:
    driven = Driven()
    driven.verified(step="a")
    with pytest.raises(NotNow, match="step 0 has its verdict already: a; go back to 0 to change it") as late:
        driven.rules.check(Took(at=0, step=Step("z")))
    assert (late.value.at, late.value.answer) == (0, Step("a"))


def test_a_command_that_merely_makes_no_sense_names_no_verdict() -> None:
    driven = Driven()
    with pytest.raises(NotNow, match="step 1 is not there yet") as early:
        driven.rules.check(Took(at=1, step=Step("z")))
    assert (early.value.at, early.value.answer) == (None, None)


def test_the_prefix_of_a_held_frontier_is_what_is_confirmed() -> None:
    driven = paused()
    driven.verified(step="a")
    assert driven.rules.plan.prefix == ()
    driven.went_on()
    assert driven.rules.plan.prefix == steps("a")


def test_a_held_run_without_a_call_under_way_is_not_finished() -> None:
    driven = Driven(Sliding(0))
    driven.paused()
    driven.verified(step="a")
    assert driven.rules.in_flight == 0
    assert driven.last.findings == [Waiting(at=0, step=Step("a"))]
