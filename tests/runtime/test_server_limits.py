"""What a model server allows: given, or learned from its refusals, and shared by the sessions that ask it."""

import asyncio
from collections.abc import Callable
from math import inf

import pytest
from agents.scripted import ScriptedModel

from outrider import Answer, Limits, Meter, ServerLimits, Step, Task, Usage, plan
from outrider.agents.agent import Server, server_of
from outrider.agents.kinds import agent_of_kind
from outrider.errors import BadOption, RateLimited, TargetFailed
from outrider.model import Prefix
from outrider.providers.trouble import Patience, Setback
from outrider.rules.events import Cancelled
from outrider.runtime.limits import Ticket
from outrider.runtime.servers import MINUTE_S, MOST_QUIET_S, PUSHED_BACK
from outrider.testing import ScriptedAgent, run, steps
from outrider.worlds import FREE

SERVER = "a server"
HERE = Server(SERVER)


async def held(limits: Limits, ticket: Ticket, takes_s: float, began: list[float] | None = None) -> None:
    """A call that is answered after so many seconds, if it is not withdrawn."""
    task = asyncio.current_task()
    assert task is not None
    ticket.withdraw = closing(task)
    async with limits.turn(ticket):
        if began is not None:
            began.append(asyncio.get_running_loop().time())
        await asyncio.sleep(takes_s)
        ticket.answered = True


def closing(task: asyncio.Task[None]) -> Callable[[], None]:
    def close() -> None:
        task.cancel()

    return close


def ticket(*, urgent: bool = False, tokens: int = 1, requests: int = 1) -> Ticket:
    return Ticket(urgent=urgent, server=Server(SERVER, requests), most=Usage(prompt_tokens=tokens, counted="estimated"))


def test_a_refusal_halves_the_speculation_in_flight_at_once_the_refused_and_the_newest_go() -> None:
    async def refusing() -> None:
        servers = ServerLimits()
        limits = Limits(servers=servers)
        guesses = [ticket() for _ in range(6)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(held(limits, guess, 5)) for guess in guesses]
            group.create_task(held(limits, ticket(urgent=True), 5))
            await asyncio.sleep(1)
            limits.refused(guesses[0], None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert [task.cancelled() for task in tasks] == [True, False, False, False, True, True]
            assert {guess.because for guess in (guesses[0], *guesses[4:])} == {PUSHED_BACK}
            assert servers.throttle(SERVER).speculative == 3
            assert servers.throttle(SERVER).every == inf, "the frontier's calls are not fewer"

    run(refusing())


def test_refusals_of_calls_that_were_sent_before_the_last_decrease_count_once() -> None:
    async def burst() -> None:
        servers = ServerLimits()
        limits = Limits(servers=servers)
        guesses = [ticket() for _ in range(8)]
        async with asyncio.TaskGroup() as group:
            for guess in guesses:
                group.create_task(held(limits, guess, 5))
            await asyncio.sleep(1)
            for guess in guesses[:4]:
                limits.refused(guess, None)
            assert servers.throttle(SERVER).speculative == 4

    run(burst())


def test_without_speculation_a_refusal_halves_all_calls_and_each_answer_allows_more_again() -> None:
    async def recovering() -> None:
        servers = ServerLimits()
        limits, throttle = Limits(servers=servers), servers.throttle(SERVER)
        real = [ticket(urgent=True) for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            for one in real:
                group.create_task(held(limits, one, 5))
            await asyncio.sleep(1)
            limits.refused(real[0], None)
            assert (throttle.every, throttle.speculative) == (2, 0)
        grown = throttle.every
        assert 3 < grown < 4, "three of them were answered at the first attempt"
        assert throttle.speculative > 1
        await held(limits, ticket(urgent=True), 1)
        assert throttle.every > grown

    run(recovering())


@pytest.mark.parametrize(("after_s", "begins_s"), [(None, 2.0), (20.0, 21.0), (24 * 3600.0, 1 + MOST_QUIET_S)])
def test_no_speculation_begins_before_the_pause_is_over_that_the_server_asks_for(after_s: float | None, begins_s: float) -> None:
    async def pausing() -> None:
        limits, began, real = Limits(servers=ServerLimits()), list[float](), ticket(urgent=True)
        guesses = [ticket(), ticket()]
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, real, 1000))
            for guess in guesses:
                group.create_task(held(limits, guess, 1.5))
            await asyncio.sleep(1)
            limits.refused(real, after_s)
            group.create_task(held(limits, ticket(), 1, began))
            group.create_task(held(limits, ticket(urgent=True), 1, now := list[float]()))
        assert now == [1.0], "the real work is not held up"
        assert began == [begins_s]

    run(pausing())


