"""The tables of docs/auto.md are those that were measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def script(script_named: Callable[[str], ModuleType]) -> ModuleType:
    """``scripts/measure_auto.py``."""
    return script_named("measure_auto")


def test_the_tables_are_those_that_were_measured(script: ModuleType) -> None:
    measured = json.loads((ROOT / "docs/measured/auto.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/auto.md").read_text(encoding="utf-8")
    assert script.page(text, measured) == text


def test_a_small_set_is_measured_as_it_was(script: ModuleType) -> None:
    measured = json.loads((ROOT / "docs/measured/auto.json").read_text(encoding="utf-8"))
    name = "local-pairs/qwen2.5-coder-1.5b-direct"
    traces = next(list(source.read(lambda note: None)) for source in script.sources_named("local-pairs") if source.name == name)
    alone, ours = (script.in_turn(traces, script.schedulers_named([s])[s]) for s in ("alone", "auto@30"))
    ratio = sum(run.total_s for run in ours) / sum(run.total_s for run in alone)
    assert round(ratio, 4) == measured["recorded"][name]["schedulers"]["auto@30"]["time"]
