"""The person's own tools, with an engine: declared here, run by workers that were started with the same, and by no others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from outrider.agents.agent import as_agent
from outrider.errors import BadOption, NotApproved, Unreachable
from outrider.journal import JournalStore, MemoryJournal
from outrider.launch import Launch, Understood, Wanted, understand
from outrider.model import Approval, Prefix, Step, Task
from outrider.naming import Models
from outrider.providers.prices import Prices
from outrider.rules.events import Asked, Executing, Opened, Reached, Undone
from outrider.scale import Engine, Manner, NamedBuilder, RemoteLaunch, Setting, launch_remote, resume_remote, worker_in_thread
from outrider.scale.activities import Activities
from outrider.scale.wire import Asking, from_text
from outrider.testing.dev_server import DevServer
from outrider.tools import Key, Toolbox, tool
from outrider.web.desk import Desk
from outrider.web.lending import Lending

from .engines import Given, engine_on, only, recorded

pytestmark = pytest.mark.asyncio

TASK = "To Bergen"
LOOK = Step("trains", {"to": "Bergen"})
BOOK = Step("book", {"train": "IC 7"})


def box(did: list[str], *, approval: Approval = "never", more: str = "") -> Toolbox:
    """The tools, which write down what they did to the world."""

    @tool(effect="none")
    def trains(to: str, day: int = 1) -> list[str]:
        """Trains to a town."""
        return [f"IC 7 to {to} on day {day}"]

    @tool(
        undo=lambda arguments, observation, key: did.append(f"undo {key}"), approval=approval, description=f"Books a seat. {more}"
    )
    def book(train: str, key: Key) -> str:
        did.append(f"book {key}")
        return f"a seat on {train}"

    return Toolbox([trains, book])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Of agents that look a train up and book it."""
    return written(tmp_path / "acting.jsonl", LOOK, BOOK)


def written(file: Path, *steps: Step) -> Path:
    named: list[Any] = [{"action": step.action, "arguments": step.arguments} for step in steps]
    rows = [
        {"task": TASK, "at": at, "target": step, "target_s": 0.4, "target_tokens": 9, "draft": step, "draft_s": 0.1}
        for at, step in enumerate([*named, "finish"])
    ]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


@asynccontextmanager
async def working(engine: Engine, has: Toolbox | None) -> AsyncIterator[None]:
    """Inside, a worker serves that was started with these tools."""
    builder = NamedBuilder(Prices(), MemoryJournal(), lambda done, of: None, own_tools=has)
    async with builder, worker_in_thread(engine.address, builder, Manner(draining_s=0), own_tools=has):
        yield


async def ready(
    engine: Engine, tools: Toolbox, recording: Path, journal: MemoryJournal | None = None, **wanted: Any
) -> RemoteLaunch:
    """A run that is begun with these tools."""
    agent = f"recorded:{recording}@40x"
    asked = Wanted(task=TASK, world="tools", approximation=agent, target=agent, lookahead="2", **wanted)
    return await launch_remote(understand(asked, own_tools=tools), engine, journal or MemoryJournal())


async def test_steps_are_executed_by_a_worker_and_not_here_and_an_effect_happens_once(server: DevServer, recording: Path) -> None:
    engine, here, there = await engine_on(server), list[str](), list[str]()
    async with working(engine, box(there)):
        session = (await ready(engine, box(here), recording)).session()
        records = await recorded(session)
    observed = [step.observation for step in session.plan.prefix]
    assert observed == ['["IC 7 to Bergen on day 1"]', "a seat on IC 7", None]
    (opened,) = only(records, Opened)
    assert isinstance(opened, Opened)
    assert opened.tools == box([]).declared
    runs = [event for event in only(records, Executing) if isinstance(event, Executing)]
    assert there == [f"book {session.name}/{run.key}" for run in runs if run.step.action == "book"]
    assert here == []


async def test_where_some_workers_have_no_tools_or_others_every_session_finds_one_that_has_its_own(
    server: DevServer, recording: Path
) -> None:
    engine, others, there = await engine_on(server), list[str](), list[str]()
    async with working(engine, None), working(engine, box(others, more="First class.")), working(engine, box(there)):
        run = await ready(engine, box([]), recording)
        sessions = [run.session() for _ in range(3)]
        async with asyncio.TaskGroup() as group:
            for session in sessions:
                group.create_task(recorded(session))
    assert all(session.plan.complete for session in sessions)
    assert (len(set(there)), len(there), others) == (3, 3, [])


async def test_a_session_whose_history_is_cut_stays_with_the_workers_that_have_its_tools(
    server: DevServer, tmp_path: Path
) -> None:
    engine = await engine_on(server, most_events=40)
    days = [Step("trains", {"to": "Bergen", "day": day}) for day in range(8)]
    async with working(engine, None), working(engine, box([])):
        session = (await ready(engine, box([]), written(tmp_path / "days.jsonl", *days))).session()
        await recorded(session)
        first = await engine.client.get_workflow_handle(f"outrider-{session.name}").describe()
    assert session.plan.complete
    assert len(session.plan.prefix) == 9
    assert first.raw_description.workflow_execution_info.first_run_id != first.run_id


async def test_where_no_worker_has_the_sessions_tools_it_is_said_what_differs_and_nothing_has_run(
    server: DevServer, recording: Path
) -> None:
    engine, there, journal = await engine_on(server), list[str](), MemoryJournal()
    async with working(engine, box(there, more="First class.")):
        session = (await ready(engine, box([]), recording, journal)).session()
        with pytest.raises(
            BadOption, match=r"was begun with: book describes itself.* otherwise; start the workers with the same"
        ):
            await recorded(session)
    assert there == []
    assert journal.sessions() == []


