"""What of a journal is sound, and a new journal with just that.

Sound is the longest beginning of a session's records whose checksums are right, whose numbers have no gap, and in which the rules
find what is recorded. The file is asked through SQLite as far as that goes, and its pages are read one by one beside: a record
never changes once it is written, so one with the right checksum is right, wherever it stands.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from outrider.errors import JournalCorrupt, JournalError, JournalNewer, JournalUnusable, OutriderError
from outrider.journal import pages
from outrider.journal.database import APPLICATION_ID, SCHEMA_VERSION
from outrider.journal.replay import replay
from outrider.journal.rows import checksum, record_of
from outrider.journal.sqlite import SqliteJournal
from outrider.journal.store import JournalStore, utc_now
from outrider.rules.events import Record

_MAGIC: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A session in a journal that was examined.

    ``events`` is how many records it had, as far as can be told; ``why`` says why those after ``records`` are not sound, and is
    empty if all are.
    """

    name: str
    created: str
    records: tuple[Record, ...]
    events: int
    why: str = ""

    @property
    def lost(self) -> int:
        """How many records are not sound, or come after one that is not."""
        return self.events - len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is in a journal. ``trouble`` is what SQLite says of the file, also where no record is lost by it."""

    sessions: tuple[FoundSession, ...]
    learned: tuple[tuple[str, str], ...] = ()
    trouble: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.trouble and not any(session.why for session in self.sessions)


def examine(path: Path) -> Examined:
    """What is in the journal at ``path``, oldest session first. The file is not changed.

    Raises:
        JournalUnusable: it cannot be read.
        JournalNewer: it is of a later format.
        JournalCorrupt: it is no journal, or nothing in it can be told.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalUnusable(f"the journal {path} cannot be read: {error.strerror}; check its name and permissions") from error
    _check_version(path, data)
    found = _Found()
    trouble = found.ask(path) if data.startswith(_MAGIC) else "it does not begin as SQLite's files do"
    found.look(data)
    if not found.sessions and int.from_bytes(data[68:72], "big") != APPLICATION_ID:
        raise JournalCorrupt(f"{path} is no journal of Outrider's, and nothing of one is in it; choose another file")
    sessions = [found.session(number) for number in sorted(found.sessions)]
    return Examined(sessions=tuple(sessions), learned=tuple(sorted(found.learned.items())), trouble=trouble)


def examine_store(journal: JournalStore) -> Examined:
    """The same for any journal, as far as it can be read."""
    found: list[FoundSession] = []
    for entry in reversed(journal.sessions()):
        records: tuple[Record, ...] = ()
        why = ""
        try:
            records = tuple(journal.read(entry.name))
            records, why = _as_the_rules_find(records)
        except JournalCorrupt as error:
            why = str(error)
        found.append(FoundSession(name=entry.name, created=entry.created, records=records, events=entry.events, why=why))
    return Examined(sessions=tuple(found))


def save(examined: Examined, path: Path) -> None:
    """All that is sound is in a new journal at ``path``. Leases and commands that wait in mailboxes are not.

    Raises:
        JournalUnusable: there is such a file already.
        JournalError: it cannot be written.
    """
    if path.exists():
        raise JournalUnusable(f"{path} exists already; give the name of a new file")
    clock = _Clock()
    with SqliteJournal(path, clock=clock) as journal:
        for session in examined.sessions:
            clock.set(session.created)
            journal.append(session.name, list(session.records))
        for topic, text in examined.learned:
            journal.keep_learned(topic, text)


class _Clock:
    """Says when the session was created that is written now."""

    def __init__(self) -> None:
        self._now = utc_now()

    def set(self, created: str) -> None:
        with suppress(ValueError):
            self._now = datetime.fromisoformat(created)

    def __call__(self) -> datetime:
        return self._now


def _check_version(path: Path, data: bytes) -> None:
    version, application = (int.from_bytes(data[at : at + 4], "big") for at in (60, 68))
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise JournalNewer(
            f"the journal {path} has format {version} and this Outrider reads up to {SCHEMA_VERSION}; install a newer one"
        )


