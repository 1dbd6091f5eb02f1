"""The rules for one drafter and width 1, in NumPy: many episodes side by side, checked against the runtime one by one.

With one drafter the tree is a line: the path, and where its last draft is wrong, a tail that goes astray until the verdict is
in. One pass over the path gives all times (``line.py``); each tail is followed to its end, for what it costs. When a call ends
at the tick at which another begins, the end is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from outrider.rules import Sliding
from outrider.simulate.arrays import Array, NDArray, np
from outrider.simulate.episode import TICKS_A_SECOND, max_steps
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import ALL, OnPath, Rule, Scheduler, later, path, rule_of

Counts: TypeAlias = NDArray[np.integer[Any]]
"""How many, episode by episode."""


# What comes out -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """A number for each episode, as the figures of a run have them.

    ``draft_tokens`` and ``target_tokens`` are all output tokens by role. ``wasted_tokens`` are those of calls that were wasted or
    cancelled; a call that is cancelled has used its tokens in proportion to the time it had, rounded down. ``complete`` is 1
    where the plan came to its `finish`, else 0.
    """

    total_s: Array
    draft_tokens: Array
    target_tokens: Array
    wasted_tokens: Array
    calls_max: Array
    complete: Array

    @property
    def output_tokens(self) -> Array:
        """All of them."""
        return self.draft_tokens + self.target_tokens

    def cost_usd(self, draft_price: float, target_price: float) -> Array:
        """At so many dollars per million output tokens."""
        return (self.draft_tokens * draft_price + self.target_tokens * target_price) / 1_000_000


@dataclass(slots=True, eq=False)
class _Tally:
    """The outcomes while they are being added up: tokens that were used, and in vain."""

    used: Array
    draft_in_vain: Array
    target_in_vain: Array
    calls_max: Counts

    @classmethod
    def of(cls, episodes: int) -> Self:
        return cls(np.zeros(episodes), np.zeros(episodes), np.zeros(episodes), np.zeros(episodes, np.int32))

    def outcomes(self, confirmed: Array, target_tokens: Array) -> Outcomes:
        """What it all comes to, with what the target's calls on the path used."""
        return Outcomes(
            total_s=confirmed / TICKS_A_SECOND,
            draft_tokens=self.used + self.draft_in_vain,
            target_tokens=target_tokens.sum(axis=0) + self.target_in_vain,
            wasted_tokens=self.draft_in_vain + self.target_in_vain,
            calls_max=self.calls_max.astype(np.float64),
            complete=np.ones(len(confirmed)),
        )


def part(tokens: Array, begun: Array, ended: Array, takes: Array) -> Array:
    """The tokens of a call that had this time of the time it takes, in proportion and rounded down; of one not begun, none."""
    had = ended - begun
    np.maximum(had, 0.0, out=had)
    had *= tokens
    had /= takes
    return np.floor(had, out=had)


def total_s(episodes: Episodes, lookahead: Scheduler) -> Array:
    """The seconds that each episode takes: ``outcomes(...).total_s``, and nothing else, which is much faster."""
    if isinstance(lookahead, Sliding) and lookahead.width == 1:
        lookahead = lookahead.k
    if isinstance(lookahead, int) and lookahead >= 0:
        return _sliding_total(episodes, lookahead) / TICKS_A_SECOND
    *_, last = path(episodes, rule_of(episodes, lookahead))
    return last.confirmed / TICKS_A_SECOND


def _sliding_total(episodes: Episodes, k: int) -> Array:
    """The recurrence of ``_path`` for sliding lookahead, where a draft that does not hold is one that never comes.

    known' = min(max(known, gate) + draft, max(verdict, gate)): a draft that comes after the verdict lost against it.
    """
    confirmed = [np.zeros(len(episodes))]
    known = np.zeros(len(episodes))
    if not k:
        total: Array = np.sum(episodes.target, axis=0)
        return total
    draft = np.where(episodes.agrees, episodes.draft, np.inf)
    for at in range(episodes.steps):
        verdict = known + episodes.target[at]
        confirmed.append(np.maximum(confirmed[-1], verdict))
        if at < k:
            known += draft[at]
        else:
            gate = confirmed[at - k + 1]
            np.maximum(known, gate, out=known)
            known += draft[at]
            np.maximum(verdict, gate, out=verdict)
        np.minimum(known, verdict, out=known)
    return confirmed[-1]


# Everything ---------------------------------------------------------------------------------------------------------


