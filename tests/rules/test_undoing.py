"""Going back behind what has been executed, driven by hand: what is undone, and what follows where that fails."""

from __future__ import annotations

import pytest

from outrider import Step
from outrider.errors import NotNow
from outrider.rules.events import (
    Approved,
    Execute,
    Executed,
    Lost,
    Resumed,
    Settled,
    Stopped,
    Undo,
    Undone,
    WentBack,
    WentOn,
)

from .acting import Acting, undos


def test_there_is_no_going_back_behind_what_cannot_be_undone() -> None:
    acting = Acting()
    acting.verified("look")
    acting.returned("look")
    acting.verified("book")
    with pytest.raises(NotNow, match="step 1, book, is being executed"):
        acting.receive(WentBack(at=0))
    acting.returned("book")
    with pytest.raises(NotNow, match="step 1, book, has been executed and cannot be undone"):
        acting.receive(WentBack(at=1))
    assert acting.plan == ["look=ok", "book=ok"]


def test_going_back_undoes_the_last_first_and_waits_until_that_is_done() -> None:
    acting = Acting()
    for tool in ("hold", "look", "try"):
        acting.verified(tool)
        acting.returned(tool)
    assert acting.rules.has_effects_since(2)
    assert not acting.rules.has_effects_since(3)
    acting.receive(WentBack(at=0))
    (last,) = [order for order in acting.runs.values() if isinstance(order, Undo)]
    assert (last.step.action, last.step.observation, last.key) == ("try", "ok", acting.run_of("try").key)
    with pytest.raises(NotNow, match="step 2 is being undone"):
        acting.receive(WentOn())
    acting.receive(Undone(execution=last.execution, at=2))
    first = [order for order in acting.runs.values() if isinstance(order, Undo)][-1]
    assert first.step.action == "hold"
    acting.receive(Undone(execution=first.execution, at=0))
    acting.receive(WentOn())
    assert acting.plan == ["hold=None"]
    order = acting.run_of("hold")
    assert order.live
    assert order.key != first.key, "it is another effect"


def test_an_effect_that_cannot_be_taken_back_after_all_stays_in_the_plan() -> None:
    acting = Acting()
    for tool in ("hold", "look", "hold"):
        acting.verified(tool)
        acting.returned(tool)
    acting.receive(WentBack(at=0))
    undo = [order for order in acting.runs.values() if isinstance(order, Undo)]
    acting.receive(Lost(execution=undo[0].execution, at=2, reason="they refuse"))
    assert acting.plan == ["hold=ok", "look=ok", "hold=ok"]
    assert acting.findings[-1].kind == "stayed"
    assert sum(isinstance(order, Undo) for order in acting.runs.values()) == 1
    acting.receive(WentOn())
    assert acting.asked("target")[-1].endswith("hold=ok")


def test_observations_come_again_with_their_steps_after_going_back_and_on() -> None:
    acting = Acting()
    for tool in ("look", "read"):
        acting.verified(tool)
        acting.returned(tool)
    acting.receive(WentBack(at=0))
    acting.receive(WentOn())
    assert acting.plan == ["look=ok", "read=ok"]
    assert acting.runs_of("look") == acting.runs_of("read") == 1
    assert sum(isinstance(event, Executed) for event in acting.findings) == 4


def test_a_reading_under_way_when_the_person_goes_back_counts_when_its_step_comes_again() -> None:
    acting = Acting()
    acting.verified("look")
    acting.receive(WentBack(at=0))
    acting.returned("look", "seen")
    assert not any(isinstance(event, Executed) for event in acting.findings)
    acting.receive(WentOn())
    assert acting.plan == ["look=seen"]


def test_stopping_waits_for_an_undoing_too() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(WentBack(at=0))
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn == []
    (undo,) = undos(acting)
    assert undo.at == 0
    acting.receive(Undone(execution=undo.execution, at=0))
    assert acting.findings[-1].kind == "finished"


def test_an_effect_of_a_plan_that_one_goes_on_from_is_undone_under_a_name_of_its_own() -> None:
    acting = Acting(plan=(Step("hold", {}, "held"), Step("hold", {}, "held too")))
    acting.receive(WentBack(at=0))
    acting.receive(Undone(execution=undos(acting)[0].execution, at=1))
    assert [(order.key, order.step.observation, order.at) for order in undos(acting)] == [
        ("given-1", "held too", 1),
        ("given-0", "held", 0),
    ]


def test_what_was_undone_is_approved_anew_tried_anew_and_observed_anew() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold", "first")
    acting.verified("look")
    acting.returned("look", "seen")
    acting.receive(WentBack(at=0))
    acting.receive(Undone(execution=undos(acting)[0].execution, at=0))
    acting.receive(WentOn())
    assert acting.plan == ["hold=None"], "what stood on it is gone"
    acting.returned("hold", "second")
    assert acting.plan == ["hold=second"]
    assert acting.asked("target")[-1] == "hold=second"


