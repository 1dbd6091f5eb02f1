"""A Postgres journal whose server is restarted, cut off, made read-only, or taken over from by a second one: real servers."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from cli.running import COMMAND, TASK, Place
from journal.servers import PASSWORD, Server, standing_by

from outrider import FINISH, Step, plan, resume
from outrider.errors import JournalFull, JournalLost
from outrider.journal import Owned, PostgresJournal, own
from outrider.model import Prefix
from outrider.testing import FakeAgent, ScriptedAgent, steps

from . import conftest
from .conftest import actions, run
from .page import stands
from .serving import PLAN, once, serving, tea


def end_connections(server: Server, database: str, *, by_way_of: str = "") -> None:
    """Everybody who is connected to the database is cut off."""
    others = f"FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    server.do(by_way_of or database, f"SELECT pg_terminate_backend(pid) {others}")


def restart(server: Server) -> None:
    """It crashes, and is started again."""
    server.be_gone()
    server.control("start")


@pytest.mark.parametrize("trouble", ["restarted", "cut off"])
def test_a_server_that_is_restarted_or_cuts_off_in_mid_run_is_not_seen(place: Place, postgres: Server, trouble: str) -> None:
    database = postgres.new_database()
    happens = {"restarted": lambda: restart(postgres), "cut off": lambda: end_connections(postgres, database)}
    with serving(tea(once(2, happens[trouble]))) as server:
        ran = conftest.plan(place, server.url, "-k", "0", "--journal", postgres.address(database))
    assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])


def test_a_database_that_takes_no_connections_ends_the_run_and_is_resumed_as_its_last_line_says(
    place: Place, postgres: Server
) -> None:
    database = postgres.new_database()

    def allow(how: str) -> None:
        postgres.do("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS {how}")

    def shut() -> None:
        allow("false")
        end_connections(postgres, database, by_way_of="postgres")

    with serving(tea(once(2, shut))) as server:
        ran = conftest.plan(place, server.url, "-k", "0", "--journal", postgres.address(database), here=False)
        assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
        why, remedy = ran.err.splitlines()
        stands(why, trips=database)
        stands(remedy)
        allow("true")
        again = place.here(*remedy.split("outrider ")[-1].split(), "--json", "--journal", postgres.address(database))
        assert (again.code, actions(again)) == (0, [*PLAN, "finish"])


# A session in this process, with less patience ----------------------------------------------------------------------


def in_trouble(happens: Callable[[], object]) -> FakeAgent:
    """A target that plans search, book, pack; while it thinks about the last, this happens."""

    def answers(prefix: Prefix) -> Step:
        if len(prefix) == 2:
            happens()
        return Step(("search", "book", "pack", FINISH)[len(prefix)])

    return FakeAgent(answers)


def owned(journal: PostgresJournal) -> Owned:
    """Its process is as good as gone when the run has ended: nobody has to wait for it."""
    return own(journal, "trip", ttl_s=1e-6)


def lost(address: str, happens: Callable[[], object], *, patience_s: float = 0.5, answer_s: float = 10.0) -> JournalLost:
    """How a run ends whose journal is lost at its third step, and is waited for for so long."""

    async def main(journal: PostgresJournal) -> JournalLost:
        async with plan("to the sea", target=in_trouble(happens), journal=owned(journal), name="trip") as session:
            with pytest.raises(JournalLost) as caught:
                await session.result()
        return caught.value

    with PostgresJournal(address, patience_s=patience_s, answer_s=answer_s) as journal:
        return run(main(journal))


def lost_in_silence(address: str, database: str, happens: Callable[[], object]) -> None:
    """The same where nothing is answered any more; what is well answers sooner, also on a busy machine."""
    kept(lost(address, happens, patience_s=3.0, answer_s=2.0), database, **{"20 s": "3 s"})


def resumed(address: str, *, asked: Sequence[Sequence[int]] = ([2, 3],)) -> tuple[Step, ...]:
    """The plan that another process comes to. It asks for one of these lists of steps, and for none that is on record."""

    async def main(journal: PostgresJournal) -> tuple[Step, ...]:
        target = ScriptedAgent("search", "book", "pack")
        async with resume("trip", journal=journal, target=target) as session:
            found = await session.result()
        assert [len(prefix) for prefix in target.asked] in asked
        return found.prefix

    with PostgresJournal(address) as journal:
        return run(main(journal))


def kept(ended: JournalLost, name: str, **put: str) -> None:
    """Two steps are in the plan that is kept, and the sentence is on the page."""
    assert ended.plan is not None
    assert ended.plan.prefix[:2] == steps("search", "book")
    assert PASSWORD not in str(ended)
    stands(str(ended).removeprefix("the journal could not be written: "), **{"/trips": f"/{name}", "20 s": "0.5 s", **put})


def test_a_database_that_is_made_read_only_ends_the_run_and_can_be_resumed(postgres: Server) -> None:
    database = postgres.new_database()

    def only_read(how: str) -> None:
        postgres.do("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = {how}")
        end_connections(postgres, database)

    address = postgres.address(database)
    kept(lost(address, lambda: only_read("on")), database)
    with PostgresJournal(address, patience_s=0) as journal, pytest.raises(JournalFull, match="may be read but not written"):
        own(journal, "trip")
    only_read("off")
    assert resumed(address) == steps("search", "book", "pack", FINISH)


def test_a_server_that_answers_nothing_ends_the_run_and_can_be_resumed(postgres: Server) -> None:
    """Somebody has named a second server to wait for, and there is none: every commit waits for it."""
    database = postgres.new_database()

    def wait_for(whom: str) -> None:
        postgres.do("postgres", f"ALTER SYSTEM SET synchronous_standby_names = '{whom}'", "SELECT pg_reload_conf()")

    address = postgres.address(database)
    try:
        lost_in_silence(address, database, lambda: wait_for("nobody"))
    finally:
        wait_for("")  # and what was written without an answer is there
    assert resumed(address, asked=[[3]]) == steps("search", "book", "pack", FINISH)


# One server takes over from another ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A server, and one that stands by and is sent everything before a commit returns; one database on both."""

    primary: Server
    standby: Server
    database: str

    @property
    def address(self) -> str:
        hosts = f"{self.primary.folder},{self.standby.folder}"
        return self.primary.address(self.database, host=hosts) + "&target_session_attrs=read-write"

    def fail_over(self) -> None:
        """The first one is gone, and the second takes over."""
        self.primary.be_gone()
        self.standby.control("promote")


