"""A session in the Chrome trace event format, JSON object form, for Perfetto and other viewers.

One process, named by its task; a thread for the plan, one for the person, one for the drafts and one for each row of the target's
calls that overlap. Times are in microseconds since the session was opened, as the format wants them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.model import JSON, Role, Usage
from outrider.rules.events import (
    Accepted,
    Allowed,
    Approved,
    Asked,
    Cancelled,
    Confirmed,
    Drafted,
    Ended,
    Extended,
    Failed,
    Opened,
    Paused,
    Question,
    Reached,
    Record,
    Rejected,
    Settled,
    Started,
    Stayed,
    Steered,
    Took,
    Verified,
    WentBack,
    WentOn,
)
from outrider.views.lanes import Bar, Lanes
from outrider.views.words import OUTCOMES, limit, one_line, seconds, steered

Entry: TypeAlias = dict[str, JSON]
"""One event of the format."""

_PID: Final = 1

_MOST_S: Final = 1e15
"""What is later is drawn there: in microseconds it might be endless."""

_QUESTIONS: Final[dict[Question, str]] = {
    "approval": "may its tool run?", "failed": "its tool gave no answer", "unsure": "has its effect happened?",
}  # fmt: skip

_Thread: TypeAlias = tuple[Literal["plan", "person", "approximation", "target", "tools"], int]
"""A lane and a row in it."""

_ORDER: Final = ("plan", "person", "approximation", "target", "tools")
"""From top to bottom."""

_COLOURS: Final = {
    "used": "good", "wasted": "bad", "cancelled": "grey", "failed": "terrible", "running": "thread_state_runnable",
    "withdrawn": "grey", "lost": "terrible",
}  # fmt: skip
"""Names of the format's own palette; a viewer that does not know them chooses colours itself."""


def chrome_trace(records: Iterable[Record]) -> dict[str, JSON]:
    """The session as a Chrome trace: calls, runs of tools, the person's windows and confirmed steps as bars, arrows from a draft
    to its verdict. A run of a tool that was early says by how much.

    Bars of one thread never overlap. A call that runs on after the last record ends there, with ``running`` as its outcome.
    """
    story = _Story()
    for record in records:
        story.receive(record)
    entries: list[JSON] = [*_names(story), *sorted(_entries(story), key=_time)]
    return {"traceEvents": entries, "displayTimeUnit": "ms"}


# What is gathered ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something that happens at one moment."""

    time_s: float
    thread: _Thread
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """A confirmed step, from the moment the frontier stood before it."""

    started_s: float
    event: Confirmed
    time_s: float


