"""``outrider``: the commands, their options and their help. What they do is in the modules beside this one."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from outrider import __version__
from outrider.cli.exits import explained, table
from outrider.cli.users import audit, users_app

PROMISE: Final = "Plan with a fast agent that drafts ahead and an accurate one that verifies every step in parallel."

HOW_IT_GOES: Final = """

A confirmed step (✓) is final: it is the target's own answer. At most one draft stands after it, still being verified.
What drafts only change is how soon the plan is there. Every run is kept in the journal: see outrider sessions."""

EXAMPLES: Final = """\b
Examples:
  outrider plan "Given a noisy gray photo, tell me in German what it shows"
  outrider plan "..." -a direct@openai:gpt-5-nano -t react@openai:gpt-5
  outrider plan "..." -t cot@http://localhost:8000/v1#qwen --json | jq .kind
  outrider plan - --setting 4 -a ollama:qwen3:0.6b -t ollama:qwen3 < task.txt
  outrider plan --world travel "Fresno to Oregon, 3 days from March 21, $900"
  outrider plan "..." --tools tools.py --tools "mcp:python server.py"

\b
Agents are written KIND@MODEL:
  KIND   direct      the action, nothing else           1 request a step
         cot         a thought, then the action         1 request
         react       a thought; then the action         2 requests
         discussion  two voices argue, then conclude    5 requests
  MODEL  local                the embedded model, fetched once
         FILE.gguf            a model file, run in this process
         openai:NAME          also openrouter: deepseek: ollama:
         anthropic:NAME       and other vendors, with outrider[vendors]
         URL#NAME             an OpenAI-compatible server
  or recorded:FILE, recorded:FILE@10x: answers from a file, no model asked
  In the world travel, without a model: greedy@travel drafts, solver@travel
  (the cheapest trip) or solver@travel:rated (the best rated) verifies
  To draft also recall: plans confirmed in earlier sessions (outrider memory);
  and several with +, asked one after another: recall+direct@local"""

PLANNED_ALL: Final = """

Sub-tasks that come after nothing start at once; the others when all that they come after are complete. They share no data, but
one budget and one limit. One that fails leaves the others running, and what comes after it is not started.

In a FILE.toml a table a sub-task, with name and task; the rest may be left out (in a FILE.json {"subtask": [{"name": ...}]}):

\b
  [[subtask]]
  name = "caption"
  task = "Given a noisy gray photo, tell me in German what it shows"
\b
  [[subtask]]
  name = "sharpen"
  task = "Given a blurry photo, describe it in one sentence"
  after = ["caption"]
  lookahead = 2     # also world, approximation, target, max_steps, matching

A sub-plan is a session in the journal, named RUN.NAME. The exit code is 0 if all are complete, else that of the first that
failed."""

PLAN_ALL_EXAMPLES: Final = """\b
Examples:
  outrider plan-all trip.toml --calls-at-once 8 --budget-usd 2
  outrider plan-all trip.toml --from 1f0c22ab
  outrider plan-all trip.toml --json | jq 'select(.subplan == "caption")'"""

WORKS: Final = """

Any number of workers, on any machines that reach the engine and the models. Keys are read from the worker's environment, and
never go through the engine. Needs pip install 'outrider[temporal]'. On SIGTERM no call begins any more, and those under way are
ended; calls of a worker that dies are given to another one."""

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

SERVE: Final = """

The URL that is printed holds a token: whoever has it can see your sessions, start others and spend your money. Ctrl-C stops the
sessions in order, with the journal kept, and ends with 130; SIGTERM does the same and ends with 0, once the sessions have had
--drain-s seconds to finish; a second Ctrl-C leaves at once. With --users each user has a token of their own.

Needs more packages: pip install 'outrider[web]'."""

SERVE_EXAMPLES: Final = """\b
Examples:
  outrider serve
  outrider serve --port 0 --json
  outrider serve --users team.json --drain-s 60"""

RESUMED: Final = """

