"""``outrider bench``, ``advise``, ``report`` and ``simulate``: what speculation gains, and where it loses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from outrider.cli.exits import explained
from outrider.cli.options import DraftPriceOption, JournalOption, JsonOption, SeedOption, TargetPriceOption

BENCH_ROWS: Final = """

A row is a JSON object a line: task, at, target, target_s, draft or drafts, draft_s, and target_tokens and draft_tokens where
known. The live runtime runs every scheduler over the recorded answers on a virtual clock: no model is asked, and the same seed
gives the same bytes. With --live, real models are asked instead."""

BENCH_EXAMPLES: Final = """\b
Examples:
  outrider bench local-pairs
  outrider bench rows.jsonl --schedulers alone,lookahead-4,batch-4,oracle --json
  outrider bench journal.sqlite3 --target-price 15 --draft-price 0.6
  outrider bench --live openagi -a direct@local -t cot@local --out live.jsonl"""

ADVISED: Final = """

For four fixed lookaheads and three settings of the dial: what time and cost to expect of as many more runs, with intervals. Then
how often drafts must be right to be worth their price, by what factor calls may slow one another down, and which step most of the
waiting goes to. The answer may be no."""

ADVISE_EXAMPLES: Final = """\b
Examples:
  outrider advise
  outrider advise journal.sqlite3
  outrider advise rows.jsonl --hour 60 --target-price 15 --draft-price 0.6
  outrider advise chess --json"""

REPORTED: Final = """

The page needs no network, no script and no other file: time and cost of each scheduler with intervals, one run call by call, the
frontier of time against waste, how often drafts were right, where speculation lost and why. The same seed gives the same bytes.
The name paper alone reports on the paper's settings and simulation (needs NumPy: pip install 'outrider[bench]')."""

REPORT_EXAMPLES: Final = """\b
Examples:
  outrider report local-pairs --out report.html
  outrider report journal.sqlite3 --out report.html --markdown report.md --csv tables
  outrider report paper --out paper.html"""

SIMULATED: Final = """

Episodes are drawn first, and then run in virtual time by the same rules as a real plan: once with the lookahead, once with the
target alone. A load, a rate limit and failures need the live runtime, which manages hundreds of episodes a second; everything
else goes at about a million. Needs NumPy: pip install 'outrider[bench]'."""

SIMULATE_EXAMPLES: Final = """\b
Examples:
  outrider simulate --accuracy 0.9 --draft-s 0.6 --target-s 2.9
  outrider simulate -k batch-4 --draft-s lognormal:1:0.4 --target-s lognormal:3:1.2
  outrider simulate --target-tokens lognormal:120:60 --target-s length:0.4:0.02 --json
  outrider simulate --like local-pairs --draft-s 0.3
  outrider simulate --draft-s file:rows.jsonl#draft_s --target-s file:rows.jsonl#target_s
  outrider simulate --episodes 1000 --slowdown 0.1 --calls-per-minute 60

\b
DIST is a number, or a distribution of numbers:
  lognormal:MEAN:SD              lognormal-median:MEDIAN:SIGMA (of the logarithm)
  values:A,B,C                   one of these
  file:PATH  file:PATH#FIELD     one of a file's: a number a line, or a JSON object a line
  length:BASE:PER_TOKEN          seconds that go with the call's output tokens"""

comparing = typer.Typer()


