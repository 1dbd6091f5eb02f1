"""The figures of one run, a pure fold of its records. Nothing is measured here; every number comes from an event.

Names follow the paper (arXiv 2410.00079, section 5): TT ``total_s``, ST ``step_s``, TO ``output_tokens``, SO
``output_tokens_per_step``, MC ``calls_max``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.model import JSON, NOTHING_USED, Role, Usage
from outrider.rules.events import (
    Accepted,
    Cancelled,
    Confirmed,
    Drafted,
    Ended,
    Failed,
    Finished,
    Opened,
    Record,
    Rejected,
    Started,
    Took,
    Verified,
    WentBack,
)

CallEnd: TypeAlias = Literal["used", "wasted", "cancelled", "failed"]

_NOT_SAID: Final = Usage()
"""A call's usage until it ends; one object for them all, since there are many."""


@dataclass(slots=True)
class _Call:
    role: Role
    at: int
    started_s: float
    ended_s: float | None = None
    usage: Usage = _NOT_SAID
    end: CallEnd = "wasted"  # until it turns out to be needed

    @property
    def took_s(self) -> float:
        return 0.0 if self.ended_s is None else self.ended_s - self.started_s


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """A step of the plan, with the seconds its target call and its right draft took; ``None`` where there was none."""

    target_s: float | None
    draft_s: float | None
    by_person: bool


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


