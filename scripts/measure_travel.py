"""Measure TravelPlanner's planners without a model: what they keep, what they cost, how long they take, how often they agree.

    python scripts/measure_travel.py

Over the 45 tasks of the train set. Seconds are of this machine; everything else is the same everywhere. Needs the extra
``outrider[solver]``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean, median

from outrider.model import Prefix
from outrider.worlds.travel import (
    Query,
    Trip,
    annotated,
    bill,
    free_task,
    greedy,
    greedy_step,
    queries,
    rates,
    score,
    solve,
    tables,
    trip_of,
)
from outrider.worlds.travel.commonsense import COMMONSENSE
from outrider.worlds.travel.hard import HARD
from outrider.worlds.travel.program import Prefer

PREFERENCES: tuple[Prefer, ...] = ("cheapest", "rated")

OWN_TASKS = (
    "Seattle to California, 5 days from March 16, two people, pet-friendly, entire room, $4,000",
    "Tulsa to 3 cities in Texas, 7 days from March 2, four people, Mexican and Indian food, $6,000",
    "Fresno to Oregon, 3 days from March 21, 1 city, private room, $900",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a planner made of every task; no seconds where nobody measured them."""

    name: str
    trips: tuple[Trip, ...]
    seconds: tuple[float, ...] = ()


def planned(name: str, plan: Callable[[Query], Prefix]) -> Row:
    """Each task planned once, after one that warms up."""
    plan(queries()[0])
    trips, seconds = [], []
    for query in queries():
        began = time.perf_counter()
        steps = plan(query)
        seconds.append(time.perf_counter() - began)
        trips.append(trip_of(steps, query.origin))
    return Row(name, tuple(trips), tuple(seconds))


def rows() -> Iterator[Row]:
    """The annotators, the greedy rule and the solver."""
    yield Row("the annotators", annotated())
    yield planned("greedy rule", greedy)
    yield planned("solver, cheapest", lambda query: solve(query).steps)
    yield planned("solver, best rated within the budget", lambda query: solve(query, prefer="rated").steps)


def told(row: Row) -> str:
    """A row of the table of planners."""
    found = rates([score(query, trip) for query, trip in zip(queries(), row.trips, strict=True)])
    shares = (found.delivery, found.commonsense_micro, found.commonsense_macro, found.hard_micro, found.hard_macro, found.final)
    spent = [bill(trip, query.people).usd / (query.budget_usd or 1) for query, trip in zip(queries(), row.trips, strict=True)]
    stars = [
        place.rating for trip in row.trips for meal in trip.meals if (place := tables.restaurants().find(meal.name, meal.city))
    ]
    taken = f"{median(row.seconds):.3f} / {max(row.seconds):.3f}" if row.seconds else "-"
    cells = [row.name, *(f"{share:.3f}" for share in shares), f"{fmean(spent):.2f}", f"{fmean(stars):.2f}", taken]
    return f"| {' | '.join(cells)} |"


def by_constraint() -> Iterator[str]:
    """How many annotated plans keep each constraint, of those that ask for it; and why the others do not."""
    scores = [score(query, trip) for query, trip in zip(queries(), annotated(), strict=True)]
    for name in (*COMMONSENSE, *HARD):
        asked = [found for found in scores if name in COMMONSENSE or name in found.asked]
        kept = sum(name not in found.broken for found in asked)
        yield f"| {name} | {kept} of {len(asked)} |"
    for number, found in enumerate(scores):
        yield from (f"task {number}: {name}: {why}" for name, why in found.broken.items())


def agreement(prefer: Prefer) -> str:
    """How often the greedy rule names the solver's next step after the solver's own prefix; and the solver's seconds a step."""
    same: Counter[str] = Counter()
    every: Counter[str] = Counter()
    seconds: list[float] = []
    for query in queries():
        steps = solve(query, prefer=prefer).steps
        for at, step in enumerate(steps):
            began = time.perf_counter()
            again = solve(query, steps[:at], prefer=prefer).steps[at]
            seconds.append(time.perf_counter() - began)
            assert again == step, "the solver goes on from its own prefix as it would have"
            every[step.action] += 1
            same[step.action] += greedy_step(query, steps[:at]) == step
    kinds = ", ".join(f"{kind} {same[kind]} of {every[kind]}" for kind in sorted(every))
    share = f"{sum(same.values())} of {sum(every.values())} ({sum(same.values()) / sum(every.values()):.2f})"
    return f"| {prefer} | {share} | {kinds} | {median(seconds):.3f} / {max(seconds):.3f} |"


def of_ones_own(task: str) -> str:
    """A task in one's own words: what greedy and solver pay for it, and the solver's seconds."""
    query = free_task(task)
    by_rule = bill(trip_of(greedy(query), query.origin), query.people).usd
    began = time.perf_counter()
    found = solve(query)
    return f"| {task} | ${by_rule:,} | ${found.usd:,} | {time.perf_counter() - began:.2f} |"


def main() -> None:
    """Four tables, as Markdown."""
    print("| plans by | delivered | commonsense micro | macro | hard micro | macro | final | budget spent | stars a meal | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows():
        print(told(row), flush=True)
    print("\n| constraint | annotated plans that keep it |\n|---|---|")
    print("\n".join(by_constraint()))
    print("\n| solver | steps the greedy rule names too | by action | solver, s a step |\n|---|---|---|---|")
    for prefer in PREFERENCES:
        print(agreement(prefer), flush=True)
    print("\n| a task of one's own, its cities open | greedy rule | solver | solver, s |\n|---|---|---|---|")
    for task in OWN_TASKS:
        print(of_ones_own(task), flush=True)


if __name__ == "__main__":
    main()
