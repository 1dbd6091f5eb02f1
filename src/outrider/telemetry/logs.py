"""A structured log: one line of JSON for each finding of note, through the standard library's logging.

The journal tells everything, record by record. Here stands what somebody who looks after runs wants to know: that a session began
and how it ended, each confirmed step, what the person did, and whatever went wrong.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from outrider.rules.events import (
    Allowed,
    Approved,
    Asked,
    Confirmed,
    Degraded,
    Ended,
    Executed,
    Extended,
    Failed,
    Finished,
    Lost,
    Opened,
    Paused,
    Reached,
    Record,
    Resumed,
    Settled,
    Stayed,
    Steered,
    Took,
    Undone,
    WentBack,
    WentOn,
)
from outrider.telemetry.facts import CallSettled, Fact, StepConfirmed
from outrider.telemetry.texts import Texts

Field: TypeAlias = str | int | float | bool | None
Fields: TypeAlias = Mapping[str, Field]

ATTRIBUTE: Final = "outrider"
"""Where a ``logging.LogRecord`` of ours holds its fields."""

TROUBLE: Final = ("failed", "lost", "degraded", "reached", "stayed", "asked", "broken_off")
"""What is a warning."""

BROKEN: Final = ("target_failed", "journal_lost", "tool_failed")
"""Outcomes that are errors."""

EVENTS: Final[dict[str, str]] = {
    "opened": "a session began: `world`, `approximation`, `target`, `lookahead`, `carried` steps; `task`",
    "confirmed": "a step is part of the plan: `at`, `by`, `drafted`, `took_s`; `step`",
    "executed": "a confirmed step has been executed: `at`",
    "failed": "a call gave no answer: `at`, `role`, `call`; `why`",
    "lost": "a tool gave no answer: `at`; `why`",
    "undone": "an effect was taken back: `at`",
    "stayed": "an effect could not be taken back: `at`; `why`",
    "degraded": "a drafter was given up: `failures`, `left`; `why`",
    "reached": "the run is held at a limit: `at`, `limit`; `why`",
    "asked": "the person is asked about a tool: `at`, `question`; `why`",
    "took": "the person took a step: `at`; `step`",
    "resumed": "another process goes on with the session: `approximation`, `target`",
    "went_back": "the person went back: `at`",
    "went_on": "the person went on",
    "paused": "the person paused",
    "steered": "the person added a sentence to the task: `at`; `sentence`",
    "allowed": "the person raised the budget: `calls`, `tokens`, `usd`, `seconds`; `why`",
    "extended": "the person gave more steps: `steps`; `why`",
    "approved": "the person let a tool run: `at`",
    "settled": "the person said what came of a tool: `at`",
    "ended": "the plan is settled: `outcome`; `why`",
    "finished": "every call is accounted for: `outcome`, `steps`, and of the calls `used`, `rejected`, `wasted`, `cancelled`, "
    "`failed`, `prompt_tokens`, `output_tokens`, `cost_usd`",
    "broken_off": "this process leaves the session without an outcome, for another to resume; its calls are closed",
}
"""Every event, its fields, and after the semicolon those that are there only with texts."""


class Log:
    """An outlet: every session's findings of note, written with ``logger``. The fields are in the record's ``outrider``."""

    def __init__(self, logger: logging.Logger, texts: Texts | None = None) -> None:
        self._logger = logger
        self._texts = texts or Texts()

    def follow(self, session: str, compared_with: str = "") -> _Writer:
        """A writer for the session."""
        return _Writer(session, self._logger, self._texts, compared_with)


class _Writer:
    def __init__(self, session: str, logger: logging.Logger, texts: Texts, compared_with: str) -> None:
        self._session = session
        self._compared_with = compared_with
        self._logger = logger
        self._texts = texts
        self._sums = _Sums()
        self._open = False

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._sums.receive(fact)
        self._open = isinstance(record.event, Opened) or (self._open and not isinstance(record.event, Finished))

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        self.earlier(record, facts)
        if record.event.kind not in EVENTS:
            return
        each = (self._of_plan(record, facts), self._of_person(record), self._of_trouble(record))
        if (found := next((found for found in each if found is not None), None)) is not None:
            self._write(record.event.kind, {"n": record.n, "at_s": round(record.time_s, 6), **found})

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        if self._open:
            self._write("broken_off", {"at_s": round(time_s, 6)})

    def _write(self, event: str, fields: Fields) -> None:
        level = _level(event, fields)
        if self._logger.isEnabledFor(level):
            found = {"event": event, "session": self._session, **fields}
            self._logger.log(level, "session %s: %s", self._session, event, extra={ATTRIBUTE: found})

    def _of_plan(self, record: Record, facts: Sequence[Fact]) -> Fields | None:
        text = self._texts.under
        match record.event:
            case Opened() as event:
                return {
                    "world": event.task.world, "approximation": self._texts.named(event.approximation),
                    "target": self._texts.named(event.target), "lookahead": event.lookahead, "carried": len(event.plan),
                    **({"compared_with": self._compared_with} if self._compared_with else {}), **text("task", event.task.text),
                }  # fmt: skip
            case Resumed() as event:
                return {"approximation": self._texts.named(event.approximation), "target": self._texts.named(event.target)}
            case Confirmed(step=step):
                fact = next(fact for fact in facts if isinstance(fact, StepConfirmed))
                found: Fields = {"at": fact.at, "by": fact.by, "drafted": fact.drafted, "took_s": round(fact.took_s, 6)}
                return {**found, **text("step", str(step))}
            case Executed(at=at) | Undone(at=at):
                return {"at": at}
            case Ended(outcome=outcome, reason=reason):
                return {"outcome": outcome, **text("why", reason)}
            case Finished(outcome=outcome):
                return {"outcome": outcome, **self._sums.fields}
            case _:
                return None

    def _of_person(self, record: Record) -> Fields | None:
        text = self._texts.under
        match record.event:
            case Took(at=at, step=step):
                return {"at": at, **text("step", str(step))}
            case Steered(at=at, sentence=sentence):
                return {"at": at, **text("sentence", sentence)}
            case WentBack(at=at) | Approved(at=at) | Settled(at=at):
                return {"at": at}
            case Paused() | WentOn():
                return {}
            case Allowed() as event:
                more = {"calls": event.calls, "tokens": event.tokens, "usd": event.usd, "seconds": event.seconds}
                return {**more, **text("why", event.reason)}
            case Extended(steps=steps, reason=reason):
                return {"steps": steps, **text("why", reason)}
            case _:
                return None

    def _of_trouble(self, record: Record) -> Fields | None:
        text = self._texts.under
        match record.event:
            case Failed() as event:
                return {"at": event.at, "role": event.role, "call": event.call, **text("why", event.error)}
            case Lost(at=at, reason=reason) | Stayed(at=at, reason=reason):
                return {"at": at, **text("why", reason)}
            case Degraded(failures=failures, left=left, error=error):
                return {"failures": failures, "left": left, **text("why", error)}
            case Reached(at=at, limit=limit, reason=reason):
                return {"at": at, "limit": limit, **text("why", reason)}
            case Asked(at=at, question=question, reason=reason):
                return {"at": at, "question": question, **text("why", reason)}
            case _:
                return None


class _Sums:
    """What a session's calls have come to; what is not known of one is not known of all."""

    def __init__(self) -> None:
        self._ends: dict[str, int] = dict.fromkeys(("used", "rejected", "wasted", "cancelled", "failed"), 0)
        self._prompt_tokens = self._output_tokens = self._steps = 0
        self._cost_usd: float | None = 0.0

    def receive(self, fact: Fact) -> None:
        match fact:
            case CallSettled(outcome=outcome, usage=usage):
                self._ends[outcome] = self._ends.get(outcome, 0) + 1
                self._prompt_tokens += usage.prompt_tokens
                self._output_tokens += usage.output_tokens
                known = self._cost_usd is not None and usage.cost_usd is not None
                self._cost_usd = (self._cost_usd or 0.0) + (usage.cost_usd or 0.0) if known else None
            case StepConfirmed(at=at):
                self._steps = at + 1
            case _:
                pass

    @property
    def fields(self) -> Fields:
        return {
            "steps": self._steps, **self._ends, "prompt_tokens": self._prompt_tokens, "output_tokens": self._output_tokens,
            "cost_usd": self._cost_usd,
        }  # fmt: skip


def _level(event: str, fields: Fields) -> int:
    if fields.get("outcome") in BROKEN:
        return logging.ERROR
    return logging.WARNING if event in TROUBLE else logging.INFO


class JsonLines(logging.Formatter):
    """A record of ours as a line of JSON in ASCII; any other record as one with its ``message``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = getattr(record, ATTRIBUTE, None)
        told = dict(fields) if isinstance(fields, Mapping) else {"event": "message", "message": record.getMessage()}
        return json.dumps({"time": time, "level": record.levelname.lower(), **told})


__all__ = ["EVENTS", "JsonLines", "Log"]
