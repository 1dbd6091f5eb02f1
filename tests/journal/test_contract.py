"""What every journal promises. Each test runs against the one in memory and the one on disk."""

from itertools import pairwise

import pytest

from outrider import FINISH, Step, plan
from outrider.errors import JournalUnusable, UnknownName
from outrider.journal import JournalStore, SessionEntry
from outrider.rules.events import Confirmed, Opened, Record, Stopped, WentBack, WentOn
from outrider.testing import ScriptedAgent, run

from .samples import numbered, opened, short_run


def confirmed(at: int) -> Confirmed:
    return Confirmed(at=at, step=Step(f"step {at}"), by="target", call=at)


def test_what_is_appended_is_read(journal: JournalStore) -> None:
    journal.append("trip", short_run())
    assert journal.read("trip") == short_run()


def test_records_may_come_one_by_one(journal: JournalStore) -> None:
    for record in short_run():
        journal.append("trip", [record])
    assert journal.read("trip") == short_run()


def test_appending_nothing_changes_nothing(journal: JournalStore) -> None:
    journal.append("trip", [])
    assert journal.sessions() == []


def test_what_is_new_can_be_read_alone(journal: JournalStore) -> None:
    journal.append("trip", short_run())
    assert journal.read("trip", since=5) == short_run()[5:]
    assert journal.read("trip", since=7) == []


def test_sessions_are_apart(journal: JournalStore) -> None:
    for one, two in zip(short_run("to Oslo"), short_run("to Rome"), strict=True):
        journal.append("one", [one])
        journal.append("two", [two])
    assert journal.read("one") == short_run("to Oslo")
    assert journal.read("two") == short_run("to Rome")


def test_what_was_read_is_the_readers_own(journal: JournalStore) -> None:
    journal.append("trip", short_run())
    journal.read("trip").clear()
    assert journal.read("trip") == short_run()


# The order of records -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1, 2, 4, 900], ids=lambda n: f"number {n}")
def test_a_gap_or_a_repetition_is_refused_and_changes_nothing(journal: JournalStore, first: int) -> None:
    journal.append("trip", short_run()[:3])
    with pytest.raises(JournalUnusable, match=rf"'trip' expects event 3 next and was given {first}"):
        journal.append("trip", numbered(WentOn(), WentOn(), first=first))
    assert journal.read("trip") == short_run()[:3]
    journal.append("trip", short_run()[3:])


def test_records_out_of_order_in_themselves_are_refused(journal: JournalStore) -> None:
    with pytest.raises(JournalUnusable, match="expects event 1 next and was given 2"):
        journal.append("trip", [record for record in short_run() if record.n != 1])
    assert journal.sessions() == []


def test_a_second_session_of_the_same_name_is_refused(journal: JournalStore) -> None:
    journal.append("trip", short_run("to Oslo"))
    with pytest.raises(JournalUnusable, match="there is a session 'trip' in the journal already; give this one another name"):
        journal.append("trip", short_run("to Rome"))
    assert journal.read("trip") == short_run("to Oslo")


@pytest.mark.parametrize("first", [0, 1])
def test_a_session_begins_with_its_opening(journal: JournalStore, first: int) -> None:
    with pytest.raises(JournalUnusable):
        journal.append("trip", numbered(WentOn(), first=first))
    assert journal.sessions() == []


def test_a_session_is_opened_once(journal: JournalStore) -> None:
    with pytest.raises(JournalUnusable, match="event 1 of session 'trip' is opened"):
        journal.append("trip", numbered(opened(), opened()))


# The list -----------------------------------------------------------------------------------------------------------


def test_the_list_says_what_became_of_each_session_newest_first(journal: JournalStore) -> None:
    journal.append("one", short_run("to Oslo"))
    journal.append("two", numbered(opened("to Rome")))
    created = "2026-03-01T12:00:00+00:00"
    assert journal.sessions() == [
        SessionEntry(name="two", created=created, task="to Rome", outcome="interrupted", steps=0, events=1),
        SessionEntry(name="one", created=created, task="to Oslo", outcome="complete", steps=1, events=7),
    ]
    assert [entry.name for entry in journal.sessions(limit=1)] == ["two"]


def test_one_session_is_told_as_the_list_has_it(journal: JournalStore) -> None:
    journal.append("one", short_run("to Oslo"))
    journal.append("two", numbered(opened("to Rome")))
    journal.append("twofold", numbered(opened("to Rome and back")))
    assert [journal.entry(name) for name in ("twofold", "two", "one")] == journal.sessions()
    assert journal.entry("on").name == "one"
    with pytest.raises(UnknownName, match="'tw' could be any of two, twofold"):
        journal.entry("tw")
    with pytest.raises(UnknownName, match="no session's name begins with 'three'; the newest are twofold, two, one"):
        journal.entry("three")


