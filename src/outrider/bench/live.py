"""Schedulers on real models: every task planned by every arm, paired and in turn, with a control.

The arms are the target alone, the target alone *again* (the control, which shows how far the target repeats itself and how steady
the machine is), and the schedulers. Their order rotates from task to task, so that a provider that slows down slows them all. A
task counts once every arm has planned it. Each is appended to a file at once, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import outrider
from outrider.agents.agent import Agent
from outrider.agents.kinds import ModelAgent
from outrider.agents.recall import Memory, RecallAgent
from outrider.agents.several import drafters_of
from outrider.bench.harness import estimate_json
from outrider.bench.schedulers import Alone
from outrider.bench.statistics import Paired, difference, draws, ratio
from outrider.errors import BadOption, BudgetReached, RunEnded, StepLimitReached, UnknownName
from outrider.model import JSON, Prefix, Step, Task
from outrider.rules import Lookahead
from outrider.runtime import Journal, Limits
from outrider.worlds import openagi

CONTROL: Final = "alone again"
"""The target alone once more."""

_COMPARABLE: Final = ("complete", "step_limit")
"""Ends of a run that another arm's can be compared with."""

LIVE_SUITES: Final[Mapping[str, Callable[[], Sequence[str]]]] = MappingProxyType({"openagi": openagi.tasks})
"""The tasks that can be planned live, by the name of their world."""


def live_tasks(suite: str, number: int, seed: int) -> list[Task]:
    """``number`` tasks of the suite, drawn by ``seed``; more of them begin with the same ones.

    Raises:
        UnknownName, BadOption: there is no such suite, or not so many tasks in it.
    """
    if suite not in LIVE_SUITES:
        raise UnknownName(f"the live suite {suite!r} is not known; there is {', '.join(LIVE_SUITES)}")
    tasks = list(LIVE_SUITES[suite]())
    if not 1 <= number <= len(tasks):
        raise BadOption(f"{number} tasks cannot be drawn from the {len(tasks)} of {suite}; give a number from 1 to {len(tasks)}")
    random.Random(seed).shuffle(tasks)  # noqa: S311 - dice, no secrets
    return [Task(text, suite) for text in tasks[:number]]


