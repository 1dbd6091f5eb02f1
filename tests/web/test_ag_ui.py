"""AG-UI: any run is a run of the protocol too, gives away no more than the picture, and takes commands while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import BaseEvent, Event
from ag_ui.encoder import EventEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws.worlds import Deed, World, deeds, drive, lookaheads, stops, worlds
from pydantic import TypeAdapter
from starlette.types import Message
from views.telling import opened, pictured, told

from outrider import FINISH, Step, plan
from outrider.errors import JournalFull
from outrider.journal import MemoryJournal
from outrider.model import JSON, Prefix
from outrider.rules import Lookahead, Sliding
from outrider.rules.events import Confirmed, Ended, Finished, Record, Shown
from outrider.testing import FakeAgent, run
from outrider.web.ag_ui_events import Projection
from outrider.web.patches import patch

from .asking import Client, Listener, served

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
TASK = "Make tea"
PLAN = ("boil", "warm the pot", "pour", "wait", "sip")

thorough = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

Sent = dict[str, Any]
"""An event as it goes over the wire."""


def wire(events: Iterable[BaseEvent]) -> list[Sent]:
    """The events as the protocol's encoder writes them, each accepted by the protocol's own models."""
    found = []
    for event in events:
        text = EventEncoder().encode(event)
        assert text.startswith("data: ")
        assert text.endswith("\n\n")
        EVENT.validate_json(text.removeprefix("data: "))
        found.append(json.loads(text.removeprefix("data: ")))
    return found


def projected(records: Sequence[Record], *, close: bool = True) -> list[list[Sent]]:
    """What each record comes to, and at the end what closing does."""
    projection = Projection(thread_id="thread", run_id="run", session="tea")
    found = [wire(projection.receive(record)) for record in records]
    return [*found, wire(projection.close("the server was stopped"))] if close else found


def flat(found: Iterable[Iterable[Sent]]) -> list[Sent]:
    return [event for events in found for event in events]


def of(kind: str, events: Iterable[Sent]) -> list[Sent]:
    return [event for event in events if event["type"] == kind]


def check_order(events: Sequence[Sent]) -> None:
    """What the protocol demands of a run."""
    kinds = [event["type"] for event in events]
    assert kinds[0] == "RUN_STARTED"
    assert kinds.count("RUN_STARTED") == 1
    assert kinds[-1] in ("RUN_FINISHED", "RUN_ERROR")
    assert kinds.count("RUN_FINISHED") + kinds.count("RUN_ERROR") == 1
    open_steps: list[str] = []
    open_message = None
    for event in events:
        match event["type"]:
            case "STEP_STARTED":
                assert not open_steps
                open_steps.append(event["stepName"])
            case "STEP_FINISHED":
                open_steps.remove(event["stepName"])
            case "TEXT_MESSAGE_START":
                assert open_message is None
                open_message = event["messageId"]
            case "TEXT_MESSAGE_CONTENT":
                assert event["messageId"] == open_message
                assert event["delta"]
            case "TEXT_MESSAGE_END":
                assert event["messageId"] == open_message
                open_message = None
            case _:
                pass
    assert not open_steps
    assert open_message is None


def applied(state: Any, delta: Iterable[Sent]) -> Any:
    """RFC 6902, as far as we use it."""
    state = copy.deepcopy(state)
    for operation in delta:
        *way, last = operation["path"].split("/")[1:]
        holder = state
        for part in way:
            holder = holder[part]
        match operation["op"]:
            case "replace":
                assert last in holder
                holder[last] = operation["value"]
            case "remove":
                del holder[int(last)]
            case "add":
                assert last == "-"
                holder.append(operation["value"])
    return state


def shown_by(events: Iterable[Sent]) -> tuple[Any, dict[str, Sent]]:
    """The state and the activities that a client holds after ``events``."""
    state: Any = None
    activities: dict[str, Sent] = {}
    for event in events:
        match event["type"]:
            case "STATE_SNAPSHOT":
                state = event["snapshot"]
            case "STATE_DELTA":
                state = applied(state, event["delta"])
            case "ACTIVITY_SNAPSHOT":
                activities[event["messageId"]] = event["content"]
            case _:
                pass
    return state, activities


# Any run ------------------------------------------------------------------------------------------------------------


@thorough
@given(worlds, lookaheads, deeds, stops, st.integers(1, 40))
def test_any_run_is_a_run_of_the_protocol(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed], max_steps: int
) -> None:
    records = drive(world, lookahead, deeds=done + stop, max_steps=max_steps).records
    found = projected(records)
    check_order(flat(found))
    assert found[-1] == []
    outcome = next(record.event.outcome for record in records if isinstance(record.event, Finished))
    last = found[-2][-1]
    if outcome in ("complete", "stopped"):
        assert last["outcome"]["type"] == ("success" if outcome == "complete" else "cancelled")
        assert last["result"]["outcome"] == outcome
        assert len(last["result"]["plan"]) == len(pictured(records).confirmed)
    else:
        assert (last["type"], last["code"]) == ("RUN_ERROR", outcome)


@thorough
@given(worlds, lookaheads, deeds, st.integers(0, 400))
def test_a_run_that_is_cut_off_is_closed_as_an_error(world: World, lookahead: Lookahead, done: list[Deed], n: int) -> None:
    records = drive(world, lookahead, deeds=done).records
    found = projected(records[:n])
    check_order(flat(found))
    assert found[-1] == [] or found[-1][-1]["message"] == "the server was stopped"
    assert (found[-1] == []) == (n >= len(records))


@thorough
@given(worlds, lookaheads, deeds, stops)
def test_what_a_client_holds_is_the_picture_at_every_moment(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    records = drive(world, lookahead, deeds=done + stop).records
    state: Any = None
    activities: dict[str, Sent] = {}
    for n, events in enumerate(projected(records, close=False)):
        picture = pictured(records[: n + 1])
        if events:
            state, more = shown_by([*([{"type": "STATE_SNAPSHOT", "snapshot": state}] if state else []), *events])
            activities |= more
        assert [(step["at"], step["text"], step["by"]) for step in state["confirmed"]] == [
            (step.at, str(step.step), step.by) for step in picture.confirmed
        ]
        draft = picture.verifying
        assert state["verifying"] is None if draft is None else state["verifying"]["text"] == str(draft.step)
        seen = {content["at"]: content["state"] for content in activities.values() if content["state"] != "withdrawn"}
        wanted = dict.fromkeys(range(len(picture.confirmed)), "confirmed")
        assert seen == (wanted if draft is None else {**wanted, draft.at: "verifying"})
        assert list(seen.values()).count("verifying") <= 1
        assert "bars" not in state


@thorough
@given(st.integers(0, 10**6), st.sampled_from([0, 30, 80]), deeds)
def test_no_draft_is_told_before_it_is_shown(seed: int, agreement: int, done: list[Deed]) -> None:
    """Law 5, by names that no two drafts share: a name in what was sent is that of a step on display, then or before."""
    world = World(seed=seed, agreement=agreement)

    def name(prefix: Prefix, who: str) -> Step:
        return Step(f"{who}-{world.roll(who, prefix, 2**40):x}") if len(prefix) < 6 else Step(FINISH)

    def drafted(prefix: Prefix) -> Step:
        return name(prefix, "right") if world.roll("agrees", prefix, 100) < agreement else name(prefix, "wrong")

    journal = MemoryJournal()
    session = plan(
        "t", target=FakeAgent(lambda prefix: name(prefix, "right"), takes_s=2.0), approximation=FakeAgent(drafted, takes_s=0.25),
        lookahead=4, journal=journal, name="tea",
    )  # fmt: skip

    async def main() -> None:
        async with session:
            await session.result()

    run(main())
    records = journal.read("tea")
    seen: set[str] = set()
    for record, events in zip(records, projected(records, close=False), strict=True):
        if isinstance(record.event, Shown | Confirmed):
            seen.add(record.event.step.action)
        told_of = json.dumps(events)
        named = {word for word in told_of.replace('"', " ").replace("\\n", " ").split() if word.startswith(("right-", "wrong-"))}
        assert named <= seen


# By hand ------------------------------------------------------------------------------------------------------------


def test_a_run_opens_with_its_protocol_its_session_and_its_state() -> None:
    (events, _) = projected(told((0.0, opened())))
    assert [event["type"] for event in events] == ["RUN_STARTED", "CUSTOM", "STATE_SNAPSHOT", "STEP_STARTED"]
    assert events[0] == {"type": "RUN_STARTED", "threadId": "thread", "runId": "run", "protocolVersion": "1.0"}
    assert events[1]["name"] == "outrider.session"
    assert events[1]["value"] == {
        "name": "tea", "commands": "/api/sessions/tea/commands", "events": "/api/sessions/tea/events",
    }  # fmt: skip
    assert events[2]["snapshot"]["task"] == "Tidy up"


def test_a_corrected_draft_says_what_was_replaced() -> None:
    records = told(
        (0.0, opened()), (1.0, Shown(at=0, step=Step("b"))), (2.0, Confirmed(at=0, step=Step("a"), by="target", call=0))
    )
    contents = [event["content"] for event in of("ACTIVITY_SNAPSHOT", flat(projected(records)))]
    assert contents[0] == {"at": 0, "state": "verifying", "action": "b", "arguments": {}, "text": "b"}
    assert contents[1] == {
        "at": 0, "state": "confirmed", "by": "target", "how": "instead of b", "replaced": "b", "action": "a", "arguments": {},
        "text": "a",
    }  # fmt: skip


def test_going_back_closes_the_open_step_opens_the_old_one_and_withdraws_what_was_there() -> None:
    done = [Deed(60, "go back", 0), Deed(1, "go on")]
    records = drive(World(agreement=100, draft_quarters=(1, 1), target_quarters=(16, 16)), Sliding(1), deeds=done).records
    place = next(n for n, record in enumerate(records) if record.event.kind == "went_back")
    events = projected(records)[place]
    steps = [(event["type"], event["stepName"]) for event in events if event["type"].startswith("STEP")]
    assert [kind for kind, _ in steps] == ["STEP_FINISHED", "STEP_STARTED"]
    assert steps[1][1] == "step 0"
    withdrawn = [event["content"] for event in of("ACTIVITY_SNAPSHOT", events)]
    assert withdrawn
    assert withdrawn == [{"at": at, "state": "withdrawn"} for at in range(len(withdrawn))]


def test_the_plan_is_the_assistants_message_and_tokens_are_told_by_agent() -> None:
    events = flat(projected(drive(World(agreement=100, length=2), Sliding(2)).records))
    (text,) = of("TEXT_MESSAGE_CONTENT", events)
    (finished,) = of("RUN_FINISHED", events)
    lines = text["delta"].splitlines()
    assert lines[-1] == f"{len(lines) - 1}  finish"
    assert [entry["action"] for entry in finished["result"]["plan"]] == [line.split("  ")[1].split("(")[0] for line in lines]
    used = {entry["model"]: entry for entry in finished["usage"]}
    assert used.keys() == {"drafter", "target"}
    figures = finished["result"]["figures"]
    assert sum(entry["outputTokens"] for entry in used.values()) == figures["output_tokens"]
    assert sum(entry["inputTokens"] for entry in used.values()) == figures["prompt_tokens"]
    assert sum(entry["cachedInputTokens"] for entry in used.values()) == figures["cached_tokens"]


def test_half_a_surrogate_pair_becomes_a_mark_that_can_be_sent() -> None:
    step = Step("say", {"word\ud83d": ["\ud83d"]})
    records = told((0.0, opened()), (1.0, Shown(at=0, step=step)), (2.0, Ended(outcome="stopped", reason="enough \ud83d")))
    state, _ = shown_by(flat(projected(records)[:2]))
    assert state["verifying"]["arguments"] == {"word?": ["?"]}


@thorough
@given(st.lists(st.lists(st.integers(0, 2), max_size=4), min_size=2, max_size=2), st.integers(0, 3), st.integers(0, 3))
def test_a_patch_turns_one_state_into_the_next(lists: list[list[JSON]], one: int, other: int) -> None:
    before: dict[str, JSON] = {"confirmed": lists[0], "held": one, "run": {"n": one}}
    after: dict[str, JSON] = {"confirmed": lists[1], "held": other, "run": {"n": other}}
    assert applied(before, patch(before, after)) == after
    assert list(patch(after, after)) == []


# The endpoint -------------------------------------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """A recording of PLAN, by name: the target takes 4 s a step, drafts take 1 s."""
    file = tmp_path / "tea.jsonl"
    rows = [
        {"task": TASK, "at": at, "target": step, "target_s": 4.0, "draft": step, "draft_s": 1.0}
        for at, step in enumerate((*PLAN, "TERMINATE"))
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return f"recorded:{file}"


def asked(recording: str = "recorded:none", *, task: JSON = TASK, **changes: JSON) -> dict[str, JSON]:
    return {
        "threadId": "thread",
        "runId": "run",
        "messages": [{"id": "0", "role": "user", "content": "Hello"}, {"id": "1", "role": "user", "content": task}],
        "forwardedProps": {"outrider": {"world": "free", "approximation": recording, "target": recording, "lookahead": 2}},
        **changes,
    }


class Asker(Listener):
    """The client's end of a stream that a POST has begun."""

    def __init__(self, body: JSON) -> None:
        super().__init__()
        self._body: list[Message] = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

    async def receive(self) -> Message:
        return self._body.pop() if self._body else await super().receive()


