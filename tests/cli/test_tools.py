"""Steps that are executed from the command line: with a module's tools, a server's, and what needs the person's word."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .running import TRAINS, Place, Ran

TASK = "To Bergen"
MODULE = (
    TRAINS
    + '''
@tool(timeout_s=0.05)
async def pay(dollars: int) -> str:
    """Pays, and never says so."""
    import asyncio
    with open("paid.txt", "a") as file:
        file.write(f"{dollars}\\n")
    await asyncio.sleep(3600)
    return "paid"
'''
)
LOOK = {"action": "trains", "arguments": {"to": "Bergen"}}
BOOK = {"action": "book", "arguments": {"train": "IC 7"}}
PAY = {"action": "pay", "arguments": {"dollars": 40}}
SERVER = Path(__file__).parents[1] / "tools" / "mcp_server.py"


def write(place: Place, *steps: object) -> None:
    """The module, and a recording of these steps."""
    (place.folder / "mine.py").write_text(MODULE)
    rows = [
        {"task": TASK, "at": at, "target": step, "target_s": 0.4, "target_tokens": 9, "draft": step, "draft_s": 0.1}
        for at, step in enumerate((*steps, "finish"))
    ]
    (place.folder / "acting.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


AGENTS = ("-a", "recorded:acting.jsonl@20x", "-t", "recorded:acting.jsonl@20x")


def planned(place: Place, *words: str, tools: tuple[str, ...] = ("--tools", "mine.py")) -> Ran:
    return place.here("plan", TASK, *AGENTS, *tools, *words)


def lines(place: Place, name: str) -> list[str]:
    file = place.folder / name
    return file.read_text().splitlines() if file.exists() else []


def last(ran: Ran) -> dict[str, Any]:
    return ran.events[-1]


def test_what_a_tool_prints_stands_apart_from_the_plan(place: Place) -> None:
    write(place, LOOK)
    text = MODULE.replace('    return [f"IC 7', '    print("looking it up")\n    return [f"IC 7')
    (place.folder / "mine.py").write_text('print("loading")\n' + text)
    ran = place.run("plan", TASK, *AGENTS, "--tools", "mine.py", "--json")
    assert last(ran)["kind"] == "finished", "every line is a record"
    assert ran.told == ["loading", "looking it up"]


def test_a_plan_is_executed_with_a_modules_tools(place: Place) -> None:
    write(place, LOOK, BOOK)
    ran = place.run("plan", TASK, *AGENTS, "--tools", "mine.py", "--json")
    assert (ran.code, ran.told) == (0, [])
    assert [step.get("observation") for step in last(ran)["plan"]] == ['["IC 7 to Bergen on day 1"]', "a seat on IC 7", None]
    assert len(lines(place, "booked.txt")) == 1
    figures = last(ran)["figures"]
    assert (figures["executions"]["none"]["used"], figures["executions"]["live"]["used"], figures["effects"]) == (1, 1, 1)


def test_replay_show_and_trace_know_a_session_whose_steps_were_executed(place: Place) -> None:
    write(place, LOOK, BOOK)
    done = planned(place, "--json")
    name = place.here("sessions", "list", "--json").events[0]["name"]
    replayed = place.here("replay", name)
    assert replayed.code == 0
    assert "the rules find the same" in replayed.out
    assert "a seat on IC 7" in replayed.out
    shown = place.here("sessions", "show", name, "--json").events[0]
    assert (shown["plan"], shown["figures"]) == (last(done)["plan"], last(done)["figures"])
    trace = place.here("trace", name)
    assert trace.code == 0
    assert "a seat on IC 7" in trace.out or "book" in trace.out
    assert len(lines(place, "booked.txt")) == 1, "looking at it runs nothing"


def test_what_needs_approval_does_not_run_where_nobody_is_asked_and_says_which_option_lets_it(place: Place) -> None:
    write(place, LOOK, BOOK)
    ran = planned(place, "--approve", "book=always")
    assert ran.code == 7
    why, what_to_do, kept, line = ran.told
    assert why == "outrider: a tool may not run: book needs the person's approval, and nobody is there to ask"
    assert what_to_do.startswith("outrider: book has not run; in a terminal you are asked, and --approve book=never lets it run")
    assert kept.startswith("outrider: 2 confirmed steps kept")
    assert "--tools mine.py --approve book=always" in line
    assert lines(place, "booked.txt") == []


def test_gone_on_from_what_was_executed_is_not_executed_again(place: Place) -> None:
    write(place, LOOK, BOOK, LOOK)
    planned(place, "--max-steps", "2")
    assert len(lines(place, "booked.txt")) == 1
    name = place.here("sessions", "list", "--json").events[0]["name"]
    ran = planned(place, "--from", name, "--json")
    assert ran.code == 0
    assert [step.get("observation") for step in last(ran)["plan"]][:2] == ['["IC 7 to Bergen on day 1"]', "a seat on IC 7"]
    assert len(lines(place, "booked.txt")) == 1
    assert last(ran)["figures"]["executions"]["live"]["used"] == 0


def test_a_step_that_was_not_approved_runs_when_gone_on_with_the_other_option(place: Place) -> None:
    write(place, BOOK)
    planned(place, "--approve", "book=always")
    name = place.here("sessions", "list", "--json").events[0]["name"]
    assert planned(place, "--from", name, "--approve", "book=never").code == 0
    assert len(lines(place, "booked.txt")) == 1


def test_a_tool_without_an_answer_is_never_run_again_without_a_word(place: Place) -> None:
    write(place, PAY)
    ran = planned(place)
    assert ran.code == 6
    assert "whether it has had its effect is not known; find out, and add to the line below --settled" in ran.err
    name = place.here("sessions", "list", "--json").events[0]["name"]
    refused = planned(place, "--from", name)
    assert refused.code == 2
    assert 'give --settled "what came of it", or --run-again if nothing has' in refused.sentence
    assert lines(place, "paid.txt") == ["40"]
    settled = planned(place, "--from", name, "--settled", "paid, says the bank", "--json")
    assert settled.code == 0
    assert last(settled)["plan"][0]["observation"] == "paid, says the bank"
    assert lines(place, "paid.txt") == ["40"]
    assert planned(place, "--from", name, "--run-again").code == 6
    assert lines(place, "paid.txt") == ["40", "40"]


def test_an_executed_session_is_not_gone_on_from_without_tools(place: Place) -> None:
    write(place, LOOK, BOOK)
    planned(place, "--max-steps", "1")
    name = place.here("sessions", "list", "--json").events[0]["name"]
    ran = planned(place, "--from", name, "--world", "free", tools=())
    assert ran.code == 2
    assert f"the steps of session {name} were executed, in the world tools; give the same tools" in ran.sentence


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tools", "nowhere.py"), "there is no file nowhere.py; tools come from a file such as tools.py"),
        (("--tools", "no.such.module"), "there is no module no.such.module here or among what is installed"),
        (("--tools", "empty.py"), "empty.py has no tools: put @tool on a function"),
        (("--tools", "broken.py"), "broken.py cannot be imported: ZeroDivisionError"),
        (("--tools", "mine.py", "--tools", "mine.py"), "two tools are called 'trains'"),
        (("--tools", "mine.py", "--world", "free"), "--tools makes a world of its own, and --world free is given too"),
        (("--world", "tools"), "the world tools is made of your own tools, and there are none; give some with --tools"),
        (("--tools", "mine.py", "--effect", "trains"), "--effect trains is not understood; give NAME=none|read|write"),
        (("--tools", "mine.py", "--effect", "trains=some"), "--effect trains=some is not understood"),
        (("--tools", "mine.py", "--effect", "fly=none"), "there is no tool 'fly' to declare anything of; there are trains, book"),
        (
            ("--tools", "mine.py", "--approve", "book=maybe"),
            "--approve book=maybe is not understood; give NAME=always|unsure|nev",
        ),
        (("--tools", "mine.py", "--effect", "book=none", "--effect", "book=read"), "--effect says both none and read of book"),
        (("--tools", "mine.py", "--trust"), "--trust is for the hints of MCP servers, and none is given"),
        (("--effect", "trains=none"), "--effect says something of tools, and there are none; give some with --tools"),
        (("--tools", "mine.py", "--reads", "-1"), "a budget of -1 reads makes no sense"),
        (("--reads", "2"), "--reads 2 is for steps that are executed, and those of openagi are not"),
        (("--tools", "mine.py", "--compare"), "--compare runs everything once more, and book, pay would change the world again"),
        (("--settled", "done"), "say something of an earlier session's last step; give it with --from"),
    ],
)
def test_a_mistake_about_tools_is_one_sentence(place: Place, words: tuple[str, ...], says: str) -> None:
    write(place, LOOK)
    (place.folder / "empty.py").write_text("x = 1\n")
    (place.folder / "broken.py").write_text("1 / 0\n")
    ran = place.here("plan", TASK, *AGENTS, *words)
    assert (ran.code, ran.out) == (2, ""), ran
    assert says in ran.sentence


def test_ones_own_list_decides_before_the_tool_does(place: Place) -> None:
    write(place, LOOK, BOOK)
    ran = planned(place, "--effect", "trains=read", "--reads", "0", "--json")
    figures = last(ran)["figures"]
    assert figures["executions"]["read"]["used"] == figures["executions"]["none"]["used"] == 0
    assert figures["executions"]["live"]["used"] == 2


def test_an_environment_that_cannot_be_copied_stays_a_write_and_says_why(place: Place) -> None:
    write(place, {"action": "names", "arguments": {}})
    (place.folder / "drawer.py").write_text(
        "from outrider.tools import Toolbox\n\n\nclass Drawer:\n    def names(self) -> list[str]:\n"
        '        """The names."""\n        return []\n\n\ntoolbox = Toolbox.around(Drawer())\n'
    )
    ran = planned(place, "--effect", "names=none", tools=("--tools", "drawer.py"))
    assert ran.code == 0
    assert ran.sentence.startswith("outrider: names stays a write, though --effect says none: ")


def test_sub_plans_share_the_tools(place: Place) -> None:
    write(place, LOOK, BOOK)
    (place.folder / "two.json").write_text(
        json.dumps([{"name": "there", "task": TASK}, {"name": "again", "task": TASK, "after": ["there"]}])
    )
    ran = place.here("plan-all", "two.json", *AGENTS, "--tools", "mine.py")
    assert ran.code == 0, ran
    booked = lines(place, "booked.txt")
    assert len(booked) == len(set(booked)) == 2, "each under a key of its own"


# A server's tools -----------------------------------------------------------------------------------------------------


def served(place: Place, action: str, arguments: dict[str, object], manners: str = "") -> tuple[str, str]:
    """The server's option; the recording names one of its tools."""
    pytest.importorskip("mcp")
    write(place, {"action": action, "arguments": arguments})
    return "--tools", f"mcp:{sys.executable} {SERVER} peeked.txt {manners}"


