"""What happens as steps are executed: what is reported of a tool's runs, and what the rules find in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias

from outrider.model import Step

ADDED: Final = {"added": True}
"""A field that older journals do not have: where it is missing it has its default."""

Question: TypeAlias = Literal["approval", "failed", "unsure"]
"""What the person is asked of a confirmed step's tool: whether it may run; what to do now that it gave no answer; and, for one
that writes, whether its effect has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executing:
    """A step's tool is about to be run. An effect is on record before it can happen, under the ``key`` of all its attempts."""

    kind: ClassVar[str] = "executing"
    execution: int
    at: int
    step: Step
    live: bool
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The tool has returned."""

    kind: ClassVar[str] = "observed"
    execution: int
    at: int
    observation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An execution ended without an answer: it was withdrawn, it hung, or its tool has disappeared."""

    kind: ClassVar[str] = "lost"
    execution: int
    at: int
    reason: str
    withdrawn: bool = field(default=False, metadata=ADDED)
    """Whether we broke it off, since it was not needed any more."""
    unsure: bool = field(default=False, metadata=ADDED)
    """Of an undoing: whether it is not known if the effect has been taken back. Else it is known to be there still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The effect of a step that the person went back behind has been taken back."""

    kind: ClassVar[str] = "undone"
    execution: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """Confirmed step ``at`` has been executed: its observation, in ``step``, is part of the plan.

    ``execution`` is the run it comes from, ``None`` for what the person settled.
    """

    kind: ClassVar[str] = "executed"
    at: int
    step: Step
    execution: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The tool of confirmed step ``at`` waits for the person's word: approved, settled, gone back behind, or stopped."""

    kind: ClassVar[str] = "asked"
    at: int
    step: Step
    question: Question
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """The effect of step ``at`` could not be taken back, or that is not known, so the plan goes on after it again."""

    kind: ClassVar[str] = "stayed"
    at: int
    step: Step
    reason: str


ExecutionReport: TypeAlias = Executing | Observed | Lost | Undone
"""What is reported of an execution, which is one run of a step's tool."""

ExecutionFinding: TypeAlias = Executed | Asked | Stayed
"""What the rules find in it."""
