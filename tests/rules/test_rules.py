"""The rules alone: each report in each state, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from outrider import BY_ACTION, EXACT, Batch, Plan, Sliding, Step
from outrider.errors import NotNow, RulesMisused
from outrider.rules import Matching, Rules
from outrider.rules.events import (
    Accepted,
    Cancel,
    Cancelled,
    Confirmed,
    Degraded,
    Discarded,
    Drafted,
    Ended,
    Failed,
    Finished,
    Hurry,
    Paused,
    Rejected,
    Report,
    Shown,
    Start,
    Started,
    Steered,
    Stopped,
    Took,
    Verified,
    WentBack,
    WentOn,
)
from outrider.testing import steps

from .driven import Driven, everything, opened

# Each report in each state ------------------------------------------------------------------------------------------


def waiting() -> Driven:
    """Nothing but the first calls: 0 is the target's, 1 the drafter's."""
    return Driven()


def drafted() -> Driven:
    """Step 0 has a draft, a. Calls 2 and 3 are on the prefix a."""
    driven = waiting()
    driven.drafted(guesses="a")
    return driven


def confirmed() -> Driven:
    """Step 0 is confirmed."""
    driven = drafted()
    driven.verified(step="a")
    return driven


def gone_back() -> Driven:
    """Step 0 was confirmed and is open again."""
    driven = confirmed()
    driven.went_back(0)
    return driven


def paused() -> Driven:
    """Step 0 is confirmed, and the person holds the frontier."""
    driven = confirmed()
    driven.paused()
    return driven


def ended() -> Driven:
    """Stopped, with calls that are still closing."""
    driven = confirmed()
    driven.receive(Stopped(reason="enough"))
    return driven


def finished() -> Driven:
    """Stopped, and every call is closed."""
    driven = ended()
    for call in sorted(driven.closing):
        driven.receive(Cancelled(call=call, role="target", at=0, reason="the run has ended"))
    assert driven.rules.in_flight == 0
    return driven


UNKNOWN = 99
ENDED_CALL = 1  # the first draft's, in every state but the first
REFUSED: list[tuple[Callable[[], Driven], Report, type[Exception]]] = [
    *((state, opened(), RulesMisused) for state in (waiting, drafted, confirmed, gone_back, ended, finished)),
    *(
        (state, report, RulesMisused)
        for state in (waiting, drafted, confirmed, gone_back, ended, finished)
        for report in (
            Started(call=UNKNOWN, role="target", at=0),
            Drafted(call=UNKNOWN, at=0, steps=steps("x")),
            Verified(call=UNKNOWN, at=0, step=Step("x")),
            Failed(call=UNKNOWN, role="target", at=0, error="x"),
            Cancelled(call=UNKNOWN, role="target", at=0, reason="x"),
        )
    ),
    *(
        (state, report, RulesMisused)
        for state in (drafted, confirmed, gone_back, ended, finished)
        for report in (
            Started(call=ENDED_CALL, role="approximation", at=0),
            Drafted(call=ENDED_CALL, at=0, steps=steps("x")),
            Verified(call=ENDED_CALL, at=0, step=Step("x")),
            Failed(call=ENDED_CALL, role="approximation", at=0, error="x"),
            Cancelled(call=ENDED_CALL, role="approximation", at=0, reason="x"),
        )
    ),
    *((state, Took(at=1, step=Step("x")), NotNow) for state in (waiting, drafted, gone_back, ended, finished)),
    *((state, Took(at=0, step=Step("x")), NotNow) for state in (confirmed, ended, finished)),
    *((state, Took(at=2, step=Step("x")), NotNow) for state in (confirmed, ended, finished)),
    *((state, Took(at=-1, step=Step("x")), NotNow) for state in (confirmed, ended)),
    *((state, WentBack(at=0), NotNow) for state in (waiting, drafted, gone_back, ended, finished)),
    *((state, WentBack(at=1), NotNow) for state in (waiting, confirmed, gone_back, ended)),
    *((state, WentBack(at=-1), NotNow) for state in (waiting, confirmed, gone_back, ended)),
    *((state, WentOn(), NotNow) for state in (waiting, drafted, confirmed, ended, finished)),
    *((state, Stopped(reason="x"), NotNow) for state in (ended, finished)),
    *((state, Paused(), NotNow) for state in (gone_back, paused, ended, finished)),
    *((state, Steered(at=at, sentence="x"), NotNow) for state in (confirmed, paused, ended) for at in (-1, 0, 2)),
    *((state, Steered(at=0, sentence="x"), NotNow) for state in (ended, finished)),
    *((state, Steered(at=0, sentence=""), NotNow) for state in (waiting, drafted, gone_back)),
    (paused, Took(at=0, step=Step("x")), NotNow),
    (paused, Took(at=2, step=Step("x")), NotNow),
]


@pytest.mark.parametrize(("state", "report", "error"), REFUSED, ids=lambda value: getattr(value, "__name__", None) or repr(value))
def test_a_report_that_does_not_fit_is_refused_and_changes_nothing(
    state: Callable[[], Driven], report: Report, error: type[Exception]
) -> None:
    driven = state()
    before = everything(driven.rules)
    with pytest.raises(error):
        driven.rules.receive(report)
    assert everything(driven.rules) == before


def test_a_session_that_was_over_when_it_opened_cannot_be_opened_again() -> None:
    driven = Driven(going_on=("a", "finish"))
    with pytest.raises(RulesMisused, match="opened already"):
        driven.rules.receive(opened())


@pytest.mark.parametrize("state", [waiting, drafted, confirmed, gone_back])
def test_stopping_closes_every_call_once_and_keeps_the_plan(state: Callable[[], Driven]) -> None:
    driven = state()
    plan, under_way = driven.rules.plan, set(driven.under_way) - driven.closing
    decision = driven.receive(Stopped(reason="enough"))
    assert decision.findings == [Ended(outcome="stopped", reason="enough")]
    assert {order.call for order in decision.orders if isinstance(order, Cancel)} == under_way
    assert all(isinstance(order, Cancel) for order in decision.orders)
    assert driven.rules.plan == plan


def test_the_run_is_finished_with_the_last_call_and_not_before() -> None:
    driven = confirmed()
    driven.receive(Stopped(reason="enough"))
    open_calls = sorted(driven.under_way)
    for call in open_calls:
        decision = driven.receive(Cancelled(call=call, role="target", at=0, reason="x"))
        done = call == open_calls[-1]
        assert decision.findings == ([Finished(outcome="stopped")] if done else [])
        assert decision.orders == []


def test_an_answer_that_arrives_while_its_call_is_closing_is_ignored() -> None:
    driven = drafted()
    target, draft = driven.call("target", "a"), driven.call("approximation", "a")
    driven.verified(step="b")
    assert driven.actions == ["b"]
    for late in (Verified(call=target, at=1, step=Step("x")), Drafted(call=draft, at=1, steps=steps("x"))):
        assert driven.receive(late).findings == []
    assert "x" not in {node.step.action for node in driven.rules.root.subtree() if node.step}


def test_a_draft_that_arrives_after_its_verdict_is_ignored() -> None:
    driven = waiting()
    driven.verified(step="b")
    assert driven.receive(Drafted(call=1, at=0, steps=steps("x"))).findings == []
    assert list(driven.rules.root.children.values()) == [driven.rules.frontier]


def test_a_failure_of_a_call_that_is_closing_is_ignored() -> None:
    driven = drafted()
    target, draft = driven.call("target", "a"), driven.call("approximation", "a")
    driven.verified(step="b")
    driven.receive(Failed(call=target, role="target", at=1, error="x"))
    driven.receive(Failed(call=draft, role="approximation", at=1, error="x"))
    for prefix in ((), ("d",)):
        driven.failed("approximation", "b", *prefix)
        driven.verified("b", *prefix, step="d")
    assert driven.rules.outcome is None
    assert not any(isinstance(event, Degraded) for event in driven.findings), "two failures counted, not three"


# Speculation --------------------------------------------------------------------------------------------------------


def test_opening_asks_the_target_first_and_urgently() -> None:
    driven = waiting()
    assert driven.last.orders == [
        Start(call=0, role="target", at=0, prefix=(), urgent=True),
        Start(call=1, role="approximation", at=0, prefix=(), urgent=False),
    ]


def test_a_draft_starts_the_target_on_what_it_leads_to_and_the_next_draft() -> None:
    driven = drafted()
    assert driven.last.orders == [
        Start(call=2, role="target", at=1, prefix=steps("a"), urgent=False),
        Start(call=3, role="approximation", at=1, prefix=steps("a"), urgent=False),
    ]
    assert driven.last.findings == [Shown(at=0, step=Step("a"))]


def test_drafts_stop_at_the_lookahead_and_go_on_with_the_frontier() -> None:
    driven = drafted()
    driven.drafted("a", guesses="b")
    assert driven.asking() == {"T:", "T:a", "T:a/b"}
    driven.verified(step="a")
    assert driven.asking() == {"T:a", "T:a/b", "A:a/b"}
    assert Hurry(call=2) in driven.last.orders


def test_a_verdict_equal_to_the_draft_keeps_everything_below() -> None:
    driven = confirmed()
    assert driven.said() == ["accepted 0", "confirmed 0"]
    assert driven.closing == set()
    accepted, done = driven.last.findings
    assert accepted == Accepted(call=1, at=0, ahead=0, step=Step("a"))
    assert done == Confirmed(at=0, step=Step("a"), by="target", call=0, drafts=(1,))


def test_a_verdict_that_differs_discards_the_draft_calls_and_all() -> None:
    driven = drafted()
    driven.verified(step="b")
    assert driven.closing == {2, 3}
    assert driven.last.findings == [
        Rejected(call=1, at=0, ahead=0, draft=Step("a"), verdict=Step("b")),
        Discarded(at=0, step=Step("a"), calls=(2, 3)),
        Confirmed(at=0, step=Step("b"), by="target", call=0, drafts=()),
    ]
    assert driven.asking() == {"T:b", "A:b"}


def test_the_verdict_closes_a_draft_of_the_same_step_that_is_still_under_way() -> None:
    driven = waiting()
    driven.verified(step="b")
    assert driven.last.orders[0] == Cancel(call=1, reason="its verdict came first")
    assert driven.asking() == {"T:b", "A:b"}


def test_a_verdict_beyond_the_frontier_corrects_the_branch_at_once() -> None:
    driven = drafted()
    driven.drafted("a", guesses="b")
    driven.verified("a", step="c")
    assert driven.actions == [], "the frontier has not moved"
    assert driven.said() == ["rejected 1", "discarded 1"]
    assert driven.asking() == {"T:", "T:a/c"}
    driven.verified(step="a")
    assert driven.actions == ["a", "c"]
    assert driven.said() == ["accepted 0", "confirmed 0", "confirmed 1"]


def test_a_guess_is_judged_by_how_far_ahead_of_the_frontier_it_was_made() -> None:
    driven = confirmed()
    driven.drafted("a", guesses="b")  # at the frontier
    driven.drafted("a", "b", guesses="c")  # one ahead
    driven.verified("a", step="b")
    driven.verified("a", "b", step="x")
    judged = [(event.at, event.ahead) for event in driven.findings if isinstance(event, Accepted | Rejected)]
    assert judged == [(0, 0), (1, 0), (2, 1)]


def test_several_guesses_are_several_children() -> None:
    driven = Driven(Sliding(2, width=2))
    driven.drafted(guesses=("a", "b", "c", "a"))
    assert driven.asking() == {"T:", "T:a", "A:a", "T:b"}, "two get a target call, the first a draft, and none twice"
    driven.verified(step="b")
    assert driven.said() == ["accepted 0", "rejected 0", "rejected 0", "discarded 0", "discarded 0", "confirmed 0"]
    assert driven.asking() == {"T:b", "A:b"}


def test_the_second_guess_is_not_shown() -> None:
    driven = Driven(Sliding(2, width=2))
    driven.drafted(guesses=("a", "b"))
    assert driven.last.findings == [Shown(at=0, step=Step("a"))]


def test_the_same_action_twice_in_a_row_is_shown_twice() -> None:
    driven = drafted()
    driven.drafted("a", guesses="a")
    driven.verified(step="a")
    assert driven.said() == ["accepted 0", "confirmed 0", "shown 1"]


def test_nothing_follows_finish() -> None:
    driven = waiting()
    driven.drafted(guesses="finish")
    assert driven.asking() == {"T:"}
    driven.verified(step="finish")
    assert driven.said() == ["accepted 0", "confirmed 0", "ended", "finished"]
    assert driven.rules.outcome == "complete"
    assert driven.rules.plan.complete


def test_the_step_limit_ends_the_run_and_nobody_works_beyond_it() -> None:
    driven = Driven(Sliding(4), max_steps=2)
    driven.drafted(guesses="a")
    driven.drafted("a", guesses="b")
    assert driven.asking() == {"T:", "T:a"}
    driven.verified(step="a")
    driven.verified("a", step="b")
    assert driven.said() == ["accepted 1", "confirmed 1", "ended", "finished"]
    assert driven.rules.outcome == "step_limit"
    assert "2 steps are confirmed" in driven.last.findings[-2].reason  # type: ignore[union-attr]


# The person ---------------------------------------------------------------------------------------------------------


def test_taking_the_draft_keeps_its_subtree_and_closes_only_its_verifier() -> None:
    driven = drafted()
    driven.drafted("a", guesses="b")
    driven.took("a")
    assert driven.closing == {0}
    assert Cancel(call=0, reason="the person took the step") in driven.last.orders
    assert driven.said() == ["accepted 0", "confirmed 0", "shown 1"]
    assert driven.last.findings[1] == Confirmed(at=0, step=Step("a"), by="person", call=None, drafts=(1,))


def test_taking_another_step_rejects_the_draft() -> None:
    driven = drafted()
    driven.took("z")
    assert driven.closing == {0, 2, 3}
    assert driven.said() == ["rejected 0", "discarded 0", "confirmed 0"]
    assert driven.rules.plan.steps[0].by == "person"


def test_while_somebody_is_back_nothing_moves_and_nothing_is_shown_or_started() -> None:
    driven = confirmed()
    driven.went_back(0)
    assert driven.last.orders == []
    assert driven.last.findings == []
    driven.drafted("a", guesses="b")
    assert driven.last.orders == []
    driven.verified("a", step="b")
    assert driven.last.orders == []
    assert driven.actions == []
    driven.went_on()
    assert driven.actions == ["a", "b"]
    assert driven.asking() == {"T:a/b", "A:a/b"}


def test_going_back_twice_goes_further_back() -> None:
    driven = confirmed()
    driven.verified("a", step="b")
    driven.went_back(1)
    assert driven.actions == ["a"]
    driven.went_back(0)
    assert driven.actions == []
    driven.went_on()
    assert driven.said() == ["confirmed 0", "confirmed 1"]
    assert driven.actions == ["a", "b"]


def test_after_going_back_the_old_step_may_be_taken_and_the_answers_below_are_still_there() -> None:
    driven = confirmed()
    driven.verified("a", step="b")
    closing = set(driven.closing)
    driven.went_back(0)
    driven.took("a")
    assert driven.actions == ["a", "b"]
    assert [entry.by for entry in driven.rules.plan.steps] == ["person", "target"]
    assert driven.closing == closing, "no work was thrown away"


def test_after_going_back_another_step_discards_the_old_branch_and_judges_nobody_again() -> None:
    driven = confirmed()
    driven.verified("a", step="b")
    driven.went_back(0)
    driven.took("z")
    assert driven.said() == ["discarded 0", "confirmed 0"]
    assert driven.asking() == {"T:z", "A:z"}


def test_a_verdict_that_arrives_while_somebody_is_back_waits_until_they_go_on() -> None:
    driven = confirmed()
    driven.went_back(0)
    driven.failed("target", "a")
    assert driven.rules.outcome is None, "it was not the frontier's"
    driven.went_on()
    assert "T:a" in driven.asking(), "now it is, and it is asked again"


# Absence ------------------------------------------------------------------------------------------------------------


def test_a_failed_draft_is_not_made_again_and_the_target_works_on() -> None:
    driven = waiting()
    driven.failed("approximation")
    assert driven.asking() == {"T:"}
    driven.verified(step="a")
    assert driven.asking() == {"T:a", "A:a"}


def test_a_draft_without_a_guess_is_not_made_again() -> None:
    driven = waiting()
    driven.receive(Drafted(call=1, at=0, steps=()))
    assert driven.last.findings == []
    assert driven.asking() == {"T:"}


def test_three_failed_drafts_in_a_row_leave_the_target_alone() -> None:
    driven = waiting()
    driven.failed("approximation")
    driven.verified(step="a")
    driven.failed("approximation", "a")
    driven.verified("a", step="b")
    assert not any(isinstance(event, Degraded) for event in driven.findings)
    driven.failed("approximation", "a", "b", error="still down")
    assert driven.last.findings == [Degraded(failures=3, error="still down")]
    driven.verified("a", "b", step="c")
    assert driven.asking() == {"T:a/b/c"}


def test_a_draft_in_between_starts_the_count_again() -> None:
    driven = waiting()
    driven.failed("approximation")
    driven.verified(step="a")
    driven.failed("approximation", "a")
    driven.verified("a", step="b")
    driven.drafted("a", "b", guesses="c")
    driven.failed("approximation", "a", "b", "c")
    driven.verified("a", "b", step="c")
    driven.verified("a", "b", "c", step="d")
    assert "A:a/b/c/d" in driven.asking()
    driven.failed("approximation", "a", "b", "c", "d")
    assert not any(isinstance(event, Degraded) for event in driven.findings)


def test_a_failed_target_beyond_the_frontier_is_asked_again_when_the_frontier_needs_it() -> None:
    driven = drafted()
    driven.failed("target", "a")
    assert driven.asking() == {"T:", "A:a"}
    driven.verified(step="a")
    assert driven.last.orders == [Start(call=4, role="target", at=1, prefix=steps("a"), urgent=True)]


def test_a_failed_target_at_the_frontier_ends_the_run() -> None:
    driven = drafted()
    driven.failed("target", error="the server is down")
    assert driven.last.findings == [Ended(outcome="target_failed", reason="the server is down")]
    assert driven.closing == {2, 3}


def test_a_call_that_the_budget_refused_ends_the_run_as_that() -> None:
    driven = waiting()
    driven.failed("target", budget=True)
    assert driven.rules.outcome == "budget"


def test_a_call_that_somebody_else_closed_is_made_again() -> None:
    driven = drafted()
    driven.receive(Cancelled(call=2, role="target", at=1, reason="the frontier's call needs its place"))
    assert driven.last.orders == [Start(call=4, role="target", at=1, prefix=steps("a"), urgent=False)]


# Going on from a plan -----------------------------------------------------------------------------------------------


def test_going_on_from_a_plan_begins_behind_it() -> None:
    driven = Driven(going_on=("a", "b"))
    assert driven.said() == ["confirmed 0", "confirmed 1"]
    assert driven.asking() == {"T:a/b", "A:a/b"}
    assert driven.rules.plan.steps[0].by == "target"


@pytest.mark.parametrize("matching", [EXACT, BY_ACTION])
def test_before_it_is_opened_there_is_an_empty_plan(matching: Matching) -> None:
    assert Rules(lookahead=Sliding(2), max_steps=3, matching=matching).plan == Plan((), lossless=matching.lossless)


def test_going_on_from_a_complete_plan_is_over_at_once() -> None:
    driven = Driven(going_on=("a", "finish"))
    assert driven.said() == ["confirmed 0", "confirmed 1", "ended", "finished"]
    assert driven.asking() == set()


@pytest.mark.parametrize("plan", ["ab", "abc", "abcd"])
def test_going_on_from_a_plan_at_the_limit_or_beyond_is_over_at_once(plan: str) -> None:
    driven = Driven(going_on=tuple(plan), max_steps=2)
    assert driven.rules.outcome == "step_limit"
    assert driven.said() == ["confirmed 0", "confirmed 1", "ended", "finished"]
    assert driven.actions == ["a", "b"]


# Matching -----------------------------------------------------------------------------------------------------------


def test_a_fuzzy_match_keeps_the_branch_under_the_verdicts_name() -> None:
    driven = Driven(matching=BY_ACTION)
    driven.receive(Drafted(call=1, at=0, steps=(Step("fly", {"to": "San Diego"}),)))
    driven.verified(step=Step("fly", {"to": "Los Angeles"}))
    assert driven.said() == ["accepted 0", "confirmed 0"]
    assert driven.closing == set()
    assert driven.rules.plan.prefix == (Step("fly", {"to": "Los Angeles"}),)
    assert driven.rules.frontier.prefix == driven.rules.plan.prefix
    assert not driven.rules.plan.lossless


def test_an_equal_draft_is_preferred_to_one_that_merely_matches() -> None:
    driven = Driven(Sliding(2, width=2), matching=BY_ACTION)
    near, equal = Step("fly", {"to": "San Diego"}), Step("fly", {"to": "Los Angeles"})
    driven.receive(Drafted(call=1, at=0, steps=(near, equal)))
    driven.verified(step=equal)
    rejected = [event.draft for event in driven.findings if isinstance(event, Rejected)]
    assert rejected == [near]


# Batches ------------------------------------------------------------------------------------------------------------


def test_a_batch_waits_at_its_barrier() -> None:
    driven = Driven(Batch(2))
    driven.drafted(guesses="a")
    driven.drafted("a", guesses="b")
    assert driven.asking() == {"T:", "T:a"}, "the second draft's own verifier belongs to the next batch"
    driven.verified(step="a")
    assert driven.asking() == {"T:a"}, "one verdict is not the whole batch"
    driven.verified("a", step="b")
    assert driven.asking() == {"T:a/b", "A:a/b"}


def test_a_batch_ends_early_at_a_mismatch_once_every_verdict_before_it_is_in() -> None:
    driven = Driven(Batch(3))
    driven.drafted(guesses="a")
    driven.drafted("a", guesses="b")
    driven.verified("a", step="x")
    assert driven.asking() == {"T:"}, "the mismatch is known, and step 0 is not"
    driven.verified(step="a")
    assert driven.actions == ["a", "x"]
    assert driven.asking() == {"T:a/x", "A:a/x"}


def test_batches_follow_one_another_from_where_the_last_one_ended() -> None:
    driven = Driven(Batch(2))
    driven.verified(step="a")  # nobody drafted it: the next batch is steps 1 and 2
    driven.drafted("a", guesses="b")
    driven.drafted("a", "b", guesses="c")
    assert driven.asking() == {"T:a", "T:a/b"}
    driven.verified("a", step="b")
    assert driven.asking() == {"T:a/b"}
    driven.verified("a", "b", step="c")
    assert driven.asking() == {"T:a/b/c", "A:a/b/c"}
