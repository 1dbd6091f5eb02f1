"""What happened (events, in the past tense) and what is to be done (orders, imperatives).

A *report* comes from outside: a call ended, the person spoke. A *finding* is what the rules concluded from it. Both are
events; both go, in order, to the journal, the picture and the figures. ``Rules.receive`` takes reports and gives findings
and orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from outrider.model import By, Declared, PlanStep, Role, Step, Task, Usage
from outrider.rules.acts import (
    ADDED,
    Asked,
    Executed,
    Executing,
    ExecutionFinding,
    ExecutionReport,
    Lost,
    Observed,
    Question,
    Stayed,
    Undone,
)
from outrider.rules.commands import (
    Allowed,
    Approved,
    Command,
    Extended,
    Paused,
    Settled,
    Steered,
    Stopped,
    Took,
    WentBack,
    WentOn,
)
from outrider.rules.orders import (
    Cancel,
    Execute,
    Hurry,
    Order,
    Start,
    Undo,
    Withdraw,
)

Outcome: TypeAlias = Literal[
    "complete", "stopped", "target_failed", "step_limit", "budget", "journal_lost", "tool_failed", "not_approved"
]
"""How a session ended. Only ``complete`` ends in `finish`."""

Limit: TypeAlias = Literal["budget", "steps"]
"""What a run can run out of, and be given more of."""


# Reports ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The session began, in this setting.

    ``plan`` is what it goes on from, nothing for a new plan. With ``one_machine`` both agents compute on the same processors:
    calls slow one another down, and what they took is more than the target alone would have taken.
    """

    kind: ClassVar[str] = "opened"
    task: Task
    approximation: str
    target: str
    lookahead: str
    max_steps: int
    matching: str = "exact"
    plan_is_lossless: bool = True
    """Whether ``plan`` is: what goes on from a lossy plan is lossy too."""
    one_machine: bool = False
    plan: tuple[PlanStep, ...] = ()
    known: str = field(default="", metadata=ADDED)
    """What earlier sessions have taught of these agents, as JSON: the estimates that lookahead by value begins with."""
    drafters: int = field(default=1, metadata=ADDED)
    """How many drafters the approximation agent is made of; they are asked for a step one after another."""
    asks: bool = field(default=False, metadata=ADDED)
    """Whether somebody is there to ask: a run that reaches a limit is held then, instead of ending."""
    tools: tuple[Declared, ...] = field(default=(), metadata=ADDED)
    """The tools that steps are executed with. Without any, steps are planned and not executed."""
    reads: int = field(default=0, metadata=ADDED)
    """How many times a tool that reads may be run for a step that is not confirmed yet."""
    settings: str = field(default="", metadata=ADDED)
    """What else it was launched with, as JSON, for whoever resumes it; no secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A call got its turn: its request is under way."""

    kind: ClassVar[str] = "started"
    call: int
    role: Role
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """The approximation agent answered, best guess first. Without a step, it has no guess here, which is no failure."""

    kind: ClassVar[str] = "drafted"
    call: int
    at: int
    steps: tuple[Step, ...]
    thought: str = ""
    usage: Usage = field(default_factory=Usage)
    confidence: tuple[float, ...] = field(default=(), metadata=ADDED)
    """How sure the drafter is of each step, from 0 to 1; none where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The target agent answered: its step is the verdict on the prefix it was asked about."""

    kind: ClassVar[str] = "verified"
    call: int
    at: int
    step: Step
    thought: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A call ended without an answer, after the provider's own retries."""

    kind: ClassVar[str] = "failed"
    call: int
    role: Role
    at: int
    error: str
    usage: Usage = field(default_factory=Usage)
    budget: bool = False
    """The call did not fit into what is left of the budget, and was never sent."""
    error_type: str = field(default="", metadata=ADDED)
    """The name of the error's class, of ``outrider.errors`` or a foreign one; empty in older journals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A call was closed before it answered. What it had used by then is in ``usage``."""

    kind: ClassVar[str] = "cancelled"
    call: int
    role: Role
    at: int
    reason: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Another process goes on with the session. The one before is gone, and with it its calls, its runs of tools, and the copies
    of the world that rehearsals had left; what of them has no end on record is reported next as cancelled and lost.

    The time in between does not count: ``time_s`` goes on from the last record's.
    """

    kind: ClassVar[str] = "resumed"
    approximation: str
    target: str
    """The agents, which may be reached in another way now."""
    asks: bool
    """Whether somebody is there to ask now."""


# Findings -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A guess equals its verdict. ``ahead`` is how far beyond the frontier it was drafted, 0 at the frontier itself."""

    kind: ClassVar[str] = "accepted"
    call: int
    at: int
    ahead: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A guess differs from its verdict."""

    kind: ClassVar[str] = "rejected"
    call: int
    at: int
    ahead: int
    draft: Step
    verdict: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A branch was dropped: the step it began with, and every call that hung on it."""

    kind: ClassVar[str] = "discarded"
    at: int
    step: Step
    calls: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The frontier moved past step ``at``.

    ``call`` is the target call whose answer this is, ``None`` for a person's step. ``drafts`` are the calls that had guessed
    it.
    """

    kind: ClassVar[str] = "confirmed"
    at: int
    step: Step
    by: By
    call: int | None
    drafts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Step ``at``'s draft is on display as the one step being verified: the interrupt window is open."""

    kind: ClassVar[str] = "shown"
    at: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """While the run is paused, the target has named the frontier's step: it is confirmed when the person goes on."""

    kind: ClassVar[str] = "waiting"
    at: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The frontier's call has no room within a limit: the run is held until the person allows more, takes the step or stops."""

    kind: ClassVar[str] = "reached"
    at: int
    limit: Limit
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A drafter failed too often in a row: the run goes on with those that are ``left``, or with the target alone."""

    kind: ClassVar[str] = "degraded"
    failures: int
    error: str
    left: int = field(default=0, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The plan is settled; calls that are no longer needed are being closed. The run's total time ends here."""

    kind: ClassVar[str] = "ended"
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Every call is accounted for. Nothing follows."""

    kind: ClassVar[str] = "finished"
    outcome: Outcome


Report: TypeAlias = Opened | Resumed | Started | Drafted | Verified | Failed | Cancelled | ExecutionReport | Command
Finding: TypeAlias = (
    Accepted | Rejected | Discarded | Confirmed | ExecutionFinding | Shown | Waiting | Reached | Degraded | Ended | Finished
)
Event: TypeAlias = Report | Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event in its place: number ``n`` from 0 without gaps, ``time_s`` seconds after the session was opened."""

    n: int
    time_s: float
    event: Event


__all__ = [
    "ADDED",
    "Accepted",
    "Allowed",
    "Approved",
    "Asked",
    "Cancel",
    "Cancelled",
    "Command",
    "Confirmed",
    "Degraded",
    "Discarded",
    "Drafted",
    "Ended",
    "Event",
    "Execute",
    "Executed",
    "Executing",
    "ExecutionFinding",
    "ExecutionReport",
    "Extended",
    "Failed",
    "Finding",
    "Finished",
    "Hurry",
    "Limit",
    "Lost",
    "Observed",
    "Opened",
    "Order",
    "Outcome",
    "Paused",
    "Question",
    "Reached",
    "Record",
    "Rejected",
    "Report",
    "Resumed",
    "Settled",
    "Shown",
    "Start",
    "Started",
    "Stayed",
    "Steered",
    "Stopped",
    "Took",
    "Undo",
    "Undone",
    "Verified",
    "Waiting",
    "WentBack",
    "WentOn",
    "Withdraw",
]