@contextlib.asynccontextmanager
async def running(client: Client, body: JSON) -> AsyncIterator[Asker]:
    """A run that a front end has begun; inside, its events can be read."""
    asker = Asker(body)

    async def listen() -> None:
        await client.app(client.scope("POST", "/ag-ui", {"content-type": "application/json"}), asker.receive, asker.send)
        asker.over.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        yield asker
        asker.gone.set()


def test_a_front_end_starts_a_run_and_reads_it_to_its_end(recording: str) -> None:
    async def main() -> list[Sent]:
        async with served() as server, running(server.client, asked(recording)) as asker:
            return [event.json for event in await asker.all()]

    events = run(main())
    check_order(events)
    assert all(EVENT.validate_python(event) for event in events)
    (finished,) = of("RUN_FINISHED", events)
    assert [step["action"] for step in finished["result"]["plan"]] == [*PLAN, "finish"]
    assert finished["result"]["figures"]["saved_s"] > 0


def test_the_back_channel_takes_the_step_while_the_run_goes_on(recording: str) -> None:
    async def main() -> list[Sent]:
        async with served() as server, running(server.client, asked(recording)) as asker:
            events: list[Sent] = []
            while not of("ACTIVITY_SNAPSHOT", events):
                events.append((await asker.next()).json)
            (session,) = of("CUSTOM", events)
            step = of("ACTIVITY_SNAPSHOT", events)[0]["content"]
            command = {"id": "1", "command": "take", "at": step["at"], "step": {"action": step["action"], "arguments": {}}}
            said = await server.client.post(session["value"]["commands"], command)
            assert (said.status, said.json) == (200, {"id": "1", "accepted": True})
            return [*events, *(event.json for event in await asker.all())]

    events = run(main())
    check_order(events)
    state, _ = shown_by(events)
    assert [step["by"] for step in state["confirmed"]] == ["person", *["target"] * len(PLAN)]


