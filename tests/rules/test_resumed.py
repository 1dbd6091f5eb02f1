"""The rules in a process that goes on with what another one has left."""

from __future__ import annotations

import pytest

from outrider import Sliding, Step
from outrider.errors import RulesMisused
from outrider.rules import Rules
from outrider.rules.events import (
    Confirmed,
    Degraded,
    Ended,
    Executed,
    Failed,
    Lost,
    Reached,
    Resumed,
    Stayed,
    Steered,
    Stopped,
    Took,
    Undone,
    WentBack,
    WentOn,
)

from .acting import Acting, undos
from .driven import Driven, opened


def resumed(*, asks: bool) -> Resumed:
    return Resumed(approximation="drafter", target="target", asks=asks)


def ends(driven: Driven) -> list[Ended]:
    return [event for event in driven.findings if isinstance(event, Ended)]


def test_what_was_not_opened_cannot_be_resumed_and_everything_else_can() -> None:
    with pytest.raises(RulesMisused, match="resumed after it was opened"):
        Rules(lookahead=Sliding(1), max_steps=20).receive(resumed(asks=True))
    complete = Driven(going_on=("a", "finish"))
    assert (complete.rules.outcome, complete.under_way) == ("complete", {})
    complete.receive(resumed(asks=True))
    no_room = Driven(max_steps=1, going_on=("a",), asks=True)
    assert (no_room.rules.held, no_room.under_way) == ("steps", {})
    no_room.receive(resumed(asks=True))
    none = Driven(max_steps=0)
    assert (none.rules.outcome, none.under_way) == ("step_limit", {})
    none.receive(resumed(asks=True))


@pytest.mark.parametrize(("limit", "outcome"), [("steps", "step_limit"), ("budget", "budget")])
def test_a_limit_at_which_nobody_is_there_any_more_to_allow_more_ends_the_run(limit: str, outcome: str) -> None:
    driven = Driven(Sliding(0), max_steps=1, asks=True)
    if limit == "budget":
        driven.failed("target", budget=True)
    else:
        driven.verified(step="a")
    assert driven.rules.held == limit
    driven.receive(resumed(asks=True))
    assert (driven.rules.held, driven.rules.outcome) == (limit, None)
    assert sum(isinstance(event, Reached) for event in driven.findings) == 1, "it is not told again"
    driven.receive(resumed(asks=False))
    assert [(event.outcome, event.reason) for event in ends(driven)] == [(outcome, "nobody is there to allow more")]


def test_a_pause_of_the_persons_goes_on_without_them() -> None:
    driven = Driven(Sliding(0), asks=True)
    driven.paused()
    driven.receive(resumed(asks=False))
    assert (driven.rules.held, driven.rules.outcome) == ("person", None)


def test_a_run_that_has_ended_at_a_limit_does_not_end_once_more() -> None:
    driven = Driven(Sliding(0), max_steps=1, asks=True)
    driven.verified(step="a")
    driven.receive(Stopped(reason="enough"))
    driven.receive(resumed(asks=False))
    assert [event.outcome for event in ends(driven)] == ["stopped"]


@pytest.mark.parametrize("asks", [True, False])
def test_whether_somebody_is_there_to_ask_is_what_the_last_process_says(asks: bool) -> None:
    driven = Driven(Sliding(0), max_steps=1, asks=not asks)
    driven.receive(resumed(asks=asks))
    driven.verified(step="a")
    assert any(isinstance(event, Reached) for event in driven.findings) is asks
    assert (driven.rules.outcome is None) is asks


# Back where the person had gone back from ---------------------------------------------------------------------------


def refused(acting: Acting) -> list[str]:
    """The last undoing is refused. What is found then."""
    seen = len(acting.findings)
    undo = undos(acting)[-1]
    acting.begin(undo)
    acting.receive(Lost(execution=undo.execution, at=undo.at, reason="they refuse"))
    kept = [event for event in acting.findings[seen:] if isinstance(event, Confirmed | Executed | Stayed)]
    return [f"{event.kind} {event.at} {event.step.action}" for event in kept]


def test_an_effect_that_cannot_be_taken_back_confirms_its_step_and_those_before_once_more() -> None:
    acting = Acting()
    for tool in ("look", "hold", "read"):
        acting.verified(tool)
        acting.returned(tool)
    acting.receive(WentBack(at=0))
    assert refused(acting) == ["confirmed 0 look", "executed 0 look", "confirmed 1 hold", "executed 1 hold", "stayed 1 hold"]
    assert acting.plan == ["look=ok", "hold=ok"]
    acting.receive(WentOn())
    assert acting.plan == ["look=ok", "hold=ok", "read=ok"]


def test_where_the_person_had_steered_on_the_way_no_step_is_confirmed_twice() -> None:
    acting = Acting()
    acting.verified("look")
    acting.returned("look")
    acting.receive(Steered(at=1, sentence="hurry"))
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(WentBack(at=0))
    assert refused(acting) == ["confirmed 0 look", "executed 0 look", "confirmed 1 hold", "executed 1 hold", "stayed 1 hold"]
    assert acting.plan == ["look=ok", "hold=ok"]


# What is asked anew -------------------------------------------------------------------------------------------------


def test_a_drafter_is_asked_anew_where_the_step_before_was_observed_otherwise() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try", "done")
    acting.drafted("look")
    acting.verified("try", at=0)
    acting.returned("try", "sold out")
    assert acting.asked("approximation")[-1] == "try=sold out"


def test_a_step_that_the_person_took_behind_one_that_was_undone_is_not_taken_again() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(Took(at=1, step=Step("look")))
    acting.returned("look")
    acting.receive(WentBack(at=0))
    acting.receive(Undone(execution=undos(acting)[0].execution, at=0))
    acting.receive(WentOn())
    acting.returned("hold", "held again")
    assert acting.plan == ["hold=held again"]


# What journals of earlier versions do not say -----------------------------------------------------------------------


def test_what_is_not_said_of_a_session_is_as_it_was_before_it_could_be_said() -> None:
    said = opened()
    assert (said.plan_is_lossless, said.one_machine, said.drafters, said.asks, said.reads) == (True, False, 1, False, 0)
    assert not Failed(call=0, role="target", at=0, error="down").budget
    assert Degraded(failures=3, error="down").left == 0