def test_a_server_that_is_asked_by_nobody_else_is_not_throttled_for_anothers_refusals() -> None:
    async def apart() -> None:
        servers = ServerLimits()
        limits, mine = Limits(servers=servers), ticket()
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, mine, 2))
            await asyncio.sleep(1)
            limits.refused(mine, 60)
            limits.refused(Ticket(urgent=False, server=Server("another")), 60)  # it is not in flight, so it tells nothing
        assert servers.throttle(SERVER).speculative < inf
        assert servers.throttle("another").speculative == inf

    run(apart())


def test_no_more_requests_begin_in_any_minute_than_are_given() -> None:
    async def pacing() -> None:
        limits, began = Limits(servers=ServerLimits(requests_a_minute=6)), list[float]()
        async with asyncio.TaskGroup() as group:
            for n in range(20):
                group.create_task(held(limits, ticket(urgent=n % 2 == 0), 2, began))
        assert len(began) == 20
        for start in began:
            assert sum(start <= other < start + MINUTE_S for other in began) <= 6

    run(pacing())


def test_speculation_takes_at_most_half_of_a_minute_and_less_where_the_frontier_needs_more() -> None:
    async def pacing() -> None:
        limits, guessed, real = Limits(servers=ServerLimits(requests_a_minute=8)), list[float](), list[float]()
        async with asyncio.TaskGroup() as group:
            guesses = [group.create_task(held(limits, ticket(), 1, guessed)) for _ in range(9)]
            await asyncio.sleep(1)
            assert len(guessed) == 4
            for _ in range(4):
                await held(limits, ticket(urgent=True), 1, real)
            assert real == [1.0, 2.0, 3.0, 4.0], "the frontier's calls did not wait"
            for guess in guesses:
                guess.cancel()

    run(pacing())


class Sequence:
    """An agent that makes several requests a call, one after another, and writes down when each began."""

    server = SERVER

    def __init__(self, *path: str, requests: int, takes_s: float, began: list[float], name: str = "sequence") -> None:
        self.name = name
        self.requests = requests
        self._path = steps(*path, "finish")
        self._takes_s = takes_s
        self._began = began

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        for _ in range(self.requests):
            self._began.append(asyncio.get_running_loop().time())
            await asyncio.sleep(self._takes_s)
        return Answer((self._path[min(len(prefix), len(self._path) - 1)],))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return None


def most_in_a_minute(began: list[float]) -> int:
    return max(sum(start <= other < start + MINUTE_S for other in began) for start in began)


@pytest.mark.parametrize("requests", [2, 5])
@pytest.mark.parametrize("takes_s", [0.5, 7.0, 40.0])
@pytest.mark.parametrize("lookahead", [0, 3])
def test_every_request_of_a_call_counts_however_long_the_call_takes(requests: int, takes_s: float, lookahead: int) -> None:
    async def pacing() -> None:
        began: list[float] = []
        limits = Limits(servers=ServerLimits(requests_a_minute=12))

        async def one() -> None:
            slow = Sequence(*"abcdef", requests=requests, takes_s=takes_s, began=began)
            fast = Sequence(*"abxdef", requests=1, takes_s=0.2, began=began)
            async with plan("to the sea", approximation=fast, target=slow, lookahead=lookahead, limits=limits) as session:
                await session.result()

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(one())
        assert most_in_a_minute(began) <= 12

    run(pacing())


