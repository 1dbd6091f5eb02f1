"""The lanes: every call one bar, bars of a row never over one another, ends as the figures count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from laws.worlds import Deed, World, deeds, drive, lookaheads, stops, worlds

from outrider import Step
from outrider.figures import CallEnd
from outrider.rules import Lookahead
from outrider.rules.events import Cancelled, Drafted, Failed, Record, Shown, Started, Took, Verified, WentBack
from outrider.views.lanes import Bar, Lanes

from .telling import confirmed, figured, opened, told

CALL_ENDS: tuple[CallEnd, ...] = ("used", "wasted", "cancelled", "failed")


def laned(records: Sequence[Record]) -> tuple[Bar, ...]:
    lanes = Lanes()
    for record in records:
        lanes.receive(record)
    return lanes.bars


def rows(bars: Sequence[Bar]) -> list[list[Bar]]:
    """The bars of each row of each lane, from left to right."""
    found: dict[tuple[str, int], list[Bar]] = {}
    for bar in bars:
        found.setdefault((bar.lane, bar.row), []).append(bar)
    return list(found.values())


def test_a_call_is_a_bar_from_its_start_to_its_end_with_the_step_it_named() -> None:
    before = told((0.0, opened()), (0.5, Started(call=3, role="target", at=0)))
    assert laned(before) == (Bar(lane="target", row=0, at=0, started_s=0.5, call=3),)
    answered = told((0.0, opened()), (0.5, Started(call=3, role="target", at=0)), (2.0, Verified(call=3, at=0, step=Step("a"))))
    (bar,) = laned(answered)
    assert (bar.ended_s, bar.end, bar.label) == (2.0, "wasted", "a")
    (bar,) = laned([*answered, Record(n=3, time_s=2.0, event=confirmed(0, "a", call=3))])
    assert bar.end == "used"


def test_calls_that_overlap_lie_in_rows_and_the_first_free_row_is_taken() -> None:
    bars = laned(
        told(
            (0.0, opened()),
            (0.0, Started(call=0, role="target", at=0)),
            (0.1, Started(call=1, role="approximation", at=0)),
            (0.2, Started(call=2, role="target", at=1)),
            (0.3, Cancelled(call=0, role="target", at=0, reason="its prefix was rejected")),
            (0.3, Started(call=3, role="target", at=2)),
            (0.4, Started(call=4, role="target", at=3)),
        )
    )
    assert [(bar.call, bar.lane, bar.row) for bar in bars] == [
        (0, "target", 0), (1, "approximation", 0), (2, "target", 1), (3, "target", 0), (4, "target", 2),
    ]  # fmt: skip


def test_a_call_that_was_closed_before_its_turn_has_no_bar() -> None:
    assert laned(told((0.0, opened()), (0.1, Cancelled(call=0, role="target", at=0, reason="the run was stopped")))) == ()
    assert laned(told((0.0, opened()), (0.1, Failed(call=0, role="target", at=0, error="no budget", budget=True)))) == ()


def test_the_persons_bar_is_their_window_from_the_draft_on_display() -> None:
    (bar,) = laned(told((0.0, opened()), (1.0, Shown(at=0, step=Step("b"))), (3.0, Took(at=0, step=Step("a")))))
    assert bar == Bar(lane="person", row=0, at=0, started_s=1.0, ended_s=3.0, end="used", label="a")


def test_after_going_back_the_persons_window_begins_there() -> None:
    (bar,) = laned(
        told((0.0, opened()), (1.0, confirmed(0, "a", call=0)), (5.0, WentBack(at=0)), (7.0, Took(at=0, step=Step("b"))))
    )
    assert (bar.started_s, bar.ended_s) == (5.0, 7.0)


@settings(max_examples=100, deadline=None)
@given(worlds, lookaheads, deeds, stops)
def test_bars_of_one_row_never_overlap(world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]) -> None:
    records = drive(world, lookahead, deeds=done + stop).records
    for row in rows(laned(records)):
        for left, right in pairwise(row):
            assert left.ended_s is not None
            assert left.started_s <= left.ended_s <= right.started_s


@settings(max_examples=100, deadline=None)
@given(worlds, lookaheads, deeds, stops)
def test_every_call_that_started_has_one_bar_and_ends_agree_with_the_figures(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    records = drive(world, lookahead, deeds=done + stop).records
    for n in range(0, len(records) + 1, 7):
        so_far = records[:n]
        calls = [bar for bar in laned(so_far) if bar.lane != "person"]
        assert [bar.call for bar in calls] == [record.event.call for record in so_far if isinstance(record.event, Started)]
        ends, figures = Counter(bar.end for bar in calls), figured(so_far)
        assert {end: ends[end] for end in CALL_ENDS} == {end: figures.calls(end) for end in CALL_ENDS}
        assert ends["running"] == figures.in_flight


@settings(max_examples=60, deadline=None)
@given(worlds, lookaheads, deeds)
def test_there_are_as_many_rows_as_there_were_calls_at_once(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    records = drive(world, lookahead, deeds=done).records
    bars = laned(records)
    for role in ("target", "approximation"):
        used = {bar.row for bar in bars if bar.lane == role}
        assert used == set(range(_most_at_once(records, role)))


def _most_at_once(records: Sequence[Record], role: str) -> int:
    flying: set[int] = set()
    most = 0
    for record in records:
        match record.event:
            case Started(call=call, role=asked) if asked == role:
                flying.add(call)
                most = max(most, len(flying))
            case Drafted(call=call) | Verified(call=call) | Failed(call=call) | Cancelled(call=call):
                flying.discard(call)
            case _:
                pass
    return most
