"""What is known of a pair of agents, and how it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Usage
from outrider.rules.durations import OVERDUE, REMEMBERED, Durations, kaplan_meier
from outrider.rules.estimates import (
    ASSUMED_TOKENS,
    ASSUMED_USD_PER_TOKEN,
    MOST_DRAFTERS,
    MOST_RANKS,
    AtOnce,
    Company,
    Estimates,
    Prices,
    weighed_usd,
)
from outrider.rules.kept import FADING, MOST_KINDS, as_json, estimates_of, text_of
from outrider.rules.load import Beside
from outrider.rules.tallies import CONFIDENCES, MOST_JUDGED, MOST_POSITIONS, Lift, Tally

Seen = list[tuple[float, bool]]
PRIOR_S = 5.0

UNSEEN = 3
"""A position of which nothing is known."""

unhurried = settings(deadline=None)

seen = st.lists(st.tuples(st.integers(0, 40).map(lambda n: n / 4), st.booleans()), max_size=REMEMBERED)


def durations(*entries: tuple[float, bool]) -> Durations:
    known = Durations(PRIOR_S)
    for seconds, ended in entries:
        known.learn(seconds, ended=ended)
    return known


def lasting(entries: Seen, elapsed_s: float) -> float:
    """The share of calls that last longer than ``elapsed_s``, by the definition: the product over the ends up to then."""
    share = 1.0
    for end_s in {seconds for seconds, ended in entries if ended and seconds <= elapsed_s}:
        at_risk = sum(seconds >= end_s for seconds, _ in entries)
        share *= 1 - sum(ended and seconds == end_s for seconds, ended in entries) / at_risk
    return 0.0 if elapsed_s >= max(seconds for seconds, _ in entries) else share


# How long a call takes ----------------------------------------------------------------------------------------------


def test_before_anything_was_seen_a_call_takes_what_it_usually_does() -> None:
    assert durations().mean_s == PRIOR_S
    assert durations().remaining_s(2.0) == PRIOR_S - 2
    assert durations().sample == (1, 1, 1, 1, 1)


def test_where_every_call_ended_the_mean_is_the_mean() -> None:
    known = durations((2.0, True), (4.0, True), (6.0, True))
    assert known.mean_s == pytest.approx(4.0)
    assert known.remaining_s(2.0) == pytest.approx((2 + 4) / 2), "one has ended; the others need 2 and 4 more"
    assert known.remaining_s(5.0) == pytest.approx(1.0)


def test_a_closed_call_would_have_taken_longer_by_hand() -> None:
    # Of three calls one ends at 2: two thirds last longer. One is closed at 3. The last one ends at 5.
    known = durations((5.0, True), (3.0, False), (2.0, True))
    assert known.mean_s == pytest.approx(2 + (5 - 2) * 2 / 3)
    assert known.remaining_s(2.5) == pytest.approx(2.5)


def test_a_call_that_was_closed_at_the_instant_when_another_ended_was_still_at_risk() -> None:
    assert kaplan_meier([(2.0, True), (2.0, False), (4.0, True)], PRIOR_S) == [(2.0, pytest.approx(2 / 3)), (4.0, 0.0)]


def test_where_none_has_ended_calls_take_as_long_as_the_longest_that_was_closed() -> None:
    assert durations((1.0, False)).mean_s == PRIOR_S
    assert durations((9.0, False), (1.0, False)).mean_s == 9


def test_an_overdue_call_is_due_soon_and_not_at_once() -> None:
    known = durations((2.0, True), (4.0, True))
    assert known.remaining_s(4.0) == OVERDUE * 4
    assert known.remaining_s(10.0) == OVERDUE * 10
    assert durations((0.0, True)).remaining_s(0.0) == pytest.approx(OVERDUE * OVERDUE * PRIOR_S)


def test_a_clock_that_went_back_counts_as_no_time() -> None:
    assert durations((-1.0, True)).mean_s == 0


def test_only_the_latest_count() -> None:
    known = durations(*[(100.0, True)] * REMEMBERED, *[(1.0, True)] * REMEMBERED)
    assert known.mean_s == pytest.approx(1.0)
    assert len(known.seen) == REMEMBERED


def test_what_was_learned_counts_at_once() -> None:
    known = durations((2.0, True))
    assert known.mean_s == 2
    known.learn(4.0, ended=True)
    assert known.mean_s == pytest.approx(3.0)


def test_five_calls_stand_for_all() -> None:
    known = durations(*((float(seconds), True) for seconds in range(1, 11)))
    assert known.sample == pytest.approx([share / 5 for share in (1, 3, 5, 7, 9)])
    assert durations((0.0, True)).sample == (1.0,)
    assert durations((0.01, True), (0.03, True)).sample == pytest.approx([5 / 9, 5 / 9, 5 / 9, 15 / 9, 15 / 9]), "short ones too"


@unhurried
@given(seen.filter(lambda entries: any(ended for _, ended in entries)), st.integers(0, 39).map(lambda n: n / 4))
def test_what_remains_is_the_area_under_the_curve_beyond_it(entries: Seen, elapsed_s: float) -> None:
    known, left, step = durations(*entries), lasting(entries, elapsed_s), 0.25
    if left == 0:
        return
    area = sum(lasting(entries, elapsed_s + n * step) * step for n in range(45))
    assert known.remaining_s(elapsed_s) == pytest.approx(area / left)


@unhurried
@given(seen.filter(bool), st.data())
def test_a_call_that_was_closed_instead_of_ending_never_makes_them_seem_faster(entries: Seen, data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(entries) - 1))
    closed = [(seconds, ended and i != which) for i, (seconds, ended) in enumerate(entries)]
    assert durations(*closed).mean_s >= durations(*entries).mean_s - 1e-9


@unhurried
@given(seen.filter(lambda entries: len(entries) < REMEMBERED), st.integers(0, 40).map(lambda n: n / 4))
def test_one_more_closed_call_never_makes_them_seem_faster(entries: Seen, seconds: float) -> None:
    assert durations(*entries, (seconds, False)).mean_s >= durations(*entries).mean_s - 1e-9


# What a call costs --------------------------------------------------------------------------------------------------


def test_an_unknown_price_is_assumed_and_never_nothing() -> None:
    assert weighed_usd(Usage(prompt_tokens=90, output_tokens=10, counted="reported")) == 100 * ASSUMED_USD_PER_TOKEN
    assert weighed_usd(Usage()) == ASSUMED_TOKENS * ASSUMED_USD_PER_TOKEN
    assert weighed_usd(Usage(prompt_tokens=9, counted="reported", cost_usd=0.5)) == 0.5
    assert weighed_usd(Usage(prompt_tokens=9, counted="reported", cost_usd=0.0)) == 0.0, "what is known to be free is free"


def test_a_price_is_the_mean_of_the_latest() -> None:
    prices = Prices()
    assert prices.mean_usd == ASSUMED_TOKENS * ASSUMED_USD_PER_TOKEN
    for usd in (1.0, 2.0):
        prices.learn(usd)
    assert prices.mean_usd == 1.5
    for _ in range(REMEMBERED):
        prices.learn(4.0)
    assert prices.mean_usd == 4.0


def test_what_is_due_at_once_is_learned_from_calls_that_were_closed() -> None:
    known = AtOnce()
    assert known.share == 0.5
    for _ in range(99):  # three tenths at once, the rest evenly: after half of its time a call has cost 0.65
        known.learn(0.65, 0.5)
    assert known.share == pytest.approx((99 * 0.15 + 0.5) / (99 * 0.5 + 1))
    known.learn(0.1, 0.9)
    assert known.due == pytest.approx(99 * 0.15), "never less than nothing is due at once"


def test_what_is_due_at_once_is_never_more_than_all() -> None:
    known = AtOnce()
    for _ in range(9):
        known.learn(5.0, 0.9)
    assert known.share == 1.0


def test_old_closed_calls_fade() -> None:
    known = AtOnce(due=MOST_JUDGED, left=MOST_JUDGED)
    known.learn(0.0, 0.0)
    assert (known.due, known.left) == (MOST_JUDGED / 2, MOST_JUDGED / 2 + 1)


def answered(known: Estimates, seconds: float, usd: float, *, others: float = 0, target: bool = True, drafter: int = 0) -> None:
    usage = Usage(counted="reported", cost_usd=usd)
    known.learn_answer("target" if target else "approximation", drafter, seconds, usage, Beside(others, 2.0 * others))


def test_a_closed_call_teaches_what_it_cost_by_then() -> None:
    known = Estimates()
    known.learn_closed("target", 0, 1.0, Usage(counted="reported", cost_usd=1.0))
    assert known.at_once == AtOnce(), "nobody knows yet what a whole one costs"
    answered(known, 4.0, 2.0)
    known.learn_closed("target", 0, 1.0, Usage(counted="reported", cost_usd=1.0))
    assert (known.at_once.due, known.at_once.left) == (0.5 - 0.25, 0.75), "1 of 4 s, 1 of 2 dollars"


def test_a_closed_draft_and_one_that_ran_too_long_teach_no_price() -> None:
    known = Estimates()
    answered(known, 4.0, 2.0)
    answered(known, 4.0, 2.0, target=False)
    known.learn_closed("approximation", 0, 1.0, Usage(counted="reported", cost_usd=1.0))
    known.learn_closed("target", 0, 4.0, Usage(counted="reported", cost_usd=1.0))
    assert known.at_once == AtOnce()
    assert known.drafter(0).durations.seen[-1] == (1.0, False)
    assert known.target.durations.seen[-1] == (4.0, False)


def test_a_call_that_is_closed_has_cost_its_share() -> None:
    known = Estimates(at_once=AtOnce(due=0.5, left=1.0))  # with what is expected beforehand: one half
    answered(known, 4.0, 2.0)
    assert known.closed_usd(0.0) == pytest.approx(1.0)
    assert known.closed_usd(0.5) == pytest.approx(1.5)
    assert known.closed_usd(3.0) == pytest.approx(2.0)


def test_a_free_target_teaches_no_share() -> None:
    known = Estimates()
    answered(known, 4.0, 0.0)
    known.learn_closed("target", 0, 1.0, Usage(counted="reported", cost_usd=0.0))
    assert known.at_once == AtOnce()


def test_every_drafter_is_known_by_itself() -> None:
    known = Estimates()
    answered(known, 1.0, 0.5, target=False, drafter=1)
    assert known.drafter(1).durations.mean_s == 1
    assert known.drafter(1).prices.mean_usd == 0.5
    assert known.drafter(0).durations.mean_s == Durations(1.5).mean_s
    assert known.drafter(100) is known.drafter(MOST_DRAFTERS - 1)
    assert len(known.drafters) == MOST_DRAFTERS


# How often a draft holds --------------------------------------------------------------------------------------------


def test_a_few_judgements_are_drawn_towards_what_is_expected() -> None:
    tally = Tally()
    assert tally.rate(0.5, 2.0) == 0.5
    tally.learn(accepted=True)
    assert tally.rate(0.5, 2.0) == pytest.approx(2 / 3)
    tally.learn(accepted=False)
    assert tally.rate(0.5, 2.0) == pytest.approx(0.5)
    assert (tally.accepted, tally.judged) == (1, 2)


def test_old_judgements_fade() -> None:
    tally = Tally(accepted=MOST_JUDGED, judged=MOST_JUDGED)
    tally.learn(accepted=False)
    assert (tally.accepted, tally.judged) == (MOST_JUDGED / 2, MOST_JUDGED / 2 + 1)
    nearly = Tally(accepted=0.0, judged=MOST_JUDGED - 1)
    nearly.learn(accepted=False)
    assert nearly.judged == MOST_JUDGED


def test_a_guess_holds_as_often_as_those_of_its_action_as_far_as_they_are_known() -> None:
    known = Estimates()
    for _ in range(8):
        known.learn_judgement("fly", 0, accepted=True)
    for _ in range(8):
        known.learn_judgement("say", 0, accepted=False)
    assert known.rate(0) == pytest.approx(0.5)
    assert known.holds(0, "fly", UNSEEN) == pytest.approx((8 + 4 * 0.5) / 12)
    assert known.holds(0, "say", UNSEEN) == pytest.approx((0 + 4 * 0.5) / 12)
    assert known.holds(0, "swim", UNSEEN) == pytest.approx(0.5), "of which nothing is known"
    assert known.finish == pytest.approx(1 / 8)


def test_later_guesses_are_another_kind() -> None:
    known = Estimates()
    assert (known.rate(0), known.rate(1)) == (0.5, 0.2)
    known.learn_judgement("fly", 1, accepted=True)
    assert known.holds(1, "fly") == known.rate(1) == pytest.approx((1 + 2 * 0.2) / 3)
    assert "fly" not in known.by_action
    known.learn_judgement("fly", MOST_RANKS + 5, accepted=True)
    assert known.rate(MOST_RANKS - 1) == known.rate(MOST_RANKS) > 0.2


def test_other_guesses_are_expected_as_often_as_they_were_made() -> None:
    known = Estimates()
    assert list(known.others_would_hold(0)) == []
    for _ in range(4):
        known.learn_judgement("fly", 0, accepted=False)
    for rank in (1, 2, 1):
        known.learn_judgement("fly", rank, accepted=False)
    assert list(known.others_would_hold(0)) == pytest.approx([2 / 4 * known.rate(1), 1 / 4 * known.rate(2)])
    assert list(known.others_would_hold(1)) == list(known.others_would_hold(0))
    assert list(known.others_would_hold(2)) == pytest.approx([1 / 4 * known.rate(2)])


def test_other_guesses_of_which_the_first_was_never_judged_count_for_nothing() -> None:
    known = Estimates()
    known.learn_judgement("fly", 1, accepted=True)
    assert list(known.others_would_hold(0)) == [0.0]


def test_the_end_of_a_plan_is_learned_from_its_steps() -> None:
    known = Estimates()
    for finish in (False, False, True):
        known.learn_step(finish)
    assert known.finish == pytest.approx((1 + 2 / 8) / 5)


# Slowing one another down -------------------------------------------------------------------------------------------


def test_only_answered_target_calls_tell_of_a_slowdown() -> None:
    known = Estimates()
    answered(known, 4.0, 2.0, others=2)
    answered(known, 4.0, 2.0, others=2, target=False)
    known.learn_closed("target", 0, 1.0, Usage())
    assert (known.queueing.count, known.queueing.others) == (1, 2)
    assert (known.sharing.count, known.sharing.others) == (1, 4)
    assert (known.target.company.mean, known.drafter(0).company.mean) == (4, 4)


@pytest.mark.parametrize(("queueing", "sharing", "worse"), [(0.5, 0.0, 0.25), (0.0, 0.5, 0.25), (0.5, 1.0, 0.5)])
def test_the_worse_of_two_ways_of_slowing_counts(queueing: float, sharing: float, worse: float) -> None:
    known = Estimates()
    for others in range(5):
        known.queueing.learn(others, 2.0 + queueing * others)
        known.sharing.learn(others, 2.0 + sharing * others)
    assert known.slowing(0) == pytest.approx(worse)


def test_the_company_of_calls_is_the_mean_and_old_ones_fade() -> None:
    company = Company()
    assert company.mean == 0
    for others in (1.0, 2.0):
        company.learn(others)
    assert company.mean == 1.5
    for _ in range(REMEMBERED):
        company.learn(3.0)
    assert company.count < REMEMBERED
    assert 2.9 < company.mean < 3


# Kept ---------------------------------------------------------------------------------------------------------------


def much() -> Estimates:
    known = Estimates()
    for n in range(5):
        answered(known, 4.0 + n, 2.0 + n, others=n)
        answered(known, 1.0 + n, 0.5, target=False, drafter=n % 2)
        known.learn_closed("target", 0, 0.5, Usage(counted="reported", cost_usd=1.0))
        known.learn_judgement(f"action {n}", n % 3, accepted=n % 2 == 0, at=n, confidence=n / 4 if n < 3 else None)
        known.learn_step(n == 4)
    return known


def faded(lifts: dict[int, Lift]) -> dict[int, Lift]:
    return {
        key: Lift(FADING * lift.accepted, FADING * lift.expected, FADING * lift.judged) for key, lift in sorted(lifts.items())
    }


def test_what_is_kept_comes_again_a_little_faded() -> None:
    before, after = much(), estimates_of(text_of(much()))
    assert after.target.durations.mean_s == before.target.durations.mean_s
    assert after.target.prices.mean_usd == before.target.prices.mean_usd
    for number in (0, 1):
        assert after.drafter(number).durations.seen == before.drafter(number).durations.seen
        assert after.drafter(number).prices.seen == before.drafter(number).prices.seen
    assert after.at_once.left == pytest.approx(FADING * before.at_once.left)
    assert after.at_once.due == pytest.approx(FADING * before.at_once.due)
    for now, then in ((after.queueing, before.queueing), (after.sharing, before.sharing)):
        assert now.count == pytest.approx(FADING * then.count)
        assert now.product == pytest.approx(FADING * then.product)
    assert after.sharing.others == 2 * after.queueing.others
    for ours, theirs in ((after.target.company, before.target.company), (after.drafter(1).company, before.drafter(1).company)):
        assert (ours.others, ours.count) == pytest.approx((FADING * theirs.others, FADING * theirs.count))
    assert after.contexts.by_position == faded(before.contexts.by_position)
    assert after.contexts.by_confidence == faded(before.contexts.by_confidence)
    assert len(after.contexts.by_confidence) == 3
    assert after.ends == Tally(FADING * before.ends.accepted, FADING * before.ends.judged)
    assert after.by_rank == {
        rank: Tally(FADING * tally.accepted, FADING * tally.judged) for rank, tally in before.by_rank.items()
    }
    assert after.by_action.keys() == before.by_action.keys()


def test_a_slowdown_survives_being_kept() -> None:
    known = Estimates()
    for others in (0, 1, 2, 3, 4):
        answered(known, 2.0 + 0.5 * others, 1.0, others=others)
    assert estimates_of(text_of(known)).queueing.s_per_call == pytest.approx(0.5)
    assert estimates_of(text_of(known)).sharing.s_per_call == pytest.approx(0.25)


def test_what_an_earlier_version_kept_is_read_and_the_rest_begun_anew() -> None:
    found: Any = as_json(much())
    found["slowdown"] = found.pop("queueing")
    for name in ("sharing", "by_confidence", "by_position"):
        del found[name]
    for calls in (found["target"], *found["drafters"]):
        del calls["company"]
    old, new = estimates_of(json.dumps(found)), estimates_of(text_of(much()))
    assert old.queueing == new.queueing
    assert (old.sharing.count, old.target.company.count) == (0, 0)
    assert (old.contexts.by_confidence, old.contexts.by_position) == ({}, {})
    assert (old.by_rank, old.by_action, old.target.durations.seen) == (new.by_rank, new.by_action, new.target.durations.seen)


def test_what_is_not_seen_any_more_is_forgotten() -> None:
    known = Estimates(by_rank={0: Tally(0.0, 50.0)})
    for _ in range(60):
        known = estimates_of(text_of(known))
    assert known.rate(0) == pytest.approx(0.5, abs=0.03)


def test_only_so_many_actions_are_kept_the_most_judged_first() -> None:
    known = Estimates(by_action={f"{n}": Tally(0.0, float(n)) for n in range(MOST_KINDS + 5)})
    kept = estimates_of(text_of(known)).by_action
    assert len(kept) == MOST_KINDS
    assert "4" not in kept
    assert "5" in kept


def test_more_drafters_than_are_known_apart_are_left_out() -> None:
    found: Any = as_json(much())
    found["drafters"] *= MOST_DRAFTERS
    assert len(estimates_of(json.dumps(found)).drafters) == MOST_DRAFTERS


def broken(**changes: Any) -> str:
    return json.dumps(as_json(much()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        broken(ends=[3, 2]),
        broken(ends=[-1, 2]),
        broken(ends=[1]),
        broken(ends=None),
        broken(by_rank={"-1": [0, 1]}),
        broken(by_rank={str(MOST_RANKS): [0, 1]}),
        broken(by_rank={"first": [0, 1]}),
        broken(by_rank=[]),
        broken(by_action={"fly": [True, 2]}),
        broken(by_action={"fly": ["1", 2]}),
        broken(by_action={"fly": [1, float("inf")]}),
        broken(by_action={"fly": [1, float("nan")]}),
        broken(at_once=[1]),
        broken(at_once=[1, 2, 3]),
        broken(queueing=[1, 2]),
        broken(queueing=[10**400] * 6),
        broken(sharing=[1e200] * 6),
        broken(by_position={str(MOST_POSITIONS + 1): [0, 0, 1]}),
        broken(by_position={"-1": [0, 0, 1]}),
        broken(by_position={"0": [2, 0, 1]}),
        broken(by_position={"0": [0, 2, 1]}),
        broken(by_position={"0": [0, 1]}),
        broken(by_confidence={str(CONFIDENCES): [0, 0, 1]}),
        broken(by_confidence={"0": [0, -1, 1]}),
        broken(by_confidence=[]),
        broken(target={"durations": [], "usd": [], "company": [-1, 2]}),
        broken(target={"durations": [], "usd": [], "company": [1]}),
        broken(target={"durations": [[1.0, 1]], "usd": []}),
        broken(target={"durations": [[1.0]], "usd": []}),
        broken(target={"durations": [], "usd": [-1]}),
        broken(target=[]),
        broken(drafters={}),
        broken(drafters=[{}]),
        broken(drafters=3),
    ],
)
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        estimates_of(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*as_json(Estimates())]), inner, max_size=8),
    max_leaves=12,
)


@unhurried
@given(st.sampled_from([*as_json(much())]), json_values)
def test_whatever_stands_there_it_is_read_or_refused(name: str, value: Any) -> None:
    try:
        found = estimates_of(broken(**{name: value}))
    except ValueError:
        return
    assert found.target.durations.mean_s >= 0


@unhurried
@given(seen)
def test_anything_learned_can_be_kept(entries: Seen) -> None:
    known = Estimates()
    for seconds, ended in entries:
        known.target.durations.learn(seconds, ended=ended)
    assert estimates_of(text_of(known)).target.durations.mean_s == known.target.durations.mean_s


def test_the_bounds_of_what_is_remembered_are_those_that_are_documented() -> None:
    assert (REMEMBERED, MOST_DRAFTERS, MOST_RANKS, MOST_POSITIONS, MOST_KINDS, ASSUMED_TOKENS) == (48, 8, 8, 4, 200, 500)


def test_a_step_whose_number_is_not_said_is_the_first() -> None:
    known = Estimates()
    for _ in range(20):
        known.learn_judgement("fly", 0, accepted=True)
    assert list(known.contexts.by_position) == [0]
    assert known.holds(0, "fly") == known.holds(0, "fly", 0) > known.holds(0, "fly", 1)


def test_what_an_action_tells_of_first_guesses_it_does_not_tell_of_others() -> None:
    known = Estimates()
    for _ in range(20):
        known.learn_judgement("fly", 0, accepted=True)
    assert known.holds(1, "fly") == known.rate(1) < known.holds(0, "fly")


def test_the_company_of_early_calls_fades_once_as_many_were_seen_as_are_remembered() -> None:
    company = Company()
    for _ in range(REMEMBERED):
        company.learn(2.0)
    assert company == Company(2.0 * REMEMBERED, REMEMBERED)
    company.learn(0.0)
    assert company == Company(REMEMBERED, REMEMBERED / 2 + 1)


def bought(*usd: float) -> Estimates:
    """Target calls of 4 s that cost so much."""
    known = Estimates()
    for price in usd:
        known.learn_answer("target", 0, 4.0, Usage(counted="reported", cost_usd=price), Beside())
    return known


@pytest.mark.parametrize(("seconds", "learned"), [(0.0, True), (3.9, True), (4.0, False), (9.0, False)])
def test_only_a_call_that_is_closed_before_its_time_tells_what_is_due_at_once(seconds: float, learned: bool) -> None:
    known = bought(0.5, 0.5)
    known.learn_closed("target", 0, seconds, Usage(counted="reported", cost_usd=1.0))
    assert (known.at_once != AtOnce()) is learned


def test_many_calls_are_told_by_five_of_them_at_even_distances() -> None:
    known = Durations(PRIOR_S)
    for seconds in range(1, REMEMBERED + 1):
        known.learn(float(seconds), ended=True)
    tenths = [5.0, 15.0, 24.0, 34.0, 44.0]  # of 48, the first of which at most so many tenths are shorter or as long
    assert known.sample == pytest.approx([5 * seconds / sum(tenths) for seconds in tenths])


@pytest.mark.parametrize(
    ("number", "fits"), [(1e50, True), (1.1e50, False), (-1, False), ("1", False), (None, False), (True, False)]
)
def test_a_number_that_is_kept_is_one_from_nothing_to_the_most(number: object, fits: bool) -> None:
    kept: Any = as_json(Estimates())
    kept["at_once"] = [0.0, number]
    if fits:
        assert estimates_of(json.dumps(kept)).at_once == AtOnce(0.0, FADING * 1e50)
    else:
        with pytest.raises(ValueError, match=r"no number|no estimates"):
            estimates_of(json.dumps(kept))
