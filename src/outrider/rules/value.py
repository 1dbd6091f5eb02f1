"""Lookahead by value: a speculative call is started if what it should save is worth more than what it should waste.

A target call under a draft saves time if the draft holds: it starts now instead of when the frontier gets there. It wastes money
if the draft does not hold, and it may slow down the call that everybody waits for. With probability ``p`` that its prefix holds,
``saved_s`` seconds that it would start earlier, and an hour of waiting worth ``hour_worth`` dollars, it is worth

    p * saved_s * hour_worth / 3600  -  (1 - p) * wasted_usd  -  slowdown_s * hour_worth / 3600.

A draft saves nothing by itself; it is worth what the calls are worth that it makes possible, less its own cost. With an hour
worth nothing that is never positive: the target works alone. With an hour worth infinitely much money no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from outrider.errors import BadOption
from outrider.model import Step, Usage
from outrider.rules.estimates import Ended, Estimates
from outrider.rules.lookahead import Lookahead, Want, needs_draft, needs_target
from outrider.rules.tree import Call, Node

HORIZON: Final = 6
"""A draft's value counts the drafts that could follow it so many steps deep; further ones weigh nothing."""

LEAST_PROBABILITY: Final = 0.02
"""A prefix less likely than this is not worked on, whatever an hour is worth."""

SECONDS_AN_HOUR: Final = 3600.0


@runtime_checkable
class Learner(Protocol):
    """A lookahead of one session that is told what happens there."""

    estimates: Estimates

    def at(self, now_s: float) -> None:
        """It is ``now_s`` seconds after the session was opened."""
        ...

    def call_ended(self, call: Call, usage: Usage, ended: Ended) -> None:
        """A call that had its turn has ended."""
        ...

    def judged(self, step: Step, rank: int, accepted: bool) -> None:
        """A guess has met its verdict."""
        ...

    def confirmed(self, step: Step) -> None:
        """The frontier has moved past a step."""
        ...


@dataclass(frozen=True, slots=True)
class ByValue:
    """Lookahead by value, at ``hour_worth`` dollars for an hour of waiting. Each session has a chooser of its own."""

    hour_worth: float = 30.0

    def __post_init__(self) -> None:
        if not self.hour_worth >= 0:
            raise BadOption(f"an hour of waiting is worth {self.hour_worth} dollars; give 0 or more, or inf")

    @property
    def name(self) -> str:
        return f"auto@{self.hour_worth:g}"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """What a session that knows nothing wants."""
        return Chooser(self).wants(frontier)


class Chooser:
    """Lookahead by value in one session: it knows the time, and learns from every call that ends."""

    __slots__ = ("_now_s", "estimates", "worth")

    def __init__(self, worth: ByValue, estimates: Estimates | None = None) -> None:
        self.worth = worth
        self.estimates = estimates or Estimates()
        self._now_s = 0.0

    @property
    def name(self) -> str:
        return self.worth.name

    # What it is told ------------------------------------------------------------------------------------------------

    def at(self, now_s: float) -> None:
        """Time has passed."""
        self._now_s = now_s

    def call_ended(self, call: Call, usage: Usage, ended: Ended) -> None:
        """Learn from it."""
        if call.started_s is not None:
            self.estimates.learn_call(call.role, self._now_s - call.started_s, usage, ended, call.beside)

    def judged(self, step: Step, rank: int, accepted: bool) -> None:
        """Learn from it."""
        self.estimates.learn_judgement(step, rank, accepted)

    def confirmed(self, step: Step) -> None:
        """Learn from it."""
        self.estimates.learn_step(step)

    # What it wants --------------------------------------------------------------------------------------------------

    def wants(self, frontier: Node) -> Iterator[Want]:
        """Down the most likely branch, as far as it is worth it."""
        node, holds, until_s = frontier, 1.0, 0.0
        if needs_target(frontier, frontier):
            yield Want("target", frontier)
        while True:
            until_s = max(until_s, self._until_verdict_s(node))
            if needs_draft(node, HORIZON) and self._draft_is_worth_it(holds, until_s, node.guessed):
                yield Want("approximation", node)
            likely: tuple[float, Node] | None = None
            for rank, child in enumerate(node.children.values()):
                probability = holds if node.verdict is not None else holds * self.estimates.acceptance(rank, child.step)
                if not child.is_end and probability >= LEAST_PROBABILITY:
                    asked = child.target is not None or child.verdict is not None
                    if not asked and needs_target(child, frontier) and self._call_is_worth_it(probability, until_s):
                        yield Want("target", child)
                        asked = True
                    if asked and (likely is None or probability > likely[0]):
                        likely = probability, child
            if likely is None:
                return
            holds, node = likely

    def _until_verdict_s(self, node: Node) -> float:
        """The expected seconds until the verdict on this node is in."""
        if node.verdict is not None:
            return 0.0
        durations = self.estimates.durations["target"]
        if node.target is None or node.target.started_s is None:
            return durations.mean_s
        return durations.remaining_s(self._now_s - node.target.started_s)

    def _call_is_worth_it(self, holds: float, until_s: float) -> bool:
        return self._value_of_call(holds, until_s) > 0

    def _draft_is_worth_it(self, holds: float, until_s: float, guessed: int) -> bool:
        return self._value_of_draft(holds, until_s, HORIZON, guessed) > 0

    def _value_of_call(self, holds: float, until_s: float) -> float:
        """What a target call is worth whose prefix holds with that probability and is reached in ``until_s`` seconds.

        In dollars; with an hour worth infinitely much, in seconds.
        """
        known = self.estimates
        saved_s = holds * min(known.durations["target"].mean_s, until_s) - known.slowdown.s_per_call
        return self._worth(saved_s) - self._counting((1 - holds) * known.wasted_usd)

    def _value_of_draft(self, holds: float, until_s: float, deep: int, rank: int = 0) -> float:
        """What a draft is worth: the call it makes possible, if that is worth it, and the drafts after it.

        ``rank`` is how many guesses stand there already: another drafter's is right less often than the first.
        """
        known = self.estimates
        draft_s, target_s = known.durations["approximation"].mean_s, known.durations["target"].mean_s
        next_holds = holds * known.acceptance(rank) * (1 - known.finish)
        left_s = until_s - draft_s
        if deep == 0 or left_s <= 0 or next_holds < LEAST_PROBABILITY:
            return -self._counting(known.usd("approximation"))
        call = self._value_of_call(next_holds, left_s)
        further = self._value_of_draft(next_holds, max(left_s, target_s), deep - 1)
        if call <= 0:
            return -self._counting(known.usd("approximation"))
        return call + max(0.0, further) - self._counting(known.usd("approximation"))

    def _worth(self, seconds: float) -> float:
        worth = self.worth.hour_worth
        return seconds if worth == float("inf") else seconds * worth / SECONDS_AN_HOUR

    def _counting(self, usd: float) -> float:
        return 0.0 if self.worth.hour_worth == float("inf") else usd


def learner_of(lookahead: Lookahead) -> Lookahead:
    """The lookahead as one session uses it: one that learns begins with a chooser of its own."""
    return Chooser(lookahead) if isinstance(lookahead, ByValue) else lookahead
