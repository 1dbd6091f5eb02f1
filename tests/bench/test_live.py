"""Live suites, with agents that answer by prefix in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outrider.agents.agent import Agent
from outrider.agents.recall import Memory, RecallAgent
from outrider.agents.several import Several
from outrider.bench.live import CONTROL, Arms, Results, live_tasks, measure, summary
from outrider.bench.schedulers import live_schedulers_named
from outrider.errors import BadOption, BudgetReached, NoStep, TargetFailed, UnknownName
from outrider.model import FINISH, Prefix, Step, Task, Usage
from outrider.runtime import Budget, Limits
from outrider.testing import FakeAgent, run
from outrider.worlds import FREE

PATH = ("look", "think", "act", FINISH)
TASKS = [Task(f"task {n}") for n in range(3)]
ARMS = ["alone", CONTROL, "lookahead-2"]
SETTING = {"suite": "test", "arms": ",".join(ARMS)}
PRICED = Usage(prompt_tokens=10, output_tokens=5, counted="reported", cost_usd=1.0)


def answers(prefix: Prefix) -> Step:
    return Step(PATH[len(prefix)])


def arms(
    target: Callable[[Prefix], Step | Exception] = answers,
    usage: Usage | None = PRICED,
    limits: Limits | None = None,
    max_steps: int = 9,
) -> Arms:
    return Arms(
        approximation=FakeAgent(answers, takes_s=1, usage=usage),
        target=FakeAgent(target, takes_s=3, usage=usage),
        schedulers=live_schedulers_named(["lookahead-2"]),
        max_steps=max_steps,
        limits=limits or Limits(),
    )


def measured(results: Results, given: Arms | None = None, tasks: list[Task] | None = None) -> list[str]:
    told: list[str] = []
    run(measure(tasks or TASKS, given or arms(), results, told.append))
    return told


def test_every_task_is_planned_by_every_arm_and_compared_with_the_target_alone() -> None:
    results = Results(SETTING)
    measured(results)
    found = summary(results, seed=0)
    assert (found["runs"], found["runs_failed"]) == (3, 0)
    assert list(found["schedulers"]) == ARMS
    alone, control, ours = found["schedulers"].values()
    assert alone["time_ratio"] == control["time_ratio"] == 1
    assert (ours["total_s"], ours["alone_s"]) == (
        3 * 7,
        3 * 12,
    )  # begun at 0, 1, 2 and 4: step 2 is drafted once step 0 is confirmed
    assert ours["time_ratio_95"] == [0.583333, 0.583333]
    assert [arm["same_plan"] for arm in (alone, control, ours)] == [3, 3, 3]
    assert (alone["cost_usd"], alone["cost_ratio"]) == (12.0, 1.0)
    assert ours["cost_ratio"] > 1


def test_the_arms_take_turns_at_being_first() -> None:
    told = measured(Results(SETTING))
    assert told[::3] == ["task 1: alone", f"task 2: {CONTROL}", "task 3: lookahead-2"]
    assert len(told) == 9


def test_the_control_shows_a_target_that_does_not_repeat_itself() -> None:
    count = iter(range(1000))

    def fickle(prefix: Prefix) -> Step:
        return Step(f"{PATH[len(prefix)]} {next(count)}") if len(prefix) < 3 else Step(FINISH)

    results = Results(SETTING)
    measured(results, arms(fickle))
    assert summary(results, seed=0)["schedulers"][CONTROL]["same_plan"] == 0


def test_a_stopped_measurement_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    measured(Results.opened(SETTING, file), tasks=TASKS[:2])
    again = Results.opened(SETTING, file)
    assert list(again.tasks) == ["task 0", "task 1"]
    assert [line for line in measured(again) if "task 3" not in line] == []
    whole = Results(SETTING)
    measured(whole)
    assert summary(again, seed=0) == summary(whole, seed=0) == summary(Results.opened(SETTING, file), seed=0)


def test_a_line_that_was_cut_off_is_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    measured(Results.opened(SETTING, file))
    file.write_text(file.read_text()[:-20])
    again = Results.opened(SETTING, file)
    assert list(again.tasks) == ["task 0", "task 1"]
    measured(again)
    assert list(Results.opened(SETTING, file).tasks) == ["task 0", "task 1", "task 2"]


def test_results_of_another_setting_are_not_mixed_in(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    Results.opened(SETTING, file)
    with pytest.raises(BadOption, match="suite 'test', not 'other'"):
        Results.opened({**SETTING, "suite": "other"}, file)


@pytest.mark.parametrize(
    "text", ["hello\n", "[]\n", '{"suite": "test", "arms": "alone,alone again,lookahead-2"}\n{"x": 1}\n', '{"a": 1}\n']
)
def test_a_file_that_holds_no_results_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "live.jsonl"
    file.write_text(text)
    with pytest.raises(BadOption, match="give another file"):
        Results.opened(SETTING, file)
    assert file.read_text() == text


def test_a_place_that_cannot_hold_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="cannot be"):
        Results.opened(SETTING, tmp_path)
    with pytest.raises(BadOption, match="cannot be written"):
        Results.opened(SETTING, tmp_path / "nowhere" / "live.jsonl")


def test_the_budget_ends_it_and_what_was_spent_counts_for_good(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    results = Results.opened(SETTING, file)
    with pytest.raises(BudgetReached):
        measured(results, arms(limits=Limits(budget=Budget(usd=26))))
    assert len(results.tasks) == 1
    assert 20 < results.spent_usd <= 26
    assert Results.opened(SETTING, file).spent_usd == results.spent_usd


def test_a_target_that_fails_from_the_beginning_ends_it() -> None:
    with pytest.raises(TargetFailed, match="no idea"):
        measured(Results(SETTING), arms(lambda prefix: NoStep("no idea")))


def test_a_task_that_failed_later_is_counted_and_not_compared() -> None:
    first = iter([True] * 30 + [False] * 4)

    def tired(prefix: Prefix) -> Step | Exception:
        return answers(prefix) if next(first, True) else NoStep("tired")

    results = Results(SETTING)
    measured(results, arms(tired))
    found = summary(results, seed=0)
    assert found["runs"] + found["runs_failed"] == 3
    assert found["runs_failed"] >= 1


def test_a_plan_that_reaches_its_limit_can_be_compared() -> None:
    results = Results(SETTING)
    measured(results, arms(max_steps=2))
    assert summary(results, seed=0)["runs"] == 3


def test_an_unknown_price_is_not_nothing() -> None:
    results = Results(SETTING)
    measured(results, arms(usage=Usage(output_tokens=5, counted="reported")))
    ours = summary(results, seed=0)["schedulers"]["lookahead-2"]
    assert (ours["cost_usd"], ours["cost_ratio"]) == (None, None)


def test_of_nothing_measured_nothing_is_said() -> None:
    found: dict[str, Any] = summary(Results(SETTING), seed=0)
    assert (found["schedulers"], found["runs"]) == ({}, 0)
    json.dumps(found)


def test_tasks_are_drawn_by_the_seed_and_more_begin_with_the_same() -> None:
    assert live_tasks("openagi", 5, 1) == live_tasks("openagi", 9, 1)[:5] != live_tasks("openagi", 5, 2)


def test_what_cannot_run_live_is_told() -> None:
    with pytest.raises(UnknownName, match="cannot run live"):
        live_schedulers_named(["oracle"])
    with pytest.raises(UnknownName, match="there is openagi"):
        live_tasks("chess", 1, 0)
    with pytest.raises(BadOption, match="0 tasks cannot be drawn"):
        live_tasks("openagi", 0, 0)


# What is learned from task to task ----------------------------------------------------------------------------------------


def recalling(*drafters: Agent) -> Arms:
    """Arms whose first drafter recalls what was confirmed before."""
    memory = Memory()
    recall = RecallAgent(memory, FREE)
    return replace(arms(), approximation=Several(recall, *drafters) if drafters else recall, memory=memory)


LIKE = [Task(f"fetch parcel {name}", FREE.name) for name in ("one", "two", "three")]


def test_memory_drafts_from_the_tasks_before_and_never_from_another_arm_of_the_same_task() -> None:
    results = Results(SETTING)
    measured(results, recalling(), LIKE)
    acceptance = [
        sum(tally["accepted"] for tally in arms["lookahead-2"]["figures"]["acceptance"]) for arms in results.tasks.values()
    ]
    assert acceptance[0] == 0, "nothing was known, though the target alone had planned it already"
    assert all(accepted >= 3 for accepted in acceptance[1:])
    first, *others = [arms["lookahead-2"]["figures"]["total_s"] for arms in results.tasks.values()]
    assert first == 12
    assert all(total_s < 12 for total_s in others)


def test_memory_knows_after_a_stop_what_it_knew_before(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    measured(Results.opened(SETTING, file), recalling(), LIKE[:2])
    again = Results.opened(SETTING, file)
    measured(again, recalling(), LIKE)
    whole = Results(SETTING)
    measured(whole, recalling(), LIKE)
    assert again.tasks == whole.tasks


def test_memory_drafts_beside_another_drafter() -> None:
    results = Results(SETTING)
    measured(results, recalling(FakeAgent(answers, takes_s=1, usage=PRICED, name="model")), LIKE)
    first, *others = [arms["lookahead-2"]["figures"]["total_s"] for arms in results.tasks.values()]
    assert first == 7, "the model drafts where memory has no guess"
    assert all(total_s < 7 for total_s in others)


def test_lookahead_by_value_learns_from_task_to_task_and_over_a_stop(tmp_path: Path) -> None:
    def by_value() -> Arms:
        return replace(arms(), schedulers=live_schedulers_named(["auto@3000"]))

    file = tmp_path / "live.jsonl"
    measured(Results.opened(SETTING, file), by_value(), TASKS[:2])
    again = Results.opened(SETTING, file)
    known = again.learned()
    assert known["alone"] == ""
    assert known["auto@3000"]
    measured(again, by_value())
    whole = Results(SETTING)
    measured(whole, by_value())
    assert again.tasks == whole.tasks
    assert again.learned() != known
    first, *_, last = [arms["auto@3000"]["figures"]["total_s"] for arms in whole.tasks.values()]
    assert last <= first
