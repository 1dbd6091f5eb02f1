"""What is known of a pair of agents: how long their calls take and cost, and how often a draft holds. Pure running estimates.

Everything is learned from calls that ended and drafts that met their verdict. A call that was closed early tells only that it
would have taken longer, so durations are estimated as survival times (Kaplan and Meier, 1958): leaving such calls out would make
the target look faster the more of its calls are closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import inf, sqrt
from typing import Final

from outrider.model import Role, Usage

REMEMBERED: Final = 48
"""So many of the latest durations and prices count."""

PRIOR_S: Final[dict[Role, float]] = {"approximation": 1.5, "target": 5.0}
"""Before the first call has ended: an ordinary hosted model, drafting directly and thinking first."""

MOST_DRAFTERS: Final = 8
"""A drafter beyond so many counts like the last of them."""

OVERDUE: Final = 0.2
"""A call that has run longer than any before it is expected to need this share of its time once more."""

ASSUMED_USD_PER_TOKEN: Final = 2e-6
"""What a token is taken to cost where its price is unknown: not nothing. For weighing only; it is never shown as a cost."""

ASSUMED_TOKENS: Final = 500
"""What a call is taken to use where nobody counts its tokens."""

PRIOR_STRENGTH: Final = 2.0
"""What is expected beforehand counts as if so many drafts had been judged."""

CONTEXT_STRENGTH: Final = 4.0
"""What is known of all drafts counts, for those of one kind, as if so many of that kind had been judged."""

MOST_JUDGED: Final = 200.0
"""Older judgements fade: beyond so many, each counts half."""

MOST_RANKS: Final = 8
"""A guess beyond so many counts like the last of them."""

FIRST_HOLDS: Final = 0.5
"""How often a drafter's first guess is expected to hold before any has been judged."""

OTHER_HOLDS: Final = 0.2
"""How often another guess is expected to."""

UNSURE: Final = 1.5
"""So many standard errors are allowed to be mistaken about a drafter before it is given up."""

FINISHES: Final = 1 / 8
"""How often a step is expected to be the last one before any has been seen."""


# Durations ----------------------------------------------------------------------------------------------------------

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
        if self._curve:
            return
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


# How often ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """How many of a kind were judged, and how many of them held."""

    accepted: float = 0.0
    judged: float = 0.0

    def learn(self, accepted: bool) -> None:
        """One more was judged."""
        if self.judged >= MOST_JUDGED:
            self.accepted, self.judged = self.accepted / 2, self.judged / 2
        self.accepted += accepted
        self.judged += 1

    def rate(self, expected: float, strength: float) -> float:
        """The share that holds, drawn towards ``expected`` as if ``strength`` had been judged so."""
        return (self.accepted + strength * expected) / (self.judged + strength)


# Dollars ------------------------------------------------------------------------------------------------------------


def weighed_usd(usage: Usage) -> float:
    """The cost, or what it is taken for where the price is unknown."""
    if usage.cost_usd is not None:
        return usage.cost_usd
    tokens = ASSUMED_TOKENS if usage.counted == "unknown" else usage.tokens
    return tokens * ASSUMED_USD_PER_TOKEN


@dataclass(slots=True)
class Prices:
    """What calls of one kind cost: the mean of those seen."""

    seen: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _mean_usd: float | None = None

    def learn(self, usd: float) -> None:
        """A call has cost this."""
        self.seen.append(usd)
        self._mean_usd = None

    @property
    def mean_usd(self) -> float:
        """The expected cost."""
        if self._mean_usd is None:
            self._mean_usd = sum(self.seen) / len(self.seen) if self.seen else ASSUMED_TOKENS * ASSUMED_USD_PER_TOKEN
        return self._mean_usd


@dataclass(slots=True)
class AtOnce:
    """Which share of a call's cost is due as soon as it begins, its prompt; the rest comes evenly with its time.

    A call closed after the share ``x`` of its time has cost ``s + (1 - s) x`` of a whole one. ``s`` is the ratio of what was
    seen of it, drawn towards one half as if one call that was closed at once had shown that.
    """

    due: float = 0.0
    left: float = 0.0

    def learn(self, cost: float, time: float) -> None:
        """A call was closed after the share ``time`` of its time; it had cost the share ``cost``."""
        if self.left >= MOST_JUDGED:
            self.due, self.left = self.due / 2, self.left / 2
        self.due += min(1.0, max(0.0, cost - time))
        self.left += max(0.0, 1 - time)

    @property
    def share(self) -> float:
        """The share due at once, from 0 to 1."""
        return min(1.0, (self.due + 0.5) / (self.left + 1))