class Figures:
    """The running figures of a session. ``receive`` its records in order; read at any time."""

    __slots__ = (
        "_calls", "_carried", "_flying", "_frontier_s", "_plan", "_person_windows", "acceptance", "calls_max", "now_s",
        "one_machine",
        "settled", "total_s",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now_s = 0.0
        self.one_machine = False
        self.total_s: float | None = None
        self.settled = False
        self.calls_max = 0
        self.acceptance: dict[int, Acceptance] = {}
        self._calls: dict[int, _Call] = {}
        self._flying = 0
        self._carried = 0
        self._frontier_s = 0.0
        self._person_windows: dict[int, float] = {}
        self._plan: dict[int, _Confirmed] = {}

    def receive(self, record: Record) -> None:
        """Count ``record`` in."""
        self.now_s = record.time_s
        match record.event:
            case Opened(plan=plan, one_machine=one_machine):
                self.one_machine = one_machine
                self._carried = len(plan)
            case Started(call=number, role=role, at=at):
                self._calls[number] = _Call(role, at, record.time_s)
                self._flying += 1
                self.calls_max = max(self.calls_max, self._flying)
            case Drafted(call=number, usage=usage) | Verified(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "wasted")
            case Failed(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "failed")
            case Cancelled(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "cancelled")
            case Accepted(ahead=ahead):
                self.acceptance.setdefault(ahead, Acceptance()).accepted += 1
            case Rejected(ahead=ahead):
                self.acceptance.setdefault(ahead, Acceptance()).rejected += 1
            case Took(at=at):
                self._person_windows[at] = record.time_s - self._frontier_s
            case WentBack(at=at):
                self._shorten(at)
            case Confirmed() as confirmed:
                self._confirm(confirmed, record.time_s)
            case Ended():
                self.total_s = record.time_s
            case Finished():
                self.settled = True
            case _:
                pass

    def _end_call(self, number: int, time_s: float, usage: Usage, end: CallEnd) -> None:
        call = self._calls.get(number)
        if call is None:
            return  # it was cancelled or refused before its turn came: nothing was sent
        call.ended_s, call.usage, call.end = time_s, usage, end
        self._flying -= 1

    def _confirm(self, event: Confirmed, time_s: float) -> None:
        self._frontier_s = time_s
        if event.at < self._carried and event.call is None and event.at not in self._person_windows:
            return  # confirmed in an earlier session, which counted it
        used = [self._calls[number] for number in (event.call, *event.drafts) if number in self._calls]
        for call in used:
            call.end = "used"
        target = self._calls.get(event.call) if event.call is not None else None
        drafts = [call.took_s for call in used if call.role == "approximation"]
        self._plan[event.at] = _Confirmed(
            target_s=target.took_s if target else None,
            draft_s=min(drafts, default=None),
            by_person=event.by == "person",
        )

    def _shorten(self, at: int) -> None:
        """The plan ends before step ``at`` now, and what the person took from there on is open again."""
        self._plan = {number: step for number, step in self._plan.items() if number < at}

    # Calls and tokens -----------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Calls under way now."""
        return self._flying

    def calls(self, end: CallEnd) -> int:
        """How many calls ended so. While the run goes on, an answer that may still be needed counts as wasted."""
        return sum(1 for call in self._calls.values() if call.ended_s is not None and call.end == end)

    def tokens(self, end: CallEnd) -> int:
        """Prompt and output tokens of the calls that ended so."""
        return sum(
            call.usage.prompt_tokens + call.usage.output_tokens
            for call in self._calls.values()
            if call.ended_s is not None and call.end == end
        )

    @property
    def usage(self) -> Usage:
        """All calls together; the cost is ``None`` if the price of any is unknown."""
        first, *others = [call.usage for call in self._calls.values() if call.ended_s is not None] or [NOTHING_USED]
        return sum(others, start=first)

    @property
    def priced_usd(self) -> float:
        """The cost of the calls whose price is known."""
        return sum(call.usage.cost_usd or 0.0 for call in self._calls.values())

    @property
    def calls_unpriced(self) -> int:
        """How many ended calls have an unknown price."""
        return sum(1 for call in self._calls.values() if call.ended_s is not None and call.usage.cost_usd is None)

    # Times ----------------------------------------------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Confirmed steps of this session, without those it went on from."""
        return len(self._plan)

    @property
    def target_call_s(self) -> float | None:
        """The mean duration of the target's answers so far, ``None`` before the first."""
        taken = [
            call.took_s
            for call in self._calls.values()
            if call.role == "target" and call.ended_s is not None and call.end in ("used", "wasted")
        ]
        return sum(taken) / len(taken) if taken else None

    @property
    def target_alone_s(self) -> float:
        """An estimate: what the confirmed steps' target calls took, one after another.

        A person's step counts with the mean of the target's calls. Calls that slowed one another down make it too high: only
        a run of the target alone would tell.
        """
        return sum(self._alone_s(at, step) for at, step in self._plan.items())

    def _alone_s(self, at: int, step: _Confirmed) -> float:
        if step.target_s is not None:
            return step.target_s
        mean = self.target_call_s
        return mean if mean is not None else self._person_windows.get(at, 0.0)

    @property
    def saved_s(self) -> float:
        """``target_alone_s`` less the time until the last confirmed step; negative where speculation lost."""
        return self.target_alone_s - self._frontier_s

    @property
    def oracle_s(self) -> float:
        """The time of a scheduler that knew in advance which drafts are right, from the same durations.

        A prefix is known at min(parent + draft, parent + verdict) where the draft was right, else at parent + verdict; the run
        ends at the latest verdict.
        """
        known_s = end_s = 0.0
        for at, step in sorted(self._plan.items()):
            verdict_s = known_s + (self._person_windows.get(at, 0.0) if step.by_person else self._alone_s(at, step))
            end_s = max(end_s, verdict_s)
            known_s = verdict_s if step.draft_s is None else min(known_s + step.draft_s, verdict_s)
        return end_s

    @property
    def person_steps(self) -> int:
        """Steps that the person took."""
        return sum(1 for step in self._plan.values() if step.by_person)

    @property
    def person_saved_s(self) -> float:
        """An estimate: for each step the person took, the target's mean call less the wait until they did."""
        mean = self.target_call_s
        if mean is None:
            return 0.0
        return sum(max(0.0, mean - self._person_windows.get(at, 0.0)) for at, step in self._plan.items() if step.by_person)

    def as_json(self) -> dict[str, JSON]:
        """Every figure under its name. A figure that is unknown is null, never 0."""
        usage, steps = self.usage, self.steps
        total_s = self.now_s if self.total_s is None else self.total_s
        counted = "unknown" if self.in_flight else usage.counted  # open calls use tokens that nobody has counted
        ends: tuple[CallEnd, ...] = ("used", "wasted", "cancelled", "failed")
        return {
            "total_s": round(total_s, 6),
            "steps": steps,
            "step_s": round(total_s / steps, 6) if steps else None,
            "output_tokens": usage.output_tokens,
            "output_tokens_per_step": round(usage.output_tokens / steps, 3) if steps else None,
            "calls_max": self.calls_max,
            "cost_usd": None if self.in_flight else usage.cost_usd,
            "priced_usd": self.priced_usd,
            "calls_unpriced": self.calls_unpriced + self.in_flight,
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cached_tokens,
            "wasted_tokens": self.tokens("wasted"),
            "cancelled_tokens": self.tokens("cancelled"),
            "tokens_counted": counted,
            "tokens_estimated": counted == "estimated",
            "calls": {end: self.calls(end) for end in ends},
            "calls_open": self.in_flight,
            "acceptance": [
                {"ahead": ahead, "accepted": tally.accepted, "rejected": tally.rejected, "rate": tally.rate}
                for ahead, tally in sorted(self.acceptance.items())
            ],
            "target_alone_s": round(self.target_alone_s, 6),
            "target_alone_is": "estimate, too high" if self.one_machine else "estimate",
            "saved_s": round(self.saved_s, 6),
            "oracle_s": round(self.oracle_s, 6),
            "person_steps": self.person_steps,
            "person_saved_s": round(self.person_saved_s, 6),
        }
