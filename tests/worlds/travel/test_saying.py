"""How a trip reads while it is planned, and what is said of a task before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption, UnknownName
from outrider.model import Step
from outrider.worlds import NAMED_WORLDS, named_world, world_of
from outrider.worlds.travel import greedy, numbered, queries, query_of

TRAVEL = NAMED_WORLDS["travel"]
OREGON = "Fresno to 2 cities in Oregon, 5 days from March 21, two people, $1,500"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("drive", {"origin": "Fresno", "destination": "Eugene"}), "drive to Eugene, $51"),
        (Step("taxi", {"origin": "Eugene", "destination": "Portland"}), "taxi to Portland, $176"),
        (Step("eat", {"meal": "lunch", "name": "Wow! Momo", "city": "Eugene"}), "lunch at Wow! Momo, $56"),
        (Step("eat", {"meal": "lunch", "name": "At my aunt's", "city": "Eugene"}), "lunch at At my aunt's, price unknown"),
        (Step("visit", {"name": "Eugene Science Center", "city": "Eugene"}), "see Eugene Science Center"),
        (
            Step("stay", {"name": "Charming one bedroom Upper East", "city": "Eugene"}),
            "night at Charming one bedroom Upper East (entire home/apt), $92",
        ),
        (Step("finish"), "finish"),
        (Step("stay"), "stay"),
        (Step("eat", {"meal": "tea"}), 'eat(meal="tea")'),
        (Step("dance", {"with": "the cat"}), 'dance(with="the cat")'),
        (Step("find_road", {"origin": "a", "destination": "b"}), 'find_road(destination="b", origin="a")'),
    ],
)
def test_a_step_reads_as_a_traveller_would_say_it(step: Step, words: str) -> None:
    assert TRAVEL.teller(OREGON)(step) == words


def test_a_flight_says_its_hours_and_its_price_for_everybody() -> None:
    step = next(step for step in greedy(numbered(31)) if step.action == "fly")
    assert TRAVEL.teller(numbered(31).text)(step) == "fly to Washington, 17:59-19:44, $492"


@given(st.text(), st.text(min_size=1).filter(str.strip), st.dictionaries(st.text(), st.text(), max_size=3))
def test_whatever_a_journal_holds_can_be_told(task: str, action: str, arguments: dict[str, str]) -> None:
    step = Step(action, arguments)
    assert TRAVEL.teller(task)(step)
    assert TRAVEL.render(task, (step, Step("finish"))) == TRAVEL.stands(task, (step,)) == ""


def test_where_the_trip_stands_is_the_day_the_city_and_what_is_spent() -> None:
    steps = greedy(query_of(OREGON))
    assert TRAVEL.stands(OREGON, steps[:2]) == "day 2 of 5, March 22, Eugene; $143 of $1,500 spent"
    assert TRAVEL.stands(OREGON, steps) == ""


def test_a_whole_trip_is_rendered_and_one_under_way_is_not() -> None:
    steps = greedy(query_of(OREGON))
    assert TRAVEL.render(OREGON, steps[:-1]) == ""
    lines = TRAVEL.render(OREGON, steps).splitlines()
    assert lines[0] == "Fresno to 2 cities in Oregon, 5 days, 2 people, $1,500"
    assert lines[-1].startswith("Sum: $")


def test_what_was_taken_for_granted_and_what_was_not_understood_is_said() -> None:
    assert TRAVEL.notes(numbered(0).text) == ()
    assumed, unread = TRAVEL.notes("Fresno to Oregon, 3 days from March 21, with a view of the sea")
    assert assumed.startswith("taken for granted: one person travels; the year is 2022")
    assert unread == "not understood, so it does not count: with a view of the sea"


def test_a_task_that_lacks_something_is_refused_with_what_is_missing() -> None:
    with pytest.raises(BadOption, match="say for example: 5 days"):
        TRAVEL.world("Fresno to Oregon from March 21")
    with pytest.raises(BadOption, match="name a city to start from"):
        TRAVEL.world("3 days from March 21")


def test_every_plan_of_the_data_has_room_for_its_steps() -> None:
    assert TRAVEL.most_steps is not None
    assert all(len(greedy(query)) <= TRAVEL.most_steps(query.text) for query in queries())
    assert TRAVEL.tasks() == tuple(query.text for query in queries())


def test_the_examples_of_the_form_are_tasks() -> None:
    for named in NAMED_WORLDS.values():
        assert all(named.world(task) for task in named.examples)


def test_a_world_is_found_by_its_name_and_a_forgotten_one_has_free_words() -> None:
    assert named_world("travel") is TRAVEL
    assert world_of("of another time").name == "free"
    with pytest.raises(UnknownName, match="give one of free, openagi, travel"):
        named_world("mars")
