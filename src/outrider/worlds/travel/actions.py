"""A plan of steps *is* the trip: what each step adds to it, day by day, and what may come after what.

A day's steps stand in the order in which they happen: what is done before the ride is done where one sets out, what is done after
it where one arrives. `stay` ends a day; `finish`, on the last day, ends the trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from outrider.agents.world import Action
from outrider.errors import BadStep
from outrider.model import FINISH, JSON, Prefix, Step
from outrider.worlds.travel.trip import MEALS, Day, Meal, Mode, Place, Ride, Trip

MOST_VISITS: Final = 4
"""Sights that a world offers for one day. The annotators' plans have no more."""

_TEXT: Final[dict[str, JSON]] = {"type": "string", "minLength": 1}


def _schema(**properties: JSON) -> Mapping[str, JSON]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_WAY: Final = {"origin": _TEXT, "destination": _TEXT}
_PLACE: Final = {"name": _TEXT, "city": _TEXT}

FLY: Final = Action("fly", "takes a flight, by its number", ("flight",), _schema(flight=_TEXT, **_WAY))
DRIVE: Final = Action("drive", "drives oneself from a city to another", ("self-driving",), _schema(**_WAY))
TAXI: Final = Action("taxi", "takes a taxi from a city to another", ("taxi",), _schema(**_WAY))
EAT: Final = Action("eat", "has a meal in a restaurant", ("meal",), _schema(meal={"enum": list(MEALS)}, **_PLACE))
VISIT: Final = Action("visit", "sees a sight", ("sight",), _schema(**_PLACE))
STAY: Final = Action("stay", "sleeps in an accommodation, which ends the day", ("sleep",), _schema(**_PLACE))
END: Final = Action(FINISH, "ends the trip, back home on its last day", (FINISH,))

ACTIONS: Final = (FLY, DRIVE, TAXI, EAT, VISIT, STAY, END)
RIDES: Final[dict[str, Mode]] = {"fly": "flight", "drive": "self-driving", "taxi": "taxi"}

LOOKUPS: Final = frozenset(
    {
        "find_flights",
        "find_road",
        "find_accommodations",
        "find_restaurants",
        "find_attractions",
        "find_cities",
        "note",
        "draft_trip",
    }
)
"""Steps of the two-stage form that are no part of the trip."""

