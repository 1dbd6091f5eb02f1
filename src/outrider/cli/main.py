"""``outrider``: the command line."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from outrider import __version__
from outrider.cli.commands.comparing import comparing
from outrider.cli.commands.keeping import keeping
from outrider.cli.commands.planning import planning
from outrider.cli.commands.serving import serving
from outrider.cli.exits import table

PROMISE: Final = "Plan with a fast agent that drafts ahead and an accurate one that verifies every step in parallel."

app = typer.Typer(
    name="outrider",
    help=PROMISE,
    epilog="\b\nExit codes:\n" + table(),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (planning, keeping, comparing, serving):
    app.add_typer(commands)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"outrider {__version__}")
        raise typer.Exit


@app.callback(help=PROMISE)
def outrider(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """The commands' common beginning."""


def main() -> None:
    """Run the command line; leave with a documented exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a model has written may fit into no encoding
            stream.reconfigure(errors="backslashreplace")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open as long as we run
    try:
        app(prog_name="outrider")
    except SystemExit as end:
        if "temporalio" in sys.modules:
            from outrider.cli.engine import end_at_once

            end_at_once(end.code)
        raise


if __name__ == "__main__":
    main()
