"""The live view of one run: confirmed steps stay in the scroll-back, and only the two lines below them are redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from outrider.figures import Figures
from outrider.rules.events import Confirmed, Opened, Record
from outrider.views.picture import ConfirmedStep, Picture
from outrider.views.words import how, seconds, status, summary

REDRAWS_PER_S = 8


class TerminalView:
    """Draws a picture with Rich. It decides nothing; ``clock`` only lets running seconds run between records."""

    tells_the_end = True

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.picture = Picture()
        self.figures = Figures()
        self._console = console
        self._clock = clock
        self._heard_s = clock()
        self._live = Live(get_renderable=self._below, console=console, refresh_per_second=REDRAWS_PER_S, transient=True)

    def receive(self, record: Record) -> None:
        """Draw what ``record`` changes."""
        self.picture = self.picture.after(record)
        self.figures.receive(record)
        self._heard_s = self._clock()
        match record.event:
            case Opened():
                self._head()
                self._live.start()
            case Confirmed():
                self._console.print(_confirmed(self.picture.confirmed[-1]))
            case _:
                pass

    def close(self) -> None:
        """Take the moving lines away and print the summary. The plan stays."""
        self._live.stop()
        self._console.print()
        head, *rest = summary(self.picture, self.figures)
        colour = "green" if self.picture.outcome == "complete" else "yellow"
        self._console.print(Text(head, style=f"bold {colour}"))
        for line in rest:
            self._console.print(Text(line))

    def _head(self) -> None:
        picture = self.picture
        self._console.print(f"[bold]{escape(picture.task)}[/bold]")
        self._console.print(
            f"[dim]drafts by {escape(picture.approximation)} · verified by {escape(picture.target)} · "
            f"{escape(picture.lookahead)}[/dim]\n"
        )

    def _below(self) -> RenderableType:
        """The draft being verified, with its running seconds, and the line of the run."""
        running_s = self.picture.now_s + self._clock() - self._heard_s
        run = Text(f"     {seconds(running_s)} · {status(self.figures)}", style="dim", overflow="ellipsis", no_wrap=True)
        return Group(self._waiting(running_s), run)

    def _waiting(self, running_s: float) -> Text:
        verifying = self.picture.verifying
        if verifying is None:
            return Text(f"{len(self.picture.confirmed):3}  …", style="dim")
        line = Text(f"{verifying.at:3}  ", overflow="ellipsis", no_wrap=True)
        line.append(str(verifying.step), style="italic")
        line.append(f"  being verified, {seconds(running_s - verifying.since_s)}", style="blue")
        return line


def _confirmed(step: ConfirmedStep) -> Text:
    colour = {"as drafted": "green", "taken by you": "green"}.get(how(step), "magenta")
    line = Text(f"{step.at:3}  ")
    line.append(str(step.step), style="bold")
    line.append(f"  {how(step)}", style=colour)
    line.append(f"  {seconds(step.since_s)}", style="dim")
    return line
