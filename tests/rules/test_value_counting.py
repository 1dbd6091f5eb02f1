"""Lookahead by value, where calls slow one another down: how many are counted, and what that makes them worth. By hand."""

from __future__ import annotations

from math import inf

import pytest

from outrider import Step
from outrider.rules.estimates import Estimates
from outrider.rules.load import Beside
from outrider.rules.tallies import Tally
from outrider.rules.tree import Call, Guess, Node, Verdict
from outrider.rules.value import LEAST_PROBABILITY, Chooser

from .test_value import HOUR, chain, chooser, known, paid, wanted


def slowed(*, target_s: float = 4.0, draft_s: float = 1.0, target_usd: float = 0.0, draft_usd: float = 0.0) -> Estimates:
    """Each call that is under way costs the others a hundredth of their time alone."""
    estimates = known(target_s=target_s, draft_s=draft_s, target_usd=target_usd, draft_usd=draft_usd)
    for others in range(5):
        estimates.queueing.learn(others, target_s * (1 + others / 100))
    assert estimates.slowing(0) == pytest.approx(0.01)
    return estimates


def counted(ours: Chooser, calls: int, useful: float) -> bool:
    """Whether, as far as its values show, so many calls are under way, and so many target calls of them likely to count."""
    return ours.value_of_call(1.0, 1.0) == pytest.approx(1 - useful * ours.estimates.slowing(calls - 1), abs=1e-9)


def guessed(node: Node, action: str, *, confidence: float | None = None) -> Node:
    node.asked = 1
    child = node.child(Step(action))
    child.guesses = (Guess(9, 0, confidence=confidence),)
    return child


def under_way(node: Node, *, draft: bool = False) -> Node:
    node.target = Call(20, "target", node, 0, started_s=0.0)
    node.draft = Call(21, "approximation", node, 0, started_s=0.0) if draft else None
    return node


# How many are counted -----------------------------------------------------------------------------------------------


def test_the_frontiers_call_counts_before_it_is_under_way_and_each_that_is_wanted_counts_for_the_next() -> None:
    ours = chooser(inf, slowed())
    assert counted(ours, 1, 1.0)
    assert wanted(ours, Node(0)) == ["T:", "A:"]
    assert counted(ours, 2, 1.0)


def test_calls_under_way_count_and_those_below_the_frontier_with_the_probability_that_they_are_needed() -> None:
    frontier = under_way(Node(0), draft=True)
    below = under_way(guessed(frontier, "a"), draft=True)
    guessed(below, "b").target_failed = True
    ours = chooser(inf, slowed())
    assert wanted(ours, frontier) == []
    assert counted(ours, 4, 1.8)


def test_a_wanted_call_counts_with_the_probability_that_it_is_needed_and_a_wanted_draft_does_not_count_as_needed() -> None:
    frontier = under_way(Node(0))
    guessed(frontier, "a")
    ours = chooser(inf, slowed())
    assert wanted(ours, frontier) == ["T:a", "A:a"]
    assert counted(ours, 3, 1.8)


@pytest.mark.parametrize(("now_s", "useful"), [(0.0, 1.8), (3.5, 1.8), (3.99, 1.8)])
def test_a_call_counts_until_the_frontier_is_there(now_s: float, useful: float) -> None:
    frontier = under_way(Node(0), draft=True)
    under_way(guessed(frontier, "a"), draft=True)
    ours = chooser(0.0, slowed())
    ours.at(now_s)
    assert wanted(ours, frontier) == []
    ours.hour_worth = inf
    assert counted(ours, 4, useful)


def test_a_call_at_a_place_that_the_frontier_reaches_at_once_is_the_frontiers() -> None:
    frontier = Node(0)
    frontier.verdict = Verdict(Step("a"), "target", 5)  # the person holds the frontier
    below = under_way(frontier.child(Step("a")), draft=True)
    assert below.at == 1
    ours = chooser(0.0, slowed())
    assert wanted(ours, frontier) == []
    ours.hour_worth = inf
    assert counted(ours, 2, 1.0)


def test_a_call_that_is_not_there_is_not_likely_to_count() -> None:
    frontier = under_way(Node(0), draft=True)
    guessed(frontier, "a")
    ours = chooser(0.0, slowed())
    assert wanted(ours, frontier) == []
    ours.hour_worth = inf
    assert counted(ours, 2, 1.0)


# What it makes them worth -------------------------------------------------------------------------------------------


