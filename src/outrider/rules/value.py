"""Lookahead by value: a speculative call is started if what it should save is worth more than what it should waste.

A target call under a draft saves time if the draft holds: it starts now instead of when the frontier gets there. It wastes money
if the draft does not hold, and it may slow down the call that everybody waits for. With probability ``p`` that its prefix holds,
``saved_s`` seconds that it would start earlier, and an hour of waiting worth ``hour_worth`` dollars, it is worth

    p * saved_s * hour_worth / 3600  -  (1 - p) * wasted_usd  -  slowdown_s * hour_worth / 3600.

It slows the others down only while it competes with them, which is until the frontier gets there: then it is either the call that
everybody waits for, or closed. So ``slowdown_s`` is ``saved_s`` times the share that every call loses, times how many of those
under way are likely to count.

A draft saves nothing by itself; it is worth what the calls are worth that it makes possible, less its own cost. With an hour
worth nothing that is never positive: the target works alone. With an hour worth infinitely much money no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from outrider.errors import BadOption
from outrider.model import Usage
from outrider.rules.estimates import Estimates
from outrider.rules.kept import estimates_of, text_of
from outrider.rules.learner import HowEnded, Learner
from outrider.rules.load import UnderWay
from outrider.rules.lookahead import Want, needs_draft, needs_target
from outrider.rules.tree import Call, Guess, Node

HORIZON: Final = 6
"""A draft's value counts the drafts that could follow it so many steps deep; further ones weigh nothing."""

LEAST_PROBABILITY: Final = 0.02
"""A prefix less likely than this is not worked on, whatever an hour is worth."""

MOST_TARGET_CALLS: Final = 32
"""So many target calls are under way at most, the frontier's included."""

MOST_DRAFTS: Final = 4
"""So many drafts are under way at most."""

MOST_GUESSES: Final = 8
"""No further drafter is asked for a step that has so many guesses."""

SECONDS_AN_HOUR: Final = 3600.0

DEFAULT_HOUR_WORTH: Final = 30.0


@dataclass(frozen=True, slots=True)
class ByValue:
    """Lookahead by value, at ``hour_worth`` dollars for an hour of waiting. Each session has a chooser of its own."""

    hour_worth: float = DEFAULT_HOUR_WORTH

    def __post_init__(self) -> None:
        if not self.hour_worth >= 0:
            raise BadOption(f"an hour of waiting is worth {self.hour_worth} dollars; give 0 or more, or inf")

    @property
    def name(self) -> str:
        return f"auto@{self.hour_worth:g}"

    def learner(self) -> Learner:
        """A chooser that knows nothing."""
        return Chooser(self.hour_worth)

    def wants(self, frontier: Node) -> Iterator[Want]:
        """What a session that knows nothing wants."""
        return self.learner().wants(frontier)


class _Place(NamedTuple):
    """A node below the frontier: how likely its prefix holds, and in how many seconds the frontier is expected there."""

    node: Node
    above: Node
    holds: float
    until_s: float


