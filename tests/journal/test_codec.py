"""Events as JSON and back."""

import copy
import inspect
import json
import sys
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.errors import JournalCorrupt, JournalUnusable
from outrider.journal import decode, encode, from_line, to_line
from outrider.model import JSON, PlanStep, Step, Task, Usage
from outrider.rules import events
from outrider.rules.events import Ended, Event, Opened, Record, Shown, Stopped, Verified, WentOn

from .samples import any_record, records_of

thorough = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
VERIFIED = Record(
    n=4,
    time_s=1.5,
    event=Verified(call=2, at=1, step=Step("search", {"to": "Oslo"}), thought="north", usage=Usage(9, 4, 3, "estimated", None)),
)


def test_every_event_class_of_the_rules_has_a_kind_of_its_own() -> None:
    classes = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if hasattr(kind, "kind")]
    assert set(classes) == set(get_args(Event))
    assert len({kind.kind for kind in classes}) == len(classes)


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.kind)
def test_every_kind_of_event_comes_back_as_it_was(kind: type[Any]) -> None:
    @given(records_of(kind))
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    def comes_back(record: Record) -> None:
        assert decode(encode(record)) == record
        line = to_line(record)
        assert from_line(line) == record
        assert "\n" not in line

    comes_back()


def test_an_event_reads_as_one_flat_object() -> None:
    assert encode(VERIFIED) == {
        "n": 4, "time_s": 1.5, "kind": "verified", "call": 2, "at": 1,
        "step": {"action": "search", "arguments": {"to": "Oslo"}}, "thought": "north",
        "usage": {"prompt_tokens": 9, "cached_tokens": 4, "output_tokens": 3, "counted": "estimated", "cost_usd": None},
    }  # fmt: skip
    assert to_line(VERIFIED).startswith('{"n": 4, "time_s": 1.5, "kind": "verified", "call": 2, "at": 1, "step": {"action"')


def test_an_event_without_fields_is_its_place_alone() -> None:
    assert encode(Record(n=1, time_s=0.0, event=WentOn())) == {"n": 1, "time_s": 0.0, "kind": "went_on"}


def test_a_plan_that_is_gone_on_from_says_whose_each_step_is() -> None:
    plan = (PlanStep(Step("search", {"to": "Oslo"}), "person"),)
    event = Opened(task=Task("go", "openagi"), approximation="a", target="t", lookahead="lookahead-4", max_steps=9, plan=plan)
    found = encode(Record(n=0, time_s=0.0, event=event))
    assert found["task"] == {"text": "go", "world": "openagi"}
    assert found["plan"] == [{"action": "search", "arguments": {"to": "Oslo"}, "by": "person"}]


def test_times_are_exact_so_that_figures_are_too() -> None:
    record = Record(n=0, time_s=0.1 + 0.2, event=Ended(outcome="complete"))
    assert from_line(to_line(record)).time_s == 0.30000000000000004


def test_text_stays_readable() -> None:
    assert "Tromsø 北" in to_line(Record(n=0, time_s=0.0, event=Shown(at=0, step=Step("Tromsø 北"))))


def test_half_a_surrogate_pair_survives() -> None:
    record = Record(n=0, time_s=0.0, event=Stopped(reason="broken \ud83d text"))
    assert to_line(record).encode()
    assert from_line(to_line(record)) == record


def test_a_number_that_json_cannot_carry_is_refused() -> None:
    record = Record(n=3, time_s=float("inf"), event=WentOn())
    with pytest.raises(JournalUnusable, match=r"event 3 \(went_on\)"):
        to_line(record)


