"""The page on sub-plans says what its script measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def script(script_named: Callable[[str], ModuleType]) -> ModuleType:
    """``scripts/measure_subplans.py``."""
    return script_named("measure_subplans")


def test_the_page_has_the_tables_that_the_script_measures(script: ModuleType) -> None:
    page = (ROOT / "docs" / "subplans.md").read_text(encoding="utf-8")
    for suite in script.SUITES:
        assert "\n".join(script.table(suite)) in page
    assert "\n".join(script.limited(script.SUITES[0])) in page


def test_side_by_side_is_never_slower_than_in_a_row_and_drafts_never_slow_it_down(script: ModuleType) -> None:
    for suite in script.SUITES:
        for most in script.AT_ONCE:
            in_a_row = script.run(script.total_s("six in a row", suite, 0, most))
            for shape in script.SHAPES:
                alone, ahead = (script.run(script.total_s(shape, suite, k, most)) for k in (0, 4))
                assert ahead <= alone + 1e-6
                assert alone <= in_a_row + 1e-6
