"""The Chrome trace: what the format demands, and what the figures say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from laws.worlds import Deed, World, deeds, drive, lookaheads, stops, worlds

from outrider import Session, Step
from outrider.rules import Lookahead, Sliding
from outrider.rules.events import Accepted, Confirmed, Drafted, Event, Failed, Record, Started, Verified
from outrider.views.trace import chrome_trace

from .telling import by_script, figured, opened, told, watched

PHASES = {
    "M": {"name", "pid", "tid", "args"},
    "X": {"name", "cat", "ts", "dur", "pid", "tid", "cname", "args"},
    "i": {"name", "cat", "ts", "pid", "tid", "s"},
    "C": {"name", "ts", "pid", "args"},
    "s": {"name", "cat", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "id", "ts", "pid", "tid", "bp"},
}
"""The phases in use, each with the fields that the format gives it."""

Entry = dict[str, Any]


def test_no_time_is_too_late_to_be_drawn() -> None:
    records = [
        Record(n=0, time_s=1e308, event=opened()),
        Record(n=1, time_s=-1e308, event=Failed(call=0, role="target", at=0, error="")),
    ]
    assert all(abs(entry["ts"]) <= 1e21 for entry in entries(records) if "ts" in entry)


def test_a_judgement_of_a_draft_that_nobody_made_has_no_arrow() -> None:
    step = Step("go")
    events: list[Event] = [
        opened(), Started(call=0, role="target", at=0), Started(call=1, role="approximation", at=0),
        Verified(call=0, at=0, step=step), Accepted(call=1, at=0, ahead=0, step=step),
    ]  # fmt: skip
    records = [Record(n=n, time_s=float(n), event=event) for n, event in enumerate(events)]
    assert [entry for entry in entries(records) if entry["ph"] in "sf"] == []


def entries(records: Iterable[Record]) -> list[Entry]:
    found = json.loads(json.dumps(chrome_trace(records), allow_nan=False))
    assert set(found) == {"traceEvents", "displayTimeUnit"}
    assert found["displayTimeUnit"] in ("ms", "ns")
    return list(found["traceEvents"])


def of(phase: str, found: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in found if entry["ph"] == phase]


def threads(found: Sequence[Entry]) -> dict[int, str]:
    return {entry["tid"]: entry["args"]["name"] for entry in of("M", found) if entry["name"] == "thread_name"}


def check_format(found: Sequence[Entry]) -> None:
    named = threads(found)
    for entry in found:
        assert set(entry) == PHASES[entry["ph"]] | {"ph"}
        assert entry["pid"] == 1
        assert entry["ph"] in "MC" or entry["tid"] in named
        assert entry["ph"] == "M" or (isinstance(entry["ts"], int) and entry["ts"] >= 0)
    assert len(set(named.values())) == len(named)
    times = [entry["ts"] for entry in found if entry["ph"] != "M"]
    assert times == sorted(times)


def check_bars(found: Sequence[Entry]) -> None:
    for tid in threads(found):
        bars = [entry for entry in of("X", found) if entry["tid"] == tid]
        assert all(isinstance(bar["dur"], int) and bar["dur"] >= 0 for bar in bars)
        assert all(left["ts"] + left["dur"] <= right["ts"] for left, right in pairwise(bars))


def check_arrows(found: Sequence[Entry]) -> None:
    """Each arrow begins once inside a draft, and ends once, not earlier, inside a verdict."""
    starts, ends = of("s", found), of("f", found)
    assert sorted(entry["id"] for entry in starts) == sorted(entry["id"] for entry in ends) == list(range(len(starts)))
    to = {entry["id"]: entry for entry in ends}
    for start in starts:
        assert start["ts"] <= to[start["id"]]["ts"]
        assert bar_around(start, found)["cat"] == "approximation"
        assert bar_around(to[start["id"]], found)["cat"] in ("target", "person")
        assert start["name"] in ("accepted", "rejected")


def bar_around(arrow: Entry, found: Sequence[Entry]) -> Entry:
    def holds(bar: Entry) -> bool:
        last = max(bar["ts"], bar["ts"] + bar["dur"] - 1)
        return bool(bar["tid"] == arrow["tid"] and bar["ts"] <= arrow["ts"] <= last)

    around = [bar for bar in of("X", found) if holds(bar)]
    assert around
    return around[-1]


@settings(max_examples=100, deadline=None)
@given(worlds, lookaheads, deeds, stops)
def test_any_run_is_a_trace_as_the_format_wants_it(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    found = entries(drive(world, lookahead, deeds=done + stop).records)
    check_format(found)
    check_bars(found)
    check_arrows(found)


@settings(max_examples=60, deadline=None)
@given(worlds, lookaheads, deeds, stops)
def test_what_a_trace_adds_up_to_is_what_the_figures_say(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    records = drive(world, lookahead, deeds=done + stop).records
    found, figures = entries(records), figured(records)
    calls = [bar for bar in of("X", found) if "call" in bar["args"] and bar["cat"] != "plan"]
    for end in ("used", "wasted", "cancelled", "failed"):
        assert sum(bar["args"]["outcome"] == end for bar in calls) == figures.calls(end)
    assert sum(bar["args"]["cost_usd"] for bar in calls) == figures.usage.cost_usd
    lost = [entry["args"] for entry in of("C", found) if entry["name"] == "tokens not needed"][-1]
    assert lost == {"wasted": figures.tokens("wasted"), "cancelled": figures.tokens("cancelled")}
    flying = [entry["args"] for entry in of("C", found) if entry["name"] == "calls in flight"]
    assert not flying or flying[-1] == {"target": 0, "drafts": 0}
    slots = [bar for bar in of("X", found) if bar["cat"] == "plan"]
    assert len(slots) == sum(isinstance(record.event, Confirmed) for record in records)


def test_a_run_has_its_task_for_a_process_and_its_lanes_for_threads() -> None:
    target, quick = by_script("a", "b", takes_s=2.0, name="slow"), by_script("a", "x", takes_s=0.5, name="quick")
    found = entries(watched(target, quick, lookahead=2))
    assert [entry["args"]["name"] for entry in of("M", found) if entry["name"] == "process_name"] == ["Tidy up"]
    assert list(threads(found).values()) == ["plan", "person", "drafts", "target 0", "target 1", "target 2"]
    steps = [(bar["name"], bar["ts"], bar["dur"], bar["args"]["by"]) for bar in of("X", found) if bar["cat"] == "plan"]
    assert steps == [
        ("a", 0, 2_000_000, "target"),
        ("b", 2_000_000, 500_000, "target"),
        ("finish", 2_500_000, 2_000_000, "target"),
    ]
    assert [(arrow["name"], arrow["ts"]) for arrow in of("s", found)][:2] == [("accepted", 499_999), ("rejected", 999_999)]
    assert [(arrow["name"], arrow["ts"]) for arrow in of("f", found)][:2] == [("accepted", 1_999_999), ("rejected", 2_499_999)]
    first = next(bar for bar in of("X", found) if bar["cat"] == "target")
    assert first == {
        "ph": "X", "name": "a", "cat": "target", "ts": 0, "dur": 2_000_000, "pid": 1, "tid": 4, "cname": "good",
        "args": {
            "call": first["args"]["call"], "at": 0, "outcome": "used", "prompt_tokens": 100, "cached_tokens": 40,
            "output_tokens": 10, "counted": "reported", "cost_usd": 0.002,
        },
    }  # fmt: skip


def test_the_persons_window_is_a_bar_in_their_thread_and_drafts_point_to_it() -> None:
    def take(session: Session) -> None:
        if session.next_at == 0 and session.figures.acceptance == {} and session.figures.now_s >= 0.5:
            session.take("a", at=0)

    found = entries(watched(by_script("a", takes_s=2.0), by_script("a", takes_s=0.5), meanwhile=take))
    (bar,) = [bar for bar in of("X", found) if bar["cat"] == "person"]
    assert (bar["name"], bar["args"]) == ("a", {"at": 0, "outcome": "used"})
    assert threads(found)[bar["tid"]] == "person"
    (arrow,) = [arrow for arrow in of("f", found) if arrow["tid"] == bar["tid"]]
    assert arrow["name"] == "accepted"


def test_what_the_person_does_otherwise_is_marked_in_their_thread() -> None:
    done = [Deed(1, "pause"), Deed(1, "go on"), Deed(30, "go back"), Deed(1, "go on"), Deed(1, "steer", 3)]
    found = entries(drive(World(agreement=100), Sliding(2), deeds=done).records)
    marks = [entry["name"] for entry in of("i", found)]
    assert marks[:3] == ["paused", "went on", "back to step 0"]
    assert "Plan complete" in marks


@pytest.mark.parametrize("n", range(1, 40, 3))
def test_a_run_that_was_killed_shows_its_open_calls_as_running_to_its_last_record(n: int) -> None:
    records = drive(World(length=5, agreement=60), Sliding(4)).records[:n]
    found = entries(records)
    check_format(found)
    check_bars(found)
    ended = {record.event.call for record in records if isinstance(record.event, Drafted | Verified | Failed)}
    for bar in of("X", found):
        if bar["args"].get("outcome") == "running":
            assert bar["args"]["call"] not in ended
            assert bar["ts"] + bar["dur"] == round(records[-1].time_s * 1e6)
            assert "cost_usd" not in bar["args"]


def test_text_that_would_break_a_viewer_is_made_one_clean_line() -> None:
    found = entries(told((0.0, opened(task="one\ntwo\x1b \ud83d"))))
    assert [entry["args"]["name"] for entry in of("M", found) if entry["name"] == "process_name"] == ["one two\ufffd \ufffd"]


def test_no_records_are_an_empty_trace() -> None:
    check_format(entries([]))
