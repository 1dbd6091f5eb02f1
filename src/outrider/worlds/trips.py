"""TravelPlanner by its name: a world that each task makes anew, agents that need no model, and trips that one can read.

The world itself is imported when something is first asked of it: whoever plans elsewhere does not wait for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from outrider.agents.agent import Agent
from outrider.agents.world import World
from outrider.model import Prefix
from outrider.worlds.named import NamedWorld, Teller

if TYPE_CHECKING:
    from outrider.tools import Toolbox
    from outrider.worlds.travel.program import Prefer

GREEDY: Final = "greedy@travel"
CHEAPEST: Final = "solver@travel"
RATED: Final = "solver@travel:rated"

LOOKED_UP: Final = "travel-tools"
"""The same trips where nothing is told beforehand: steps look things up, and all are executed."""


def _world(task: str) -> World:
    from outrider.worlds import travel

    return travel.world(travel.query_of(task))


def _world_to_look_up(task: str) -> World:
    from outrider.worlds import travel

    return replace(travel.two_stage(travel.query_of(task)), name=LOOKED_UP)


def _toolbox(task: str) -> Toolbox:
    from outrider.worlds import travel

    return travel.toolbox(travel.query_of(task))


def _tasks() -> tuple[str, ...]:
    from outrider.worlds import travel

    return tuple(query.text for query in travel.queries())


def _greedy() -> Agent:
    from outrider.worlds.travel.agents import GreedyAgent

    return GreedyAgent(GREEDY)


def _solver(name: str, prefer: Prefer) -> Agent:
    from outrider.worlds.travel.agents import SolverAgent

    return SolverAgent(prefer, name=name)


def _most_steps(task: str) -> int:
    from outrider.worlds.travel.planner import MOST_STEPS_A_DAY
    from outrider.worlds.travel.sole_planning import query_of

    return MOST_STEPS_A_DAY * query_of(task).days


def _most_steps_to_look_up(task: str) -> int:
    """As many look-ups as steps of the trip."""
    return 2 * _most_steps(task)


def _notes(task: str) -> tuple[str, ...]:
    from outrider.worlds.travel.saying import notes

    return notes(task)


def _teller(task: str) -> Teller:
    from outrider.worlds.travel.saying import teller

    return teller(task)


def _stands(task: str, prefix: Prefix) -> str:
    from outrider.worlds.travel.saying import stands

    return stands(task, prefix)


def _render(task: str, prefix: Prefix) -> str:
    from outrider.worlds.travel.saying import rendered

    return rendered(task, prefix)


TRIPS: Final = NamedWorld(
    name="travel",
    about="Trips through the United States, day by day: rides, meals, sights and beds from real tables, under a budget. Say from "
    "where to where, from which day on and for how many.",
    world=_world,
    tasks=_tasks,
    examples=(
        "Fresno to 2 cities in Oregon, 5 days from March 21, two people, pet-friendly, Mexican food, $1,500",
        "Seattle to California, 5 days from March 16, two people, pet-friendly, entire room, $4,000",
        "Tampa to Savannah, 3 days from March 4, private room, $900",
    ),
    agents={
        GREEDY: _greedy,
        CHEAPEST: lambda: _solver(CHEAPEST, "cheapest"),
        RATED: lambda: _solver(RATED, "rated"),
    },
    usual={"approximation": GREEDY, "target": CHEAPEST},
    most_steps=_most_steps,
    notes=_notes,
    teller=_teller,
    stands=_stands,
    render=_render,
)
"""The world, as a command line names it."""

TRIPS_LOOKED_UP: Final = replace(
    TRIPS,
    name=LOOKED_UP,
    about="The same trips by agents that are told nothing beforehand: they look flights, roads, beds, meals and sights up with "
    "tools, and see what each step costs.",
    world=_world_to_look_up,
    usual={},
    most_steps=_most_steps_to_look_up,
    toolbox=_toolbox,
)
"""TravelPlanner's two-stage form, as a command line names it."""
