"""What is said of a number over many episodes: its mean with an interval, its least. Summaries of parts add up to that of all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from outrider.simulate.arrays import Array, np

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a number over episodes: how many, their mean, the sum of squared differences from it, the least."""

    count: int
    mean: float
    squares: float
    least: float

    @classmethod
    def of(cls, values: Array) -> Summary:
        """Of these."""
        mean = float(np.mean(values))
        return cls(len(values), mean, float(np.sum((values - mean) ** 2)), float(np.min(values)))

    def __add__(self, other: Summary) -> Summary:
        """Of both together (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * other.count / count
        squares = self.squares + other.squares + apart * apart * self.count * other.count / count
        return Summary(count, mean, squares, min(self.least, other.least))

    @property
    def error(self) -> float | None:
        """The standard error of the mean; ``None`` for a single episode, which tells nothing of it."""
        return math.sqrt(self.squares / (self.count - 1) / self.count) if self.count > 1 else None

    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean, by Student's t."""
        if self.error is None:
            return None
        half = student(self.count - 1) * self.error
        return self.mean - half, self.mean + half


def student(freedom: int) -> float:
    """Student's two-sided 95 % quantile: exact for 1 and 2 degrees of freedom, else within 0.2 % (Abramowitz, Stegun 26.7.5)."""
    if freedom == 1:
        return 1 / math.tan((1 - CONFIDENCE) * math.pi / 2)
    if freedom == 2:
        rest = 1 - CONFIDENCE
        return math.sqrt(2.0 / (rest * (2.0 - rest)) - 2.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))


def ratio(total: Summary, alone: Summary, saved: Summary) -> tuple[float, tuple[float, float] | None]:
    """Total time over the target alone's, as a ratio of means, and its 95 % interval by the delta method, in pairs."""
    quotient = total.mean / alone.mean
    if total.count < 2:
        return quotient, None
    together = (total.squares + alone.squares - saved.squares) / 2
    squares = total.squares - 2 * quotient * together + quotient**2 * alone.squares
    error = math.sqrt(max(0.0, squares) / (total.count - 1) / total.count) / alone.mean
    half = student(total.count - 1) * error
    return quotient, (quotient - half, quotient + half)
