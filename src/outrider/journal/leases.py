"""Who owns a session in a SQLite journal, and the mailbox that other processes put the person's commands in.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from outrider.errors import JournalCorrupt
from outrider.journal.rows import checksum, command_line, heard_of, mailed_of, storable
from outrider.journal.store import Heard, Lease, Mailed, check_command, is_alive, old_fence, owned
from outrider.rules.events import Command

_Claim = tuple[int, str, float, float]
"""The newest claim of a session: fence, owner, when it was renewed, for how long. Without an owner it was released."""

_NONE: Final[_Claim] = (0, "", 0.0, 0.0)


def fence_of(db: sqlite3.Connection, session: str) -> int:
    """The fence that the session is written with; 0 if it was never claimed."""
    return _newest(db, session)[0]


def owner_of(db: sqlite3.Connection, session: str, now_s: float) -> str:
    """Who owns the session now; empty if nobody does."""
    _, owner, renewed_s, ttl_s = _newest(db, session)
    return owner if is_alive(now_s, renewed_s, ttl_s) else ""


def claim(db: sqlite3.Connection, lease: Lease, now_s: float, over: str) -> Lease:
    """``lease``, with the fence that it gets; see ``JournalStore``."""
    fence, owner, _, ttl_s = _newest(db, lease.session)
    if owner_of(db, lease.session, now_s) not in ("", over):
        raise owned(lease.session, owner, ttl_s)
    _put(db, lease.session, (fence + 1, lease.owner, now_s, lease.ttl_s))
    return Lease(session=lease.session, owner=lease.owner, fence=fence + 1, ttl_s=lease.ttl_s)


def renew(db: sqlite3.Connection, lease: Lease, now_s: float) -> None:
    """The lease counts on; see ``JournalStore``."""
    if (stands := fence_of(db, lease.session)) != lease.fence:
        raise old_fence(lease.session, lease.fence, stands)
    _put(db, lease.session, (lease.fence, lease.owner, now_s, lease.ttl_s))


def release(db: sqlite3.Connection, lease: Lease) -> None:
    """Nobody owns the session, unless somebody else does."""
    if fence_of(db, lease.session) == lease.fence:
        _put(db, lease.session, (lease.fence + 1, "", 0.0, 0.0))


def _newest(db: sqlite3.Connection, session: str) -> _Claim:
    found = db.execute("SELECT fence, owner, renewed_s, ttl_s FROM lease WHERE session = ?", (session,)).fetchone()
    match found:
        case None:
            return _NONE
        case (int(fence), str(owner), float(renewed_s), float(ttl_s)):
            return fence, owner, renewed_s, ttl_s
        case _:
            raise JournalCorrupt(f"the lease of session {session!r} makes no sense")


def _put(db: sqlite3.Connection, session: str, claim: _Claim) -> None:
    db.execute("INSERT OR REPLACE INTO lease (session, fence, owner, renewed_s, ttl_s) VALUES (?, ?, ?, ?, ?)", (session, *claim))
    # Where an append looks anyway: so the fence costs it nothing.
    db.execute("UPDATE session SET fence = ? WHERE name = ?", (claim[0], session))


# The mailbox --------------------------------------------------------------------------------------------------------


def post(db: sqlite3.Connection, session: str, command: Command, by: str) -> int:
    """Put ``command`` into the session's mailbox; its number."""
    found = db.execute("SELECT coalesce(outcome, 'interrupted') FROM session WHERE name = ?", (session,)).fetchone()
    check_command(session, found[0] if found else None)
    line = command_line(command)
    row = (session, by, line, checksum(session, line))
    (n,) = db.execute('INSERT INTO mailbox (session, "by", json, crc) VALUES (?, ?, ?, ?) RETURNING n', row).fetchone()
    return int(n)


def mail(db: sqlite3.Connection, session: str, since: int) -> list[Mailed]:
    """The commands of the session from number ``since`` on."""
    question = 'SELECT n, "by", json, crc FROM mailbox WHERE session = ? AND n >= ? AND NOT taken ORDER BY n'
    return [mailed_of(session, *row) for row in db.execute(question, (session, since))]


def take_out(db: sqlite3.Connection, session: str, heard: Heard) -> None:
    """Commands up to the one that was ``heard`` are not in the mailbox any more, and what has come of it is kept."""
    db.execute("UPDATE mailbox SET taken = 1 WHERE session = ? AND n <= ? AND NOT taken", (session, heard.n))
    row = (heard.record, storable(heard.refused), session, heard.n)
    db.execute("UPDATE mailbox SET record = ?, refused = ? WHERE session = ? AND n = ?", row)


def heard(db: sqlite3.Connection, session: str, since: int) -> list[Heard]:
    """What has come of the session's commands from number ``since`` on."""
    question = "SELECT n, record, refused FROM mailbox WHERE session = ? AND n >= ? AND taken ORDER BY n"
    return [heard_of(session, *row) for row in db.execute(question, (session, since))]
