"""The text of a result: canonical, cut by one rule, never too long to hold."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.tools.text import LEAST_CHARS, MOST_CHARS, NotText, canonical, clean, cut, error_text

BOUNDS = st.integers(LEAST_CHARS, 400)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=1000), BOUNDS)
def test_a_cut_keeps_the_bound_and_is_its_own_cut(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert cut(cut(text, most), most) == cut(text, most)


@given(st.text(max_size=1000), BOUNDS)
def test_equal_texts_have_equal_cuts_wherever_they_come_from(text: str, most: int) -> None:
    assert cut("".join(list(text)), most) == cut(text, most)


@given(st.text(alphabet="ab", max_size=1000), BOUNDS)
def test_a_cut_text_is_its_head_how_much_is_missing_and_its_tail(text: str, most: int) -> None:
    if len(text) <= most:
        assert cut(text, most) == text
        return
    head, said, tail = cut(text, most).split("\n")
    missing = int(said.split()[1])
    assert said == f"… {missing} characters left out …"
    assert len(head) - len(tail) in (0, 1)
    assert text == head + text[len(head) : len(head) + missing] + tail


@given(st.text(max_size=300), BOUNDS)
def test_a_cut_of_a_clean_text_is_clean(text: str, most: int) -> None:
    found = cut(clean(text), most)
    assert clean(found) == found


@given(st.lists(st.integers(0x20, 0x2FFFF), max_size=60))
def test_a_clean_text_can_be_written_to_a_file(points: list[int]) -> None:
    text = clean("".join(map(chr, points)))
    assert text.encode("utf-8").decode("utf-8") == text
    assert unicodedata.is_normalized("NFC", text)
    assert clean(text) == text


@given(VALUES)
def test_equal_values_have_equal_texts_however_their_names_are_ordered(value: Any) -> None:
    turned = json.loads(json.dumps(value), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert canonical(turned) == canonical(value)


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    colour: Colour


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is ", "as it is "),
        ("e\u0301", "é"),
        (None, "null"),
        (True, "true"),
        ({"b": [1, 2], "a": "é"}, '{"a":"é","b":[1,2]}'),
        ((1, 2), "[1,2]"),
        (Point(1, Colour.RED), '{"colour":"red","x":1}'),
        (Counter("aab"), '{"a":2,"b":1}'),
        ("half \ud800 a pair", "half \ufffd a pair"),
    ],
)
def test_a_result_has_one_text(result: object, text: str) -> None:
    assert canonical(result) == text


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


NO_JSON: dict[str, Callable[[], object]] = {
    "an object": object,
    "bytes": lambda: b"bytes",
    "a set": lambda: {1, 2},
    "no number": lambda: float("nan"),
    "no finite number": lambda: float("inf"),
    "a name that is a pair": lambda: {(1, 2): 3},
    "nested without end": lambda: nested(100_000),
    "an integer of 10,000 digits": lambda: 10**10_000,
    "names that have no order": lambda: {1: 1, "1": 2},
}
TOO_LONG: dict[str, Callable[[], object]] = {
    "a text of 50 MB": lambda: "x" * (50 * 1024 * 1024),
    "50 MB in an object": lambda: {"a": ["x" * (50 * 1024 * 1024)]},
    "a list of very many": lambda: [0] * (MOST_CHARS // 2),
    "a very long name": lambda: {"x" * (MOST_CHARS + 1): 0},
    "more signs than counted from below": lambda: [0.123456789] * (MOST_CHARS // 8),
    "a circle": lambda: CIRCLE,
}


@pytest.mark.parametrize("make", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_has_no_text(make: Callable[[], object]) -> None:
    with pytest.raises(NotText, match="JSON"):
        canonical(make())


@pytest.mark.parametrize("make", TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_too_long_to_hold_has_no_text(make: Callable[[], object]) -> None:
    with pytest.raises(NotText, match="longer than 16777216 characters"):
        canonical(make())


def test_the_longest_text_is_held() -> None:
    assert len(canonical("x" * MOST_CHARS)) == MOST_CHARS


def test_an_exception_is_told_by_its_type_and_its_text_and_not_at_length() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_text(ValueError("no luck")) == "error: ValueError: no luck"
    assert error_text(ValueError()) == "error: ValueError"
    assert error_text(Unspeakable()) == "error: Unspeakable"
    assert len(error_text(ValueError("x" * 10_000))) < 1100
