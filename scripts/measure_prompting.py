"""Next-step accuracy of the embedded model on OpenAGI's 15 gold sequences, by way of prompting, and how the agents agree.

    python scripts/measure_prompting.py --out docs/measured/prompting.json

For every prefix of every gold sequence the agent is asked for the next step, and the answer is compared with the gold one; after
the last it is to be `finish`. Then, on tasks without a gold sequence, the drafter is asked after every prefix of the target's own
plan.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import outrider
from outrider.agents.agent import Meter
from outrider.agents.kinds import ModelAgent, agent_of_kind
from outrider.agents.world import Action, World
from outrider.errors import AgentError
from outrider.model import FINISH, Prefix
from outrider.naming import Models
from outrider.providers.prices import Prices
from outrider.worlds import openagi

WORLD = openagi.WORLD


def _names_only(world: World) -> World:
    """Steps are written as the tools' names, not as cues."""
    return dataclasses.replace(world, actions=tuple(Action(action.name, action.does) for action in world.actions))


def _no_situation(world: World) -> World:
    return dataclasses.replace(world, situation=lambda task, prefix: "")


def _no_nearest(world: World) -> World:
    return dataclasses.replace(world, more=())


def _nothing_forbidden(world: World) -> World:
    names = tuple(action.name for action in world.actions)
    return dataclasses.replace(world, allowed=lambda prefix: names)


VARIANTS: dict[str, Callable[[World], World]] = {
    "worked examples, the tools' names": lambda world: _no_nearest(_no_situation(_names_only(world))),
    "+ a tool is named by a cue, a word of the task": lambda world: _no_nearest(_no_situation(world)),
    "+ each step says what the plan holds by then": _no_nearest,
    "+ the two nearest of 21 more examples (the default)": lambda world: world,
    "the default, without the rule that no tool comes twice": _nothing_forbidden,
}


async def _asked(agent: ModelAgent, task: str, prefix: Prefix) -> tuple[str, float]:
    """The action that the agent names, empty if none, and the seconds it took."""
    began_s = time.perf_counter()
    try:
        answer = await agent.next_step(outrider.Task(task, "openagi"), prefix, Meter())
        action = answer.steps[0].action
    except AgentError:
        action = ""
    return action, time.perf_counter() - began_s


async def gold_accuracy(agent: ModelAgent) -> dict[str, Any]:
    """How many next steps of the gold sequences, and how many whole ones, the agent names."""
    right: list[bool] = []
    whole = 0
    for task, actions in openagi.gold():
        plan = tuple(outrider.Step(action) for action in (*actions, FINISH))
        named = [(await _asked(agent, task, plan[:at]))[0] == step.action for at, step in enumerate(plan)]
        right += named
        whole += all(named)
    return {"right": sum(right), "steps": len(right), "accuracy": round(sum(right) / len(right), 3), "whole_plans": whole}


async def agreement(fast: ModelAgent, slow: ModelAgent, tasks: list[str], max_steps: int) -> dict[str, Any]:
    """How often a draft on the target's own prefix equals its verdict, and the seconds of both, warm."""
    same: list[bool] = []
    seconds: tuple[list[float], list[float]] = ([], [])
    for task in tasks:
        prefix: Prefix = ()
        while len(prefix) < max_steps:
            draft, draft_s = await _asked(fast, task, prefix)
            verdict, verdict_s = await _asked(slow, task, prefix)
            if prefix:  # the first step of a task also computes its prompt
                seconds[0].append(draft_s)
                seconds[1].append(verdict_s)
            same.append(draft == verdict and bool(verdict))
            if verdict in ("", FINISH):
                break
            prefix += (outrider.Step(verdict),)
    return {
        "agree": sum(same),
        "steps": len(same),
        "agreement": round(sum(same) / len(same), 3),
        "draft_s_median": round(statistics.median(seconds[0]), 3),
        "target_s_median": round(statistics.median(seconds[1]), 3),
    }


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Every variant, then the agreement in the default one."""
    found: dict[str, Any] = {"variants": {}}
    async with Models(Prices(), slots=1) as models:
        model = await models.named("local", "target")
        for name, variant in VARIANTS.items():
            world = variant(WORLD)
            rows = {kind: await gold_accuracy(agent_of_kind(kind, model, world)) for kind in ("direct", "cot")}
            found["variants"][name] = rows
            print(f"{name}: {rows}", file=sys.stderr, flush=True)
        tasks = random.Random(arguments.seed).sample(openagi.tasks(), arguments.tasks)
        fast = agent_of_kind("direct", await models.named("local", "approximation"), WORLD)
        found["agreement"] = await agreement(fast, agent_of_kind("cot", model, WORLD), tasks, max_steps=12)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=24, help="tasks for the agreement")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found = {"command": " ".join(["python", *sys.argv])} | asyncio.run(measure(arguments))
    print(json.dumps(found["agreement"]))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
