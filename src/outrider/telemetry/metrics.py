"""Every metric, in one table, and what a record adds to them. A pure fold; Prometheus and OpenTelemetry both read the table.

Labels have few values, known beforehand: no task, session, agent, tool or model is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.model import Usage
from outrider.rules.events import Asked, Degraded, Ended, Finished, Opened, Reached, Record, Resumed
from outrider.telemetry.facts import (
    CallBegan,
    CallEnded,
    CallSettled,
    CallUnsent,
    ExecutionSettled,
    Fact,
    FrontierAsked,
    Judged,
    StepConfirmed,
    WindowClosed,
)

Kind: TypeAlias = Literal["counter", "up and down", "histogram"]

SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Upper ends of the buckets of what takes as long as a call."""

RUN_SECONDS: Final = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0)
"""Upper ends of the buckets of what takes as long as a run."""

MOST_AHEAD: Final = 16
"""Positions from here on share a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is counted. ``name`` is OpenTelemetry's; Prometheus's is made from it and from ``unit``."""

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def prometheus(self) -> str:
        """Its name in Prometheus, without the ``_total`` that its client puts behind a counter."""
        unit = {"s": "_seconds", "USD": "_usd"}.get(self.unit, "")
        return self.name.replace(".", "_") + unit

    @property
    def scraped(self) -> str:
        """Its name as Prometheus stores it."""
        return self.prometheus + ("_total" if self.kind == "counter" else "")


def _counter(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind="counter", unit=unit, help=text, labels=labels)


