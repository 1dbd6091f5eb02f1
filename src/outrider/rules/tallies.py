"""How often drafts hold: all of them, those of a kind, and those in a context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

PRIOR_STRENGTH: Final = 2.0
"""What is expected beforehand counts as if so many drafts had been judged."""

CONTEXT_STRENGTH: Final = 4.0
"""What is known of all drafts counts, for those of one kind or in one context, as if so many of them had been judged."""

MOST_JUDGED: Final = 200.0
"""Older judgements fade: beyond so many, each counts half."""


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


@dataclass(slots=True)
class Lift:
    """How much more, or less, often drafts hold in one context than was expected of them by what is known without it.

    The odds are multiplied by how often they held there over how often that was expected, as odds. Both sides are drawn towards
    each other as if ``CONTEXT_STRENGTH`` more had held, as many had not, and both had been expected: where little was judged,
    little changes.
    """

    accepted: float = 0.0
    expected: float = 0.0
    judged: float = 0.0

    def learn(self, accepted: bool, expected: float) -> None:
        """One more was judged, which was expected to hold with that probability."""
        if self.judged >= MOST_JUDGED:
            self.accepted, self.expected, self.judged = self.accepted / 2, self.expected / 2, self.judged / 2
        self.accepted += accepted
        self.expected += expected
        self.judged += 1

    def lifted(self, rate: float) -> float:
        """The probability in this context, if it is ``rate`` without it."""
        held = (self.accepted + CONTEXT_STRENGTH) / (self.expected + CONTEXT_STRENGTH)
        failed = (self.judged - self.accepted + CONTEXT_STRENGTH) / (self.judged - self.expected + CONTEXT_STRENGTH)
        return rate * held / (rate * held + (1 - rate) * failed)


MOST_POSITIONS: Final = 4
"""A step beyond so many counts, for its position, like the last of them."""

CONFIDENCES: Final = 10
"""Into so many equal parts the drafter's confidence is cut; within one, all drafts count as equally sure."""


def position_of(at: int) -> int:
    """The position that step ``at`` counts for."""
    return min(at, MOST_POSITIONS)


def part_of(confidence: float) -> int:
    """The part of all confidences that this one is in."""
    return min(CONFIDENCES - 1, max(0, int(CONFIDENCES * confidence)))


@dataclass(slots=True)
class Contexts:
    """What is known of drafts beyond their rank and action: by the drafter's own confidence, and by the position.

    A drafter's word is never taken for a probability: what counts is how often drafts of that confidence held. The confidence
    goes first, and the position explains what is left. First guesses alone tell of positions.
    """

    by_confidence: dict[int, Lift] = field(default_factory=dict)
    by_position: dict[int, Lift] = field(default_factory=dict)

    def learn(self, rate: float, at: int, rank: int, confidence: float | None, accepted: bool) -> None:
        """A guess has met its verdict that was expected to hold at ``rate`` without any context."""
        for lift in self._of(at, rank, confidence, make=True):
            before, rate = rate, lift.lifted(rate)
            lift.learn(accepted, before)

    def lifted(self, rate: float, at: int, rank: int, confidence: float | None) -> float:
        """The probability that a guess holds, if it is ``rate`` without any context."""
        for lift in self._of(at, rank, confidence, make=False):
            rate = lift.lifted(rate)
        return rate

    def _of(self, at: int, rank: int, confidence: float | None, *, make: bool) -> Iterator[Lift]:
        if confidence is not None:
            yield from _at(self.by_confidence, part_of(confidence), make=make)
        if rank == 0:
            yield from _at(self.by_position, position_of(at), make=make)


def _at(lifts: dict[int, Lift], key: int, *, make: bool) -> Iterator[Lift]:
    """What is known there, if anything is; something that knows nothing, if it is to be made."""
    if make:
        yield lifts.setdefault(key, Lift())
    elif key in lifts:
        yield lifts[key]
