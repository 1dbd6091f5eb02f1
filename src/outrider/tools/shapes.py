"""From a type to the JSON schema of its values, and back from such a value to the type: what typed functions take and return."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypeAlias, Union, get_args, get_origin

from outrider.errors import BadOption
from outrider.model import JSON

Schema: TypeAlias = dict[str, JSON]

_MOST_NESTED: Final = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """The JSON schema of a type's values, and how one is read: from JSON that fits the schema to a value of the type."""

    schema: Schema
    read: Callable[[Any], Any]


class NoShape(BadOption):
    """A type whose values JSON cannot carry, or that has no schema of ours."""


def _same(value: Any) -> Any:
    return value


_PLAIN: Final[Mapping[object, Shape]] = {
    str: Shape({"type": "string"}, _same),
    int: Shape({"type": "integer"}, _same),
    bool: Shape({"type": "boolean"}, _same),
    float: Shape({"type": "number"}, float),  # a whole number arrives as an integer: that is its canonical form
    None: Shape({"type": "null"}, _same),
    type(None): Shape({"type": "null"}, _same),
    Any: Shape({}, _same),
    object: Shape({}, _same),
    list: Shape({"type": "array"}, _same),
    dict: Shape({"type": "object"}, _same),
}


def shape(annotation: Any, depth: int = 0) -> Shape:
    """The shape of ``annotation``.

    Raises:
        NoShape: it cannot be described; the message says what can.
    """
    if depth > _MOST_NESTED:
        raise NoShape(f"a type nested more than {_MOST_NESTED} deep cannot be described; does it contain itself?")
    if annotation == JSON:
        return _PLAIN[Any]
    if isinstance(annotation, typing.Hashable) and annotation in _PLAIN:
        return _PLAIN[annotation]
    described = _of_parts(annotation, depth + 1) or _of_class(annotation, depth + 1)
    if described is None:
        raise NoShape(
            f"{_shown(annotation)} cannot be described to an agent; take str, int, float, bool, None, Literal, an Enum, list, "
            "tuple, dict with names of text, a union of these, a TypedDict or a dataclass"
        )
    return described


def _shown(annotation: Any) -> str:
    return str(getattr(annotation, "__name__", annotation))[:80]


def _of_parts(annotation: Any, depth: int) -> Shape | None:
    """The shape of a type that is made of others, such as ``list[int]``."""
    if hasattr(annotation, "__value__"):  # type Name = ..., from Python 3.12 on
        return shape(annotation.__value__, depth)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(shape(parts[0], depth), parts[1:])
    if origin in (Required, NotRequired):
        return shape(parts[0], depth)
    if origin is Literal:
        return Shape({"enum": [_scalar(value) for value in parts]}, _same)
    if origin in (Union, types.UnionType):
        return _union([shape(part, depth) for part in parts])
    if origin in (list, Sequence):
        return _array(shape(parts[0], depth))
    if origin is tuple:
        return _tuple(parts, depth)
    if origin in (dict, Mapping):
        return _object_of(parts, depth)
    return None


def _annotated(inner: Shape, notes: tuple[object, ...]) -> Shape:
    """A text in ``Annotated`` describes the value."""
    said = next((note for note in notes if isinstance(note, str)), None)
    return inner if said is None else Shape({**inner.schema, "description": said}, inner.read)


def _scalar(value: object) -> JSON:
    if value is None or (isinstance(value, str | bool | int | float) and not isinstance(value, Enum)):
        return value
    raise NoShape(f"{value!r} is no JSON value; take texts, numbers, true, false or null")


def _union(members: list[Shape]) -> Shape:
    def read(value: Any) -> Any:
        from jsonschema import Draft202012Validator

        fits = (member for member in members if Draft202012Validator(member.schema).is_valid(value))
        return next(fits).read(value)

    return Shape({"anyOf": [member.schema for member in members]}, read)


def _array(item: Shape) -> Shape:
    return Shape({"type": "array", "items": item.schema}, lambda value: [item.read(entry) for entry in value])


def _tuple(parts: tuple[Any, ...], depth: int) -> Shape:
    if len(parts) == 2 and parts[1] is Ellipsis:
        array = _array(shape(parts[0], depth))
        return Shape(array.schema, lambda value: tuple(array.read(value)))
    items = [shape(part, depth) for part in parts]
    schema: Schema = {"type": "array", "prefixItems": [item.schema for item in items], "minItems": len(items), "items": False}
    return Shape(schema, lambda value: tuple(item.read(entry) for item, entry in zip(items, value, strict=True)))


def _object_of(parts: tuple[Any, ...], depth: int) -> Shape:
    if parts[0] is not str:
        raise NoShape(f"the names of a JSON object are texts, not {_shown(parts[0])}; take dict[str, ...]")
    item = shape(parts[1], depth)
    schema: Schema = {"type": "object", "additionalProperties": item.schema}
    return Shape(schema, lambda value: {name: item.read(entry) for name, entry in value.items()})


def _of_class(annotation: Any, depth: int) -> Shape | None:
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, Enum):
        by_value = {_scalar(member.value): member for member in annotation}
        return Shape({"enum": list(by_value)}, lambda value: by_value[value])
    if typing.is_typeddict(annotation):
        return _record(annotation, _required(annotation), dict, depth)
    if dataclasses.is_dataclass(annotation):
        return _record(annotation, _needed(annotation), annotation, depth)
    return None


def _required(annotation: Any) -> frozenset[str]:
    """A TypedDict's own word on it does not know what its annotations say where they are still text."""
    said = {name: get_origin(hint) for name, hint in hints_of(annotation).items()}
    needed = annotation.__required_keys__
    return frozenset(name for name, word in said.items() if word is Required or (name in needed and word is not NotRequired))


def _needed(annotation: Any) -> frozenset[str]:
    missing = dataclasses.MISSING
    fields = [field for field in dataclasses.fields(annotation) if field.init]
    return frozenset(field.name for field in fields if field.default is missing and field.default_factory is missing)


def _record(annotation: type, required: frozenset[str], make: Callable[..., Any], depth: int) -> Shape:
    """A TypedDict or a dataclass: named entries, and no others."""
    hints = hints_of(annotation)
    left_out = {f.name for f in dataclasses.fields(annotation) if not f.init} if dataclasses.is_dataclass(annotation) else set()
    parts = {name: shape(hint, depth) for name, hint in hints.items() if name not in left_out}
    schema = record({name: part.schema for name, part in parts.items()}, required)
    return Shape(schema, lambda value: make(**{name: parts[name].read(entry) for name, entry in value.items()}))


def record(properties: Mapping[str, Schema], required: frozenset[str]) -> Schema:
    """The schema of an object with these entries and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name in required],
        "additionalProperties": False,
    }


def hints_of(described: Any) -> dict[str, Any]:
    """The annotations of a function or a class, read.

    Raises:
        NoShape: a name in them is not known where they stand.
    """
    try:
        return typing.get_type_hints(described, include_extras=True)
    except Exception as error:  # an annotation is code, and may raise anything
        name = getattr(error, "name", None)
        written = getattr(described, "__annotations__", {})
        where = next((entry for entry, text in written.items() if isinstance(name, str) and name in str(text)), None)
        whose = f"the parameter {where!r}" if where else "its annotations"
        raise NoShape(f"{whose} cannot be read: {str(error)[:200]}") from None
