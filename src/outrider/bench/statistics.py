"""What can be said of paired runs: ratios of sums and differences, each with its interval. Standard library only, seeded.

Intervals are percentile bootstraps over runs (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13): the
runs are drawn again with replacement, and the middle 95 % of what comes out is the interval. It is the runs' own spread, so for
few runs it is too narrow, and for one there is none.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

RESAMPLES: Final = 4_000
MOST_CELLS: Final = 512
"""So many numbers are kept of each series; from then on neighbours are added up, and a cell is several runs."""

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the middle 95 % of its bootstrap; ``None`` where a single run tells nothing of the spread."""

    value: float
    interval: Interval | None

    def rounded(self, digits: int) -> Estimate:
        """The same, with so many digits after the point."""
        low_high = None if self.interval is None else (round(self.interval[0], digits), round(self.interval[1], digits))
        return Estimate(round(self.value, digits), low_high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """In how many runs one was faster than, slower than, as fast as the other."""

    faster: int = 0
    slower: int = 0
    equal: int = 0


SAME_S: Final = 1e-6
"""Runs whose times differ by no more are equally fast: the virtual clock tells no finer."""


@dataclass(slots=True)
class Paired:
    """Two numbers a run, in bounded memory: ``ours`` and ``theirs``, cell by cell, with their signs and sums.

    Up to ``MOST_CELLS`` runs a cell is a run. From then on neighbouring cells are added up, so a cell is 2, 4, 8 … runs; with so
    many of them the bootstrap over cells and that over runs tell the same.
    """

    ours: array[float] = field(default_factory=lambda: array("d"))
    theirs: array[float] = field(default_factory=lambda: array("d"))
    runs: int = 0
    faster: int = 0
    slower: int = 0
    _cell: int = 1

    def add(self, ours: float, theirs: float) -> None:
        """One more run."""
        if self.runs % self._cell == 0:
            if len(self.ours) == MOST_CELLS:
                self._fold()
            self.ours.append(0.0)
            self.theirs.append(0.0)
        self.ours[-1] += ours
        self.theirs[-1] += theirs
        self.runs += 1
        self.faster += ours < theirs - SAME_S
        self.slower += ours > theirs + SAME_S

    def _fold(self) -> None:
        self.ours = array("d", map(sum, zip(self.ours[::2], self.ours[1::2], strict=True)))
        self.theirs = array("d", map(sum, zip(self.theirs[::2], self.theirs[1::2], strict=True)))
        self._cell *= 2

    @property
    def theirs_in_all(self) -> float:
        """The sum of theirs."""
        return sum(self.theirs)

    @property
    def signs(self) -> Signs:
        """In how many runs ours was less, more, the same."""
        return Signs(faster=self.faster, slower=self.slower, equal=self.runs - self.faster - self.slower)


def draws(cells: int, seed: int, resamples: int = RESAMPLES) -> list[list[int]]:
    """Which of so many cells are drawn, resample by resample. Series of the same runs share them: their intervals are paired."""
    dice = random.Random(seed)  # noqa: S311 - dice, no secrets
    return [dice.choices(range(cells), k=cells) for _ in range(resamples)]


def bootstrapped(figure: Callable[[Sequence[int]], float], cells: int, drawn: Sequence[Sequence[int]]) -> Interval | None:
    """The middle 95 % of ``figure`` over the resamples."""
    if cells < 2:
        return None
    return middle(sorted(map(figure, drawn)))


def middle(ordered: Sequence[float], share: float = 0.95) -> Interval:
    """The middle ``share`` of ``ordered`` values."""
    tail = (1 - share) / 2
    return ordered[round(tail * len(ordered))], ordered[round((1 - tail) * len(ordered)) - 1]


def ratio(paired: Paired, drawn: Sequence[Sequence[int]]) -> Estimate | None:
    """The sum of ours over the sum of theirs; ``None`` where theirs is nothing."""
    ours, theirs = paired.ours, paired.theirs
    whole = sum(theirs)
    if not whole > 0:
        return None

    def of(chosen: Sequence[int]) -> float:
        below = sum([theirs[i] for i in chosen])
        return sum([ours[i] for i in chosen]) / below if below else 0.0

    return Estimate(sum(ours) / whole, bootstrapped(of, len(ours), drawn))


def difference(paired: Paired, drawn: Sequence[Sequence[int]]) -> Estimate:
    """What ours is less than theirs, a run: the mean of the paired differences."""
    gains = [b - a for a, b in zip(paired.ours, paired.theirs, strict=True)]
    runs_a_cell = paired.runs / max(1, len(gains))

    def of(chosen: Sequence[int]) -> float:
        return sum([gains[i] for i in chosen]) / len(chosen) / runs_a_cell

    return Estimate(sum(gains) / max(1, paired.runs), bootstrapped(of, len(gains), drawn))


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % interval of a share (Wilson, *Probable inference*, 1927). ``trials`` is at least 1."""
    z, share = 1.959964, successes / trials
    below = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / below
    half = z / below * ((share * (1 - share) + z * z / (4 * trials)) / trials) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)
