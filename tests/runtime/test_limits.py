"""Limits: decided synchronously, money reserved before launch, the frontier first."""

import asyncio

import pytest

from outrider import Budget, Limits, Usage
from outrider.errors import BadOption, BudgetReached
from outrider.runtime.limits import Ticket
from outrider.testing import run

DOLLAR = Usage(prompt_tokens=6, output_tokens=4, counted="reported", cost_usd=1.0)


class Queue:
    """Calls that hold their place for a while; ``began`` says in which order they got it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.began: list[str] = []
        self.inside = self.most_inside = 0
        self.tickets: dict[str, Ticket] = {}

    async def call(
        self, name: str, *, urgent: bool = False, most: Usage | None = DOLLAR, takes_s: float = 1.0, closes_s: float = 0.0
    ) -> None:
        ticket = self.tickets[name] = Ticket(urgent=urgent, most=most)
        current = asyncio.current_task()
        assert current is not None

        def withdraw() -> None:
            current.cancel()

        ticket.withdraw = withdraw
        async with self.limits.turn(ticket):
            self.began.append(name)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            try:
                await asyncio.sleep(takes_s)
                ticket.used = most or Usage()
            finally:
                await asyncio.sleep(closes_s)
                self.inside -= 1

    async def all(self, *calls: tuple[str, bool]) -> list[BaseException | None]:
        return await asyncio.gather(*(self.call(name, urgent=urgent) for name, urgent in calls), return_exceptions=True)


def test_urgent_calls_go_before_speculative_ones_that_came_earlier() -> None:
    async def queueing() -> None:
        queue = Queue(Limits(calls_at_once=1))
        await queue.all(("first", True), ("guess", False), ("another guess", False), ("second", True), ("third", True))
        assert queue.began == ["first", "second", "third", "guess", "another guess"]
        assert queue.most_inside == 1

    run(queueing())


def test_the_newest_speculative_call_makes_room_for_an_urgent_one_and_only_one_does() -> None:
    async def crowding() -> None:
        queue = Queue(Limits(calls_at_once=3))
        first, old, new, urgent = await queue.all(("first", True), ("old", False), ("new", False), ("urgent", True))
        assert (first, old, urgent) == (None, None, None)
        assert isinstance(new, asyncio.CancelledError)
        assert queue.began == ["first", "old", "new", "urgent"]

    run(crowding())


def test_while_one_is_on_its_way_out_nobody_is_withdrawn_and_its_leaving_is_not_disturbed() -> None:
    async def crowding() -> None:
        queue = Queue(Limits(calls_at_once=2))
        now_s = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as group:
            old = group.create_task(queue.call("old", takes_s=9))
            group.create_task(queue.call("new", takes_s=9, closes_s=2))
            await asyncio.sleep(1)
            group.create_task(queue.call("urgent", urgent=True))
            await asyncio.sleep(1)
            group.create_task(queue.call("guess"))  # whoever comes makes the limits look again
            await asyncio.sleep(0.5)
            assert queue.began == ["old", "new"]
            await asyncio.sleep(0.6)
            assert queue.began == ["old", "new", "urgent"]
        assert not old.cancelled()
        assert now_s() == 9.0

    run(crowding())


def test_two_urgent_calls_take_two_places() -> None:
    async def crowding() -> None:
        queue = Queue(Limits(calls_at_once=2))
        results = await queue.all(("a", False), ("b", False), ("c", True), ("d", True))
        assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, True, False, False]
        assert asyncio.get_running_loop().time() == 1.0, "neither waited"

    run(crowding())


def test_a_speculative_call_that_is_hurried_goes_first_and_is_not_withdrawn() -> None:
    async def hurrying() -> None:
        queue = Queue(Limits(calls_at_once=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.call("now", urgent=True))
            group.create_task(queue.call("guess"))
            needed = group.create_task(queue.call("needed"))
            await asyncio.sleep(0.5)
            queue.limits.hurry(queue.tickets["needed"])
            await asyncio.sleep(1)
            group.create_task(queue.call("neighbour", urgent=True))
        assert queue.began == ["now", "needed", "neighbour", "guess"]
        assert not needed.cancelled(), "it is the real work now"

    run(hurrying())


def test_a_speculative_call_that_is_hurried_when_it_is_under_way_is_not_withdrawn() -> None:
    async def hurrying() -> None:
        queue = Queue(Limits(calls_at_once=1))
        async with asyncio.TaskGroup() as group:
            needed = group.create_task(queue.call("needed"))
            await asyncio.sleep(0.5)
            queue.limits.hurry(queue.tickets["needed"])
            group.create_task(queue.call("neighbour", urgent=True))
        assert queue.began == ["needed", "neighbour"]
        assert not needed.cancelled()

    run(hurrying())


def test_a_call_that_gives_up_waiting_leaves_the_queue_in_order() -> None:
    async def impatient() -> None:
        queue = Queue(Limits(calls_at_once=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.call("now", urgent=True))
            await asyncio.sleep(0)
            for urgent in (True, False):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.25):
                        await queue.call("impatient", urgent=urgent)
            group.create_task(queue.call("patient"))
        assert queue.began == ["now", "patient"]

    run(impatient())


def test_an_urgent_call_that_gives_up_lets_those_in_whom_it_held_up() -> None:
    async def held_up() -> None:
        queue = Queue(Limits(budget=Budget(usd=3)))
        dear = Usage(prompt_tokens=6, output_tokens=4, counted="reported", cost_usd=2.5)
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.call("long", urgent=True, takes_s=60))
            waiting = group.create_task(queue.call("dear", urgent=True, most=dear))
            group.create_task(queue.call("guess"))
            await asyncio.sleep(1)
            assert queue.began == ["long"], "no speculation while an urgent call waits"
            waiting.cancel()
            await asyncio.sleep(1)
            assert queue.began == ["long", "guess"]

    run(held_up())


def test_a_call_that_gave_up_and_does_not_know_it_yet_is_passed_over() -> None:
    async def passed_over() -> None:
        queue = Queue(Limits(calls_at_once=1))
        async with asyncio.TaskGroup() as group:
            first, second = (group.create_task(queue.call(name, urgent=True)) for name in ("first", "second"))
            group.create_task(queue.call("third", urgent=True))
            await asyncio.sleep(0.5)
            first.cancel()
            second.cancel()
        assert queue.began == ["first", "third"]

    run(passed_over())


def test_a_call_cancelled_as_its_turn_comes_gives_the_place_back() -> None:
    async def unlucky() -> None:
        queue = Queue(Limits(calls_at_once=1, budget=Budget(calls=2)))
        first = asyncio.ensure_future(queue.call("first"))
        second = asyncio.ensure_future(queue.call("second"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)  # the first leaves, and lets the second in
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert queue.limits.turns[0].inside == {}

    run(unlucky())


def test_twenty_calls_at_once_against_room_for_one_overshoot_nothing() -> None:
    async def rushing() -> None:
        budget = Budget(usd=1.0)
        queue = Queue(Limits(budget=budget))
        results = await queue.all(*((str(n), True) for n in range(20)))
        assert queue.began == ["0"]
        refused = [result for result in results if isinstance(result, BudgetReached)]
        assert len(refused) == 19
        assert "$1 of $1 spent" in str(refused[0])

    run(rushing())


def test_a_budget_of_tokens_needs_no_price() -> None:
    async def unpriced() -> None:
        queue = Queue(Limits(budget=Budget(tokens=19)))
        await queue.call("one", urgent=True, most=Usage(prompt_tokens=6, output_tokens=4, counted="reported"))
        with pytest.raises(BudgetReached, match="10 of 19 tokens spent"):
            await queue.call("two", urgent=True)

    run(unpriced())


def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    async def frugal() -> None:
        queue = Queue(Limits(budget=Budget(tokens=19)))

        async def half() -> None:
            ticket = Ticket(urgent=True, most=DOLLAR)
            async with queue.limits.turn(ticket):
                ticket.used = Usage(prompt_tokens=3, output_tokens=2, counted="reported")

        await half()
        await queue.call("second", urgent=True)
        with pytest.raises(BudgetReached, match="15 of 19 tokens spent"):
            await queue.call("third", urgent=True)

    run(frugal())


def test_a_call_that_says_nothing_of_what_it_used_counts_with_what_was_reserved() -> None:
    async def silent() -> None:
        queue = Queue(Limits(budget=Budget(tokens=19, usd=1.5)))
        async with queue.limits.turn(ticket := Ticket(urgent=True, most=DOLLAR)):
            ticket.used = Usage()
        with pytest.raises(BudgetReached, match=r"10 of 19 tokens spent, \$1 of \$1.5 spent"):
            await queue.call("second", urgent=True)

    run(silent())


def test_speculation_waits_for_money_and_the_frontier_is_told_that_there_is_none() -> None:
    async def poor() -> None:
        queue = Queue(Limits(budget=Budget(calls=1)))
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(queue.call("one"))
            guess = group.create_task(queue.call("guess"))
            await waiting
            with pytest.raises(BudgetReached):
                await queue.call("two", urgent=True)
            await asyncio.sleep(100)
            assert not guess.done()
            guess.cancel()

    run(poor())


def test_an_urgent_call_withdraws_speculation_that_holds_the_money() -> None:
    async def rich_guess() -> None:
        queue = Queue(Limits(budget=Budget(usd=1.5)))
        guess, urgent = await queue.all(("guess", False), ("urgent", True))
        assert isinstance(guess, asyncio.CancelledError)
        assert urgent is None

    run(rich_guess())


@pytest.mark.parametrize(
    ("budget", "most", "remedy"),
    [
        (Budget(tokens=5), None, "use a budget of calls"),
        (Budget(usd=5), None, "a dollar budget needs a price"),
        (Budget(usd=5), Usage(prompt_tokens=3), "a dollar budget needs a price"),
    ],
)
def test_a_budget_of_what_nobody_can_bound_is_refused(budget: Budget, most: Usage | None, remedy: str) -> None:
    async def asking() -> None:
        with pytest.raises(BadOption, match=remedy):
            await Queue(Limits(budget=budget)).call("blind", most=most)

    run(asking())


def test_a_budget_exactly_used_up_is_kept() -> None:
    async def exactly() -> None:
        queue = Queue(Limits(budget=Budget(calls=2, tokens=20, usd=2.0)))
        await queue.call("one", urgent=True)
        await queue.call("two", urgent=True)
        with pytest.raises(BudgetReached, match=r"2 of 2 calls spent, 20 of 20 tokens spent, \$2 of \$2 spent"):
            await queue.call("three", urgent=True)

    run(exactly())


def test_a_waiting_call_that_was_cancelled_and_does_not_know_it_yet_costs_the_next_one_nothing() -> None:
    async def leaving() -> None:
        queue = Queue(Limits(calls_at_once=1))
        async with asyncio.TaskGroup() as group, queue.limits.turn(Ticket(urgent=True)):
            given_up = group.create_task(queue.call("given up", urgent=True))
            group.create_task(queue.call("next", urgent=True))
            await asyncio.sleep(0)  # both wait
            given_up.cancel()
            # The place is free again before the cancelled call has had a turn to leave the queue.
        assert queue.began == ["next"]

    run(leaving())
