"""What is known of a pair of agents: how long their calls take and cost, and how often a draft holds. A pure running estimate.

Everything is learned from calls that ended and drafts that met their verdict. A cancelled call tells only that it would have
taken longer, so durations are estimated as survival times (Kaplan and Meier, 1958): leaving cancelled calls out would make the
target look faster the more of its calls are closed early.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any, ClassVar, Final, Literal, TypeAlias

from outrider.model import JSON, Role, Step, Usage

REMEMBERED: Final = 48
"""So many of the latest durations and prices count."""

PRIOR_S: Final[dict[Role, float]] = {"approximation": 1.5, "target": 5.0}
"""Before the first call has ended: an ordinary hosted model, drafting directly and thinking first."""

ASSUMED_USD_PER_TOKEN: Final = 2e-6
"""What a token is taken to cost where its price is unknown: not nothing. For weighing only; it is never shown as a cost."""

ASSUMED_TOKENS: Final = 500
"""What a call is taken to use where nobody counts its tokens."""

PRIOR_STRENGTH: Final = 2.0
"""Acceptance begins at one half, as if so many drafts had been judged."""

CONTEXT_STRENGTH: Final = 4.0
"""So many judged drafts of one action weigh as much as everything that is known of the others."""

MOST_JUDGED: Final = 200.0
"""Older judgements fade: beyond so many, each counts half."""

Ended: TypeAlias = Literal["answered", "cancelled", "failed"]


@dataclass(slots=True)
class Durations:
    """How long calls of one kind take: ``seen`` are seconds, and whether the call had ended by itself then."""

    prior_s: float
    seen: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _curve: list[tuple[float, float]] | None = None

    def learn(self, seconds: float, *, ended: bool) -> None:
        """A call took so long; or it was closed then and would have taken longer."""
        self.seen.append((max(0.0, seconds), ended))
        self._curve = None

    @property
    def mean_s(self) -> float:
        """The expected seconds of a call."""
        return self.remaining_s(0.0)

    def remaining_s(self, elapsed_s: float) -> float:
        """The expected seconds until a call ends that has run for ``elapsed_s``; overdue ones are due soon, not at once."""
        curve = self._survival()
        held, area, at = 1.0, 0.0, 0.0
        left = 1.0  # how many calls last longer than elapsed_s
        for until, survives in [*curve, (float("inf"), 0.0)]:
            if until > elapsed_s and until != float("inf"):
                area += held * (until - max(at, elapsed_s))
            if until <= elapsed_s:
                left = survives
            held, at = survives, until
        return area / left if left > 0 and area > 0 else OVERDUE * max(elapsed_s, self.prior_s * OVERDUE)

    def _survival(self) -> list[tuple[float, float]]:
        """The Kaplan-Meier curve: after each duration, the share of calls that last longer. It ends at 0."""
        if self._curve is None:
            self._curve = _kaplan_meier(self.seen, self.prior_s)
        return self._curve


OVERDUE: Final = 0.2
"""A call that has run longer than any before it is expected to need this share of its time once more."""


def _kaplan_meier(seen: Iterable[tuple[float, bool]], prior_s: float) -> list[tuple[float, float]]:
    ordered = sorted(seen)
    if not any(ended for _, ended in ordered):  # nothing has ended so far: longer than all that was closed
        return [(max([prior_s, *(seconds for seconds, _ in ordered)]), 0.0)]
    at_risk, share = len(ordered), 1.0
    curve: list[tuple[float, float]] = []
    for seconds, group in groupby(ordered, key=lambda entry: entry[0]):
        ends = [ended for _, ended in group]
        share *= 1 - sum(ends) / at_risk
        at_risk -= len(ends)
        curve.append((seconds, share))
    last = curve[-1][0]
    return curve if share == 0 else [*curve[:-1], (last, 0.0)]  # the longest was closed: take it for the end


@dataclass(slots=True)
class Tally:
    """How many drafts of one kind met their verdict, and how many of them held."""

    accepted: float = 0.0
    judged: float = 0.0

    def learn(self, accepted: bool) -> None:
        """One more was judged."""
        if self.judged >= MOST_JUDGED:
            self.accepted, self.judged = self.accepted / 2, self.judged / 2
        self.accepted += accepted
        self.judged += 1

    def rate(self, expected: float, strength: float) -> float:
        """The share that holds, drawn towards ``expected`` as if ``strength`` drafts had been judged so."""
        return (self.accepted + strength * expected) / (self.judged + strength)


@dataclass(slots=True)
class Prices:
    """What calls of one kind cost: the mean of those seen."""

    seen: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def learn(self, usage: Usage) -> None:
        """A call has used this."""
        tokens = usage.prompt_tokens + usage.output_tokens
        if usage.cost_usd is None:
            tokens = ASSUMED_TOKENS if usage.counted == "unknown" else tokens
        self.seen.append(tokens * ASSUMED_USD_PER_TOKEN if usage.cost_usd is None else usage.cost_usd)

    def mean_usd(self, otherwise: float) -> float:
        """The expected cost."""
        return sum(self.seen) / len(self.seen) if self.seen else otherwise


@dataclass(slots=True)
class Slowdown:
    """How much longer a target call takes for each other call that is under way when it begins: the slope of a line.

    Least squares over what was seen, drawn towards 0 as if ``STRENGTH`` calls had shown no slowdown at all.
    """

    STRENGTH: ClassVar[float] = 4.0

    count: float = 0.0
    others: float = 0.0
    seconds: float = 0.0
    others_squared: float = 0.0
    product: float = 0.0

    def learn(self, others: int, seconds: float) -> None:
        """A target call that began beside so many others has taken so long."""
        self.count += 1
        self.others += others
        self.seconds += seconds
        self.others_squared += others * others
        self.product += others * seconds

    @property
    def s_per_call(self) -> float:
        """Seconds that one more call costs each target call; never negative."""
        if self.count < 2:
            return 0.0
        spread = self.others_squared - self.others**2 / self.count
        together = self.product - self.others * self.seconds / self.count
        return max(0.0, together / (spread + self.STRENGTH))


@dataclass(slots=True)
class Estimates:
    """Everything that is known of a pair of agents in a world."""

    durations: dict[Role, Durations] = field(
        default_factory=lambda: {role: Durations(prior_s) for role, prior_s in PRIOR_S.items()}
    )
    prices: dict[Role, Prices] = field(default_factory=lambda: {"approximation": Prices(), "target": Prices()})
    wasted: Prices = field(default_factory=Prices)
    slowdown: Slowdown = field(default_factory=Slowdown)
    by_rank: dict[int, Tally] = field(default_factory=dict)
    by_action: dict[str, Tally] = field(default_factory=dict)
    ends: Tally = field(default_factory=Tally)

    # Learning ---------------------------------------------------------------------------------------------------------

    def learn_call(self, role: Role, seconds: float, usage: Usage, ended: Ended, others: int) -> None:
        """A call has ended that began beside ``others``."""
        if ended == "failed":
            return
        self.durations[role].learn(seconds, ended=ended == "answered")
        if ended == "answered":
            self.prices[role].learn(usage)
            if role == "target":
                self.slowdown.learn(others, seconds)
        elif role == "target":
            self.wasted.learn(usage)

    def learn_judgement(self, step: Step, rank: int, accepted: bool) -> None:
        """A guess has met its verdict; ``rank`` 0 is the drafter's best."""
        self.by_rank.setdefault(rank, Tally()).learn(accepted)
        if rank == 0:
            self.by_action.setdefault(step.action, Tally()).learn(accepted)

    def learn_step(self, step: Step) -> None:
        """A step was confirmed."""
        self.ends.learn(step.is_finish)

    # What follows -----------------------------------------------------------------------------------------------------

    def acceptance(self, rank: int = 0, step: Step | None = None) -> float:
        """The probability that a guess holds; of ``step`` if it is known what was guessed."""
        rate = self.by_rank.get(rank, Tally()).rate(0.5 if rank == 0 else 0.1, PRIOR_STRENGTH)
        if rank or step is None or step.action not in self.by_action:
            return rate
        return self.by_action[step.action].rate(rate, CONTEXT_STRENGTH)

    @property
    def finish(self) -> float:
        """The probability that a step is the last one."""
        return self.ends.rate(1 / 8, PRIOR_STRENGTH)

    def usd(self, role: Role) -> float:
        """What a whole call is expected to cost."""
        return self.prices[role].mean_usd(ASSUMED_TOKENS * ASSUMED_USD_PER_TOKEN)

    @property
    def wasted_usd(self) -> float:
        """What a target call is expected to have cost when its prefix is rejected."""
        return self.wasted.mean_usd(self.usd("target"))

    # To keep, and to begin with ---------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, JSON]:
        """All of it, for later sessions to begin with."""
        return {
            "durations": {role: [[seconds, ended] for seconds, ended in kept.seen] for role, kept in self.durations.items()},
            "usd": {role: list(prices.seen) for role, prices in self.prices.items()},
            "wasted_usd": list(self.wasted.seen),
            "slowdown": [getattr(self.slowdown, entry.name) for entry in fields(self.slowdown)],
            "by_rank": {str(rank): [tally.accepted, tally.judged] for rank, tally in self.by_rank.items()},
            "by_action": {action: [tally.accepted, tally.judged] for action, tally in _most_judged(self.by_action)},
            "ends": [self.ends.accepted, self.ends.judged],
        }

    @classmethod
    def from_json(cls, found: JSON) -> Estimates:
        """What ``as_json`` gave, a little faded, so that what has not been seen for many sessions is forgotten.

        Raises:
            ValueError: it is not what ``as_json`` gives.
        """
        try:
            return cls._read(found)
        except (TypeError, KeyError, AttributeError, IndexError) as error:
            raise ValueError(f"these are no estimates: {type(error).__name__} {error}") from None

    @classmethod
    def _read(cls, found: Any) -> Estimates:
        known = cls()
        for role in PRIOR_S:
            for seconds, ended in found["durations"][role]:
                known.durations[role].learn(_number(seconds), ended=bool(ended))
            known.prices[role].seen.extend(_number(usd) for usd in found["usd"][role])
        known.wasted.seen.extend(_number(usd) for usd in found["wasted_usd"])
        known.slowdown = Slowdown(*(FADING * _number(value) for value in found["slowdown"]))
        known.by_rank = {int(rank): _faded(pair) for rank, pair in found["by_rank"].items()}
        known.by_action = {str(action): _faded(pair) for action, pair in found["by_action"].items()}
        known.ends = _faded(found["ends"])
        return known


FADING: Final = 0.9
"""What earlier sessions have counted counts so much less in each further one."""

MOST_ACTIONS: Final = 200
"""So many actions' tallies are kept, those of the most judged."""


def _most_judged(tallies: dict[str, Tally]) -> list[tuple[str, Tally]]:
    return sorted(tallies.items(), key=lambda entry: (-entry[1].judged, entry[0]))[:MOST_ACTIONS]


def _faded(pair: Any) -> Tally:
    accepted, judged = (_number(value) for value in pair)
    if accepted > judged:
        raise ValueError(f"{accepted} of {judged} drafts cannot have held")
    return Tally(FADING * accepted, FADING * judged)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{value!r} is no number from 0")
    return float(value)


def estimates_of(text: str) -> Estimates:
    """The estimates that are written in ``text``.

    Raises:
        ValueError: it holds none.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None
    return Estimates.from_json(found)
