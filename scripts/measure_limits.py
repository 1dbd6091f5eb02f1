"""What limits cost and save: the jam, and the frontier's delay where a server answers two calls at once.

python scripts/measure_limits.py            in virtual time, the same each time
python scripts/measure_limits.py --local    also the embedded model as both agents, in this process, on its processors
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Callable, Iterable
from typing import Final

from outrider.agents.agent import Agent, Meter
from outrider.agents.kinds import agent_of_kind
from outrider.errors import RunEnded
from outrider.model import Answer, Prefix, Role, Task
from outrider.providers.embedded import local_model
from outrider.rules import ByValue, Lookahead, Sliding
from outrider.rules.events import Confirmed, Record, Started
from outrider.runtime import Limits, ServerLimits, Session, plan
from outrider.simulate import LogNormal
from outrider.simulate.episode import Episode, Setting
from outrider.simulate.provider import Provider
from outrider.simulate.runtime import SimulatedAgent
from outrider.testing import run
from outrider.worlds import WORLDS

EPISODES: Final = 60
ROLES: Final[tuple[Role, Role]] = ("approximation", "target")
SPREAD: Final = 0.4
"""The standard deviation of a call's seconds, as a share of their mean, where they vary."""

SLOWDOWNS: Final = (0.0, 0.1, 0.25, 0.5, 1.0)
LOOKAHEADS: Final[tuple[Lookahead, ...]] = (Sliding(1), Sliding(4), ByValue(30.0), ByValue(float("inf")))
TASKS: Final = (
    "Given a noisy gray photo, tell me in German what it shows",
    "Given a blurry photo, describe it in one sentence",
    "Given an English text, summarise it and translate it into German",
    "Given a low-resolution photo, colour it and find the objects in it",
)


def server(slowdown: float = 0.0) -> Provider:
    """A model server with ordinary prices."""
    return Provider(draft_price=1.0, target_price=10.0, slowdown=slowdown)


class Sharing:
    """A server whose calls share its processors: with n under way, each advances ``1 + slowdown * (n - 1)`` times as slowly."""

    def __init__(self, slowdown: float) -> None:
        self._slowdown = slowdown
        self._loop = asyncio.get_running_loop()
        self._left: dict[asyncio.Future[None], float] = {}
        self._now_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    async def work(self, seconds: float) -> None:
        """Take as long as a call does that would take ``seconds`` alone."""
        self._advance()
        done = self._loop.create_future()
        self._left[done] = seconds
        self._wait()
        try:
            await done
        finally:
            self._advance()
            self._left.pop(done, None)
            self._wait()

    @property
    def _pace(self) -> float:
        return 1 / (1 + self._slowdown * (len(self._left) - 1))

    def _advance(self) -> None:
        now_s = self._loop.time()
        for done in self._left:
            self._left[done] -= self._pace * (now_s - self._now_s)
        self._now_s = now_s

    def _wait(self) -> None:
        """Be woken when the next call ends."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._left:
            next_s = max(0.0, min(self._left.values())) / self._pace + 1e-9
            self._timer = self._loop.call_at(self._now_s + next_s, self._end)

    def _end(self) -> None:
        self._advance()
        for done in [done for done, left in self._left.items() if left <= 1e-6]:
            del self._left[done]
            if not done.done():
                done.set_result(None)
        self._wait()


class SharedAgent(SimulatedAgent):
    """The agent of one role in an episode, at such a server."""

    def __init__(self, role: Role, episode: Episode, sharing: Sharing) -> None:
        super().__init__(role, episode)
        self._sharing = sharing

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The answer, when its time has come. A call that is closed says nothing of what it has used."""
        effort = self._episode.effort(self._role, len(prefix))
        await self._sharing.work(effort.takes_s)
        meter.settle(self._used(effort, 1, 1))
        return self._episode.answer(self._role, prefix)


Agents = Callable[[Episode], Iterable[Agent]]
"""The two agents of an episode, at a server."""


def queueing(slowdown: float) -> Agents:
    """A call is slowed down by those that are under way when it begins."""

    def agents(episode: Episode) -> Iterable[Agent]:
        provider = server(slowdown)
        return [SimulatedAgent(role, episode, provider) for role in ROLES]

    return agents


def sharing(slowdown: float) -> Agents:
    """A call is slowed down by those that are under way beside it, as long as they are."""

    def agents(episode: Episode) -> Iterable[Agent]:
        shared = Sharing(slowdown)
        return [SharedAgent(role, episode, shared) for role in ROLES]

    return agents


async def session(episode: Episode, lookahead: Lookahead, agents: Agents, known: str) -> Session:
    """The session of an episode after its run, and what goes into ``known`` of the next."""
    fast, slow = agents(episode)
    made = plan("simulated", approximation=fast, target=slow, lookahead=lookahead, known=known, max_steps=episode.max_steps)
    async with made:
        await made.result()
    return made


async def total_s(episodes: list[Episode], lookahead: Lookahead, agents: Agents) -> float:
    """The seconds of all episodes, one after another; what a session learned is known to the next."""
    total, known = 0.0, ""
    for episode in episodes:
        made = await session(episode, lookahead, agents, known)
        known = made.learned
        total += made.figures.total_s or 0.0
    return total


