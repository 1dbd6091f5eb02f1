"""The agents that plan a trip without a model: the greedy rule, which drafts, and the solver, whose every step is proven.

Both read the task's text by rules, so a sentence that the person adds to it counts from the next step on. What the prefix holds
is given, whoever named it: the solver goes on from a person's step as from its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.util import find_spec
from typing import TypeAlias

from outrider.agents.agent import Meter
from outrider.errors import BadOption
from outrider.model import NOTHING_USED, Answer, Prefix, Task, Usage
from outrider.worlds.travel.greedy_rule import greedy_step
from outrider.worlds.travel.program import Prefer, Stop
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.sole_planning import query_of
from outrider.worlds.travel.solver import Solution, solve

Search: TypeAlias = Callable[[Stop], Solution]
"""Looks for a solution until it is told to stop."""


class GreedyAgent:
    """The step that the greedy rule names. It takes milliseconds and no tokens."""

    def __init__(self, name: str = "greedy@travel") -> None:
        self.name = name

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The step of the rule.

        Raises:
            BadOption: the task's text does not say what a trip needs.
            BadStep: ``prefix`` is none of a trip's.
        """
        meter.settle(NOTHING_USED)
        return Answer((greedy_step(query_of(task.text), prefix),))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """No tokens and no dollars."""
        return NOTHING_USED


async def in_a_thread(search: Search) -> Solution:
    """What ``search`` finds, in a thread of its own. Cancelled, the search is told to stop, and nobody waits for it."""
    stop = Stop()
    try:
        return await asyncio.to_thread(search, stop)
    finally:
        stop.ask()  # of a search that is over, it asks nothing


async def at_once(search: Search) -> Solution:
    """What ``search`` finds, while everything else waits: for virtual clocks, which threads would run away from."""
    return search(Stop())


class SolverAgent:
    """The next step of the best trip that begins with the prefix; its thought is what that trip costs, and what it breaks.

    Raises:
        BadOption: OR-Tools is not installed.

    Args:
        prefer: what is best: the cheapest trip that keeps every constraint, or the best rated within the budget.
        searching: where it searches.
    """

    def __init__(
        self,
        prefer: Prefer = "cheapest",
        *,
        name: str = "solver@travel",
        searching: Callable[[Search], Awaitable[Solution]] = in_a_thread,
    ) -> None:
        if find_spec("ortools") is None:  # said before anything starts
            raise BadOption(f"{name} needs OR-Tools: pip install 'outrider[solver]'; without it, greedy@travel can be the target")
        self.name = name
        self._prefer: Prefer = prefer
        self._searching = searching

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The step of the solution.

        Raises:
            BadOption: the task's text does not say what a trip needs, or no way leads there.
            BadStep: ``prefix`` is none of a trip's.
        """
        meter.settle(NOTHING_USED)
        query = query_of(task.text)
        found = await self._searching(partial(_search, query, prefix, self._prefer))
        return Answer((found.steps[len(prefix)],), told(query, found))

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """No tokens and no dollars."""
        return NOTHING_USED


def _search(query: Query, prefix: Prefix, prefer: Prefer, stop: Stop) -> Solution:
    return solve(query, prefix, prefer=prefer, stop=stop)


def told(query: Query, found: Solution) -> str:
    """What the whole trip would cost, and which constraints it breaks, if nothing after the prefix can keep them."""
    budget = f" of ${query.budget_usd:,}" if query.budget_usd is not None else ""
    broken = f"; from here on nothing keeps: {', '.join(found.given_up)}" if found.given_up else ""
    return f"The whole trip: ${found.usd:,}{budget}{broken}"