def test_a_session_that_has_ended_and_not_finished_is_interrupted(journal: JournalStore) -> None:
    journal.append("trip", short_run()[:-1])
    assert journal.sessions()[0].outcome == "interrupted"
    journal.append("trip", short_run()[-1:])
    assert journal.sessions()[0].outcome == "complete"


def test_going_back_takes_steps_off_the_list(journal: JournalStore) -> None:
    journal.append("trip", numbered(opened(), confirmed(0), confirmed(1), confirmed(2)))
    assert journal.sessions()[0].steps == 3
    journal.append("trip", numbered(WentBack(at=0), first=4))
    assert journal.sessions()[0].steps == 0
    journal.append("trip", numbered(Stopped(reason="enough"), first=5))
    assert journal.sessions()[0].steps == 0, "what says nothing of steps leaves their number alone"
    journal.append("trip", numbered(WentOn(), confirmed(0), confirmed(1), WentBack(at=1), first=6))
    assert journal.sessions()[0].steps == 1


def test_strange_text_is_kept(journal: JournalStore) -> None:
    task = 'to "Oslo"; DROP TABLE session -- \0 \ud83d 北'
    journal.append("tr'ip", numbered(opened(task)))
    first = journal.read("tr'ip")[0].event
    assert isinstance(first, Opened)
    assert first.task.text == task
    assert journal.sessions()[0].task.startswith('to "Oslo"; DROP TABLE session -- \0 ')


# Names --------------------------------------------------------------------------------------------------------------


def test_the_beginning_of_a_name_will_do_where_it_is_the_only_one(journal: JournalStore) -> None:
    journal.append("a1b2", short_run("to Oslo"))
    journal.append("a1c3", short_run("to Rome"))
    assert journal.read("a1c") == short_run("to Rome")
    with pytest.raises(UnknownName, match="'a1' could be any of a1b2, a1c3; give more of the name"):
        journal.read("a1")


def test_a_name_in_full_wins_over_longer_ones(journal: JournalStore) -> None:
    journal.append("trip-2", short_run("to Rome"))
    journal.append("trip", short_run("to Oslo"))
    assert journal.read("trip") == short_run("to Oslo")


@pytest.mark.parametrize("name", ["x", "", "TRIP", "trip-3", "%", "tri_", "*"])
def test_an_unknown_name_is_told_with_those_that_are_known(journal: JournalStore, name: str) -> None:
    journal.append("trip", short_run())
    with pytest.raises(UnknownName, match=r"begins with '.*'; the newest are trip"):
        journal.read(name)


def test_an_empty_journal_says_so(journal: JournalStore) -> None:
    with pytest.raises(UnknownName, match="the journal is empty"):
        journal.read("trip")


def test_of_many_names_some_are_told(journal: JournalStore) -> None:
    for i in range(7):
        journal.append(f"trip-{i}", short_run())
    with pytest.raises(UnknownName, match="could be any of trip-0, trip-1, trip-2, trip-3, trip-4 and others"):
        journal.read("trip")
    with pytest.raises(UnknownName, match="the newest are trip-6, trip-5, trip-4, trip-3, trip-2 and others"):
        journal.read("nowhere")


# Closing ------------------------------------------------------------------------------------------------------------


def test_a_closed_journal_refuses_everything(journal: JournalStore) -> None:
    journal.append("trip", short_run())
    journal.close()
    journal.close()
    for refused in (lambda: journal.append("new", short_run()), lambda: journal.read("trip"), journal.sessions):
        with pytest.raises(JournalUnusable, match="closed"):
            refused()


def test_a_session_writes_down_everything_that_its_stream_tells(journal: JournalStore) -> None:
    async def main() -> list[Record]:
        target = ScriptedAgent("search", "book", FINISH, takes_s=1)
        async with plan("Plan a trip", target=target, journal=journal, name="trip") as session, session.events() as stream:
            return [record async for record in stream]

    told = run(main())
    assert journal.read("trip") == told
    assert all(a.n + 1 == b.n for a, b in pairwise(told))
    assert journal.sessions()[0].outcome == "complete"
    assert journal.sessions()[0].steps == 3


# What was learned ---------------------------------------------------------------------------------------------------


def test_what_was_learned_is_kept_by_topic_and_replaced(journal: JournalStore) -> None:
    assert journal.learned("one") == ""
    journal.keep_learned("one", '{"a": 1}')
    journal.keep_learned("two", "zwei")
    journal.keep_learned("one", "ä")
    assert (journal.learned("one"), journal.learned("two")) == ("ä", "zwei")
    journal.keep_learned("one", "")
    assert journal.learned("one") == ""
    assert journal.sessions() == []
