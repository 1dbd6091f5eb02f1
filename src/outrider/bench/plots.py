"""Plots as SVG, by hand: small functions, no library. Colours are classes of the page's style, so they follow light and dark.

Every plot has a title and a description for those who do not see it. Marks differ in shape or pattern, not in colour alone.
Coordinates are rounded to tenths: the same numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor
from typing import Final

from outrider.bench.statistics import Interval

WIDTH: Final = 640
ROW: Final = 26
_FOOT: Final = 44
_LOWEST: Final = 326.0
"""No label of a scatter stands lower: there the ticks are."""
_LETTER: Final = 7.2
"""The width of a letter of the labels, about."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places on the picture: ``low`` lies at ``begin``, ``high`` at ``end``."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within the scale, about so many."""
        step = _round_step((self.high - self.low) / about)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(number * step, 10) for number in range(first, last + 1)]


def _round_step(step: float) -> float:
    """The least of 1, 2, 5, 10, … times a power of ten that is not below ``step``."""
    power = 10.0 ** _floor_log(step)
    return next(times * power for times in (1, 2, 5, 10) if times * power >= step * (1 - 1e-9))


def _floor_log(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def covering(values: Sequence[float], begin: float, end: float, *, least: Sequence[float] = ()) -> Scale:
    """A scale that holds all ``values``, and those that it holds at ``least``, with some room at both ends."""
    everything = [*values, *least]
    low, high = min(everything), max(everything)
    room = (high - low) * 0.04 or 0.5
    return Scale(low if low == 0 else low - room, high + room, begin, end)


# What pictures are made of ------------------------------------------------------------------------------------------


def picture(name: str, title: str, description: str, height: float, marks: Sequence[str]) -> str:
    """The marks as an SVG picture with its title and description. ``name`` is unique on the page."""
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {_n(height)}" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        f"{''.join(marks)}</svg>"
    )


def _n(value: float) -> str:
    """A coordinate, to tenths."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _text(x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(text)}</text>'


def _tick(value: float) -> str:
    return f"{value:g}"


def _x_axis(scale: Scale, top: float, bottom: float, label: str, ticks: Sequence[float] | None = None) -> Iterator[str]:
    for tick in scale.ticks() if ticks is None else ticks:
        yield _line(scale(tick), top, scale(tick), bottom, "grid")
        yield _text(scale(tick), bottom + 16, _tick(tick), "tick", "middle")
    yield _text((scale.begin + scale.end) / 2, bottom + 36, label, "axis", "middle")


def _y_axis(scale: Scale, left: float, right: float) -> Iterator[str]:
    for tick in scale.ticks():
        yield _line(left, scale(tick), right, scale(tick), "grid")
        yield _text(left - 6, scale(tick) + 4, _tick(tick), "tick", "end")


# Intervals ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whisker:
    """A figure with its interval, by name."""

    label: str
    value: float
    interval: Interval | None


def intervals(
    name: str, title: str, description: str, rows: Sequence[Whisker], axis: str, *, even: float | None = 1.0, least: float = 0.0
) -> str:
    """A row for each figure: a dot, and a line over its interval. ``even`` is where nothing is gained or lost."""
    left = 24 + _LETTER * max(len(row.label) for row in rows)
    ends = [end for row in rows for end in (row.interval or (row.value, row.value))]
    scale = covering(ends, left, WIDTH - 70, least=[least] if even is None else [least, even])
    bottom = 8 + ROW * len(rows)
    marks = [*_x_axis(scale, 4, bottom, axis)]
    if even is not None:
        marks.append(_line(scale(even), 4, scale(even), bottom, "even"))
    for number, row in enumerate(rows):
        marks += _whisker(row, scale, 8 + ROW * (number + 0.5), left)
    return picture(name, title, description, bottom + _FOOT, marks)


def _whisker(row: Whisker, scale: Scale, y: float, left: float) -> Iterator[str]:
    yield _text(left - 12, y + 4, row.label, "label", "end")
    if row.interval is not None:
        yield _line(scale(row.interval[0]), y, scale(row.interval[1]), y, "whisker")
    yield f'<circle class="dot" cx="{_n(scale(row.value))}" cy="{_n(y)}" r="4.5"/>'
    yield _text(WIDTH - 4, y + 4, f"{row.value:.3f}", "number", "end")


# A scatter ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dot:
    """A point by name. ``best`` ones lie on the frontier: none is better in both."""

    label: str
    x: float
    y: float
    best: bool


