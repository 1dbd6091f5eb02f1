"""The file itself: where it is, whose it is, and what reading leaves behind."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from outrider.errors import JournalCorrupt, JournalError, JournalFull, JournalNewer, JournalUnusable, UnknownName
from outrider.journal import SqliteJournal, default_path, replay
from outrider.journal.database import look, mapped
from outrider.rules.events import Command, Paused, Record, WentOn
from outrider.testing import run

from .samples import numbered, opened, short_run

FILES = Path(__file__).parent / "files"


def made(path: Path) -> Path:
    """A journal with a session in it, closed."""
    with SqliteJournal(path) as journal:
        journal.append("trip", short_run())
    return path


def changed(path: Path, *statements: str) -> Path:
    """The journal with something done to it that only SQLite's own tools would do."""
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)
    return path


def openings(path: Path) -> list[Callable[[], SqliteJournal]]:
    return [lambda: SqliteJournal(path), lambda: SqliteJournal(path, read_only=True)]


def refused(path: Path, error: type[JournalError], message: str) -> None:
    for attempt in openings(path):
        with pytest.raises(error, match=message):
            attempt()


# Where it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "/home/ida/.local/share/outrider/journal.sqlite3"),
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/outrider/journal.sqlite3"),
        ({"XDG_DATA_HOME": ""}, "linux", "/home/ida/.local/share/outrider/journal.sqlite3"),
        ({"XDG_DATA_HOME": "here"}, "freebsd14", "/home/ida/.local/share/outrider/journal.sqlite3"),
        ({"XDG_DATA_HOME": "/data"}, "darwin", "/home/ida/Library/Application Support/outrider/journal.sqlite3"),
        ({}, "win32", "/home/ida/AppData/Local/outrider/journal.sqlite3"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/outrider/journal.sqlite3"),
    ],
)
def test_without_a_path_the_journal_is_among_the_users_data(environ: dict[str, str], platform: str, expected: str) -> None:
    assert default_path(environ, platform, Path("/home/ida")) == Path(expected)


def test_the_folders_of_the_default_path_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "new" / "data"))
    with SqliteJournal() as journal:
        assert journal.path.is_file()


def test_other_folders_are_not_made(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match=r"there is no folder .*new for the journal; make it, or choose another file"):
        SqliteJournal(tmp_path / "new" / "journal")
    assert list(tmp_path.iterdir()) == []


def test_a_default_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(JournalUnusable, match="cannot be made: Not a directory"):
        SqliteJournal()


