"""A report as Markdown, and its tables as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from outrider.bench.document import Block, Figure, Report, Table


def markdown(report: Report) -> str:
    """The same content in Markdown: of plots, the tables."""
    parts = [f"# {_escaped(report.title)}", f"**{_escaped(report.headline)}**", *map(_escaped, report.lead)]
    for section in report.sections:
        parts += [f"## {_escaped(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case str():
            return _escaped(block)
        case Table():
            return markdown_table(block)
        case Figure():
            return f"### {_escaped(block.title)}\n\n{markdown_table(block.numbers)}"


def markdown_table(table: Table) -> str:
    """A table with its caption below it."""
    heads = [column.head for column in table.columns]
    lines = [_row(heads), _row(["---"] * len(heads)), *map(_row, ([_escaped(cell) for cell in row] for row in table.shown()))]
    return "\n".join(lines) + f"\n\n*{_escaped(table.caption)}*"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """``text`` as it is: nothing in it becomes markup, a heading, a link or a new column."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def csv_of(table: Table) -> str:
    """The table's numbers, whole; what is unknown is empty. What a spreadsheet would take for a formula begins with a quote."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.head for column in table.columns])
    writer.writerows([_harmless(value) for value in row] for row in table.rows)
    return out.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
