"""``outrider bench``: read rows, journals or suites, run every scheduler over them, say what each came to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

from outrider.bench.harness import Comparison, Result, run_all
from outrider.bench.schedulers import STANDARD, Scheduler, schedulers_named
from outrider.bench.statistics import Estimate
from outrider.bench.suites import Source, sources_named
from outrider.bench.traces import TokenPrices
from outrider.cli.exits import Exit
from outrider.cli.measuring import ProgressLine, provenance
from outrider.cli.views import json_line
from outrider.errors import BadOption
from outrider.views.words import count


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What the command line said."""

    files: Sequence[str]
    schedulers: str
    target_price: float
    draft_price: float
    seed: int
    as_json: bool


Table: TypeAlias = Callable[[Source, Comparison], str]
"""What the schedulers came to over a source, in words."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """What has been compared so far: each source by itself, and all of them together."""

    schedulers: Mapping[str, Scheduler]
    prices: TokenPrices
    together: Comparison
    done: list[tuple[Source, Comparison]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: bool = False
    _shown: int = field(default=0, init=False)

    def read(self, sources: Sequence[Source], progress: ProgressLine, table: Table) -> None:
        """Compare on every source, one recorded run after another, and show the ``table`` of each; Ctrl-C ends it early."""
        try:
            for source in sources:
                self._read_one(source, progress)
                self._show(table, progress)
        except KeyboardInterrupt:
            self.stopped = True
        finally:
            progress.close()
        self._show(table, progress)

    def _show(self, table: Table, progress: ProgressLine) -> None:
        """Show the tables that have not been shown, each once, at whatever moment Ctrl-C comes."""
        progress.close()
        for source, comparison in self.done[self._shown :]:
            text = table(source, comparison)
            self._shown += 1
            if text:
                print(text, flush=True)

    def _read_one(self, source: Source, progress: ProgressLine) -> None:
        comparison = Comparison(self.schedulers)
        self.done.append((source, comparison))
        for trace in source.read(self.notes.append):
            done = run_all(trace, self.schedulers, self.prices, comparison.learned)
            comparison.add(done)
            self.together.add(done)
            progress.tell(f"{source.name}: {count(comparison.runs, 'run')} of a task compared")


def run_bench(options: BenchOptions) -> Exit:
    """Compare, print, and say what was left out; after Ctrl-C, what is done so far."""
    schedulers = schedulers_named(names_of(options.schedulers))
    prices = TokenPrices(target=options.target_price, draft=options.draft_price)
    bench = Bench(schedulers=schedulers, prices=prices, together=Comparison(schedulers))
    table = _no_table if options.as_json else partial(_table_of, options.seed)
    bench.read(all_sources(options.files), ProgressLine(), table)
    if not bench.together.runs:
        raise KeyboardInterrupt
    if options.as_json:
        print(json_line(report(bench, options.seed)))
    else:
        _print_together(bench, options.seed)
    for note in bench.notes:
        print(f"outrider: {note}", file=sys.stderr)
    return Exit.STOPPED if bench.stopped else Exit.COMPLETE


def names_of(text: str) -> list[str]:
    """The names in a list with commas; all the standard ones for an empty one."""
    names = [name.strip() for name in text.split(",")] if text.strip() else list(STANDARD)
    return list(dict.fromkeys(names))


def all_sources(files: Sequence[str]) -> list[Source]:
    """The sources of every file and suite.

    Raises:
        BadOption: none is given.
    """
    if not files:
        raise BadOption("there is nothing to compare on; give files of rows, journals or suites")
    return [source for text in files for source in sources_named(text)]


# As JSON ------------------------------------------------------------------------------------------------------------


def report(bench: Bench, seed: int) -> dict[str, Any]:
    """One object: what each scheduler came to over everything, and over each input. The same for the same seed and inputs."""
    return {
        "schedulers": _figures(bench.together, seed),
        "inputs": [
            {"name": source.name, "sha256": source.sha256, "runs": comparison.runs, "schedulers": _figures(comparison, seed)}
            for source, comparison in bench.done
        ],
        "runs": bench.together.runs,
        "stopped": bench.stopped,
        "notes": bench.notes,
        "seed": seed,
        "target_price_usd": bench.prices.target,
        "draft_price_usd": bench.prices.draft,
        **provenance(),
    }


def _figures(comparison: Comparison, seed: int) -> dict[str, Any]:
    return {name: result.as_json() for name, result in comparison.results(seed).items()}


# As a table ---------------------------------------------------------------------------------------------------------

_HEAD: Final = ("scheduler", "time", "95 %", "faster/slower/equal", "cost", "95 %", "wasted", "cancelled", "most calls")


def _no_table(source: Source, comparison: Comparison) -> str:
    """For scripts, all is told at the end."""
    return ""


def _table_of(seed: int, source: Source, comparison: Comparison) -> str:
    return f"{source.name}: {count(comparison.runs, 'run')}\n{_table(comparison.results(seed))}" if comparison.runs else ""


def _print_together(bench: Bench, seed: int) -> None:
    if len(bench.done) > 1:
        print(f"together: {count(bench.together.runs, 'run')}")
        print(_table(bench.together.results(seed)))
    print("time and cost: sums over the target alone's, below 1 is less; wasted and cancelled: tokens.")
    print(f"A million tokens of the target cost ${bench.prices.target:g}, of the drafter ${bench.prices.draft:g}.")
    print(f"Intervals are bootstraps over runs, seed {seed}.{' Stopped early.' if bench.stopped else ''}")


def _table(results: Mapping[str, Result]) -> str:
    return "\n".join(aligned([_HEAD, *map(_cells, results.values())])) + "\n"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as lines, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join((f"  {first:<{widths[0]}}", *cells)).rstrip())
    return lines


def _cells(result: Result) -> tuple[str, ...]:
    signs = result.signs
    return (
        result.scheduler,
        *told(result.time_ratio),
        f"{signs.faster}/{signs.slower}/{signs.equal}",
        *told(result.cost_ratio),
        _tokens(result.wasted_tokens),
        _tokens(result.cancelled_tokens),
        str(result.calls_max),
    )


def told(estimate: Estimate | None) -> tuple[str, str]:
    """A figure and its interval in words; what is unknown is a question mark."""
    if estimate is None:
        return "?", "?"
    interval = estimate.interval
    return f"{estimate.value:.3f}", "too few" if interval is None else f"{interval[0]:.3f} – {interval[1]:.3f}"


def told_json(figures: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The same of a figure in JSON."""
    value, interval = figures[name], figures[f"{name}_95"]
    return told(None if value is None else Estimate(value, None if interval is None else (interval[0], interval[1])))


def _tokens(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
