"""Run every `$ outrider …` in docs/bench.md again and put what it prints below it. Tests hold some of them up to date.

python scripts/document_bench.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from typer.testing import CliRunner

from outrider.cli.main import app

PAGE = Path(__file__).parent.parent / "docs" / "bench.md"
BLOCK = re.compile(r"^```console\n\$ outrider (?P<words>[^\n]*)\n.*?^```$", re.M | re.S)


def output_of(words: str) -> str:
    """What ``outrider`` prints with these words."""
    result = CliRunner(env={"COLUMNS": "130"}).invoke(app, words.split(), prog_name="outrider")
    if result.exit_code != 0:
        raise SystemExit(f"outrider {words}: {result.output}")
    return "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines())


def block(words: str) -> str:
    """The command and what it prints, as it stands on the page."""
    return f"```console\n$ outrider {words}\n{output_of(words)}\n```"


def page(text: str) -> str:
    """``text`` with every block anew."""
    return BLOCK.sub(lambda found: block(found["words"]), text)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
