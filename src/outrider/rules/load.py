"""What calls that are under way together do to one another's time.

A server that computes several replies at once is slower at each. It shows in two ways: a call takes longer the more others are
under way when it begins (a queue), or the more of them there are all through it (shared processors). Both are estimated, and
the worse counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LEAST_SEEN: Final = 4
"""With fewer calls seen, nothing is said of what they do to one another."""

DOUBT: Final = 20.0
"""A slope that is the square root of so many times its standard error counts half."""


@dataclass(slots=True)
class Slowdown:
    """How much longer a target call takes for each other call beside it: the slope of a line, by least squares.

    It is drawn towards 0 by what chance would do to it, ``s * s² / (s² + DOUBT * e²)`` for a slope ``s`` of standard error ``e``:
    counted in full, the slope that chance gives to a few calls would talk us out of speculating; counted only where it is
    certain, a jam would go on until it is.
    """

    count: float = 0.0
    others: float = 0.0
    seconds: float = 0.0
    others_squared: float = 0.0
    seconds_squared: float = 0.0
    product: float = 0.0
    _s_per_call: float | None = None

    def learn(self, others: float, seconds: float) -> None:
        """A target call beside so many others has taken so long."""
        self.count += 1
        self.others += others
        self.seconds += seconds
        self.others_squared += others * others
        self.seconds_squared += seconds * seconds
        self.product += others * seconds
        self._s_per_call = None

    @property
    def s_per_call(self) -> float:
        """Seconds that one more call costs each target call; never negative."""
        if self._s_per_call is None:
            self._s_per_call = self._slope()
        return self._s_per_call

    def share(self, others: float) -> float:
        """By which share of its time a call beside ``others`` takes longer for one more, from 0 to 1."""
        slope = self.s_per_call
        if slope <= 0:
            return 0.0
        alone_s = (self.seconds - slope * self.others) / self.count
        return slope / max(slope, alone_s + slope * others)

    def _slope(self) -> float:
        if self.count < LEAST_SEEN:
            return 0.0
        spread = self.others_squared - self.others**2 / self.count
        if spread <= 1e-9 * self.others_squared:
            return 0.0  # all had equally many beside them
        slope = (self.product - self.others * self.seconds / self.count) / spread
        if slope <= 0:
            return 0.0
        unexplained = self.seconds_squared - self.seconds**2 / self.count - slope * slope * spread
        variance = max(0.0, unexplained) / (self.count - 2) / spread
        return slope * slope**2 / (slope**2 + DOUBT * variance)


@dataclass(slots=True)
class Beside:
    """How many other calls there were beside a call: when it began, and in the mean over its time."""

    at_first: float = 0.0
    throughout: float = 0.0


@dataclass(slots=True)
class UnderWay:
    """The calls that are under way, and how many seconds of calls there have been up to ``now_s``."""

    now_s: float = 0.0
    call_seconds: float = 0.0
    began: dict[int, tuple[float, float, int]] = field(default_factory=dict)
    """For each call when it began, the seconds of calls there had been by then, and how many were under way."""

    def at(self, now_s: float) -> None:
        """Time has passed."""
        self.call_seconds += len(self.began) * (now_s - self.now_s)
        self.now_s = now_s

    def begin(self, call: int) -> None:
        """One more is under way."""
        self.began[call] = self.now_s, self.call_seconds, len(self.began)

    def end(self, call: int) -> Beside:
        """It has ended: what there was beside it."""
        began_s, by_then, others = self.began.pop(call)
        seconds = self.now_s - began_s
        mean = (self.call_seconds - by_then) / seconds - 1 if seconds > 0 else float(others)
        return Beside(float(others), max(0.0, mean))
