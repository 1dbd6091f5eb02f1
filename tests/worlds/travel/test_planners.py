"""Planners without a model: the greedy rule and the solver."""

from __future__ import annotations

import datetime
import subprocess
import sys
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.errors import BadOption, OutriderError
from outrider.model import Prefix, Step
from outrider.worlds.travel import Query, bill, free_task, greedy, numbered, queries, score, solve, tables, trip_of
from outrider.worlds.travel.actions import ACTIONS, allowed
from outrider.worlds.travel.agenda import Offer, agenda, leg_days, offers
from outrider.worlds.travel.problem import problem
from outrider.worlds.travel.program import Prefer
from outrider.worlds.travel.sole_planning import world
from outrider.worlds.travel.trip import MEALS

every_task = pytest.mark.parametrize("number", range(45))
some_tasks = pytest.mark.parametrize("number", [0, 14, 26, 33, 41])


def usd(query: Query, steps: Prefix) -> int:
    return bill(trip_of(steps, query.origin), query.people).usd


@every_task
def test_the_greedy_rule_breaks_no_commonsense_constraint(number: int) -> None:
    query = numbered(number)
    assert score(query, trip_of(greedy(query), query.origin)).sensible


@every_task
def test_every_step_of_the_greedy_rule_is_allowed_and_fits_its_schema(number: int) -> None:
    query = numbered(number)
    here, steps = world(query), greedy(query)
    for at, step in enumerate(steps):
        here.check(step, steps[:at])
    assert steps[-1].is_finish


@some_tasks
def test_the_greedy_rule_goes_on_as_it_would_have_from_every_prefix_of_its_own(number: int) -> None:
    query = numbered(number)
    steps = greedy(query)
    assert all(greedy(query, steps[:at]) == steps for at in range(len(steps) + 1))


def names_in(city: str, action: str) -> list[str]:
    match action:
        case "eat":
            return [entry.name for entry in tables.restaurants().of(city)]
        case "visit":
            return [entry.name for entry in tables.attractions().of(city)]
        case _:
            return [entry.name for entry in tables.accommodations().of(city)]


def some_step(query: Query, action: str, choice: int) -> Step:
    """A step that an agent may have taken: of real things, whether or not they fit."""
    cities = [leg.destination for leg in query.legs]
    here, there = cities[choice % len(cities)], cities[(choice + 1) % len(cities)]
    names = [*names_in(here, action), "?"]
    place = {"name": names[choice % len(names)], "city": here}
    way = {"origin": here, "destination": there}
    arguments = {
        "fly": {**way, "flight": f"F{choice}"},
        "drive": way,
        "taxi": way,
        "eat": {**place, "meal": MEALS[choice % 3]},
        "finish": {},
    }
    return Step(action, arguments.get(action, place))


def prefix_of(query: Query, choices: list[tuple[int, int]]) -> Prefix:
    prefix: Prefix = ()
    for which, choice in choices:
        names = [name for name in allowed(prefix, query.origin, query.days) if name != "finish"]
        if names:
            prefix = (*prefix, some_step(query, names[which % len(names)], choice))
    return prefix


CHOICES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=12)


@given(st.integers(0, 44), CHOICES)
@settings(deadline=None)
def test_the_greedy_rule_brings_whatever_was_begun_to_an_end(number: int, choices: list[tuple[int, int]]) -> None:
    query = numbered(number)
    prefix = prefix_of(query, choices)
    steps = greedy(query, prefix)
    assert steps[: len(prefix)] == prefix
    assert steps[-1].is_finish
    names = {action.name for action in ACTIONS}
    assert {step.action for step in steps} <= names


CITIES = st.sampled_from(["Fresno", "Portland", "Houston", "Tulsa", "Denver", "Amarillo", "Chicago"])
STATES = st.sampled_from(["Oregon", "Texas", "California", "Colorado", "Michigan", "Portland", "Dallas"])


@st.composite
def tasks(draw: st.DrawFn) -> Query:
    days = draw(st.integers(3, 7))
    wishes = draw(st.lists(st.sampled_from(["pets", "entire room", "private room", "no flights", "Indian food"]), max_size=3))
    people = draw(st.integers(1, 9))
    text = f"{draw(CITIES)} to {draw(STATES)}, {days} days from March 16, {people} people, {', '.join(wishes)}"
    try:
        return free_task(text)
    except OutriderError:
        return free_task(f"Fresno to Oregon, {days} days from March 16, {people} people")


@given(tasks())
@settings(deadline=None, max_examples=30)
def test_in_a_task_of_ones_own_the_greedy_rule_repeats_nothing_and_invents_nothing(query: Query) -> None:
    found = score(query, trip_of(greedy(query), query.origin)).commonsense
    for name in ("within sandbox", "within current city", "diverse restaurants", "diverse attractions", "minimum nights stay"):
        assert found[name] is None, (name, found[name])


# Days of travel -----------------------------------------------------------------------------------------------------------


