"""The page on what a simulated person gains says what was measured, and the script's rules are what the page says they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from outrider import FINISH, Step
from outrider.rules import Sliding
from outrider.testing import steps
from outrider.worlds import openagi

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def script(script_named: Callable[[str], ModuleType]) -> ModuleType:
    """``scripts/measure_person.py``."""
    return script_named("measure_person")


@pytest.mark.parametrize("suite", ["openagi", "qwen2.5-coder-0.5b-direct", "qwen2.5-coder-1.5b-direct"])
def test_the_page_has_the_tables_that_were_measured(script: ModuleType, suite: str) -> None:
    found = json.loads((ROOT / "docs" / "measured" / "person.json").read_text(encoding="utf-8"))
    assert script.table(found[suite]) in (ROOT / "docs" / "person.md").read_text(encoding="utf-8")


def test_the_rules_give_every_sequence_by_openagis_authors(script: ModuleType) -> None:
    assert [script.planned_by_rule(task) for task, _ in openagi.gold()] == [sequence for _, sequence in openagi.gold()]


def test_every_plan_by_rule_is_allowed_step_by_step(script: ModuleType) -> None:
    for task in openagi.tasks():
        plan = steps(*script.planned_by_rule(task), FINISH)
        assert all(step.action in openagi.allowed(plan[:at]) for at, step in enumerate(plan))


def test_the_target_goes_on_with_what_is_not_done_yet(script: ModuleType) -> None:
    plan = ("a", "b", "a")
    assert script.goes_on(plan, ()) == Step("a")
    assert script.goes_on(plan, steps("a", "x")) == Step("b")
    assert script.goes_on(plan, steps("b")) == Step("a")
    assert script.goes_on(plan, steps("a", "b")) == Step("a")
    assert script.goes_on(plan, steps("a", "b", "x", "a")) == Step(FINISH)


def test_how_far_two_plans_are_apart(script: ModuleType) -> None:
    assert script.apart(steps("a", "b", "c"), steps("a", "b", "c")) == 0
    assert script.apart(steps("a", "x", "c"), steps("a", "b", "c")) == 1
    assert script.apart(steps("a", "x", "b", "c"), steps("a", "b", "c")) == 1
    assert script.apart((), steps("a", "b")) == 2
    assert script.apart(steps("b", "a"), steps("a", "b")) == 2


@pytest.mark.parametrize("lookahead", [0, 4])
def test_a_person_who_only_watches_costs_and_gains_nothing(script: ModuleType, lookahead: int) -> None:
    cases = script.task_lines(seed=3)[:10]

    def watches(case: object) -> object:
        return script.SimulatedPerson(lambda prefix: None, patience_s=float("inf"))

    ran = script.runs(cases, Sliding(lookahead), watches)
    alone = script.runs(cases, Sliding(0), watches)
    assert [found.plan for found in ran] == [found.plan for found in alone]
    assert all(found.total_s <= other.total_s for found, other in zip(ran, alone, strict=True))
    assert [found.taken for found in ran] == [0] * 10
