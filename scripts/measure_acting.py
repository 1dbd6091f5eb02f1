"""How the embedded model calls tools: three toy ones and twelve tasks, by kind of agent.

    python scripts/measure_acting.py --out docs/measured/acting.json

Each task's first step is looked at: is it the right tool, and are its arguments right? Then the plan is followed to its end, at
most six steps long: does it hold every call that the task needs? The tasks are our own, and few: they show that the machinery
works and what such a model makes of it, and nothing about models.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from outrider.agents.agent import Meter
from outrider.agents.kinds import agent_of_kind
from outrider.agents.own_tools import world_of_tools
from outrider.agents.world import World
from outrider.errors import AgentError
from outrider.model import Prefix, Step, Task
from outrider.naming import Models
from outrider.providers.prices import Prices

MOST_STEPS: Final = 6
DEGREES: Final = {"oslo": -3, "rome": 14, "cairo": 29, "paris": 9}
_EXPRESSION: Final = re.compile(r"[\d+*/(). -]+")


@dataclass(frozen=True, slots=True)
class Toy:
    """A tool: what an agent is told of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


def _texts(*names: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "minLength": 1} for name in names}
    return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}


TOOLS: Final = (
    Toy("calculator", "computes an arithmetic expression", _texts("expression")),
    Toy("note", "writes a text into the notes, under a title", _texts("title", "text")),
    Toy("weather", "the temperature in a city, in degrees Celsius", _texts("city")),
)

Needs = tuple[Callable[[Step], bool], ...]


def computes(value: float) -> Callable[[Step], bool]:
    """Whether a step computes ``value``."""
    return lambda step: step.action == "calculator" and step.observation == f"{value:.6g}"


def asks(city: str) -> Callable[[Step], bool]:
    """Whether a step asks for the weather there."""
    return lambda step: step.action == "weather" and str(step.arguments["city"]).lower() == city


def notes(title: str, *words: str) -> Callable[[Step], bool]:
    """Whether a step notes these words under that title."""
    return lambda step: (
        step.action == "note"
        and str(step.arguments["title"]).lower() == title
        and all(word in str(step.arguments["text"]).lower() for word in words)
    )


TASKS: Final[dict[str, Needs]] = {
    "What is 17 times 23?": (computes(391),),
    "How warm is it in Rome?": (asks("rome"),),
    "How warm is it in Oslo? Write it down under the title weather.": (asks("oslo"), notes("weather", "-3")),
    "Note that the meeting is at ten, under the title meeting.": (notes("meeting", "ten"),),
    "How much warmer is Cairo than Oslo?": (asks("cairo"), asks("oslo")),
    "What is the sum of 128 and 256, divided by 6?": (computes(64),),
    "Multiply 12 by 12.": (computes(144),),
    "What is the temperature in Paris?": (asks("paris"),),
    "Write a note called shopping that says bread and milk.": (notes("shopping", "bread", "milk"),),
    "What is 365 divided by 7? Note the result under the title weeks.": (computes(365 / 7), notes("weeks", "52")),
    "Is it colder in Paris or in Rome?": (asks("paris"), asks("rome")),
    "Add 19, 23 and 42.": (computes(84),),
}
"""What each task needs, in any order."""

FIRST: Final = (
    "calculator", "weather", "weather", "note", "weather", "calculator",
    "calculator", "weather", "note", "calculator", "weather", "calculator",
)  # fmt: skip
"""The right first tool of each task."""


def run(step: Step) -> str:
    """What the tool returns."""
    arguments = {name: str(value) for name, value in step.arguments.items()}
    if step.action == "weather":
        degrees = DEGREES.get(arguments["city"].lower())
        return f"error: {arguments['city']} is not in the table" if degrees is None else json.dumps({"c": degrees})
    if step.action == "note":
        return "written"
    return _computed(arguments["expression"])


def _computed(expression: str) -> str:
    if not _EXPRESSION.fullmatch(expression) or "**" in expression:
        return "error: this is no arithmetic expression"
    try:
        return f"{eval(expression, {'__builtins__': {}}):.6g}"  # digits and operators alone
    except (SyntaxError, ZeroDivisionError, TypeError) as error:
        return f"error: {error}"


@dataclass(slots=True)
class Score:
    """Of the tasks, how many."""

    tasks: int = 0
    first_tool: int = 0
    first_step: int = 0
    whole: int = 0
    no_step: int = 0
    steps: int = 0
    seconds_a_step: float = 0.0


async def score(world: World, kind: str, models: Models) -> Score:
    """How an agent of ``kind`` over the embedded model does."""
    found, began_s = Score(), time.perf_counter()
    agent = agent_of_kind(kind, await models.named("local", "target"), world)
    for (text, needs), first in zip(TASKS.items(), FIRST, strict=True):
        plan, failed = await _planned(agent.next_step, text)
        found.tasks += 1
        found.no_step += failed
        found.steps += len(plan)
        found.first_tool += bool(plan) and plan[0].action == first
        found.first_step += bool(plan) and any(need(plan[0]) for need in needs)
        found.whole += all(any(need(step) for step in plan) for need in needs)
        print(f"  {text} -> {'; '.join(f'{step} = {step.observation}' for step in plan)}", file=sys.stderr)
    found.seconds_a_step = round((time.perf_counter() - began_s) / max(1, found.steps), 2)
    return found


async def _planned(next_step: Callable[..., Any], text: str) -> tuple[Prefix, bool]:
    """The plan, `finish` left out, and whether it ended because the agent named no step."""
    plan: Prefix = ()
    while len(plan) < MOST_STEPS:
        try:
            step = (await next_step(Task(text), plan, Meter())).steps[0]
        except AgentError:
            return plan, True
        if step.is_finish:
            break
        plan = (*plan, step.observed(run(step)))
    return plan, False


async def measured(kinds: list[str]) -> list[dict[str, object]]:
    """A row for each kind."""
    rows: list[dict[str, object]] = []
    async with Models(Prices(), slots=1) as models:
        for kind in kinds:
            rows.append({"kind": kind, **asdict(await score(world_of_tools(TOOLS), kind, models))})
            print(json.dumps(rows[-1]), flush=True)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kinds", nargs="*", default=["direct", "cot", "react"])
    given = parser.parse_args()
    rows = asyncio.run(measured(given.kinds))
    given.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
