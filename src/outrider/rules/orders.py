"""What is to be done: imperatives, performed in turn by whoever drives the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from outrider.model import Effect, Role, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Ask the agent of ``role`` for the step after ``prefix``, with the person's ``sentences`` added to the task.

    ``urgent`` calls go before all others in any queue. ``drafter`` is which of several drafters is meant.
    """

    call: int
    role: Role
    at: int
    prefix: tuple[Step, ...]
    urgent: bool
    sentences: tuple[str, ...] = ()
    drafter: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Close a call, and report it as cancelled for ``reason``."""

    call: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurry:
    """The frontier has reached this call's node: if it still waits in a queue, it goes before all others now."""

    call: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """Run the tool of ``step``.

    ``live`` is on the world itself, for a confirmed step. Else it is on a copy: of what execution ``after`` has left, or of the
    world as it is now. ``effect`` is the tool's.
    """

    execution: int
    at: int
    step: Step
    live: bool
    effect: Effect
    key: str
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take back the effect of ``step``, which was executed under ``key``."""

    execution: int
    at: int
    step: Step
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Break off an execution if it is under way, reporting it as lost for ``reason``; forget the copy of the world it left."""

    execution: int
    reason: str


Order: TypeAlias = Start | Cancel | Hurry | Execute | Undo | Withdraw
