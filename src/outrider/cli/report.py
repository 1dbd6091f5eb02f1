"""``outrider report``: read rows, journals or suites, and write what they come to as a page, as Markdown, as CSV."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outrider.bench.document import Report
from outrider.bench.gathering import Gathered, shown_of
from outrider.bench.harness import ALONE
from outrider.bench.made import Made, command
from outrider.bench.page import page
from outrider.bench.plain import csv_of, markdown
from outrider.bench.report import COMPARED, report
from outrider.bench.schedulers import schedulers_named
from outrider.bench.traces import TokenPrices
from outrider.cli.bench import all_sources, names_of
from outrider.cli.exits import Exit
from outrider.cli.measuring import ProgressLine, provenance
from outrider.errors import BadOption
from outrider.views.words import count

PAPER: Final = "paper"
"""The report on the paper's settings and simulation; it reads nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What the command line said."""

    files: Sequence[str]
    schedulers: str
    target_price: float
    draft_price: float
    seed: int
    out: Path | None
    markdown: Path | None
    csv: Path | None


def run_report(options: ReportOptions) -> Exit:
    """Make the report and write it; after Ctrl-C, on what was read so far."""
    if PAPER in options.files:
        made, stopped = _on_the_paper(options), False
    else:
        made, stopped = _on_runs(options)
    write(made, options)
    return Exit.STOPPED if stopped else Exit.COMPLETE


def _on_the_paper(options: ReportOptions) -> Report:
    if len(options.files) > 1:
        raise BadOption("the paper's is a report of its own; give the name paper alone")
    if options.schedulers:
        raise BadOption("the paper's report has schedulers of its own; leave --schedulers out")
    from outrider.bench.paper_report import paper_report

    progress = ProgressLine()
    try:
        return paper_report(_made(options, [PAPER]), progress.tell)
    finally:
        progress.close()


def _on_runs(options: ReportOptions) -> tuple[Report, bool]:
    names = names_of(options.schedulers) if options.schedulers.strip() else list(COMPARED)
    names = list(dict.fromkeys([ALONE, *names]))
    prices = TokenPrices(target=options.target_price, draft=options.draft_price)
    gathered = Gathered(schedulers=schedulers_named(names), shown=shown_of(names), prices=prices, seed=options.seed)
    _gather(gathered, options.files)
    if not gathered.together.runs:
        raise KeyboardInterrupt
    for note in dict.fromkeys(gathered.notes):
        print(f"outrider: {note}", file=sys.stderr)
    words = [*options.files]
    words += ["--schedulers", options.schedulers] if options.schedulers else []
    words += ["--target-price", f"{options.target_price:g}", "--draft-price", f"{options.draft_price:g}"]
    return report(gathered, _made(options, words)), gathered.stopped


def _made(options: ReportOptions, words: Sequence[str]) -> Made:
    return Made(command=command([*words, "--seed", str(options.seed)]), seed=options.seed, provenance=provenance())


def _gather(gathered: Gathered, files: Sequence[str]) -> None:
    """Every run of every source; Ctrl-C ends it early."""
    progress = ProgressLine()
    try:
        for source in all_sources(files):
            gathered.begin(source)
            for trace in source.read(gathered.notes.append):
                gathered.add(trace)
                progress.tell(f"{source.name}: {count(gathered.together.runs, 'run')} of a task compared")
    except KeyboardInterrupt:
        gathered.stopped = True
    finally:
        progress.close()


def write(made: Report, options: ReportOptions) -> None:
    """In every form that was asked for; the page on standard output if none was."""
    if options.out is not None:
        _write(options.out, page(made), "--out")
    if options.markdown is not None:
        _write(options.markdown, markdown(made), "--markdown")
    if options.csv is not None:
        for table in made.tables:
            _write(options.csv / f"{table.name}.csv", csv_of(table), "--csv")
    if options.out is None and options.markdown is None and options.csv is None:
        print(page(made), end="")


def _write(file: Path, text: str, option: str) -> None:
    try:
        if option == "--csv":
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        what = "a folder" if option == "--csv" else "a file in a folder of yours"
        raise BadOption(f"the report cannot be written to {file}: {error.strerror}; give {option} {what}") from None
    print(f"wrote {file}", file=sys.stderr)
