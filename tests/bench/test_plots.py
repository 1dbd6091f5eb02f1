"""Plots: numbers lie where they belong, and names cover nothing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.bench.plots import Dot, Scale, Series, Span, Whisker, covering, intervals, lines, scatter, timeline

from .making import some

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))


def places(svg: str, mark: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf'<{mark} [^>]*?\b{name}="([^"]+)"', svg)]


def test_a_scale_takes_its_ends_to_its_ends_and_the_middle_to_the_middle() -> None:
    scale = Scale(2.0, 4.0, 100.0, 300.0)
    assert (scale(2.0), scale(3.0), scale(4.0)) == (100.0, 200.0, 300.0)
    up = Scale(0.0, 1.0, 330.0, 30.0)
    assert (up(0.0), up(0.25), up(1.0)) == (330.0, 255.0, 30.0)


@some
@given(low=NUMBERS, width=st.floats(0.01, 1e6))
def test_ticks_are_round_even_and_within_the_scale(low: float, width: float) -> None:
    ticks = Scale(low, low + width, 0.0, 1.0).ticks()
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in ticks)
    steps = [after - before for before, after in pairwise(ticks)]
    assert all(step == pytest.approx(steps[0], rel=1e-3) for step in steps)


def test_ticks_count_in_ones_twos_and_fives() -> None:
    assert Scale(0.0, 1.04, 0.0, 1.0).ticks() == [0.0, 0.5, 1.0]
    assert Scale(0.0, 10.0, 0.0, 1.0).ticks() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


@some
@given(values=st.lists(NUMBERS, min_size=1, max_size=9))
def test_a_covering_scale_holds_every_value_between_its_ends(values: list[float]) -> None:
    scale = covering(values, 50.0, 500.0)
    assert all(50.0 - 1e-6 <= scale(value) <= 500.0 + 1e-6 for value in values)


def test_an_interval_stands_around_its_dot_and_even_stands_at_one() -> None:
    rows = [Whisker("a", 0.5, (0.4, 0.75)), Whisker("b", 1.0, (1.0, 1.0))]
    svg = intervals("t", "title", "description", rows, "ratio")
    half, one = places(svg, "circle", "cx")
    (even,) = places(svg, 'line class="even"', "x1")
    low, same = places(svg, 'line class="whisker"', "x1")
    high, _ = places(svg, 'line class="whisker"', "x2")
    assert one == even == same
    assert half - low == pytest.approx((one - half) / 5, abs=0.2)
    assert high - half == pytest.approx((one - half) / 2, abs=0.2)


def test_a_figure_without_an_interval_has_no_whisker() -> None:
    assert "whisker" not in intervals("t", "title", "description", [Whisker("a", 0.5, None)], "ratio")


def test_more_waste_is_further_right_and_more_time_further_up() -> None:
    dots = [Dot("alone", 0.0, 1.0, True), Dot("near", 10.0, 0.5, True), Dot("far", 20.0, 0.75, False)]
    svg = scatter("s", "title", "description", dots, ("waste", "time"))
    found = dict(zip(places(svg, "circle", "cx"), places(svg, "circle", "cy"), strict=True))
    (left, top), (middle, bottom), (right, between) = sorted(found.items())
    assert right - middle == pytest.approx(middle - left, abs=0.2)
    assert bottom - between == pytest.approx(between - top, abs=0.2)
    assert top < bottom
    assert svg.count('class="ring"') == 1


@some
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.4, 1)), min_size=1, max_size=12))
def test_names_of_dots_do_not_cover_one_another(places_of: list[tuple[float, float]]) -> None:
    dots = [Dot(f"name-{number}", x, y, False) for number, (x, y) in enumerate(places_of)]
    svg = scatter("s", "title", "description", dots, ("x", "y"))
    labels = re.findall(r'<text class="label" x="([^"]+)" y="([^"]+)" text-anchor="(start|end)">([^<]*)<', svg)
    assert sum(text.count("name-") for *_, text in labels) == len(dots)
    boxes = [(float(x) - (7.2 * len(t) if anchor == "end" else 0), float(y), 7.2 * len(t)) for x, y, anchor, t in labels]
    for number, (x, y, width) in enumerate(boxes):
        for other, height, wide in boxes[:number]:
            assert abs(y - height) >= 12.9 or x + width <= other + 0.2 or other + wide <= x + 0.2


def test_dots_in_one_place_share_a_label() -> None:
    svg = scatter("s", "title", "description", [Dot("a", 1.0, 0.5, True), Dot("b", 1.0, 0.5, True)], ("x", "y"))
    assert ">a, b<" in svg
    assert svg.count("<circle") == 1


def test_a_line_goes_through_its_points_and_ends_beside_its_name() -> None:
    svg = lines("l", "title", "description", [Series("up", [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)], 0)], ("x", "y"))
    found = re.search(r'<polyline class="curve c0" points="([^"]+)"', svg)
    assert found is not None
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in found[1].split())
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2


def test_a_bar_is_as_long_as_its_call_and_lies_in_its_row() -> None:
    spans = [Span(0, 0.0, 4.0, "used", "a", "a"), Span(1, 2.0, 4.0, "cancelled", "b", "b")]
    svg = timeline("r", "title", "description", ["plan", "drafts"], spans, 8.0, ["used"])
    xs, widths, ys = (places(svg, r'rect class="bar \w+"', name)[:2] for name in ("x", "width", "y"))
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert xs[1] == pytest.approx(xs[0] + widths[1], abs=0.2)
    assert ys[1] - ys[0] == 26
    (alone,) = places(svg, 'line class="alone"', "x1")
    assert alone == pytest.approx(xs[0] + 2 * widths[0], abs=0.2)


def test_titles_and_labels_are_text() -> None:
    svg = intervals("t", "<b>", "a & b", [Whisker("<i>", 0.5, None)], "x < y")
    assert "&lt;b&gt;" in svg
    assert "a &amp; b" in svg
    assert "&lt;i&gt;" in svg
    assert "x &lt; y" in svg
