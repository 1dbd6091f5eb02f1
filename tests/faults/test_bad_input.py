"""Sessions and journals that cannot be gone on with: on the command line, a sentence that says why and what to do instead."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cli.running import Place, Ran
from journal.servers import Server

from outrider.journal import SqliteJournal
from outrider.journal.database import SCHEMA_VERSION
from outrider.journal.rows import checksum

from .conftest import actions, plan
from .page import stands
from .serving import PLAN, Of, once, serving, tea

ELSEWHERE = "process 7 on elsewhere (00000000-1)"


def planned(place: Place, wrong: Of = lambda asked, at: None) -> Ran:
    """A session with two agents behind one address."""
    with serving(tea(wrong)) as server:
        return plan(place, server.url, "-k", "0")


def name_of(place: Place) -> str:
    """The name of the newest session."""
    with SqliteJournal(place.journal, read_only=True) as journal:
        return journal.sessions()[0].name


def change(place: Place, *statements: str) -> None:
    """What another program has done to the journal."""
    with closing(sqlite3.connect(place.journal)) as db, db:
        for statement in statements:
            db.execute(statement)


def refused(ran: Ran, code: int, place: Place, **put: str) -> None:
    """One sentence, which is on the page, nothing else, and that code."""
    assert (ran.code, ran.out) == (code, ""), ran
    stands(ran.sentence, **{"/data/journal.sqlite3": str(place.journal), **put})


GOING_ON = [("resume", "nobody"), ("sessions", "show", "nobody"), ("replay", "nobody"), ("plan", "--from", "nobody")]


@pytest.mark.parametrize("words", GOING_ON, ids=" ".join)
def test_a_session_that_nobody_knows_is_told_with_those_there_are(place: Place, words: tuple[str, ...]) -> None:
    planned(place)
    refused(place.here(*words), 2, place)


def test_a_session_that_has_finished_is_told_how_to_go_on_from(place: Place) -> None:
    planned(place)
    refused(place.here("resume", name_of(place)), 2, place)


def test_a_session_that_is_owned_elsewhere_is_told_how_to_watch(place: Place) -> None:
    planned(place, once(0, lambda: claim_over(place)))
    refused(place.here("resume", name_of(place)), 5, place)


def claim_over(place: Place) -> None:
    """Somebody else takes the session."""
    with SqliteJournal(place.journal) as journal:
        name = journal.sessions()[0].name
        journal.claim(name, ELSEWHERE, 3600, over=journal.owner(name))


def test_an_owner_whose_fence_is_old_writes_no_more_and_is_told_who_does(place: Place) -> None:
    ran = planned(place, once(2, lambda: claim_over(place)))
    assert (ran.code, ran.events[-1]["outcome"]) == (5, "journal_lost")
    assert actions(ran)[:2] == list(PLAN[:2])
    stands(ran.err.splitlines()[0])
    with SqliteJournal(place.journal, read_only=True) as journal:
        assert journal.sessions()[0].steps == 2


@pytest.mark.parametrize("command", ["resume", "replay"])
def test_a_session_of_a_later_version_is_told_by_what_is_not_known(place: Place, command: str) -> None:
    planned(place)
    name = name_of(place)
    with closing(sqlite3.connect(place.journal)) as db, db:
        (line,) = db.execute("SELECT json FROM event WHERE n = 17").fetchone()
        line = line.replace('"finished"', '"dreamt"')
        db.execute("UPDATE event SET kind = 'dreamt', json = ?, crc = ? WHERE n = 17", (line, checksum(name, line)))
        db.execute("UPDATE session SET outcome = NULL")
    refused(place.here(command, name), 5, place)


@pytest.mark.parametrize("words", [("sessions", "list"), ("resume", "SESSION"), ("plan", "Make tea", "-t", "recorded:nothing")])
def test_a_journal_of_a_later_version_is_told_with_both(place: Place, words: tuple[str, ...]) -> None:
    planned(place)
    change(place, "PRAGMA user_version = 9")
    refused(place.here(*words), 5, place, **{"up to N;": f"up to {SCHEMA_VERSION};"})


@pytest.mark.parametrize("words", [("sessions", "list"), ("resume", "SESSION"), ("plan", "Make tea", "-t", "recorded:nothing")])
def test_the_database_of_another_program_is_told_and_left_alone(place: Place, words: tuple[str, ...]) -> None:
    change(place, "CREATE TABLE horses (name text)")
    before = place.journal.read_bytes()
    refused(place.here(*words), 5, place)
    assert place.journal.read_bytes() == before


def test_a_servers_database_of_another_program_is_told_and_left_alone(place: Place, postgres: Server) -> None:
    database = postgres.new_database()
    postgres.do(database, "CREATE SCHEMA outrider", "CREATE TABLE outrider.horses (name text)")
    ran = place.here("sessions", "list", "--journal", postgres.address(database))
    refused(ran, 5, place, **{"/trips": f"/{database}"})
