"""Steps that are executed, over HTTP and AG-UI: the scene, approve and settle, and the protocol's tool calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from outrider import Declared, Session, plan
from outrider.journal import JournalStore, MemoryJournal
from outrider.rules.events import Record
from outrider.testing import FakeTools, run

from .asking import Said, Served, by_script, served
from .test_ag_ui import flat, of, projected, shown_by

ASKS = Declared("pour", approval="always", undo=True)


def tea(journal: JournalStore, tools: FakeTools, *actions: str) -> Session:
    """A session that makes tea in earnest: the target takes 4 s a step, drafts take 1 s and name the same."""
    return plan(
        "Make tea", target=by_script(*actions, takes_s=4.0, name="slow"),
        approximation=by_script(*actions, takes_s=1.0, name="quick"), lookahead=2, journal=journal, tools=tools, ask=True,
    )  # fmt: skip


async def says(server: Served, url: str, command: str, number: str = "c1", **more: Any) -> Said:
    return await server.client.post(f"{url}/commands", {"id": number, "command": command, **more})


async def scene(server: Served, url: str) -> Any:
    return (await server.client.get(f"{url}/scene")).json


def test_a_tool_that_is_approved_runs_once_however_often_the_command_is_sent() -> None:
    async def main() -> None:
        tools = FakeTools(ASKS, takes_s=2.0)
        async with served() as server:
            url = await server.begin(tea(server.journal, tools, "pour"))
            await asyncio.sleep(5)
            asked = (await scene(server, url))["asked"]
            assert {name: asked[name] for name in ("at", "question", "text", "said", "answers", "writes")} == {
                "at": 0, "question": "approval", "text": "pour", "said": "Step 0, pour, changes the world.",
                "answers": ["y", "s", "b", "q"], "writes": True,
            }  # fmt: skip
            for _ in range(3):
                said = await says(server, url, "approve", at=0)
                assert (said.status, said.json) == (200, {"id": "c1", "accepted": True})
            seen = await scene(server, url)
            assert (seen["asked"], seen["confirmed"][0]["observation"]) == (None, None)
            await asyncio.sleep(3)
            step = (await scene(server, url))["confirmed"][0]
            assert (step["observation"], step["runs_s"], step["executed_s"]) == ("pour after 0 effects", None, 7.0)
            assert len(tools.effects) == 1

    run(main())


def test_what_came_of_it_is_the_persons_to_say_and_the_tool_is_not_run() -> None:
    async def main() -> None:
        tools = FakeTools(ASKS)
        async with served() as server:
            url = await server.begin(tea(server.journal, tools, "pour"))
            await asyncio.sleep(5)
            assert (await says(server, url, "settle", at=0, observation="poured\nby hand\x1b")).status == 200
            step = (await scene(server, url))["confirmed"][0]
            assert (step["observation"], step["settled"]) == ("poured\nby hand\ufffd", True)
            assert tools.ran == []

    run(main())


def test_what_is_said_to_have_happened_is_taken_back_by_going_back() -> None:
    async def main() -> None:
        tools = FakeTools(Declared("pour", undo=True), loses=lambda step, key: "after")
        async with served() as server:
            url = await server.begin(tea(server.journal, tools, "pour"))
            await asyncio.sleep(5)
            asked = (await scene(server, url))["asked"]
            assert (asked["question"], asked["undoing"], asked["answers"]) == ("unsure", False, ["y", "s", "h", "q"])
            refused = await says(server, url, "settle", at=0, observation="poured", happened="yes")
            assert 'happened is "yes"; give true or false' in refused.json["error"]["message"]
            assert (await says(server, url, "settle", "c2", at=0, observation="poured", happened=True)).status == 200
            assert (await says(server, url, "go_back", "c3", at=0)).status == 200
            await asyncio.sleep(1)
            assert len(tools.undone) == 1

    run(main())


def test_where_taking_back_gave_no_answer_it_can_be_taken_back_again() -> None:
    async def main() -> None:
        tools = FakeTools(Declared("pour", undo=True), loses_undo=lambda step, key: "after")
        async with served() as server:
            url = await server.begin(tea(server.journal, tools, "pour"))
            await asyncio.sleep(6)
            assert (await says(server, url, "go_back", at=0)).status == 200
            await asyncio.sleep(1)
            asked = (await scene(server, url))["asked"]
            assert (asked["question"], asked["undoing"], asked["answers"]) == ("unsure", True, ["y", "s", "h", "b", "q"])
            assert (await says(server, url, "go_back", "c2", at=0)).status == 200
            await asyncio.sleep(1)
            assert len(tools.undone) == 2

    run(main())


def test_an_answer_to_what_is_not_asked_is_refused_and_does_nothing() -> None:
    async def main() -> None:
        tools = FakeTools(ASKS)
        async with served() as server:
            url = await server.begin(tea(server.journal, tools, "pour"))
            early = await says(server, url, "approve", "c0", at=0)
            assert (early.status, early.error) == (409, "not_now")
            await asyncio.sleep(5)
            other = await says(server, url, "settle", "c1", at=3, observation="x")
            assert (other.status, other.error) == (409, "not_now")
            assert "but about step 0" in other.json["error"]["message"]
            assert (await scene(server, url))["asked"]["at"] == 0

    run(main())


@pytest.mark.parametrize(
    "body",
    [{"command": "approve"}, {"command": "settle", "at": 0}, {"command": "settle", "observation": "x"},
     {"command": "settle", "at": 0, "observation": 3}, {"command": "approve", "at": 0, "observation": "x"}],
)  # fmt: skip
def test_an_answer_that_lacks_something_or_has_too_much_is_refused(body: dict[str, Any]) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(tea(server.journal, FakeTools(ASKS), "pour"))
            said = await server.client.post(f"{url}/commands", {"id": "c1", **body})
            assert (said.status, said.error) == (400, "bad_option")

    run(main())


def test_going_back_behind_what_cannot_be_undone_is_refused_and_what_can_be_says_that_it_is() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(tea(server.journal, FakeTools(Declared("pour")), "pour"))
            await asyncio.sleep(5)
            refused = await says(server, url, "go_back", at=0)
            assert refused.status == 409
            assert "cannot be undone, so there is no going back behind it" in refused.json["error"]["message"]
            url = await server.begin(tea(server.journal, FakeTools(Declared("pour", undo=True), takes_s=2.0), "pour"))
            await asyncio.sleep(7)
            assert (await says(server, url, "go_back", at=0)).status == 200
            await asyncio.sleep(1)
            assert (await scene(server, url))["undoing"] == {"at": 0, "text": "pour", "since_s": 7.0}

    run(main())


def test_a_step_taken_while_the_one_before_is_executed_is_told() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.begin(tea(server.journal, FakeTools(Declared("pour"), takes_s=9.0), "pour"))
            await asyncio.sleep(5)
            assert (await says(server, url, "take", at=1, text="sip")).status == 200
            seen = await scene(server, url)
            assert (seen["taken"]["text"], seen["next_at"], seen["confirmed"][0]["runs_s"]) == ("sip", 1, 4.0)

    run(main())


# AG-UI --------------------------------------------------------------------------------------------------------------


def recorded(tools: FakeTools, *actions: str, answer: str = "") -> list[Record]:
    """The records of a run; to whatever is asked, ``answer`` is what came of it, or without one the tool may run."""

    async def main() -> list[Record]:
        seen = []
        async with tea(MemoryJournal(), tools, *actions) as session, session.events() as events:
            async for record in events:
                seen.append(record)
                if record.event.kind == "asked":
                    if answer:
                        session.settle(answer)
                    else:
                        session.approve()
        return seen

    return run(main())


def calls(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The events of tool calls, each with what it says."""
    for event in events:
        if event["type"].startswith("TOOL_CALL"):
            says = event.get("toolCallName") or event.get("delta") or event.get("content") or ""
            yield event["type"].removeprefix("TOOL_CALL_"), says


