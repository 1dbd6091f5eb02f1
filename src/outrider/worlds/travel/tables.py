"""TravelPlanner's tables, read from the wheel when first asked for; nothing is read at import.

The tables' quirks, and what is done about them, as the authors' own code does:

- An accommodation with an empty field is left out. (An accommodation without house rules has an empty field, so all that are left
  forbid something.)
- A pair of cities may stand several times in the table of distances: the first row counts. Ways of a day or more, and rows
  without a distance, are no way.
- A name is found where it is *part* of an entry's name, in that city, and the first such entry counts.
- A name may hold line breaks and runs of blanks; here they are one blank each.
- Flights are known for the routes and dates of the 45 tasks only, by the reference information beside them.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, Protocol, TypeVar, cast

from outrider.worlds.travel.records import Accommodation, Attraction, Flight, Restaurant, Road, RoomType


class _InCity(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def city(self) -> str: ...


Entry = TypeVar("Entry", bound=_InCity)


@dataclass(frozen=True, slots=True, eq=False)
class Table(Generic[Entry]):
    """Entries by city, in the order of the authors' table."""

    by_city: Mapping[str, tuple[Entry, ...]]

    def of(self, city: str) -> tuple[Entry, ...]:
        """The entries of ``city``."""
        return self.by_city.get(city, ())

    def matching(self, name: str, city: str) -> tuple[Entry, ...]:
        """The entries of ``city`` in whose name ``name`` stands. The first of them is the one that is meant."""
        wanted = plain(name)
        return tuple(entry for entry in self.of(city) if wanted in entry.name) if wanted else ()

    def find(self, name: str, city: str) -> Entry | None:
        """The first entry of ``city`` in whose name ``name`` stands."""
        return next(iter(self.matching(name, city)), None)

    def findable(self, city: str) -> tuple[Entry, ...]:
        """The entries of ``city`` that their own name finds, so that their price is theirs and not a namesake's."""
        return _findable(self, city)


@cache
def _findable(table: Table[Entry], city: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in table.of(city) if table.find(entry.name, city) is entry)


def original(name: str) -> bytes:
    """The authors' file ``name``, byte by byte."""
    return lzma.decompress(files(__package__).joinpath("data", f"{name}.xz").read_bytes())


def plain(text: str) -> str:
    """``text`` in NFC with every run of white space as one blank."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@cache
def states() -> Mapping[str, str]:
    """The state of each city, in the authors' order."""
    return dict(line.split("\t") for line in original("citySet_with_states.txt").decode().splitlines())


@cache
def cities_by_state() -> Mapping[str, tuple[str, ...]]:
    """The cities of each state, in the authors' order."""
    found: dict[str, tuple[str, ...]] = {}
    for city, state in states().items():
        found[state] = (*found.get(state, ()), city)
    return found


@cache
def attractions() -> Table[Attraction]:
    """The sights of each city, in the table's order."""
    return _by_city(
        Attraction(
            name=plain(row["Name"]),
            city=row["City"],
            address=plain(row["Address"]),
            phone=row["Phone"],
            website=row["Website"],
            latitude=float(row["Latitude"]),
            longitude=float(row["Longitude"]),
        )
        for row in _rows("attractions.csv")
    )


@cache
def restaurants() -> Table[Restaurant]:
    """The restaurants of each city, in the table's order."""
    return _by_city(
        Restaurant(
            name=plain(row["Name"]),
            city=row["City"],
            cuisines=tuple(row["Cuisines"].split(", ")),
            price_usd=int(row["Average Cost"]),
            rating=float(row["Aggregate Rating"]),
        )
        for row in _rows("clean_restaurant_2022.csv")
    )


