"""A limit that is reached where somebody is there to ask: the run is held, and goes on once more is allowed."""

from __future__ import annotations

import pytest

from outrider import Sliding, Step
from outrider.errors import NotNow
from outrider.rules.events import Allowed, Cancel, Cancelled, Ended, Extended, Reached, Steered, WentBack, WentOn

from .driven import Driven


def asked(*, max_steps: int = 20, queue: bool = False, lookahead: int = 0) -> Driven:
    return Driven(Sliding(lookahead), max_steps=max_steps, queue=queue, asks=True)


def held(driven: Driven) -> str:
    return driven.rules.held


def at_step_limit() -> Driven:
    """Two steps are confirmed, and the plan may have no more."""
    driven = asked(max_steps=2)
    driven.verified(step="a")
    driven.verified("a", step="b")
    return driven


# The budget -----------------------------------------------------------------------------------------------------------


def test_a_frontier_call_that_does_not_fit_holds_the_run_with_the_plan_kept() -> None:
    driven = asked()
    driven.verified(step="a")
    driven.failed("target", "a", budget=True, error="2 of 2 calls spent")
    assert driven.last.findings == [Reached(at=1, limit="budget", reason="2 of 2 calls spent")]
    assert (driven.rules.outcome, held(driven), driven.actions) == (None, "budget", ["a"])
    assert driven.asking() == set()


def test_without_anybody_to_ask_the_run_ends_there_as_it_always_did() -> None:
    driven = Driven(Sliding(0))
    driven.failed("target", budget=True, error="2 of 2 calls spent")
    assert driven.last.findings[0] == Ended(outcome="budget", reason="2 of 2 calls spent")


def test_an_agent_that_fails_ends_the_run_whoever_is_there() -> None:
    driven = asked()
    driven.failed("target")
    assert driven.rules.outcome == "target_failed"


def test_calls_that_wait_for_their_turn_are_closed_when_the_budget_is_reached() -> None:
    driven = asked(queue=True, lookahead=2)
    draft = driven.call("approximation")
    driven.failed("target", budget=True)
    assert driven.last.orders == [Cancel(call=draft, reason="the run has reached a limit")]


@pytest.mark.parametrize("report", [Allowed(calls=3), WentOn()], ids=lambda report: report.kind)
def test_the_frontier_is_asked_again_when_more_is_allowed_or_the_person_tries_again(report: Allowed | WentOn) -> None:
    driven = asked()
    driven.failed("target", budget=True)
    driven.receive(report)
    assert driven.asking() == {"T:"}
    assert held(driven) == ""


def test_trying_again_without_room_holds_it_again() -> None:
    driven = asked()
    driven.failed("target", budget=True)
    driven.went_on()
    driven.failed("target", budget=True, error="still")
    assert driven.last.findings == [Reached(at=0, limit="budget", reason="still")]


def test_at_a_budget_the_person_may_take_the_step_which_costs_nothing() -> None:
    driven = asked()
    driven.failed("target", budget=True)
    driven.took("a")
    assert driven.actions == ["a"]
    assert driven.asking() == {"T:a"}


def test_a_larger_budget_does_not_end_a_pause_of_the_persons() -> None:
    driven = asked()
    driven.paused()
    driven.receive(Allowed(usd=1.0))
    driven.receive(Extended(steps=1))
    assert held(driven) == "person"


# Steps ----------------------------------------------------------------------------------------------------------------


def test_the_limit_on_steps_holds_the_run_and_asks_for_nothing_more() -> None:
    driven = at_step_limit()
    assert driven.last.findings[-1] == Reached(at=2, limit="steps", reason="2 steps are confirmed and none of them is finish")
    assert (driven.rules.outcome, driven.asking()) == (None, set())


def test_more_steps_let_it_go_on() -> None:
    driven = at_step_limit()
    driven.receive(Extended(steps=1, reason="nearly there"))
    assert driven.asking() == {"T:a/b"}
    driven.verified("a", "b", step="c")
    assert driven.last.findings[-1] == Reached(at=3, limit="steps", reason="3 steps are confirmed and none of them is finish")


def test_going_on_needs_more_steps_and_changes_nothing_without() -> None:
    driven = at_step_limit()
    with pytest.raises(NotNow, match="the 2 steps it may have; allow it more, take the step, or stop"):
        driven.went_on()
    assert held(driven) == "steps"


def test_the_limit_binds_the_agents_and_the_person_may_finish_the_plan_beyond_it() -> None:
    driven = at_step_limit()
    driven.took("c")
    assert driven.last.findings[-1] == Reached(at=3, limit="steps", reason="2 steps are confirmed and none of them is finish")
    driven.took("finish")
    assert (driven.rules.outcome, driven.actions) == ("complete", ["a", "b", "c", "finish"])


def test_a_sentence_at_the_limit_counts_and_the_run_stays_held() -> None:
    driven = at_step_limit()
    driven.receive(Steered(at=2, sentence="Hurry."))
    assert held(driven) == "steps"
    assert driven.asking() == set()
    driven.receive(Extended(steps=3))
    (order,) = [order for order in driven.under_way.values() if order.call not in driven.closing]
    assert order.sentences == ("Hurry.",)


def test_going_back_from_the_limit_and_on_again_comes_to_it_again() -> None:
    driven = at_step_limit()
    driven.receive(WentBack(at=0))
    assert held(driven) == "person"
    driven.went_on()
    assert driven.actions == ["a", "b"]
    assert held(driven) == "steps"


def test_going_back_and_on_passes_what_the_person_had_taken_beyond_the_limit() -> None:
    driven = at_step_limit()
    driven.took("c")
    driven.went_back(1)
    driven.went_on()
    assert driven.actions == ["a", "b", "c"]
    assert held(driven) == "steps"


def test_more_steps_before_the_limit_is_reached_move_it() -> None:
    driven = Driven(Sliding(0), max_steps=1)
    driven.receive(Extended(steps=1))
    driven.verified(step="a")
    assert driven.rules.outcome is None
    driven.verified("a", step="b")
    assert driven.rules.outcome == "step_limit"


def test_a_verdict_that_comes_for_a_closed_call_of_a_held_run_is_not_taken() -> None:
    driven = asked(queue=True, lookahead=2)
    driven.failed("target", budget=True)
    number = next(iter(driven.closing))
    driven.receive(Cancelled(call=number, role="approximation", at=0, reason="the run has reached a limit"))
    assert driven.rules.in_flight == 0
    driven.receive(Allowed(calls=1))
    assert driven.asking() == {"T:", "A:"}
    assert Step("a") not in [node.step for node in driven.rules.root.subtree()]
