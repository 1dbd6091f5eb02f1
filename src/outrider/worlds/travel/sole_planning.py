"""TravelPlanner as a world: what an agent is told of a task, of what may come next, and of where the plan stands."""

from __future__ import annotations

import datetime
from functools import cache, lru_cache, partial
from typing import Final

from outrider.agents.world import Example, World
from outrider.errors import BadStep
from outrider.model import Prefix, Step
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import ACTIONS, RIDES, STAY, VISIT, Progress, allowed, progress
from outrider.worlds.travel.agenda import leg_days
from outrider.worlds.travel.greedy_rule import greedy
from outrider.worlds.travel.hard import missing_cuisines
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.reading import read_query
from outrider.worlds.travel.reference import ROWS, reference_text
from outrider.worlds.travel.train import queries

ABOUT: Final = (
    "You plan a trip day by day: rides, meals, sights, and a bed for each night. The steps of a day stand in the order in which "
    "they happen; a stay ends the day, finish ends the trip, back home on its last day. Every day without travel has three meals "
    "and a sight, no restaurant and no sight comes twice, and who drives takes neither flights nor taxis. Name only what stands "
    "below."
)

_OWN_TASKS: Final = ("Tampa to Savannah, 3 days from March 4, two people, entire room, $900",)
"""Tasks of our own for worked examples; none is of the data set. A small model's context holds no more than one."""


@cache
def examples() -> tuple[Example, ...]:
    """Tasks of our own, planned by the greedy rule."""
    return tuple(Example(task, executed=greedy(read_query(task))[:-1]) for task in _OWN_TASKS)


def world(query: Query, *, rows: int | None = ROWS) -> World:
    """The world of one task; ``about`` holds its reference information, at most ``rows`` of each table."""
    return World(
        name="travel",
        about=f"{ABOUT}\n\n{reference_text(query, rows=rows)}\n",
        actions=ACTIONS,
        examples=examples(),
        tasks=(query.text,),
        allowed=partial(_allowed, query),
        situation=partial(_situation, query),
        thought=thought,
    )


def free_task(text: str) -> Query:
    """What a task in the user's own words asks for; a task of the train set, word by word, is that task with its reference,
    whatever sentences follow it.

    Raises:
        UnknownName: it names a place that is not in the tables; the message names near ones.
        BadOption: where from, where to or when is missing, or two of its words contradict one another.
    """
    text = text.strip()
    known = next((number for number, query in enumerate(queries()) if text.startswith(query.text)), None)
    if known is not None and text == queries()[known].text:
        return queries()[known]
    return read_query(text, legs_of=known)


@lru_cache(maxsize=256)
def query_of(task: str) -> Query:
    """``free_task`` of a task's text, as it is asked for at every step."""
    return free_task(task)


def _allowed(query: Query, prefix: Prefix) -> tuple[str, ...]:
    return allowed(prefix, query.origin, query.days)


def _situation(query: Query, task: str, prefix: Prefix) -> str:
    """Where the plan stands; in a worked example, whose task is another, as its own task says."""
    return situation(query if task == query.text else _of(task) or query, prefix)


@cache
def _of(task: str) -> Query | None:
    return read_query(task) if task in _OWN_TASKS else None


def situation(query: Query, prefix: Prefix) -> str:
    """Day, date and city, what the day lacks, what is spent, and which cuisines are still to be had; empty if it is no trip."""
    try:
        now = progress(prefix, query.origin)
    except BadStep:
        return ""
    parts = [f"{day(query, now)}, in {now.here}", spent(query, now), _today(now), *still_to_eat(query, now)]
    if now.day in leg_days(query) and now.today.ride is None:
        parts.append("a day of travel")
    return "; ".join(parts)


def day(query: Query, now: Progress) -> str:
    """``day 2 of 3, March 5``."""
    date = query.start + datetime.timedelta(days=now.day - 1)
    return f"day {now.day} of {query.days}, {date:%B} {date.day}"


def spent(query: Query, now: Progress) -> str:
    """``$640 of $900 spent``, by everybody together."""
    budget = f" of ${query.budget_usd:,}" if query.budget_usd is not None else ""
    return f"${bill(now.trip, query.people).usd:,}{budget} spent"


def still_to_eat(query: Query, now: Progress) -> list[str]:
    """One part of where the plan stands, if cuisines are still to be had; else none."""
    missing = missing_cuisines(query, now.trip)
    return [f"{', '.join(missing)} food still to be had"] if missing else []


def _today(now: Progress) -> str:
    had: list[str] = [meal for meal, _ in now.today.meals]
    sights = len(now.today.attractions)
    had += [f"{sights} sight{'s' if sights > 1 else ''}"] if sights else []
    return f"today so far: {', '.join(had) or 'nothing'}"


def thought(task: str, prefix: Prefix, step: Step) -> str:
    """Why a step is the right one, in a few words."""
    if step.is_finish:
        return "The trip is over and one is home"
    city = step.arguments.get("city", step.arguments.get("destination"))
    if step.action in RIDES:
        return f"It is time to go to {city}"
    if step.action == VISIT.name:
        return f"There is time for a sight in {city}"
    if step.action == STAY.name:
        return f"The day ends in {city}"
    place = tables.restaurants().find(str(step.arguments.get("name")), str(city))
    return f"It is time for {step.arguments.get('meal')} in {city}{f', and {place.cuisines[0]} food is good' if place else ''}"
