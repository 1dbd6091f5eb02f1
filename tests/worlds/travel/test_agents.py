"""The agents that need no model: with drafts the solver's plan is its own, and from a person's step the solver goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Agent, Plan, Session, Sliding, Step, Task, plan
from outrider.agents.agent import Meter
from outrider.model import Answer, Prefix, Usage
from outrider.testing import run
from outrider.views.scene import Watch
from outrider.worlds import named_world
from outrider.worlds.travel import (
    GreedyAgent,
    Solution,
    SolverAgent,
    greedy,
    numbered,
    queries,
    query_of,
    score,
    solve,
    tables,
    trip_of,
)
from outrider.worlds.travel.agents import at_once, in_a_thread
from outrider.worlds.travel.program import SearchStopped, Stop

OREGON = "Fresno to 2 cities in Oregon, 5 days from March 21, two people, pet-friendly, Mexican food, $1,500"
TEXAS = "Tulsa to 3 cities in Texas, 7 days from March 2, four people, Mexican and Indian food, $6,000"


@pytest.fixture
def solver() -> None:
    pytest.importorskip("ortools", reason="the extra outrider[solver] is not installed")


class Taking:
    """``agent``, whose calls take so many seconds of the loop's clock. What it has answered, it need not work out again."""

    def __init__(self, agent: Agent, takes_s: Callable[[Prefix], float]) -> None:
        self.name = agent.name
        self._agent = agent
        self._takes_s = takes_s
        self._answers: dict[tuple[Task, Prefix], Answer] = {}

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        await asyncio.sleep(self._takes_s(prefix))
        if (task, prefix) not in self._answers:
            self._answers[task, prefix] = await self._agent.next_step(task, prefix, meter)
        return self._answers[task, prefix]

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return self._agent.most(task, prefix)


def session(task: str, target: Agent, lookahead: int, draft_s: float = 0.3) -> Session:
    drafter = Taking(GreedyAgent(), lambda prefix: draft_s)
    world = named_world("travel").world(task)
    return plan(
        Task(task, "travel"), approximation=drafter, target=target, lookahead=Sliding(lookahead), max_steps=100, world=world
    )


def planned(task: str, target: Agent, lookahead: int, draft_s: float = 0.3) -> Plan:
    async def main() -> Plan:
        async with session(task, target, lookahead, draft_s) as running:
            return await running.result()

    return run(main())


def the_solver(takes_s: Callable[[Prefix], float] = lambda prefix: 1.0) -> Taking:
    return Taking(SolverAgent(searching=at_once), takes_s)


# Law 1 --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 7, 18, 31, 38])
def test_with_drafts_the_plan_of_a_task_is_the_one_the_solver_makes_alone(number: int, solver: None) -> None:
    query, target = numbered(number), the_solver()
    alone = planned(query.text, target, 0)
    assert alone.complete
    assert alone.prefix == solve(query).steps
    assert [planned(query.text, target, lookahead).prefix for lookahead in (1, 4)] == [alone.prefix] * 2


@given(st.sampled_from([0, 31, 38]), st.integers(0, 5), st.floats(0.01, 3), st.integers(0, 2**16))
@settings(deadline=None, max_examples=10)
def test_however_long_calls_take_the_plan_is_the_same(number: int, lookahead: int, draft_s: float, seed: int) -> None:
    pytest.importorskip("ortools", reason="the extra outrider[solver] is not installed")
    query = numbered(number)
    target = the_solver(lambda prefix: 0.1 + (hash((prefix, seed)) % 100) / 40)
    assert planned(query.text, target, lookahead, draft_s).prefix == solve(query).steps


@pytest.mark.parametrize("number", range(0, 45, 4))
def test_the_greedy_rule_can_be_the_target_too(number: int) -> None:
    query = numbered(number)
    assert planned(query.text, GreedyAgent(), 0).prefix == greedy(query)


# The person ---------------------------------------------------------------------------------------------------------------


def with_a_step(task: str, at: int, step: Step) -> tuple[Plan, Watch]:
    """The plan in which the person takes ``step`` as soon as step ``at`` is theirs to take, and what was to be seen of it."""

    async def main() -> tuple[Plan, Watch]:
        watch = Watch()
        async with session(task, the_solver(), 2) as running, running.events() as events:
            async for record in events:
                watch.receive(record)
                if running.next_at == at and running.plan.prefix[at:] == () and not watch.picture.outcome:
                    running.take(step, at)
        return await running.result(), watch

    return run(main())


BREAKFAST = Step("eat", {"meal": "breakfast", "name": "Wow! Momo", "city": "Eugene"})


def test_a_step_that_the_person_took_stands_and_the_solver_goes_on_from_it(solver: None) -> None:
    done, _ = with_a_step(OREGON, 2, BREAKFAST)
    assert done.steps[2].by == "person"
    assert done.prefix == solve(query_of(OREGON), done.prefix[:3]).steps
    assert done.prefix[:3] == (*solve(query_of(OREGON)).steps[:2], BREAKFAST)
    assert score(query_of(OREGON), trip_of(done.prefix, "Fresno")).passes


