"""The live view of one run: confirmed steps stay in the scroll-back, and only the two lines below them are redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from outrider.figures import Figures
from outrider.rules.events import Asked, Confirmed, Executed, Opened, Record, Resumed, Shown, Stayed, WentBack
from outrider.views.lines import to_read
from outrider.views.picture import ConfirmedStep, Picture
from outrider.views.words import asks, count, early, how, one_line, resumed, returned, running, seconds, status, summary

REDRAWS_PER_S: Final = 5

_GUTTER: Final = 8
"""Cells before a step: a sign and its number."""

_STEP_CELLS: Final = 28
"""A shorter step is followed by blanks, so that what is said of the steps stands in a column."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the moving lines are drawn from: a value, because another thread draws them."""

    picture: Picture
    status: str
    heard_s: float


class TerminalView:
    """Draws a picture with Rich. It decides nothing; ``clock`` only lets running seconds run between records."""

    tells_the_end = True

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.figures = Figures()
        self._console = console
        self._clock = clock
        self._seen = _Seen(Picture(), "", clock())
        # The view itself is what Live draws, anew each time: a confirmed step and its draft never stand there together.
        self._live = Live(self, console=console, refresh_per_second=REDRAWS_PER_S, transient=True)

    @property
    def picture(self) -> Picture:
        """What is drawn."""
        return self._seen.picture

    def receive(self, record: Record) -> None:
        """Draw what ``record`` changes."""
        self.figures.receive(record)
        self._seen = _Seen(self.picture.after(record), status(self.figures), self._clock())
        match record.event:
            case Opened():
                self._head()
                self._live.start()
            case Confirmed():
                self._print_step(self.picture.confirmed[-1])
            case Executed(at=at):
                self._print_observation(self.picture.confirmed[at])
            case Asked() if self.picture.asked is not None:
                self._console.print(Text(f"  ?  {asks(self.picture.asked)}", style="yellow"))
            case Stayed():
                self._console.print(Text(f"  !  {one_line(self.picture.stayed)}", style="yellow"))
            case WentBack(at=at):
                self._console.print(Text(f"  ←  back to step {at}", style="yellow"))
            case Resumed():
                self._console.print(Text(f"  ·  {resumed(record.time_s)}", style="dim"))
            case Shown():
                self._live.refresh()
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
            label, colon, said = line.partition(":")
            self._console.print(Text.assemble((f"{label}{colon}", "dim"), said))
        for line in to_read(self.picture, self._console.width):
            self._console.print(Text(line))

    def _head(self) -> None:
        self._console.print(Text(one_line(self.picture.task), style="bold"))
        self._console.print(Text(f"target  {one_line(self.picture.target)}", style="dim"))
        self._console.print(Text(f"drafts  {one_line(self.picture.drafts_by)}\n", style="dim"))

    # Confirmed steps: printed once ------------------------------------------------------------------------------------

    def _print_step(self, step: ConfirmedStep) -> None:
        """The step whole, in as many lines as it needs, and how it came about: beside it if there is room, else below."""
        said = how(step)
        note = Text(said, style=_COLOURS.get(said, "magenta"))
        note.append(f", {seconds(step.since_s)}", style="dim")
        text = Text(one_line(step.text), style="bold")
        room = max(1, self._console.width - _GUTTER)
        beside = Text("  ").join([_padded(text), note])
        parts = [beside] if cell_len(beside.plain) <= room else [text, note]
        lines = [line for part in parts for line in part.wrap(self._console, room)]
        for line in lines:
            line.rstrip()
        self._console.print(Text.assemble(_gutter("✓", step.at, "green"), Text("\n" + " " * _GUTTER).join(lines)))

    def _print_observation(self, step: ConfirmedStep) -> None:
        """What its tool has returned, in one line; steps are executed in the order of the plan, so it stands below its own."""
        ahead = f"  {early(step)}" if early(step) else ""
        line = Text(f"{' ' * _GUTTER}→ {returned(step)}", style="dim")
        line.truncate(max(1, self._console.width - len(ahead)), overflow="ellipsis")
        self._console.print(Text.assemble(line, (ahead, "dim")))

    # The moving lines: two, always, so that nothing jumps ----------------------------------------------------------

    def __rich__(self) -> Group:
        """The step at work, with its running seconds, and the line of the run."""
        seen = self._seen
        now_s = seen.picture.now_s + self._clock() - seen.heard_s
        run = Text(f"{' ' * _GUTTER}{running(now_s)} · {seen.status}", style="dim", overflow="ellipsis", no_wrap=True)
        return Group(self._at_work(seen.picture, now_s), run)

    def _at_work(self, picture: Picture, now_s: float) -> Text:
        verifying, confirmed = picture.verifying, picture.confirmed
        if picture.outcome is not None:
            if not self.figures.in_flight:
                return Text()
            said = f"closing {count(self.figures.in_flight, 'call')}"
            return _cut(_gutter("…", None, "dim"), Text(), said, self._console.width)
        if verifying is not None:
            said = f"being verified, {running(now_s - verifying.since_s)}"
            step = Text(one_line(verifying.text), style="italic")
            return _cut(_gutter("…", verifying.at, "blue"), step, said, self._console.width)
        if confirmed and confirmed[-1].step.is_finish:
            return Text()
        if picture.awaited is not None and picture.awaited.runs_s is not None:
            said = f"step {picture.awaited.at} is being executed, {running(now_s - picture.awaited.runs_s)}"
            return _cut(_gutter("…", len(confirmed), "dim"), Text(), said, self._console.width)
        since_s = (confirmed[-1].executed_s or confirmed[-1].since_s) if confirmed else 0.0
        said = f"the target is at work, {running(now_s - since_s)}"
        return _cut(_gutter("…", len(confirmed), "dim"), Text(), said, self._console.width)


_COLOURS: Final = {"as drafted": "green", "taken by you": "cyan", "from the earlier session": "dim", "by the target": "default"}
"""What replaced a draft stands out in another one."""


def _gutter(sign: str, at: int | None, colour: str) -> Text:
    number = "" if at is None else str(at)
    return Text.assemble("  ", (sign, colour), f"{number:>3}  ")


def _padded(step: Text, room: int = _STEP_CELLS) -> Text:
    return Text.assemble(step, " " * max(0, min(room, _STEP_CELLS) - cell_len(step.plain)))


def _cut(gutter: Text, step: Text, said: str, width: int) -> Text:
    """One line. A step that is too long is cut, so that what is said of it stays."""
    if step.plain:
        room = max(1, width - _GUTTER - 2 - len(said))
        step.truncate(room, overflow="ellipsis")
        step = Text.assemble(_padded(step, room), "  ")
    line = Text.assemble(gutter, step, (said, "blue"))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
