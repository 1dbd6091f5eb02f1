"""Who lets the calls of a session in the engine begin: whoever follows it, where the limits are that its sessions share.

A call that waits in the engine takes its place in this process's queues, and is let in, refused or closed from here. It has ended
when the session's records say so. If this process dies, nothing more is let in until another one follows the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from outrider.errors import BadOption, BudgetReached
from outrider.model import NOTHING_USED, Usage
from outrider.rules.events import Cancelled, Drafted, Event, Failed, Started, Verified
from outrider.runtime.limits import Caller, Limits, Ticket
from outrider.scale import wire

THE_TARGET: Final = "the target"


@dataclass(slots=True, eq=False, kw_only=True)
class _Ticket(Ticket):
    """A call that the engine has ordered: ``began`` there, and ``over``."""

    call: int
    began: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Gate:
    """The turns of one session's calls.

    Args:
        limits: what its calls count on.
        caller: whose turns they are.
        tell: takes a turn to the engine, patiently.
    """

    def __init__(self, limits: Limits, caller: Caller, tell: Callable[[wire.Turn], Coroutine[Any, Any, None]]) -> None:
        self._limits = limits
        self._caller = caller
        self._tell = tell
        self._tickets: dict[int, _Ticket] = {}
        self._ended: list[_Ticket] = []
        self._under_way: set[int] = set()
        self._group: asyncio.TaskGroup | None = None
        self._is_first = False

    def open(self, group: asyncio.TaskGroup) -> None:
        """Calls wait in tasks of ``group``. The frontier's first one tells whether the limits have room for any."""
        self._group = group
        self._is_first = True

    def go_on(self, group: asyncio.TaskGroup, under_way: Iterable[int]) -> None:
        """As ``open``, for a session that goes on: those ``under_way`` were let in by a process that is gone."""
        self._group = group
        self._under_way = set(under_way)

    def look(self, calls: Sequence[wire.Queued]) -> None:
        """These calls of the session have no end so far. Those inside have their places before others are let in."""
        for queued in sorted(calls, key=lambda each: (not each.is_inside, not each.urgent)):
            ticket = self._tickets.get(queued.call)
            if ticket is None:
                self._line_up(queued)
            elif queued.urgent and not ticket.urgent:
                self._limits.hurry(ticket)
        self._free()

    def hear(self, event: Event) -> None:
        """What the session's records say of its calls."""
        match event:
            case Started(call=call) if call in self._tickets:
                self._tickets[call].began = True
            case Started(call=call):
                self._under_way.add(call)
            case Drafted() | Verified():
                self._end(event.call, event.usage, answered=True)
            case Failed() | Cancelled():
                self._end(event.call, event.usage)
            case _:
                pass

    def close(self) -> None:
        """Let nobody in any more. What goes on without this process counts here with what was reserved for it."""
        for call, ticket in [*self._tickets.items()]:
            ticket.began = ticket.goes_on = ticket.sent  # one that was let in may begin, if it has not
            self._end(call, Usage())
        self._free()

    def _line_up(self, queued: wire.Queued) -> None:
        assert self._group is not None, "calls come when the session has been opened"
        bound = queued.bound
        keep = None if queued.urgent else bound.keep or NOTHING_USED
        ticket = _Ticket(
            call=queued.call, urgent=queued.urgent, most=bound.most, keep=keep, server=bound.server, caller=self._caller,
            began=queued.call in self._under_way,
        )  # fmt: skip
        ticket.withdraw = partial(self._withdraw, ticket)
        self._under_way.discard(queued.call)
        self._tickets[queued.call] = ticket
        ticket.task = self._group.create_task(self._attend(ticket, is_inside=queued.is_inside))

    async def _attend(self, ticket: _Ticket, *, is_inside: bool) -> None:
        """One call, from its place in the queue to its end."""
        try:
            self._check(ticket)
            async with self._limits.turn(ticket, is_inside=is_inside):
                if not is_inside:
                    await self._tell(wire.Turn(call=ticket.call))
                await ticket.over.wait()
                ticket.sent = ticket.began
        except (BudgetReached, BadOption) as error:
            await self._tell(wire.Turn(call=ticket.call, because=str(error), refused=True))

    def _check(self, ticket: _Ticket) -> None:
        """Raise ``BadOption`` if the limits have no room even for the frontier's first call, or nobody can tell."""
        if self._is_first and ticket.urgent:
            self._is_first = False
            self._limits.check(ticket.most, ticket.server, THE_TARGET)

    def _withdraw(self, ticket: _Ticket) -> None:
        """The limits want a call closed that they have let in."""
        assert self._group is not None, "it was let in"
        turn = wire.Turn(call=ticket.call, because=ticket.because, refused=ticket.refused)
        self._group.create_task(self._tell(turn))

    def _end(self, call: int, usage: Usage, *, answered: bool = False) -> None:
        ticket = self._tickets.pop(call, None)
        if ticket is None:
            self._count(call, usage)
            return
        ticket.used, ticket.answered = usage, answered
        ticket.leaving = True
        self._ended.append(ticket)

    def _free(self) -> None:
        """Calls that have ended leave. What was ordered because of them waits by then, the frontier's call first."""
        for ticket in self._ended:
            ticket.over.set()
            if not ticket.sent and ticket.task is not None:
                ticket.task.cancel()  # it waits for a turn that nobody wants any more
        self._ended.clear()

    def _count(self, call: int, usage: Usage) -> None:
        """A call that another process let in has ended before this one could take over its place."""
        was_under_way = call in self._under_way
        self._under_way.discard(call)
        for budget in self._limits.budgets if was_under_way else ():
            budget.count(usage)
