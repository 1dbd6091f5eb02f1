"""What a person types, as a step: the forms that are read, what is said of the others, and what is offered."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Step
from outrider.agents.typed import MOST_OFFERED, MOST_TYPED, completions, typed_step
from outrider.agents.world import Action, World
from outrider.errors import BadStep
from outrider.model import JSON
from outrider.testing import steps
from outrider.worlds import FREE
from outrider.worlds.openagi import WORLD as OPENAGI

BOOKING: dict[str, JSON] = {
    "type": "object",
    "properties": {"town": {"type": "string"}, "nights": {"type": "integer"}},
    "additionalProperties": False,
}
TRIP = World(
    name="trip",
    about="You plan a trip.",
    actions=(
        Action("book", "books a bed", cues=("reserve", "a bed"), schema=BOOKING),
        Action("Book", "buys a novel", schema={}),
        Action("look up", "looks something up", cues=("search",), schema={}),
        Action("rest", "does nothing"),
    ),
    allowed=lambda prefix: ("book", "Book", "look up", "rest", "finish"),
)


def read(text: str, world: World = TRIP) -> Step:
    return typed_step(text, world, ())


# What is read -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("book", {}),
        ("  book  ", {}),
        ("book()", {}),
        ("book (  )", {}),
        ('book(town="Oslo")', {"town": "Oslo"}),
        ("book(town=Oslo)", {"town": "Oslo"}),
        ("book(town = Oslo , nights = 2)", {"town": "Oslo", "nights": 2}),
        ('book(town="Oslo", nights=2)', {"town": "Oslo", "nights": 2}),
        ('book(town="Oslo, Norway (north)", nights=2)', {"town": "Oslo, Norway (north)", "nights": 2}),
        ("book(town=New York, NY, nights=2)", {"town": "New York, NY", "nights": 2}),
        ("book(town=Oslo (Norway))", {"town": "Oslo (Norway)"}),
        ("book(town=2nd street)", {"town": "2nd street"}),
        ('book(town="the" one, nights=2)', {"town": '"the" one', "nights": 2}),
        ('book(town="unclosed, nights=2)', {"town": '"unclosed', "nights": 2}),
        ("book(town=nullify)", {"town": "nullify"}),
        ("book(town=2024-05-01)", {"town": "2024-05-01"}),
        ("book(town=)", {"town": ""}),
        ("book(town=, nights=2)", {"town": "", "nights": 2}),
        ("book(nights=2,)", {"nights": 2}),
        ("book(town=a=b)", {"town": "a=b"}),
        ("book(town=Oslo\n, nights=2\n)", {"town": "Oslo", "nights": 2}),
        ('{"action": "book", "arguments": {"town": "Oslo"}}', {"town": "Oslo"}),
        ('{"action": "book"}', {}),
    ],
)
def test_each_form_is_read(text: str, arguments: dict[str, JSON]) -> None:
    assert read(text) == Step("book", arguments)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("1.0", 1), ("-2.5", -2.5), ("1e3", 1000), ("true", True), ("false", False), ("null", None), ('"1"', "1"),
        ("[]", []), ('["a", "b, c=d"]', ["a", "b, c=d"]), ('{"a": {"b": [1]}}', {"a": {"b": [1]}}), ("True", "True"),
        ("yes, and no", "yes, and no"), ("'quoted'", "'quoted'"), ("[1, 2", "[1, 2"),
    ],
)  # fmt: skip
def test_a_value_is_json_where_it_is_some_and_the_bare_text_where_it_is_not(text: str, value: JSON) -> None:
    assert read(f"look up(it={text})") == Step("look up", {"it": value})
    assert read(f"look up(it={text}, n=1)") == Step("look up", {"it": value, "n": 1})
    assert read(f"look up(n=1, it={text} )") == Step("look up", {"it": value, "n": 1})


@pytest.mark.parametrize("text", ["rest", "REST", " Rest ", "rest()"])
def test_an_action_is_found_in_whatever_case(text: str) -> None:
    assert read(text) == Step("rest")


def test_an_action_is_found_by_a_cue_for_it() -> None:
    assert read("Reserve(nights=2)") == Step("book", {"nights": 2})
    assert read("a  bed") == Step("book")
    assert read("search(q=trains)") == Step("look up", {"q": "trains"})


def test_of_two_actions_that_differ_in_case_the_one_typed_is_meant() -> None:
    assert read("Book") == Step("Book")
    assert read("book") == Step("book")
    assert read("BOOK") == Step("book"), "the first where neither is typed"


def test_finish_is_a_step_like_any_other_where_it_is_allowed() -> None:
    assert read("finish").is_finish
    assert typed_step("Finish", FREE, ()).is_finish


def test_in_free_words_the_whole_text_is_the_step() -> None:
    assert typed_step(" Boil water (2 litres, to=100) ", FREE, ()) == Step("Boil water (2 litres, to=100)")


def test_the_prefix_says_what_is_allowed() -> None:
    with pytest.raises(BadStep, match="possible now"):
        typed_step("finish", OPENAGI, ())
    assert typed_step("finish", OPENAGI, steps("Colorization")).is_finish


# What is not --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing is typed; name the action of the step"),
        (" \n ", "nothing is typed"),
        ("bok", "the action 'bok' is not to be had here; did you mean book"),
        (
            "fly to the moon",
            "the action 'fly to the moon' is not to be had here; possible now: book, Book, look up, rest, finish",
        ),
        ("book(Oslo)", "'Oslo' is no argument; write name=value, and a comma between two"),
        ("book(nights=1,000)", "'000' is no argument"),
        ("book(=2)", "'=2' is no argument"),
        ("book(nights=2, nights=3)", "the argument nights is given twice"),
        ("book(nights=2 town=Oslo)", "nights: '2 town=Oslo' is not of type 'integer'"),
        ("book(nights=many)", "the arguments of book do not fit: nights: 'many' is not of type 'integer'"),
        ("book(by=train)", "Additional properties are not allowed"),
        ("rest(long=true)", "rest takes no arguments, and long is given"),
        ("finish(now=true)", "finish takes no arguments"),
        ("look up(it=NaN)", "it is nan, which JSON cannot carry"),
        ("look up(it=1e999)", "it is inf, which JSON cannot carry"),
        ("{book", "this begins like JSON and is none"),
        ('{"action": 7}', 'a step in JSON is {"action": "...", "arguments": {...}}'),
        ('{"action": "book", "arguments": [1]}', "a step in JSON is"),
        ("{}", "a step in JSON is"),
        ('{"action": "fly"}', "the action 'fly' is not to be had here"),
        ('{"action": "book", "arguments": {"town": 1}}', "town: 1 is not of type 'string'"),
        ("(town=Oslo)", "is not to be had here"),
        ("book(town=Oslo", "is not to be had here"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(BadStep) as error:
        read(text)
    assert message in str(error.value)


def test_nesting_without_end_is_told_and_breaks_nothing() -> None:
    with pytest.raises(BadStep):
        read('{"action": "look up", "arguments": {"it": ' + "[" * 10_000)
    with pytest.raises(BadStep, match="nested more than 64 deep"):
        read(f"look up(it={'[' * 70}{']' * 70})")
    assert isinstance(read(f"look up(it={'[' * 10_000})"), Step), "and brackets that close nowhere are text"


def test_more_than_anybody_types_is_refused_and_less_than_that_is_read_in_no_time() -> None:
    with pytest.raises(BadStep, match="20,001 characters are typed; a step has at most 20,000"):
        read("x" * (MOST_TYPED + 1))
    for text in ("b" + " " * 19_000 + "x", "look up(it=x" + " " * 19_000 + "y)", "look up(" + "a=,b" * 4_000 + ")"):
        with suppress(BadStep):
            read(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_typed_it_is_a_step_or_a_mistake_that_is_told(text: str) -> None:
    for world in (TRIP, FREE, OPENAGI):
        try:
            step = read(text, world)
        except BadStep:
            continue
        world.check(step, ())


@settings(deadline=None)
@given(st.text(alphabet='abok(){}[]=,"\\ 12.n', max_size=40))
def test_whatever_is_typed_between_parentheses_it_is_a_step_or_a_mistake_that_is_told(text: str) -> None:
    with suppress(BadStep):
        assert isinstance(read(f"look up({text})"), Step)


names = st.from_regex(r"[^\W\d]\w{0,8}", fullmatch=True)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)


def _step(action: str, arguments: dict[str, Any]) -> Step | None:
    try:
        return Step(action, arguments)
    except BadStep:  # two names in two spellings of the same characters
        return None


some_steps = st.builds(
    _step, st.sampled_from(["Book", "look up"]), st.dictionaries(names, values, max_size=4)
).filter(lambda step: step is not None)  # fmt: skip


@settings(deadline=None)
@given(some_steps)
def test_a_step_as_it_is_shown_may_be_typed_and_is_the_same_step(step: Step) -> None:
    assert read(str(step)) == step


# What is offered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("", ("book", "Book", "look up", "rest", "finish")),
        ("b", ("book", "Book")),
        ("re", ("rest", "book")),
        ("ook", ("book", "Book", "look up")),
        ("o", ("book", "Book", "look up")),
        ("SEARCH", ("look up",)),
        ("book(town=Os", ("book", "Book")),
        ("fin", ("finish",)),
        ("xyz", ()),
    ],
)
def test_what_begins_so_is_offered_before_what_holds_it_or_has_a_cue_that_does(text: str, offered: tuple[str, ...]) -> None:
    assert completions(text, TRIP, ()) == offered


def test_only_what_is_allowed_here_is_offered_and_only_so_many() -> None:
    offered = completions("", OPENAGI, ())
    assert len(offered) == min(MOST_OFFERED, len(OPENAGI.allowed(())))
    assert "finish" not in completions("f", OPENAGI, ())
    assert "finish" in completions("f", OPENAGI, steps("Colorization"))


def test_in_free_words_nothing_is_offered() -> None:
    assert completions("Boil", FREE, ()) == ()


@settings(deadline=None)
@given(st.text(max_size=10))
def test_each_offer_may_be_typed_as_it_stands(text: str) -> None:
    for action in completions(text, TRIP, ()):
        assert read(action).action == action
