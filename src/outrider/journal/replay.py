"""Replay: the journal's reports through fresh rules. What they find must be what is recorded (law 9).

The rules are pure, so the same reports in the same order give the same findings. Where they do not, the journal has been
changed, or the rules have, and nothing that rests on it can be believed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias, get_args

from outrider.errors import BadOption, JournalCorrupt, NotNow, RulesMisused
from outrider.figures import Figures
from outrider.journal.codec import encode
from outrider.journal.outline import Outline
from outrider.model import Plan, PlanStep, Task
from outrider.rules import MATCHINGS, Lookahead, Matching, Rules, lookahead_named
from outrider.rules.events import (
    Cancelled,
    Confirmed,
    Drafted,
    Event,
    Execute,
    Executed,
    Executing,
    ExecutionReport,
    Failed,
    Finding,
    Finished,
    Lost,
    Observed,
    Opened,
    Outcome,
    Record,
    Report,
    Shown,
    Start,
    Started,
    Steered,
    Undo,
    Undone,
    Verified,
    WentBack,
)

_REPORTS: Final = get_args(Report)

MOST_DRAFTERS: Final = 10_000
"""Nobody has more: the rules keep something of each of them."""

Seen: TypeAlias = Shown | Confirmed | WentBack
"""What changes the plan on display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is open where the records end.

    ``due`` are findings of the last report that are not on record. ``calls`` and ``executions`` are those ordered that have no
    end; ``began`` are the calls among them that had been sent.
    """

    due: tuple[Finding, ...]
    calls: tuple[Start, ...]
    executions: tuple[Execute | Undo, ...]
    began: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a session's records come to.

    ``checked`` says whether the rules were asked and agreed with every record; it is false for a lookahead or a matching of
    the user's own, which replay does not know, and then ``rules`` is ``None``. ``outcome`` is ``None`` where the records end
    before the run finished. ``display`` is what the person saw, in order.
    """

    opened: Opened
    plan: Plan
    display: tuple[Seen, ...]
    figures: Figures
    outcome: Outcome | None
    rules: Rules | None

    sentences: tuple[str, ...] = ()
    left: Left | None = None
    """What the records leave open; ``None`` where the rules were not asked."""

    @property
    def task(self) -> Task:
        """The task with what the person has added to it."""
        return self.opened.task.steered(self.sentences)

    @property
    def checked(self) -> bool:
        """Whether the rules find what is recorded."""
        return self.rules is not None


def replay(records: Iterable[Record], *, lookahead: Lookahead | None = None, matching: Matching | None = None) -> Replayed:
    """What ``records`` come to, from ``opened`` as far as they go: those of a killed process end early.

    A ``lookahead`` or ``matching`` of the user's own is to be given if the rules are to be asked.

    Raises:
        JournalCorrupt: they do not begin with ``opened``, have a gap, or differ from what the rules find; the message names
            the record.
    """
    records = list(records)
    if not records or not isinstance(records[0].event, Opened):
        raise JournalCorrupt("a session's records begin with its opened event, and these do not")
    opened = records[0].event
    if not 0 <= opened.drafters <= MOST_DRAFTERS:
        raise JournalCorrupt(f"record 0: opened is recorded with {opened.drafters} drafters, and nobody has so many")
    rules = _rules_of(opened, lookahead, matching)
    check = _Check(rules) if rules is not None else None
    outline = Outline()
    fold = _Fold()
    for n, record in enumerate(records):
        if record.n != n:
            raise JournalCorrupt(f"record {n} is missing: number {record.n} stands in its place")
        if check is not None:
            check.receive(record)
        else:
            outline.check(record, len(fold.steps))
        fold.receive(record)
    return Replayed(
        opened=opened,
        plan=Plan(tuple(fold.steps), lossless=_is_lossless(opened)),
        display=tuple(fold.display),
        figures=fold.figures,
        outcome=fold.outcome,
        rules=rules,
        sentences=fold.sentences,
        left=check.left if check is not None else None,
    )


def _rules_of(opened: Opened, lookahead: Lookahead | None, matching: Matching | None) -> Rules | None:
    """Fresh rules in the same setting; ``None`` if a part of it has a name that only its user knows."""
    try:
        lookahead = lookahead or lookahead_named(opened.lookahead)
    except BadOption:
        return None
    matching = matching or MATCHINGS.get(opened.matching)
    # A user's own lookahead may be called "4"; only a name that comes out again is one of ours.
    if matching is None or lookahead.name != opened.lookahead:
        return None
    return Rules(lookahead=lookahead, max_steps=opened.max_steps, matching=matching)


def _is_lossless(opened: Opened) -> bool:
    matching = MATCHINGS.get(opened.matching)
    return matching is not None and matching.lossless and opened.plan_is_lossless


