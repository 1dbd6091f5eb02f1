"""A SQLite file that is a journal: opening it, knowing it from other files, and SQLite's errors as ours.

Every error of SQLite's passes through ``mapped`` and through nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Literal, TypeVar

from outrider.errors import JournalCorrupt, JournalError, JournalFull, JournalNewer, JournalUnusable
from outrider.journal.disk import disk_fault

T = TypeVar("T")

APPLICATION_ID: Final = 0x4F555452
"""``OUTR``: what tells a journal from any other SQLite file."""

SCHEMA_VERSION: Final = 4
"""1: sessions and their events. 2: what was learned. 3: leases, mailboxes, the events of tools. 4: what came of commands."""

_LEARNED: Final = "CREATE TABLE learned (topic TEXT PRIMARY KEY, json TEXT NOT NULL, crc INTEGER NOT NULL)"

_OWNED: Final = (
    """CREATE TABLE lease (
        session TEXT PRIMARY KEY, fence INTEGER NOT NULL, owner TEXT NOT NULL, renewed_s REAL NOT NULL, ttl_s REAL NOT NULL)""",
    """CREATE TABLE mailbox (
        n INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, "by" TEXT NOT NULL, json TEXT NOT NULL,
        crc INTEGER NOT NULL)""",
    "CREATE INDEX mailbox_of ON mailbox (session, n)",
)

_HEARD: Final = (
    "ALTER TABLE mailbox ADD COLUMN taken INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mailbox ADD COLUMN record INTEGER",
    "ALTER TABLE mailbox ADD COLUMN refused TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX heard_of ON mailbox (session, n) WHERE taken",
)

_ADDED: Final[Mapping[int, tuple[str, ...]]] = {
    2: (_LEARNED,),
    3: ("ALTER TABLE session ADD COLUMN fence INTEGER NOT NULL DEFAULT 0", *_OWNED),
    4: _HEARD,
}
"""What makes a journal of the format before one of this format."""

_SCHEMA: Final = (
    """CREATE TABLE session (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL, task TEXT NOT NULL,
        outcome TEXT, steps INTEGER NOT NULL, events INTEGER NOT NULL, fence INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE event (
        session INTEGER NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (session, n))""",
    _LEARNED,
    *_OWNED,
    *_HEARD,
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_AGAIN_S: Final = 0.01

_UNREAD: Final = {
    sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA,
}  # fmt: skip
"""Failures of the disk while reading: the file is shorter than it should be, or some of it cannot be read."""


class Changes:
    """Whether another connection has written to the journal at ``path`` since the last time one asked; cheap to ask.

    A journal that cannot be watched, because its folder may not be written, has always changed.
    """

    def __init__(self, path: Path, wait_s: float) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        with suppress(JournalError), mapped(path):
            self._db = _connect(path, "mode=ro", wait_s)
        self._version = self._now()

    def _now(self) -> int | None:
        with suppress(JournalError), mapped(self._path):
            return None if self._db is None else _number(self._db, "PRAGMA data_version")
        return None

    def seen(self) -> bool:
        """Whether there may be something new."""
        before, self._version = self._version, self._now()
        return self._version is None or self._version != before

    def close(self) -> None:
        """Nothing is watched any more."""
        if self._db is not None:
            self._db.close()
            self._db = None


# Errors -------------------------------------------------------------------------------------------------------------


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Inside, an error of SQLite's, or of a value that it cannot hold, comes out as a ``JournalError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error, path) from error
    except UnicodeDecodeError as error:  # even SQLite's own message may quote the damage
        raise damaged(path, f": {error}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise JournalUnusable(f"the journal cannot hold this: {error}") from error


def _ours(error: sqlite3.Error, path: Path) -> JournalError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the sqlite3 module itself
        if isinstance(error, sqlite3.ProgrammingError):
            return JournalUnusable(f"the journal {path} is closed, or belongs to another thread: {error}")
        return damaged(path, f": {error}")
    match code & 0xFF:
        case sqlite3.SQLITE_IOERR if code not in _UNREAD:  # a quota, a limit on the file's size, a disk that is gone
            return JournalFull(f"the journal {path} could not be written: {error}{_about_its_disk(path)}, or choose another file")
        case sqlite3.SQLITE_FULL:
            return JournalFull(f"there is no room for the journal {path}: {error}; make room, or choose another file")
        case sqlite3.SQLITE_READONLY:
            return JournalFull(f"the journal {path} may be read but not written: {error}; choose another file")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalUnusable(f"another process holds the journal {path}: {error}; end it, or try again")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return JournalUnusable(f"the journal {path} cannot be opened: {error}; {_about_its_folder(path)}")
        case _:  # our statements are fixed, so what SQLite cannot make sense of is the file
            return damaged(path, f", or is no journal: {error}")


def _about_its_disk(path: Path) -> str:
    fault = disk_fault(path.parent)
    return f": {fault}; mend the disk, copy the journal with its -wal file to another one" if fault else "; make room on the disk"


def _about_its_folder(path: Path) -> str:
    if os.path.exists(path) and not os.access(path.parent, os.W_OK):  # not Path.exists, which a broken disk makes fail
        return "its folder or disk may not be written, so it can be read, but choose another file for new sessions"
    fault = disk_fault(path.parent)
    return f"its disk says: {fault}; mend the disk" if fault else "check its folder's permissions"


# Opening ------------------------------------------------------------------------------------------------------------


def open_to_write(path: Path, wait_s: float) -> sqlite3.Connection:
    """A connection to the journal at ``path``, made now if there is none.

    A writer waits up to ``wait_s`` seconds for another one.

    Raises:
        JournalError: there is no journal there, and none can be made.
    """
    _check_place(path)
    if not path.parent.is_dir():
        raise JournalUnusable(f"there is no folder {path.parent} for the journal; make it, or choose another file")
    with mapped(path):
        db = _connect(path, "mode=rwc", wait_s)
        try:
            _prepare(db, path, wait_s)
        except BaseException:
            db.close()
            raise
        return db


def look(path: Path, wait_s: float, question: Callable[[sqlite3.Connection], T]) -> T:
    """The answer to ``question``, from the journal at ``path``. No file is made or changed.

    Raises:
        JournalError: there is no journal that can be read.
    """
    _check_place(path)
    if not path.exists():
        raise JournalUnusable(f"there is no journal {path}; a run that is told to keep one makes it")
    # SQLite makes a -wal and a -shm file beside a journal even to read it, and leaves them there. A journal without a -wal is
    # at rest: it can be read as an unchanging file, as long as it then turns out that it did not change.
    if (before := _state(path))[0]:
        try:
            answer = _ask(path, "mode=ro&immutable=1", wait_s, question)
        except JournalError:
            if _state(path) == before:
                raise
        else:
            if _state(path) == before:
                return answer
    return _ask(path, "mode=ro", wait_s, question)


def _ask(path: Path, how: str, wait_s: float, question: Callable[[sqlite3.Connection], T]) -> T:
    with mapped(path), closing(_connect(path, how, wait_s)) as db, transaction(db):
        if _is_blank(db, path):
            raise _not_ours(path)
        return question(db)


def _state(path: Path) -> tuple[bool, int, int, int]:
    """Whether the journal is at rest, and what changes when somebody writes to it."""
    try:
        found = path.stat()
    except OSError as error:
        raise JournalUnusable(f"the journal {path} cannot be reached: {error.strerror}") from error
    return not path.with_name(path.name + "-wal").exists(), found.st_ino, found.st_mtime_ns, found.st_size


def _check_place(path: Path) -> None:
    try:
        unfit = path.exists() and not path.is_file()
    except OSError as error:
        raise JournalUnusable(f"the journal {path} cannot be reached: {error.strerror}") from error
    if unfit or "\0" in str(path):
        raise JournalUnusable(f"{str(path)!r} is no file, so it cannot be the journal; give the name of a file")


def _connect(path: Path, how: str, wait_s: float) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=wait_s, isolation_level=None)


@contextmanager
def transaction(db: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"] = "DEFERRED") -> Iterator[None]:
    """Inside, all or nothing. ``IMMEDIATE`` keeps other writers out from the beginning."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            with suppress(sqlite3.Error):  # the first error says what is wrong
                db.execute("ROLLBACK")
        raise


# Whose file it is ---------------------------------------------------------------------------------------------------


def _prepare(db: sqlite3.Connection, path: Path, wait_s: float) -> None:
    with transaction(db):
        blank = _is_blank(db, path)
    if blank:
        _create(db, path)
    elif _number(db, "PRAGMA user_version") < SCHEMA_VERSION:
        _bring_up_to_date(db)
    # A power cut may take the last events along but damages nothing; a killed process loses nothing.
    log_ahead(db, wait_s)
    db.execute("PRAGMA synchronous = NORMAL")


def log_ahead(db: sqlite3.Connection, wait_s: float) -> None:
    """Switch to a write-ahead log, if nobody has. For others who open the same new journal SQLite itself does not wait here."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until_s:
                raise
        time.sleep(_AGAIN_S)


def _create(db: sqlite3.Connection, path: Path) -> None:
    with transaction(db, "IMMEDIATE"):
        if _is_blank(db, path):  # nobody else has been faster
            for statement in _SCHEMA:
                db.execute(statement)


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    with transaction(db, "IMMEDIATE"):
        for version in range(_number(db, "PRAGMA user_version") + 1, SCHEMA_VERSION + 1):  # none if somebody has been faster
            for statement in (*_ADDED[version], f"PRAGMA user_version = {version}"):
                db.execute(statement)


def whose(db: sqlite3.Connection, application: int) -> Literal["ours", "nobody's", "another's"]:
    """Whether the file bears the stamp of ``application``, none because nothing is in it yet, or that of another program."""
    found = _number(db, "PRAGMA application_id")
    if found == application:
        return "ours"
    filled = found or _number(db, "PRAGMA user_version") or _number(db, "SELECT count(*) FROM sqlite_master")
    return "another's" if filled else "nobody's"


def _is_blank(db: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing is in the file yet. Raises unless it is either that or a journal that we can read."""
    match whose(db, APPLICATION_ID):
        case "nobody's":
            return True
        case "another's":
            raise _not_ours(path)
    version = _number(db, "PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise JournalNewer(
            f"the journal {path} has format {version} and this Outrider reads up to {SCHEMA_VERSION}; install a newer one"
        )
    if version < 1:
        raise damaged(path, f": it says that its format is {version}")
    return False


def _number(db: sqlite3.Connection, question: str) -> int:
    (number,) = db.execute(question).fetchone()
    return int(number)


def damaged(path: Path, how: str) -> JournalCorrupt:
    """That the file is, with what can be done about it left to whoever tells a person."""
    return JournalCorrupt(f"the journal {path} is damaged{how}", salvageable=True)


def _not_ours(path: Path) -> JournalCorrupt:
    return JournalCorrupt(f"{path} is no journal of Outrider's; choose another file")
