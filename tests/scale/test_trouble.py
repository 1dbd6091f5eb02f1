"""What goes wrong: workers that die, tools whose answers get lost, an engine that is not there or goes away."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput, StartWorkflowInput, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from outrider.errors import BadOption, ToolFailed, Unreachable
from outrider.journal import MemoryJournal, to_line
from outrider.model import Declared, Step, Task
from outrider.rules.events import Executed, Executing, Lost, Opened, Record, Stopped, Verified
from outrider.scale import Engine, Setting, address_of, connected, resume_remote
from outrider.scale.beginning import Beginning, handle_of
from outrider.scale.wire import Begin, to_text
from outrider.testing import FakeAgent, FakeTools, ScriptedAgent, steps
from outrider.testing.dev_server import DevServer, free_port

from .engines import PLAN, Gated, Given, agents, engine_on, only, ready, recorded, served

pytestmark = pytest.mark.asyncio


@contextmanager
def hanging(engine: Engine, what: str) -> Iterator[subprocess.Popen[str]]:
    """Inside, a worker in another process hangs as soon as it is asked."""
    at = str(engine.address)
    command = [sys.executable, str(Path(__file__).with_name("hanging.py")), at, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_a_call_of_a_worker_that_is_killed_is_finished_by_another_and_what_it_had_used_counts(server: DevServer) -> None:
    engine = await engine_on(server, silent_after_s=1.0)
    session = (await ready(engine, lookahead=0)).session()
    with hanging(engine, "agent") as process:
        async with session, session.events() as events:
            await anext(events)
            assert said(process) == "asked"
            while b'"prompt_tokens":5' not in await last_sign(engine, session.name):
                pass
            process.kill()
            async with served(engine, Given(agents("book"))):
                records = [record async for record in events]
    assert session.plan.prefix == steps("book", "finish")
    first = next(event for event in only(records, Verified))
    assert isinstance(first, Verified)
    assert (first.usage.prompt_tokens, first.usage.counted) == (5, "estimated")


async def test_when_every_worker_has_gone_whoever_follows_is_told_and_can_follow_again(server: DevServer) -> None:
    engine = await engine_on(server, silent_after_s=1.0, patience_s=1.0)
    journal = MemoryJournal()
    session = (await ready(engine, lookahead=0, journal=journal)).session()

    async def watched(process: subprocess.Popen[str]) -> None:
        async with session, session.events() as events:
            await anext(events)
            assert said(process) == "asked"
            process.kill()
            async for _ in events:
                pass

    with hanging(engine, "agent") as process, pytest.raises(Unreachable, match=f"outrider resume {session.name}"):
        await watched(process)
    async with served(engine, Given(agents("book"))):
        again = resume_remote(session.name, journal=journal, engine=engine)
        await recorded(again)
    assert again.plan.prefix == steps("book", "finish")


async def test_a_session_that_nobody_follows_from_its_beginning_ends_before_its_first_call(server: DevServer) -> None:
    engine, builder = replace(await engine_on(server), followed_within_s=0.3), Given(agents(*PLAN))
    opened = Opened(task=Task("go to Oslo", "free"), approximation="a", target="t", lookahead="1", max_steps=9)
    setting = Setting(task="go to Oslo", world="free", approximation="a", target="t", lookahead="1")
    begin = Begin(session=secrets.token_hex(4), setting=setting, opened=to_text(opened), followed_within_s=0.3)
    async with served(engine, builder):
        await Beginning(engine=engine, begin=begin, token="nobody's")()
        assert await handle_of(engine, begin.session).result() == "stopped"
    assert all(agent.asked == [] for agent in builder.agents.values() if isinstance(agent, ScriptedAgent))


async def test_a_tool_that_writes_is_never_run_again_because_its_worker_was_killed(server: DevServer) -> None:
    engine, tools = await engine_on(server, silent_after_s=1.0), FakeTools(Declared("book"))
    session = (await ready(engine, lookahead=0)).session()
    with hanging(engine, "tool") as process:
        async with session, session.events() as events:
            await anext(events)
            assert said(process) == "asked"
            process.kill()
            async with served(engine, Given(agents("book"), tools)):
                records = [record async for record in events]
    with pytest.raises(ToolFailed, match="no worker has finished it"):
        await session.result()
    assert len(only(records, Executing)) == len(only(records, Lost)) == 1
    assert tools.ran == []


async def test_a_tools_observation_is_part_of_the_plan_and_its_effect_happens_once(server: DevServer) -> None:
    engine, tools = await engine_on(server), FakeTools(Declared("book"), observations=lambda step, before: "booked")
    answers = {(): Step("book"), (Step("book", {}, "booked"),): Step("finish")}
    both = FakeAgent(answers.get)
    async with served(engine, Given({"approximation": both, "target": both}, tools)):
        session = (await ready(engine)).session(name="once")
        records = await recorded(session)
    assert session.plan.prefix == (Step("book", {}, "booked"), Step("finish"))
    assert [key for key, _ in tools.effects] == [
        f"once/{event.key}" for event in only(records, Executing) if isinstance(event, Executing)
    ]
    assert len(only(records, Executed)) == 1


async def test_a_repeatable_effect_whose_answer_got_lost_is_run_again_under_the_same_key(server: DevServer) -> None:
    engine, runs = await engine_on(server), list[str]()

    def lost(step: Step, key: str) -> Literal["", "before", "after"]:
        runs.append(key)
        return "after" if len(runs) == 1 else ""

    tools = FakeTools(Declared("book", repeatable=True), loses=lost, observations=lambda step, before: "booked")
    answers = {(): Step("book"), (Step("book", {}, "booked"),): Step("finish")}
    both = FakeAgent(answers.get)
    async with served(engine, Given({"approximation": both, "target": both}, tools)):
        session = (await ready(engine, lookahead=0)).session()
        await recorded(session)
    assert session.plan.complete
    assert len(tools.ran) == 2
    assert len({run.key for run in tools.ran}) == len(tools.effects) == 1


async def test_the_frontiers_call_has_the_first_priority_and_a_speculative_one_a_lower(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(engine)).session()
        await recorded(session)
        history = await engine.client.get_workflow_handle(f"outrider-{session.name}").fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    asked = [call for call in scheduled if call.activity_type.name == "outrider-ask"]
    asking = [(json.loads(call.input.payloads[0].data)["role"], call.priority.priority_key) for call in asked]
    assert asking[0] == ("target", 1)
    assert all(priority > 1 for role, priority in asking if role == "approximation")


async def calls_of(engine: Engine, name: str) -> list[PendingActivityInfo]:
    """The calls of a session that have not ended, as the engine knows them."""
    try:
        described = await engine.client.get_workflow_handle(f"outrider-{name}").describe()
    except RPCError:  # not begun so far
        return []
    return list(described.raw_description.pending_activities)


async def last_sign(engine: Engine, name: str) -> bytes:
    """What a worker has last said of a call that it is making."""
    calls = await calls_of(engine, name)
    return b"".join(payload.data for call in calls for payload in call.heartbeat_details.payloads)


async def test_without_a_worker_the_person_is_told_how_to_start_one(server: DevServer) -> None:
    engine = await engine_on(server)
    with pytest.raises(Unreachable, match=r"no worker waits for sessions at .*; start one: outrider worker --engine temporal://"):
        await recorded((await ready(engine)).session())


async def test_an_engine_that_is_not_there_is_said_at_once() -> None:
    port = free_port()
    refused = f"no Temporal server answers at 127.0.0.1:{port}: connection refused; start one, .* start-dev --port {port}, or"
    with pytest.raises(Unreachable, match=refused):
        await connected(address_of(f"temporal://127.0.0.1:{port}"))


async def test_a_name_that_the_engine_has_already_is_refused(server: DevServer) -> None:
    engine, name = await engine_on(server), secrets.token_hex(4)
    async with served(engine, Given(agents(*PLAN))):
        await recorded((await ready(engine)).session(name=name))
        with pytest.raises(BadOption, match=f"the engine has a session '{name}' already; give this one another name"):
            await recorded((await ready(engine)).session(name=name))


class LosesAnAnswer(Interceptor):
    """The first session that is begun has begun, and nobody is told."""

    lost = False

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - its name there
        return Losing(next, self)


class Losing(OutboundInterceptor):
    def __init__(self, further: OutboundInterceptor, losing: LosesAnAnswer) -> None:
        super().__init__(further)
        self._losing = losing

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - its name there
        handle = await super().start_workflow(input)
        if not self._losing.lost:
            self._losing.lost = True
            raise RPCError("the answer got lost", RPCStatusCode.UNAVAILABLE, b"")
        return handle


async def test_a_session_that_has_begun_though_the_answer_got_lost_is_begun_once_and_followed(server: DevServer) -> None:
    engine, losing = await engine_on(server), LosesAnAnswer()
    lossy = replace(engine, client=Client(**engine.client.config() | {"interceptors": [losing]}))
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(lossy)).session()
        await recorded(session)
    assert losing.lost
    assert session.plan.prefix == steps(*PLAN, "finish")


class Foretelling(OutboundInterceptor):
    """Every answer to a query ends with a record of a turn that will not have been."""

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 - its name there
        sent = await super().query_workflow(input)
        never = Record(n=sent.total, time_s=0.0, event=Stopped(reason="it will not have been"))
        return replace(sent, lines=[*sent.lines, to_line(never)], total=sent.total + 1, made_at=[*sent.made_at, 1_000_000])


class Foretells(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - its name there
        return Foretelling(next)


async def test_what_a_worker_has_made_and_the_engine_does_not_have_is_never_taken_in(server: DevServer) -> None:
    engine = await engine_on(server)
    foretold = replace(engine, client=Client(**engine.client.config() | {"interceptors": [Foretells()]}))
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(foretold)).session()
        records = await recorded(session)
    assert only(records, Stopped) == []
    assert session.plan.prefix == steps(*PLAN, "finish")
    assert [record.n for record in records] == list(range(len(records)))


async def test_an_engine_that_goes_away_is_said_and_what_was_confirmed_is_kept(binary: str) -> None:
    server = DevServer(binary)
    engine = await engine_on(server, patience_s=0.5, again_for_s=0.5)
    target = Gated(FakeAgent(lambda prefix: Step("book") if not prefix else None))
    session = (await ready(engine, lookahead=0)).session()

    async def watched() -> None:
        async with session, session.events() as events:
            await anext(events)
            await target.asked()
            session.take("pack")
            server.kill()
            async for _ in events:
                pass

    silent = FakeAgent(lambda prefix: None)
    async with served(engine, Given({"approximation": silent, "target": target}), again_for_s=0.5):
        with pytest.raises(Unreachable, match=r"or its workers, have not answered for 0\.5 s; the session goes on there"):
            await watched()
    assert session.plan.prefix == steps("pack")
