"""The calls of one run, as its records tell of them: when each began and ended, what it used, and whether it was needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.model import NOTHING_USED, Role, Usage
from outrider.rules.events import Accepted, Cancelled, Discarded, Drafted, Failed, Record, Rejected, Started, Verified

CallEnd: TypeAlias = Literal["used", "wasted", "cancelled", "failed"]

LEAST_FOR_USUAL: Final = 3
"""Of fewer answers nobody can say how long they usually take."""

_NOT_SAID: Final = Usage()
"""A call's usage until it ends; one object for them all, since there are many."""


@dataclass(slots=True)
class Call:
    """A call that has begun."""

    role: Role
    at: int
    started_s: float
    ended_s: float | None = None
    usage: Usage = _NOT_SAID
    end: CallEnd = "wasted"  # until it turns out to be needed

    @property
    def took_s(self) -> float:
        """How long it took; nothing until it has ended."""
        return 0.0 if self.ended_s is None else self.ended_s - self.started_s


@dataclass(slots=True)
class Acceptance:
    """How drafts fared that were made this far ahead of the frontier."""

    accepted: int = 0
    rejected: int = 0

    @property
    def rate(self) -> float | None:
        """Accepted of judged; ``None`` if nothing was judged."""
        judged = self.accepted + self.rejected
        return self.accepted / judged if judged else None


class CallFigures:
    """The figures of a run's calls. ``receive`` its records in order."""

    __slots__ = ("_busy_s", "_busy_since_s", "_calls", "_lost", "_right", "acceptance", "calls_max", "in_flight", "now_s")

    def __init__(self) -> None:
        self.now_s = 0.0
        self.in_flight = 0
        """Calls under way now."""
        self.calls_max = 0
        self.acceptance: dict[int, Acceptance] = {}
        """By how many steps ahead of the frontier a draft was."""
        self._calls: dict[int, Call] = {}
        self._right: set[int] = set()
        self._lost: set[int] = set()
        self._busy_s = 0.0
        self._busy_since_s = 0.0

    def receive(self, record: Record) -> None:
        """Count ``record`` in."""
        self.now_s = record.time_s
        match record.event:
            case Started(call=number, role=role, at=at):
                self._calls[number] = Call(role, at, record.time_s)
                self._fly(1)
                self.calls_max = max(self.calls_max, self.in_flight)
            case Drafted(call=number, usage=usage) | Verified(call=number, usage=usage):
                self._end(number, usage, "wasted")
            case Failed(call=number, usage=usage):
                self._end(number, usage, "failed")
            case Cancelled(call=number, usage=usage):
                self._end(number, usage, "cancelled")
            case Accepted(ahead=ahead, call=number):
                self.acceptance.setdefault(ahead, Acceptance()).accepted += 1
                self._right.add(number)
            case Rejected(ahead=ahead, call=number):
                self.acceptance.setdefault(ahead, Acceptance()).rejected += 1
                self._lost.add(number)
            case Discarded(calls=numbers):
                self._lost.update(numbers)
            case _:
                pass

    def _end(self, number: int, usage: Usage, end: CallEnd) -> None:
        call = self._calls.get(number)
        if call is None:
            return  # it was cancelled or refused before its turn came: nothing was sent
        call.ended_s, call.usage, call.end = self.now_s, usage, end
        self._fly(-1)

    def _fly(self, more: int) -> None:
        self._busy_s, self._busy_since_s = self.with_calls_s, self.now_s
        self.in_flight += more

    @property
    def with_calls_s(self) -> float:
        """How long a call has been under way so far, whatever its kind."""
        return self._busy_s + (self.now_s - self._busy_since_s if self.in_flight else 0.0)

    def needed(self, numbers: Iterable[int | None]) -> list[Call]:
        """Those of these calls that have begun. From now on they are used: a step was confirmed by them."""
        used = [self._calls[number] for number in numbers if number in self._calls]
        for call in used:
            call.end = "used"
        return used

    # Counted --------------------------------------------------------------------------------------------------------

    @property
    def _ended(self) -> list[Call]:
        return [call for call in self._calls.values() if call.ended_s is not None]

    def calls(self, end: CallEnd) -> int:
        """How many calls ended so. While the run goes on, an answer that may still be needed counts as wasted."""
        return sum(1 for call in self._ended if call.end == end)

    def tokens(self, end: CallEnd) -> int:
        """Prompt and output tokens of the calls that ended so."""
        return sum(call.usage.tokens for call in self._ended if call.end == end)

    @property
    def tokens_not_needed(self) -> int:
        """Tokens that are wasted for certain: of cancelled calls, and of answers that are not needed whatever comes."""
        lost = self._lost - self._right  # of several guesses one may be right
        answers = (self._calls[number] for number in lost if number in self._calls)
        wasted = sum(call.usage.tokens for call in answers if call.ended_s is not None and call.end == "wasted")
        return self.tokens("cancelled") + wasted

    @property
    def usage(self) -> Usage:
        """All calls together; the cost is ``None`` if the price of any is unknown."""
        first, *others = [call.usage for call in self._ended] or [NOTHING_USED]
        return sum(others, start=first)

    @property
    def priced_usd(self) -> float:
        """The cost of the calls whose price is known."""
        return sum(call.usage.cost_usd or 0.0 for call in self._calls.values())

    @property
    def calls_unpriced(self) -> int:
        """How many ended calls have an unknown price."""
        return sum(1 for call in self._ended if call.usage.cost_usd is None)

    # The target's ---------------------------------------------------------------------------------------------------

    @property
    def answered(self) -> list[Call]:
        """The target's calls that were answered."""
        return [call for call in self._ended if call.role == "target" and call.end in ("used", "wasted")]

    @property
    def target_call_s(self) -> float | None:
        """The mean duration of the target's answers so far, ``None`` before the first."""
        taken = [call.took_s for call in self.answered]
        return sum(taken) / len(taken) if taken else None

    @property
    def target_call_usd(self) -> float | None:
        """The mean cost of the target's answers so far, ``None`` before the first or where a price is unknown."""
        costs = [call.usage.cost_usd for call in self.answered]
        known = [cost for cost in costs if cost is not None]
        return sum(known) / len(known) if known and len(known) == len(costs) else None

    @property
    def usual_s(self) -> tuple[float, float] | None:
        """Between which seconds three of five of the target's answers came so far (20th to 80th percentile, nearest rank).

        ``None`` before the third answer.
        """
        taken = sorted(call.took_s for call in self.answered)
        if len(taken) < LEAST_FOR_USUAL:
            return None
        last = len(taken) - 1
        return taken[round(0.2 * last)], taken[round(0.8 * last)]

    def asked_s(self, at: int) -> float | None:
        """When the target was asked for step ``at``, if it is still at it."""
        return max((call.started_s for call in self._asking(at)), default=None)

    def last_asked(self, at: int) -> Call | None:
        """The target's latest call for step ``at`` that is under way."""
        return next(reversed(self._asking(at)), None)

    def _asking(self, at: int) -> list[Call]:
        """In the order of their numbers."""
        return [
            call
            for number, call in sorted(self._calls.items())
            if call.role == "target" and call.at == at and call.ended_s is None
        ]
