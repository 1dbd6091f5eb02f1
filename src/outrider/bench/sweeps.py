"""The paper's simulation: time saved and tokens against how often the drafts are right, how fast they are, and how far they run.

Ten-step plans by the NumPy model of the rules, for the published batches and for sliding lookahead. Each point is the mean of
several draws by seeds of their own, with the interval of that mean by Student's t.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final

from outrider.bench.calibration import K, Outcome, Plans
from outrider.bench.document import Column, Figure, Section, Table, Value
from outrider.bench.plots import Series, lines
from outrider.bench.statistics import Estimate
from outrider.rules import Batch, Lookahead, Sliding
from outrider.simulate.summary import student

STEPS: Final = 10
DRAWS: Final = 5
EPISODES: Final = 300
ACCURACIES: Final = tuple(step / 10 for step in range(11))
SHARES: Final = (0.1, 0.3, 0.5, 0.8)
"""Seconds of a draft over those of a verdict."""

DEEP_ACCURACIES: Final = (0.5, 0.7, 0.9)
DEEP_SHARE: Final = 0.2
MOST_K: Final = 10

Measure = Callable[[Outcome], float]


def estimated(draws: list[Plans], run: Callable[[Plans], float]) -> Estimate:
    """The mean over draws, and its 95 % interval."""
    values = [run(plans) for plans in draws]
    half = student(len(values) - 1) * stdev(values) / len(values) ** 0.5
    return Estimate(fmean(values), (fmean(values) - half, fmean(values) + half))


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a sweep: time saved and tokens more, as shares of the target alone's."""

    scheduler: str
    accuracy: float
    share: float
    k: int
    saved: Estimate
    more: Estimate


def points(cases: Iterator[tuple[Lookahead, int, float, float]], seed: int) -> list[Point]:
    """Every case: lookahead, its k, accuracy, and a draft's seconds over a verdict's."""
    draws = [Plans({STEPS: 1}, episodes=EPISODES, seed=seed * DRAWS + number) for number in range(DRAWS)]
    return [_point(draws, *case) for case in cases]


def _point(draws: list[Plans], lookahead: Lookahead, k: int, accuracy: float, share: float) -> Point:
    found = [plans.run(lookahead, acceptance=accuracy, draft_share=share, draft_length=share) for plans in draws]
    by_plans = dict(zip(map(id, draws), found, strict=True))
    return Point(
        scheduler=lookahead.name,
        accuracy=accuracy,
        share=share,
        k=k,
        saved=estimated(draws, lambda plans: 1 - by_plans[id(plans)].time),
        more=estimated(draws, lambda plans: by_plans[id(plans)].draft_tokens + by_plans[id(plans)].target_tokens - 1),
    )


def by_accuracy(seed: int) -> list[Point]:
    """At k = 4, for every accuracy and speed."""
    both = (Sliding(K), Batch(K))
    return points(((one, K, accuracy, share) for one in both for share in SHARES for accuracy in ACCURACIES), seed)


def by_k(seed: int) -> list[Point]:
    """For every k, with drafts that take a fifth of a verdict's time."""
    both = (Sliding, Batch)
    cases = ((kind(k), k, accuracy, DEEP_SHARE) for kind in both for accuracy in DEEP_ACCURACIES for k in range(1, MOST_K + 1))
    return points(cases, seed)


# As plots -----------------------------------------------------------------------------------------------------------


def sections(seed: int) -> list[Section]:
    """The simulation's figures: (a) time, (b) tokens, each against accuracy and speed, and against k."""
    accuracy, deep = by_accuracy(seed), by_k(seed)
    how = (
        f"Plans of {STEPS} steps; a line for each speed of the drafts, as a share of a verdict's seconds. Full: sliding "
        f"lookahead; dashed: the published batches. {DRAWS} draws of {EPISODES} episodes a point; intervals are in the tables. "
        "Nothing slows down."
    )
    speeds = {share: f"drafts at {share:g}" for share in SHARES}
    rates = {rate: f"{rate:.0%} right" for rate in DEEP_ACCURACIES}
    return [
        Section(
            title="The simulation, (a): time saved",
            blocks=[
                how,
                _plot("saved-by-accuracy", "Time saved against accuracy, k = 4", accuracy, "accuracy", speeds),
                _plot("saved-by-k", f"Time saved against k, drafts at {DEEP_SHARE:g}", deep, "k", rates),
            ],
        ),
        Section(
            title="The simulation, (b): tokens",
            blocks=[
                "Output tokens of all calls, closed ones included in proportion to their time, over those of the target "
                "alone. A draft is as much shorter as it is faster: one model, one speed.",
                _plot("tokens-by-accuracy", "Tokens more against accuracy, k = 4", accuracy, "accuracy", speeds),
                _plot("tokens-by-k", f"Tokens more against k, drafts at {DEEP_SHARE:g}", deep, "k", rates),
            ],
        ),
    ]


def _plot(name: str, title: str, found: list[Point], across: str, named: Mapping[float, str]) -> Figure:
    saved = name.startswith("saved")
    series = []
    for colour, (value, label) in enumerate(named.items()):
        for batch in (False, True):
            line = [
                (float(point.k if across == "k" else point.accuracy), (point.saved if saved else point.more).value)
                for point in found
                if point.scheduler.startswith("batch") is batch and value == (point.accuracy if across == "k" else point.share)
            ]
            series.append(Series(f"{label}{', batch' if batch else ''}", line, colour, batch))
    what = "time saved" if saved else "tokens more"
    highest = max(found, key=lambda point: (point.saved if saved else point.more).value)
    value = (highest.saved if saved else highest.more).value
    description = (
        f"Lines of {what} against {across}, {len(series)} of them. The most is {value:.2f}, for {highest.scheduler} with drafts "
        f"{highest.accuracy:.0%} right at {highest.share:g} of a verdict's seconds."
    )
    svg = lines(name, title, description, series, (across, what), even=0.0)
    return Figure(svg=svg, title=title, numbers=_numbers(name, found, what, saved))


def _numbers(name: str, found: list[Point], what: str, saved: bool) -> Table:
    columns = [
        Column("scheduler"), Column("draft share", 1), Column("accuracy", 1), Column(what, 3), Column("low", 3), Column("high", 3)
    ]  # fmt: skip
    rows: list[tuple[Value, ...]] = []
    for point in found:
        estimate = (point.saved if saved else point.more).rounded(6)
        rows.append((point.scheduler, point.share, point.accuracy, estimate.value, *(estimate.interval or (None, None))))
    caption = f"{what.capitalize()}, as a share of the target alone's. Low and high: 95 % of the mean over draws."
    return Table(name=name, caption=caption, columns=columns, rows=rows)
