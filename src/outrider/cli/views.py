"""How a run is shown: on a screen in a terminal, where the person takes part; as plain lines elsewhere; as JSON for scripts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from outrider.cli.ctrl_c import CtrlC
from outrider.figures import Figures
from outrider.journal import encode, encode_plan
from outrider.rules.events import Finished, Record
from outrider.runtime import Session
from outrider.views.lines import LinesView
from outrider.views.picture import Picture

Write: TypeAlias = Callable[[str], None]


class Showing(Protocol):
    """A way of showing a run."""

    @property
    def write(self) -> Write:
        """Prints a line of the plan's own, whatever tools print."""
        ...

    @property
    def tells_the_end(self) -> bool:
        """Whether it says to a person how the run ended."""
        ...

    @property
    def takes_part(self) -> bool:
        """Whether a person is there who can be asked something."""
        ...

    async def show(self, session: Session, ctrl_c: CtrlC) -> None:
        """Run ``session`` and show it, until every call is accounted for; Ctrl-C stops it in order."""
        ...


class View(Protocol):
    """Whatever draws a session's records."""

    tells_the_end: bool

    def receive(self, record: Record) -> None:
        """Draw what the record changes."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class JsonView:
    """One event a line. The last line, ``finished``, holds the plan and the figures as well; and the plan as a text, ``to_read``,
    where its world has one.
    """

    tells_the_end = False

    def __init__(self, write: Write) -> None:
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
            if self.picture.rendered:
                line["to_read"] = self.picture.rendered
        self._write(json_line(line))

    def close(self) -> None:
        """Everything has been written."""


def json_line(value: object) -> str:
    """``value`` as JSON in ASCII, which any pipe carries whatever a model has written."""
    return json.dumps(value)


def write_line(line: str) -> None:
    """Print a line now, so that whoever reads it sees it now."""
    print(line, flush=True)


def line_writer() -> Write:
    """``write_line`` to where standard output goes now, wherever it goes later: see ``toolbox_of``."""
    out = sys.stdout

    def write(line: str) -> None:
        print(line, file=out, flush=True)

    return write


class Watching:
    """The run is only watched: ``view`` is given every record."""

    takes_part = False

    def __init__(self, view: View, write: Write) -> None:
        self.write = write
        self._view = view
        self.tells_the_end = view.tells_the_end

    async def show(self, session: Session, ctrl_c: CtrlC) -> None:
        """Give every record to the view."""
        ctrl_c.asks(lambda: session.stop("Ctrl-C"))
        with contextlib.closing(self._view):
            async with session, session.events() as events:
                async for record in events:
                    self._view.receive(record)


class TakingPart:
    """The run is on the terminal's screen. Afterwards plan and summary stand in the terminal as lines."""

    tells_the_end = True
    takes_part = True

    def __init__(self, write: Write) -> None:
        self.write = write

    async def show(self, session: Session, ctrl_c: CtrlC) -> None:
        """Open the screen, until the person leaves it."""
        from outrider.views.screen import Terminal, on_terminal  # Textual takes a third of a second to import

        terminal = Terminal()
        ctrl_c.give_back = terminal.give_back
        with _termination(ctrl_c.press):
            await on_terminal(
                session, terminal=terminal, write=self.write, stop=ctrl_c.press, opened=lambda screen: ctrl_c.asks(screen.stop)
            )


@contextlib.contextmanager
def _termination(stop: Callable[[], None]) -> Iterator[None]:
    """Inside, being told to terminate is like Ctrl-C: the terminal is given back before the process ends."""
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def showing(*, as_json: bool, plain: bool) -> Showing:
    """The way that fits where the output goes, and where the input comes from."""
    write = line_writer()
    if as_json:
        return Watching(JsonView(write), write)
    if plain or not sys.stdout.isatty():
        return Watching(LinesView(write, tells_the_end=sys.stdout.isatty()), write)
    if _takes_keys_and_draws():
        return TakingPart(write)
    from rich.console import Console

    from outrider.views.terminal import TerminalView

    return Watching(TerminalView(Console(file=sys.stdout, highlight=False)), write)


def _takes_keys_and_draws() -> bool:
    """Whether a person can press keys, and the screen, which is drawn on standard error, can be seen."""
    able = os.environ.get("TERM", "") != "dumb" and sys.stderr.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    return able and sys.stdin.isatty() and sys.stderr.isatty()


def tell(told: str) -> None:
    """A line for whoever runs the command."""
    print(f"outrider: {told}", file=sys.stderr, flush=True)
