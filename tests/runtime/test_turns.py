"""Turns: fair between sessions, the frontier first, room kept for it, and limits within limits."""

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Budget, Limits, ServerLimits, Usage
from outrider.errors import BudgetReached
from outrider.runtime.servers import Places
from outrider.runtime.turns import Caller, Condition, Ticket, Turns
from outrider.testing import run

DOLLAR = Usage(prompt_tokens=6, output_tokens=4, counted="reported", cost_usd=1.0)


def closes(task: asyncio.Task[None] | None) -> Callable[[], None]:
    """What withdraws a ticket whose call is ``task``."""
    assert task is not None

    def close() -> None:
        task.cancel()

    return close


async def call(
    limits: Limits, began: list[str], name: str, *, caller: Caller, urgent: bool = False, takes_s: float = 1.0, keep: bool = False
) -> None:
    ticket = Ticket(urgent=urgent, most=DOLLAR, keep=DOLLAR if keep else None, caller=caller)
    ticket.withdraw = closes(asyncio.current_task())
    async with limits.turn(ticket):
        began.append(name)
        await asyncio.sleep(takes_s)
        ticket.used, ticket.answered = DOLLAR, True


def test_a_session_with_one_call_does_not_wait_for_all_of_another_session_with_many() -> None:
    async def queueing() -> None:
        limits, began = Limits(calls_at_once=1), list[str]()
        many, few = Caller(), Caller()
        async with asyncio.TaskGroup() as group:
            for n in range(5):
                group.create_task(call(limits, began, f"many {n}", caller=many))
            await asyncio.sleep(0)
            group.create_task(call(limits, began, "few", caller=few))
        assert began == ["many 0", "many 1", "few", "many 2", "many 3", "many 4"]

    run(queueing())


Calls = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(1, 4)), min_size=1, max_size=30)
"""For each call its session, when it comes and how long it takes, in quarters of a second."""


class Watched(Condition):
    """Lets everybody in, and holds whoever has been passed twice by the same session against it."""

    def __init__(self) -> None:
        self.waiting: list[Caller] = []
        self.passed: dict[Caller, list[Caller]] = {}

    def comes(self, caller: Caller) -> None:
        if caller not in self.waiting:
            self.passed[caller] = []
        self.waiting.append(caller)

    def enter(self, ticket: Ticket) -> None:
        self.waiting.remove(ticket.caller)
        self.passed[ticket.caller] = []
        for other in {*self.waiting} - {ticket.caller}:
            assert ticket.caller not in self.passed[other], "passed twice by the same session"
            self.passed[other].append(ticket.caller)


@given(Calls, st.integers(1, 3))
@settings(deadline=None)
def test_no_session_is_let_in_twice_while_another_one_waits(calls: list[tuple[int, int, int]], places: int) -> None:
    async def one(turns: Turns, watched: Watched, caller: Caller, comes: int, takes: int) -> None:
        await asyncio.sleep(comes / 4)
        watched.comes(caller)
        async with turns.turn(Ticket(urgent=False, caller=caller)):
            await asyncio.sleep(takes / 4)

    async def all_of_them() -> None:
        watched, callers = Watched(), [Caller() for _ in range(5)]
        turns = Turns([Places(places), watched])
        async with asyncio.TaskGroup() as group:
            for session, comes, takes in calls:
                group.create_task(one(turns, watched, callers[session], comes, takes))

    run(all_of_them())


def test_speculation_leaves_room_for_the_frontiers_next_call() -> None:
    async def cutting() -> None:
        limits, began, one = Limits(budget=Budget(usd=3)), list[str](), Caller()
        async with asyncio.TaskGroup() as group:
            group.create_task(call(limits, began, "frontier", caller=one, urgent=True))
            group.create_task(call(limits, began, "guess", caller=one, keep=True))
            cut = group.create_task(call(limits, began, "a guess too many", caller=one, keep=True))
            await asyncio.sleep(2)
            await call(limits, began, "next", caller=one, urgent=True)
            cut.cancel()
        assert began == ["frontier", "guess", "next"]

    run(cutting())


def test_two_limits_that_share_a_budget_tell_each_other_when_there_is_room() -> None:
    async def sharing() -> None:
        budget, began = Budget(usd=1.5), list[str]()
        half = Usage(counted="reported", cost_usd=0.5)

        async def cheap() -> None:
            ticket = Ticket(urgent=True, most=DOLLAR)
            async with Limits(budget=budget).turn(ticket):
                began.append("one")
                await asyncio.sleep(1)
                ticket.used = half

        async with asyncio.TaskGroup() as group:
            group.create_task(cheap())
            await asyncio.sleep(0)
            group.create_task(call(Limits(budget=budget), began, "another", caller=Caller(), urgent=True))
        assert began == ["one", "another"]
        assert str(budget) == "$1.5 of $1.5 spent"

    run(sharing())


def test_a_session_may_have_a_budget_within_the_budget_of_all() -> None:
    async def nesting() -> list[str]:
        began = list[str]()
        everybody = Limits(budget=Budget(calls=3, whose="the server's budget"), servers=ServerLimits())
        refused = []
        for name, calls in (("a", 2), ("b", 2)):
            limits = Limits(budget=Budget(calls=calls), within=everybody)
            for n in range(3):
                try:
                    await call(limits, began, f"{name}{n}", caller=Caller(), urgent=True)
                except BudgetReached as error:
                    refused.append(str(error))
        assert began == ["a0", "a1", "b0"]
        return refused

    assert run(nesting()) == [
        "the budget has no room for another call: 2 of 2 calls spent",
        "the server's budget has no room for another call: 3 of 3 calls spent",
        "the server's budget has no room for another call: 3 of 3 calls spent",
    ]


