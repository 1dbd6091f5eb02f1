"""Every scheduler over every recorded run: the same rows, the live runtime, the virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import outrider
from outrider.bench.rows import Trace
from outrider.bench.schedulers import Alone, Scheduler
from outrider.bench.statistics import Estimate, Paired, Signs, difference, draws, ratio
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import BadOption, RunEnded, StepLimitReached
from outrider.figures import Acceptance, Figures
from outrider.model import Prefix
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Record
from outrider.runtime import Journal
from outrider.testing import run

ALONE: Final = "alone"

Progress = Callable[[int], None]
"""Told how many runs of tasks every scheduler has done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One recorded run under one scheduler. Tokens are prompt and output together; ``None`` where nobody counted them."""

    total_s: float
    calls_max: int
    tokens: int | None
    output_tokens: int | None
    wasted_tokens: int | None
    cancelled_tokens: int | None
    cost_usd: float | None
    acceptance: Mapping[int, Acceptance]
    learned: str = ""
    """What a lookahead that learns knows after it."""


def run_once(trace: Trace, lookahead: Lookahead, prices: TokenPrices, known: str = "") -> Run:
    """``trace`` once more, with ``lookahead``; one that learns begins with what is ``known``."""
    figures, _, learned = run(_planned(trace, lookahead, prices, known=known))
    assert figures.total_s is not None, "a run that has ended has its time"
    usage, counted = figures.usage, trace.has_tokens
    return Run(
        total_s=figures.total_s,
        calls_max=figures.calls_max,
        tokens=usage.tokens if counted else None,
        output_tokens=usage.output_tokens if counted else None,
        wasted_tokens=figures.tokens("wasted") if counted else None,
        cancelled_tokens=figures.tokens("cancelled") if counted else None,
        cost_usd=usage.cost_usd if counted else None,
        acceptance=figures.acceptance,
        learned=learned,
    )


def run_in_order(traces: Iterable[Trace], make: Scheduler, prices: TokenPrices, known: str = "") -> list[Run]:
    """The runs one after another: what one has learned, the next one knows; the first begins with what is ``known``."""
    done: list[Run] = []
    for trace in traces:
        done.append(run_once(trace, make(trace), prices, done[-1].learned if done else known))
    return done


def played(trace: Trace, lookahead: Lookahead, prices: TokenPrices) -> Figures:
    """The figures of ``trace`` once more, with ``lookahead``, by the live runtime on a virtual clock that begins at 0."""
    return run(_planned(trace, lookahead, prices))[0]


def waits(trace: Trace, lookahead: Lookahead, prices: TokenPrices, known: str = "") -> list[float]:
    """How long each step kept the plan waiting: seconds from the confirmation of the step before to its own."""
    confirmed = _Confirmations()
    run(_planned(trace, lookahead, prices, confirmed, known))
    return [after_s - before_s for before_s, after_s in pairwise((0.0, *confirmed.at_s))]


def records(trace: Trace, lookahead: Lookahead, prices: TokenPrices) -> list[Record]:
    """What happened in ``trace`` once more, with ``lookahead``: its records in order."""
    kept = _Kept()
    run(_planned(trace, lookahead, prices, kept))
    return kept.records


class _Kept:
    """A journal that keeps all."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, session: str, records: list[Record]) -> None:
        self.records += records