@pytest.mark.parametrize("name", ["what?mode=memory#1 100%.db", ":memory:", "tromsø 北"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    made(tmp_path / name)
    with SqliteJournal(str(tmp_path / name), read_only=True) as journal:
        assert journal.read("trip") == short_run()
    assert [file.name for file in tmp_path.iterdir()] == [name]


# Whose it is --------------------------------------------------------------------------------------------------------


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    refused(tmp_path, JournalUnusable, "is no file, so it cannot be the journal")


def test_a_device_is_no_journal() -> None:
    refused(Path(os.devnull), JournalUnusable, "is no file")


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a\0b", JournalUnusable, "is no file")
    refused(tmp_path / ("x" * 300), JournalUnusable, "cannot be reached: File name too long")


def test_a_text_file_is_no_journal_and_stays_as_it_is(path: Path) -> None:
    path.write_text("Dear diary, today I made a plan, and it was a good one.\n" * 20)
    before = path.read_bytes()
    refused(path, JournalCorrupt, "is damaged, or is no journal")
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", ["CREATE TABLE session (n)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"])
def test_the_database_of_another_program_is_refused_and_stays_as_it_is(path: Path, statement: str) -> None:
    before = changed(path, statement).read_bytes()
    refused(path, JournalCorrupt, "is no journal of Outrider's; choose another file")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_journal_but_only_to_write(path: Path) -> None:
    path.touch()
    with pytest.raises(JournalCorrupt, match="is no journal of Outrider's"):
        SqliteJournal(path, read_only=True)
    assert path.stat().st_size == 0
    made(path)


def test_a_newer_journal_is_refused_with_both_versions(path: Path) -> None:
    before = changed(made(path), "PRAGMA user_version = 7").read_bytes()
    refused(path, JournalNewer, "has format 7 and this Outrider reads up to 4; install a newer one")
    assert path.read_bytes() == before


# Reading ------------------------------------------------------------------------------------------------------------


def test_reading_makes_and_changes_nothing(path: Path) -> None:
    made(path)
    before, bytes_before = path.stat(), path.read_bytes()
    with SqliteJournal(path, read_only=True) as journal:
        assert journal.read("trip") == short_run()
        assert len(journal.sessions()) == 1
        with pytest.raises(UnknownName):
            journal.read("nothing")
        assert [file.name for file in path.parent.iterdir()] == [path.name]
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino, bytes_before) == (after.st_mtime_ns, after.st_ino, path.read_bytes())


def test_reading_where_nothing_is_makes_nothing(path: Path) -> None:
    with pytest.raises(JournalUnusable, match=r"there is no journal .*; a run that is told to keep one makes it"):
        SqliteJournal(path, read_only=True)
    with pytest.raises(JournalUnusable, match="there is no journal"):
        SqliteJournal(path.parent / "nowhere" / "journal", read_only=True)
    assert list(path.parent.iterdir()) == []


def test_a_journal_that_is_open_to_read_cannot_be_written(path: Path) -> None:
    with SqliteJournal(made(path), read_only=True) as journal, pytest.raises(JournalUnusable, match="open for reading only"):
        journal.append("new", short_run())


def test_a_reader_follows_a_writer(path: Path) -> None:
    with SqliteJournal(path) as writer, SqliteJournal(path, read_only=True) as reader:
        for record in short_run():
            writer.append("trip", [record])
            assert reader.read("trip", since=record.n) == [record]
        writer.close()
        assert reader.read("trip") == short_run()
        with SqliteJournal(path) as second:
            second.append("next", numbered(opened()))
            assert [entry.name for entry in reader.sessions()] == ["next", "trip"]


@pytest.mark.parametrize("torn", [True, False], ids=["torn", "old"])
def test_a_journal_that_was_at_rest_and_is_written_meanwhile_is_read_again(path: Path, torn: bool) -> None:
    asked: list[int] = []

    def question(db: sqlite3.Connection) -> int:
        if not asked:
            with SqliteJournal(path) as writer:
                writer.append("next", short_run())
        asked.append(db.execute("SELECT count(*) FROM session").fetchone()[0])
        if torn and len(asked) == 1:
            raise JournalCorrupt("half of it was old and half of it new")
        return len(asked)

    assert look(made(path), 0.0, question) == 2
    assert asked[-1] == 2, "what was written meanwhile is there"


def test_damage_at_rest_is_not_looked_at_twice(path: Path) -> None:
    asked = []

    def question(db: sqlite3.Connection) -> None:
        asked.append(db)
        raise JournalCorrupt("damaged")

    with pytest.raises(JournalCorrupt):
        look(made(path), 0.0, question)
    assert len(asked) == 1


def test_the_list_of_many_sessions_reads_no_event(path: Path) -> None:
    made(path)
    changed(path, "UPDATE event SET json = 'nonsense'")
    with SqliteJournal(path, read_only=True) as journal:
        assert journal.sessions()[0].outcome == "complete"


# Several at once ----------------------------------------------------------------------------------------------------


def test_a_writer_that_waits_in_vain_says_so(path: Path) -> None:
    with SqliteJournal(path, wait_s=0.0) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnusable, match="another process holds the journal"):
            journal.append("trip", short_run())
        other.execute("ROLLBACK")
        journal.append("trip", short_run())


def test_two_who_open_a_new_journal_wait_for_one_another(path: Path) -> None:
    made(path)
    changed(path, "PRAGMA journal_mode = DELETE")  # as it is for a moment after it was made
    opening = threading.Event()

    def another() -> str:
        opening.set()
        with SqliteJournal(path, wait_s=60.0) as journal:
            return journal.sessions()[0].outcome

    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM session").fetchone()
        with pytest.raises(JournalUnusable, match="another process holds the journal"):
            SqliteJournal(path, wait_s=0.0)
        opened_late = pool.submit(another)
        opening.wait()
        other.execute("COMMIT")
        assert opened_late.result() == "complete"


def test_two_writers_of_one_session_do_not_mix(path: Path) -> None:
    with SqliteJournal(path) as one, SqliteJournal(path) as two:
        one.append("trip", short_run()[:2])
        two.append("trip", short_run()[2:3])
        with pytest.raises(JournalUnusable, match="expects event 3 next and was given 2: it has another writer"):
            one.append("trip", short_run()[2:3])
        assert one.read("trip") == short_run()[:3]


