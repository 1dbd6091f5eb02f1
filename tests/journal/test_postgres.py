"""The journal in Postgres, beyond what every journal promises: servers that go away, answers that are lost, what is not ours."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from outrider import FINISH, Step, plan
from outrider.errors import BadOption, JournalCorrupt, JournalError, JournalLost, JournalNewer, JournalUnusable, OldFence
from outrider.journal import Heard, PostgresJournal, SqliteJournal, open_journal
from outrider.journal.link import Link, shown
from outrider.rules.events import Paused, Record, WentOn
from outrider.testing import ScriptedAgent

from .conftest import run
from .samples import noon, numbered, short_run
from .servers import NUMBERS, PASSWORD, Server, started, why_not

SECRETS = (PASSWORD, "s3cret-W%C3%B6rd", "s3cret")


@pytest.fixture
def address(server: Server) -> str:
    """An empty database."""
    return server.address(server.new_database())


def says(attempt: pytest.ExceptionInfo[Exception], *words: str) -> None:
    """The error's words, and no secret in it or in what is behind it."""
    error: BaseException | None = attempt.value
    assert all(word in str(error) for word in words), str(error)
    while error is not None:
        assert not any(secret in f"{error} {error.args!r}" for secret in SECRETS)
        assert error.__suppress_context__ or error.__context__ is None
        error = error.__cause__


# Whose it is --------------------------------------------------------------------------------------------------------


def test_two_processes_share_one_journal(address: str) -> None:
    with PostgresJournal(address) as one, PostgresJournal(address) as two:
        one.append("trip", short_run()[:3])
        assert two.read("trip") == short_run()[:3]
        two.append("trip", short_run()[3:])
        with pytest.raises(JournalUnusable, match="expects event 7 next and was given 3"):
            one.append("trip", short_run()[3:])


def test_a_journal_that_is_opened_to_read_makes_and_changes_nothing(address: str) -> None:
    with pytest.raises(JournalUnusable, match="there is no journal in postgresql://outrider@/test_"):
        PostgresJournal(address, read_only=True)
    with PostgresJournal(address, clock=noon) as writer, PostgresJournal(address, read_only=True) as reader:
        writer.append("trip", short_run())
        assert reader.read("trip") == short_run()
        with pytest.raises(JournalUnusable, match="is open for reading only"):
            reader.append("walk", short_run())
        with pytest.raises(JournalUnusable, match="is open for reading only"):
            reader.claim("trip", "one", 10)


def test_a_schema_that_is_not_ours_is_refused_and_stays_as_it_is(server: Server) -> None:
    database = server.new_database()
    server.do(database, "CREATE SCHEMA outrider", "CREATE TABLE outrider.horses (name text)")
    for read_only in (True, False):
        with pytest.raises(JournalCorrupt, match=r"the schema 'outrider' of .* is no journal of Outrider's"):
            PostgresJournal(server.address(database), read_only=read_only)


def test_tables_of_the_first_format_are_brought_up_to_date_to_write(server: Server) -> None:
    database = server.new_database()
    with PostgresJournal(server.address(database)) as journal:
        journal.append("trip", short_run()[:1])
        n = journal.command("trip", Paused())
    server.do(
        database,
        "DROP TRIGGER heard ON outrider.mailbox",
        "ALTER TABLE outrider.mailbox DROP COLUMN record, DROP COLUMN refused",
        "CREATE FUNCTION outrider.ring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''it rings''; END'",
        "CREATE TRIGGER ring AFTER UPDATE OF events ON outrider.session FOR EACH ROW EXECUTE FUNCTION outrider.ring()",
        "UPDATE outrider.format SET version = 1",
    )
    with PostgresJournal(server.address(database)) as journal:
        journal.append("trip", [], taken=n, refused="not now")
        assert run(_first(journal)) == Heard(n=n, refused="not now")
        journal.append("trip", short_run()[1:])
        assert journal.read("trip") == short_run()


async def _first(journal: PostgresJournal) -> Heard:
    async with journal.heard("trip") as heard:
        return await anext(heard)


