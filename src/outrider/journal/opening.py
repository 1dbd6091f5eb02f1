"""Which journal is meant by a word: a file's name, or a server's address."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from outrider.journal.postgres import PostgresJournal
from outrider.journal.sqlite import SqliteJournal
from outrider.journal.store import JournalStore

_ADDRESSES: Final = ("postgresql://", "postgres://")


def is_address(where: Path | str | None) -> bool:
    """Whether ``where`` is a server's address, rather than a file."""
    return isinstance(where, str) and where.startswith(_ADDRESSES)


def open_journal(where: Path | str | None = None, *, read_only: bool = False) -> JournalStore:
    """The journal at ``where``: a Postgres server's address, a file, or the user's own.

    Raises:
        JournalError, BadOption: as ``SqliteJournal`` and ``PostgresJournal`` do.
    """
    if isinstance(where, str) and is_address(where):
        return PostgresJournal(where, read_only=read_only)
    return SqliteJournal(where or None, read_only=read_only)
