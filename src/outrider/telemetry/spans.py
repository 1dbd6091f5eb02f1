"""A session as spans: a pure fold of its records, in OpenTelemetry's words but without its packages.

A span of the session; in it one of each call, from its start to its end, and one of each execution. All times are the records'
own. A call's span is held back until it is certain how the call has ended, and says so in its name as well: among spans, one that
was cancelled looks like one that went well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from outrider.model import Role, Usage
from outrider.rules.events import (
    Degraded,
    Ended,
    Finished,
    Opened,
    Outcome,
    Paused,
    Reached,
    Record,
    Resumed,
    Steered,
    Took,
    WentBack,
    WentOn,
)
from outrider.telemetry import names
from outrider.telemetry.facts import CallBegan, CallSettled, ExecutionBegan, ExecutionSettled, Fact, Judged, StepConfirmed
from outrider.telemetry.texts import Texts

Value: TypeAlias = str | int | float | bool
Attributes: TypeAlias = Mapping[str, Value]

Key: TypeAlias = tuple[Literal["session", "call", "execution"], int]
"""Which span of a session is meant."""

SESSION: Final[Key] = ("session", 0)

Status: TypeAlias = Literal["ok", "error", "unset"]

_STATUS: Final[dict[str, Status]] = {
    "used": "ok", "undone": "ok", "complete": "ok", "failed": "error", "unfinished": "error", "lost": "error",
    "target_failed": "error", "journal_lost": "error", "tool_failed": "error",
}  # fmt: skip
"""Only what has become part of the plan is ``ok``; what was cancelled, rejected or wasted is neither that nor an error."""

_DEEDS: Final[dict[type, str]] = {
    Took: "took", WentBack: "went_back", WentOn: "went_on", Paused: "paused", Steered: "steered", Resumed: "resumed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanBegan:
    """A span has begun. Every span but the session's own is in that one."""

    key: Key
    name: str
    time_s: float
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """Something has happened at one moment of a span."""

    key: Key
    name: str
    time_s: float
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEnded:
    """A span has ended, at ``time_s``, which may be long ago. ``links`` lead to spans that have begun before."""

    key: Key
    name: str
    time_s: float
    attributes: Attributes
    status: Status
    links: tuple[tuple[Key, Attributes], ...] = ()


SpanChange: TypeAlias = SpanBegan | SpanEvent | SpanEnded


@dataclass(slots=True)
class _Links:
    """A verdict's judgements, by draft; of several guesses of one call the one that was right counts."""

    drafts: dict[int, bool] = field(default_factory=dict)


