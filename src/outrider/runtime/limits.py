"""Limits: how many calls at once, and how much in all. The frontier's calls go first; speculation waits or is withdrawn.

Whether a call fits is decided synchronously, and money is reserved *before* launch: twenty calls that start together cannot
overshoot a budget that has room for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from outrider.errors import BadOption, BudgetReached
from outrider.model import NOTHING_USED, Usage

_FREE: Final = nullcontext()
"""The turn of a call that nothing limits. It holds no state, so all share it."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A call's place in the queue, and what is reserved for it."""

    urgent: bool
    most: Usage | None = None
    used: Usage = NOTHING_USED
    refused: bool = False
    withdraw: Callable[[], None] = lambda: None
    turn: asyncio.Future[None] | None = None
    leaving: bool = False


@dataclass(slots=True, kw_only=True)
class Budget:
    """The most that may be spent: calls, tokens (prompt and output together), dollars. ``None`` is no limit.

    ``spent`` is what ended calls used; ``reserved`` is the most that those under way could still use.
    """

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    _spent: list[float] = field(default_factory=lambda: [0, 0, 0.0])
    _reserved: list[float] = field(default_factory=lambda: [0, 0, 0.0])

    def __post_init__(self) -> None:
        for name, value in (("calls", self.calls), ("tokens", self.tokens), ("dollars", self.usd)):
            if value is not None and not value > 0:
                raise BadOption(f"a budget of {value} {name} allows nothing; give a positive number or leave it out")

    def fits(self, most: Usage | None) -> bool:
        """Whether a call that uses at most ``most`` stays within what is left.

        Raises:
            BadOption: the budget counts something of which the call cannot name a bound.
        """
        return all(
            limit is None or spent + reserved + amount <= limit
            for limit, spent, reserved, amount in zip(
                (self.calls, self.tokens, self.usd), self._spent, self._reserved, self._amounts(most), strict=True
            )
        )

    def reserve(self, most: Usage | None) -> None:
        """A call is about to start."""
        self._reserved = [a + b for a, b in zip(self._reserved, self._amounts(most), strict=True)]

    def settle(self, most: Usage | None, used: Usage) -> None:
        """The call has ended. What it used counts; where that is unknown, what was reserved for it does."""
        reserved = self._amounts(most)
        self._reserved = [a - b for a, b in zip(self._reserved, reserved, strict=True)]
        tokens = reserved[1] if used.counted == "unknown" else used.prompt_tokens + used.output_tokens
        usd = reserved[2] if used.cost_usd is None else used.cost_usd
        self._spent = [a + b for a, b in zip(self._spent, (1, tokens, usd), strict=True)]

    def _amounts(self, most: Usage | None) -> tuple[float, float, float]:
        if self.tokens is not None and most is None:
            raise BadOption("a token budget needs agents that know how much a call can use; use a budget of calls")
        if self.usd is not None and (most is None or most.cost_usd is None):
            raise BadOption("a dollar budget needs a price for each model; give one, or use a budget of tokens or calls")
        if most is None:
            return 1, 0, 0.0
        return 1, most.prompt_tokens + most.output_tokens, most.cost_usd or 0.0

    def __str__(self) -> str:
        limits = ((self.calls, self._spent[0], "calls"), (self.tokens, self._spent[1], "tokens"), (self.usd, self._spent[2], "$"))
        return ", ".join(f"{spent:.6g} of {limit:.6g} {name} spent" for limit, spent, name in limits if limit is not None)


