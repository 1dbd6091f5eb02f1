"""Rooms: how many sessions may run in a server at once, who waits for one, and who is told to come again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from outrider.errors import BadOption, ShuttingDown, TooMany
from outrider.runtime.servers import Places
from outrider.runtime.turns import Caller, Ticket, Turns
from outrider.web.team import RETRY_S
from outrider.web.users import User

MOST_LIVE: Final = 32
"""So many sessions may run at once, unless the server is told otherwise."""

WAIT_S: Final = 10.0
"""So long a request waits for a room, where it may: clients and proxies give up after some more."""

STOPPING: Final = (
    "the server is stopping and begins no session; another one may be up soon, so try again in a moment, or ask whoever runs it"
)


class Rooms:
    """``most`` sessions have a room; up to ``most_waiting`` more wait for one, for up to ``wait_s`` seconds. Users take turns.

    Raises:
        BadOption: a number makes no sense.
    """

    def __init__(self, most: int = MOST_LIVE, most_waiting: int = 0, wait_s: float = WAIT_S) -> None:
        if most < 1 or most_waiting < 0:
            raise BadOption(f"{most} sessions at once and {most_waiting} that wait make no sense; give at least 1 and 0")
        self._most = most
        self._most_waiting = most_waiting
        self._wait_s = wait_s
        self._turns = Turns([Places(most)])
        self._waiting: dict[Ticket, None] = {}
        self._of: Counter[str] = Counter()
        self._closed = False
        self._left = asyncio.Event()

    def of(self, user: User) -> int:
        """How many rooms ``user`` has, or waits for."""
        return self._of[user.name]

    async def enter(self, user: User, caller: Caller | None) -> Ticket:
        """A room of the user's, who takes turns as ``caller``; to be left.

        Raises:
            TooMany: all are taken, and as many wait as may; or it took too long.
            ShuttingDown: nobody gets one any more.
        """
        if self._closed:
            raise ShuttingDown(STOPPING)
        if len(self._turns.inside) + len(self._waiting) >= self._most + self._most_waiting:
            raise self._full()
        ticket = Ticket(urgent=True, caller=caller or Caller())
        self._waiting[ticket] = None
        self._of[user.name] += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.enter(ticket)
        except BaseException as error:
            self._of[user.name] -= 1
            raise self._full() if isinstance(error, TimeoutError) else error from None
        finally:
            del self._waiting[ticket]
        return ticket

    @property
    def taken(self) -> int:
        """How many rooms are not free."""
        return len(self._turns.inside)

    def leave(self, user: User, ticket: Ticket) -> None:
        """The room is free."""
        self._of[user.name] -= 1
        self._turns.leave(ticket)
        left, self._left = self._left, asyncio.Event()
        left.set()

    def close(self) -> None:
        """Nobody gets a room any more; those that wait are told so."""
        self._closed = True
        for ticket in self._waiting:
            if ticket.turn is not None and not ticket.turn.done():
                ticket.turn.set_exception(ShuttingDown(STOPPING))

    async def empty(self, given_up: asyncio.Event) -> None:
        """Wait until every room is free, or nobody waits for that any more."""
        async with asyncio.TaskGroup() as group:
            ended = group.create_task(given_up.wait())
            leaving = group.create_task(self._empty())
            ended.add_done_callback(lambda _: leaving.cancel())
            leaving.add_done_callback(lambda _: ended.cancel())

    async def _empty(self) -> None:
        while self._turns.inside:
            await self._left.wait()

    def _full(self) -> TooMany:
        waiting = f", and {len(self._waiting)} wait" if self._most_waiting else ""
        return TooMany(
            f"{self._most} sessions run at once, which is the most{waiting}; stop one of them first, or ask again later",
            retry_after_s=RETRY_S,
        )
