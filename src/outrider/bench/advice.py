"""Would it help me? What speculation would have made of recorded runs, and what to expect of as many more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from outrider.bench.expectation import FEWEST_RUNS, predicted_mean, predicted_ratio, widened
from outrider.bench.harness import ALONE, Comparison, Run, estimate_json, run_all, run_in_order, run_once, waits
from outrider.bench.rows import Row, Trace
from outrider.bench.schedulers import schedulers_named
from outrider.bench.statistics import Estimate, Interval, Paired, bootstrapped, draws, ratio
from outrider.bench.traces import TokenPrices
from outrider.errors import BadOption
from outrider.model import Step
from outrider.rules import Sliding

FIXED: Final = ("lookahead-1", "lookahead-2", "lookahead-4", "lookahead-8")
LEARNING: Final = ("auto@3", "auto@30", "auto@300")
TRIED: Final = (*FIXED, *LEARNING)
"""What is tried, beside the target alone: fixed lookaheads, and settings of the dial, which learn from run to run."""

OTHER_ORDERS: Final = 4
"""In so many other orders the kept runs are run again for a setting that learns, to see how much it depends on their order."""

LEAST_GAIN: Final = 0.05
"""A smaller share of the time saved is not worth a second model."""

NEARLY_AS_GOOD: Final = 0.02
"""Without prices, the smallest lookahead within this share of the fastest is enough."""

MOST_KEPT: Final = 100
"""So many runs, drawn at random, are run again to find the break-even acceptance and the step that costs most."""

_GRID: Final = 10
_RESAMPLES: Final = 1_000

Verdict: TypeAlias = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What to expect of one lookahead: time and cost over the target alone's, what a run gains and costs more.

    ``hour_usd`` is what an hour saved costs: the dollars more over the hours less; ``None`` where either is unknown or nothing is
    saved.
    """

    lookahead: str
    time_ratio: Estimate
    cost_ratio: Estimate | None
    saved_s: Estimate
    more_usd: Estimate | None
    hour_usd: float | None

    def worth_usd(self, hour_usd: float) -> float | None:
        """What a run is worth more than it costs more, if an hour of waiting is worth ``hour_usd``; ``None`` without prices."""
        return None if self.more_usd is None else self.saved_s.value * hour_usd / 3600 - self.more_usd.value