# What is there ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entry:
    name: str
    created: str = ""
    events: int = 0


@dataclass(slots=True)
class _Found:
    """Rows, by what they look like. Whether they are what they look like, checksums say."""

    sessions: dict[int, _Entry] = field(default_factory=dict)
    events: defaultdict[int, defaultdict[int, set[tuple[str, int]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    learned: dict[str, str] = field(default_factory=dict)

    def ask(self, path: Path) -> str:
        """Take in what SQLite can read; what it says is wrong with the file."""
        how = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as db:
                for table, first in (("session", "id, "), ("event", "rowid, "), ("learned", "rowid, ")):
                    with suppress(sqlite3.Error, UnicodeDecodeError):
                        for row in db.execute(f"SELECT {first}* FROM {table} NOT INDEXED"):  # noqa: S608 - constants
                            if isinstance(row[0], int):  # a damaged row may have anything for a number
                                self.receive(row[0], (None, *row[2:]) if table == "session" else row[1:])
                verdict = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return str(error)
        return "" if verdict == "ok" else " ".join(verdict.split())

    def look(self, data: bytes) -> None:
        """Take in what stands on the file's pages."""
        for number, values in pages.table_rows(data):
            self.receive(number, values)
        for _, values in pages.index_rows(data):
            match values:
                case (str(name), int(number)) if number not in self.sessions and self._is_named(number, name):
                    self.sessions[number] = _Entry(name)
                case _:
                    pass

    def _is_named(self, number: int, name: str) -> bool:
        rows = [row for at in self.events.get(number, {}).values() for row in at]
        return any(checksum(name, line) == crc for line, crc in rows)

    def receive(self, number: int, values: tuple[pages.Value, ...]) -> None:
        """Take in a row of any table."""
        with suppress(UnicodeEncodeError):
            match values:
                case (None, str(name), str(created), str(), str() | None, int(), int(events), *_):
                    known = self.sessions.setdefault(number, _Entry(name, created))
                    known.events = max(known.events, events)
                case (int(session), int(n), str(), str(line), int(crc)):
                    self.events[session][n].add((line, crc))
                case (str(topic), str(text), int(crc)) if checksum(topic, text) == crc:
                    self.learned.setdefault(topic, text)
                case _:
                    pass

    def session(self, number: int) -> FoundSession:
        """What there is of a session."""
        entry = self.sessions[number]
        rows: Mapping[int, set[tuple[str, int]]] = self.events.get(number, {})
        records, why = _sound(entry.name, rows)
        records, differs = _as_the_rules_find(records)
        last = max((n for n in rows if any(checksum(entry.name, line) == crc for line, crc in rows[n])), default=-1)
        events = max(entry.events, last + 1)
        why = differs or (why if len(records) < events else "")
        return FoundSession(name=entry.name, created=entry.created, records=records, events=events, why=why)


def _sound(name: str, rows: Mapping[int, set[tuple[str, int]]]) -> tuple[tuple[Record, ...], str]:
    """The records from 0 on as far as they are what was written, and what is wrong with the next."""
    records: list[Record] = []
    while True:
        n = len(records)
        found = list(_readable(name, n, rows.get(n, set())))
        if not found:
            return tuple(records), f"event {n} is {'not what was written' if n in rows else 'not there'}"
        records.append(found[0])


def _readable(name: str, n: int, found: set[tuple[str, int]]) -> Iterator[Record]:
    for line, crc in sorted(found):
        with suppress(JournalError):
            yield record_of(name, n, line, crc)


def _as_the_rules_find(records: tuple[Record, ...]) -> tuple[tuple[Record, ...], str]:
    """The longest beginning that replays, and why it goes no further. What replays, replays up to any record before."""
    why = _differs(records)
    if not records or not why:
        return records, ""
    good, bad = 0, len(records)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _differs(records[:middle]):
            bad = middle
        else:
            good = middle
    return records[:good], why


def _differs(records: tuple[Record, ...]) -> str:
    try:
        replay(records)
    except OutriderError as error:
        return str(error)
    return ""