def test_a_journal_of_a_later_format_is_refused_with_both(server: Server) -> None:
    database = server.new_database()
    PostgresJournal(server.address(database)).close()
    server.do(database, "UPDATE outrider.format SET version = 7")
    with pytest.raises(JournalNewer, match="has format 7 and this Outrider reads up to 3; install a newer one"):
        PostgresJournal(server.address(database))
    server.do(database, "DELETE FROM outrider.format")
    with pytest.raises(JournalCorrupt, match="damaged: it says that its format is None"):
        PostgresJournal(server.address(database))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outrider.event SET json = replace(json, 'easy', 'hard') WHERE n = 3",
        "UPDATE outrider.event SET crc = crc + 1 WHERE n = 2",
        "UPDATE outrider.event SET n = 20 WHERE n = 2",
        "DELETE FROM outrider.event WHERE n = 6",
        "UPDATE outrider.session SET events = 6",
        "DROP TABLE outrider.event",
        "ALTER TABLE outrider.event RENAME COLUMN crc TO sum",
    ],
)
def test_events_that_are_not_those_written_are_refused(server: Server, statement: str) -> None:
    database = server.new_database()
    with PostgresJournal(server.address(database)) as journal:
        journal.append("trip", short_run())
        server.do(database, statement)
        with pytest.raises(JournalCorrupt, match="damaged"):
            journal.read("trip")


def test_an_entry_that_makes_no_sense_is_refused(server: Server) -> None:
    database = server.new_database()
    with PostgresJournal(server.address(database)) as journal:
        journal.append("trip", short_run())
        server.do(database, "UPDATE outrider.session SET task = 'no JSON'")
        with pytest.raises(JournalCorrupt, match="the entry of session 'trip' makes no sense"):
            journal.sessions()


def test_what_cannot_be_held_is_told_and_its_batch_is_not_there(address: str) -> None:
    with PostgresJournal(address) as journal:
        for name in ("half a \ud83d", "a zero \0 byte"):
            with pytest.raises(JournalUnusable, match="cannot hold this"):
                journal.append(name, short_run())
        assert journal.sessions() == []


# Addresses and secrets ----------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_without_it(server: Server) -> None:
    with pytest.raises(JournalUnusable) as refused:
        PostgresJournal(server.address("postgres", password="s3cret-but-wrong"))
    says(refused, "refuses the user or the password; check both")


def test_a_database_that_is_not_there_is_told(server: Server) -> None:
    with pytest.raises(JournalUnusable) as refused:
        PostgresJournal(server.address("nowhere"))
    says(refused, "postgresql://outrider@/nowhere is a database that does not exist; make it with createdb")


def test_a_server_that_is_not_there_at_the_start_is_told_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable) as refused:
        PostgresJournal(server.address("postgres", host=str(tmp_path)), patience_s=3600)
    says(refused, "the journal postgresql://outrider@/postgres cannot be reached: ", "start the server, or check the address")


@pytest.mark.parametrize(
    "address", ["postgresql://ida:s3cret@[::1/db", "postgresql://ida:s3cret@host:port/db", "mysql://ida:s3cret@h"]
)
def test_what_is_no_address_is_told_with_what_one_looks_like(server: Server, address: str) -> None:
    with pytest.raises(BadOption) as refused:
        PostgresJournal(address)
    says(refused, "is no address of a Postgres journal; write postgresql://USER@HOST:PORT/DATABASE")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "postgresql://ida:s3cret@db.example:5433/trips?sslmode=require&password=s3cret",
            "postgresql://ida@db.example:5433/trips",
        ),
        ("postgresql://db.example/trips", "postgresql://db.example/trips"),
        ("postgresql://ida:s3@cret@one,two/trips", "postgresql://ida@one,two/trips"),
        ("postgresql://ida:s3cret@[::1/trips", "postgresql://[hidden]"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, expected: str) -> None:
    assert shown(address) == expected


def test_an_address_is_told_from_a_file(address: str, path: Path) -> None:
    with open_journal(address) as there, open_journal(str(path)) as here, open_journal(path, read_only=True) as read:
        assert isinstance(there, PostgresJournal)
        assert [type(found) for found in (here, read)] == [SqliteJournal, SqliteJournal]


def test_the_password_may_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with PostgresJournal(f"postgresql://outrider@/{server.new_database()}?host={server.folder}") as journal:
        assert journal.sessions() == []


# A server that goes away --------------------------------------------------------------------------------------------


