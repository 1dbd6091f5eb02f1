"""The screen's lines, from a scene: pure functions of what is to be seen, the width, and where the person is looking.

Text of tasks and models enters as plain text: ``Content`` reads no markup in what it is given here. Colours are the terminal's
own, so that they fit its background, and nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from outrider.figures import Taken
from outrider.views.picture import ConfirmedStep, Picture
from outrider.views.scene import Scene
from outrider.views.screen.says import NextStep, agents, came_about, came_of_it, next_step, the_run
from outrider.views.words import count, degraded, one_line, resumed, seconds, steered

DRAFT: Final = "ansi_blue"
TARGET: Final = "ansi_magenta"
PERSON: Final = "ansi_green"
TOOL: Final = "ansi_yellow"

GUTTER: Final = 8
"""Cells before a step: a sign and its number."""

STEP_CELLS: Final = 28
"""A shorter step is followed by blanks, so that what is said of the steps stands in a column."""

_TASK_LINES: Final = 2
_SENTENCES: Final = 2
_STANDS_LINES: Final = 2
_STEP_LINES: Final = 12
"""A confirmed step has no more lines than that; the whole of it is in the plan that is written at the end."""

_NEXT_LINES: Final = 4
"""A draft is shown whole if it has room in so many lines; who accepts a step is to have seen it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the plan, and the step it belongs to."""

    at: int
    content: Content


def cut(content: Content, width: int) -> Content:
    """``content`` in one line of at most ``width`` cells."""
    return content.truncate(max(1, width), ellipsis=True)


def wrapped(content: Content, width: int, most: int | None = None) -> list[Content]:
    """``content`` in lines of at most ``width`` cells; of more than ``most`` lines the last one says that there are more."""
    lines = [line.rstrip() for line in content.wrap(max(1, width))]
    if most is None or len(lines) <= most:
        return lines
    return [*lines[: most - 1], cut(Content.assemble(lines[most - 1], "…"), width)]


def joined(lines: Iterable[Content]) -> Content:
    """Lines under one another."""
    return Content("\n").join(lines)


_ASKED_LINES: Final = 6


# The head -----------------------------------------------------------------------------------------------------------


def head(picture: Picture, width: int) -> list[Content]:
    """The task, the agents, what the person has added to the task, and where the plan stands if its world says that."""
    lines = wrapped(Content.styled(one_line(picture.task), "bold"), width, _TASK_LINES)
    lines.append(cut(Content.styled(agents(picture), "dim"), width))
    before = len(picture.sentences) - _SENTENCES
    if before > 0:
        lines.append(Content.styled(f"Steered before that: {count(before, 'sentence')}", PERSON))
    for sentence in picture.sentences[-_SENTENCES:]:
        lines.append(cut(Content.styled(steered(sentence.at, sentence.text), PERSON), width))
    if picture.stayed:
        lines += wrapped(Content.styled(one_line(picture.stayed), "bold"), width, _STANDS_LINES)
    if picture.degraded:
        lines.append(cut(Content.styled(degraded(picture), "dim"), width))
    if stands := picture.stands:
        lines += wrapped(Content(one_line(stands)), width, _STANDS_LINES)
    return [*lines, Content.styled("─" * width, "dim")]


# The plan -----------------------------------------------------------------------------------------------------------


def plan(scene: Scene, width: int, chosen: int | None = None) -> list[Line]:
    """The confirmed steps, each whole unless it is very long; ``chosen`` is the one that the person would go back to."""
    asked = scene.picture.asked
    lines = [
        Line(step.at, line)
        for step in scene.picture.confirmed
        for line in [
            *_interrupted(scene.picture, step.at, width),
            *_confirmed(step, scene.taken.get(step.at), width, chosen=step.at == chosen),
            *_observation(step, width, asked=asked is not None and asked.at == step.at),
        ]
    ]
    at = len(scene.picture.confirmed)
    return [*lines, *(Line(at, line) for line in _interrupted(scene.picture, at, width))]


def _interrupted(picture: Picture, at: int, width: int) -> list[Content]:
    """A line for each time that another process went on with the session when ``at`` was the next step."""
    found = [interruption for interruption in picture.interruptions if interruption.at == at]
    return [cut(Content.styled(f"{' ' * GUTTER}· {resumed(each.since_s)}", "dim"), width) for each in found]


def _observation(step: ConfirmedStep, width: int, *, asked: bool) -> list[Content]:
    """A line with what has come of executing the step; none where it is not executed, or has only just been confirmed."""
    said = came_of_it(step, asked=asked)
    return [cut(Content.styled(f"{' ' * GUTTER}→ {said}", "dim"), width)] if said else []


def _confirmed(step: ConfirmedStep, taken: Taken | None, width: int, *, chosen: bool) -> list[Content]:
    colour = PERSON if step.by == "person" else ""
    note = Content.styled(came_about(step, taken), colour or (TARGET if step.replaced is not None else "dim"))
    note = Content.assemble(note, (f", at {seconds(step.since_s)}", "dim"))
    text = Content.styled(one_line(step.text), f"bold {colour}".strip())
    lines = _beside(_gutter("▸" if chosen else "✓", step.at, "bold" if chosen else colour), text, note, width, _STEP_LINES)
    return [line.stylize("reverse") for line in lines] if chosen else lines


def _beside(gutter: Content, step: Content, note: Content, width: int, most: int | None = None) -> list[Content]:
    """The step, in as many lines as it needs up to ``most``, and what is said of it: beside it if there is room, else below."""
    room = max(1, width - GUTTER)
    line = Content.assemble(_padded(step), "  ", note)
    parts = [line] if line.cell_length <= room else [*wrapped(step, room, most), *wrapped(note, room)]
    return [Content.assemble(gutter if i == 0 else " " * GUTTER, part) for i, part in enumerate(parts)]


def _gutter(sign: str, at: int, colour: str) -> Content:
    return Content.assemble("  ", (sign, colour), f"{at:>3}  ")


def _padded(step: Content) -> Content:
    return step.pad_right(max(0, STEP_CELLS - step.cell_length))


def coming(scene: Scene, width: int, now_s: float) -> list[Content]:
    """The next step: the one draft being verified, or words on what is awaited. Nothing is said of any step after it."""
    found = next_step(scene, now_s)
    if found.state == "over":
        colour = PERSON if scene.picture.outcome == "complete" else ""
        lines = wrapped(Content.styled(found.said, f"bold {colour}".strip()), width - 2, _NEXT_LINES)
        return [Content.assemble("  ", line) for line in lines]
    if found.state == "asked":
        lines = wrapped(Content.styled(found.said, "bold"), max(1, width - GUTTER), _ASKED_LINES)
        sign = _gutter("?", found.at - 1, "bold")
        return [Content.assemble(sign if i == 0 else " " * GUTTER, line) for i, line in enumerate(lines)]
    gutter = _gutter("…", found.at, DRAFT if found.step else "dim")
    if found.step:
        said = Content.styled(found.said, DRAFT)
        return _beside(gutter, Content.styled(found.step, "italic"), said, width, _NEXT_LINES)
    lines = wrapped(_said(found), max(1, width - GUTTER), _NEXT_LINES)
    return [Content.assemble(gutter if i == 0 else " " * GUTTER, line) for i, line in enumerate(lines)]


def _said(found: NextStep) -> Content:
    return Content.styled(found.said, PERSON if found.state == "held" else "")


def window(lines: Sequence[Line], height: int, back: int) -> list[Content]:
    """As many of the plan's lines as there is room for: the last ones, or from ``back`` lines before them."""
    height = max(0, height)
    if len(lines) <= height:
        return [line.content for line in lines]
    end = len(lines) - min(max(0, back), len(lines) - height)
    seen = [line.content for line in lines[end - height : end]]
    above, below = end - height, len(lines) - end
    if above and height > 2:
        seen[0] = Content.styled(f"  ↑ {count(above + 1, 'line')} more", "dim")
    if below and height > 2:
        seen[-1] = Content.styled(f"  ↓ {count(below + 1, 'line')} more", "dim")
    return seen


