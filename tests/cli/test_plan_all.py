"""``outrider plan-all`` end to end: what it prints, what it keeps, how it goes on, and what it says of a bad file."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from typing import Any

import pytest

from outrider.journal import SqliteJournal, replay
from outrider.subplans import kept

from .running import COMMAND, PLAN, TASK, Place, Ran, ended, recorded

DONE = [*PLAN, "finish"]

GRAPH: list[dict[str, Any]] = [
    {"name": "tea", "task": TASK},
    {"name": "milk", "task": TASK},
    {"name": "serve", "task": TASK, "after": ["tea", "milk"]},
]


def write(place: Place, subtasks: object, name: str = "all.json") -> str:
    (place.folder / name).write_text(json.dumps({"subtask": subtasks}))
    return name


def plan_all(place: Place, *words: str, pairs: str = "pairs.jsonl", subtasks: object = GRAPH) -> Ran:
    return place.run("plan-all", write(place, subtasks), *recorded(pairs), *words)


def last(ran: Ran) -> dict[str, Any]:
    return ran.events[-1]


def test_every_sub_plan_is_printed_step_by_step_behind_its_name(place: Place) -> None:
    ran = plan_all(place)
    assert (ran.code, ran.err) == (0, "")
    for name in ("tea", "milk", "serve"):
        lines = [line[11:] for line in ran.out.splitlines() if line[11:].startswith(f"{name:<5}  ")]
        assert lines[0] == f"{name:<5}  Task: {TASK}"
        assert [line[7:].split("  ")[2] for line in lines[2:8]] == DONE
        assert lines[8].startswith(f"{name:<5}  Plan complete: 6 steps in ")
    assert ran.out.index("serve  Task") > ran.out.index("milk   Plan complete")
    assert "3 of 3 sub-plans complete in " in ran.out
    assert "calls of unknown price" in ran.out


def test_each_sub_plan_is_a_session_and_the_whole_is_in_the_journal(place: Place) -> None:
    ran = plan_all(place, "--json")
    name = last(ran)["run"]
    with SqliteJournal(place.journal, read_only=True) as journal:
        assert {entry.name for entry in journal.sessions()} == {f"{name}.{each['name']}" for each in GRAPH}
        for each in GRAPH:
            assert [str(step) for step in replay(journal.read(f"{name}.{each['name']}")).plan.prefix] == DONE
        whole = kept(journal, name)
    assert {result.state for result in whole.values()} == {"complete"}
    assert whole["serve"].subtask.after == ("tea", "milk")


def test_as_json_every_event_carries_the_sub_plans_name_and_the_last_holds_all(place: Place) -> None:
    ran = plan_all(place, "--json")
    assert (ran.code, ran.err) == (0, "")
    events = ran.events
    assert {event["subplan"] for event in events[:-1]} == {"tea", "milk", "serve"}
    assert [event["n"] for event in events if event.get("subplan") == "tea" and "n" in event] == list(
        range(sum(1 for event in events if event.get("subplan") == "tea" and "n" in event))
    )
    assert (events[-1]["kind"], events[-1]["complete"]) == ("run_ended", True)
    assert [step["action"] for step in last(ran)["subplans"]["serve"]["plan"]] == DONE
    kinds = [(event["kind"], event["subplan"]) for event in events[:-1]]
    assert kinds.index(("subplan_began", "serve")) > kinds.index(("subplan_completed", "milk"))


def test_one_budget_is_for_all_and_the_run_goes_on_as_told(place: Place) -> None:
    ran = plan_all(place, "--budget-calls", "9", "-k", "1")
    assert ran.code == 4
    assert "outrider: tea failed: the budget is used up" in ran.err
    assert "outrider: serve was not started: it comes after " in ran.err
    program, *words = shlex.split(ran.err.splitlines()[-1])
    assert program == "outrider"
    words[words.index("--budget-calls") + 1] = "90"
    again = place.run(*words, "--json")
    assert again.code == 0
    assert all([step["action"] for step in told["plan"]] == DONE for told in last(again)["subplans"].values())
    assert {event["kind"] for event in again.events if event.get("n") == 0} == {"opened"}
    assert any(event["plan"] for event in again.events if event["kind"] == "opened")


def test_what_was_complete_is_not_planned_again(place: Place) -> None:
    first = plan_all(place, "--json", subtasks=GRAPH[:2])
    again = plan_all(place, "--from", last(first)["run"])
    assert again.code == 0
    assert again.out.count("Complete in the earlier run.") == 2
    assert again.out.count("Plan complete: ") == 1


def test_one_that_fails_leaves_the_others_running(place: Place) -> None:
    graph = [*GRAPH, {"name": "cake", "task": TASK, "max_steps": 2}, {"name": "eat", "task": TASK, "after": ["cake"]}]
    ran = plan_all(place, "--json", subtasks=graph)
    assert ran.code == 4
    assert {name: told["state"] for name, told in last(ran)["subplans"].items()} == {
        "tea": "complete", "milk": "complete", "serve": "complete", "cake": "failed", "eat": "waiting",
    }  # fmt: skip
    assert last(ran)["subplans"]["eat"]["why"] == "it comes after 'cake', which failed"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_stops_all_in_order_and_keeps_their_plans(place: Place) -> None:
    place.write_pairs("slow.jsonl", slow_from=3)
    process = subprocess.Popen(
        [*COMMAND, "plan-all", write(place, GRAPH), *recorded("slow.jsonl")], cwd=place.folder, env=place.environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    waiting = {"tea", "milk"}
    for line in process.stdout:
        waiting -= {name for name in waiting if name in line and "2  pour" in line}
        if not waiting:
            break
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert "outrider: tea failed: the run was stopped: Ctrl-C" in ran.err
    assert "outrider: 0 complete sub-plans and 6 steps of others kept" in ran.err
    program, *words = shlex.split(ran.err.splitlines()[-1])
    assert program == "outrider"
    place.write_pairs("slow.jsonl")  # the model is quicker today
    assert place.run(*words).code == 0


def test_toml_says_the_same(place: Place) -> None:
    text = "".join(f"[[subtask]]\nname = {json.dumps(each['name'])}\ntask = {json.dumps(TASK)}\n" for each in GRAPH)
    (place.folder / "all.toml").write_text(text + 'after = ["tea", "milk"]\nlookahead = 1\n')
    ran = place.run("plan-all", "all.toml", *recorded("pairs.jsonl"), "--json")
    assert ran.code == 0
    assert [event["lookahead"] for event in ran.events if event["kind"] == "opened" and event["subplan"] == "serve"] == [
        "lookahead-1"
    ]


def bad(subtasks: object) -> dict[str, Any]:
    return {"subtask": subtasks}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no sub-task; give [[subtask]] tables with name and task"),
        ("3", "are no list"),
        ('{"tasks": []}', "holds tasks, which means nothing"),
        ('["tea"]', "sub-task 1 is 'tea', which is no table"),
        ('[{"name": "a"}]', "sub-task 1 has no task"),
        ('[{"name": "a", "task": 3}]', "task is 3; give a text"),
        ('[{"name": "a", "task": " "}]', "the task of all.json, sub-task 1 is empty"),
        ('[{"name": "a b", "task": "x"}]', "the name of a sub-task is 'a b'"),
        ('[{"name": "a", "task": "x", "agent": "y"}]', "has agent, which means nothing"),
        ('[{"name": "a", "task": "x", "after": "b"}]', "after is 'b'; give a list of names"),
        ('[{"name": "a", "task": "x", "after": ["b"]}]', "comes after 'b', which is not there"),
        ('[{"name": "a", "task": "x", "after": ["a"]}]', "none of them could ever start"),
        ('[{"name": "a", "task": "x"}, {"name": "a", "task": "x"}]', "there is a sub-task 'a' already"),
        ('[{"name": "a", "task": "x", "max_steps": true}]', "max_steps is True"),
        ('[{"name": "a", "task": "nobody recorded this"}]', "has no task 'nobody recorded this'"),
        ('[{"name": "a", "task": "x", "world": "mars"}]', "mars"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_before_anything_starts(place: Place, content: str, said: str) -> None:
    (place.folder / "all.json").write_text(content)
    ran = place.here("plan-all", "all.json", *recorded("pairs.jsonl"))
    assert ran.code == 2
    assert said in ran.sentence
    with SqliteJournal(place.journal) as journal:
        assert journal.sessions() == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", "nothing"), 2, "there is no run 'nothing' in the journal"),
        (("--budget-usd", "1"), 2, "the price of recorded:pairs.jsonl@40x is not known"),
        (("--budget-calls", "0"), 2, "a budget of 0 calls allows nothing"),
        (("--calls-at-once", "0"), 2, "0"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(place: Place, words: tuple[str, ...], code: int, said: str) -> None:
    ran = plan_all(place, *words)
    assert ran.code == code
    assert said in ran.sentence


def test_a_file_that_is_not_there_is_named(place: Place) -> None:
    ran = place.here("plan-all", "none.toml")
    assert (ran.code, ran.sentence) == (2, "outrider: the file of sub-tasks none.toml cannot be read: No such file or directory")
