"""The agents that need no model: both answer by prefix."""

from __future__ import annotations

import pytest

from outrider.agents.agent import Agent, Meter
from outrider.errors import BadOption
from outrider.model import FINISH, Prefix, Step
from outrider.testing import run
from outrider.tools.checking import misfit
from outrider.worlds.bfcl import Bfcl, BfclTask, GoldAgent, GuessingAgent


def answered(agent: Agent, task: BfclTask, prefix: Prefix) -> Step:
    return run(agent.next_step(task.task, prefix, Meter())).steps[0]


def test_the_gold_agent_names_the_call_whose_turn_it_is_whatever_came_before(bfcl: Bfcl) -> None:
    task = bfcl.tasks[0]
    agent = GoldAgent(task)
    for at, step in enumerate(task.plan):
        assert answered(agent, task, task.plan[:at]) == step
    assert answered(agent, task, (Step("pwd"),)) == task.plan[1]
    assert answered(agent, task, (*task.plan, *task.plan)) == Step(FINISH)


def test_a_guess_is_a_function_of_the_prefix_the_task_and_the_seed(bfcl: Bfcl) -> None:
    task = bfcl.tasks[0]
    some = [GuessingAgent(task, agrees=0.5, seed=seed) for seed in (0, 0, 1)]
    prefixes = [task.plan[:at] for at in range(len(task.plan))]
    first, again, other = ([agent.guess(prefix) for prefix in prefixes] for agent in some)
    assert first == again
    assert first != other
    assert [GuessingAgent(task, agrees=0.5).guess(prefix) for prefix in reversed(prefixes)] == first[::-1]


@pytest.mark.parametrize("agrees", [0.0, 0.4, 0.7, 1.0])
def test_guesses_agree_as_often_as_asked(bfcl: Bfcl, agrees: float) -> None:
    same = [
        GuessingAgent(task, agrees=agrees).guess(task.plan[:at]) == step
        for task in bfcl.tasks
        for at, step in enumerate(task.plan)
    ]
    assert sum(same) / len(same) == pytest.approx(agrees, abs=0.03)


def test_a_wrong_guess_is_still_a_call_that_the_task_offers_and_fits_its_schema(bfcl: Bfcl) -> None:
    for task in bfcl.tasks[::3]:
        offered = {function.name: function.schema for function in task.functions}
        for at in range(len(task.plan)):
            step = GuessingAgent(task, agrees=0).guess(task.plan[:at])
            assert step.is_finish or misfit(dict(step.arguments), offered[step.action]) is None, f"{task.name}: {step}"


def test_a_drafter_that_agrees_more_than_always_is_refused(bfcl: Bfcl) -> None:
    with pytest.raises(BadOption, match="from 0 to 1"):
        GuessingAgent(bfcl.tasks[0], agrees=1.2)