def _seconds(name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Metric:
    return Metric(name=name, kind="histogram", unit="s", help=text, labels=labels, buckets=buckets)


def _level(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind="up and down", unit=unit, help=text, labels=labels)


SESSIONS_RUNNING: Final = _level("outrider.sessions.running", "{session}", "Sessions that run now.")
SESSIONS: Final = _counter("outrider.sessions", "{session}", "Sessions that have ended, by outcome.", "outcome", "run")
SESSION_S: Final = _seconds(
    "outrider.session.duration", "From opening a session to its plan being settled.", "outcome", "run", buckets=RUN_SECONDS
)
RESUMED: Final = _counter("outrider.sessions.resumed", "{time}", "How often a session was gone on with after an interruption.")
STEPS: Final = _counter(
    "outrider.steps", "{step}", "Confirmed steps, by whom, and whether a draft had named them.", "by", "drafted"
)
STEP_S: Final = _seconds(
    "outrider.step.duration", "From one confirmed step to the next, without what the person held the run.", "by"
)
WINDOW_S: Final = _seconds(
    "outrider.interrupt.window", "From showing a draft to its verdict, or to the person's step, without what they held.", "ended"
)
CALLS_RUNNING: Final = _level("outrider.calls.running", "{call}", "Calls in flight now.", "role")
CALLS: Final = _counter("outrider.calls", "{call}", "Calls that have ended, by how.", "role", "outcome")
CALL_S: Final = _seconds("outrider.call.duration", "From a call's turn to its end.", "role", "outcome")
UNSENT: Final = _counter("outrider.calls.unsent", "{call}", "Calls that were closed before their turn came.", "role")
TOKENS: Final = _counter(
    "outrider.tokens",
    "{token}",
    "Tokens of ended calls; cached ones are among the prompt's.",
    "role",
    "outcome",
    "kind",
    "counted",
)
COST: Final = _counter("outrider.cost", "USD", "Dollars of the calls whose price is known.", "role", "outcome")
UNKNOWN: Final = _counter(
    "outrider.calls.unknown", "{call}", "Ended calls of which the tokens, or the price, are not known.", "role", "what"
)
JUDGED: Final = _counter("outrider.drafts.judged", "{draft}", "Guesses with a verdict, by how far ahead.", "ahead", "verdict")
DEGRADED: Final = _counter("outrider.drafters.given_up", "{drafter}", "Drafters that failed too often in a row.")
FRONTIER_S: Final = _seconds("outrider.frontier.wait", "What the frontier's target call waited for its turn: 0 unless limited.")
LIMITS: Final = _counter("outrider.limits.reached", "{time}", "How often a run was held at a limit.", "limit")
EXECUTIONS: Final = _counter("outrider.executions", "{execution}", "Runs of tools that have ended, by how.", "kind", "outcome")
EXECUTION_S: Final = _seconds("outrider.execution.duration", "From a tool's start to its answer.", "kind", "outcome")
QUESTIONS: Final = _counter("outrider.questions", "{question}", "What the person was asked of a tool.", "question")

METRICS: Final = (
    SESSIONS_RUNNING, SESSIONS, SESSION_S, RESUMED,
    STEPS, STEP_S, WINDOW_S, CALLS_RUNNING, CALLS, CALL_S, UNSENT, TOKENS, COST, UNKNOWN,
    JUDGED, DEGRADED, FRONTIER_S, LIMITS, EXECUTIONS, EXECUTION_S, QUESTIONS,
)  # fmt: skip
"""All there are."""

Added: TypeAlias = tuple[Metric, float, tuple[str, ...]]
"""So much is added to a metric, or observed, under labels in the table's order."""


class Metrics:
    """``receive`` a session's records and their facts in order: what they add. Several sessions add to the same metrics."""

    def __init__(self, *, compared: bool = False) -> None:
        self._running = False
        self._run = "compared" if compared else "plan"

    def receive(self, record: Record, facts: Iterable[Fact]) -> Iterator[Added]:
        """What ``record`` adds."""
        for fact in facts:
            yield from _of_fact(fact)
        yield from self._of_event(record)

    def close(self, facts: Iterable[Fact]) -> Iterator[Added]:
        """Nothing more will come: a session that broke off does not run any more."""
        for fact in facts:
            yield from _of_fact(fact)
        yield from self._stop()

    def _stop(self) -> Iterator[Added]:
        if self._running:
            self._running = False
            yield SESSIONS_RUNNING, -1, ()

    def _of_event(self, record: Record) -> Iterator[Added]:
        match record.event:
            case Opened():
                self._running = True
                yield SESSIONS_RUNNING, 1, ()
            case Reached(limit=limit):
                yield LIMITS, 1, (limit,)
            case Degraded():
                yield DEGRADED, 1, ()
            case Asked(question=question):
                yield QUESTIONS, 1, (question,)
            case Ended(outcome=outcome):
                yield SESSIONS, 1, (outcome, self._run)
                yield SESSION_S, record.time_s, (outcome, self._run)
            case Resumed():
                yield RESUMED, 1, ()
            case Finished():
                yield from self._stop()
            case _:
                pass


class MetricWriter:
    """Writes what one session adds; several write to the same place.

    Args:
        write: takes what is added.
        compared: whether it is the target alone, run once more to be compared with.
    """

    def __init__(self, write: Callable[[Iterable[Added]], None], *, compared: bool = False) -> None:
        self._metrics = Metrics(compared=compared)
        self._write = write
        self._levels: dict[tuple[Metric, tuple[str, ...]], float] = {}

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        """Another process has counted this; of what it adds, only what is under way goes on here."""
        for metric, value, labels in self._metrics.receive(record, facts):
            if metric.kind == "up and down":
                self._levels[metric, labels] = self._levels.get((metric, labels), 0) + value

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        """Write what ``record`` adds."""
        self._go_on()
        self._write(self._metrics.receive(record, facts))

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        """Nothing more will come."""
        self._go_on()
        self._write(self._metrics.close(facts))

    def _go_on(self) -> None:
        levels, self._levels = self._levels, {}
        self._write((metric, value, labels) for (metric, labels), value in levels.items() if value)


def _of_fact(fact: Fact) -> Iterator[Added]:
    match fact:
        case CallBegan(role=role):
            yield CALLS_RUNNING, 1, (role,)
        case CallEnded(role=role):
            yield CALLS_RUNNING, -1, (role,)
        case CallSettled():
            yield CALLS, 1, (fact.role, fact.outcome)
            yield CALL_S, fact.ended_s - fact.started_s, (fact.role, fact.outcome)
            yield from _consumed(fact, fact.usage)
        case CallUnsent(role=role):
            yield UNSENT, 1, (role,)
        case Judged(ahead=ahead, accepted=accepted):
            yield JUDGED, 1, (_position(ahead), "accepted" if accepted else "rejected")
        case StepConfirmed(by=by, drafted=drafted):
            yield STEPS, 1, (by, "yes" if drafted else "no")
            if by != "earlier":
                yield STEP_S, fact.took_s, (by,)
        case WindowClosed(by=by, open_s=open_s):
            yield WINDOW_S, open_s, (by,)
        case FrontierAsked(waited_s=waited_s):
            yield FRONTIER_S, waited_s, ()
        case ExecutionSettled(kind=kind, outcome=outcome):
            yield EXECUTIONS, 1, (kind, outcome)
            yield EXECUTION_S, fact.ended_s - fact.started_s, (kind, outcome)
        case _:
            pass


def _consumed(fact: CallSettled, usage: Usage) -> Iterator[Added]:
    if usage.counted == "unknown":
        yield UNKNOWN, 1, (fact.role, "tokens")
    else:
        tokens = (("prompt", usage.prompt_tokens), ("cached", usage.cached_tokens), ("output", usage.output_tokens))
        for kind, number in tokens:
            if number:
                yield TOKENS, number, (fact.role, fact.outcome, kind, usage.counted)
    if usage.cost_usd is None:
        yield UNKNOWN, 1, (fact.role, "price")
    elif usage.cost_usd:
        yield COST, usage.cost_usd, (fact.role, fact.outcome)


def _position(ahead: int) -> str:
    return str(ahead) if ahead < MOST_AHEAD else f"{MOST_AHEAD} or more"


__all__ = ["METRICS", "Added", "Metric", "MetricWriter", "Metrics"]
