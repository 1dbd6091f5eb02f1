"""``outrider sessions``, ``replay``, ``trace``, ``memory`` and ``journal``: what has been kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outrider.cli.exits import explained
from outrider.cli.options import JournalOption, JsonOption, SessionArgument, WorldOption

keeping = typer.Typer()
sessions = typer.Typer(help="Sessions in the journal: list them, or show one.", no_args_is_help=True)
keeping.add_typer(sessions, name="sessions")
memory = typer.Typer(
    help="What recall drafts from: the confirmed plans of the journal's sessions. To turn it off, do not name it.",
    no_args_is_help=True,
)
keeping.add_typer(memory, name="memory")
journal_app = typer.Typer(help="The journal itself: what of it is sound, and how to save that.", no_args_is_help=True)
keeping.add_typer(journal_app, name="journal")


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


@keeping.command(short_help="Take a session through the rules again, without a call.")
def replay(
    session: SessionArgument,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a session's journal through the rules again: the same plan, the same display, the same figures. No call is made."""
    from outrider.cli.sessions import print_replay

    with explained():
        print_replay(session, journal, as_json=as_json)


@keeping.command(short_help="Write a session as a Chrome trace, to look at in Perfetto.")
def trace(
    session: SessionArgument,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; by default standard output.")] = None,
    journal: JournalOption = None,
) -> None:
    """Write a session as a Chrome trace: every call a bar in its lane, arrows from drafts to verdicts. Perfetto opens it."""
    from outrider.cli.sessions import print_trace

    with explained():
        print_trace(session, journal, out)


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


@journal_app.command("check")
def check_journal(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The journal, as for --journal.")] = "",
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what of every session is sound: checksums, numbers, and what the rules find. If not all is, it ends with 5."""
    from outrider.cli.journal import check

    with explained():
        raise typer.Exit(check(file or journal or "", as_json=as_json))


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
