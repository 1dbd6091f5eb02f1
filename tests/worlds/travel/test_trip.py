"""Trips, the steps that they are, and the authors' form of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.errors import BadOption, BadStep
from outrider.model import FINISH, Step
from outrider.worlds.travel import Day, Place, Ride, Trip, annotated, dataset, numbered, queries, steps_of, trip_of
from outrider.worlds.travel.actions import ACTIONS, MOST_VISITS, allowed
from outrider.worlds.travel.train import lines

every_annotated = pytest.mark.parametrize("number", range(45))

CITIES = st.sampled_from(["Seattle", "Rockford", "Houston", "Atlantis"])
NAMES = st.sampled_from(["Coco Bambu", "Subway", "Burpee Museum of Natural History", "Flying Mango", "?"])
PLACES = st.builds(Place, NAMES, CITIES)
MAYBE = st.none() | PLACES


@st.composite
def trips(draw: st.DrawFn) -> Trip:
    """Trips as steps can say them: on a day of travel one is where the ride says, else where one was."""
    here, days = "Seattle", []
    for _ in range(draw(st.integers(0, 5))):
        ride = None
        if draw(st.booleans()):
            mode: Any = draw(st.sampled_from(["flight", "self-driving", "taxi"]))
            flight = draw(st.sampled_from(["F3573659", "F0"])) if mode == "flight" else ""
            ride = Ride(mode=mode, origin=draw(CITIES), destination=draw(CITIES), flight=flight)
            here = ride.destination
        days.append(
            Day(
                city=here,
                leaves=ride.origin if ride else None,
                ride=ride,
                breakfast=draw(MAYBE),
                attractions=tuple(draw(st.lists(PLACES, max_size=4))),
                lunch=draw(MAYBE),
                dinner=draw(MAYBE),
                stay=draw(PLACES),
            )
        )
    return Trip(tuple(days))


@every_annotated
def test_an_annotated_plan_is_its_steps_and_back(number: int) -> None:
    query, trip = numbered(number), annotated()[number]
    assert trip_of(steps_of(trip), query.origin) == trip


@every_annotated
def test_every_step_of_an_annotated_plan_is_allowed_where_it_stands(number: int) -> None:
    query, steps = numbered(number), steps_of(annotated()[number])
    for at, step in enumerate(steps):
        assert step.action in allowed(steps[:at], query.origin, query.days)


@every_annotated
def test_an_annotated_plan_is_read_back_from_the_form_that_is_written(number: int) -> None:
    trip = annotated()[number]
    assert dataset.read(dataset.write(trip)) == trip


def test_the_form_that_is_written_is_the_authors_own() -> None:
    flown = lines()[0]["plan"]
    assert dataset.write(annotated()[0]) == flown


@given(trips())
@settings(deadline=None)
def test_a_trip_is_its_steps_and_back_whatever_it_holds(trip: Trip) -> None:
    steps = steps_of(trip)
    back = trip_of(steps, "Seattle")
    assert [(day.city, day.ride, day.meals, day.stay) for day in back.days] == [
        (day.city, day.ride, day.meals, day.stay) for day in trip.days
    ]
    assert [sorted(map(str, day.attractions)) for day in back.days] == [sorted(map(str, day.attractions)) for day in trip.days]
    assert steps[-1].is_finish


@given(trips())
@settings(deadline=None)
def test_any_trip_can_be_written_in_the_authors_form_and_read_back(trip: Trip) -> None:
    assert dataset.read(dataset.write(trip)) == trip


def test_a_night_without_a_bed_is_a_stay_that_no_agent_may_answer() -> None:
    trip = Trip((Day(city="Rockford"), Day(city="Rockford", stay=Place("Subway", "Rockford"))))
    steps = steps_of(trip)
    assert steps[0] == Step("stay")
    stay = next(action for action in ACTIONS if action.name == "stay")
    assert stay.schema is not None
    assert stay.schema["required"] == ["name", "city"]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Step("swim"), "no step of a trip"),
        (Step("fly", {"origin": "Seattle", "destination": "Houston"}), "needs flight"),
        (Step("drive", {"origin": "Seattle", "destination": 7}), "needs destination"),
        (Step("eat", {"meal": "tea", "name": "Subway", "city": "Houston"}), "no meal"),
        (Step("visit", {"name": " ", "city": "Houston"}), "needs name"),
    ],
)
def test_a_step_that_is_none_of_a_trips_is_refused(step: Step, told: str) -> None:
    with pytest.raises(BadStep, match=told):
        trip_of((step,), "Seattle")


@pytest.mark.parametrize(
    "plan", ["a plan", [1], [{"current_city": "Rockford", "dinner": "Coco Bambu"}], [{"transportation": "by boat, from A to B"}]]
)
def test_what_is_no_plan_in_the_authors_form_is_refused(plan: object) -> None:
    with pytest.raises(BadOption):
        dataset.read(plan)


@given(st.lists(st.integers(0, 99), max_size=60), st.integers(2, 4))
@settings(deadline=None)
def test_something_is_always_allowed_and_a_trip_ends_within_its_steps(choices: list[int], days: int) -> None:
    prefix: tuple[Step, ...] = ()
    for choice in choices:
        names = allowed(prefix, "Seattle", days)
        assert names
        assert names.count(FINISH) <= 1
        name = names[choice % len(names)]
        prefix = (*prefix, _some(name, choice))
        if name == FINISH:
            break
    assert len(prefix) <= days * (1 + 3 + MOST_VISITS + 1)


def _some(name: str, choice: int) -> Step:
    way = {"origin": "Seattle", "destination": "Houston"}
    place = {"name": f"P{choice}", "city": "Houston"}
    meal = ("breakfast", "lunch", "dinner")[choice % 3]
    arguments = {"fly": {"flight": "F1", **way}, "drive": way, "taxi": way, "eat": {"meal": meal, **place}, FINISH: {}}
    return Step(name, arguments.get(name, place))


def test_a_trip_may_finish_on_its_last_day_only() -> None:
    nights = (Step("stay", {"name": "A", "city": "B"}),) * 2
    assert FINISH not in allowed(nights[:1], "Seattle", 3)
    assert FINISH in allowed(nights, "Seattle", 3)
    assert "stay" not in allowed(nights, "Seattle", 3)


def test_after_nonsense_only_finish_is_left() -> None:
    assert allowed((Step("swim"),), "Seattle", 3) == (FINISH,)
    assert allowed((Step(FINISH),), "Seattle", 3) == (FINISH,)


def test_the_queries_are_those_of_the_plans() -> None:
    assert [query.text for query in queries()] == [line["query"] for line in lines()]