def test_a_frontier_call_of_several_requests_goes_before_the_speculation_that_waits() -> None:
    async def pacing() -> None:
        limits, real, guessed = Limits(servers=ServerLimits(requests_a_minute=4)), list[float](), list[float]()
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, ticket(urgent=True, requests=4), 10, real))
            await asyncio.sleep(1)
            group.create_task(held(limits, ticket(requests=2), 1, guessed))
            await asyncio.sleep(1)
            group.create_task(held(limits, ticket(urgent=True, requests=2), 1, real))
        assert real == [0.0, 70.0], "a minute after the first call's end"
        assert guessed == [131.0], "a minute after the second's end"

    run(pacing())


def test_a_call_that_makes_more_requests_than_a_minute_allows_goes_alone() -> None:
    async def pacing() -> None:
        limits, began = Limits(servers=ServerLimits(requests_a_minute=3)), list[float]()
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(held(limits, ticket(urgent=True, requests=5), 10, began))
        assert began == [0.0, 70.0]

    run(pacing())


def test_a_minute_with_no_room_for_the_requests_of_one_call_is_told_beforehand() -> None:
    servers = ServerLimits(requests_a_minute=4)
    with pytest.raises(BadOption, match="a call of discussion@big makes 5 requests; 4 a minute are too few; give at least 5"):
        servers.check(Server(SERVER, 5), "discussion@big")
    servers.check(Server(SERVER, 4))
    ServerLimits(tokens_a_minute=1).check(Server(SERVER, 5))


def test_a_request_that_was_refused_counts_and_so_does_the_one_in_its_place() -> None:
    async def pacing() -> None:
        limits, began, first = Limits(servers=ServerLimits(requests_a_minute=3)), list[float](), ticket(urgent=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, first, 6))
            await asyncio.sleep(5)
            limits.refused(first, 1)
            await asyncio.sleep(2)
            await held(limits, ticket(urgent=True), 1, began)
            await held(limits, ticket(urgent=True), 1, began)
        assert began == [7.0, 60.0]

    run(pacing())


def test_a_refusal_costs_no_tokens() -> None:
    async def pacing() -> None:
        limits, began = Limits(servers=ServerLimits(tokens_a_minute=100)), list[float]()
        first = ticket(urgent=True, tokens=50)
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, first, 6))
            await asyncio.sleep(5)
            limits.refused(first, 1)
            await asyncio.sleep(2)
            await held(limits, ticket(urgent=True, tokens=50), 1, began)
        assert began == [7.0]

    run(pacing())


@pytest.mark.parametrize(("kind", "requests"), [("direct", 1), ("cot", 1), ("react", 2), ("discussion", 5)])
def test_each_kind_of_agent_says_how_many_requests_a_call_makes(kind: str, requests: int) -> None:
    assert server_of(agent_of_kind(kind, ScriptedModel(), FREE)).requests == requests


@pytest.mark.parametrize(("said", "counts"), [(3, 3), (0, 1), (-2, 1), (True, 1), ("many", 1)])
def test_what_an_agent_says_of_its_requests_counts_if_it_is_a_number_of_them(said: object, counts: int) -> None:
    agent = ScriptedAgent("a")
    assert server_of(agent) == Server(agent.name, 1)
    vars(agent)["requests"] = said
    assert server_of(agent).requests == counts


def test_the_limits_of_a_process_hold_beside_a_sessions_own() -> None:
    async def pacing() -> None:
        process, began = Limits(servers=ServerLimits(requests_a_minute=2)), list[float]()
        generous = Limits(servers=ServerLimits(requests_a_minute=1000), within=process)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(held(generous, ticket(urgent=True), 1, began))
        assert most_in_a_minute(began) == 2
        strict = Limits(servers=ServerLimits(requests_a_minute=1), within=process)
        began.clear()
        await asyncio.sleep(MINUTE_S)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(held(strict, ticket(urgent=True), 1, began))
        assert most_in_a_minute(began) == 1

    run(pacing())


def test_tokens_a_minute_count_what_was_used_once_it_is_known() -> None:
    async def pacing() -> None:
        limits, began = Limits(servers=ServerLimits(tokens_a_minute=100)), list[float]()
        first = ticket(urgent=True, tokens=80)
        first.used = Usage(prompt_tokens=20, counted="reported")
        async with asyncio.TaskGroup() as group:
            group.create_task(held(limits, first, 10, began))
            group.create_task(held(limits, ticket(urgent=True, tokens=80), 1, began))
            await asyncio.sleep(11)
            group.create_task(held(limits, ticket(urgent=True, tokens=400), 1, began))
        # The second waits for a minute after the first; what needs more than a minute's goes alone, a minute after all others.
        assert began == [0.0, 10.0, 70.0]

    run(pacing())


