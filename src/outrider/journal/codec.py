"""Records as JSON objects, one flat object a record, and back. Journals and ``outrider plan --json`` share this form.

``{"n": 4, "time_s": 0.5, "kind": "shown", "at": 0, "step": {"action": "search", "arguments": {"to": "Oslo"}}}``

What an event's fields are is said once, in its class; nothing here knows a single event by name. Reading is strict: a journal
that could be read in two ways is damaged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

from outrider.errors import CallerError, JournalCorrupt, JournalUnusable
from outrider.model import JSON, Plan, PlanStep, Step
from outrider.rules.events import Event, Record

KINDS: Final[Mapping[str, type[Event]]] = {kind.kind: kind for kind in get_args(Event)}
"""Every event's class under its kind."""

_PLACE: Final = ("n", "time_s", "kind")
"""What stands before an event's own fields."""


# Writing ------------------------------------------------------------------------------------------------------------


def encode(record: Record) -> dict[str, JSON]:
    """``record`` as one flat object. Numbers are exact, so that figures come out the same after reading it back."""
    event = record.event
    return {"n": record.n, "time_s": record.time_s, "kind": event.kind, **_own_fields(event)}


def encode_plan(plan: Plan) -> list[JSON]:
    """The steps of ``plan`` as JSON: action, arguments, and by whom."""
    return [_plain(step) for step in plan.steps]


def to_line(record: Record) -> str:
    """``record`` as JSON on one line, without a line break.

    Raises:
        JournalUnusable: it holds a number that JSON cannot carry, such as an infinite cost.
    """
    try:
        line = json.dumps(encode(record), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise JournalUnusable(f"event {record.n} ({record.event.kind}) cannot be written: {error}") from None
    # Half a surrogate pair, which models do produce, is text to Python but not to UTF-8: only an escape can carry it.
    return line if _is_utf8(line) else json.dumps(encode(record))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(kind))


def _own_fields(value: object) -> dict[str, JSON]:
    kind: Any = type(value)
    return {name: _plain(getattr(value, name)) for name in _names(kind)}


def _plain(value: Any) -> JSON:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return [_plain(item) for item in value]
        case Step():
            return _plain_step(value)
        case PlanStep():
            return {**_plain_step(value.step), "by": value.by}
        case _:
            return _own_fields(value)


def _plain_step(step: Step) -> dict[str, JSON]:
    """Where a step was not executed, nothing is said of an observation."""
    plain: dict[str, JSON] = {"action": step.action, "arguments": dict(step.arguments)}
    return plain if step.observation is None else {**plain, "observation": step.observation}


# Reading ------------------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """What is wrong with the field ``where``; the record's number is added further up."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where!r} {problem}")


_Reader: TypeAlias = Callable[[JSON, str], Any]
"""Makes a value of some type from JSON; the text is the field's name."""


def from_line(line: str) -> Record:
    """The record that ``to_line`` wrote.

    Raises:
        JournalCorrupt: the line is not JSON, or not a record.
    """
    try:
        found = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise JournalCorrupt(f"a record is not JSON ({error}): {line[:80]!r}") from None
    if not isinstance(found, dict):
        raise JournalCorrupt(f"a record is not a JSON object: {line[:80]!r}")
    return decode(found)


def _refuse_constant(name: str) -> JSON:
    raise ValueError(f"{name} is no JSON number")


def decode(found: Mapping[str, JSON]) -> Record:
    """The record that ``encode`` made ``found`` of.

    Raises:
        JournalCorrupt: a field is missing, unknown or of the wrong type; the message names record and field.
    """
    try:
        n = _read_count(_get(found, "n"), "n")
        time_s = _read_float(_get(found, "time_s"), "time_s")
        kind = KINDS[_read_choice(tuple(KINDS), _get(found, "kind"), "kind")]
        event = _read_fields(kind, {name: value for name, value in found.items() if name not in _PLACE}, "")
    except _Unreadable as error:
        raise JournalCorrupt(f"record {found.get('n', '?')}: {error}") from None
    return Record(n=n, time_s=time_s, event=event)


def _get(found: Mapping[str, JSON], name: str, where: str = "") -> JSON:
    if name not in found:
        raise _Unreadable(where + name, "is missing")
    return found[name]


