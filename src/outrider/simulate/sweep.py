"""Millions of episodes: in chunks, over any ``concurrent.futures.Executor``, to the same numbers however many workers there are.

A chunk is drawn from a seed of its own, spawned from the sweep's, and is the same size whatever else is the case. What chunks
come to is added up in their order, not in the order in which they are done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Final, TypeAlias

from outrider.errors import BadOption
from outrider.rules import Batch, Sliding, lookahead_named
from outrider.simulate.arrays import Array, np
from outrider.simulate.episode import TICKS_A_SECOND, Episode, Setting
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import Scheduler
from outrider.simulate.oracle import Oracle
from outrider.simulate.provider import Provider
from outrider.simulate.runtime import session_of
from outrider.simulate.summary import Summary
from outrider.simulate.vectorised import Outcomes, outcomes
from outrider.testing import run

POSITIONS_A_CHUNK: Final = 1 << 17
"""A chunk has about so many positions: what belongs to them fits into some tens of megabytes."""

RUNS_A_JOB: Final = 256
"""The runtime is given so many episodes of a chunk at once: about half a second."""

JOBS_AHEAD: Final = 64
"""So many jobs are with the executor at once: enough for as many workers."""

QUANTITIES: Final = ("total_s", "cost_usd", "output_tokens", "wasted_tokens", "calls_max")
"""What is reported of each scheduler.

To them come ``alone_s``, the time of the target alone; ``saved_s``, that less the scheduler's, in pairs; and ``complete``, the
share of runs that came to their `finish`. A run that a failure ended counts with what it had come to.
"""


# A sweep ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How the provider behaves; see ``Provider``. Anything but the default needs the runtime."""

    slowdown: float = 0.0
    calls_per_minute: float | None = None
    failures: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is to be simulated: so many episodes of a setting, each under every one of the schedulers.

    Args:
        schedulers: ``alone``, ``oracle``, a number, ``lookahead-K`` or ``batch-K``.
        draft_price, target_price: dollars per million output tokens.
        runtime: whether the live runtime is to run every episode, instead of the NumPy model of it. It does so for whatever
            the model does not know: a load, more guesses for a step than one.
    """

    setting: Setting
    schedulers: tuple[str, ...]
    episodes: int
    seed: int = 0
    draft_price: float = 1.0
    target_price: float = 10.0
    load: Load = field(default_factory=Load)
    runtime: bool = False

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise BadOption(f"{self.episodes} episodes tell nothing; give at least 1")
        if self.seed < 0:
            raise BadOption(f"the seed is {self.seed}; give a whole number from 0")
        Provider(**asdict(self.load), draft_price=self.draft_price, target_price=self.target_price)
        for name in self.schedulers:
            scheduler_named(name)

    @property
    def by_runtime(self) -> bool:
        """Whether the live runtime runs every episode."""
        return self.runtime or self.load != Load() or not all(_modelled(scheduler_named(name)) for name in self.schedulers)

    def jobs(self) -> Iterator[Job]:
        """Its parts, in order."""
        size = max(1, min(1 << 14, POSITIONS_A_CHUNK // self.setting.steps))
        for chunk, begin in enumerate(range(0, self.episodes, size)):
            length = min(size, self.episodes - begin)
            runs = RUNS_A_JOB if self.by_runtime else size
            yield from (Job(self, chunk, size, first, min(first + runs, length)) for first in range(0, length, runs))


@dataclass(frozen=True, slots=True)
class Job:
    """Some episodes of a chunk. A chunk is always drawn whole, so that each of its episodes is the same in every sweep."""

    sweep: Sweep
    chunk: int
    size: int
    first: int
    last: int

    @property
    def episodes(self) -> Episodes:
        """They, drawn."""
        seed = np.random.SeedSequence(self.sweep.seed, spawn_key=(self.chunk,))
        return Episodes.drawn(self.sweep.setting, self.size, np.random.Generator(np.random.SFC64(seed)))[self.first : self.last]


Found: TypeAlias = Mapping[str, Mapping[str, Summary]]
"""By scheduler and quantity."""


def scheduler_named(name: str) -> Scheduler:
    """The scheduler of this name.

    Raises:
        BadOption: there is none.
    """
    match name:
        case "alone":
            return Sliding(0)
        case "oracle":
            return "oracle"
        case _:
            return lookahead_named(name)


def name_of(scheduler: Scheduler) -> str:
    """Its name in full: ``lookahead-4`` for 4."""
    if isinstance(scheduler, str):
        return scheduler
    lookahead = Sliding(scheduler) if isinstance(scheduler, int) else scheduler
    return "alone" if lookahead == Sliding(0) else lookahead.name


def _modelled(scheduler: Scheduler) -> bool:
    """Whether the NumPy model knows it; whatever it does not know, the runtime does."""
    return scheduler.width == 1 if isinstance(scheduler, Sliding) else isinstance(scheduler, int | str | Batch)


def work(job: Job) -> Found:
    """What the job's episodes come to under every scheduler."""
    episodes, sweep = job.episodes, job.sweep
    alone_s = _outcomes(job, episodes, Sliding(0)).total_s
    found = {name: _outcomes(job, episodes, scheduler_named(name)) for name in sweep.schedulers}
    return {name: _summaries(sweep, outcome, alone_s) for name, outcome in found.items()}