def test_going_back_takes_a_question_with_it_and_it_is_asked_again() -> None:
    acting = Acting()
    acting.verified("look")
    acting.returned("look")
    acting.verified("ask")
    acting.receive(WentBack(at=1))
    with pytest.raises(NotNow, match="nothing is asked"):
        acting.receive(Approved(at=0))
    acting.receive(WentOn())
    assert acting.questions == ["approval", "approval"]
    acting.receive(Approved(at=1))
    acting.returned("ask")
    assert acting.plan == ["look=ok", "ask=ok"]


def test_going_back_from_an_unapproved_step_that_is_rehearsed_is_free() -> None:
    acting = Acting()
    acting.drafted("look")
    acting.returned("look")
    acting.drafted("try")
    assert not acting.run_of("try").live
    acting.verified("look", at=0)
    acting.receive(WentBack(at=0))
    assert acting.plan == []


def went_back(*tools: str, at: int = 0, asks: bool = True) -> Acting:
    """These were executed; then the person went back."""
    acting = Acting(asks=asks)
    for tool in tools:
        acting.verified(tool)
        acting.returned(tool)
    acting.receive(WentBack(at=at))
    return acting


def lost_undo(acting: Acting, *, unsure: bool = True) -> None:
    order = undos(acting)[-1]
    acting.begin(order)
    acting.receive(Lost(execution=order.execution, at=order.at, reason="it hung", unsure=unsure))


def resumed(acting: Acting, *, began: bool, asks: bool = True) -> None:
    """The process went while the last undoing was under way."""
    order = undos(acting)[-1]
    if began:
        acting.begin(order)
    acting.receive(Resumed(approximation="drafter", target="target", asks=asks))
    acting.receive(Lost(execution=order.execution, at=order.at, reason="its process is gone", unsure=True))


def test_an_undoing_without_an_answer_leaves_the_step_in_doubt_and_the_person_is_asked() -> None:
    acting = went_back("hold", "look", "hold")
    lost_undo(acting)
    assert acting.plan == ["hold=ok", "look=ok", "hold=None"]
    assert [event.kind for event in acting.findings[-2:]] == ["stayed", "asked"]
    assert acting.questions == ["unsure"]
    assert len(undos(acting)) == 1, "what lies before it is not undone either"
    acting.receive(WentOn())
    assert acting.plan == ["hold=ok", "look=ok", "hold=None"]
    assert acting.runs_of("hold") == 2


def test_in_doubt_going_back_once_more_undoes_again_under_the_same_key() -> None:
    acting = went_back("hold", "hold")
    lost_undo(acting)
    acting.receive(WentBack(at=0))
    first, again = undos(acting)
    assert (again.step, again.key) == (first.step, first.key)
    acting.receive(Undone(execution=again.execution, at=1))
    last = undos(acting)[-1]
    acting.receive(Undone(execution=last.execution, at=0))
    acting.receive(WentOn())
    assert acting.plan == ["hold=None"]


def test_in_doubt_an_undoing_that_then_fails_says_that_the_effect_is_there() -> None:
    acting = went_back("look", "hold")
    lost_undo(acting)
    acting.receive(WentBack(at=0))
    lost_undo(acting, unsure=False)
    assert acting.plan == ["look=ok", "hold=ok"]
    assert acting.questions == ["unsure"]
    acting.receive(WentOn())
    assert acting.asked("target")[-1] == "look=ok/hold=ok"


@pytest.mark.parametrize("happened", [True, False])
def test_in_doubt_what_the_person_says_happened_is_undone_later_and_what_they_did_is_not(happened: bool) -> None:
    acting = went_back("hold")
    lost_undo(acting)
    acting.receive(Settled(at=0, observation="ok", happened=happened))
    assert acting.plan == ["hold=ok"]
    assert acting.rules.has_effects_since(0) is happened
    acting.receive(WentBack(at=0))
    assert len(undos(acting)) == (2 if happened else 1)


def test_in_doubt_an_approval_runs_the_tool_anew_under_a_new_key() -> None:
    acting = went_back("hold")
    lost_undo(acting)
    acting.receive(Approved(at=0))
    acting.receive(WentOn())
    first, again = (order for order in acting.runs.values() if isinstance(order, Execute))
    assert again.live
    assert again.key != first.key
    acting.returned("hold", "held anew")
    assert acting.plan == ["hold=held anew"]


def test_what_was_built_behind_a_step_in_doubt_stands_if_the_person_says_what_it_had_said() -> None:
    for said, calls in (("ok", 0), ("something else", 1)):
        acting = went_back("hold", "look")
        lost_undo(acting)
        asked = len(acting.asked("target"))
        acting.receive(Settled(at=0, observation=said, happened=True))
        acting.receive(WentOn())
        assert len([who for who in acting.asked("target")[asked:] if who == f"hold={said}"]) == calls


def test_nothing_is_rehearsed_behind_a_step_in_doubt() -> None:
    acting = went_back("hold", "look")
    lost_undo(acting)
    runs = len(acting.runs)
    acting.receive(WentOn())
    acting.drafted("try")
    assert len(acting.runs) == runs


