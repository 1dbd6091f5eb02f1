"""``outrider``: the commands, their options and their help. What they do is in the modules beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outrider import __version__
from outrider.cli.exits import explained, table

app = typer.Typer(
    name="outrider",
    help="Plan with a fast agent that drafts ahead and an accurate one that verifies every step in parallel.",
    epilog="Exit codes:\n\n" + "\n\n".join(table().splitlines()),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
sessions = typer.Typer(help="Sessions in the journal: list them, or show one.", no_args_is_help=True)
app.add_typer(sessions, name="sessions")

JournalOption = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", envvar="OUTRIDER_JOURNAL", help="The journal; by default one in your data folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

AGENT_HELP = (
    "KIND@MODEL. KIND: direct, cot, react, discussion. MODEL: local (the embedded model), a GGUF file, openai:NAME, "
    "anthropic:NAME and other vendors, or URL#NAME of an OpenAI-compatible server. Or recorded:FILE, or recorded:FILE@10x."
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"outrider {__version__}")
        raise typer.Exit


@app.callback()
def outrider(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Plan with a fast agent that drafts ahead and an accurate one that verifies every step in parallel."""


@app.command(
    epilog='Examples:\n\n  outrider plan "Given a noisy gray photo, tell me in German what it shows"\n\n'
    '  outrider plan "..." --approximation direct@openai:gpt-5-nano --target react@openai:gpt-5\n\n'
    '  outrider plan "..." --target cot@http://localhost:8000/v1#qwen --json | jq .kind'
)
def plan(
    task: Annotated[str, typer.Argument(help="What is to be planned, in your words; - reads it from standard input.")],
    world: Annotated[
        str, typer.Option(help="The actions a step may name: openagi, or free for steps in free words.")
    ] = "openagi",
    approximation: Annotated[
        str, typer.Option("--approximation", "-a", metavar="KIND@MODEL", help="The fast agent, which drafts. " + AGENT_HELP)
    ] = "",
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="KIND@MODEL", help="The accurate agent, whose plan it is; written likewise.")
    ] = "",
    setting: Annotated[
        int | None,
        typer.Option(
            metavar="1-4",
            help="The paper's setting, which gives both kinds: 1 direct/react, 2 direct/cot, "
            "3 cot/discussion, 4 direct/direct. With --approximation and --target naming models only.",
        ),
    ] = None,
    lookahead: Annotated[
        str,
        typer.Option(
            "--lookahead",
            "-k",
            metavar="N",
            help="How many steps drafts may run ahead; 0 is the target alone; "
            "batch-N is the published loop. By default 4, or 2 where both agents share this machine.",
        ),
    ] = "",
    max_steps: Annotated[int, typer.Option(help="The most steps a plan may have, finish included.")] = 30,
    matching: Annotated[str, typer.Option(help="exact; or by-action, which is lossy and says so.")] = "exact",
    calls_at_once: Annotated[
        int | None, typer.Option(help="The most calls in flight; the target's next step goes first.")
    ] = None,
    budget_calls: Annotated[int | None, typer.Option(help="The most calls in all.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="The most tokens in all, prompt and output.")] = None,
    budget_usd: Annotated[float | None, typer.Option(help="The most dollars in all; every model needs a known price.")] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own prices (JSON or TOML): model, dollars per million tokens.")
    ] = None,
    going_on_from: Annotated[
        str | None, typer.Option("--from", metavar="SESSION", help="Go on from the confirmed plan of an earlier session.")
    ] = None,
    journal: JournalOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines, also in a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line; the last holds the plan and the figures.")] = False,
) -> None:
    """Make a plan: drafted ahead, verified in parallel, confirmed step by step."""
    from outrider.cli.plan import PlanOptions, run_plan

    options = PlanOptions(
        task=task, world=world, approximation=approximation, target=target, setting=setting, lookahead=lookahead,
        max_steps=max_steps, matching=matching, calls_at_once=calls_at_once, budget_calls=budget_calls,
        budget_tokens=budget_tokens, budget_usd=budget_usd, prices=prices, going_on_from=going_on_from, journal=journal,
        plain=plain, as_json=as_json,
    )  # fmt: skip
    with explained():
        raise typer.Exit(run_plan(options))


@sessions.command("list")
def list_sessions(journal: JournalOption = None, as_json: JsonOption = False) -> None:
    """The sessions in the journal, newest first."""
    from outrider.cli.sessions import print_list

    with explained():
        print_list(journal, as_json=as_json)


@sessions.command("show")
def show_session(
    session: Annotated[str, typer.Argument(help="Its name, or the beginning of it.")],
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """One session: its plan and its figures."""
    from outrider.cli.sessions import print_one

    with explained():
        print_one(session, journal, as_json=as_json)


@app.command()
def replay(
    session: Annotated[str, typer.Argument(help="Its name, or the beginning of it.")],
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a session's journal through the rules again: the same plan, the same display, the same figures. No call is made."""
    from outrider.cli.sessions import print_replay

    with explained():
        print_replay(session, journal, as_json=as_json)


def main() -> None:
    """Run the command line; leave with a documented exit code."""
    app()


if __name__ == "__main__":
    main()