@dataclass(frozen=True, slots=True, kw_only=True)
class CostlyStep:
    """The action that most of the waiting goes to, with the recommended lookahead or the best one.

    ``share`` is that of all waiting. ``right`` is how often its drafts were.
    """

    action: str
    share: Estimate
    mean_s: float
    times: int
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What there is to say. ``answer`` is the plain recommendation, ``reason`` a sentence or two on it.

    ``break_even`` is the acceptance at which the time saved is worth what it costs, ``None`` where no acceptance is enough or
    prices are unknown. ``slowdown`` is by what factor calls may slow one another down before nothing is gained any more.
    """

    answer: Verdict
    reason: str
    lookahead: str | None
    settings: Sequence[Setting]
    acceptance: Estimate
    break_even: Estimate | None
    slowdown: float
    costly: CostlyStep | None
    runs: int
    alone_s: float
    hour_usd: float

    def as_json(self) -> dict[str, Any]:
        """Every figure under its name, its 95 % interval under the same name with ``_95``; what is unknown is null."""
        return {
            "answer": self.answer,
            "reason": self.reason,
            "lookahead": self.lookahead,
            "runs": self.runs,
            "alone_s": round(self.alone_s, 6),
            "settings": [_setting_json(setting) for setting in self.settings],
            **estimate_json("acceptance", self.acceptance),
            **estimate_json("break_even_acceptance", self.break_even),
            "slowdown_break_even": round(self.slowdown, 3),
            "costliest_step": None if self.costly is None else _costly_json(self.costly),
            "hour_usd": self.hour_usd,
        }


def _setting_json(setting: Setting) -> dict[str, Any]:
    return {
        "lookahead": setting.lookahead,
        **estimate_json("time_ratio", setting.time_ratio),
        **estimate_json("cost_ratio", setting.cost_ratio),
        **estimate_json("saved_s", setting.saved_s),
        **estimate_json("more_usd", setting.more_usd, digits=9),
        "hour_saved_costs_usd": None if setting.hour_usd is None else round(setting.hour_usd, 4),
    }


def _costly_json(step: CostlyStep) -> dict[str, Any]:
    figures = {"mean_s": round(step.mean_s, 6), "times": step.times, "right": round(step.right, 6)}
    return {"action": step.action, **estimate_json("share", step.share), **figures}


# The advice ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Adviser:
    """Grows run by run in bounded memory; ``advice`` at any time.

    Args:
        prices: what tokens cost.
        hour_usd: what an hour of waiting is worth.
        seed: of everything that is drawn.
    """

    prices: TokenPrices
    hour_usd: float
    seed: int
    runs: int = 0
    right: Paired = field(default_factory=Paired)
    kept: list[Trace] = field(default_factory=list)
    comparison: Comparison = field(init=False)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.hour_usd < float("inf"):
            raise BadOption(f"an hour is worth {self.hour_usd} dollars; give a number from 0")
        self.comparison = Comparison([ALONE, *TRIED])
        self._dice = random.Random(self.seed)  # noqa: S311 - dice, no secrets

    def add(self, trace: Trace) -> None:
        """One more recorded run."""
        self.comparison.add(run_all(trace, schedulers_named(TRIED), self.prices, self.comparison.learned))
        self.right.add(sum(row.right for row in trace.rows), len(trace.rows))
        self.runs += 1
        self._keep(trace)

    def _keep(self, trace: Trace) -> None:
        """A fair sample of all runs so far (reservoir sampling)."""
        if len(self.kept) < MOST_KEPT:
            self.kept.append(trace)
        elif (place := self._dice.randrange(self.runs)) < MOST_KEPT:
            self.kept[place] = trace

    def advice(self) -> Advice:
        """What there is to say of the runs so far; there is at least one."""
        settings = [*map(self._setting, FIXED), *(self._in_any_order(self._setting(name)) for name in LEARNING)]
        best = _best(settings, self.hour_usd)
        answer, reason = _recommended(best, self.hour_usd, self.runs)
        acceptance = ratio(self.right, draws(len(self.right.ours), self.seed))
        assert acceptance is not None, "every run has a step"
        return Advice(
            answer=answer,
            reason=reason,
            lookahead=best.lookahead if answer == "yes" else None,
            settings=settings,
            acceptance=acceptance,
            break_even=None if best.more_usd is None else self._break_even(best.lookahead),
            slowdown=1 / best.time_ratio.value if best.time_ratio.value else float("inf"),
            costly=self._costly(best.lookahead),
            runs=self.runs,
            alone_s=self.comparison.time(ALONE).theirs_in_all,
            hour_usd=self.hour_usd,
        )

    def _setting(self, name: str) -> Setting:
        time, cost = self.comparison.time(name), self.comparison.cost(name)
        cells, cell = len(time.ours), time.runs / len(time.ours)
        saved = predicted_mean([(b - a) / cell for a, b in zip(time.ours, time.theirs, strict=True)], cells)
        more = predicted_mean([(a - b) / cell for a, b in zip(cost.ours, cost.theirs, strict=True)], cells) if cost else None
        return Setting(
            lookahead=name,
            time_ratio=predicted_ratio(time.ours, time.theirs, cells),
            cost_ratio=predicted_ratio(cost.ours, cost.theirs, cells) if cost and cost.theirs_in_all > 0 else None,
            saved_s=saved,
            more_usd=more,
            hour_usd=more.value * 3600 / saved.value if more and saved.value > 0 else None,
        )

    def _in_any_order(self, setting: Setting) -> Setting:
        """The same, with how much it depends on the order of the runs in its intervals."""
        dice, make = random.Random(self.seed), schedulers_named([setting.lookahead])[setting.lookahead]  # noqa: S311 - dice
        alone = _totals([run_once(trace, Sliding(0), self.prices) for trace in self.kept])
        found = [_totals(run_in_order(dice.sample(self.kept, len(self.kept)), make, self.prices)) for _ in range(OTHER_ORDERS)]
        times, costs, runs = [seconds for seconds, _ in found], [usd for _, usd in found], len(self.kept)
        cost_ratio, more_usd = setting.cost_ratio, setting.more_usd
        return replace(
            setting,
            time_ratio=widened(setting.time_ratio, [seconds / alone[0] for seconds in times]),
            saved_s=widened(setting.saved_s, [(alone[0] - seconds) / runs for seconds in times]),
            cost_ratio=cost_ratio and widened(cost_ratio, [usd / alone[1] for usd in costs]),
            more_usd=more_usd and widened(more_usd, [(usd - alone[1]) / runs for usd in costs]),
        )

    # Break-even: the same runs with drafts that are right as often as we like ------------------------------------------

    def _break_even(self, lookahead: str) -> Estimate | None:
        """The least acceptance at which the time saved is worth what it costs; ``None`` if none is enough."""
        make = schedulers_named([lookahead])[lookahead]
        luck = [[self._dice.random() for _ in trace.rows] for trace in self.kept]
        alone = [run_once(trace, Sliding(0), self.prices) for trace in self.kept]
        worth: list[list[float]] = []
        for step in range(_GRID + 1):
            share = step / _GRID
            thinned = [_right_at(trace, dice, share) for trace, dice in zip(self.kept, luck, strict=True)]
            again = [run_once(trace, make(trace), self.prices, self._learned(lookahead)) for trace in thinned]
            worth.append([self._worth(ours, theirs) for ours, theirs in zip(again, alone, strict=True)])
        found = _crossing([sum(run) for run in worth])
        if found is None:
            return None
        drawn = draws(len(self.kept), self.seed, _RESAMPLES)

        def crossing(chosen: Sequence[int]) -> float:
            at = _crossing([sum([run[i] for i in chosen]) for run in worth])
            return 1.0 if at is None else at

        return Estimate(found, bootstrapped(crossing, len(self.kept), drawn))

    def _learned(self, lookahead: str) -> str:
        """What it has learned from all runs, if it learns."""
        return self.comparison.learned.get(lookahead, "")

    def _worth(self, ours: Run, alone: Run) -> float:
        """Dollars that a run's time saved is worth, less what it costs more."""
        return (alone.total_s - ours.total_s) * self.hour_usd / 3600 - ((ours.cost_usd or 0.0) - (alone.cost_usd or 0.0))

    # The step that costs most -------------------------------------------------------------------------------------------

    def _costly(self, lookahead: str) -> CostlyStep | None:
        make = schedulers_named([lookahead])[lookahead]
        waited: dict[str, list[float]] = {}
        rows: dict[str, list[Row]] = {}
        for n, trace in enumerate(self.kept):
            for row, wait_s in zip(trace.rows, waits(trace, make(trace), self.prices, self._learned(lookahead)), strict=True):
                waited.setdefault(row.target.action, [0.0] * len(self.kept))[n] += wait_s
                rows.setdefault(row.target.action, []).append(row)
        action = max(waited, key=lambda name: (sum(waited[name]), name))
        if not sum(waited[action]) > 0:
            return None
        share = Paired()
        for n, of_it in enumerate(waited[action]):
            share.add(of_it, sum(others[n] for others in waited.values()))
        estimate = ratio(share, draws(len(share.ours), self.seed))
        assert estimate is not None, "something was waited for"
        found = rows[action]
        return CostlyStep(
            action=action, share=estimate, mean_s=sum(waited[action]) / len(found), times=len(found),
            right=sum(row.right for row in found) / len(found),
        )  # fmt: skip