What is on record counts: an answer is not asked for again, and nothing that was done is done twice. Calls that were in flight are
made again. What the agents, tools and limits were is kept in the journal, without secrets."""

RESUME_EXAMPLES: Final = """\b
Examples:
  outrider resume
  outrider resume 1f0c
  outrider resume 1f0c --watch
  outrider resume 1f0c --say pause"""

app = typer.Typer(
    name="outrider",
    help=PROMISE,
    epilog="\b\nExit codes:\n" + table(),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
sessions = typer.Typer(help="Sessions in the journal: list them, or show one.", no_args_is_help=True)
app.add_typer(sessions, name="sessions")
memory = typer.Typer(
    help="What recall drafts from: the confirmed plans of the journal's sessions. To turn it off, do not name it.",
    no_args_is_help=True,
)
app.add_typer(memory, name="memory")

app.add_typer(users_app, name="users")
app.command(
    "audit",
    help="Who started, took, steered, approved and stopped what on a server, oldest first: the newest 1,000.",
    short_help="Who did what on a server.",
)(audit)

journal_app = typer.Typer(help="The journal itself: what of it is sound, and how to save that.", no_args_is_help=True)
app.add_typer(journal_app, name="journal")

JournalOption = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        envvar="OUTRIDER_JOURNAL",
        help="The journal: a file, by default one in your data folder; or postgresql://USER@HOST/DATABASE.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

TargetPriceOption = Annotated[
    float, typer.Option(metavar="USD", help="Dollars for a million tokens of the target: rows carry tokens, no prices.")
]
DraftPriceOption = Annotated[float, typer.Option(metavar="USD", help="The same for the drafter.")]
SeedOption = Annotated[int, typer.Option(metavar="N", help="The seed of the intervals.")]

BudgetSecondsOption = Annotated[
    float | None, typer.Option(metavar="S", help="The most seconds in all in which a call is under way.")
]
RequestsOption = Annotated[
    int | None, typer.Option(metavar="N", help="The most requests a minute for each model; drafts have at most half.")
]
TokensOption = Annotated[int | None, typer.Option(metavar="N", help="The same for tokens, prompt and output.")]

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its name, or the beginning of it.")]


LogOption = Annotated[
    str,
    typer.Option(
        "--log", metavar="FILE", envvar="OUTRIDER_LOG", help="A structured log, JSON a line; - is standard error. Without texts."
    ),
]
LogTextsOption = Annotated[
    bool, typer.Option("--log-texts", help="Tasks, steps, reasons and errors stand in the log and in spans too.")
]
OtelOption = Annotated[
    bool, typer.Option("--otel", envvar="OUTRIDER_OTEL", help="Spans and metrics for OpenTelemetry, as the OTEL_ variables say.")
]


WorldOption = Annotated[str, typer.Option("--world", metavar="NAME", help="In this world alone.")]

ToolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        metavar="WHERE",
        help='Execute the steps with these tools: FILE.py, package.module, "mcp:COMMAND ..." or mcp+https://..., repeatable.',
    ),
]
EffectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--effect",
        metavar="NAME=EFFECT",
        help="What a tool does to the world: none, and it may run for drafts; read, and it may a few times; write, and it runs "
        "once, when its step is confirmed. Decides before what the tool says.",
    ),
]
ApproveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--approve", metavar="NAME=WHEN", help="When you are asked before a tool that writes runs: always, unsure or never."
    ),
]
TrustOption = Annotated[bool, typer.Option("--trust", help="Believe what MCP servers hint of their tools' effects.")]
ReadsOption = Annotated[
    int | None,
    typer.Option(metavar="N", help="The most runs of tools that read for steps that are not confirmed yet. By default 8."),
]

EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="Who makes the calls: temporal, or temporal://HOST:PORT/NAMESPACE, see outrider worker; by default this process.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"outrider {__version__}")
        raise typer.Exit


@app.callback(help=PROMISE)
def outrider(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """The commands' common beginning."""


