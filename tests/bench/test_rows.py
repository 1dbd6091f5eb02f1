"""Reading rows: strict, in one pass, a task at a time."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outrider.bench.rows import MOST_LINE, MOST_STEPS, Trace, read_rows
from outrider.errors import BadOption
from outrider.model import FINISH, Step

from .making import row, write


def test_the_rows_of_a_task_are_a_run(tmp_path: Path) -> None:
    second = row(1, target="TERMINATE", draft={"action": "other", "arguments": {"n": 1}})
    (found,) = read_rows(write(tmp_path / "rows.jsonl", [row(0), second]))
    assert found.task == "tea"
    assert [entry.target for entry in found.rows] == [Step("step 0"), Step(FINISH)]
    assert [entry.drafts for entry in found.rows] == [(Step("step 0"),), (Step("other", {"n": 1}),)]
    assert [entry.right for entry in found.rows] == [True, False]
    assert found.alone_s == 6.0
    assert found.has_tokens


def test_several_guesses_are_kept_in_order_and_once(tmp_path: Path) -> None:
    fields = row(0, drafts=["b", "a", "b"])
    del fields["draft"]
    (found,) = read_rows(write(tmp_path / "rows.jsonl", [fields]))
    assert found.rows[0].drafts == (Step("b"), Step("a"))


def test_a_drafter_that_said_nothing_is_a_row_too(tmp_path: Path) -> None:
    (found,) = read_rows(write(tmp_path / "rows.jsonl", [row(0, draft=None)]))
    assert found.rows[0].drafts == ()
    assert not found.rows[0].right


def test_step_0_again_begins_another_run_of_the_task(tmp_path: Path) -> None:
    found = list(read_rows(write(tmp_path / "rows.jsonl", [row(0), row(1), row(0), row(0, task="coffee")])))
    assert [(run.task, len(run.rows)) for run in found] == [("tea", 2), ("tea", 1), ("coffee", 1)]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in row(1).items() if key != name}


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (without("task"), "'task' is missing"),
        (without("at"), "'at' is missing"),
        (without("target"), "'target' is missing"),
        (without("target_s"), "'target_s' is missing"),
        (without("draft_s"), "'draft_s' is missing"),
        (without("draft"), "draft is missing"),
        (row(1, drafts=["x"]), "both draft and drafts"),
        (row(1, target_s=-1), "target_s is -1"),
        (row(1, draft_s=-0.5), "draft_s is -0.5"),
        (row(1, draft_s=float("nan")), "draft_s is nan"),
        (row(1, draft_s=float("inf")), "draft_s is inf"),
        (row(1, draft_s=10**400), "draft_s is 1000000"),
        (row(1, target_s="3 s"), "give a number of seconds"),
        (row(1, target_s=True), "give a number of seconds"),
        (row(1, target_ms=3000), "'target_ms' is not in seconds"),
        (row(1, draft_seconds=3000), "'draft_seconds' is not in seconds"),
        (row(1) | {"at": -1}, "at is -1"),
        (row(3), "at is 3 after 0"),
        (row(1, task="coffee"), "begin at 0, and stand together"),
        (row(1, task=" "), "task is ' '"),
        (row(1, target=7), "target is 7"),
        (row(1, target=""), "target is no step"),
        (row(1, draft={"action": "a", "argument": {}}), "which is no step"),
        (row(1, target={"action": "a", "arguments": 3}), "target is no step"),
        (row(1, target_tokens=-3), "target_tokens is -3"),
        (row(1, target_tokens=None), "be consistent"),
        (row(1, target_prompt_tokens=3), "be consistent"),
        (row(1, target_agent="other"), "give a file for each pair"),
        (row(1, draft_agent=3), "draft_agent is 3"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, second: dict[str, Any], says: str) -> None:
    file = write(tmp_path / "rows.jsonl", [row(0), second])
    with pytest.raises(BadOption) as error:
        list(read_rows(file))
    assert str(error.value).startswith(f"{file}:2: ")
    assert says in str(error.value)


@pytest.mark.parametrize("line", ["{", "[1]", "3", '{"at": 0, "at": 1}', "[" * 100_000, "x" * (MOST_LINE + 5)])
def test_a_line_that_is_no_object_is_told(tmp_path: Path, line: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row(0)) + "\n" + line)
    with pytest.raises(BadOption) as error:
        list(read_rows(file))
    assert str(error.value).startswith(f"{file}:2: ")
    assert len(str(error.value)) < 500


def test_nothing_follows_finish(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r":2: a step follows finish"):
        list(read_rows(write(tmp_path / "rows.jsonl", [row(0, target=FINISH), row(1)])))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(BadOption, match="is empty"):
        list(read_rows(file))


def test_what_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("binary", "nothing", "."):
        with pytest.raises(BadOption, match="cannot be read"):
            list(read_rows(tmp_path / name))


def test_a_run_without_end_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", [row(at) for at in range(MOST_STEPS + 1)])
    with pytest.raises(BadOption, match=f"more than {MOST_STEPS} steps"):
        list(read_rows(file))


def test_a_run_is_given_before_the_rest_is_read(tmp_path: Path) -> None:
    reading = read_rows(write(tmp_path / "rows.jsonl", [row(0), row(0, task="coffee"), {"broken": 1}]))
    assert next(reading).task == "tea"
    with pytest.raises(BadOption):
        list(reading)


def peak(reading: Iterator[Trace]) -> int:
    tracemalloc.start()
    for _ in reading:
        pass
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    few = write(tmp_path / "few.jsonl", [row(at, task=f"task {n}") for n in range(50) for at in range(5)])
    many = write(tmp_path / "many.jsonl", [row(at, task=f"task {n}") for n in range(2000) for at in range(5)])
    peak(read_rows(many))  # what is made once
    assert peak(read_rows(many)) < 1.5 * peak(read_rows(few)) + 10_000
