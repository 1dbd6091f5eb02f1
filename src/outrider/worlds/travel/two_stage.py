"""TravelPlanner's two-stage form: nothing is told beforehand; an agent looks things up and plans, and sees what each step says.

The tools look up (``tools``), and the steps of the trip are tools as well, which say their price. None has an effect: a trip is
its plan. What was looked up stands in the plan with its observation, and is no part of the trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from outrider.agents.world import Action, World
from outrider.errors import BadStep
from outrider.model import JSON, Prefix, Step
from outrider.tools import Tool, Toolbox
from outrider.worlds.travel.actions import ACTIONS, END, allowed, trip_of
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.sole_planning import ABOUT, situation, thought
from outrider.worlds.travel.tools import TOOLS, TravelTool

_BEFORE: Final = ABOUT.replace("Name only what stands below.", "Look up what there is before you name it.")


def toolbox(query: Query) -> Toolbox:
    """The tools that look something up, and the steps of a trip for ``query``; all without effect."""
    return Toolbox((*map(_looking_up, TOOLS), *(_taking(query, action) for action in ACTIONS if action is not END)))


def two_stage(query: Query) -> World:
    """The world of one task for an agent that looks things up with ``toolbox(query)``."""
    looking_up = tuple(Action(tool.name, tool.description, schema=tool.schema) for tool in TOOLS)
    return World(
        name="travel",
        about=_BEFORE,
        actions=(*looking_up, *ACTIONS),
        tasks=(query.text,),
        allowed=partial(_allowed, query),
        situation=lambda task, prefix: situation(query, prefix),
        thought=thought,
    )


def _allowed(query: Query, prefix: Prefix) -> tuple[str, ...]:
    names = allowed(prefix, query.origin, query.days)
    over = bool(prefix) and prefix[-1].is_finish
    return names if over else (*(tool.name for tool in TOOLS), *names)


def _looking_up(tool: TravelTool) -> Tool:
    async def run(arguments: Mapping[str, JSON], key: str) -> JSON:
        return tool(arguments)

    return Tool(name=tool.name, description=tool.description, parameters=tool.schema, run=run, effect="none")


def _taking(query: Query, action: Action) -> Tool:
    async def run(arguments: Mapping[str, JSON], key: str) -> JSON:
        return price(query, Step(action.name, arguments))

    return Tool(name=action.name, description=action.does, parameters=action.schema or {}, run=run, effect="none")


def price(query: Query, step: Step) -> dict[str, JSON]:
    """What a step of a trip costs for everybody; an error where it is none, or the tables know no such thing."""
    try:
        entries = bill(trip_of((step,), query.origin), query.people).entries
    except BadStep as error:
        return {"error": str(error)}
    if any(entry.each_usd is None for entry in entries):
        return {"error": "the tables know no such thing, so its price is unknown"}
    return {"usd": sum(entry.usd for entry in entries)}
