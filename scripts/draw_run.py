"""Draw the live view in the middle of a recorded run, and at its end, as docs/run.svg and docs/run-end.svg.

python scripts/draw_run.py
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

import outrider
from outrider.agents.recorded import RecordedAgent
from outrider.rules.events import Record
from outrider.testing import run
from outrider.views.terminal import TerminalView

ROOT = Path(__file__).parent.parent
PAIRS = ROOT / "data" / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"
TASK = "Given noisy image and English query, how to answer the question in German step by step?"
MIDDLE_S = 8.2
WIDTH = 96


async def _recorded() -> list[Record]:
    drafter, target = RecordedAgent(PAIRS, "approximation"), RecordedAgent(PAIRS, "target")
    async with outrider.plan(TASK, approximation=drafter, target=target) as session, session.events() as events:
        return [record async for record in events]


def _drawn(records: list[Record], until_s: float, title: str) -> str:
    console = Console(record=True, width=WIDTH, force_terminal=False, file=io.StringIO(), highlight=False)  # no redraws
    now_s = 0.0
    view = TerminalView(console, clock=lambda: now_s)
    for record in records:
        if record.time_s <= until_s:
            now_s = record.time_s
            view.receive(record)
    if now_s < until_s < records[-1].time_s:
        now_s = until_s
        console.print(view)
    else:
        view.close()
    svg = console.export_svg(title=title)
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)  # it would fetch a font from elsewhere


def main() -> None:
    """Write both pictures."""
    records = run(_recorded())
    for name, until_s in (("run.svg", MIDDLE_S), ("run-end.svg", records[-1].time_s)):
        (ROOT / "docs" / name).write_text(_drawn(records, until_s, "outrider plan"), encoding="utf-8")


if __name__ == "__main__":
    main()
