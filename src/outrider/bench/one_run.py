"""One recorded run as it went: its calls as bars over seconds, with the steps that they led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from outrider.bench.document import Column, Figure, Section, Table
from outrider.bench.gathering import Gathered
from outrider.bench.harness import records
from outrider.bench.plots import Span, timeline
from outrider.rules.events import Confirmed, Record
from outrider.views.lanes import Bar, Lanes
from outrider.views.words import one_line

MOST_DRAWN: Final = 20
"""Of a longer plan the timeline shows so many steps."""

_Slot: TypeAlias = tuple[str, float, float]
"""A confirmed step, from the confirmation of the one before to its own."""


def one_run(gathered: Gathered) -> Section:
    """The run that gained neither much nor little, call by call."""
    ratio, source, trace = gathered.middling
    bars, steps = _lanes(records(trace, gathered.schedulers[gathered.shown](trace), gathered.prices))
    whole = len(steps) <= MOST_DRAWN
    bars, steps = (bars, steps) if whole else _beginning(bars, steps)
    rows = ["plan", *dict.fromkeys(_lane(bar) for bar in sorted(bars, key=_place))]
    spans = [_slot(slot) for slot in steps] + [_span(bar, rows, steps[-1][2]) for bar in bars]
    kinds = ["confirmed", *dict.fromkeys(span.kind for span in spans if span.kind != "confirmed")]
    title = f"“{one_line(trace.task)[:160]}” under {gathered.shown}{'' if whole else f', its first {MOST_DRAWN} steps'}"
    description = (
        "Calls as bars over seconds: confirmed steps at the top, then drafts, then the target's calls. It ends at "
        f"{steps[-1][2]:.1f} s; the target alone takes {trace.alone_s:.1f} s for the whole plan. The table has the numbers."
    )
    svg = timeline("run", title, description, rows, spans, trace.alone_s if whole else None, kinds)
    said = (
        f"The run of {source} that gained neither much nor little ({ratio:.0%} of the target alone's time), call by call. A "
        "filled bar was used; an empty one finished and was not needed; a dashed one was closed before its end."
    )
    return Section(title="How one run goes", blocks=[said, Figure(svg=svg, title=title, numbers=_calls(bars, steps[-1][2]))])


def _beginning(bars: Sequence[Bar], steps: list[_Slot]) -> tuple[tuple[Bar, ...], list[_Slot]]:
    """What happened until so many steps were confirmed. A call that went on then is cut off there."""
    until_s = steps[MOST_DRAWN - 1][2]
    begun = [bar for bar in bars if bar.started_s < until_s]
    cut = tuple(replace(bar, ended_s=min(until_s, until_s if bar.ended_s is None else bar.ended_s)) for bar in begun)
    return cut, steps[:MOST_DRAWN]


def _lanes(happened: Sequence[Record]) -> tuple[tuple[Bar, ...], list[_Slot]]:
    """The bars of all calls, and each confirmed step with the seconds from the one before to itself."""
    lanes, steps, since_s = Lanes(), list[_Slot](), 0.0
    for record in happened:
        lanes.receive(record)
        if isinstance(record.event, Confirmed):
            steps.append((str(record.event.step), since_s, record.time_s))
            since_s = record.time_s
    return lanes.bars, steps


def _place(bar: Bar) -> tuple[bool, int]:
    return bar.lane == "target", bar.row


def _lane(bar: Bar) -> str:
    return f"target {bar.row + 1}" if bar.lane == "target" else "drafts" if not bar.row else f"drafts {bar.row + 1}"


def _slot(slot: _Slot) -> Span:
    step, began_s, ended_s = slot
    tip = f"{one_line(step)}, confirmed at {ended_s:.2f} s"
    return Span(row=0, began_s=began_s, ended_s=ended_s, kind="confirmed", label=one_line(step), tip=tip)


def _span(bar: Bar, rows: Sequence[str], end_s: float) -> Span:
    ended_s = end_s if bar.ended_s is None else bar.ended_s
    label = one_line(bar.label) or f"step {bar.at + 1}"
    kind = "cancelled" if bar.end == "running" else bar.end
    tip = f"step {bar.at + 1}, {bar.lane}: {label}, {kind}, {bar.started_s:.2f} to {ended_s:.2f} s"
    return Span(row=rows.index(_lane(bar)), began_s=bar.started_s, ended_s=ended_s, kind=kind, label=label, tip=tip)


def _calls(bars: Sequence[Bar], end_s: float) -> Table:
    columns = [Column("agent"), Column("step"), Column("began, s", 2), Column("ended, s", 2), Column("end"), Column("answer")]
    rows = [
        (
            bar.lane, bar.at + 1, round(bar.started_s, 6), round(end_s if bar.ended_s is None else bar.ended_s, 6),
            "cancelled" if bar.end == "running" else bar.end, one_line(bar.label),
        )
        for bar in bars
    ]  # fmt: skip
    return Table(name="calls-of-a-run", caption="Every call of this run. Steps count from 1.", columns=columns, rows=rows)