def test_the_nights_are_shared_out_evenly_and_the_longer_stays_come_first() -> None:
    assert leg_days(free_task("Fresno to 2 cities in Oregon, 5 days from March 1")) == (1, 3, 5)
    assert leg_days(free_task("Fresno to 3 cities in Oregon, 6 days from March 1")) == (1, 3, 5, 6)
    assert leg_days(numbered(41)) == (1, 2, 3, 7)


def test_on_a_day_of_travel_only_what_there_is_time_for_is_planned() -> None:
    query = numbered(0)
    (flight,) = offers(query, "St. Petersburg", "Rockford", 1)
    assert (flight.departs_min, flight.arrives_min) == (15 * 60 + 40, 17 * 60 + 4)
    assert [(slot.kind, slot.city) for slot in agenda(query, "St. Petersburg", flight)] == [
        ("ride", "Rockford"),
        ("dinner", "Rockford"),
    ]
    (back,) = offers(query, "Rockford", "St. Petersburg", 3)
    assert [slot.kind for slot in agenda(query, "Rockford", back)] == [
        "breakfast",
        "morning sight",
        "lunch",
        "afternoon sight",
        "ride",
    ]


def test_a_flight_that_lands_after_midnight_leaves_time_for_nothing_that_day() -> None:
    late = [flight for flight in tables.flights().by_number.values() if flight.arrives < flight.departs]
    assert late
    for flight in late:
        query = replace(numbered(0), start=datetime.date.fromisoformat(flight.date))
        found = [offer for offer in offers(query, flight.origin, flight.destination, 1) if offer.ride.flight == flight.number]
        assert agenda(query, flight.origin, found[0])[-1].kind == "ride"


# The solver ---------------------------------------------------------------------------------------------------------------


def test_a_ride_that_left_before_what_was_done_today_is_not_taken_any_more() -> None:
    query = numbered(31)
    steps = greedy(query)
    back = next(at for at, step in enumerate(steps) if step.action == "fly" and at > 0)
    dinner = Step("eat", {"meal": "dinner", "name": "Cafe Southall", "city": "Washington"})
    rides = problem(query, (*steps[:back], dinner)).legs[0].offers
    assert [offer.ride.flight for offer in rides] == ["F3797033"]


@pytest.fixture
def solver() -> None:
    pytest.importorskip("ortools", reason="the extra outrider[solver] is not installed")


@every_task
@pytest.mark.parametrize("prefer", ["cheapest", "rated"])
def test_the_solver_keeps_every_constraint(number: int, prefer: Prefer, solver: None) -> None:
    query = numbered(number)
    found = solve(query, prefer=prefer)
    assert found.given_up == ()
    assert score(query, trip_of(found.steps, query.origin)).passes
    assert found.usd == usd(query, found.steps)


@every_task
def test_the_solver_is_never_dearer_than_the_greedy_rule(number: int, solver: None) -> None:
    query = numbered(number)
    assert solve(query).usd <= usd(query, greedy(query))


@every_task
def test_every_step_of_the_solver_fits_its_schema(number: int, solver: None) -> None:
    query = numbered(number)
    here, steps = world(query), solve(query).steps
    for at, step in enumerate(steps):
        here.check(step, steps[:at])


def least_usd(query: Query) -> int:
    """The least price of a trip of ``query``'s legs without cuisines, by trying all ways: a second opinion."""
    ways = [
        [offer for offer in offers(query, leg.origin, leg.destination, leg.day) if query.may_use(offer.ride.mode)]
        for leg in query.legs
    ]
    return min(_priced(query, way) for way in product(*ways) if _goes_together(way))


def _goes_together(way: tuple[Offer, ...]) -> bool:
    return len({offer.ride.mode == "self-driving" for offer in way}) == 1


def _priced(query: Query, way: tuple[Offer, ...]) -> int:
    days = {leg.day: offer for leg, offer in zip(query.legs, way, strict=True)}
    here, meals, beds = query.origin, dict[str, int](), 0
    for day in range(1, query.days + 1):
        for slot in agenda(query, here, days.get(day)):
            meals[slot.city] = meals.get(slot.city, 0) + (slot.kind in MEALS)
        here = days[day].ride.destination if day in days else here
        if day < query.days:
            beds += _bed_usd(query, here, day)
    food = (sorted(place.price_usd for place in tables.restaurants().findable(city))[:count] for city, count in meals.items())
    return sum(offer.usd for offer in way) + query.people * sum(map(sum, food)) + beds


def _bed_usd(query: Query, city: str, day: int) -> int:
    starts = max(leg.day for leg in query.legs if leg.day <= day)
    nights = min(leg.day for leg in query.legs if leg.day > day) - starts
    fitting = [home for home in tables.accommodations().findable(city) if query.room_fits(home) and query.rule_fits(home)]
    return min(home.night_usd(query.people) for home in fitting if home.minimum_nights <= nights)


