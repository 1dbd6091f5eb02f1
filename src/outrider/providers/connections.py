"""HTTP clients for many calls at once to one address: a call costs a client the more, the more connections it has.

For every request that begins or ends, ``httpcore2`` goes through all connections of its pool. With a thousand sessions that would
be most of what a process does, so calls are spread over pools that stay small.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx2

MOST_CALLS: Final = 16
"""So many calls share a pool. Few enough to be gone through, and enough for one's connections to be of use to the next."""

LIMITS: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=MOST_CALLS)
"""Our own limits say how many calls may be in flight; the pool must never be the place where a frontier call waits."""


@dataclass(slots=True, eq=False)
class _Pool:
    client: httpx2.AsyncClient
    calls: int = 0


class Connections:
    """Lends clients, each of them for up to ``MOST_CALLS`` calls at once; ``close`` closes them all.

    Args:
        make: makes a client with the ``LIMITS``.
    """

    def __init__(self, make: Callable[[], httpx2.AsyncClient]) -> None:
        self._make = make
        self._pools: set[_Pool] = set()
        self._with_room: list[_Pool] = []

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Inside, a client for one call: that of a call that ended last, so that as calls become fewer, others are left alone."""
        pool = self._with_room[-1] if self._with_room else self._another()
        pool.calls += 1
        if pool.calls == MOST_CALLS:
            self._with_room.remove(pool)
        try:
            yield pool.client
        finally:
            if pool.calls == MOST_CALLS:
                self._with_room.append(pool)
            pool.calls -= 1
            if not pool.calls:
                await self._close_spare(pool)

    def _another(self) -> _Pool:
        pool = _Pool(self._make())
        self._pools.add(pool)
        self._with_room.append(pool)
        return pool

    async def _close_spare(self, pool: _Pool) -> None:
        """A pool without calls is closed, unless it is the only one that has room."""
        if len(self._with_room) > 1 and pool in self._pools:
            self._pools.remove(pool)
            self._with_room.remove(pool)
            await pool.client.aclose()

    async def close(self) -> None:
        """Close every connection."""
        self._with_room.clear()
        while self._pools:
            await self._pools.pop().client.aclose()
