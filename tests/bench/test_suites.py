"""The suites that come with Outrider, and files beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from outrider.bench.rows import Trace
from outrider.bench.schedulers import SAY
from outrider.bench.suites import DATA, PAPER, SUITES, Source, Turn, paired, sources_named
from outrider.errors import BadOption, UnknownName

from .making import PAIRS, row, write

ROOT = Path(__file__).parents[2]


def read(source: Source) -> list[Trace]:
    notes: list[str] = []
    found = list(source.read(notes.append))
    assert all(source.name in PAPER and "drawn" in note for note in notes)
    return found


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_can_be_read_and_counts_tokens(name: str) -> None:
    for source in sources_named(name):
        found = read(source)
        assert found
        assert all(trace.has_tokens and trace.alone_s > 0 for trace in found)
        assert source.sha256 == hashlib.sha256(source.file.read_bytes()).hexdigest()


def test_the_names_of_all_sources_differ() -> None:
    names = [source.name for suite in SUITES.values() for source in suite()]
    assert len(set(names)) == len(names)


def test_every_third_partys_recording_has_its_licence_beside_it() -> None:
    for folder in (DATA / "chess", DATA / "tau2"):
        assert "Permission" in (text := (folder / "LICENSE").read_text()) or "Apache License" in text
    assert sum(file.stat().st_size for file in DATA.rglob("*") if file.is_file()) < 250_000


@pytest.mark.parametrize("name", ["qwen2.5-coder-0.5b-direct.jsonl", "qwen2.5-coder-1.5b-direct.jsonl"])
def test_the_recorded_pairs_are_those_of_the_repository(name: str) -> None:
    assert (DATA / "local_pairs" / name).read_bytes() == (ROOT / "data" / "local_pairs" / name).read_bytes()


def test_chess_has_three_guesses_a_move_and_knows_what_hits() -> None:
    rows = [row for trace in read(sources_named("chess")[0]) for row in trace.rows]
    assert len(rows) == 150
    assert max(len(row.drafts) for row in rows) == 3
    assert (sum(row.right for row in rows), sum(row.target in row.drafts for row in rows)) == (38, 77)


def turn(action: str, takes_s: float = 1.0) -> Turn:
    return Turn(action=action, takes_s=takes_s, prompt_tokens=1, output_tokens=1)


def test_the_lower_bound_takes_the_same_call_in_the_same_place_and_the_upper_one_anywhere() -> None:
    target = [turn(SAY), turn("a#1"), turn("b#2"), turn(SAY), turn("c#3")]
    drafter = [turn("a#1", 5), turn(SAY, 6), turn("c#3", 7)]
    lower, upper = paired(target, drafter, "lower"), paired(target, drafter, "upper")
    assert [row.right for row in lower] == [False, True, False, False, False]
    assert [row.right for row in upper] == [False, True, False, False, True]
    assert [row.draft_s for row in lower] == [6, 5, 7, 6, 7]
    assert [row.target_s for row in lower] == [1] * 5


def test_for_every_pair_the_lower_bound_is_no_higher() -> None:
    sources = sources_named("tau2")
    assert [source.name.rpartition("/")[2] for source in sources] == ["lower", "upper"] * 3
    for lower, upper in zip(sources[::2], sources[1::2], strict=True):
        low, high = ([row.right for trace in read(source) for row in trace.rows] for source in (lower, upper))
        assert 0 < sum(low) < sum(high)
        assert all(b or not a for a, b in zip(low, high, strict=True))


def test_a_file_wins_over_a_suite_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "chess", [row(0)])
    (source,) = sources_named("chess")
    assert [trace.task for trace in read(source)] == ["tea"]


def test_a_file_of_rows_is_a_source() -> None:
    (source,) = sources_named(str(PAIRS))
    assert len(read(source)) == 20


def test_what_is_neither_file_nor_suite_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="the suites are chess, local-pairs, tau2"):
        sources_named("nothing")
    with pytest.raises(BadOption, match="is no file"):
        sources_named(str(tmp_path))
