"""What is still to be decided of a trip after a prefix: legs with their offers, beds for the stays, restaurants for the meals.

All of it is facts; who decides is ``solver``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from outrider.model import Prefix
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import Progress, progress
from outrider.worlds.travel.agenda import Offer, Slot, agenda, in_time, leg_days, offers
from outrider.worlds.travel.greedy_rule import open_cities, unfit
from outrider.worlds.travel.hard import missing_cuisines
from outrider.worlds.travel.planner import slots_of
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.records import Accommodation, Restaurant
from outrider.worlds.travel.trip import MEALS, Mode, Place

CUISINE: Final = "cuisine"
ROOMS: Final = "room type, room rule or minimum nights stay"
RIDES: Final = "transportation or its mixing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegToTake:
    """A day of travel, and every ride that may be taken on it."""

    day: int
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be decided after ``now``. ``given_up`` are the constraints that count no more."""

    query: Query
    now: Progress
    legs: tuple[LegToTake, ...]
    given_up: frozenset[str]

    @property
    def last_night(self) -> Place | None:
        """The bed that is kept, where one stays in its city."""
        stay = self.now.done[-1].stay if self.now.done else None
        return stay if stay and stay.city == self.now.here and self.now.today.ride is None else None

    @property
    def modes_before(self) -> frozenset[Mode]:
        """How one has travelled so far."""
        return frozenset(day.ride.mode for day in (*self.now.done, self.now.today) if day.ride)

    @property
    def missing_cuisines(self) -> tuple[str, ...]:
        """The cuisines that are still to be had."""
        return missing_cuisines(self.query, self.now.trip)

    def slots(self, day: int, here: str, offer: Offer | None) -> tuple[Slot, ...]:
        """What that day holds, if it begins ``here`` and ``offer`` is taken on it."""
        return slots_of(self.query, self.now, offer) if day == self.now.day else agenda(self.query, here, offer)

    def meals(self, day: int, here: str, offer: Offer | None) -> Counter[str]:
        """How many meals that day still needs, by city."""
        return Counter(slot.city for slot in self.slots(day, here, offer) if slot.kind in MEALS)

    def restaurants(self, city: str) -> tuple[Restaurant, ...]:
        """Where one may still eat in ``city``."""
        eaten = set(self.now.trip.meals)
        return tuple(r for r in tables.restaurants().findable(city) if Place(r.name, city) not in eaten)

    def beds(self, city: str, nights: int) -> tuple[Accommodation, ...]:
        """Where one may sleep in ``city`` for so many nights: what fits, or, if that is given up, what fits best."""
        homes = tables.accommodations().findable(city)
        least = min((unfit(self.query, home, nights) for home in homes), default=0) if ROOMS in self.given_up else 0
        return tuple(home for home in homes if unfit(self.query, home, nights) == least)

    def next_leg(self, day: int) -> int:
        """The next day of travel after ``day``, or the last day of all."""
        return next((leg.day for leg in self.legs if leg.day > day), self.query.days)


def problem(query: Query, prefix: Prefix, given_up: Iterable[str] = ()) -> Problem:
    """What is to be decided after ``prefix``.

    Raises:
        BadStep: ``prefix`` holds a step that is none of a trip's.
    """
    now, without = progress(prefix, query.origin), frozenset(given_up)
    found = _planned(query, now) if query.legs else _open(query, now)
    legs = []
    for day, starts, ends in found:
        rides = _offers(query, day, starts, ends, without)
        legs.append(LegToTake(day=day, offers=_in_time(query, now, day, rides)))
    return Problem(query=query, now=now, legs=tuple(legs), given_up=without)


def _in_time(query: Query, now: Progress, day: int, found: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Those that have not left yet; all of them, if none is left or none leaves today."""
    left = tuple(offer for offer in found if in_time(query, offer, now.today)) if day == now.day else ()
    return left or found


Way = tuple[int, tuple[str, ...], tuple[str, ...]]
"""A day, where one may set out, where one may arrive."""


def _days_left(query: Query, now: Progress) -> list[int]:
    return [day for day in leg_days(query) if day > now.day or (day == now.day and now.today.ride is None)]


def _planned(query: Query, now: Progress) -> list[Way]:
    """The legs of the reference that are left, from where one is."""
    here, ways = now.here, list[Way]()
    leads = {leg.day: leg.destination for leg in query.legs}
    for day in _days_left(query, now):
        if leads[day] != here:
            ways.append((day, (here,), (leads[day],)))
            here = leads[day]
    return ways


def _open(query: Query, now: Progress) -> list[Way]:
    """Legs to cities that are not visited yet, as many as the task asks for, and home on the last day."""
    visited = {city for day in (*now.done, now.today) for city in day.cities} | {now.here}
    left = max(0, query.cities - len(visited - {query.origin}))
    days = [day for day in _days_left(query, now) if day < query.days][:left]
    starts: tuple[str, ...] = (now.here,)
    ways: list[Way] = []
    for day in days:
        ends = tuple(city for city in open_cities(query, day) if city not in visited)
        ways.append((day, starts, ends))
        starts = ends
    home_again = now.day == query.days and now.here == query.origin
    return ways if home_again else [*ways, (query.days, starts, (query.origin,))]


def _offers(query: Query, day: int, starts: tuple[str, ...], ends: tuple[str, ...], without: frozenset[str]) -> tuple[Offer, ...]:
    pairs = ((start, end) for start in starts for end in ends if start != end)
    found = (offer for start, end in pairs for offer in offers(query, start, end, day))
    return tuple(offer for offer in found if RIDES in without or query.may_use(offer.ride.mode))
