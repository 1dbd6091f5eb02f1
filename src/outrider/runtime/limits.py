"""Limits: how many calls at once, and how much in all. The frontier's calls go first; speculation waits or is withdrawn.

A call passes up to three queues, each with conditions of its own: the session's, those of the process that it runs in, and the
model server's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

from outrider.agents.agent import Server
from outrider.model import Usage
from outrider.runtime.budget import Budget
from outrider.runtime.servers import Places, ServerLimits
from outrider.runtime.turns import Caller, Condition, Ticket, Turns

_FREE: Final = nullcontext()
"""The turn of a call that nothing limits. It holds no state, so all share it."""


class Limits:
    """What the sessions that are given this object share: nothing, unless one is given.

    Args:
        calls_at_once: the most calls in flight together; ``None`` for no limit.
        budget: the most that may be spent in all; ``None`` for no limit.
        servers: what each model server allows.
        within: limits that hold beside these, such as those of all sessions of a process.
        caller: the user whose sessions these are, if users take turns; by default each session takes turns for itself.

    Raises:
        BadOption: a limit makes no sense.
    """

    def __init__(
        self,
        *,
        calls_at_once: int | None = None,
        budget: Budget | None = None,
        servers: ServerLimits | None = None,
        within: Limits | None = None,
        caller: Caller | None = None,
    ) -> None:
        self.caller: Caller | None = caller or (within.caller if within is not None else None)
        self.budget = budget
        self._servers: tuple[ServerLimits, ...] = (*((servers,) if servers else ()), *(within.servers if within else ()))
        conditions: list[Condition] = [] if budget is None else [budget]
        conditions += [] if calls_at_once is None else [Places(calls_at_once)]
        own = (Turns(conditions),) if conditions else ()
        self._turns: tuple[Turns, ...] = (*own, *(within.turns if within is not None else ()))
        self._budgets = (*((budget,) if budget else ()), *(within.budgets if within is not None else ()))

    @property
    def servers(self) -> tuple[ServerLimits, ...]:
        """What each model server allows: all of it holds, the nearest first."""
        return self._servers

    @property
    def turns(self) -> tuple[Turns, ...]:
        """The queues before the server's own, in the order in which a call passes them."""
        return self._turns

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Every budget that a call counts on, the nearest first."""
        return self._budgets

    @property
    def budgeted(self) -> bool:
        """Whether calls must say how much they could use."""
        return bool(self._budgets) or any(servers.counts_tokens for servers in self._servers)

    @property
    def limited(self) -> bool:
        """Whether anything is limited at all."""
        return bool(self._turns or self._servers)

    @property
    def counted(self) -> bool:
        """Whether a number was given that limits calls, and not only what a server's refusals teach."""
        return bool(self._turns) or any(servers.given for servers in self._servers)

    @property
    def in_dollars(self) -> bool:
        """Whether dollars are counted, so that each call needs a price."""
        return any(budget.usd is not None for budget in self._budgets)

    @property
    def bounded(self) -> bool:
        """Whether it matters how much a call can use, and whom it asks in how many requests."""
        return any(budget.bounded for budget in self._budgets) or any(servers.given for servers in self._servers)

    def check(self, most: Usage | None, server: Server, who: str = "a call") -> None:
        """Raise ``BadOption`` if there is no room for a single call that may use ``most`` at ``server``, or nobody can tell."""
        for budget in self._budgets:
            budget.check(most, who)
        for servers in self._servers:
            servers.check(server, who)

    def turn(self, ticket: Ticket, *, is_inside: bool = False) -> AbstractAsyncContextManager[None]:
        """Inside, the call has its places and its reservations: at once if it ``is_inside``, let in by another process.

        Raises:
            BudgetReached: an urgent call can never fit any more.
            BadOption: the budget counts something of which the call names no bound.
        """
        return self._place(ticket, is_inside) if self.limited else _FREE

    @asynccontextmanager
    async def _place(self, ticket: Ticket, is_inside: bool) -> AsyncIterator[None]:
        entered: list[Turns] = []
        try:
            for turns in self._way(ticket):
                if is_inside:
                    turns.admit(ticket)
                else:
                    await turns.enter(ticket)
                entered.append(turns)
            ticket.sent = True
            yield
        finally:
            for turns in entered:
                turns.leave(ticket)

    def hurry(self, ticket: Ticket) -> None:
        """A waiting ticket has become urgent; one that is inside can no longer be withdrawn."""
        ticket.urgent = True
        for turns in self._way(ticket):
            turns.hurry(ticket)

    def refused(self, ticket: Ticket, after_s: float | None) -> None:
        """The server has refused the call for now (429), and asks to wait ``after_s`` seconds: it is asked less."""
        for servers in self._servers:
            servers.refused(ticket, after_s)

    def _way(self, ticket: Ticket) -> Iterator[Turns]:
        yield from self._turns
        for servers in self._servers:
            yield servers.turns(ticket.server.name)


__all__ = ["Budget", "Caller", "Limits", "ServerLimits", "Ticket"]
