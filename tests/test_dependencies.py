"""What docs/threat-model.md says of dependencies is so: no pin and no lower bound is below a version that mended something."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| `(?P<package>[a-z0-9-]+)` \| [^|]+ \| (?P<fixed>\S+) \| (?P<pin>\S+) \| (?P<bound>\S+) \|$", re.M)
ROWS = list(ROW.finditer((ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")))


def pins() -> dict[str, str]:
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    vendored = (ROOT / "src" / "outrider" / "web" / "page" / "vendor" / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.M) + re.findall(r"\| (preact|htm) ([0-9.]+),", vendored))


def bounds() -> dict[str, str]:
    """The lowest version that any of our declarations admits."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    lowest: dict[str, str] = {}
    for requirement in map(Requirement, itertools.chain.from_iterable(lists)):
        for version in (each.version for each in requirement.specifier if each.operator == ">="):
            lowest[requirement.name] = min(lowest.get(requirement.name, version), version, key=Version)
    return lowest


def test_the_threat_model_has_a_table_of_advisories() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["package"])
def test_what_the_table_says_is_pinned_is_pinned_and_mended(row: re.Match[str]) -> None:
    assert pins()[row["package"]] == row["pin"]
    assert Version(row["pin"]) >= Version(row["fixed"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["package"])
def test_what_the_table_says_is_the_lower_bound_is_it_and_admits_nothing_that_was_mended(row: re.Match[str]) -> None:
    declared = bounds().get(row["package"], "–")
    assert row["bound"] == declared
    assert declared == "–" or Version(declared) >= Version(row["fixed"])


def item(**said: Any) -> dict[str, Any]:
    metadata = {"name": "something", "version": "1.2", **{key: said.pop(key) for key in list(said) if key != "is_yanked"}}
    return {"metadata": metadata, **said}


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ({"is_yanked": False, "license_expression": "MIT OR Apache-2.0"}, None),
        ({"is_yanked": False, "classifier": ["License :: OSI Approved :: BSD License"]}, None),
        ({"is_yanked": False, "license": "MIT License\n\nPermission is hereby granted"}, None),
        ({"is_yanked": True, "license_expression": "MIT"}, "was withdrawn from the index; pin another version"),
        ({"license_expression": "MIT"}, "this pip does not say whether it was withdrawn; take a newer one"),
        ({"is_yanked": False, "license_expression": "MIT AND AGPL-3.0-only"}, "its licence is MIT AND AGPL-3.0-only; read it"),
        ({"is_yanked": False, "license": "Free for non-commercial use"}, "its licence is Free for non-commercial use; read it"),
        ({"is_yanked": False}, "its licence is not told; read it"),
    ],
)
def test_a_pin_that_was_withdrawn_or_is_under_a_binding_licence_is_said(
    said: dict[str, Any], trouble: str | None, script_named: Callable[[str], ModuleType]
) -> None:
    found = script_named("audit_pins").troubles({"install": [item(**said)]})
    assert found == ([] if trouble is None else [f"something 1.2: {trouble}"])
