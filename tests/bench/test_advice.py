"""Would it help me? Figures by hand, a plain answer, and intervals that hold as often as they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outrider.bench.advice import LEARNING, MOST_KEPT, Advice, Adviser
from outrider.bench.expectation import FEWEST_RUNS, held, holds, predicted_mean, predicted_ratio, t_quantile, widened
from outrider.bench.harness import compare
from outrider.bench.rows import Trace, read_rows
from outrider.bench.schedulers import schedulers_named
from outrider.bench.statistics import Estimate
from outrider.bench.suites import sources_named
from outrider.bench.traces import TokenPrices
from outrider.errors import BadOption

from .making import PAIRS, trace


def advised(*found: Trace, prices: TokenPrices | None = None, hour_usd: float = 30.0, seed: int = 0) -> Advice:
    adviser = Adviser(prices=prices or TokenPrices(), hour_usd=hour_usd, seed=seed)
    for one in found:
        adviser.add(one)
    return adviser.advice()


GOOD = [trace("y" * n) for n in range(4, 14)]
POOR = [trace("n" * n) for n in range(4, 14)]


def test_good_drafts_get_a_yes_with_a_lookahead() -> None:
    advice = advised(*GOOD)
    assert advice.answer == "yes"
    assert advice.lookahead in ("lookahead-2", "lookahead-4", "lookahead-8")
    assert advice.reason.startswith(advice.lookahead)
    assert advice.acceptance.value == 1.0


def test_drafts_that_are_never_right_get_a_no() -> None:
    advice = advised(*POOR)
    assert (advice.answer, advice.lookahead) == ("no", None)
    assert "too little is gained" in advice.reason
    assert all(setting.time_ratio.value == 1 for setting in advice.settings)


def test_what_costs_more_than_the_time_is_worth_gets_a_no() -> None:
    runs = [trace("yn" * n) for n in range(3, 13)]
    dear = advised(*runs, prices=TokenPrices(target=10_000, draft=10_000))
    assert dear.answer == "no"
    assert "an hour saved would cost" in dear.reason
    assert advised(*runs, prices=TokenPrices(target=10_000, draft=10_000), hour_usd=1e6).answer == "yes"


def test_a_few_runs_get_neither() -> None:
    advice = advised(*GOOD[: FEWEST_RUNS - 1])
    assert advice.answer == "unknown"
    assert "too few to tell" in advice.reason
    assert all(setting.time_ratio.interval is None for setting in advice.settings)


def test_runs_that_differ_too_much_get_neither() -> None:
    advice = advised(trace("y" * 12), *[trace("n" * 12)] * 4)
    assert advice.answer == "unknown"
    assert "differ too much" in advice.reason


def test_without_tokens_it_goes_by_time_and_says_so() -> None:
    rows = [replace(one, rows=tuple(replace(row, draft_tokens=None) for row in one.rows)) for one in GOOD]
    advice = advised(*rows)
    assert advice.answer == "yes"
    assert "what it costs is unknown" in advice.reason
    assert advice.break_even is None
    assert advice.as_json()["settings"][0]["cost_ratio"] is None


def test_the_break_even_acceptance_is_where_worth_and_price_meet() -> None:
    """At lookahead 1 and equal prices for all, a dearer token moves the break-even up, and a dearer hour moves it down."""
    runs = [trace("ynynyn") for _ in range(10)]
    found = [advised(*runs, hour_usd=hour, prices=TokenPrices(target=100, draft=100)).break_even for hour in (4, 8, 30)]
    values = [estimate.value for estimate in found if estimate is not None]
    assert len(values) == 3
    assert 1 > values[0] > values[1] > values[2] > 0
    for estimate in found:
        assert estimate is not None
        assert estimate.interval is not None
        assert estimate.interval[0] <= estimate.value <= estimate.interval[1]


def test_where_no_acceptance_is_enough_there_is_no_break_even() -> None:
    assert advised(*GOOD, hour_usd=0.0).break_even is None


def test_the_slowdown_that_eats_the_gain_is_one_over_the_ratio() -> None:
    advice = advised(*GOOD)
    best = next(setting for setting in advice.settings if setting.lookahead == advice.lookahead)
    assert advice.slowdown == 1 / best.time_ratio.value


def test_the_step_that_costs_most_is_the_one_waited_for() -> None:
    names = ["look", "think", "look", "look"]
    runs = [trace("ynyyy", actions=names, target_s=[1, 20, 1, 1, 1]) for _ in range(6)]
    costly = advised(*runs).costly
    assert costly is not None
    assert (costly.action, costly.times, costly.right) == ("think", 6, 0.0)
    assert costly.share.value > 0.7


def test_the_same_seed_gives_the_same_advice() -> None:
    runs = list(read_rows(PAIRS))
    assert advised(*runs).as_json() == advised(*runs).as_json()


def test_more_runs_than_are_kept_are_sampled() -> None:
    adviser = Adviser(prices=TokenPrices(), hour_usd=30, seed=0)
    for n in range(MOST_KEPT + 50):
        adviser.add(replace(trace("y"), task=f"task {n}"))
    assert len(adviser.kept) == MOST_KEPT
    assert adviser.runs == MOST_KEPT + 50
    assert {int(one.task.split()[1]) >= MOST_KEPT for one in adviser.kept} == {True, False}


@pytest.mark.parametrize("hour_usd", [-1, float("nan"), float("inf")])
def test_an_hour_that_is_worth_nonsense_is_told(hour_usd: float) -> None:
    with pytest.raises(BadOption, match="an hour is worth"):
        Adviser(prices=TokenPrices(), hour_usd=hour_usd, seed=0)


# The intervals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("freedom", "value"), [(4, 2.776), (9, 2.262), (19, 2.093), (100, 1.984)])
def test_students_t_is_that_of_the_tables(freedom: int, value: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(value, rel=0.005)


def test_a_prediction_for_more_runs_is_surer() -> None:
    ours, theirs = [1.0, 2.0, 2.5, 1.5, 3.0, 2.0], [2.0, 3.0, 3.0, 3.0, 4.0, 3.5]
    few, many = predicted_ratio(ours, theirs, 3), predicted_ratio(ours, theirs, 300)
    assert few.value == many.value == 12 / 18.5
    assert few.interval is not None
    assert many.interval is not None
    assert few.interval[0] < many.interval[0] < few.value < many.interval[1] < few.interval[1]


def test_a_mean_of_equal_values_is_certain() -> None:
    assert predicted_mean([2.0] * 8, 4).interval == (2.0, 2.0)


def test_nothing_can_be_compared_with_nothing() -> None:
    with pytest.raises(BadOption, match="nothing to compare with"):
        predicted_ratio([1.0], [0.0], 1)


@pytest.mark.parametrize("number", [0, 1])
def test_on_held_out_halves_the_intervals_hold_about_as_often_as_they_say(number: int) -> None:
    """Of the recorded pairs here; ``scripts/check_advice.py`` counts it for every suite."""
    source = sources_named("local-pairs")[number]
    comparison = compare(source.read(lambda note: None), schedulers_named(["lookahead-1", "lookahead-4"]))
    for name in ("lookahead-1", "lookahead-4"):
        time = comparison.time(name)
        assert 0.92 <= held(time.ours, time.theirs, splits=500, seed=1) <= 0.99


def test_an_interval_holds_a_ratio_that_lies_in_it_to_its_very_ends_and_no_other() -> None:
    expected = Estimate(0.5, (0.25, 0.75))
    for ratio, inside in ((0.25, True), (0.75, True), (0.249, False), (0.751, False)):
        assert holds(expected, ([ratio, ratio], [0.5, 1.5])) == inside
    assert not holds(Estimate(0.5, None), ([1.0], [2.0])), "of a single run nothing is predicted"


def test_what_depends_on_the_order_of_the_runs_is_told_with_a_wider_interval() -> None:
    expected = Estimate(0.5, (0.4, 0.6))
    assert widened(expected, [0.5] * 4).interval == pytest.approx((0.4, 0.6))
    low, high = widened(expected, [0.5, 0.6, 0.4, 0.5]).interval or (0.0, 0.0)
    spread = (0.02 / 4) ** 0.5 * t_quantile(0.975, 4)
    assert (low, high) == pytest.approx((0.5 - (0.01 + 2 * spread**2) ** 0.5, 0.5 + (0.01 + 2 * spread**2) ** 0.5))
    assert widened(Estimate(0.5, None), [0.4, 0.6]).interval is None


def test_a_dial_that_finds_out_only_in_some_orders_what_is_worth_it_is_told_to_be_less_sure() -> None:
    runs = [trace("yyyynnnn" if n % 3 else "nnnnnnnn") for n in range(12)]
    adviser = Adviser(prices=TokenPrices(), hour_usd=30.0, seed=0)
    for found in runs:
        adviser.add(found)
    for setting, name in zip(adviser.advice().settings[-3:], LEARNING, strict=True):
        time = adviser.comparison.time(name)
        fixed, told = predicted_ratio(time.ours, time.theirs, 12).interval, setting.time_ratio.interval
        assert fixed is not None
        assert told is not None
        assert told[0] <= fixed[0] + 1e-9
        assert told[1] >= fixed[1] - 1e-9


def test_every_setting_of_the_dial_is_tried_and_learns_from_run_to_run() -> None:
    runs = [trace("yynyy") for _ in range(12)]
    found = advised(*runs)
    names = [setting.lookahead for setting in found.settings]
    assert names[-3:] == ["auto@3", "auto@30", "auto@300"]
    slowest_fixed = max(setting.time_ratio.value for setting in found.settings[:4])
    assert all(setting.time_ratio.value <= slowest_fixed for setting in found.settings[-2:])


def test_a_dial_that_holds_back_does_not_hide_what_a_gain_would_cost() -> None:
    runs = [trace("yn" * n) for n in range(3, 13)]
    dear = advised(*runs, prices=TokenPrices(target=10_000, draft=10_000))
    held = next(setting for setting in dear.settings if setting.lookahead == "auto@3")
    assert held.time_ratio.value > 0.95
    assert "an hour saved would cost" in dear.reason
