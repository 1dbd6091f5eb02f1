"""The two-stage form: an agent looks things up with tools that have no effect, and the trip is what it named."""

from __future__ import annotations

import json

import pytest

from outrider.model import Step
from outrider.testing import run
from outrider.worlds.travel import greedy, numbered, score, toolbox, trip_of, two_stage
from outrider.worlds.travel.actions import LOOKUPS, RIDES
from outrider.worlds.travel.tools import TOOLS

QUERY = numbered(31)
BOX = toolbox(QUERY)
ROAD = Step("find_road", {"origin": "Bangor", "destination": "Washington"})


def observed(step: Step) -> str:
    return run(BOX.run(step, key="one"))


def test_every_action_but_finish_is_a_tool_without_effect() -> None:
    assert {tool.name for tool in BOX.declared} == {action.name for action in two_stage(QUERY).actions} - {"finish"}
    assert {tool.effect for tool in BOX.declared} == {"none"}
    assert {tool.name for tool in TOOLS} == LOOKUPS


def test_what_is_looked_up_is_observed() -> None:
    assert json.loads(observed(ROAD))["self-driving_usd_a_car_of_5"] == 53
    assert observed(Step("find_road", {"origin": "Bangor"})).startswith("error: the arguments of find_road do not fit")
    assert json.loads(observed(Step("find_cities", {"state": "Oregn"})))["near"] == ["Oregon"]


@pytest.mark.parametrize("step", greedy(QUERY)[:-1], ids=lambda step: str(step.action))
def test_a_step_of_the_trip_observes_its_price_for_everybody(step: Step) -> None:
    found = json.loads(observed(step))
    assert found["usd"] >= 0
    assert (found["usd"] > 0) == (step.action in (*RIDES, "eat", "stay"))


def test_what_the_tables_do_not_know_is_an_error_and_no_price() -> None:
    step = Step("eat", {"meal": "lunch", "name": "At my aunt's", "city": "Washington"})
    assert "price is unknown" in json.loads(observed(step))["error"]


def test_what_was_looked_up_is_no_part_of_the_trip() -> None:
    steps = greedy(QUERY)
    looked_up = tuple(entry for step in steps for entry in (ROAD.observed("{}"), step.observed('{"usd":1}')))
    assert trip_of(looked_up, QUERY.origin) == trip_of(steps, QUERY.origin)
    assert score(QUERY, trip_of(looked_up, QUERY.origin)).sensible


def test_something_may_be_looked_up_at_any_time_until_the_trip_ends() -> None:
    here, steps = two_stage(QUERY), greedy(QUERY)
    for at in range(len(steps)):
        here.check(ROAD, steps[:at])
        here.check(steps[at], (*steps[:at], ROAD.observed("{}")))
    assert here.allowed(steps) == ("finish",)


def test_nothing_of_the_reference_is_told_beforehand() -> None:
    assert "Seattle Aquarium" not in two_stage(QUERY).about
