"""An agent that needs no model: it gives the answers of a file of pairs at their recorded pace, or faster.

A file of pairs has a JSON object a line: ``task``, ``at``, ``target``, ``target_s``, ``draft``, ``draft_s``, and, where known,
``target_tokens`` and ``draft_tokens``. Both answers of a line are to the target's own prefix. A step is the name of an
action, or, where it takes arguments, ``{"action": ..., "arguments": {...}}``.

What executing the steps has brought to light is in no recording: a prefix is the recorded one if its steps are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outrider.agents.agent import Meter
from outrider.errors import BadOption, BadStep, NoStep, UnknownName
from outrider.model import FINISH, Answer, Prefix, Role, Step, Task, Usage

FINISH_AS_RECORDED: Final = "TERMINATE"
"""OpenAGI's word for `finish`."""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A step, the seconds it took and the tokens it cost."""

    step: Step
    takes_s: float
    output_tokens: int


@dataclass(frozen=True, slots=True)
class _Row:
    task: str
    at: int
    answers: Mapping[Role, RecordedAnswer]


def _count(value: object, what: str) -> int:
    if not isinstance(value, int) or value < 0:
        raise BadOption(f"{what} is {value}; give a whole number from 0")
    return value


def _row(line: str, where: str) -> _Row:
    """Read one line of a file of pairs."""
    try:
        row = json.loads(line)
        answers: dict[Role, RecordedAnswer] = {}
        names: tuple[tuple[Role, str], ...] = (("approximation", "draft"), ("target", "target"))
        for role, field in names:
            takes_s = float(row[f"{field}_s"])
            if not 0 <= takes_s < float("inf"):
                raise BadOption(f"{where}: {field}_s is {takes_s}; seconds are a number from 0")
            tokens = _count(row.get(f"{field}_tokens", 0), f"{where}: {field}_tokens")
            answers[role] = RecordedAnswer(_step(row[field]), takes_s, tokens)
        return _Row(str(row["task"]), _count(row["at"], f"{where}: at"), answers)
    except KeyError as missing:
        wanted = "task, at, target, target_s, draft, draft_s"
        raise BadOption(f"{where}: the field {missing} is missing; a pair has {wanted}") from None
    except (TypeError, ValueError, OverflowError, RecursionError, BadStep) as error:
        raise BadOption(f"{where}: this is no recorded pair ({error}); give a JSON object a line") from None


def _step(recorded: object) -> Step:
    match recorded:
        case {"action": str(action), "arguments": dict(arguments), **more} if not more:
            return Step(action, arguments)
        case str(action):
            return Step(FINISH if action == FINISH_AS_RECORDED else action)
        case _:
            raise BadStep(f'{str(recorded)[:80]} is no step; give an action, or {{"action": ..., "arguments": {{...}}}}')


class RecordedAgent:
    """Answers by prefix from a file of pairs, in one of the two roles.

    Off the recorded path there is no answer: the call takes the recorded time of that position, then fails.

    Args:
        file: the file of pairs.
        role: whose answers to give.
        speed: how many times as fast as recorded.

    Raises:
        BadOption: the file cannot be read, a line in it is no pair, or the speed is not positive.
    """

    def __init__(self, file: Path, role: Role, *, speed: float = 1.0) -> None:
        if not 0 < speed < float("inf"):
            raise BadOption(f"the speed of a recording is {speed}; give how many times as fast, such as 10")
        self.name = f"recorded:{file.name}" + (f"@{speed:g}x" if speed != 1 else "")
        self._role = role
        self._speed = speed
        self._file = file
        self._tasks: dict[str, dict[int, _Row]] = {}
        for row in _rows(file):
            self._tasks.setdefault(row.task, {})[row.at] = row

    def check(self, task: Task) -> None:
        """Raise ``UnknownName`` if the recording does not hold ``task``."""
        if task.text not in self._tasks:
            example = next(iter(self._tasks), None)
            number = "1 task" if len(self._tasks) == 1 else f"{len(self._tasks)} tasks"
            hint = f"it holds {number}, such as {example!r}" if example else "it is empty"
            raise UnknownName(f"the recording {self._file} has no task {task.text!r}; {hint}")

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The recorded answer after ``prefix``, after its recorded time.

        Raises:
            UnknownName: the recording does not hold the task.
            NoStep: the prefix is not the recorded one.
        """
        self.check(task)
        rows = self._tasks[task.text]
        row = rows.get(len(prefix))
        if row is not None:
            await self._take_its_time(row.answers[self._role], meter)
        if row is None or tuple(step.named for step in prefix) != _recorded_prefix(rows, len(prefix)):
            raise NoStep(f"{self.name} holds no answer after {' > '.join(map(str, prefix))}: nobody recorded that prefix")
        return Answer((row.answers[self._role].step,))

    async def _take_its_time(self, answer: RecordedAnswer, meter: Meter) -> None:
        loop = asyncio.get_running_loop()
        takes_s = answer.takes_s / self._speed
        began_s = loop.time()
        try:
            await asyncio.sleep(takes_s)
        except asyncio.CancelledError:
            share = (loop.time() - began_s) / takes_s if takes_s else 1.0
            meter.settle(Usage(output_tokens=round(share * answer.output_tokens), counted="estimated"))
            raise
        # The recording says nothing of the prompt's tokens, so the total is an estimate.
        meter.settle(Usage(output_tokens=answer.output_tokens, counted="estimated"))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What is recorded for this position; its price is unknown."""
        row = self._tasks.get(task.text, {}).get(len(prefix))
        return Usage(output_tokens=row.answers[self._role].output_tokens) if row else Usage()


def _recorded_prefix(rows: Mapping[int, _Row], at: int) -> Prefix:
    """The target's steps before ``at``, as far as they are recorded without a gap."""
    return tuple(rows[i].answers["target"].step for i in range(at) if i in rows)


def _rows(file: Path) -> list[_Row]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadOption(f"the recording {file} cannot be read: {why}; give a file of pairs") from None
    return [_row(line, f"{file}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
