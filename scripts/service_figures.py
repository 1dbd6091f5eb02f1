"""What a run of ``measure_service.py`` comes to: its times, from what the provider, the people and the journal have of it.

A record has its session's own time. When that began on the machine's clock is not on record, but every answered call bounds it
from both sides: that it started is on record before the provider has the request, and that it ended after the provider has sent
the answer. Of the two bounds the earlier beginning is taken, which makes every delay counted from a record look longer.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from service_clients import Said, Seen

from outrider.journal import SqliteJournal
from outrider.model import Role
from outrider.rules.events import (
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Paused,
    Record,
    Started,
    Steered,
    Stopped,
    Took,
    Verified,
)

MODELS: Final[Mapping[Role, str]] = {"approximation": "fast", "target": "slow"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the provider has seen it."""

    task: int
    model: str
    at: int
    came_s: float
    ended_s: float
    how: str


def asked_in(report: Path) -> list[Asked]:
    """What the provider has reported."""
    return [Asked(*json.loads(line)) for line in report.read_text().splitlines()]


def delays(seen: Seen, asked: Sequence[Asked], journal: Path) -> dict[str, Any]:
    """Every delay: in milliseconds, with how many there are."""
    of_task: dict[int, list[Asked]] = defaultdict(list)
    for call in asked:
        of_task[call.task].append(call)
    shown_ms: list[float] = []
    closed_ms: list[float] = []
    width_ms: list[float] = []
    with SqliteJournal(journal, read_only=True) as kept:
        for task, name in seen.names.items():
            session = _Session(kept.read(name), of_task[task])
            width_ms.append(1000 * (session.latest_s - session.earliest_s))
            closed_ms += [1000 * delay for delay in session.closing()]
            shown_ms += [1000 * delay for delay in session.showing({at: s for (t, at), s in _shown(seen, task)})]
    return {
        "verdict_to_screen_ms": spread(shown_ms),
        "person_to_screen_ms": spread(person_ms(seen.said, seen.shown)),
        "command_to_answer_ms": spread([1000 * (said.answered_s - said.sent_s) for said in seen.said if said.status]),
        "start_to_answer_ms": spread(seen.begun_ms),
        "cancel_to_close_ms": spread(closed_ms),
        "beginning_known_within_ms": spread([width for width in width_ms if width < inf]),
    }


def _shown(seen: Seen, task: int) -> Iterable[tuple[tuple[int, int], float]]:
    at = 0
    while (task, at) in seen.shown:
        yield (task, at), seen.shown[task, at]
        at += 1


def person_ms(said: Iterable[Said], shown: Mapping[tuple[int, int], float]) -> list[float]:
    """From the sending of each step that a person took to its being seen as part of the plan."""
    return [
        1000 * (shown[one.task, one.at] - one.sent_s)
        for one in said
        if one.command == "take" and one.status == 200 and (one.task, one.at) in shown
    ]


class _Session:
    """One session's records beside the requests that it made."""

    def __init__(self, records: Sequence[Record], asked: Sequence[Asked]) -> None:
        self._records = records
        self._asked = dict(_paired(records, asked))
        self.earliest_s, self.latest_s = self._beginning()

    def _beginning(self) -> tuple[float, float]:
        """Between which times of the machine's clock the session was opened."""
        earliest_s, latest_s = -inf, inf
        for record in self._records:
            match record.event:
                case Started(call=number) if number in self._asked:
                    latest_s = min(latest_s, self._asked[number].came_s - record.time_s)
                case Verified(call=number) | Drafted(call=number) if number in self._asked:
                    earliest_s = max(earliest_s, self._asked[number].ended_s - record.time_s)
        return earliest_s, latest_s

    def closing(self) -> list[float]:
        """For each call that was cancelled in mid-request, how many seconds after the order the provider saw it closed."""
        if self.earliest_s == -inf:
            return []
        return [
            self._asked[number].ended_s - self.earliest_s - ordered_s
            for number, ordered_s in _ordered(self._records)
            if number in self._asked and self._asked[number].how == "closed"
        ]

    def showing(self, shown: Mapping[int, float]) -> list[float]:
        """For each step of the target's, how many seconds after the last answer that it waited for it was seen in the plan.

        Steps after the person's first command are left out, since what they waited for was the person.
        """
        found: list[float] = []
        ready_s = 0.0
        for event in (record.event for record in self._records):
            if isinstance(event, Paused | Steered | Stopped | Took):
                break
            if not isinstance(event, Confirmed):
                continue
            if event.call not in self._asked or event.at not in shown:
                break
            ready_s = max(ready_s, self._asked[event.call].ended_s)
            found.append(shown[event.at] - ready_s)
        return found


def _ordered(records: Iterable[Record]) -> Iterable[tuple[int, float]]:
    """When each call that was cancelled had lost its use: its branch was discarded, its verdict came, or the person spoke."""
    discarded: dict[int, float] = {}
    verified: dict[int, float] = {}
    spoke_s = 0.0
    for record in records:
        match record.event:
            case Discarded(calls=calls):
                discarded |= {number: record.time_s for number in calls if number not in discarded}
            case Verified(at=at) | Took(at=at):
                verified[at] = record.time_s
            case Steered() | Stopped() | Ended():
                spoke_s = record.time_s
            case Cancelled(call=number, at=at):
                yield number, discarded.get(number, max(spoke_s, verified.get(at, 0.0)))


def _paired(records: Sequence[Record], asked: Sequence[Asked]) -> Iterable[tuple[int, Asked]]:
    """Each call with its request: those of one role and place in their order, unless there are more of these than of those."""
    started: dict[tuple[str, int], list[int]] = defaultdict(list)
    came: dict[tuple[str, int], list[Asked]] = defaultdict(list)
    for event in (record.event for record in records):
        if isinstance(event, Started):
            started[MODELS[event.role], event.at].append(event.call)
    for call in asked:
        came[call.model, call.at].append(call)
    for place, numbers in started.items():
        if len(numbers) == len(came[place]):
            yield from zip(numbers, sorted(came[place], key=lambda call: call.came_s), strict=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """How many, the median, the 99th percentile and the maximum."""
    return {"n": len(values), "p50": quantile(values, 0.5), "p99": quantile(values, 0.99), "most": quantile(values, 1.0)}


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile; not a number if there are no values."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else float("nan")


# Growth ---------------------------------------------------------------------------------------------------------------

_T: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""Student's t for 95 % with 1 to 10 degrees of freedom; beyond, 2.23 is on the safe side."""


def growth(samples: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """The slope of what was sampled over the second half of the time, per hour, with its 95 % interval; whether that is above 0.

    A minute's samples count as one, their mean: samples that follow one another closely say the same thing twice.
    """
    half_s = samples[-1][0] / 2 if samples else 0.0
    minutes: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for time_s, value in samples:
        if time_s >= half_s:
            minutes[int((time_s - half_s) // 60)].append((time_s, value))
    points = [(fmean(t for t, _ in some), fmean(v for _, v in some)) for some in minutes.values()]
    if len(points) < 3:
        return {"minutes": len(points), "grows": None}
    slope, error = _line(points)
    within = _T[min(len(points) - 2, len(_T)) - 1] * error
    hourly = {"an_hour": slope, "low": slope - within, "high": slope + within}
    return {"minutes": len(points), **{name: round(3600 * value, 3) for name, value in hourly.items()}, "grows": slope > within}


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The slope of the least squares, and its standard error."""
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread_x = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread_x
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return slope, (left / (len(points) - 2) / spread_x) ** 0.5
