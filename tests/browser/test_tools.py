"""Steps that are executed, in a browser: what came of them, what is asked, what answers it, and that everybody can read it."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from playwright.async_api import Locator, Page, expect

from outrider import Declared, Step
from outrider.testing import FakeTools

from .conftest import Open, row
from .stage import staged
from .test_access import looks, too_wide, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK, HOTELS, PAY = Step("look up trains"), Step("look up hotels"), Step("pay")
LONG = "IC 7 at 09:12\n" * 20


class Held(FakeTools):
    """Fake tools that answer when the test lets them."""

    opened: asyncio.Event

    async def run(self, step: Step, *, key: str) -> str:
        await self.opened.wait()
        return await super().run(step, key=key)


def tools(kind: type[FakeTools] = FakeTools, *, loses: Literal["", "after"] = "", **pay: object) -> FakeTools:
    """Trains are looked up freely; paying writes."""
    return kind(
        Declared("look up trains", effect="none"), Declared("pay", **pay),  # type: ignore[arg-type]
        observations=lambda step, effects: LONG if step == LOOK else f"did {step}",
        loses=lambda step, key: loses if step == PAY else "",
    )  # fmt: skip


def asked(page: Page) -> Locator:
    return page.locator("[data-notice=asked]")


async def test_what_a_tool_returned_stands_below_its_step_one_line_of_it_and_all_for_whoever_asks(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin(tools=tools())
        async with opened(stage.url(), session) as page:
            stage.target.says("look up trains")  # now: what was there before the page is not announced
            await expect(row(page, 0).locator(".executed")).to_contain_text("IC 7 at 09:12 IC 7")
            await expect(page.locator("#said")).to_contain_text("Step 0 returned: IC 7 at 09:12")
            await page.get_by_role("button", name="all of what step 0 returned").click()
            await expect(page.get_by_role("region", name="What step 0 returned")).to_contain_text("IC 7 at 09:12\nIC 7 at 09:12")
            await expect(page.locator(".bar.tools")).to_have_count(1)


async def test_a_tool_that_runs_says_so_and_the_next_step_waits_for_it(opened: Open) -> None:
    held = tools(Held)
    assert isinstance(held, Held)
    held.opened = asyncio.Event()
    async with staged() as stage:
        stage.target.says("pay")
        session = await stage.begin(tools=held)
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0).locator(".executed")).to_contain_text("running, ")
            await expect(row(page, 1)).to_contain_text("it comes once step 0 has been executed")
            session.take("look around")
            await expect(row(page, 1)).to_have_attribute("data-kind", "taken")
            held.opened.set()
            await expect(row(page, 1)).to_have_attribute("data-kind", "person")
            await expect(row(page, 0)).to_contain_text("did pay")


@pytest.mark.parametrize("by", ["key", "button"])
async def test_a_tool_that_asks_runs_when_the_person_lets_it_and_never_by_enter(opened: Open, by: str) -> None:
    async with staged() as stage:
        box = tools(approval="always")
        session = await stage.begin(tools=box)
        async with opened(stage.url(), session) as page:
            stage.target.says("pay")
            await expect(asked(page)).to_contain_text("Step 0, pay, changes the world.")
            await expect(page.locator("#said")).to_contain_text("You are asked. Step 0, pay, changes the world.")
            await expect(page).to_have_title("You are asked about step 0 · Outrider")
            await expect(row(page, 0)).to_contain_text("waits for your word")
            await page.keyboard.press("Enter")
            await expect(asked(page)).to_be_visible()
            if by == "button":
                await page.get_by_role("button", name="Run it").click()
            else:
                while await asked(page).is_visible():  # a key counts once the question has been there for a moment
                    await page.keyboard.press("y")
            await expect(row(page, 0)).to_contain_text("did pay")
            assert [step for _, step in box.effects] == [PAY]


async def test_the_person_says_what_came_of_it_and_the_tool_is_not_run(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("pay")
        box = tools(approval="always")
        session = await stage.begin(tools=box)
        async with opened(stage.url(), session) as page:
            await expect(asked(page)).to_be_visible()
            await page.keyboard.press("s")
            await page.keyboard.type("paid in cash")
            await page.get_by_role("button", name="Say so").click()
            await expect(row(page, 0)).to_contain_text("paid in cash")
            await expect(row(page, 0)).to_contain_text("in your words")
            assert box.effects == []
            assert session.plan.prefix == (PAY.observed("paid in cash"),)


async def test_going_back_is_offered_where_it_can_be_done_and_refused_where_not(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("pay")
        session = await stage.begin(tools=tools(loses="after"))
        async with opened(stage.url(), session) as page:
            await expect(asked(page)).to_contain_text("Whether it has had its effect is not known.")
            await expect(asked(page).get_by_role("button", name="Go back")).to_have_count(0)
            await page.get_by_role("button", name="Go back to step 0").click()
            await expect(page.locator("[data-notice=trouble]")).to_contain_text("say what has come of it first")
    async with staged() as stage:
        stage.target.says("pay")
        session = await stage.begin(tools=tools(approval="always"))
        async with opened(stage.url(), session) as page:
            await asked(page).get_by_role("button", name="Go back").click()
            await expect(row(page, 0)).to_have_attribute("data-kind", "waiting")
            await expect(asked(page)).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(opened: Open, scheme: str, width: int) -> None:
    async with staged() as stage:
        stage.target.says(LOOK.observed(LONG), "pay")
        session = await stage.begin(tools=tools(approval="always"))
        async with opened(stage.url(), session, **looks(scheme, width)) as page:
            await expect(asked(page)).to_be_visible()
            assert await violations(page) == []
            await page.get_by_role("button", name="all of what step 0 returned").click()
            await asked(page).get_by_role("button", name="Say what came of it").click()
            await expect(page.get_by_label("What came of step 1")).to_be_focused()
            await page.get_by_role("button", name="As a table").click()
            assert await violations(page) == []
            assert not await too_wide(page)
