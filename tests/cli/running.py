"""The command as a user runs it: in a process of its own, with recorded agents and a journal in a temporary folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from outrider.cli.main import app

TASK = "Make tea"
PLAN = ("boil", "warm the pot", "pour", "wait", "sip")

TRAINS = '''
from outrider.tools import Key, tool

@tool(effect="none")
def trains(to: str, day: int = 1) -> list[str]:
    """Trains to a town."""
    return [f"IC 7 to {to} on day {day}"]

@tool
def book(train: str, key: Key) -> str:
    """Books a seat on a train."""
    with open("booked.txt", "a") as file:
        file.write(f"{train} {key}\\n")
    return f"a seat on {train}"
'''
"""The beginning of a module of tools: to look for trains, and to book a seat."""

COMMAND = (sys.executable, "-m", "outrider.cli.main")


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its output, read as a JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one line on standard error."""
        (line,) = self.told
        return line

    @property
    def told(self) -> list[str]:
        """The lines on standard error, but for the note that speculation does not pay: on a busy machine it may be there."""
        return [line for line in self.err.splitlines() if not line.startswith("outrider: speculation is not worth it")]


@dataclass(frozen=True)
class Place:
    """A folder with a recording and a journal, and the command run there."""

    folder: Path

    @property
    def journal(self) -> Path:
        return self.folder / "journal.sqlite3"

    def write_pairs(self, name: str = "pairs.jsonl", *, drafts: Sequence[str] = PLAN, slow_from: int = 99) -> None:
        """A recording of PLAN: 0.4 s a step for the target and 0.1 s a draft. From step ``slow_from`` on a step takes an hour."""
        rows = []
        for at, (target, draft) in enumerate(zip((*PLAN, "TERMINATE"), (*drafts, "TERMINATE"), strict=True)):
            target_s = 3600.0 if at >= slow_from else 0.4
            rows.append(
                {"task": TASK, "at": at, "target": target, "target_s": target_s, "target_tokens": 20, "draft": draft,
                 "draft_s": 0.1, "draft_tokens": 5}
            )  # fmt: skip
        (self.folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    @property
    def environment(self) -> dict[str, str]:
        """The user's, without keys, and with a home of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "data")}
        return kept | home | {"OUTRIDER_JOURNAL": str(self.journal), "PYTHONWARNINGS": "error", "COLUMNS": "80"}

    def run(self, *words: str, typed: str = "", environment: Mapping[str, str] | None = None) -> Ran:
        """``outrider`` with these words."""
        done = subprocess.run(
            [*COMMAND, *words], cwd=self.folder, env=self.environment | dict(environment or {}), input=typed,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def here(self, *words: str) -> Ran:
        """The same in this process, which is faster: for what neither signals, pipes nor limits can touch."""
        environment: dict[str, str | None] = {**dict.fromkeys(os.environ), **self.environment}
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(app, words, env=environment, prog_name="outrider")
        return Ran(done.exit_code, done.stdout, done.stderr)

    def plan(self, *words: str, task: str = TASK, pairs: str = "pairs.jsonl", typed: str = "") -> Ran:
        """``outrider plan`` with recorded agents, forty times as fast."""
        return self.run("plan", task, *recorded(pairs), *words, typed=typed)

    def begin(self, *words: str, pairs: str = "pairs.jsonl") -> subprocess.Popen[str]:
        """The same, under way: its output can be read line by line."""
        return subprocess.Popen(
            [*COMMAND, "plan", TASK, *recorded(pairs), *words], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


def recorded(pairs: str) -> tuple[str, ...]:
    return ("--approximation", f"recorded:{pairs}@40x", "--target", f"recorded:{pairs}@40x")


def ended(process: subprocess.Popen[str]) -> Ran:
    """What a process that is under way comes to."""
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


def stubborn(*words: str) -> str:
    """A program that runs ``outrider`` with agents whose calls never end, however often they are cancelled."""
    return f"""
import asyncio
from outrider.agents.recorded import RecordedAgent
from outrider.cli.main import app

async def never_closes(self, answer, meter):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

RecordedAgent._take_its_time = never_closes
app({list(words)!r})
"""
