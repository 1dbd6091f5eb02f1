"""The tests that docs/faults.md and docs/threat-model.md name are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = {"faults.md": "tests/faults", "threat-model.md": "tests/web"}
"""The pages, and where their tests are, unless a folder is named or the file is elsewhere."""

NAMED = re.compile(r"`(?P<place>[\w./]+)`(?P<tests>(?::[^|`]*)?)")
"""A file or folder of tests, and the beginnings of what they are called, with ; between them."""


def cells(page: str) -> Iterator[str]:
    """The last cell of every row of the page's tables."""
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.rstrip(" |").endswith("test"):
            yield line.rstrip("| ").rpartition("|")[2]


def named(page: str) -> list[tuple[Path, str]]:
    """Every place that is named, with each test that is named there; an empty one if it is meant as a whole."""
    found: list[tuple[Path, str]] = []
    for cell in cells(page):
        for match in NAMED.finditer(cell):
            place = placed(match["place"], ROOT / PAGES[page])
            tests = [name.strip() for name in match["tests"].lstrip(":").split(";")]
            found += [(place, name) for name in tests if name] or [(place, "")]
    return found


def placed(name: str, usual: Path) -> Path:
    """The file or folder that is named: a bare name is in the usual folder, or the only one of that name."""
    if "/" in name:
        return ROOT / name
    return next((found for found in (usual / name, *(ROOT / "tests").rglob(name)) if found.exists()), usual / name)


def names_in(place: Path) -> set[str]:
    """The names of the tests in a file, or in the files of a folder."""
    files = [place] if place.is_file() else place.glob("test_*.py")
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    functions = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    mentioned = named(page)
    assert len(mentioned) > 20, "the page is read"
    missing = []
    for place, name in mentioned:
        beginning = "_".join(re.findall(r"\w+", name.replace("'", "")))
        if not any(beginning in test for test in names_in(place)):
            missing.append(f"{place.relative_to(ROOT)}: {name}")
    assert missing == []