def scatter(name: str, title: str, description: str, dots: Sequence[Dot], axes: tuple[str, str]) -> str:
    """The dots by name; those on the frontier are full, and a line leads along them."""
    left, bottom = 52.0, 330.0
    across = covering([dot.x for dot in dots], left, WIDTH - 110, least=[0])
    up = covering([dot.y for dot in dots], bottom - 24, 24, least=[1.0])
    marks = [*_x_axis(across, 20, bottom, axes[0]), *_y_axis(up, left, WIDTH - 10), _text(4, 12, axes[1], "axis")]
    best = sorted((dot for dot in dots if dot.best), key=lambda dot: (dot.x, dot.y))
    path = " ".join(f"{_n(across(dot.x))},{_n(up(dot.y))}" for dot in best)
    marks.append(f'<polyline class="frontier" points="{path}"/>')
    placed: list[tuple[float, float, float]] = []
    for (x, y), here in sorted(_together(dots, across, up).items(), key=lambda found: (found[0][1], found[0][0])):
        kind = "dot" if any(dot.best for dot in here) else "ring"
        marks.append(f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="4.5"/>')
        marks += _named(", ".join(dot.label for dot in here), x, y, placed)
    return picture(name, title, description, bottom + _FOOT, marks)


def _together(dots: Sequence[Dot], across: Scale, up: Scale) -> dict[tuple[float, float], list[Dot]]:
    """The dots by their place; those that lie upon one another share one, and a label."""
    found: dict[tuple[float, float], list[Dot]] = {}
    for dot in dots:
        x, y = across(dot.x), up(dot.y)
        place = next((other for other in found if abs(other[0] - x) < 2 and abs(other[1] - y) < 2), (x, y))
        found.setdefault(place, []).append(dot)
    return found


def _named(label: str, x: float, y: float, placed: list[tuple[float, float, float]]) -> Iterator[str]:
    """The label beside its dot, at the nearest height where it covers no other; a thin line leads to one that had to give way."""
    width = _LETTER * len(label)
    right = x + 9 + width < WIDTH
    left = x + 9 if right else x - 9 - width
    heights = [y + 4 + 14 * step * sign for step in range(24) for sign in (1, -1)]
    at = next((height for height in heights if _free(left, height, width, placed)), y + 4)
    placed.append((left, at, width))
    if abs(at - y - 4) > 1:
        yield _line(x, y, x + 8 if right else x - 8, at - 4, "leader")
    yield _text(x + 9 if right else x - 9, at, label, anchor="start" if right else "end")


def _free(x: float, y: float, width: float, placed: Sequence[tuple[float, float, float]]) -> bool:
    if not 14 <= y <= _LOWEST:
        return False
    return all(abs(y - other) >= 13 or x >= left + wide or left >= x + width for left, other, wide in placed)


# Lines --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order, by name. A ``dashed`` line stands beside the full one of the same ``colour``, 0 to 4."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: int
    dashed: bool = False


def lines(
    name: str, title: str, description: str, series: Sequence[Series], axes: tuple[str, str], *, even: float | None = 1.0
) -> str:
    """A line for each series, with its name at its end."""
    left, bottom, right = 52.0, 300.0, WIDTH - 24 - _LETTER * max(len(one.label) for one in series)
    xs, ys = ([point[axis] for one in series for point in one.points] for axis in (0, 1))
    across = Scale(min(xs), max(xs), left, right)
    up = covering(ys, bottom, 24, least=[] if even is None else [even])
    marks = [*_x_axis(across, 20, bottom, axes[0]), *_y_axis(up, left, right), _text(4, 12, axes[1], "axis")]
    if even is not None:
        marks.append(_line(left, up(even), right, up(even), "even"))
    for one in series:
        path = " ".join(f"{_n(across(x))},{_n(up(y))}" for x, y in one.points)
        marks.append(f'<polyline class="curve c{one.colour}{" dashed" if one.dashed else ""}" points="{path}"/>')
    marks += _ends(series, right, lambda y: up(y))
    return picture(name, title, description, bottom + _FOOT, marks)


def _ends(series: Sequence[Series], right: float, up: Callable[[float], float]) -> Iterator[str]:
    """The names of the lines, each beside its end, none over another."""
    taken = 0.0
    for one in sorted(series, key=lambda one: up(one.points[-1][1])):
        end = up(one.points[-1][1])
        at = max(end + 4, taken + 14)
        taken = at
        yield _line(right + 1, end, right + 9, at - 4, f"curve c{one.colour}{' dashed' if one.dashed else ''}")
        yield _text(right + 12, at, one.label)


# Lanes --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A call or a step from its start to its end, in a row of a lane, and how it ended: the class of its bar."""

    row: int
    began_s: float
    ended_s: float
    kind: str
    label: str
    tip: str


def timeline(
    name: str,
    title: str,
    description: str,
    rows: Sequence[str],
    spans: Sequence[Span],
    alone_s: float | None,
    kinds: Sequence[str],
) -> str:
    """Bars in named rows over seconds; a line at ``alone_s``, when the target alone would be done; ``kinds`` explained."""
    left = 24 + _LETTER * max(map(len, rows))
    scale = covering([span.ended_s for span in spans], left, WIDTH - 12, least=[0, alone_s or 0])
    top, bottom = 20, 24 + ROW * len(rows)
    marks = [*_x_axis(scale, top, bottom, "seconds")]
    marks += [_text(left - 12, 24 + ROW * (number + 0.5) + 4, row, "label", "end") for number, row in enumerate(rows)]
    for span in spans:
        marks += _bar(span, scale, 24 + ROW * span.row)
    if alone_s is not None:
        marks.append(_line(scale(alone_s), top, scale(alone_s), bottom, "alone"))
        marks.append(_text(scale(alone_s), 13, f"the target alone: {alone_s:.1f} s", "tick", "end"))
    marks += _legend(kinds, bottom + 58)
    return picture(name, title, description, bottom + 72, marks)


def _bar(span: Span, scale: Scale, y: float) -> Iterator[str]:
    x, width = scale(span.began_s), max(1.0, scale(span.ended_s) - scale(span.began_s))
    yield f'<g><title>{escape(span.tip)}</title><rect class="bar {span.kind}" x="{_n(x)}" y="{_n(y + 3)}"'
    yield f' width="{_n(width)}" height="{ROW - 6}" rx="2"/>'
    room = int((width - 8) / (_LETTER * 0.93))
    if room >= 3:
        label = span.label if len(span.label) <= room else span.label[: room - 1] + "…"
        yield _text(x + 4, y + ROW / 2 + 4, label, f"in {span.kind}")
    yield "</g>"


def _legend(kinds: Sequence[str], y: float) -> Iterator[str]:
    x = 24.0
    for kind in kinds:
        yield f'<rect class="bar {kind}" x="{_n(x)}" y="{_n(y - 11)}" width="22" height="14" rx="2"/>'
        yield _text(x + 28, y, kind, "tick")
        x += 44 + _LETTER * len(kind)
