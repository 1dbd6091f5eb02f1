"""The world of a task, its reference text, where a plan stands, and a trip in words."""

from __future__ import annotations

import pytest

from outrider.agents.prompts import Style, prompt
from outrider.errors import BadStep
from outrider.model import Step, Task
from outrider.worlds.travel import (
    annotated,
    free_task,
    greedy,
    numbered,
    queries,
    reference_text,
    render,
    situation,
    trip_of,
    world,
)
from outrider.worlds.travel.reference import reference_cities
from outrider.worlds.travel.sole_planning import examples


@pytest.mark.parametrize("number", range(45))
def test_the_whole_reference_names_all_that_the_annotated_plan_names(number: int) -> None:
    text = reference_text(numbered(number), rows=None)
    for day in annotated()[number].days:
        places = [*(place for _, place in day.meals), *day.attractions, *([day.stay] if day.stay else [])]
        assert all(place.name in text for place in places if place.city in reference_cities(numbered(number)))
        assert day.ride is None or day.ride.flight in text


def test_a_reference_is_cut_as_it_says_with_what_fits_in_front() -> None:
    query = numbered(30)
    text = reference_text(query, rows=5)
    assert all(part.count("\n- ") <= 6 for part in text.split(":\n- ")[1:])
    assert "more" in text
    assert len(text) < len(reference_text(query, rows=None))
    assert str(greedy(query)[0].arguments["flight"]) in text


def test_the_reference_of_an_open_task_names_cities_near_by() -> None:
    text = reference_text(free_task("Fresno to 2 cities in Oregon, 5 days from March 21"))
    assert "Ways from Fresno to Eugene on day 1, 2022-03-21" in text
    assert "Ways from Eugene to Fresno on day 5, 2022-03-25" in text


def test_no_worked_example_is_a_task_of_the_data() -> None:
    assert not {example.task for example in examples()} & {query.text for query in queries()}


def test_every_worked_example_is_allowed_step_by_step_to_its_end() -> None:
    for example in examples():
        here = world(free_task(example.task))
        for at, step in enumerate(example.steps):
            here.check(step, example.steps[:at])
            assert here.thought(example.task, example.steps[:at], step)
        assert example.steps[-1].is_finish


def test_the_world_makes_a_prompt_that_is_equal_for_equal_prefixes() -> None:
    query = numbered(31)
    steps = greedy(query)
    task = Task(query.text, "travel")
    made = [prompt("chat", world(query), task, steps[:4], style=Style.THOUGHT_AND_ACTION) for _ in range(2)]
    assert made[0] == made[1]
    assert "Washington" in str(made[0])


def test_a_step_that_does_not_fit_is_refused_by_the_world() -> None:
    here = world(numbered(31))
    with pytest.raises(BadStep, match="do not fit"):
        here.check(Step("stay"), ())
    with pytest.raises(BadStep, match="not to be had here"):
        here.check(Step("finish"), ())


def test_where_a_plan_stands_is_told_in_numbers() -> None:
    query = numbered(30)
    steps = greedy(query)
    assert situation(query, ()).startswith("day 1 of 3, March 20, in Houston; $0 of $1,500 spent; today so far: nothing; ")
    assert "American, Chinese, French, Mediterranean food still to be had" in situation(query, ())
    at = next(at for at, step in enumerate(steps) if step.action == "stay") + 1
    assert situation(query, steps[:at]).startswith("day 2 of 3, March 21, in Fayetteville")
    assert "food still" not in situation(query, steps[:-1])
    assert situation(query, (Step("swim"),)) == ""


def test_a_trip_reads_day_by_day_with_prices_and_the_sum() -> None:
    query = free_task("Fresno to Oregon, 3 days from March 21, two people, 1 city, $900")
    text = render(query, trip_of(greedy(query), query.origin))
    assert text.splitlines()[0] == "Fresno to Oregon, 3 days, 2 people, $900"
    assert "Day 2, March 22: " in text
    assert " x 2 = $" in text
    assert text.splitlines()[-1].startswith("Sum: $")
    assert " of $900, $" in text.splitlines()[-1]
    assert text.splitlines()[-1].endswith("left")


def test_a_flight_is_read_with_its_times_and_what_it_costs_for_all() -> None:
    text = render(numbered(41), annotated()[41])
    assert "flight F3741418 18:05-23:40 (3 hours 35 minutes) to Dallas, $361 x 4 = $1,444" in text


def test_what_a_trip_breaks_stands_below_its_sum() -> None:
    query = numbered(41)
    text = render(query, annotated()[41])
    assert text.splitlines()[-1].startswith("within current city: day 4: San Angelo Museum of Fine Arts")


def test_an_unknown_price_is_said_and_never_nothing() -> None:
    query = free_task("Fresno to Oregon, 3 days from March 21, 1 city")
    trip = trip_of((Step("eat", {"meal": "dinner", "name": "Nobody's Inn", "city": "Eugene"}),), "Fresno")
    assert "dinner at Nobody's Inn in Eugene, price unknown" in render(query, trip)
    assert "and 1 price unknown" in render(query, trip)
