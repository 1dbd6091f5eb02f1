"""What each user has spent: in a file beside the users', so a server that is started again knows it, and two at once share it.

A call is counted when it has ended. Those that are in flight when the process is killed are not: nobody knows what they cost.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from outrider.errors import BadOption, JournalUnusable
from outrider.journal.database import log_ahead, transaction

APPLICATION_ID: Final = 0x4F555453
"""``OUTS``: what tells the file from any other of SQLite's."""

FORMAT: Final = 1

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS spent (
        user TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL)""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)

_ADD: Final = """
    INSERT INTO spent VALUES (?, ?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET calls = calls + excluded.calls, tokens = tokens + excluded.tokens, usd = usd + excluded.usd
    RETURNING calls, tokens, usd"""

_OPENS_IN_S: Final = 5.0
_WRITES_IN_S: Final = 0.05
"""So long another process is waited for; the server stands still meanwhile, and what was not written goes with the next."""


class Spent(NamedTuple):
    """Calls, tokens (prompt and output together), dollars."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def plus(self, more: Spent) -> Spent:
        """The two together."""
        return Spent(self.calls + more.calls, self.tokens + more.tokens, self.usd + more.usd)


class Spending:
    """What users have spent, in the file at ``path``, made now for its owner alone if there is none.

    Raises:
        BadOption: the file cannot be written, or is another program's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._total: dict[str, Spent] = {}
        self._unwritten: dict[str, Spent] = {}
        self._trouble = ""
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise BadOption(f"what users spend cannot be kept in {path}: {error.strerror}; {_REMEDY}") from None
        with _refusing(path):
            self._db = _opened(path)

    def of(self, user: str) -> Spent:
        """What ``user`` has spent, as far as it could be read."""
        return self.add(user, Spent())

    def add(self, user: str, more: Spent) -> Spent:
        """``user`` has spent so much more; what that makes, by all servers that share the file.

        What cannot be written now is kept, counts, and is written with what comes next.
        """
        more = self._unwritten.pop(user, Spent()).plus(more)
        try:
            with closing(self._db.execute(_ADD, (user, *more))) as rows:
                self._total[user] = Spent(*rows.fetchone())
        except sqlite3.Error as error:
            self._unwritten[user], self._trouble = more, str(error)
            return self._total.get(user, Spent()).plus(more)
        return self._total[user]

    def check(self, user: str) -> None:
        """Raise ``JournalUnusable`` if what ``user`` has spent cannot be written: no session of theirs begins then."""
        if user in self._unwritten:
            self.of(user)
        if user in self._unwritten:
            raise JournalUnusable(
                f"what {user} has spent cannot be written to {self.path.name}: {self._trouble}; make room for it"
            )

    def close(self) -> None:
        """What was not written is tried once more."""
        for user in tuple(self._unwritten):
            self.of(user)
        self._db.close()


def spent_by_all(path: Path) -> dict[str, Spent]:
    """What each user has spent; nobody anything if there is no file.

    Raises:
        BadOption: it cannot be read.
    """
    if not path.exists():
        return {}
    with _refusing(path), closing(_opened(path)) as db:
        return {user: Spent(*spent) for user, *spent in db.execute("SELECT user, calls, tokens, usd FROM spent")}


def forget(path: Path, user: str) -> None:
    """``user`` has spent nothing, as far as the file says.

    Raises:
        BadOption: it cannot be written.
    """
    if path.exists():
        with _refusing(path), closing(_opened(path)) as db:
            db.execute("DELETE FROM spent WHERE user = ?", (user,))


def spending_beside(users: Path) -> Path:
    """Where it is kept: beside the users' file."""
    return users.with_name(f"{users.name}.spent.sqlite3")


_REMEDY: Final = "make it writable, or move the users' file to a folder of yours"


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BadOption(f"what users spend cannot be kept in {path}: {error}; {_REMEDY}") from None


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_OPENS_IN_S, isolation_level=None)
    try:
        if _is_blank(db, path):
            with transaction(db, "IMMEDIATE"):
                for statement in _SCHEMA:
                    db.execute(statement)
        log_ahead(db, _OPENS_IN_S)  # a killed process loses nothing; a power cut may take the last calls along
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA busy_timeout = {round(_WRITES_IN_S * 1000)}")
    except BaseException:
        db.close()
        raise
    return db


def _is_blank(db: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing is in the file yet. Raises ``BadOption`` unless it is either that or one that this Outrider reads."""
    with transaction(db):
        (ours,), (version,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version"))
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (ours or version or tables) and ours != APPLICATION_ID:
        raise BadOption(f"{path} is not what Outrider keeps users' spending in; move it away")
    if version > FORMAT:
        raise BadOption(f"what users have spent, in {path}, is of a newer Outrider; install that one")
    return not tables