@dataclass(slots=True)
class _Check:
    """The rules beside the records.

    ``due`` are the findings of the last report that have not come up yet, ``ordered`` every call that the rules asked for.
    """

    rules: Rules
    due: deque[Finding] = field(default_factory=deque)
    ordered: dict[int, Start] = field(default_factory=dict)
    executions: dict[int, Execute | Undo] = field(default_factory=dict)
    began: set[int] = field(default_factory=set)

    @property
    def left(self) -> Left:
        """What is open now."""
        calls, executions = tuple(self.ordered.values()), tuple(self.executions.values())
        return Left(due=tuple(self.due), calls=calls, executions=executions, began=frozenset(self.began))

    def receive(self, record: Record) -> None:
        if isinstance(record.event, _REPORTS):
            self._report(record.n, record.event, record.time_s)
        elif not self.due:
            raise _differs(record.n, record.event, "no finding")
        elif (finding := self.due.popleft()) != record.event:
            raise _differs(record.n, record.event, _told(finding))

    def _report(self, n: int, report: Report, time_s: float) -> None:
        if self.due:
            raise _differs(n, report, _told(self.due[0]))
        try:
            decision = self.rules.receive(report, time_s)
        except (NotNow, RulesMisused, ValueError) as error:  # the last: what it opened with is no knowledge
            raise JournalCorrupt(f"record {n}: {_told(report)} is recorded, which cannot be: {error}") from error
        self._compare_with_order(n, report)
        self._settle(report)
        self.due.extend(decision.findings)
        self.ordered |= {order.call: order for order in decision.orders if isinstance(order, Start)}
        self.executions |= {order.execution: order for order in decision.orders if isinstance(order, Execute | Undo)}

    def _settle(self, report: Report) -> None:
        """Keep what is open."""
        match report:
            case Started(call=call):
                self.began.add(call)
            case Drafted(call=call) | Verified(call=call) | Failed(call=call) | Cancelled(call=call):
                del self.ordered[call]
                self.began.discard(call)
            case Observed() | Lost() | Undone():
                del self.executions[report.execution]
            case _:
                pass

    def _compare_with_order(self, n: int, report: Report) -> None:
        """The rules go by a call's number alone; that the rest of the report fits the call is for us to see."""
        match report:
            case Started() | Failed() | Cancelled():
                call, told = report.call, (report.role, report.at)
            case Drafted():
                call, told = report.call, ("approximation", report.at)
            case Verified():
                call, told = report.call, ("target", report.at)
            case Executing() | Observed() | Lost() | Undone():
                self._compare_with_execution(n, report)
                return
            case _:
                return
        order = self.ordered[call]
        if isinstance(report, Started) and call in self.began:
            raise _differs(n, report, f"call {call} has started before")
        if told != (order.role, order.at):
            raise _differs(n, report, f"call {call} asks the {order.role} agent for step {order.at}")

    def _compare_with_execution(self, n: int, report: ExecutionReport) -> None:
        order = self.executions[report.execution]
        said = f"execution {report.execution} is of step {order.at}, {order.step}, under key {order.key!r}"
        if report.at != order.at:
            raise _differs(n, report, said)
        if isinstance(report, Executing):
            live = isinstance(order, Undo) or order.live
            if (report.step, report.key, report.live) != (order.step.named, order.key, live):
                raise _differs(n, report, said)


def _differs(n: int, recorded: Event, said: str) -> JournalCorrupt:
    return JournalCorrupt(f"record {n}: {_told(recorded)} is recorded, and the rules say {said}")


def _told(event: Event) -> str:
    """The event in a message: its kind and its fields."""
    told = encode(Record(n=0, time_s=0.0, event=event))
    inner = ", ".join(f"{name}={value!r}" for name, value in told.items() if name not in ("n", "time_s", "kind"))
    return f"{event.kind}({inner})"


@dataclass(slots=True)
class _Fold:
    """What the records say by themselves, whoever found it."""

    steps: list[PlanStep] = field(default_factory=list)
    display: list[Seen] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    outcome: Outcome | None = None
    sentences: tuple[str, ...] = ()

    def receive(self, record: Record) -> None:
        self.figures.receive(record)
        match record.event:
            case Confirmed(at=at, step=step, by=by) as event:
                del self.steps[at:]
                self.steps.append(PlanStep(step, by))
                self.display.append(event)
            case Executed(at=at, step=step):
                self.steps[at] = PlanStep(step, self.steps[at].by)
            case WentBack(at=at) as event:
                del self.steps[at:]
                self.display.append(event)
            case Shown() as event:
                self.display.append(event)
            case Steered() as steered:
                self.sentences = steered.after(self.sentences)
            case Finished(outcome=outcome):
                self.outcome = outcome
            case _:
                pass
