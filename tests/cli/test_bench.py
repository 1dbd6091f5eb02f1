"""``outrider bench`` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from outrider.bench.live import live_tasks
from outrider.journal import default_path

from .running import COMMAND, Place, ended


def bench(place: Place, *words: str) -> dict[str, Any]:
    done = place.here("bench", *words, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_one_object_says_what_each_scheduler_came_to(place: Place) -> None:
    found = bench(place, "pairs.jsonl", "--schedulers", "alone,lookahead-4,oracle")
    assert list(found["schedulers"]) == ["alone", "lookahead-4", "oracle"]
    alone, ours, oracle = found["schedulers"].values()
    assert alone["time_ratio"] == alone["cost_ratio"] == 1
    assert oracle["wasted_tokens"] == 0
    # Six verdicts of 0.4 s; drafts of 0.1 s, all right: the last prefix is known at 0.5 s.
    assert ours["total_s"] == oracle["total_s"] == 0.9
    assert ours["time_ratio"] == round(0.9 / 2.4, 6)
    assert ours["time_ratio_95"] is None  # of one run
    assert {"seed", "outrider", "python", "machine", "target_price_usd", "draft_price_usd"} <= found.keys()
    (source,) = found["inputs"]
    assert source["name"] == "pairs.jsonl"
    assert len(source["sha256"]) == 64


def test_the_same_seed_gives_the_same_bytes(place: Place) -> None:
    words = ("bench", "local-pairs", "--schedulers", "lookahead-2,batch-2", "--json", "--seed", "5")
    first, again, other = place.here(*words), place.here(*words), place.here(*words[:-1], "6")
    assert first.out == again.out != other.out


def test_several_inputs_are_told_each_and_together(place: Place) -> None:
    found = bench(place, "pairs.jsonl", "local-pairs", "--schedulers", "lookahead-2")
    assert [source["runs"] for source in found["inputs"]] == [1, 20, 20]
    assert found["runs"] == found["schedulers"]["lookahead-2"]["runs"] == 41
    low, high = found["schedulers"]["lookahead-2"]["time_ratio_95"]
    assert low < found["schedulers"]["lookahead-2"]["time_ratio"] < high


def test_a_table_is_for_people(place: Place) -> None:
    done = place.here("bench", "local-pairs", "--schedulers", "alone,lookahead-4")
    assert done.code == 0
    assert "lookahead-4  0.547  0.474 – 0.632" in done.out
    assert "together: 40 runs" in done.out
    assert "A million tokens of the target cost $10, of the drafter $1." in done.out


def test_prices_are_dollars_for_a_million_tokens(place: Place) -> None:
    found = bench(place, "pairs.jsonl", "--schedulers", "alone", "--target-price", "100")
    assert found["schedulers"]["alone"]["cost_usd"] == 6 * 20 * 100 / 1e6


def test_a_journal_is_an_input_too(place: Place) -> None:
    assert place.plan("--lookahead", "2").code == 0
    found = bench(place, str(place.journal), "--schedulers", "lookahead-2")
    assert found["runs"] == 1
    assert found["schedulers"]["lookahead-2"]["time_ratio"] < 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing.jsonl",), "there is no file and no suite"),
        (("pairs.jsonl", "--schedulers", "auto@never"), "the scheduler 'auto@never' is not known; there is alone"),
        (("pairs.jsonl", "--target-price", "-1"), "the target's price is -1"),
        (("empty.jsonl",), "empty.jsonl is empty"),
        (("broken.jsonl",), "broken.jsonl:1: "),
    ],
)
def test_a_mistake_ends_in_a_sentence(place: Place, words: tuple[str, ...], says: str) -> None:
    (place.folder / "empty.jsonl").write_text("")
    (place.folder / "broken.jsonl").write_text('{"task": "x"}\n')
    done = place.here("bench", *words)
    assert done.code == 2
    assert says in done.sentence


def write_many(place: Place) -> None:
    """Rows that take long to compare on."""
    rows = [{"task": f"t{n}", "at": 0, "target": "a", "target_s": 1, "draft": "a", "draft_s": 1} for n in range(200_000)]
    (place.folder / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_in_a_pipe_a_table_is_there_before_the_next_input_is_read(place: Place) -> None:
    write_many(place)
    process = subprocess.Popen(
        [*COMMAND, "bench", "pairs.jsonl", "many.jsonl", "--schedulers", "alone"], cwd=place.folder, env=place.environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    table = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert table[0] == "pairs.jsonl: 1 run\n"
    assert table[2].startswith("  alone")
    assert done.code == 130
    assert "Stopped early." in done.out
    assert "pairs.jsonl" not in done.out


def test_ctrl_c_prints_what_is_done(place: Place) -> None:
    write_many(place)
    screen, terminal = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "bench", "pairs.jsonl", "many.jsonl", "--schedulers", "alone", "--json"], cwd=place.folder,
        env=place.environment, text=True, stdout=subprocess.PIPE, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while b"many.jsonl: " not in shown:
        shown += os.read(screen, 1024)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    os.close(screen)
    assert done.code == 130
    found = json.loads(done.out)
    assert found["stopped"]
    assert found["inputs"][0]["runs"] == 1


def test_advise_says_plainly_whether_it_helps(place: Place) -> None:
    done = place.here("advise", "local-pairs")
    assert done.code == 0
    assert done.out.startswith("Yes. auto@30 would take 55% of the target alone's time")
    assert "slowed one another down by a factor of 1.82" in done.out


def test_advise_may_say_no(place: Place) -> None:
    place.write_pairs("poor.jsonl", drafts=["no"] * 5)
    line = (place.folder / "poor.jsonl").read_text()
    (place.folder / "poor.jsonl").write_text(line * 6)
    done = place.here("advise", "poor.jsonl", "--json")
    found = json.loads(done.out)
    assert found["answer"] == "no"
    tried = [setting["lookahead"] for setting in found["settings"]]
    assert tried == ["lookahead-1", "lookahead-2", "lookahead-4", "lookahead-8", "auto@3", "auto@30", "auto@300"]
    assert {"break_even_acceptance", "slowdown_break_even", "costliest_step", "inputs", "seed"} <= found.keys()


def test_advise_on_one_run_does_not_pretend(place: Place) -> None:
    done = place.here("advise", "pairs.jsonl")
    assert done.code == 0
    assert done.out.startswith("Cannot tell. 1 run is too few")


def test_advise_without_a_file_reads_the_journal_as_sessions_does(place: Place) -> None:
    assert place.plan("--lookahead", "2").code == 0
    found = json.loads(place.here("advise", "--json").out)
    assert [source["name"] for source in found["inputs"]] == [str(place.journal)]
    assert found["runs"] == 1
    elsewhere = place.here("advise", "--json", "--journal", "another.sqlite3")
    assert elsewhere.code == 5
    assert elsewhere.sentence == place.here("sessions", "list", "--journal", "another.sqlite3").sentence


def test_advise_names_the_journal_in_your_data_folder_where_there_is_none_yet(place: Place) -> None:
    done = place.run("advise", environment={"OUTRIDER_JOURNAL": ""})
    assert done.code == 5
    assert done.sentence.startswith("outrider: there is no journal")
    assert str(default_path(place.environment, home=place.folder)) in done.sentence


def test_advise_reads_no_journal_on_a_server(place: Place) -> None:
    done = place.here("advise", "--journal", "postgresql://me:secret@db.example/plans")
    assert done.code == 2
    assert "is a server, and this reads files" in done.sentence
    assert "secret" not in done.sentence


def test_advise_needs_an_hour_that_is_worth_something(place: Place) -> None:
    done = place.here("advise", "pairs.jsonl", "--hour", "-3")
    assert done.code == 2
    assert "an hour is worth -3" in done.sentence


@pytest.fixture
def live(place: Place) -> tuple[str, ...]:
    """A live suite of two tasks, with recorded agents a thousand times as fast."""
    rows = [
        {
            "task": task.text,
            "at": at,
            "target": name,
            "target_s": 20,
            "target_tokens": 9,
            "draft": name,
            "draft_s": 5,
            "draft_tokens": 2,
        }
        for task in live_tasks("openagi", 2, 0)
        for at, name in enumerate(["one", "two", "TERMINATE"])
    ]
    (place.folder / "live.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    agent = "recorded:live.jsonl@1000x"
    return ("bench", "--live", "openagi", "-a", agent, "-t", agent, "--tasks", "2", "--out", "out.jsonl")


def test_live_compares_every_arm_with_the_target_alone(place: Place, live: tuple[str, ...]) -> None:
    done = place.here(*live, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert list(found["schedulers"]) == ["alone", "alone again", "lookahead-1", "lookahead-2"]
    assert found["runs"] == 2
    assert all(arm["same_plan"] == 2 for arm in found["schedulers"].values())
    assert all(len(arm["time_ratio_95"]) == 2 for arm in found["schedulers"].values())
    assert found["setting"]["target"] == "recorded:live.jsonl@1000x"


def test_live_goes_on_from_its_file_and_asks_nobody_twice(place: Place, live: tuple[str, ...]) -> None:
    first = place.here(*live)
    kept = (place.folder / "out.jsonl").read_text()
    assert place.here(*live).out == first.out
    assert (place.folder / "out.jsonl").read_text() == kept
    assert "openagi: 2 tasks, each planned by every arm in turn" in first.out
    assert "2 of 2" in first.out


def test_what_was_planned_live_can_be_compared_on_later(place: Place, live: tuple[str, ...]) -> None:
    assert place.here(*live, "--journal", "kept.sqlite3", "--schedulers", "lookahead-2").code == 0
    found = bench(place, "kept.sqlite3", "--schedulers", "lookahead-2")
    assert (found["runs"], found["notes"]) == (2, [])
    assert found["schedulers"]["lookahead-2"]["time_ratio"] < 1


def test_live_drafts_from_memory_of_the_tasks_before(place: Place, live: tuple[str, ...]) -> None:
    done = place.here(*live, "-a", "recall", "--json", "--schedulers", "lookahead-1")
    assert done.code == 0, done.err
    assert json.loads(done.out)["schedulers"]["lookahead-1"]["same_plan"] == 2


def test_live_counts_no_dollars_without_prices(place: Place, live: tuple[str, ...]) -> None:
    done = place.here(*live, "--budget-usd", "1")
    assert done.code == 2
    assert "the price of recorded:live.jsonl@1000x is not known" in done.sentence


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--live", "chess"), "the live suite 'chess' is not known; there is openagi"),
        (("--live", "openagi", "--schedulers", "oracle"), "cannot run live"),
        (("--live", "openagi", "--tasks", "0"), "0 tasks cannot be drawn"),
        (("--live", "openagi", "-t", "wise@local"), "wise"),
        (("--live", "openagi", "--out", "pairs.jsonl"), "pairs.jsonl holds no results"),
        ((), "there is nothing to compare on"),
    ],
)
def test_what_cannot_be_measured_live_is_told(place: Place, words: tuple[str, ...], says: str) -> None:
    done = place.here("bench", *words)
    assert done.code == 2
    assert says in done.sentence
