"""The picture: what a person may see of a session, as a value. A pure fold of records; terminal and page draw it.

There are three kinds of step in it and no others: confirmed ones, after them at most one that is being verified (law 5), and
where there is none, the one that is the person's to take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from outrider.model import By, Plan, PlanStep, Step
from outrider.rules.events import (
    Allowed,
    Confirmed,
    Degraded,
    Ended,
    Extended,
    Finished,
    Opened,
    Outcome,
    Paused,
    Reached,
    Record,
    Shown,
    Steered,
    Took,
    Verified,
    Waiting,
    WentBack,
    WentOn,
)
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

    @property
    def text(self) -> str:
        """The step in words."""
        return self.reads or str(self.step)

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
class Sentence:
    """What the person added to the task, and from which step on."""

    at: int
    text: str


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
    def drafts_by(self) -> str:
        """Who drafts, and how far ahead."""
        if self.lookahead == "lookahead-0":
            return "none, the target works alone"
        how_far, at, worth = self.lookahead.partition("@")
        by_value = f"as far ahead as it is worth, at ${worth} an hour" if how_far == "auto" and at else ""
        return f"{self.approximation}, {by_value or self.lookahead}"

    def after(self, record: Record) -> Picture:
        """The picture once ``record`` has happened."""
        picture = replace(self, now_s=record.time_s)
        match record.event:
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
            case Verified(call=call, thought=thought) if thought:
                return replace(picture, thoughts=(*picture.thoughts, (call, thought)))
            case Shown(at=at, step=step):
                return replace(picture, verifying=VerifyingStep(at, step, record.time_s, self.reads(step)))
            case Confirmed() as confirmed:
                return picture._with(confirmed)
            case Took(at=at):
                return replace(picture, anew=picture.anew | {at}, held="", waiting=None, limit="")
            case WentBack(at=at):
                kept = picture.confirmed[at].step
                return replace(picture, confirmed=picture.confirmed[:at], verifying=None, held="back", waiting=kept, limit="")
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
                return replace(picture, held="", waiting=None, limit="")
            case Steered():
                return picture._steered(record.event)
            case Degraded(error=error, left=left):
                return replace(picture, degraded=error, drafters_left=left)
            case Ended(outcome=outcome, reason=reason):
                return replace(picture, outcome=outcome, reason=reason, verifying=None, held="", waiting=None, limit="")
            case Finished():
                return replace(picture, finished=True)
            case _:
                return picture

    def _steered(self, event: Steered) -> Picture:
        sentences = (*self.sentences, Sentence(event.at, event.sentence)) if event.sentence else ()
        return replace(self, sentences=sentences, verifying=None, held="", waiting=None, limit="")

    def _with(self, event: Confirmed) -> Picture:
        shown = self.verifying.step if self.verifying is not None and self.verifying.at == event.at else None
        replaced = shown if shown is not None and shown != event.step else None
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
        )
        thoughts = tuple(entry for entry in self.thoughts if entry[0] != event.call)
        return replace(self, confirmed=(*self.confirmed[: event.at], step), verifying=None, thoughts=thoughts)
