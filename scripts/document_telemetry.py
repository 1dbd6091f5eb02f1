"""Write the tables of docs/telemetry.md anew from the code. A test holds that they are up to date.

python scripts/document_telemetry.py
"""

from __future__ import annotations

import re
from pathlib import Path

from outrider.telemetry.logs import EVENTS
from outrider.telemetry.metrics import METRICS
from outrider.telemetry.names import ATTRIBUTES

PAGE = Path(__file__).parent.parent / "docs" / "telemetry.md"


def tables() -> dict[str, list[str]]:
    """The rows of each table, by its name."""
    return {
        "attributes": [f"| `{name}` | {text} |" for name, text in ATTRIBUTES.items()],
        "metrics": [
            f"| `{it.name}` | `{it.scraped}` | {it.kind} | {', '.join(f'`{label}`' for label in it.labels)} | {it.help} |"
            for it in METRICS
        ],
        "events": [f"| `{name}` | {text} |" for name, text in EVENTS.items()],
    }


def page(text: str) -> str:
    """``text`` with its tables filled; their heads stay."""
    for name, rows in tables().items():
        mark = re.compile(rf"(<!-- {name} -->\n[^\n]+\n[^\n]+\n).*?(<!-- /{name} -->)", re.S)
        filled = "".join(f"{row}\n" for row in rows)
        text = mark.sub(lambda found, filled=filled: f"{found[1]}{filled}{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.name}")