@pytest.mark.parametrize("number", [number for number, query in enumerate(queries()) if not query.cuisines and query.days < 7])
def test_the_solver_finds_the_least_price_that_trying_all_ways_finds(number: int, solver: None) -> None:
    assert solve(numbered(number)).usd == least_usd(numbered(number))


@some_tasks
@pytest.mark.parametrize("prefer", ["cheapest", "rated"])
def test_the_solver_goes_on_as_it_would_have_from_every_prefix_of_its_own(number: int, prefer: Prefer, solver: None) -> None:
    query = numbered(number)
    steps = solve(query, prefer=prefer).steps
    assert all(solve(query, steps[:at], prefer=prefer).steps == steps for at in range(len(steps) + 1))


def test_the_solver_takes_a_step_of_the_person_as_given(solver: None) -> None:
    query = numbered(26)
    taken = Step("taxi", {"origin": "Sault Ste. Marie", "destination": "Pellston"})
    found = solve(query, (taken,))
    assert found.steps[0] == taken
    assert found.given_up == ()
    assert found.usd >= solve(query).usd
    assert "drive" not in {step.action for step in found.steps}


def test_the_solver_says_which_constraints_a_step_of_the_person_makes_impossible(solver: None) -> None:
    query = numbered(31)
    steps = solve(query).steps
    at = next(at for at, step in enumerate(steps) if step.action == "stay")
    forbidding = Step("stay", {"name": "Massive Master Bedroom in Manhattan Apartment", "city": "Washington"})
    found = solve(query, (*steps[:at], forbidding))
    assert "room type" in found.given_up
    assert found.steps[-1].is_finish


def test_on_the_last_day_the_solver_still_plans_meals_where_the_person_stays(solver: None) -> None:
    query = numbered(32)
    bed = Step("stay", {"name": "Light-filled Apartment in great area, close 2 all!", "city": "Minneapolis"})
    there = Step("drive", {"origin": "Grand Forks", "destination": "Minneapolis"})
    back = Step("drive", {"origin": "Minneapolis", "destination": "Minneapolis"})
    found = solve(query, (there, bed, bed, back))
    assert found.steps[-1].is_finish


def test_without_or_tools_the_solver_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['ortools'] = None\n"
        "from outrider.errors import BadOption; from outrider.worlds import travel\n"
        "try: travel.solve(travel.numbered(0))\n"
        "except BadOption as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "pip install 'outrider[solver]'" in done.stdout


def test_a_budget_that_cannot_be_kept_is_proven_so_and_given_up(solver: None) -> None:
    query = numbered(0)
    least = solve(query).usd
    assert solve(replace(query, budget_usd=least)).given_up == ()
    assert solve(replace(query, budget_usd=least - 1)).given_up == ("budget",)
    assert solve(replace(query, budget_usd=least - 1), prefer="rated").usd == least


def test_a_cuisine_that_is_nowhere_to_be_had_is_given_up_alone(solver: None) -> None:
    query = replace(numbered(0), cuisines=("Martian",))
    found = solve(query)
    assert found.given_up == ("cuisine",)
    assert found.usd == solve(numbered(0)).usd


def test_the_best_rated_trip_is_rated_higher_and_stays_within_the_budget(solver: None) -> None:
    query = numbered(27)
    rated, cheapest = solve(query, prefer="rated"), solve(query)

    def stars(steps: Prefix) -> float:
        places = trip_of(steps, query.origin).meals
        return sum(found.rating for place in places if (found := tables.restaurants().find(place.name, place.city)))

    assert query.budget_usd is not None
    assert cheapest.usd < rated.usd <= query.budget_usd
    assert stars(rated.steps) > stars(cheapest.steps)


def test_the_solver_chooses_cities_where_the_task_leaves_them_open(solver: None) -> None:
    query = free_task("Fresno to 2 cities in Oregon, 5 days from March 21, two people, pets, French and Mexican food, $3,000")
    found = solve(query)
    assert found.given_up == ()
    assert found.usd <= usd(query, greedy(query))


def test_where_there_is_no_way_the_solver_says_where_else_the_tables_lead(solver: None) -> None:
    with pytest.raises(BadOption, match=r"from Seattle they lead to .*California"):
        solve(free_task("Seattle to Hawaii, 5 days from March 16"))


@given(st.integers(0, 44), CHOICES)
@settings(deadline=None, max_examples=30)
def test_the_solver_brings_whatever_was_begun_to_an_end_or_says_that_there_is_no_way(
    number: int, choices: list[tuple[int, int]]
) -> None:
    pytest.importorskip("ortools", reason="the extra outrider[solver] is not installed")
    query = numbered(number)
    prefix = prefix_of(query, choices)
    try:
        found = solve(query, prefix)
    except BadOption:
        return
    assert found.steps[: len(prefix)] == prefix
    assert found.steps[-1].is_finish
    assert set(found.given_up) == set(score(query, trip_of(found.steps, query.origin)).broken)
