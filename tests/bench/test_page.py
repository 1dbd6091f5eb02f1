"""docs/bench.md: what its commands print now is what stands there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_figures_of_the_recorded_pairs_on_the_page_are_what_the_commands_print() -> None:
    spec = importlib.util.spec_from_file_location("document_bench", ROOT / "scripts" / "document_bench.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    blocks = list(script.BLOCK.finditer(script.PAGE.read_text(encoding="utf-8")))
    assert len(blocks) == 5
    ours = [found for found in blocks if "local-pairs" in found["words"]]
    assert len(ours) == 2
    for found in ours:
        assert found[0] == script.block(found["words"])
