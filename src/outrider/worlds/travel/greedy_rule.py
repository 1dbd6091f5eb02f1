"""A rule that plans a trip without looking ahead: the cheapest of everything, step by step. It needs no model.

What it claims: a trip of its own is complete, in the tables, in the right cities, by a reasonable route, with no restaurant and
no attraction twice, with one kind of travel, and with the nights that an accommodation asks for, *if* the tables have what it
takes on the way that it chose. It heeds the wishes for room, house, cuisine and travel where it can, and does not look at the
budget.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from outrider.model import Prefix, Step
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import Progress, progress
from outrider.worlds.travel.agenda import Offer, leg_days, next_leg_day, offers
from outrider.worlds.travel.hard import missing_cuisines
from outrider.worlds.travel.planner import next_step, walk
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.records import Accommodation
from outrider.worlds.travel.trip import Meal, Mode, Place


def greedy(query: Query, prefix: Prefix = ()) -> Prefix:
    """The steps of a trip that begins with ``prefix``, `finish` last.

    Raises:
        BadStep: ``prefix`` holds a step that is none of a trip's.
    """
    return walk(query, prefix, Greedy(query))


def greedy_step(query: Query, prefix: Prefix) -> Step:
    """The step that the rule names after ``prefix``.

    Raises:
        BadStep: ``prefix`` holds a step that is none of a trip's.
    """
    return next_step(query, progress(prefix, query.origin), Greedy(query))


@dataclass(frozen=True, slots=True)
class Greedy:
    """The rule, for one task."""

    query: Query

    def ride(self, now: Progress) -> Offer | None:
        """The cheapest ride of the kind of travel that is cheapest over all legs, or that was begun."""
        if now.day not in leg_days(self.query):
            return None
        rides = {day.ride.mode for day in now.done if day.ride}
        ways = (("self-driving",),) if "self-driving" in rides else (("flight", "taxi"),) if rides else None
        families: tuple[tuple[Mode, ...], ...] = ways or (("self-driving",), ("flight", "taxi"))  # type: ignore[assignment]
        found = [(self._rest_usd(now, family), offer) for family in families if (offer := self._cheapest(now, family))]
        return min(found, key=lambda entry: (entry[0], entry[1].usd), default=(0.0, None))[1]

    def _cheapest(self, now: Progress, family: tuple[Mode, ...]) -> Offer | None:
        return _least(offer for city in self._next_cities(now) for offer in self._offers(now.here, city, now.day, family))

    def _rest_usd(self, now: Progress, family: tuple[Mode, ...]) -> float:
        """The price of all legs that are left, where they are known; endless if one has no such ride."""
        left = [leg for leg in self.query.legs if leg.day >= now.day]
        least = (_least(self._offers(leg.origin, leg.destination, leg.day, family)) for leg in left)
        return sum(offer.usd if offer else float("inf") for offer in least)

    def _offers(self, origin: str, destination: str, day: int, family: tuple[Mode, ...]) -> list[Offer]:
        found = offers(self.query, origin, destination, day)
        return [offer for offer in found if offer.ride.mode in family and self.query.may_use(offer.ride.mode)]

    def _next_cities(self, now: Progress) -> tuple[str, ...]:
        """Where this day's leg may lead."""
        query = self.query
        if planned := [leg.destination for leg in query.legs if leg.day == now.day]:
            return tuple(city for city in planned if city != now.here)
        if now.day >= query.days:
            return (query.origin,) if now.here != query.origin else ()
        visited = {city for day in now.done for city in day.cities} - {query.origin}
        if len(visited) >= query.cities:
            return ()
        return tuple(city for city in open_cities(query, now.day) if city not in visited)

    def meal(self, now: Progress, meal: Meal, city: str) -> Place | None:
        """The restaurant with the most of the cuisines that are still missing; of these the cheapest."""
        eaten = set(now.trip.meals)
        missing = set(missing_cuisines(self.query, now.trip))
        left = [r for r in tables.restaurants().findable(city) if Place(r.name, city) not in eaten]
        best = min(left, key=lambda r: (-len(missing & set(r.cuisines)), r.price_usd, r.name), default=None)
        return Place(best.name, city) if best else None

    def bed(self, now: Progress) -> Place | None:
        """Last night's, if one is still there; else the cheapest that fits the wishes and the nights to come as far as can be."""
        last = now.done[-1].stay if now.done else None
        if last and last.city == now.here:
            return last
        return best_bed(self.query, now.here, next_leg_day(self.query, now.day) - now.day)


def best_bed(query: Query, city: str, nights: int) -> Place | None:
    """The cheapest accommodation that breaks the fewest of: room, house rule, nights asked for."""
    homes = tables.accommodations().findable(city)
    best = min(homes, key=lambda home: (unfit(query, home, nights), home.night_usd(query.people), home.name), default=None)
    return Place(best.name, city) if best else None


def unfit(query: Query, home: Accommodation, nights: int) -> int:
    """How many of room, house rule and nights asked for ``home`` does not fit."""
    return (not query.room_fits(home)) + (not query.rule_fits(home)) + (home.minimum_nights > nights)


def open_cities(query: Query, day: int) -> tuple[str, ...]:
    """The cities that a leg of ``day`` may lead to where no reference says it: those with all that a stay there needs."""
    nights = next_leg_day(query, day) - day
    cities = tables.cities_by_state()[query.destination] if query.to_state else (query.destination,)
    return tuple(city for city in cities if city != query.origin and _has_all(query, city, nights))


def _has_all(query: Query, city: str, nights: int) -> bool:
    fitting = any(not unfit(query, home, nights) for home in tables.accommodations().findable(city))
    sights = len(tables.attractions().findable(city))
    meals = len(tables.restaurants().findable(city))
    return fitting and sights >= nights and meals >= 3 * (nights + 1)


def _least(found: Iterable[Offer]) -> Offer | None:
    return min(found, key=lambda offer: (offer.usd, offer.ride.mode, offer.ride.flight, offer.ride.destination), default=None)
