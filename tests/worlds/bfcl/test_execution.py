"""Law 8 on 200 worlds with state: speculation on, off, and in a world that cannot be copied, with the same end.

Plans, worlds and checks are those of ``scripts/measure_bfcl.py``.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

import outrider
from outrider.model import Prefix, Step
from outrider.rules import Lookahead, Sliding
from outrider.testing import SimulatedPerson, run
from outrider.tools import Toolbox
from outrider.worlds.bfcl import EFFECTS, Bfcl, BfclTask, GoldAgent, GuessingAgent, toolbox
from outrider.worlds.bfcl.recorded import another, gold_step


@pytest.fixture(scope="module")
def measuring(script_named: Callable[[str], ModuleType]) -> Any:
    """``scripts/measure_bfcl.py``."""
    return script_named("measure_bfcl")


def irregular(task: BfclTask, least_s: float, most_s: float) -> Any:
    """Seconds that differ from prefix to prefix, the same for the same prefix."""

    def seconds(prefix: Prefix) -> float:
        said = "\n".join((task.name, *(step.key for step in prefix)))
        return random.Random(f"{least_s} {said}").uniform(least_s, most_s)

    return seconds


WORLDS = ("forks", "only looked at", "does not fork")


@pytest.mark.parametrize(
    ("lookahead", "world", "tasks"),
    [
        pytest.param(Sliding(4), "forks", slice(None), id="all-200"),
        pytest.param(Sliding(1), "forks", slice(0, None, 5), id="every-fifth"),
        pytest.param(Sliding(4), "only looked at", slice(1, None, 5), id="writes-not-rehearsed"),
        pytest.param(Sliding(4), "does not fork", slice(2, None, 5), id="world-does-not-fork"),
    ],
)
def test_every_task_ends_in_the_state_that_the_target_alone_leaves(
    measuring: Any, bfcl: Bfcl, lookahead: Lookahead, world: str, tasks: slice
) -> None:
    """``scripts/measure_bfcl.py`` does so for all 200 tasks in each world, before it says anything of their time."""
    setting = replace(measuring.pace(), tool_s=1.0)
    for task in bfcl.tasks[tasks]:
        alone = measuring.done(bfcl, task, setting, Sliding(0))
        found = measuring.done(bfcl, task, setting, lookahead, world)
        assert measuring.broken(task, found, alone) == []


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("agrees", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("tool_s", [0.0, 0.3, 5.0])
def test_however_long_agents_and_tools_take_and_however_often_they_agree(
    measuring: Any, bfcl: Bfcl, agrees: float, tool_s: float, world: str
) -> None:
    for number, task in enumerate(bfcl.tasks[::20]):
        setting = measuring.Setting(
            target_s=irregular(task, 0.1, 4.0), draft_s=irregular(task, 0.05, 3.0), tool_s=tool_s, agrees=agrees, seed=number
        )
        alone = measuring.done(bfcl, task, setting, Sliding(0))
        found = measuring.done(bfcl, task, setting, Sliding(8, width=2), world)
        assert measuring.broken(task, found, alone) == []


async def _with_a_person(measuring: Any, bfcl: Bfcl, task: BfclTask, lookahead: Lookahead) -> tuple[Prefix, Any]:
    """The confirmed plan and the live world of a run in which a person takes steps, half of them not the gold ones."""
    live = measuring.Live(bfcl.environment(task))
    session = outrider.plan(
        task.task,
        approximation=GuessingAgent(task, agrees=0.6, takes_s=0.5),
        target=GoldAgent(task, takes_s=3.0),
        lookahead=lookahead,
        tools=toolbox(task, live, takes_s=0.7),
        max_steps=40,
    )
    person = SimulatedPerson(
        lambda prefix: gold_step(task.plan, prefix),
        others=lambda prefix: [another(gold_step(task.plan, prefix), task, random.Random(len(prefix)))],
        patience_s=1.0,
        error_rate=0.5,
    )
    async with session, asyncio.TaskGroup() as group:
        group.create_task(person.watch(session))
        plan = await session.result()
    assert any(step.by == "person" for step in plan.steps), task.name
    return plan.prefix, live


def test_what_a_person_takes_is_done_once_and_the_world_is_as_if_nobody_had_ever_drafted(measuring: Any, bfcl: Bfcl) -> None:
    other_plans = 0
    for task in bfcl.tasks[::6]:
        plan, live = run(_with_a_person(measuring, bfcl, task, Sliding(4)))
        by_hand = bfcl.environment(task)
        box = toolbox(task, by_hand)
        for step in plan[:-1]:
            assert run(box.run(step.named, key="0")) == step.observation, f"{task.name}: {step}"
        assert live.environment.state() == by_hand.state(), task.name
        other_plans += tuple(step.named for step in plan) != task.plan
    assert other_plans > 20


def test_a_world_that_cannot_be_copied_is_left_alone_until_a_step_is_confirmed(measuring: Any, bfcl: Bfcl) -> None:
    counted: Counter[str] = Counter()
    for task in bfcl.tasks[::8]:
        counted += measuring.counts(measuring.done(bfcl, task, measuring.pace(), Sliding(4), "does not fork"))
    assert counted["effects"] > 0
    assert counted["rejected"] > 0
    assert not counted["looks"] + counted["rehearsals"]


def test_a_world_that_can_be_copied_is_acted_on_in_advance_and_nothing_of_it_is_seen(measuring: Any, bfcl: Bfcl) -> None:
    counted: Counter[str] = Counter()
    for task in bfcl.tasks[::8]:
        counted += measuring.counts(measuring.done(bfcl, task, measuring.pace(), Sliding(4)))
    writes = sum(EFFECTS[step.action] == "write" for task in bfcl.tasks[::8] for step in task.plan[:-1])
    assert counted["effects"] == writes
    assert counted["rehearsals"] > writes, "wrong drafts were tried too"
    assert counted["looks kept"] > 0
    assert counted["looks undone"] > 0


def test_the_checks_would_notice(measuring: Any, bfcl: Bfcl) -> None:
    task = bfcl.tasks[0]
    alone = measuring.done(bfcl, task, measuring.pace(), Sliding(0))
    assert measuring.broken(task, alone, alone) == []
    assert measuring.broken(task, replace(alone, state=None), alone)
    assert measuring.broken(task, replace(alone, called=(*alone.called, alone.called[-1])), alone)
    assert measuring.broken(task, replace(alone, called=alone.called[1:]), alone)
    assert measuring.broken(task, replace(alone, plan=alone.plan[:-1]), alone)
    assert measuring.broken(task, replace(alone, total_s=alone.total_s + 1), alone)


def test_tools_declare_what_the_task_declares_and_rehearse_where_the_world_forks(measuring: Any, bfcl: Bfcl) -> None:
    task = bfcl.tasks[0]
    forks, fixed = (toolbox(task, world) for world in (bfcl.environment(task), measuring.Fixed(bfcl.environment(task))))
    assert {tool.name: tool.effect for tool in forks.declared} == {function.name: function.effect for function in task.functions}
    assert all(tool.rehearses for tool in forks.declared)
    assert {(tool.effect, tool.rehearses) for tool in fixed.declared} == {("write", False)}


def test_a_tool_answers_what_its_function_returns_or_says_what_is_wrong(bfcl: Bfcl) -> None:
    task = bfcl.named("multi_turn_base_150")
    box = toolbox(task, bfcl.environment(task), takes_s=1.0)
    cost = {"travel_from": "RMS", "travel_to": "SBK", "travel_date": "2024-11-15", "travel_class": "business"}
    said = run(_said(box, "get_flight_cost", cost))
    assert said == '{"travel_cost_list":[880.0]}'
    assert run(_said(box, "get_flight_cost", cost | {"travel_to": "moon"})).startswith("error: ValueError: No available route")
    assert run(_said(box, "get_flight_cost", {})).startswith("error: the arguments of get_flight_cost do not fit")


async def _said(box: Toolbox, action: str, arguments: Any) -> str:
    return await box.run(Step(action, arguments), key="0")