@pytest.fixture
def pair(own_postgres: Server) -> Iterator[Pair]:
    database = own_postgres.new_database()
    with standing_by(own_postgres) as standby:
        own_postgres.do("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        yield Pair(own_postgres, standby, database)


def test_a_run_goes_on_with_the_server_that_takes_over(place: Place, pair: Pair) -> None:
    with serving(tea(once(2, pair.fail_over))) as server:
        ran = conftest.plan(place, server.url, "-k", "0", "--journal", pair.address)
        assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])
        assert len(server.asked) == len(PLAN) + 1
    listed = place.here("sessions", "list", "--json", "--journal", pair.address)
    assert [(entry["outcome"], entry["steps"]) for entry in listed.events] == [("complete", len(PLAN) + 1)]


def test_a_run_that_was_lost_with_its_server_is_resumed_with_the_other_and_no_confirmed_step_is_lost(
    place: Place, pair: Pair
) -> None:
    running: list[subprocess.Popen[str]] = []
    over = threading.Event()

    def everything_is_lost() -> None:
        running[0].send_signal(signal.SIGKILL)
        pair.fail_over()
        over.set()

    with serving(tea(once(2, everything_is_lost))) as server:
        agent = f"direct@{server.url}#large"
        words = ("plan", TASK, "--world", "free", "-t", agent, "-a", agent, "-k", "0", "--json", "--journal", pair.address)
        running.append(
            subprocess.Popen([*COMMAND, *words], env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        out, err = running[0].communicate()
        assert err == ""
        assert out.count('"kind": "confirmed"') == 2
        over.wait()
        (session,) = place.here("sessions", "list", "--json", "--journal", pair.address).events
        assert (session["outcome"], session["steps"]) == ("interrupted", 2)
        again = place.here("resume", session["name"], "--json", "--journal", pair.address)
        assert (again.code, actions(again)) == (0, [*PLAN, "finish"])
        assert again.out.startswith(out), "what was shown stays shown"


def test_while_nobody_takes_over_the_run_ends_and_is_resumed_when_somebody_has(pair: Pair) -> None:
    ended = lost(pair.address, pair.primary.be_gone)
    kept(ended, pair.database)
    pair.standby.control("promote")
    assert resumed(pair.address) == steps("search", "book", "pack", FINISH)


def test_what_a_server_had_not_been_sent_is_missed_and_never_written_over(pair: Pair) -> None:
    """Replication is no longer waited for after the first step: the second server knows less than the process has been told."""

    def left_behind(prefix: Prefix) -> Step:
        if len(prefix) == 1:
            pair.primary.do("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
            pair.standby.be_gone()
        if len(prefix) == 2:
            pair.primary.be_gone()
            pair.standby.control("start")
            pair.standby.control("promote")
        return Step(("search", "book", "pack", FINISH)[len(prefix)])

    async def main(journal: PostgresJournal) -> JournalLost:
        async with plan("to the sea", target=FakeAgent(left_behind), journal=owned(journal), name="trip") as session:
            with pytest.raises(JournalLost) as caught:
                await session.result()
        return caught.value

    async def again(journal: PostgresJournal) -> tuple[Step, ...]:
        async with resume("trip", journal=journal, target=ScriptedAgent("search", "book", "pack")) as session:
            return (await session.result()).prefix

    with PostgresJournal(pair.address) as journal:
        ended = run(main(journal))
        kept(ended, pair.database)
        assert run(again(journal)) == steps("search", "book", "pack", FINISH)
