"""``recall``: an approximation agent that needs no model. It drafts what was confirmed in the same place of earlier plans.

A Markov model of variable order over actions: the longest run of the latest actions that some earlier plan has too decides, and
among what came after it there, the plans of the most similar tasks count most. Shorter runs only fill up what is left of the
guesses. It knows nothing but confirmed steps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import fsum, log
from typing import Final, TypeAlias

from outrider.agents.agent import Meter
from outrider.agents.filling import Template, Text, template_of
from outrider.agents.world import World
from outrider.errors import NoGuess
from outrider.model import NOTHING_USED, Answer, Prefix, Step, Task, Usage

RECALL: Final = "recall"

LONGEST: Final = 8
"""So many of the latest actions are looked at; the beginning of the plan counts as one."""

LEAST_ALIKE: Final = 0.1
"""Plans of tasks less similar than this do not count."""

SHARPNESS: Final = 4
"""A plan counts with the similarity of its task to this power: near ones far more than many distant ones."""

NEAREST: Final = 64
"""The plans of so many of the most similar tasks count."""

TASKS_KEPT: Final = 16
"""For so many tasks the similarities are kept until something is learned."""

_START: Final = ""
"""Stands before a plan's first action; no action is empty."""

_WORD: Final = re.compile(r"\w+(?:-\w+)*")


@dataclass(frozen=True, slots=True)
class Followed:
    """What came after a run of actions: the action, and how many confirmed steps it was."""

    action: str
    steps: int


_Following: TypeAlias = dict[int, tuple[Template, dict[int, int]]]
"""What came after a run of actions: each template, by its identity, and for which tasks it was confirmed how often."""


@dataclass(slots=True)
class _Asked:
    """A task that guesses are wanted for, and how much the nearest of the known tasks count for it, by their numbers."""

    text: Text
    weights: dict[int, float]


class Memory:
    """What was confirmed in earlier plans, by world. What it guesses does not depend on the order in which it learned."""

    __slots__ = ("_asked", "_following", "_known", "_numbers", "_plans", "_templates", "_with_word")

    def __init__(self) -> None:
        self._plans = 0
        self._numbers: dict[tuple[str, str], int] = {}
        self._known: list[tuple[Task, frozenset[str]]] = []
        self._with_word: dict[tuple[str, str], list[int]] = {}
        self._templates: dict[Template, Template] = {}
        self._following: dict[tuple[str, ...], _Following] = {}
        self._asked: dict[tuple[str, str], _Asked] = {}

    def __len__(self) -> int:
        """How many plans it has learned."""
        return self._plans

    def learn(self, task: Task, plan: Prefix, *, since: int = 0) -> None:
        """``plan`` is confirmed for ``task``; its steps before ``since`` were learned with another plan."""
        self._plans += 1
        self._asked.clear()
        number, text = self._number(task), Text(task.text)
        for at in range(since, len(plan)):
            found = template_of(text, plan[:at], plan[at])
            template = self._templates.setdefault(found, found)
            for run in _runs(task.world, plan[:at]):
                tasks = self._following.setdefault(run, {}).setdefault(id(template), (template, {}))[1]
                tasks[number] = tasks.get(number, 0) + 1

    def guesses(self, task: Task, prefix: Prefix, n: int = 1, *, allowed: Collection[str] = ()) -> tuple[Step, ...]:
        """At most ``n`` guesses for the step after ``prefix``, best first; only ``allowed`` actions, if any are given."""
        asked = self._asked_for(task)
        found: dict[str, Step] = {}
        for run in _runs(task.world, prefix):
            if following := self._following.get(run):
                for step in _ranked(following, asked, prefix):
                    if not allowed or step.action in allowed:
                        found.setdefault(step.key, step)
                if len(found) >= n:
                    break
        return tuple(found.values())[:n]

    def following(self, world: str, actions: tuple[str, ...]) -> tuple[int, list[Followed]]:
        """What came after ``actions`` in plans of ``world``, most often first, and how many of them were looked at.

        The longest run at their end that is known counts; without any, what plans begin with.
        """
        for run in _runs(world, tuple(Step(action) for action in actions)):
            if following := self._following.get(run):
                counts: Counter[str] = Counter()
                for template, tasks in following.values():
                    counts[template.action] += sum(tasks.values())
                ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
                return len([action for action in run[1:] if action != _START]), [Followed(*entry) for entry in ordered]
        return 0, []

    # How similar tasks are --------------------------------------------------------------------------------------------

    def _number(self, task: Task) -> int:
        """The task's number; a new task gets the next one."""
        number = self._numbers.setdefault((task.world, task.text), len(self._known))
        if number == len(self._known):
            words = _words(task.text)
            self._known.append((task, words))
            for word in words:
                self._with_word.setdefault((task.world, word), []).append(number)
        return number

    def _asked_for(self, task: Task) -> _Asked:
        asked = self._asked.get((task.world, task.text))
        if asked is None:
            if len(self._asked) >= TASKS_KEPT:
                self._asked.clear()
            asked = self._asked[task.world, task.text] = _Asked(Text(task.text), self._weights(task))
        return asked

    def _weights(self, task: Task) -> dict[int, float]:
        """How much each of the nearest tasks counts: the share of words in common, rare ones weighing more, to the power."""
        of_world = sum(1 for known, _ in self._known if known.world == task.world)
        rare = {
            word: log((of_world + 1) / len(numbers)) for (world, word), numbers in self._with_word.items() if world == task.world
        }
        words = _words(task.text)
        shared: dict[int, list[float]] = {}
        for word in words:
            for number in self._with_word.get((task.world, word), ()):
                shared.setdefault(number, []).append(rare[word])
        ours = fsum(rare.get(word, log(of_world + 1)) for word in words)
        alike: dict[int, float] = {}
        for number, in_common in shared.items():
            common = fsum(in_common)
            alike[number] = common / (ours + fsum(rare[word] for word in self._known[number][1]) - common)
        near = sorted(alike, key=lambda number: (-alike[number], self._known[number][0].text))[:NEAREST]
        return {number: alike[number] ** SHARPNESS for number in near if alike[number] >= LEAST_ALIKE}


