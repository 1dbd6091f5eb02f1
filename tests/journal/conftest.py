"""Both journals, for the tests of what they have in common."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outrider.journal import JournalStore, MemoryJournal, SqliteJournal

from .samples import noon


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalStore]:
    store: JournalStore
    store = MemoryJournal(clock=noon) if request.param == "memory" else SqliteJournal(tmp_path / "journal", clock=noon)
    with store:
        yield store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal can be made."""
    return tmp_path / "journal.sqlite3"
