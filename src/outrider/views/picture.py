"""The picture: what a person may see of a session, as a value. A pure fold of records; terminal and page draw it.

There are three kinds of step in it and no others: confirmed ones, after them at most one that is being verified (law 5), and
where there is none, the one that is the person's to take.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from outrider.model import By, Plan, PlanStep, Step
from outrider.rules.events import (
    Allowed,
    Approved,
    Asked,
    Confirmed,
    Degraded,
    Ended,
    Executed,
    Executing,
    Extended,
    Finished,
    Lost,
    Opened,
    Outcome,
    Paused,
    Question,
    Reached,
    Record,
    Resumed,
    Settled,
    Shown,
    Stayed,
    Steered,
    Took,
    Verified,
    Waiting,
    WentBack,
    WentOn,
)
from outrider.views.executions import Executions
from outrider.worlds import world_of
from outrider.worlds.named import NamedWorld

Held: TypeAlias = Literal["", "paused", "back", "budget", "steps"]
"""Whether the plan waits for the person, and why: they paused, went back, or the run has reached a limit that they may raise."""


@dataclass(frozen=True, slots=True)
class ConfirmedStep:
    """A step of the confirmed plan, as it is shown.

    ``replaced`` is the draft that stood there before the verdict, if it was another step; ``drafted`` says whether a draft had
    named this one; ``earlier`` that it comes from the session this one goes on from. ``since_s`` is when it was confirmed.
    ``reads`` and ``replaced_reads`` are how the two steps read in their world; empty: as they are.

    ``executes`` says whether its tool is run; ``runs_s`` since when it has been running, ``None`` while it is not; ``executed_s``
    when what it returned, which is the step's observation, became part of the plan; ``early_s`` how much earlier that was because
    the tool had been run before the step was confirmed; ``settled`` that the observation is the person's.
    """

    at: int
    step: Step
    by: By
    since_s: float
    drafted: bool
    replaced: Step | None = None
    thought: str = ""
    earlier: bool = False
    reads: str = ""
    replaced_reads: str = ""
    executes: bool = False
    runs_s: float | None = None
    executed_s: float | None = None
    early_s: float = 0.0
    settled: bool = False

    @property
    def text(self) -> str:
        """The step in words."""
        return self.reads or str(self.step)

    @property
    def awaits(self) -> bool:
        """Whether the plan cannot go on before this step has been executed."""
        return self.executes and self.step.observation is None

    @property
    def replaced_text(self) -> str:
        """The draft that stood there before, in words; empty if there was none."""
        return self.replaced_reads or (str(self.replaced) if self.replaced is not None else "")


@dataclass(frozen=True, slots=True)
class VerifyingStep:
    """The one draft on display, and when it appeared; ``reads`` is how it reads in its world."""

    at: int
    step: Step
    since_s: float
    reads: str = ""

    @property
    def text(self) -> str:
        """The step in words."""
        return self.reads or str(self.step)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the person is asked about the tool of confirmed step ``at``.

    ``writes`` says whether it changes the world; ``undoing`` that its effect was being taken back when the answer was lost.
    """

    at: int
    step: Step
    question: Question
    reason: str
    since_s: float
    writes: bool
    reads: str = ""
    undoing: bool = False

    @property
    def text(self) -> str:
        """The step in words."""
        return self.reads or str(self.step)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the person added to the task, and from which step on."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """Another process went on with the session at ``since_s``, when ``at`` was the number of the next step."""

    at: int
    since_s: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be seen after some number of records. ``after`` gives the picture after one more."""

    task: str = ""
    world: str = ""
    approximation: str = ""
    target: str = ""
    lookahead: str = ""
    lossless: bool = True
    confirmed: tuple[ConfirmedStep, ...] = ()
    verifying: VerifyingStep | None = None
    held: Held = ""
    waiting: Step | None = None
    """While it is held: the verdict that counts when the person goes on."""
    limit: str = ""
    """While it is held because a limit is reached: which, and how much of it is used, in a sentence."""
    sentences: tuple[Sentence, ...] = ()
    """What the person has added to the task, as far as it is in force."""
    degraded: str = ""
    drafters_left: int = 0
    outcome: Outcome | None = None
    reason: str = ""
    finished: bool = False
    now_s: float = 0.0
    carried: int = 0
    """So many steps came from an earlier session."""
    anew: frozenset[int] = frozenset()
    """Those of them that the person has taken since: they are this session's."""
    thoughts: tuple[tuple[int, str], ...] = ()
    """Thoughts of verdicts that wait for their step to be confirmed, by call."""
    executions: Executions = field(default_factory=Executions)
    """The runs of tools, those for drafts too: of these no more is shown than that they run."""
    asked: Asking | None = None
    taken: Step | None = None
    """The person has taken the next step, which counts as soon as the step before it has been executed."""
    stayed: str = ""
    """After going back: which effect could not be taken back, in a sentence, until the person does something else."""
    interruptions: tuple[Interruption, ...] = ()
    left: tuple[ConfirmedStep, ...] = ()
    """The steps that the person went back behind, as long as it may turn out that one of them stays."""

    @property
    def plan(self) -> Plan:
        """The confirmed plan."""
        return Plan(tuple(PlanStep(step.step, step.by) for step in self.confirmed), lossless=self.lossless)

    def reads(self, step: Step) -> str:
        """How ``step`` reads in the world of the task."""
        return self._asked_in.teller(self.task)(step)

    @property
    def stands(self) -> str:
        """Where the plan stands, in the words of its world; empty where that has none, and when the run has ended."""
        return "" if self.outcome is not None or not self.task else self._asked_in.stands(self.task, self.plan.prefix)

    @property
    def rendered(self) -> str:
        """The complete plan as a text to read, in lines; empty where its world has none."""
        return self._asked_in.render(self.task, self.plan.prefix) if self.plan.complete else ""

    @property
    def _asked_in(self) -> NamedWorld:
        return world_of(self.world)

    @property
    def awaited(self) -> ConfirmedStep | None:
        """The last confirmed step, if the plan waits for it to be executed."""
        return self.confirmed[-1] if self.confirmed and self.confirmed[-1].awaits else None

    @property
    def drafts_by(self) -> str:
        """Who drafts, and how far ahead."""
        if self.lookahead == "lookahead-0":
            return "none, the target works alone"
        how_far, at, worth = self.lookahead.partition("@")
        by_value = f"as far ahead as it is worth, at ${worth} an hour" if how_far == "auto" and at else ""
        return f"{self.approximation}, {by_value or self.lookahead}"

    def after(self, record: Record) -> Picture:
        """The picture once ``record`` has happened."""
        picture = replace(self, now_s=record.time_s, executions=self.executions.after(record))
        match record.event:
            case Executing() | Executed() | Lost() | Asked() | Approved() | Settled() | Stayed():
                return picture._executed(record.event)
            case Opened() as opened:
                return replace(
                    picture,
                    task=opened.task.text,
                    world=opened.task.world,
                    approximation=opened.approximation,
                    target=opened.target,
                    lookahead=opened.lookahead,
                    lossless=opened.matching == "exact" and opened.plan_is_lossless,
                    carried=len(opened.plan),
                )
            case Resumed():
                return replace(
                    picture, interruptions=(*picture.interruptions, Interruption(len(picture.confirmed), record.time_s))
                )
            case Verified(call=call, thought=thought) if thought:
                return replace(picture, thoughts=(*picture.thoughts, (call, thought)))
            case Shown(at=at, step=step):
                return replace(picture, verifying=VerifyingStep(at, step, record.time_s, self.reads(step)))
            case Confirmed() as confirmed:
                return picture._with(confirmed)
            case Took(at=at, step=step):
                taken = step if picture.awaited is not None else None
                return replace(picture, anew=picture.anew | {at}, held="", waiting=None, limit="", taken=taken, stayed="")
            case WentBack(at=at):
                return picture._back_to(at)
            case Paused():
                return replace(picture, held="paused")
            case Waiting(step=step):
                return replace(picture, waiting=step)
            case Reached(limit=limit, reason=reason):
                return replace(picture, held=limit, limit=reason)
            case Allowed() if picture.held == "budget":
                return replace(picture, held="", waiting=None, limit="")
            case Extended() if picture.held == "steps":
                return replace(picture, held="", waiting=None, limit="")
            case WentOn():
                return replace(picture, held="", waiting=None, limit="", stayed="")
            case Steered():
                return picture._steered(record.event)
            case Degraded(error=error, left=left):
                return replace(picture, degraded=error, drafters_left=left)
            case Ended(outcome=outcome, reason=reason):
                return replace(
                    picture, outcome=outcome, reason=reason, verifying=None, held="", waiting=None, limit="", asked=None,
                    taken=None, stayed="",
                )  # fmt: skip
            case Finished():
                return replace(picture, finished=True)
            case _:
                return picture

    def _steered(self, event: Steered) -> Picture:
        sentences = (*self.sentences, Sentence(event.at, event.sentence)) if event.sentence else ()
        return replace(self, sentences=sentences, verifying=None, held="", waiting=None, limit="", taken=None, stayed="")

    def _back_to(self, at: int) -> Picture:
        return replace(
            self, confirmed=self.confirmed[:at], left=self.confirmed[at:], verifying=None, held="back",
            waiting=self.confirmed[at].step.named, limit="", asked=None, taken=None, stayed="",
        )  # fmt: skip

    def _executed(self, event: Executing | Executed | Lost | Asked | Approved | Settled | Stayed) -> Picture:
        match event:
            case Executing(at=at, live=True) if at < len(self.confirmed):
                return self._of(at, runs_s=self.now_s)
            case Lost(at=at) if at < len(self.confirmed) and self.confirmed[at].awaits:
                run = self.executions.under_way(at, self.confirmed[at].step)
                return self._of(at, runs_s=None if run is None else run.started_s)
            case Executed(at=at, step=step, execution=execution):
                run = self.executions.ended(execution)
                settled = self.confirmed[at].settled and run is None
                early_s = 0.0 if run is None else run.early_s
                return self._of(at, step=step, runs_s=None, executed_s=self.now_s, early_s=early_s, settled=settled)
            case Asked(at=at, step=step, question=question, reason=reason):
                writes = self.executions.effect(step) == "write"
                asked = Asking(at, step, question, reason, self.now_s, writes, self.reads(step), undoing=bool(self.stayed))
                return replace(self, asked=asked)
            case Approved():
                return replace(self, asked=None)
            case Settled(at=at):
                return replace(self._of(at, settled=True), asked=None)
            case Stayed():
                return self._stays(event)
            case _:
                return self

    def _of(self, at: int, **changes: Any) -> Picture:
        """With these changes to confirmed step ``at``."""
        step = replace(self.confirmed[at], **changes)
        return replace(self, confirmed=(*self.confirmed[:at], step, *self.confirmed[at + 1 :]))

    def _stays(self, event: Stayed) -> Picture:
        """The plan is again what it was, up to the step whose effect could not be taken back."""
        first = self.left[0].at if self.left else len(self.confirmed)
        again = self.left[: event.at + 1 - first]
        after = self.left[len(again) :]
        if again and event.step.observation is None:  # whether it is there is not known: it waits for the person's word
            again = (*again[:-1], replace(again[-1], step=event.step, executed_s=None, settled=False))
        told = f"Step {event.at}, {self.reads(event.step.named)}, could not be taken back, so the plan goes on after it"
        return replace(
            self, confirmed=(*self.confirmed[:first], *again), waiting=after[0].step.named if after else None, left=(),
            stayed=f"{told}: {event.reason}",
        )  # fmt: skip

    def _with(self, event: Confirmed) -> Picture:
        shown = self.verifying.step if self.verifying is not None and self.verifying.at == event.at else None
        replaced = shown if shown is not None and shown != event.step else None
        run = self.executions.under_way(event.at, event.step)
        step = ConfirmedStep(
            at=event.at,
            step=event.step,
            by=event.by,
            since_s=self.now_s,
            drafted=bool(event.drafts),
            replaced=replaced,
            thought=dict(self.thoughts).get(event.call, "") if event.call is not None else "",
            earlier=event.call is None and event.at < self.carried and event.at not in self.anew,
            reads=self.reads(event.step),
            replaced_reads=self.reads(replaced) if replaced is not None else "",
            executes=self.executions.has_tool(event.step),
            runs_s=None if run is None else run.started_s,
        )
        thoughts = tuple(entry for entry in self.thoughts if entry[0] != event.call)
        return replace(self, confirmed=(*self.confirmed[: event.at], step), verifying=None, thoughts=thoughts, taken=None)