def _totals(runs: Sequence[Run]) -> tuple[float, float]:
    """Seconds and dollars of them all."""
    return sum(run.total_s for run in runs), sum(run.cost_usd or 0.0 for run in runs)


def _right_at(trace: Trace, luck: Sequence[float], share: float) -> Trace:
    """The run with drafts that are right where ``luck`` is below ``share``, and nothing else changed."""
    rows = [
        replace(row, drafts=(row.target if dice < share else Step("wrong"),)) if row.drafts else row
        for row, dice in zip(trace.rows, luck, strict=True)
    ]
    return replace(trace, rows=tuple(rows))


def _crossing(worth: Sequence[float]) -> float | None:
    """Where the worth, given on a grid from 0 to 1, comes to be 0 or more and stays so to the end."""
    if worth[-1] < 0:
        return None
    last = max((i for i, value in enumerate(worth) if value < 0), default=-1)
    if last < 0:
        return 0.0
    return (last + worth[last] / (worth[last] - worth[last + 1])) / (len(worth) - 1)


def _best(settings: Sequence[Setting], hour_usd: float) -> Setting:
    """The one worth most of those that gain enough; without prices, the first that is nearly as fast as the fastest."""
    if all(setting.more_usd is not None for setting in settings):
        gaining = [setting for setting in settings if 1 - setting.time_ratio.value >= LEAST_GAIN]
        return max(gaining or settings, key=lambda setting: setting.worth_usd(hour_usd) or 0.0)
    fastest = min(setting.time_ratio.value for setting in settings)
    return next(setting for setting in settings if setting.time_ratio.value <= fastest + NEARLY_AS_GOOD)


def _recommended(best: Setting, hour_usd: float, runs: int) -> tuple[Verdict, str]:
    share, interval = best.time_ratio.value, best.time_ratio.interval
    if interval is None or runs < FEWEST_RUNS:
        return "unknown", f"{runs} run{' is' if runs == 1 else 's are'} too few to tell; record at least {FEWEST_RUNS}."
    takes = f"{best.lookahead} would take {share:.0%} of the target alone's time ({_percent(interval)})"
    if 1 - share < LEAST_GAIN:
        return "no", f"{takes}: too little is gained; the drafts are too slow, or too seldom right."
    if best.more_usd is None:
        return _sure(interval, f"{takes}; what it costs is unknown, since no tokens are counted.")
    if best.hour_usd is not None and best.hour_usd > hour_usd:
        return "no", f"{takes}, but an hour saved would cost ${best.hour_usd:,.2f}, and is worth ${hour_usd:,.2f}."
    cost = "" if best.cost_ratio is None else f" at {best.cost_ratio.value:.2f} times its cost"
    return _sure(interval, f"{takes}{cost}; an hour saved costs ${max(0.0, best.hour_usd or 0.0):,.2f}.")


def _sure(interval: Interval, reason: str) -> tuple[Verdict, str]:
    """Yes, unless the next runs might as well be slower."""
    if interval[1] >= 1:
        return "unknown", f"{reason} The runs differ too much to be sure that the next ones gain; record more."
    return "yes", reason


def _percent(interval: Interval) -> str:
    return f"{interval[0]:.0%} to {interval[1]:.0%}"
