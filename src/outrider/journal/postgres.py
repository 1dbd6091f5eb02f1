"""The journal in Postgres: sessions of many processes and machines, owned by fence, followed by notification.

Appending waits until the server has it on disk, as appending to a file does; ``docs/decisions`` says why, and what it costs.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from outrider.errors import JournalCorrupt, JournalError, JournalUnusable
from outrider.journal import statements as sql
from outrider.journal.codec import to_line
from outrider.journal.follow import Following
from outrider.journal.link import ANSWER_S, Database, Link
from outrider.journal.rows import LAST_CHARACTER, checksum, command_line, entry_of, heard_of, mailed_of, record_of, storable
from outrider.journal.store import (
    MOST_NAMED,
    Clock,
    Heard,
    Lease,
    Mailed,
    SessionEntry,
    check_claim,
    check_command,
    check_succession,
    is_finished,
    never,
    old_fence,
    out_of_turn,
    outcome_of,
    owned,
    steps_after,
    task_of,
    the_one,
    utc_now,
)
from outrider.journal.tables import prepare
from outrider.rules.events import Command, Record

T = TypeVar("T")

PATIENCE_S: Final = 20.0
"""For so long a server that is away is tried again: a restart, or another server taking over."""

BEAT_S: Final = 2.0
"""So often one looks although no bell has rung: a notification may be lost with its connection."""


class PostgresJournal:
    """A journal in a database. The contract is ``JournalStore``.

    Args:
        address: a ``postgresql://`` URL. The password is better kept in ``PGPASSWORD`` or ``~/.pgpass``.
        read_only: write nothing; then nothing can be appended.
        clock: gives the time at which a session is created. Leases go by the server's clock.
        patience_s: how long a server that is away is tried again before the journal is lost.
        answer_s: after so many seconds without an answer a connection counts as cut, and another one is tried.

    Raises:
        BadOption: it is no address, or asyncpg is not installed.
        JournalError: the server cannot be reached, or what is there is no journal; its kind says why.
    """

    def __init__(
        self,
        address: str,
        *,
        read_only: bool = False,
        clock: Clock = utc_now,
        patience_s: float = PATIENCE_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._link = Link(address, read_only=read_only, patience_s=patience_s, answer_s=answer_s)
        self.name = self._link.name
        self._clock = clock
        try:
            self._link.ask(lambda db, _: prepare(db, self.name, read_only=read_only))
        except BaseException:
            self._link.close()
            raise

    # Writing --------------------------------------------------------------------------------------------------------

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        """All of ``records`` are on the server's disk, or none; see ``JournalStore``.

        An answer that is lost on the way is asked for again: what stands there with this number, fence and content was written.
        """
        if taken and not records:
            self._link.ask(lambda db, _: self._take_out(db, session, fence, taken, refused))
        elif records:
            check_succession(session, records)
            lines = [to_line(record) for record in records]
            rows = [
                (record.n, record.event.kind, line, self._checksum(session, line))
                for record, line in zip(records, lines, strict=True)
            ]
            self._link.ask(lambda db, again: self._append(db, again, session, records, rows, fence, taken))
            self._link.tell(session)

    async def _append(
        self, db: Database, again: bool, session: str, records: list[Record], rows: list[sql.Row], fence: int, taken: int
    ) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)]
        steps, outcome, after = steps_after(records, None), outcome_of(records), records[-1].n + 1
        if (task := task_of(records)) is not None:
            created = self._clock().isoformat(timespec="seconds")
            async with db.transaction():
                await db.execute(sql.LOCK, session)  # against whoever claims it in this very moment
                entered = (session, created, sql.text(storable(task.text)), outcome, steps or 0, after, fence, taken)
                written = await db.fetchval(sql.OPEN, *entered, *columns)
        else:
            written = await db.fetchval(sql.APPEND, session, records[0].n, fence, steps, outcome, after, taken, *columns)
        if not written and not (again and await self._stands(db, session, rows, fence)):
            await self._refuse(db, session, records[0].n, fence)

    async def _stands(self, db: Database, session: str, rows: list[sql.Row], fence: int) -> bool:
        """Whether just these rows were written, with this fence, and the answer was lost."""
        found = await db.fetch(sql.STANDS, session, fence, rows[0][0], rows[-1][0])
        return [tuple(row) for row in found] == [(n, crc) for n, _, _, crc in rows]

    async def _refuse(self, db: Database, session: str, first: int, fence: int) -> None:
        if (stands := await db.fetchval(sql.FENCE, session) or 0) != fence:
            raise old_fence(session, fence, stands)
        raise out_of_turn(session, expected=await db.fetchval(sql.EVENTS, session) or 0, got=first)

    async def _take_out(self, db: Database, session: str, fence: int, taken: int, refused: str) -> None:
        async with db.transaction():
            await db.execute(sql.LOCK, session)
            if (stands := await db.fetchval(sql.FENCE, session) or 0) != fence:
                raise old_fence(session, fence, stands)
            await db.execute(sql.TAKE_OUT, session, taken, sql.text(storable(refused)))

    # Owning ---------------------------------------------------------------------------------------------------------

    def claim(self, session: str, owner: str, ttl_s: float, *, over: str = "") -> Lease:
        """``owner`` owns the session; see ``JournalStore``. The journal's clock is the server's."""
        check_claim(session, owner, ttl_s)

        async def claim(db: Database, again: bool) -> int:
            async with db.transaction():
                await db.execute(sql.LOCK, session)
                known = [over, *([owner] if again else [])]  # it may be ours already
                fence: int | None = await db.fetchval(sql.CLAIM, session, owner, ttl_s, known)
                if fence is None:
                    raise owned(session, *await db.fetchrow(sql.OWNED, session))
                await db.execute(sql.FENCED, session, fence)
                return fence

        return Lease(session=session, owner=owner, fence=self._link.ask(claim), ttl_s=ttl_s)

    def renew(self, lease: Lease) -> None:
        """The lease counts on; see ``JournalStore``."""

        async def renew(db: Database, again: bool) -> None:
            if not await db.fetchval(sql.RENEW, lease.session, lease.fence, lease.ttl_s):
                raise old_fence(lease.session, lease.fence, await db.fetchval(sql.FENCE, lease.session) or 0)

        self._link.ask(renew)

    def release(self, lease: Lease) -> None:
        """Nobody owns the session; see ``JournalStore``."""

        async def release(db: Database, again: bool) -> None:
            async with db.transaction():
                await db.execute(sql.LOCK, lease.session)
                if (fence := await db.fetchval(sql.RELEASE, lease.session, lease.fence)) is not None:
                    await db.execute(sql.FENCED, lease.session, fence)

        self._link.ask(release)

    def owner(self, session: str) -> str:
        """Who owns the session now; see ``JournalStore``."""
        found: str | None = self._link.ask(lambda db, _: db.fetchval(sql.OWNER, session))
        return found or ""

    def command(self, session: str, command: Command, *, by: str = "") -> int:
        """Put it into the session's mailbox; see ``JournalStore``. It is there once, however often the server was asked."""
        line, token = command_line(command), secrets.token_hex(16)
        crc = self._checksum(session, line)

        async def post(db: Database, again: bool) -> int:
            async with db.transaction():
                await db.execute(sql.LOCK, session)  # so that numbers become visible in their order
                found = await db.fetchrow(sql.OUTCOME, session)
                check_command(session, found[0] if found else None)
                n: int = await db.fetchval(sql.POST, session, by, line, crc, token)
                return n

        return self._link.ask(post)

    # Watching -------------------------------------------------------------------------------------------------------

    def follow(self, session: str, *, since: int = 0) -> Following[Record]:
        """The session's records from number ``since`` on, as they come; see ``JournalStore``."""

        def read(after: int) -> Awaitable[Sequence[Record]]:
            return self._link.asked(lambda db, _: self._read(db, session, after, ()))

        return Following(lambda: _Bell(self._link, session), read, since, is_finished)

    def mail(self, session: str, *, since: int = 0) -> Following[Mailed]:
        """The commands from number ``since`` on, as they come; see ``JournalStore``."""

        async def read(db: Database, after: int) -> list[Mailed]:
            return self._sound(lambda row: mailed_of(session, *row), await db.fetch(sql.MAIL, session, after))

        return Following(
            lambda: _Bell(self._link, session), lambda after: self._link.asked(lambda db, _: read(db, after)), since, never
        )

    def heard(self, session: str, *, since: int = 0) -> Following[Heard]:
        """What has come of the commands from number ``since`` on, as it comes; see ``JournalStore``."""

        async def read(db: Database, after: int) -> list[Heard]:
            rows = await db.fetch(sql.HEARD, session, after)
            return self._sound(lambda row: heard_of(session, row[0], row[1], json.loads(row[2])), rows)

        return Following(
            lambda: _Bell(self._link, session), lambda after: self._link.asked(lambda db, _: read(db, after)), since, never
        )

    # Reading --------------------------------------------------------------------------------------------------------

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        """The session's records from number ``since`` on; see ``JournalStore``."""
        return self._link.ask(lambda db, _: self._read(db, session, since, kinds))

    async def _read(self, db: Database, session: str, since: int, kinds: Collection[str]) -> list[Record]:
        async with db.transaction(isolation="repeatable_read", readonly=True):
            name, number, events = await self._find(db, session)
            rows = await db.fetch(sql.READ, number, since, sorted(kinds) or None)
        records = self._sound(lambda row: record_of(name, *row), rows)
        if not kinds and [record.n for record in records] != list(range(since, events)):
            raise self._damaged(f"of the events {since} to {events - 1} of session {name!r}, {len(records)} are there")
        return records

    async def _find(self, db: Database, wanted: str) -> tuple[str, int, int]:
        """The session that is meant: its name, its number, and how many events it has."""
        found = await db.fetch(sql.FIND, wanted, wanted + LAST_CHARACTER, MOST_NAMED + 1)
        newest = await db.fetch(sql.NEWEST, MOST_NAMED + 1)
        name = the_one(wanted, [row[0] for row in found], [row[0] for row in newest])
        number, events = next(tuple(row)[1:] for row in found if row[0] == name)
        return name, number, events

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        """The sessions, newest first."""
        return self._sound(lambda row: entry_of(sql.entry(row)), self._link.ask(lambda db, _: db.fetch(sql.SESSIONS, limit)))

    def entry(self, session: str) -> SessionEntry:
        """The session as ``sessions`` lists it; see ``JournalStore``."""
        (found,) = self._sound(lambda row: entry_of(sql.entry(row)), self._link.ask(lambda db, _: self._row(db, session)))
        return found

    async def _row(self, db: Database, session: str) -> Sequence[Sequence[object]]:
        _, number, _ = await self._find(db, session)
        rows: Sequence[Sequence[object]] = await db.fetch(sql.ENTRY, number)
        return rows

    def learned(self, topic: str) -> str:
        """What was last kept under ``topic``; see ``JournalStore``."""
        found: tuple[str, int] | None = self._link.ask(lambda db, _: db.fetchrow(sql.LEARNED, topic))
        if found is None:
            return ""
        text, crc = found
        if checksum(topic, text) != crc:
            raise self._damaged(f"what was learned of {topic!r} is not what was written")
        return text

    def keep_learned(self, topic: str, text: str) -> None:
        """``text`` is kept under ``topic`` instead of what was; see ``JournalStore``."""
        crc = self._checksum(topic, text)
        self._link.ask(lambda db, _: db.execute(sql.KEEP_LEARNED, topic, text, crc))

    def _sound(self, read: Callable[[tuple[Any, ...]], T], rows: Sequence[Sequence[object]]) -> list[T]:
        try:
            return [read(tuple(row)) for row in rows]
        except JournalCorrupt as error:
            raise self._damaged(str(error)) from None

    def _checksum(self, session: str, line: str) -> int:
        try:
            return checksum(session, line)
        except UnicodeEncodeError as error:
            raise JournalUnusable(f"the journal {self.name} cannot hold this: {error}") from error

    def _damaged(self, what: str) -> JournalCorrupt:
        return JournalCorrupt(f"the journal {self.name} is damaged: {what}")

    def close(self) -> None:
        """Nothing more can be written or read."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Bell:
    """Rings when the server says that the session has changed, and from time to time unasked."""

    def __init__(self, link: Link, session: str) -> None:
        self._link = link
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        """Return once something may have changed."""
        self._loop = asyncio.get_running_loop()
        try:
            missed = await self._link.listen(self._ring)
        except JournalError:  # reading on tells of it, once it has been tried for long enough
            await asyncio.sleep(BEAT_S / 4)
            return
        if not missed:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._rung.wait()
        self._rung.clear()

    def _ring(self, what: str) -> None:
        if (not what or what.startswith(self._session)) and self._loop is not None:
            with suppress(RuntimeError):  # that loop has ended
                self._loop.call_soon_threadsafe(self._rung.set)

    def close(self) -> None:
        """It rings no more."""
        self._link.forget(self._ring)
