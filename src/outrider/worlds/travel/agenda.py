"""What a day of a trip holds, given how one travels on it: which meals, which sights, where.

The hours are ours; the data has none but the flights'. Breakfast is at 8:00, a sight at 10:00, lunch at 12:30, a sight at 15:00,
dinner at 18:30. On a day of travel, what ends 90 minutes before one sets out is done there, and what begins half an hour after
one arrives is done here; the rest is left out. Who goes by road sets out at 9:30. Nothing is planned in the city that is home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.worlds.travel import tables
from outrider.worlds.travel.prices import ride_usd
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.trip import MEALS, Day, Meal, Ride

Kind: TypeAlias = Meal | Literal["morning sight", "afternoon sight", "ride"]

_HOURS: Final[tuple[tuple[Kind, int], ...]] = (
    ("breakfast", 8 * 60),
    ("morning sight", 10 * 60),
    ("lunch", 12 * 60 + 30),
    ("afternoon sight", 15 * 60),
    ("dinner", 18 * 60 + 30),
)
_BEFORE_MIN: Final = 90
_AFTER_MIN: Final = 30
_BY_ROAD_MIN: Final = 9 * 60 + 30
_A_DAY_MIN: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A ride that is to be had, its price for everybody, and when it leaves and arrives, in minutes from midnight."""

    ride: Ride
    usd: int
    departs_min: int
    arrives_min: int


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to do, and the city where."""

    kind: Kind
    city: str


def offers(query: Query, origin: str, destination: str, day: int) -> tuple[Offer, ...]:
    """The rides from ``origin`` to ``destination`` on that day, whether or not the task allows their kind; the cheapest first."""
    flights = tables.flights().by_route.get((origin, destination, query.date(day)), ())
    rides = [Ride(mode="flight", origin=origin, destination=destination, flight=flight.number) for flight in flights]
    rides += [Ride(mode="self-driving", origin=origin, destination=destination)]
    rides += [Ride(mode="taxi", origin=origin, destination=destination)]
    found = [offer for ride in rides if (offer := offer_of(query, ride))]
    return tuple(sorted(found, key=lambda offer: (offer.usd, offer.ride.mode, offer.ride.flight)))


def offer_of(query: Query, ride: Ride) -> Offer | None:
    """``ride`` with its price and hours; ``None`` if the tables do not know it."""
    each_usd, times = ride_usd(ride, query.people)
    if each_usd is None:
        return None
    departs, arrives = _hours(ride)
    return Offer(ride=ride, usd=each_usd * times, departs_min=departs, arrives_min=arrives)


def _hours(ride: Ride) -> tuple[int, int]:
    if flight := tables.flights().find(ride.flight, ride.origin, ride.destination):
        departs, arrives = _clock(flight.departs), _clock(flight.arrives)
        return departs, arrives if arrives > departs else arrives + _A_DAY_MIN
    return _BY_ROAD_MIN, _BY_ROAD_MIN + tables.roads()[ride.origin, ride.destination].duration_min


def _clock(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return 60 * int(hours) + int(minutes)


def agenda(query: Query, here: str, offer: Offer | None) -> tuple[Slot, ...]:
    """What a day holds that begins ``here`` and on which ``offer`` is taken, in the order of the day."""
    if offer is None:
        return tuple(Slot(kind, here) for kind, _ in _HOURS if here != query.origin)
    ride = offer.ride
    before = [Slot(kind, here) for kind, hour in _HOURS if hour + _BEFORE_MIN <= offer.departs_min and here != query.origin]
    after = [Slot(kind, ride.destination) for kind, hour in _HOURS if hour >= offer.arrives_min + _AFTER_MIN]
    return (*before, Slot("ride", ride.destination), *(after if ride.destination != query.origin else ()))


def to_come(slots: tuple[Slot, ...], today: Day) -> tuple[Slot, ...]:
    """What of a day's ``slots`` is still to come after what ``today`` holds.

    What was passed over stays so, but a day without travel must have all its meals and a sight, so that they come late.
    """
    done = [slot for slot in slots if _is_done(slot, today)]
    passed = max((at for at, slot in enumerate(slots) if slot in done and not slot.kind.endswith("sight")), default=-1)
    late = slots[: passed + 1] if today.leaves is None and all(slot.kind != "ride" for slot in slots) else ()
    needed = [slot for slot in late if slot not in done and (slot.kind in MEALS or not today.attractions)]
    return (*(slot for slot in slots[passed + 1 :] if slot not in done), *needed)


def _is_done(slot: Slot, today: Day) -> bool:
    match slot.kind:
        case "ride":
            return today.ride is not None
        case "morning sight":
            return len(today.attractions) > 0
        case "afternoon sight":
            return len(today.attractions) > 1
        case meal:
            return meal in dict(today.meals)


def in_time(query: Query, offer: Offer, today: Day) -> bool:
    """Whether what ``today`` holds so far is over when ``offer`` leaves."""
    slots = agenda(query, today.city, offer)
    before = slots[: [slot.kind for slot in slots].index("ride")]
    meals = {slot.kind for slot in before} & set(MEALS)
    sights = sum(slot.kind.endswith("sight") for slot in before)
    return {meal for meal, _ in today.meals} <= meals and len(today.attractions) <= sights


def leg_days(query: Query) -> tuple[int, ...]:
    """The days of travel: the reference's, else the nights are shared out evenly, the longer stays first."""
    if query.legs:
        return tuple(leg.day for leg in query.legs)
    nights, longer = divmod(query.days - 1, query.cities)
    days = [1]
    for stop in range(query.cities):
        days.append(days[-1] + nights + (stop < longer))
    return tuple(days)


def next_leg_day(query: Query, day: int) -> int:
    """The first day of travel after ``day``."""
    return next((leg for leg in leg_days(query) if leg > day), query.days)


def full_days(query: Query, day: int) -> int:
    """The days after ``day`` and before the next day of travel."""
    return max(0, next_leg_day(query, day) - day - 1)
