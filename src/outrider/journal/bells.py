"""Telling others that a session has changed, and hearing it from them, on a connection of its own to Postgres.

A transaction that notifies commits alone: Postgres holds all others that do until its commit is on the disk. So an append does
not notify. It is told of afterwards, several in one, by a transaction that waits for no disk. Where the telling is lost, with its
connection or its process, whoever follows finds out by looking, which they do from time to time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias

CHANNEL: Final = "outrider"

LONGEST: Final = 2000
"""Bytes of a session's name that a notification can carry; for a longer one, everybody looks."""

TELL: Final = """SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, name) FROM unnest($2::text[]) AS name"""

Ring: TypeAlias = Callable[[str], None]
"""Is told what has changed; nothing: something may have."""


class Bells:
    """Everything here is done on the loop of the link, whose connection ``connect`` makes.

    Args:
        connect: makes the connection, once it is needed.
        answer_s: after so many seconds without an answer it counts as cut.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], answer_s: float) -> None:
        self._connect = connect
        self._answer_s = answer_s
        self._db: Any = None
        self._heard_on: Any = None
        self._turn = asyncio.Lock()
        self._rings: set[Ring] = set()
        self._changed: set[str] = set()
        self._any = asyncio.Event()
        self._over = False

    # Hearing ----------------------------------------------------------------------------------------------------------

    async def listen(self, ring: Ring) -> bool:
        """``ring`` is called with what has changed. Whether something may have been missed until now."""
        async with self._turn:
            fresh = ring not in self._rings
            self._rings.add(ring)
            db = await self._there()
            if self._heard_on is db:
                return fresh
            await self._in_time(db.add_listener(CHANNEL, self._hear))
            db.add_termination_listener(lambda db: self._hear(db, 0, CHANNEL, ""))
            self._heard_on = db
            return True

    def forget(self, ring: Ring) -> None:
        """It is called no more."""
        self._rings.discard(ring)

    def _hear(self, db: object, pid: int, channel: str, what: str) -> None:
        for ring in tuple(self._rings):
            ring(what)

    # Telling ----------------------------------------------------------------------------------------------------------

    def tell(self, what: str) -> None:
        """Whoever listens is told soon that the session of this name has changed."""
        self._changed.add(what if len(what.encode(errors="replace")) < LONGEST else "")
        self._any.set()

    def end(self) -> None:
        """Nothing more is to be told than what is already."""
        self._over = True
        self._any.set()

    async def keep_telling(self) -> None:
        """Tell of everything that is to be told, until the end."""
        while self._changed or not self._over:
            await self._any.wait()
            await self._tell_now()

    async def _tell_now(self) -> None:
        """What was to be told has been, or is given up: nobody depends on it."""
        changed, self._changed = self._changed, set()
        self._any.clear()
        with suppress(Exception):
            async with self._turn:
                if changed:
                    await self._in_time((await self._there()).execute(TELL, CHANNEL, sorted(changed)))

    # The connection ---------------------------------------------------------------------------------------------------

    async def _there(self) -> Any:
        if self._db is None or self._db.is_closed():
            self._db = await self._connect()
        return self._db

    async def _in_time(self, asking: Awaitable[object]) -> None:
        watch = asyncio.get_running_loop().call_later(self._answer_s, self._db.terminate)
        try:
            await asking
        finally:
            watch.cancel()

    async def close(self) -> None:
        """There is no connection any more."""
        if self._db is not None:
            with suppress(Exception):  # nothing depends on a farewell
                await self._db.close(timeout=1)
            self._db.terminate()
