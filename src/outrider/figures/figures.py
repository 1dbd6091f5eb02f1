"""The figures of one run, a pure fold of its records. Nothing is measured here; every number comes from an event.

Names follow the paper (arXiv 2410.00079, section 5): TT ``total_s``, ST ``step_s``, TO ``output_tokens``, SO
``output_tokens_per_step``, MC ``calls_max``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, get_args

from outrider.figures.acting import Acting
from outrider.figures.calls import Call, CallEnd, CallFigures
from outrider.figures.holding import Holding
from outrider.model import JSON, Step
from outrider.rules.events import (
    Confirmed,
    Ended,
    Executed,
    Executing,
    Finished,
    Lost,
    Observed,
    Opened,
    Record,
    Took,
    Undone,
    WentBack,
)

ENDS: Final[tuple[CallEnd, ...]] = get_args(CallEnd)


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
    call: Call | None
    elapsed_s: float
    verdict_was_in: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step that the person took has saved, by estimate; ``None`` where nothing is known to estimate it from."""

    saved_s: float | None
    saved_usd: float | None


class Figures(CallFigures):
    """The running figures of a session. ``receive`` its records in order; read at any time."""

    __slots__ = ("_carried", "_frontier_held_s", "_frontier_s", "_holding", "_plan", "_taken", "acting", "one_machine", "settled",
                 "total_s")  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.one_machine = False
        self.total_s: float | None = None
        self.settled = False
        self.acting = Acting()
        self._holding = Holding()
        self._carried = 0
        self._frontier_s = 0.0
        self._frontier_held_s = 0.0
        self._taken: dict[int, _Taking] = {}
        self._plan: dict[int, _Confirmed] = {}

    def receive(self, record: Record) -> None:
        """Count ``record`` in."""
        super().receive(record)
        verdict_in_at = self._holding.verdict_in_at
        self._holding.receive(record)
        match record.event:
            case Opened() as opened:
                self.one_machine = opened.one_machine
                self._carried = len(opened.plan)
                self.acting.open(opened)
            case Executing() as event:
                self.acting.begin(event, record.time_s, self.with_calls_s)
            case Observed() | Undone() | Lost() as event:
                self.acting.end(event, record.time_s, self.with_calls_s)
            case Executed() as event:
                self._execute(event)
            case Took(at=at):
                self._take(at, verdict_was_in=verdict_in_at == at)
            case WentBack(at=at):
                self._plan = {number: step for number, step in self._plan.items() if number < at}
            case Confirmed() as confirmed:
                self._confirm(confirmed)
            case Ended():
                self.total_s = record.time_s
            case Finished():
                self.settled = True
            case _:
                pass

    def _execute(self, event: Executed) -> None:
        """The confirmed step has been executed: from now on the next one is open."""
        self._open_next()
        tool_s = self.acting.need(event)
        if event.at in self._plan:
            self._plan[event.at] = replace(self._plan[event.at], tool_s=tool_s)

    def _open_next(self) -> None:
        self._frontier_s, self._frontier_held_s = self.now_s, self._holding.so_far_s(self.now_s)

    def _confirm(self, event: Confirmed) -> None:
        self._open_next()
        if event.at < self._carried and event.call is None and event.at not in self._taken:
            return  # confirmed in an earlier session, which counted it
        target = next(iter(self.needed([event.call])), None)
        drafts = [call.took_s for call in self.needed(event.drafts) if call.role == "approximation"]
        self._plan[event.at] = _Confirmed(
            step=event.step,
            target_s=target.took_s if target else None,
            draft_s=min(drafts, default=None),
            by_person=event.by == "person",
        )

    # The person -----------------------------------------------------------------------------------------------------

    def _take(self, at: int, *, verdict_was_in: bool) -> None:
        held_s = self._holding.so_far_s(self.now_s) - self._frontier_held_s
        window_s = max(0.0, self.now_s - self._frontier_s - held_s)
        asked = self.last_asked(at)
        self._taken[at] = _Taking(window_s, asked, 0.0 if asked is None else self.now_s - asked.started_s, verdict_was_in)

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
        rest_s = [call.took_s - taking.elapsed_s for call in self.answered if call.took_s > taking.elapsed_s]
        mean_usd = self.target_call_usd
        used = taking.call.usage.cost_usd if taking.call is not None else 0.0
        return Taken(
            saved_s=sum(rest_s) / len(rest_s) if rest_s else None,
            saved_usd=None if mean_usd is None or used is None else max(0.0, mean_usd - used),
        )

    @property
    def held_s(self) -> float:
        """How long the person held the run: pausing, going back, or while a tool waited for their word. No scheduler could have
        used that time.
        """
        return self._holding.past_s

    @property
    def tokens_lost(self) -> int:
        """Tokens that are wasted for certain: of cancelled calls, and of answers that are not needed whatever comes.

        Once the run has ended, these are all that were wasted or cancelled.
        """
        return self.tokens_not_needed if self.total_s is None else self.tokens("wasted") + self.tokens("cancelled")

    # Times ----------------------------------------------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Confirmed steps of this session, without those it went on from."""
        return len(self._plan)

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
            "calls": {end: self.calls(end) for end in ENDS},
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
