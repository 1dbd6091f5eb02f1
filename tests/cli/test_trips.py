"""``outrider plan --world travel``: a trip day by day, without a model and without a key."""

from __future__ import annotations

import importlib.util
import json

import pytest

from outrider.worlds.travel import greedy, numbered, query_of

from .running import Place, Ran

TRIP = "Fresno to 2 cities in Oregon, 5 days from March 21, two people, pet-friendly, Mexican food, $1,500"
SOLVER = importlib.util.find_spec("ortools") is not None
needs_solver = pytest.mark.skipif(not SOLVER, reason="the extra outrider[solver] is not installed")


def travelled(place: Place, *words: str) -> Ran:
    return place.here("plan", "--world", "travel", *words)


def test_the_trip_stands_below_its_steps_with_prices_and_its_sum(place: Place) -> None:
    ran = travelled(place, TRIP, "-t", "greedy@travel", "-k", "0")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[2].startswith("  0  drive to Eugene, $51  (by the target, ")
    assert "Fresno to 2 cities in Oregon, 5 days, 2 people, $1,500, pets allowed, Mexican food" in lines
    assert "Day 5, March 25: Portland → Fresno" in lines
    assert lines[-1] == "Sum: $1,137 of $1,500, $363 left"
    assert ran.err == "outrider: taken for granted: the year is 2022, of which the flights are known\n"


def test_as_json_the_steps_are_whole(place: Place) -> None:
    last = json.loads(travelled(place, TRIP, "-t", "greedy@travel", "-k", "0", "--json").out.splitlines()[-1])
    named = [(step["action"], step["arguments"]) for step in last["plan"]]
    assert named == [(step.action, dict(step.arguments)) for step in greedy(query_of(TRIP))]
    assert last["to_read"].splitlines()[-1] == "Sum: $1,137 of $1,500, $363 left"


@needs_solver
def test_by_default_the_greedy_rule_drafts_and_the_solver_verifies(place: Place) -> None:
    ran = place.run("plan", "--world", "travel", "--task", "3")  # in a process of its own: a solver's thread outlives a loop
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"Task: {numbered(3).text}"
    assert ran.out.splitlines()[1].startswith("Target: solver@travel. Drafts: greedy@travel, ")
    assert ran.out.splitlines()[-1].startswith("Sum: $")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Fresno to Oregon from March 21",), "how long the trip is to be is not to be understood"),
        (("Fresno to Orgeon, 3 days from March 21",), "'Orgeon' is no city or state of TravelPlanner's; near: Oregon"),
        (("--task", "45"), "there is no task 45 in the world travel; its own are 0 to 44"),
        (("--task", "3", TRIP), "a task in words and --task 3 are given; give one of them"),
        ((TRIP, "-t", "greedy@travel:rated"), "the agent 'greedy@travel:rated' is not known"),
        ((), "the task is empty"),
    ],
)
def test_what_makes_no_trip_is_refused_in_a_sentence_before_anything_starts(
    place: Place, words: tuple[str, ...], says: str
) -> None:
    ran = travelled(place, *words)
    assert ran.code == 2
    assert says in ran.sentence
    assert not place.journal.exists() or "Target" not in ran.out


def test_an_agent_of_the_trips_plans_nowhere_else(place: Place) -> None:
    ran = place.here("plan", "Make tea", "-t", "greedy@travel")
    assert (ran.code, ran.sentence) == (
        2,
        "outrider: greedy@travel plans in the world travel or travel-tools only, and this is openagi; give --world travel",
    )


def test_other_worlds_have_tasks_by_number_too_or_say_that_they_have_none(place: Place) -> None:
    assert "there is no task 185 in the world openagi" in place.here("plan", "--task", "185").sentence
    assert "brings no tasks along" in place.here("plan", "--world", "free", "--task", "0").sentence


def test_a_trip_that_was_stopped_is_gone_on_from(place: Place) -> None:
    first = travelled(place, TRIP, "-t", "greedy@travel", "-k", "0", "--max-steps", "4")
    assert first.code == 4
    name = first.err.split("--from ")[1].split()[0]
    ran = travelled(place, "--from", name, "-t", "greedy@travel", "-k", "0")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Sum: $1,137 of $1,500, $363 left"
