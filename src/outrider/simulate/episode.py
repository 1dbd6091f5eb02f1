"""An episode: everything that one run would meet, drawn in advance and frozen, the same for every lookahead.

What an agent says, and how long that takes, is a function of the prefix alone. On the path, which is the target's own plan, it
was drawn for each position. Off the path, below a wrong draft, a call takes what was drawn for its position and the two agents
agree: a verdict there changes nothing but how much was in vain. Positions after the last begin again with the first, until the
limit on steps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from outrider.errors import BadOption
from outrider.model import FINISH, Answer, Prefix, Role, Step
from outrider.simulate.latency import MOST, ByLength, Constant, Distribution

TICKS_A_SECOND: Final = 100_000
"""Durations are whole ticks of 10 µs, at least one, so that sums are exact and two calls end together or clearly apart."""


MOST_STEPS: Final = 30
"""The limit on a plan's steps, as in a session by default; plans of more than half of it have twice their own."""


def max_steps(steps: int) -> int:
    """The limit on steps in an episode whose plan has so many. Only what is off the path comes near it."""
    return max(MOST_STEPS, 2 * steps)


@lru_cache(maxsize=1024)
def on_path(at: int) -> Step:
    """Step ``at`` of a drawn plan that goes on."""
    return Step("step", {"at": at})


@lru_cache(maxsize=1024)
def astray(at: int) -> Step:
    """A wrong step at position ``at``, or what both agents say there once they are off the path."""
    return Step("astray", {"at": at})


def ticks(seconds: float) -> int:
    """``seconds`` in whole ticks, at least one and not more than anybody waits."""
    return max(1, round(min(seconds, MOST) * TICKS_A_SECOND))


@dataclass(frozen=True, slots=True)
class Effort:
    """What an answer takes: seconds, to the nearest tick, and tokens."""

    takes_s: float
    output_tokens: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.takes_s < float("inf"):
            raise BadOption(f"an answer takes {self.takes_s} s; give a number from 0")
        if self.output_tokens < 0:
            raise BadOption(f"an answer has {self.output_tokens} tokens; give a number from 0")
        object.__setattr__(self, "takes_s", ticks(self.takes_s) / TICKS_A_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What the agents say at one position of the path, and what that takes. ``guesses`` are the draft's steps, best first."""

    step: Step
    guesses: tuple[Step, ...]
    draft: Effort
    target: Effort

    @property
    def agrees(self) -> bool:
        """Whether the draft's first guess is the target's step."""
        return bool(self.guesses) and self.guesses[0] == self.step


@dataclass(frozen=True, slots=True)
class Episode:
    """One run's positions. Only the last one's step may be `finish`; if it is not, the run ends at its limit on steps there."""

    positions: tuple[Position, ...]
    path: Prefix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = tuple(position.step for position in self.positions)
        if not path:
            raise BadOption("an episode has no steps; give at least one position")
        for at, step in enumerate(path[:-1]):
            if step.is_finish:
                raise BadOption(f"step {at} of {len(path)} is {FINISH}, after which there is no step; leave out the others")
        object.__setattr__(self, "path", path)

    @property
    def max_steps(self) -> int:
        """The limit on steps; the plan's own length if it does not end in `finish`."""
        return max_steps(len(self.path)) if self.path[-1].is_finish else len(self.path)

    def answer(self, role: Role, prefix: Prefix) -> Answer:
        """What the agent of this role says after ``prefix``."""
        at = len(prefix)
        if at >= len(self.path) or prefix != self.path[:at]:
            return Answer((astray(at),))
        position = self.positions[at]
        return Answer((position.step,) if role == "target" else position.guesses)

    def effort(self, role: Role, at: int) -> Effort:
        """What that takes; it depends on the position alone."""
        position = self.positions[at % len(self.positions)]
        return position.target if role == "target" else position.draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What episodes are drawn from.

    Args:
        steps: the length of the plan, `finish` included.
        accuracy: the chance that a draft is right; one for all positions, or one for each.
        draft_s, target_s: seconds of a call.
        draft_tokens, target_tokens: output tokens of a call, rounded to whole ones.
    """

    steps: int = 10
    accuracy: float | tuple[float, ...] = 0.8
    draft_s: Distribution = field(default_factory=lambda: Constant(1.0))
    target_s: Distribution = field(default_factory=lambda: Constant(3.0))
    draft_tokens: Distribution = field(default_factory=lambda: Constant(20.0))
    target_tokens: Distribution = field(default_factory=lambda: Constant(100.0))

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadOption(f"a plan of {self.steps} steps is none; it has at least the step {FINISH}")
        if isinstance(self.accuracy, tuple) and len(self.accuracy) != self.steps:
            raise BadOption(f"{len(self.accuracy)} accuracies for {self.steps} steps; give one, or one for each step")
        for tokens in (self.draft_tokens, self.target_tokens):
            if isinstance(tokens, ByLength):
                raise BadOption(f"tokens are {tokens}, which is for seconds; give a number, lognormal:MEAN:SD or values:A,B,C")
        for chance in self.accuracies:
            if not 0 <= chance <= 1:
                raise BadOption(f"accuracy is {chance:g}; give a chance from 0 to 1")

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The chance that a draft is right, by position."""
        return self.accuracy if isinstance(self.accuracy, tuple) else (self.accuracy,) * self.steps

    def draw(self, rng: random.Random) -> Episode:
        """An episode. The same state of ``rng`` gives the same one."""
        return Episode(tuple(self._position(at, rng) for at in range(self.steps)))

    def _position(self, at: int, rng: random.Random) -> Position:
        right = rng.random() < self.accuracies[at]
        step = Step(FINISH) if at == self.steps - 1 else on_path(at)
        draft = _effort(self.draft_s, self.draft_tokens, rng)
        target = _effort(self.target_s, self.target_tokens, rng)
        return Position(step=step, guesses=(step if right else astray(at),), draft=draft, target=target)


def _effort(seconds: Distribution, tokens: Distribution, rng: random.Random) -> Effort:
    output_tokens = round(min(tokens.sample(rng), MOST))
    return Effort(seconds.sample(rng, output_tokens), output_tokens)
