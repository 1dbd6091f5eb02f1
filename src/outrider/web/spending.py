"""What each user has spent: in a file beside the users', so that a server that is started again knows it, and several share it.

A call is entered when it has ended. Those that are in flight when the process is killed are not: nobody knows what they cost.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from outrider.errors import BadOption, SpendingUnusable
from outrider.journal.database import log_ahead, transaction, whose
from outrider.journal.disk import Found

APPLICATION_ID: Final = 0x4F555453
"""``OUTS``: what tells the file from any other of SQLite's."""

FORMAT: Final = 1

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS spent (
        user TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL, unpriced INTEGER NOT NULL)""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)

_ENTER: Final = """
    INSERT INTO spent VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET
        calls = calls + excluded.calls, tokens = tokens + excluded.tokens, usd = usd + excluded.usd,
        unpriced = unpriced + excluded.unpriced"""

_READ: Final = "SELECT calls, tokens, usd, unpriced FROM spent WHERE user = ?"

_OPENS_IN_S: Final = 5.0
_WRITES_IN_S: Final = 0.05
"""So long another process is waited for, once: the server stands still meanwhile. While it goes on, nothing is waited for."""


class Spent(NamedTuple):
    """Calls, tokens (prompt and output together), dollars; ``unpriced`` calls of them have a price that is not known."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def plus(self, more: Spent) -> Spent:
        """The two together."""
        return Spent(self.calls + more.calls, self.tokens + more.tokens, self.usd + more.usd, self.unpriced + more.unpriced)


class Spending:
    """What users have spent, in the file at ``path``, made now for its owner alone if there is none.

    ``tell`` is told, in a sentence, when it can no longer be written, and when it can again.

    Raises:
        BadOption: the file cannot be written, or is another program's.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda sentence: None) -> None:
        self.path = path
        self._tell = tell
        self._read: dict[str, Spent] = {}
        self._read_at = -1
        self._unwritten: dict[str, Spent] = {}
        self._trouble = ""
        try:
            with suppress(FileExistsError):  # to open and close one that is there would undo SQLite's locks on it
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise BadOption(f"what users spend cannot be kept in {path}: {error.strerror}; {_WRITABLE}") from None
        with _refusing(path):
            self._db = _opened(path)
        self._found = Found.at(path)

    def of(self, user: str) -> Spent:
        """What ``user`` has spent, by all servers that share the file; where it cannot be read now, as it was read last."""
        try:
            ((version,),) = self._db.execute("PRAGMA data_version").fetchall()
            if version != self._read_at:
                self._read.clear()
            if user not in self._read:
                self._read[user] = Spent(*(self._db.execute(_READ, (user,)).fetchone() or ()))
            self._read_at = version
        except sqlite3.Error as error:
            self._ails(_sentence(error))
        return self._read.get(user, Spent()).plus(self._unwritten.get(user, Spent()))

    def add(self, user: str, more: Spent) -> None:
        """``user`` has spent so much more. What cannot be written now counts, and is written with what comes next."""
        self._unwritten[user] = self._unwritten.get(user, Spent()).plus(more)
        self._write()

    def check(self, user: str) -> None:
        """Raise ``SpendingUnusable`` if what ``user`` has spent cannot be written: no session of theirs begins then."""
        self._write()
        if user in self._unwritten:
            raise SpendingUnusable(f"what you have spent cannot be written to {self.path.name}: {self._trouble}")

    def close(self) -> None:
        """What was not written is tried once more."""
        self._write()
        self._db.close()

    def _write(self) -> None:
        for user, spent in tuple(self._unwritten.items()):
            if not self._found.is_there:
                self._ails(_MISSING)
                return
            try:
                self._db.execute(_ENTER, (user, *spent))
            except sqlite3.Error as error:
                self._ails(_sentence(error))
                return
            if user in self._read:
                self._read[user] = self._read[user].plus(spent)
            del self._unwritten[user]
        if self._trouble:
            self._ails("")

    def _ails(self, trouble: str) -> None:
        """What is wrong with the file, or nothing any more: it is told once, and nobody waits for the file while it lasts."""
        if bool(trouble) != bool(self._trouble):
            _wait(self._db, 0 if trouble else _WRITES_IN_S)
            now = f"cannot be written to {self.path}: {trouble}" if trouble else f"is written to {self.path} again"
            self._tell(f"what users spend {now}")
        self._trouble = trouble


@dataclass(frozen=True, slots=True)
class Account:
    """What one user has spent, as a budget's ledger."""

    spending: Spending
    user: str

    def spent(self) -> tuple[int, int, float]:
        """Calls, tokens and dollars so far."""
        calls, tokens, usd, _ = self.spending.of(self.user)
        return calls, tokens, usd

    def enter(self, tokens: int, usd: float | None) -> None:
        """A call has ended."""
        self.spending.add(self.user, Spent(1, tokens, usd or 0.0, int(usd is None)))


def spent_by_all(path: Path) -> dict[str, Spent]:
    """What each user has spent; nobody anything if there is no file. Nothing is changed.

    Raises:
        BadOption: it cannot be read.
    """
    if not path.exists():
        return {}
    with _refusing(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_OPENS_IN_S)) as db:
        if _is_blank(db, path):
            return {}
        return {user: Spent(*spent) for user, *spent in db.execute("SELECT user, calls, tokens, usd, unpriced FROM spent")}


def spending_beside(users: Path) -> Path:
    """Where it is kept: beside the users' file, wherever that really is."""
    real = users.resolve()
    return real.with_name(f"{real.name}.spent.sqlite3")


_WRITABLE: Final = "make it writable, or move the users' file to a folder of yours"
_MISSING: Final = "it is not where it was; bring it back, or start the server again, which begins a new one"


def _sentence(error: sqlite3.Error) -> str:
    """What is wrong, and what helps."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{error}; another process holds it: end that, or wait"
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return f"{error}; make room for it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return f"{error}; {_WRITABLE}"
        case _:
            return f"{error}; bring back one that is whole, or move it away: then everybody begins anew"


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BadOption(f"what users have spent cannot be had from {path}: {_sentence(error)}") from None


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_OPENS_IN_S, isolation_level=None)
    try:
        if _is_blank(db, path):
            with transaction(db, "IMMEDIATE"):
                for statement in _SCHEMA:
                    db.execute(statement)
        log_ahead(db, _OPENS_IN_S)  # a killed process loses nothing; a power cut may take the last calls along
        db.execute("PRAGMA synchronous = NORMAL")
        with transaction(db, "IMMEDIATE"):
            pass  # it can be written
        _wait(db, _WRITES_IN_S)
    except BaseException:
        db.close()
        raise
    return db


def _wait(db: sqlite3.Connection, most_s: float) -> None:
    """So long another process is waited for from now on."""
    db.execute(f"PRAGMA busy_timeout = {round(most_s * 1000)}")


def _is_blank(db: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing is in the file yet. Raises ``BadOption`` unless it is either that or one that this Outrider reads."""
    with transaction(db):
        stamp = whose(db, APPLICATION_ID)
        (version,) = db.execute("PRAGMA user_version").fetchone()
    if stamp == "another's":
        raise BadOption(f"{path} is not what Outrider keeps users' spending in; move it away")
    if version > FORMAT:
        raise BadOption(f"what users have spent, in {path}, is of a newer Outrider; install that one")
    return stamp == "nobody's"
