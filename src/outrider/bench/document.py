"""A report as a value: headline, sections, tables, plots. ``page`` makes HTML of it, ``plain`` Markdown and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Value: TypeAlias = str | int | float | None
"""What stands in a table: a text, a number, or nothing known."""

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading. ``digits`` after the point are shown; in CSV a number stands whole."""

    head: str
    digits: int | None = None

    def shown(self, value: Value) -> str:
        """``value`` as it is shown."""
        if value is None:
            return UNKNOWN
        if isinstance(value, str):
            return value
        return f"{value:,.{self.digits}f}" if self.digits is not None else f"{value:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers by rows. ``name`` is that of its CSV file, and unique in a report."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]

    def shown(self) -> list[list[str]]:
        """Every row as it is shown."""
        return [[column.shown(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plot, and the table with its numbers."""

    svg: str
    title: str
    numbers: Table


Block: TypeAlias = str | Table | Figure
"""A paragraph, a table or a plot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole. ``headline`` says in plain words what came out; ``lead`` are the sentences that have to stand beside it."""

    title: str
    headline: str
    lead: Sequence[str]
    sections: Sequence[Section]

    @property
    def tables(self) -> list[Table]:
        """Every table, those of plots included, in order."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [block.numbers if isinstance(block, Figure) else block for block in blocks if not isinstance(block, str)]
