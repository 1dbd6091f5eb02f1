"""The first page in a browser: a session started from the form, the sessions there are, errors that keep what was typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from .conftest import Open, row
from .stage import TASK, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECORDED: Final = (("Boil water", "Boil water"), ("Add tea", "Wait"), ("TERMINATE", "TERMINATE"))
"""Of each step, the target's answer and the draft."""


def recording(folder: Path, task: str) -> str:
    """The name of an agent that knows the answers for ``task``."""
    rows = [
        {"task": task, "at": at, "target": target, "target_s": 0.2, "draft": draft, "draft_s": 0.01}
        for at, (target, draft) in enumerate(RECORDED)
    ]
    file = folder / "tea.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return f"recorded:{file}"


async def fill(page: Page, **fields: str) -> None:
    await page.get_by_text("World, agents and lookahead").click()
    for label, text in fields.items():
        await page.get_by_label(label.replace("_", " "), exact=True).fill(text)


async def test_a_session_is_started_from_the_form_and_watched_to_its_end(opened: Open, tmp_path: Path) -> None:
    agent = recording(tmp_path, "make tea")
    async with staged() as stage, opened(stage.url()) as page:
        await page.get_by_label("What is to be planned?").fill("make tea")
        await fill(page, Agent_that_drafts=agent, Target_agent=agent)
        await page.get_by_label("World", exact=True).select_option("free")
        await page.get_by_role("button", name="Plan it").click()
        await expect(page.get_by_role("heading", name="make tea")).to_be_visible()
        await expect(page.get_by_role("heading", name="Plan complete: 3 steps")).to_be_visible()
        await expect(row(page, 1)).to_contain_text("Add tea")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Trace").click()
        trace = json.loads((await (await download.value).path()).read_text(encoding="utf-8"))
        assert trace["traceEvents"]
        await page.get_by_role("link", name="All sessions").click()
        await expect(page.get_by_role("link", name="make tea")).to_contain_text("complete")
        assert "make tea" not in page.url


async def test_the_form_says_how_far_ahead_drafts_run_where_nobody_says(opened: Open) -> None:
    async with staged() as stage, opened(stage.url()) as page:
        await page.get_by_text("World, agents and lookahead").click()
        auto = "By default auto, as far as it is worth; 1 to 4 where both agents compute here."
        await expect(page.get_by_label("Lookahead, in steps")).to_have_accessible_description(auto)
        await expect(page.get_by_text(auto)).to_be_visible()


async def test_without_a_task_the_form_says_what_it_needs(opened: Open) -> None:
    async with staged() as stage, opened(stage.url()) as page:
        await page.get_by_role("button", name="Plan it").click()
        await expect(page.get_by_role("alert")).to_contain_text("Say what is to be planned")
        await expect(page.get_by_label("What is to be planned?")).to_be_focused()


async def test_what_does_not_fit_is_told_and_what_was_typed_stays(opened: Open) -> None:
    async with staged() as stage, opened(stage.url()) as page:
        task = page.get_by_label("What is to be planned?")
        await task.fill("make tea")
        await fill(page, Target_agent="oracle@local")
        await page.get_by_role("button", name="Plan it").click()
        await expect(page.get_by_role("alert")).to_contain_text("oracle")
        await expect(task).to_have_value("make tea")
        await expect(page.get_by_label("Target agent")).to_have_value("oracle@local")


async def test_an_example_becomes_the_task(opened: Open) -> None:
    async with staged() as stage, opened(stage.url()) as page:
        example = page.get_by_role("region", name="For example").get_by_role("button").first
        text = await example.inner_text()
        await example.click()
        await expect(page.get_by_label("What is to be planned?")).to_have_value(text)


async def test_the_list_shows_what_runs_and_leads_to_it(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url()) as page:
            link = page.get_by_role("link", name=TASK)
            await expect(link).to_contain_text("running")
            await link.click()
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            session.stop()
            await page.go_back()
            await expect(page.get_by_role("link", name=TASK)).to_contain_text("stopped")