def test_tokens_that_nobody_can_bound_are_refused() -> None:
    async def asking() -> None:
        with pytest.raises(BadOption, match="limit the requests"):
            await held(Limits(servers=ServerLimits(tokens_a_minute=100)), Ticket(urgent=True, server=HERE), 1)

    run(asking())


@pytest.mark.parametrize("given", [{"calls_at_once": 0}, {"requests_a_minute": 0}, {"tokens_a_minute": -1}])
def test_a_limit_that_lets_nothing_through_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(BadOption, match="would never start"):
        ServerLimits(**given)


# In a session ---------------------------------------------------------------------------------------------------------


ROUTE = tuple("abcdefghijklmnopqrst")


class Grudging:
    """An agent whose server answers two calls at once and refuses any other for a while; it tries again as the providers do."""

    server = SERVER

    def __init__(self, *path: str, takes_s: float, at_once: dict[str, int]) -> None:
        self.name = "grudging"
        self._path = steps(*path, "finish")
        self._takes_s = takes_s
        self._at_once = at_once
        self.refused = 0

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        async def attempt() -> Answer:
            if self._at_once["now"] >= 2:
                self.refused += 1
                raise Setback(RateLimited("too many (429)", retry_after_s=4.0), passing=True, after_s=4.0)
            self._at_once["now"] += 1
            try:
                await asyncio.sleep(self._takes_s)
            finally:
                self._at_once["now"] -= 1
            return Answer((self._path[len(prefix)],))

        return await Patience(retries=3).persist(attempt, meter.refused)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return None


def test_a_session_whose_server_refuses_soon_speculates_only_as_far_as_it_is_let_and_still_gains() -> None:
    async def session(limits: Limits) -> tuple[float, int, list[str]]:
        at_once = {"now": 0}
        fast = Grudging(*ROUTE, takes_s=0.5, at_once=at_once)
        slow = Grudging(*ROUTE, takes_s=3.0, at_once=at_once)
        async with plan("to the sea", approximation=fast, target=slow, lookahead=4, limits=limits) as made:
            async with made.events() as events:
                records = [record async for record in events]
            await made.result()
        reasons = [record.event.reason for record in records if isinstance(record.event, Cancelled)]
        assert made.figures.total_s is not None
        return made.figures.total_s, fast.refused + slow.refused, reasons

    learned_s, learned, reasons = run(session(Limits(servers=ServerLimits())))
    _, blind, _ = run(session(Limits()))
    assert PUSHED_BACK in reasons
    assert learned <= blind / 3
    assert learned_s < 21 * 3.0, "the target alone takes three seconds for each step"


def test_a_server_that_asks_for_a_day_ends_the_run_with_a_clear_sentence_and_is_not_waited_for() -> None:
    async def asking() -> None:
        async def closed(task: Task, prefix: Prefix) -> Step:
            raise RateLimited("a server limits requests (429), and asks to wait 24 hours", retry_after_s=86400.0)

        async with plan("to the sea", target=closed, limits=Limits(servers=ServerLimits())) as session:
            with pytest.raises(TargetFailed, match="24 hours"):
                await session.result()
        assert session.figures.total_s == 0.0

    run(asking())


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_speculation_never_makes_the_frontier_wait_under_a_limit_at_the_server(at_once: int) -> None:
    async def session(lookahead: int) -> float:
        servers = ServerLimits(calls_at_once=at_once)
        fast = ScriptedAgent("a", "x", "c", "d", "y", "f", takes_s=0.5)
        slow = ScriptedAgent("a", "b", "c", "d", "e", "f", takes_s=3.0)
        async with plan(
            "to the sea", approximation=fast, target=slow, lookahead=lookahead, limits=Limits(servers=servers)
        ) as made:
            await made.result()
        assert made.figures.total_s is not None
        return made.figures.total_s

    assert run(session(4)) <= run(session(0))
