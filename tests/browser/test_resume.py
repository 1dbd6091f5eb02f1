"""Interrupted sessions in a browser: offered at the top, gone on with, refused in a sentence; those of others are watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from outrider.journal import MemoryJournal, own
from outrider.launch import Wanted
from outrider.web.app import MOST_LISTED

from .conftest import Open, row
from .stage import staged
from .test_list import RECORDED, recording

pytestmark = pytest.mark.asyncio(loop_scope="session")

TASK = "make tea"


async def left(folder: Path, records: int = 10) -> tuple[MemoryJournal, str]:
    """The journal of a server that was killed after so many records, and the session that it ran."""
    agent = recording(folder, TASK)
    full, journal = MemoryJournal(), MemoryJournal()
    async with staged(journal=full) as stage:
        live = await stage.desk.start(Wanted(task=TASK, world="free", approximation=agent, target=agent, lookahead="2"))
        while not live.over:
            await live.beyond(live.n)
    journal.append(live.name, full.read(live.name)[:records])
    return journal, live.name


async def test_what_was_interrupted_is_offered_first_and_goes_on_at_a_press(opened: Open, tmp_path: Path) -> None:
    journal, name = await left(tmp_path)
    async with staged(journal=journal) as stage, opened(stage.url()) as page:
        offer = page.get_by_role("region", name="A session was interrupted")
        await expect(offer).to_contain_text(TASK)
        await offer.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("heading", name="Plan complete: 3 steps")).to_be_visible()
        for at, (target, _) in enumerate(RECORDED[:2]):
            await expect(row(page, at)).to_contain_text(target)
        await expect(page.get_by_text("after an interruption")).to_be_visible()
        assert page.url.endswith(f"#/s/{name}")
        await page.get_by_role("link", name="All sessions").click()
        await expect(page.get_by_role("link", name=TASK)).to_contain_text("complete")
        await expect(offer).to_have_count(0)


async def test_a_session_of_long_ago_says_that_it_was_interrupted_and_offers_no_command(opened: Open, tmp_path: Path) -> None:
    journal, name = await left(tmp_path)
    for number in range(MOST_LISTED):
        journal.append(f"newer{number}", journal.read(name)[:1])
    async with staged(journal=journal) as stage, opened(stage.url()) as page:
        offered: list[str] = []
        await page.expose_function("dock", lambda: offered.append("dock"))
        await page.evaluate(
            """() => new MutationObserver(() => document.querySelector(".dock") && window.dock())
                .observe(document.getElementById("page"), { subtree: true, childList: true })"""
        )
        await page.evaluate("(name) => { location.hash = `#/s/${name}`; }", name)
        await expect(page.get_by_text("This session was interrupted.")).to_be_visible()
        await expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
        assert offered == [], "not even for a moment"


async def test_not_now_is_remembered_and_the_session_can_still_be_gone_on_with(opened: Open, tmp_path: Path) -> None:
    journal, name = await left(tmp_path)
    async with staged(journal=journal) as stage, opened(stage.url()) as page:
        offer = page.get_by_role("region", name="A session was interrupted")
        await page.get_by_role("button", name="Not now").click()
        await expect(offer).to_have_count(0)
        await page.reload()
        link = page.get_by_role("link", name=TASK)
        await expect(link).to_contain_text("interrupted")
        await expect(offer).to_have_count(0)
        await link.click()
        await expect(page.get_by_text("This session was interrupted.")).to_be_visible()
        await page.get_by_role("button", name="Go on", exact=True).click()
        await expect(page.get_by_role("heading", name="Plan complete: 3 steps")).to_be_visible()
        assert len(journal.read(name, kinds=("resumed",))) == 1


async def test_a_recording_that_is_gone_is_told_and_another_can_be_given(opened: Open, tmp_path: Path) -> None:
    journal, _ = await left(tmp_path)
    moved = tmp_path / "moved.jsonl"
    (tmp_path / "tea.jsonl").rename(moved)
    async with staged(journal=journal) as stage, opened(stage.url()) as page:
        await page.get_by_role("link", name=TASK).first.click()
        await page.get_by_role("button", name="Go on", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("tea.jsonl cannot be read")
        await page.get_by_label("Agent that drafts").fill(f"recorded:{moved}")
        await page.get_by_label("Target agent").fill(f"recorded:{moved}")
        await page.get_by_role("button", name="Go on with these").click()
        await expect(page.get_by_role("heading", name="Plan complete: 3 steps")).to_be_visible()


async def test_a_session_that_another_process_runs_is_watched_and_offered_once_that_is_gone(opened: Open, tmp_path: Path) -> None:
    journal, name = await left(tmp_path)
    theirs = own(journal, name, owner="process 7 on another (00000000-1)", ttl_s=3600.0)
    async with staged(journal=journal) as stage, opened(stage.url()) as page:
        link = page.get_by_role("link", name=TASK)
        await expect(link).to_contain_text("runs elsewhere")
        await link.click()
        await expect(page.get_by_text("This session is run by process 7 on another.")).to_be_visible()
        await expect(page.get_by_role("button", name="Go on", exact=True)).to_have_count(0)
        theirs.release()
        await expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
