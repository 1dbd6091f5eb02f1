"""The schedulers' rules for one drafter and width 1: when each step of the path is known, drafted and confirmed.

Arrays are [steps, episodes]; times are whole ticks in float64, so sums are exact. When a draft and its own verdict are due
together, the verdict is first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from outrider.errors import BadOption
from outrider.rules import Batch, Lookahead, Sliding
from outrider.simulate.arrays import Array, Some, Truth, np
from outrider.simulate.episodes import Episodes

Scheduler: TypeAlias = int | Lookahead | Literal["oracle"]
"""A lookahead, or how far it goes. The oracle needs to know the episode, so it goes by its name."""

ALL: Final = slice(None)
"""Every episode."""


# The schedulers' rules ----------------------------------------------------------------------------------------------


class Rule(Protocol):
    """When a scheduler lets a step be drafted, and when what follows it is known."""

    reach: int
    """Calls further back than this many steps have ended."""

    def gate(self, at: int, which: Some) -> Array | float:
        """From when step ``at`` may be drafted; never, as long as it hangs on a verdict that is not in."""
        ...

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        """When the step after ``at`` gets its target call: after a draft that ``holds``, or after the verdict."""
        ...

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        """Step ``at``, on the path, is confirmed then."""
        ...


class _Sliding:
    """Step i may be drafted once step i - k is confirmed (``outrider.rules.Sliding``)."""

    def __init__(self, k: int) -> None:
        self.reach = k
        self._confirmed: list[Array] = []

    def gate(self, at: int, which: Some) -> Array | float:
        before = at - self.reach
        if before < 0:
            return 0.0
        return self._confirmed[before][which] if before < len(self._confirmed) else np.inf

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        return np.where(holds, drafted, np.maximum(verdict, self.gate(at, which)))

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        self._confirmed.append(confirmed)


class _Batch:
    """k steps from a base at once; the next base is behind them, or behind the first that nobody drafted rightly in time."""

    def __init__(self, k: int, episodes: int) -> None:
        self.reach = k
        self._base = np.zeros(episodes, np.intp)

    def gate(self, at: int, which: Some) -> Array | float:
        return 0.0

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        inside = at + 1 - self._base[which] < self.reach
        return np.where(holds & inside, drafted, np.inf)

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        over = ~holds | (at + 1 - self._base >= self.reach)
        self._base[over] = at + 1


class _Oracle:
    """Drafts only what holds, as far ahead as it can (``outrider.simulate.oracle``)."""

    def __init__(self, episodes: Episodes) -> None:
        self.reach = episodes.steps
        self._never = np.where(episodes.agrees & (episodes.draft < episodes.target), 0.0, np.inf)

    def gate(self, at: int, which: Some) -> Array | float:
        never: Array = self._never[at][which]
        return never

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        return np.where(holds, drafted, verdict)

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        pass


def rule_of(episodes: Episodes, lookahead: Scheduler) -> Rule:
    """The rule of ``lookahead``, at its beginning.

    Raises:
        BadOption: the lookahead is one that only the runtime knows.
    """
    match lookahead:
        case "oracle":
            return _Oracle(episodes)
        case int(k) | Sliding(k=k, width=1) if k >= 0:
            return _Sliding(k)
        case Batch(k=k):
            return _Batch(k, len(episodes))
        case _:
            name = lookahead if isinstance(lookahead, int | str) else lookahead.name
            raise BadOption(f"{name} cannot be simulated many at once; give lookahead-K, batch-K or oracle, or use the runtime")


# The path -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class OnPath:
    """When what happens at one position of the path. A draft that ``begins`` at or after the verdict is never asked for."""

    at: int
    known: Array
    begins: Array
    drafted: Array
    verdict: Array
    confirmed: Array
    in_time: Truth


def later(known: Array, gate: Array | float) -> Array:
    """When both are passed: the very array, if there is no gate."""
    return known if isinstance(gate, float) and gate == 0.0 else np.maximum(known, gate)


def path(episodes: Episodes, rule: Rule) -> Iterator[OnPath]:
    """Position by position. ``rule`` stands before the verdict of a position while that is looked at."""
    known = confirmed = np.zeros(len(episodes))
    for at in range(episodes.steps):
        verdict = known + episodes.target[at]
        confirmed = np.maximum(confirmed, verdict)
        begins = later(known, rule.gate(at, ALL))
        drafted = begins + episodes.draft[at]
        in_time = drafted < verdict
        yield OnPath(at, known, begins, drafted, verdict, confirmed, in_time)
        holds = in_time & episodes.agrees[at]
        known = np.minimum(rule.onward(at, ALL, drafted, holds, verdict), confirmed)  # what is confirmed is known
        rule.passed(at, holds, confirmed)
