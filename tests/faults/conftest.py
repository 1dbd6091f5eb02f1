"""A place to run the command in, for every kind of trouble."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cli.running import TASK, Place, Ran
from journal.servers import Server, started, why_not

T = TypeVar("T")

SILENCE_S = 0.8
"""So long a model's server may be silent for whoever is impatient; the page tells of 120 s. One that is well needs less, and has
four times as much: it is asked again.
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with no journal yet."""
    return Place(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's server may not be silent for long."""
    monkeypatch.setenv("OUTRIDER_SILENCE_S", f"{SILENCE_S:g}")


def plan(place: Place, url: str, *words: str, here: bool = True) -> Ran:
    """``outrider plan`` with both agents at ``url``, and its events. In a process of its own, unless that may be this one."""
    agents = ("-a", f"direct@{url}#small", "-t", f"direct@{url}#large")
    return (place.here if here else place.run)("plan", TASK, "--world", "free", *agents, "--json", *words)


def actions(ran: Ran) -> list[str]:
    """The plan that a command has printed."""
    assert ran.out, ran.err
    return [step["action"] for step in ran.events[-1]["plan"]]


def needs_postgres() -> None:
    """Skip the test where there is none, unless there must be one."""
    if reason := why_not():
        assert not os.environ.get("OUTRIDER_POSTGRES"), reason
        pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real Postgres, in which every test has a database of its own. Whoever stops it starts it again."""
    needs_postgres()
    with started() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """One that a test may leave in ruins."""
    needs_postgres()
    with started() as server:
        yield server


def run(main: Coroutine[Any, Any, T]) -> T:
    """On the machine's clock: a journal elsewhere takes real time."""
    return asyncio.run(main)