_ACTION_OF: Final = {mode: action for action, mode in RIDES.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """A trip under way: whole days, and what the day under way holds so far. ``day`` counts from 1."""

    done: tuple[Day, ...]
    today: Day
    finished: bool = False
    last: Step | None = field(default=None)

    @property
    def day(self) -> int:
        return len(self.done) + 1

    @property
    def here(self) -> str:
        """The city where one is."""
        return self.today.city

    @property
    def trip(self) -> Trip:
        """All of it as a trip; a day that holds nothing is none."""
        empty = self.today == Day(city=self.today.city)
        return Trip(self.done if empty else (*self.done, self.today))


def progress(steps: Prefix, home: str) -> Progress:
    """How far the trip of ``steps`` has come that sets out from ``home``.

    Raises:
        BadStep: a step is none of a trip's, or its arguments do not fit it.
    """
    so_far = Progress((), Day(city=home))
    for step in steps:
        so_far = _after(so_far, step)
    return so_far


def trip_of(steps: Prefix, home: str) -> Trip:
    """The trip that ``steps`` are. What was eaten twice at one time of day counts as the last said.

    Raises:
        BadStep: a step is none of a trip's, or its arguments do not fit it.
    """
    return progress(steps, home).trip


def _after(so_far: Progress, step: Step) -> Progress:
    today = so_far.today
    match step.action:
        case "fly" | "drive" | "taxi":
            return replace(so_far, today=_ridden(today, step), last=step)
        case "eat":
            return replace(so_far, today=_eaten(today, step), last=step)
        case "visit":
            return replace(so_far, today=replace(today, attractions=(*today.attractions, _place(step))), last=step)
        case "stay":
            slept = replace(today, stay=_place(step) if step.arguments else None)
            return Progress((*so_far.done, slept), Day(city=today.city), last=step)
        case _ if step.is_finish:
            return replace(so_far, finished=True, last=step)
        case lookup if lookup in LOOKUPS:
            return replace(so_far, last=step)
    raise BadStep(f"{step.action[:80]!r} is no step of a trip; steps are {', '.join(action.name for action in ACTIONS)}")


def _ridden(today: Day, step: Step) -> Day:
    ride = Ride(
        mode=RIDES[step.action],
        origin=_text(step, "origin"),
        destination=_text(step, "destination"),
        flight=_text(step, "flight") if step.action == FLY.name else "",
    )
    return replace(today, leaves=ride.origin, city=ride.destination, ride=ride)


def _eaten(today: Day, step: Step) -> Day:
    meal = _text(step, "meal")
    if meal not in MEALS:
        raise BadStep(f"{meal[:80]!r} is no meal; meals are {', '.join(MEALS)}")
    return replace(today, **cast("dict[str, Any]", {meal: _place(step)}))


def _place(step: Step) -> Place:
    return Place(_text(step, "name"), _text(step, "city"))


def _text(step: Step, name: str) -> str:
    value = step.arguments.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadStep(f"{step.action} needs {name} as a text, not {value!r}"[:200])
    return value


# From a trip back to steps --------------------------------------------------------------------------------------------


def steps_of(trip: Trip) -> Prefix:
    """The steps of ``trip``, `finish` last. A night without a bed is a `stay` without arguments, which no agent may answer."""
    found: list[Step] = []
    for number, day in enumerate(trip.days, start=1):
        found += day_steps(day)
        if day.stay is not None or number < len(trip.days):
            found.append(Step(STAY.name, _named(day.stay) if day.stay else {}))
    return (*found, Step(FINISH))


def day_steps(day: Day) -> list[Step]:
    """The steps of a day, the night left out, in the order in which they happen."""
    meals: dict[Meal, Place] = dict(day.meals)
    first, rest = _halves(day.attractions)
    order = [
        *_meal(meals, "breakfast"),
        *map(_visit, first),
        *_meal(meals, "lunch"),
        *map(_visit, rest),
        *_meal(meals, "dinner"),
    ]
    if day.ride is None:
        return order
    before = [step for step in order if step.arguments["city"] == day.leaves != day.city]
    return [*before, ride_step(day.ride), *(step for step in order if step not in before)]


def _halves(sights: tuple[Place, ...]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    half = (len(sights) + 1) // 2
    return sights[:half], sights[half:]


def ride_step(ride: Ride) -> Step:
    """The step that takes ``ride``."""
    number: dict[str, JSON] = {"flight": ride.flight} if ride.mode == "flight" else {}
    return Step(_ACTION_OF[ride.mode], {**number, "origin": ride.origin, "destination": ride.destination})


def meal_step(meal: Meal, place: Place) -> Step:
    """The step that has ``meal`` at ``place``."""
    return Step(EAT.name, {"meal": meal, **_named(place)})


def _meal(meals: Mapping[Meal, Place], meal: Meal) -> list[Step]:
    return [meal_step(meal, meals[meal])] if meal in meals else []


def _visit(place: Place) -> Step:
    return Step(VISIT.name, _named(place))


def _named(place: Place) -> dict[str, JSON]:
    return {"name": place.name, "city": place.city}


# What may come after what ---------------------------------------------------------------------------------------------


def allowed(steps: Prefix, home: str, days: int) -> tuple[str, ...]:
    """The actions that may come next in a trip of ``days`` days, `finish` on the last one.

    A ride at most once a day, at most three meals and ``MOST_VISITS`` sights, and a night after every day but the last. A prefix
    that is no trip at all allows `finish` alone.
    """
    try:
        now = progress(steps, home)
    except BadStep:
        return (FINISH,)
    if now.finished or now.day > days:
        return (FINISH,)
    today = now.today
    names = [] if today.ride else list(RIDES)
    names += [EAT.name] if len(today.meals) < len(MEALS) else []
    names += [VISIT.name] if len(today.attractions) < MOST_VISITS else []
    return (*names, FINISH if now.day == days else STAY.name)