async def test_without_any_worker_it_is_said_that_one_with_the_tools_is_to_be_started(server: DevServer, recording: Path) -> None:
    engine = await engine_on(server)
    with pytest.raises(
        Unreachable, match=r"no worker waits for sessions at .*; start one: outrider worker --engine .* --tools FILE"
    ):
        await recorded((await ready(engine, box([]), recording)).session())


async def test_the_persons_own_rules_on_approval_count_where_they_are_stricter(server: DevServer, recording: Path) -> None:
    engine, there = await engine_on(server), list[str]()
    async with working(engine, box(there)):
        session = (await ready(engine, box([], approval="always"), recording)).session()
        await recorded(session)
    with pytest.raises(NotApproved, match="book needs the person's approval"):
        await session.result()
    assert there == []


async def test_what_the_person_approves_is_run_by_a_worker(server: DevServer, recording: Path) -> None:
    engine, there = await engine_on(server), list[str]()
    async with working(engine, box(there)):
        session = (await ready(engine, box([], approval="always"), recording)).session(ask=True)
        async with session, session.events() as events:
            async for record in events:
                if isinstance(record.event, Asked):
                    assert there == []
                    session.approve()
    assert session.plan.complete
    assert len(there) == 1


async def test_what_came_of_a_tool_without_an_answer_the_person_says_and_it_is_not_run_again(
    server: DevServer, tmp_path: Path
) -> None:
    engine, paid = await engine_on(server), list[int]()

    @tool(timeout_s=0.05)
    async def pay(dollars: int) -> str:
        paid.append(dollars)
        await asyncio.Event().wait()
        return "paid"

    tools = Toolbox([pay])
    async with working(engine, tools):
        session = (await ready(engine, tools, written(tmp_path / "paying.jsonl", Step("pay", {"dollars": 40})))).session(ask=True)
        async with session, session.events() as events:
            async for record in events:
                if isinstance(record.event, Asked):
                    session.settle("paid, says the bank")
    assert [step.observation for step in session.plan.prefix] == ["paid, says the bank", None]
    assert paid == [40]


async def test_what_the_workers_operator_demands_to_be_approved_is_not_run_without(server: DevServer, recording: Path) -> None:
    engine, there = await engine_on(server), list[str]()
    async with working(engine, box(there, approval="unsure")):
        with pytest.raises(BadOption, match=r"plan with --approve book=unsure, or start the workers with --approve book=never"):
            await recorded((await ready(engine, box([]), recording)).session())
    assert there == []


async def test_going_back_takes_an_effect_back_where_it_happened(server: DevServer, recording: Path) -> None:
    engine, here, there = await engine_on(server), list[str](), list[str]()
    async with working(engine, box(there)):
        session = (await ready(engine, box(here), recording, max_steps=2)).session(ask=True)
        async with session, session.events() as events:
            async for record in events:
                if isinstance(record.event, Reached):
                    session.go_back(1)
                elif isinstance(record.event, Undone):
                    session.stop()
    key = there[0].removeprefix("book ")
    assert there == [f"book {key}", f"undo {key}"]
    assert here == []


async def test_it_is_followed_again_with_the_tools_that_it_was_begun_with(server: DevServer, recording: Path) -> None:
    engine, whole, there = await engine_on(server), MemoryJournal(), list[str]()
    async with working(engine, box(there)):
        begun = (await ready(engine, box([]), recording, whole)).session()
        records = await recorded(begun)
        journal = MemoryJournal()
        journal.append(begun.name, records[:6])
        for given in (None, box([], approval="always")):
            with pytest.raises(BadOption, match=r"goes on in the engine with the tools it was begun with, and .*book .* missing"):
                resume_remote(begun.name, journal=journal, engine=engine, own_tools=given)
            assert journal.owner(begun.name) == ""
        session = resume_remote(begun.name, journal=journal, engine=engine, own_tools=box([]))
        assert session.world is not None
        assert [action.name for action in session.world.actions] == ["trains", "book", "finish"]
        assert await recorded(session) == records
    assert len(there) == 1


async def test_a_session_of_the_page_is_executed_by_the_workers(server: DevServer, recording: Path) -> None:
    engine, there, agent = await engine_on(server), list[str](), f"recorded:{recording}@40x"

    async def elsewhere(understood: Understood, models: Models, journal: JournalStore) -> Launch:
        return await launch_remote(understood, engine, journal)

    async with working(engine, box(there)), Desk(MemoryJournal(), Lending(Prices())) as desk:
        desk.launches, desk.own_tools = elsewhere, box([])
        live = await desk.start(Wanted(task=TASK, world="tools", approximation=agent, target=agent, lookahead="2"))
        while not live.over:
            await live.beyond(live.n)
    assert live.session.plan.complete
    assert there == [f"book {live.name}/1"]


async def test_a_worker_makes_no_more_calls_at_once_because_it_serves_two_queues() -> None:
    gate, asked = asyncio.Event(), list[Prefix]()

    async def waits(task: Task, prefix: Prefix) -> Step:
        asked.append(prefix)
        await gate.wait()
        return Step("finish")

    agent = as_agent(waits)
    activities = Activities(Given({"approximation": agent, "target": agent}), 1)
    setting = Setting(task=TASK, world="free", approximation="fast", target="slow", lookahead="0")

    async def ask(call: int) -> None:
        asking = Asking(setting=setting, call=call, role="target", at=0, drafter=0, prefix="[]", sentences=[])
        assert from_text(await ActivityEnvironment().run(activities.ask, asking)).kind == "verified"

    async with asyncio.TaskGroup() as group:
        group.create_task(ask(0))
        group.create_task(ask(1))
        for _ in range(20):  # turns of the loop, and not time
            await asyncio.sleep(0)
        assert len(asked) == 1
        gate.set()
    assert len(asked) == 2
