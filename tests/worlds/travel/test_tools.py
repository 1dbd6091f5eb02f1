"""The tools: what they observe, how long observations are cut, and that nothing is ever raised."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.model import JSON, Step
from outrider.worlds.travel import TOOLS, notebook, tables
from outrider.worlds.travel.tools import MOST_ROWS, Observation

TOOL = {tool.name: tool for tool in TOOLS}


def rows(observation: Observation) -> list[dict[str, JSON]]:
    found = observation["rows"]
    assert isinstance(found, list)
    return [row for row in found if isinstance(row, dict)]


def test_every_tool_of_the_authors_has_its_own_and_none_has_an_effect() -> None:
    assert list(TOOL) == [
        "find_flights", "find_road", "find_accommodations", "find_restaurants", "find_attractions", "find_cities", "note",
        "draft_trip",
    ]  # fmt: skip
    assert {tool.effect for tool in TOOLS} == {"none"}


def test_flights_come_in_order_of_departure() -> None:
    found = TOOL["find_flights"]({"origin": "Seattle", "destination": "Dallas", "date": "2022-03-10"})
    departures = [str(row["departs"]) for row in rows(found)]
    assert departures == sorted(departures)
    assert found["left_out"] == 0
    assert {
        "flight": "F3741418",
        "departs": "18:05",
        "arrives": "23:40",
        "duration": "3 hours 35 minutes",
        "price_usd": 361,
    } in rows(found)


def test_no_flight_on_a_day_that_is_known_is_an_empty_list_and_an_unknown_day_is_told() -> None:
    none = TOOL["find_flights"]({"origin": "Kansas City", "destination": "Pensacola", "date": "2022-03-27"})
    assert rows(none) == []
    unknown = TOOL["find_flights"]({"origin": "Seattle", "destination": "Dallas", "date": "2022-03-11"})
    assert "nothing is known" in str(unknown["error"])
    assert unknown["known dates of this route"] == ["2022-03-10"]


def test_a_way_by_road_has_its_price_by_car_and_by_taxi() -> None:
    assert TOOL["find_road"]({"origin": "Kansas City", "destination": "Pensacola"}) == {
        "duration": "14 hours 4 mins",
        "distance": "1,433 km",
        "self-driving_usd_a_car_of_5": 71,
        "taxi_usd_a_taxi_of_4": 1433,
    }
    assert "error" in TOOL["find_road"]({"origin": "Seattle", "destination": "Dallas"})


def test_accommodations_come_by_price_and_only_those_that_are_asked_for() -> None:
    found = rows(TOOL["find_accommodations"]({"city": "Washington", "room_type": "Entire home/apt", "allows": "pets"}))
    prices = [row["price_usd_a_night"] for row in found]
    assert prices == sorted(prices, key=lambda price: int(str(price)))
    assert {str(row["room_type"]) for row in found} == {"Entire home/apt"}
    assert not any("pets" in str(row["forbids"]) for row in found)


def test_a_long_observation_is_cut_by_rating_and_says_how_much_is_left_out() -> None:
    found = TOOL["find_restaurants"]({"city": "Houston"})
    all_of_them = tables.restaurants().findable("Houston")
    assert len(rows(found)) == MOST_ROWS
    assert found["left_out"] == len(all_of_them) - MOST_ROWS
    assert found["order"] == "by rating, then price"
    assert rows(found)[0]["rating"] == max(place.rating for place in all_of_them)


def test_restaurants_with_a_cuisine_all_have_it() -> None:
    found = rows(TOOL["find_restaurants"]({"city": "Houston", "cuisine": "Mexican"}))
    assert found
    assert all("Mexican" in str(row["cuisines"]) for row in found)


def test_the_cities_of_a_state_are_all_there_by_name() -> None:
    found = TOOL["find_cities"]({"state": "Montana"})
    assert found["cities"] == sorted(tables.cities_by_state()["Montana"])


@pytest.mark.parametrize(
    ("tool", "arguments", "near"),
    [
        ("find_attractions", {"city": "Rockfort"}, "Rockford"),
        ("find_cities", {"state": "Califronia"}, "California"),
        ("find_road", {"origin": "Seatle", "destination": "Dallas"}, "Seattle"),
    ],
)
def test_a_misspelt_place_is_answered_with_near_ones(tool: str, arguments: dict[str, JSON], near: str) -> None:
    found = TOOL[tool](arguments)
    assert "is no" in str(found["error"])
    assert near in str(found["near"])


def test_a_note_is_kept_in_the_plan_and_read_from_it() -> None:
    assert TOOL["note"]({"text": "  stay near   the sea "}) == {"noted": "stay near the sea"}
    prefix = (
        Step("note", {"text": "stay near the sea"}),
        Step("find_cities", {"state": "Oregon"}),
        Step("note", {"text": "no car"}),
    )
    assert notebook(prefix) == ("stay near the sea", "no car")
    assert notebook(prefix[:2]) == ("stay near the sea",)


def test_a_draft_is_a_trip_with_its_price_and_what_it_breaks() -> None:
    found = TOOL["draft_trip"]({"task": "Fresno to Oregon, 3 days from March 21, one person, 1 city, $100"})
    assert "Day 1, March 21: Fresno →" in str(found["trip"])
    assert list(found["broken"] if isinstance(found["broken"], dict) else ()) == ["budget"]
    assert "when the trip starts" in str(TOOL["draft_trip"]({"task": "Fresno to Oregon"})["error"])


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: str(tool.name))
def test_arguments_that_do_not_fit_are_an_observation(tool: object) -> None:
    found = next(entry for entry in TOOLS if entry is tool)
    for arguments in ({}, {"what": 1}, {"city": 7}, {"origin": None}):
        told = found(arguments)
        assert str(told["error"]).startswith(f"the arguments of {found.name} do not fit")


VALUES = (
    st.none() | st.integers() | st.text(max_size=9) | st.sampled_from(["Houston", "Texas", "2022-03-10", "Seattle", "Mexican"])
)
NAMES = st.sampled_from(["origin", "destination", "date", "city", "state", "text", "task", "cuisine", "allows", "room_type", "x"])


@given(st.sampled_from(TOOLS), st.dictionaries(NAMES, VALUES, max_size=4))
@settings(deadline=None)
def test_whatever_the_arguments_the_observation_is_json_and_the_same_each_time(tool: object, arguments: dict[str, JSON]) -> None:
    found = next(entry for entry in TOOLS if entry is tool)
    assert json.dumps(found(arguments)) == json.dumps(found(arguments))