def test_in_doubt_with_nobody_there_the_run_ends_with_the_plan_kept() -> None:
    acting = went_back("look", "hold")
    resumed(acting, began=True, asks=False)
    assert acting.outcome == "tool_failed"
    assert acting.plan == ["look=ok", "hold=None"]


def test_a_repeatable_undoing_is_tried_three_times_and_again_after_every_process_that_is_gone() -> None:
    acting = went_back("safe")
    for _ in range(3):
        resumed(acting, began=True)
    for _ in range(3):
        assert acting.questions == []
        lost_undo(acting)
    assert acting.questions == ["unsure"]
    assert len({order.key for order in undos(acting)}) == 1
    assert len(undos(acting)) == 6


@pytest.mark.parametrize("began", [False, True])
def test_an_undoing_whose_process_is_gone_is_made_again_unless_it_may_have_happened(began: bool) -> None:
    acting = went_back("hold")
    resumed(acting, began=began)
    assert len(undos(acting)) == (1 if began else 2)
    assert acting.questions == (["unsure"] if began else [])


def test_what_was_to_be_undone_when_the_run_was_stopped_is_undone_by_the_next_process_too() -> None:
    acting = went_back("hold", "hold")
    acting.receive(Stopped(reason="enough"))
    resumed(acting, began=False)
    for at in (1, 0):
        acting.receive(Undone(execution=undos(acting)[-1].execution, at=at))
    assert acting.findings[-1].kind == "finished"
    assert acting.plan == []


def test_stopped_and_in_doubt_the_plan_says_that_the_step_may_be_there_and_nobody_is_asked() -> None:
    acting = went_back("look", "hold")
    acting.receive(Stopped(reason="enough"))
    resumed(acting, began=True)
    assert acting.plan == ["look=ok", "hold=None"]
    assert acting.questions == []
    assert acting.findings[-1].kind == "finished"


def test_that_an_effect_has_happened_can_only_be_said_where_that_is_asked() -> None:
    acting = Acting()
    acting.verified("ask")
    with pytest.raises(NotNow, match="whether step 0 has had its effect is not asked"):
        acting.receive(Settled(at=0, observation="done", happened=True))
    acting.receive(Settled(at=0, observation="done"))
    assert not acting.rules.has_effects_since(0)


def test_a_write_without_an_answer_that_has_happened_is_undone_by_going_back() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.lost("hold")
    with pytest.raises(NotNow, match="say what has come of it first"):
        acting.receive(WentBack(at=0))
    acting.receive(Settled(at=0, observation="held, they say", happened=True))
    acting.receive(WentBack(at=0))
    (undo,) = undos(acting)
    assert (undo.step.observation, undo.key) == ("held, they say", acting.run_of("hold").key)


def test_what_the_session_has_done_and_not_undone_is_told_with_its_keys_in_order() -> None:
    acting = Acting(plan=(Step("book", {}, "booked before"),))
    for tool in ("hold", "look", "try"):
        acting.verified(tool)
        acting.returned(tool)
    keys = {tool: acting.run_of(tool).key for tool in ("hold", "try")}
    assert [(step.action, key) for step, key in acting.rules.effects] == [("hold", keys["hold"]), ("try", keys["try"])]
    acting.receive(WentBack(at=3))
    acting.receive(Undone(execution=undos(acting)[-1].execution, at=3))
    assert [(step.action, step.observation) for step, _ in acting.rules.effects] == [("hold", "ok")]


@pytest.mark.parametrize(("again", "kept"), [("tried", True), ("tried otherwise", False)])
def test_a_rehearsal_made_again_by_another_process_keeps_what_was_built_on_it_if_it_shows_the_same(
    again: str, kept: bool
) -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try", "tried")
    below = [number for number, order in acting.calls.items() if order.at == 1]
    acting.receive(Resumed(approximation="drafter", target="target", asks=True))
    acting.returned("try", again)
    assert acting.runs_of("try") == 2
    assert (set(below) & set(acting.cancelled) == set()) is kept
    assert any(prefix == f"try={again}" for prefix in acting.asked("target"))


def test_what_was_undone_needs_the_persons_approval_once_more() -> None:
    acting = Acting()
    acting.verified("keep")
    acting.receive(Approved(at=0))
    acting.returned("keep")
    acting.receive(WentBack(at=0))
    acting.receive(Undone(execution=undos(acting)[0].execution, at=0))
    acting.receive(WentOn())
    assert acting.questions == ["approval", "approval"]
    assert acting.runs_of("keep") == 1


def test_a_rehearsal_that_went_with_its_process_is_made_again() -> None:
    acting = Acting()
    acting.drafted("try")
    order = acting.run_of("try")
    acting.begin(order)
    acting.receive(Resumed(approximation="drafter", target="target", asks=True))
    acting.receive(Lost(execution=order.execution, at=0, reason="its process is gone"))
    assert acting.runs_of("try") == 2