class Spans:
    """``receive`` a session's records and their facts in order: what changes among its spans."""

    def __init__(self, session: str, texts: Texts, compared_with: str = "") -> None:
        self._session = session
        self._compared_with = compared_with
        self._earlier: dict[Key, SpanBegan] = {}
        self._texts = texts
        self._agents: dict[Role, str] = {}
        self._links: dict[int, _Links] = {}
        self._outcome: Outcome | Literal["unfinished"] = "unfinished"
        self._steps = 0
        self._open = False

    def earlier(self, record: Record, facts: Iterable[Fact]) -> None:
        """Take in what another process has told of, as far as it had ended there."""
        for change in self._changes(record, facts):
            match change:
                case SpanBegan():
                    self._earlier[change.key] = change
                case SpanEnded():
                    self._earlier.pop(change.key, None)
                case _:
                    pass

    def receive(self, record: Record, facts: Iterable[Fact]) -> Iterator[SpanChange]:
        """What ``record`` changes. What was open when the process before was interrupted begins here once more."""
        if self._earlier:
            session = self._earlier.pop(SESSION)
            yield replace(session, time_s=record.time_s, attributes={**session.attributes, names.RESUMED: True})
            yield from self._earlier.values()
            self._earlier.clear()
        yield from self._changes(record, facts)

    def _changes(self, record: Record, facts: Iterable[Fact]) -> Iterator[SpanChange]:
        if isinstance(record.event, Opened):
            yield self._opened(record.event, record.time_s)
        for fact in facts:
            yield from self._of_fact(fact, record.time_s)
        yield from self._of_event(record)

    def close(self, time_s: float, facts: Iterable[Fact]) -> Iterator[SpanChange]:
        """Nothing more will come. After ``finished`` this changes nothing; else what is open ends now, as unfinished."""
        if self._earlier:  # nothing has happened here
            return
        for fact in facts:
            yield from self._of_fact(fact, time_s)
        if self._open:
            yield self._ended(time_s)

    # The session ----------------------------------------------------------------------------------------------------

    def _opened(self, event: Opened, time_s: float) -> SpanBegan:
        self._open = True
        self._agents = {
            "approximation": self._texts.named(event.approximation),
            "target": self._texts.named(event.target),
        }
        attributes: dict[str, Value] = {
            names.OPERATION: names.INVOKE_WORKFLOW,
            names.WORKFLOW: "outrider",
            names.CONVERSATION: self._session,
            names.WORLD: event.task.world,
            names.TARGET: self._agents["target"],
            names.APPROXIMATION: self._agents["approximation"],
            names.LOOKAHEAD: event.lookahead,
            **({names.COMPARED_WITH: self._compared_with} if self._compared_with else {}),
            names.LOSSLESS: event.matching == "exact" and event.plan_is_lossless,
            **self._texts.under(names.TASK, event.task.text),
        }
        return SpanBegan(key=SESSION, name=f"{names.INVOKE_WORKFLOW} outrider", time_s=time_s, attributes=attributes)

    def _ended(self, time_s: float) -> SpanEnded:
        self._open = False
        attributes: dict[str, Value] = {names.OUTCOME: self._outcome, names.STEPS: self._steps, **_error(self._outcome)}
        return SpanEnded(
            key=SESSION, name=f"{names.INVOKE_WORKFLOW} outrider", time_s=time_s, attributes=attributes,
            status=_STATUS.get(self._outcome, "unset"),
        )  # fmt: skip

    def _of_event(self, record: Record) -> Iterator[SpanChange]:
        match record.event:
            case Took(at=at, step=step):
                yield self._event(record, "took", {names.AT: at, **self._texts.under(names.STEP, str(step))})
            case WentBack(at=at) | Steered(at=at) as event:
                yield self._event(record, _DEEDS[type(event)], {names.AT: at})
            case Paused() | WentOn() | Resumed() as event:
                yield self._event(record, _DEEDS[type(event)], {})
            case Reached(limit=limit):
                yield self._event(record, "reached", {names.LIMIT: limit})
            case Degraded(error=error):
                yield self._event(record, "degraded", self._texts.under(names.WHY, error))
            case Ended(outcome=outcome, reason=reason):
                self._outcome = outcome
                yield self._event(record, "ended", {names.OUTCOME: outcome, **self._texts.under(names.WHY, reason)})
            case Finished():
                yield self._ended(record.time_s)
            case _:
                pass

    def _event(self, record: Record, name: str, attributes: Attributes) -> SpanEvent:
        return SpanEvent(key=SESSION, name=name, time_s=record.time_s, attributes=attributes)

    # Calls and executions -------------------------------------------------------------------------------------------

    def _of_fact(self, fact: Fact, time_s: float) -> Iterator[SpanChange]:
        match fact:
            case CallBegan():
                yield self._call_began(fact, time_s)
            case Judged(verdict=int(verdict)):
                drafts = self._links.setdefault(verdict, _Links()).drafts
                drafts[fact.draft] = fact.accepted or drafts.get(fact.draft, False)
            case CallSettled():
                yield self._call_ended(fact)
            case ExecutionBegan():
                yield self._execution_began(fact, time_s)
            case ExecutionSettled():
                yield self._execution_ended(fact)
            case StepConfirmed(at=at, by=by):
                self._steps = at + 1
                attributes: Attributes = {names.AT: at, names.BY: by}
                yield SpanEvent(key=SESSION, name="confirmed", time_s=time_s, attributes=attributes)
            case _:
                pass

    def _call_began(self, fact: CallBegan, time_s: float) -> SpanBegan:
        attributes: dict[str, Value] = {
            names.OPERATION: names.INVOKE_AGENT,
            names.CONVERSATION: self._session,
            names.AGENT: self._agents.get(fact.role, fact.role),
            names.CALL: fact.call,
            names.ROLE: fact.role,
            names.AT: fact.at,
            names.AHEAD: fact.ahead,
        }
        return SpanBegan(key=("call", fact.call), name=_name_of(fact.role), time_s=time_s, attributes=attributes)

    def _call_ended(self, fact: CallSettled) -> SpanEnded:
        judged = self._links.pop(fact.call, _Links()).drafts
        links = tuple((_of_call(draft), _said(accepted=right)) for draft, right in judged.items())
        attributes: dict[str, Value] = {
            names.OUTCOME: fact.outcome,
            **_consumed(fact.usage),
            **_error(fact.outcome, fact.error_type),
            **self._texts.under(names.WHY, fact.why),
        }
        return SpanEnded(
            key=("call", fact.call), name=_with(_name_of(fact.role), fact.outcome), time_s=fact.ended_s, attributes=attributes,
            status=_STATUS.get(fact.outcome, "unset"), links=links,
        )  # fmt: skip

    def _execution_began(self, fact: ExecutionBegan, time_s: float) -> SpanBegan:
        attributes: dict[str, Value] = {
            names.OPERATION: names.EXECUTE_TOOL,
            names.CONVERSATION: self._session,
            names.TOOL: fact.tool,
            names.TOOL_CALL: str(fact.execution),
            names.AT: fact.at,
            names.LIVE: fact.kind,
        }
        return SpanBegan(
            key=("execution", fact.execution), name=f"{names.EXECUTE_TOOL} {fact.kind}", time_s=time_s, attributes=attributes
        )

    def _execution_ended(self, fact: ExecutionSettled) -> SpanEnded:
        attributes: dict[str, Value] = {
            names.OUTCOME: fact.outcome, **_error(fact.outcome), **self._texts.under(names.WHY, fact.why),
        }  # fmt: skip
        return SpanEnded(
            key=("execution", fact.execution), name=_with(f"{names.EXECUTE_TOOL} {fact.kind}", fact.outcome),
            time_s=fact.ended_s, attributes=attributes, status=_STATUS.get(fact.outcome, "unset"),
        )  # fmt: skip


def _of_call(number: int) -> Key:
    return ("call", number)


def _name_of(role: Role) -> str:
    return f"{names.INVOKE_AGENT} {role}"


def _with(name: str, outcome: str) -> str:
    return name if outcome == "used" else f"{name} ({outcome})"


def _said(*, accepted: bool) -> Attributes:
    return {names.VERDICT: "confirmed" if accepted else "rejected"}


def _error(outcome: str, error_type: str = "") -> dict[str, Value]:
    return {names.ERROR_TYPE: error_type or outcome} if _STATUS.get(outcome) == "error" else {}


def _consumed(usage: Usage) -> dict[str, Value]:
    """What is not known is left out, and never 0."""
    found: dict[str, Value] = {names.COUNTED: usage.counted}
    if usage.counted != "unknown":
        found |= {
            names.PROMPT_TOKENS: usage.prompt_tokens,
            names.CACHED_TOKENS: usage.cached_tokens,
            names.OUTPUT_TOKENS: usage.output_tokens,
        }
    if usage.cost_usd is not None:
        found[names.COST] = usage.cost_usd
    return found


__all__ = ["SESSION", "Attributes", "Key", "SpanBegan", "SpanChange", "SpanEnded", "SpanEvent", "Spans", "Status", "Value"]
