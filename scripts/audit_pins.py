"""Say which pinned packages were withdrawn from the index, and which have a licence that is not among the permissive ones.

It reads what ``pip install --dry-run --report FILE`` writes, and ends with 1 where it has something to say. `make audit` runs it.

python scripts/audit_pins.py build/audit/report.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

PERMISSIVE: Final = re.compile(r"\b(0BSD|Apache|BSD|ISC|MIT|MPL|Mozilla Public|PSF|Python Software)\b", re.I)
BINDING: Final = re.compile(r"GPL|General Public|SSPL|BUSL|Business Source|Non.?Commercial|\bNC\b|Proprietary", re.I)


def troubles(report: dict[str, Any]) -> list[str]:
    """A line for each package of pip's ``report`` that was withdrawn, or whose licence somebody has to read."""
    said = ((item, trouble) for item in report["install"] for trouble in (_withdrawn(item), _licence(item)))
    return [f"{_name(item)}: {trouble}" for item, trouble in said if trouble]


def _name(item: dict[str, Any]) -> str:
    return f"{item['metadata']['name']} {item['metadata']['version']}"


def _withdrawn(item: dict[str, Any]) -> str:
    if "is_yanked" not in item:
        return "this pip does not say whether it was withdrawn; take a newer one"
    return "was withdrawn from the index; pin another version" if item["is_yanked"] else ""


def _licence(item: dict[str, Any]) -> str:
    told = licence_of(item["metadata"])
    return "" if PERMISSIVE.search(told) and not BINDING.search(told) else f"its licence is {told or 'not told'}; read it"


def licence_of(metadata: dict[str, Any]) -> str:
    """What a package's metadata say of its licence: the expression, or the classifiers, or the first line of the text."""
    classifiers = [name for name in metadata.get("classifier", []) if name.startswith("License ::")]
    return str(metadata.get("license_expression") or "; ".join(classifiers) or metadata.get("license", "").split("\n")[0])


def main(path: str) -> int:
    """Print what ``troubles`` has, and a line on the whole."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    found = troubles(report)
    print(*found, f"{len(report['install'])} packages: {len(found)} withdrawn or under a licence to be read", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
