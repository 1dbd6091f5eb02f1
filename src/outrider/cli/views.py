"""Which view draws a run: the live one in a terminal, plain lines elsewhere, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Protocol

from outrider.figures import Figures
from outrider.journal import encode, encode_plan
from outrider.rules.events import Finished, Record
from outrider.views.lines import LinesView
from outrider.views.picture import Picture


class View(Protocol):
    """Whatever draws a session's records."""

    tells_the_end: bool
    """Whether it says to a person how the run ended."""

    def receive(self, record: Record) -> None:
        """Draw what the record changes."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class JsonView:
    """One event a line. The last line, ``finished``, holds the plan and the figures as well."""

    tells_the_end = False

    def __init__(self, write: Callable[[str], None]) -> None:
        self.picture = Picture()
        self.figures = Figures()
        self._write = write

    def receive(self, record: Record) -> None:
        """Write the record."""
        self.picture = self.picture.after(record)
        self.figures.receive(record)
        line = encode(record)
        if isinstance(record.event, Finished):
            line |= {"plan": encode_plan(self.picture.plan), "figures": self.figures.as_json()}
        self._write(json_line(line))

    def close(self) -> None:
        """Everything has been written."""


def json_line(value: object) -> str:
    """``value`` as JSON in ASCII, which any pipe carries whatever a model has written."""
    return json.dumps(value)


def write_line(line: str) -> None:
    """Print a line now, so that whoever reads it sees it now."""
    print(line, flush=True)


def view_for(*, as_json: bool, plain: bool) -> View:
    """The view that fits where the output goes."""
    if as_json:
        return JsonView(write_line)
    if plain or not sys.stdout.isatty():
        return LinesView(write_line, tells_the_end=sys.stdout.isatty())
    from rich.console import Console

    from outrider.views.terminal import TerminalView

    return TerminalView(Console(highlight=False))


def tell_progress(arrived: int, total: int) -> None:
    """Say on standard error how much of the embedded model has arrived: in place on a terminal, else once at its beginning."""
    whole = f"{total / 1e6:.0f} MB"
    if sys.stderr.isatty():
        print(f"\rfetching the embedded model, once: {arrived / 1e6:5.1f} of {whole}", end="", file=sys.stderr, flush=True)
    elif not arrived:
        print(f"fetching the embedded model, once: {whole}", file=sys.stderr, flush=True)


def tell_preparing() -> None:
    """Say on standard error, in a terminal, why nothing is to be seen yet; the first time it takes some seconds more."""
    if sys.stderr.isatty():
        print("\rloading the model, and letting it read its examples …\x1b[K", end="", file=sys.stderr, flush=True)


def tell_prepared() -> None:
    """Take that line away again."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