# Slowing one another down -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Slowdown:
    """How much longer a target call takes for each other call that is under way when it begins: the slope of a line.

    Least squares over what was seen. It counts as far as it lies two standard errors above 0: the slope that chance gives to a
    few calls would talk us out of speculating.
    """

    count: float = 0.0
    others: float = 0.0
    seconds: float = 0.0
    others_squared: float = 0.0
    seconds_squared: float = 0.0
    product: float = 0.0
    _s_per_call: float | None = None

    def learn(self, others: float, seconds: float) -> None:
        """A target call that began beside so many others has taken so long."""
        self.count += 1
        self.others += others
        self.seconds += seconds
        self.others_squared += others * others
        self.seconds_squared += seconds * seconds
        self.product += others * seconds
        self._s_per_call = None

    @property
    def s_per_call(self) -> float:
        """Seconds that one more call surely costs each target call; never negative."""
        if self._s_per_call is None:
            self._s_per_call = max(0.0, self._slope())
        return self._s_per_call

    def _slope(self) -> float:
        if self.count < 4:
            return 0.0
        spread = self.others_squared - self.others**2 / self.count
        if spread <= 1e-9 * self.others_squared:
            return 0.0  # all began beside equally many
        slope = (self.product - self.others * self.seconds / self.count) / spread
        unexplained = self.seconds_squared - self.seconds**2 / self.count - slope * slope * spread
        return slope - 2 * sqrt(max(0.0, unexplained) / (self.count - 2) / spread)


# All of it ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Calls:
    """What is known of one agent's calls."""

    durations: Durations
    prices: Prices = field(default_factory=Prices)


def _unknown(role: Role) -> Calls:
    return Calls(Durations(PRIOR_S[role]))


@dataclass(slots=True)
class Estimates:
    """Everything that is known of a pair of agents in a world."""

    target: Calls = field(default_factory=lambda: _unknown("target"))
    drafters: list[Calls] = field(default_factory=lambda: [_unknown("approximation")])
    at_once: AtOnce = field(default_factory=AtOnce)
    slowdown: Slowdown = field(default_factory=Slowdown)
    by_rank: dict[int, Tally] = field(default_factory=dict)
    by_action: dict[str, Tally] = field(default_factory=dict)
    """First guesses by the action that was guessed."""
    ends: Tally = field(default_factory=Tally)

    # Learning ---------------------------------------------------------------------------------------------------------

    def drafter(self, number: int) -> Calls:
        """What is known of one of several drafters."""
        number = min(number, MOST_DRAFTERS - 1)
        while len(self.drafters) <= number:
            self.drafters.append(_unknown("approximation"))
        return self.drafters[number]

    def learn_answer(self, role: Role, drafter: int, seconds: float, usage: Usage, others: int) -> None:
        """A call was answered that began beside ``others``."""
        calls = self.target if role == "target" else self.drafter(drafter)
        calls.durations.learn(seconds, ended=True)
        calls.prices.learn(weighed_usd(usage))
        if role == "target":
            self.slowdown.learn(others, seconds)

    def learn_closed(self, role: Role, drafter: int, seconds: float, usage: Usage) -> None:
        """A call was closed after so many seconds."""
        calls = self.target if role == "target" else self.drafter(drafter)
        mean_s, mean_usd = calls.durations.mean_s, calls.prices.mean_usd
        if role == "target" and calls.prices.seen and mean_usd > 0 and seconds < mean_s:
            self.at_once.learn(weighed_usd(usage) / mean_usd, seconds / mean_s)
        calls.durations.learn(seconds, ended=False)

    def learn_judgement(self, action: str, rank: int, accepted: bool) -> None:
        """A guess of ``action`` has met its verdict; ``rank`` 0 is the drafter's best."""
        self.by_rank.setdefault(min(rank, MOST_RANKS - 1), Tally()).learn(accepted)
        if rank == 0:
            self.by_action.setdefault(action, Tally()).learn(accepted)

    def learn_step(self, is_finish: bool) -> None:
        """A step was confirmed."""
        self.ends.learn(is_finish)

    # What follows -----------------------------------------------------------------------------------------------------

    def holds(self, rank: int, action: str) -> float:
        """The probability that a guess of ``action`` holds."""
        rate = self.rate(rank)
        if rank or action not in self.by_action:
            return rate
        return self.by_action[action].rate(rate, CONTEXT_STRENGTH)

    def others_would_hold(self, guessed: int) -> Iterator[float]:
        """For each guess beyond so many: the probability that a drafter makes it and it holds, as far as that was ever seen."""
        first = self.by_rank.get(0, NOBODY).judged
        for rank, tally in sorted(self.by_rank.items()):
            if rank >= max(1, guessed):
                yield min(1.0, tally.judged / first) * self.rate(rank) if first else 0.0

    def rate(self, rank: int) -> float:
        """The probability that a guess holds, whatever it is."""
        rank = min(rank, MOST_RANKS - 1)
        return self.by_rank.get(rank, NOBODY).rate(OTHER_HOLDS if rank else FIRST_HOLDS, PRIOR_STRENGTH)

    @property
    def might_hold(self) -> float:
        """How often first guesses might hold for all that is known: ``UNSURE`` standard errors above what is expected."""
        rate, judged = self.rate(0), self.by_rank.get(0, NOBODY).judged
        return min(1.0, rate + UNSURE * sqrt(rate * (1 - rate) / (judged + PRIOR_STRENGTH)))

    @property
    def finish(self) -> float:
        """The probability that a step is the last one."""
        return self.ends.rate(FINISHES, PRIOR_STRENGTH)

    def closed_usd(self, time: float) -> float:
        """What a target call is expected to have cost when it is closed after the share ``time`` of its time."""
        at_once = self.at_once.share
        return self.target.prices.mean_usd * (at_once + (1 - at_once) * min(1.0, time))


NOBODY: Final = Tally()
"""Of nobody anything is known; it is never told anything."""
