"""From a typed function to a schema, and from arguments that fit it to the types that the function takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict, Union

import pytest

from outrider.errors import BadOption
from outrider.model import JSON
from outrider.tools.shapes import NoShape, shape
from outrider.tools.typed import Key, typed


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1


@dataclass
class Point:
    x: int
    y: float = 0.0
    tags: list[str] = field(default_factory=list)
    seen: bool = field(default=False, init=False)


@dataclass
class Endless:
    inner: list[Endless]


class Guest(TypedDict):
    name: str
    age: NotRequired[int]


class Loose(TypedDict, total=False):
    colour: Colour


NUMBER = {"type": "integer"}
POINT = {
    "type": "object",
    "properties": {"x": NUMBER, "y": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["x"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("annotation", "schema", "given", "read"),
    [
        (str, {"type": "string"}, "a", "a"),
        (int, NUMBER, 1, 1),
        (float, {"type": "number"}, 1, 1.0),
        (bool, {"type": "boolean"}, True, True),
        (None, {"type": "null"}, None, None),
        (Any, {}, [1], [1]),
        (JSON, {}, {"a": 1}, {"a": 1}),
        (dict, {"type": "object"}, {"a": 1}, {"a": 1}),
        (list, {"type": "array"}, [1], [1]),
        (Literal["a", 2], {"enum": ["a", 2]}, 2, 2),
        (Colour, {"enum": ["red", "blue"]}, "blue", Colour.BLUE),
        (Level, {"enum": [1]}, 1, Level.LOW),
        (list[float], {"type": "array", "items": {"type": "number"}}, [1], [1.0]),
        (Sequence[int], {"type": "array", "items": NUMBER}, [1], [1]),
        (tuple[int, ...], {"type": "array", "items": NUMBER}, [1, 2], (1, 2)),
        (
            tuple[int, Colour],
            {"type": "array", "prefixItems": [NUMBER, {"enum": ["red", "blue"]}], "minItems": 2, "items": False},
            [1, "red"],
            (1, Colour.RED),
        ),
        (
            dict[str, Colour],
            {"type": "object", "additionalProperties": {"enum": ["red", "blue"]}},
            {"a": "red"},
            {"a": Colour.RED},
        ),
        (Mapping[str, int], {"type": "object", "additionalProperties": NUMBER}, {"a": 1}, {"a": 1}),
        (int | None, {"anyOf": [NUMBER, {"type": "null"}]}, None, None),
        (Optional[Colour], {"anyOf": [{"enum": ["red", "blue"]}, {"type": "null"}]}, "red", Colour.RED),  # noqa: UP045
        (Union[int, Point], {"anyOf": [NUMBER, POINT]}, {"x": 1, "y": 2}, Point(1, 2.0)),  # noqa: UP007
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}, 1, 1),
        (Point, POINT, {"x": 1}, Point(1)),
        (
            Guest,
            {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": NUMBER},
                "required": ["name"],
                "additionalProperties": False,
            },
            {"name": "a"},
            {"name": "a"},
        ),
        (
            Loose,
            {
                "type": "object",
                "properties": {"colour": {"enum": ["red", "blue"]}},
                "required": [],
                "additionalProperties": False,
            },
            {"colour": "red"},
            {"colour": Colour.RED},
        ),
    ],
)
def test_a_type_has_a_schema_and_its_values_are_read_back(annotation: Any, schema: object, given: object, read: object) -> None:
    found = shape(annotation)
    assert found.schema == schema
    assert found.read(given) == read
    assert type(found.read(given)) is type(read)


@pytest.mark.parametrize(
    "annotation", [bytes, set[int], dict[int, str], Callable[[int], int], object(), Literal[b"a"], complex, Endless]
)
def test_a_type_that_json_cannot_carry_is_refused(annotation: Any) -> None:
    with pytest.raises(NoShape):
        shape(annotation)


def book(flight: str, seats: int = 1, *, colour: Colour | None = None, key: Key) -> Point:
    """Books a flight.

    It cannot be taken back.

    Args:
        flight (str): the number of the flight,
            with its airline
        seats: how many: 1 or more

    Returns:
        Where it is.
    """
    return Point(seats)


def test_a_function_says_its_name_what_it_does_and_what_it_takes() -> None:
    found = typed(book)
    assert (found.name, found.description) == ("book", "Books a flight. It cannot be taken back.")
    assert found.parameters == {
        "type": "object",
        "properties": {
            "flight": {"type": "string", "description": "the number of the flight, with its airline"},
            "seats": {"type": "integer", "description": "how many: 1 or more", "default": 1},
            "colour": {"anyOf": [{"enum": ["red", "blue"]}, {"type": "null"}], "default": None},
        },
        "required": ["flight"],
        "additionalProperties": False,
    }
    assert found.returns == POINT


def test_the_idempotency_key_is_given_where_it_is_asked_for_and_is_no_argument() -> None:
    def shown(flight: str, again: Key) -> str:
        return f"{flight} under {again}"

    assert list(typed(shown).shapes) == ["flight"]
    assert typed(shown).call({"flight": "LH1"}, "k1") == "LH1 under k1"


def unannotated(a: int, b) -> None:  # type: ignore[no-untyped-def]
    """Says not what b is."""


def undescribed(a: int, b: bytes) -> None:
    """Takes bytes."""


def starred(a: int, *b: int) -> None:
    """Takes any number."""


def keywords(a: int, **b: int) -> None:
    """Takes any name."""


def positional(b: int, /) -> None:
    """Takes what has no name."""


def unknown(a: int, b: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Names a type that there is not."""


@pytest.mark.parametrize("function", [unannotated, undescribed, starred, keywords, positional, unknown])
def test_a_parameter_that_cannot_be_described_is_refused_by_name(function: Callable[..., Any]) -> None:
    with pytest.raises(BadOption, match="the parameter 'b'") as refused:
        typed(function)
    assert function.__name__ in str(refused.value)


def test_what_is_returned_need_not_be_described() -> None:
    def handle() -> bytes:
        return b""

    assert typed(handle).returns is None


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(BadOption, match="is no tool"):
        typed(3)  # type: ignore[arg-type]
