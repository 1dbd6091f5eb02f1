"""From a session's records to the facts that telemetry counts and draws.

A pure fold. How a call has ended is known late: a draft that has answered may still be confirmed, rejected or discarded. It is
settled when that is certain, and never again: whoever goes back and takes a step that a rejected draft had named changes nothing
in what was counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outrider.figures import Figures
from outrider.model import NOTHING_USED, Declared, Role, Usage
from outrider.rules.events import (
    Accepted,
    Allowed,
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Executed,
    Executing,
    Extended,
    Failed,
    Finished,
    Lost,
    Observed,
    Opened,
    Record,
    Rejected,
    Shown,
    Started,
    Steered,
    Took,
    Undone,
    Verified,
    WentBack,
    WentOn,
)
from outrider.telemetry.facts import (
    UNDECLARED,
    CallBegan,
    CallEnded,
    CallOutcome,
    CallSettled,
    CallUnsent,
    ExecutionBegan,
    ExecutionKind,
    ExecutionOutcome,
    ExecutionSettled,
    Fact,
    FrontierAsked,
    Judged,
    StepConfirmed,
    WindowClosed,
    WindowEnd,
)


@dataclass(slots=True)
class _Call:
    role: Role
    at: int
    started_s: float
    ended_s: float | None = None
    usage: Usage = NOTHING_USED
    rejected: bool | None = None


@dataclass(slots=True)
class _Execution:
    kind: ExecutionKind
    started_s: float
    ended_s: float | None = None


# Which folds an event concerns: most concern the calls alone, and there are many of them.
_OF_EXECUTION = (Executing, Observed, Lost, Undone, Executed)
_OF_PLAN = (Opened, Confirmed, Took, Shown, WentBack, Steered, Ended)
_OF_FRONTIER = (Started, Confirmed, Executed, WentOn, Steered, Allowed, Extended, Failed, Cancelled)


class Facts:
    """``receive`` a session's records in order: the facts that follow from each."""

    __slots__ = (
        "_calls", "_carried", "_due_s", "_executions", "_figures", "_frontier", "_held_s", "_since_s", "_taken", "_tools",
        "_verdict", "_window_s", "_windows_held_s",
    )  # fmt: skip

    def __init__(self) -> None:
        self._figures = Figures()
        self._calls: dict[int, _Call] = {}
        self._executions: dict[int, _Execution] = {}
        self._tools: dict[str, Declared] = {}
        self._taken: set[int] = set()
        self._carried = 0
        self._frontier = 0
        self._since_s = 0.0
        self._held_s = 0.0
        self._due_s = 0.0
        self._window_s: float | None = None
        self._windows_held_s = 0.0
        self._verdict: int | None = None

    def receive(self, record: Record) -> list[Fact]:
        """What follows from ``record``."""
        self._figures.receive(record)
        found = list(self._of_call(record))
        if isinstance(record.event, _OF_EXECUTION):
            found += self._of_execution(record)
        if isinstance(record.event, _OF_PLAN):
            found += self._of_plan(record)
        if isinstance(record.event, _OF_FRONTIER):
            found += self._of_frontier(record, record.time_s)
        return found

    def close(self, time_s: float) -> list[Fact]:
        """Nothing more will come: what has not ended never will. After ``finished`` there is nothing of the kind."""
        return [*self._settle_all(time_s)]

    # Calls ----------------------------------------------------------------------------------------------------------

    def _of_call(self, record: Record) -> Iterator[Fact]:
        match record.event:
            case Started(call=number, role=role, at=at):
                self._calls[number] = _Call(role, at, record.time_s)
                yield CallBegan(call=number, role=role, at=at, ahead=max(0, at - self._frontier))
            case Drafted(call=number, usage=usage):
                yield from self._end(number, record.time_s, usage)
                self._verdict = None
            case Verified(call=number, usage=usage):
                yield from self._end(number, record.time_s, usage)
                self._verdict = number
            case Failed(call=number, role=role, usage=usage, error=why, error_type=kind):
                yield from self._break_off(number, role, record.time_s, usage, "failed", why, kind)
            case Cancelled(call=number, role=role, usage=usage, reason=why):
                yield from self._break_off(number, role, record.time_s, usage, "cancelled", why)
            case Accepted(call=number, ahead=ahead) | Rejected(call=number, ahead=ahead):
                yield self._judge(number, ahead, accepted=isinstance(record.event, Accepted))
            case Discarded(calls=calls):
                yield from self._settle_answered([number for number in calls if number in self._calls])
            case Finished():
                yield from self._settle_all(record.time_s)
            case _:
                pass

    def _end(self, number: int, time_s: float, usage: Usage) -> Iterator[Fact]:
        call = self._calls[number]
        call.ended_s, call.usage = time_s, usage
        yield CallEnded(call=number, role=call.role)

    def _break_off(
        self, number: int, role: Role, time_s: float, usage: Usage, outcome: CallOutcome, why: str, error_type: str = ""
    ) -> Iterator[Fact]:
        if number not in self._calls:
            yield CallUnsent(role=role)
            return
        yield from self._end(number, time_s, usage)
        yield self._settle(number, outcome, why, error_type)

    def _judge(self, number: int, ahead: int, *, accepted: bool) -> Judged:
        if (call := self._calls.get(number)) is not None:  # of several guesses one may be right
            call.rejected = not accepted and call.rejected is not False
        return Judged(draft=number, ahead=ahead, accepted=accepted, verdict=self._verdict)

    def _settle(self, number: int, outcome: CallOutcome, why: str = "", error_type: str = "") -> Fact:
        call = self._calls.pop(number)
        assert call.ended_s is not None, "a call that is settled has ended"
        return CallSettled(
            call=number, role=call.role, at=call.at, started_s=call.started_s, ended_s=call.ended_s, outcome=outcome,
            usage=call.usage, why=why, error_type=error_type,
        )  # fmt: skip

    def _settle_answered(self, numbers: list[int]) -> Iterator[Fact]:
        """These are not needed any more; what is still under way is reported as closed later."""
        for number in numbers:
            if (call := self._calls[number]).ended_s is not None:
                yield self._settle(number, "rejected" if call.rejected else "wasted")

    def _settle_all(self, time_s: float) -> Iterator[Fact]:
        yield from self._settle_answered(list(self._calls))
        for number in list(self._calls):
            yield from self._end(number, time_s, Usage())
            yield self._settle(number, "unfinished")
        for number, execution in list(self._executions.items()):
            yield self._settle_execution(number, "unfinished" if execution.ended_s is None else "wasted", time_s)

    # Executions -----------------------------------------------------------------------------------------------------

    def _of_execution(self, record: Record) -> Iterator[Fact]:
        match record.event:
            case Executing(execution=number, at=at, step=step, live=live):
                tool = self._tools.get(step.action)
                early: ExecutionKind = "early" if tool is not None and tool.effect != "write" else "rehearsal"
                self._executions[number] = _Execution("live" if live else early, record.time_s)
                yield ExecutionBegan(
                    execution=number, at=at, kind=self._executions[number].kind, tool=tool.name if tool else UNDECLARED
                )
            case Observed(execution=number) if number in self._executions:
                self._executions[number].ended_s = record.time_s
            case Lost(execution=number, reason=why) if number in self._executions:
                yield self._settle_execution(number, "lost", record.time_s, why)
            case Undone(execution=number) if number in self._executions:
                yield self._settle_execution(number, "undone", record.time_s)
            case Executed(execution=number) if number is not None and number in self._executions:
                yield self._settle_execution(number, "used", record.time_s)
            case _:
                pass

    def _settle_execution(self, number: int, outcome: ExecutionOutcome, time_s: float, why: str = "") -> Fact:
        execution = self._executions.pop(number)
        ended_s = time_s if execution.ended_s is None else execution.ended_s
        return ExecutionSettled(
            execution=number, kind=execution.kind, started_s=execution.started_s, ended_s=ended_s, outcome=outcome, why=why
        )

    # The plan -------------------------------------------------------------------------------------------------------

    def _of_plan(self, record: Record) -> Iterator[Fact]:
        match record.event:
            case Opened(plan=plan, tools=tools):
                self._carried = len(plan)
                self._tools = {tool.name: tool for tool in tools}
            case Confirmed() as confirmed:
                yield from self._close_window(record.time_s, "verdict" if confirmed.call is not None else "withdrawn")
                yield from self._confirm(confirmed, record.time_s)
            case Took(at=at):
                self._taken.add(at)
                self._verdict = None
                yield from self._close_window(record.time_s, "person")
            case Shown():
                yield from self._close_window(record.time_s, "withdrawn")
                self._window_s, self._windows_held_s = record.time_s, self._figures.held_s
            case WentBack(at=at):
                self._frontier = at
                yield from self._close_window(record.time_s, "withdrawn")
            case Steered() | Ended():
                yield from self._close_window(record.time_s, "withdrawn")
            case _:
                pass

    def _confirm(self, event: Confirmed, time_s: float) -> Iterator[Fact]:
        held_s = self._figures.held_s
        took_s = max(0.0, time_s - self._since_s - (held_s - self._held_s))
        self._since_s, self._held_s = time_s, held_s
        self._frontier = event.at + 1
        earlier = event.at < self._carried and event.call is None and event.at not in self._taken
        drafted = bool(event.drafts)
        yield StepConfirmed(at=event.at, by="earlier" if earlier else event.by, drafted=drafted, took_s=took_s)
        for number in (event.call, *event.drafts):
            if number is not None and number in self._calls and self._calls[number].ended_s is not None:
                yield self._settle(number, "used")
        yield from self._settle_answered([number for number, call in self._calls.items() if call.at <= event.at])

    def _close_window(self, time_s: float, by: WindowEnd) -> Iterator[Fact]:
        if self._window_s is not None:
            held_s = self._figures.held_s - self._windows_held_s
            yield WindowClosed(by=by, open_s=max(0.0, time_s - self._window_s - held_s))
            self._window_s = None

    # The frontier's call --------------------------------------------------------------------------------------------

    def _of_frontier(self, record: Record, time_s: float) -> Iterator[Fact]:
        match record.event:
            case Started(role="target", at=at) if at == self._frontier:
                yield FrontierAsked(waited_s=max(0.0, time_s - self._due_s))
            case Confirmed() | Executed() | WentOn() | Steered() | Allowed() | Extended():
                self._due_s = time_s
            case Failed(role="target", at=at) | Cancelled(role="target", at=at) if at == self._frontier:
                self._due_s = time_s
            case _:
                pass
