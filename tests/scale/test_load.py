"""Sessions at once over two worker processes and a model server, one of them killed over its calls."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outrider.journal import MemoryJournal
from outrider.launch import Wanted, understand
from outrider.model import Prefix
from outrider.scale import Engine, launch_remote
from outrider.testing import steps
from outrider.testing.dev_server import DevServer
from outrider.testing.model_server import NEVER, Asked, ModelServer, Sends, says

from .engines import engine_on

SESSIONS = 4
STEPS = ("pack", "go", "stay")


@contextmanager
def worker_process(engine: Engine, folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Inside, ``outrider worker`` makes calls."""
    words = ("worker", "--engine", engine.place, "--drain", "1", "--journal", str(folder / f"{name}.sqlite3"))
    command = (sys.executable, "-m", "outrider.cli.main", *words)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HOME": str(folder)}) as process:
        try:
            assert process.stderr is not None
            assert "making calls" in process.stderr.readline()
            yield process
        finally:
            process.kill()


class Jammed:
    """Answers by prompt, the target as the drafter but for one step, but nothing at all until it is let go."""

    def __init__(self) -> None:
        self.is_let_go = False

    def __call__(self, asked: Asked) -> Sends:
        at = len(re.findall(r"^Step [0-9]+: ", asked.prompt, re.MULTILINE))
        if not self.is_let_go and asked.body["model"] == "slow" and at == 1:
            return NEVER
        if asked.body["model"] == "fast" and at == 1:
            return says("swim")
        return says((*STEPS, "finish")[at])


async def planned(engine: Engine, url: str) -> Prefix:
    """The plan of one session."""
    wanted = Wanted(
        task="go to Oslo", world="free", lookahead="1", approximation=f"direct@{url}#fast", target=f"direct@{url}#slow"
    )  # fmt: skip
    session = (await launch_remote(understand(wanted), engine, MemoryJournal())).session()
    async with session:
        return (await session.result()).prefix


@pytest.mark.asyncio
async def test_when_one_of_two_workers_is_killed_every_session_has_the_plan_that_it_would_have_had(
    server: DevServer, tmp_path: Path
) -> None:
    engine, answers = await engine_on(server, silent_after_s=1.0, patience_s=120.0), Jammed()
    async with ModelServer(answers) as models:
        with worker_process(engine, tmp_path, "first") as first:
            async with asyncio.TaskGroup() as group:
                sessions = [group.create_task(planned(engine, models.url)) for _ in range(SESSIONS)]
                await models.until(lambda models: models.silent >= SESSIONS)  # all wait for this worker's calls
                with worker_process(engine, tmp_path, "second"):
                    answers.is_let_go = True
                    first.send_signal(signal.SIGKILL)
                    await models.until(lambda models: models.gone >= SESSIONS)  # and it is gone with them
                    for session in sessions:
                        await session
    assert [session.result() for session in sessions] == [steps(*STEPS, "finish")] * SESSIONS