def outcomes(episodes: Episodes, lookahead: Scheduler) -> Outcomes:
    """What each episode comes to under ``lookahead``: a number for sliding, ``Sliding``, ``Batch`` or ``"oracle"``.

    Raises:
        BadOption: the lookahead is one that only the runtime knows.
    """
    rule = rule_of(episodes, lookahead)
    tally = _Tally.of(len(episodes))
    verdicts: list[Array] = []
    for here in path(episodes, rule):
        _countpath(episodes, here, _last(verdicts, rule.reach), tally)
        verdicts.append(here.verdict)
        _follow(_tail(episodes, here, rule, verdicts), episodes, rule, tally)
        confirmed = here.confirmed
    return tally.outcomes(confirmed, episodes.target_tokens)


def _last(flights: list[Array], number: int) -> list[Array]:
    return flights[max(0, len(flights) - number) :]


def _countpath(episodes: Episodes, here: OnPath, flights: list[Array], tally: _Tally) -> None:
    takes, tokens = episodes.draft[here.at], episodes.draft_tokens[here.at]
    spent = part(tokens, here.begins, np.minimum(here.drafted, here.verdict), takes)
    used = np.where(here.in_time & episodes.agrees[here.at], spent, 0.0)
    tally.used += used
    tally.draft_in_vain += spent - used
    np.maximum(tally.calls_max, _at_once(flights, here.known, here.begins, here.verdict), out=tally.calls_max)


def _at_once(flights: list[Array], known: Array, begins: Array, until: Array) -> Counts:
    """The most calls in flight when a target call begins at ``known``, and a draft at ``begins`` if that is before ``until``.

    ``flights`` are the ends of the target calls that began before.
    """
    if begins is known:
        return _flying(flights, known) + 2
    return np.maximum(_flying(flights, known) + 1, np.where(begins < until, _flying(flights, begins) + 2, 0))


def _flying(flights: list[Array], now: Array) -> Counts:
    """How many of these calls, all begun before, have not ended by then."""
    flying: Counts = np.zeros(now.shape, np.uint8 if len(flights) < 250 else np.int32)  # a byte is much quicker
    for flight in flights:
        flying += (flight > now).view(np.uint8)
    return flying


@dataclass(slots=True, eq=False)
class _Tail:
    """What hangs on a wrong draft of step ``at`` until the verdict on that, in those of the episodes where it was wrong."""

    at: int
    which: NDArray[np.intp]
    known: Array
    until: Array
    flights: list[Array]

    def go_on(self, known: Array, flights: list[Array]) -> None:
        """To the next position, where that is known in time."""
        going = np.flatnonzero(known < self.until)
        self.at += 1
        self.which, self.known, self.until = self.which[going], known[going], self.until[going]
        self.flights = [flight[going] for flight in flights]


def _tail(episodes: Episodes, here: OnPath, rule: Rule, verdicts: list[Array]) -> _Tail:
    wrong = here.in_time & ~episodes.agrees[here.at]
    known = rule.onward(here.at, ALL, here.drafted, wrong, here.verdict)
    which = np.flatnonzero(known < here.verdict)
    flights = _last(verdicts, rule.reach) if which.size else []
    return _Tail(here.at, which, known[which], here.verdict[which], [flight[which] for flight in flights])


def _follow(tail: _Tail, episodes: Episodes, rule: Rule, tally: _Tally) -> None:
    """Count every call of the tail. Each is in vain, and what is still under way at the end is cancelled then."""
    while tail.which.size and tail.at + 1 < max_steps(episodes.steps):
        at, which, row = tail.at + 1, tail.which, (tail.at + 1) % episodes.steps
        draft, target = episodes.draft[row][which], episodes.target[row][which]
        verdict = tail.known + target
        ends = np.minimum(verdict, tail.until)
        begins = later(tail.known, rule.gate(at, which))
        drafted = begins + draft
        in_vain = part(episodes.draft_tokens[row][which], begins, np.minimum(drafted, ends), draft)
        tally.draft_in_vain[which] += in_vain
        tally.target_in_vain[which] += part(episodes.target_tokens[row][which], tail.known, ends, target)
        calls = _at_once(tail.flights, tail.known, begins, ends)
        tally.calls_max[which] = np.maximum(tally.calls_max[which], calls)
        known = rule.onward(at, which, drafted, drafted < verdict, verdict)
        tail.go_on(known, _last([*tail.flights, verdict], rule.reach))
