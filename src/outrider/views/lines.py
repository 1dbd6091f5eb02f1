"""Plain lines, for pipes and for terminals that want nothing else: a line a confirmed step, then the summary."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Final

from outrider.figures import Figures
from outrider.rules.events import (
    Allowed,
    Approved,
    Asked,
    Confirmed,
    Executed,
    Extended,
    Opened,
    Paused,
    Reached,
    Record,
    Resumed,
    Settled,
    Stayed,
    Steered,
    Took,
    Undone,
    WentBack,
    WentOn,
)
from outrider.views.picture import ConfirmedStep, Picture
from outrider.views.words import asks, early, how, limit, one_line, resumed, returned, seconds, steered, summary

_MOST_OBSERVED: Final = 200
"""Of an observation a line shows so many characters; the whole of it is in the plan as JSON."""


class LinesView:
    """Writes each line once, when it is settled: nothing is ever taken back.

    ``tells_the_end`` says whether a person sees these lines where errors go too, and needs to be told nothing twice;
    ``unended`` what a session is called that has not ended.
    """

    def __init__(self, write: Callable[[str], None], *, tells_the_end: bool = True, unended: str = "Interrupted") -> None:
        self.picture = Picture()
        self.figures = Figures()
        self.tells_the_end = tells_the_end
        self._write = write
        self._unended = unended

    def receive(self, record: Record) -> None:
        """Write what ``record`` settles."""
        was_held, self.picture = self.picture.held, self.picture.after(record)
        self.figures.receive(record)
        match record.event:
            case Opened():
                for line in _head(self.picture):
                    self._write(line)
            case Confirmed():
                self._write(_step(self.picture.confirmed[-1]))
            case WentBack(at=at):
                self._write(f"Back to step {at}.")
            case Paused():
                self._write("Paused.")
            case Reached() | Allowed() | Extended():
                self._write(limit(record.event))
            case WentOn():
                self._write("Going on.")
            case Took() if was_held and not self.picture.held:
                self._write("Going on, with a step of yours.")
            case Resumed():
                self._write(f"{resumed(record.time_s).capitalize()}.")
            case Steered(at=at, sentence=sentence):
                self._write(steered(at, sentence))
            case Executed() | Asked() | Approved() | Settled() | Undone() | Stayed():
                self._tell_of_tools(record.event)
            case _:
                pass

    def _tell_of_tools(self, event: Executed | Asked | Approved | Settled | Undone | Stayed) -> None:
        match event:
            case Executed(at=at):
                self._write(_observation(self.picture.confirmed[at]))
            case Asked():
                assert self.picture.asked is not None, "what is asked is in the picture"
                self._write(f"Asked: {asks(self.picture.asked)}")
            case Approved(at=at):
                self._write(f"Approved: step {at} is run.")
            case Settled(at=at):
                self._write(f"Step {at} is not run; what came of it is in your words.")
            case Undone(at=at):
                self._write(f"Step {at} has been taken back.")
            case Stayed():
                self._write(one_line(self.picture.stayed))

    def close(self) -> None:
        """Write the summary, and the plan as one would want to read it."""
        for line in (*summary(self.picture, self.figures, self._unended), *to_read(self.picture)):
            self._write(line)


def whole_plan(picture: Picture) -> list[str]:
    """The task, the plan as it stands, and what the person has added: for whoever has watched it on a screen that is gone."""
    sentences = [steered(sentence.at, sentence.text) for sentence in picture.sentences]
    return [*_head(picture), *(line for step in picture.confirmed for line in _whole(step)), *sentences]


def to_read(picture: Picture, width: int | None = None) -> list[str]:
    """The complete plan as its world tells it, after an empty line; nothing where the steps say everything.

    With a ``width``, what is longer goes on below, further to the right.
    """
    lines = picture.rendered.splitlines()
    return ["", *(part for line in lines for part in _broken(line, width))] if lines else []


def _broken(line: str, width: int | None) -> list[str]:
    """``line`` as it may be printed, with the blanks that it begins with, in parts of ``width``."""
    said = one_line(line)
    before = " " * (len(line) - len(line.lstrip(" ")))
    if width is None or len(before + said) <= width:
        return [before + said]
    return textwrap.wrap(said, max(20, width), initial_indent=before, subsequent_indent=f"{before}    ")


def _head(picture: Picture) -> list[str]:
    return [f"Task: {one_line(picture.task)}", f"Target: {one_line(picture.target)}. Drafts: {one_line(picture.drafts_by)}."]


def _step(step: ConfirmedStep) -> str:
    return f"{step.at:3}  {one_line(step.text)}  ({how(step)}, {seconds(step.since_s)})"


def _whole(step: ConfirmedStep) -> list[str]:
    return [_step(step)] if step.step.observation is None else [_step(step), _observation(step)]


def _observation(step: ConfirmedStep) -> str:
    """What its tool has returned, in one line that is cut; and what running it early has saved."""
    said = returned(step)
    cut = said if len(said) <= _MOST_OBSERVED else f"{said[: _MOST_OBSERVED - 1]}…"
    return f"     → {cut}" + (f" ({early(step)})" if early(step) else "")
