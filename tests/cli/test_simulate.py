"""``outrider simulate`` as a user runs it."""

import contextlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .running import COMMAND, Place

QUANTITIES = ("total_s", "cost_usd", "output_tokens", "wasted_tokens", "calls_max")


def simulated(place: Place, *words: str) -> dict[str, Any]:
    ran = place.here("simulate", "--json", *words)
    assert (ran.code, ran.err) == (0, "")
    (found,) = ran.events
    return found


def test_it_prints_one_object_with_five_quantities_and_what_they_hang_on(place: Place) -> None:
    found = simulated(place, "--episodes", "500", "--seed", "7")
    for name in QUANTITIES:
        figure = found[name]
        assert list(figure) == ["mean", "low", "high", "min"]
        assert figure["min"] <= figure["low"] <= figure["mean"] <= figure["high"]
    assert found["lookahead"] == "lookahead-4"
    assert found["seed"] == 7
    assert found["setting"]["target_s"] == "3"
    assert {"outrider", "python", "numpy", "machine", "draft_price_usd", "target_price_usd"} <= found.keys()


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(place: Place) -> None:
    words = ("simulate", "--json", "--episodes", "40000", "--draft-s", "lognormal:1:0.4", "--seed", "3")
    first = place.run(*words)
    assert first.code == 0
    assert place.run(*words, "--workers", "2").out == first.out
    assert place.here(*words[:-1], "4").out != first.out


def test_constant_times_come_out_as_one_works_them_out(place: Place) -> None:
    found = simulated(place, "--accuracy", "1", "--steps", "5", "--draft-s", "0.5", "--target-s", "2", "-k", "9")
    assert found["total_s"] == {"mean": 4.0, "low": 4.0, "high": 4.0, "min": 4.0}
    assert found["alone"]["total_s"]["mean"] == 10.0
    assert found["time_ratio"]["mean"] == 0.4
    assert found["output_tokens"]["mean"] == 5 * 120
    assert found["cost_usd"]["mean"] == pytest.approx(5 * (20 * 1 + 100 * 10) / 1e6)


def test_the_runtime_says_the_same_as_the_model(place: Place) -> None:
    words = ("--episodes", "40", "--draft-s", "lognormal:1:0.4", "-k", "batch-3", "--accuracy", "0.6", "--steps", "5")
    model, live = simulated(place, *words), simulated(place, *words, "--runtime")
    assert (model.pop("engine"), live.pop("engine")) == ("numpy", "runtime")
    assert model == live


def test_a_load_is_run_by_the_runtime_and_what_failures_end_is_said(place: Place) -> None:
    words = ("--episodes", "60", "--steps", "4", "--failures", "0.05", "--slowdown", "0.1", "--calls-per-minute", "90")
    found = simulated(place, *words)
    assert found["engine"] == "runtime"
    assert found["complete"] < 1
    assert "runs that came to their end" in place.here("simulate", *words).out


def test_people_get_a_table_with_the_target_alone_and_the_ratio(place: Place) -> None:
    out = place.here("simulate", "--episodes", "200").out
    assert "lookahead-4" in out
    assert "alone" in out
    assert "time over the target alone's: 0.5" in out
    assert "200 episodes of 10 steps by the NumPy model of the rules, seed 0" in out
    assert "$10 and $1 for a million output tokens" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--episodes", "0"), "0 episodes tell nothing; give at least 1"),
        (("--steps", "0"), "a plan of 0 steps is none"),
        (("--accuracy", "1.5"), "accuracy is 1.5; give a chance from 0 to 1"),
        (("--accuracy", "much"), "--accuracy: 'much' is no chance"),
        (("--accuracy", "0.1,0.2"), "2 accuracies for 10 steps"),
        (("--draft-s", "-1"), "--draft-s: the constant is -1; give a number from 0 to 1,000,000,000"),
        (("--target-s", "quick"), "--target-s: 'quick' is no distribution; give a number such as 2.9"),
        (("--target-tokens", "length:1:2"), "tokens are length:1:2, which is for seconds"),
        (("--target-s", "file:nowhere"), "nowhere cannot be read"),
        (("-k", "far"), "lookahead 'far' is not known"),
        (("--seed", "-3"), "the seed is -3"),
        (("--draft-price", "-3"), "a price is -3"),
        (("--slowdown", "-3"), "slowdown is -3"),
        (("--calls-per-minute", "0"), "calls a minute are 0"),
        (("--failures", "3"), "failures is 3"),
        (("--workers", "0"), "--workers is 0; give at least 1"),
    ],
)
def test_bad_input_is_one_clear_sentence(place: Place, words: tuple[str, ...], sentence: str) -> None:
    ran = place.here("simulate", *words)
    assert ran.code == 2
    assert ran.out == ""
    assert sentence in ran.sentence


def test_times_come_from_recorded_rows(place: Place) -> None:
    found = simulated(place, "--draft-s", "file:pairs.jsonl#draft_s", "--target-s", "file:pairs.jsonl#target_s", "--steps", "3")
    assert found["alone"]["total_s"]["mean"] == 1.2


def test_what_is_not_given_is_measured_in_recorded_runs(place: Place) -> None:
    place.write_pairs(drafts=("boil", "warm the pot", "spill", "wait", "spill"))
    found = simulated(place, "--like", "pairs.jsonl", "--draft-tokens", "7")
    assert found["setting"] == {
        "like": "pairs.jsonl", "steps": 6, "accuracy": "0.666666667", "draft_s": "6 values, mean 0.1",
        "target_s": "6 values, mean 0.4", "draft_tokens": "7", "target_tokens": "6 values, mean 20",
    }  # fmt: skip
    assert found["alone"]["total_s"]["mean"] == 2.4
    assert found["alone"]["output_tokens"]["mean"] == 120


def test_a_file_without_runs_has_nothing_to_measure(place: Place) -> None:
    (place.folder / "empty.jsonl").write_text("")
    ran = place.here("simulate", "--like", "empty.jsonl")
    assert ran.code == 2
    assert "empty" in ran.sentence


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_long_run_tells_its_progress_and_ctrl_c_ends_it_with_one_line(place: Place, workers: str) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--episodes", "2000000000", "--workers", workers], cwd=place.folder, env=place.environment,
        stdout=subprocess.PIPE, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"of 2,000,000,000 episodes" not in said:
        said += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal's other end is closed when the process has ended
        while more := os.read(ours, 1000):
            said += more
    os.close(ours)
    out, _ = process.communicate()
    assert (out, process.returncode) == (b"", 130)
    assert said.endswith(b"outrider: stopped\r\n")
    assert b"Traceback" not in said


def test_without_numpy_it_says_what_to_install(place: Place) -> None:
    (place.folder / "numpy.py").write_text("raise ImportError('not here')\n")
    ran = place.run("simulate", environment={"PYTHONPATH": str(place.folder)})
    assert ran.code == 2
    assert "pip install 'outrider[bench]'" in ran.sentence


def test_the_json_is_read_by_any_parser(place: Place) -> None:
    ran = place.here("simulate", "--json", "--episodes", "1")
    found = json.loads(ran.out)
    assert found["total_s"]["low"] is None
    assert found["time_ratio"] == {"mean": found["total_s"]["mean"] / 30, "low": None, "high": None}


def test_the_page_shows_what_its_command_prints(place: Place) -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    found = re.search(r"^    outrider (simulate [^\n]*)\n\n```text\n([^`]*)^```$", page, re.M)
    assert found is not None
    command, shown = found.groups()
    ran = place.here(*command.split())
    assert [line.rstrip() for line in ran.out.splitlines()] == shown.splitlines()