class _Story:
    """What the trace tells, gathered from the records."""

    def __init__(self) -> None:
        self.task = ""
        self.end_s = 0.0
        self.usage: dict[int, Usage] = {}
        self.slots: list[_Slot] = []
        self.marks: list[_Mark] = []
        self.flights: list[tuple[float, dict[Role, int]]] = []
        self._lanes = Lanes()
        self._flying: dict[int, Role] = {}
        self._frontier_s = 0.0
        self._verdict: int | None = None
        self._arrows: dict[tuple[int, int], str] = {}

    def receive(self, record: Record) -> None:
        """Take ``record`` in."""
        self._lanes.receive(record)
        self.end_s = record.time_s
        self._note_call(record)
        self._note_verdict(record)
        self._note_plan(record)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Every call and every window of the person."""
        return self._lanes.bars

    @property
    def arrows(self) -> Iterator[tuple[Bar, Bar, str]]:
        """Drafts, each with a verdict on it that came after it, and whether it was accepted or rejected."""
        bars = self.bars
        by_call = {bar.call: bar for bar in bars if bar.call is not None}
        for (draft, verdict), judged in self._arrows.items():
            if draft in by_call:
                yield by_call[draft], bars[verdict], judged

    def _note_call(self, record: Record) -> None:
        match record.event:
            case Started(call=call, role=role):
                self._flying[call] = role
            case Drafted(call=call, usage=usage) | Verified(call=call, usage=usage):
                self._end_call(call, usage)
            case Failed(call=call, usage=usage) | Cancelled(call=call, usage=usage):
                self._end_call(call, usage)
            case _:
                return
        flying = list(self._flying.values())
        self.flights.append((record.time_s, {role: flying.count(role) for role in ("target", "approximation")}))

    def _end_call(self, call: int, usage: Usage) -> None:
        self._flying.pop(call, None)
        self.usage[call] = usage

    def _note_verdict(self, record: Record) -> None:
        """Judgements follow the verdict they rest on; a draft that came after its verdict has no arrow to go."""
        match record.event:
            case Verified(call=call):
                self._verdict = next((place for place, bar in enumerate(self.bars) if bar.call == call), None)
            case Took():
                self._verdict = len(self.bars) - 1
            case Drafted():
                self._verdict = None
            case Accepted(call=call) | Rejected(call=call) if self._verdict is not None:
                accepted = isinstance(record.event, Accepted) or self._arrows.get((call, self._verdict)) == "accepted"
                self._arrows[call, self._verdict] = "accepted" if accepted else "rejected"
            case _:
                pass

    def _note_plan(self, record: Record) -> None:
        match record.event:
            case Opened(task=task):
                self.task = task.text
            case Confirmed() as confirmed:
                self.slots.append(_Slot(self._frontier_s, confirmed, record.time_s))
                self._frontier_s = record.time_s
            case WentBack(at=at):
                self._frontier_s = record.time_s
                self._mark(record, "person", f"back to step {at}")
            case Paused():
                self._mark(record, "person", "paused")
            case WentOn():
                self._mark(record, "person", "went on")
            case Reached() as event:
                self._mark(record, "plan", limit(event))
            case Allowed() | Extended() as event:
                self._mark(record, "person", limit(event))
            case Steered(at=at, sentence=sentence):
                self._mark(record, "person", steered(at, sentence))
            case Asked(at=at, question=question):
                self._mark(record, "plan", f"asked about step {at}: {_QUESTIONS[question]}")
            case Approved(at=at):
                self._mark(record, "person", f"step {at} approved")
            case Settled(at=at):
                self._mark(record, "person", f"step {at} settled")
            case Stayed(at=at, reason=reason):
                self._mark(record, "plan", f"step {at} could not be taken back: {reason}")
            case Ended(outcome=outcome):
                self._mark(record, "plan", OUTCOMES[outcome])
            case _:
                pass

    def _mark(self, record: Record, lane: Literal["plan", "person"], text: str) -> None:
        self.marks.append(_Mark(record.time_s, (lane, 0), text))


# How it is written --------------------------------------------------------------------------------------------------


def _micros(time_s: float) -> int:
    return round(max(-_MOST_S, min(time_s, _MOST_S)) * 1_000_000)


def _time(entry: Entry) -> int:
    time = entry["ts"]
    assert isinstance(time, int), "what is sorted by its time has one"
    return time


def _thread(bar: Bar) -> _Thread:
    return bar.lane, bar.row


def _threads(story: _Story) -> dict[_Thread, int]:
    """The number of each thread, from top to bottom."""
    present: set[_Thread] = {("plan", 0), ("person", 0), ("approximation", 0), ("target", 0), *map(_thread, story.bars)}
    return {thread: tid for tid, thread in enumerate(sorted(present, key=lambda it: (_ORDER.index(it[0]), it[1])), 1)}


def _name_of(thread: _Thread) -> str:
    lane, row = thread
    if lane == "approximation":
        return f"drafts {row}" if row else "drafts"
    return f"{lane} {row}" if lane in ("target", "tools") else lane


def _names(story: _Story) -> Iterator[Entry]:
    def named(what: str, tid: int, **args: JSON) -> Entry:
        return {"ph": "M", "name": what, "pid": _PID, "tid": tid, "args": {**args}}

    yield named("process_name", 0, name=one_line(story.task))
    for thread, tid in _threads(story).items():
        yield named("thread_name", tid, name=_name_of(thread))
        yield named("thread_sort_index", tid, sort_index=tid)


def _entries(story: _Story) -> Iterator[Entry]:
    tids = _threads(story)
    for bar in story.bars:
        yield _bar(bar, story, tids[_thread(bar)])
    for slot in story.slots:
        yield _slot(slot, tids["plan", 0])
    for mark in story.marks:
        yield {
            "ph": "i", "s": "t", "name": one_line(mark.text), "cat": mark.thread[0], "ts": _micros(mark.time_s),
            "pid": _PID, "tid": tids[mark.thread],
        }  # fmt: skip
    yield from _arrows(story, tids)
    yield from _counters(story)


def _complete(name: str, category: str, from_s: float, to_s: float, tid: int, outcome: str, args: Entry) -> Entry:
    started = _micros(from_s)
    return {
        "ph": "X", "name": one_line(name), "cat": category, "ts": started, "dur": _micros(to_s) - started,
        "pid": _PID, "tid": tid, "cname": _COLOURS[outcome], "args": args,
    }  # fmt: skip


def _bar(bar: Bar, story: _Story, tid: int) -> Entry:
    end_s = story.end_s if bar.ended_s is None else bar.ended_s
    args: Entry = {"at": bar.at, "outcome": bar.end}
    if bar.call is not None:
        args = {"call": bar.call, **args, **_used(story.usage.get(bar.call))}
    name = bar.label or f"step {bar.at}"
    if bar.execution is not None:
        args = {"execution": bar.execution, **args, "way": bar.way, "early_s": round(bar.early_s, 6)}
        name = f"{name}, {seconds(bar.early_s)} early" if bar.early_s else name
    return _complete(name, bar.lane, bar.started_s, end_s, tid, bar.end, args)


def _used(usage: Usage | None) -> Entry:
    if usage is None:
        return {}
    return {
        "prompt_tokens": usage.prompt_tokens, "cached_tokens": usage.cached_tokens, "output_tokens": usage.output_tokens,
        "counted": usage.counted, "cost_usd": usage.cost_usd,
    }  # fmt: skip


def _slot(slot: _Slot, tid: int) -> Entry:
    event = slot.event
    drafts: list[JSON] = [*event.drafts]
    args: Entry = {"at": event.at, "by": event.by, "call": event.call, "drafts": drafts}
    return _complete(str(event.step), "plan", slot.started_s, slot.time_s, tid, "used", args)


def _arrows(story: _Story, tids: dict[_Thread, int]) -> Iterator[Entry]:
    """Each arrow leaves its draft's bar and arrives in its verdict's, just before they end: the end itself is outside."""
    for number, (draft, verdict, judged) in enumerate(story.arrows):
        ends = draft.ended_s, verdict.ended_s
        if ends[0] is None or ends[1] is None:
            continue  # records that the rules were not asked about may judge what nobody named
        common: Entry = {"name": judged, "cat": "verdict", "id": number, "pid": _PID}
        yield {**common, "ph": "s", "ts": _inside(draft, ends[0]), "tid": tids[_thread(draft)]}
        yield {**common, "ph": "f", "bp": "e", "ts": _inside(verdict, ends[1]), "tid": tids[_thread(verdict)]}


def _inside(bar: Bar, end_s: float) -> int:
    return max(_micros(bar.started_s), _micros(end_s) - 1)


def _counters(story: _Story) -> Iterator[Entry]:
    """Calls in flight, and the tokens of calls that were not needed, each counted when its call ended; one of each a moment."""

    def counter(name: str, time: int, values: Entry) -> Entry:
        return {"ph": "C", "name": name, "ts": time, "pid": _PID, "args": values}

    for time, flying in {_micros(time_s): flying for time_s, flying in story.flights}.items():
        yield counter("calls in flight", time, {"target": flying["target"], "drafts": flying["approximation"]})
    for time, tokens in _lost_tokens(story).items():
        yield counter("tokens not needed", time, {**tokens})


def _lost_tokens(story: _Story) -> dict[int, dict[str, int]]:
    lost, total = {0: {"wasted": 0, "cancelled": 0}}, {"wasted": 0, "cancelled": 0}
    calls = [(bar, bar.call) for bar in story.bars if bar.call is not None and bar.end in total]
    for bar, call in sorted(calls, key=lambda it: it[0].ended_s or 0.0):
        total[bar.end] += story.usage[call].tokens
        lost[_micros(bar.ended_s or 0.0)] = dict(total)
    return lost
