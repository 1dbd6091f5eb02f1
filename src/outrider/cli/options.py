"""Options that several commands have: one meaning, one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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

PricesOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
]
MatchingOption = Annotated[str, typer.Option(metavar="NAME", help="exact; or by-action, which is lossy and says so.")]
PlainOption = Annotated[bool, typer.Option("--plain", help="Plain lines, also in a terminal.")]