class Limits:
    """What the sessions that are given this object share: nothing, unless one is given.

    Args:
        calls_at_once: the most calls in flight together; ``None`` for no limit.
        budget: the most that may be spent in all; ``None`` for no limit.
    """

    def __init__(self, *, calls_at_once: int | None = None, budget: Budget | None = None) -> None:
        if calls_at_once is not None and calls_at_once < 1:
            raise BadOption(f"{calls_at_once} calls at once would never start one; give at least 1")
        self._most = calls_at_once
        self._budget = budget
        # Insertion-ordered and removable in the middle; the newest comes last.
        self._inside: dict[Ticket, None] = {}
        self._urgent: dict[Ticket, None] = {}
        self._patient: dict[Ticket, None] = {}

    @property
    def budgeted(self) -> bool:
        """Whether calls must say how much they could use."""
        return self._budget is not None

    @property
    def limited(self) -> bool:
        """Whether anything is limited at all."""
        return self._most is not None or self._budget is not None

    def turn(self, ticket: Ticket) -> AbstractAsyncContextManager[None]:
        """Inside, the call has its place and its reservation.

        Raises:
            BudgetReached: an urgent call can never fit any more.
            BadOption: the budget counts something of which the call names no bound.
        """
        return self._place(ticket) if self.limited else _FREE

    @asynccontextmanager
    async def _place(self, ticket: Ticket) -> AsyncIterator[None]:
        await self._enter(ticket)
        try:
            yield
        finally:
            self._leave(ticket)

    def hurry(self, ticket: Ticket) -> None:
        """A waiting ticket has become urgent; one that is inside can no longer be withdrawn."""
        ticket.urgent = True
        if ticket in self._patient:
            del self._patient[ticket]
            self._urgent[ticket] = None
            self._admit()

    async def _enter(self, ticket: Ticket) -> None:
        ticket.turn = asyncio.get_running_loop().create_future()
        (self._urgent if ticket.urgent else self._patient)[ticket] = None
        self._admit()
        try:
            await ticket.turn
        except asyncio.CancelledError:
            self._urgent.pop(ticket, None)
            self._patient.pop(ticket, None)
            if ticket in self._inside:
                self._leave(ticket)
            else:
                self._admit()
            raise

    def _leave(self, ticket: Ticket) -> None:
        del self._inside[ticket]
        if self._budget is not None:
            self._budget.settle(ticket.most, ticket.used)
        self._admit()

    def _admit(self) -> None:
        """Let in who fits: urgent ones first, and no speculation while an urgent call waits."""
        while self._urgent:
            if not (self._let_in(self._urgent) or self._refuse()):
                self._make_room()
                return
        while self._patient and self._let_in(self._patient):
            pass

    def _let_in(self, queue: dict[Ticket, None]) -> bool:
        """Deal with the first in the queue; whether it is out of it."""
        ticket = next(iter(queue))
        assert ticket.turn is not None
        if ticket.turn.done():  # cancelled while it waited, and not yet told
            del queue[ticket]
            return True
        try:
            fits = self._fits(ticket)
        except BadOption as error:
            del queue[ticket]
            ticket.turn.set_exception(error)
            return True
        if fits:
            del queue[ticket]
            self._inside[ticket] = None
            if self._budget is not None:
                self._budget.reserve(ticket.most)
            ticket.turn.set_result(None)
        return fits

    def _fits(self, ticket: Ticket) -> bool:
        place = self._most is None or len(self._inside) < self._most
        return place and (self._budget is None or self._budget.fits(ticket.most))

    def _refuse(self) -> bool:
        """The first urgent call does not fit. If nobody is inside, it never will: tell it so. Whether that is the case."""
        if self._inside:
            return False
        ticket = next(iter(self._urgent))
        del self._urgent[ticket]
        assert ticket.turn is not None
        ticket.refused = True
        ticket.turn.set_exception(BudgetReached(f"the budget has no room for another call: {self._budget}"))
        return True

    def _make_room(self) -> None:
        """An urgent call waits: withdraw the newest speculative one, unless one is on its way out already."""
        if any(ticket.leaving for ticket in self._inside):
            return
        speculative = [ticket for ticket in self._inside if not ticket.urgent]
        if speculative:
            speculative[-1].leaving = True
            speculative[-1].withdraw()
