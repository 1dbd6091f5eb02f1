"""``outrider advise``: would it help me? Read rows, journals or suites, and say so plainly."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outrider.bench.advice import Advice, Adviser, CostlyStep, Setting
from outrider.bench.statistics import Estimate
from outrider.bench.suites import Source
from outrider.bench.traces import TokenPrices
from outrider.cli.bench import aligned, all_sources, told
from outrider.cli.exits import Exit
from outrider.cli.measuring import ProgressLine, provenance
from outrider.cli.views import json_line
from outrider.errors import BadOption
from outrider.journal import default_path, is_address, open_journal
from outrider.naming import without_secrets
from outrider.views.words import count


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseOptions:
    """What the command line said."""

    files: Sequence[str]
    """Empty: the journal."""
    journal: str
    """Empty: the one in the user's data folder."""
    hour_usd: float
    target_price: float
    draft_price: float
    seed: int
    as_json: bool


def run_advise(options: AdviseOptions) -> Exit:
    """Read everything, print the advice; after Ctrl-C, the advice on what was read so far."""
    prices = TokenPrices(target=options.target_price, draft=options.draft_price)
    adviser = Adviser(prices=prices, hour_usd=options.hour_usd, seed=options.seed)
    sources, notes = all_sources(options.files or [_journal_file(options.journal)]), list[str]()
    stopped = _read(sources, adviser, notes)
    if not adviser.runs:
        raise KeyboardInterrupt
    advice = adviser.advice()
    if options.as_json:
        print(json_line(_report(advice, sources, notes, options, stopped=stopped)))
    else:
        print("\n".join(_lines(advice)))
        print(_basis(options, stopped=stopped))
    for note in notes:
        print(f"outrider: {note}", file=sys.stderr)
    return Exit.STOPPED if stopped else Exit.COMPLETE


def _journal_file(journal: str) -> str:
    """The journal's file, which is there.

    Raises:
        BadOption: it is on a server.
        JournalError: there is none yet.
    """
    if is_address(journal):
        raise BadOption(f"{without_secrets(journal)} is a server, and this reads files; give a journal's file, rows or a suite")
    file = Path(journal) if journal else default_path()
    with open_journal(file, read_only=True):
        return str(file)


def _read(sources: Sequence[Source], adviser: Adviser, notes: list[str]) -> bool:
    """Give every run to the adviser; whether somebody pressed Ctrl-C first."""
    progress = ProgressLine()
    try:
        for source in sources:
            for trace in source.read(notes.append):
                adviser.add(trace)
                progress.tell(f"{source.name}: {count(adviser.runs, 'run')} of a task read")
    except KeyboardInterrupt:
        return True
    finally:
        progress.close()
    return False


def _report(
    advice: Advice, sources: Sequence[Source], notes: list[str], options: AdviseOptions, *, stopped: bool
) -> dict[str, Any]:
    return {
        **advice.as_json(),
        "inputs": [{"name": source.name, "sha256": source.sha256} for source in sources],
        "stopped": stopped,
        "notes": notes,
        "seed": options.seed,
        "target_price_usd": options.target_price,
        "draft_price_usd": options.draft_price,
        **provenance(),
    }


# In words -----------------------------------------------------------------------------------------------------------

_HEADS = {"yes": "Yes.", "no": "No.", "unknown": "Cannot tell."}


def _lines(advice: Advice) -> list[str]:
    head = ("lookahead", "time", "95 %", "cost", "95 %", "saved a run", "95 %", "an hour saved costs")
    alone = f"{count(advice.runs, 'run')} of a task, {advice.alone_s / advice.runs:.2f} s each with the target alone."
    return [
        f"{_HEADS[advice.answer]} {advice.reason}",
        "",
        alone,
        *aligned([head, *map(_cells, advice.settings)]),
        "",
        f"Drafts are right {_percent(advice.acceptance)} of the time. {_break_even(advice)}",
        f"If calls slowed one another down by a factor of {advice.slowdown:.2f}, nothing would be gained.",
        *([] if advice.costly is None else [_costly(advice.costly)]),
    ]


def _cells(setting: Setting) -> tuple[str, ...]:
    saved = setting.saved_s
    interval = "?" if saved.interval is None else f"{saved.interval[0]:z.2f} – {saved.interval[1]:z.2f}"
    hour = "?" if setting.hour_usd is None else f"${setting.hour_usd:,.2f}"
    name = setting.lookahead.removeprefix("lookahead-")
    return (name, *told(setting.time_ratio), *told(setting.cost_ratio), f"{saved.value:z.2f} s", interval, hour)


def _break_even(advice: Advice) -> str:
    best = advice.lookahead or "the best lookahead"
    if advice.break_even is not None:
        return f"From {_percent(advice.break_even)} on, {best} is worth its price."
    if any(setting.more_usd is None for setting in advice.settings):
        return "From which share on that pays is unknown, since no tokens are counted."
    return "At these prices it would not pay even if they always were."


def _costly(step: CostlyStep) -> str:
    return (
        f"Most of what is left is waiting for {step.action!r}: {_percent(step.share)} of it, {step.mean_s:.2f} s each of "
        f"{count(step.times, 'time')}; its drafts are right {step.right:.0%} of the time."
    )


def _percent(estimate: Estimate) -> str:
    found = f"{estimate.value:.0%}"
    return found if estimate.interval is None else f"{found} ({estimate.interval[0]:.0%} to {estimate.interval[1]:.0%})"


def _basis(options: AdviseOptions, *, stopped: bool) -> str:
    return (
        f"An hour of waiting is worth ${options.hour_usd:g}. A million tokens of the target cost ${options.target_price:g}, "
        f"of the drafter ${options.draft_price:g}.\nIntervals of time, cost and saving are for as many more runs."
        f"{' Stopped early.' if stopped else ''}"
    )