class _Confirmations:
    """A journal that remembers when each step was confirmed."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    def append(self, session: str, records: list[Record]) -> None:
        self.at_s += [record.time_s for record in records if isinstance(record.event, Confirmed)]


async def _planned(
    trace: Trace, lookahead: Lookahead, prices: TokenPrices, journal: Journal | None = None, known: str = ""
) -> tuple[Figures, Prefix, str]:
    """The figures, the plan, and what was learned. A run that was recorded without `finish` ends with its last row."""
    session = outrider.plan(
        outrider.Task(trace.task),
        approximation=TraceAgent("approximation", trace, prices),
        target=TraceAgent("target", trace, prices),
        lookahead=lookahead,
        max_steps=len(trace.rows),
        journal=journal,
        known=known,
    )
    async with session:
        try:
            plan = await session.result()
        except StepLimitReached as ended:
            plan = ended.plan or session.plan
        except RunEnded as ended:
            raise BadOption(f"the task {trace.task!r:.80} cannot be run again: {ended}") from ended
    assert plan.prefix == tuple(row.target for row in trace.rows), "the plan is the target's, whatever the scheduler"
    return session.figures, plan.prefix, session.learned


# Over many runs -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """One scheduler's runs beside the target alone's, in bounded memory."""

    time: Paired = field(default_factory=Paired)
    cost: Paired = field(default_factory=Paired)
    wasted: Paired = field(default_factory=Paired)
    calls: Paired = field(default_factory=Paired)
    output_tokens: int = 0
    cancelled_tokens: int = 0
    calls_max: int = 0
    counted: bool = True
    acceptance: dict[int, Acceptance] = field(default_factory=dict)

    def add(self, ours: Run, alone: Run) -> None:
        """One more pair. The wasted tokens stand beside all tokens of the target alone, the calls beside 1."""
        self.time.add(ours.total_s, alone.total_s)
        self.calls.add(ours.calls_max, 1)
        self.calls_max = max(self.calls_max, ours.calls_max)
        self.counted = self.counted and ours.tokens is not None
        self.cost.add(ours.cost_usd or 0.0, alone.cost_usd or 0.0)
        self.wasted.add(ours.wasted_tokens or 0, alone.tokens or 0)
        self.output_tokens += ours.output_tokens or 0
        self.cancelled_tokens += ours.cancelled_tokens or 0
        for ahead, counted in ours.acceptance.items():
            tally = self.acceptance.setdefault(ahead, Acceptance())
            tally.accepted += counted.accepted
            tally.rejected += counted.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a scheduler came to over all runs, beside the target alone on the same rows.

    ``time_ratio`` is the sum of its total times over the target alone's: below 1 is faster. ``saved_s`` is the mean gain of a
    run. ``wasted_tokens`` are prompt and output of calls that finished and were not needed, ``cancelled_tokens`` of those closed
    before; ``wasted_ratio`` is the wasted ones over all tokens of the target alone. ``calls_max`` is the most calls at once in
    any run, ``calls_max_mean`` the mean over runs. Tokens and dollars are ``None`` where the rows do not count tokens.
    """

    scheduler: str
    runs: int
    total_s: float
    alone_s: float
    time_ratio: Estimate | None
    saved_s: Estimate
    signs: Signs
    output_tokens: int | None
    wasted_tokens: int | None
    cancelled_tokens: int | None
    wasted_ratio: Estimate | None
    cost_usd: float | None
    cost_ratio: Estimate | None
    calls_max: int
    calls_max_mean: Estimate
    acceptance: Mapping[int, Acceptance]

    def as_json(self) -> dict[str, Any]:
        """Every figure under its name, its 95 % interval under the same name with ``_95``; what is unknown is null."""
        figures: dict[str, Any] = {"runs": self.runs, "total_s": round(self.total_s, 6), "alone_s": round(self.alone_s, 6)}
        figures |= estimate_json("time_ratio", self.time_ratio) | estimate_json("saved_s", self.saved_s)
        figures |= {"runs_faster": self.signs.faster, "runs_slower": self.signs.slower, "runs_equal": self.signs.equal}
        figures |= {"output_tokens": self.output_tokens, "wasted_tokens": self.wasted_tokens}
        figures |= {"cancelled_tokens": self.cancelled_tokens} | estimate_json("wasted_ratio", self.wasted_ratio)
        figures |= {"cost_usd": None if self.cost_usd is None else round(self.cost_usd, 9)}
        figures |= estimate_json("cost_ratio", self.cost_ratio)
        figures |= {"calls_max": self.calls_max} | estimate_json("calls_max_mean", self.calls_max_mean)
        figures["acceptance"] = [
            {"ahead": ahead, "accepted": tally.accepted, "rejected": tally.rejected, "rate": _rounded(tally.rate)}
            for ahead, tally in sorted(self.acceptance.items())
        ]
        return figures