@app.command(
    help="Make a plan: drafted ahead, verified in parallel, confirmed step by step." + HOW_IT_GOES,
    short_help="Make a plan, step by step.",
    epilog=EXAMPLES,
)
def plan(
    task: Annotated[
        str,
        typer.Argument(
            metavar="[TASK]",
            help="What is to be planned, in your words; - reads it from standard input. With --from, by default that session's.",
            show_default=False,
        ),
    ] = "",
    world: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The actions a step may name: openagi; travel for trips, day by day; travel-tools, where agents look trips up; "
            "or free for steps in free words. By default openagi; with --tools they are your tools.",
        ),
    ] = "",
    tools: ToolsOption = None,
    effect: EffectOption = None,
    approve: ApproveOption = None,
    trust: TrustOption = False,
    reads: ReadsOption = None,
    own_task: Annotated[
        int | None,
        typer.Option(
            "--task", metavar="N", help="One of the world's own tasks, by its number from 0: openagi has 185, travel 45."
        ),
    ] = None,
    approximation: Annotated[
        str,
        typer.Option(
            "--approximation",
            "-a",
            metavar="KIND@MODEL",
            help="The fast agent; it drafts. By default direct@local, or the world's own.",
        ),
    ] = "",
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            metavar="KIND@MODEL",
            help="The accurate agent; the plan is its. By default cot@local, or the world's own.",
        ),
    ] = "",
    setting: Annotated[
        int | None,
        typer.Option(
            metavar="1-4",
            help="The paper's setting gives both kinds: 1 direct/react, 2 direct/cot, 3 cot/discussion, 4 direct/direct. "
            "Then -a and -t name models only.",
        ),
    ] = None,
    lookahead: Annotated[
        str,
        typer.Option(
            "--lookahead",
            "-k",
            metavar="N",
            help="auto: as far ahead as it is worth; or how many steps drafts may run ahead; 0 is the target alone; "
            "batch-N is the published loop. By default auto, or 1 to 4 where both agents compute on this machine.",
        ),
    ] = "",
    hour_worth: Annotated[
        float | None,
        typer.Option(metavar="USD", help="What an hour of waiting is worth to you, for lookahead auto; 0 to inf. By default 30."),
    ] = None,
    max_steps: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="The most steps a plan may have, finish included; p95: as many as 95 % of your plans there had. By default 30, "
            "or as many as the task needs where the world can tell.",
        ),
    ] = "",
    matching: Annotated[str, typer.Option(metavar="NAME", help="exact; or by-action, which is lossy and says so.")] = "exact",
    calls_at_once: Annotated[
        int | None, typer.Option(metavar="N", help="The most calls in flight; the target's next step goes first.")
    ] = None,
    budget_calls: Annotated[int | None, typer.Option(metavar="N", help="The most calls in all.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(metavar="N", help="The most tokens in all, prompt and output.")] = None,
    budget_usd: Annotated[
        float | None, typer.Option(metavar="USD", help="The most dollars in all; every model needs a known price.")
    ] = None,
    budget_seconds: BudgetSecondsOption = None,
    requests_a_minute: RequestsOption = None,
    tokens_a_minute: TokensOption = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
    ] = None,
    going_on_from: Annotated[
        str | None, typer.Option("--from", metavar="SESSION", help="Go on from the confirmed plan of an earlier session.")
    ] = None,
    settled: Annotated[
        str, typer.Option(metavar="TEXT", help="With --from: what came of its last step, whose tool is then not run.")
    ] = "",
    run_again: Annotated[
        bool, typer.Option("--run-again", help="With --from: its last step was begun and had no effect; run it.")
    ] = False,
    engine: EngineOption = "",
    journal: JournalOption = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Afterwards plan once more with the target alone, and say how long that took.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines, also in a terminal.")] = False,
    log: LogOption = "",
    log_texts: LogTextsOption = False,
    otel: OtelOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line; the last holds the plan and the figures.")] = False,
) -> None:
    """Run ``outrider plan``."""
    with explained():
        from outrider.cli.own_tools import read_tools
        from outrider.cli.plan import PlanOptions, run_plan
        from outrider.launch import Wanted
        from outrider.telemetry.opening import Wanted as Telemetry

        own_tools = read_tools(tools, effect, approve, trusted=trust)
        wanted = Wanted(
            task=task, world=own_tools.world(world), approximation=approximation, target=target, setting=setting,
            lookahead=lookahead, hour_worth=hour_worth, matching=matching,
            max_steps=int(max_steps) if max_steps.isdecimal() else max_steps, calls_at_once=calls_at_once,
            budget_calls=budget_calls, budget_tokens=budget_tokens, budget_usd=budget_usd,
            going_on_from=going_on_from or "", settled=settled, run_again=run_again, reads=reads,
            budget_seconds=budget_seconds, requests_a_minute=requests_a_minute, tokens_a_minute=tokens_a_minute,
        )  # fmt: skip
        options = PlanOptions(
            wanted=wanted, own_tools=own_tools, own_task=own_task, prices=prices, journal=journal,
            engine=engine, compare=compare, plain=plain,
            as_json=as_json, telemetry=Telemetry(log=log, texts=log_texts, otel=otel),
        )  # fmt: skip
        raise typer.Exit(run_plan(options))


