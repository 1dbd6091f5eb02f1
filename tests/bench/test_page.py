"""docs/bench.md: what its commands print now is what stands there."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


def test_the_figures_of_the_recorded_pairs_on_the_page_are_what_the_commands_print(
    script_named: Callable[[str], ModuleType],
) -> None:
    script = script_named("document_bench")
    blocks = list(script.BLOCK.finditer(script.PAGE.read_text(encoding="utf-8")))
    assert len(blocks) == 5
    ours = [found for found in blocks if "local-pairs" in found["words"]]
    assert len(ours) == 2
    for found in ours:
        assert found[0] == script.block(found["words"])
