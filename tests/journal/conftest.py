"""Every journal, for the tests of what they have in common."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

from outrider.journal import JournalStore, MemoryJournal, PostgresJournal, SqliteJournal

from .samples import noon
from .servers import Server, started, why_not

T = TypeVar("T")


class SteppedClock:
    """A clock that stands still until it is stepped, forwards or back."""

    def __init__(self) -> None:
        self.now = noon()

    def step(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def __call__(self) -> datetime:
        return self.now


Stepped: TypeAlias = tuple[JournalStore, SteppedClock]


def run(main: Coroutine[Any, Any, T]) -> T:
    """On the machine's clock: a journal elsewhere takes real time."""
    return asyncio.run(main)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real Postgres. Where it must be there, ``OUTRIDER_POSTGRES`` is set, and a test that finds none fails."""
    if reason := why_not():
        assert not os.environ.get("OUTRIDER_POSTGRES"), reason
        pytest.skip(reason)
    with started() as server:
        yield server


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalStore]:
    """Every kind of journal, empty."""
    with opened(request, tmp_path) as store:
        yield store


def opened(request: pytest.FixtureRequest, tmp_path: Path) -> JournalStore:
    match request.param:
        case "memory":
            return MemoryJournal(clock=noon)
        case "sqlite":
            return SqliteJournal(tmp_path / "journal", clock=noon)
        case _:
            server: Server = request.getfixturevalue("server")
            return PostgresJournal(server.address(server.new_database()), clock=noon)


@pytest.fixture(params=["memory", "sqlite"])
def stepped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stepped]:
    """A journal whose clock the test steps. A server's clock is its own."""
    clock = SteppedClock()
    store: JournalStore
    store = MemoryJournal(clock=clock) if request.param == "memory" else SqliteJournal(tmp_path / "journal", clock=clock)
    with store:
        yield store, clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal can be made."""
    return tmp_path / "journal.sqlite3"