def test_a_front_end_that_goes_leaves_the_session_running(recording: str) -> None:
    async def main() -> None:
        async with served() as server:
            async with running(server.client, asked(recording)) as asker:
                await asker.next()
            (live,) = server.desk.running
            await live.session.result()

    run(main())


def test_a_server_that_stops_ends_the_run_of_its_front_ends(recording: str) -> None:
    async def main() -> list[Sent]:
        async with served() as server, running(server.client, asked(recording)) as asker:
            await asker.next()
            server.desk.close()
            return [event.json for event in await asker.all()]

    last = run(main())[-1]
    assert (last["type"], last["outcome"]["type"]) == ("RUN_FINISHED", "cancelled")


class Full(MemoryJournal):
    """Takes the first records, and no more."""

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        if records[0].n > 4:
            raise JournalFull("the disk is full")
        super().append(session, records, fence=fence, taken=taken, refused=refused)


def test_a_journal_that_is_lost_is_told_as_the_runs_error(recording: str) -> None:
    async def main() -> list[Sent]:
        async with served(Full()) as server, running(server.client, asked(recording)) as asker:
            return [event.json for event in await asker.all()]

    events = run(main())
    check_order(events)
    assert (events[-1]["type"], events[-1]["code"]) == ("RUN_ERROR", "journal_lost")
    assert "the disk is full" in events[-1]["message"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ([], "the body is not a JSON object"),
        ({"threadId": "t", "runId": "r"}, "the body is no RunAgentInput: messages: Field required"),
        (asked(threadId=3), "the body is no RunAgentInput: threadId"),
        (asked(messages=[]), "there is no message of the user; the last one is the task"),
        (asked(messages=[{"id": "0", "role": "assistant", "content": "Hello"}]), "there is no message of the user"),
        (asked(task=[{"type": "image", "source": {"type": "url", "value": "x"}}]), "holds more than text"),
        (asked(task="  "), "the task is empty"),
        (asked(forwardedProps={"outrider": 3}), "forwardedProps.outrider is no object"),
        (asked(forwardedProps={"outrider": {"task": "x"}}), "leave it out of forwardedProps.outrider"),
        (asked(forwardedProps={"outrider": {"mood": "good"}}), "a session has no field 'mood'"),
        (asked(forwardedProps={"outrider": {"world": "nowhere"}}), "the world 'nowhere' is not known"),
        (asked(resume=[{"interruptId": "1", "status": "resolved"}]), "there is nothing to resume"),
        (asked("recorded:none"), "none"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(body: JSON, complaint: str) -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.post("/ag-ui", body)
            assert said.status == 400
            assert complaint in said.json["error"]["message"]
            assert not server.desk.running

    run(main())


def test_what_other_front_ends_forward_beside_is_left_alone(recording: str) -> None:
    body = asked(recording)
    props = body["forwardedProps"]
    assert isinstance(props, dict)
    more: dict[str, JSON] = {**body, "forwardedProps": {**props, "theme": "dark"}, "tools": [], "context": [], "state": {"x": 1}}
    in_parts: JSON = [{"id": "0", "role": "user", "content": [{"type": "text", "text": TASK}]}]

    async def main() -> None:
        async with served() as server:
            async with running(server.client, more) as asker:
                assert (await asker.all())[-1].json["type"] == "RUN_FINISHED"
            async with running(server.client, {**more, "messages": in_parts}) as asker:
                assert (await asker.all())[-1].json["type"] == "RUN_FINISHED"

    run(main())


def test_without_the_token_no_run_starts() -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.post("/ag-ui", asked(), authorization="")
            assert (said.status, said.error) == (401, "no_token")

    run(main())


WITHOUT_THE_EXTRA = """
import sys
sys.modules["ag_ui"] = None  # as if it were not installed
from web.asking import served
from outrider.testing import run

async def main():
    async with served() as server:
        said = await server.client.post("/ag-ui", {})
        print(said.status, said.json["error"]["message"])
        assert (await server.client.get("/api/choices")).status == 200

run(main())
"""


def test_without_the_extra_the_server_works_and_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA], check=True, capture_output=True, text=True, cwd=Path(__file__).parent.parent
    )
    assert done.stdout == "501 AG-UI needs one more package; install it with: pip install 'outrider[ag-ui]'\n"