@cache
def accommodations() -> Table[Accommodation]:
    """The accommodations of each city, in the table's order, those with an empty field left out."""
    return _by_city(
        Accommodation(
            name=plain(row["NAME"]),
            city=row["city"],
            room_type=cast("RoomType", row["room type"]),
            price_usd=int(float(row["price"])),
            minimum_nights=int(float(row["minimum nights"])),
            most_people=int(row["maximum occupancy"]),
            rating=int(float(row["review rate number"])),
            forbids=tuple(rule.removeprefix("No ") for rule in row["house_rules"].split(" & ")),
        )
        for row in _rows("clean_accommodations_2022.csv")
        if all(row.values())
    )


@cache
def roads() -> Mapping[tuple[str, str], Road]:
    """The way by road from each city to each other, where there is one in less than a day."""
    first: dict[tuple[str, str], Mapping[str, str]] = {}
    for row in _rows("distance.csv"):
        first.setdefault((row["origin"], row["destination"]), row)
    return {pair: _road(row) for pair, row in first.items() if row["distance"] and "day" not in row["duration"]}


@cache
def reference() -> tuple[Mapping[str, Any], ...]:
    """The reference information of each of the 45 tasks, as the authors wrote it."""
    return tuple(json.loads(line) for line in original("train_ref_info.jsonl").decode().splitlines())


@dataclass(frozen=True, slots=True, kw_only=True)
class Flights:
    """The flights known; ``asked`` are the routes and dates of which all flights are known, even if there are none."""

    by_number: Mapping[str, Flight]
    by_route: Mapping[tuple[str, str, str], tuple[Flight, ...]]
    asked: frozenset[tuple[str, str, str]]

    def find(self, number: str, origin: str, destination: str) -> Flight | None:
        """The flight of that number on that route, on whatever day."""
        flight = self.by_number.get(number)
        return flight if flight and (flight.origin, flight.destination) == (origin, destination) else None


_FLIGHT_KEY = re.compile(r"Flight from (.+) to (.+) on (\d{4}-\d\d-\d\d)")


@cache
def flights() -> Flights:
    """Every flight of the reference information."""
    by_number: dict[str, Flight] = {}
    by_route: dict[tuple[str, str, str], tuple[Flight, ...]] = {}
    asked: set[tuple[str, str, str]] = set()
    for sheet in reference():
        for key, rows in sheet.items():
            if found := _FLIGHT_KEY.fullmatch(key):
                route = (found[1], found[2], found[3])
                asked.add(route)
                by_route[route] = tuple(map(_flight, rows)) if isinstance(rows, list) else ()
                by_number |= {flight.number: flight for flight in by_route[route]}
    return Flights(by_number=by_number, by_route=by_route, asked=frozenset(asked))


def _rows(name: str) -> Iterable[Mapping[str, str]]:
    return csv.DictReader(io.StringIO(original(name).decode(), newline=""))


def _by_city(entries: Iterable[Entry]) -> Table[Entry]:
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.city].append(entry)
    return Table({city: tuple(rows) for city, rows in found.items()})


def minutes(duration: str) -> int:
    """The minutes of ``14 hours 4 mins``, ``2 hours 24 minutes`` or ``50 mins``."""
    found = re.fullmatch(r"(?:(\d+) hours?)? ?(?:(\d+) min(?:ute)?s?)?", duration)
    assert found is not None, duration
    return 60 * int(found[1] or 0) + int(found[2] or 0)


def _road(row: Mapping[str, str]) -> Road:
    return Road(
        origin=row["origin"],
        destination=row["destination"],
        duration=row["duration"],
        duration_min=minutes(row["duration"]),
        distance=row["distance"],
        distance_km=float(row["distance"].removesuffix("km").replace(",", "")),
    )


def _flight(row: Mapping[str, Any]) -> Flight:
    return Flight(
        number=row["Flight Number"],
        origin=row["OriginCityName"],
        destination=row["DestCityName"],
        date=row["FlightDate"],
        departs=row["DepTime"],
        arrives=row["ArrTime"],
        duration=row["ActualElapsedTime"],
        price_usd=int(row["Price"]),
        distance_miles=int(row["Distance"]),
    )
