"""A session's journal as a recorded run."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

import outrider
from outrider.agents.several import Several
from outrider.bench.harness import played
from outrider.bench.journals import is_journal, read_journal, trace_from
from outrider.bench.rows import Trace
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import BadOption, JournalError, NoGuess, StepLimitReached
from outrider.journal import MemoryJournal, SqliteJournal
from outrider.model import Prefix, Step, Usage
from outrider.rules import Lookahead, Sliding
from outrider.rules.events import Record
from outrider.runtime import Journal
from outrider.testing import FakeAgent, run

from .making import some, trace, traces

PRICES = TokenPrices()


async def plan(
    found: Trace, journal: Journal, lookahead: Lookahead, *, name: str = "s", person_at_s: float | None = None
) -> None:
    session = outrider.plan(
        found.task, approximation=TraceAgent("approximation", found, PRICES), target=TraceAgent("target", found, PRICES),
        lookahead=lookahead, max_steps=len(found.rows), journal=journal, name=name,
    )  # fmt: skip
    async with session:
        if person_at_s is not None:
            await asyncio.sleep(person_at_s)
            session.take(found.rows[len(session.plan.steps)].target)
        with contextlib.suppress(StepLimitReached):
            await session.result()


def records_of(found: Trace, lookahead: Lookahead, *, person_at_s: float | None = None) -> list[Record]:
    with MemoryJournal() as journal:
        run(plan(found, journal, lookahead, person_at_s=person_at_s))
        return journal.read("s")


def again(records: list[Record]) -> tuple[Trace | None, list[str]]:
    notes: list[str] = []
    return trace_from(records, notes.append), notes


@some
@given(traces(guesses=2))
def test_what_ran_under_unlimited_lookahead_comes_out_of_its_journal(found: Trace) -> None:
    """Every draft that came in time is there, with its time and tokens; one that came too late is not, and is said not to be."""
    told, _ = again(records_of(found, Sliding(99)))
    if told is None:
        return  # no draft ever came in time
    assert [row.target for row in told.rows] == [row.target for row in found.rows]
    assert [row.target_s for row in told.rows] == pytest.approx([row.target_s for row in found.rows])
    for ours, theirs in zip(told.rows, found.rows, strict=True):
        if ours.drafts:
            assert ours.drafts == theirs.drafts
            assert ours.draft_s == pytest.approx(theirs.draft_s)
            assert (ours.draft_tokens, ours.draft_prompt_tokens) == (theirs.draft_tokens, theirs.draft_prompt_tokens)
        else:
            assert ours.draft_s is None
        assert (ours.target_tokens, ours.target_prompt_tokens) == (theirs.target_tokens, theirs.target_prompt_tokens)


@some
@given(traces())
def test_a_run_from_a_journal_takes_as_long_as_it_took(found: Trace) -> None:
    told, _ = again(records_of(found, Sliding(99)))
    if told is not None:
        assert played(told, Sliding(99), PRICES).total_s == pytest.approx(played(found, Sliding(99), PRICES).total_s)


def test_a_session_that_was_cut_off_gives_what_is_there_and_says_so() -> None:
    records = records_of(trace("yyyyyy"), Sliding(2))
    half = [record for record in records if record.time_s < 6]
    told, notes = again(half)
    assert told is not None
    assert 1 < len(told.rows) < 6
    assert notes == [f"is cut off after {len(told.rows)} confirmed steps: its records end before the run did"]


def test_a_session_is_cut_where_the_person_took_a_step() -> None:
    told, notes = again(records_of(trace("yyyyyy"), Sliding(2), person_at_s=4.5))
    assert told is not None
    assert 1 <= len(told.rows) < 6
    assert "where the person took one" in notes[0]


@pytest.mark.parametrize(("found", "lookahead"), [(trace("yyy"), Sliding(0)), (trace("yyy", draft_s=9.0), Sliding(2))])
def test_a_session_without_a_draft_is_left_out(found: Trace, lookahead: Lookahead) -> None:
    told, notes = again(records_of(found, lookahead))
    assert told is None
    assert "there is no draft in it" in notes[0]


def test_a_session_without_a_confirmed_step_is_left_out() -> None:
    told, notes = again(records_of(trace("yyy"), Sliding(2))[:2])
    assert told is None
    assert notes == ["is left out: the target confirmed no step in it"]


def test_unknown_tokens_stay_unknown() -> None:
    found = trace("yny")
    found = replace(found, rows=tuple(replace(row, target_tokens=None) for row in found.rows))
    told, _ = again(records_of(found, Sliding(2)))
    assert told is not None
    assert not told.has_tokens


def test_a_wrong_draft_is_found_beside_its_verdict() -> None:
    told, _ = again(records_of(trace("yny"), Sliding(4)))
    assert told is not None
    assert [row.drafts for row in told.rows] == [(Step("step 0"),), (Step("wrong"),), (Step("finish"),)]


# Several drafters ---------------------------------------------------------------------------------------------------------

FIRST = Usage(prompt_tokens=30, output_tokens=2, counted="reported")
SECOND = Usage(prompt_tokens=100, output_tokens=7, counted="reported")


def several(first: str, second: str, *, second_s: float = 0.3, used: Usage | None = SECOND) -> list[Record]:
    """Two drafters beside a target that takes 3 s: what each names for a step is its letter there, - is no guess.

    The last of four steps is left out of what is compared: nothing is gained by a second guess for it.
    """

    def guess(letters: str) -> Callable[[Prefix], Step | NoGuess]:
        return lambda at: NoGuess("no") if letters[len(at)] == "-" else Step(letters[len(at)])

    async def planned(journal: Journal) -> None:
        session = outrider.plan(
            "x", lookahead=Sliding(4, width=2), max_steps=4, journal=journal, name="s",
            approximation=Several(
                FakeAgent(guess(first), takes_s=0.1, usage=FIRST, name="quick"),
                FakeAgent(guess(second), takes_s=second_s, usage=used, name="slow"),
            ),
            target=FakeAgent(lambda prefix: Step("abcd"[len(prefix)]), takes_s=3.0, usage=FIRST),
        )  # fmt: skip
        async with session:
            with contextlib.suppress(StepLimitReached):
                await session.result()

    with MemoryJournal() as journal:
        run(planned(journal))
        return journal.read("s")


def letters(found: Trace | None) -> list[str]:
    assert found is not None
    return ["".join(step.action for step in row.drafts) for row in found.rows[:3]]


def test_several_drafters_guesses_are_several_guesses_with_the_longest_time_and_all_tokens() -> None:
    told, _ = again(several("axxx", "ybyx"))
    assert letters(told) == ["ay", "xb", "xy"]
    assert told is not None
    assert [row.right for row in told.rows[:3]] == [True, False, False]
    assert [row.draft_s for row in told.rows[:3]] == pytest.approx([0.3] * 3)
    assert [(row.draft_tokens, row.draft_prompt_tokens) for row in told.rows[:3]] == [(9, 130)] * 3


def test_what_two_drafters_both_guess_is_one_guess_and_who_has_none_gives_none() -> None:
    told, _ = again(several("ab-x", "a-cx"))
    assert letters(told) == ["a", "b", "c"]


def test_a_second_drafter_that_came_too_late_leaves_the_firsts_guess() -> None:
    told, _ = again(several("abcx", "xxxx", second_s=5.0))
    assert letters(told) == ["a", "b", "c"]
    assert told is not None
    assert [row.draft_s for row in told.rows[:3]] == pytest.approx([0.1] * 3)


def test_where_one_drafters_tokens_are_unknown_those_of_the_row_are() -> None:
    told, _ = again(several("axxx", "ybyx", used=None))
    assert told is not None
    assert [row.draft_tokens for row in told.rows[:3]] == [None] * 3


def test_a_second_guess_from_a_journal_may_hold_where_the_first_does_not() -> None:
    told, _ = again(several("xxxx", "abcx"))
    assert told is not None
    one, two = (played(told, Sliding(2, width=width), PRICES).total_s for width in (1, 2))
    assert one == pytest.approx(12.0)
    assert two is not None
    assert two < 12.0


# In a file ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal with two sessions that can be compared on, and one of the target alone between them."""
    path = tmp_path / "journal.sqlite3"
    with SqliteJournal(path) as journal:
        run(plan(trace("yyn"), journal, Sliding(2), name="first"))
        run(plan(trace("yyn"), journal, Sliding(0), name="alone"))
        run(plan(trace("yynyyyyyyyyy"), journal, Sliding(2), name="second"))
    return path


