"""How long calls take. A call that was closed early tells only that it would have taken longer.

So durations are estimated as survival times (Kaplan and Meier, 1958): leaving such calls out would make the target look faster
the more of its calls are closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from typing import Final

REMEMBERED: Final = 48
"""So many of the latest durations and prices count."""

OVERDUE: Final = 0.2
"""A call that has run longer than any before it is expected to need this share of its time once more."""

Curve = list[tuple[float, float]]
"""After each duration, the share of calls that last longer; it ends at 0."""


@dataclass(slots=True)
class Durations:
    """How long calls of one kind take: ``seen`` are seconds, and whether the call had ended by itself then."""

    prior_s: float
    seen: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _curve: Curve = field(default_factory=list)
    _mean_s: float = 0.0
    _sample: tuple[float, ...] = ()

    def learn(self, seconds: float, *, ended: bool) -> None:
        """A call took so long; or it was closed then and would have taken longer."""
        self.seen.append((max(0.0, seconds), ended))
        self._curve = []

    @property
    def mean_s(self) -> float:
        """The expected seconds of a call."""
        self._look()
        return self._mean_s

    @property
    def sample(self) -> tuple[float, ...]:
        """Five calls that stand for all: the 10th, 30th, 50th, 70th and 90th percentile, as shares of their mean."""
        self._look()
        return self._sample

    def remaining_s(self, elapsed_s: float) -> float:
        """The expected seconds until a call ends that has run for ``elapsed_s``; overdue ones are due soon, not at once."""
        self._look()
        at = bisect_right(self._curve, (elapsed_s, inf))
        if at == len(self._curve):
            return OVERDUE * max(elapsed_s, OVERDUE * self.prior_s)
        left = self._curve[at - 1][1] if at else 1.0
        return _area(self._curve[at:], elapsed_s, left) / left

    def _look(self) -> None:
        """What follows from all that was seen, worked out when it is asked for."""
        if not self._curve:
            self._work_out()

    def _work_out(self) -> None:
        self._curve = kaplan_meier(self.seen, self.prior_s)
        self._mean_s = _area(self._curve, 0.0, 1.0)
        shares = [_quantile(self._curve, tenths / 10) for tenths in (1, 3, 5, 7, 9)]
        whole = sum(shares)
        self._sample = tuple(len(shares) * share / whole for share in shares) if whole > 0 else (1.0,)


def kaplan_meier(seen: Iterable[tuple[float, bool]], prior_s: float) -> Curve:
    """The share of calls that last longer than each duration seen; if the longest was closed, it is taken for the end.

    Where nothing has ended so far: all last as long as the longest that was closed, and at least ``prior_s``.
    """
    ordered = sorted(seen)
    if not any(ended for _, ended in ordered):
        return [(max([prior_s, *(seconds for seconds, _ in ordered)]), 0.0)]
    at_risk, share = len(ordered), 1.0
    curve: Curve = []
    for seconds, group in groupby(ordered, key=lambda entry: entry[0]):
        ends = [ended for _, ended in group]
        share *= 1 - sum(ends) / at_risk
        at_risk -= len(ends)
        curve.append((seconds, share))
    curve[-1] = curve[-1][0], 0.0
    return curve


def _area(curve: Curve, from_s: float, share: float) -> float:
    """Under the curve from ``from_s`` on, where so large a ``share`` lasts longer."""
    area = 0.0
    for until_s, survives in curve:
        area += share * (until_s - from_s)
        from_s, share = until_s, survives
    return area


def _quantile(curve: Curve, share: float) -> float:
    return next(seconds for seconds, survives in curve if survives <= 1 - share + 1e-9)
