"""Runs of tools one by one, driven by hand: which are ordered and which broken off, what a late answer counts, how often they are
tried.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from outrider import Declared, Step
from outrider.rules.events import (
    Approved,
    Asked,
    Cancelled,
    Discarded,
    Ended,
    Executed,
    Lost,
    Resumed,
    Settled,
    Steered,
    Stopped,
    Took,
    Undone,
    WentBack,
    WentOn,
)

from .acting import Acting, undos

RESUMED = Resumed(approximation="drafter", target="target", asks=True)
CAREFUL = Declared("careful", rehearses=True, approval="always")
PEDANTIC = Declared("pedantic", effect="read", approval="always", repeatable=True)


def taken_back(acting: Acting) -> None:
    undo = undos(acting)[-1]
    acting.begin(undo)
    acting.receive(Undone(execution=undo.execution, at=undo.at))


# Early runs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["look", "read", "try"])
def test_what_is_run_for_a_draft_is_not_run_live(tool: str) -> None:
    acting = Acting()
    acting.drafted(tool)
    order = acting.run_of(tool)
    assert (order.live, order.key) == (False, str(order.execution))


def test_each_reading_for_a_draft_takes_one_from_the_budget() -> None:
    acting = Acting(k=4, reads=2)
    for _ in range(2):
        acting.drafted("read")
        acting.returned("read")
    acting.drafted("read")
    assert acting.runs_of("read") == 2


def test_runs_are_numbered_from_0() -> None:
    acting = Acting()
    for tool in ("look", "hold", "try"):
        acting.verified(tool)
        acting.returned(tool)
    assert list(acting.runs) == [0, 1, 2]


def test_a_step_behind_one_that_is_being_executed_is_not_run_before_that_has_returned() -> None:
    acting = Acting()
    acting.verified("book")
    acting.receive(Took(at=1, step=Step("look")))
    assert acting.runs_of("look") == 0
    acting.returned("book")
    assert acting.run_of("look").live


def test_behind_an_effect_that_has_happened_a_draft_is_run_on_the_world_as_it_is() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.drafted("look")
    assert acting.run_of("look").after is None


def test_while_the_person_is_asked_nothing_is_tried_for_the_step_in_question() -> None:
    acting = Acting(more=(CAREFUL,))
    acting.verified("careful")
    assert (acting.questions, acting.runs) == (["approval"], {})
    acting = Acting()
    acting.verified("look")
    acting.lost("look")
    assert (acting.questions, acting.runs_of("look")) == (["failed"], 1)


def test_a_reading_needs_no_approval_and_is_not_tried_again_by_itself() -> None:
    acting = Acting(more=(PEDANTIC,))
    acting.verified("pedantic")
    assert acting.run_of("pedantic").live
    acting.lost("pedantic")
    assert acting.questions == ["failed"]


# What is broken off -------------------------------------------------------------------------------------------------


def test_a_rehearsal_under_way_is_broken_off_when_its_step_is_confirmed() -> None:
    acting = Acting()
    acting.drafted("try")
    rehearsal = acting.run_of("try")
    acting.verified("try")
    assert acting.withdrawn == [rehearsal.execution]
    acting.receive(Lost(execution=rehearsal.execution, at=0, reason="withdrawn", withdrawn=True))
    acting.returned("try")
    assert acting.plan == ["try=ok"]


def test_a_rehearsal_that_was_broken_off_for_a_question_is_not_broken_off_once_more_by_the_answer() -> None:
    acting = Acting(more=(CAREFUL,))
    acting.drafted("careful")
    rehearsal = acting.run_of("careful").execution
    acting.verified("careful")
    acting.receive(Lost(execution=rehearsal, at=0, reason="withdrawn", withdrawn=True))
    acting.receive(Approved(at=0))
    assert acting.withdrawn == [rehearsal]
    assert acting.run_of("careful").live


def test_the_copy_of_a_rejected_draft_is_forgotten_and_a_reading_has_left_none() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try")
    acting.drafted("look")
    acting.returned("look")
    acting.verified("book", at=0)
    assert acting.withdrawn == [acting.run_of("try").execution]


def test_a_copy_is_forgotten_once_though_the_person_steered_where_it_stood() -> None:
    acting = Acting(more=(CAREFUL,))
    acting.verified("look")
    acting.returned("look")
    acting.drafted("careful")
    acting.returned("careful")
    acting.verified("careful", at=1)
    acting.receive(Steered(at=2, sentence="hurry"))
    acting.receive(WentBack(at=1))
    acting.receive(Took(at=1, step=Step("book")))
    assert acting.withdrawn == [acting.run_of("careful").execution]


def test_what_returns_after_the_end_is_not_part_of_the_plan() -> None:
    acting = Acting()
    acting.verified("look")
    acting.receive(Stopped(reason="enough"))
    acting.returned("look", "seen")
    assert acting.plan == ["look=None"]
    assert not any(isinstance(event, Executed) for event in acting.findings)


def test_nothing_is_withdrawn_of_an_effect_that_was_taken_back_and_made_again() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(WentBack(at=0))
    taken_back(acting)
    acting.receive(WentOn())
    acting.returned("hold", "held again")
    assert acting.withdrawn == []


@pytest.mark.parametrize("tool", ["book", "look"])
def test_the_persons_step_is_not_discarded_by_the_answer_it_waited_for(tool: str) -> None:
    acting = Acting()
    if tool == "look":
        acting.drafted("look")
    acting.verified(tool)
    acting.receive(Took(at=1, step=Step("read")))
    acting.returned(tool)
    assert not any(isinstance(event, Discarded) for event in acting.findings)
    acting.returned("read")
    assert acting.plan == [f"{tool}=ok", "read=ok"]


def test_after_steering_too_what_the_world_contradicts_takes_with_it_what_was_built_on_it() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try", "done")
    acting.verified("try", at=0)
    acting.receive(Steered(at=1, sentence="hurry"))
    acting.verified("look", at=1)
    acting.returned("try", "sold out")
    assert acting.plan == ["try=sold out"]
    assert acting.asked("target")[-1] == "try=sold out"


# How often it is tried ----------------------------------------------------------------------------------------------


def test_an_approval_lets_a_repeatable_effect_be_tried_three_times_more() -> None:
    acting = Acting()
    acting.verified("again")
    for asked in (1, 2):
        for _ in range(3):
            assert len(acting.questions) == asked - 1
            acting.lost("again")
        assert len(acting.questions) == asked
        acting.receive(Approved(at=0))


def test_an_effect_that_was_taken_back_is_tried_three_times_anew() -> None:
    acting = Acting()
    acting.verified("safe")
    acting.returned("safe")
    acting.receive(WentBack(at=0))
    taken_back(acting)
    acting.receive(WentOn())
    for _ in range(3):
        assert acting.questions == []
        acting.lost("safe")
    assert acting.questions == ["unsure"]


def test_that_a_process_is_gone_is_none_of_a_tools_three_failures() -> None:
    acting = Acting()
    acting.verified("again")
    for _ in range(2):
        acting.lost("again")
    order = acting.run_of("again")
    acting.begin(order)
    acting.receive(RESUMED)
    acting.receive(Lost(execution=order.execution, at=0, reason="its process is gone"))
    for _ in range(3):
        assert acting.questions == []
        acting.lost("again")
    assert acting.questions == ["unsure"]


def test_a_repeatable_undoing_that_is_refused_is_not_tried_again() -> None:
    acting = Acting()
    acting.verified("safe")
    acting.returned("safe")
    acting.receive(WentBack(at=0))
    acting.receive(Lost(execution=undos(acting)[0].execution, at=0, reason="they refuse"))
    assert (len(undos(acting)), acting.plan) == (1, ["safe=ok"])


# What a process that is gone leaves behind --------------------------------------------------------------------------


def test_an_effect_that_cannot_have_begun_when_its_process_went_is_ordered_again_and_nobody_is_asked() -> None:
    acting = Acting()
    acting.verified("book")
    first = acting.run_of("book")
    acting.receive(RESUMED)
    acting.receive(Lost(execution=first.execution, at=0, reason="its process is gone"))
    assert (acting.runs_of("book"), acting.questions) == (2, [])
    assert acting.run_of("book").key == first.key


@pytest.mark.parametrize(("tool", "question"), [("book", ["unsure"]), ("again", []), ("look", [])])
def test_of_what_had_begun_when_its_process_went_only_an_effect_that_is_not_repeatable_is_asked_about(
    tool: str, question: list[str]
) -> None:
    acting = Acting()
    acting.verified(tool)
    order = acting.run_of(tool)
    acting.begin(order)
    acting.receive(RESUMED)
    acting.receive(Lost(execution=order.execution, at=0, reason="its process is gone"))
    assert acting.questions == question
    assert acting.runs_of(tool) == (1 if question else 2)


def test_what_was_read_for_a_draft_by_a_process_that_is_gone_is_not_read_again() -> None:
    acting = Acting(reads=9)
    acting.drafted("read")
    acting.returned("read")
    acting.receive(RESUMED)
    assert acting.runs_of("read") == 1


def test_behind_an_effect_of_a_process_that_is_gone_drafts_are_run_on_the_world_as_it_is() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(RESUMED)
    acting.drafted("look")
    assert acting.run_of("look").after is None


def test_behind_a_rehearsal_of_a_process_that_is_gone_nothing_is_run_until_there_is_a_copy_again() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try")
    acting.receive(RESUMED)
    acting.drafted("look")
    assert acting.runs_of("look") == 0
    acting.returned("try")
    assert acting.run_of("look").after == acting.run_of("try").execution


def test_a_prefix_names_steps_that_have_not_been_observed_yet() -> None:
    acting = Acting()
    acting.verified("book")
    assert acting.rules.frontier.prefix == (Step("book"),)


# What has been done -------------------------------------------------------------------------------------------------


def test_an_effect_that_was_taken_back_is_not_taken_back_a_second_time() -> None:
    acting = Acting()
    acting.verified("keep")
    acting.receive(Approved(at=0))
    acting.returned("keep")
    acting.receive(WentBack(at=0))
    taken_back(acting)
    acting.receive(WentOn())
    assert not acting.rules.has_effects_since(0)
    acting.receive(WentBack(at=0))
    assert len(undos(acting)) == 1


def test_an_effect_is_taken_back_once_though_the_person_steered_behind_it() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(Steered(at=1, sentence="hurry"))
    assert len(acting.rules.effects) == 1
    acting.receive(WentBack(at=0))
    taken_back(acting)
    assert len(undos(acting)) == 1


def test_an_effect_of_which_the_person_said_that_it_has_happened_is_told_under_its_key_without_their_words() -> None:
    acting = Acting()
    acting.verified("book")
    key = acting.run_of("book").key
    acting.lost("book")
    assert list(acting.rules.effects) == []
    acting.receive(Settled(at=0, observation="it is booked, they say", happened=True))
    assert list(acting.rules.effects) == [(Step("book"), key)]


def test_an_effect_in_doubt_is_not_told() -> None:
    acting = Acting()
    acting.verified("hold")
    acting.returned("hold")
    acting.receive(WentBack(at=0))
    acting.receive(Lost(execution=undos(acting)[0].execution, at=0, reason="it hung", unsure=True))
    assert acting.rules.effects == ()


def test_agents_asked_behind_a_step_in_doubt_are_told_what_it_had_said() -> None:
    acting = Acting()
    for tool in ("hold", "look"):
        acting.verified(tool)
        acting.returned(tool)
    call = max(number for number, order in acting.calls.items() if order.role == "target")
    acting.receive(WentBack(at=0))
    undo = undos(acting)[0]
    acting.begin(undo)
    acting.receive(RESUMED)
    acting.receive(Cancelled(call=call, role="target", at=2, reason="its process is gone"))
    acting.receive(Lost(execution=undo.execution, at=0, reason="its process is gone", unsure=True))
    acting.receive(WentOn())
    assert acting.asked("target") == ["", "hold=ok", "hold=ok/look=ok", "hold=ok/look=ok"]


# Where nobody is there to ask ---------------------------------------------------------------------------------------


def test_where_nobody_can_approve_the_run_ends_saying_so_and_asks_nothing() -> None:
    acting = Acting(asks=False)
    acting.verified("ask")
    (ended,) = [event for event in acting.findings if isinstance(event, Ended)]
    assert ended.reason == "ask needs the person's approval, and nobody is there to ask"
    assert not any(isinstance(event, Asked) for event in acting.findings)


def test_at_the_last_step_that_a_plan_may_have_the_run_ends_when_that_has_been_executed() -> None:
    acting = Acting(asks=False, max_steps=1)
    acting.verified("book")
    assert (acting.outcome, acting.run_of("book").live) == (None, True)
    acting.returned("book")
    assert (acting.outcome, acting.plan) == ("step_limit", ["book=ok"])


def test_a_question_is_not_asked_again_where_somebody_is_there_still() -> None:
    acting = Acting()
    acting.verified("ask")
    acting.receive(RESUMED)
    assert acting.questions == ["approval"]


@pytest.mark.parametrize(("tool", "outcome"), [("ask", "not_approved"), ("book", "tool_failed"), ("look", "tool_failed")])
def test_a_question_to_which_nobody_is_there_any_more_to_answer_ends_the_run(tool: str, outcome: str) -> None:
    acting = Acting()
    acting.verified(tool)
    if tool != "ask":
        acting.lost(tool)
    runs = len(acting.runs)
    acting.receive(Resumed(approximation="drafter", target="target", asks=False))
    assert (acting.outcome, len(acting.runs)) == (outcome, runs)


def test_where_nothing_was_asked_the_run_goes_on_with_nobody_there() -> None:
    acting = Acting()
    acting.verified("look")
    acting.returned("look")
    acting.receive(Resumed(approximation="drafter", target="target", asks=False))
    assert acting.outcome is None
    acting.verified("ask")
    assert acting.outcome == "not_approved"


def test_what_is_lost_was_not_broken_off_by_us_and_has_no_effect_unless_that_is_said() -> None:
    lost = Lost(execution=0, at=0, reason="it hung")
    assert (lost.withdrawn, lost.unsure) == (False, False)
    assert [entry.name for entry in fields(Lost) if entry.metadata.get("added")] == ["withdrawn", "unsure"], "not in old journals"
