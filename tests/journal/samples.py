"""Records to write down: a small run in full, and strategies that make any record there can be."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from outrider.model import Declared, PlanStep, Step, Task, Usage
from outrider.rules.events import Confirmed, Ended, Event, Finished, Opened, Record, Shown, Started, Verified

TRIP = Task("Plan a trip to Oslo")


def noon() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


def opened(text: str = TRIP.text) -> Opened:
    return Opened(task=Task(text), approximation="small", target="large", lookahead="lookahead-2", max_steps=9)


def numbered(*events: Event, first: int = 0) -> list[Record]:
    """The events as records, a quarter of a second apart."""
    return [Record(n=n, time_s=n / 4, event=event) for n, event in enumerate(events, first)]


def short_run(text: str = TRIP.text) -> list[Record]:
    """A plan of one step, as it would be recorded."""
    return numbered(
        opened(text),
        Started(call=0, role="target", at=0),
        Shown(at=0, step=Step("finish")),
        Verified(call=0, at=0, step=Step("finish"), thought="that was easy", usage=Usage(9, 0, 2, "reported", 0.5)),
        Confirmed(at=0, step=Step("finish"), by="target", call=0),
        Ended(outcome="complete"),
        Finished(outcome="complete"),
    )


# Any record ---------------------------------------------------------------------------------------------------------

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
all_steps = st.builds(
    Step, texts.filter(lambda text: bool(text.strip())), st.dictionaries(texts, json_values, max_size=3), st.none() | texts
)

_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(min_value=0, max_value=2**62), float: finite, str: texts, bool: st.booleans(), Step: all_steps,
    Task: st.builds(Task, texts.filter(lambda text: bool(text.strip())), texts),
}  # fmt: skip


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that an event's field can have. A new type fails here until it is provided for."""
    arguments = get_args(hint)
    if hint in _LEAVES:
        return _LEAVES[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if arguments:
        return st.none() | values_of(arguments[0])
    if hint in (PlanStep, Usage, Declared):
        return instances_of(hint)
    raise TypeError(f"no strategy for {hint}")


def instances_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{entry.name: values_of(hints[entry.name]) for entry in fields(kind)})


def records_of(kind: type[Any]) -> st.SearchStrategy[Record]:
    return st.builds(Record, n=st.integers(0, 2**62), time_s=finite, event=instances_of(kind))


any_record = st.sampled_from(get_args(Event)).flatmap(records_of)
