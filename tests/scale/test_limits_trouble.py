"""Limits of sessions in the engine where it answers late, cuts histories, or another process follows the session."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput, WorkflowHistory

from outrider.errors import BudgetReached, OldFence
from outrider.journal import MemoryJournal, to_line
from outrider.model import Task, Usage
from outrider.rules.events import Drafted, Opened, Record, Started, Steered
from outrider.runtime import Budget, Limits
from outrider.runtime.turns import Caller, Ticket
from outrider.scale import Engine, Setting, resume_remote
from outrider.scale.beginning import handle_of
from outrider.scale.gate import Gate
from outrider.scale.wire import (
    BOUND,
    FOLLOWED,
    RECORDS,
    SAY,
    TURN,
    WORKFLOW,
    Begin,
    Bound,
    Queued,
    Said,
    Sent,
    Turn,
    pack,
    to_text,
)
from outrider.testing import FakeAgent, ScriptedAgent, run, steps
from outrider.testing.dev_server import DevServer

from .engines import PLAN, Gated, Given, agents, engine_on, only, ready, recorded, served

SILENT = FakeAgent(lambda prefix: None, name="silent")
"""A drafter that says nothing."""


class Meanwhile(Interceptor):
    """Before a query's answer is there, ``happens`` is called with it."""

    def __init__(self, happens: Callable[[Sent], None]) -> None:
        self.happens = happens

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - its name there
        """The client, with late answers."""
        return _Late(next, self)


class _Late(OutboundInterceptor):
    def __init__(self, further: OutboundInterceptor, meanwhile: Meanwhile) -> None:
        super().__init__(further)
        self._meanwhile = meanwhile

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 - its name there
        answer = await super().query_workflow(input)
        if input.query == RECORDS:
            self._meanwhile.happens(answer)
        return answer


def with_late_answers(engine: Engine, happens: Callable[[Sent], None]) -> Engine:
    """The same engine, whose answers come after ``happens``."""
    options = engine.client.config() | {"interceptors": [Meanwhile(happens)]}
    return replace(engine, client=Client(**options))


@pytest.mark.asyncio
async def test_a_call_that_ended_while_the_answer_that_has_it_waiting_was_on_its_way_takes_no_place(server: DevServer) -> None:
    steered: list[Sent] = []

    def steer(sent: Sent) -> None:
        if sent.calls and not steered:
            steered.append(sent)
            session.steer("by train")  # the waiting call is closed, and another one ordered in its place

    engine = with_late_answers(await engine_on(server), steer)
    async with served(engine, Given({"approximation": SILENT, "target": agents(*PLAN)["target"]})):
        session = (await ready(engine, lookahead=0, calls_at_once=1)).session()
        await recorded(session)
    assert steered
    assert session.plan.prefix == steps(*PLAN, "finish")


@pytest.mark.asyncio
async def test_a_session_is_left_at_once_when_it_was_stopped_while_an_answer_was_on_its_way(server: DevServer) -> None:
    def stop(sent: Sent) -> None:
        if sent.calls:
            session.stop()

    engine = with_late_answers(await engine_on(server), stop)
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(engine, lookahead=0, calls_at_once=1)).session()
        records = await recorded(session)
    assert records[-1].event.kind == "finished"


@pytest.mark.asyncio
async def test_the_frontiers_call_is_the_frontiers_after_the_history_was_cut(server: DevServer) -> None:
    # With 23 events both first calls have mostly begun before the history is to be cut, and the verdict on the draft is asked for
    # after. Where the draft comes too late for that, the answer is not to wait for it: nothing begins before the cut then.
    engine, name = await engine_on(server, most_events=23), secrets.token_hex(4)
    target = Gated(ScriptedAgent("book", name="slow"))
    async with served(engine, Given({"approximation": ScriptedAgent("book", name="fast"), "target": target})):
        session = (await ready(engine, lookahead=1, budget_calls=3)).session(name=name)
        async with session, session.events() as events:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    while not isinstance((await anext(events)).event, Drafted):
                        pass
            await target.asked()
            target.open()
            async for _ in events:
                pass
        description = await handle_of(engine, name).describe()
    assert session.plan.prefix == steps("book", "finish")
    assert description.run_id != description.raw_description.workflow_execution_info.first_run_id


@pytest.mark.asyncio
async def test_what_is_told_while_a_session_goes_on_after_its_history_was_cut_is_heard(server: DevServer) -> None:
    engine, name = await engine_on(server), secrets.token_hex(4)
    setting = Setting(task="go to Oslo", world="free", approximation="fast", target="slow", lookahead="0")
    opened = Opened(task=Task("go to Oslo", "free"), approximation="fast", target="slow", lookahead="0", max_steps=5)
    begin = Begin(
        session=name, setting=setting, opened=to_text(opened), limited=True, queued=[Queued(call=0, urgent=True, bound=Bound())],
        earlier=pack([to_line(Record(n=0, time_s=0.0, event=opened))]),
    )  # fmt: skip
    async with served(engine, Given(agents(*PLAN))):
        handle = await engine.client.start_workflow(
            WORKFLOW, begin, id=handle_of(engine, name).id, task_queue=engine.address.queue, result_type=str,
            start_signal=TURN, start_signal_args=[Turn(call=0, because="there is no room", refused=True)],
        )  # fmt: skip
        assert await handle.result() == "budget"


