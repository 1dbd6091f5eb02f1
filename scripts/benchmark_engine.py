"""What the engine itself costs: processor time a step, and memory a session, with agents that answer at once.

    python scripts/benchmark_engine.py

Agents take no processor time and next to no virtual time, so all that is left is the engine: rules, loop, figures, tasks. A
session has one drafter that is always right, lookahead 4 and no journal. Memory is measured with every session alive at once,
each in the middle of its plan with its calls in flight, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import subprocess
import sys
import time
import timeit
from pathlib import Path

from outrider import FINISH, Answer, Batch, Meter, Plan, Session, Sliding, Step, Task, Usage, plan
from outrider.model import Prefix
from outrider.rules import ByValue, Lookahead, Rules
from outrider.rules.events import Drafted, Opened, Start, Started
from outrider.rules.learner import learner_of
from outrider.testing import run

STEPS = 20
PATH = (*(Step("act", {"n": n}) for n in range(STEPS - 1)), Step(FINISH))
ANSWERS = tuple(Answer((step,)) for step in PATH)
SESSIONS = (1, 100, 10_000)
STEPS_MEASURED = 20_000
"""About this many steps are timed, in several rounds if the sessions are few."""


class Ready:
    """An agent with its answers at hand. It answers after ``takes_s`` of virtual time."""

    def __init__(self, name: str, takes_s: float) -> None:
        self.name = name
        self._takes_s = takes_s

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        await asyncio.sleep(self._takes_s)
        return ANSWERS[len(prefix)]

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return None


DRAFTER, TARGET, SLOW = Ready("drafter", 0.001), Ready("target", 0.003), Ready("slow", 3600.0)


async def _planned(session: Session) -> Plan:
    async with session:
        return await session.result()


async def _together(sessions: int) -> float:
    """Processor seconds for so many sessions that run at once, from start to end."""
    gc.collect()
    started_s = time.process_time()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_planned(plan("a task", approximation=DRAFTER, target=TARGET))) for _ in range(sessions)]
    spent_s = time.process_time() - started_s
    assert all(len(task.result().steps) == STEPS for task in tasks)
    return spent_s


def step_cost_us(sessions: int, *, collecting: bool = True) -> float:
    """Microseconds of processor time a confirmed step, with so many sessions alive at once; the best of a few rounds.

    Unless ``collecting``, Python's cyclic garbage collector, which walks over everything that is alive, is off meanwhile.
    """
    if not collecting:
        gc.disable()
        try:
            return step_cost_us(sessions)
        finally:
            gc.enable()
    rounds = max(3, STEPS_MEASURED // (sessions * STEPS)) if sessions < 1000 else 1
    run(_together(min(sessions, 10)))  # warm up
    return min(run(_together(sessions)) for _ in range(rounds)) / (sessions * STEPS) * 1e6


async def _hold(sessions: int) -> int:
    """The growth of the process, in bytes, with so many sessions in the middle of their plans."""
    gc.collect()
    before = _resident_bytes()
    held: list[asyncio.Task[Plan]] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(sessions):
            session = plan("a task", approximation=DRAFTER, target=SLOW)
            held.append(group.create_task(_halfway(session)))
        await asyncio.sleep(1)
        gc.collect()
        grown = _resident_bytes() - before
        for task in held:
            task.cancel()
    return grown


async def _halfway(session: Session) -> Plan:
    """Half the plan is confirmed by the person, and the calls of the lookahead are in flight."""
    async with session:
        for step in PATH[: STEPS // 2]:
            await asyncio.sleep(0.002)
            session.take(step)
        return await session.result()


def decision_cost_us(lookahead: Lookahead) -> float:
    """Microseconds of processor time to decide what to start, in the middle of a plan with four target calls under way."""
    rules = Rules(lookahead=Sliding(4), max_steps=STEPS)
    task = Task("a task")
    orders = rules.receive(Opened(task=task, approximation="a", target="t", lookahead="4", max_steps=STEPS)).orders
    for _ in range(8):
        starts = [order for order in orders if isinstance(order, Start)]
        orders = []
        for order in starts:
            rules.receive(Started(call=order.call, role=order.role, at=order.at))
            if order.role == "approximation":
                orders += rules.receive(Drafted(call=order.call, at=order.at, steps=(PATH[order.at],)), 0.1).orders
    decides = learner_of(lookahead)
    number = 2000
    return min(timeit.repeat(lambda: list(decides.wants(rules.frontier)), number=number, repeat=5)) / number * 1e6


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main() -> None:
    """Print a table. With ``--memory N``, only the bytes that N sessions take, in this process."""
    parser = argparse.ArgumentParser(description="What the engine itself costs.")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--sessions", type=int, nargs="+", default=SESSIONS, help="how many sessions at once")
    options = parser.parse_args()
    if options.memory is not None:
        print(run(_hold(options.memory)))
        return
    print("| sessions at once | processor time a step | without the garbage collector | memory a session |")
    print("|---|---|---|---|")
    for sessions in options.sessions:
        command = [sys.executable, __file__, "--memory", str(sessions)]
        grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        memory = f"{grown / sessions / 1000:.1f} kB" if sessions >= 100 else "too few to tell"
        step_us, bare_us = step_cost_us(sessions), step_cost_us(sessions, collecting=False)
        print(f"| {sessions:,} | {step_us:.0f} µs | {bare_us:.0f} µs | {memory} |", flush=True)
    print("\n| lookahead | processor time a decision |")
    print("|---|---|")
    for lookahead in (Sliding(4), Batch(4), ByValue(30), ByValue(float("inf"))):
        print(f"| {lookahead.name} | {decision_cost_us(lookahead):.1f} µs |")


if __name__ == "__main__":
    main()