def estimate_json(name: str, estimate: Estimate | None, digits: int = 6) -> dict[str, Any]:
    """The figure under its name and its 95 % interval under the same with ``_95``; both null where it is unknown."""
    if estimate is None:
        return {name: None, f"{name}_95": None}
    found = estimate.rounded(digits)
    return {name: found.value, f"{name}_95": None if found.interval is None else list(found.interval)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def run_all(
    trace: Trace, schedulers: Mapping[str, Scheduler], prices: TokenPrices, learned: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Run]:
    """``trace`` once under every scheduler, and under the target alone whether it is among them or not.

    ``learned`` is what each scheduler that learns has learned in earlier runs.
    """
    alone = run_once(trace, Alone(), prices)
    others = {
        name: run_once(trace, make(trace), prices, learned.get(name, "")) for name, make in schedulers.items() if name != ALONE
    }
    return {ALONE: alone, **others}


class Comparison:
    """Grows run by run: ``add`` what ``run_all`` gave for a recorded run, read ``results`` at any time.

    ``learned`` is what each scheduler that learns has learned so far, for the next ``run_all``: the first runs are its cold
    start.

    Args:
        schedulers: the names of what is compared.
    """

    def __init__(self, schedulers: Iterable[str]) -> None:
        self.runs = 0
        self.learned: Mapping[str, str] = {}
        self._tallies = {name: Tally() for name in schedulers}

    def add(self, done: Mapping[str, Run]) -> None:
        """One more recorded run."""
        for name, tally in self._tallies.items():
            tally.add(done[name], done[ALONE])
        self.runs += 1
        self.learned = {name: run.learned for name, run in done.items()}

    def time(self, scheduler: str) -> Paired:
        """Its total times beside the target alone's, run by run."""
        return self._tallies[scheduler].time

    def cost(self, scheduler: str) -> Paired | None:
        """Its dollars beside the target alone's; ``None`` where tokens are not counted."""
        tally = self._tallies[scheduler]
        return tally.cost if tally.counted else None

    def results(self, seed: int) -> dict[str, Result]:
        """What each scheduler came to, with intervals; the same for the same seed."""
        if not self.runs:
            return {}
        drawn = draws(len(next(iter(self._tallies.values())).time.ours), seed)
        return {name: _result(name, tally, drawn) for name, tally in self._tallies.items()}


def _result(name: str, tally: Tally, drawn: list[list[int]]) -> Result:
    counted = tally.counted
    calls = ratio(tally.calls, drawn)
    assert calls is not None, "there is a run"
    return Result(
        scheduler=name,
        runs=tally.time.runs,
        total_s=sum(tally.time.ours),
        alone_s=sum(tally.time.theirs),
        time_ratio=ratio(tally.time, drawn),
        saved_s=difference(tally.time, drawn),
        signs=tally.time.signs,
        output_tokens=tally.output_tokens if counted else None,
        wasted_tokens=round(sum(tally.wasted.ours)) if counted else None,
        cancelled_tokens=tally.cancelled_tokens if counted else None,
        wasted_ratio=ratio(tally.wasted, drawn) if counted else None,
        cost_usd=sum(tally.cost.ours) if counted else None,
        cost_ratio=ratio(tally.cost, drawn) if counted else None,
        calls_max=tally.calls_max,
        calls_max_mean=calls,
        acceptance=dict(tally.acceptance),
    )


def compare(
    traces: Iterable[Trace],
    schedulers: Mapping[str, Scheduler],
    *,
    prices: TokenPrices | None = None,
    progress: Progress = lambda runs: None,
) -> Comparison:
    """Every scheduler over every recorded run."""
    comparison = Comparison(schedulers)
    for trace in traces:
        comparison.add(run_all(trace, schedulers, prices or TokenPrices(), comparison.learned))
        progress(comparison.runs)
    return comparison
