"""``outrider worker``, and ``--engine`` on ``plan``: in processes of their own, as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli.running import COMMAND

from outrider.errors import BadOption
from outrider.scale import Address, address_of
from outrider.testing.dev_server import DevServer, free_port

PLAN = ("boil", "warm", "pour")
STARVED = (sys.executable, "-c", "import sys; sys.setswitchinterval(100); from outrider.cli.main import main; main()")
"""The same, where the threads of the engine's library get no turn: some are still busy when the process ends."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a recording of PLAN, where one draft is wrong."""
    drafts = ("boil", "wait", "pour", "TERMINATE")
    rows = [
        {"task": "Make tea", "at": at, "target": target, "target_s": 0.1, "draft": draft, "draft_s": 0.02}
        for at, (target, draft) in enumerate(zip((*PLAN, "TERMINATE"), drafts, strict=True))
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"OUTRIDER_JOURNAL": str(folder / "journal.sqlite3"), "HOME": str(folder)}


def planned(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    agents = ("-a", f"recorded:{folder}/pairs.jsonl", "-t", f"recorded:{folder}/pairs.jsonl")
    command = (*COMMAND, "plan", "Make tea", "--world", "free", *agents, "--lookahead", "2", "--json", *options)
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def working(folder: Path, engine: str, command: tuple[str, ...] = COMMAND) -> Iterator[subprocess.Popen[str]]:
    """Inside, a worker runs."""
    elsewhere = environment(folder) | {"OUTRIDER_JOURNAL": str(folder / "workers.sqlite3")}
    words = (*command, "worker", "--engine", engine, "--drain", "1")
    with subprocess.Popen(words, cwd=folder, env=elsewhere, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("outrider: making calls for sessions at temporal://")
            yield process
        finally:
            process.kill()


def test_a_plan_in_the_engine_is_the_one_made_here_and_is_in_the_journal_here(server: DevServer, folder: Path) -> None:
    engine = f"temporal://{server.host}/default/commands"
    with working(folder, engine):
        there = planned(folder, "--engine", engine)
    assert there.returncode == 0, there.stderr
    here = planned(folder)
    assert last(there)["plan"] == last(here)["plan"]
    assert [step["action"] for step in last(there)["plan"]] == [*PLAN, "finish"]
    listed = subprocess.run(
        (*COMMAND, "sessions", "list", "--json"), env=environment(folder), capture_output=True, text=True, check=True
    )
    assert [json.loads(line)["outcome"] for line in listed.stdout.splitlines()] == ["complete", "complete"]


@pytest.mark.parametrize("command", [COMMAND, STARVED], ids=["as usual", "threads starved"])
def test_a_worker_that_is_told_to_leave_leaves(server: DevServer, folder: Path, command: tuple[str, ...]) -> None:
    with working(folder, f"temporal://{server.host}/default/leaving", command) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == "outrider: leaving; calls under way are ended first\n"


def test_an_engine_that_is_not_there_is_one_sentence(folder: Path) -> None:
    done = planned(folder, "--engine", f"temporal://127.0.0.1:{free_port()}")
    assert done.returncode == 3
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("outrider: no Temporal server answers at 127.0.0.1:")


def test_a_namespace_that_is_not_there_is_one_sentence(server: DevServer, folder: Path) -> None:
    done = planned(folder, "--engine", f"temporal://{server.host}/nowhere")
    assert done.returncode == 2
    assert "has no such namespace" in done.stderr.splitlines()[-1]


def test_addresses() -> None:
    assert address_of("temporal") == Address()
    assert address_of("temporal://engine") == Address(host="engine:7233")
    assert address_of("temporal://engine:80/team/queue") == Address(host="engine:80", namespace="team", queue="queue")
    assert address_of("temporal://[::1]:80/team") == Address(host="[::1]:80", namespace="team")
    for wrong in ("", "temporal:", "http://engine", "temporal://me:key@engine", "temporal://engine:port"):
        with pytest.raises(BadOption, match="is not known"):
            address_of(wrong)