# The file of results ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Results:
    """What has been measured, task by task, and the file that it is kept in.

    The file's first line is the setting, each further one a task: ``{"task": …, "arms": {name: {"plan", "outcome",
    "figures"}}}``, with what a lookahead that learns has ``learned``; or ``{"task": …, "spent_usd": …}`` for a task that was
    broken off.
    """

    setting: Mapping[str, JSON]
    file: Path | None = None
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    spent_usd: float = 0.0

    @classmethod
    def opened(cls, setting: Mapping[str, JSON], file: Path | None) -> Results:
        """Those that ``file`` holds already, or none yet. A last line that was cut off is dropped.

        Raises:
            BadOption: the file is of another setting, or no file of results, or cannot be used.
        """
        found = cls(setting, file)
        if file is None:
            return found
        try:
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            whole, _, rest = text.rpartition("\n")
            if rest:
                file.write_text(whole + "\n" if whole else "", encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption(f"the file {file} cannot be used for results: {getattr(error, 'strerror', None) or error}") from None
        lines = [line for line in whole.split("\n") if line]
        if lines:
            found._go_on(lines, file)
        else:
            found._append(dict(setting))
        return found

    def _go_on(self, lines: Sequence[str], file: Path) -> None:
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                if number == 1:
                    _check_same(entry, self.setting, file)
                elif "arms" in entry:
                    self._take(entry)
                else:
                    self.spent_usd += entry["spent_usd"]
            except (ValueError, KeyError, TypeError, AttributeError):
                raise BadOption(f"{file}:{number}: this is no line of results; give another file with --out") from None

    def _take(self, entry: dict[str, Any]) -> None:
        self.tasks[entry["task"]] = entry["arms"]
        self.spent_usd += sum(arm["figures"]["priced_usd"] for arm in entry["arms"].values())

    def plan(self, task: Task) -> Prefix:
        """What the target alone confirmed for ``task``, which every arm has planned."""
        return tuple(Step(*json.loads(key)) for key in self.tasks[task.text]["alone"]["plan"])

    def learned(self) -> dict[str, str]:
        """What each arm that learns knew after the last task."""
        last: Mapping[str, Any] = next(reversed(self.tasks.values()), {})
        return {name: arm.get("learned", "") for name, arm in last.items()}

    def add(self, task: Task, arms: Mapping[str, dict[str, Any]]) -> None:
        """Every arm has planned ``task``."""
        entry = {"task": task.text, "arms": dict(arms)}
        self._append(entry)
        self._take(entry)

    def broke_off(self, task: Task, spent_usd: float) -> None:
        """``task`` was begun and not finished; what it cost counts all the same."""
        self.spent_usd += spent_usd
        if spent_usd:
            self._append({"task": task.text, "spent_usd": spent_usd})

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self.file is None:
            return
        try:
            with self.file.open("a", encoding="utf-8") as opened:
                opened.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise BadOption(f"the file {self.file} cannot be written: {error.strerror}; give another one with --out") from None


def _check_same(before: Any, setting: Mapping[str, JSON], file: Path) -> None:
    if not isinstance(before, dict) or "suite" not in before:
        raise BadOption(f"{file} holds no results; give another file with --out")
    for name, value in setting.items():
        if before.get(name) != value:
            raise BadOption(f"{file} holds results with {name} {before.get(name)!r}, not {value!r}; give another file with --out")


# Measuring ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Two agents, what they are compared under, and the limits that all runs share.

    With a ``journal``, the runs with drafts are kept there: rows to compare on later. ``memory`` is what a drafter recalls. It
    learns what the target alone confirmed for a task once every arm has planned that task, so no arm drafts from another's plan.
    """

    approximation: Agent
    target: Agent
    schedulers: Mapping[str, Lookahead]
    max_steps: int
    limits: Limits
    one_machine: bool = False
    journal: Journal | None = None
    memory: Memory | None = None

    @property
    def all(self) -> dict[str, Lookahead]:
        """The target alone, the control, and the schedulers."""
        return {"alone": Alone(), CONTROL: Alone(), **self.schedulers}


async def measure(tasks: Iterable[Task], arms: Arms, results: Results, told: Callable[[str], None]) -> None:
    """Plan every task that ``results`` does not hold yet by every arm, and add it.

    Lookahead that learns, and memory, go on from what was learned of the tasks before, those that ``results`` holds included.

    Raises:
        BudgetReached: the limits allow no more. The task that was under way does not count; what was measured before is kept.
        RunEnded: a run failed before any task was measured, so the others would too.
    """
    for number, task in enumerate(tasks):
        if task.text in results.tasks:
            _remember(arms, task, results)
            continue
        done: dict[str, dict[str, Any]] = {}
        known = results.learned()
        try:
            await _prepare(arms, task)
            for name in _in_turn(list(arms.all), number):
                told(f"task {number + 1}: {name}")
                done[name] = {}  # under way: if it is broken off, its figures are in here
                await _planned(task, arms, name, done[name], known=known.get(name, ""), may_fail=bool(results.tasks))
        except BaseException:
            results.broke_off(task, sum(arm["figures"]["priced_usd"] for arm in done.values() if arm))
            raise
        results.add(task, {name: done[name] for name in arms.all})
        _remember(arms, task, results)


def _remember(arms: Arms, task: Task, results: Results) -> None:
    if arms.memory is not None:
        arms.memory.learn(task, results.plan(task))


def _in_turn(names: Sequence[str], number: int) -> Iterator[str]:
    """The names, beginning with another one for each number."""
    first = number % len(names)
    yield from (*names[first:], *names[:first])


async def _prepare(arms: Arms, task: Task) -> None:
    """Let models in this process read their worked examples, and memory find what is like the task, before the clock starts."""
    for agent in (*drafters_of(arms.approximation), arms.target):
        if isinstance(agent, ModelAgent | RecallAgent):
            await agent.prepare(task)


async def _planned(task: Task, arms: Arms, arm: str, found: dict[str, Any], *, known: str, may_fail: bool) -> None:
    """One run; ``found`` gets its plan, outcome and figures however it ends. Where none ``may_fail``, a failure is raised."""
    lookahead = arms.all[arm]
    session = outrider.plan(
        task, approximation=arms.approximation, target=arms.target, lookahead=lookahead, max_steps=arms.max_steps,
        limits=arms.limits, one_machine=arms.one_machine, journal=None if isinstance(lookahead, Alone) else arms.journal,
        known=known,
    )  # fmt: skip
    outcome = "complete"
    try:
        async with session:
            try:
                await session.result()
            except RunEnded as ended:
                if isinstance(ended, BudgetReached) or not (may_fail or isinstance(ended, StepLimitReached)):
                    raise
                outcome = "step_limit" if isinstance(ended, StepLimitReached) else "failed"
    finally:
        found |= {
            "plan": [step.step.key for step in session.plan.steps],
            "outcome": outcome,
            "figures": session.figures.as_json(),
        } | ({"learned": session.learned} if session.learned else {})


# What came out ------------------------------------------------------------------------------------------------------


def summary(results: Results, seed: int) -> dict[str, Any]:
    """What each arm came to beside the target alone, over the tasks that every arm planned to an end."""
    tasks = [arms for arms in results.tasks.values() if all(arm["outcome"] in _COMPARABLE for arm in arms.values())]
    names = list(tasks[0]) if tasks else []
    drawn = draws(len(tasks), seed)
    return {
        "schedulers": {name: _arm(tasks, name, drawn) for name in names},
        "runs": len(tasks),
        "runs_failed": len(results.tasks) - len(tasks),
        "spent_usd": round(results.spent_usd, 9),
        "seed": seed,
    }


def _arm(tasks: Sequence[Mapping[str, Any]], name: str, drawn: list[list[int]]) -> dict[str, Any]:
    time, tokens, cost = Paired(), Paired(), Paired()
    for arms in tasks:
        ours, alone = arms[name]["figures"], arms["alone"]["figures"]
        time.add(ours["total_s"], alone["total_s"])
        tokens.add(_tokens(ours), _tokens(alone))
        cost.add(ours["cost_usd"] or 0.0, alone["cost_usd"] or 0.0)
    figures = [arms[name]["figures"] for arms in tasks]
    priced = all(arms[arm]["figures"]["cost_usd"] is not None for arms in tasks for arm in ("alone", name))
    judged = [tally for one in figures for tally in one["acceptance"]]
    accepted, rejected = sum(tally["accepted"] for tally in judged), sum(tally["rejected"] for tally in judged)
    return {
        "runs": len(tasks),
        "total_s": round(sum(time.ours), 6),
        "alone_s": round(time.theirs_in_all, 6),
        **estimate_json("time_ratio", ratio(time, drawn)),
        **estimate_json("saved_s", difference(time, drawn)),
        "runs_faster": time.signs.faster,
        "runs_slower": time.signs.slower,
        "runs_equal": time.signs.equal,
        **estimate_json("tokens_ratio", ratio(tokens, drawn)),
        "wasted_tokens": sum(one["wasted_tokens"] for one in figures),
        "cancelled_tokens": sum(one["cancelled_tokens"] for one in figures),
        "cost_usd": round(sum(cost.ours), 9) if priced else None,
        **estimate_json("cost_ratio", ratio(cost, drawn) if priced else None),
        "calls_max": max(one["calls_max"] for one in figures),
        "acceptance": round(accepted / (accepted + rejected), 6) if accepted + rejected else None,
        "same_plan": sum(arms[name]["plan"] == arms["alone"]["plan"] for arms in tasks),
    }


def _tokens(figures: Mapping[str, Any]) -> int:
    return int(figures["prompt_tokens"] + figures["output_tokens"])
