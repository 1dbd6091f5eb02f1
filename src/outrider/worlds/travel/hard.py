"""TravelPlanner's five hard constraints, which a task may ask for (Xie et al. 2024, section 3.3 and table 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from outrider.worlds.travel import tables
from outrider.worlds.travel.commonsense import Why
from outrider.worlds.travel.prices import bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.records import Accommodation
from outrider.worlds.travel.trip import Trip


def budget(query: Query, trip: Trip) -> Why:
    """The sum of the bill is known and not above the budget."""
    made = bill(_asked(query, trip), query.people)
    if made.unknown:
        return f"the price of {made.unknown[0].what} is unknown"
    assert query.budget_usd is not None
    return f"${made.usd:,} is more than ${query.budget_usd:,}" if made.usd > query.budget_usd else None


def room_rule(query: Query, trip: Trip) -> Why:
    """No house forbids what is needed."""
    broken = next((home for home in _homes(query, trip) if not query.rule_fits(home)), None)
    return f"{broken.name}, {broken.city}, forbids {query.house_rule}" if broken else None


def room_type(query: Query, trip: Trip) -> Why:
    """Every room is of the type that is asked for."""
    broken = next((home for home in _homes(query, trip) if not query.room_fits(home)), None)
    return f"{broken.name}, {broken.city}, is a {broken.room_type}; asked for: {query.room}" if broken else None


def cuisine(query: Query, trip: Trip) -> Why:
    """Each cuisine that is asked for is had at least once, meals at home not counted."""
    missing = missing_cuisines(query, _asked(query, trip))
    return f"{' and '.join(missing)} food is missing" if missing else None


def missing_cuisines(query: Query, trip: Trip) -> tuple[str, ...]:
    """The cuisines that are asked for and not had in ``trip``."""
    had: set[str] = set()
    for place in trip.meals:
        found = tables.restaurants().find(place.name, place.city)
        if found and place.city != query.origin:
            had |= set(found.cuisines)
    return tuple(name for name in query.cuisines if name not in had)


def transportation(query: Query, trip: Trip) -> Why:
    """No ride is of the kind that is to be avoided."""
    rides = [day.ride for day in _asked(query, trip).days if day.ride]
    return f"a ride is {query.avoid[3:]}" if query.avoid and any(not query.may_use(ride.mode) for ride in rides) else None


def _asked(query: Query, trip: Trip) -> Trip:
    return Trip(trip.days[: query.days])


def _homes(query: Query, trip: Trip) -> Iterator[Accommodation]:
    for day in _asked(query, trip).days:
        if day.stay and (found := tables.accommodations().find(day.stay.name, day.stay.city)):
            yield found


HARD: Final[Mapping[str, Callable[[Query, Trip], Why]]] = {
    "budget": budget,
    "room rule": room_rule,
    "room type": room_type,
    "cuisine": cuisine,
    "transportation": transportation,
}
"""The constraints by the paper's names."""


def asked(query: Query) -> tuple[str, ...]:
    """The names of the hard constraints that ``query`` asks for."""
    wanted = {
        "budget": query.budget_usd is not None,
        "room rule": query.house_rule is not None,
        "room type": query.room is not None,
        "cuisine": bool(query.cuisines),
        "transportation": query.avoid is not None,
    }
    return tuple(name for name in HARD if wanted[name])
