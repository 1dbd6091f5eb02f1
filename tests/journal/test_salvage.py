"""A damaged journal says what can be saved, and saves it: what comes out is the beginning of what was written, and no less."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider import FINISH, plan
from outrider.errors import JournalCorrupt, JournalError, JournalNewer, JournalUnusable
from outrider.journal import MemoryJournal, SqliteJournal, examine, examine_store, replay, save, to_line
from outrider.journal.pages import table_rows
from outrider.rules.events import Record
from outrider.testing import ScriptedAgent, run

from .samples import noon
from .test_file import FILES, changed
from .test_replay import trip

slow = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def ran(task: str) -> list[Record]:
    """A run of three steps, as it is recorded."""

    async def main() -> list[Record]:
        target, drafter = (
            ScriptedAgent("search", "book", FINISH, takes_s=1),
            ScriptedAgent("search", "walk", FINISH, takes_s=0.25),
        )
        async with plan(task, target=target, approximation=drafter, name="run") as session, session.events() as stream:
            return [record async for record in stream]

    return run(main())


RUN = ran("Plan a trip to Oslo")
WRITTEN = {"a": RUN, "trip": trip(), "long": ran("to Oslo " + "and further " * 1200), "b": ran("to Rome")}
"""The task of one does not fit on a page."""


def made(path: Path) -> Path:
    with SqliteJournal(path) as journal:
        journal.append("trip", RUN)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "journal"
    with SqliteJournal(path, clock=noon) as journal:
        for name, records in WRITTEN.items():
            journal.append(name, records)
        journal.keep_learned("drafts", "are often right")
    return path.read_bytes()


def salvaged(path: Path, content: bytes) -> dict[str, list[Record]] | None:
    """What a journal of the damaged ``content`` gives back, once it is saved; ``None`` if it is refused."""
    path.write_bytes(content)
    new = path.with_name("new")
    new.unlink(missing_ok=True)
    try:
        examined = examine(path)
    except JournalError:
        return None
    assert path.read_bytes() == content, "the damaged file stays as it is"
    save(examined, new)
    with SqliteJournal(new, read_only=True) as journal:
        found = {entry.name: journal.read(entry.name) for entry in journal.sessions()}
    for session in examined.sessions:
        assert list(session.records) == found.get(session.name, [])
        assert bool(session.why) == (session.lost > 0)
    return found


def are_beginnings(found: dict[str, list[Record]] | None) -> None:
    for name, records in (found or {}).items():
        assert records == WRITTEN[name][: len(records)]
        replay(records)


def test_a_sound_journal_is_said_to_be_and_copied_whole(path: Path, whole: bytes) -> None:
    assert salvaged(path, whole) == WRITTEN
    examined = examine(path)
    assert examined.sound
    assert [session.name for session in examined.sessions] == list(WRITTEN)
    assert {session.created for session in examined.sessions} == {noon().isoformat(timespec="seconds")}
    with SqliteJournal(path) as old, SqliteJournal(path.with_name("new")) as new:
        assert old.sessions() == new.sessions()
        assert new.learned("drafts") == "are often right"


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=30))
@slow
def test_whatever_bytes_are_damaged_what_is_saved_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, flips: list[tuple[float, int]]
) -> None:
    damaged = bytearray(whole)
    for place, flip in flips:
        damaged[int(place * len(whole))] ^= flip
    are_beginnings(salvaged(tmp_path_factory.mktemp("damaged") / "journal", bytes(damaged)))


@pytest.mark.parametrize("seed", range(3))
def test_after_much_damage_of_any_kind_what_is_saved_is_what_was_written(path: Path, whole: bytes, seed: int) -> None:
    dice = random.Random(seed)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        start = dice.randrange(len(whole))
        match dice.choice(["bytes", "end", "page", "stretch"]):
            case "bytes":
                for _ in range(dice.choice([1, 2, 5, 50, 500])):
                    damaged[dice.randrange(len(whole))] ^= dice.randrange(1, 256)
            case "end":
                del damaged[start:]
            case "page":
                damaged[start // 4096 * 4096 : start // 4096 * 4096 + 4096] = bytes(4096)
            case _:
                damaged[start : start + 3000] = dice.randbytes(min(3000, len(whole) - start))
        found = salvaged(path, bytes(damaged))
        are_beginnings(found)
        refused += found is None
    assert refused < 5, "as long as it is known for a journal, something can be said of it"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.999])
def test_of_a_truncated_file_what_is_left_is_saved(path: Path, whole: bytes, share: float) -> None:
    are_beginnings(salvaged(path, whole[: int(share * len(whole))]))


def test_any_one_page_may_be_lost_and_other_sessions_are_not(path: Path, whole: bytes) -> None:
    most = 0
    for page in range(len(whole) // 4096):
        for filling in (b"\0", b"\xff", random.Random(page).randbytes(1)):
            found = salvaged(path, whole[: page * 4096] + filling * 4096 + whole[(page + 1) * 4096 :])
            are_beginnings(found)
            most = max(most, sum(len(records) for records in (found or {}).values()))
    assert most == sum(len(records) for records in WRITTEN.values()), "a page of an index costs nothing"


def test_a_file_whose_first_page_is_gone_is_saved_from_the_others(path: Path, whole: bytes) -> None:
    assert salvaged(path, bytes(4096) + whole[4096:]) == WRITTEN
    assert examine(path).trouble


def test_a_session_whose_entry_is_gone_is_known_by_the_index_of_names(path: Path) -> None:
    made(path)
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'session'").fetchone()
    content = path.read_bytes()
    assert salvaged(path, content[: (root - 1) * 4096] + bytes(4096) + content[root * 4096 :]) == {"trip": RUN}


@pytest.mark.parametrize(
    ("statement", "kept", "why"),
    [
        ("UPDATE event SET json = replace(json, 'walk', 'trot') WHERE n = 7", 7, "event 7 is not what was written"),
        ("DELETE FROM event WHERE n = 2", 2, "event 2 is not there"),
        (f"DELETE FROM event WHERE n = {len(RUN) - 1}", len(RUN) - 1, f"event {len(RUN) - 1} is not there"),
        ("DELETE FROM event", 0, "event 0 is not there"),
    ],
)
def test_what_is_lost_is_said_by_session_and_number(path: Path, statement: str, kept: int, why: str) -> None:
    assert "walk" in to_line(RUN[7])
    changed(made(path), "PRAGMA secure_delete = ON", statement)
    (session,) = examine(path).sessions
    assert (session.name, len(session.records), session.lost, session.why) == ("trip", kept, len(RUN) - kept, why)


def test_records_that_the_rules_do_not_find_are_not_sound(path: Path) -> None:
    records = [*RUN[:4], *(Record(n=n, time_s=1.0, event=RUN[n + 1].event) for n in range(4, len(RUN) - 1))]
    with SqliteJournal(path) as journal:
        journal.append("trip", records)
        (session,) = examine_store(journal).sessions
    (found,) = examine(path).sessions
    assert found.records == session.records == tuple(records[:4])
    assert "the rules say" in found.why


def test_what_is_still_in_the_write_ahead_log_counts(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append("trip", RUN)
        (session,) = examine(path).sessions
        assert session.records == tuple(RUN)


@pytest.mark.parametrize("version", [1, 2])
def test_journals_of_earlier_formats_are_examined(path: Path, version: int) -> None:
    path.write_bytes((FILES / f"format-{version}.journal").read_bytes())
    examined = examine(path)
    assert examined.sound
    assert [(session.name, session.events) for session in examined.sessions] == [("trip", 27), ("walk", 4)]


def test_any_journal_can_be_examined() -> None:
    with MemoryJournal() as journal:
        journal.append("trip", RUN)
        journal.append("walk", RUN[:5])
        examined = examine_store(journal)
    assert examined.sound
    assert [session.name for session in examined.sessions] == ["trip", "walk"]


# Refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"Dear diary, today I made a plan.\n" * 400, bytes(20000), b"\x0d" * 9000])
def test_what_is_no_journal_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="is no journal of Outrider's, and nothing of one is in it; choose another file"):
        examine(path)


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    changed(path, "CREATE TABLE horses (name TEXT)", "INSERT INTO horses VALUES ('Bucephalus')")
    with pytest.raises(JournalCorrupt, match="is no journal of Outrider's"):
        examine(path)


def test_a_newer_journal_is_refused(path: Path) -> None:
    changed(made(path), "PRAGMA user_version = 7")
    with pytest.raises(JournalNewer, match="has format 7 and this Outrider reads up to 4; install a newer one"):
        examine(path)


def test_what_is_not_there_cannot_be_examined_and_what_is_there_is_not_overwritten(path: Path) -> None:
    with pytest.raises(JournalUnusable, match="cannot be read: No such file"):
        examine(path)
    with pytest.raises(JournalUnusable, match="exists already; give the name of a new file"):
        save(examine(made(path)), path)


@given(st.binary(max_size=3000))
@slow
def test_no_bytes_make_the_pages_break(content: bytes) -> None:
    header = b"SQLite format 3\0\x02\0" + bytes(82)
    list(table_rows(content))
    list(table_rows(header + b"\x0d" + content))
