"""A trip by a solver: the cheapest that keeps every constraint, or the best rated within the budget, proven.

Days and sights are as in ``planner``; the rest is ``program``'s optimum. If nothing keeps all constraints, which is then proven
too, they are given up in a stated order, and the solution says which. Needs the extra ``outrider[solver]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from outrider.errors import BadOption
from outrider.model import Prefix
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import Progress, trip_of
from outrider.worlds.travel.agenda import Offer
from outrider.worlds.travel.planner import walk
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.problem import CUISINE, RIDES, ROOMS, Problem, problem
from outrider.worlds.travel.program import Prefer, Program, Stop
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.scoring import score
from outrider.worlds.travel.trip import Meal, Place

GIVEN_UP_IN_ORDER: Final = ((), (CUISINE,), (CUISINE, ROOMS), (CUISINE, ROOMS, RIDES))
"""What counts no more, from try to try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A whole trip, and what it costs.

    ``given_up`` names the constraints that it breaks because the prefix does or nothing can keep them after it; empty: it keeps
    everything, and no other trip of the same agenda is cheaper, or, if ``rated`` was preferred, better rated.
    """

    steps: Prefix
    usd: int
    given_up: tuple[str, ...]


def solve(query: Query, prefix: Prefix = (), *, prefer: Prefer = "cheapest", stop: Stop | None = None) -> Solution:
    """The best trip that begins with ``prefix``. The same arguments give the same trip. ``stop`` ends the search early.

    Raises:
        SearchStopped: it was asked to stop.
        BadOption: there is no way to where the trip must lead; or OR-Tools is not installed.
        BadStep: ``prefix`` holds a step that is none of a trip's.
    """
    stop = stop or Stop()
    for without in GIVEN_UP_IN_ORDER:
        stop.check()
        facts = problem(query, prefix, without)
        chosen = _decided(facts, prefer, stop) or (_decided(facts, "cheapest", stop) if prefer == "rated" else None)
        if chosen:
            return _solution(query, prefix, chosen)
    raise _no_way(query)


def _solution(query: Query, prefix: Prefix, chosen: Chosen) -> Solution:
    steps = walk(query, prefix, chosen)
    trip = trip_of(steps, query.origin)
    return Solution(steps=steps, usd=bill(trip, query.people).usd, given_up=tuple(score(query, trip).broken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the solver chose, for ``walk``."""

    rides: Mapping[int, Offer]
    beds: Mapping[int, Place]
    places: Mapping[tuple[int, Meal], Place]

    def ride(self, now: Progress) -> Offer | None:
        """The ride of that day."""
        return self.rides.get(now.day)

    def meal(self, now: Progress, meal: Meal, city: str) -> Place | None:
        """The restaurant of that day's meal."""
        return self.places.get((now.day, meal))

    def bed(self, now: Progress) -> Place | None:
        """The bed of that night."""
        return self.beds.get(now.day)


def _no_way(query: Query) -> BadOption:
    """The error that names where else the tables lead."""
    what = f"from {query.origin} to {query.destination} and back in {query.days} days from {query.start}"
    reached = {destination for origin, destination in tables.roads() if origin == query.origin}
    states = sorted({tables.states()[city] for city in reached if city in tables.states()})
    return BadOption(f"the tables know no way {what}; from {query.origin} they lead to {', '.join(states) or 'nowhere'}")


def _decided(facts: Problem, prefer: Prefer, stop: Stop) -> Chosen | None:
    """The optimum; ``None``: there is none, which is proven."""
    stop.check()
    program = Program(facts, prefer, stop)
    if not program.solve():
        return None
    rides = program.rides()
    return Chosen(rides=rides, beds=program.beds(rides), places=program.places(rides))
