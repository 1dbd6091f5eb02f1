"""``outrider plan``, ``plan-all`` and ``resume``: make plans, and go on with one that was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from outrider.cli.exits import explained
from outrider.cli.options import (
    ApproveOption,
    BudgetSecondsOption,
    EffectOption,
    EngineOption,
    JournalOption,
    LogOption,
    LogTextsOption,
    MatchingOption,
    OtelOption,
    PlainOption,
    PricesOption,
    ReadsOption,
    RequestsOption,
    TokensOption,
    ToolsOption,
    TrustOption,
)

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
  or recorded:FILE, recorded:FILE@10x: answers from a file, no model asked; a
  line of it is a row as outrider bench reads them (outrider bench --help)
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

RESUMED: Final = """

What is on record counts: an answer is not asked for again, and nothing that was done is done twice. Calls that were in flight are
made again. What the agents, tools and limits were is kept in the journal, without secrets."""

RESUME_EXAMPLES: Final = """\b
Examples:
  outrider resume
  outrider resume 1f0c
  outrider resume 1f0c --watch
  outrider resume 1f0c --say pause"""

planning = typer.Typer()


@planning.command(
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
    matching: MatchingOption = "exact",
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
    prices: PricesOption = None,
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
    plain: PlainOption = False,
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


@planning.command(
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
    matching: MatchingOption = "exact",
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
    prices: PricesOption = None,
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


@planning.command(
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
            help="Say to whoever runs it: pause, go-on, approve, stop; take:ACTION, steer:SENTENCE, settle:OBSERVATION, "
            "happened:OBSERVATION.",
        ),
    ] = "",
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="The engine that carries it, if that is reached otherwise now.")
    ] = "",
    journal: JournalOption = None,
    plain: PlainOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line, from the session's first on.")] = False,
    log: LogOption = "",
    log_texts: LogTextsOption = False,
    otel: OtelOption = False,
) -> None:
    """Run ``outrider resume``."""
    with explained():
        from outrider.cli.own_tools import ToolsWanted
        from outrider.cli.resume import ResumeOptions, run_resume
        from outrider.launch import Wanted
        from outrider.telemetry.opening import Wanted as Telemetry

        given = Wanted(
            approximation=approximation, target=target, calls_at_once=calls_at_once, budget_calls=budget_calls,
            budget_tokens=budget_tokens, budget_usd=budget_usd, budget_seconds=budget_seconds,
        )  # fmt: skip
        options = ResumeOptions(
            session=session, given=given, own_tools=ToolsWanted(sources=tuple(tools or ())), prices=prices, journal=journal,
            world_is_there=world_is_there, run_again=run_again, watch=watch, say=say, engine=engine, plain=plain,
            as_json=as_json, telemetry=Telemetry(log=log, texts=log_texts, otel=otel),
        )  # fmt: skip
        raise typer.Exit(run_resume(options))