def jam(episodes: list[Episode], what: str, server_of: Callable[[float], Agents]) -> None:
    """A server where each other call in flight makes a call slower: total time as a share of the target alone's."""
    print(f"The jam, {what}: {EPISODES} plans of ten steps; seconds as a share of the target alone's at the same server")
    print("each other call makes a call slower by  " + "  ".join(f"{lookahead.name:>12}" for lookahead in LOOKAHEADS))
    for slowdown in SLOWDOWNS:
        alone_s = run(total_s(episodes, Sliding(0), server_of(slowdown)))
        shares = [run(total_s(episodes, lookahead, server_of(slowdown))) / alone_s for lookahead in LOOKAHEADS]
        print(f"{slowdown:>39.0%}  " + "  ".join(f"{share:>12.3f}" for share in shares))


def delay_s(records: list[Record]) -> float:
    """The longest time from the moment when a frontier was known until the target's call on it was under way."""
    known_s, asked, longest_s = {0: 0.0}, set[int](), 0.0
    for record in records:
        match record.event:
            case Confirmed(at=at):
                known_s[at + 1] = record.time_s
            case Started(role="target", at=at) if at not in asked:
                asked.add(at)
                longest_s = max(longest_s, record.time_s - known_s.get(at, record.time_s))
            case _:
                pass
    return longest_s


async def limited(episode: Episode, lookahead: Lookahead) -> tuple[float, float]:
    """Total seconds, and the longest delay of a frontier's call, where the server answers two calls at once."""
    limits, provider = Limits(servers=ServerLimits(calls_at_once=2)), server()
    fast, slow = (SimulatedAgent(role, episode, provider) for role in ROLES)
    made = plan("simulated", approximation=fast, target=slow, lookahead=lookahead, limits=limits, max_steps=episode.max_steps)
    async with made, made.events() as events:
        records = [record async for record in events]
    return made.figures.total_s or 0.0, delay_s(records)


def two_at_once(episodes: list[Episode]) -> None:
    """Speculation under a server's limit of two calls: does the frontier wait for it?"""
    alone = [run(limited(episode, Sliding(0))) for episode in episodes]
    ahead = [run(limited(episode, Sliding(4))) for episode in episodes]
    share = sum(total for total, _ in ahead) / sum(total for total, _ in alone)
    slower = sum(total > base for (total, _), (base, _) in zip(ahead, alone, strict=True))
    print(
        f"\nTwo calls at once: lookahead 4 takes {share:.3f} of the target alone's time; {slower} of {EPISODES} plans are slower;"
    )
    print(f"the frontier's call began at most {max(delay for _, delay in ahead):.6f} s after its frontier was known")


async def local() -> None:
    """Both agents on the embedded model, two slots with a thread each: what other calls do to a target call's time."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    world = WORLDS["openagi"]
    fast = await local_model(None, slots=1, threads=1, progress=lambda arrived, total: None)
    slow = await local_model(None, slots=2, threads=1, progress=lambda arrived, total: None)
    agents = agent_of_kind("direct", fast, world), agent_of_kind("cot", slow, world)
    print(f"\nThe embedded model as both agents in this process, {processors} processors, {len(TASKS)} tasks:")
    try:
        for task in TASKS:  # once without counting, so that all have read the worked examples
            await made_here(agents, task, Sliding(1), "")
        for lookahead in (Sliding(0), Sliding(1), ByValue(float("inf"))):
            total, known = 0.0, ""
            for task in TASKS:
                made = await made_here(agents, task, lookahead, known)
                known, total = made.learned, total + (made.figures.total_s or 0.0)
            print(f"{lookahead.name:>12}: {total:.2f} s")
    finally:
        await fast.close()
        await slow.close()


async def made_here(agents: tuple[Agent, Agent], task: str, lookahead: Lookahead, known: str) -> Session:
    """A session of the embedded model after its run."""
    fast, slow = agents
    made = plan(
        Task(task, "openagi"), approximation=fast, target=slow, lookahead=lookahead, known=known, one_machine=True, max_steps=8
    )
    async with made:
        try:
            await made.result()
        except RunEnded as error:  # a plan that comes to no end within eight steps counts with its time
            print(f"  ({type(error).__name__} on {task[:40]!r})", file=sys.stderr)
    return made


def main() -> None:
    """Measure and print."""
    rng = random.Random(0)
    setting = Setting()
    episodes = [setting.draw(rng) for _ in range(EPISODES)]
    jam(episodes, "by those that are under way when a call begins", queueing)
    varied = Setting(draft_s=LogNormal.by_mean(1.0, SPREAD), target_s=LogNormal.by_mean(3.0, 3 * SPREAD))
    slow = Setting(draft_s=LogNormal.by_mean(3.0, 3 * SPREAD), target_s=LogNormal.by_mean(3.0, 3 * SPREAD))
    jam([varied.draw(rng) for _ in range(EPISODES)], "calls of varied length that share processors", sharing)
    jam([slow.draw(rng) for _ in range(EPISODES)], "the same with a drafter as slow as the target", sharing)
    two_at_once(episodes)
    if "--local" in sys.argv:
        asyncio.run(local())


if __name__ == "__main__":
    main()
