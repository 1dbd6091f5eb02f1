"""What comes in from an engine, in the rules' words: what is said to a session, and how its calls and runs end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, TypeAlias

from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from outrider.errors import BudgetReached, NotNow
from outrider.model import Usage
from outrider.rules.events import (
    Cancelled,
    Command,
    Drafted,
    Execute,
    Failed,
    Lost,
    Observed,
    Opened,
    Report,
    Start,
    Undo,
    Undone,
    Verified,
)
from outrider.runtime.ending import ended
from outrider.scale import wire

Ended: TypeAlias = Drafted | Verified | Failed | Cancelled
"""How a call ends."""


def opened_of(begin: wire.Begin) -> Opened:
    """The event that opens the session."""
    event = wire.from_text(begin.opened)
    assert isinstance(event, Opened), "a session begins with what opens it"
    return event


def command_of(said: wire.Said) -> Command:
    """What the person says.

    Raises:
        NotNow: it is something else.
    """
    event = wire.from_text(said.command)
    if not isinstance(event, Command):
        raise NotNow(f"only what a person says can be said to a session, and {event.kind} is none of it")
    return event


def number_of(order: Start | Execute | Undo) -> int:
    """One number for calls and executions: these count down from -1."""
    return order.call if isinstance(order, Start) else -1 - order.execution


def hurry(call: int, ordered: dict[int, Start | Execute | Undo]) -> None:
    """If the call has not begun, it is ordered as the frontier's."""
    if isinstance(order := ordered.get(call), Start):
        ordered[call] = replace(order, urgent=True)


def ended_by(report: Report) -> int | None:
    """The number of what has ended by this report."""
    match report:
        case Drafted() | Verified() | Failed() | Cancelled():
            return report.call
        case Observed() | Lost() | Undone():
            return -1 - report.execution
        case _:
            return None


def refused(order: Start, because: str, usage: Usage) -> Ended:
    """The call's end where there is no room for it."""
    return ended(order.call, order.role, order.at, usage=usage, result=BudgetReached(because), budget=True)


def error_of(done: asyncio.Task[Any]) -> BaseException | None:
    """Why it came to nothing, if it did."""
    return asyncio.CancelledError() if done.cancelled() else done.exception()


def began(error: BaseException) -> bool:
    """Whether a worker had been given what ended so."""
    return isinstance(error, ActivityError) and bool(error.started_event_id)


def refusal(error: ActivityError) -> ApplicationError:
    """Why the session cannot be opened, with the name of our own error, for whoever started it."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, type=cause.type, non_retryable=True)
    return ApplicationError(sentence(error), type="Unreachable", non_retryable=True)


def sentence(error: BaseException) -> str:
    """Why it came to nothing, in words."""
    if is_cancelled_exception(error):
        return "it was broken off"
    cause: BaseException = error
    while isinstance(cause, ActivityError) and cause.cause is not None:
        cause = cause.cause
    return f"no worker has finished it: {cause}"
