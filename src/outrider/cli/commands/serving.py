"""``outrider serve``, ``worker``, ``users`` and ``audit``: for others, and on other machines."""

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
    OtelOption,
    PricesOption,
    RequestsOption,
    TokensOption,
    ToolsOption,
    TrustOption,
)
from outrider.cli.users import audit, users_app

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

WORKS: Final = """

Any number of workers, on any machines that reach the engine and the models. Keys are read from the worker's environment, and
never go through the engine. Needs pip install 'outrider[temporal]'. On SIGTERM no call begins any more, and those under way are
ended; calls of a worker that dies are given to another one. With --tools it also runs the steps of sessions that were begun with
the same tools; what it runs is named here, and never by a session."""

serving = typer.Typer()


@serving.command(
    help="The page: start sessions, watch them and step in, in a browser." + SERVE,
    short_help="Watch and command sessions in a browser.",
    epilog=SERVE_EXAMPLES,
)
def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; by default this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0 is any that is free.")] = 8765,
    prices: PricesOption = None,
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
    hand_over: Annotated[
        bool, typer.Option("--hand-over", help="In the end, leave sessions to the next server, not stopped but interrupted.")
    ] = False,
    resume_interrupted: Annotated[
        bool, typer.Option("--resume-interrupted", help="Go on at once with the sessions that servers before have left.")
    ] = False,
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
            hand_over=hand_over, resume_interrupted=resume_interrupted,
            telemetry=Telemetry(log=log, texts=log_texts, otel=otel, metrics=metrics),
        )  # fmt: skip
        raise typer.Exit(run_serve(options))


@serving.command(
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
    tools: ToolsOption = None,
    effect: EffectOption = None,
    approve: ApproveOption = None,
    trust: TrustOption = False,
    prices: PricesOption = None,
    journal: JournalOption = None,
) -> None:
    """Run ``outrider worker``."""
    with explained():
        from outrider.cli.own_tools import read_tools
        from outrider.cli.worker import WorkerOptions, run_worker

        options = WorkerOptions(
            engine=engine, calls_at_once=calls_at_once, calls_a_second=calls_a_second, drain_s=drain_s, journal=journal,
            prices=prices, own_tools=read_tools(tools, effect, approve, trusted=trust),
        )  # fmt: skip
        raise typer.Exit(run_worker(options))


serving.add_typer(users_app, name="users")
serving.command(
    "audit",
    help="Who started, took, steered, approved and stopped what on a server, oldest first: the newest 1,000.",
    short_help="Who did what on a server.",
)(audit)
