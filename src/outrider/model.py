"""The nouns: task, step, prefix, answer, usage, plan; and the canonical form of a step."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from outrider.errors import BadStep, EmptyTask

JSON: TypeAlias = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]
"""A value that JSON can carry."""

Role: TypeAlias = Literal["approximation", "target"]
"""Which agent a call asks."""

By: TypeAlias = Literal["target", "person"]
"""Whose verdict a confirmed step is."""

FINISH: Final = "finish"
"""The action of a plan's last step."""

Effect: TypeAlias = Literal["none", "read", "write"]
"""What running a tool does to the world: nothing; nothing, but it reads what changes or is metered; or it changes it."""

Approval: TypeAlias = Literal["always", "unsure", "never"]
"""When the person is asked before a tool that writes is run; *unsure* is where nobody had drafted the step."""

_EXACT_INTEGERS: Final = 2.0**53
"""Below this every whole float is exactly one integer (IEEE 754 double precision)."""

_MOST_NESTED: Final = 64


_HALVES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""The two halves of a character (UTF-16's surrogates), as two. No JSON can tell them from that character, nor can any file."""


def _joined(text: str) -> str:
    """``text`` with halves that belong together joined; a lone half stays."""
    if text.isascii() or not _HALVES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", _joined(text))


def _canonical_text(text: str) -> str:
    return " ".join(_normal(text).split())


def _canonical_value(value: object, where: str, depth: int = 0) -> JSON:
    """``value`` with its text normalised and whole floats as integers, so that equal means equal bytes."""
    if depth > _MOST_NESTED:
        raise BadStep(f"{where[:80]} is nested more than {_MOST_NESTED} deep")
    match value:
        case None | bool() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise BadStep(f"{where} is {value}, which JSON cannot carry; give a finite number or null")
            return int(value) if value.is_integer() and abs(value) < _EXACT_INTEGERS else value
        case str():
            return _normal(value)
        case Mapping():
            return _canonical_object(value, where, depth)
        case list() | tuple():
            return [_canonical_value(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        case _:
            raise BadStep(f"{where} is a {type(value).__name__}, which JSON cannot carry")


def _canonical_object(value: Mapping[Any, object], where: str, depth: int = 0) -> dict[str, JSON]:
    """``value`` with its names normalised and sorted. Two names that become one would hide a value, so they are refused."""
    named: dict[str, JSON] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise BadStep(f"{where} has the name {name!r}, which is no text; JSON's names are")
        canonical = _normal(name)
        if canonical in named:
            raise BadStep(f"{where} has the name {canonical!r} twice, in two spellings of the same characters")
        named[canonical] = _canonical_value(item, f"{where}.{canonical}", depth + 1)
    return dict(sorted(named.items()))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One entry of a plan: an action's name, its arguments and, once it was executed, its observation.

    Steps are equal when their canonical forms are; ``key`` is that form, as text. Two equal steps render to the same
    prompt because prompts are rendered from ``key``'s parts and from nothing else: an agent's thoughts stay outside.
    Agents name steps without an observation; it stands in the prefix that the next step is asked after.
    """

    action: str
    arguments: Mapping[str, JSON] = field(default_factory=dict)
    observation: str | None = None
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.action, str) or not (action := _canonical_text(self.action)):
            raise BadStep(f"a step needs the name of an action, not {self.action!r}")
        if not isinstance(self.arguments, Mapping):
            raise BadStep(f"the arguments of {action!r} are {self.arguments!r}; give a mapping from names to values")
        try:
            arguments = _canonical_object(self.arguments, action)
            key = json.dumps([action, arguments], ensure_ascii=False, separators=(",", ":"))
        except (RecursionError, ValueError) as error:
            raise BadStep(f"the arguments of {action!r} cannot be written as JSON: {error}") from None
        if self.observation is not None:
            if not isinstance(self.observation, str):
                raise BadStep(f"the observation of {action!r} is a {type(self.observation).__name__}; an observation is a text")
            observation = _joined(self.observation)
            key = f"{key[:-1]},{json.dumps(observation, ensure_ascii=False)}]"
            object.__setattr__(self, "observation", observation)
        object.__setattr__(self, "action", action)
        object.__setattr__(self, "arguments", arguments)
        object.__setattr__(self, "key", key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        if not self.arguments:
            return self.action
        inner = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.arguments.items())
        return f"{self.action}({inner})"

    @property
    def is_finish(self) -> bool:
        """Whether the plan is complete with this step."""
        return self.action == FINISH

    @property
    def named(self) -> Step:
        """The step as an agent names it, before it was executed."""
        return self if self.observation is None else Step(self.action, self.arguments)

    def observed(self, observation: str | None) -> Step:
        """The step with what its tool returned; itself where there is nothing."""
        return self if observation is None else Step(self.action, self.arguments, observation)


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of a tool, and all that the rules know of it. Whatever is not declared is a ``write``.

    ``undo``: it can be taken back. ``repeatable``: run again under the same key, it has no second effect. ``rehearses``: its
    world can be copied, so that a ``write`` can be tried on a copy before it is confirmed.
    """

    name: str
    effect: Effect = "write"
    approval: Approval = "never"
    undo: bool = False
    repeatable: bool = False
    rehearses: bool = False


Prefix: TypeAlias = tuple[Step, ...]
"""The steps before a position. Equal prefixes render to equal prompts."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the user asked for, and the name of the world it is asked in."""

    text: str
    world: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise EmptyTask("the task is empty; say in a sentence what is to be planned")

    def steered(self, sentences: tuple[str, ...]) -> Task:
        """The task with the person's ``sentences`` added to it: the same text, however they came to be there."""
        return Task(" ".join((self.text, *sentences)), self.world) if sentences else self


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's answer: the next step, best guess first, and the thought behind it, kept for display only.

    A target agent's first step is its verdict. An approximation agent may give several guesses, and with them how sure it is of
    each, from 0 to 1: as many numbers as steps, or none. They are not taken for probabilities; how often guesses of a confidence
    hold is learned.
    """

    steps: tuple[Step, ...]
    thought: str = ""
    confidence: tuple[float, ...] = ()


Counted: TypeAlias = Literal["reported", "estimated", "unknown"]
"""How the tokens of a usage are known: the provider said so, we estimated them, or nobody said anything."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call consumed. ``cached_tokens`` are those of the prompt that the provider did not compute again.

    ``cost_usd`` is ``None`` where the price is unknown: an unknown price is never 0.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    counted: Counted = "unknown"
    cost_usd: float | None = None

    @property
    def tokens(self) -> int:
        """Prompt and output together."""
        return self.prompt_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        """Both together: an estimate if either is one, and of unknown cost if either is."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            counted=self.counted if self.counted == other.counted else "estimated",
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


NOTHING_USED: Final = Usage(counted="reported", cost_usd=0.0)
"""The usage of a call that never began: known, and nothing."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A confirmed step, and whose verdict it is."""

    step: Step
    by: By = "target"


@dataclass(frozen=True, slots=True)
class Plan:
    """The confirmed plan. ``complete`` when its last step is `finish`; ``lossless`` unless a fuzzy match was chosen."""

    steps: tuple[PlanStep, ...]
    lossless: bool = True

    @property
    def complete(self) -> bool:
        """Whether the last step is `finish`."""
        return bool(self.steps) and self.steps[-1].step.is_finish

    @property
    def prefix(self) -> Prefix:
        """The steps alone."""
        return tuple(entry.step for entry in self.steps)

    def __str__(self) -> str:
        return "\n".join(f"{i}  {entry.step}" for i, entry in enumerate(self.steps))
