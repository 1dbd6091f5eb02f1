"""A trip as a text one would want to read: day by day, with prices, the sum against the budget, and what is wrong."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from outrider.model import Step
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import RIDES, day_steps
from outrider.worlds.travel.prices import Bill, Entry, bill
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.scoring import score
from outrider.worlds.travel.trip import Day, Place, Ride, Trip


def render(query: Query, trip: Trip) -> str:
    """``trip`` in words: a heading a day, a line for what is done, the sum, and which constraints are broken."""
    made = bill(trip, query.people)
    lines = [head(query), ""]
    for number, day in enumerate(trip.days, start=1):
        lines += [*_day(query, number, day, made), ""]
    lines.append(total(query, made))
    lines += [f"{name}: {why}" for name, why in score(query, trip).broken.items()]
    return "\n".join(lines)


def head(query: Query) -> str:
    """What the trip is to be, in a line."""
    people = "1 person" if query.people == 1 else f"{query.people} people"
    where = f"{query.cities} cities in {query.destination}" if query.cities > 1 else query.destination
    wishes = [query.room, f"{query.house_rule} allowed" if query.house_rule else None, query.avoid]
    wishes.append(f"{' and '.join(query.cuisines)} food" if query.cuisines else None)
    budget = f"${query.budget_usd:,}" if query.budget_usd is not None else None
    return ", ".join([f"{query.origin} to {where}", f"{query.days} days", people, *(word for word in (budget, *wishes) if word)])


def total(query: Query, made: Bill) -> str:
    """The sum, and what is left of the budget or missing."""
    unknown = f", and {len(made.unknown)} price{'s' * (len(made.unknown) > 1)} unknown" if made.unknown else ""
    if query.budget_usd is None:
        return f"Sum: ${made.usd:,}{unknown}"
    left = query.budget_usd - made.usd
    rest = f"${left:,} left" if left >= 0 else f"${-left:,} too much"
    return f"Sum: ${made.usd:,} of ${query.budget_usd:,}, {rest}{unknown}"


def _day(query: Query, number: int, day: Day, made: Bill) -> list[str]:
    date = query.start + datetime.timedelta(days=number - 1)
    where = " → ".join(day.cities)
    return [f"Day {number}, {date:%B} {date.day}: {where}", *(f"  {line}" for line in _lines(number, day, made))]


def _lines(number: int, day: Day, made: Bill) -> Iterator[str]:
    prices = {entry.what: entry for entry in made.entries if entry.day == number}
    for step in day_steps(day):
        yield _line(step, day, prices)
    if day.stay:
        yield f"night at {day.stay.name}{_home(day.stay)}, {_price(prices[day.stay], 'room')}"


def _line(step: Step, day: Day, prices: dict[Ride | Place, Entry]) -> str:
    if step.action in RIDES and day.ride:
        return f"{_ride(day.ride)}, {_price(prices[day.ride], {'flight': '', 'taxi': 'taxi'}.get(day.ride.mode, 'car'))}"
    place = Place(str(step.arguments["name"]), str(step.arguments["city"]))
    where = f" in {place.city}" if day.leaves is not None or place.city != day.city else ""
    if step.action == "visit":
        return f"see {place.name}{where}"
    return f"{step.arguments['meal']} at {place.name}{where}{_food(place)}, {_price(prices[place], '')}"


def _ride(ride: Ride) -> str:
    if ride.mode == "flight":
        flight = tables.flights().find(ride.flight, ride.origin, ride.destination)
        times = f" {flight.departs}-{flight.arrives} ({flight.duration})" if flight else ""
        return f"flight {ride.flight}{times} to {ride.destination}"
    road = tables.roads().get((ride.origin, ride.destination))
    return f"{ride.mode} to {ride.destination}{f', {road.distance} in {road.duration}' if road else ''}"


def _price(entry: Entry, unit: str) -> str:
    if entry.each_usd is None:
        return "price unknown"
    if entry.times == 1:
        return f"${entry.usd:,}"
    units = f" {unit}s" if unit else ""
    return f"${entry.each_usd:,} x {entry.times}{units} = ${entry.usd:,}"


def _food(place: Place) -> str:
    found = tables.restaurants().find(place.name, place.city)
    rating = f"; rated {found.rating:g}" if found and found.rating else ""
    return f" ({', '.join(found.cuisines)}{rating})" if found else ""


def _home(place: Place) -> str:
    found = tables.accommodations().find(place.name, place.city)
    return f" ({found.room_type.lower()}, rated {found.rating})" if found else ""
