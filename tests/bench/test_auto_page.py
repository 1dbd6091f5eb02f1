"""The tables of docs/auto.md are those that were measured."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_auto", ROOT / "scripts/measure_auto.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure_auto"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_that_were_measured() -> None:
    measured = json.loads((ROOT / "docs/measured/auto.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/auto.md").read_text(encoding="utf-8")
    assert script().page(text, measured) == text


def test_a_small_set_is_measured_as_it_was() -> None:
    measured = json.loads((ROOT / "docs/measured/auto.json").read_text(encoding="utf-8"))
    name = "local-pairs/qwen2.5-coder-1.5b-direct"
    module = script()
    traces = next(list(source.read(lambda note: None)) for source in module.sources_named("local-pairs") if source.name == name)
    alone, ours = (module.in_turn(traces, module.schedulers_named([s])[s]) for s in ("alone", "auto@30"))
    ratio = sum(run.total_s for run in ours) / sum(run.total_s for run in alone)
    assert round(ratio, 4) == measured["recorded"][name]["schedulers"]["auto@30"]["time"]
