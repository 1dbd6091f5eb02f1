"""What a report on recorded runs needs, gathered run by run in bounded memory."""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from outrider.bench.harness import ALONE, Comparison, Run, run_all, waits
from outrider.bench.rows import Row, Trace
from outrider.bench.schedulers import ORACLE, Scheduler
from outrider.bench.suites import Source
from outrider.bench.traces import TokenPrices
from outrider.figures import Acceptance

WORST_KEPT: Final = 8
MOST_KEPT: Final = 100
"""So many runs, drawn at random, are looked into closely."""

MOST_POSITIONS: Final = 12
"""Steps of a plan, from the first, for which it is counted how often drafts are right; the last stands for all after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A run in which speculation gained little: how much, and what stood in its way.

    ``late`` drafts came no sooner than their verdict, or never; ``rejected`` ones came in time and were wrong. ``longest_s`` is
    the longest call of the target.
    """

    source: str
    task: str
    ratio: float
    alone_s: float
    total_s: float
    steps: int
    rejected: int
    late: int
    longest_s: float

    @property
    def why(self) -> str:
        """In words."""
        found = []
        if self.steps == 1:
            found.append("a single step: there is nothing to overlap")
        if self.rejected:
            found.append(f"{self.rejected} of {self.steps} drafts rejected")
        if self.late:
            found.append(f"{self.late} of {self.steps} drafts no sooner than their verdict")
        if self.steps > 1 and self.longest_s > self.alone_s / 2:
            found.append(f"one call takes {self.longest_s / self.alone_s:.0%} of the time, and nothing shortens a call")
        return "; ".join(found) or "drafts right and in time, but nearly as slow as the target"


def late(row: Row) -> bool:
    """Whether the draft was no sooner there than its verdict."""
    return row.draft_s is None or not row.drafts or row.draft_s >= row.target_s


def lost(source: str, trace: Trace, ours: Run, alone: Run) -> Lost:
    """How this run went."""
    return Lost(
        source=source,
        task=trace.task,
        ratio=ours.total_s / alone.total_s if alone.total_s else 1.0,
        alone_s=alone.total_s,
        total_s=ours.total_s,
        steps=len(trace.rows),
        rejected=sum(not late(row) and not row.right for row in trace.rows),
        late=sum(map(late, trace.rows)),
        longest_s=max(row.target_s for row in trace.rows),
    )


@dataclass(slots=True)
class Waited:
    """Steps of one kind, and how long the plan waited for them."""

    steps: int = 0
    seconds: float = 0.0


def cause(before: Row | None) -> str:
    """What decides how long the plan waits for a step: the draft of the one before, under which its call could begin early."""
    if before is None:
        return "the first step: nothing to build on"
    if late(before):
        return "the draft before it came no sooner than the verdict"
    return "the draft before it was right" if before.right else "the draft before it was rejected"


@dataclass(slots=True)
class Gathered:
    """What has been compared so far: each source by itself, all together, the worst runs, and a fair sample.

    Args:
        schedulers: what is compared, the target alone among it.
        shown: the scheduler that is looked into.
    """

    schedulers: Mapping[str, Scheduler]
    shown: str
    prices: TokenPrices
    seed: int
    together: Comparison = field(init=False)
    by_source: list[tuple[Source, Comparison]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    right: list[Acceptance] = field(default_factory=lambda: [Acceptance() for _ in range(MOST_POSITIONS)])
    kept: list[tuple[float, str, Trace]] = field(default_factory=list)
    stopped: bool = False
    _worst: list[tuple[float, int, Lost]] = field(default_factory=list)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.together = Comparison(self.schedulers)
        self._dice = random.Random(self.seed)  # noqa: S311 - dice, no secrets

    def begin(self, source: Source) -> None:
        """What is added from now on comes from ``source``."""
        self.by_source.append((source, Comparison(self.schedulers)))

    def add(self, trace: Trace) -> None:
        """One more recorded run."""
        source, comparison = self.by_source[-1]
        done = run_all(trace, self.schedulers, self.prices, comparison.learned)
        comparison.add(done)
        self.together.add(done)
        found = lost(source.name, trace, done[self.shown], done[ALONE])
        self._note_worst(found)
        self._note_right(trace.rows)
        self._keep(found.ratio, source.name, trace)

    def _note_worst(self, found: Lost) -> None:
        entry = (found.ratio, -self.together.runs, found)
        push = heapq.heappush if len(self._worst) < WORST_KEPT else heapq.heappushpop
        push(self._worst, entry)

    def _note_right(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.drafts and row.draft_s is not None:
                tally = self.right[min(row.at, MOST_POSITIONS - 1)]
                tally.accepted += row.right
                tally.rejected += not row.right

    def _keep(self, ratio: float, source: str, trace: Trace) -> None:
        """A fair sample of all runs so far (reservoir sampling)."""
        if len(self.kept) < MOST_KEPT:
            self.kept.append((ratio, source, trace))
        elif (place := self._dice.randrange(self.together.runs)) < MOST_KEPT:
            self.kept[place] = (ratio, source, trace)

    @property
    def worst(self) -> list[Lost]:
        """Those that gained least, the worst first."""
        return [entry[2] for entry in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))]

    @property
    def middling(self) -> tuple[float, str, Trace]:
        """The run of the sample that gained neither much nor little; of those with several steps, where there are."""
        several = [entry for entry in self.kept if len(entry[2].rows) > 2] or self.kept
        ordered = sorted(several, key=lambda entry: entry[0])
        return ordered[len(ordered) // 2]

    def waited(self) -> dict[str, Waited]:
        """What the plans of the sample waited for under the shown scheduler, by cause."""
        found: dict[str, Waited] = {}
        make = self.schedulers[self.shown]
        for _, _, trace in self.kept:
            for before, wait_s in zip((None, *trace.rows[:-1]), waits(trace, make(trace), self.prices), strict=True):
                tally = found.setdefault(cause(before), Waited())
                tally.steps += 1
                tally.seconds += wait_s
        return found


def shown_of(names: Sequence[str]) -> str:
    """The scheduler that a report looks into: `lookahead-4` if it is there, else the first that speculates."""
    others = [name for name in names if name not in (ALONE, ORACLE)]
    return "lookahead-4" if "lookahead-4" in others else (others or [ALONE])[0]
