"""The page's example. It needs the wheels, so it is run here, where they are fetched, and not with the other pages."""

from __future__ import annotations

import re
from pathlib import Path

from outrider.worlds.bfcl import Bfcl

PAGE = Path(__file__).parents[3] / "docs" / "bfcl.md"


def test_the_example_on_the_page_runs(bfcl: Bfcl) -> None:
    block = re.search(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert block is not None
    exec(compile(block[1], str(PAGE), "exec"), {"__name__": "documentation"})
