"""What a typed function says of itself: its parameters as a JSON schema, and what its docstring says of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from outrider.errors import BadOption
from outrider.model import JSON
from outrider.tools.shapes import NoShape, Schema, Shape, hints_of, record, shape


class Key(str):
    """The idempotency key. A parameter with this type is given it, and is no argument of the tool."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A function with the schema of its parameters, and of what it returns where its annotation can be described."""

    name: str
    description: str
    parameters: Schema
    returns: Schema | None
    function: Callable[..., Any]
    shapes: Mapping[str, Shape]
    keys: tuple[str, ...]

    def call(self, arguments: Mapping[str, JSON], key: str) -> Any:
        """Call the function with arguments that fit its schema."""
        given = {name: self.shapes[name].read(value) for name, value in arguments.items()}
        return self.function(**given, **dict.fromkeys(self.keys, Key(key)))


def typed(function: Callable[..., Any]) -> Typed:
    """What ``function`` says of itself.

    Raises:
        BadOption: a parameter cannot be described; the message names it.
    """
    name = str(getattr(function, "__name__", type(function).__name__))
    about, said = _docstring(inspect.getdoc(function) or "")
    try:
        hints = hints_of(function)
        signature = inspect.signature(function)
    except (NoShape, TypeError, ValueError) as error:
        raise BadOption(f"the function {name} is no tool: {error}") from None
    keys = tuple(entry for entry in signature.parameters if hints.get(entry) is Key)
    taken = {entry.name: entry for entry in signature.parameters.values() if entry.name not in keys}
    shapes = {entry.name: _parameter(name, entry, hints) for entry in taken.values()}
    needed = frozenset(entry.name for entry in taken.values() if entry.default is entry.empty)
    properties = {entry.name: _property(entry, shapes[entry.name], said) for entry in taken.values()}
    return Typed(
        name=name,
        description=about,
        parameters=record(properties, needed),
        returns=_returned(hints),
        function=function,
        shapes=shapes,
        keys=keys,
    )


def _parameter(function: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Shape:
    where = f"the parameter {parameter.name!r} of {function}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise BadOption(f"{where} has no name that an agent could give it by; write it as a plain parameter")
    if parameter.name not in hints:
        raise BadOption(f"{where} has no annotation; say what it takes, such as {parameter.name}: str")
    try:
        return shape(hints[parameter.name])
    except NoShape as error:
        raise BadOption(f"{where}: {error}") from None


def _property(parameter: inspect.Parameter, described: Shape, said: Mapping[str, str]) -> Schema:
    schema = dict(described.schema)
    if parameter.name in said:
        schema["description"] = said[parameter.name]
    if parameter.default is None or isinstance(parameter.default, str | bool | int | float):
        schema["default"] = parameter.default
    return schema


def _returned(hints: Mapping[str, Any]) -> Schema | None:
    """What is returned need not be described: an annotation without a schema leaves it open."""
    try:
        return shape(hints["return"]).schema or None
    except (KeyError, NoShape):
        return None


# Google-style docstrings ------------------------------------------------------------------------------------------------

_SECTION: Final = re.compile(r"^(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?):\s*$")
_ENTRY: Final = re.compile(r"^(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first section, as one line, and what ``Args`` says of each parameter."""
    about: list[str] = []
    arguments: list[str] = []
    section = ""
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
        elif not section:
            about.append(line)
        elif section in ("Args", "Arguments", "Parameters"):
            arguments.append(line)
    return " ".join(" ".join(about).split()), _entries(arguments)


def _entries(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    indent, name = None, ""
    for line in lines:
        entry = _ENTRY.match(line)
        if entry and (indent is None or len(entry[1]) <= indent):
            indent, name = len(entry[1]), entry[2]
            found[name] = [entry[3]]
        elif name and line.strip():
            found[name].append(line.strip())
    return {name: " ".join(parts).strip() for name, parts in found.items()}
