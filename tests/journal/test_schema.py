"""The schema of the records: up to date, and of one mind with what reading accepts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from outrider.cli.views import JsonView
from outrider.errors import JournalCorrupt
from outrider.journal import decode, encode
from outrider.journal.codec import KINDS
from outrider.journal.schema import EVENTS_VERSION, SCHEMA_FILE, events_schema, schema_text, shipped_schema
from outrider.rules.events import Event, Finished, Record, Verified

from .runs import Setting, drive, settings_of_runs
from .samples import any_record, records_of, short_run

ROOT = Path(__file__).parent.parent.parent
RECORD = Draft202012Validator(events_schema())
LINE = RECORD.evolve(schema={"$ref": "#/$defs/line"})

slow = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def test_the_schema_is_one_and_the_shipped_file_is_what_the_events_say() -> None:
    Draft202012Validator.check_schema(events_schema())
    file = ROOT / "src" / "outrider" / "journal" / SCHEMA_FILE
    assert file.read_text(encoding="utf-8") == schema_text(), "run python scripts/write_schema.py"
    assert shipped_schema() == events_schema()
    assert f"{EVENTS_VERSION}" in SCHEMA_FILE


def test_the_page_on_the_events_is_up_to_date_and_every_example_on_it_is_a_record(
    script_named: Callable[[str], ModuleType],
) -> None:
    script = script_named("write_schema")
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert page == script.page(), "run python scripts/write_schema.py"
    examples = script.examples()
    assert list(examples) == list(KINDS)
    for kind, example in examples.items():
        assert f"### {kind}\n" in page
        assert example["kind"] == kind
        RECORD.validate(example)
        decode(example)


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.kind)
def test_any_record_of_each_kind_is_one_by_the_schema(kind: type[Any]) -> None:
    @given(records_of(kind))
    @settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
    def is_one(record: Record) -> None:
        RECORD.validate(encode(record))

    is_one()


@given(settings_of_runs)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_every_record_of_a_run_and_every_line_printed_of_it_fits_the_schema(setting: Setting) -> None:
    records = drive(setting).records
    for record in records:
        RECORD.validate(encode(record))
    lines = printed(records)
    for line in lines:
        LINE.validate(line)
    assert [RECORD.is_valid(line) for line in lines] == [True] * (len(lines) - 1) + [False]


def printed(records: list[Record]) -> list[Any]:
    """What ``--json`` prints of a session."""
    lines: list[str] = []
    view = JsonView(lines.append)
    for record in records:
        view.receive(record)
    return [json.loads(line) for line in lines]


def test_only_the_last_line_may_hold_the_plan_and_the_figures_and_it_must_hold_both() -> None:
    *_, finished = printed(short_run())
    assert isinstance(short_run()[-1].event, Finished)
    assert LINE.is_valid(finished)
    for missing in ("plan", "figures"):
        assert not LINE.is_valid({name: value for name, value in finished.items() if name != missing})
    assert not LINE.is_valid({"n": 3, "time_s": 1.0, "kind": "went_on", "plan": [], "figures": {}})


def places(value: Any) -> list[tuple[Any, ...]]:
    """The way to everything in ``value`` whose form is fixed: what is in a step's arguments is anybody's."""
    if isinstance(value, dict):
        inner = [(name, *way) for name, item in value.items() if name != "arguments" for way in places(item)]
        return [(), *inner, *([("arguments",)] if "arguments" in value else [])]
    if isinstance(value, list):
        return [(), *((i, *way) for i, item in enumerate(value) for way in places(item))]
    return [()]


def put(value: Any, way: tuple[Any, ...], item: Any) -> Any:
    if not way:
        return item
    changed = copy.copy(value)
    changed[way[0]] = put(value[way[0]], way[1:], item)
    return changed


OTHER_VALUES = st.sampled_from([None, True, -1, 0.5, "", "x", " ", [], ["x"], {}, {"action": "a", "arguments": {}}])


@given(any_record, st.data())
@slow
def test_what_reading_refuses_the_schema_refuses_and_the_other_way_round(record: Record, data: st.DataObject) -> None:
    found = encode(record)
    way = data.draw(st.sampled_from(places(found)[1:]))
    changed = put(found, way, data.draw(OTHER_VALUES))
    assert RECORD.is_valid(changed) == readable(changed)


def readable(found: dict[str, Any]) -> bool:
    try:
        decode(found)
    except JournalCorrupt:
        return False
    return True


@given(any_record, st.data())
@slow
def test_a_record_with_a_field_missing_or_one_too_many_is_none(record: Record, data: st.DataObject) -> None:
    found = encode(record)
    added = {entry.name for entry in fields(record.event) if entry.metadata.get("added")}
    missing = data.draw(st.sampled_from(sorted(found.keys() - added)))
    assert not RECORD.is_valid({name: value for name, value in found.items() if name != missing})
    objects = [way for way in places(found) if way[-1:] != ("arguments",) and isinstance(at(found, way), dict)]
    way = data.draw(st.sampled_from(objects))
    assert not RECORD.is_valid(put(found, way, {**at(found, way), "mood": "good"}))


def at(value: Any, way: tuple[Any, ...]) -> Any:
    for part in way:
        value = value[part]
    return value


def test_a_record_with_a_field_of_the_wrong_type_is_none() -> None:
    (record,) = [record for record in short_run() if isinstance(record.event, Verified)]
    found = encode(record)
    for field, value in {"n": -1, "time_s": "soon", "kind": "vanished", "call": 1.5, "step": "finish", "usage": None}.items():
        assert not RECORD.is_valid(found | {field: value})


def test_the_schema_gives_every_field_a_meaning() -> None:
    for form in events_schema()["$defs"].values():
        assert form["description"]
        assert all(field["description"] for field in form.get("properties", {}).values())
