"""What another process needs to go on with a session: its rules as they stand, and what the process before has left open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outrider.agents.agent import Agent
from outrider.model import NOTHING_USED, Role, Task, Usage
from outrider.rules.events import (
    Allowed,
    Cancelled,
    Drafted,
    Execute,
    Failed,
    Finding,
    Lost,
    Opened,
    Record,
    Report,
    Resumed,
    Start,
    Started,
    Undo,
    Verified,
)
from outrider.rules.rules import Rules
from outrider.runtime.budget import Budget

GONE = "its process is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A session as its records leave it.

    ``due`` are findings of the last report that are not on record: the end was torn off. ``calls`` and ``executions`` are those
    ordered that have no end on record; ``began`` are the calls among them that had been sent.
    """

    records: tuple[Record, ...]
    rules: Rules
    due: tuple[Finding, ...]
    calls: tuple[Start, ...]
    executions: tuple[Execute | Undo, ...]
    began: frozenset[int]

    @property
    def opened(self) -> Opened:
        """How it began."""
        event = self.records[0].event
        assert isinstance(event, Opened), "a session begins with its opened event"
        return event

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left but to write down that it has finished."""
        return self.rules.outcome is not None and not self.rules.in_flight

    def reports(self, resumed: Resumed) -> Iterator[Report]:
        """What the new process puts on record first: that it goes on, and what went with the one before.

        What a call had used that was sent is not known, and never 0.
        """
        if self.is_settled:
            return
        yield resumed
        for call in self.calls:
            usage = Usage() if call.call in self.began else NOTHING_USED
            yield Cancelled(call=call.call, role=call.role, at=call.at, reason=GONE, usage=usage)
        for order in self.executions:
            yield Lost(execution=order.execution, at=order.at, reason=GONE, unsure=isinstance(order, Undo))


def count_in(budget: Budget, before: Before, agents: dict[Role, tuple[Agent, ...]] | None = None) -> None:
    """What was spent and allowed until now counts in ``budget``.

    A call without an end on record was lost, and counts with the most that its agent may use; so does one of which nobody knew at
    its end what it had used. Without ``agents`` a call without an end goes on elsewhere, and counts when it has ended.
    """
    used = {call.call: _most(call, before.opened.task, agents) for call in before.calls} if agents is not None else {}
    for record in before.records:
        match record.event:
            case Drafted(call=call, usage=usage) | Verified(call=call, usage=usage) | Failed(call=call, usage=usage):
                used[call] = usage
            case Cancelled(call=call, usage=usage):
                used[call] = usage
            case Allowed() as more:
                budget.raise_as_before(more.calls, more.tokens, more.usd, more.seconds)
            case _:
                pass
    sent = [record.event for record in before.records if isinstance(record.event, Started)]
    if agents is not None:
        used |= {call.call: _most_there(call, before, agents) for call in sent if used[call.call].counted == "unknown"}
    budget.count_before([used[call.call] for call in sent if call.call in used], _busy_s(before.records))


def _most(call: Start, task: Task, agents: dict[Role, tuple[Agent, ...]]) -> Usage:
    agent = agents[call.role][call.drafter]
    return agent.most(task.steered(call.sentences), call.prefix) or Usage()


def _most_there(call: Started, before: Before, agents: dict[Role, tuple[Agent, ...]]) -> Usage:
    """The most for a call of which only the place is on record: by the plan up to there, and by the drafter that may use most."""
    prefix = before.rules.plan.prefix[: call.at]
    return max((agent.most(before.opened.task, prefix) or Usage() for agent in agents[call.role]), key=lambda most: most.tokens)


def _busy_s(records: Sequence[Record]) -> float:
    """The seconds in which a call was under way."""
    flying: set[int] = set()
    busy_s = since_s = 0.0
    for record in records:
        busy_s += record.time_s - since_s if flying else 0.0
        since_s = record.time_s
        match record.event:
            case Started(call=call):
                flying.add(call)
            case Drafted(call=call) | Verified(call=call) | Failed(call=call) | Cancelled(call=call):
                flying.discard(call)
            case _:
                pass
    return busy_s