def test_another_thread_needs_a_journal_of_its_own(path: Path) -> None:
    errors: list[BaseException] = []

    def read_elsewhere() -> None:
        try:
            journal.read("trip")
        except JournalError as error:
            errors.append(error)

    with SqliteJournal(made(path)) as journal:
        thread = threading.Thread(target=read_elsewhere)
        thread.start()
        thread.join()
    assert [type(error) for error in errors] == [JournalUnusable]


def test_a_record_that_cannot_be_written_takes_its_whole_batch_along(path: Path) -> None:
    records = short_run()
    with SqliteJournal(path) as journal:
        with pytest.raises(JournalUnusable, match=r"event 7 .* cannot be written"):
            journal.append("trip", [*records, unwritable()])
        with pytest.raises(JournalUnusable, match="cannot hold this"):
            journal.append("half a \ud83d", records)
        assert journal.sessions() == []


def unwritable() -> Record:
    return Record(n=7, time_s=float("nan"), event=WentOn())


def test_sqlite_saying_that_it_is_full_means_a_full_disk(path: Path) -> None:
    with pytest.raises(JournalFull, match="there is no room for the journal"), mapped(path):
        changed(made(path), "PRAGMA max_page_count = 1", "CREATE TABLE more AS SELECT zeroblob(99999)")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_journal_of_an_earlier_format_is_read_as_it_is_and_brought_up_to_date_to_write(path: Path, version: int) -> None:
    """The files were written by the Outriders of their time: a complete session, and one that was killed."""
    path.write_bytes((FILES / f"format-{version}.journal").read_bytes())
    before = path.read_bytes()
    learned = "are often right" if version > 1 else ""
    with SqliteJournal(path, read_only=True) as journal:
        records = journal.read("trip")
        entries = journal.sessions()
        assert journal.learned("drafts") == learned
        assert journal.owner("walk") == ""
    assert path.read_bytes() == before
    assert [(entry.name, entry.outcome, entry.steps, entry.events) for entry in entries] == [
        ("walk", "interrupted", 1, 4), ("trip", "complete", 3, 27),
    ]  # fmt: skip
    assert replay(records).outcome == "complete"
    with SqliteJournal(path) as journal:
        assert (journal.read("trip"), journal.sessions(), journal.learned("drafts")) == (records, entries, learned)
        journal.keep_learned("drafts", "are never right")
        journal.append("walk", numbered(WentOn(), first=4))
        lease = journal.claim("walk", "one", 10)
        journal.append("walk", numbered(WentOn(), first=5), fence=lease.fence, taken=journal.command("walk", WentOn()))
        assert len(journal.read("walk")) == 6
    with SqliteJournal(path, read_only=True) as journal:
        assert journal.learned("drafts") == "are never right"
        assert journal.owner("walk") == "one"


def test_a_command_that_waited_when_the_journal_was_brought_up_to_date_waits_still(path: Path) -> None:
    path.write_bytes((FILES / "format-3.journal").read_bytes())

    async def main() -> Command:
        with SqliteJournal(path) as journal:
            async with journal.mail("walk") as mail, asyncio.timeout(5):
                return (await anext(mail)).command

    assert asyncio.run(main()) == Paused()


def test_an_empty_mailbox_of_an_earlier_format_is_no_damage(path: Path) -> None:
    path.write_bytes((FILES / "format-1.journal").read_bytes())

    async def main() -> None:
        with SqliteJournal(path, read_only=True) as journal:
            async with journal.mail("walk") as mail, asyncio.timeout(0.2):
                await anext(mail)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_what_was_learned_and_then_damaged_is_not_believed(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.keep_learned("drafts", "are often right")
    changed(path, "UPDATE learned SET json = 'are never right'")
    with SqliteJournal(path) as journal, pytest.raises(JournalCorrupt, match="what was learned of 'drafts'"):
        journal.learned("drafts")


def test_a_session_that_another_connection_writes_is_followed_and_a_quiet_journal_is_not_read(path: Path) -> None:
    class Counted(SqliteJournal):
        asked = 0

        def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
            self.asked += 1
            return super().read(session, since=since, kinds=kinds)

    async def main(writer: SqliteJournal, reader: Counted) -> list[Record]:
        seen = []
        writer.append("trip", short_run()[:1])
        async with reader.follow("trip") as records:
            async for record in records:
                seen.append(record)
                writer.append("trip", short_run()[record.n + 1 : record.n + 2])
                await asyncio.sleep(0.2)  # of virtual time: nothing happens
        return seen

    with SqliteJournal(path) as writer, Counted(path, read_only=True) as reader:
        assert run(main(writer, reader)) == short_run()
        assert reader.asked == len(short_run())
