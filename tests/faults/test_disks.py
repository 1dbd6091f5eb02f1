"""A disk that is full, or may not be written: under a file, and under a server."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.running import Place, Ran
from journal.servers import Server, as_whom

from outrider import FINISH
from outrider.testing import steps

from .conftest import actions, plan
from .page import stands
from .serving import PLAN, once, serving, tea
from .small_disk import Disk, small_disk
from .test_failover import kept, lost
from .test_failover import resumed as gone_on_with

LONG = tuple(f"{step} {random.Random(step).randbytes(2000).hex()}" for step in PLAN)
"""Steps of which each needs room of its own."""


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Where other users may go too: a server runs as one."""
    with tempfile.TemporaryDirectory(prefix="outrider-disk-") as folder:
        Path(folder).chmod(0o755)
        with small_disk(Path(folder) / "disk", "16m") as disk:
            yield disk


def resumed(place: Place, session: str, *words: str) -> Ran:
    """``outrider resume``, and its events."""
    return place.here("resume", session, "--json", *words)


def the_session(ran: Ran) -> str:
    """The session's name, from the line that says how to go on."""
    return ran.err.split("--from ")[1].split()[0]


def test_a_disk_that_fills_up_ends_the_run_and_with_room_again_it_is_resumed(place: Place, disk: Disk) -> None:
    file = disk.path / "journal.sqlite3"
    with serving(tea(once(2, disk.fill), LONG)) as server:
        ran = plan(place, server.url, "-k", "0", "--journal", str(file), here=False)
        assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
        why, kept, *_ = ran.err.splitlines()
        stands(why, **{"/data/journal.sqlite3": str(file)})
        assert kept == "outrider: 2 confirmed steps kept; to go on from there:"
        disk.make_room()
        again = resumed(place, the_session(ran), "--journal", str(file))
        assert (again.code, actions(again)) == (0, [*LONG, "finish"])
        assert [event["at"] for event in again.events if event["kind"] == "confirmed"] == [0, 1, 2, 3, 4]


def test_a_disk_that_may_not_be_written_is_said_before_anything_is_asked_and_can_be_read(place: Place, disk: Disk) -> None:
    file = disk.path / "journal.sqlite3"
    with serving(tea()) as server:
        assert plan(place, server.url, "--journal", str(file)).code == 0
        disk.mount("ro")
        asked = len(server.asked)
        ran = plan(place, server.url, "--journal", str(file))
        assert (ran.code, ran.out, len(server.asked)) == (5, "", asked)
    stands(ran.sentence, **{"/data/journal.sqlite3": str(file)})
    listed = place.here("sessions", "list", "--journal", str(file))
    assert (listed.code, listed.err) == (0, "")


# Under a server -----------------------------------------------------------------------------------------------------


@pytest.fixture
def on_disk(postgres: Server, disk: Disk) -> Iterator[str]:
    """A database whose tables are on the small disk; what is written ahead is elsewhere."""
    place = disk.path / "tables"
    place.mkdir()
    if user := as_whom():
        shutil.chown(place, user)
    postgres.do("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
    postgres.do("postgres", "CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
    yield postgres.address("small")
    postgres.do("postgres", "DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")


def test_a_servers_disk_that_fills_up_ends_the_run_and_with_room_again_it_is_resumed(
    place: Place, on_disk: str, disk: Disk
) -> None:
    with serving(tea(once(2, disk.fill), LONG)) as server:
        ran = plan(place, server.url, "-k", "0", "--journal", on_disk, here=False)
        assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
        why, *_ = ran.err.splitlines()
        stands(why)
        disk.make_room()
        again = resumed(place, the_session(ran), "--journal", on_disk)
        assert (again.code, actions(again)) == (0, [*LONG, "finish"])


# Under what a server writes ahead --------------------------------------------------------------------------------------


@pytest.fixture
def written_ahead(own_postgres: Server, tmp_path: Path) -> Iterator[Disk]:
    """A small disk, on which the server has its log of what it writes and nothing else."""
    log = own_postgres.folder / "data" / "pg_wal"
    # Else the server itself writes to it from time to time, and it may be that which it dies of.
    own_postgres.do("postgres", "ALTER SYSTEM SET wal_level = minimal", "ALTER SYSTEM SET max_wal_senders = 0")
    own_postgres.control("stop")
    with tempfile.TemporaryDirectory(prefix="outrider-disk-") as folder:
        Path(folder).chmod(0o755)
        with small_disk(Path(folder) / "disk", "40m") as disk:
            there = disk.path / "log"
            shutil.move(log, there)
            log.symlink_to(there)
            if user := as_whom():
                subprocess.run(["chown", "-R", user, there], check=True)
            own_postgres.control("start")
            yield disk
            own_postgres.be_gone()


def test_a_server_that_dies_of_a_full_disk_ends_the_run_with_its_last_words_and_the_run_is_resumed(
    own_postgres: Server, written_ahead: Disk
) -> None:
    database = own_postgres.new_database()

    def full() -> None:
        written_ahead.fill()
        own_postgres.do("postgres", "SELECT pg_switch_wal()")  # whoever writes next needs room

    address = own_postgres.address(database)
    kept(lost(address, full), database)
    with pytest.raises(subprocess.CalledProcessError):
        own_postgres.control("start")  # which needs room too
    written_ahead.make_room()
    own_postgres.control("start")
    assert gone_on_with(address) == steps("search", "book", "pack", FINISH)
