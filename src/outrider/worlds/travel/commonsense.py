"""TravelPlanner's eight commonsense constraints (Xie et al. 2024, arXiv 2402.01622, section 3.3 and table 1).

Each says whether a trip keeps it, and if not, why. Only the days that the task asks for are looked at. Where the published checks
and the paper's definitions part, ``docs/travel.md`` says which one counts here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Final, TypeAlias

from outrider.worlds.travel import tables
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.trip import Day, Place, Trip

Why: TypeAlias = str | None
"""Why a constraint is broken; ``None``: it is kept."""

_FIELDS: Final = 6
"""Of a day, beside its number and city: the ride, three meals, sights and the bed. Half of them must be there."""


def within_sandbox(query: Query, trip: Trip) -> Why:
    """Everything named stands in the tables, and every ride is to be had on its route."""
    for number, day in _days(query, trip):
        if why := _unknown(day):
            return f"day {number}: {why}"
    return None


def _unknown(day: Day) -> Why:
    if day.ride and day.ride.mode == "flight":
        if not tables.flights().find(day.ride.flight, day.ride.origin, day.ride.destination):
            return f"no flight {day.ride.flight} goes from {day.ride.origin} to {day.ride.destination}"
    elif day.ride and (day.ride.origin, day.ride.destination) not in tables.roads():
        return f"there is no way by road from {day.ride.origin} to {day.ride.destination} in less than a day"
    for _, meal in day.meals:
        if not tables.restaurants().find(meal.name, meal.city):
            return f"no restaurant {meal} is known"
    for sight in day.attractions:
        if not tables.attractions().find(sight.name, sight.city):
            return f"no attraction {sight} is known"
    if day.stay and not tables.accommodations().find(day.stay.name, day.stay.city):
        return f"no accommodation {day.stay} is known"
    return None


def complete_information(query: Query, trip: Trip) -> Why:
    """Every day is there, as many cities as asked are visited, and no day lacks what it needs."""
    days = list(_days(query, trip))
    if len(days) != query.days:
        return f"{len(days)} of {query.days} days are planned"
    visited = {city for _, day in days for city in day.cities} - {query.origin}
    if len(visited) != query.cities:
        return f"{len(visited)} cities are visited instead of {query.cities}"
    for number, day in days:
        if why := _lacks(day, last=number == query.days):
            return f"day {number}: {why}"
    said = sum(2 + bool(day.ride) + len(day.meals) + bool(day.attractions) + bool(day.stay) for _, day in days)
    return None if said / (_FIELDS * query.days) >= 0.5 else "more than half of the information is absent"


def _lacks(day: Day, *, last: bool) -> Why:
    if day.leaves is not None and day.ride is None:
        return f"there is no ride from {day.leaves} to {day.city}"
    if day.leaves is None and not day.attractions:
        return "there is no attraction"
    if day.leaves is None and len(day.meals) < 3:
        return "a meal is missing"
    return "there is no accommodation" if day.stay is None and not last else None


def within_current_city(query: Query, trip: Trip) -> Why:
    """What a day holds lies where one is on that day; the bed, where one is in the evening."""
    for number, day in _days(query, trip):
        if day.ride and (day.ride.origin, day.ride.destination) != day.cities:
            return f"day {number}: the ride from {day.ride.origin} to {day.ride.destination} is not the day's way"
        for place in (*(place for _, place in day.meals), *day.attractions):
            if place.city not in day.cities:
                return f"day {number}: {place} is not in {' or '.join(day.cities)}"
        if day.stay and day.stay.city != day.city:
            return f"day {number}: the night is spent in {day.stay.city} instead of {day.city}"
    return None


def reasonable_city_route(query: Query, trip: Trip) -> Why:
    """From home, through cities of the destination that follow upon one another, each visited once, and back home."""
    route = [city for _, day in _days(query, trip) for city in day.cities]
    unknown = next((city for city in route if city not in tables.states()), None)
    if unknown is not None:
        return f"{unknown} is no city that is known"
    if len(route) < 3 or route[0] != query.origin or route[-1] != query.origin:
        return f"the trip does not lead from {query.origin} and back there"
    runs = [(city, len(list(same))) for city, same in groupby(route)]
    inner = runs[1:-1]
    if len({city for city, _ in inner} | {query.origin}) != len(inner) + 1:
        return f"a city is visited twice: {' - '.join(city for city, _ in runs)}"
    if runs[-1][1] > 1:
        return f"{query.origin} is reached before the last day"
    lost = next((city for city, mentions in inner if mentions < 2), None)
    return f"{lost} is reached or left without a way there" if lost is not None else _astray(query, route[1:-1])


def _astray(query: Query, cities: list[str]) -> Why:
    """Which of ``cities`` is not where the trip is to lead."""
    if query.to_state:
        outside = next((city for city in cities if tables.states()[city] != query.destination), None)
        return f"{outside} is not in {query.destination}" if outside is not None else None
    other = next((city for city in cities if city not in (query.destination, query.origin)), None)
    return f"{other} is not {query.destination}" if other is not None else None


def diverse_restaurants(query: Query, trip: Trip) -> Why:
    """No restaurant comes twice."""
    return _twice("restaurant", [place for _, day in _days(query, trip) for _, place in day.meals])


def diverse_attractions(query: Query, trip: Trip) -> Why:
    """No attraction comes twice."""
    return _twice("attraction", [place for _, day in _days(query, trip) for place in day.attractions])


def _twice(what: str, places: list[Place]) -> Why:
    twice = next((place for place, times in Counter(places).items() if times > 1), None)
    return f"the {what} {twice} comes twice" if twice else None


def non_conflicting_transportation(query: Query, trip: Trip) -> Why:
    """The first day has a ride, and who drives takes neither flight nor taxi: the car would be left behind."""
    rides = [day.ride for _, day in _days(query, trip)]
    if not rides or rides[0] is None:
        return "the first day has no ride"
    modes = {ride.mode for ride in rides if ride}
    others = modes - {"self-driving"}
    return f"self-driving and {' and '.join(sorted(others))} are mixed" if "self-driving" in modes and others else None


def minimum_nights_stay(query: Query, trip: Trip) -> Why:
    """Every accommodation is taken for as many nights in a row as it asks for. One of an ambiguous name passes, as published."""
    for stay, nights in groupby(day.stay for _, day in _days(query, trip)):
        found = tables.accommodations().matching(stay.name, stay.city) if stay else ()
        taken = len(list(nights))
        if len(found) == 1 and taken < found[0].minimum_nights:
            return f"{stay} is taken for {taken} nights; it asks for {found[0].minimum_nights}"
    return None


def _days(query: Query, trip: Trip) -> Iterator[tuple[int, Day]]:
    return enumerate(trip.days[: query.days], start=1)


COMMONSENSE: Final[Mapping[str, Callable[[Query, Trip], Why]]] = {
    "within sandbox": within_sandbox,
    "complete information": complete_information,
    "within current city": within_current_city,
    "reasonable city route": reasonable_city_route,
    "diverse restaurants": diverse_restaurants,
    "diverse attractions": diverse_attractions,
    "non-conflicting transportation": non_conflicting_transportation,
    "minimum nights stay": minimum_nights_stay,
}
"""The constraints by the paper's names."""
