"""Ctrl-C, closed pipes and full disks: the run ends in order, and what was confirmed is kept."""

from __future__ import annotations

import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.serving import once, serving, tea

from outrider.journal import SqliteJournal, replay
from outrider.views.words import count

from .running import COMMAND, PLAN, TASK, Place, Ran, ended, recorded, stubborn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")


def read_until(process: subprocess.Popen[str], what: str) -> None:
    """Wait until the process has printed a line with ``what``."""
    assert process.stdout is not None
    for line in process.stdout:
        if what in line:
            return
    raise AssertionError(f"{what!r} was never printed")


def test_ctrl_c_ends_the_run_keeps_the_plan_and_says_how_to_go_on_and_that_works(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=3)
    process = place.begin(pairs="slow.jsonl")
    read_until(process, "  2  pour")
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert "Stopped: 3 steps in " in ran.out
    why, kept, command = ran.told
    assert why == "outrider: the run was stopped: Ctrl-C"
    assert kept == "outrider: 3 confirmed steps kept; to go on from there:"
    place.write_pairs("slow.jsonl")  # the model is quicker today
    program, *words = shlex.split(command)
    assert program == "outrider"
    again = place.run(*words)
    assert again.code == 0
    assert "  2  pour  (from the earlier session, 0.00 s)" in again.out
    assert "Plan complete: 6 steps in " in again.out


def test_ctrl_c_before_anything_is_confirmed_is_one_sentence(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=0)
    process = place.begin("--json", pairs="slow.jsonl")
    read_until(process, '"shown"')
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.code, ran.sentence) == (130, "outrider: the run was stopped: Ctrl-C")
    assert ran.events[-1]["kind"] == "finished"


def test_what_was_stopped_is_in_the_journal_and_every_call_is_accounted_for(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=2)
    process = place.begin("--json", pairs="slow.jsonl")
    read_until(process, '"confirmed", "at": 1')
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130
    with SqliteJournal(place.journal, read_only=True) as journal:
        (entry,) = journal.sessions()
        replayed = replay(journal.read(entry.name))
    assert (entry.outcome, entry.steps) == ("stopped", 2)
    assert replayed.figures.in_flight == 0
    assert replayed.figures.calls("cancelled") >= 1


@pytest.mark.parametrize("attempt", range(3))
def test_ctrl_c_twice_leaves_no_traceback(place: Place, attempt: int) -> None:
    place.write_pairs("slow.jsonl", slow_from=2)
    process = place.begin("--json", pairs="slow.jsonl")
    read_until(process, '"confirmed", "at": 1')
    process.send_signal(signal.SIGINT)
    if attempt:
        read_until(process, '"ended"' if attempt == 1 else '"finished"')
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    why, *_ = filter(None, ran.told)
    assert why.startswith(("outrider: the run was stopped", "outrider: broken off"))
    assert "Traceback" not in ran.err
    with SqliteJournal(place.journal, read_only=True) as journal:
        assert journal.sessions()[0].steps == 2


def test_a_second_ctrl_c_does_not_wait_for_a_call_that_will_not_close(place: Place) -> None:
    (place.folder / "stubborn.py").write_text(
        stubborn("plan", "Make tea", "-a", "recorded:pairs.jsonl", "-t", "recorded:pairs.jsonl", "--json")
    )
    process = subprocess.Popen(
        [sys.executable, "stubborn.py"], cwd=place.folder, env=place.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    read_until(process, '"started"')
    process.send_signal(signal.SIGINT)
    read_until(process, '"ended"')
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert ran.err.strip() == "outrider: broken off; what was confirmed is in the journal, see outrider sessions list"


def test_ctrl_c_while_the_task_is_awaited_from_standard_input_ends_at_once(place: Place) -> None:
    process = subprocess.Popen(
        [*COMMAND, "plan", "-", *recorded("pairs.jsonl")], cwd=place.folder, text=True, stdin=subprocess.PIPE,
        env=place.environment | {"PYTHONFAULTHANDLER": ""}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.code, ran.sentence) == (130, "outrider: stopped")


def wait_until_it_reads(pid: int) -> None:
    """Wait until the process is blocked reading its standard input."""
    where = Path(f"/proc/{pid}/syscall")
    if not where.exists():
        pytest.skip("needs /proc")
    try:
        while not where.read_text().startswith("0 0x0 "):
            time.sleep(0.01)
    except PermissionError:
        pytest.skip("may not look at other processes")


@pytest.mark.parametrize("words", ["", "--json"])
def test_when_nobody_reads_on_it_ends_without_a_word(place: Place, words: str) -> None:
    """As with ``| head -1``: a line is read and no more, and the second step is there only after that."""
    read: list[str] = []

    def reads_no_more() -> None:
        assert running[0].stdout is not None
        read.append(running[0].stdout.readline())
        running[0].stdout.close()

    with serving(tea(once(1, reads_no_more))) as server:
        agents = ("-a", f"direct@{server.url}#large", "-t", f"direct@{server.url}#large", "-k", "0")
        command = [*COMMAND, "plan", TASK, "--world", "free", *agents, *words.split()]
        running = [
            subprocess.Popen(
                command, cwd=place.folder, env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        ]
        assert running[0].stderr is not None
        with running[0].stderr as said:
            assert (said.read(), running[0].wait()) == ("", 130)
    assert read[0]
    with SqliteJournal(place.journal, read_only=True) as journal:
        assert replay(journal.read(journal.sessions()[0].name)).checked


@pytest.mark.parametrize("most_kb", [36, 132])
def test_a_journal_that_fills_up_ends_the_run_with_its_plan_printed(place: Place, most_kb: int) -> None:
    """No file may grow beyond so many kB: the log beside the journal takes one record of the session, or more than a step.

    Without drafts the records are always the same ones.
    """
    place.plan()  # makes the journal
    most = most_kb * 1024

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    done = subprocess.run(
        [*COMMAND, "plan", TASK, *recorded("pairs.jsonl"), "-k", "0", "--json"], cwd=place.folder, env=place.environment,
        capture_output=True, text=True, timeout=60, check=False, preexec_fn=small_disk,
    )  # fmt: skip
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
    why, *way_to_go_on = ran.told
    assert why.startswith(f"outrider: the journal {place.journal} could not be written: ")
    assert why.endswith("make room on the disk, or choose another file")
    printed = [event["step"]["action"] for event in ran.events if event["kind"] == "confirmed"]
    assert [step["action"] for step in ran.events[-1]["plan"]] == printed == list(PLAN[: len(printed)])
    assert (most_kb == 36) == (not printed)
    with SqliteJournal(place.journal, read_only=True) as journal:
        kept = journal.sessions()[0].steps
    assert kept <= len(printed)
    assert way_to_go_on[:1] == ([f"outrider: {count(kept, 'confirmed step')} kept; to go on from there:"] if kept else [])
