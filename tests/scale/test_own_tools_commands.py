"""``outrider worker --tools``, and ``--tools`` with ``--engine``: in processes of their own, as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli.running import COMMAND, TRAINS

from outrider.errors import ToolFailed
from outrider.model import Step
from outrider.rules.events import Executing, Lost
from outrider.testing.dev_server import DevServer, free_port
from outrider.tools.loading import toolbox_from

from .engines import engine_on, only
from .test_own_tools import BOOK, LOOK, TASK, ready, working, written

MODULE = (
    TRAINS
    + '''
@tool(threaded=True)
def pay(dollars: int) -> str:
    """Pays, once the bank says so."""
    with open("paid.txt", "a") as file:
        file.write(f"{dollars}\\n")
    print("asked the bank")
    with open("bank") as bank:
        return bank.read()
'''
)
PAY = Step("pay", {"dollars": 40})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the person: with their tools, and recordings of agents that use them."""
    (tmp_path / "mine.py").write_text(MODULE)
    written(tmp_path / "acting.jsonl", LOOK, BOOK)
    written(tmp_path / "paying.jsonl", PAY)
    return tmp_path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Of the worker: with the same tools, and a bank that waits until somebody writes to it."""
    found = tmp_path / "elsewhere"
    found.mkdir()
    (found / "mine.py").write_text(MODULE)
    os.mkfifo(found / "bank")
    return found


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"OUTRIDER_JOURNAL": str(folder / "journal.sqlite3"), "HOME": str(folder)}


def outrider(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, *words), cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def planning(folder: Path, recording: str, engine: str, *words: str) -> tuple[str, ...]:
    agent = f"recorded:{folder / recording}@40x"
    return ("plan", TASK, "-a", agent, "-t", agent, "--lookahead", "1", "--engine", engine, "--tools", "mine.py", *words)


@contextmanager
def worker(folder: Path, engine: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Inside, a worker runs in a process of its own."""
    command = (*COMMAND, "worker", "--engine", engine, "--drain", "1", "--tools", *words)
    with subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert said(process).startswith("outrider: making calls for sessions at temporal://")
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def lines(folder: Path, name: str) -> list[str]:
    file = folder / name
    return file.read_text().splitlines() if file.exists() else []


def last(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def test_a_plan_is_executed_by_a_worker_with_the_same_tools(server: DevServer, folder: Path, elsewhere: Path) -> None:
    engine = f"temporal://{server.host}/default/own"
    with worker(elsewhere, engine, "mine.py"):
        done = outrider(folder, *planning(folder, "acting.jsonl", engine, "--json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [step.get("observation") for step in last(done.stdout)["plan"]] == [
        '["IC 7 to Bergen on day 1"]',
        "a seat on IC 7",
        None,
    ]
    assert len(lines(elsewhere, "booked.txt")) == 1
    assert lines(folder, "booked.txt") == []


def test_a_worker_with_other_tools_is_one_sentence_with_what_to_do(server: DevServer, folder: Path, elsewhere: Path) -> None:
    engine = f"temporal://{server.host}/default/others"
    with worker(elsewhere, engine, "mine.py", "--effect", "trains=read") as process:
        done = outrider(folder, *planning(folder, "acting.jsonl", engine, "--json"))
        process.terminate()
        assert process.communicate()[1] == "outrider: leaving; calls under way are ended first\n", "its log is not filled by that"
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence == (
        "outrider: the worker's tools are not those that the session was begun with: the effect of trains is read there, and "
        "none was declared; start the workers with the same tools: outrider worker --tools FILE, and the same --effect and "
        "--trust"
    )


@pytest.mark.asyncio
async def test_a_worker_that_is_killed_in_mid_effect_has_no_second_one_after_it(
    server: DevServer, folder: Path, elsewhere: Path
) -> None:
    engine = await engine_on(server, silent_after_s=1.0)
    async with toolbox_from(str(folder / "mine.py")) as tools:
        session = (await ready(engine, tools, folder / "paying.jsonl")).session()
        with worker(elsewhere, str(engine.address), "mine.py") as process:
            async with session, session.events() as events:
                await anext(events)
                assert await asyncio.to_thread(said, process) == "asked the bank\n"
                process.kill()
                async with working(engine, tools):
                    records = [record async for record in events]
    with pytest.raises(ToolFailed, match="no worker has finished it"):
        await session.result()
    assert lines(elsewhere, "paid.txt") == ["40"]
    assert len(only(records, Executing)) == len(only(records, Lost)) == 1


def test_a_session_whose_watcher_was_killed_is_gone_on_with_and_its_tools_are_found_again(
    server: DevServer, folder: Path, elsewhere: Path
) -> None:
    engine = f"temporal://{server.host}/default/again"
    with worker(elsewhere, engine, "mine.py") as process:
        command = (*COMMAND, *planning(folder, "paying.jsonl", engine, "--json"))
        with subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True) as watcher:
            assert watcher.stdout is not None
            assert any('"executing"' in line for line in watcher.stdout)
            assert said(process) == "asked the bank\n"
            watcher.kill()
        (name, *_) = outrider(folder, "resume").stdout.split()
        (elsewhere / "bank").write_text("paid")
        done = outrider(elsewhere, "resume", name, "--json", "--journal", str(folder / "journal.sqlite3"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [step.get("observation") for step in last(done.stdout)["plan"]] == ["paid", None]
    assert lines(elsewhere, "paid.txt") == ["40"]


def test_a_worker_says_that_an_object_in_its_memory_is_nobody_elses(server: DevServer, elsewhere: Path) -> None:
    (elsewhere / "drawer.py").write_text(
        "from outrider.tools import Toolbox\n\n\nclass Drawer:\n    def names(self) -> list[str]:\n"
        '        """The names."""\n        return []\n\n\ntoolbox = Toolbox.around(Drawer())\n'
    )
    with worker(elsewhere, f"temporal://{server.host}/default/drawer", "drawer.py", "--effect", "names=none") as process:
        assert said(process).startswith("outrider: names stays a write, though --effect says none: ")
        assert said(process).startswith("outrider: the tools act on an object in this worker's memory, which its sessions share;")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tools", "nowhere.py"), "there is no file nowhere.py; tools come from a file such as tools.py"),
        (("--tools", "mine.py", "--tools", "mine.py"), "two tools are called 'trains'"),
        (("--tools", "mine.py", "--effect", "fly=none"), "there is no tool 'fly' to declare anything of"),
        (("--tools", "mine.py", "--trust"), "--trust is for the hints of MCP servers, and none is given"),
        (("--approve", "book=always"), "--approve says something of tools, and there are none; give some with --tools"),
    ],
)
def test_a_mistake_about_a_workers_tools_is_said_before_anything_is_connected(
    folder: Path, words: tuple[str, ...], says: str
) -> None:
    done = outrider(folder, "worker", "--engine", f"temporal://127.0.0.1:{free_port()}", *words)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert says in sentence
