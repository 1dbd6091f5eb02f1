"""What telemetry counts and draws: calls, executions, waits, each settled once. ``folding`` derives them from records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.model import Role, Usage

CallOutcome: TypeAlias = Literal["used", "rejected", "wasted", "cancelled", "failed", "unfinished"]
"""``used``: its answer, or its guess, is part of the plan. ``rejected``: a draft that its verdict differed from. ``wasted``: it
answered and was not needed. ``unfinished``: the session broke off before the call had ended."""

ExecutionKind: TypeAlias = Literal["live", "early", "rehearsal"]
"""On the world itself; before its step was confirmed, of a tool that does not write; or of one that does, on a copy."""

ExecutionOutcome: TypeAlias = Literal["used", "wasted", "undone", "lost", "unfinished"]
"""``used``: its observation is part of the plan. ``undone``: it took an effect back. ``lost``: it gave no answer."""

WindowEnd: TypeAlias = Literal["verdict", "person", "withdrawn"]

ConfirmedBy: TypeAlias = Literal["target", "person", "earlier"]
"""``earlier``: it comes from the session that this one goes on from."""

UNDECLARED: Final = "undeclared"
"""Stands for a tool that was not declared: its name is a text that an agent wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBegan:
    """A call is in flight. ``ahead`` is how far beyond the frontier it was when it began."""

    call: int
    role: Role
    at: int
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call is no longer in flight."""

    call: int
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettled:
    """How a call has ended is certain. ``ended_s`` is when it answered, failed or was closed; ``why`` says so in a text.

    ``error_type`` is the class of the error that it failed with, where it was one.
    """

    call: int
    role: Role
    at: int
    started_s: float
    ended_s: float
    outcome: CallOutcome
    usage: Usage
    why: str = ""
    error_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnsent:
    """A call was closed, or had no room, before its turn came: nothing was sent."""

    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A guess was accepted or rejected, by the target call ``verdict`` where it is one that has just answered."""

    draft: int
    ahead: int
    accepted: bool
    verdict: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionBegan:
    """A step's tool is being run; ``tool`` is its declared name."""

    execution: int
    at: int
    kind: ExecutionKind
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSettled:
    """How an execution has ended is certain."""

    execution: int
    kind: ExecutionKind
    started_s: float
    ended_s: float
    outcome: ExecutionOutcome
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfirmed:
    """A step is part of the plan, ``took_s`` after the one before it, without the time that the person held the run."""

    at: int
    by: ConfirmedBy
    drafted: bool
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """An interrupt window has closed, ``open_s`` after it opened, without the time that the person held the run."""

    by: WindowEnd
    open_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierAsked:
    """The frontier's target call began, ``waited_s`` after it could have begun. Without a limit that is at once (law 2)."""

    waited_s: float


Fact: TypeAlias = (
    CallBegan | CallEnded | CallSettled | CallUnsent | Judged | ExecutionBegan | ExecutionSettled | StepConfirmed | WindowClosed
    | FrontierAsked
)  # fmt: skip
