"""What is known of a pair of agents: how long their calls take and cost, and how often a draft holds. Pure running estimates.

Everything is learned from calls that ended and drafts that met their verdict.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from outrider.model import Role, Usage
from outrider.rules.durations import REMEMBERED, Durations
from outrider.rules.load import Beside, Slowdown
from outrider.rules.tallies import CONTEXT_STRENGTH, MOST_JUDGED, PRIOR_STRENGTH, Contexts, Tally

PRIOR_S: Final[dict[Role, float]] = {"approximation": 1.5, "target": 5.0}
"""Before the first call has ended: an ordinary hosted model, drafting directly and thinking first."""

MOST_DRAFTERS: Final = 8
"""A drafter beyond so many counts like the last of them."""

ASSUMED_USD_PER_TOKEN: Final = 2e-6
"""What a token is taken to cost where its price is unknown: not nothing. For weighing only; it is never shown as a cost."""

ASSUMED_TOKENS: Final = 500
"""What a call is taken to use where nobody counts its tokens."""

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


# All of it ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Company:
    """How many others there were beside calls of one kind, in the mean of those seen; old ones fade."""

    others: float = 0.0
    count: float = 0.0

    def learn(self, others: float) -> None:
        """Beside one more there were so many."""
        if self.count >= REMEMBERED:
            self.others, self.count = self.others / 2, self.count / 2
        self.others += others
        self.count += 1

    @property
    def mean(self) -> float:
        """So many others are beside such a call."""
        return self.others / self.count if self.count else 0.0


@dataclass(slots=True)
class Calls:
    """What is known of one agent's calls."""

    durations: Durations
    prices: Prices = field(default_factory=Prices)
    company: Company = field(default_factory=Company)


def _unknown(role: Role) -> Calls:
    return Calls(Durations(PRIOR_S[role]))


@dataclass(slots=True)
class Estimates:
    """Everything that is known of a pair of agents in a world."""

    target: Calls = field(default_factory=lambda: _unknown("target"))
    drafters: list[Calls] = field(default_factory=lambda: [_unknown("approximation")])
    at_once: AtOnce = field(default_factory=AtOnce)
    queueing: Slowdown = field(default_factory=Slowdown)
    """By how many others were under way when a call began."""
    sharing: Slowdown = field(default_factory=Slowdown)
    """By how many there were in the mean over its time."""
    by_rank: dict[int, Tally] = field(default_factory=dict)
    by_action: dict[str, Tally] = field(default_factory=dict)
    """First guesses by the action that was guessed."""
    contexts: Contexts = field(default_factory=Contexts)
    ends: Tally = field(default_factory=Tally)

    # Learning ---------------------------------------------------------------------------------------------------------

    def drafter(self, number: int) -> Calls:
        """What is known of one of several drafters."""
        number = min(number, MOST_DRAFTERS - 1)
        while len(self.drafters) <= number:
            self.drafters.append(_unknown("approximation"))
        return self.drafters[number]

    def learn_answer(self, role: Role, drafter: int, seconds: float, usage: Usage, beside: Beside) -> None:
        """A call was answered that had so many others beside it."""
        calls = self.target if role == "target" else self.drafter(drafter)
        calls.durations.learn(seconds, ended=True)
        calls.prices.learn(weighed_usd(usage))
        calls.company.learn(beside.throughout)
        if role == "target":
            self.queueing.learn(beside.at_first, seconds)
            self.sharing.learn(beside.throughout, seconds)

    def learn_closed(self, role: Role, drafter: int, seconds: float, usage: Usage) -> None:
        """A call was closed after so many seconds."""
        calls = self.target if role == "target" else self.drafter(drafter)
        mean_s, mean_usd = calls.durations.mean_s, calls.prices.mean_usd
        if role == "target" and calls.prices.seen and mean_usd > 0 and seconds < mean_s:
            self.at_once.learn(weighed_usd(usage) / mean_usd, seconds / mean_s)
        calls.durations.learn(seconds, ended=False)

    def learn_judgement(self, action: str, rank: int, accepted: bool, *, at: int = 0, confidence: float | None = None) -> None:
        """A guess of ``action`` for step ``at`` has met its verdict; ``rank`` 0 is the drafter's best."""
        self.contexts.learn(self._of_its_kind(rank, action), at, rank, confidence, accepted)
        self.by_rank.setdefault(min(rank, MOST_RANKS - 1), Tally()).learn(accepted)
        if rank == 0:
            self.by_action.setdefault(action, Tally()).learn(accepted)

    def learn_step(self, is_finish: bool) -> None:
        """A step was confirmed."""
        self.ends.learn(is_finish)

    # What follows -----------------------------------------------------------------------------------------------------

    def slowing(self, others: float) -> float:
        """By which share of its time a call beside ``others`` takes longer for one more; the worse of the two ways counts."""
        return max(self.queueing.share(others), self.sharing.share(others))

    def holds(self, rank: int, action: str, at: int = 0, confidence: float | None = None) -> float:
        """The probability that a guess of ``action`` for step ``at`` holds."""
        return self.contexts.lifted(self._of_its_kind(rank, action), at, rank, confidence)

    def _of_its_kind(self, rank: int, action: str) -> float:
        """The probability that such a guess holds, whatever its context."""
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
