"""The execution of steps, driven by hand: what is run when, on what, and what its answer means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outrider import BY_ACTION, EXACT, Declared, PlanStep, Sliding, Step
from outrider.errors import NotNow, RulesMisused
from outrider.rules import Decision, Matching, Rules
from outrider.rules.events import (
    Approved,
    Asked,
    Cancel,
    Cancelled,
    Drafted,
    Event,
    Execute,
    Executed,
    Executing,
    Lost,
    Observed,
    Order,
    Report,
    Settled,
    Start,
    Started,
    Steered,
    Stopped,
    Took,
    Undo,
    Undone,
    Verified,
    WentBack,
    WentOn,
    Withdraw,
)

from .driven import opened

LOOK = Declared("look", effect="none")
READ = Declared("read", effect="read")
BOOK = Declared("book")
HOLD = Declared("hold", undo=True)
TRY = Declared("try", rehearses=True, undo=True)
AGAIN = Declared("again", repeatable=True)
ASK = Declared("ask", approval="always")
DOUBT = Declared("doubt", approval="unsure")
TOOLS = (LOOK, READ, BOOK, HOLD, TRY, AGAIN, ASK, DOUBT)


class Acting:
    """Rules with tools; agents' calls and executions are found by what they ask and run."""

    def __init__(
        self, *, k: int = 3, asks: bool = True, reads: int = 1, matching: Matching = EXACT, plan: tuple[Step, ...] = ()
    ) -> None:
        self.rules = Rules(lookahead=Sliding(k), max_steps=20, matching=matching)
        self.calls: dict[int, Start] = {}
        self.runs: dict[int, Execute | Undo] = {}
        self.withdrawn: list[int] = []
        self.findings: list[Event] = []
        given = tuple(PlanStep(step) for step in plan)
        self.receive(replace(opened(), tools=TOOLS, reads=reads, asks=asks, plan=given))

    def receive(self, report: Report) -> Decision:
        decision = self.rules.receive(report)
        self.findings += decision.findings
        for order in decision.orders:
            self._order(order)
        return decision

    def _order(self, order: Order) -> None:
        match order:
            case Start():
                self.calls[order.call] = order
                self.rules.receive(Started(call=order.call, role=order.role, at=order.at))
            case Execute() | Undo():
                self.runs[order.execution] = order
            case Cancel(call=call):
                role, at = self.calls[call].role, self.calls[call].at
                self.findings += self.rules.receive(Cancelled(call=call, role=role, at=at, reason=order.reason)).findings
            case Withdraw():
                self.withdrawn.append(order.execution)
            case _:
                pass

    def asked(self, role: str) -> list[str]:
        """What agents are asked after: each step with its observation."""
        return [
            "/".join(f"{step.action}={step.observation}" for step in order.prefix)
            for order in self.calls.values()
            if order.role == role
        ]

    def drafted(self, *actions: str) -> None:
        call = max(number for number, order in self.calls.items() if order.role == "approximation")
        self.receive(Drafted(call=call, at=self.calls[call].at, steps=tuple(Step(action) for action in actions)))

    def verified(self, action: str, at: int | None = None) -> None:
        at = self.rules.frontier.at if at is None else at
        call = max(number for number, order in self.calls.items() if order.role == "target" and order.at == at)
        self.receive(Verified(call=call, at=at, step=Step(action)))

    def run_of(self, action: str) -> Execute:
        found = [order for order in self.runs.values() if order.step.action == action and isinstance(order, Execute)]
        assert found, f"{action} is not run; there are {[str(order.step) for order in self.runs.values()]}"
        return found[-1]

    def returned(self, action: str, observation: str = "ok") -> None:
        order = self.run_of(action)
        self.begin(order)
        self.receive(Observed(execution=order.execution, at=order.at, observation=observation))

    def lost(self, action: str) -> None:
        order = self.run_of(action)
        self.begin(order)
        self.receive(Lost(execution=order.execution, at=order.at, reason="it hung"))

    def begin(self, order: Execute | Undo) -> None:
        live = isinstance(order, Undo) or order.live
        self.receive(Executing(execution=order.execution, at=order.at, step=order.step.named, live=live, key=order.key))

    def runs_of(self, action: str) -> int:
        return sum(order.step.action == action and isinstance(order, Execute) for order in self.runs.values())

    @property
    def plan(self) -> list[str]:
        return [f"{entry.step.action}={entry.step.observation}" for entry in self.rules.plan.steps]

    @property
    def questions(self) -> list[str]:
        return [event.question for event in self.findings if isinstance(event, Asked)]

    @property
    def outcome(self) -> str | None:
        return self.rules.outcome


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


def undos(acting: Acting) -> list[Undo]:
    return [order for order in acting.runs.values() if isinstance(order, Undo)]


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


def test_stopping_withdraws_a_rehearsal() -> None:
    acting = Acting()
    acting.drafted("try")
    acting.receive(Stopped(reason="enough"))
    assert acting.withdrawn == [acting.run_of("try").execution]


def test_a_drafted_finish_is_not_executed() -> None:
    acting = Acting()
    acting.drafted("finish")
    assert acting.runs == {}


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
