"""What a store's rows hold, whatever it is kept in: lines with checksums, and what is in them. None of it waits."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final, get_args

from outrider.errors import JournalCorrupt, JournalNewer
from outrider.journal.codec import KINDS, from_line, to_line
from outrider.journal.store import Heard, Mailed, SessionEntry
from outrider.rules.events import Command, Outcome, Record

LAST_CHARACTER: Final = "\U0010ffff"
"""Behind every name that begins with what stands before it."""

_OUTCOMES: Final = (None, *get_args(Outcome))


def checksum(session: str, line: str) -> int:
    """Tells the line from a damaged one, and from another session's."""
    return zlib.crc32(line.encode("utf-8", "surrogatepass"), zlib.crc32(session.encode("utf-8", "surrogatepass")))


def storable(text: str) -> str:
    """``text`` for a list: half a surrogate pair, which UTF-8 cannot carry, as its escape. The event has the text itself."""
    return text.encode("utf-8", "backslashreplace").decode()


def record_of(session: str, n: object, line: object, crc: object) -> Record:
    """The session's record ``n``.

    Raises:
        JournalCorrupt: it is not what was written.
        JournalNewer: it is, by a later version, and of a kind that this one does not know.
    """
    if not isinstance(line, str) or checksum(session, line) != crc:
        raise JournalCorrupt(f"event {n} is not what was written")
    try:
        record = from_line(line)
    except JournalCorrupt:
        if later := _later_kind(line):
            raise JournalNewer(
                f"event {n} of session {session!r} is {later!r}, which this Outrider does not know; install a newer one"
            ) from None
        raise
    if record.n != n:
        raise JournalCorrupt(f"event {n} stands in the place of {record.n}")
    return record


def _later_kind(line: str) -> str:
    """The kind of an event that none of this version has; empty if it is one of ours, or none at all."""
    try:
        kind = json.loads(line)["kind"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return kind if isinstance(kind, str) and kind not in KINDS else ""


def entry_of(row: tuple[Any, ...]) -> SessionEntry:
    """A session's entry from its row: name, created, task, outcome, steps, events.

    Raises:
        JournalCorrupt: it makes no sense.
    """
    match row:
        case (str(name), str(created), str(task), outcome, int(steps), int(events)) if outcome in _OUTCOMES:
            return SessionEntry(
                name=name, created=created, task=task, outcome=outcome or "interrupted", steps=steps, events=events
            )
        case _:
            raise JournalCorrupt(f"the entry of session {row[0]!r} makes no sense")


def command_line(command: Command) -> str:
    """``command`` for a mailbox."""
    return to_line(Record(n=0, time_s=0.0, event=command))


def mailed_of(session: str, n: int, by: object, line: object, crc: object) -> Mailed:
    """The command ``n`` of the session's mailbox.

    Raises:
        JournalCorrupt: it is not what was put there, or no command.
    """
    command = from_line(line).event if isinstance(line, str) and checksum(session, line) == crc else None
    if not isinstance(command, get_args(Command)) or not isinstance(by, str):
        raise JournalCorrupt(f"command {n} of session {session!r} is not what was written")
    return Mailed(n=n, command=command, by=by)


def heard_of(session: str, n: int, record: object, refused: object) -> Heard:
    """What has come of command ``n`` of the session's mailbox.

    Raises:
        JournalCorrupt: it makes no sense.
    """
    if not isinstance(record, int | None) or not isinstance(refused, str):
        raise JournalCorrupt(f"what has come of command {n} of session {session!r} makes no sense")
    return Heard(n=n, record=record, refused=refused)
