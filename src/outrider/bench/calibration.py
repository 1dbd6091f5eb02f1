"""Fitting the simulator to the authors' figures, and what it then says of each of their rows.

Three figures of a run with speculation stand against three unknowns. The published loop is simulated over a grid of acceptances
and draft times; what the bill and the most calls at once come to there depends on these two alone. Whatever time is then missing
is laid to the slowdown: the factor by which calls take longer while others run beside them. Seconds of a target call follow from
the time without speculation. All else is assumed, and said so in ``paper``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from outrider.bench.paper import (
    DRAFT_SPREAD,
    TARGET_SPREAD,
    TOKENS_A_VERDICT,
    Fit,
    Published,
    draft_length,
    draft_price,
)
from outrider.rules import Batch
from outrider.simulate.arrays import Array, np
from outrider.simulate.episode import TICKS_A_SECOND
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import Scheduler
from outrider.simulate.vectorised import outcomes

K: Final = 4
"""Drafts of a batch, as the authors had it."""

TOLERANCE: Final = 0.02
"""A figure is reproduced that is nearer than this share of it."""

EPISODES: Final = 1500
"""So many episodes are simulated for a point of the grid."""

ACCEPTANCES: Final = tuple(step / 50 for step in range(51))
DRAFT_SHARES: Final = tuple(step / 50 for step in range(1, 46))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Means over episodes: seconds and output tokens of each agent, in multiples of the target alone's; most calls at once."""

    time: float
    draft_tokens: float
    target_tokens: float
    calls_max: float

    def cost(self, price: float) -> float:
        """The bill, if a token of the drafter costs ``price`` of the target's."""
        return self.draft_tokens * price + self.target_tokens


@dataclass(frozen=True, slots=True, eq=False)
class _Dice:
    """What is drawn once, for one length of plan, and serves every point of the grid: differences are differences in pairs."""

    luck: Array
    draft: Array
    target: Array


class Plans:
    """Plans of some world's lengths, to be run with any acceptance and draft time. The same for the same seed."""

    def __init__(self, lengths: Mapping[int, int], *, episodes: int = EPISODES, seed: int = 0) -> None:
        rng, whole = np.random.default_rng(seed), sum(lengths.values())
        self._dice = [_rolled(rng, (steps, max(1, round(episodes * plans / whole)))) for steps, plans in lengths.items()]

    def run(self, scheduler: Scheduler, *, acceptance: float, draft_share: float, draft_length: float) -> Outcome:
        """What they come to, in multiples of the target alone's."""
        sums = np.zeros(5)
        for dice in self._dice:
            found = outcomes(_episodes(dice, acceptance, draft_share, draft_length), scheduler)
            sums += [
                found.total_s.sum(), found.draft_tokens.sum(), found.target_tokens.sum(), found.calls_max.sum(),
                len(found.total_s),
            ]  # fmt: skip
        alone_s = sum(float(dice.target.sum()) for dice in self._dice)
        alone_tokens = alone_s * TOKENS_A_VERDICT
        time, draft, target, calls, count = (float(value) for value in sums)
        return Outcome(
            time=time / alone_s, draft_tokens=draft / alone_tokens, target_tokens=target / alone_tokens, calls_max=calls / count
        )


def _rolled(rng: np.random.Generator, shape: tuple[int, int]) -> _Dice:
    return _Dice(rng.random(shape), _about_one(rng, shape, DRAFT_SPREAD), _about_one(rng, shape, TARGET_SPREAD))


def _about_one(rng: np.random.Generator, shape: tuple[int, int], spread: float) -> Array:
    """Log-normal numbers with mean 1 and this standard deviation."""
    variance = math.log1p(spread * spread)
    drawn: Array = np.exp(rng.normal(-variance / 2, math.sqrt(variance), shape))
    return drawn


def _episodes(dice: _Dice, acceptance: float, draft_share: float, draft_length: float) -> Episodes:
    """In ticks, with the target's mean call as a second."""
    return Episodes(
        dice.luck < acceptance,
        np.maximum(1.0, np.rint(dice.draft * (draft_share * TICKS_A_SECOND))),
        np.maximum(1.0, np.rint(dice.target * TICKS_A_SECOND)),
        np.rint(dice.draft * (draft_length * TOKENS_A_VERDICT)),
        np.rint(dice.target * TOKENS_A_VERDICT),
    )


# Fitting ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of the grid: what it assumes, and how far the worst of time, cost and calls is from the authors', as a share."""

    acceptance: float
    draft_share: float
    slowdown: float
    error: float


def fitted(
    setting: Published,
    plans: Plans,
    acceptances: Sequence[float] = ACCEPTANCES,
    draft_shares: Sequence[float] = DRAFT_SHARES,
) -> Fit:
    """The parameters that reproduce ``setting``: of all that do within the tolerance, those with the least slowdown."""
    return chosen([_point(setting, plans, p, share) for share in draft_shares for p in acceptances])


def _point(setting: Published, plans: Plans, acceptance: float, draft_share: float) -> Point:
    length = draft_length(setting, draft_share)
    found = plans.run(Batch(K), acceptance=acceptance, draft_share=draft_share, draft_length=length)
    slowdown = max(1.0, setting.time_ratio / found.time)
    pairs = (
        (found.time * slowdown, setting.time_ratio),
        (found.cost(draft_price(setting)), setting.cost_ratio),
        (found.calls_max, setting.calls_max),
    )
    error = max(abs(ours / theirs - 1) for ours, theirs in pairs)
    return Point(acceptance=acceptance, draft_share=draft_share, slowdown=slowdown, error=error)


def chosen(points: Sequence[Point]) -> Fit:
    """The best of them, and the range of those within the tolerance."""
    good = [point for point in points if point.error <= TOLERANCE]
    best = min(good, key=lambda point: (point.slowdown, point.error)) if good else min(points, key=lambda point: point.error)
    near = good or [best]
    return Fit(
        acceptance=best.acceptance,
        draft_share=best.draft_share,
        slowdown=round(best.slowdown, 4),
        acceptance_range=_range([point.acceptance for point in near]),
        draft_share_range=_range([point.draft_share for point in near]),
        slowdown_range=_range([round(point.slowdown, 4) for point in near]),
        fits=bool(good),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)
