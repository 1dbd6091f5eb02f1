"""What an agent is: it answers "what is the next step after this prefix?", and says what that consumed."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Final, Protocol, TypeAlias, runtime_checkable

from outrider.errors import BadOption, NoStep
from outrider.model import Answer, Prefix, Step, Task, Usage

_NOTHING_SAID: Final = Usage()


class Meter:
    """What one call has consumed so far. It is read when the call ends, however it ends: cancelled calls cost too."""

    __slots__ = ("_refused", "_settled", "_under_way")

    def __init__(self, refused: Callable[[float | None], None] | None = None) -> None:
        self._refused = refused
        self._settled: Usage | None = None
        self._under_way: Usage | None = None

    def estimate(self, usage: Usage) -> None:
        """The request under way has used about this much until now; replaces the estimate before."""
        self._under_way = usage

    def settle(self, usage: Usage) -> None:
        """The request under way has ended and used this."""
        self._under_way = None
        self._settled = usage if self._settled is None else self._settled + usage

    def refused(self, after_s: float | None) -> None:
        """The model's server has refused a request for now (429), and asks to wait ``after_s`` seconds, if it says how long.

        It is said as soon as it happens, and the request may be sent again: meanwhile the limits ask that server less.
        """
        if self._refused is not None:
            self._refused(after_s)

    @property
    def usage(self) -> Usage:
        """Everything until now: finished requests and the one under way."""
        parts = [part for part in (self._settled, self._under_way) if part is not None]
        return sum(parts[1:], start=parts[0]) if parts else _NOTHING_SAID


@runtime_checkable
class Agent(Protocol):
    """An approximation or a target agent.

    ``name`` stands in journals and on screens. It holds no secret.
    """

    @property
    def name(self) -> str: ...

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The step after ``prefix``. Equal prefixes are asked with equal prompts.

        Raises:
            AgentError, ProviderError: there is no answer. The provider's own retries are over by then.
        """
        ...

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """The most that a call could consume, for a budget to reserve; ``None`` where nobody can say."""
        ...


Said: TypeAlias = Step | str | Answer | None
"""What a plain function may answer: a step, an action's name, or a whole answer. ``None`` is no answer."""

AgentFunction: TypeAlias = Callable[[Task, Prefix], Awaitable[Said]]


class FunctionAgent:
    """Any async function ``(task, prefix) -> step`` as an agent. It says nothing of tokens, so they count as unknown."""

    __slots__ = ("_function", "name")

    def __init__(self, function: AgentFunction, name: str | None = None) -> None:
        self._function = function
        self.name: str = name or str(getattr(function, "__name__", type(function).__name__))

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What the function says, read as a step.

        Raises:
            NoStep: it said nothing, or something that is no step.
        """
        said = self._function(task, prefix)
        if not isawaitable(said):
            raise NoStep(f"{self.name} is not async; define it with async def")
        match await said:
            case Answer() as answer:
                return answer
            case Step() as step:
                return Answer((step,))
            case str() as action if action.strip():
                return Answer((Step(action),))
            case other:
                raise NoStep(f"{self.name} answered {other!r}; a step, or the name of its action, was expected")

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Unknown: a function does not say what it consumes."""
        return None


MOST_GUESSES: Final = 64
"""More guesses for one step than this are dropped: nobody could verify them."""


def checked(answer: object, name: str) -> Answer:
    """``answer``, if it is one: an agent's word is not trusted to be what its type says.

    Raises:
        NoStep: it is none.
    """
    if not isinstance(answer, Answer) or not isinstance(answer.steps, tuple | list):
        raise NoStep(f"{name} answered {answer!r:.200}; an Answer with a tuple of steps was expected")
    for step in answer.steps:
        if not isinstance(step, Step):
            raise NoStep(f"{name} named {step!r:.200}, which is no Step")
    thought = answer.thought if isinstance(answer.thought, str) else ""
    steps = tuple(step.named for step in answer.steps[:MOST_GUESSES])
    return replace(answer, steps=steps, thought=thought, confidence=_sure(answer.confidence, len(answer.steps))[: len(steps)])


def _sure(confidence: object, steps: int) -> tuple[float, ...]:
    """``confidence`` if it is one number from 0 to 1 for each step; else nothing is known of it."""
    if not isinstance(confidence, tuple | list) or len(confidence) != steps:
        return ()
    sound = all(isinstance(part, int | float) and 0 <= part <= 1 for part in confidence)
    return tuple(float(part) for part in confidence) if sound else ()


def sound(usage: Usage) -> Usage:
    """``usage``, if its numbers are counts and dollars; else nothing is known of it."""
    counts = (usage.prompt_tokens, usage.cached_tokens, usage.output_tokens)
    whole = all(type(count) is int and count >= 0 for count in counts)
    cost = usage.cost_usd
    dollars = cost is None or (isinstance(cost, int | float) and abs(cost) <= sys.float_info.max)
    return usage if whole and dollars else _NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Server:
    """Whose limits an agent's calls count on, and how many requests each of them makes there."""

    name: str = ""
    requests: int = 1


def server_of(agent: Agent) -> Server:
    """What the agent says in its attributes ``server`` and ``requests``; else its name stands for the server, and a call is one
    request.
    """
    requests = getattr(agent, "requests", 1)
    return Server(str(getattr(agent, "server", "") or agent.name), requests if type(requests) is int and requests > 0 else 1)


def as_agent(candidate: Agent | AgentFunction) -> Agent:
    """``candidate`` itself if it is an agent, else the function wrapped as one.

    Raises:
        BadOption: it is neither.
    """
    if isinstance(candidate, Agent):
        return candidate
    if callable(candidate):
        return FunctionAgent(candidate)
    raise BadOption(f"{candidate!r} is no agent; give one, or an async function (task, prefix) -> step")
