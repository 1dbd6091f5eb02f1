"""The journal on disk: one SQLite file for many sessions, written in line, readable while others write to it."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from outrider.errors import JournalCorrupt, JournalError, JournalUnusable
from outrider.journal import leases
from outrider.journal.codec import to_line
from outrider.journal.database import Changes, damaged, look, mapped, open_to_write, transaction
from outrider.journal.disk import Found
from outrider.journal.follow import Following, PollingBell, at_once
from outrider.journal.rows import LAST_CHARACTER, checksum, entry_of, record_of, storable
from outrider.journal.store import (
    MOST_NAMED,
    Clock,
    Heard,
    Lease,
    Mailed,
    SessionEntry,
    check_claim,
    check_succession,
    is_finished,
    never,
    old_fence,
    out_of_turn,
    outcome_of,
    steps_after,
    task_of,
    the_one,
    utc_now,
)
from outrider.rules.events import Command, Record

T = TypeVar("T")

_ENTRIES: Final = "SELECT name, created, task, outcome, steps, events FROM session"


def default_path(environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None) -> Path:
    """Where a user's journal is: ``outrider/journal.sqlite3`` in their folder for applications' data.

    Raises:
        JournalUnusable: the user has no home folder.
    """
    try:
        home = home or Path.home()
    except RuntimeError as error:
        raise JournalUnusable("there is no home folder to keep a journal in; name a file for it") from error
    if platform == "win32":
        data = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        named = Path(environ.get("XDG_DATA_HOME", ""))
        data = named if named.is_absolute() else home / ".local" / "share"  # the XDG specification ignores relative ones
    return data / "outrider" / "journal.sqlite3"


class SqliteJournal:
    """A journal in a file. The contract is ``JournalStore``.

    Args:
        path: the file, made if there is none in an existing folder; without one, ``default_path()``, made with its folder.
        read_only: make and change nothing on disk; then nothing can be appended.
        clock: gives the time at which a session is created.
        wait_s: how long to wait for another process that is writing.

    Raises:
        JournalError: there is no journal there and none can be made, or it cannot be used; its kind says why.
    """

    def __init__(
        self, path: Path | str | None = None, *, read_only: bool = False, clock: Clock = utc_now, wait_s: float = 5.0
    ) -> None:
        self.path = default_path() if path is None else Path(path)
        self._clock = clock
        self._wait_s = wait_s
        self._closed = False
        self._db: sqlite3.Connection | None = None
        if read_only:
            look(self.path, wait_s, lambda db: None)
            return
        if path is None:
            _make_folder(self.path.parent)
        self._db = open_to_write(self.path, wait_s)
        self._file = Found.at(self.path)

    # Writing --------------------------------------------------------------------------------------------------------

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        """All of ``records`` are on disk, or none; see ``JournalStore``."""
        db = self._to_write()
        if not records and not taken:
            return
        check_succession(session, records)
        lines = [to_line(record) for record in records]
        with mapped(self.path), transaction(db, "IMMEDIATE"):
            if taken:
                self._take_out(db, session, fence, Heard(n=taken, record=records[0].n if records else None, refused=refused))
            if not records:
                return
            number = self._enter(db, session, records, fence)
            db.executemany(
                "INSERT INTO event (session, n, kind, json, crc) VALUES (?, ?, ?, ?, ?)",
                [
                    (number, record.n, record.event.kind, line, checksum(session, line))
                    for record, line in zip(records, lines, strict=True)
                ],
            )

    def _take_out(self, db: sqlite3.Connection, session: str, fence: int, heard: Heard) -> None:
        if (stands := leases.fence_of(db, session)) != fence:
            raise old_fence(session, fence, stands)
        leases.take_out(db, session, heard)

    def keep_learned(self, topic: str, text: str) -> None:
        """``text`` is kept under ``topic`` instead of what was; see ``JournalStore``."""
        db = self._to_write()
        with mapped(self.path), transaction(db, "IMMEDIATE"):
            db.execute(
                "INSERT INTO learned (topic, json, crc) VALUES (?, ?, ?)"
                " ON CONFLICT (topic) DO UPDATE SET json = excluded.json, crc = excluded.crc",
                (topic, text, checksum(topic, text)),
            )

    def _to_write(self) -> sqlite3.Connection:
        if self._db is None:
            raise JournalUnusable(f"the journal {self.path} is {'closed' if self._closed else 'open for reading only'}")
        self._file.check()
        return self._db

    def _enter(self, db: sqlite3.Connection, session: str, records: list[Record], fence: int) -> int:
        """Bring the session's entry up to date, made now if it is opened; its number. Refuse what does not go on from it."""
        first, after = records[0].n, records[-1].n + 1
        steps, outcome = steps_after(records, None), outcome_of(records)
        if (task := task_of(records)) is not None:
            found = db.execute(
                "INSERT INTO session (name, created, task, outcome, steps, events, fence)"
                " SELECT ?, ?, ?, ?, ?, ?, ? WHERE ? = coalesce((SELECT fence FROM lease WHERE session = ?), 0)"
                " ON CONFLICT DO NOTHING RETURNING id",
                (session, self._created(), storable(task.text), outcome, steps or 0, after, fence, fence, session),
            ).fetchall()
        else:
            found = db.execute(
                "UPDATE session SET steps = coalesce(?, steps), outcome = coalesce(?, outcome), events = ?"
                " WHERE name = ? AND events = ? AND fence = ? RETURNING id",
                (steps, outcome, after, session, first, fence),
            ).fetchall()
        if not found:
            raise self._refused(db, session, first, fence)
        number: int = found[0][0]
        return number

    def _created(self) -> str:
        return self._clock().isoformat(timespec="seconds")

    def _refused(self, db: sqlite3.Connection, session: str, first: int, fence: int) -> JournalError:
        """Why records with this number and fence cannot be appended."""
        if (stands := leases.fence_of(db, session)) != fence:
            return old_fence(session, fence, stands)
        events = db.execute("SELECT events FROM session WHERE name = ?", (session,)).fetchone()
        return out_of_turn(session, expected=events[0] if events else 0, got=first)

    # Owning ---------------------------------------------------------------------------------------------------------

    def claim(self, session: str, owner: str, ttl_s: float, *, over: str = "") -> Lease:
        """``owner`` owns the session; see ``JournalStore``. The journal's clock is the machine's."""
        check_claim(session, owner, ttl_s)
        wanted = Lease(session=session, owner=owner, fence=0, ttl_s=ttl_s)
        return self._change(lambda db: leases.claim(db, wanted, self._now_s(), over))

    def renew(self, lease: Lease) -> None:
        """The lease counts on; see ``JournalStore``."""
        self._change(lambda db: leases.renew(db, lease, self._now_s()))

    def release(self, lease: Lease) -> None:
        """Nobody owns the session; see ``JournalStore``."""
        self._change(lambda db: leases.release(db, lease))

    def owner(self, session: str) -> str:
        """Who owns the session now; see ``JournalStore``."""
        return self._ask(lambda db: leases.owner_of(db, session, self._now_s()) if _has(db, "lease") else "")

    def command(self, session: str, command: Command, *, by: str = "") -> int:
        """Put it into the session's mailbox; see ``JournalStore``."""
        return self._change(lambda db: leases.post(db, session, command, by))

    def _now_s(self) -> float:
        return self._clock().timestamp()

    def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        db = self._to_write()
        with mapped(self.path), transaction(db, "IMMEDIATE"):
            return change(db)

    # Watching -------------------------------------------------------------------------------------------------------

    def follow(self, session: str, *, since: int = 0) -> Following[Record]:
        """The session's records from number ``since`` on, as they come; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self.read(session, since=after)), since, is_finished)

    def mail(self, session: str, *, since: int = 0) -> Following[Mailed]:
        """The commands from number ``since`` on, as they come; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self._mail(session, after)), since, never)

    def _mail(self, session: str, since: int) -> list[Mailed]:
        return self._ask(lambda db: leases.mail(db, session, since) if _has(db, "heard_of") else [])

    def heard(self, session: str, *, since: int = 0) -> Following[Heard]:
        """What has come of the commands from number ``since`` on, as it comes; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self._heard(session, after)), since, never)

    def _heard(self, session: str, since: int) -> list[Heard]:
        return self._ask(lambda db: leases.heard(db, session, since) if _has(db, "heard_of") else [])

    def _bell(self) -> PollingBell:
        changes = Changes(self.path, self._wait_s)
        return PollingBell(changes.seen, changes.close)

    # Reading --------------------------------------------------------------------------------------------------------

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        """The session's records from number ``since`` on; see ``JournalStore``."""
        return self._ask(lambda db: self._read_some(db, session, since, kinds) if kinds else self._read(db, session, since))

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        """The sessions, newest first, from their entries alone: no event is read."""
        question = f"{_ENTRIES} ORDER BY id DESC LIMIT ?"
        rows = self._ask(lambda db: db.execute(question, (-1 if limit is None else limit,)).fetchall())
        return [self._entry(row) for row in rows]

    def entry(self, session: str) -> SessionEntry:
        """The session as ``sessions`` lists it; see ``JournalStore``."""
        return self._entry(self._ask(lambda db: self._row(db, session)))

    def _row(self, db: sqlite3.Connection, session: str) -> tuple[object, ...]:
        _, number, _ = self._find(db, session)
        row: tuple[object, ...] = db.execute(f"{_ENTRIES} WHERE id = ?", (number,)).fetchone()
        return row

    def learned(self, topic: str) -> str:
        """What was last kept under ``topic``; see ``JournalStore``."""
        row = self._ask(lambda db: self._learned(db, topic))
        if row is None:
            return ""
        text, crc = row
        if not isinstance(text, str) or checksum(topic, text) != crc:
            raise self._damaged(f"what was learned of {topic!r} is not what was written")
        return text

    def _learned(self, db: sqlite3.Connection, topic: str) -> tuple[object, object] | None:
        found: tuple[object, object] | None = None
        if _has(db, "learned"):
            found = db.execute("SELECT json, crc FROM learned WHERE topic = ?", (topic,)).fetchone()
        return found

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise JournalUnusable(f"the journal {self.path} is closed; open it again")
        if self._db is None:
            return look(self.path, self._wait_s, question)
        self._file.check()
        with mapped(self.path), transaction(self._db):
            return question(self._db)

    def _read(self, db: sqlite3.Connection, session: str, since: int) -> list[Record]:
        name, number, events = self._find(db, session)
        rows = db.execute("SELECT n, json, crc FROM event WHERE session = ? AND n >= ? ORDER BY n", (number, since)).fetchall()
        records = [self._record(name, *row) for row in rows]
        if [record.n for record in records] != list(range(since, events)):
            raise self._damaged(f"of the events {since} to {events - 1} of session {name!r}, {len(records)} are there")
        return records

    def _read_some(self, db: sqlite3.Connection, session: str, since: int, kinds: Collection[str]) -> list[Record]:
        name, number, _ = self._find(db, session)
        rows = db.execute(
            "SELECT n, json, crc FROM event WHERE session = ? AND n >= ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY n",
            (number, since, json.dumps(sorted(kinds))),
        ).fetchall()
        return [self._record(name, *row) for row in rows]

    def _find(self, db: sqlite3.Connection, wanted: str) -> tuple[str, int, int]:
        """The session that is meant: its name, its number, and how many events it has."""
        found = db.execute(
            "SELECT name, id, events FROM session WHERE name >= ? AND name <= ? ORDER BY name LIMIT ?",
            (wanted, wanted + LAST_CHARACTER, MOST_NAMED + 1),
        ).fetchall()
        if not found:
            self._check_names(db)
        newest = db.execute("SELECT name FROM session ORDER BY id DESC LIMIT ?", (MOST_NAMED + 1,)).fetchall()
        name = the_one(wanted, [row[0] for row in found], [row[0] for row in newest])
        number, events = next(row[1:] for row in found if row[0] == name)
        if not isinstance(events, int):
            raise self._damaged(f"the session {name!r} has {events!r} events")
        return name, number, events

    def _check_names(self, db: sqlite3.Connection) -> None:
        """A name that is not there may have been damaged: say so, rather than that there is no such session."""
        verdict = db.execute("PRAGMA integrity_check(session)").fetchone()
        if verdict != ("ok",):
            raise self._damaged(str(verdict[0]))

    def _record(self, name: str, n: object, line: object, crc: object) -> Record:
        try:
            return record_of(name, n, line, crc)
        except JournalCorrupt as error:
            raise self._damaged(str(error)) from None

    def _entry(self, row: tuple[object, ...]) -> SessionEntry:
        try:
            return entry_of(row)
        except JournalCorrupt as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, what: str) -> JournalCorrupt:
        return damaged(self.path, f": {what}")

    def close(self) -> None:
        """Nothing more can be written or read."""
        self._closed = True
        if self._db is not None:
            self._db.close()
            self._db = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalUnusable(f"the folder {folder} cannot be made: {error.strerror}") from error


def _has(db: sqlite3.Connection, name: str) -> bool:
    """Whether the journal has this table or index: those of earlier formats lack some, and reading does not bring them up to
    date.
    """
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None
