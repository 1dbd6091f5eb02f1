"""The reference information of a task as a text: all that a plan for it may name, for agents that plan without tools.

This is the authors' sole-planning form (Xie et al. 2024, section 4.2), as one writes it for a person: a line a thing. Tables
longer than ``rows`` are cut; what fits the task's wishes stands first, then the cheaper before the dearer; what is left out is
counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from outrider.worlds.travel import dataset, tables
from outrider.worlds.travel.agenda import Offer, leg_days, next_leg_day, offers
from outrider.worlds.travel.greedy_rule import open_cities, unfit
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.records import Accommodation, Restaurant

ROWS: Final = 15
"""Rows of a table, unless told."""

_MORE_CITIES: Final = 2
"""Cities that the reference of a task without legs holds beyond those to be visited."""

Row = TypeVar("Row")


def reference_text(query: Query, *, rows: int | None = ROWS) -> str:
    """What may be named in a trip for ``query``; ``rows`` is the most of a table, ``None`` all of it."""
    cities = reference_cities(query)
    parts = [_ways(query, origin, destination, day, rows) for origin, destination, day in _routes(query, cities)]
    for city in cities:
        parts += [_homes(query, city, rows), _food(query, city, rows), _sights(city, rows)]
    return "\n".join(parts)


def reference_cities(query: Query) -> tuple[str, ...]:
    """The cities of the reference: of its legs, or those nearest by road, two more than are to be visited."""
    if query.legs:
        return tuple(leg.destination for leg in query.legs if leg.destination != query.origin)
    near = ((way.distance_km, city) for city in open_cities(query, 1) if (way := tables.roads().get((query.origin, city))))
    return tuple(city for _, city in sorted(near)[: query.cities + _MORE_CITIES])


def _routes(query: Query, cities: tuple[str, ...]) -> list[tuple[str, str, int]]:
    if query.legs:
        return [(leg.origin, leg.destination, leg.day) for leg in query.legs]
    first, *between, last = leg_days(query)
    out = [(query.origin, city, first) for city in cities]
    among = [(one, other, day) for day in between for one in cities for other in cities if one != other]
    return [*out, *among, *((city, query.origin, last) for city in cities)]


def _ways(query: Query, origin: str, destination: str, day: int, rows: int | None) -> str:
    found = [offer for offer in offers(query, origin, destination, day) if query.may_use(offer.ride.mode)]
    return _listed(f"Ways from {origin} to {destination} on day {day}, {query.date(day)}", found, rows, _way)


def _way(offer: Offer) -> str:
    return f"{dataset.ride_text(offer.ride)}; for all ${offer.usd:,}"


def _homes(query: Query, city: str, rows: int | None) -> str:
    first = leg_days(query)[0]
    nights = next_leg_day(query, first) - first
    homes = tables.accommodations().findable(city)
    ordered = sorted(homes, key=lambda home: (unfit(query, home, nights), home.price_usd, home.name))
    return _listed(f"Accommodations in {city}", ordered, rows, _home)


def _home(home: Accommodation) -> str:
    price = f"${home.price_usd:,} a night for {home.most_people}"
    return f"{home.name}; {price}; {home.room_type}; at least {home.minimum_nights} nights; no {', no '.join(home.forbids)}"


def _food(query: Query, city: str, rows: int | None) -> str:
    wanted = set(query.cuisines)
    found = tables.restaurants().findable(city)
    ordered = sorted(found, key=lambda place: (-len(wanted & set(place.cuisines)), place.price_usd, place.name))
    return _listed(f"Restaurants in {city}", ordered, rows, _restaurant)


def _restaurant(place: Restaurant) -> str:
    return f"{place.name}; ${place.price_usd}; {', '.join(place.cuisines)}"


def _sights(city: str, rows: int | None) -> str:
    return _listed(f"Attractions in {city}", tables.attractions().findable(city), rows, lambda sight: sight.name)


def _listed(title: str, found: Sequence[Row], rows: int | None, said: Callable[[Row], str]) -> str:
    shown: Iterable[Row] = found if rows is None else found[:rows]
    left_out = 0 if rows is None else max(0, len(found) - rows)
    lines = [f"- {said(row)}" for row in shown] or ["- none"]
    return "\n".join([f"{title}:", *lines, *([f"- and {left_out} more"] if left_out else [])])
