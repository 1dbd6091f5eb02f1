"""The authors' form of a plan, as their annotated plans have it and their evaluation reads it; here to read and to write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from outrider.errors import BadOption
from outrider.model import JSON
from outrider.worlds.travel import tables
from outrider.worlds.travel.trip import MEALS, Day, Mode, Place, Ride, Trip

_NAME_CITY = re.compile(r"(?P<name>.*),\s*(?P<city>[^,]+)", re.S)
_FROM_TO = re.compile(r"from\s+(.+?)\s+to\s+([^,]+)")
_FLIGHT = re.compile(r"Flight Number:\s*([^,]+)", re.I)
_NOTHING = ("", "-")


def read(plan: object) -> Trip:
    """The trip that a plan in the authors' form is.

    Raises:
        BadOption: it is no list of days, or a day says something that cannot be read.
    """
    if not isinstance(plan, list) or not all(isinstance(day, dict) for day in plan):
        raise BadOption("a plan in TravelPlanner's form is a list of days, each an object")
    return Trip(tuple(_day({str(key): str(value) for key, value in day.items()}) for day in plan))


def write(trip: Trip) -> list[dict[str, JSON]]:
    """``trip`` in the authors' form, with the times, distances and costs that their table and flights give."""
    return [
        {
            "days": number,
            "current_city": f"from {day.leaves} to {day.city}" if day.leaves is not None else day.city,
            "transportation": ride_text(day.ride) if day.ride else "-",
            "breakfast": str(day.breakfast or "-"),
            "attraction": "".join(f"{place};" for place in day.attractions) or "-",
            "lunch": str(day.lunch or "-"),
            "dinner": str(day.dinner or "-"),
            "accommodation": str(day.stay or "-"),
        }
        for number, day in enumerate(trip.days, start=1)
    ]


def ride_text(ride: Ride) -> str:
    """A ride as the authors write it."""
    way = f"from {ride.origin} to {ride.destination}"
    if ride.mode == "flight":
        flight = tables.flights().find(ride.flight, ride.origin, ride.destination)
        times = f", Departure Time: {flight.departs}, Arrival Time: {flight.arrives}" if flight else ""
        return f"Flight Number: {ride.flight}, {way}{times}"
    road = tables.roads().get((ride.origin, ride.destination))
    usd = (road.car_usd if ride.mode == "self-driving" else road.taxi_usd) if road else None
    rest = f", duration: {road.duration}, distance: {road.distance}, cost: {usd}" if road else ""
    return f"{ride.mode.capitalize()}, {way}{rest}"


def _day(day: Mapping[str, str]) -> Day:
    way = _FROM_TO.search(day.get("current_city", ""))
    meals = {meal: _place(day.get(meal, "")) for meal in MEALS}
    sights = [_place(text) for text in day.get("attraction", "").split(";") if text.strip() not in _NOTHING]
    return Day(
        city=_city(way[2] if way else day.get("current_city", "")),
        leaves=_city(way[1]) if way else None,
        ride=_ride(day.get("transportation", "")),
        attractions=tuple(sight for sight in sights if sight),
        stay=_place(day.get("accommodation", "")),
        **meals,
    )


def _city(text: str) -> str:
    """The city of ``Houston(Texas)``."""
    return text.partition("(")[0].strip()


def _place(text: str) -> Place | None:
    if text.strip() in _NOTHING:
        return None
    found = _NAME_CITY.fullmatch(text.strip())
    if found is None:
        raise BadOption(f"{text[:80]!r} is no place; write its name, a comma and its city")
    return Place(tables.plain(found["name"]), _city(found["city"]))


def _ride(text: str) -> Ride | None:
    if text.strip() in _NOTHING:
        return None
    way, number = _FROM_TO.search(text), _FLIGHT.search(text)
    mode: Mode | None = "flight" if number else next((mode for mode in _BY_ROAD if mode in text.casefold()), None)
    if way is None or mode is None:
        raise BadOption(f"{text[:80]!r} is no ride; name a flight's number, self-driving or taxi, and from where to where")
    return Ride(mode=mode, origin=_city(way[1]), destination=_city(way[2]), flight=number[1].strip() if number else "")


_BY_ROAD: tuple[Mode, ...] = ("self-driving", "taxi")
