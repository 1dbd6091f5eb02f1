"""Agents that need no model: one names the gold calls, the other mostly the same and now and then another plausible call.

Both answer by prefix: the same prefix gets the same answer, whoever asks, however often and in whatever order.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from outrider.agents.agent import Meter
from outrider.errors import BadOption
from outrider.model import FINISH, JSON, Answer, Prefix, Step, Task, Usage
from outrider.worlds.bfcl.apis import Function
from outrider.worlds.bfcl.tasks import BfclTask

Seconds = Callable[[Prefix], float]
"""How long the answer to a prefix takes, on the loop's clock."""

_ATTEMPTS: Final = 20


class GoldAgent:
    """Names the gold call whose turn it is by the prefix's length, whatever the prefix holds, and `finish` after the last.

    Args:
        task: whose gold calls.
        takes_s: how long an answer takes.
    """

    def __init__(self, task: BfclTask, *, takes_s: Seconds | float = 0.0) -> None:
        self.name = "gold"
        self._plan = task.plan
        self._takes_s = takes_s if callable(takes_s) else lambda _: float(takes_s)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The gold call at the prefix's length."""
        await asyncio.sleep(self._takes_s(prefix))
        return Answer((gold_step(self._plan, prefix),))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nobody counted tokens."""
        return None


class GuessingAgent:
    """Names the gold call with probability ``agrees``, else another call of the task that one could take for it.

    Args:
        task: whose gold calls.
        agrees: how often it names the gold call.
        seed: another seed errs elsewhere.
        takes_s: how long an answer takes.

    Raises:
        BadOption: ``agrees`` is no probability.
    """

    def __init__(self, task: BfclTask, *, agrees: float, seed: int = 0, takes_s: Seconds | float = 0.0) -> None:
        if not 0 <= agrees <= 1:
            raise BadOption(f"a drafter that agrees {agrees} of the time cannot be; give a number from 0 to 1")
        self.name = f"guess-{agrees:g}"
        self._task = task
        self._agrees = agrees
        self._seed = seed
        self._takes_s = takes_s if callable(takes_s) else lambda _: float(takes_s)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The gold call, or another."""
        await asyncio.sleep(self._takes_s(prefix))
        return Answer((self.guess(prefix),))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nobody counted tokens."""
        return None

    def guess(self, prefix: Prefix) -> Step:
        """What it names after ``prefix``: a function of the prefix, the task and the seed."""
        said = "\n".join((str(self._seed), self._task.name, *(step.key for step in prefix)))
        dice = random.Random(said)  # noqa: S311 - dice, no secrets
        gold = gold_step(self._task.plan, prefix)
        return gold if dice.random() < self._agrees else another(gold, self._task, dice)


def gold_step(plan: Prefix, prefix: Prefix) -> Step:
    """The step of ``plan`` at the prefix's length, its last one beyond its end."""
    return plan[min(len(prefix), len(plan) - 1)]


def another(gold: Step, task: BfclTask, dice: random.Random) -> Step:
    """A call that is not ``gold``: the same with one argument altered, another gold call of the task, or another function.

    Arguments are values that stand in the task's own gold calls, so that what is wrong is not absurd. It fits its schema.
    """
    known = {function.name: function for function in task.functions}
    for _ in range(_ATTEMPTS):
        kind = dice.choice(("altered", "elsewhere", "function"))
        if kind == "altered" and gold.arguments:
            step = _altered(gold, known[gold.action], task.plan, dice)
        elif kind == "elsewhere":
            step = dice.choice(task.plan)
        else:
            step = _made(dice.choice(task.functions), task.plan, dice)
        if step != gold:
            return step
    return Step(FINISH) if not gold.is_finish else _made(task.functions[0], task.plan, dice)


def _altered(gold: Step, function: Function, plan: Prefix, dice: random.Random) -> Step:
    name = dice.choice(list(gold.arguments))
    return Step(gold.action, {**gold.arguments, name: _value(function, name, plan, dice)})


def _made(function: Function, plan: Prefix, dice: random.Random) -> Step:
    required = function.schema["required"]
    assert isinstance(required, list), "it is a list of names"
    return Step(function.name, {str(name): _value(function, str(name), plan, dice) for name in required})


def _value(function: Function, name: str, plan: Prefix, dice: random.Random) -> JSON:
    """A value for a parameter, from the plan's arguments of that type; where there is none, one of our own."""
    schema = function.parameters[name]
    kinds = schema["type"]
    kind = str(kinds if isinstance(kinds, str) else kinds[0])
    found = [value for step in plan for value in step.arguments.values() if _is(value, schema)]
    if kind == "string" or not found:
        found = [*found, *_own(kind)]
    return dice.choice(found)


def _is(value: JSON, schema: Mapping[str, Any]) -> bool:
    from jsonschema import Draft202012Validator  # imported where it is used: it takes a tenth of a second

    return bool(Draft202012Validator(schema).is_valid(value))


def _own(kind: str) -> Sequence[JSON]:
    own: dict[str, Sequence[JSON]] = {
        "string": ("notes",),
        "integer": (1, 2, 3),
        "number": (1, 10, 100),
        "boolean": (True, False),
        "array": ([],),
    }
    return own.get(kind, ({},))
