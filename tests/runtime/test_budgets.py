"""Budgets and the limit on steps in whole sessions: speculation is cut first, the person is asked, and nothing is overshot."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from outrider import Budget, Limits, Meter, ServerLimits, Session, Task, Usage, plan
from outrider.errors import BadOption, BudgetReached, NotNow, RunStopped
from outrider.journal import MemoryJournal, replay
from outrider.model import Answer, Prefix
from outrider.rules.events import Allowed, Cancelled, Extended, Reached, Record, Started
from outrider.runtime.keeping import Journal
from outrider.testing import FakeAgent, ScriptedAgent, run, steps

ROUTE = ("a", "b", "c", "d", "e")

CENT = Usage(prompt_tokens=80, output_tokens=20, counted="reported", cost_usd=0.01)
"""What a call may use at most."""


class Frugal(FakeAgent):
    """An agent whose calls use only a part of what they might."""

    def __init__(self, *route: str, takes_s: float, uses: float = 1.0, name: str = "frugal") -> None:
        path = steps(*route, "finish")
        super().__init__(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s, name=name)
        self._uses = Usage(prompt_tokens=80, output_tokens=round(20 * uses), counted="reported", cost_usd=0.01 * uses)
        self.spent_usd = 0.0

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        meter.settle(self._uses)
        self.spent_usd += self._uses.cost_usd or 0.0
        return await super().next_step(task, prefix, meter)

    def most(self, task: Task, prefix: Prefix) -> Usage:
        return CENT


def made(budget: Budget, *, lookahead: int = 0, ask: bool = True, max_steps: int = 30, journal: Journal | None = None) -> Session:
    return plan(
        "to the sea",
        approximation=Frugal(*ROUTE, takes_s=0.5),
        target=Frugal(*ROUTE, takes_s=3.0),
        lookahead=lookahead,
        limits=Limits(budget=budget),
        max_steps=max_steps,
        ask=ask,
        journal=journal,
    )


async def watched(session: Session, person: Coroutine[Any, Any, None]) -> list[Record]:
    async with session, asyncio.TaskGroup() as group, session.events() as events:
        group.create_task(person)
        return [record async for record in events]


def test_a_session_whose_budget_is_used_up_is_held_and_goes_on_when_more_is_allowed() -> None:
    journal = MemoryJournal()
    session = made(Budget(calls=2), journal=journal)

    async def person() -> None:
        await asyncio.sleep(100)
        assert [str(step) for step in session.plan.prefix] == ["a", "b"]
        session.allow(calls=4, reason="it is nearly there")

    records = run(watched(session, person()))
    assert session.plan.complete
    assert [record.event for record in records if isinstance(record.event, Reached | Allowed)] == [
        Reached(at=2, limit="budget", reason="the budget has no room for another call: 2 of 2 calls spent"),
        Allowed(calls=4, reason="it is nearly there"),
    ]
    assert session.figures.held_s == 94.0
    replayed = replay(journal.read(session.name))
    assert replayed.checked
    assert replayed.figures.as_json() == session.figures.as_json()


def test_where_nobody_is_there_to_ask_the_run_ends_with_the_plan_kept() -> None:
    async def alone() -> None:
        async with made(Budget(calls=2), ask=False) as session:
            with pytest.raises(BudgetReached, match="2 of 2 calls spent") as raised:
                await session.result()
        assert raised.value.plan is not None
        assert [str(step) for step in raised.value.plan.prefix] == ["a", "b"]

    run(alone())


def test_at_a_budget_the_person_may_stop() -> None:
    async def stopping() -> None:
        async with made(Budget(calls=1)) as session:
            await asyncio.sleep(10)
            session.stop()
            with pytest.raises(RunStopped):
                await session.result()

    run(stopping())


def test_more_allows_as_much_again_as_was_given_of_what_ran_out() -> None:
    session = made(Budget(usd=0.02), max_steps=4)

    async def person() -> None:
        with pytest.raises(NotNow, match="held at no limit"):
            session.more()
        for _ in range(3):
            await asyncio.sleep(50)
            session.more("go on")

    records = run(watched(session, person()))
    assert [record.event for record in records if isinstance(record.event, Allowed | Extended)] == [
        Allowed(usd=0.02, reason="go on"),
        Extended(steps=4, reason="go on"),
        Allowed(usd=0.02, reason="go on"),
    ]
    assert session.plan.complete


@pytest.mark.parametrize("calls", [2, 3, 5, 8])
@pytest.mark.parametrize("drafted", ["abcde", "xxxxx"])
def test_speculation_is_cut_first_so_the_last_call_of_a_budget_is_the_frontiers(calls: int, drafted: str) -> None:
    async def tight() -> tuple[list[Record], Session]:
        session = plan(
            "to the sea",
            approximation=Frugal(*drafted, takes_s=0.5),
            target=Frugal(*ROUTE, takes_s=3.0),
            lookahead=4,
            limits=Limits(budget=Budget(calls=calls)),
        )
        async with session, session.events() as events:
            return [record async for record in events], session

    records, session = run(tight())
    started = [record.event for record in records if isinstance(record.event, Started)]
    assert len(started) == calls
    assert (started[-1].role, started[-1].at) == ("target", len(session.plan.steps) - 1)


class Counting(Frugal):
    """An agent that counts what all its calls together have used, those that were cancelled too."""

    def __init__(self, *route: str, takes_s: float, uses: float) -> None:
        super().__init__(*route, takes_s=takes_s, uses=uses)
        self.calls = self.tokens = 0

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        self.calls += 1
        self.tokens += self._uses.tokens
        return await super().next_step(task, prefix, meter)


def spent(*agents: Counting) -> dict[str, float]:
    return {
        "calls": sum(agent.calls for agent in agents),
        "tokens": sum(agent.tokens for agent in agents),
        "usd": sum(agent.spent_usd for agent in agents),
    }


async def crowd(limits: Callable[[], Limits], uses: float) -> tuple[dict[str, float], list[Session]]:
    """Two hundred sessions at once; what their agents have used, and the sessions once all have ended."""
    slow, fast = Counting(*ROUTE, takes_s=3.0, uses=uses), Counting("a", "x", "c", "y", "e", takes_s=0.5, uses=uses)
    ended: list[Session] = []

    async def one() -> None:
        async with plan("to the sea", approximation=fast, target=slow, lookahead=3, limits=limits()) as session:
            with suppress(BudgetReached):
                await session.result()
            ended.append(session)

    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            group.create_task(one())
    return spent(slow, fast), ended


CAPS: dict[str, tuple[dict[str, Any], float]] = {
    "calls": ({"calls": 300}, 1),
    "tokens": ({"tokens": 30_000}, 100),
    "usd": ({"usd": 3.0}, 0.01),
}
"""A cap of each kind, and the most of it that a call may use."""


@pytest.mark.parametrize("uses", [1.0, 0.4])
@pytest.mark.parametrize("shared", ["limits", "budget"])
@pytest.mark.parametrize("what", CAPS)
def test_two_hundred_concurrent_sessions_overshoot_a_cap_by_nothing(what: str, uses: float, shared: str) -> None:
    async def main() -> None:
        given, one_call = CAPS[what]
        budget = Budget(**given)
        everybody = Limits(budget=budget, calls_at_once=50, servers=ServerLimits())
        used, ended = await crowd(lambda: Limits(within=everybody) if shared == "limits" else Limits(budget=budget), uses)
        assert used[what] <= given[what] + 1e-9
        assert used[what] > given[what] - 2 * one_call, "what there is is not left lying"
        assert len(ended) == 200

    run(main())


def test_two_hundred_concurrent_sessions_have_no_call_under_way_for_longer_than_the_seconds_they_share() -> None:
    async def main() -> None:
        busy: list[float] = []

        class Timed(Counting):
            async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
                try:
                    return await super().next_step(task, prefix, meter)
                finally:
                    busy.append(asyncio.get_running_loop().time())

        slow, budget = Timed(*ROUTE, takes_s=3.0, uses=1.0), Budget(seconds=10.0)

        async def one() -> bool:
            async with plan("to the sea", target=slow, lookahead=0, limits=Limits(budget=budget)) as session:
                with suppress(BudgetReached):
                    await session.result()
                return len(session.plan.steps) == 3

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one()) for _ in range(200)]
        assert max(busy) == 10.0, "calls that were under way are closed then, and none begins after"
        assert all(task.result() for task in tasks)

    run(main())


@pytest.mark.parametrize(("calls_each", "calls"), [(1, 200), (3, 300)])
@pytest.mark.parametrize("what", CAPS)
def test_each_session_keeps_its_own_cap_and_all_of_them_that_of_the_process(what: str, calls_each: int, calls: int) -> None:
    async def main() -> None:
        given, one_call = CAPS[what]
        everybody = Limits(budget=Budget(**given, whose="the budget of this process"))
        own: dict[str, Any] = {what: calls_each * one_call}
        used, ended = await crowd(lambda: Limits(budget=Budget(**own), within=everybody), 1.0)
        assert used["calls"] == calls, "the sessions' caps together, or that of the process, whichever is less"
        assert used[what] <= given[what] + 1e-9
        assert max(session.figures.usage.tokens for session in ended) <= calls_each * CENT.tokens

    run(main())


def test_seconds_end_even_a_call_that_is_under_way_and_the_person_may_allow_more() -> None:
    session = made(Budget(seconds=7))

    async def person() -> None:
        await asyncio.sleep(1000)
        session.allow(seconds=60)

    records = run(watched(session, person()))
    reached = [(record.time_s, record.event.reason) for record in records if isinstance(record.event, Reached)]
    assert reached == [(7.0, "the budget has no room for another call: 7 of 7 s spent")]
    assert session.plan.complete
    assert session.figures.total_s == 1000 + 4 * 3.0


def test_at_the_limit_on_steps_the_person_may_extend_the_plan() -> None:
    session = made(Budget(calls=100), max_steps=3, lookahead=2)

    async def person() -> None:
        await asyncio.sleep(50)
        session.extend(5, "two more changes of trains")

    records = run(watched(session, person()))
    assert session.plan.complete
    assert [record.event.limit for record in records if isinstance(record.event, Reached)] == ["steps"]
    assert not [record for record in records if isinstance(record.event, Cancelled) and record.time_s > 50]


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ({}, "say how many calls, tokens, dollars"),
        ({"calls": 0}, "give a positive number"),
        ({"seconds": float("inf")}, "give a positive number"),
        ({"usd": 1.0}, "there is no limit on dollars"),
    ],
)
def test_an_allowance_that_makes_no_sense_changes_nothing(more: dict[str, Any], remedy: str) -> None:
    async def asking() -> None:
        budget = Budget(calls=1, seconds=100)
        async with made(budget) as session:
            with pytest.raises(BadOption, match=remedy):
                session.allow(**more)
            assert (budget.calls, budget.seconds) == (1, 100)
            session.stop()

    run(asking())


def test_a_session_without_a_budget_of_its_own_has_none_to_raise() -> None:
    async def asking() -> None:
        everybody = Limits(budget=Budget(calls=1))
        async with plan("to the sea", target=ScriptedAgent("a"), limits=Limits(within=everybody), ask=True) as session:
            await asyncio.sleep(1)
            with pytest.raises(BadOption, match="no budget of its own"):
                session.more()
            with pytest.raises(BadOption, match="give at least 1"):
                session.extend(0)
            session.stop()

    run(asking())


def test_a_budget_below_one_call_is_told_beforehand() -> None:
    with pytest.raises(BadOption, match=r"the budget of 0.005 \$ has no room for a single call: slow may use up to 0.01 \$"):
        Budget(usd=0.005).check(CENT, "slow")
    with pytest.raises(BadOption, match="has no room for a single call"):
        Budget(tokens=99).check(CENT)
    Budget(tokens=100, usd=0.01, calls=1).check(CENT)


@pytest.mark.parametrize("value", [0, -1, float("nan")])
@pytest.mark.parametrize("what", ["calls", "tokens", "usd", "seconds"])
def test_a_budget_of_nothing_is_refused(what: str, value: float) -> None:
    given: dict[str, Any] = {what: value}
    with pytest.raises(BadOption, match="allows nothing; give a positive number or leave it out"):
        Budget(**given)
