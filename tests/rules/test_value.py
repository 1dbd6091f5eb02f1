"""Lookahead by value: what a call is worth, what is started, and what is said where nothing is."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import FINISH, Step, Usage
from outrider.errors import BadOption
from outrider.rules import ByValue, lookahead_named
from outrider.rules.estimates import AtOnce, Estimates
from outrider.rules.kept import text_of
from outrider.rules.learner import Learner, learner_of
from outrider.rules.load import Beside
from outrider.rules.lookahead import Sliding
from outrider.rules.tallies import Tally
from outrider.rules.tree import Call, Guess, Node, Verdict
from outrider.rules.value import (
    DEFAULT_HOUR_WORTH,
    HORIZON,
    LEAST_PROBABILITY,
    MOST_DRAFTS,
    MOST_GUESSES,
    MOST_TARGET_CALLS,
    Chooser,
)

unhurried = settings(deadline=None)

HOUR = 3600.0
"""An hour worth so many dollars makes a second worth one."""


def paid(usd: float) -> Usage:
    return Usage(counted="reported", cost_usd=usd)


def known(
    *,
    draft_s: float = 1.0,
    target_s: float = 4.0,
    draft_usd: float = 0.0,
    target_usd: float = 0.0,
    right: int = 80,
    wrong: int = 20,
) -> Estimates:
    """Calls that always take as long; so many drafts were judged. A target call costs the same however early it is closed."""
    estimates = Estimates(at_once=AtOnce(due=1e9, left=0.0))
    for _ in range(2):
        estimates.learn_answer("approximation", 0, draft_s, paid(draft_usd), Beside())
        estimates.learn_answer("target", 0, target_s, paid(target_usd), Beside())
    estimates.by_rank = {0: Tally(float(right) - 1, float(right + wrong) - 2)}  # with one half of two: exactly that share
    estimates.ends = Tally(0.0, 1e9)
    return estimates


def chooser(hour_worth: float, estimates: Estimates | None = None) -> Chooser:
    return Chooser(hour_worth, estimates or known())


def chain(*actions: str, first: Node | None = None) -> Node:
    """The frontier, with a guess below each node, all target calls under way since 0."""
    frontier = node = first or Node(0)
    number = 0
    while True:
        node.target = node.target or Call(number, "target", node, 0, started_s=0.0)
        number += 1
        if not actions:
            return frontier
        node.asked = 1
        node = node.child(Step(actions[0]))
        node.guesses = (Guess(number, 0),)
        actions = actions[1:]


def wanted(lookahead: Learner, frontier: Node) -> list[str]:
    """What is wanted, as T and A with the prefix."""
    letters = {"target": "T", "approximation": "A"}
    return [f"{letters[want.role]}:{'/'.join(s.action for s in want.node.prefix)}" for want in lookahead.wants(frontier)]


# What it is called --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lookahead"),
    [
        ("auto", ByValue()),
        ("auto@30", ByValue(30)),
        ("auto@0", ByValue(0)),
        ("auto@12.5", ByValue(12.5)),
        ("auto@inf", ByValue(inf)),
    ],
)
def test_it_is_found_by_its_name(text: str, lookahead: ByValue) -> None:
    assert lookahead_named(text) == lookahead
    assert lookahead_named(lookahead.name) == lookahead
    assert lookahead.learner().name == lookahead.name


@pytest.mark.parametrize("text", ["auto@", "auto@-1", "auto@nan", "auto@1e9", "auto@ 3", "auto@1234567890", "auto 3", "Auto"])
def test_a_name_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadOption):
        lookahead_named(text)


@pytest.mark.parametrize("worth", [-1.0, float("nan"), -inf])
def test_a_worth_that_makes_no_sense_is_refused(worth: float) -> None:
    with pytest.raises(BadOption, match="an hour of waiting is worth"):
        ByValue(worth)


def test_an_hour_is_worth_thirty_dollars_unless_somebody_says_otherwise() -> None:
    assert ByValue().hour_worth == DEFAULT_HOUR_WORTH == 30


def test_each_session_has_a_learner_of_its_own() -> None:
    by_value, sliding = ByValue(3), Sliding(2)
    first, second = learner_of(by_value), learner_of(by_value)
    assert isinstance(first, Chooser)
    assert isinstance(second, Chooser)
    assert first.estimates is not second.estimates
    assert learner_of(sliding) is sliding
    assert [want.role for want in by_value.wants(Node(0))] == ["target", "approximation"]


# What a call is worth, by hand --------------------------------------------------------------------------------------


def test_a_call_is_worth_what_it_saves_if_it_holds_less_what_it_wastes_if_not() -> None:
    estimates = known(target_s=4.0, target_usd=0.5)
    # It starts 3 s early with probability 0.8, and half a dollar is lost with probability 0.2.
    assert chooser(HOUR, estimates).value_of_call(0.8, 3.0) == pytest.approx(0.8 * 3 - 0.2 * 0.5)
    assert chooser(HOUR / 2, estimates).value_of_call(0.8, 3.0) == pytest.approx(0.4 * 3 - 0.2 * 0.5)
    # What is reached later than a call takes saves what a call takes, and no more.
    assert chooser(HOUR, estimates).value_of_call(0.8, 9.0) == pytest.approx(0.8 * 4 - 0.2 * 0.5)
    assert chooser(0, estimates).value_of_call(0.8, 3.0) == pytest.approx(-0.2 * 0.5)
    assert chooser(inf, estimates).value_of_call(0.8, 3.0) == pytest.approx(0.8 * 3)


def test_a_call_that_is_rejected_early_has_cost_little() -> None:
    estimates = known(target_s=4.0, target_usd=0.5)
    estimates.at_once = AtOnce(due=0.0, left=1e9)
    assert chooser(HOUR, estimates).value_of_call(0.8, 1.0) == pytest.approx(0.8 * 1 - 0.2 * 0.5 / 4)
    assert chooser(HOUR, known(target_s=0.0, target_usd=0.5)).value_of_call(0.8, 1.0) == pytest.approx(-0.2 * 0.5)


def test_a_call_that_slows_down_the_others_is_worth_that_much_less() -> None:
    estimates = known(target_s=4.0)
    for others in range(5):
        estimates.queueing.learn(others, 4.0 + others)
    # A quarter of the frontier's time for the 3 s until it is there; then the call is the frontier's, or closed.
    assert chooser(inf, estimates).value_of_call(0.5, 3.0) == pytest.approx(3 * (0.5 - 0.25))
    assert chooser(HOUR, estimates).value_of_call(0.5, 3.0) < chooser(HOUR, known(target_s=4.0)).value_of_call(0.5, 3.0)


def test_a_draft_is_worth_the_calls_it_makes_possible_less_its_cost() -> None:
    estimates = known(draft_s=1.0, target_s=4.0, draft_usd=0.1, target_usd=0.5)
    ours = chooser(HOUR, estimates)
    # The verdict comes in 4 s, the draft in 1: the call under it starts 3 s early, with probability 0.8.
    first = 0.8 * 3 - 0.2 * 0.5
    assert ours.value_of_draft(1.0, 0.8, 4.0, deep=1) == pytest.approx(first - 0.1 + max(0.0, -0.1))
    # The next draft is made while that call takes 4 s: the call under it starts 3 s early with 0.64, and so on.
    second = 0.64 * 3 - 0.36 * 0.5 - 0.1
    assert ours.value_of_draft(1.0, 0.8, 4.0, deep=2) == pytest.approx(first - 0.1 + second)
    assert ours.value_of_draft(1.0, 0.8, 4.0, deep=0) == pytest.approx(-0.1)
    assert ours.value_of_draft(1.0, 0.8, 4.0) == pytest.approx(ours.value_of_draft(1.0, 0.8, 4.0, deep=HORIZON))


def test_a_draft_that_comes_after_its_verdict_is_worth_nothing() -> None:
    assert chooser(HOUR, known(draft_s=5.0, target_s=4.0, draft_usd=0.1)).value_of_draft(1.0, 0.8, 4.0) == pytest.approx(-0.1)
    assert chooser(inf, known(draft_s=4.0, target_s=4.0)).value_of_draft(1.0, 1.0, 4.0) == 0
    assert chooser(inf, known(draft_s=3.5, target_s=4.0)).value_of_draft(1.0, 1.0, 4.0, deep=1) == pytest.approx(0.5)


def test_a_draft_below_an_unlikely_prefix_is_worth_nothing() -> None:
    ours = chooser(inf)
    assert ours.value_of_draft(LEAST_PROBABILITY * 0.99, 1.0, 4.0) == 0
    assert ours.value_of_draft(LEAST_PROBABILITY * 1.01, 1.0, 4.0) > 0


def test_after_the_last_step_nothing_is_left_to_speculate_on() -> None:
    estimates = known(draft_usd=0.1)
    estimates.ends = Tally(1e9, 1e9)
    assert chooser(HOUR, estimates).value_of_draft(1.0, 1.0, 4.0) == pytest.approx(-0.1)


def test_a_drafter_that_gives_several_guesses_is_worth_the_calls_under_all_of_them() -> None:
    estimates = known(draft_s=1.0, target_s=4.0, draft_usd=0.1, right=50, wrong=50)
    estimates.by_rank[1] = Tally(0.3 * 100 + 0.2, 98.0)  # made as often as the first, and right 30.6 of 100 times
    assert estimates.rate(1) == pytest.approx(0.306)
    ours = chooser(HOUR, estimates)
    assert ours.value_of_more(1.0, 0, 4.0, 0) == pytest.approx(0.306 * 3 - 0.1)
    assert ours.value_of_draft(1.0, 0.5, 4.0, deep=0) == pytest.approx(0.306 * 3 - 0.1)
    assert ours.value_of_more(1.0, 2, 4.0, 0) == pytest.approx(0.2 * 3 - 0.1), "nobody has given a third one so far"
    assert ours.value_of_more(1.0, 1, 4.0, 0) == pytest.approx(0.306 * 3 - 0.1)
    estimates.by_rank[1] = Tally(15.0, 49.0)  # made half as often as the first
    assert ours.value_of_more(1.0, 1, 4.0, 0) == pytest.approx(0.5 * estimates.rate(1) * 3 - 0.1)


def test_both_durations_vary_so_a_drafter_as_slow_as_the_target_is_sometimes_first() -> None:
    estimates = known()
    estimates.target.durations.seen.clear()
    estimates.drafter(0).durations.seen.clear()
    for seconds in (2.0, 6.0):
        estimates.learn_answer("target", 0, seconds, paid(0.0), Beside())
        estimates.learn_answer("approximation", 0, seconds, paid(0.0), Beside())
    # Percentiles 10, 30, 50 are 2 s, 70 and 90 are 6 s: the draft is first by 4 s in 2 of 5 times 3 of 5 cases. The five stand
    # for a mean of 4 s, and are stretched from their own mean of 3.6 to it.
    assert chooser(inf, estimates).value_of_draft(1.0, 1.0, 4.0, deep=1) == pytest.approx(4 * (2 / 5) * (3 / 5) * 4 / 3.6)


dials = st.sampled_from([0.0, 0.5, 3.0, 30.0, 300.0, 1e4, inf])
shares = st.floats(0, 1)
seconds = st.floats(0, 20)
prices = st.sampled_from([0.0, 0.001, 0.1, 2.0])
some_known = st.builds(
    known, draft_s=seconds, target_s=seconds, draft_usd=prices, target_usd=prices, right=st.integers(1, 50),
    wrong=st.integers(1, 50),
)  # fmt: skip


@unhurried
@given(some_known, shares, seconds, dials, dials)
def test_what_is_worth_it_stays_so_when_an_hour_is_worth_more(
    estimates: Estimates, holds: float, until_s: float, one: float, other: float
) -> None:
    less, more = Chooser(min(one, other), estimates), Chooser(max(one, other), estimates)
    if less.value_of_call(holds, until_s) > 0:
        assert more.value_of_call(holds, until_s) > 0
    if less.value_of_draft(holds, estimates.rate(0), until_s) > 0:
        assert more.value_of_draft(holds, estimates.rate(0), until_s) > 0


@unhurried
@given(some_known, st.integers(0, 4), dials, dials)
def test_whoever_values_an_hour_more_wants_all_that_one_who_values_it_less_wants(
    estimates: Estimates, guesses: int, one: float, other: float
) -> None:
    frontier = chain()
    for n in range(guesses):
        frontier.child(Step(f"{n}")).guesses = (Guess(9, 0, n),)
    frontier.asked = min(1, guesses)
    less, more = (set(wanted(Chooser(worth, estimates), frontier)) for worth in (min(one, other), max(one, other)))
    assert less <= more


@unhurried
@given(some_known, shares, seconds)
def test_with_an_hour_worth_nothing_nothing_is_worth_it(estimates: Estimates, holds: float, until_s: float) -> None:
    ours = Chooser(0.0, estimates)
    assert ours.value_of_call(holds, until_s) <= 0
    assert ours.value_of_draft(holds, 1.0, until_s) <= 0
    assert ours.value_of_more(holds, 0, until_s, 0) <= 0


# What is started ----------------------------------------------------------------------------------------------------


def test_the_frontiers_call_comes_first_whatever_an_hour_is_worth() -> None:
    assert wanted(chooser(0), Node(0)) == ["T:"]
    assert wanted(chooser(inf), Node(0)) == ["T:", "A:"]


def test_a_guess_gets_its_call_and_the_next_draft() -> None:
    frontier = chain()
    frontier.asked, child = 1, frontier.child(Step("a"))
    child.guesses = (Guess(9, 0),)
    assert wanted(chooser(HOUR), frontier) == ["T:a", "A:a"]
    assert wanted(chooser(0), frontier) == []


def test_each_guess_that_is_worth_it_gets_its_call_the_likeliest_first() -> None:
    frontier = chain()
    frontier.asked = 1
    for rank, action in enumerate("abc"):
        frontier.child(Step(action)).guesses = (Guess(9, 0, rank),)
    estimates = known(target_usd=1.0)
    estimates.by_action = {"a": Tally(0.0, 1e6)}
    estimates.by_rank |= {1: Tally(10.0, 20.0), 2: Tally(0.0, 10.0)}
    assert wanted(chooser(HOUR, estimates), frontier) == ["T:b", "A:b"]
    assert wanted(chooser(inf, estimates), frontier)[:3] == ["T:b", "A:b", "T:c"]


def test_below_a_prefix_that_is_not_worked_on_nothing_is() -> None:
    frontier = chain()
    frontier.asked, child = 1, frontier.child(Step("a"))
    child.guesses = (Guess(9, 0),)
    child.target_failed = True
    assert wanted(chooser(inf), frontier) == []


def test_the_end_of_a_plan_needs_no_call() -> None:
    frontier = chain()
    frontier.asked, end = 1, frontier.child(Step(FINISH))
    end.guesses = (Guess(9, 0),)
    assert wanted(chooser(inf), frontier) == []


def test_under_a_verdict_its_child_is_as_likely_as_the_node_itself() -> None:
    frontier = chain("a")
    below = frontier.children[Step("a").key]
    below.target, below.verdict = None, Verdict(Step("b"), "target", 5)
    below.child(Step("b"))
    estimates = known(right=50, wrong=50, target_usd=1.0)
    # The call under the verdict holds with one half, as its prefix does: 0.5 * 4 s less half a dollar.
    assert wanted(chooser(HOUR, estimates), frontier) == ["T:a/b", "A:a/b"]
    assert wanted(chooser(HOUR / 5, estimates), frontier) == []


def test_an_unlikely_prefix_is_left_alone() -> None:
    frontier = chain()
    frontier.asked = 1
    frontier.child(Step("a")).guesses = (Guess(9, 0),)
    estimates = known()
    estimates.by_action = {"a": Tally(0.0, 1e9)}
    assert wanted(chooser(inf, estimates), frontier) == []


def test_time_passes_and_what_is_nearly_over_saves_little() -> None:
    frontier = chain()
    frontier.asked = 1
    frontier.child(Step("a")).guesses = (Guess(9, 0),)
    ours = chooser(HOUR, known(target_s=4.0, target_usd=5.0))  # worth it from 1 / 0.8 s on
    ours.at(2.7)
    assert wanted(ours, frontier)[:1] == ["T:a"]
    ours.at(2.8)
    assert wanted(ours, frontier) == []


def test_a_call_that_waits_for_its_turn_takes_its_whole_time() -> None:
    frontier = chain()
    assert frontier.target is not None
    frontier.target.started_s = None
    ours = chooser(HOUR, known(draft_s=3.0, target_s=4.0))
    ours.at(3.5)
    assert wanted(ours, frontier) == ["A:"]
    frontier.target.started_s = 0.0
    assert wanted(ours, frontier) == []


def test_never_more_calls_than_the_most() -> None:
    frontier = chain(*"abcdefghij")
    estimates = known(right=999_999, wrong=1)
    estimates.by_rank |= {rank: Tally(1e6, 1e6) for rank in range(1, 8)}
    node = frontier
    while node.children:
        for n in range(6):
            node.child(Step(f"{n}")).guesses = (Guess(99, 0, n + 1),)
        node = next(iter(node.children.values()))
    under_way = 11
    roles = [want.role for want in chooser(inf, estimates).wants(frontier)]
    assert under_way + roles.count("target") == MOST_TARGET_CALLS
    assert roles.count("approximation") == MOST_DRAFTS


def test_calls_on_unlikely_prefixes_count_as_under_way_too() -> None:
    frontier = chain()
    frontier.asked = 1
    estimates = known()
    estimates.by_action = {f"{n}": Tally(0.0, 1e9) for n in range(MOST_TARGET_CALLS)}
    for n in range(MOST_TARGET_CALLS - 1):
        child = frontier.child(Step(f"{n}"))
        child.target, child.draft = Call(n, "target", child, 0), Call(n, "approximation", child, 0) if n < MOST_DRAFTS else None
    frontier.child(Step("likely")).guesses = (Guess(99, 0, 1),)
    estimates.by_rank[MOST_TARGET_CALLS] = estimates.by_rank[7] = Tally(1e6, 1e6)
    assert wanted(chooser(inf, estimates), frontier) == []


def test_a_further_drafter_is_asked_where_its_guess_is_worth_it() -> None:
    frontier = chain(first=Node(0, drafters=2))
    frontier.asked, child = 1, frontier.child(Step("a"))
    child.guesses, child.target = (Guess(9, 0),), Call(9, "target", child, 0, started_s=0.0)
    estimates = known(draft_usd=0.1)
    estimates.drafter(1).durations.learn(1.0, ended=True)
    estimates.drafter(1).prices.learn(0.1)
    assert "A:" in wanted(chooser(HOUR, estimates), frontier), "0.2 * 3 s is worth more than 0.1 dollars"
    assert "A:" not in wanted(chooser(HOUR / 10, estimates), frontier)
    for n in range(MOST_GUESSES - 1):
        frontier.child(Step(f"{n}")).guesses = (Guess(9, 0, n + 1),)
    assert "A:" not in wanted(chooser(inf, estimates), frontier)


def test_a_prefix_that_was_steered_is_worked_on_in_its_new_place() -> None:
    frontier = chain("a", "b")
    steered = frontier.children[Step("a").key].steer(("by train",))
    wants = [want.node for want in chooser(inf).wants(frontier)]
    assert wants[0] is steered


def test_the_bounds_are_those_that_are_documented() -> None:
    assert (HORIZON, LEAST_PROBABILITY, MOST_TARGET_CALLS, MOST_DRAFTS, MOST_GUESSES) == (6, 0.02, 32, 4, 8)


# Cold start, and giving up ------------------------------------------------------------------------------------------


def test_a_drafter_of_which_too_little_is_known_is_tried_where_it_might_well_be_worth_it() -> None:
    estimates = known(draft_s=1.0, target_s=4.0, draft_usd=0.1, target_usd=4.0)  # worth it from a rate of 4.1 / 7 on
    estimates.by_rank = {0: Tally(1.0, 3.0)}  # expected to hold with 0.4, but for all we know with 0.73
    assert estimates.might_hold == pytest.approx(0.4 + 1.5 * (0.4 * 0.6 / 5) ** 0.5)
    assert wanted(chooser(HOUR, estimates), chain()) == ["A:"]
    assert wanted(chooser(HOUR / 1000, estimates), chain()) == []
    assert wanted(chooser(0, estimates), chain()) == []
    estimates.by_rank = {0: Tally(19.0, 48.0)}  # as often, but surer: with 0.5 at most
    assert wanted(chooser(HOUR, estimates), chain()) == []


def test_of_a_drafter_that_was_never_judged_everything_is_possible() -> None:
    assert Estimates().might_hold == 1.0


def test_it_is_tried_at_the_frontier_and_on_sure_prefixes_only() -> None:
    estimates = known(draft_usd=0.1, target_usd=4.0)
    estimates.by_rank = {0: Tally(1.0, 3.0)}
    assert wanted(chooser(HOUR, estimates), chain("a")) == []
    sure = chain("a")
    sure.verdict = Verdict(Step("a"), "target", 0)
    assert wanted(chooser(HOUR, estimates), sure) == ["A:a"]


def test_why_nothing_is_worth_it_is_said() -> None:
    assert chooser(0).why_not == "an hour of waiting is worth nothing, so the target works alone"
    assert chooser(HOUR).why_not == ""
    assert chooser(inf).why_not == ""
    slow = chooser(30, known(draft_s=4.0, target_s=4.0, right=75, wrong=25))
    assert slow.why_not == (
        "speculation is not worth it with these agents: 75% of the drafts hold, a draft takes 4.0 s and a verdict 4.0 s, and an "
        "hour of waiting is worth $30"
    )
    assert chooser(30, known(target_usd=0.5, right=1, wrong=99)).why_not.startswith("speculation is not worth it")


# What is learned ----------------------------------------------------------------------------------------------------


def test_calls_teach_when_they_end() -> None:
    ours = Chooser(30)
    node = Node(0)
    target, draft = Call(0, "target", node, 0, started_s=1.0), Call(1, "approximation", node, drafter=1, started_s=2.0)
    ours.at(1.0)
    ours.call_began(target)
    ours.at(2.0)
    ours.call_began(draft)
    ours.at(5.0)
    ours.call_ended(target, paid(0.5), "answered")
    ours.call_ended(draft, paid(0.1), "cancelled")
    assert list(ours.estimates.target.durations.seen) == [(4.0, True)]
    assert (ours.estimates.queueing.others, ours.estimates.sharing.others) == (0, 3 / 4)
    assert list(ours.estimates.drafter(1).durations.seen) == [(3.0, False)]
    assert not ours.estimates.drafter(1).prices.seen


def test_calls_that_failed_or_never_had_their_turn_teach_nothing() -> None:
    ours = Chooser(30)
    failed = Call(0, "target", Node(0), 0, started_s=1.0)
    ours.call_began(failed)
    ours.at(5.0)
    ours.call_ended(Call(1, "target", Node(0), 0), paid(0.5), "cancelled")
    ours.call_ended(failed, paid(0.5), "failed")
    assert ours.learned == Chooser(30).learned


def test_verdicts_and_steps_teach() -> None:
    ours, node = Chooser(30), Node(0)
    ours.judged(node.child(Step("fly")), Guess(1, 0), accepted=True)
    ours.judged(node.child(Step("swim")), Guess(1, 0, 1), accepted=False)
    assert list(ours.estimates.contexts.by_position) == [0]
    ours.confirmed(node.child(Step(FINISH)))
    ours.confirmed(node.child(Step("fly")))
    assert ours.estimates.by_rank == {0: Tally(1, 1), 1: Tally(0, 1)}
    assert ours.estimates.by_action == {"fly": Tally(1, 1)}
    assert ours.estimates.ends == Tally(1, 2)


def test_it_begins_with_what_an_earlier_one_has_learned() -> None:
    ours = Chooser(30)
    ours.begin(text_of(known(draft_s=2.0)))
    assert ours.estimates.drafter(0).durations.mean_s == 2
    with pytest.raises(ValueError, match="these are no estimates"):
        ours.begin("{}")
