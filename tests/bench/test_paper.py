"""The paper's settings: what was fitted reproduces what was published, where it says so, and suites are drawn from it."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest

from outrider.bench.calibration import TOLERANCE, Plans, Point, chosen, fitted
from outrider.bench.document import Report
from outrider.bench.harness import run_once
from outrider.bench.page import page
from outrider.bench.paper import (
    SMALL_MODEL_PRICE,
    TOKENS_A_VERDICT,
    calibrated,
    draft_length,
    draft_price,
    drawn,
    plan_lengths,
    prices,
    published,
)
from outrider.bench.paper_report import apart, headline, ours, paper_report
from outrider.bench.plain import markdown
from outrider.bench.schedulers import Alone
from outrider.bench.suites import DATA, PAPER, sources_named
from outrider.rules import Batch, Sliding

from .test_report import MADE, read

ROOT = Path(__file__).parents[2]
SETTINGS = {setting.name: setting for setting in published()}
NAMES = sorted(SETTINGS)


def test_the_published_figures_are_those_of_the_paper() -> None:
    theirs = {name: (it.total_s, it.alone_s, it.cost_usd, it.alone_usd, it.calls_max) for name, it in SETTINGS.items()}
    assert theirs["openagi-1"] == (33.91, 43.63, 0.122, 0.0713, 4.66)
    assert theirs["openagi-3"] == (105.42, 182.70, 0.2973, 0.2160, 4.53)
    assert theirs["openagi-4"] == (4.63, 5.77, 0.0012, 0.0012, 4.05)
    assert theirs["travelplanner-3"] == (568.10, 733.12, 0.5941, 0.3990, 5)
    assert len(theirs) == 7


@pytest.mark.parametrize("name", NAMES)
def test_the_fit_reproduces_the_published_time_and_what_it_says_it_reproduces(name: str) -> None:
    found = ours(SETTINGS[name], calibrated()[name], seed=0)
    off = apart(found)
    assert abs(off["TT, s"]) <= TOLERANCE
    assert (max(map(abs, off.values())) <= 1.5 * TOLERANCE) is found.fit.fits


def test_only_openagi_4_is_said_to_part() -> None:
    assert [name for name, fit in calibrated().items() if not fit.fits] == ["openagi-4"]
    rows = [ours(SETTINGS[name], calibrated()[name], seed=0) for name in ("openagi-1", "openagi-4")]
    assert headline(rows).startswith("In 1 of the paper's 2 settings")
    assert headline(rows).endswith("openagi-4 does not.")


def test_without_a_slowdown_their_time_would_need_a_higher_bill_than_theirs() -> None:
    for name in NAMES:
        found = ours(SETTINGS[name], calibrated()[name], seed=0)
        assert found.calm_acceptance < found.fit.acceptance
        assert found.calm_cost > SETTINGS[name].cost_ratio


def test_fitting_a_part_of_the_grid_again_finds_what_is_kept() -> None:
    setting, kept = SETTINGS["openagi-1"], calibrated()["openagi-1"]
    again = fitted(setting, Plans(setting.lengths), [step / 50 for step in range(32, 40)], (0.24, 0.26, 0.28))
    assert (again.acceptance, again.draft_share, again.slowdown) == (kept.acceptance, kept.draft_share, kept.slowdown)


def test_of_all_points_that_fit_the_least_slowdown_is_taken_and_the_others_are_its_range() -> None:
    def point(acceptance: float, slowdown: float, error: float) -> Point:
        return Point(acceptance=acceptance, draft_share=0.2, slowdown=slowdown, error=error)

    fit = chosen([point(0.9, 1.0, 0.03), point(0.8, 1.2, 0.001), point(0.7, 1.1, 0.019)])
    assert (fit.acceptance, fit.slowdown, fit.acceptance_range, fit.fits) == (0.7, 1.1, (0.7, 0.8), True)
    fit = chosen([point(0.9, 1.0, 0.5), point(0.8, 1.2, 0.4)])
    assert (fit.acceptance, fit.acceptance_range, fit.fits) == (0.8, (0.8, 0.8), False)


def test_the_model_with_every_draft_right_and_no_spread_is_the_closed_form() -> None:
    plans = Plans({4: 1}, episodes=4000)
    alone = plans.run(Sliding(0), acceptance=1.0, draft_share=0.2, draft_length=0.2)
    assert (round(alone.time, 3), alone.calls_max, round(alone.target_tokens, 3)) == (1.0, 1.0, 1.0)
    ahead = plans.run(Batch(4), acceptance=1.0, draft_share=0.2, draft_length=0.2)
    assert ahead.cost(1.0) == pytest.approx(1.0 + 0.2, abs=0.02)
    assert ahead.cost(0.0) == pytest.approx(1.0, abs=0.02)


def test_plans_are_as_long_as_the_data_sets_say() -> None:
    assert dict(plan_lengths("OpenAGI")) == {2: 1, 3: 6, 4: 3, 5: 3, 6: 1, 7: 1}
    assert dict(plan_lengths("TravelPlanner")) == {4: 15, 6: 15, 8: 15}
    assert SETTINGS["travelplanner-1"].steps == 6


def test_one_model_has_one_price_and_speed_and_the_small_one_is_cheaper() -> None:
    assert draft_length(SETTINGS["openagi-1"], 0.3) == 0.3
    assert draft_price(SETTINGS["openagi-1"]) == 1.0
    assert draft_length(SETTINGS["openagi-4"], 0.3) == 1.0
    assert draft_price(SETTINGS["openagi-4"]) == SMALL_MODEL_PRICE


# Suites -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_drawn_runs_take_the_published_time_and_money_alone(name: str) -> None:
    setting, fit = SETTINGS[name], calibrated()[name]
    runs = list(drawn(setting, fit, runs=1500))
    assert fmean(trace.alone_s for trace in runs) == pytest.approx(setting.alone_s, rel=0.03)
    costs = [run_once(trace, Alone(), prices(setting)).cost_usd or 0.0 for trace in runs[:300]]
    assert fmean(costs) == pytest.approx(setting.alone_usd, rel=0.05)
    rows = [row for trace in runs for row in trace.rows]
    assert fmean(row.right for row in rows) == pytest.approx(fit.acceptance, abs=0.03)
    assert fmean(row.target_tokens or 0 for row in rows) == pytest.approx(TOKENS_A_VERDICT, rel=0.03)


def test_a_suite_is_the_same_runs_each_time_and_another_seed_is_others() -> None:
    setting, fit = SETTINGS["openagi-2"], calibrated()["openagi-2"]
    assert list(drawn(setting, fit, 20)) == list(drawn(setting, fit, 20))
    assert list(drawn(setting, fit, 20)) != list(drawn(setting, fit, 20, seed=1))


def test_every_setting_is_a_suite_that_says_it_is_drawn() -> None:
    assert sorted(PAPER) == NAMES
    (source,) = sources_named("openagi-1")
    notes: list[str] = []
    assert len(list(source.read(notes.append))) == 200
    assert "nobody recorded them" in notes[0]
    assert source.file == DATA / "paper" / "calibrated.json"


def test_what_was_fitted_names_its_command_and_its_assumptions() -> None:
    kept = json.loads((DATA / "paper" / "calibrated.json").read_text())
    assert kept["tolerance"] == TOLERANCE
    assert kept["assumed"]["small_model_price"] == SMALL_MODEL_PRICE
    assert list(kept["settings"]) == [setting.name for setting in published()]


# The report ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_the_paper() -> Report:
    return paper_report(MADE, settings=published()[:1], runs=20)


def test_the_papers_report_is_well_formed_and_every_plot_has_its_numbers(on_the_paper: Report) -> None:
    text = page(on_the_paper)
    tags = [tag for tag, _ in read(text).tags]
    assert tags.count("svg") == tags.count("details") == 5
    assert "http:" not in text
    assert "https:" not in text
    assert "| openagi-1 | ST, s a step | unknown |" in markdown(on_the_paper)


def test_the_sweep_has_every_point_and_the_laws_hold_in_it(on_the_paper: Report) -> None:
    tables = {table.name: table for table in on_the_paper.tables}
    saved = {tuple(row[:3]): float(str(row[3])) for row in tables["saved-by-accuracy"].rows}
    assert len(saved) == 2 * 4 * 11
    assert saved["lookahead-4", 0.1, 0.0] == saved["batch-4", 0.8, 0.0] == 0.0
    assert all(value >= 0 for value in saved.values())
    assert all(saved["lookahead-4", share, p] >= saved["batch-4", share, p] - 1e-9 for _, share, p in saved)
    more = {tuple(row[:3]): float(str(row[3])) for row in tables["tokens-by-accuracy"].rows}
    assert more["lookahead-4", 0.1, 1.0] == pytest.approx(0.1, abs=0.01)
    by_k = [float(str(row[3])) for row in tables["saved-by-k"].rows if row[0] in {f"lookahead-{k}" for k in range(1, 11)}]
    assert by_k[:10] == sorted(by_k[:10])


def test_the_page_in_the_docs_is_what_the_command_prints_of_theirs_and_ours(on_the_paper: Report) -> None:
    kept = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    table = next(table for table in on_the_paper.tables if table.name == "theirs-and-ours")
    for shown in table.shown():
        assert "| " + " | ".join(shown) + " |" in kept.replace("\\", "")
    assert "Command: outrider report paper --seed 0" in kept