def changed(**changes: JSON) -> dict[str, JSON]:
    return encode(VERIFIED) | changes


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (changed(kind="vanished"), "record 4: 'kind' is 'vanished', not one of opened, resumed, started"),
        (changed(kind=3), "record 4: 'kind' is 3"),
        (changed(n=-1), "record -1: 'n' is -1, not a number from 0"),
        (changed(n=True), "'n' is True, not a whole number"),
        (changed(time_s=True), "record 4: 'time_s' is True, not a number"),
        (changed(time_s="soon"), "record 4: 'time_s' is 'soon', not a number"),
        (changed(time_s=float("nan")), "record 4: 'time_s' is nan"),
        (changed(time_s=10**400), "record 4: 'time_s' is 1000"),
        (changed(call=2.0), "record 4: 'call' is 2.0, not a whole number"),
        (changed(call=None), "record 4: 'call' is None"),
        (changed(thought=["north"]), r"record 4: 'thought' is \['north'\], not a text"),
        (changed(mood="good"), "record 4: 'mood' is no field"),
        (changed(step="search"), "record 4: 'step' is 'search', not an object"),
        (changed(step={"action": " ", "arguments": {}}), "record 4: 'step' is no Step: a step needs the name"),
        (changed(step={"action": "go"}), "record 4: 'step.arguments' is missing"),
        (changed(step={"action": "go", "arguments": {}, "by": "person"}), "record 4: 'step.by' is no part of a step"),
        (changed(usage={}), "record 4: 'usage.prompt_tokens' is missing"),
        (changed(usage=None), "record 4: 'usage' is None, not an object"),
        ({"n": 4, "time_s": 0.0, "kind": "shown", "at": 0}, "record 4: 'step' is missing"),
        ({"n": 4, "time_s": 0.0}, "record 4: 'kind' is missing"),
        ({"time_s": 0.0, "kind": "went_on"}, r"record \?: 'n' is missing"),
        ({"n": 4, "time_s": 0, "kind": "ended", "outcome": "lost", "reason": ""}, "'outcome' is 'lost', not one of complete"),
        ({"n": 4, "time_s": 0, "kind": "discarded", "at": 0, "step": {"action": "a", "arguments": {}}, "calls": [1, "2"]},
         r"'calls\[1\]' is '2', not a whole number"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused_by_number_and_field(found: dict[str, JSON], complaint: str) -> None:
    with pytest.raises(JournalCorrupt, match=complaint):
        decode(found)


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"n": NaN}', '{"n": 0} {}', "[" * 100_000, '{"n": ' + "9" * 5000 + "}"])
def test_a_line_that_is_no_json_object_is_refused(line: str) -> None:
    with pytest.raises(JournalCorrupt):
        from_line(line)


def test_what_could_just_be_read_and_is_too_deep_to_be_told_is_refused() -> None:
    limit = sys.getrecursionlimit()
    for depth in range(limit - 150, limit + 10):
        with pytest.raises(JournalCorrupt):
            from_line('{"n": ' + "[" * depth + "]" * depth + "}")


def test_arguments_nested_too_deep_are_refused() -> None:
    deep = "[" * 700 + "]" * 700
    line = f'{{"n": 0, "time_s": 0, "kind": "shown", "at": 0, "step": {{"action": "a", "arguments": {{"x": {deep}}}}}}}'
    with pytest.raises(JournalCorrupt):
        from_line(line)


@given(any_record, st.data())
@thorough
def test_without_any_one_field_nothing_is_read(record: Record, data: st.DataObject) -> None:
    found = copy.deepcopy(encode(record))
    added = {entry.name for entry in fields(record.event) if entry.metadata.get("added")}
    del found[data.draw(st.sampled_from(sorted(found.keys() - added)))]
    with pytest.raises(JournalCorrupt, match="is missing"):
        decode(found)


@given(any_record, st.data())
@thorough
def test_whatever_stands_in_a_field_it_is_read_or_refused(record: Record, data: st.DataObject) -> None:
    empty: st.SearchStrategy[JSON] = st.sampled_from([None, [], {}])
    junk = empty | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    found = encode(record) | {data.draw(st.sampled_from(sorted(encode(record)))): data.draw(junk)}
    try:
        read = decode(found)
    except JournalCorrupt:
        return
    assert json.loads(json.dumps(encode(read))) == json.loads(json.dumps(found)), "what is read is what stood there"