def _ranked(following: _Following, asked: _Asked, prefix: Prefix) -> list[Step]:
    """The steps that came next, filled for the task that is asked for, by what the tasks they were confirmed for count."""
    votes: dict[Step, list[float]] = {}
    for template, tasks in following.values():
        both = asked.weights.keys() & tasks.keys()
        weights = [asked.weights[number] * tasks[number] for number in both]
        if weights and (step := template.filled(asked.text, prefix)) is not None:
            votes.setdefault(step, []).extend(weights)
    return sorted(votes, key=lambda step: (-fsum(votes[step]), step.key))


def _runs(world: str, prefix: Prefix) -> Iterator[tuple[str, ...]]:
    """The runs of actions that end the prefix, longest first, each under its world."""
    actions = (_START, *(step.action for step in prefix))
    for length in range(min(LONGEST, len(actions)), 0, -1):
        yield (world, *actions[-length:])


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


class RecallAgent:
    """Drafts from a memory, within what the world allows. It costs nothing.

    Args:
        memory: what it knows.
        world: where plans are made.
        most: how many guesses it gives for a step.
    """

    __slots__ = ("_memory", "_most", "_world", "name")

    def __init__(self, memory: Memory, world: World, *, most: int = 1) -> None:
        self.name = RECALL
        self._memory = memory
        self._world = world
        self._most = most

    async def prepare(self, task: Task) -> None:
        """Find the tasks that are most like ``task``, which takes longer than a guess."""
        self._memory.guesses(task, ())

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What was confirmed in the same place of earlier plans.

        Raises:
            NoGuess: nothing fits.
        """
        meter.settle(NOTHING_USED)
        steps = self._memory.guesses(task, prefix, self._most, allowed=self._world.allowed(prefix))
        if not steps:
            raise NoGuess("no earlier plan fits here")
        return Answer(steps)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nothing."""
        return NOTHING_USED
