"""Sessions in the engine, on a real server: the same plan, the same commands, the same journal."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from outrider import plan
from outrider.errors import BadOption, NotNow, RunStopped, UnknownName
from outrider.journal import MemoryJournal, replay
from outrider.model import Step, Usage
from outrider.rules.events import Cancelled, Confirmed, Finished, Opened, Took
from outrider.scale import Engine, SessionWorkflow
from outrider.scale.wire import SAY, Said, to_text
from outrider.scale.worker import sandbox
from outrider.testing import FakeAgent, ScriptedAgent, steps
from outrider.testing.dev_server import DevServer

from .engines import PLAN, Gated, Given, agents, engine_on, kinds, only, ready, recorded, served

pytestmark = pytest.mark.asyncio

SILENT = FakeAgent(lambda prefix: None, name="silent")
"""A drafter that says nothing."""


def handle_of(engine: Engine, name: str) -> WorkflowHandle[object, object]:
    return engine.client.get_workflow_handle(f"outrider-{name}")


@pytest.mark.parametrize("lookahead", [0, 1, 4])
async def test_a_plan_is_the_one_that_is_made_here(server: DevServer, lookahead: int) -> None:
    engine = await engine_on(server)
    wrong = {
        steps("search"): Step("wait"),
        steps("search", "wait"): Step("pack"),
        steps("search", "wait", "pack"): Step("finish"),
    }
    drafter = ScriptedAgent(*PLAN, elsewhere=wrong, name="fast")
    target = ScriptedAgent(*PLAN, elsewhere={prefix: step for prefix, step in wrong.items() if len(prefix) > 1}, name="slow")
    async with served(engine, Given({"approximation": drafter, "target": target})):
        session = (await ready(engine, lookahead=lookahead)).session()
        await recorded(session)
    async with plan("go to Oslo", approximation=drafter, target=target, lookahead=lookahead) as here:
        made_here = await here.result()
    assert await session.result() == made_here
    assert made_here.prefix == steps(*PLAN, "finish")


async def test_its_records_are_in_the_journal_here_and_replay_to_the_same_plan_and_figures(server: DevServer) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(engine, journal=journal)).session(name="oslo")
        records = await recorded(session)
    assert journal.read("oslo") == records
    replayed = replay(records)
    assert replayed.plan == session.plan
    assert replayed.figures.as_json() == session.figures.as_json()


async def test_agents_have_their_own_names_and_every_worker_is_told_their_specs(server: DevServer) -> None:
    engine, builder = await engine_on(server), Given(agents(*PLAN))
    async with served(engine, builder):
        session = (await ready(engine, approximation="direct@openai:gpt-5-nano", target="react@openai:gpt-5")).session()
        (opened,) = only(await recorded(session), Opened)
    assert isinstance(opened, Opened)
    assert (opened.approximation, opened.target) == ("fast", "slow")
    assert {(s.approximation, s.target) for s in builder.settings} == {("direct@openai:gpt-5-nano", "react@openai:gpt-5")}


async def test_an_agents_name_with_a_secret_in_it_never_reaches_the_engine(server: DevServer) -> None:
    with pytest.raises(BadOption, match=r"holds a secret.*\[hidden\]"):
        await ready(await engine_on(server), target="cot@http://me:key@host/v1#qwen")


async def test_the_person_takes_a_step_and_it_stands_when_take_returns(server: DevServer) -> None:
    engine = await engine_on(server)
    target = Gated(ScriptedAgent(*PLAN, elsewhere={steps("ask"): Step("finish")}))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        session = (await ready(engine, lookahead=0)).session()
        async with session, session.events() as events:
            assert await target.asked() == ()
            assert (await anext(events)).event.kind == "opened"
            session.take("ask")
            assert session.plan.prefix == steps("ask")
            target.open()
            records = [record async for record in events]
    assert session.plan.prefix == steps("ask", "finish")
    (first, _) = only(records, Confirmed)
    assert isinstance(first, Confirmed)
    assert first.by == "person"


async def test_a_command_that_does_not_fit_is_refused_by_the_engines_rules_with_their_sentence(server: DevServer) -> None:
    engine = await engine_on(server)
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        session = (await ready(engine, lookahead=0)).session()
        async with session, session.events() as events:
            await anext(events)
            session.take("ask")
            said = Said(command=to_text(Took(at=0, step=Step("wait"))), since=0)
            with pytest.raises(WorkflowUpdateFailedError) as refusal:
                await handle_of(engine, session.name).execute_update(SAY, said)
            with pytest.raises(NotNow, match="step 0 has its verdict already: ask; go back to 0"):
                session.take("wait", at=0)
            session.stop()
    cause = refusal.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "NotNow"
    assert cause.message == "step 0 has its verdict already: ask; go back to 0 to change it"


async def test_stopping_reaches_the_agent_and_what_it_had_used_is_accounted_for(server: DevServer) -> None:
    engine, used = await engine_on(server), Usage(prompt_tokens=7, output_tokens=3, counted="estimated")
    target = Gated(ScriptedAgent(*PLAN), usage=used)
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        session = (await ready(engine, lookahead=0)).session()
        async with session, session.events() as events:
            await anext(events)
            await target.asked()
            session.stop("enough")
            records = [record async for record in events]
        assert await target.closed() == ()
    (cancelled,) = only(records, Cancelled)
    assert isinstance(cancelled, Cancelled)
    assert cancelled.usage == used
    with pytest.raises(RunStopped, match="enough"):
        await session.result()


async def test_stopped_before_it_was_opened_it_ends_without_a_record_and_nobody_waits(server: DevServer) -> None:
    engine = await engine_on(server)
    session = (await ready(engine)).session()
    async with session, session.events() as events:
        await asyncio.sleep(0)  # it is being opened, and there is no worker
        session.stop("Ctrl-C")
        assert [record async for record in events] == []
    with pytest.raises(RunStopped, match="the run was stopped: Ctrl-C"):
        await session.result()


async def test_a_history_that_has_become_long_is_cut_and_the_session_goes_on(server: DevServer) -> None:
    engine, names = await engine_on(server, most_events=40), tuple(f"step {i}" for i in range(8))
    async with served(engine, Given(agents(*names))):
        session = (await ready(engine)).session()
        records = await recorded(session)
        first = await handle_of(engine, session.name).describe()
    assert session.plan.prefix == steps(*names, "finish")
    assert [record.n for record in records] == list(range(len(records)))
    assert replay(records).plan == session.plan
    assert first.raw_description.workflow_execution_info.first_run_id != first.run_id


async def test_the_same_history_gives_the_same_orders(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN, drafts=("search", "wait")))):
        session = (await ready(engine)).session()
        await recorded(session)
        history = await handle_of(engine, session.name).fetch_history()
    await Replayer(workflows=[SessionWorkflow], workflow_runner=sandbox()).replay_workflow(history)


async def test_what_cannot_be_built_is_said_in_the_workers_words(server: DevServer) -> None:
    class Lacking(Given):
        async def built(self, setting):  # type: ignore[no-untyped-def]
            raise UnknownName("the model nowhere is not known")

    engine = await engine_on(server)
    async with served(engine, Lacking({})):
        with pytest.raises(UnknownName, match="the model nowhere is not known"):
            await recorded((await ready(engine)).session())


async def test_two_sessions_are_apart(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN))):
        run = await ready(engine)
        one, other = run.session(), run.session()
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(recorded(one)), group.create_task(recorded(other))
    assert kinds(first.result())[-1] == kinds(second.result())[-1] == Finished.kind
    assert one.plan == other.plan
