"""Ctrl-C and SIGTERM while the command is still being loaded, and once all is done: signalled at an import, without sleeping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cli.running import COMMAND, PLAN, TASK, Place, Ran, recorded

from .page import stands

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SCRIPT = """
import atexit, os, signal, sys
_, when, number, *words = sys.argv
signalled = []
def signals(event="import", args=()):
    if event == "import" and (not args or args[0] == when) and not signalled:
        signalled.append(when)
        os.kill(os.getpid(), int(number))
sys.argv = ["outrider", *words]
from {module} import {function}
if when == "the end":
    atexit.register(signals)
else:
    sys.addaudithook(signals)
sys.exit({function}())
"""
"""The command as it is installed, which is sent a signal when it begins to load a module, or when Python comes to its end."""

LOADED = [
    "outrider", "asyncio", "outrider.runtime.loop", "typer", "outrider.cli.main", "outrider.cli.commands.planning",
    "outrider.cli.plan", "outrider.journal.sqlite", "outrider.agents.recorded",
]  # fmt: skip
"""Modules from the first that is loaded to the last before the run, by way of those that the command itself is made of."""


def signalled(place: Place, when: str, number: signal.Signals, *words: str, ignored: bool = False) -> Ran:
    """``outrider`` with these words, and with that signal at that moment. It may be ignored by who starts it."""
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    module, _, function = pyproject["project"]["scripts"]["outrider"].partition(":")
    script = SCRIPT.format(module=module, function=function)
    done = subprocess.run(
        [sys.executable, "-c", script, when, str(int(number)), *words], cwd=place.folder, env=place.environment,
        capture_output=True, text=True, check=False,
        preexec_fn=(lambda: signal.signal(number, signal.SIG_IGN)) if ignored else None,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.write_pairs()
    return place


@pytest.mark.parametrize("when", LOADED)
def test_ctrl_c_while_the_command_is_loaded_ends_it_in_one_line(place: Place, when: str) -> None:
    ran = signalled(place, when, signal.SIGINT, "plan", TASK, *recorded("pairs.jsonl"))
    assert (ran.code, ran.out) == (130, "")
    stands(ran.sentence)
    assert ran.sentence == "outrider: stopped"


def test_ctrl_c_when_all_is_done_takes_nothing_back(place: Place) -> None:
    ran = signalled(place, "the end", signal.SIGINT, "plan", TASK, *recorded("pairs.jsonl"), "--json")
    assert (ran.code, ran.told) == (130, ["outrider: stopped"])
    assert [step["action"] for step in ran.events[-1]["plan"]] == [*PLAN, "finish"]
    (session,) = place.here("sessions", "list", "--json").events
    assert session["outcome"] == "complete"


def test_ctrl_c_that_who_starts_it_has_ignored_is_ignored(place: Place) -> None:
    """As in a script that begins it with ``&``: Ctrl-C is for the others then."""
    ran = signalled(place, "outrider.cli.main", signal.SIGINT, "--version", ignored=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("outrider ")


@pytest.mark.parametrize("when", ["outrider", "outrider.cli.serve", "uvicorn", "outrider.web.app"])
def test_a_server_that_is_told_to_end_while_it_is_loaded_ends_at_once_without_a_word(place: Place, when: str) -> None:
    pytest.importorskip("uvicorn")
    ran = signalled(place, when, signal.SIGTERM, "serve", "--port", "0")
    assert (ran.code, ran.out, ran.err) == (-signal.SIGTERM, "", "")
    if place.journal.exists():
        assert place.here("sessions", "list", "--json").events == []


CHILD = """
import os, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:
    os.killpg(0, signal.SIGINT)
"""
"""What a worker's Python does first of all: press Ctrl-C, for everybody at the terminal."""


def test_ctrl_c_in_a_workers_first_moment_is_one_line_and_nobody_is_waited_for(place: Place) -> None:
    pytest.importorskip("numpy")
    (place.folder / "sitecustomize.py").write_text(CHILD)
    path = os.pathsep.join(filter(None, (str(place.folder), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [*COMMAND, "simulate", "--episodes", "2000000000", "--workers", "3"], cwd=place.folder, text=True,
        env=place.environment | {"PYTHONPATH": path}, capture_output=True, check=False, start_new_session=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "outrider: stopped\n")
