"""Plain lines, for pipes and for terminals that want nothing else: a line a confirmed step, then the summary."""

from __future__ import annotations

from collections.abc import Callable

from outrider.figures import Figures
from outrider.rules.events import Confirmed, Opened, Record
from outrider.views.picture import Picture
from outrider.views.words import how, seconds, summary


class LinesView:
    """Writes each line once, when it is settled: nothing is ever taken back."""

    tells_the_end = True

    def __init__(self, write: Callable[[str], None]) -> None:
        self.picture = Picture()
        self.figures = Figures()
        self._write = write

    def receive(self, record: Record) -> None:
        """Write what ``record`` settles."""
        self.picture = self.picture.after(record)
        self.figures.receive(record)
        match record.event:
            case Opened() as opened:
                self._write(f"Task: {opened.task.text}")
                self._write(f"Target: {opened.target}. Approximation: {opened.approximation}, {opened.lookahead}.")
            case Confirmed():
                step = self.picture.confirmed[-1]
                self._write(f"{step.at:3}  {step.step}  ({how(step)}, {seconds(step.since_s)})")
            case _:
                pass

    def close(self) -> None:
        """Write the summary."""
        for line in summary(self.picture, self.figures):
            self._write(line)
