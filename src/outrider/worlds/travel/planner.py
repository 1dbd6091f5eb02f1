"""A trip step by step: what comes next after a prefix, given somebody who chooses rides, meals and beds.

The greedy rule and the solver choose; the days' order, and the sights, which cost nothing and bind nothing, are the same for
both.
"""

from __future__ import annotations

from typing import Final, Protocol, cast

from outrider.errors import BadOption
from outrider.model import FINISH, JSON, Prefix, Step
from outrider.worlds.travel import tables
from outrider.worlds.travel.actions import STAY, VISIT, Progress, meal_step, progress, ride_step
from outrider.worlds.travel.agenda import Offer, Slot, agenda, full_days, offer_of, to_come
from outrider.worlds.travel.queries import Query
from outrider.worlds.travel.trip import Meal, Place

MOST_STEPS_A_DAY: Final = 12
"""More than a day can hold: a ride, three meals, sights and a night."""


class Chooser(Protocol):
    """Who chooses. ``None``: there is nothing that could be chosen."""

    def ride(self, now: Progress) -> Offer | None:
        """The ride of the day under way, on which none was taken yet; ``None`` also where one stays."""
        ...

    def meal(self, now: Progress, meal: Meal, city: str) -> Place | None:
        """Where to eat."""
        ...

    def bed(self, now: Progress) -> Place | None:
        """Where to sleep tonight."""
        ...


def walk(query: Query, prefix: Prefix, chooser: Chooser) -> Prefix:
    """``prefix`` and the steps that follow by ``chooser``, `finish` last."""
    steps = prefix
    for _ in range(MOST_STEPS_A_DAY * query.days):
        if steps and steps[-1].is_finish:
            return steps
        steps = (*steps, next_step(query, progress(steps, query.origin), chooser))
    raise BadOption(f"no trip of {query.days} days ends after {len(steps)} steps")


def next_step(query: Query, now: Progress, chooser: Chooser) -> Step:
    """The step after ``now``."""
    for slot in slots_of(query, now, chooser.ride(now) if now.today.ride is None else None):
        if step := _fill(query, now, slot, chooser):
            return step
    if now.day >= query.days:
        return Step(FINISH)
    bed = chooser.bed(now)
    return Step(STAY.name, _named(bed) if bed else {})


def slots_of(query: Query, now: Progress, planned: Offer | None) -> tuple[Slot, ...]:
    """What the day under way still holds, if ``planned`` is the ride that is to be taken on it."""
    today = now.today
    taken = offer_of(query, today.ride) if today.ride else planned
    if today.ride and taken is None:  # a ride that nobody knows has no hours
        return ()
    morning = today.leaves if today.leaves is not None else today.city
    return to_come(agenda(query, morning, taken), today)


def _fill(query: Query, now: Progress, slot: Slot, chooser: Chooser) -> Step | None:
    if slot.kind == "ride":
        offer = chooser.ride(now)
        return ride_step(offer.ride) if offer else None
    if slot.kind.endswith("sight"):
        sight = _sight(query, now, slot.city)
        return Step(VISIT.name, _named(sight)) if sight else None
    meal = cast("Meal", slot.kind)
    place = chooser.meal(now, meal, slot.city)
    return meal_step(meal, place) if place else None


def _sight(query: Query, now: Progress, city: str) -> Place | None:
    """The next sight in the table's order, if there is one left for each full day that follows in its city."""
    seen = {place for day in (*now.done, now.today) for place in day.attractions}
    left = [place for entry in tables.attractions().findable(city) if (place := Place(entry.name, city)) not in seen]
    must = now.today.leaves is None and now.today.ride is None and not now.today.attractions
    reserved = 0 if must or city != now.here else full_days(query, now.day)
    return left[0] if len(left) > reserved else None


def _named(place: Place) -> dict[str, JSON]:
    return {"name": place.name, "city": place.city}
