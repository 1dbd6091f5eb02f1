"""Draw the terminal screen in the middle of a recorded run, on a dark and on a light background.

python scripts/draw_terminal.py

The person takes the first step; the rest are the recorded answers of two models, at their recorded pace.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

import outrider
from outrider.agents.recorded import RecordedAgent
from outrider.rules.events import Record
from outrider.runtime import Session
from outrider.testing import run
from outrider.views.screen import PlanScreen, svg_of
from outrider.worlds import WORLDS

ROOT = Path(__file__).parent.parent
PAIRS = ROOT / "data" / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"
TASK = "Given low-resolutioned blurry image and English query, how to answer the question in German step by step?"
TAKEN_S = 1.3
MIDDLE_S = 8.7
SIZE = (96, 26)


def _session() -> Session:
    return outrider.plan(
        TASK,
        approximation=RecordedAgent(PAIRS, "approximation"),
        target=RecordedAgent(PAIRS, "target"),
        world=WORLDS["openagi"],
    )


async def _recorded() -> list[Record]:
    async with _session() as session, session.events() as events, asyncio.TaskGroup() as group:
        group.create_task(_take_the_first(session))
        return [record async for record in events]


async def _take_the_first(session: Session) -> None:
    await asyncio.sleep(TAKEN_S)
    session.take("Image Super Resolution", at=0)


async def _told(records: Sequence[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


async def _drawn(records: list[Record], colours: Literal["dark", "light"]) -> str:
    """The screen at ``MIDDLE_S``, with the lanes on display."""
    until = [record for record in records if record.time_s <= MIDDLE_S]
    now_s = 0.0
    screen = PlanScreen(_session(), _told(until), clock=lambda: now_s, colours=colours)
    async with screen.run_test(size=SIZE) as pilot:
        while screen.picture.now_s < until[-1].time_s:
            await pilot.pause()
        now_s = MIDDLE_S - until[-1].time_s
        await pilot.press("l")
        screen.draw()
        await pilot.pause()
        return re.sub(r"@font-face \{.*?\}\s*", "", svg_of(screen), flags=re.S)  # it would fetch a font from elsewhere


def main() -> None:
    """Write both pictures."""
    records = run(_recorded())
    for colours in ("dark", "light"):
        drawn = asyncio.run(_drawn(records, colours))
        (ROOT / "docs" / f"terminal-{colours}.svg").write_text(drawn + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
