"""Draw the page in the middle of a run of recorded pairs, as docs/page-light.png and docs/page-dark.png, what it offers of
interrupted sessions, as docs/page-interrupted.png, and one that has gone on, as docs/page-went-on.png.

    python scripts/draw_page.py

The run is real, at the recorded pace; a script's hand presses Enter once, so that a step taken by the person is in it. Those that
were interrupted are real too, four times as fast: their journal is cut where a kill would have cut it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Page, expect
from serving import browsing, serving

import outrider
from outrider.agents.recorded import RecordedAgent
from outrider.journal import MemoryJournal
from outrider.launch import Wanted
from outrider.model import Task
from outrider.worlds import WORLDS

ROOT: Final = Path(__file__).parent.parent
PAIRS: Final = ROOT / "data" / "local_pairs" / "qwen2.5-coder-0.5b-direct.jsonl"
TASK: Final = "Given low-resolutioned blurry image and English query, how to answer the question in German step by step?"
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
PATIENCE_MS: Final = 60_000
OTHER: Final = "Given low-resolutioned noisy grayscale image, how to return the caption in German step by step?"
TAKEN_AT: Final = 0
SHOWN_AT: Final = 4
CUT_AT: Final = 30
"""After so many records the sessions were interrupted."""


async def draw() -> None:
    """Watch one run in both looks at once; the first page acts."""
    async with serving() as served, browsing() as browser:
        pages = [await browser.new_page(viewport={"width": 1240, "height": 760}, color_scheme=scheme) for scheme in SCHEMES]
        for page in pages:
            await page.goto(served.url)
        session = outrider.plan(
            Task(TASK, "openagi"),
            approximation=RecordedAgent(PAIRS, "approximation"),
            target=RecordedAgent(PAIRS, "target"),
            journal=served.desk.journal,
            world=WORLDS["openagi"],
        )
        await served.desk.begin(session)
        for page in pages:
            await page.evaluate("(name) => { location.hash = `#/s/${name}`; }", session.name)
        await _accept(pages[0])
        async with asyncio.TaskGroup() as group:
            for scheme, page in zip(SCHEMES, pages, strict=True):
                group.create_task(_picture(page, ROOT / "docs" / f"page-{scheme}.png"))


async def draw_interrupted() -> None:
    """The list of a server whose predecessor was killed, and one of its sessions once it has gone on."""
    full, journal = MemoryJournal(), MemoryJournal()
    names = [await _begun_in(full, task) for task in (OTHER, TASK)]
    for name in names:
        journal.append(name, full.read(name)[:CUT_AT])
    async with serving(journal) as served, browsing() as browser:
        page = await browser.new_page(viewport={"width": 1000, "height": 620}, color_scheme="light")
        await page.goto(served.url)
        await page.get_by_role("region", name="2 sessions were interrupted").wait_for(timeout=PATIENCE_MS)
        await page.screenshot(path=ROOT / "docs" / "page-interrupted.png")
        page = await browser.new_page(viewport={"width": 390, "height": 780}, color_scheme="dark")
        await page.goto(served.url)
        await page.get_by_role("button", name="Go on").first.click()
        await page.get_by_text("after an interruption").wait_for(timeout=PATIENCE_MS)
        await page.locator("[data-kind=verifying]").wait_for(timeout=PATIENCE_MS)
        await page.screenshot(path=ROOT / "docs" / "page-went-on.png")


async def _begun_in(journal: MemoryJournal, task: str) -> str:
    """The name of a session that a server has run to its end."""
    agent = f"recorded:{PAIRS}@4x"
    async with serving(journal) as served:
        live = await served.desk.start(Wanted(task=task, world="openagi", approximation=agent, target=agent, lookahead="4"))
        while not live.over:
            await live.beyond(live.n)
    return live.name


async def _picture(page: Page, file: Path) -> None:
    await page.locator(f'[data-at="{SHOWN_AT}"][data-kind=verifying]').wait_for(timeout=PATIENCE_MS)
    await page.screenshot(path=file)


async def _accept(page: Page) -> None:
    await page.locator(f'[data-at="{TAKEN_AT}"][data-kind=verifying]').wait_for(timeout=PATIENCE_MS)
    await expect(page.get_by_role("button", name="Accept")).to_be_enabled()
    await page.keyboard.press("Enter")


if __name__ == "__main__":
    asyncio.run(draw())
    asyncio.run(draw_interrupted())
