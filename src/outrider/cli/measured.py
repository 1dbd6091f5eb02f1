"""What the simulator draws from where the command line says nothing: plain numbers, or what was measured in recorded runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean

from outrider.bench.rows import Row, Trace
from outrider.bench.suites import sources_named
from outrider.errors import BadOption
from outrider.simulate.latency import Constant, Distribution, Empirical

MOST_VALUES = 100_000
"""Of a longer recording, the beginning is drawn from: it has to fit into memory, and goes to every worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A setting; by default plain numbers that are nobody's."""

    steps: int = 10
    accuracy: float = 0.8
    draft_s: Distribution = field(default_factory=lambda: Constant(1))
    target_s: Distribution = field(default_factory=lambda: Constant(3))
    draft_tokens: Distribution = field(default_factory=lambda: Constant(20))
    target_tokens: Distribution = field(default_factory=lambda: Constant(100))


def measured_in(name: str) -> Measured:
    """What the runs in a file of rows, a journal or a suite come to: their mean length, the share of right drafts, each time.

    Each is drawn by itself, so what goes together in a recording, such as long answers and long times, does not in an episode.
    A draft that was not there by the time of its verdict counts as not right, and its time is not known. Where nobody counted
    tokens, or no draft ever came, the plain number stands.

    Raises:
        BadOption: it cannot be read, or holds no run.
    """
    lengths, rows = _rows(name)
    if not rows:
        raise BadOption(f"{name} holds no recorded runs to measure; give a file of rows, a journal or a suite")
    plain = Measured()
    return Measured(
        steps=max(1, round(fmean(lengths))),
        accuracy=fmean(row.right for row in rows),
        draft_s=_values([row.draft_s for row in rows], plain.draft_s),
        target_s=_values([row.target_s for row in rows], plain.target_s),
        draft_tokens=_values([row.draft_tokens for row in rows], plain.draft_tokens),
        target_tokens=_values([row.target_tokens for row in rows], plain.target_tokens),
    )


def _rows(name: str) -> tuple[list[int], list[Row]]:
    lengths: list[int] = []
    rows: list[Row] = []
    for trace in _traces(name):
        lengths.append(len(trace.rows))
        rows += trace.rows
        if len(rows) >= MOST_VALUES:
            print(f"outrider: {name} is long; its first {len(rows):,} rows are drawn from", file=sys.stderr)
            break
    return lengths, rows


def _traces(name: str) -> Iterator[Trace]:
    for source in sources_named(name):
        yield from source.read(lambda note: print(f"outrider: {note}", file=sys.stderr))


def _values(values: list[float | None] | list[int | None] | list[float], plain: Distribution) -> Distribution:
    known = [float(value) for value in values if value is not None]
    return Empirical.of(known) if known else plain
