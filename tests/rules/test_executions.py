"""The execution of steps, driven by hand: what is run when, on what, and what its answer means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from outrider import BY_ACTION, Declared, PlanStep, Sliding, Step
from outrider.errors import NotNow, RulesMisused
from outrider.rules import Rules
from outrider.rules.events import (
    Approved,
    Asked,
    Drafted,
    Ended,
    Execute,
    Executed,
    Observed,
    Settled,
    Start,
    Steered,
    Stopped,
    Took,
    Undone,
    Verified,
    WentBack,
)
from outrider.rules.lookahead import Want
from outrider.rules.tree import Node

from .acting import Acting
from .driven import opened


def test_a_tool_without_effect_runs_as_soon_as_its_step_is_drafted_and_both_agents_see_what_it_returned() -> None:
    acting = Acting()
    acting.drafted("look")
    assert not acting.run_of("look").live
    assert acting.asked("target") == [""]
    acting.returned("look", "seen")
    assert acting.asked("target") == ["", "look=seen"]
    assert acting.asked("approximation")[-1] == "look=seen"
    acting.verified("look", at=0)
    assert acting.plan == ["look=seen"]
    assert acting.runs_of("look") == 1


def test_what_was_tried_early_and_is_confirmed_before_it_returned_is_waited_for() -> None:
    acting = Acting()
    acting.drafted("look")
    acting.verified("look")
    assert acting.plan == ["look=None"]
    assert acting.runs_of("look") == 1
    acting.returned("look", "seen")
    assert acting.plan == ["look=seen"]
    assert [event.step.observation for event in acting.findings if isinstance(event, Executed)] == ["seen"]


def test_an_early_run_is_withdrawn_with_its_rejected_draft_and_never_seen_again() -> None:
    acting = Acting()
    acting.drafted("look")
    acting.verified("book")
    assert acting.run_of("look").execution in acting.withdrawn
    acting.lost("look")
    acting.returned("book", "booked")
    assert acting.plan == ["book=booked"]


def test_an_early_run_that_gave_no_answer_is_not_tried_again_before_its_step_is_confirmed() -> None:
    acting = Acting()
    acting.drafted("look")
    acting.lost("look")
    assert acting.runs_of("look") == 1
    acting.verified("look")
    assert acting.run_of("look").live
    acting.returned("look", "seen")
    assert acting.plan == ["look=seen"]


def test_reading_early_has_a_budget() -> None:
    acting = Acting(reads=1)
    acting.drafted("read")
    acting.returned("read", "first")
    acting.drafted("read")
    assert acting.runs_of("read") == 1
    acting.verified("read", at=0)
    assert acting.runs_of("read") == 1, "the second is still a draft"
    acting.verified("read", at=1)
    assert acting.run_of("read").live


def test_what_writes_waits_for_its_confirmation_and_so_do_the_agents() -> None:
    acting = Acting()
    acting.drafted("book")
    assert acting.runs == {}
    acting.verified("book")
    order = acting.run_of("book")
    assert (order.live, order.after, order.effect) == (True, None, "write")
    assert acting.asked("target") == [""]
    acting.returned("book", "booked")
    assert acting.asked("target") == ["", "book=booked"]


def test_what_nobody_declared_writes() -> None:
    acting = Acting()
    acting.drafted("unheard")
    assert acting.runs == {}
    acting.verified("unheard")
    assert acting.run_of("unheard").effect == "write"


def test_finish_is_not_executed() -> None:
    acting = Acting()
    acting.verified("finish")
    assert acting.runs == {}
    assert acting.outcome == "complete"


def test_a_rehearsal_that_the_world_agrees_with_keeps_what_was_built_on_it() -> None:
    acting = Acting()
    acting.drafted("try")
    rehearsal = acting.run_of("try")
    assert not rehearsal.live
    acting.returned("try", "done")
    acting.drafted("look")
    assert acting.run_of("look").after == rehearsal.execution
    acting.returned("look", "seen")
    asked = len(acting.calls)
    acting.verified("try", at=0)
    assert acting.run_of("try").live
    assert acting.plan == ["try=None"]
    acting.returned("try", "done")
    assert acting.plan == ["try=done"]
    assert len(acting.calls) == asked
    assert rehearsal.execution in acting.withdrawn, "its copy is forgotten"
    acting.verified("look", at=1)
    assert acting.plan == ["try=done", "look=seen"]


def test_a_rehearsal_that_the_world_contradicts_takes_with_it_what_was_built_on_it() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try", "done")
    acting.drafted("look")
    acting.returned("look", "seen")
    acting.verified("look", at=1)
    acting.verified("try", at=0)
    acting.returned("try", "sold out")
    assert acting.plan == ["try=sold out"]
    assert acting.asked("target")[-1] == "try=sold out"


def test_the_persons_own_step_survives_a_rehearsal_that_was_wrong() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.returned("try", "done")
    acting.verified("try", at=0)
    acting.receive(Took(at=1, step=Step("look")))
    acting.returned("try", "sold out")
    acting.returned("look", "seen")
    assert acting.plan == ["try=sold out", "look=seen"]


def test_a_copy_is_that_of_the_last_write_before() -> None:
    acting = Acting()
    acting.drafted("try")
    first = acting.run_of("try")
    acting.returned("try", "one")
    acting.drafted("try")
    second = acting.run_of("try")
    assert second.after == first.execution
    acting.returned("try", "two")
    acting.drafted("look")
    assert acting.run_of("look").after == second.execution


@pytest.mark.parametrize("tool", ["ask", "doubt"])
def test_approval_is_asked_and_given(tool: str) -> None:
    acting = Acting()
    acting.verified(tool)
    assert acting.questions == ["approval"]
    assert acting.runs == {}
    acting.receive(Approved(at=0))
    acting.returned(tool)
    assert acting.plan == [f"{tool}=ok"]
    assert acting.questions == ["approval"]


def test_where_the_drafter_had_the_step_too_nobody_doubts_it() -> None:
    acting = Acting()
    acting.drafted("doubt")
    acting.verified("doubt")
    assert acting.questions == []
    assert acting.run_of("doubt").live


@pytest.mark.parametrize("tool", ["ask", "doubt"])
def test_the_persons_own_step_needs_no_approval(tool: str) -> None:
    acting = Acting()
    acting.receive(Took(at=0, step=Step(tool)))
    assert acting.questions == []
    assert acting.run_of(tool).live


def test_with_nobody_to_ask_the_run_ends_and_nothing_has_happened() -> None:
    acting = Acting(asks=False)
    acting.verified("ask")
    assert acting.outcome == "not_approved"
    assert acting.runs == {}
    assert acting.plan == ["ask=None"]


def test_what_the_person_settles_is_not_run() -> None:
    acting = Acting()
    acting.verified("ask")
    acting.receive(Settled(at=0, observation="declined"))
    assert acting.runs == {}
    assert acting.plan == ["ask=declined"]
    assert [event.execution for event in acting.findings if isinstance(event, Executed)] == [None]


def test_an_effect_whose_answer_is_lost_is_in_doubt_and_the_person_says_what_came_of_it() -> None:
    acting = Acting()
    acting.verified("book")
    acting.lost("book")
    assert acting.questions == ["unsure"]
    assert acting.runs_of("book") == 1
    with pytest.raises(NotNow, match="not known"):
        acting.receive(WentBack(at=0))
    acting.receive(Settled(at=0, observation="it is booked, they say"))
    assert acting.plan == ["book=it is booked, they say"]


def test_an_effect_in_doubt_is_run_again_under_its_key_if_the_person_says_so() -> None:
    acting = Acting()
    acting.verified("book")
    key = acting.run_of("book").key
    acting.lost("book")
    acting.receive(Approved(at=0))
    assert acting.runs_of("book") == 2
    assert acting.run_of("book").key == key


def test_a_repeatable_effect_is_tried_three_times_under_one_key_before_the_person_is_asked() -> None:
    acting = Acting()
    acting.verified("again")
    keys = set()
    for _ in range(3):
        assert acting.questions == []
        keys.add(acting.run_of("again").key)
        acting.lost("again")
    assert (acting.runs_of("again"), len(keys)) == (3, 1)
    assert acting.questions == ["unsure"]


def test_a_confirmed_reading_without_an_answer_is_asked_about() -> None:
    acting = Acting()
    acting.verified("look")
    acting.lost("look")
    assert acting.questions == ["failed"]
    acting.receive(Approved(at=0))
    acting.returned("look", "seen")
    assert acting.plan == ["look=seen"]


def test_with_nobody_there_a_lost_answer_ends_the_run() -> None:
    acting = Acting(asks=False)
    acting.verified("book")
    acting.lost("book")
    assert acting.outcome == "tool_failed"


def test_an_answer_to_a_question_that_is_not_asked_is_refused() -> None:
    acting = Acting()
    with pytest.raises(NotNow, match="nothing is asked about step 0"):
        acting.receive(Approved(at=0))
    acting.verified("ask")
    with pytest.raises(NotNow, match="but about step 0"):
        acting.receive(Settled(at=1, observation="done"))


def test_stopping_waits_for_an_effect_and_breaks_off_everything_else() -> None:
    acting = Acting()
    acting.verified("book")
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn == []
    assert acting.rules.in_flight == 1
    acting.returned("book", "booked")
    assert acting.plan == ["book=booked"]
    assert acting.findings[-1].kind == "finished"


def test_stopping_withdraws_what_only_reads() -> None:
    acting = Acting()
    acting.verified("look")
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn == [acting.run_of("look").execution]


def test_a_sentence_of_the_persons_leaves_the_execution_as_it_is() -> None:
    acting = Acting()
    acting.verified("book")
    acting.receive(Steered(at=1, sentence="hurry"))
    assert acting.asked("target") == [""]
    acting.returned("book", "booked")
    assert acting.asked("target")[-1] == "book=booked"
    assert acting.calls[max(acting.calls)].sentences == ("hurry",)


def test_what_a_plan_that_one_goes_on_from_has_executed_is_not_run_again() -> None:
    acting = Acting(plan=(Step("book", {}, "booked"), Step("look")))
    assert acting.runs_of("book") == 0
    assert acting.run_of("look").live
    acting.returned("look", "seen")
    assert acting.plan == ["book=booked", "look=seen"]
    with pytest.raises(NotNow, match="cannot be undone"):
        acting.receive(WentBack(at=0))


def test_a_fuzzy_match_does_not_take_over_another_steps_observation() -> None:
    acting = Acting(matching=BY_ACTION)
    call = max(number for number, order in acting.calls.items() if order.role == "approximation")
    acting.receive(Drafted(call=call, at=0, steps=(Step("look", {"at": "LA"}),)))
    acting.returned("look", "LA")
    acting.receive(
        Verified(
            call=next(n for n, order in acting.calls.items() if order.role == "target"), at=0, step=Step("look", {"at": "SF"})
        )
    )
    assert acting.run_of("look").step.arguments == {"at": "SF"}
    acting.returned("look", "SF")
    assert acting.plan == ["look=SF"]


def test_a_report_of_an_execution_that_is_not_under_way_is_refused() -> None:
    acting = Acting()
    with pytest.raises(RulesMisused, match="execution 3 is not under way"):
        acting.receive(Observed(execution=3, at=0, observation="x"))
    acting.verified("book")
    with pytest.raises(RulesMisused, match="cannot end as undone"):
        acting.receive(Undone(execution=0, at=0))


def test_stopping_withdraws_a_rehearsal() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn == [acting.run_of("try").execution]


def test_a_drafted_finish_is_not_executed() -> None:
    acting = Acting()
    acting.drafted("finish")
    assert acting.runs == {}


def test_the_end_of_a_plan_is_not_executed() -> None:
    acting = Acting()
    acting.drafted("finish")
    acting.verified("finish")
    assert acting.runs == {}
    assert acting.outcome == "complete"


def test_the_end_of_a_plan_is_no_tool_even_where_one_is_called_so() -> None:
    rules = Rules(lookahead=Sliding(1), max_steps=20)
    first = rules.receive(replace(opened(), tools=(Declared("finish", effect="none"),)))
    (draft,) = [order for order in first.orders if isinstance(order, Start) and order.role == "approximation"]
    decision = rules.receive(Drafted(call=draft.call, at=0, steps=(Step("finish"),)))
    assert not any(isinstance(order, Execute) for order in decision.orders)


class Everywhere:
    """A lookahead that wants the target at every node, and a draft at the frontier."""

    name = "everywhere"

    def wants(self, frontier: Node) -> Iterator[Want]:
        yield from (Want("target", node) for node in frontier.subtree() if node.target is None and node.verdict is None)
        if frontier.draft is None and not frontier.children:
            yield Want("approximation", frontier)


def test_whatever_a_lookahead_wants_nobody_is_asked_what_follows_a_step_that_has_not_been_observed() -> None:
    rules = Rules(lookahead=Everywhere(), max_steps=20)
    first = rules.receive(replace(opened(), tools=(Declared("book"), Declared("look", effect="none"))))
    (draft,) = [order for order in first.orders if isinstance(order, Start) and order.role == "approximation"]
    decision = rules.receive(Drafted(call=draft.call, at=0, steps=(Step("book"), Step("look"))))
    (run,) = [order for order in decision.orders if isinstance(order, Execute)]
    assert not any(isinstance(order, Start) for order in decision.orders)
    decision = rules.receive(Observed(execution=run.execution, at=0, observation="seen"))
    (asked,) = [order for order in decision.orders if isinstance(order, Start)]
    assert asked.prefix == (Step("look", {}, "seen"),)


def test_a_plan_that_was_executed_can_be_gone_on_from_without_tools() -> None:
    rules = Rules(lookahead=Sliding(1), max_steps=20)
    rules.receive(replace(opened(), plan=(PlanStep(Step("book", {}, "booked")),)))
    rules.receive(Took(at=1, step=Step("look")))
    assert [entry.step.action for entry in rules.plan.steps] == ["book", "look"]


def test_without_tools_nothing_is_executed() -> None:
    rules = Rules(lookahead=Sliding(1), max_steps=20)
    rules.receive(opened())
    decision = rules.receive(Took(at=0, step=Step("book")))
    assert not any(isinstance(order, Execute) for order in decision.orders)
    assert any(isinstance(order, Start) and order.at == 1 for order in decision.orders)


def test_an_executed_step_of_which_nothing_is_asked_takes_no_answer() -> None:
    acting = Acting()
    acting.verified("book")
    with pytest.raises(NotNow, match=r"nothing is asked about step 0$"):
        acting.receive(Approved(at=0))
    acting.returned("book", "booked")
    with pytest.raises(NotNow, match=r"nothing is asked about step 0$"):
        acting.receive(Settled(at=0, observation="done"))
    assert acting.plan == ["book=booked"]


def test_what_is_ordered_asked_and_found_of_a_step_names_its_number() -> None:
    acting = Acting()
    acting.verified("look")
    acting.returned("look")
    acting.verified("ask")
    (asked,) = [event for event in acting.findings if isinstance(event, Asked)]
    acting.receive(Approved(at=1))
    assert (acting.run_of("look").at, asked.at, acting.run_of("ask").at) == (0, 1, 1)
    acting.returned("ask")
    assert [event.at for event in acting.findings if isinstance(event, Executed)] == [0, 1]


def test_a_run_that_is_withdrawn_already_is_not_withdrawn_once_more_when_the_run_ends() -> None:
    acting = Acting()
    acting.drafted("try")
    order = acting.run_of("try")
    acting.verified("look")
    assert acting.withdrawn == [order.execution]
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn.count(order.execution) == 1


def test_where_nobody_is_there_to_ask_the_run_ends_for_the_tools_own_reason() -> None:
    acting = Acting(asks=False)
    acting.verified("book")
    acting.lost("book")
    (ended,) = [event for event in acting.findings if isinstance(event, Ended)]
    assert (ended.outcome, ended.reason) == ("tool_failed", "it hung")
