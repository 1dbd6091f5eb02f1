"""The page's files, without a browser: what is not ours is what it says, and nothing goes round the policy on scripts."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import outrider.web.app

PAGE = Path(outrider.web.app.__file__).parent / "page"
OURS = [file for file in sorted(PAGE.rglob("*.js")) if file.parent.name != "vendor"]


def test_the_vendored_files_are_those_that_the_readme_names() -> None:
    named = dict(re.findall(r"^\| `([\w.]+)` .*`([0-9a-f]{64})` \|$", (PAGE / "vendor" / "README.md").read_text(), re.M))
    assert named == {file.name: sha256(file.read_bytes()).hexdigest() for file in (PAGE / "vendor").glob("*.js")}


def test_the_tests_own_library_is_the_one_that_its_readme_names() -> None:
    vendor = Path(__file__).parent / "vendor"
    assert sha256((vendor / "axe.min.js").read_bytes()).hexdigest() in (vendor / "README.md").read_text()


def test_everything_that_is_imported_is_there() -> None:
    for file in PAGE.rglob("*.js"):
        for name in re.findall(r"\b(?:from|import) ?\"([^\"]+)\"", file.read_text()):
            assert name.startswith("./"), f"{file.name}: a bare name needs an import map"
            assert (file.parent / name).is_file(), f"{file.name}: {name}"


def test_nothing_that_is_told_becomes_markup_or_script() -> None:
    for file in OURS:
        text = file.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "document.write"):
            assert forbidden not in text, f"{file.name}: {forbidden}"
        assert not re.search(r"\bstyle=\"", text), f"{file.name}: a style attribute is against the policy"
        assert not re.search(r"https?://(?!www\.w3\.org)", text), f"{file.name}: nothing comes from elsewhere"


def test_the_files_of_the_page_can_be_read_at_a_sitting() -> None:
    assert all(len(file.read_text().splitlines()) <= 300 for file in OURS)
