"""How soon a confirmed step is seen in the page, and how much memory the page takes after thousands of events.

    python scripts/measure_page.py --out docs/measured/page.json

Server and browser run on this machine, so both clocks are one. The delay of a step is the time from the append of its record
to the end of the frame in which the page shows it as confirmed: fold, stream, drawing and the wait for it are in that. Agents
are fakes that take a random time (seeded). Memory is Chromium's count of the JavaScript heap after a collection of garbage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page
from serving import Served, browsing, serving

import outrider
from outrider.journal import MemoryJournal
from outrider.model import FINISH, Prefix, Step, Task
from outrider.rules.events import Confirmed, Record
from outrider.testing import FakeAgent

SEEN: Final = """
    window.seen = {};
    new MutationObserver(() => {
      const fresh = [...document.querySelectorAll("[data-kind=confirmed]")].slice(-20).filter((row) => !(row.dataset.at in seen));
      if (!fresh.length) return;
      for (const row of fresh) seen[row.dataset.at] = null;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();  // its message comes when the frame is done
        port1.onmessage = () => {
          for (const row of fresh) seen[row.dataset.at] = performance.timeOrigin + performance.now();
        };
        port2.postMessage(0);
      });
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-kind"] });
"""


class NotingJournal(MemoryJournal):
    """Notes when each step's confirmation is appended."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed_s: dict[int, float] = {}
        self.records = 0

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        super().append(session, records, fence=fence, taken=taken, refused=refused)
        self.records += len(records)
        for record in records:
            if isinstance(record.event, Confirmed):
                self.confirmed_s[record.event.at] = time.time()


def agents(steps: int, takes_s: Callable[[float], float]) -> tuple[FakeAgent, FakeAgent]:
    """An approximation and a target agent that agree on seven of eight steps and finish after ``steps``."""
    chance = random.Random(3)

    def says(prefix: Prefix) -> Step:
        return Step(FINISH if len(prefix) == steps - 1 else f"do thing number {len(prefix)}")

    def drafts(prefix: Prefix) -> Step:
        return Step("do another thing") if len(prefix) % 8 == 7 else says(prefix)

    return (
        FakeAgent(drafts, takes_s=lambda prefix: takes_s(chance.uniform(0.05, 0.15)), name="fake drafter"),
        FakeAgent(says, takes_s=lambda prefix: takes_s(chance.uniform(0.3, 0.9)), name="fake target"),
    )


async def watched(served: Served, page: Page, steps: int, share: float) -> NotingJournal:
    """Run a plan of so many steps to its end while ``page`` watches; ``share`` of the usual time is taken."""
    journal = NotingJournal()
    drafter, target = agents(steps, lambda usual_s: share * usual_s)
    session = outrider.plan(
        Task("A plan to be watched"), approximation=drafter, target=target, max_steps=steps, journal=journal, lookahead=4
    )
    await served.desk.begin(session)
    await page.evaluate("(name) => { location.hash = `#/s/${name}`; }", session.name)
    await page.locator(".ended").wait_for(timeout=600_000)
    return journal


async def delays_ms(served: Served, browser: Browser, steps: int) -> dict[str, float]:
    """From the record to the pixel, over the steps that were confirmed while the page was there."""
    page = await browser.new_page()
    await page.add_init_script(SEEN)
    await page.goto(served.url)
    journal = await watched(served, page, steps, 1.0)
    await page.wait_for_function("Object.values(seen).every((at) => at !== null)")
    seen: dict[str, float] = await page.evaluate("seen")
    waits = sorted(seen[str(at)] - 1000 * at_s for at, at_s in journal.confirmed_s.items() if at >= 5 and str(at) in seen)
    await page.close()
    return {
        "steps": len(waits),
        "median_ms": round(quantile(waits, 0.5), 1),
        "p99_ms": round(quantile(waits, 0.99), 1),
        "most_ms": round(waits[-1], 1),
    }


def quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of values in order."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def memory(served: Served, browser: Browser, events: int) -> dict[str, float]:
    """The page's heap on the list of sessions, and after a session of at least ``events`` events."""
    page = await browser.new_page()
    await page.goto(served.url)
    await page.locator("form.new").wait_for()
    devtools = await page.context.new_cdp_session(page)
    before = await heap(devtools)
    journal = await watched(served, page, events // 7, 0.02)
    after = await heap(devtools)
    await page.close()
    return {
        "events": journal.records,
        "steps": len(journal.confirmed_s),
        "heap_before_mb": before["heap_mb"],
        "heap_after_mb": after["heap_mb"],
        "nodes_after": after["nodes"],
    }


async def heap(devtools: CDPSession) -> dict[str, float]:
    """Megabytes of JavaScript heap in use, and nodes of the document, after a collection of garbage."""
    await devtools.send("Performance.enable")
    await devtools.send("HeapProfiler.collectGarbage")
    said: dict[str, Any] = await devtools.send("Performance.getMetrics")
    found = {entry["name"]: entry["value"] for entry in said["metrics"]}
    return {"heap_mb": round(found["JSHeapUsedSize"] / 1e6, 2), "nodes": found["Nodes"]}


async def measured(steps: int, events: int) -> dict[str, Any]:
    """Both measurements, one after the other."""
    async with serving() as served, browsing("--enable-precise-memory-info") as browser:
        load_before = os.getloadavg()[0]
        return {
            "command": f"python scripts/measure_page.py --steps {steps} --events {events}",
            "browser": f"Chromium {browser.version}, headless",
            "processors": os.cpu_count(),
            "from_record_to_pixel": await delays_ms(served, browser, steps),
            "memory": await memory(served, browser, events),
            "load_average": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        }


def main() -> None:
    """Measure, print, and write where ``--out`` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300, help="steps whose delay is measured")
    parser.add_argument("--events", type=int, default=5000, help="events after which memory is measured, at least")
    parser.add_argument("--out", type=Path, help="where to write the result as JSON")
    options = parser.parse_args()
    text = json.dumps(asyncio.run(measured(options.steps, options.events)), indent=2)
    print(text)
    if options.out:
        options.out.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
