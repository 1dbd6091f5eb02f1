"""Fake agents that answer by prefix, never by step number, and take their time on the loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from outrider.agents.agent import Meter
from outrider.errors import NoStep
from outrider.model import FINISH, Answer, Prefix, Step, Task, Usage

Answers = Callable[[Prefix], Step | Sequence[Step] | Exception | None]
"""The answer to a prefix: a step, several guesses, an error to raise, or nothing at all."""

Seconds = Callable[[Prefix], float]
"""How long the answer to a prefix takes."""


def steps(*actions: str) -> tuple[Step, ...]:
    """Steps with these actions and no arguments."""
    return tuple(Step(action) for action in actions)


class FakeAgent:
    """An agent that is a function of the prefix.

    Args:
        answers: what it says.
        takes_s: how long it takes.
        usage: what a call consumes.
        name: its name.

    ``asked`` holds every prefix it was asked about, ``closed`` those whose call was cancelled, and ``in_flight`` and
    ``most_in_flight`` count calls.
    """

    def __init__(
        self, answers: Answers, *, takes_s: Seconds | float = 0.0, usage: Usage | None = None, name: str = "fake"
    ) -> None:
        self.name = name
        self.asked: list[Prefix] = []
        self.closed: list[Prefix] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._answers = answers
        self._takes_s = takes_s if callable(takes_s) else lambda _: float(takes_s)
        self._usage = usage

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """Wait, then answer, as the functions given say."""
        self.asked.append(prefix)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self._usage is not None:
            meter.settle(self._usage)
        try:
            await asyncio.sleep(self._takes_s(prefix))
        except asyncio.CancelledError:
            self.closed.append(prefix)
            raise
        finally:
            self.in_flight -= 1
        match self._answers(prefix):
            case Exception() as error:
                raise error
            case Step() as step:
                return Answer((step,))
            case None:
                return Answer(())
            case guesses:
                return Answer(tuple(guesses))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What a call consumes."""
        return self._usage


class ScriptedAgent(FakeAgent):
    """An agent that follows a script: it knows the answer to each prefix of ``plan``, and to ``elsewhere``.

    Being asked about any other prefix is a failure, and ``check`` fails if an answer was left over.
    """

    def __init__(
        self,
        *plan: str,
        elsewhere: Mapping[Prefix, Step] | None = None,
        takes_s: Seconds | float = 0.0,
        usage: Usage | None = None,
        name: str = "scripted",
    ) -> None:
        path = steps(*plan, *(() if plan and plan[-1] == FINISH else (FINISH,)))
        self._script: dict[Prefix, Step] = {path[:i]: step for i, step in enumerate(path)} | dict(elsewhere or {})
        super().__init__(self._answer, takes_s=takes_s, usage=usage, name=name)

    def _answer(self, prefix: Prefix) -> Step | Exception:
        step = self._script.get(prefix)
        return step if step is not None else NoStep(f"{self.name} has no answer after {[str(s) for s in prefix]}")

    def check(self) -> None:
        """Raise ``AssertionError`` if an answer of the script was never asked for."""
        left = [prefix for prefix in self._script if prefix not in self.asked]
        if left:
            raise AssertionError(f"{self.name} was never asked about {[[str(s) for s in p] for p in left]}")