def test_a_draft_costs_its_dollars_and_the_time_that_it_takes_from_the_call_that_everybody_waits_for() -> None:
    ours = chooser(HOUR, slowed(draft_usd=0.1))
    assert ours.value_of_draft(1.0, 0.8, 4.0, deep=0) == pytest.approx(-0.1 - 0.01 * 1.0 * 1.01)


def test_a_draft_beside_more_calls_than_those_seen_takes_longer() -> None:
    ours = chooser(inf, slowed(draft_s=2.0))
    for _ in range(6):  # in the mean of eight, three quarters of the calls have two others beside them
        ours.estimates.learn_answer("approximation", 0, 2.0, paid(0.0), Beside(2.0, 2.0))
    assert ours.estimates.drafter(0).company.mean == 1.5
    draft_s = 2.0 * 1.01 / (1 + 0.01 * 1.5)
    left_s = 4.0 - draft_s
    call = left_s * (0.8 - ours.estimates.slowing(0))
    assert ours.value_of_draft(1.0, 0.8, 4.0, deep=1) == pytest.approx(call - 0.01 * draft_s)


def test_the_least_likely_prefix_that_is_worked_on_has_just_the_least_probability() -> None:
    estimates = known(right=2, wrong=98)
    assert estimates.holds(0, "a") == LEAST_PROBABILITY
    frontier = under_way(Node(0), draft=True)
    guessed(frontier, "a")
    assert wanted(chooser(inf, estimates), frontier)[:1] == ["T:a"]
    estimates.ends = Tally(0.0, inf)
    assert estimates.finish == 0
    assert chooser(inf, estimates).value_of_draft(LEAST_PROBABILITY, 1.0, 4.0) > 0


def test_below_a_guess_whose_call_failed_nothing_is_worked_on_though_there_are_guesses() -> None:
    frontier = under_way(Node(0), draft=True)
    failed = guessed(frontier, "a")
    failed.target_failed = True
    guessed(failed, "b")
    assert wanted(chooser(inf), frontier) == []


def test_a_guess_of_a_confidence_that_never_holds_is_left_alone() -> None:
    estimates = known(target_usd=1.0)
    for _ in range(200):
        estimates.contexts.learn(0.8, 9, 1, 0.9, accepted=False)
    frontier = under_way(Node(0), draft=True)
    guessed(frontier, "a", confidence=0.9)
    assert wanted(chooser(HOUR, estimates), frontier) == []
    frontier.children[Step("a").key].guesses = (Guess(9, 0),)
    assert wanted(chooser(HOUR, estimates), frontier)[:1] == ["T:a"]


def test_how_long_a_call_has_run_is_counted_from_when_it_began() -> None:
    frontier = under_way(Node(0), draft=True)
    frontier.target = Call(0, "target", frontier, 0, started_s=10.0)
    guessed(frontier, "a")
    ours = chooser(HOUR, known(target_s=4.0, target_usd=5.0))  # worth it from 1 / 0.8 s on
    ours.at(12.7)
    assert wanted(ours, frontier)[:1] == ["T:a"]
    ours.at(12.8)
    assert wanted(ours, frontier) == []


def test_a_further_drafter_that_comes_no_earlier_than_the_verdict_is_not_asked() -> None:
    frontier = chain("a")
    frontier.drafters = 2
    estimates = known(draft_s=5.0, target_s=4.0)
    for _ in range(2):
        estimates.learn_answer("approximation", 1, 5.0, paid(0.0), Beside())
    assert "A:" not in wanted(chooser(inf, estimates), frontier)


def test_what_was_never_judged_promises_no_further_guesses() -> None:
    estimates = known(draft_usd=0.1)
    estimates.by_rank = {}
    assert chooser(HOUR, estimates).value_of_more(1.0, 0, 4.0, 0) == pytest.approx(-0.1)


@pytest.mark.parametrize("hour_worth", [30.0, HOUR])
def test_where_first_guesses_are_worth_it_however_little_nothing_is_said_against_it(hour_worth: float) -> None:
    estimates = known(right=90, wrong=10, target_usd=0.001 * hour_worth / 30)
    assert Chooser(hour_worth, estimates).why_not == ""


def test_that_other_guesses_would_be_worth_nothing_is_no_reason_against_the_first() -> None:
    assert Chooser(HOUR, known(right=90, wrong=10, target_usd=1.0)).why_not == ""
