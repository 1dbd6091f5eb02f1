"""``outrider sessions`` and ``outrider replay``: what was kept is what was seen."""

from __future__ import annotations

import json
import sqlite3

import pytest

from outrider.journal import SqliteJournal, own

from .running import PLAN, TASK, Place


def test_replay_gives_the_same_events_the_same_plan_and_the_same_figures_as_live(place: Place) -> None:
    place.write_pairs(drafts=["boil", "dance", "pour", "wait", "dance"])
    live = place.plan("--json")
    (entry,) = place.here("sessions", "list", "--json").events
    replayed = place.run("replay", entry["name"], "--json")
    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out == live.out


def test_replay_prints_what_the_run_printed_and_that_the_rules_agree(place: Place) -> None:
    live = place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    *again, last = place.run("replay", entry["name"]).out.splitlines()
    assert again == live.out.splitlines()
    assert last == f"Replayed {entry['events']} events: the rules find the same."


def test_the_beginning_of_a_sessions_name_will_do(place: Place) -> None:
    live = place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    assert place.run("sessions", "show", entry["name"][:3]).out == live.out


def test_sessions_are_listed_newest_first_in_a_line_each(place: Place) -> None:
    place.plan("--max-steps", "1")
    place.plan()
    newest, oldest = place.run("sessions", "list").out.splitlines()
    assert "complete" in newest
    assert " 6 steps  Make tea" in newest
    assert "step limit" in oldest
    assert "  1 step  Make tea" in oldest


def test_a_task_of_several_lines_is_still_one_line_in_the_list(place: Place) -> None:
    row = {"task": "Make\ntea", "at": 0, "target": "TERMINATE", "target_s": 0, "draft": "TERMINATE", "draft_s": 0}
    (place.folder / "two.jsonl").write_text(json.dumps(row))
    assert place.plan(task="Make\ntea", pairs="two.jsonl").code == 0
    (line,) = place.run("sessions", "list").out.splitlines()
    assert line.endswith("Make tea")


def test_a_session_as_json_is_its_plan_its_outcome_and_its_figures(place: Place) -> None:
    live = place.plan("--json").events[-1]
    (entry,) = place.here("sessions", "list", "--json").events
    assert entry["task"] == TASK
    (shown,) = place.run("sessions", "show", entry["name"], "--json").events
    assert shown == {"plan": live["plan"], "outcome": "complete", "figures": live["figures"]}
    assert [step["action"] for step in shown["plan"]] == [*PLAN, "finish"]


def test_an_empty_journal_says_what_makes_a_session(place: Place) -> None:
    place.plan(task="Nobody recorded this")  # fails after it has made the journal
    ran = place.run("sessions", "list")
    assert (ran.code, ran.out) == (0, "no session in this journal yet; outrider plan makes one\n")


@pytest.mark.parametrize("words", [("sessions", "show", "nix"), ("replay", "nix"), ("sessions", "show", ""), ("replay", "")])
def test_an_unknown_session_is_named_with_those_there_are(place: Place, words: tuple[str, ...]) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    ran = place.here(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.sentence == f"outrider: no session's name begins with {words[-1]!r}; the newest are {entry['name']}"


READING = pytest.mark.parametrize("words", [("sessions", "list"), ("sessions", "show", "x"), ("replay", "x")])


@READING
def test_a_missing_journal_is_named_and_none_is_made(place: Place, words: tuple[str, ...]) -> None:
    ran = place.here(*words)
    assert (ran.code, ran.out) == (5, "")
    assert ran.sentence.startswith(f"outrider: there is no journal {place.journal}")
    assert not place.journal.exists()


@READING
def test_a_damaged_journal_is_named_and_left_as_it_is(place: Place, words: tuple[str, ...]) -> None:
    place.plan()
    damaged = bytearray(place.journal.read_bytes())
    damaged[100:8192] = b"\xff" * 8092
    place.journal.write_bytes(damaged)
    ran = place.here(*words)
    assert (ran.code, ran.out) == (5, "")
    assert f"the journal {place.journal} is damaged" in ran.sentence
    assert place.journal.read_bytes() == damaged


def test_a_changed_event_is_found_and_nothing_is_drawn_from_it(place: Place) -> None:
    place.plan()
    (entry,) = place.here("sessions", "list", "--json").events
    with sqlite3.connect(place.journal) as database:
        database.execute("UPDATE event SET json = replace(json, 'pour', 'spill')")
    database.close()
    ran = place.run("sessions", "show", entry["name"])
    assert (ran.code, ran.out) == (5, "")
    assert "is damaged: event" in ran.sentence
    assert ran.sentence.endswith("outrider journal check says what of it is sound, and outrider journal salvage saves that")


def test_a_session_that_a_process_runs_is_no_interrupted_one(place: Place) -> None:
    place.plan()
    with SqliteJournal(place.journal) as journal:
        (entry,) = journal.sessions()
        journal.append("open", journal.read(entry.name)[:10])
        assert "  interrupted  " in place.here("sessions", "list").out
        with own(journal, "open"):
            assert "  running  " in place.here("sessions", "list").out
            assert place.here("sessions", "list", "--json").events[0]["outcome"] == "running"
            assert "Running: " in place.here("sessions", "show", "open").out
        assert "Interrupted: " in place.here("sessions", "show", "open").out


@pytest.mark.parametrize("words", [("sessions", "list"), ("replay", "x"), ("plan", TASK, "-t", "recorded:pairs.jsonl@40x")])
def test_a_newer_journal_says_so_and_is_left_as_it_is(place: Place, words: tuple[str, ...]) -> None:
    place.plan()
    with sqlite3.connect(place.journal) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    ran = place.here(*words)
    assert (ran.code, ran.out) == (5, "")
    assert "has format 99 and this Outrider reads up to 4; install a newer one" in ran.sentence


def test_a_file_that_is_no_journal_is_never_written_over(place: Place) -> None:
    place.journal.write_text("my diary, which is long enough to be read as a file of some kind" * 20)
    before = place.journal.read_bytes()
    ran = place.plan()
    assert ran.code == 5
    assert str(place.journal) in ran.sentence
    assert place.journal.read_bytes() == before
