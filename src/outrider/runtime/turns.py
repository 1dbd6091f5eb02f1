"""Turns: who of the calls that wait goes next. The frontier's calls go first; speculation waits or is withdrawn.

Whether a call fits is decided synchronously, by conditions: places, budgets, the pace of a server. Among calls of equal urgency
those that share the turns go round: whoever was let in last comes last, so nobody is passed twice by the same one. Sessions of
one user take turns as that user, however many they are, and then with one another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from weakref import WeakKeyDictionary

from outrider.agents.agent import Server
from outrider.errors import BadOption, BudgetReached
from outrider.model import NOTHING_USED, Usage

Room: TypeAlias = Literal["now", "later", "crowded", "never"]
"""Whether a call fits: now; once time has passed; once another call has left; or not at all."""

_WORST_LAST: Final = ("now", "later", "crowded", "never")

FRONTIER_FIRST: Final = "the frontier's call needs its place"


class Caller:
    """Whose calls take turns with those of others: a session, which may be one ``of`` a user's."""

    __slots__ = ("__weakref__", "of")

    def __init__(self, of: Caller | None = None) -> None:
        self.of = of

    @property
    def all(self) -> tuple[Caller, Caller]:
        """Whose turn comes first of all, and then among theirs: the user and the session, or the session alone."""
        return self if self.of is None else self.of, self


@dataclass(slots=True, eq=False)
class Ticket:
    """A call's place in the queues, and what is reserved for it.

    ``most`` is the most that it can use, and ``keep`` what is to stay free for the frontier's next call if this one is let in.
    ``server`` is whom it asks, in how many requests. ``withdraw`` closes the call for the reason in ``because``; ``refused`` says
    that there will be no room for it. ``sent`` once it has had its turn everywhere, ``answered`` once it has been answered;
    ``goes_on`` if it leaves without having ended, because another process follows it from here.
    """

    urgent: bool
    most: Usage | None = None
    keep: Usage | None = None
    used: Usage = NOTHING_USED
    refused: bool = False
    withdraw: Callable[[], None] = lambda: None
    turn: asyncio.Future[None] | None = None
    leaving: bool = False
    caller: Caller = field(default_factory=Caller)
    server: Server = field(default_factory=Server)
    because: str = ""
    sent: bool = False
    answered: bool = False
    goes_on: bool = False
    pushed_back: bool = False
    let_in_s: float = 0.0


class Condition:
    """Something that calls must fit into. This one lets everybody in."""

    def room(self, ticket: Ticket) -> Room:
        """Whether the call fits.

        Raises:
            BadOption: nobody can tell.
        """
        return "now"

    def enter(self, ticket: Ticket) -> None:
        """The call is let in."""

    def leave(self, ticket: Ticket) -> None:
        """The call has ended."""

    @property
    def refusal(self) -> str:
        """What to tell a call for which there is no room at all."""
        return ""

    @property
    def over(self) -> bool:
        """Whether even the calls inside have to end now."""
        return False

    def next_s(self) -> float | None:
        """When to look again though nobody has come or gone, on the loop's clock."""
        return None

    def watch(self, look: Callable[[], None], *, waiting: bool) -> None:
        """Call ``look`` if room is made elsewhere, as long as somebody is ``waiting``."""