def test_an_execution_is_a_tool_call_with_its_arguments_and_its_result() -> None:
    events = flat(projected(recorded(FakeTools(Declared("pour")), "pour", "pour")))
    one = [("START", "pour"), ("ARGS", "{}"), ("END", "")]
    assert list(calls(events)) == [*one, ("RESULT", "pour after 0 effects"), *one, ("RESULT", "pour after 1 effects")]
    ids = [event["toolCallId"] for event in events if event["type"].startswith("TOOL_CALL")]
    assert ids == ["run/call/1"] * 4 + ["run/call/2"] * 4


def test_tools_of_drafts_are_not_told_before_their_step_is_confirmed() -> None:
    records = recorded(FakeTools(Declared("pour", effect="none"), takes_s=1.0), "pour")
    found = projected(records)
    first = next(n for n, events in enumerate(found) if of("TOOL_CALL_START", events))
    assert records[first].time_s == 4.0
    assert list(calls(flat(found))) == [("START", "pour"), ("ARGS", "{}"), ("END", ""), ("RESULT", "pour after 0 effects")]


def test_what_is_asked_is_an_event_that_names_the_commands_that_answer_it() -> None:
    events = flat(projected(recorded(FakeTools(ASKS), "pour", answer="by hand")))
    (asked,) = [event["value"] for event in of("CUSTOM", events) if event["name"] == "outrider.asked"]
    assert (asked["at"], asked["question"], asked["answers"]) == (0, "approval", ["approve", "settle", "go_back", "stop"])
    assert list(calls(events))[-1] == ("RESULT", "by hand")
    _, activities = shown_by(events)
    assert activities["run/step/0"]["observation"] == "by hand"


def test_a_step_that_an_earlier_session_has_executed_is_no_call_of_this_one() -> None:
    async def main() -> list[Record]:
        first = tea(MemoryJournal(), FakeTools(Declared("pour")), "pour")
        async with first, first.events() as events:
            async for record in events:
                if record.event.kind == "executed":
                    first.stop()
        tools = FakeTools(Declared("pour"))
        slow = by_script("pour", takes_s=4.0, name="slow")
        async with plan("Make tea", target=slow, tools=tools, going_on_from=first.plan) as session, session.events() as events:
            seen = [record async for record in events]
        assert tools.ran == []
        return seen

    events = flat(projected(run(main())))
    assert list(calls(events)) == []
    state, _ = shown_by(events)
    assert (state["confirmed"][0]["observation"], state["confirmed"][0]["earlier"]) == ("pour after 0 effects", True)