def _read_fields(kind: type, value: JSON, where: str) -> Any:
    """An instance of the dataclass ``kind``, with exactly its fields; ``where`` is the way to it, ``usage.`` say."""
    found = _read_object(value, where.rstrip("."))
    readers = _readers(kind)
    for name in found:
        if name not in readers:
            raise _Unreadable(where + name, "is no field of this record")
    there = {name: read for name, read in readers.items() if name in found or name not in _added(kind)}
    return _made(kind, where, {name: read(_get(found, name, where), where + name) for name, read in there.items()})


def _made(kind: Callable[..., Any], where: str, values: Mapping[str, Any]) -> Any:
    try:
        return kind(**values)
    except (CallerError, RecursionError) as error:  # an empty task, a step without an action, arguments nested too deep
        raise _Unreadable(where.rstrip("."), f"is no {kind.__name__}: {error}") from None


@cache
def _readers(kind: type) -> Mapping[str, _Reader]:
    hints = get_type_hints(kind)
    return {name: _reader(hints[name]) for name in _names(kind)}


@cache
def _added(kind: Any) -> frozenset[str]:
    """The fields that journals of earlier versions do not have."""
    return frozenset(entry.name for entry in fields(kind) if entry.metadata.get("added"))


def _reader(hint: Any) -> _Reader:
    """How a field of this type is read. A type that no event has had so far is a ``TypeError``, for its author to see."""
    arguments = get_args(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if get_origin(hint) is Literal:
        return lambda value, where: _read_choice(arguments, value, where)
    if get_origin(hint) is tuple and arguments[1:] == (...,):
        return _list_reader(_reader(arguments[0]))
    if isinstance(hint, UnionType) and len(arguments) == 2 and arguments[1] is type(None):
        return _optional_reader(_reader(arguments[0]))
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value, where: _read_fields(hint, value, where + ".")
    raise TypeError(f"the journal has no form for a field of type {hint}")


def _list_reader(read: _Reader) -> _Reader:
    def read_list(value: JSON, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong(where, value, "a list")
        return tuple(read(item, f"{where}[{i}]") for i, item in enumerate(value))

    return read_list


def _optional_reader(read: _Reader) -> _Reader:
    return lambda value, where: None if value is None else read(value, where)


def _read_int(value: JSON, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, value, "a whole number")
    return value


def _read_count(value: JSON, where: str) -> int:
    if (count := _read_int(value, where)) < 0:
        raise _wrong(where, value, "a number from 0")
    return count


def _read_float(value: JSON, where: str) -> float:
    # Other writers of JSON make 1 out of 1.0. A number that is too big reads as infinite, or as an endless integer.
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise _wrong(where, value, "a number")
    return value


def _read_text(value: JSON, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, value, "a text")
    return value


def _read_bool(value: JSON, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, value, "true or false")
    return value


def _read_choice(choices: tuple[str, ...], value: JSON, where: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _wrong(where, value, f"one of {', '.join(choices)}")
    return value


def _read_object(value: JSON, where: str) -> dict[str, JSON]:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return value


def _read_step(value: JSON, where: str) -> Step:
    found = _read_object(value, where)
    for name in found.keys() - {"action", "arguments", "observation"}:
        raise _Unreadable(f"{where}.{name}", "is no part of a step")
    action = _read_text(_get(found, "action", where + "."), where + ".action")
    arguments = _read_object(_get(found, "arguments", where + "."), where + ".arguments")
    observed = {"observation": _read_text(found["observation"], where + ".observation")} if "observation" in found else {}
    step: Step = _made(Step, where, {"action": action, "arguments": arguments, **observed})
    return step


def _read_plan_step(value: JSON, where: str) -> PlanStep:
    found = _read_object(value, where)
    by = _readers(PlanStep)["by"](_get(found, "by", where + "."), where + ".by")
    return PlanStep(_read_step({name: item for name, item in found.items() if name != "by"}, where), by)


def _wrong(where: str, value: JSON, wanted: str) -> _Unreadable:
    try:
        shown = repr(value)[:80]
    except RecursionError:  # what could just be read may be too deep to be told
        shown = "nested too deep"
    return _Unreadable(where, f"is {shown}, not {wanted}")


_SIMPLE: Final[Mapping[Any, _Reader]] = {
    int: _read_int, float: _read_float, str: _read_text, bool: _read_bool, Step: _read_step, PlanStep: _read_plan_step,
}  # fmt: skip
"""Steps are read by hand because their canonical form is made anew, and a plan's step lies flat beside its ``by``."""