def executions(ran: Ran, kind: str) -> int:
    used: int = last(ran)["figures"]["executions"][kind]["used"]
    return used


def test_an_mcp_servers_tools_run_once_their_step_is_confirmed_whatever_it_hints(place: Place) -> None:
    ran = planned(place, "--json", tools=served(place, "add", {"a": 1, "b": 2}))
    assert ran.code == 0, ran.err
    assert last(ran)["plan"][0]["observation"] == '{"sum":3}'
    assert (executions(ran, "live"), executions(ran, "none")) == (1, 0)


def test_a_trusted_servers_hints_count(place: Place) -> None:
    ran = planned(place, "--json", "--trust", tools=served(place, "add", {"a": 1, "b": 2}))
    assert ran.code == 0, ran.err
    assert (executions(ran, "live"), executions(ran, "none")) == (0, 1)


def test_a_server_and_a_module_can_be_used_together(place: Place) -> None:
    tools = served(place, "add", {"a": 1, "b": 2})
    ran = planned(place, "--effect", "add=read", "--approve", "book=always", "--json", tools=(*tools, "--tools", "mine.py"))
    assert ran.code == 0, ran.err
    assert executions(ran, "read") == 1


def test_a_server_that_does_not_start_is_a_tool_without_an_answer(place: Place) -> None:
    pytest.importorskip("mcp")
    write(place, LOOK)
    ran = planned(place, tools=("--tools", f"mcp:{sys.executable} {SERVER} peeked.txt stillborn"))
    assert (ran.code, ran.out) == (6, "")
    assert "there is no database" in ran.sentence


# Trips that are looked up ---------------------------------------------------------------------------------------------


def test_trips_can_be_made_where_every_step_is_executed(place: Place) -> None:
    task, agents = "Tampa to Savannah, 3 days from March 4, private room, $900", ("-a", "greedy@travel", "-t", "greedy@travel")
    ran = place.here("plan", "--world", "travel-tools", task, *agents, "--json")
    assert ran.code == 0, ran
    assert all('"usd"' in step["observation"] for step in last(ran)["plan"][:-1])
    assert last(ran)["to_read"].startswith("Tampa to Savannah")
    told = place.here("plan", "--world", "travel", task, *agents, "--json")
    assert [step["arguments"] for step in last(told)["plan"]] == [step["arguments"] for step in last(ran)["plan"]]