class Chooser:
    """Lookahead by value in one session: it knows the time, and learns from every call that ends."""

    __slots__ = ("_calls", "_under_way", "_useful", "estimates", "hour_worth")

    def __init__(self, hour_worth: float, estimates: Estimates | None = None) -> None:
        self.hour_worth = hour_worth
        self.estimates = estimates or Estimates()
        self._under_way = UnderWay()
        self._calls, self._useful = 1, 1.0

    @property
    def name(self) -> str:
        return ByValue(self.hour_worth).name

    # What it is told ------------------------------------------------------------------------------------------------

    @property
    def learned(self) -> str:
        """The estimates."""
        return text_of(self.estimates)

    def begin(self, known: str) -> None:
        """Begin with these estimates.

        Raises:
            ValueError: ``known`` holds none.
        """
        self.estimates = estimates_of(known)

    def at(self, now_s: float) -> None:
        """Time has passed."""
        self._under_way.at(now_s)

    def call_began(self, call: Call) -> None:
        """It may slow others down from now on, and they it."""
        self._under_way.begin(call.number)

    def call_ended(self, call: Call, usage: Usage, ended: HowEnded) -> None:
        """Learn what it took. A failed call tells nothing of those that are answered."""
        if call.started_s is None:
            return
        seconds = self._under_way.now_s - call.started_s
        beside = self._under_way.end(call.number)
        if ended == "answered":
            self.estimates.learn_answer(call.role, call.drafter, seconds, usage, beside)
        elif ended == "cancelled":
            self.estimates.learn_closed(call.role, call.drafter, seconds, usage)

    def judged(self, guessed: Node, guess: Guess, *, accepted: bool) -> None:
        """Learn how often such guesses hold."""
        self.estimates.learn_judgement(_action(guessed), guess.rank, accepted, at=guessed.at - 1, confidence=guess.confidence)

    def confirmed(self, node: Node) -> None:
        """Learn how long plans are."""
        self.estimates.learn_step(node.is_end)

    # What it wants --------------------------------------------------------------------------------------------------

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The frontier's call, then whatever is worth it, the most likely prefix first."""
        if needs_target(frontier, frontier):
            yield Want("target", frontier)
        places = sorted(self._places(frontier), key=lambda place: -place.holds)
        targets = sum(place.node.target is not None for place in places)
        drafts = sum(place.node.draft is not None for place in places)
        asked = {id(frontier)}
        self._count(places)
        for place in places:
            node = place.node
            if place.holds < LEAST_PROBABILITY or id(place.above) not in asked:
                continue
            if targets < MOST_TARGET_CALLS and self._call_is_worth_it(place):
                targets += 1
                self._calls, self._useful = self._calls + 1, self._useful + place.holds
                asked.add(id(node))
                yield Want("target", node)
            elif node.target is not None or node.verdict is not None:
                asked.add(id(node))
            if id(node) in asked and drafts < MOST_DRAFTS and self._draft_is_worth_it(place):
                drafts += 1
                self._calls += 1
                yield Want("approximation", node)

    def _count(self, places: list[_Place]) -> None:
        """How many calls are under way, the frontier's included, and how many target calls of them are likely to count."""
        calls = [place.holds for place in places for call in (place.node.target, place.node.draft) if call is not None]
        below = [place.holds for place in places if place.node.target is not None and place.until_s > 0]
        self._calls, self._useful = max(1, len(calls)), 1.0 + sum(below)

    def _places(self, frontier: Node) -> Iterator[_Place]:
        """Every node from the frontier down, each before those below it."""
        waiting = [_Place(frontier, frontier, 1.0, 0.0)]
        while waiting:
            place = waiting.pop()
            yield place
            node = place.node
            until_s = self._verdict_s(place)
            for rank, child in enumerate(node.children.values()):
                holds = 1.0 if node.verdict is not None else self._holds(child, rank, node.at)
                if not child.is_end:
                    waiting.append(_Place(child.steered or child, node, place.holds * holds, until_s))

    def _holds(self, child: Node, rank: int, at: int) -> float:
        sure = [guess.confidence for guess in child.guesses if guess.confidence is not None]
        return self.estimates.holds(rank, _action(child), at, sure[0] if sure else None)

    def _verdict_s(self, place: _Place) -> float:
        """The expected seconds until the frontier passes this node."""
        node, durations = place.node, self.estimates.target.durations
        if node.verdict is not None:
            return place.until_s
        if node.target is None:
            return place.until_s + durations.mean_s
        if node.target.started_s is None:
            return max(place.until_s, durations.mean_s)
        return max(place.until_s, durations.remaining_s(self._under_way.now_s - node.target.started_s))

    def _call_is_worth_it(self, place: _Place) -> bool:
        """The frontier's own call never is: it saves nothing, being ordered anyway."""
        return needs_target(place.node, place.above) and self.value_of_call(place.holds, place.until_s) > 0

    def _draft_is_worth_it(self, place: _Place) -> bool:
        """Whether the next drafter should be asked here; a further one gives other guesses than those that are there."""
        node, until_s, known = place.node, self._verdict_s(place), self.estimates
        if not needs_draft(node, MOST_GUESSES):
            return False
        if node.guessed:
            return self.value_of_more(place.holds, node.guessed, until_s, node.asked) > 0
        if self.value_of_draft(place.holds, known.rate(0), until_s, node.asked) > 0:
            return True
        return place.holds == 1.0 and self._is_worth_trying(until_s, node.asked)

    def _is_worth_trying(self, until_s: float, drafter: int) -> bool:
        """Whether it would be worth it if drafts held as often as they well might, by what little was judged.

        Of drafts alone one learns how often they hold, for a fraction of what target calls under them cost. What is known fades
        from session to session, so a drafter that was given up is tried again now and then.
        """
        return self.value_of_draft(1.0, self.estimates.might_hold, until_s, drafter) > 0

    # What it is worth -----------------------------------------------------------------------------------------------

    def value_of_call(self, holds: float, until_s: float) -> float:
        """What a target call is worth whose prefix holds with that probability and is reached in ``until_s`` seconds.

        In dollars; with an hour worth infinitely much, in seconds.
        """
        target_s = self.estimates.target.durations.mean_s
        earlier_s = min(target_s, until_s)
        wasted_usd = (1 - holds) * self.estimates.closed_usd(earlier_s / target_s if target_s else 1.0)
        return self._worth(earlier_s * (holds - self._useful * self._slowing)) - self._counting(wasted_usd)

    def value_of_draft(self, holds: float, would_hold: float, until_s: float, drafter: int = 0, deep: int = HORIZON) -> float:
        """What a draft is worth: the calls it makes possible, if they are worth it, and the drafts after it, less its cost.

        Args:
            holds: the probability that its prefix does.
            would_hold: the probability that the first guess would then.
            until_s: when the verdict is expected, which makes a draft useless.
            drafter: who is asked.
            deep: so many drafts in a row count.
        """
        left_s = self._left_s(until_s, drafter)
        goes_on = self._goes_on(holds)
        worth = self._more(goes_on, 0, left_s) - self._cost_of_draft(drafter)
        if deep == 0 or goes_on < LEAST_PROBABILITY:
            return worth
        call = self.value_of_call(goes_on * would_hold, left_s)
        if call > 0:
            next_s = max(left_s, self.estimates.target.durations.mean_s)
            worth += call + max(0.0, self.value_of_draft(goes_on * would_hold, would_hold, next_s, drafter, deep - 1))
        return worth

    def value_of_more(self, holds: float, guessed: int, until_s: float, drafter: int) -> float:
        """What guesses are worth beyond the first and beyond those that are there, less the cost of the draft."""
        return self._more(self._goes_on(holds), guessed, self._left_s(until_s, drafter)) - self._cost_of_draft(drafter)

    def _more(self, goes_on: float, guessed: int, left_s: float) -> float:
        known = self.estimates
        others = [known.rate(guessed)] if guessed and guessed not in known.by_rank else known.others_would_hold(guessed)
        return sum(max(0.0, self.value_of_call(goes_on * other, left_s)) for other in others)

    def _cost_of_draft(self, drafter: int) -> float:
        """A draft is short: it delays the call that everybody waits for, and nothing more is counted."""
        usd = self.estimates.drafter(drafter).prices.mean_usd
        return self._counting(usd) + self._worth(self._slowing * self._draft_s(drafter))

    def _draft_s(self, drafter: int) -> float:
        """The expected seconds of a draft that begins now. Those seen had so many calls beside them as there were then."""
        calls, share = self.estimates.drafter(drafter), self.estimates.slowing(0.0)
        return calls.durations.mean_s * (1 + share * self._calls) / (1 + share * calls.company.mean)

    @property
    def _slowing(self) -> float:
        """The share of its time that each call under way loses if there is one more."""
        return self.estimates.slowing(self._calls - 1.0)

    def _goes_on(self, holds: float) -> float:
        """The probability that a prefix holds and is not followed by `finish`."""
        return holds * (1 - self.estimates.finish)

    def _left_s(self, until_s: float, drafter: int) -> float:
        """The expected seconds from a draft's arrival to a verdict expected in ``until_s``, if the draft comes first.

        Both vary: even a drafter that is as slow as the target is sometimes first.
        """
        drafts, targets = self.estimates.drafter(drafter).durations, self.estimates.target.durations
        draft_s = self._draft_s(drafter)
        if draft_s * drafts.sample[-1] <= until_s * targets.sample[0]:
            return until_s - draft_s
        pairs = [until_s * target - draft_s * draft for target in targets.sample for draft in drafts.sample]
        return sum(max(0.0, left_s) for left_s in pairs) / len(pairs)

    def _worth(self, seconds: float) -> float:
        return seconds if self.hour_worth == inf else seconds * self.hour_worth / SECONDS_AN_HOUR

    def _counting(self, usd: float) -> float:
        return 0.0 if self.hour_worth == inf else usd

    @property
    def why_not(self) -> str:
        """Why no draft would be asked for at the beginning of a plan, in a sentence; empty if one would."""
        known = self.estimates
        drafts, targets = known.drafter(0).durations, known.target.durations
        if self.hour_worth == 0:
            return "an hour of waiting is worth nothing, so the target works alone"
        if self.value_of_draft(1.0, known.rate(0), targets.mean_s) > 0:
            return ""
        return (
            f"speculation is not worth it with these agents: {known.rate(0):.0%} of the drafts hold, a draft takes "
            f"{drafts.mean_s:.1f} s and a verdict {targets.mean_s:.1f} s, and an hour of waiting is worth ${self.hour_worth:g}"
        )


def _action(node: Node) -> str:
    """The action that led to a node; nothing for the root."""
    return node.step.action if node.step is not None else ""