@app.command(
    "plan-all",
    help="Make the plans of a file of sub-tasks, side by side, under one budget and one limit." + PLANNED_ALL,
    short_help="Make the plans of several sub-tasks, side by side.",
    epilog=PLAN_ALL_EXAMPLES,
)
def plan_all(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sub-tasks, in TOML or JSON.")],
    world: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The world of those that name none. By default openagi; with --tools it is tools, which others "
            "may be named beside.",
        ),
    ] = "",
    tools: ToolsOption = None,
    effect: EffectOption = None,
    approve: ApproveOption = None,
    trust: TrustOption = False,
    reads: ReadsOption = None,
    approximation: Annotated[
        str, typer.Option("--approximation", "-a", metavar="KIND@MODEL", help="As for outrider plan; of those that name none.")
    ] = "",
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="KIND@MODEL", help="As for outrider plan; of those that name none.")
    ] = "",
    setting: Annotated[int | None, typer.Option(metavar="1-4", help="As for outrider plan.")] = None,
    lookahead: Annotated[
        str, typer.Option("--lookahead", "-k", metavar="N", help="As for outrider plan; of those that say none.")
    ] = "",
    hour_worth: Annotated[float | None, typer.Option(metavar="USD", help="As for outrider plan.")] = None,
    max_steps: Annotated[str, typer.Option(metavar="N", help="The most steps of each plan that says nothing of it.")] = "",
    matching: Annotated[str, typer.Option(metavar="NAME", help="exact; or by-action, which is lossy and says so.")] = "exact",
    calls_at_once: Annotated[
        int | None,
        typer.Option(metavar="N", help="The most calls in flight, of all together; each target's next step goes first."),
    ] = None,
    budget_calls: Annotated[int | None, typer.Option(metavar="N", help="The most calls, of all together.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(metavar="N", help="The most tokens, of all together.")] = None,
    budget_usd: Annotated[
        float | None, typer.Option(metavar="USD", help="The most dollars, of all together; every model needs a known price.")
    ] = None,
    budget_seconds: BudgetSecondsOption = None,
    requests_a_minute: RequestsOption = None,
    tokens_a_minute: TokensOption = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
    ] = None,
    going_on_from: Annotated[
        str, typer.Option("--from", metavar="RUN", help="Go on from an earlier run: what was complete stands, the rest goes on.")
    ] = "",
    journal: JournalOption = None,
    log: LogOption = "",
    log_texts: LogTextsOption = False,
    otel: OtelOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One event a line, with the sub-plan's name; the last holds plans and figures.")
    ] = False,
) -> None:
    """Run ``outrider plan-all``."""
    with explained():
        from outrider.cli.own_tools import read_tools
        from outrider.cli.subplans import PlanAllOptions, run_plan_all
        from outrider.launch import Wanted
        from outrider.telemetry.opening import Wanted as Telemetry

        own_tools = read_tools(tools, effect, approve, trusted=trust)
        common = Wanted(
            world=own_tools.world(world), reads=reads,
            approximation=approximation, target=target, setting=setting, lookahead=lookahead, hour_worth=hour_worth,
            max_steps=int(max_steps) if max_steps.isdecimal() else max_steps, matching=matching, calls_at_once=calls_at_once,
            budget_calls=budget_calls, budget_tokens=budget_tokens, budget_usd=budget_usd, budget_seconds=budget_seconds,
            requests_a_minute=requests_a_minute, tokens_a_minute=tokens_a_minute,
        )  # fmt: skip
        options = PlanAllOptions(
            file=file, common=common, own_tools=own_tools,
            going_on_from=going_on_from, prices=prices, journal=journal, as_json=as_json,
            telemetry=Telemetry(log=log, texts=log_texts, otel=otel),
        )  # fmt: skip
        raise typer.Exit(run_plan_all(options))