def test_a_call_that_waits_for_room_goes_on_when_the_limit_is_raised_and_what_is_inside_leaves_as_it_came() -> None:
    async def raising() -> None:
        began, budget = list[str](), Budget(calls=1)
        async with asyncio.TaskGroup() as group:
            for name in "ab":
                group.create_task(call(Limits(budget=budget), began, name, caller=Caller(), takes_s=10))
            await asyncio.sleep(1)
            assert began == ["a"]
            budget.limit(calls=None, tokens=20, usd=2.0)
            await asyncio.sleep(1)
            assert began == ["a", "b"]
        assert str(budget) == "20 of 20 tokens spent, $2 of $2 spent"

    run(raising())


def test_a_call_whose_price_nobody_knows_leaves_a_budget_that_has_become_one_of_dollars() -> None:
    async def limiting() -> None:
        budget = Budget(calls=5)
        ticket = Ticket(urgent=True)
        async with Limits(budget=budget).turn(ticket):
            budget.limit(calls=None, tokens=None, usd=1.0)
        assert str(budget) == "$0 of $1 spent"

    run(limiting())


def test_a_call_that_did_not_say_what_it_used_counts_with_the_most_that_it_could() -> None:
    async def lost() -> None:
        budget = Budget(calls=5, tokens=50, usd=5.0)
        ticket = Ticket(urgent=True, most=DOLLAR)
        async with Limits(budget=budget).turn(ticket):
            ticket.used = Usage()
        assert str(budget) == "1 of 5 calls spent, 10 of 50 tokens spent, $1 of $5 spent"

    run(lost())


def test_a_call_that_waited_in_a_later_queue_and_was_never_sent_counts_nothing() -> None:
    async def withdrawn() -> None:
        began, budget = list[str](), Budget(calls=2)
        everybody = Limits(calls_at_once=1)
        async with asyncio.TaskGroup() as group:
            group.create_task(call(everybody, began, "long", caller=Caller(), urgent=True, takes_s=9))
            await asyncio.sleep(1)
            waiting = group.create_task(call(Limits(budget=budget, within=everybody), began, "waits", caller=Caller()))
            await asyncio.sleep(1)
            waiting.cancel()
        assert str(budget) == "0 of 2 calls spent"

    run(withdrawn())


Amounts = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 8), st.integers(1, 5), st.integers(0, 5), st.booleans(), st.booleans()),
    min_size=1, max_size=40,
)  # fmt: skip
"""For each call when it comes and how long it takes in quarters, its bound, how much less it uses, urgent, and given up."""


@given(Amounts, st.integers(1, 20), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_no_interleaving_overshoots_a_budget(calls: list[tuple[int, int, int, int, bool, bool]], usd: int, at_once: int) -> None:
    spent = [0.0]
    inside = [0, 0]

    async def one(limits: Limits, comes: int, takes: int, most: int, less: int, urgent: bool) -> None:
        await asyncio.sleep(comes / 4)
        ticket = Ticket(
            urgent=urgent,
            most=Usage(counted="reported", cost_usd=float(most)),
            keep=None if urgent else Usage(counted="reported", cost_usd=1.0),
        )
        ticket.withdraw = closes(asyncio.current_task())
        try:
            async with limits.turn(ticket):
                inside[0] += 1
                inside[1] = max(inside)
                used = float(max(0, most - less))
                spent[0] += used  # even if it is closed half-way
                ticket.used = Usage(counted="reported", cost_usd=used)
                try:
                    await asyncio.sleep(takes / 4)
                finally:
                    inside[0] -= 1
        except BudgetReached:
            pass

    async def all_of_them() -> None:
        limits = Limits(budget=Budget(usd=usd), calls_at_once=at_once)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(limits, *found)) for *found, _ in calls]  # type: ignore[arg-type]
            await asyncio.sleep(2)
            for task, (*_, given_up) in zip(tasks, calls, strict=True):
                if given_up:
                    task.cancel()
            await asyncio.sleep(1000)
            for task in tasks:
                task.cancel()  # speculation for which there was no room any more
        assert spent[0] <= usd
        assert inside[1] <= at_once

    run(all_of_them())


def test_seconds_count_while_calls_are_under_way_and_then_even_the_frontiers_are_closed() -> None:
    async def timing() -> None:
        budget = Budget(seconds=5)
        limits, began, now_s = Limits(budget=budget), list[str](), asyncio.get_running_loop().time
        await call(limits, began, "one", caller=Caller(), urgent=True, takes_s=2)
        await asyncio.sleep(100)  # nobody asks anything
        ticket = Ticket(urgent=True, most=DOLLAR)
        task = asyncio.current_task()
        assert task is not None
        ticket.withdraw = closes(task)
        try:
            async with limits.turn(ticket):
                await asyncio.sleep(10)
        except asyncio.CancelledError:
            task.uncancel()
        assert ticket.refused
        assert now_s() == 105.0
        assert str(budget) == "5 of 5 s spent"
        budget.allow(seconds=1)
        await call(limits, began, "two", caller=Caller(), urgent=True, takes_s=0.5)
        assert began == ["one", "two"]

    run(timing())
