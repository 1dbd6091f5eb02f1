"""A trip in few words while it is planned: a step, and where the plan stands."""

from __future__ import annotations

from functools import partial
from typing import Final

from outrider.errors import BadStep, OutriderError
from outrider.model import Prefix, Step
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import RIDES, progress, trip_of
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.rendering import render
from outrider.worlds.travel.scoring import score
from outrider.worlds.travel.sole_planning import day, query_of, spent, still_to_eat
from outrider.worlds.travel.trip import Day, Place, Ride, Trip

_SOON: Final = ("within sandbox", "diverse restaurants", "diverse attractions", "non-conflicting transportation", "budget",
                "room rule", "room type", "transportation")  # fmt: skip
"""Constraints that a trip may have broken before it is whole; the others it can only break at its end."""


def query_or_none(task: str) -> Query | None:
    """What the task asks for, if it can be read: a journal may hold any text."""
    try:
        return query_of(task)
    except OutriderError:
        return None


def notes(task: str) -> tuple[str, ...]:
    """What the task did not say and was taken for granted, and what of it no rule read."""
    query = query_or_none(task)
    if query is None:
        return ()
    assumed = [f"taken for granted: {'; '.join(query.assumed)}"] if query.assumed else []
    unread = [f"not understood, so it does not count: {'; '.join(query.unread)}"] if query.unread else []
    return (*assumed, *unread)


def teller(task: str) -> partial[str]:
    """How the steps of a trip for ``task`` read."""
    query = query_or_none(task)
    return partial(told_step, query.people if query else None)


def told_step(people: int | None, step: Step) -> str:
    """``drive to Eugene, $51``: what is done, and its price for everybody; the whole step where it is none of a trip's."""
    try:
        return _told(people, step)
    except BadStep:
        return str(step)


def _told(people: int | None, step: Step) -> str:
    (day,) = progress((step,), "").trip.days or (Day(city=""),)
    if day == Day(city=""):
        return str(step)
    found = bill(Trip((day,)), people or 1).entries
    price = "" if people is None or not found else f", ${found[0].usd:,}" if found[0].each_usd is not None else ", price unknown"
    if step.action in RIDES and day.ride:
        return f"{_ride(day.ride)}{price}"
    name = str(step.arguments["name"])
    if step.action == "visit":
        return f"see {name}"
    if step.action == "stay":
        return f"night at {name}{_room(day.stay)}{price}"
    return f"{step.arguments['meal']} at {name}{price}"


def _ride(ride: Ride) -> str:
    if ride.mode != "flight":
        return f"{'drive' if ride.mode == 'self-driving' else 'taxi'} to {ride.destination}"
    flight = tables.flights().find(ride.flight, ride.origin, ride.destination)
    return f"fly to {ride.destination}, {f'{flight.departs}-{flight.arrives}' if flight else ride.flight}"


def _room(stay: Place | None) -> str:
    home = tables.accommodations().find(stay.name, stay.city) if stay else None
    return f" ({home.room_type.lower()})" if home else ""


def stands(task: str, prefix: Prefix) -> str:
    """Where a trip for ``task`` stands after ``prefix``: day, city, what is spent, and which constraints it has broken."""
    query = query_or_none(task)
    if query is None or (prefix and prefix[-1].is_finish):
        return ""
    try:
        now = progress(prefix, query.origin)
    except BadStep:
        return ""
    parts = [f"{day(query, now)}, {now.here}", spent(query, now), *still_to_eat(query, now)]
    if broken := [name for name in score(query, now.trip).broken if name in _SOON]:
        parts.append(f"broken: {', '.join(broken)}")
    return "; ".join(parts)


def rendered(task: str, prefix: Prefix) -> str:
    """The trip, day by day, with prices, its sum, and the constraints that it breaks; empty if ``prefix`` is no whole trip."""
    query = query_or_none(task)
    if query is None or not prefix or not prefix[-1].is_finish:
        return ""
    try:
        return render(query, trip_of(prefix, query.origin))
    except BadStep:
        return ""