@app.command(
    help="Make calls for sessions that run in an engine: of outrider plan --engine, and outrider serve --engine." + WORKS,
    short_help="Make calls for sessions that run in an engine.",
)
def worker(
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="Where: temporal, or temporal://HOST:PORT/NAMESPACE.", show_default=True)
    ] = "temporal",
    calls_at_once: Annotated[int, typer.Option(metavar="N", help="The most calls that this worker makes at once.")] = 100,
    calls_a_second: Annotated[
        float | None, typer.Option(metavar="N", help="The most calls a second, of all workers there together.")
    ] = None,
    drain_s: Annotated[
        float, typer.Option("--drain", metavar="SECONDS", help="When told to leave: so long calls under way may take to end.")
    ] = 30,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
    ] = None,
    journal: JournalOption = None,
) -> None:
    """Run ``outrider worker``."""
    with explained():
        from outrider.cli.worker import WorkerOptions, run_worker

        options = WorkerOptions(
            engine=engine, calls_at_once=calls_at_once, calls_a_second=calls_a_second, drain_s=drain_s, journal=journal,
            prices=prices,
        )  # fmt: skip
        raise typer.Exit(run_worker(options))


@sessions.command("list")
def list_sessions(journal: JournalOption = None, as_json: JsonOption = False) -> None:
    """The sessions in the journal, newest first."""
    from outrider.cli.sessions import print_list

    with explained():
        print_list(journal, as_json=as_json)


