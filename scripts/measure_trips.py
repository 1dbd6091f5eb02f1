"""Measure what a drafter brings the solver on TravelPlanner's tasks, in real time: the solver alone, and with drafts.

    python scripts/measure_trips.py                                 # the greedy rule drafts; all 45 tasks and three of one's own
    python scripts/measure_trips.py --target solver@travel:rated
    python scripts/measure_trips.py --own-processors                # as if every call had a processor of its own
    python scripts/measure_trips.py --draft direct@local --limit 3  # the embedded model drafts: slow, so on a few tasks

Every task is planned by every arm in turn, the arms in another order from task to task, so that what else the machine does falls
on all of them. *Alone again* is the solver alone once more: how far its ratio is from 1 is what the machine's noise does. Seconds
are of this machine, and both agents compute on it; plans, verdicts and scores are the same everywhere. Needs the extra
``outrider[solver]``.

With ``--own-processors`` the runs are on the virtual clock: a call takes the processor seconds that it takes by itself, measured
once for each prefix, whatever else is under way. That is what drafts can bring where processors are not what is short.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import TypeAlias

from measure_travel import OWN_TASKS

from outrider import Agent, Plan, Sliding, Task, plan
from outrider.agents.agent import Meter
from outrider.bench.statistics import Estimate, Paired, draws, ratio
from outrider.errors import OutriderError
from outrider.figures import Figures
from outrider.model import Answer, Prefix, Usage
from outrider.naming import Models, agent_named
from outrider.providers.prices import Prices
from outrider.testing import run
from outrider.worlds import named_world
from outrider.worlds.travel import GreedyAgent, Score, SolverAgent, queries, query_of, rates, score, solve, trip_of
from outrider.worlds.travel.agents import at_once
from outrider.worlds.travel.program import Prefer

ALONE = "alone"
ARMS = {ALONE: 0, "alone again": 0, "lookahead 1": 1, "lookahead 2": 2, "lookahead 4": 4}
SEED = 7


@dataclass(frozen=True, slots=True)
class Ran:
    """One plan by one arm."""

    plan: Plan
    figures: Figures

    @property
    def total_s(self) -> float:
        return self.figures.total_s or 0.0

    @property
    def judged(self) -> tuple[int, int]:
        """How many drafts were accepted, of how many that were judged."""
        tallies = self.figures.acceptance.values()
        return sum(tally.accepted for tally in tallies), sum(tally.accepted + tally.rejected for tally in tallies)


@dataclass(slots=True)
class Arm:
    """What an arm has come to over the tasks, beside the target alone."""

    pairs: Paired = field(default_factory=Paired)
    runs: list[Ran] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    same: int = 0

    def add(self, task: str, ran: Ran, alone: Ran) -> None:
        """One more task."""
        query = query_of(task)
        self.pairs.add(ran.total_s, alone.total_s)
        self.runs.append(ran)
        self.scores.append(score(query, trip_of(ran.plan.prefix, query.origin)))
        self.same += ran.plan.prefix == alone.plan.prefix


class ByItself:
    """``agent``, whose calls take the processor seconds that they take by themselves, measured once for each prefix."""

    def __init__(self, agent: Agent) -> None:
        self.name = agent.name
        self._agent = agent
        self._known: dict[tuple[Task, Prefix], tuple[Answer, float]] = {}

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What the agent answers, after so long on the virtual clock."""
        if (task, prefix) not in self._known:
            began = time.process_time()
            answer = await self._agent.next_step(task, prefix, meter)
            self._known[task, prefix] = answer, time.process_time() - began
        answer, took_s = self._known[task, prefix]
        await asyncio.sleep(took_s)
        return answer

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What the agent says."""
        return self._agent.most(task, prefix)


Pair: TypeAlias = tuple[Agent, Agent]
"""Who drafts, and who verifies."""


def virtual(target: str) -> Pair:
    """The greedy rule and the solver for the virtual clock."""
    prefer: Prefer = "rated" if target.endswith(":rated") else "cheapest"
    return ByItself(GreedyAgent()), ByItself(SolverAgent(prefer, name=target, searching=at_once))


async def ran(task: str, arm: str, pair: Pair) -> Ran:
    """``task`` planned by ``arm``."""
    named = named_world("travel")
    most = named.most_steps(task) if named.most_steps else 0
    lookahead = Sliding(ARMS[arm])
    session = plan(Task(task, "travel"), approximation=pair[0], target=pair[1], lookahead=lookahead, max_steps=most)
    async with session as running:
        done = await running.result()
    return Ran(done, running.figures)


async def in_real_time(tasks: Sequence[str], draft: str, target: str) -> dict[str, Arm]:
    """Every task by every arm, after one plan that warms up."""
    world = named_world("travel").world
    async with Models(Prices(), slots=1) as models:

        async def pair_for(task: str) -> Pair:
            drafter = await agent_named(draft, role="approximation", world=world(task), models=models)
            return drafter, await agent_named(target, role="target", world=world(task), models=models)

        await ran(tasks[0], ALONE, await pair_for(tasks[0]))
        arms = {name: Arm() for name in ARMS}
        for number, task in enumerate(tasks):
            pair, shift = await pair_for(task), number % len(ARMS)
            keep(arms, task, {arm: await ran(task, arm, pair) for arm in [*ARMS][shift:] + [*ARMS][:shift]})
        return arms


def on_own_processors(tasks: Sequence[str], target: str) -> dict[str, Arm]:
    """The same on the virtual clock."""
    run(ran(tasks[0], ALONE, virtual(target)))
    arms = {name: Arm() for name in ARMS}
    for task in tasks:
        pair = virtual(target)
        keep(arms, task, {arm: run(ran(task, arm, pair)) for arm in ARMS})
    return arms


def keep(arms: dict[str, Arm], task: str, done: dict[str, Ran]) -> None:
    """One more task, planned by every arm."""
    for name, arm in arms.items():
        arm.add(task, done[name], done[ALONE])


def told(name: str, arm: Arm, drawn: Sequence[Sequence[int]]) -> str:
    """A row of the table."""
    seconds = [run.total_s for run in arm.runs]
    accepted, judged = (sum(counts) for counts in zip(*(run.judged for run in arm.runs), strict=True))
    found = rates(arm.scores)
    calls = [run.figures.calls("used") + run.figures.calls("wasted") + run.figures.calls("cancelled") for run in arm.runs]
    signs = arm.pairs.signs
    cells = [
        name,
        f"{sum(seconds):.2f}",
        f"{median(seconds):.3f} / {max(seconds):.3f}",
        "-" if name == ALONE else in_words(ratio(arm.pairs, drawn)),
        "-" if name == ALONE else f"{signs.faster} / {signs.slower}",
        f"{accepted} of {judged}" if judged else "-",
        f"{fmean(calls):.1f}",
        f"{arm.same} of {len(arm.runs)}",
        f"{found.commonsense_macro:.3f} / {found.hard_macro:.3f} / {found.final:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def in_words(estimate: Estimate | None) -> str:
    """A ratio with its interval."""
    if estimate is None:
        return "-"
    low_high = "" if estimate.interval is None else f" ({estimate.interval[0]:.2f} to {estimate.interval[1]:.2f})"
    return f"{estimate.value:.2f}{low_high}"


async def agreed(tasks: Sequence[str], draft: str) -> str:
    """How many of the solver's steps the drafter names too, asked after the solver's own prefixes; and its seconds a step."""
    same, seconds, world = 0, list[float](), named_world("travel").world
    async with Models(Prices(), slots=1) as models:
        for task in tasks:
            drafter = await agent_named(draft, role="approximation", world=world(task), models=models)
            steps = solve(query_of(task)).steps
            for at, step in enumerate(steps):
                began = time.perf_counter()
                try:
                    answer = await drafter.next_step(Task(task, "travel"), steps[:at], Meter())
                    same += answer.steps[:1] == (step,)
                except OutriderError as error:
                    print(f"step {at}: {error}")
                seconds.append(time.perf_counter() - began)
    return f"{same} of {len(seconds)} steps; {median(seconds):.2f} / {max(seconds):.2f} s a step"


HEAD = (
    "| arm | s in all | s a plan, median / most | of the time alone (95 %) | faster / slower | drafts accepted | calls a plan "
    "| plan as alone | commonsense / hard / final |\n|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """A table, as Markdown, for the tasks of the data set, and one for tasks of one's own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draft", default="greedy@travel", metavar="KIND@MODEL")
    parser.add_argument("--target", default="solver@travel", metavar="KIND@MODEL")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N tasks of each level, and none of one's own")
    parser.add_argument("--own-processors", action="store_true", help="on the virtual clock; the greedy rule drafts")
    parser.add_argument("--agreement", action="store_true", help="only how often the drafter names the solver's step")
    options = parser.parse_args()
    every = [query.text for query in queries()]
    of_levels = [[query.text for query in queries() if query.level == level] for level in ("easy", "medium", "hard")]
    train = every if options.limit is None else [text for level in of_levels for text in level[: options.limit]]
    if options.agreement:
        print(f"{len(train)} tasks: {options.draft} names {asyncio.run(agreed(train, options.draft))}")
        return
    for what, tasks in {"tasks of the data set": train, "tasks of one's own": OWN_TASKS if options.limit is None else ()}.items():
        if tasks:
            print(f"{len(tasks)} {what}: {options.draft} drafts for {options.target}\n\n{HEAD}", flush=True)
            own = options.own_processors
            arms = (
                on_own_processors(tasks, options.target)
                if own
                else asyncio.run(in_real_time(tasks, options.draft, options.target))
            )
            drawn = draws(len(tasks), SEED)
            print("\n".join(told(name, arm, drawn) for name, arm in arms.items()), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
