"""Plain lines, for pipes and for terminals that want nothing else: a line a confirmed step, then the summary."""

from __future__ import annotations

from collections.abc import Callable

from outrider.figures import Figures
from outrider.rules.events import Confirmed, Opened, Paused, Record, Steered, WentBack, WentOn
from outrider.views.picture import Picture
from outrider.views.words import how, one_line, seconds, steered, summary


class LinesView:
    """Writes each line once, when it is settled: nothing is ever taken back.

    ``tells_the_end`` says whether a person sees these lines where errors go too, and needs to be told nothing twice.
    """

    def __init__(self, write: Callable[[str], None], *, tells_the_end: bool = True) -> None:
        self.picture = Picture()
        self.figures = Figures()
        self.tells_the_end = tells_the_end
        self._write = write

    def receive(self, record: Record) -> None:
        """Write what ``record`` settles."""
        self.picture = self.picture.after(record)
        self.figures.receive(record)
        match record.event:
            case Opened() as opened:
                self._write(f"Task: {one_line(opened.task.text)}")
                self._write(f"Target: {one_line(opened.target)}. Drafts: {one_line(self.picture.drafts_by)}.")
            case Confirmed():
                step = self.picture.confirmed[-1]
                self._write(f"{step.at:3}  {one_line(step.step)}  ({how(step)}, {seconds(step.since_s)})")
            case WentBack(at=at):
                self._write(f"Back to step {at}.")
            case Paused():
                self._write("Paused.")
            case WentOn():
                self._write("Going on.")
            case Steered(at=at, sentence=sentence):
                self._write(steered(at, sentence))
            case _:
                pass

    def close(self) -> None:
        """Write the summary."""
        for line in summary(self.picture, self.figures):
            self._write(line)