@pytest.mark.asyncio
async def test_a_session_that_was_begun_without_limits_keeps_those_of_who_follows_it_again(server: DevServer) -> None:
    engine, journal, name = await engine_on(server), MemoryJournal(), secrets.token_hex(4)
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        first = (await ready(engine, lookahead=0, journal=journal)).session(name=name)
        async with first, first.events() as events:
            assert await target.asked() == ()
            while not first.figures.in_flight:
                await anext(events)
            first.pause()
            first.hand_over("the server stops")
        again = resume_remote(name, journal=journal, engine=engine, limits=Limits(budget=Budget(calls=2)))
        async with again:
            while followers(await handle_of(engine, name).fetch_history()) < 2:
                pass
            target.open()
            again.go_on()
            with pytest.raises(BudgetReached, match="2 of 2 calls spent"):
                await again.result()
    assert again.plan.prefix == steps("search", "book")


@pytest.mark.asyncio
async def test_a_call_that_waits_says_what_it_can_use_when_who_follows_it_again_counts_that(server: DevServer) -> None:
    engine, journal, name = await engine_on(server), MemoryJournal(), secrets.token_hex(4)
    used = Usage(prompt_tokens=60, output_tokens=40, counted="reported")
    full = Limits(calls_at_once=1)
    full.turns[0].admit(Ticket(urgent=True))
    async with served(engine, Given({"approximation": SILENT, "target": ScriptedAgent(*PLAN, usage=used)})):
        first = (await ready(engine, lookahead=0, within=full, journal=journal)).session(name=name)
        async with first, first.events() as events:
            await anext(events)
            while not followers(await handle_of(engine, name).fetch_history()):
                pass
            first.hand_over("the server stops")
        again = resume_remote(name, journal=journal, engine=engine, limits=Limits(budget=Budget(tokens=250)))
        records = await recorded(again)
    with pytest.raises(BudgetReached, match="200 of 250 tokens spent"):
        await again.result()
    assert len(only(records, Started)) == 2


def followers(history: WorkflowHistory) -> int:
    """How often somebody has said that they follow it."""
    signals = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    return signals.count(FOLLOWED)


@pytest.mark.asyncio
async def test_what_is_said_with_the_first_sign_of_who_follows_lines_no_call_up_twice(server: DevServer) -> None:
    engine, name = await engine_on(server), secrets.token_hex(4)
    setting = Setting(task="go to Oslo", world="free", approximation="fast", target="slow", lookahead="0")
    opened = Opened(task=Task("go to Oslo", "free"), approximation="fast", target="slow", lookahead="0", max_steps=5)
    begin = Begin(session=name, setting=setting, opened=to_text(opened), followed_within_s=60.0, limited=True, bounded=True)
    said = Said(command=to_text(Steered(at=0, sentence="by train")), since=0)
    async with served(engine, Given(agents(*PLAN))):
        handle = await engine.client.start_workflow(
            WORKFLOW, begin, id=handle_of(engine, name).id, task_queue=engine.address.queue, result_type=str
        )
        while not (await handle.query(RECORDS, 0, result_type=Sent)).total:
            pass
    await handle.signal(FOLLOWED, args=[True, True])  # no worker is there, so both come with one turn
    async with asyncio.TaskGroup() as group:
        group.create_task(handle.execute_update(SAY, said, result_type=Sent))
        async with served(engine, Given(agents(*PLAN))):
            while not (sent := await handle.query(RECORDS, 0, result_type=Sent)).calls or sent.total < 2:
                pass
            await handle.signal(TURN, Turn(call=sent.calls[-1].call, because="there is no room", refused=True))
            assert await handle.result() == "budget"
    asked = bounded(await handle.fetch_history())
    assert len(asked) == len(set(asked))


def bounded(history: WorkflowHistory) -> list[int]:
    """The calls of which a worker was asked what they can use."""
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [json.loads(each.input.payloads[0].data)["call"] for each in scheduled if each.activity_type.name == BOUND]


class Claimed(MemoryJournal):
    """A journal whose session another process claims when its first draft comes."""

    def append(self, session: str, records: list[Record], **mine: Any) -> None:
        """Until then, write."""
        if any(isinstance(record.event, Drafted) for record in records):
            raise OldFence("another process has claimed the session")
        super().append(session, records, **mine)


@pytest.mark.asyncio
async def test_a_limited_session_that_another_process_has_claimed_is_left_though_calls_wait(server: DevServer) -> None:
    engine, limits = await engine_on(server), Limits(calls_at_once=2)
    target = Gated(ScriptedAgent(*PLAN, name="slow"))
    async with served(engine, Given({"approximation": ScriptedAgent(*PLAN, name="fast"), "target": target})):
        session = (await ready(engine, lookahead=2, within=limits, journal=Claimed())).session()
        async with session:
            with pytest.raises(OldFence):
                await session.result()
        target.open()
        other = (await ready(engine, lookahead=0, within=limits)).session()
        await recorded(other)
    assert other.plan.prefix == steps(*PLAN, "finish")


def test_calls_that_another_process_let_in_have_their_places_before_others_are_let_in() -> None:
    told: list[Turn] = []

    async def tell(turn: Turn) -> None:
        told.append(turn)

    async def followed() -> None:
        async with asyncio.TaskGroup() as group:
            gate = Gate(Limits(calls_at_once=1), Caller(), tell)
            gate.go_on(group, [1])
            guess = Queued(call=0, urgent=False, bound=Bound())
            urgent = Queued(call=1, urgent=True, bound=Bound(), is_inside=True)
            gate.look([guess, urgent])
            await asyncio.sleep(1.0)
            assert told == []
            gate.close()

    run(followed())
