"""The figures of one run, a pure fold of its records. Nothing is measured here; every number comes from an event.

Names follow the paper (arXiv 2410.00079, section 5): TT ``total_s``, ST ``step_s``, TO ``output_tokens``, SO
``output_tokens_per_step``, MC ``calls_max``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from outrider.figures.acting import Acting
from outrider.model import JSON, NOTHING_USED, Role, Step, Usage
from outrider.rules.events import (
    Accepted,
    Allowed,
    Approved,
    Asked,
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Executed,
    Executing,
    Extended,
    Failed,
    Finished,
    Limit,
    Lost,
    Observed,
    Opened,
    Paused,
    Reached,
    Record,
    Rejected,
    Settled,
    Started,
    Steered,
    Took,
    Undone,
    Verified,
    Waiting,
    WentBack,
    WentOn,
)

CallEnd: TypeAlias = Literal["used", "wasted", "cancelled", "failed"]

LEAST_FOR_USUAL: Final = 3
"""Of fewer answers nobody can say how long they usually take."""

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
    """A step of the plan, with the seconds its target call and its right draft took; ``None`` where there was none.

    ``tool_s`` is what executing it took, every attempt after the other; nothing where it was not executed.
    """

    step: Step
    target_s: float | None
    draft_s: float | None
    by_person: bool
    tool_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Taking:
    """The person took a step, ``window_s`` after it was open: how long the target's call for it had run, if any, and whether
    its verdict was in already.
    """

    window_s: float
    call: int | None
    elapsed_s: float
    verdict_was_in: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step that the person took has saved, by estimate; ``None`` where nothing is known to estimate it from."""

    saved_s: float | None
    saved_usd: float | None


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
        "_asking", "_calls", "_carried", "_flying", "_flying_s", "_flying_since_s", "_frontier_held_s", "_frontier_s", "_held",
        "_held_s", "_held_since_s", "_limit", "_lost", "_plan", "_right", "_taken", "_verdict_in_at", "acceptance", "acting",
        "calls_max", "now_s", "one_machine", "settled", "total_s",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now_s = 0.0
        self.one_machine = False
        self.total_s: float | None = None
        self.settled = False
        self.calls_max = 0
        self.acceptance: dict[int, Acceptance] = {}
        self.acting = Acting()
        self._right: set[int] = set()
        self._lost: set[int] = set()
        self._calls: dict[int, _Call] = {}
        self._flying = 0
        self._flying_s = 0.0
        self._flying_since_s = 0.0
        self._carried = 0
        self._frontier_s = 0.0
        self._frontier_held_s = 0.0
        self._held = False
        self._asking = False
        self._held_s = 0.0
        self._held_since_s: float | None = None
        self._limit: Limit | None = None
        self._verdict_in_at: int | None = None
        self._taken: dict[int, _Taking] = {}
        self._plan: dict[int, _Confirmed] = {}

    def receive(self, record: Record) -> None:
        """Count ``record`` in."""
        self.now_s = record.time_s
        match record.event:
            case Opened() as opened:
                self.one_machine = opened.one_machine
                self._carried = len(opened.plan)
                self.acting.open(opened)
            case Started(call=number, role=role, at=at):
                self._calls[number] = _Call(role, at, record.time_s)
                self._fly(1)
                self.calls_max = max(self.calls_max, self._flying)
            case Drafted(call=number, usage=usage) | Verified(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "wasted")
            case Failed(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "failed")
            case Cancelled(call=number, usage=usage):
                self._end_call(number, record.time_s, usage, "cancelled")
            case Accepted(ahead=ahead, call=call):
                self.acceptance.setdefault(ahead, Acceptance()).accepted += 1
                self._right.add(call)
            case Rejected(ahead=ahead, call=call):
                self.acceptance.setdefault(ahead, Acceptance()).rejected += 1
                self._lost.add(call)
            case Discarded(calls=calls):
                self._lost.update(calls)
            case Executing() as event:
                self.acting.begin(event, record.time_s, self._with_calls_s)
            case Observed() | Undone() | Lost() as event:
                self.acting.end(event, record.time_s, self._with_calls_s)
            case Executed() as event:
                self._execute(event, record.time_s)
            case Asked():
                self._asking = True
                self._note_held(record.time_s)
            case Approved() | Settled():
                self._asking = False
                self._note_held(record.time_s)
            case Took(at=at):
                self._take(at, record.time_s)
            case WentBack(at=at):
                self._asking = False
                self._plan = {number: step for number, step in self._plan.items() if number < at}
                self._hold(record.time_s, verdict_in_at=at)
            case Paused():
                self._hold(record.time_s)
            case Waiting(at=at):
                self._verdict_in_at = at
            case Reached(limit=limit):
                self._hold(record.time_s, limit=limit)
            case Allowed() if self._limit == "budget":
                self._go_on(record.time_s)
            case Extended() if self._limit == "steps":
                self._go_on(record.time_s)
            case WentOn() | Steered():
                self._go_on(record.time_s)
            case Confirmed() as confirmed:
                self._confirm(confirmed, record.time_s)
            case Ended():
                self._asking = False
                self._go_on(record.time_s)
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
        self._fly(-1)

    def _fly(self, more: int) -> None:
        self._flying_s, self._flying_since_s = self._with_calls_s, self.now_s
        self._flying += more

    @property
    def _with_calls_s(self) -> float:
        """How long a call has been under way so far, whatever its kind."""
        return self._flying_s + (self.now_s - self._flying_since_s if self._flying else 0.0)

    def _execute(self, event: Executed, time_s: float) -> None:
        """The confirmed step has been executed: from now on the next one is open."""
        self._frontier_s, self._frontier_held_s = time_s, self._held_so_far_s
        tool_s = self.acting.need(event)
        if event.at in self._plan:
            self._plan[event.at] = replace(self._plan[event.at], tool_s=tool_s)

    def _confirm(self, event: Confirmed, time_s: float) -> None:
        self._frontier_s, self._frontier_held_s = time_s, self._held_so_far_s
        if event.at < self._carried and event.call is None and event.at not in self._taken:
            return  # confirmed in an earlier session, which counted it
        used = [self._calls[number] for number in (event.call, *event.drafts) if number in self._calls]
        for call in used:
            call.end = "used"
        target = self._calls.get(event.call) if event.call is not None else None
        drafts = [call.took_s for call in used if call.role == "approximation"]
        self._plan[event.at] = _Confirmed(
            step=event.step,
            target_s=target.took_s if target else None,
            draft_s=min(drafts, default=None),
            by_person=event.by == "person",
        )

    # The person -----------------------------------------------------------------------------------------------------

    def _hold(self, time_s: float, verdict_in_at: int | None = None, limit: Limit | None = None) -> None:
        self._verdict_in_at = verdict_in_at
        self._limit = limit
        self._held = True
        self._note_held(time_s)

    def _go_on(self, time_s: float) -> None:
        self._verdict_in_at = None
        self._limit = None
        self._held = False
        self._note_held(time_s)

    def _note_held(self, time_s: float) -> None:
        """The run is held from now on, or not any more: by the person, by a limit, or by a tool that waits for their word."""
        if self._held or self._asking:
            self._held_since_s = time_s if self._held_since_s is None else self._held_since_s
        elif self._held_since_s is not None:
            self._held_s += time_s - self._held_since_s
            self._held_since_s = None

    @property
    def _held_so_far_s(self) -> float:
        return self._held_s + (self.now_s - self._held_since_s if self._held_since_s is not None else 0.0)

    def _take(self, at: int, time_s: float) -> None:
        verdict_was_in = self._verdict_in_at == at
        self._go_on(time_s)
        window_s = max(0.0, time_s - self._frontier_s - (self._held_so_far_s - self._frontier_held_s))
        number = max(self._asked(at), default=None)
        elapsed_s = 0.0 if number is None else time_s - self._calls[number].started_s
        self._taken[at] = _Taking(window_s, number, elapsed_s, verdict_was_in)

    def _window_s(self, at: int) -> float:
        """How long the person let the target work on step ``at`` before they took it; nothing if they did not."""
        return self._taken[at].window_s if at in self._taken else 0.0

    @property
    def taken(self) -> dict[int, Taken]:
        """For each step of the plan that the person took: what it saved, by estimate, against waiting for the target.

        Seconds: what those of the target's answers that took longer than its call for this step had run took beyond that, in the
        mean; unknown before there is one. Answers that came sooner tell nothing: they are the ones that nobody's patience ended
        before, and with them in the mean an impatient person would seem to save nothing. Dollars: the target's mean cost less
        what that call had used when it was closed. Nothing is saved where the verdict was in already.
        """
        by_person = {at for at, step in self._plan.items() if step.by_person}
        return {at: self._saved_by(taking) for at, taking in sorted(self._taken.items()) if at in by_person}

    def _saved_by(self, taking: _Taking) -> Taken:
        if taking.verdict_was_in:
            return Taken(0.0, 0.0)
        rest_s = [call.took_s - taking.elapsed_s for call in self._answered if call.took_s > taking.elapsed_s]
        mean_usd = self.target_call_usd
        used = self._calls[taking.call].usage.cost_usd if taking.call is not None else 0.0
        return Taken(
            saved_s=sum(rest_s) / len(rest_s) if rest_s else None,
            saved_usd=None if mean_usd is None or used is None else max(0.0, mean_usd - used),
        )

    @property
    def held_s(self) -> float:
        """How long the person held the run: pausing, going back, or while a tool waited for their word. No scheduler could have
        used that time.
        """
        return self._held_s

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
        return sum(call.usage.tokens for call in self._calls.values() if call.ended_s is not None and call.end == end)

    @property
    def tokens_lost(self) -> int:
        """Tokens that are wasted for certain: of cancelled calls, and of answers that are not needed whatever comes.

        Once the run has ended, these are all that were wasted or cancelled.
        """
        if self.total_s is not None:
            return self.tokens("wasted") + self.tokens("cancelled")
        lost = self._lost - self._right  # of several guesses one may be right
        return self.tokens("cancelled") + sum(
            call.usage.tokens
            for number, call in self._calls.items()
            if number in lost and call.ended_s is not None and call.end == "wasted"
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
        taken = [call.took_s for call in self._answered]
        return sum(taken) / len(taken) if taken else None

    @property
    def target_call_usd(self) -> float | None:
        """The mean cost of the target's answers so far, ``None`` before the first or where a price is unknown."""
        costs = [call.usage.cost_usd for call in self._answered]
        known = [cost for cost in costs if cost is not None]
        return sum(known) / len(known) if known and len(known) == len(costs) else None

    def asked_s(self, at: int) -> float | None:
        """When the target was asked for step ``at``, if it is still at it."""
        return max((self._calls[number].started_s for number in self._asked(at)), default=None)

    def _asked(self, at: int) -> list[int]:
        return [
            number for number, call in self._calls.items() if call.role == "target" and call.at == at and call.ended_s is None
        ]

    @property
    def usual_s(self) -> tuple[float, float] | None:
        """Between which seconds three of five of the target's answers came so far (20th to 80th percentile, nearest rank).

        ``None`` before the third answer.
        """
        taken = sorted(call.took_s for call in self._answered)
        if len(taken) < LEAST_FOR_USUAL:
            return None
        last = len(taken) - 1
        return taken[round(0.2 * last)], taken[round(0.8 * last)]

    @property
    def _answered(self) -> list[_Call]:
        return [
            call
            for call in self._calls.values()
            if call.role == "target" and call.ended_s is not None and call.end in ("used", "wasted")
        ]

    @property
    def target_alone_s(self) -> float:
        """An estimate: what the confirmed steps' target calls took, and executing the steps, one after another.

        A person's step counts with the mean of the target's calls. Calls that slowed one another down make it too high: only
        a run of the target alone would tell.
        """
        return sum(self._alone_s(at, step) + step.tool_s for at, step in self._plan.items())

    def _alone_s(self, at: int, step: _Confirmed) -> float:
        """What asking the target for the step took."""
        if step.target_s is not None:
            return step.target_s
        mean = self.target_call_s
        return mean if mean is not None else self._window_s(at)

    @property
    def saved_s(self) -> float:
        """``target_alone_s`` less the time until the last confirmed step, and its execution, without what the person held;
        negative if it lost.
        """
        return self.target_alone_s - (self._frontier_s - self._frontier_held_s)

    @property
    def oracle_s(self) -> float:
        """The time of a scheduler that knew in advance which drafts are right, from the same durations.

        A step is named at min(parent + draft, parent + verdict) where the draft was right, else at parent + verdict. The prefix
        that it leads to is known once its tool has been run: as soon as the step is named, on a copy of the world if need be;
        if it writes and cannot be tried, once the plan has come there. The run ends when the last verdict is in, and every effect
        has happened in its turn.
        """
        known_s = came_s = 0.0
        for at, step in sorted(self._plan.items()):
            verdict_s = known_s + (self._window_s(at) if step.by_person else self._alone_s(at, step))
            named_s = verdict_s if step.draft_s is None else min(known_s + step.draft_s, verdict_s)
            came_s = max(came_s, verdict_s)
            known_s, came_s = self._executed_s(step, named_s, came_s)
        return came_s

    def _executed_s(self, step: _Confirmed, named_s: float, came_s: float) -> tuple[float, float]:
        """When what the step brings to light is known at the earliest, and when the plan has come past it."""
        if not step.tool_s:
            return named_s, came_s
        tool, tried_s = self.acting.declared(step.step), named_s + step.tool_s
        if tool.effect != "write":
            return tried_s, max(came_s, tried_s)
        done_s = came_s + step.tool_s
        return (tried_s if tool.rehearses else done_s), done_s

    @property
    def person_steps(self) -> int:
        """Steps that the person took."""
        return sum(1 for step in self._plan.values() if step.by_person)

    @property
    def person_saved_s(self) -> float:
        """An estimate: the seconds that the steps the person took have saved together, as far as it can be told."""
        return sum(taken.saved_s or 0.0 for taken in self.taken.values())

    @property
    def person_steps_untold(self) -> int:
        """Steps that the person took of which nothing tells how long the target would have taken."""
        return sum(1 for taken in self.taken.values() if taken.saved_s is None)

    def as_json(self) -> dict[str, JSON]:
        """Every figure under its name. A figure that is unknown is null, never 0."""
        usage, steps = self.usage, self.steps
        total_s = self.now_s if self.total_s is None else self.total_s
        counted = "unknown" if self.in_flight else usage.counted  # open calls use tokens that nobody has counted
        ends: tuple[CallEnd, ...] = ("used", "wasted", "cancelled", "failed")
        figures: dict[str, JSON] = {
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
            "person_steps_untold": self.person_steps_untold,
            "held_s": round(self.held_s, 6),
        }
        return figures | self.acting.as_json()
