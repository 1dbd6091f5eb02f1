"""Distributions: what they are written as, what they come to, what they refuse."""

import math
import random
import statistics
from pathlib import Path

import numpy as np
import pytest

from outrider.errors import BadOption
from outrider.simulate import ByLength, Constant, Empirical, LogNormal, Setting, distribution
from outrider.simulate.episodes import Episodes
from outrider.simulate.latency import MOST
from outrider.simulate.vectorised import outcomes

MANY = 40_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.9", Constant(2.9)),
        ("0", Constant(0.0)),
        ("lognormal:2.9:1.2", LogNormal.by_mean(2.9, 1.2)),
        ("lognormal-median:2:0.5", LogNormal.by_median(2, 0.5)),
        ("length:0.4:0.02", ByLength(0.4, 0.02)),
        ("values:1,2,2.5", Empirical((1.0, 2.0, 2.5))),
    ],
)
def test_a_distribution_is_read_from_text(text: str, expected: object) -> None:
    assert distribution(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "fast", "-1", "nan", "inf", "1e999", "lognormal:2", "lognormal:0:1", "lognormal:-1:1", "lognormal:1:-1", "normal:1:2",
        "lognormal-median:0:1", "lognormal-median:1:-1", "length:-1:1", "length:1:-1", "length:1", "values:", "values:1,-2",
        "values:1;2", "file:/no/such/file", "lognormal:1:2:3", "lognormal:nan:1", "lognormal:1:nan", "1e10",
    ],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(text: str) -> None:
    with pytest.raises(BadOption):
        distribution(text)


def test_the_refusal_names_the_value_and_every_form() -> None:
    with pytest.raises(BadOption, match=r"'normal:1:2' is no distribution; give a number such as 2\.9, lognormal:MEAN:SD"):
        distribution("normal:1:2")


def test_values_come_from_a_file_of_numbers_or_from_a_field_of_objects(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("1.5\n\n2\n")
    (tmp_path / "rows").write_text('{"draft_s": 0.5}\n{"draft_s": null}\n{"target_s": 3}\n{"draft_s": 0.75}\n')
    assert distribution(f"file:{tmp_path}/numbers") == Empirical((1.5, 2.0))
    assert distribution(f"file:{tmp_path}/rows#draft_s") == Empirical((0.5, 0.75))


@pytest.mark.parametrize("line", ["-2", "x", "[1]", '"a"', "null", "NaN"])
def test_a_bad_line_of_a_file_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "numbers").write_text(f"1\n{line}\n")
    with pytest.raises(BadOption, match=r"numbers, line 2"):
        distribution(f"file:{tmp_path}/numbers")


def test_an_empty_file_has_nothing_to_draw_from(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("\n")
    with pytest.raises(BadOption, match="no values to draw from"):
        distribution(f"file:{tmp_path}/numbers")


@pytest.mark.parametrize("drawn_by", ["random", "numpy"])
def test_a_log_normal_has_the_mean_and_spread_it_was_given(drawn_by: str) -> None:
    ours = LogNormal.by_mean(2.9, 1.2)
    if drawn_by == "random":
        dice = random.Random(1)
        values = [ours.sample(dice) for _ in range(MANY)]
    else:
        values = ours.samples(np.random.default_rng(1), (1, MANY))[0].tolist()
    assert statistics.fmean(values) == pytest.approx(2.9, abs=5 * 1.2 / math.sqrt(MANY))
    assert statistics.stdev(values) == pytest.approx(1.2, rel=0.05)
    assert statistics.median(LogNormal.by_median(2, 0.5).sample(random.Random(i)) for i in range(9999)) == pytest.approx(
        2, rel=0.03
    )


def test_seconds_go_with_the_length_of_the_output() -> None:
    ours = ByLength(0.5, 0.02)
    assert ours.sample(random.Random(), tokens=100) == 2.5
    assert ours.samples(np.random.default_rng(), (1, 2), np.array([[0.0, 100.0]])).tolist() == [[0.5, 2.5]]


def test_measured_values_are_drawn_as_often_as_they_stand_there() -> None:
    ours = Empirical.of([1, 1, 1, 4])
    dice = random.Random(2)
    assert statistics.fmean(ours.sample(dice) for _ in range(MANY)) == pytest.approx(1.75, abs=0.04)
    assert ours.samples(np.random.default_rng(2), (1, MANY)).mean() == pytest.approx(1.75, abs=0.04)


@pytest.mark.parametrize("text", ["2.9", "length:0.4:0.02", "values:1,2", "lognormal-median:2:0.5"])
def test_a_distribution_says_how_it_is_written(text: str) -> None:
    assert str(distribution(text)) == text


@pytest.mark.parametrize("wild", [LogNormal(0, 1000), LogNormal.by_mean(1, 1e9), LogNormal(2000, 1)])
def test_what_is_drawn_beyond_all_measure_is_cut_off(wild: LogNormal) -> None:
    setting = Setting(steps=3, draft_s=wild, target_s=wild, draft_tokens=wild, target_tokens=wild)
    for episode in (setting.draw(random.Random(1)), Episodes.drawn(setting, 2, np.random.default_rng(1)).one(1)):
        for effort in (effort for entry in episode.positions for effort in (entry.draft, entry.target)):
            assert 1e-5 <= effort.takes_s <= MOST
            assert 0 <= effort.output_tokens <= MOST
    assert np.isfinite(outcomes(Episodes.drawn(setting, 50, np.random.default_rng(2)), 4).output_tokens).all()
