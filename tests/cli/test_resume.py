"""``outrider resume``: after kill -9 another process goes on; one that is owned is watched, and spoken to."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from outrider import Task
from outrider.cli.kept import kept_of, settings_of
from outrider.cli.own_tools import ToolsWanted
from outrider.errors import BadOption
from outrider.journal import SqliteJournal
from outrider.launch import Wanted
from outrider.model import Role
from outrider.rules.events import Opened

from .running import COMMAND, PLAN, TASK, Place, recorded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def start(place: Place, *words: str) -> subprocess.Popen[str]:
    """``outrider plan`` under way, its events on a pipe."""
    return subprocess.Popen(
        [*COMMAND, "plan", TASK, "--json", *words], cwd=place.folder, env=place.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def confirmed(process: subprocess.Popen[str], steps: int) -> list[str]:
    """The lines until so many steps are confirmed."""
    assert process.stdout is not None
    lines: list[str] = []
    while sum('"kind": "confirmed"' in line for line in lines) < steps:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()[1]
    return lines


def killed(place: Place, *words: str) -> tuple[str, list[str]]:
    """A session whose process was killed while its third step took an hour, and what that had printed."""
    place.write_pairs(slow_from=2)
    process = start(place, *recorded("pairs.jsonl"), *words)
    lines = confirmed(process, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    place.write_pairs()
    with SqliteJournal(place.journal) as journal:
        return journal.sessions()[0].name, lines


def test_a_killed_plan_is_gone_on_with_to_the_same_plan(place: Place) -> None:
    name, lines = killed(place)
    listed = place.run("resume")
    assert name in listed.out
    assert "to go on: outrider resume SESSION" in listed.out
    done = place.run("resume", name[:5], "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("".join(lines)), "what was shown stays shown"
    assert [step["action"] for step in done.events[-1]["plan"]] == [*PLAN, "finish"]
    assert sum(event["kind"] == "resumed" for event in done.events) == 1
    assert place.run("resume").out == "no session was interrupted\n"
    assert "the rules find the same" in place.run("replay", name).out


def test_a_killed_plan_is_gone_on_with_from_another_folder(place: Place) -> None:
    name, _ = killed(place)
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir()
    there = Place(elsewhere)
    listed = there.run("resume", "--journal", str(place.journal))
    assert listed.out.splitlines()[-1] == f"to go on: outrider resume SESSION --journal {place.journal}"
    done = there.run("resume", name, "--journal", str(place.journal), "--json")
    assert [step["action"] for step in done.events[-1]["plan"]] == [*PLAN, "finish"]


def test_what_has_finished_is_not_resumed(place: Place) -> None:
    place.write_pairs()
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    done = place.run("resume", entry["name"])
    assert done.code == 2
    assert "has finished: complete" in done.sentence


def test_a_session_that_another_process_owns_is_watched_and_told_to_stop(place: Place) -> None:
    place.write_pairs(slow_from=2)
    process = start(place, *recorded("pairs.jsonl"))
    confirmed(process, 2)
    with SqliteJournal(place.journal) as journal:
        name = journal.sessions()[0].name
    refused = place.run("resume", name)
    assert refused.code == 5
    assert f"is owned by process {process.pid}" in refused.sentence
    assert "--watch" in refused.sentence
    assert place.run("resume", name, "--say", "dance").code == 2
    refused = place.run("resume", name, "--say", "go-on")
    assert (refused.code, refused.sentence) == (2, "outrider: the run is going on already")
    paused = place.run("resume", name, "--say", "pause")
    with SqliteJournal(place.journal) as journal:
        (record,) = journal.read(name, kinds=("paused",))
    assert (paused.code, paused.out) == (0, f"done: record {record.n} of session {name}\n")
    assert place.run("resume", name, "--say", "stop").code == 0
    watched = place.run("resume", name, "--watch", "--json")
    assert watched.events[-1]["outcome"] == "stopped"
    process.communicate()
    assert process.returncode == 130


def test_who_is_not_known_is_not_resumed(place: Place) -> None:
    place.write_pairs()
    place.plan()
    done = place.run("resume", "nobody")
    assert done.code == 2
    assert "no session's name begins with 'nobody'" in done.sentence


def test_what_may_hold_a_secret_is_not_kept_and_has_to_be_given_again() -> None:
    wanted, tools = Wanted(target="cot@http://ida:pw1@host/v1#m"), ToolsWanted(sources=("mcp:server --key pw2",))
    agents: dict[Role, str] = {"approximation": "direct@local", "target": "cot@http://ida:pw1@host/v1#m"}
    settings = settings_of(wanted, agents, tools, None)
    assert "pw" not in settings
    opened = Opened(
        task=Task(TASK), approximation="", target="", lookahead="lookahead-2", max_steps=9, settings=settings, reads=8
    )
    kept = kept_of(opened)
    assert (kept.wanted.lookahead, kept.wanted.max_steps, kept.wanted.task) == ("lookahead-2", 9, TASK)
    with pytest.raises(BadOption, match=r"-t was .*give -t again"):
        kept.check()


def test_a_session_that_a_program_of_ones_own_began_is_resumed_there() -> None:
    with pytest.raises(BadOption, match=r"outrider\.resume"):
        kept_of(Opened(task=Task(TASK), approximation="", target="", lookahead="lookahead-2", max_steps=9))