@comparing.command(
    help="Compare schedulers on recorded rows, journals or suites: time, tokens, cost, each with its interval." + BENCH_ROWS,
    short_help="Compare schedulers on recorded runs, or live.",
    epilog=BENCH_EXAMPLES,
)
def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Files of rows, journals, or suites: chess, local-pairs, tau2, openagi-1 to -4, travelplanner-1 to -3.",
        ),
    ] = None,
    schedulers: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="With commas: alone, lookahead-K, batch-K (the published loop, K 1 to 10), topk-N, tools-only, oracle. "
            "By default a choice of them.",
        ),
    ] = "",
    target_price: TargetPriceOption = 10.0,
    draft_price: DraftPriceOption = 1.0,
    seed: SeedOption = 0,
    live: Annotated[
        str,
        typer.Option(
            metavar="SUITE",
            help="Plan the suite openagi with real models instead: every task by every scheduler and by the target alone, "
            "twice, in turn.",
        ),
    ] = "",
    approximation: Annotated[
        str, typer.Option("--approximation", "-a", metavar="KIND@MODEL", help="Live: the fast agent, as for plan.")
    ] = "",
    target: Annotated[str, typer.Option("--target", "-t", metavar="KIND@MODEL", help="Live: the accurate agent.")] = "",
    tasks: Annotated[int, typer.Option(metavar="N", help="Live: how many tasks, drawn by the seed.")] = 20,
    max_steps: Annotated[int, typer.Option(metavar="N", help="Live: the most steps a plan may have.")] = 12,
    threads: Annotated[int, typer.Option(metavar="N", help="Live: processor threads for a call of a model in this process.")] = 1,
    budget_usd: Annotated[
        float | None, typer.Option(metavar="USD", help="Live: the most dollars in all, those of earlier parts included.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Live: your own prices, as for plan.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Live: keep each task's results here; the same command then goes on where it was."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="Live: keep the runs with drafts here, to compare on later.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider bench``."""
    with explained():
        if live:
            from outrider.cli.live import LiveOptions, run_live

            live_options = LiveOptions(
                suite=live, approximation=approximation, target=target, schedulers=schedulers, tasks=tasks, max_steps=max_steps,
                threads=threads, budget_usd=budget_usd, prices=prices, out=out, journal=keep, seed=seed, as_json=as_json,
            )  # fmt: skip
            raise typer.Exit(run_live(live_options))
        from outrider.cli.bench import BenchOptions, run_bench

        options = BenchOptions(
            files=files or [], schedulers=schedulers, target_price=target_price, draft_price=draft_price, seed=seed,
            as_json=as_json,
        )  # fmt: skip
        raise typer.Exit(run_bench(options))


@comparing.command(
    help="Would it help me? Say so plainly, from your journal, or from recorded rows, other journals or suites." + ADVISED,
    short_help="Would it help me? From your journal, or rows.",
    epilog=ADVISE_EXAMPLES,
)
def advise(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Files of rows, journals, or suites, as for bench. By default the journal."),
    ] = None,
    journal: JournalOption = None,
    hour: Annotated[float, typer.Option(metavar="USD", help="What an hour of waiting is worth to you, in dollars.")] = 30.0,
    target_price: TargetPriceOption = 10.0,
    draft_price: DraftPriceOption = 1.0,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider advise``."""
    with explained():
        from outrider.cli.advise import AdviseOptions, run_advise

        options = AdviseOptions(
            files=files or [], journal=journal or "", hour_usd=hour, target_price=target_price, draft_price=draft_price,
            seed=seed, as_json=as_json,
        )  # fmt: skip
        raise typer.Exit(run_advise(options))


@comparing.command(
    help="One page to show a colleague, from recorded rows, journals or suites." + REPORTED,
    short_help="One page on recorded runs, to show a colleague.",
    epilog=REPORT_EXAMPLES,
)
def report(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files of rows, journals, or suites, as for bench; or paper.")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The page, as HTML.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="The same in Markdown.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Its tables, a CSV file each.")] = None,
    schedulers: Annotated[
        str, typer.Option(metavar="NAMES", help="With commas, as for bench. By default a choice of them.")
    ] = "",
    target_price: TargetPriceOption = 10.0,
    draft_price: DraftPriceOption = 1.0,
    seed: SeedOption = 0,
) -> None:
    """Run ``outrider report``. Without --out, --markdown and --csv the page goes to standard output."""
    with explained():
        from outrider.cli.report import ReportOptions, run_report

        options = ReportOptions(
            files=files, schedulers=schedulers, target_price=target_price, draft_price=draft_price, seed=seed, out=out,
            markdown=markdown, csv=csv,
        )  # fmt: skip
        raise typer.Exit(run_report(options))


@comparing.command(
    help="Simulate runs: what would speculation gain with agents this fast and this often right?" + SIMULATED,
    short_help="Simulate runs with drawn times and answers.",
    epilog=SIMULATE_EXAMPLES,
)
def simulate(
    like: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Measure what is not given below in recorded rows, a journal or a suite, as for bench."
        ),
    ] = "",
    steps: Annotated[int | None, typer.Option(metavar="N", help="Steps of a plan, finish included. By default 10.")] = None,
    accuracy: Annotated[
        str, typer.Option(metavar="P", help="The chance that a draft is right; with commas, by step. By default 0.8.")
    ] = "",
    draft_s: Annotated[str, typer.Option(metavar="DIST", help="Seconds of a draft. By default 1.")] = "",
    target_s: Annotated[str, typer.Option(metavar="DIST", help="Seconds of a target call. By default 3.")] = "",
    draft_tokens: Annotated[str, typer.Option(metavar="DIST", help="Output tokens of a draft. By default 20.")] = "",
    target_tokens: Annotated[str, typer.Option(metavar="DIST", help="Output tokens of a target call. By default 100.")] = "",
    lookahead: Annotated[
        str, typer.Option("--lookahead", "-k", metavar="N", help="How far drafts may run ahead; or batch-K, oracle, alone.")
    ] = "4",
    episodes: Annotated[int, typer.Option(metavar="N", help="How many runs.")] = 10_000,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed; the same one gives the same bytes.")] = 0,
    draft_price: Annotated[float, typer.Option(metavar="USD", help="For a million output tokens of the drafter.")] = 1.0,
    target_price: Annotated[float, typer.Option(metavar="USD", help="The same for the target.")] = 10.0,
    slowdown: Annotated[
        float, typer.Option(metavar="X", help="Each further call in flight makes a call X times its time longer.")
    ] = 0.0,
    calls_per_minute: Annotated[
        float | None, typer.Option(metavar="N", help="The provider begins no more calls a minute than this.")
    ] = None,
    failures: Annotated[float, typer.Option(metavar="P", help="The chance that a call fails.")] = 0.0,
    runtime: Annotated[
        bool, typer.Option("--runtime", help="Have the live runtime run every episode: the same, thousands of times as long.")
    ] = False,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes to work with; the result is the same.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Run ``outrider simulate``."""
    with explained():
        from outrider.cli.simulate import SimulateOptions, run_simulate

        options = SimulateOptions(
            like=like, steps=steps, accuracy=accuracy, draft_s=draft_s, target_s=target_s, draft_tokens=draft_tokens,
            target_tokens=target_tokens, lookahead=lookahead, episodes=episodes, seed=seed, draft_price=draft_price,
            target_price=target_price, slowdown=slowdown, calls_per_minute=calls_per_minute, failures=failures, runtime=runtime,
            workers=workers, as_json=as_json,
        )  # fmt: skip
        raise typer.Exit(run_simulate(options))
