"""The report on recorded runs: what each scheduler came to, one run as it went, and where speculation lost and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from outrider.bench.document import Block, Column, Figure, Report, Section, Table, Value
from outrider.bench.gathering import MOST_POSITIONS, Gathered
from outrider.bench.harness import ALONE, Result
from outrider.bench.made import Made, provenance_table
from outrider.bench.one_run import one_run
from outrider.bench.plots import Dot, Whisker, intervals, scatter
from outrider.bench.statistics import Estimate, Interval, wilson
from outrider.figures import Acceptance
from outrider.views.words import count, one_line

COMPARED: Final = (
    ALONE, "lookahead-1", "lookahead-2", "lookahead-4", "lookahead-8", "batch-4", "tools-only", "auto@3", "auto@30", "auto@300",
    "oracle",
)  # fmt: skip
"""What a report compares unless somebody says otherwise."""


def report(gathered: Gathered, made: Made) -> Report:
    """The report on what was gathered: at least one run."""
    results = gathered.together.results(made.seed)
    shown = results[gathered.shown]
    return Report(
        title=f"Outrider: {titled([source.name for source, _ in gathered.by_source])}",
        headline=headline(shown),
        lead=[*_lead(results, gathered)],
        sections=[
            one_run(gathered),
            _schedulers(results),
            _frontier(results),
            _acceptance(gathered, shown),
            _losses(gathered, shown),
            *([_inputs(gathered, made.seed)] if len(gathered.by_source) > 1 else []),
            _made(gathered, made),
        ],
    )


def titled(names: Sequence[str]) -> str:
    """The names, or that of the suite they are all of."""
    suites = {name.partition("/")[0] for name in names}
    return suites.pop() if len(names) > 2 and len(suites) == 1 and "" not in suites else ", ".join(names)


# In words -----------------------------------------------------------------------------------------------------------


def headline(shown: Result) -> str:
    """What came out, in one sentence, the price and the runs without gain included."""
    signs = shown.signs
    cost = "" if shown.cost_ratio is None else f", at {_told(shown.cost_ratio, 2)} times its cost"
    without = signs.slower + signs.equal
    gained = "every run was faster" if not without else f"{count(without, 'run')} of {shown.runs:,} gained nothing"
    slower = f", {signs.slower:,} of them slower" if signs.slower else ""
    return (
        f"Over {count(shown.runs, 'recorded run')}, {shown.scheduler} took {_percent(shown.time_ratio)} of the target alone's "
        f"time{cost}; {gained}{slower}."
    )


def _lead(results: Mapping[str, Result], gathered: Gathered) -> list[str]:
    shown = results[gathered.shown]
    worst = gathered.worst[0]
    said = [f"It gains least on “{one_line(worst.task)[:120]}”: {worst.ratio:.0%} of the time ({worst.why})."]
    if "oracle" in results and gathered.shown != ALONE:
        said.append(
            f"An oracle that knows in advance which drafts hold would take {_percent(results['oracle'].time_ratio)}: no scheduler"
        )
        said[-1] += " that drafts one guess a step can be faster on these answers."
    if shown.wasted_tokens is not None and shown.cancelled_tokens is not None:
        vain = shown.wasted_tokens + shown.cancelled_tokens
        said.append(f"Its price is {vain / shown.runs:,.0f} tokens a run in calls that were not needed or were closed.")
    said.append(
        "Recorded times stay as they are here, however many calls run at once. On one saturated machine, or at a rate limit, "
        "less is gained than this says, or time is lost."
    )
    return said


def _percent(estimate: Estimate | None) -> str:
    if estimate is None:
        return "an unknown share"
    interval = estimate.interval
    return f"{estimate.value:.0%}" + (
        " (one run: no interval)" if interval is None else f" ({interval[0]:.0%} to {interval[1]:.0%})"
    )


def _told(estimate: Estimate, digits: int) -> str:
    interval = estimate.interval
    ends = "one run: no interval" if interval is None else f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({ends})"


# Schedulers ---------------------------------------------------------------------------------------------------------

_SCHEDULER_COLUMNS: Final = (
    Column("scheduler"), Column("time ratio", 3), Column("low", 3), Column("high", 3), Column("saved a run, s", 2),
    Column("runs faster"), Column("slower"), Column("equal"), Column("cost ratio", 3), Column("cost low", 3),
    Column("cost high", 3), Column("wasted tokens"), Column("cancelled tokens"), Column("most calls"),
)  # fmt: skip


def _schedulers(results: Mapping[str, Result]) -> Section:
    table = Table(
        name="schedulers",
        caption="Sums over the target alone's on the same runs: below 1 is less. Low and high: 95 % of a bootstrap over runs.",
        columns=_SCHEDULER_COLUMNS,
        rows=[_scheduler_row(result) for result in results.values()],
    )
    blocks: list[Block] = [
        "Each scheduler over the same recorded answers, by the same runtime that plans live. What is left of the line gains.",
        _whiskers("time", "Time over the target alone's", {name: it.time_ratio for name, it in results.items()}, table.caption),
    ]
    if all(result.cost_ratio is not None for result in results.values()):
        blocks.append(
            _whiskers(
                "cost", "Cost over the target alone's", {name: it.cost_ratio for name, it in results.items()}, table.caption
            )
        )
    else:
        blocks.append("What it costs is unknown: not all inputs count tokens, or the target's are free.")
    return Section(title="Time and cost", blocks=[*blocks, table])


def _scheduler_row(result: Result) -> tuple[Value, ...]:
    saved = round(result.saved_s.value, 6)
    signs = result.signs
    return (
        result.scheduler, *_three(result.time_ratio), saved, signs.faster, signs.slower, signs.equal, *_three(result.cost_ratio),
        result.wasted_tokens, result.cancelled_tokens, result.calls_max,
    )  # fmt: skip


def _three(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    """A figure and the ends of its interval, as ``bench --json`` has them."""
    if estimate is None:
        return None, None, None
    found = estimate.rounded(6)
    return found.value, *(found.interval or (None, None))


def _whiskers(name: str, title: str, found: Mapping[str, Estimate | None], caption: str) -> Figure:
    rows = [Whisker(label, it.value, it.interval) for label, it in found.items() if it is not None]
    if not rows:
        rows = [Whisker("nothing", 1.0, None)]
    best = min(rows, key=lambda row: row.value)
    description = (
        f"A dot and its 95 % interval for each of {len(rows)} schedulers; the least is {best.label} with {best.value:.3f}."
    )
    columns = [Column("scheduler"), Column(f"{name} ratio", 3), Column("low", 3), Column("high", 3)]
    table = Table(name=name, caption=caption, columns=columns, rows=[(label, *_three(it)) for label, it in found.items()])
    return Figure(svg=intervals(name, title, description, rows, f"{name} ratio"), title=title, numbers=table)


# The frontier -------------------------------------------------------------------------------------------------------


def _frontier(results: Mapping[str, Result]) -> Section:
    title = "Time against waste"
    points = {
        name: ((it.wasted_tokens + it.cancelled_tokens) / it.runs, it.time_ratio)
        for name, it in results.items()
        if it.wasted_tokens is not None and it.cancelled_tokens is not None and it.time_ratio is not None
    }
    if not points:
        return Section(title=title, blocks=["How much is wasted is unknown: not all inputs count tokens."])
    best = frontier({name: (waste, time.value) for name, (waste, time) in points.items()})
    dots = [Dot(name, waste, time.value, name in best) for name, (waste, time) in points.items()]
    description = (
        "Each scheduler as a dot: to the right more tokens in vain, upwards more time. On the frontier, where none is better "
        f"in both: {', '.join(sorted(best, key=lambda name: points[name][0]))}."
    )
    columns = [
        Column("scheduler"), Column("tokens in vain a run", 1), Column("time ratio", 3), Column("low", 3), Column("high", 3),
        Column("on the frontier"),
    ]  # fmt: skip
    rows = [(name, round(waste, 6), *_three(time), "yes" if name in best else "no") for name, (waste, time) in points.items()]
    caption = "Tokens, prompt and output, of calls that finished and were not needed, or were closed; the mean over runs."
    figure = Figure(
        svg=scatter("frontier", title, description, dots, ("tokens in vain, a run", "time ratio")),
        title=title,
        numbers=Table(name="frontier", caption=caption, columns=columns, rows=rows),
    )
    said = (
        "Down and to the left is better. Full dots are on the frontier: no other scheduler here is better in both. The oracle "
        "cannot be had."
    )
    return Section(title=title, blocks=[said, figure])


def frontier(points: Mapping[str, tuple[float, float]]) -> set[str]:
    """Those that no other beats in both numbers, or in one with the other equal. The oracle is out of competition."""
    real = {name: point for name, point in points.items() if name != "oracle"}
    return {name for name, point in real.items() if not any(_beats(other, point) for other in real.values())}


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[0] and one[1] <= other[1] and one != other


# Acceptance ---------------------------------------------------------------------------------------------------------


def _acceptance(gathered: Gathered, shown: Result) -> Section:
    ahead = {count(number + 1, "step"): tally for number, tally in sorted(shown.acceptance.items())}
    steps = {f"{at + 1}" if at < MOST_POSITIONS - 1 else f"{at + 1} on": tally for at, tally in enumerate(gathered.right)}
    return Section(
        title="How often drafts are right",
        blocks=[
            "The first plot counts drafts by how far ahead of the confirmed plan they were made; those below a rejected draft "
            "are never judged. The second counts by the step of the plan. Intervals are Wilson's, as if all judgements were "
            "independent.",
            _rates("ahead", f"Drafts accepted, by steps ahead ({gathered.shown})", "ahead", ahead),
            _rates("position", "Drafts that are right, by step of the plan", "step", steps),
        ],
    )


def _rates(name: str, title: str, what: str, tallies: Mapping[str, Acceptance]) -> Block:
    found = {label: (tally, *_rate(tally)) for label, tally in tallies.items() if tally.accepted + tally.rejected}
    if not found:
        return f"{title}: no draft was judged."
    rows = [Whisker(f"{what} {label}" if what == "step" else label, rate, ends) for label, (_, rate, ends) in found.items()]
    columns = [Column(what), Column("right"), Column("wrong"), Column("share right", 3), Column("low", 3), Column("high", 3)]
    numbers: list[tuple[Value, ...]] = [
        (label, tally.accepted, tally.rejected, round(rate, 6), round(ends[0], 6), round(ends[1], 6))
        for label, (tally, rate, ends) in found.items()
    ]
    description = "; ".join(
        f"{label}: {rate:.0%} of {tally.accepted + tally.rejected}" for label, (tally, rate, _) in found.items()
    )
    caption = "Low and high: Wilson's 95 % interval."
    svg = intervals(name, title, f"By {what}: {description}.", rows, "share right", even=None)
    return Figure(svg=svg, title=title, numbers=Table(name=f"acceptance-{name}", caption=caption, columns=columns, rows=numbers))


def _rate(tally: Acceptance) -> tuple[float, Interval]:
    judged = tally.accepted + tally.rejected
    return tally.accepted / judged, wilson(tally.accepted, judged)


# Losses -------------------------------------------------------------------------------------------------------------


def _losses(gathered: Gathered, shown: Result) -> Section:
    columns = [
        Column("task"), Column("why"), Column("time ratio", 3), Column("alone, s", 2), Column("it took, s", 2), Column("steps"),
        Column("rejected"), Column("late"), Column("input"),
    ]  # fmt: skip
    rows = [
        (
            one_line(it.task), it.why, round(it.ratio, 6), round(it.alone_s, 6), round(it.total_s, 6), it.steps, it.rejected,
            it.late, it.source,
        )
        for it in gathered.worst
    ]  # fmt: skip
    caption = f"The runs that gained least under {shown.scheduler}. Late: the draft came no sooner than its verdict, or never."
    return Section(
        title="Where it lost, and why",
        blocks=[
            "A rejected draft throws away what was built on it, and the plan waits for the target as it would without drafts. "
            "A draft that is no sooner there than its verdict is of no use.",
            Table(name="losses", caption=caption, columns=columns, rows=rows),
            _waiting(gathered),
        ],
    )


def _waiting(gathered: Gathered) -> Table:
    found = gathered.waited()
    whole = sum(tally.seconds for tally in found.values())
    columns = [
        Column("for"),
        Column("steps"),
        Column("seconds waited", 1),
        Column("share of all waiting", 3),
        Column("seconds each", 2),
    ]
    rows = [
        (name, it.steps, round(it.seconds, 6), round(it.seconds / whole, 6) if whole else None, round(it.seconds / it.steps, 6))
        for name, it in sorted(found.items(), key=lambda pair: -pair[1].seconds)
    ]
    runs = count(len(gathered.kept), "run")
    caption = f"What the plan waited for in {runs} under {gathered.shown}: from one step's confirmation to the next."
    return Table(name="waiting", caption=caption, columns=columns, rows=rows)


# Where from ---------------------------------------------------------------------------------------------------------


def _inputs(gathered: Gathered, seed: int) -> Section:
    columns = [
        Column("input"), Column("runs"), Column("scheduler"), Column("time ratio", 3), Column("low", 3), Column("high", 3),
        Column("cost ratio", 3), Column("cost low", 3), Column("cost high", 3),
    ]  # fmt: skip
    rows = [
        (source.name, result.runs, result.scheduler, *_three(result.time_ratio), *_three(result.cost_ratio))
        for source, comparison in gathered.by_source
        for result in comparison.results(seed).values()
    ]
    return Section(
        title="Each input by itself",
        blocks=[Table(name="inputs", caption="As above, input by input.", columns=columns, rows=rows)],
    )


def _made(gathered: Gathered, made: Made) -> Section:
    prices = gathered.prices
    hashes = [(source.name, comparison.runs, source.sha256) for source, comparison in gathered.by_source]
    columns = [Column("input"), Column("runs"), Column("SHA-256 of its file")]
    return Section(
        title="How this was made",
        blocks=[
            f"Command: {made.command}",
            f"A million tokens of the target cost ${prices.target:g}, of the drafter ${prices.draft:g}: round numbers, "
            "nobody's price list, unless you gave yours. Intervals are percentile bootstraps over runs, seed "
            f"{made.seed}.{' Stopped early: not everything was read.' if gathered.stopped else ''}",
            "Off the recorded path nobody recorded anything: calls there take the time and tokens recorded for their "
            "position, and drafts there agree as often as elsewhere. None of that can be confirmed; it only counts as waste.",
            *dict.fromkeys(f"Note: {one_line(note)}." for note in gathered.notes),
            Table(name="files", caption="What went in.", columns=columns, rows=hashes),
            provenance_table(made),
        ],
    )
