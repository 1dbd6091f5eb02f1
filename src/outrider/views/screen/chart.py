"""The lanes: every call as a bar in time, drawn in characters. Drafts lie above, the target's calls overlap below.

The shapes tell the same as the colours: a bar begins with the number of its step, a running one ends in ``▸``, and one that was
cancelled is hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from outrider.views.lanes import Bar, Lane
from outrider.views.screen.drawing import DRAFT, PERSON, TARGET, TOOL, cut
from outrider.views.words import running

LANES: Final[tuple[tuple[Lane, str, str], ...]] = (
    ("approximation", "drafts", DRAFT),
    ("target", "target", TARGET),
    ("tools", "tools", TOOL),
    ("person", "you", PERSON),
)
"""Each lane, what it is called, and its colour, from the top."""

MOST_ROWS: Final = 6
"""Of a lane with more overlapping bars, the rest is only counted."""

_LABEL: Final = 8
_FILL: Final = {"used": "█", "running": "█", "wasted": "▓", "cancelled": "░", "failed": "░", "withdrawn": "░", "lost": "░"}
_LEGEND: Final = "█ used  ▓ unused  ░ cancelled  × failed"
_OF_TOOLS: Final = "  e early  r rehearsed  u undone"
_WAYS: Final = {None: "", "live": "", "early": "e", "rehearsal": "r", "undo": "u"}
"""What stands behind the number of a run's step."""


def lanes(bars: Sequence[Bar], width: int, now_s: float) -> list[Content]:
    """The chart of everything until ``now_s``, scaled to ``width``: a line for every row of every lane, then the axis."""
    room = max(1, width - _LABEL)
    lines: list[Content] = []
    has_tools = any(bar.lane == "tools" for bar in bars)
    for lane, name, colour in LANES:
        if lane == "tools" and not has_tools:
            continue
        mine = [bar for bar in bars if bar.lane == lane]
        rows = max((bar.row for bar in mine), default=0) + 1
        for row in range(min(rows, MOST_ROWS)):
            label = f"{name if row == 0 else '':<{_LABEL}}"
            drawn = _row([bar for bar in mine if bar.row == row], room, now_s)
            lines.append(Content.assemble((label, "dim"), (drawn, colour)))
        if rows > MOST_ROWS:
            hidden = sum(1 for bar in mine if bar.row >= MOST_ROWS)
            lines.append(Content.styled(f"{'':<{_LABEL}}and {hidden} more at the same time", "dim"))
    return [
        *lines,
        _axis(room, now_s),
        cut(Content.styled(f"{'':<{_LABEL}}{_LEGEND}{_OF_TOOLS if has_tools else ''}", "dim"), width),
    ]


def _row(bars: Sequence[Bar], room: int, now_s: float) -> str:
    cells = [" "] * room
    for bar in bars:
        drawn = _bar(bar, room, now_s)
        start = min(room - 1, int(bar.started_s / max(now_s, 1e-9) * room))
        cells[start : start + len(drawn)] = drawn
    return "".join(cells[:room])


def _bar(bar: Bar, room: int, now_s: float) -> str:
    """The bar's characters: its step's number if there is room, then its body; at least one, however short it was."""
    scale = room / max(now_s, 1e-9)
    start, end = int(bar.started_s * scale), int((now_s if bar.ended_s is None else bar.ended_s) * scale)
    length = max(1, min(end, room) - min(start, room - 1))
    number = f"{bar.at}{_WAYS[bar.way]}"
    head = number if len(number) < length else ""
    last = "▸" if bar.end == "running" else "×" if bar.end in ("failed", "lost") else _FILL[bar.end]
    body = _FILL[bar.end] * max(0, length - len(head) - 1)
    return f"{head}{body}{last}"


def _axis(room: int, now_s: float) -> Content:
    """Times under the chart: at its beginning, half way and now."""
    half, now = running(now_s / 2), running(now_s)
    left = f"{'0 s':<{room // 2}}{half}"
    return Content.styled(f"{'':<{_LABEL}}{left:<{room - len(now)}}{now}", "dim")
