"""From words to what a trip is to be."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.errors import BadOption, OutriderError, UnknownName
from outrider.worlds.travel import Query, free_task, numbered, queries


def asked(query: Query) -> int:
    return sum(map(bool, (query.house_rule, query.cuisines, query.room, query.avoid)))


def test_the_train_set_has_fifteen_tasks_of_each_level_with_as_many_constraints_as_the_authors_gave_them() -> None:
    assert [query.level for query in queries()] == ["easy"] * 15 + ["medium"] * 15 + ["hard"] * 15
    assert [asked(query) for query in queries()] == [0] * 15 + [1] * 15 + [3] * 15


def test_the_train_sets_trips_last_three_five_and_seven_days_to_one_two_and_three_cities() -> None:
    assert [(query.days, query.cities) for query in queries()] == ([(3, 1)] * 5 + [(5, 2)] * 5 + [(7, 3)] * 5) * 3
    assert all(query.to_state == (query.days > 3) for query in queries())
    assert all(query.budget_usd for query in queries())


def test_the_train_sets_legs_lead_from_home_through_as_many_cities_and_back() -> None:
    for query in queries():
        assert len(query.legs) == query.cities + 1
        assert query.legs[0].origin == query.legs[-1].destination == query.origin
        assert (query.legs[0].day, query.legs[-1].day) == (1, query.days)


@pytest.mark.parametrize(
    ("number", "people", "wish"),
    [
        (17, 8, "children under 10"),
        (30, 2, "no self-driving"),
        (31, 3, "entire room"),
        (36, 7, "visitors"),
        (38, 2, "private room"),
        (43, 2, "no flight"),
    ],
)
def test_wishes_are_read_as_a_person_reads_them(number: int, people: int, wish: str) -> None:
    query = numbered(number)
    assert query.people == people
    assert wish in (query.house_rule, query.room, query.avoid)


def test_a_task_in_ones_own_words_is_read() -> None:
    query = free_task("Seattle to California, 5 days from March 16, two people, pet-friendly, entire room, $4,000")
    assert (query.origin, query.destination, query.days, query.people) == ("Seattle", "California", 5, 2)
    assert (query.start, query.budget_usd, query.cities) == (datetime.date(2022, 3, 16), 4000, 2)
    assert (query.house_rule, query.room, query.avoid, query.cuisines) == ("pets", "entire room", None, ())
    assert query.unread == ()
    assert "2022" in query.assumed[0]


@pytest.mark.parametrize(
    "text",
    [
        "seattle to california, 5 days from 16 march",
        "Seattle to California, March 16-20",
        "Seattle to California, 2022-03-16 to 2022-03-20",
        "to California from Seattle, the 16th to the 20th of March",
        "a 5-day trip, leaving Seattle for California, starting on March 16th",
    ],
)
def test_the_same_trip_is_read_from_other_words(text: str) -> None:
    query = free_task(text)
    assert (query.origin, query.destination, query.start, query.days) == ("Seattle", "California", datetime.date(2022, 3, 16), 5)
    assert query.budget_usd is None


def test_a_name_of_a_city_and_a_state_is_the_state_where_cities_are_visited() -> None:
    assert free_task("Asheville to 2 cities in New York, March 13-17").to_state
    assert not free_task("Asheville to New York, March 13-15").to_state


def test_a_task_of_the_data_in_its_own_words_is_that_task_with_its_reference() -> None:
    assert free_task(f" {numbered(31).text} ") is numbered(31)


def test_what_no_rule_reads_is_told() -> None:
    assert free_task("Seattle to California, 5 days from March 16, vegan, near a beach").unread == ("vegan", "near a beach")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Seatle to California, 5 days from March 16", "near: Seattle"),
        ("Seattle to Califrnia, 5 days from March 16", "near: California"),
    ],
)
def test_a_misspelt_place_is_answered_with_near_ones(text: str, told: str) -> None:
    with pytest.raises(UnknownName, match=told):
        free_task(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("five days at the sea", "where the trip starts"),
        ("from Seattle, 5 days from March 16", "where the trip leads"),
        ("Seattle to California, 5 days", "when the trip starts"),
        ("Seattle to California from March 16", "how long"),
        ("Seattle to California, 4 days, March 16 to March 20", "contradict"),
        ("Seattle to California, 5 days from March 32", "no day 2022-03-32"),
        ("Seattle to California, 1 day from March 16", "2 to 28 days"),
        ("Seattle to California, 99999999 days from March 16", "2 to 28 days"),
        ("Seattle to California, March 16 to March 3", "before it starts"),
        ("Seattle to California, 3 days from 9999-12-30", "out of reach"),
        ("Seattle to 4 cities in California, 3 days from March 16", "do not fit"),
        ("Seattle to Fresno, 2 cities, 5 days from March 16", "ask for fewer"),
        ("Seattle to California, 5 days from March 16, no smoking", "cannot be asked for"),
        ("Seattle to California, 5 days from March 16, group of 0", "0 people"),
    ],
)
def test_what_is_missing_or_wrong_is_said(text: str, told: str) -> None:
    with pytest.raises(BadOption, match=told):
        free_task(text)


def test_a_task_number_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(UnknownName, match="0 to 44"):
        numbered(45)


def test_numbers_that_no_trip_has_are_read_as_none() -> None:
    absurd = "9" * 5000
    query = free_task(f"Seattle to California, 3 days from March 16, group of {absurd}, ${absurd}, {absurd} cities")
    assert query.people == 1
    assert "one person travels" in query.assumed


WORDS = st.sampled_from(
    ["Seattle", "to", "from", "California", "New York", "March", "16", "16th", "5 days", "week", "for", "two", "$4,000", "pets",
     "no", "flight", "entire room", ",", ".", "cities", "2", "0", "in", "2022-13-45", "group of", "99999999", "9" * 5000,
     "Mission"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
@settings(deadline=None)
def test_whatever_is_typed_is_read_or_refused_with_an_error_of_ours(text: str) -> None:
    try:
        query = free_task(text)
    except OutriderError:
        return
    assert query.days >= 2
    assert query.origin != query.destination
