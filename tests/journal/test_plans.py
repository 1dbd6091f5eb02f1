"""What is remembered of a journal's sessions, and how it is forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from outrider import Step, Task
from outrider.journal import JournalStore, SqliteJournal, forget, remembered
from outrider.model import PlanStep
from outrider.rules.events import Confirmed, Event, Opened, Paused, Rejected, Steered, WentBack
from outrider.testing import steps

from .samples import numbered


def opened(text: str, *plan: str, world: str = "openagi") -> Opened:
    return Opened(
        task=Task(text, world), approximation="recall", target="target", lookahead="4", max_steps=9,
        plan=tuple(PlanStep(step) for step in steps(*plan)),
    )  # fmt: skip


def confirmed(*actions: str) -> list[Event]:
    return [Confirmed(at=at, step=Step(action), by="target", call=None) for at, action in enumerate(actions)]


def keep(journal: JournalStore, name: str, *events: Event) -> None:
    journal.append(name, numbered(*events))


def names(journal: JournalStore, world: str = "") -> list[str]:
    return [plan.session for plan in remembered(journal, world).plans]


def test_confirmed_steps_are_remembered_and_nothing_else(journal: JournalStore) -> None:
    wrong = Rejected(call=1, at=0, ahead=0, draft=Step("wrong"), verdict=Step("a"))
    keep(journal, "one", opened("it"), wrong, *confirmed("a", "b"))
    (plan,) = remembered(journal).plans
    assert (plan.session, plan.task, plan.steps, plan.since) == ("one", Task("it", "openagi"), steps("a", "b"), 0)


def test_what_the_person_took_back_is_not(journal: JournalStore) -> None:
    again = Confirmed(at=1, step=Step("c"), by="person", call=None)
    keep(journal, "one", opened("it"), *confirmed("a", "b"), WentBack(at=1), again)
    assert remembered(journal).plans[0].steps == steps("a", "c")


def test_a_session_that_confirmed_nothing_is_not_remembered(journal: JournalStore) -> None:
    keep(journal, "one", opened("it"), Paused())
    keep(journal, "two", opened("it", "a"), *confirmed("a"))
    assert names(journal) == []


def test_what_a_session_went_on_from_counts_with_the_session_that_confirmed_it(journal: JournalStore) -> None:
    keep(journal, "one", opened("it", "a", "b"), *confirmed("a", "b", "c"))
    assert remembered(journal).plans[0].since == 2
    taken = Confirmed(at=1, step=Step("x"), by="person", call=None)
    keep(journal, "two", opened("it", "a", "b"), *confirmed("a", "b"), WentBack(at=1), taken)
    assert remembered(journal).plans[0].since == 1


def test_the_task_is_remembered_with_what_the_person_added(journal: JournalStore) -> None:
    keep(journal, "one", opened("Plan a trip"), Steered(at=0, sentence="No flights"), *confirmed("a"))
    assert remembered(journal).plans[0].task.text == "Plan a trip No flights"


def test_worlds_are_apart_and_the_newest_comes_first(journal: JournalStore) -> None:
    for name, world in (("one", "openagi"), ("two", "free"), ("three", "openagi")):
        keep(journal, name, opened("it", world=world), *confirmed("a"))
    assert names(journal) == ["three", "two", "one"]
    assert names(journal, "openagi") == ["three", "one"]


def test_what_is_forgotten_stays_forgotten_and_what_comes_later_counts(journal: JournalStore) -> None:
    keep(journal, "one", opened("it"), *confirmed("a"))
    forget(journal)
    assert names(journal) == names(journal, "openagi") == []
    keep(journal, "two", opened("it"), *confirmed("a"))
    assert names(journal) == names(journal, "openagi") == ["two"]
    forget(journal)
    assert names(journal) == []
    assert journal.read("one"), "the session itself is kept"


def test_one_world_can_be_forgotten_alone(journal: JournalStore) -> None:
    keep(journal, "one", opened("it", world="free"), *confirmed("a"))
    keep(journal, "two", opened("it"), *confirmed("a"))
    forget(journal, "openagi")
    assert names(journal) == names(journal, "free") == ["one"]
    assert names(journal, "openagi") == []


def test_forgetting_an_empty_journal_forgets_nothing_that_comes(journal: JournalStore) -> None:
    forget(journal)
    keep(journal, "one", opened("it"), *confirmed("a"))
    assert names(journal) == ["one"]


def test_kinds_of_records_can_be_read_alone(journal: JournalStore) -> None:
    keep(journal, "one", opened("it"), Paused(), *confirmed("a", "b"))
    assert [record.n for record in journal.read("one", kinds={"confirmed"})] == [2, 3]
    assert [record.n for record in journal.read("one", since=3, kinds=["confirmed", "opened"])] == [3]


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite3"
    with SqliteJournal(path) as journal:
        keep(journal, "one", opened("it"), *confirmed("a"))
        keep(journal, "two", opened("it"), *confirmed("a"))
    return path


@pytest.mark.parametrize(
    "damage", ["UPDATE event SET json = '{}' WHERE session = 1", "DELETE FROM event WHERE session = 1 AND n = 0"]
)
def test_a_damaged_session_is_left_out_with_a_note(two: Path, damage: str) -> None:
    change(two, damage)
    with SqliteJournal(two, read_only=True) as journal:
        found = remembered(journal)
    assert [plan.session for plan in found.plans] == ["two"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("session one is not recalled: ")


def test_where_the_mark_is_damaged_nothing_is_remembered_and_clearing_mends_it(two: Path) -> None:
    with SqliteJournal(two) as journal:
        forget(journal)
    change(two, "UPDATE learned SET json = 'one'")
    with SqliteJournal(two) as journal:
        found = remembered(journal, "openagi")
        assert found.plans == ()
        assert "outrider memory clear mends it" in found.notes[0]
        forget(journal)
        assert remembered(journal).notes == ()
