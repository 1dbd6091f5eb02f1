"""What to expect of as many more runs.

The intervals here are *prediction* intervals: where the figure will be over as many further runs of the same kind. For a ratio of
sums ``R`` over ``n`` runs with residuals ``(ours - R * alone) / (1 - share of alone)`` of standard deviation ``s``, and ``m``
further runs, it is ``R ± t s / a * sqrt(1/n + 1/m)``, with the mean ``a`` of the target alone and Student's ``t`` with ``n - 1``
degrees of freedom: the jackknife for a ratio (Miller, *The jackknife: a review*, 1974), with the spread of the further runs added
to that of the estimate. Runs that learn from one another also depend on their order: ``widened`` adds that.
``scripts/check_advice.py`` counts on held-out halves how often the intervals hold.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import NormalDist, variance
from typing import Final, TypeAlias

from outrider.bench.statistics import Estimate
from outrider.errors import BadOption

Pairs: TypeAlias = tuple[Sequence[float], Sequence[float]]
"""Ours and the target alone's, run by run."""

FEWEST_RUNS: Final = 5
"""Of fewer runs nothing is concluded."""


def t_quantile(probability: float, freedom: int) -> float:
    """Student's t, by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5): to 1 % from 3 degrees of freedom on."""
    z = NormalDist().inv_cdf(probability)
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + g1 / freedom + g2 / freedom**2 + g3 / freedom**3


def predicted_ratio(ours: Sequence[float], theirs: Sequence[float], further: int) -> Estimate:
    """The ratio of the sums, and where that of ``further`` more pairs will lie, 95 times of 100."""
    n, whole = len(ours), sum(theirs)
    if not whole > 0:
        raise BadOption("the target alone takes no time and no money in all; there is nothing to compare with")
    value = sum(ours) / whole
    # Each residual as it would be if the ratio had been estimated without that run, since a long run draws the ratio to itself.
    residuals = [(a - value * b) / (1 - b / whole) if b < whole else 0.0 for a, b in zip(ours, theirs, strict=True)]
    reach = _reach(residuals, further)
    return Estimate(value, None if reach is None else (value - reach * n / whole, value + reach * n / whole))


def predicted_mean(values: Sequence[float], further: int) -> Estimate:
    """The mean, and where that of ``further`` more values will lie, 95 times of 100."""
    value = sum(values) / len(values)
    reach = _reach([x - value for x in values], further)
    return Estimate(value, None if reach is None else (value - reach, value + reach))


def widened(estimate: Estimate, in_other_orders: Sequence[float]) -> Estimate:
    """``estimate`` of runs that learn from one another, with how much it depends on their order added to its interval.

    ``in_other_orders`` is the figure of the same runs, begun anew in other orders. With the standard deviation ``o`` of all these
    figures, its own included, the reach ``r`` of the interval becomes ``sqrt(r^2 + 2 t^2 o^2)``: these runs have one order, the
    further ones another.
    """
    if estimate.interval is None:
        return estimate
    value, found = estimate.value, [estimate.value, *in_other_orders]
    of_order = t_quantile(0.975, len(found) - 1) * variance(found) ** 0.5
    reach = ((value - estimate.interval[0]) ** 2 + 2 * of_order**2) ** 0.5
    return Estimate(value, (value - reach, value + reach))


def _reach(residuals: Sequence[float], further: int) -> float | None:
    """How far the mean of ``further`` more may lie from that of these."""
    n = len(residuals)
    if n < FEWEST_RUNS:
        return None
    deviation = (sum(x * x for x in residuals) / (n - 1)) ** 0.5
    reach: float = t_quantile(0.975, n - 1) * deviation * (1 / n + 1 / further) ** 0.5
    return reach


def holds(expected: Estimate, then: Pairs) -> bool:
    """Whether the interval holds the ratio of the pairs that came ``then``."""
    interval = expected.interval
    return interval is not None and interval[0] <= sum(then[0]) / sum(then[1]) <= interval[1]


def held(ours: Sequence[float], theirs: Sequence[float], *, splits: int, seed: int) -> float:
    """In how many of so many random halvings the interval predicted from one half held the other half's ratio: the share.

    It is for runs that know nothing of one another. Those of a lookahead that learns have to be run again, each half by itself.
    """
    dice, numbers, count = random.Random(seed), list(range(len(ours))), 0  # noqa: S311 - dice, no secrets
    for _ in range(splits):
        dice.shuffle(numbers)
        half, rest = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        first, then = (([ours[i] for i in chosen], [theirs[i] for i in chosen]) for chosen in (half, rest))
        count += holds(predicted_ratio(*first, len(rest)), then)
    return count / splits
