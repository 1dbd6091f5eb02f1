"""A damaged file either reads as what was written or is refused as damaged. It never reads as something else."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from outrider.errors import JournalCorrupt, JournalError, JournalNewer
from outrider.journal import SqliteJournal

from .samples import short_run
from .test_file import changed, made
from .test_replay import trip

VERSION = range(60, 64)
"""Where SQLite's header has the format's version: damage there cannot be told from a newer journal."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal's bytes: several pages of events, of three sessions."""
    path = tmp_path_factory.mktemp("whole") / "journal"
    with SqliteJournal(path) as journal:
        journal.append("a", short_run())
        journal.append("trip", trip())
        journal.append("b", short_run())
    return path.read_bytes()


def reads_right_or_is_refused(path: Path, content: bytes, allowed: type[JournalError] = JournalCorrupt) -> bool:
    """Whether it was read. It is opened to write too, which may be refused for any reason that a journal can have."""
    path.write_bytes(content)
    try:
        with SqliteJournal(path, read_only=True) as journal:
            journal.sessions()
            assert journal.read("trip") == trip()
    except allowed:
        return False
    finally:
        with suppress(JournalError), SqliteJournal(path) as journal:
            journal.append("another", short_run())
        for left in path.parent.glob(path.name + "-*"):
            left.unlink()
    return True


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_are_noticed(path: Path, whole: bytes, seed: int) -> None:
    dice = random.Random(seed)
    read = 0
    for _ in range(80):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 1, 2, 20])):
            place = dice.choice([dice.randrange(len(whole)), dice.randrange(4096)])
            if place not in VERSION:
                damaged[place] ^= dice.randrange(1, 256)
        read += reads_right_or_is_refused(path, bytes(damaged))
    assert 0 < read < 80, "damage outside of what was written goes unnoticed, other damage does not"


def test_every_byte_of_the_header_may_be_damaged(path: Path, whole: bytes) -> None:
    for place in range(100):
        for flip in (0x01, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            reads_right_or_is_refused(path, bytes(damaged), JournalError if place in VERSION else JournalCorrupt)


def test_a_damaged_version_reads_as_newer(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[:60] + b"\x00\x00\x00\x09" + whole[64:])
    with pytest.raises(JournalNewer):
        SqliteJournal(path, read_only=True)


def test_pages_that_were_overwritten_are_noticed(path: Path, whole: bytes) -> None:
    for page in range(len(whole) // 4096):
        for filling in (b"\x00", b"\xff", b"outrider"):
            patch = (filling * 4096)[:4096]
            reads_right_or_is_refused(path, whole[: page * 4096] + patch + whole[(page + 1) * 4096 :])


def test_a_truncated_file_is_noticed(path: Path, whole: bytes) -> None:
    read = [reads_right_or_is_refused(path, whole[:length]) for length in (*range(1, 200, 13), *range(200, len(whole), 499))]
    assert read == sorted(read), "it reads once enough of it is there, which may be less than all"
    assert not read[0]


# What SQLite itself cannot notice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET json = replace(json, 'easy', 'hard') WHERE n = 3",
        "UPDATE event SET crc = crc + 1 WHERE n = 2",
        "UPDATE event SET json = 7 WHERE n = 2",
        "UPDATE event SET json = CAST(json AS BLOB) WHERE n = 2",
        "UPDATE event SET json = CAST(x'7bff' AS TEXT) WHERE n = 2",
        "UPDATE event SET n = 20 WHERE n = 2",
        "UPDATE event SET n = 'two' WHERE n = 2",
        "DELETE FROM event WHERE n = 2",
        "DELETE FROM event WHERE n = 6",
        "UPDATE session SET events = 6",
        "UPDATE session SET events = 'seven'",
        "DROP TABLE event",
        "ALTER TABLE event RENAME COLUMN crc TO sum",
    ],
)
def test_events_that_are_not_those_written_are_refused(path: Path, statement: str) -> None:
    changed(made(path), statement)
    with SqliteJournal(path, read_only=True) as journal, pytest.raises(JournalCorrupt, match="damaged"):
        journal.read("trip")


def test_an_event_in_the_place_of_another_is_refused(path: Path) -> None:
    changed(made(path), *(f"UPDATE event SET n = {new} WHERE n = {old}" for old, new in ((1, 50), (2, 1), (50, 2))))
    with SqliteJournal(path) as journal, pytest.raises(JournalCorrupt, match="event 1 stands in the place of 2"):
        journal.read("trip")


@pytest.mark.parametrize("change", ["outcome = 'lost'", "steps = 'many'", "task = x'00'", "events = 1.5"])
def test_an_entry_that_makes_no_sense_is_refused(path: Path, change: str) -> None:
    changed(made(path), f"UPDATE session SET {change}")
    with SqliteJournal(path) as journal, pytest.raises(JournalCorrupt, match="damaged"):
        journal.sessions()


def test_the_events_of_another_session_are_refused(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append("trip", short_run())
        journal.append("walk", short_run())
    changed(path, "UPDATE session SET id = 3 - id + 10", "UPDATE session SET id = id - 10")
    with SqliteJournal(path) as journal, pytest.raises(JournalCorrupt, match="event 0 is not what was written"):
        journal.read("trip")


def test_a_damaged_name_is_not_taken_for_an_unknown_one(path: Path) -> None:
    whole = made(path).read_bytes()
    places = [place for place in range(len(whole)) if whole.startswith(b"trip", place)]
    assert len(places) > 1, "the name stands in the table and in its index"
    refused = 0
    for place in places:
        damaged = whole[:place] + b"drop" + whole[place + 4 :]
        path.write_bytes(damaged)
        try:
            with SqliteJournal(path, read_only=True) as journal:
                assert journal.read("trip") == short_run()
        except JournalCorrupt:
            refused += 1
    assert refused