def _summaries(sweep: Sweep, found: Outcomes, alone_s: Array) -> dict[str, Summary]:
    values = {
        "total_s": found.total_s,
        "cost_usd": found.cost_usd(sweep.draft_price, sweep.target_price),
        "output_tokens": found.output_tokens,
        "wasted_tokens": found.wasted_tokens,
        "calls_max": found.calls_max,
        "saved_s": alone_s - found.total_s,
        "alone_s": alone_s,
        "complete": found.complete,
    }
    return {name: Summary.of(value) for name, value in values.items()}


def _outcomes(job: Job, episodes: Episodes, scheduler: Scheduler) -> Outcomes:
    return _run(job, episodes, scheduler) if job.sweep.by_runtime else outcomes(episodes, scheduler)


def _run(job: Job, episodes: Episodes, scheduler: Scheduler) -> Outcomes:
    """The same by the live runtime, each episode with a provider of its own."""
    rows = run(_rows(job, episodes, scheduler))
    return Outcomes(*np.array(rows, np.float64).T)


async def _rows(job: Job, episodes: Episodes, scheduler: Scheduler) -> list[tuple[float, ...]]:
    return [await _row(job, number, episodes.one(number), scheduler) for number in range(len(episodes))]


async def _row(job: Job, number: int, episode: Episode, scheduler: Scheduler) -> tuple[float, ...]:
    lookahead = Oracle.of(episode) if scheduler == "oracle" else scheduler
    seed = np.random.SeedSequence(job.sweep.seed, spawn_key=(job.chunk, job.first + number)).generate_state(1)
    # Figures know tokens by how calls ended, not by role. A million drafted tokens at a dollar, and the target's for nothing, do.
    provider = Provider(**asdict(job.sweep.load), seed=int(seed[0]), draft_price=1.0, target_price=0.0)
    session = await session_of(episode, lookahead, provider=provider)
    figures = session.figures
    drafted = round((figures.usage.cost_usd or 0.0) * 1_000_000)
    in_vain = figures.tokens("wasted") + figures.tokens("cancelled")
    spent = drafted, figures.usage.output_tokens - drafted, in_vain
    whole_s = round((figures.total_s or 0.0) * TICKS_A_SECOND) / TICKS_A_SECOND  # the clock's jumps leave a rounding error
    return whole_s, *spent, figures.calls_max, session.plan.complete


# Over workers -------------------------------------------------------------------------------------------------------


def simulate(sweep: Sweep, executor: Executor | None = None, progress: Callable[[int], None] | None = None) -> Found:
    """What every scheduler comes to, the same with any executor or none.

    Args:
        executor: where chunks are worked on, some ahead of the one that is waited for; without one, here.
        progress: is told how many episodes are done, after every job.
    """
    found: Found = {}
    done = 0
    for job, part in _worked(sweep.jobs(), executor):
        found = {name: _added(found.get(name, {}), summaries) for name, summaries in part.items()}
        done += job.last - job.first
        if progress is not None:
            progress(done)
    return found


def _added(before: Mapping[str, Summary], more: Mapping[str, Summary]) -> Mapping[str, Summary]:
    return {name: before[name] + summary if name in before else summary for name, summary in more.items()}


def _worked(jobs: Iterator[Job], executor: Executor | None) -> Iterator[tuple[Job, Found]]:
    """Jobs and what they came to, in order. Memory holds a few at a time, however many there are."""
    if executor is None:
        yield from ((job, work(job)) for job in jobs)
        return
    waiting = deque((job, executor.submit(work, job)) for job in islice(jobs, JOBS_AHEAD))
    try:
        while waiting:
            job, future = waiting.popleft()
            found = future.result()
            waiting.extend((job, executor.submit(work, job)) for job in islice(jobs, 1))
            yield job, found
    finally:
        for _, future in waiting:
            future.cancel()