def test_a_journals_sessions_come_oldest_first(file: Path) -> None:
    notes: list[str] = []
    assert is_journal(file)
    assert [len(found.rows) for found in read_journal(file, notes.append)] == [3, 12]
    assert len(notes) == 1
    assert "session alone is left out" in notes[0]


def test_a_damaged_session_is_left_out_and_named(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("UPDATE event SET json = '{}' WHERE session = 1 AND n = 3")
    db.close()
    notes: list[str] = []
    assert [len(found.rows) for found in read_journal(file, notes.append)] == [12]
    assert any("session first is left out" in note and "event 3" in note for note in notes)


def test_a_file_that_was_cut_off_in_the_middle_gives_what_is_there_or_says_so(file: Path) -> None:
    whole = file.read_bytes()
    for share in (0.3, 0.5, 0.7, 0.9):
        file.write_bytes(whole[: int(len(whole) * share)])
        notes: list[str] = []
        found, error = read_or_error(file, notes)
        assert len(found) < 2
        assert str(file) in (error or notes[0])


def read_or_error(file: Path, notes: list[str]) -> tuple[list[Trace], str]:
    found: list[Trace] = []
    try:
        found.extend(read_journal(file, notes.append))
    except (JournalError, BadOption) as error:
        return found, str(error)
    return found, ""


def test_a_journal_with_nothing_to_compare_on_is_told(tmp_path: Path) -> None:
    with SqliteJournal(tmp_path / "empty.sqlite3"):
        pass
    with pytest.raises(BadOption, match="no session with drafts and verdicts"):
        list(read_journal(tmp_path / "empty.sqlite3", lambda note: None))
