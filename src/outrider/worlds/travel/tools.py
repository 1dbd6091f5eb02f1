"""The tools of the two-stage form: look something up in the tables, keep a note, draft a trip.

Ours and the authors' (Xie et al. 2024, table 1): ``find_flights`` is FlightSearch, ``find_road`` GoogleDistanceMatrix,
``find_accommodations`` AccommodationSearch, ``find_restaurants`` RestaurantSearch, ``find_attractions`` AttractionSearch,
``find_cities`` CitySearch, ``note`` NotebookWrite, ``draft_trip`` Planner.

All are without effect. The tables do not change. A note is kept in the plan, as the step that took it, and nowhere else:
``notebook`` reads the notes of a prefix, so a discarded step leaves no note behind. A draft is computed and changes nothing.

An observation is a JSON object and a function of the arguments alone. At most ``MOST_ROWS`` rows are given, the first in the
order that the observation states, with the number of those left out. What is wrong is an observation too, ``{"error": ...}`` with
what there is instead; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias

from outrider.errors import OutriderError
from outrider.model import JSON, Prefix
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import trip_of
from outrider.worlds.travel.greedy_rule import greedy
from outrider.worlds.travel.reading import CUISINES, read_query
from outrider.worlds.travel.records import Accommodation, Restaurant
from outrider.worlds.travel.rendering import render
from outrider.worlds.travel.scoring import score

Arguments: TypeAlias = Mapping[str, JSON]
Observation: TypeAlias = dict[str, JSON]

MOST_ROWS: Final = 12
"""Rows of an observation."""

_HOUSE_RULES: Final = ("pets", "smoking", "parties", "visitors", "children under 10")
_ROOM_TYPES: Final = ("Entire home/apt", "Private room", "Shared room")


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTool:
    """A tool: what it does, the JSON schema of its arguments, its effect, and the function that gives its observation.

    ``effect`` is ``none`` for all of them: each may run before its step is confirmed.
    """

    name: str
    description: str
    schema: Mapping[str, JSON] = field(hash=False)
    run: Callable[[Arguments], Observation]
    effect: Literal["none"] = "none"

    def __call__(self, arguments: Arguments) -> Observation:
        """What the tool observes. Arguments that do not fit the schema are an observation that says so."""
        from jsonschema import Draft202012Validator  # imported where it is used: it takes a tenth of a second
        from jsonschema.exceptions import best_match

        error = best_match(Draft202012Validator(self.schema).iter_errors(dict(arguments)))
        if error is not None:
            where = "".join(f"{part}: " for part in error.absolute_path)
            return {"error": f"the arguments of {self.name} do not fit: {where}{error.message[:200]}"}
        return self.run(arguments)


def find_flights(arguments: Arguments) -> Observation:
    """FlightSearch: the flights of a day between two cities, in order of departure."""
    origin, destination, date = (str(arguments[name]) for name in ("origin", "destination", "date"))
    if wrong := _no_city(origin) or _no_city(destination):
        return wrong
    known, route = tables.flights(), (origin, destination, date)
    if route not in known.asked:
        dates: list[JSON] = [*sorted(day for start, end, day in known.asked if (start, end) == (origin, destination))]
        what = f"nothing is known of flights from {origin} to {destination} on {date}"
        return {"error": what, "known dates of this route": dates}
    rows: list[Observation] = [
        {
            "flight": flight.number,
            "departs": flight.departs,
            "arrives": flight.arrives,
            "duration": flight.duration,
            "price_usd": flight.price_usd,
        }
        for flight in sorted(known.by_route[route], key=lambda flight: (flight.departs, flight.number))
    ]
    return _cut(rows, "by departure")


def find_road(arguments: Arguments) -> Observation:
    """GoogleDistanceMatrix: distance, time and price by car and by taxi."""
    origin, destination = str(arguments["origin"]), str(arguments["destination"])
    if wrong := _no_city(origin) or _no_city(destination):
        return wrong
    road = tables.roads().get((origin, destination))
    if road is None:
        return {"error": f"no way by road of less than a day is known from {origin} to {destination}"}
    return {
        "duration": road.duration,
        "distance": road.distance,
        "self-driving_usd_a_car_of_5": road.car_usd,
        "taxi_usd_a_taxi_of_4": road.taxi_usd,
    }


def find_accommodations(arguments: Arguments) -> Observation:
    """AccommodationSearch: where to sleep in a city, the cheapest first."""
    city, room, allows = str(arguments["city"]), arguments.get("room_type"), arguments.get("allows")
    if wrong := _no_city(city):
        return wrong
    fitting = [
        home
        for home in tables.accommodations().findable(city)
        if room in (None, home.room_type) and (allows is None or allows not in home.forbids)
    ]
    return _cut([_home(home) for home in sorted(fitting, key=lambda home: (home.price_usd, home.name))], "by price")


def find_restaurants(arguments: Arguments) -> Observation:
    """RestaurantSearch: where to eat in a city, the best rated first."""
    city, wanted = str(arguments["city"]), arguments.get("cuisine")
    if wrong := _no_city(city):
        return wrong
    fitting = [place for place in tables.restaurants().findable(city) if wanted is None or wanted in place.cuisines]
    best = sorted(fitting, key=lambda place: (-place.rating, place.price_usd, place.name))
    return _cut([_restaurant(place) for place in best], "by rating, then price")


def find_attractions(arguments: Arguments) -> Observation:
    """AttractionSearch: the sights of a city."""
    city = str(arguments["city"])
    if wrong := _no_city(city):
        return wrong
    rows: list[Observation] = [{"name": sight.name, "address": sight.address} for sight in tables.attractions().findable(city)]
    return _cut(rows, "as the table has them")


def find_cities(arguments: Arguments) -> Observation:
    """CitySearch: the cities of a state, all of them, by name."""
    state = str(arguments["state"])
    by_state = tables.cities_by_state()
    if state not in by_state:
        return {"error": f"{state[:80]!r} is no state that is known", "near": _near(state, by_state)}
    return {"cities": [*sorted(by_state[state])], "order": "by name", "left_out": 0}


def note(arguments: Arguments) -> Observation:
    """NotebookWrite: the note, which the plan keeps as this step."""
    return {"noted": tables.plain(str(arguments["text"]))}


def draft_trip(arguments: Arguments) -> Observation:
    """Planner: a trip for a task in words, by the greedy rule, with its price and what it breaks."""
    try:
        query = read_query(str(arguments["task"]))
        trip = trip_of(greedy(query), query.origin)
    except OutriderError as error:
        return {"error": str(error)}
    broken: Observation = {**score(query, trip).broken}
    return {"trip": render(query, trip), "broken": broken}


def notebook(prefix: Prefix) -> tuple[str, ...]:
    """The notes that the steps of ``prefix`` took, in order."""
    return tuple(tables.plain(str(step.arguments.get("text", ""))) for step in prefix if step.action == NOTE.name)


def _home(home: Accommodation) -> Observation:
    return {
        "name": home.name,
        "room_type": home.room_type,
        "price_usd_a_night": home.price_usd,
        "people": home.most_people,
        "minimum_nights": home.minimum_nights,
        "forbids": [*home.forbids],
        "rating": home.rating,
    }


def _restaurant(place: Restaurant) -> Observation:
    return {"name": place.name, "cuisines": [*place.cuisines], "price_usd": place.price_usd, "rating": place.rating}


def _cut(rows: list[Observation], order: str) -> Observation:
    return {"rows": [*rows[:MOST_ROWS]], "order": order, "left_out": max(0, len(rows) - MOST_ROWS)}


def _no_city(city: str) -> Observation | None:
    if city in tables.states():
        return None
    return {"error": f"{city[:80]!r} is no city that is known", "near": _near(city, tables.states())}


def _near(name: str, names: Mapping[str, object]) -> list[JSON]:
    return [*get_close_matches(name, list(names), 5, 0.5)]


# What each is called and takes ------------------------------------------------------------------------------------------

_TEXT: Final[dict[str, JSON]] = {"type": "string", "minLength": 1, "maxLength": 2000}
_DATE: Final[dict[str, JSON]] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}


def _schema(required: Mapping[str, JSON], **optional: JSON) -> Mapping[str, JSON]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


FIND_FLIGHTS: Final = TravelTool(
    name="find_flights",
    description="Flights from one city to another on a day (date as 2022-03-16), with times and the price a person.",
    schema=_schema({"origin": _TEXT, "destination": _TEXT, "date": _DATE}),
    run=find_flights,
)
FIND_ROAD: Final = TravelTool(
    name="find_road",
    description="Distance, time and price by road from one city to another, self-driving and by taxi.",
    schema=_schema({"origin": _TEXT, "destination": _TEXT}),
    run=find_road,
)
FIND_ACCOMMODATIONS: Final = TravelTool(
    name="find_accommodations",
    description="Accommodations in a city, the cheapest first; on request only of a room type, or such that allow something.",
    schema=_schema({"city": _TEXT}, room_type={"enum": [*_ROOM_TYPES]}, allows={"enum": [*_HOUSE_RULES]}),
    run=find_accommodations,
)
FIND_RESTAURANTS: Final = TravelTool(
    name="find_restaurants",
    description="Restaurants in a city, the best rated first; on request only those with a cuisine.",
    schema=_schema({"city": _TEXT}, cuisine={"enum": [*CUISINES]}),
    run=find_restaurants,
)
FIND_ATTRACTIONS: Final = TravelTool(
    name="find_attractions",
    description="Sights in a city, with their addresses.",
    schema=_schema({"city": _TEXT}),
    run=find_attractions,
)
FIND_CITIES: Final = TravelTool(
    name="find_cities", description="The cities of a state.", schema=_schema({"state": _TEXT}), run=find_cities
)
NOTE: Final = TravelTool(name="note", description="Keeps a note in the plan.", schema=_schema({"text": _TEXT}), run=note)
DRAFT_TRIP: Final = TravelTool(
    name="draft_trip",
    description="Drafts a whole trip for a task in words, with its price and the constraints that it breaks.",
    schema=_schema({"task": _TEXT}),
    run=draft_trip,
)

TOOLS: Final = (
    FIND_FLIGHTS, FIND_ROAD, FIND_ACCOMMODATIONS, FIND_RESTAURANTS, FIND_ATTRACTIONS, FIND_CITIES, NOTE, DRAFT_TRIP,
)  # fmt: skip
"""All tools of the world."""
