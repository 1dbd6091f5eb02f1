"""``outrider plan`` end to end: what it prints, what it keeps, and how it goes on."""

from __future__ import annotations

import json
import shlex

import pytest

from outrider.journal import SqliteJournal, replay

from .running import PLAN, TASK, Place, ended

DONE = [*PLAN, "finish"]


def kept(place: Place) -> list[str]:
    """The plan of the newest session in the journal."""
    with SqliteJournal(place.journal, read_only=True) as journal:
        return [str(step) for step in replay(journal.read(journal.sessions()[0].name)).plan.prefix]


def ran_name(place: Place) -> str:
    with SqliteJournal(place.journal, read_only=True) as journal:
        return journal.sessions()[0].name


def run_as_told(place: Place, command: str) -> tuple[int, list[str]]:
    """Run the command that was printed, as a shell would."""
    program, *words = shlex.split(command)
    assert program == "outrider"
    ran = place.run(*words, "--json")
    return ran.code, [step["action"] for step in ran.events[-1]["plan"]]


def test_a_plan_is_printed_step_by_step_with_its_summary(place: Place) -> None:
    ran = place.plan()
    assert (ran.code, ran.told) == (0, [])
    lines = ran.out.splitlines()
    assert lines[0] == f"Task: {TASK}"
    assert [line[5:].split("  ")[0] for line in lines[2:8]] == DONE
    assert lines[8].startswith("Plan complete: 6 steps in ")
    assert kept(place) == DONE


def test_as_json_every_event_is_a_line_and_the_last_holds_plan_and_figures(place: Place) -> None:
    ran = place.plan("--json")
    assert (ran.code, ran.told) == (0, [])
    kinds = [event["kind"] for event in ran.events]
    assert (kinds[0], kinds[-1]) == ("opened", "finished")
    assert {"started", "drafted", "verified", "shown", "confirmed", "accepted", "ended"} <= set(kinds)
    assert [event["n"] for event in ran.events] == list(range(len(kinds)))
    last = ran.events[-1]
    assert last["plan"] == [{"action": action, "arguments": {}, "by": "target"} for action in DONE]
    assert last["outcome"] == "complete"
    assert last["figures"]["steps"] == 6
    assert last["figures"]["cost_usd"] is None
    assert all("figures" not in event for event in ran.events[:-1])


def test_the_task_may_come_from_standard_input(place: Place) -> None:
    ran = place.plan("--json", task="-", typed=f"{TASK}\n")
    assert ran.code == 0
    assert ran.events[0]["task"]["text"] == TASK


def test_without_drafts_the_plan_is_the_same(place: Place) -> None:
    place.write_pairs(drafts=["boil", "dance", "pour", "dance", "sip"])
    plans = [[step["action"] for step in place.plan("--json", "-k", k).events[-1]["plan"]] for k in ("0", "4", "batch-2")]
    assert plans == [DONE, DONE, DONE]


def test_what_a_correction_replaced_is_printed_and_never_the_draft_as_a_step(place: Place) -> None:
    place.write_pairs(drafts=["dance", *PLAN[1:]])
    ran = place.plan()
    assert "  0  boil  (instead of dance, " in ran.out
    assert ran.out.count("dance") == 1


def test_a_lossy_matching_says_so(place: Place) -> None:
    assert "this plan is lossy" in place.plan("--matching", "by-action").out


def test_whatever_a_recording_holds_is_printed_as_text(place: Place) -> None:
    row = {"task": TASK, "at": 0, "target": "wipe\x1b[2J \ud800", "target_s": 0, "draft": "x", "draft_s": 0}
    end = {"task": TASK, "at": 1, "target": "TERMINATE", "target_s": 0, "draft": "TERMINATE", "draft_s": 0}
    (place.folder / "odd.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(end)}\n")
    plain, as_json = place.plan(pairs="odd.jsonl"), place.plan("--json", pairs="odd.jsonl")
    assert (plain.code, as_json.code) == (0, 0)
    assert "\x1b" not in plain.out + as_json.out
    assert as_json.events[-1]["plan"][0]["action"] == "wipe\x1b[2J \ud800"


def test_an_output_that_is_not_utf_8_stops_nothing(place: Place) -> None:
    place.write_pairs(drafts=PLAN)
    row = {"task": "Tee für zwei", "at": 0, "target": "TERMINATE", "target_s": 0, "draft": "TERMINATE", "draft_s": 0}
    (place.folder / "odd.jsonl").write_text(json.dumps(row))
    words = ("plan", "Tee für zwei", "-a", "recorded:odd.jsonl", "-t", "recorded:odd.jsonl")
    ran = place.run(*words, environment={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0
    assert "Task: Tee f\\xfcr zwei" in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--max-steps", "2"), "the plan reached its limit on steps"),
        (("--budget-calls", "5"), "the budget is used up"),
        (("--budget-tokens", "60"), "the budget is used up"),
    ],
)
def test_a_limit_ends_the_run_with_its_plan_kept_and_a_way_to_go_on(place: Place, words: tuple[str, str], says: str) -> None:
    ran = place.plan("--json", *words)
    assert ran.code == 4
    first, second, command = ran.told
    assert first.startswith(f"outrider: {says}")
    done = [step["action"] for step in ran.events[-1]["plan"]]
    assert done == DONE[: len(done)]
    assert 1 <= len(done) < len(DONE)
    assert second == f"outrider: {len(done)} confirmed step{'s' if len(done) > 1 else ''} kept; to go on from there:"
    assert f"--from {ran_name(place)}" in command


def test_going_on_as_told_finishes_the_plan(place: Place) -> None:
    command = place.plan("--max-steps", "2").told[-1]
    ran = run_as_told(place, command)
    assert ran == (0, DONE)


def test_a_complete_plan_has_nothing_to_go_on_with(place: Place) -> None:
    place.plan()
    ran = place.plan("--from", ran_name(place))
    assert ran.code == 2
    assert "is complete; there is nothing to go on with" in ran.sentence


def test_two_runs_at_once_share_a_journal_and_nothing_else(place: Place) -> None:
    first, second = place.begin("--json"), place.begin("--json")
    runs = [ended(first), ended(second)]
    assert [ran.code for ran in runs] == [0, 0], [ran.err for ran in runs]
    with SqliteJournal(place.journal, read_only=True) as journal:
        assert [(entry.outcome, entry.steps) for entry in journal.sessions()] == [("complete", 6)] * 2
        for entry in journal.sessions():
            assert replay(journal.read(entry.name)).checked
