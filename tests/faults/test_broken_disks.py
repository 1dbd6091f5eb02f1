"""A journal's disk that breaks, or is not there any more, in the middle of a run: real file systems of the tests' own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.running import Place, Ran, ended

from .conftest import actions, plan
from .own_disk import OwnDisk, own_disk
from .page import stands
from .serving import PLAN, once, serving, tea
from .test_processes import ask, served

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own ways to break a file system")

ASKED_ON = len(PLAN) - 1
"""Requests of a resumed run whose first two steps are on record: the third and fourth step, and the end."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[OwnDisk]:
    with own_disk(tmp_path) as disk:
        yield disk


def lost(place: Place, file: Path, happens: Callable[[], object]) -> tuple[Ran, str]:
    """A run whose journal is lost while its third step is awaited, and the name of its session."""
    with serving(tea(once(2, happens))) as server:
        ran = plan(place, server.url, "-k", "0", "--journal", str(file), here=False)
    assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
    assert "Traceback" not in ran.err
    stands(ran.told[0], **{"/data/journal.sqlite3": str(file)})
    return ran, ran.err.split("--from ")[-1].split("resume ")[-1].split()[0]


def resumed(place: Place, file: Path, session: str, *, asked: int = ASKED_ON) -> None:
    """The session comes to its whole plan, and nothing that is on record is asked for again."""
    with serving(tea()) as server:
        target = f"direct@{server.url}#large"
        again = place.here("resume", session, "-t", target, "-a", target, "--json", "--journal", str(file))
        assert (again.code, again.err, actions(again)) == (0, "", [*PLAN, "finish"])
        assert len(server.asked) == asked


def test_a_disk_that_becomes_read_only_in_mid_run_ends_the_run_and_a_copy_of_its_journal_is_gone_on_with(
    place: Place, disk: OwnDisk
) -> None:
    file = disk.path / "journal.sqlite3"
    ran, session = lost(place, file, disk.find_an_error)
    assert ran.told[1] == "outrider: 2 confirmed steps kept; to go on from there:"
    for each in disk.path.glob("journal.sqlite3*"):
        shutil.copy(each, place.folder)
    resumed(place, place.folder / file.name, session)


def test_a_disk_that_becomes_read_only_and_is_mended_holds_what_was_written_out(place: Place, disk: OwnDisk) -> None:
    file = disk.path / "journal.sqlite3"

    def breaks() -> None:
        disk.write_out()
        disk.find_an_error()

    _, session = lost(place, file, breaks)
    disk.mend()
    resumed(place, file, session)


def test_nobody_may_make_a_disk_read_only_while_a_run_writes_its_journal_there(place: Place, disk: OwnDisk) -> None:
    """The kernel refuses it; who has to do it ends the run first, or forces it, which is like an error."""
    refused: list[str] = []

    def remount() -> None:
        done = subprocess.run(["mount", "-o", "remount,ro", str(disk.path)], capture_output=True, text=True, check=False)
        refused.append(done.stderr)

    with serving(tea(once(2, remount))) as server:
        ran = plan(place, server.url, "-k", "0", "--journal", str(disk.path / "journal.sqlite3"), here=False)
    assert "busy" in refused[0]
    assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])


def test_a_disk_that_gives_errors_ends_the_run_and_once_mended_the_run_is_resumed(place: Place, disk: OwnDisk) -> None:
    file = disk.path / "journal.sqlite3"

    def breaks() -> None:
        disk.write_out()
        disk.give_errors()

    ran, session = lost(place, file, breaks)
    stands(ran.told[1])
    refused = place.run("sessions", "list", "--journal", str(file))
    assert (refused.code, refused.out) == (5, "")
    stands(refused.sentence, **{"/data/journal.sqlite3": str(file)})
    disk.mend()
    resumed(place, file, session)


def test_what_a_disk_had_not_been_given_when_it_broke_is_lost_and_nothing_is_damaged(place: Place, disk: OwnDisk) -> None:
    """As with a power cut: the first session is on the disk, of the second one nothing needs to be."""
    file = disk.path / "journal.sqlite3"
    with serving(tea()) as server:
        plan(place, server.url, "-k", "0", "--journal", str(file))
    disk.write_out()
    lost(place, file, disk.give_errors)
    disk.mend()
    listed = place.here("sessions", "list", "--json", "--journal", str(file))
    assert (listed.events[-1]["outcome"], listed.events[-1]["steps"]) == ("complete", len(PLAN) + 1)
    checked = place.here("journal", "check", "--journal", str(file))
    assert (checked.code, checked.err) == (0, "")


def test_a_disk_that_is_taken_away_ends_the_run_and_once_it_is_back_the_run_is_resumed(place: Place, disk: OwnDisk) -> None:
    file = disk.path / "journal.sqlite3"
    ran, session = lost(place, file, disk.take_away)
    stands(ran.told[1])
    disk.mount()
    resumed(place, file, session)


def test_a_folder_that_is_moved_away_ends_the_run_and_once_it_is_back_the_run_is_resumed(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "data" / "journal.sqlite3"
    file.parent.mkdir()
    ran, session = lost(place, file, lambda: file.parent.rename(tmp_path / "elsewhere"))
    stands(ran.told[1])
    (tmp_path / "elsewhere").rename(file.parent)
    resumed(place, file, session)


def test_a_folder_that_is_deleted_ends_the_run_rather_than_let_it_write_what_nobody_will_find(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "data" / "journal.sqlite3"
    file.parent.mkdir()
    ran, _ = lost(place, file, lambda: shutil.rmtree(file.parent))
    assert actions(ran)[:2] == list(PLAN[:2]), "the plan so far is printed"
    assert not file.exists()


def test_a_server_whose_journal_is_moved_away_says_so_to_whoever_asks_and_goes_on_once_it_is_back(
    place: Place, tmp_path: Path
) -> None:
    pytest.importorskip("uvicorn")
    file = tmp_path / "data" / "journal.sqlite3"
    file.parent.mkdir()
    place.write_pairs(slow_from=1)
    process, printed = served(place, "--journal", str(file))
    file.parent.rename(tmp_path / "elsewhere")
    for refused in (ask(printed, "pairs.jsonl"), ask(printed)):
        assert refused["error"]["kind"] == "journal_unusable"
        stands(refused["error"]["message"], **{"/data/journal.sqlite3": str(file)})
    (tmp_path / "elsewhere").rename(file.parent)
    name = ask(printed, "pairs.jsonl")["name"]
    assert [session["name"] for session in ask(printed)["sessions"]] == [name]
    process.terminate()
    ran = ended(process)
    assert (ran.code, ran.err) == (0, f"outrider: stopped {name}\n")
