"""What a trip costs, entry by entry, as the authors' evaluation counts it (``hard_constraint.py``, total cost).

A flight and a meal are paid by each person, a car takes 5 people, a taxi 4, an accommodation as many as it says; of cars, taxis
and accommodations as many are paid as are needed, an accommodation for each night.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from outrider.worlds.travel import tables
from outrider.worlds.travel.records import PEOPLE_A_CAR, PEOPLE_A_TAXI
from outrider.worlds.travel.trip import Place, Ride, Trip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the bill. ``each_usd`` is ``None`` where the tables know no such thing: an unknown price is never 0."""

    day: int
    what: Ride | Place
    each_usd: int | None
    times: int

    @property
    def usd(self) -> int:
        """The sum of the line; 0 where it is unknown, which ``Bill.unknown`` says."""
        return (self.each_usd or 0) * self.times


@dataclass(frozen=True, slots=True)
class Bill:
    """All lines, in the order of the trip."""

    entries: tuple[Entry, ...]

    @property
    def usd(self) -> int:
        """The sum of what is known."""
        return sum(entry.usd for entry in self.entries)

    @property
    def unknown(self) -> tuple[Entry, ...]:
        """The lines whose price nobody knows."""
        return tuple(entry for entry in self.entries if entry.each_usd is None)


def bill(trip: Trip, people: int) -> Bill:
    """The bill of ``trip`` for ``people``."""
    return Bill(tuple(_entries(trip, people)))


def _entries(trip: Trip, people: int) -> Iterator[Entry]:
    for number, day in enumerate(trip.days, start=1):
        if day.ride is not None:
            yield Entry(number, day.ride, *ride_usd(day.ride, people))
        for _, place in day.meals:
            found = tables.restaurants().find(place.name, place.city)
            yield Entry(number, place, found.price_usd if found else None, people)
        if day.stay is not None:
            home = tables.accommodations().find(day.stay.name, day.stay.city)
            units = math.ceil(people / home.most_people) if home else 1
            yield Entry(number, day.stay, home.price_usd if home else None, units)


def ride_usd(ride: Ride, people: int) -> tuple[int | None, int]:
    """The price of one seat, car or taxi, if it is known, and how many are needed."""
    if ride.mode == "flight":
        flight = tables.flights().find(ride.flight, ride.origin, ride.destination)
        return flight.price_usd if flight else None, people
    road = tables.roads().get((ride.origin, ride.destination))
    if ride.mode == "self-driving":
        return road.car_usd if road else None, math.ceil(people / PEOPLE_A_CAR)
    return road.taxi_usd if road else None, math.ceil(people / PEOPLE_A_TAXI)
