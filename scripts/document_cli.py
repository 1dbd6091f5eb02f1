"""Write docs/cli.md anew from the commands' own help. A test holds that it is up to date.

python scripts/document_cli.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from typer.testing import CliRunner

from outrider.cli.exits import MEANINGS
from outrider.cli.main import app

COMMANDS = (
    "",
    "plan",
    "plan-all",
    "resume",
    "replay",
    "trace",
    "sessions",
    "sessions list",
    "sessions show",
    "memory",
    "memory list",
    "memory show",
    "memory export",
    "memory clear",
    "journal",
    "journal check",
    "journal salvage",
    "bench",
    "advise",
    "report",
    "simulate",
    "serve",
    "worker",
    "audit",
    "users",
    "users add",
    "users list",
    "users allow",
    "users remove",
    "users token",
)
PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
WIDTH = "100"

HEAD = """# The command line

This page is written by `python scripts/document_cli.py` from the commands' own help.

## Exit codes

| code | meaning |
|---|---|
"""


def help_of(command: str) -> str:
    """What ``outrider COMMAND --help`` prints, at a fixed width."""
    result = CliRunner(env={"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH}).invoke(
        app, [*command.split(), "--help"], prog_name="outrider"
    )
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def page() -> str:
    """The whole page."""
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    sections = [f"## outrider {command}".rstrip() + f"\n\n```text\n{help_of(command)}\n```\n" for command in COMMANDS]
    return "\n".join([HEAD + codes, *sections])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