def back_to(lines: Sequence[Line], height: int, at: int) -> int:
    """How many lines back the window is to stand so that step ``at`` is well in it."""
    last = max((i for i, line in enumerate(lines) if line.at == at), default=len(lines) - 1)
    return max(0, len(lines) - 1 - last - max(1, height // 3))


# Below the plan -----------------------------------------------------------------------------------------------------


def run_line(scene: Scene, width: int, now_s: float) -> list[Content]:
    """The line of the run, in two where the window is narrow: always as many, so that nothing jumps."""
    parts = the_run(scene.run, now_s)
    rows = [parts] if width >= _WIDE else [parts[:3], parts[3:]] if len(parts) > 5 else [parts[:2], parts[2:]]
    return [cut(Content.styled(" · ".join(row), "dim"), width) for row in rows]


_WIDE: Final = 118
"""The line of the run has room here, with hours and millions in it."""


def keys(pairs: Sequence[tuple[str, str]], width: int) -> Content:
    """The keys that do something now, and what they do; as many as there is room for."""
    parts: list[Content] = []
    room = width
    for key, does in pairs:
        room -= cell_len(f"{key} {does}  ")
        if room < -2:
            break
        parts.append(Content.assemble((key, "bold"), " ", (does, "dim")))
    return Content("  ").join(parts)