@sessions.command("show")
def show_session(
    session: SessionArgument,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """One session: its plan and its figures."""
    from outrider.cli.sessions import print_one

    with explained():
        print_one(session, journal, as_json=as_json)


@journal_app.command("check")
def check_journal(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", envvar="OUTRIDER_JOURNAL", show_envvar=False, help="The journal, as for --journal.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what of every session is sound: checksums, numbers, and what the rules find. If not all is, it ends with 5."""
    from outrider.cli.journal import check

    with explained():
        raise typer.Exit(check(file, as_json=as_json))


@journal_app.command("salvage")
def salvage_journal(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The damaged journal; it stays as it is.")],
    to: Annotated[Path, typer.Option("--to", metavar="NEW", help="Where to; must not exist yet.")],
    as_json: JsonOption = False,
) -> None:
    """Save the sound beginning of every session in a new journal, and say what is lost."""
    from outrider.cli.journal import salvage

    with explained():
        raise typer.Exit(salvage(file, to, as_json=as_json))


@memory.command("list")
def list_memory(world: WorldOption = "", journal: JournalOption = None, as_json: JsonOption = False) -> None:
    """The plans that are remembered, newest first."""
    from outrider.cli.memory import print_plans

    with explained():
        print_plans(journal, world, as_json=as_json)


@memory.command("show")
def show_memory(
    actions: Annotated[
        list[str] | None, typer.Argument(metavar="[ACTION...]", help="The latest actions, in order; none: how plans begin.")
    ] = None,
    world: Annotated[str, typer.Option("--world", metavar="NAME", help="The world that the actions belong to.")] = "openagi",
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """What was confirmed after these actions, and how often."""
    from outrider.cli.memory import print_following

    with explained():
        print_following(journal, world, tuple(actions or ()), as_json=as_json)


@memory.command("export")
def export_memory(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to, a JSON object a plan; must not exist yet.")],
    world: WorldOption = "",
    journal: JournalOption = None,
) -> None:
    """Write the plans that are remembered to a file."""
    from outrider.cli.memory import export_plans

    with explained():
        export_plans(journal, world, out)


@memory.command("clear")
def clear_memory(world: WorldOption = "", journal: JournalOption = None, as_json: JsonOption = False) -> None:
    """Forget: sessions until now do not count any more. They stay in the journal."""
    from outrider.cli.memory import clear

    with explained():
        clear(journal, world, as_json=as_json)


@app.command(
    "resume",
    help="Go on with a session whose process was killed, wherever it was." + RESUMED,
    short_help="Go on with a session that was interrupted.",
    epilog=RESUME_EXAMPLES,
)
def resume_session(
    session: Annotated[
        str, typer.Argument(metavar="[SESSION]", help="Its name, or the beginning of it. None: list those interrupted.")
    ] = "",
    approximation: Annotated[
        str, typer.Option("--approximation", "-a", metavar="KIND@MODEL", help="The fast agent, if it is reached otherwise now.")
    ] = "",
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="KIND@MODEL", help="The accurate agent, if it is reached otherwise now.")
    ] = "",
    tools: Annotated[
        list[str] | None,
        typer.Option("--tools", metavar="SOURCE", help="Its tools, as for plan, if they are reached otherwise now."),
    ] = None,
    world_is_there: Annotated[
        bool, typer.Option("--world-is-there", help="What its tools have done is still there, though they run in this process.")
    ] = False,
    run_again: Annotated[
        bool,
        typer.Option("--run-again", help="What its tools have done went with its process: do it again first, on a new world."),
    ] = False,
    calls_at_once: Annotated[int | None, typer.Option(metavar="N", help="The most calls in flight, from now on.")] = None,
    budget_calls: Annotated[
        int | None, typer.Option(metavar="N", help="The most calls in all, those of before included.")
    ] = None,
    budget_tokens: Annotated[int | None, typer.Option(metavar="N", help="The same for tokens.")] = None,
    budget_usd: Annotated[float | None, typer.Option(metavar="USD", help="The same for dollars.")] = None,
    budget_seconds: BudgetSecondsOption = None,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own prices, as for plan.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Only watch it, while another process runs it.")] = False,
    say: Annotated[
        str,
        typer.Option(
            metavar="WORDS",
            help="Say to whoever runs it: pause, go-on, approve, stop; take:ACTION, steer:SENTENCE, settle:OBSERVATION.",
        ),
    ] = "",
    journal: JournalOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines, also in a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line, from the session's first on.")] = False,
) -> None:
    """Run ``outrider resume``."""
    with explained():
        from outrider.cli.own_tools import ToolsWanted
        from outrider.cli.resume import ResumeOptions, run_resume
        from outrider.launch import Wanted

        given = Wanted(
            approximation=approximation, target=target, calls_at_once=calls_at_once, budget_calls=budget_calls,
            budget_tokens=budget_tokens, budget_usd=budget_usd, budget_seconds=budget_seconds,
        )  # fmt: skip
        options = ResumeOptions(
            session=session, given=given, own_tools=ToolsWanted(sources=tuple(tools or ())), prices=prices, journal=journal,
            world_is_there=world_is_there, run_again=run_again, watch=watch, say=say, plain=plain, as_json=as_json,
        )  # fmt: skip
        raise typer.Exit(run_resume(options))


@app.command(short_help="Take a session through the rules again, without a call.")
def replay(
    session: SessionArgument,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a session's journal through the rules again: the same plan, the same display, the same figures. No call is made."""
    from outrider.cli.sessions import print_replay

    with explained():
        print_replay(session, journal, as_json=as_json)


@app.command(short_help="Write a session as a Chrome trace, to look at in Perfetto.")
def trace(
    session: SessionArgument,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; by default standard output.")] = None,
    journal: JournalOption = None,
) -> None:
    """Write a session as a Chrome trace: every call a bar in its lane, arrows from drafts to verdicts. Perfetto opens it."""
    from outrider.cli.sessions import print_trace

    with explained():
        print_trace(session, journal, out)


@app.command(
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


@app.command(
    help="Would it help me? Say so plainly, from recorded rows, journals or suites." + ADVISED,
    short_help="Would it help me? From rows or journals.",
    epilog=ADVISE_EXAMPLES,
)
def advise(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of rows, journals, or suites, as for bench.")],
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
            files=files, hour_usd=hour, target_price=target_price, draft_price=draft_price, seed=seed, as_json=as_json
        )
        raise typer.Exit(run_advise(options))


@app.command(
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


@app.command(
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


@app.command(
    help="The page: start sessions, watch them and step in, in a browser." + SERVE,
    short_help="Watch and command sessions in a browser.",
    epilog=SERVE_EXAMPLES,
)
def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; by default this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0 is any that is free.")] = 8765,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
    ] = None,
    calls_at_once: Annotated[int | None, typer.Option(metavar="N", help="The most calls in flight for each model.")] = None,
    requests_a_minute: RequestsOption = None,
    tokens_a_minute: TokensOption = None,
    budget_usd: Annotated[
        float | None, typer.Option(metavar="USD", help="The most dollars for all sessions; every model needs a known price.")
    ] = None,
    budget_tokens: Annotated[int | None, typer.Option(metavar="N", help="The most tokens for all sessions.")] = None,
    budget_calls: Annotated[int | None, typer.Option(metavar="N", help="The most calls for all sessions.")] = None,
    budget_seconds: BudgetSecondsOption = None,
    tools: ToolsOption = None,
    effect: EffectOption = None,
    approve: ApproveOption = None,
    trust: TrustOption = False,
    engine: EngineOption = "",
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="OUTRIDER_USERS", help="Who may enter, for a team: see outrider users.")
    ] = None,
    audit_file: Annotated[
        Path | None, typer.Option("--audit", metavar="FILE", help="Note who did what there; with --users, beside that file.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A file or address that users may name, beside local and VENDOR:NAME; once for each."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="A name by which the server is called too; once for each.")
    ] = None,
    behind_tls: Annotated[
        bool, typer.Option("--behind-tls", help="Something before the server encrypts: cookies are for that alone.")
    ] = False,
    most_sessions: Annotated[int, typer.Option(metavar="N", help="The most sessions at once.")] = 32,
    most_waiting: Annotated[int, typer.Option(metavar="N", help="So many more wait for a place, up to 10 s.")] = 0,
    drain_s: Annotated[float, typer.Option(metavar="S", help="At SIGTERM, sessions have so long to finish.")] = 0.0,
    journal: JournalOption = None,
    log: LogOption = "",
    log_texts: LogTextsOption = False,
    otel: OtelOption = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Count for Prometheus, at /metrics, behind the token.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print url, token and port as JSON.")] = False,
) -> None:
    """Run ``outrider serve``."""
    with explained():
        from outrider.cli.own_tools import read_tools
        from outrider.cli.serve import ServeOptions, run_serve
        from outrider.telemetry.opening import Wanted as Telemetry

        options = ServeOptions(
            own_tools=read_tools(tools, effect, approve, trusted=trust),
            host=host, port=port, prices=prices, journal=journal, engine=engine, as_json=as_json, calls_at_once=calls_at_once,
            requests_a_minute=requests_a_minute, tokens_a_minute=tokens_a_minute, budget_usd=budget_usd,
            budget_tokens=budget_tokens, budget_calls=budget_calls, budget_seconds=budget_seconds, users=users, audit=audit_file,
            agents=tuple(agent or ()), names=tuple(each.casefold() for each in name or ()), behind_tls=behind_tls,
            most_sessions=most_sessions, most_waiting=most_waiting, drain_s=drain_s,
            telemetry=Telemetry(log=log, texts=log_texts, otel=otel, metrics=metrics),
        )  # fmt: skip
        raise typer.Exit(run_serve(options))


def main() -> None:
    """Run the command line; leave with a documented exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a model has written may fit into no encoding
            stream.reconfigure(errors="backslashreplace")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open as long as we run
    app(prog_name="outrider")


if __name__ == "__main__":
    main()
