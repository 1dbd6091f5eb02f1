"""TravelPlanner (Xie et al., arXiv 2402.01622): trips over real tables, their tools, and their scoring by its authors.

The authors' files are in ``data``, compressed and otherwise untouched, under the licence beside them (MIT). Nothing is read
before it is asked for. Steps, hours of the day, and planners are ours. ``docs/travel.md`` tells what was measured.

    query = numbered(31)                # or: free_task("Seattle to California, 5 days from March 16, two people, $4,000")
    steps = greedy(query)               # or: solve(query).steps
    trip = trip_of(steps, query.origin)
    print(render(query, trip), score(query, trip).passes)
"""

from __future__ import annotations

from outrider.worlds.travel.actions import ACTIONS, steps_of, trip_of
from outrider.worlds.travel.agents import GreedyAgent, SolverAgent
from outrider.worlds.travel.greedy_rule import greedy, greedy_step
from outrider.worlds.travel.prices import Bill, bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.reference import reference_text
from outrider.worlds.travel.rendering import render
from outrider.worlds.travel.scoring import Rates, Score, rates, score
from outrider.worlds.travel.sole_planning import free_task, query_of, situation, world
from outrider.worlds.travel.solver import Solution, solve
from outrider.worlds.travel.tools import TOOLS, TravelTool, notebook
from outrider.worlds.travel.train import annotated, numbered, queries
from outrider.worlds.travel.trip import Day, Place, Ride, Trip
from outrider.worlds.travel.two_stage import toolbox, two_stage

__all__ = [
    "ACTIONS",
    "Bill",
    "Day",
    "GreedyAgent",
    "Place",
    "Query",
    "Rates",
    "Ride",
    "Score",
    "Solution",
    "SolverAgent",
    "TOOLS",
    "TravelTool",
    "Trip",
    "annotated",
    "bill",
    "free_task",
    "greedy",
    "greedy_step",
    "notebook",
    "numbered",
    "queries",
    "query_of",
    "rates",
    "reference_text",
    "render",
    "score",
    "situation",
    "solve",
    "steps_of",
    "toolbox",
    "trip_of",
    "two_stage",
    "world",
]
