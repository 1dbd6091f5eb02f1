"""Limits and budgets of sessions in the engine: they count where the session is followed, and hold as they do here."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from outrider.errors import BadOption, BudgetReached
from outrider.journal import MemoryJournal
from outrider.model import Usage
from outrider.rules.events import Cancelled, Failed, Reached, Resumed, Started
from outrider.runtime import Budget, Limits, ServerLimits
from outrider.runtime.turns import FRONTIER_FIRST
from outrider.scale import resume_remote
from outrider.scale.wire import TURN
from outrider.testing import FakeAgent, ScriptedAgent, steps
from outrider.testing.dev_server import DevServer

from .engines import PLAN, Gated, Given, agents, engine_on, kinds, only, ready, recorded, served

pytestmark = pytest.mark.asyncio

SILENT = FakeAgent(lambda prefix: None, name="silent")
"""A drafter that says nothing."""

LARGE = Usage(prompt_tokens=60, output_tokens=40, counted="reported", cost_usd=0.01)


def costly(*plan: str) -> Given:
    """Agents that know what a call of theirs can use: just what it does use."""
    fast, slow = (ScriptedAgent(*plan, usage=LARGE, name=name) for name in ("fast", "slow"))
    return Given({"approximation": fast, "target": slow})


@pytest.mark.parametrize("most", [1, 2])
async def test_so_many_calls_are_under_way_at_once_and_no_more(server: DevServer, most: int) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN, drafts=("search", "wait")))):
        session = (await ready(engine, lookahead=4, calls_at_once=most)).session()
        await recorded(session)
    assert (await session.result()).prefix == steps(*PLAN, "finish")
    assert session.figures.calls_max == most


async def test_speculation_of_one_session_makes_room_for_the_frontier_of_another(server: DevServer) -> None:
    engine, limits = await engine_on(server), Limits(calls_at_once=2)
    drafter, target = Gated(ScriptedAgent(*PLAN, name="fast")), Gated(ScriptedAgent(*PLAN, name="slow"))
    async with served(engine, Given({"approximation": drafter, "target": target})):
        first = (await ready(engine, lookahead=1, within=limits)).session()
        second = (await ready(engine, lookahead=0, within=limits)).session()
        async with first, first.events() as events:
            assert (await target.asked(), await drafter.asked()) == ((), ())
            async with second:
                assert (await drafter.closed(), await target.asked()) == ((), ())
                drafter.open()
                target.open()
                assert (await second.result()).prefix == steps(*PLAN, "finish")
            records = [record async for record in events]
    assert FRONTIER_FIRST in [event.reason for event in only(records, Cancelled) if isinstance(event, Cancelled)]
    assert (await first.result()).prefix == steps(*PLAN, "finish")


async def test_a_budget_of_calls_ends_the_run_with_its_plan_and_no_call_too_many(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given({"approximation": SILENT, "target": agents(*PLAN)["target"]})):
        session = (await ready(engine, lookahead=0, budget_calls=2)).session()
        records = await recorded(session)
    with pytest.raises(BudgetReached, match="the budget has no room for another call: 2 of 2 calls spent") as caught:
        await session.result()
    assert caught.value.plan is not None
    assert caught.value.plan.prefix == steps("search", "book")
    assert len(only(records, Started)) == 2


@pytest.mark.parametrize("wanted", [{"budget_tokens": 250}, {"budget_usd": 0.025}])
async def test_what_a_call_can_use_is_reserved_before_it_begins(server: DevServer, wanted: dict[str, Any]) -> None:
    engine = await engine_on(server)
    async with served(engine, costly(*PLAN)):
        session = (await ready(engine, lookahead=4, **wanted)).session()
        records = await recorded(session)
    with pytest.raises(BudgetReached, match=r"200 of 250 tokens spent|\$0.02 of \$0.025 spent"):
        await session.result()
    assert len(only(records, Started)) == 2


async def test_at_a_limit_the_run_is_held_and_goes_on_when_the_person_allows_more(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given({"approximation": SILENT, "target": agents(*PLAN)["target"]})):
        session = (await ready(engine, lookahead=0, budget_calls=2)).session(ask=True)
        async with session, session.events() as events:
            async for record in events:
                if isinstance(record.event, Reached):
                    session.more()
    assert (await session.result()).prefix == steps(*PLAN, "finish")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"budget_tokens": 99}, "the budget of 99 tokens has no room for a single call: the target may use up to 100 tokens"),
        ({"budget_usd": 0.001}, "has no room for a single call: the target may use up to 0.01"),
    ],
)
async def test_a_budget_without_room_for_a_single_call_ends_the_run_before_one(
    server: DevServer, wanted: dict[str, Any], sentence: str
) -> None:
    engine, builder = await engine_on(server), costly(*PLAN)
    async with served(engine, builder):
        session = (await ready(engine, **wanted)).session()
        await recorded(session)
    with pytest.raises(BudgetReached, match=sentence):
        await session.result()
    assert all(agent.asked == [] for agent in builder.agents.values() if isinstance(agent, FakeAgent))


async def test_where_nobody_knows_what_a_call_can_use_a_budget_of_tokens_is_refused(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(engine, budget_tokens=1000)).session()
        await recorded(session)
    with pytest.raises(BudgetReached, match="a token budget needs agents that know how much a call can use"):
        await session.result()


async def test_a_budget_of_dollars_without_a_price_is_refused_before_the_session_is_opened(server: DevServer) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        with pytest.raises(BadOption, match="the price of fast is not known, so no dollars can be counted"):
            await recorded((await ready(engine, budget_usd=1.0, journal=journal)).session())
    assert [*journal.sessions()] == []


async def test_sessions_share_the_budget_of_their_user(server: DevServer) -> None:
    engine, limits = await engine_on(server), Limits(budget=Budget(calls=5, whose="the budget of user ada"))
    async with served(engine, Given({"approximation": SILENT, "target": agents(*PLAN)["target"]})):
        first = (await ready(engine, lookahead=0, within=limits)).session()
        assert len(only(await recorded(first), Started)) == 4
        second = (await ready(engine, lookahead=0, within=limits)).session()
        assert len(only(await recorded(second), Started)) == 1
    with pytest.raises(BudgetReached, match="the budget of user ada has no room for another call: 5 of 5 calls spent"):
        await second.result()


async def test_when_the_seconds_of_a_budget_are_over_the_calls_under_way_are_closed(server: DevServer) -> None:
    engine = await engine_on(server)
    target = Gated(ScriptedAgent(*PLAN), usage=LARGE)
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        session = (await ready(engine, lookahead=0, budget_seconds=0.2)).session()
        (failed,) = only(await recorded(session), Failed)
        assert await target.closed() == ()
    assert isinstance(failed, Failed)
    assert (failed.budget, failed.error_type, failed.usage.tokens) == (True, "BudgetReached", 100)
    with pytest.raises(BudgetReached, match=r"0\.2.* of 0\.2 s spent"):
        await session.result()


async def test_a_limit_on_requests_is_for_each_server(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN))):
        session = (await ready(engine, lookahead=0, requests_a_minute=4)).session()
        assert len(only(await recorded(session), Started)) == 4
    assert (await session.result()).prefix == steps(*PLAN, "finish")


async def test_what_only_a_server_could_teach_makes_no_call_wait(server: DevServer) -> None:
    engine = await engine_on(server)
    async with served(engine, Given(agents(*PLAN))):
        ready_to = await ready(engine, within=Limits(servers=ServerLimits()))
        session = ready_to.session()
        await recorded(session)
        history = await engine.client.get_workflow_handle(f"outrider-{session.name}").fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    assert TURN not in signals


@pytest.mark.parametrize("wanted", [{"calls_at_once": 2}, {"budget_tokens": 100_000}])
async def test_a_limited_session_whose_history_is_cut_comes_to_the_same_plan(server: DevServer, wanted: dict[str, Any]) -> None:
    engine = await engine_on(server, most_events=30)
    plan = [f"step {at}" for at in range(8)]
    async with served(engine, costly(*plan)):
        session = (await ready(engine, lookahead=3, **wanted)).session()
        await recorded(session)
    assert (await session.result()).prefix == steps(*plan, "finish")


async def test_while_nobody_follows_it_no_call_begins_and_what_was_spent_counts_for_who_goes_on(server: DevServer) -> None:
    engine, journal, name = await engine_on(server), MemoryJournal(), secrets.token_hex(4)
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        first = (await ready(engine, lookahead=0, budget_calls=3, journal=journal)).session(name=name)
        async with first, first.events() as events:
            assert await target.asked() == ()
            while "started" not in kinds(journal.read(name)):
                await anext(events)
            first.hand_over("the server stops")
        target.open()
        with pytest.raises(BadOption, match="begun with limits"):
            resume_remote(name, journal=journal, engine=engine)
        again = resume_remote(name, journal=journal, engine=engine, limits=Limits(budget=Budget(calls=3)))
        records = await recorded(again)
    with pytest.raises(BudgetReached, match="3 of 3 calls spent"):
        await again.result()
    assert again.plan.prefix == steps(*PLAN)
    assert not only(records, Resumed)
    assert len(only(records, Started)) == 3
