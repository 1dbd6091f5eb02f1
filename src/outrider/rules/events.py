"""What happened (events, in the past tense) and what is to be done (orders, imperatives).

A *report* comes from outside: a call ended, the person spoke. A *finding* is what the rules concluded from it. Both are
events; both go, in order, to the journal, the picture and the figures. ``Rules.receive`` takes reports and gives findings
and orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias

from outrider.model import By, Declared, Effect, PlanStep, Role, Step, Task, Usage

ADDED: Final = {"added": True}
"""A field that older journals do not have: where it is missing it has its default."""

Outcome: TypeAlias = Literal[
    "complete", "stopped", "target_failed", "step_limit", "budget", "journal_lost", "tool_failed", "not_approved"
]
"""How a session ended. Only ``complete`` ends in `finish`."""

Limit: TypeAlias = Literal["budget", "steps"]
"""What a run can run out of, and be given more of."""

Question: TypeAlias = Literal["approval", "failed", "unsure"]
"""What the person is asked of a confirmed step's tool: whether it may run; what to do now that it gave no answer; and, for one
that writes, whether its effect has happened."""


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
class Approved:
    """The person lets the tool of confirmed step ``at`` run: for the first time, or again after it gave no answer."""

    kind: ClassVar[str] = "approved"
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The person says what executing step ``at`` has come to, instead of running its tool: done by hand, happened, declined."""

    kind: ClassVar[str] = "settled"
    at: int
    observation: str
    happened: bool = field(default=False, metadata=ADDED)
    """Whether the tool's effect, of which that was not known, is there: going back behind it takes it back. What else the person
    says has been done is theirs to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """The person took the step at the frontier: their step is the verdict."""

    kind: ClassVar[str] = "took"
    at: int
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack:
    """The person moved the frontier up to step ``at``, which is open again until they take it or go on."""

    kind: ClassVar[str] = "went_back"
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOn:
    """After going back or pausing: the verdict that is there counts, and calls are made again."""

    kind: ClassVar[str] = "went_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The person holds the frontier where it is: no call begins, and a verdict that arrives waits until they go on."""

    kind: ClassVar[str] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """The person added ``sentence`` to the task, from step ``at`` on. An empty one takes back all before it."""

    kind: ClassVar[str] = "steered"
    at: int
    sentence: str

    def after(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        """The sentences in force once it is added to those before it."""
        return (*sentences, self.sentence) if self.sentence else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The person raised the budget by so much, for ``reason``; if the run was held for want of it, it goes on."""

    kind: ClassVar[str] = "allowed"
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The person gave the plan so many steps more, for ``reason``; if the run was held for want of them, it goes on."""

    kind: ClassVar[str] = "extended"
    steps: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Somebody stopped the run, or the journal was lost and nothing could be written down any more."""

    kind: ClassVar[str] = "stopped"
    reason: str
    outcome: Literal["stopped", "journal_lost"] = "stopped"


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


Command: TypeAlias = Took | WentBack | WentOn | Paused | Steered | Allowed | Extended | Approved | Settled | Stopped
"""What the person may say."""

ExecutionReport: TypeAlias = Executing | Observed | Lost | Undone
"""What is reported of an execution, which is one run of a step's tool."""

Report: TypeAlias = Opened | Resumed | Started | Drafted | Verified | Failed | Cancelled | ExecutionReport | Command
_OfExecution: TypeAlias = Executed | Asked | Stayed
Finding: TypeAlias = (
    Accepted | Rejected | Discarded | Confirmed | _OfExecution | Shown | Waiting | Reached | Degraded | Ended | Finished
)
Event: TypeAlias = Report | Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event in its place: number ``n`` from 0 without gaps, ``time_s`` seconds after the session was opened."""

    n: int
    time_s: float
    event: Event


# Orders -------------------------------------------------------------------------------------------------------------


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
