"""A short run of ``scripts/fuzz.py``, and that it would tell a defect if there were one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from fuzzing import of_files, of_journal, of_mailbox, of_replies, of_results, of_streams
from fuzzing.running import Tally, Targets, chunks, feed, fuzz, shared, watching_for_hangs
from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "fuzz.py"

GROUPS: dict[str, tuple[Targets, int]] = {
    "journal": (of_journal.targets, 5_000),
    "replies": (of_replies.targets, 3_000),
    "streams": (of_streams.targets, 3_500),
    "results": (of_results.targets, 2_500),
    "mailbox": (of_mailbox.targets, 2_500),
    "users": (of_files.targets, 3_500),
}
"""What makes each group's targets, and how many inputs it is fed."""


@pytest.mark.parametrize("group", GROUPS)
def test_whatever_is_read_it_is_refused_or_right(group: str) -> None:
    make, inputs = GROUPS[group]
    tallies = fuzz(make, inputs, 11)
    assert [str(defect) for tally in tallies.values() for defect in tally.defects.values()] == []
    assert sum(tally.inputs for tally in tallies.values()) >= inputs - len(tallies)
    unread = [name for name, tally in tallies.items() if not tally.read]
    assert unread in ([], ["refusals of servers"]), "some of each target's inputs are sound enough to be read, but for refusals"


def target(feed: Callable[[Spoiler], None], *refuses: type[Exception]) -> Target:
    return Target(name="planted", group="users", parts=1, feed=feed, refuses=refuses)


def careless(spoiler: Spoiler) -> None:
    """A parser that takes it for granted that a field is there, and a number positive."""
    found = json.loads(spoiler.json({"to": "Oslo", "nights": 2}))
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - as the parsers do it
    holds(not isinstance(found["nights"], int) or found["nights"] >= 0, "a number is below 0")


def test_a_parser_that_lets_an_error_through_or_reads_wrongly_is_reported() -> None:
    tally = fuzz(lambda folder: [target(careless, ValueError)], 3_000, 1)["planted"]
    kinds = sorted(kind for kind, _ in tally.defects)
    assert kinds == ["Broken", "KeyError", "RecursionError"]
    (missing,) = (defect for defect in tally.defects.values() if "KeyError: 'nights'" in str(defect))
    assert "test_fuzz.py" in missing.where
    again = Tally()
    feed(target(careless, ValueError), 1, missing.number, again)
    assert list(again.defects) == [key for key, defect in tally.defects.items() if defect is missing], "it can be fed once more"
    assert 0 < tally.read < tally.inputs == 3_000


def endless(spoiler: Spoiler) -> None:
    while True:
        pass


def test_a_parser_that_never_ends_is_broken_off_and_reported() -> None:
    tally = Tally()
    with watching_for_hangs():
        feed(target(endless, Exception), 1, 0, tally, longest_s=0.05)
    assert [kind for kind, _ in tally.defects] == ["Hung"]


def test_the_same_seed_feeds_the_same_inputs_whatever_else_is_fed() -> None:
    def fed(seed: int, inputs: int) -> list[object]:
        seen: list[object] = []

        def note(spoiler: Spoiler) -> None:
            spoiler.json({"to": ["Oslo", 1, {"x": None}]})
            seen.append(spoiler.last)

        fuzz(lambda folder: [target(note)], inputs, seed)
        return seen

    assert fed(1, 200) == fed(1, 300)[:200]
    assert fed(1, 200) != fed(2, 200)


def test_every_input_is_in_one_chunk() -> None:
    targets = [target(endless), Target(name="other", group="users", parts=3.5, feed=endless, refuses=())]
    numbers = shared(targets, 20_001)
    assert abs(sum(numbers.values()) - 20_001) <= 1
    for name, number in numbers.items():
        of_it = sorted((chunk.first, chunk.beyond) for chunk in chunks(numbers) if chunk.target == name)
        assert of_it[0][0] == 0
        assert of_it[-1][1] == number
        assert all(before[1] == after[0] for before, after in pairwise(of_it))


def test_ctrl_c_reports_what_was_done() -> None:
    def interrupted(fed: int) -> None:
        if fed >= 4_000:
            raise KeyboardInterrupt

    tallies = fuzz(lambda folder: [target(careless, ValueError)], 100_000, 1, told=interrupted)
    assert tallies["planted"].inputs == 4_000


def test_the_script_runs_in_two_processes_and_feeds_one_input_again(tmp_path: Path) -> None:
    out = tmp_path / "fuzz.json"
    asked = ["--inputs", "900", "--only", "users", "--seed", "3", "--processes", "2", "--out", str(out)]
    done = subprocess.run([sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ": 0 defects" in done.stdout
    found = json.loads(out.read_text())
    assert abs(found["inputs"] - 900) < 10
    assert found["defects"] == []
    assert found["targets"] == {
        name: {"inputs": tally.inputs, "read": tally.read, "refused": dict(sorted(tally.refused.items()))}
        for name, tally in fuzz(of_files.targets, 900, 3).items()
    }
    once = subprocess.run([sys.executable, str(SCRIPT), "--again", "prices:3"], capture_output=True, text=True, check=False)
    assert "gpt-5" in once.stdout