def test_a_connection_that_is_closed_by_the_server_is_made_anew(server: Server) -> None:
    database = server.new_database()
    with PostgresJournal(server.address(database)) as journal:
        for record in short_run():
            server.do(
                database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{database}' AND pid <> pg_backend_pid()",
            )  # fmt: skip
            journal.append("trip", [record])
        assert journal.read("trip") == short_run()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may stop."""
    if reason := why_not():
        assert not os.environ.get("OUTRIDER_POSTGRES"), reason
        pytest.skip(reason)
    with started() as server:
        yield server


def test_a_server_that_crashes_and_starts_again_has_everything_that_was_appended(own_server: Server) -> None:
    with PostgresJournal(own_server.address(own_server.new_database())) as journal:
        for record in short_run()[:3]:
            journal.append("trip", [record])
        own_server.control("stop", "-m", "immediate")
        starting = threading.Thread(target=lambda: own_server.control("start"))
        starting.start()
        journal.append("trip", short_run()[3:])  # tried until it is there
        starting.join()
        assert journal.read("trip") == short_run()


def test_a_server_that_stays_away_ends_the_run_with_its_plan_kept(own_server: Server) -> None:
    async def main(journal: PostgresJournal) -> None:
        target = ScriptedAgent("search", "book", FINISH)
        async with plan("Plan a trip", target=target, journal=journal, name="trip") as session:
            session.take("walk")
            own_server.control("stop", "-m", "immediate")
            with pytest.raises(JournalLost, match=r"cannot be reached, also after 0\.2 s of trying") as lost:
                await session.result()
        assert lost.value.plan is not None
        assert lost.value.plan.prefix[:1] == (Step("walk"),)

    with PostgresJournal(own_server.address(own_server.new_database()), patience_s=0.2) as journal:
        run(main(journal))
        with pytest.raises(JournalUnusable) as again:
            journal.sessions()
        says(again, "cannot be reached: ")
        own_server.control("start")
        kinds = [record.event.kind for record in journal.read("trip")]
        assert "confirmed" in kinds
        assert "finished" not in kinds
        journal.append("walk", short_run())  # and it goes on with what comes next


def test_a_server_that_another_one_takes_over_from_goes_on_there(own_server: Server) -> None:
    """Two hosts in the address; the first one is gone, the second takes over."""
    database = own_server.new_database()
    with Between(own_server) as first, Between(own_server) as second:
        hosts = f"{first.folder},{second.folder}"
        with PostgresJournal(own_server.address(database, host=hosts)) as journal:
            journal.append("trip", short_run()[:2])
            first.go()
            journal.append("trip", short_run()[2:])
            assert journal.read("trip") == short_run()


# Answers that are lost ----------------------------------------------------------------------------------------------


class Between:
    """A socket before the server's. It can lose what the server answers: written, and nobody knows."""

    def __init__(self, server: Server) -> None:
        self.folder = Path(server.folder / f"between-{next(NUMBERS)}")
        self.folder.mkdir()
        self._behind = str(server.folder / ".s.PGSQL.5432")
        self._lose_in: int | None = None
        self._cut = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listening.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def lose_an_answer(self, nth: int = 1) -> None:
        """Of the answers to come, the ``nth`` is lost, and the connection with it."""
        self._lose_in = nth

    def cut(self) -> None:
        """What is connected now stays so, and carries nothing any more."""
        self._cut = len(self._threads)

    def go(self) -> None:
        """No new connection is taken, and the old ones are lost with their next answer."""
        (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        self.lose_an_answer()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._behind)
                self._threads.append(threading.Thread(target=self._carry, args=(near, far, len(self._threads))))
                self._threads[-1].start()

    def _carry(self, near: socket.socket, far: socket.socket, number: int) -> None:
        with near, far, selectors.DefaultSelector() as ready, contextlib.suppress(OSError):
            ready.register(near, selectors.EVENT_READ)
            ready.register(far, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data or (key.fileobj is far and self._is_lost()):
                        return
                    if number < self._cut:
                        continue
                    (near if key.fileobj is far else far).sendall(data)

    def _is_lost(self) -> bool:
        if self._lose_in is None:
            return False
        self._lose_in -= 1
        if self._lose_in == 0:
            self._lose_in = None
            return True
        return False

    def __enter__(self) -> Between:
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


def test_a_connection_that_is_cut_and_says_nothing_is_given_up_for_another(server: Server) -> None:
    with Between(server) as between:
        address = server.address(server.new_database(), host=str(between.folder))
        with PostgresJournal(address, answer_s=0.5) as journal:
            for records in (short_run()[:1], short_run()[1:]):
                between.cut()
                journal.append("trip", records)
            between.cut()
            assert journal.read("trip") == short_run()


@pytest.mark.parametrize("nth", range(1, 7))
def test_whichever_answer_is_lost_everything_is_written_once(server: Server, nth: int) -> None:
    with Between(server) as between:
        address = server.address(server.new_database(), host=str(between.folder))
        with PostgresJournal(address) as journal, PostgresJournal(address) as other:
            between.lose_an_answer(nth)
            lease = journal.claim("trip", "one", 60)
            journal.append("trip", short_run()[:1], fence=lease.fence)
            n = journal.command("trip", Paused())
            journal.append("trip", short_run()[1:4], fence=lease.fence, taken=n)
            journal.append("trip", short_run()[4:], fence=lease.fence)
            assert other.read("trip") == short_run()
            assert other.owner("trip") == "one"
            journal.release(lease)
            assert other.owner("trip") == ""


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_a_command_whose_answer_is_lost_is_in_the_mailbox_once(server: Server, nth: int) -> None:
    async def in_mailbox(journal: PostgresJournal) -> list[int]:
        async with journal.mail("trip") as mail:
            return [(await anext(mail)).n, (await anext(mail)).n]

    with Between(server) as between:
        database = server.new_database()
        with PostgresJournal(server.address(database, host=str(between.folder))) as journal:
            journal.append("trip", short_run()[:1])
            between.lose_an_answer(nth)
            numbers = [journal.command("trip", Paused()), journal.command("trip", WentOn())]
            assert run(in_mailbox(journal)) == numbers


def test_an_answer_that_is_lost_while_somebody_else_claims_is_no_success(server: Server) -> None:
    with Between(server) as between:
        database = server.new_database()
        with PostgresJournal(server.address(database, host=str(between.folder))) as journal:
            lease = journal.claim("trip", "one", 60)
            journal.append("trip", short_run()[:1], fence=lease.fence)
            with PostgresJournal(server.address(database)) as other:
                second = other.claim("trip", "two", 60, over="one")
                other.append("trip", short_run()[1:2], fence=second.fence)
            between.lose_an_answer()
            with pytest.raises(OldFence):
                journal.append("trip", short_run()[1:2], fence=lease.fence)


# As they come -------------------------------------------------------------------------------------------------------


def test_a_session_is_followed_from_another_connection_also_when_it_breaks(server: Server) -> None:
    database = server.new_database()

    def write(records: list[Record]) -> None:
        with PostgresJournal(server.address(database)) as journal:
            journal.append("trip", records)

    async def main(watching: PostgresJournal) -> list[Record]:
        seen: list[Record] = []
        async with watching.follow("tri") as records:
            async for record in records:
                seen.append(record)
                if record.n == 2:
                    server.do(
                        database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        f" WHERE datname = '{database}' AND pid <> pg_backend_pid()",
                    )  # fmt: skip
                if record.n < 6 and record.n == len(seen) - 1:
                    write(short_run()[record.n + 1 : record.n + 2])
        return seen

    write(short_run()[:1])
    with PostgresJournal(server.address(database), read_only=True) as watching:
        assert run(main(watching)) == short_run()


@pytest.mark.parametrize(("name", "told"), [("trip", "trip"), ("a word with 'quotes' and \\", None), ("long " * 999, "")])
@pytest.mark.parametrize("closed", [False, True])
def test_whoever_listens_is_told_of_an_append_by_the_sessions_name(
    address: str, name: str, told: str | None, closed: bool
) -> None:
    heard: Future[str] = Future()

    def ring(what: str) -> None:
        if not heard.done():
            heard.set_result(what)

    with PostgresJournal(address) as journal, PostgresJournal(address) as other:
        link = Link(address, read_only=True, patience_s=0)
        assert run(link.listen(ring))
        (other if closed else journal).append(name, short_run())
        if closed:
            other.close()
        assert heard.result(timeout=60) == (name if told is None else told)  # for a test that fails; none waits so long
        link.close()


def test_a_closed_journal_says_so_to_whoever_follows(address: str) -> None:
    async def main() -> None:
        journal = PostgresJournal(address)
        journal.append("trip", short_run()[:1])
        async with journal.follow("trip") as records:
            await anext(records)
            journal.close()
            with pytest.raises(JournalError, match="closed"):
                await anext(records)

    run(main())


def test_numbers_go_on(address: str) -> None:
    with PostgresJournal(address) as journal:
        journal.append("trip", short_run()[:1])
        journal.append("trip", numbered(WentOn(), first=1))
        assert len(journal.read("trip", since=1)) == 1
