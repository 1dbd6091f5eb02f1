"""How a report came about: what makes it again, and on what it was made."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outrider.bench.document import Column, Table, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a report came about: what makes it again, and on what it was made."""

    command: str
    seed: int
    provenance: Mapping[str, Any]


def command(words: Sequence[str]) -> str:
    """The command line that makes a report again."""
    return shlex.join(["outrider", "report", *words])


def provenance_table(made: Made) -> Table:
    """Seed, versions and machine."""
    machine = made.provenance["machine"]
    rows: list[tuple[Value, ...]] = [("seed", str(made.seed)), ("outrider", made.provenance["outrider"])]
    rows += [("python", made.provenance["python"]), *((name, str(value)) for name, value in machine.items())]
    return Table(name="made-with", caption="What it was made with.", columns=[Column("what"), Column("which")], rows=rows)
