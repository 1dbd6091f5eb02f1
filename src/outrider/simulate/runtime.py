"""An episode run by the live runtime, with agents that take their time on the virtual clock."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from contextlib import suppress

from outrider.agents.agent import Meter
from outrider.errors import RunEnded
from outrider.figures import Figures
from outrider.model import Answer, Counted, Prefix, Role, Task, Usage
from outrider.rules import Lookahead, Sliding
from outrider.runtime import Limits, Session, plan
from outrider.runtime.keeping import Journal
from outrider.simulate.episode import TICKS_A_SECOND, Effort, Episode, ticks
from outrider.simulate.provider import Provider
from outrider.testing import run


class SimulatedAgent:
    """The agent of one role in an episode: it answers by prefix, after the drawn time.

    A call that is cancelled has used its tokens in proportion to the time it had, rounded down.
    """

    def __init__(self, role: Role, episode: Episode, provider: Provider | None = None) -> None:
        self.name = f"simulated {role}"
        self._role = role
        self._episode = episode
        self._provider = provider or Provider()

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The answer, when its time has come.

        Raises:
            ServerTrouble: the provider fails, as often as it was told to.
        """
        effort = self._episode.effort(self._role, len(prefix))
        begun = _now()
        with self._provider.call(self._role, prefix, begun) as call:
            ends = begun + call.ticks(ticks(effort.takes_s))
            try:
                await _until(ends, after_verdicts=self._role == "approximation")
            except asyncio.CancelledError:
                meter.estimate(self._used(effort, _now() - begun, ends - begun))
                raise
            call.check()
        meter.settle(self._used(effort, 1, 1))
        return self._episode.answer(self._role, prefix)

    def _used(self, effort: Effort, elapsed: int, whole: int) -> Usage:
        tokens = effort.output_tokens * min(elapsed, whole) // whole
        counted: Counted = "reported" if elapsed >= whole else "estimated"
        return Usage(output_tokens=tokens, counted=counted, cost_usd=self._provider.cost_usd(self._role, tokens))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What a whole answer takes."""
        return self._used(self._episode.effort(self._role, len(prefix)), 1, 1)


def _now() -> int:
    return round(asyncio.get_running_loop().time() * TICKS_A_SECOND)


async def _until(when: int, *, after_verdicts: bool) -> None:
    """Wait for that tick. A draft that is due together with a verdict comes after it, by the least that a clock can tell."""
    loop = asyncio.get_running_loop()
    due_s = when / TICKS_A_SECOND
    waiter: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(math.nextafter(due_s, math.inf) if after_verdicts else due_s, _wake, waiter)
    try:
        await waiter
    finally:
        timer.cancel()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def session_of(
    episode: Episode,
    lookahead: int | Lookahead,
    *,
    provider: Provider | None = None,
    limits: Limits | None = None,
    journal: Journal | None = None,
) -> Session:
    """The session after its run, on the running loop's clock: complete, or ended as ``provider`` and ``limits`` have it."""
    provider = provider or Provider()
    session = plan(
        Task("a simulated task"),
        approximation=SimulatedAgent("approximation", episode, provider),
        target=SimulatedAgent("target", episode, provider),
        lookahead=Sliding(lookahead) if isinstance(lookahead, int) else lookahead,
        max_steps=episode.max_steps,
        limits=limits,
        journal=journal,
        name="simulated",
    )
    async with session:
        with suppress(RunEnded):  # the figures say how far it came
            await session.result()
    return session


async def _figures(
    episodes: Iterable[Episode], lookahead: int | Lookahead, provider: Provider | None, limits: Limits | None
) -> list[Figures]:
    return [(await session_of(episode, lookahead, provider=provider, limits=limits)).figures for episode in episodes]


def run_episode(
    episode: Episode, lookahead: int | Lookahead, *, provider: Provider | None = None, limits: Limits | None = None
) -> Figures:
    """The figures of ``episode`` under ``lookahead``, by the live runtime on a virtual clock. The same each time."""
    return run_episodes([episode], lookahead, provider=provider, limits=limits)[0]


def run_episodes(
    episodes: Iterable[Episode], lookahead: int | Lookahead, *, provider: Provider | None = None, limits: Limits | None = None
) -> list[Figures]:
    """The figures of each episode, one run after the other on one virtual clock; the provider is the same for all."""
    return run(_figures(episodes, lookahead, provider, limits))
