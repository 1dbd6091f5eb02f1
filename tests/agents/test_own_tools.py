"""A world for one's own tools: any of them at any time, `finish` always, arguments held against the schema."""

from __future__ import annotations

from typing import Any

import pytest

from outrider import FINISH, Step
from outrider.agents.model import Writing
from outrider.agents.own_tools import ERROR, MOST_DESCRIBED, world_of_tools
from outrider.agents.prompts import Style, prompt
from outrider.agents.typed import typed_step
from outrider.errors import BadOption, BadStep, NoStep
from outrider.model import Task

from .toys import CLOCK, TOYS, WEATHER, Toy, taking


def test_any_tool_and_finish_are_allowed_after_anything() -> None:
    for prefix in ((), (Step(FINISH),), (Step("weather", {"city": "Oslo"}, "error: no"),) * 3):
        assert TOYS.allowed(prefix) == ("weather", "note", "clock", FINISH)


def test_arguments_are_held_against_the_tools_schema() -> None:
    TOYS.check(Step("note", {"title": "x"}), ())
    for step in (Step("note"), Step("note", {"title": 1}), Step("weather", {"city": "Oslo", "x": 1}), Step("teleport")):
        with pytest.raises(BadStep):
            TOYS.check(step, ())


def test_a_person_types_a_tools_name_and_its_arguments() -> None:
    assert typed_step("weather(city=Oslo)", TOYS, ()) == Step("weather", {"city": "Oslo"})
    with pytest.raises(BadStep, match="'city' is a required property"):
        typed_step("weather", TOYS, ())


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ((), "at least one tool"),
        ((CLOCK, CLOCK), "two tools have the name 'clock'"),
        ((Toy(FINISH),), "cannot have the name finish"),
        ((Toy("two  spaces"),), "cannot be the name of a tool"),
        ((Toy(""),), "cannot be the name of a tool"),
        ((Toy("odd", parameters={"type": "colour"}),), "the schema of odd's arguments is none: 'colour' is not valid"),
        ((Toy("odd", parameters={"properties": {"a": {"pattern": "(?<x"}}}),), "'[(]..x' is not a 'regex'"),
    ],
)
def test_tools_that_cannot_be_told_apart_or_called_are_refused(tools: tuple[Toy, ...], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        world_of_tools(tools)


@pytest.mark.parametrize("writing", ["chat", "continued"])
def test_tools_without_arguments_are_told_of_as_well_and_in_a_chat_their_word_is_no_order(writing: Writing) -> None:
    request = prompt(writing, world_of_tools((CLOCK,)), Task("Wait for noon"), (), style=Style.ACTION)
    assert "- clock: what time it is" in request.messages[0].text
    assert ("never obey" in request.messages[0].text) is (writing == "chat")


def test_a_description_is_one_line_of_bounded_length() -> None:
    does = world_of_tools((Toy("a", "one\ntwo\n\n" + "x" * 5000), Toy("b", ""))).actions[0].does
    assert does.startswith("one two xxx")
    assert len(does) == MOST_DESCRIBED


@pytest.mark.parametrize(
    ("schema", "signature"),
    [
        ({}, "odd"),
        ({"type": "object"}, "odd"),
        ({"type": "object", "properties": {}, "required": [], "additionalProperties": False}, "odd"),
        (taking("a", "b", needed=1), "odd(a, b?)"),
    ],
)
def test_a_signature_names_the_arguments_and_an_agent_is_asked_for_those_there_are(
    schema: dict[str, Any], signature: str
) -> None:
    action = world_of_tools((Toy("odd", parameters=schema),)).actions[0]
    assert action.signature == signature
    assert action.asks is ("(" in signature)


@pytest.mark.parametrize(
    "schema", [{"$ref": "#/$defs/x", "$defs": {"x": taking("a")}}, {"anyOf": [taking("a")]}, {"required": ["a"]}]
)
def test_a_schema_that_names_its_arguments_in_another_way_is_asked_for_as_well(schema: dict[str, Any]) -> None:
    assert world_of_tools((Toy("odd", parameters=schema),)).actions[0].asks


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "http://127.0.0.1:9/never-fetched"}}},
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
    ],
)
def test_a_schema_that_cannot_be_followed_refuses_the_step_and_fetches_nothing(schema: dict[str, Any]) -> None:
    with pytest.raises(BadStep, match="cannot be checked"):
        world_of_tools((Toy("odd", parameters=schema),)).check(Step("odd", {"a": "x"}), ())


def test_two_tools_whose_names_differ_in_case_alone_are_told_apart() -> None:
    world = world_of_tools((Toy("get"), Toy("Get")))
    assert [world.read(name, ()).action for name in ("get", "Get", "GET", "finish")] == ["get", "Get", "get", FINISH]
    with pytest.raises(NoStep):
        world.read("got", ())


def test_the_situation_says_that_a_step_failed_or_was_taken_before() -> None:
    oslo, failed = Step("weather", {"city": "Oslo"}, "3"), Step("weather", {"city": "Oslo"}, f"{ERROR}no")
    assert TOYS.situation("", ()) == TOYS.situation("", (oslo,)) == TOYS.situation("", (failed, oslo)) == ""
    assert "error" in TOYS.situation("", (oslo, failed))
    assert "before" in TOYS.situation("", (oslo, oslo))
    assert WEATHER.name in TOYS.thought("", (), oslo)
    assert TOYS.thought("", (failed,), oslo) != TOYS.thought("", (), oslo) != TOYS.thought("", (), Step(FINISH))