def test_what_nothing_can_keep_after_the_persons_step_is_said_at_every_step_and_in_the_trip(solver: None) -> None:
    nearly = OREGON.replace("$1,500", f"${solve(query_of(OREGON)).usd}")
    dearest = max(tables.restaurants().of("Eugene"), key=lambda place: place.price_usd)
    done, watch = with_a_step(nearly, 2, Step("eat", {**BREAKFAST.arguments, "name": dearest.name}))
    thoughts = [step.thought for step in watch.picture.confirmed if step.at > 2]
    assert thoughts
    assert all("from here on nothing keeps: budget" in thought for thought in thoughts)
    assert done.complete
    assert "too much" in watch.picture.rendered
    assert watch.picture.rendered.splitlines()[-1].startswith("budget: ")


def test_what_the_persons_step_breaks_is_said_at_once() -> None:
    stands = named_world("travel").stands
    steps = greedy(query_of(OREGON))[:3]
    assert "broken" not in stands(OREGON, steps)
    assert stands(OREGON, (*steps, Step("eat", {**steps[2].arguments, "meal": "dinner"}))).endswith("broken: diverse restaurants")


def test_a_sentence_that_the_person_adds_counts_from_the_next_step_on(solver: None) -> None:
    async def main() -> Plan:
        async with session(OREGON, the_solver(), 2) as running:
            running.steer("Indian food as well. At most $1,300.")
            return await running.result()

    done = run(main()).prefix
    steered = query_of(f"{OREGON} Indian food as well. At most $1,300.")
    assert (steered.cuisines, steered.budget_usd) == (("Indian", "Mexican"), 1300)
    assert done == solve(steered).steps
    assert score(steered, trip_of(done, "Fresno")).passes


def test_a_task_of_the_data_keeps_its_reference_when_a_sentence_is_added() -> None:
    steered = query_of(f"{numbered(31).text} Indian food, please.")
    assert (steered.legs, steered.cuisines) == (numbered(31).legs, ("Indian",))
    assert len({query_of(query.text) for query in queries()}) == 45


# Searching in a thread ----------------------------------------------------------------------------------------------------


def test_in_a_thread_the_answer_is_the_same_as_at_once(solver: None) -> None:
    async def main() -> Answer:
        return await SolverAgent().next_step(Task(OREGON), (), Meter())

    assert asyncio.run(main()).steps == solve(query_of(OREGON)).steps[:1]


def test_a_search_that_is_cancelled_is_told_to_stop() -> None:
    stopped = threading.Event()

    async def main() -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def search(stop: Stop) -> Solution:
            stop.searching(stopped.set)
            loop.call_soon_threadsafe(begun.set)
            stopped.wait()
            raise SearchStopped

        async with asyncio.TaskGroup() as group:
            call = group.create_task(in_a_thread(search))
            await begun.wait()
            call.cancel()

    asyncio.run(main())
    assert stopped.is_set()


def test_the_solvers_search_ends_when_it_is_asked_to(solver: None) -> None:
    class Told(Stop):
        def searching(self, stop_search: Callable[[], None]) -> None:
            super().searching(stop_search)
            begun.set()

    begun, stop, ends = threading.Event(), Told(), list[str]()

    def search() -> None:
        try:
            solve(query_of(TEXAS), stop=stop)
        except SearchStopped:
            ends.append("stopped")

    thread = threading.Thread(target=search)
    thread.start()
    begun.wait()
    stop.ask()
    thread.join()
    assert ends == ["stopped"]


def test_a_search_that_is_not_wanted_any_more_does_not_begin(solver: None) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(SearchStopped):
        solve(numbered(0), stop=stop)


def test_ctrl_c_reaches_the_session_and_not_the_searches(solver: None) -> None:
    program = f"""
import signal, threading
from outrider.worlds.travel import query_of, solve
from outrider.worlds.travel.program import SearchStopped, Stop

class Told(Stop):
    def searching(self, stop_search):
        super().searching(stop_search)
        begun.release()

def search(stop):
    try:
        solve(query_of({TEXAS!r}), stop=stop)
    except SearchStopped:
        pass

begun, stops = threading.Semaphore(0), [Told(), Told()]
threads = [threading.Thread(target=search, args=(stop,)) for stop in stops]
for thread in threads:
    thread.start()
for thread in threads:
    begun.acquire()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    for stop in stops:
        stop.ask()
for thread in threads:
    thread.join()
print("in order")
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("in order\n", "")


def test_without_or_tools_the_agent_says_what_to_do_before_anything_starts() -> None:
    program = """
import sys; sys.modules["ortools"] = None
from outrider.worlds.travel import SolverAgent
try:
    SolverAgent()
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("BadOption solver@travel needs OR-Tools: pip install 'outrider[solver]'")