class Turns:
    """A queue in front of some conditions that calls have to meet, all at once."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = tuple(conditions)
        # Insertion-ordered and removable in the middle; the newest comes last.
        self.inside: dict[Ticket, None] = {}
        self._urgent: dict[Ticket, None] = {}
        self._patient: dict[Ticket, None] = {}
        self._served: WeakKeyDictionary[Caller, int] = WeakKeyDictionary()
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, ticket: Ticket) -> AsyncIterator[None]:
        """Inside, the call has its place and its reservation.

        Raises:
            BudgetReached: an urgent call can never fit any more.
            BadOption: a condition cannot tell whether the call fits.
        """
        await self.enter(ticket)
        try:
            yield
        finally:
            self.leave(ticket)

    async def enter(self, ticket: Ticket) -> None:
        """Wait for the turn. Whoever is let in has to ``leave``."""
        ticket.turn = asyncio.get_running_loop().create_future()
        # Who comes for the first time stands behind all who wait, as if it had been let in just now.
        for caller in ticket.caller.all:
            self._served.setdefault(caller, self._count)
        (self._urgent if ticket.urgent else self._patient)[ticket] = None
        self.look()
        try:
            await ticket.turn
        except asyncio.CancelledError:
            self._urgent.pop(ticket, None)
            self._patient.pop(ticket, None)
            if ticket in self.inside:
                self.leave(ticket)
            else:
                self.look()
            raise

    def admit(self, ticket: Ticket) -> None:
        """The call has its place and its reservation, whether there is room or not, such as one that another process let in."""
        self._count += 1
        for caller in ticket.caller.all:
            self._served[caller] = self._count
        ticket.let_in_s = asyncio.get_running_loop().time()
        self.inside[ticket] = None
        for condition in self._conditions:
            condition.enter(ticket)

    def leave(self, ticket: Ticket) -> None:
        """The call has ended: its place is free, and what it used counts."""
        del self.inside[ticket]
        for condition in self._conditions:
            condition.leave(ticket)
        self.look()

    def hurry(self, ticket: Ticket) -> None:
        """The ticket has become urgent: it waits among the urgent ones from now on, if it waits here."""
        if ticket in self._patient:
            del self._patient[ticket]
            self._urgent[ticket] = None
            self.look()

    def look(self) -> None:
        """Let in who fits: urgent ones first, and no speculation while an urgent call waits."""
        self._close_if_over()
        self._admit()
        waiting = bool(self._urgent or self._patient)
        for condition in self._conditions:
            condition.watch(self.look, waiting=waiting)
        self._set_timer(needed=waiting or bool(self.inside))

    def _admit(self) -> None:
        while self._urgent:
            room = self._deal_with(self._urgent)
            if room == "crowded":
                self._make_room()
            if room != "now":
                return
        while self._patient and self._deal_with(self._patient) == "now":
            pass

    def _deal_with(self, queue: dict[Ticket, None]) -> Room:
        """Let the next of the queue in, or refuse it; ``now`` if it is out of the queue, else what it waits for."""
        ticket = min(queue, key=lambda ticket: [self._served[caller] for caller in ticket.caller.all])
        assert ticket.turn is not None
        if ticket.turn.done():  # cancelled while it waited, and not yet told
            del queue[ticket]
            return "now"
        try:
            rooms = [condition.room(ticket) for condition in self._conditions]
        except BadOption as error:
            del queue[ticket]
            ticket.turn.set_exception(error)
            return "now"
        room = max(rooms, key=_WORST_LAST.index)
        if room == "now":
            self._let_in(ticket, queue)
        elif room == "never" and ticket.urgent:
            del queue[ticket]
            self._refuse(ticket, next(c for c, found in zip(self._conditions, rooms, strict=True) if found == "never"))
            return "now"
        return room

    def _let_in(self, ticket: Ticket, queue: dict[Ticket, None]) -> None:
        assert ticket.turn is not None
        del queue[ticket]
        self.admit(ticket)
        ticket.turn.set_result(None)

    def _refuse(self, ticket: Ticket, condition: Condition) -> None:
        assert ticket.turn is not None
        ticket.refused = True
        ticket.turn.set_exception(BudgetReached(condition.refusal))

    def _make_room(self) -> None:
        """An urgent call waits: withdraw the newest speculative one, unless one is on its way out already."""
        if any(ticket.leaving for ticket in self.inside):
            return
        speculative = [ticket for ticket in self.inside if not ticket.urgent]
        if speculative:
            withdraw(speculative[-1], FRONTIER_FIRST)

    def _close_if_over(self) -> None:
        """What may not go on is closed: the frontier's calls too, which are told why."""
        over = next((condition for condition in self._conditions if condition.over), None)
        for ticket in [*self.inside] if over is not None else []:
            assert over is not None
            ticket.refused = ticket.urgent
            withdraw(ticket, over.refusal)

    def _set_timer(self, *, needed: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due_s = [due for condition in self._conditions if needed and (due := condition.next_s()) is not None]
        self._timer = asyncio.get_running_loop().call_at(min(due_s), self.look) if due_s else None


def withdraw(ticket: Ticket, because: str) -> None:
    """Have the call closed, once."""
    if not ticket.leaving:
        ticket.leaving = True
        ticket.because = because
        ticket.withdraw()
