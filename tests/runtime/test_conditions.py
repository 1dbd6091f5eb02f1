"""What calls have to fit into, asked by hand: budgets, what a minute allows, what refusals have taught."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import pytest

from outrider import Budget, Limits, ServerLimits, Usage
from outrider.agents.agent import Server
from outrider.errors import BadOption
from outrider.runtime.servers import PROBING, Pace, Places, Throttle
from outrider.runtime.turns import Caller, Condition, Ticket, Turns, withdraw
from outrider.testing import run

DOLLAR = Usage(prompt_tokens=6, output_tokens=4, counted="reported", cost_usd=1.0)


def now(check: Callable[[], None]) -> None:
    """Run it where there is a clock."""

    async def within() -> None:
        check()

    run(within())


def urgent(**what: object) -> Ticket:
    return Ticket(urgent=True, most=DOLLAR, **what)  # type: ignore[arg-type]


def guess(**what: object) -> Ticket:
    return Ticket(urgent=False, most=DOLLAR, **what)  # type: ignore[arg-type]


def inside(condition: Condition, *tickets: Ticket) -> list[Ticket]:
    for ticket in tickets:
        condition.enter(ticket)
        ticket.sent = True
    return list(tickets)


# Limits -------------------------------------------------------------------------------------------------------------


def test_whose_sessions_they_are_is_said_by_the_limits_themselves_or_by_those_around_them() -> None:
    mine, theirs = Caller(), Caller()
    around = Limits(caller=theirs)
    assert around.caller is theirs
    assert Limits(within=around).caller is theirs
    assert Limits(caller=mine, within=around).caller is mine
    assert Limits().caller is None


def test_calls_must_say_how_much_they_could_use_where_tokens_are_counted_or_money() -> None:
    assert Limits(servers=ServerLimits(tokens_a_minute=9)).budgeted
    assert Limits(budget=Budget(calls=9)).budgeted
    assert not Limits(servers=ServerLimits(requests_a_minute=9, calls_at_once=9), calls_at_once=9).budgeted


@pytest.mark.parametrize(
    ("limits", "counted", "in_dollars", "bounded"),
    [
        (Limits(), False, False, False),
        (Limits(calls_at_once=2), True, False, False),
        (Limits(servers=ServerLimits()), False, False, False),
        (Limits(servers=ServerLimits(requests_a_minute=5)), True, False, True),
        (Limits(budget=Budget(calls=2)), True, False, False),
        (Limits(budget=Budget(tokens=2)), True, False, True),
        (Limits(budget=Budget(usd=2)), True, True, True),
        (Limits(budget=Budget(usd=2), servers=ServerLimits()), True, True, True),
        (Limits(budget=Budget(calls=2), servers=ServerLimits(calls_at_once=2)), True, False, True),
    ],
    ids=["nothing", "calls", "a server", "requests", "a budget", "tokens", "dollars", "dollars at a server", "calls at a server"],
)
def test_limits_say_what_they_count(limits: Limits, counted: bool, in_dollars: bool, bounded: bool) -> None:
    assert (limits.counted, limits.in_dollars, limits.bounded) == (counted, in_dollars, bounded)


def test_a_call_that_another_process_has_let_in_has_its_place_whether_there_is_room_or_not() -> None:
    async def entering() -> None:
        limits, began = Limits(calls_at_once=1), list[str]()

        async def call(name: str, *, is_inside: bool = False) -> None:
            async with limits.turn(urgent(), is_inside=is_inside):
                began.append(name)
                await asyncio.sleep(1)

        async with asyncio.TaskGroup() as group:
            group.create_task(call("first"))
            await asyncio.sleep(0)
            group.create_task(call("let in", is_inside=True))
            group.create_task(call("waits"))
            await asyncio.sleep(0.5)
            assert began == ["first", "let in"]
        assert began == ["first", "let in", "waits"]

    run(entering())


def test_a_call_that_is_hurried_is_urgent_where_nothing_is_limited_too() -> None:
    ticket = guess()
    Limits().hurry(ticket)
    assert ticket.urgent


def test_while_an_older_call_is_on_its_way_out_a_newer_one_is_not_withdrawn_for_the_frontiers() -> None:
    async def leaving() -> None:
        turns = Turns([Places(2)])
        old, new = guess(), guess()
        for ticket in (old, new):
            await turns.enter(ticket)
        withdraw(old, "it is not needed")
        async with asyncio.TaskGroup() as group:
            entering = group.create_task(turns.enter(urgent()))
            await asyncio.sleep(1)
            assert (old.leaving, new.leaving, entering.done()) == (True, False, False)
            turns.leave(old)

    run(leaving())


# Budgets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"calls": 0}, {"calls": 1, "tokens": 5}, {"usd": float("inf")}])
def test_what_cannot_be_allowed_changes_nothing(more: dict[str, float]) -> None:
    budget = Budget(calls=2, usd=3.0)
    with pytest.raises(BadOption):
        budget.allow(**more)  # type: ignore[arg-type]
    assert str(budget) == "0 of 2 calls spent, $0 of $3 spent"


def test_who_waits_is_told_when_more_is_allowed_and_who_does_not_wait_any_more_is_not() -> None:
    budget, told = Budget(calls=1), list[str]()

    def look() -> None:
        told.append("more")

    budget.watch(look, waiting=True)
    budget.allow(calls=1)
    assert told == ["more"]
    budget.watch(look, waiting=False)
    budget.allow(calls=1)
    assert told == ["more"]


def test_what_was_spent_before_counts() -> None:
    def check() -> None:
        budget = Budget(calls=9, tokens=100, usd=5.0, seconds=60.0)
        unknown = Usage(prompt_tokens=1, counted="reported")
        budget.count_before([DOLLAR, DOLLAR, unknown], 12.5)
        assert str(budget) == "3 of 9 calls spent, 21 of 100 tokens spent, $2 of $5 spent, 12.5 of 60 s spent"

    now(check)


def test_what_had_been_allowed_before_raises_the_limits_that_there_are() -> None:
    budget = Budget(calls=2, usd=1.0)
    budget.raise_as_before(3, 50, None, 7.0)
    assert (budget.calls, budget.tokens, budget.usd, budget.seconds) == (5, None, 1.0, None)


def test_speculation_that_could_never_leave_room_for_the_frontiers_call_is_not_waited_for() -> None:
    def check() -> None:
        budget = Budget(usd=1.5)
        assert budget.room(guess()) == "now"
        assert budget.room(guess(keep=DOLLAR)) == "never"
        inside(budget, urgent())
        assert budget.room(guess()) == "crowded"

    now(check)


def test_seconds_end_while_calls_are_under_way_and_at_no_other_time() -> None:
    async def passing() -> None:
        budget = Budget(seconds=5.0)
        started = asyncio.get_running_loop().time()
        assert (budget.next_s(), Budget(calls=1).next_s()) == (None, None)
        inside(budget, ticket := urgent())
        await asyncio.sleep(2)
        assert budget.next_s() == started + 5
        await asyncio.sleep(3)
        assert budget.over
        assert budget.next_s() is None
        budget.leave(ticket)

    run(passing())


# What a minute allows -----------------------------------------------------------------------------------------------


def test_what_the_frontier_has_used_of_its_half_of_a_minute_is_not_taken_from_speculation() -> None:
    def check() -> None:
        pace = Pace(10, "requests")
        inside(pace, urgent(), urgent(), urgent(), guess(), guess())
        assert pace.room(guess()) == "now"
        inside(pace, guess(), guess(), guess())
        assert pace.room(guess()) == "later"

    now(check)


@pytest.mark.parametrize("what", ["requests", "tokens"])
def test_a_call_that_was_never_sent_counts_nothing(what: str) -> None:
    def check() -> None:
        pace = Pace(1 if what == "requests" else 10, what)
        pace.enter(unsent := urgent())
        assert pace.room(urgent()) == "later"
        pace.leave(unsent)
        assert pace.room(urgent()) == "now"

    now(check)


def test_tokens_of_a_call_that_does_not_say_what_it_has_used_are_those_that_it_could_have_used() -> None:
    def check() -> None:
        pace = Pace(15, "tokens")
        (silent,) = inside(pace, urgent(used=Usage()))
        pace.leave(silent)
        assert pace.room(urgent()) == "later"
        pace = Pace(15, "tokens")
        (told,) = inside(pace, urgent(used=Usage(prompt_tokens=5, counted="reported")))
        pace.leave(told)
        assert pace.room(urgent()) == "now"

    now(check)


# What refusals teach ------------------------------------------------------------------------------------------------


def throttled(speculative: float, every: float, *, guesses: int, frontier: int) -> Throttle:
    throttle = Throttle()
    throttle.speculative, throttle.every = speculative, every
    inside(throttle, *(guess() for _ in range(guesses)), *(urgent() for _ in range(frontier)))
    return throttle


@pytest.mark.parametrize(
    ("speculative", "every", "guesses", "frontier", "room"),
    [
        (1.0, inf, 0, 0, "now"),
        (1.0, inf, 1, 0, "crowded"),
        (2.0, inf, 1, 5, "now"),
        (inf, 3.0, 0, 2, "now"),
        (inf, 3.0, 1, 1, "now"),
        (inf, 3.0, 0, 3, "crowded"),
        (inf, 3.0, 2, 1, "crowded"),
        (2.0, 2.0, 1, 1, "crowded"),
        (2.0, 2.0, 2, 0, "crowded"),
        (inf, inf, 99, 99, "now"),
    ],
)
def test_speculation_fits_below_both_bounds(speculative: float, every: float, guesses: int, frontier: int, room: str) -> None:
    now(lambda: _same(throttled(speculative, every, guesses=guesses, frontier=frontier).room(guess()), room))


@pytest.mark.parametrize(
    ("every", "frontier", "room"), [(2.0, 1, "now"), (2.0, 2, "crowded"), (0.5, 0, "now"), (0.5, 1, "crowded")]
)
def test_the_frontiers_calls_fit_below_the_bound_on_all_and_one_of_them_always(every: float, frontier: int, room: str) -> None:
    now(lambda: _same(throttled(inf, every, guesses=0, frontier=frontier).room(urgent()), room))


def _same(one: object, other: object) -> None:
    assert one == other


@pytest.mark.parametrize(("pushed_back", "answered", "every"), [(False, True, 2.5), (True, True, 2.0), (False, False, 2.0)])
def test_a_call_that_was_answered_at_the_first_attempt_allows_more(pushed_back: bool, answered: bool, every: float) -> None:
    throttle = throttled(2.0, 2.0, guesses=0, frontier=0)
    (ticket,) = inside(throttle, urgent(pushed_back=pushed_back))
    ticket.answered = answered
    throttle.leave(ticket)
    assert throttle.every == every


def test_a_call_that_was_refused_once_allows_no_more_when_it_is_answered_after_all() -> None:
    def check() -> None:
        throttle = throttled(inf, inf, guesses=0, frontier=3)
        (refused,) = inside(throttle, urgent())
        throttle.refused(refused, None)
        assert throttle.every == 2
        refused.answered = True
        throttle.leave(refused)
        assert throttle.every == 2

    now(check)


def test_refusals_at_the_instant_at_which_all_were_let_in_count_once() -> None:
    def check() -> None:
        throttle = throttled(inf, inf, guesses=0, frontier=0)
        for ticket in inside(throttle, *(urgent() for _ in range(8))):
            throttle.refused(ticket, None)
        assert throttle.every == 4

    now(check)


def test_answers_allow_one_more_at_a_time_until_what_was_refused_is_near_and_then_less() -> None:
    def check() -> None:
        throttle = throttled(inf, inf, guesses=0, frontier=3)
        (refused,) = inside(throttle, urgent())
        throttle.refused(refused, None)  # four were too many
        every = 2.0
        for step in (1.0, 1.0, 1.0, PROBING, PROBING):
            every += step / every
            (ticket,) = inside(throttle, urgent(answered=True))
            throttle.leave(ticket)
            assert throttle.every == pytest.approx(every)

    now(check)


def test_servers_say_whether_tokens_are_counted() -> None:
    assert ServerLimits(tokens_a_minute=9).counts_tokens
    assert not ServerLimits(requests_a_minute=9).counts_tokens
    assert ServerLimits(calls_at_once=2).turns(Server("one").name) is not None
