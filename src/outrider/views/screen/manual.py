"""The page of keys."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from outrider.views.screen import drawing

PAGE: Final[tuple[tuple[str, str], ...]] = (
    ("", "No agent changes a confirmed step (✓); only you do, with g. One draft (…) at most follows them, being verified."),
    ("", "Until the target answers you can take that step yourself: it is not verified then."),
    ("Enter", "accept the draft: the step is yours; or keep one that waits"),
    ("t", "take another step: type it; ↑ ↓ choose, Tab completes"),
    ("space p", "pause; once more goes on"),
    ("+", "at a limit: allow as much again as was given at first"),
    ("y s b", "asked about a tool: run it, say what came of it, go back"),
    ("g", "go back to a confirmed step: take another, steer, or go on"),
    ("s", "steer: add a sentence to the task; an empty one takes back all"),
    ("l", "the lanes: every call as a bar in time"),
    ("↑ ↓ PgUp PgDn", "look through the plan"),
    ("q Ctrl-C", "stop: calls are closed, the plan is kept; twice: at once"),
    ("", "Any key goes back to the plan, which has gone on."),
)
"""Every key, and what it does."""

_KEY_CELLS: Final = 17


def page(width: int) -> list[Content]:
    """The page in lines of ``width`` cells."""
    return [line for key, does in PAGE for line in _entry(key, does, width)]


def _entry(key: str, does: str, width: int) -> list[Content]:
    if not key:
        return drawing.wrapped(Content(does), width)
    lines = drawing.wrapped(Content(does), max(1, width - _KEY_CELLS))
    heads = [Content.styled(f"  {key}", "bold").pad_right(max(0, _KEY_CELLS - 2 - len(key)))]
    return [Content.assemble(heads[0] if i == 0 else " " * _KEY_CELLS, line) for i, line in enumerate(lines)]
