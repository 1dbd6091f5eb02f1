"""The plan in a browser: one unverified step at most, drafts that become steps in their place, corrections that are said."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from outrider.testing import steps

from .conftest import Open, row
from .stage import TASK, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNVERIFIED = "[data-kind=verifying], [data-kind=yours], [data-kind=waiting]"


async def test_a_draft_is_shown_as_being_verified_and_nothing_after_it(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            await expect(row(page, 0)).to_contain_text("look up trains")
            await expect(row(page, 0)).to_contain_text(re.compile(r"verifying, \d+\.\d s"))
            await expect(page.locator(UNVERIFIED)).to_have_count(1)
            await expect(page.get_by_text("look up hotels")).to_have_count(0)
            await expect(page).to_have_title(re.compile("Step 0 is being verified"))


async def test_a_draft_becomes_the_step_in_the_same_place(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            before = await row(page, 0).bounding_box()
            await row(page, 0).evaluate("(row) => { row.known = true; }")
            stage.target.says("look up trains")
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(row(page, 1)).to_have_attribute("data-kind", "verifying")
            assert await row(page, 0).evaluate("(row) => row.known === true")
            assert await row(page, 0).bounding_box() == before
            await expect(row(page, 0)).to_contain_text("as drafted")


async def test_a_correction_says_what_it_replaced_and_is_announced_once(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            stage.target.says("look around")
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(row(page, 0).locator(".step")).to_have_text("look around")
            await expect(row(page, 0)).to_contain_text("instead of look up trains")
            said = page.locator("#said p")
            await expect(said).to_have_text(["Step 0 confirmed: look around, instead of look up trains."])


async def test_where_nobody_has_drafted_the_step_is_the_persons_to_take(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "yours")
            await expect(row(page, 0)).to_contain_text("the target is at work")
            await expect(page.get_by_role("button", name="Accept")).to_be_disabled()
            await page.keyboard.press("Enter")
            assert session.next_at == 0


async def test_the_usual_seconds_are_said_once_there_are_enough_answers(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels", "look around", "pay")
        stage.target.says("look up trains", "look up hotels", "look around")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 3)).to_contain_text(re.compile(r"verifying, \d+\.\d s; usually "))


async def test_the_thought_behind_a_step_is_there_when_asked_for(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("look up trains", thought="There may be a night train.")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(page.get_by_text("There may be a night train.")).to_have_count(0)
            await row(page, 0).get_by_role("button", name="the target's thought").click()
            await expect(page.get_by_text("There may be a night train.")).to_be_visible()


async def test_the_end_is_told_in_the_words_of_the_terminal(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("look up trains", "finish")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(page.get_by_role("heading", name=re.compile("Plan complete: 2 steps in "))).to_be_visible()
            await expect(page.locator(UNVERIFIED)).to_have_count(0)
            await expect(page.get_by_role("region", name="What you can do")).to_have_count(0)
            await expect(page).to_have_title("Plan complete · Outrider")


async def test_tokens_that_were_in_vain_are_called_so_whether_their_calls_were_wasted_or_cancelled(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("pay")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            stage.target.says("look up trains", "finish")
            await expect(page.get_by_role("heading", name="Plan complete")).to_be_visible()
            await expect(page.locator(".run")).to_contain_text(re.compile(r"\d+ wasted or cancelled"))


@pytest.mark.parametrize("width", [360, 1280])
async def test_in_the_head_what_stands_below_each_other_begins_in_one_line(opened: Open, width: int) -> None:
    async with staged() as stage:
        stage.drafter.name, stage.target.name = "fast " * 16, "accurate " * 12
        session = await stage.begin()
        async with opened(stage.url(), session, viewport={"width": width, "height": 800}) as page:
            boxes = "(all) => all.map((one) => one.getBoundingClientRect().toJSON())"
            places = await page.locator(".agents dd").evaluate_all(boxes)
            assert len({place["y"] for place in places}) == 3
            assert len({place["x"] for place in places}) == 1


async def test_what_agents_and_people_write_is_text_and_never_markup(opened: Open) -> None:
    nasty = "<img src=x onerror=alert(1)> & <script>alert(2)</script>"
    async with staged() as stage:
        stage.target.says(nasty)
        session = await stage.begin(world=None)
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0).locator(".step")).to_have_text(nasty)
            await expect(page.locator("main img, main script")).to_have_count(0)


async def test_marks_that_pile_up_on_a_letter_are_not_drawn_outside_their_step(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("pile" + "\u0301" * 400)
        session = await stage.begin(world=None)
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            clips = "(step) => getComputedStyle(step).overflowY"
            assert await row(page, 0).locator(".step").evaluate(clips) == "clip"
            assert await page.locator("h1").evaluate(clips) == "clip"


async def test_a_very_long_step_shows_its_beginning_and_the_rest_when_asked_for(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("x" * 100_000)
        session = await stage.begin(world=None)
        async with opened(stage.url(), session) as page:
            step = row(page, 0).locator(".step")
            await expect(step).to_contain_text("x" * 600 + "…")
            assert len(await page.locator("#said").inner_text()) < 400
            await step.get_by_role("button", name="Show all 100,000 characters").click()
            await expect(step).to_contain_text("x" * 100_000)
            await step.get_by_role("button", name="Show less").click()
            await expect(step).to_contain_text("…")


async def test_the_lanes_show_each_call_and_say_the_same_in_a_table(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(page.locator(".bar.target")).to_have_count(3)
            await expect(page.locator(".bar.approximation")).to_have_count(2)
            stage.target.says("look around")
            await expect(page.locator(".bar.target.cancelled")).to_have_count(2)
            await page.get_by_role("button", name="As a table").click()
            await expect(page.get_by_role("row", name=re.compile("Target 0 look around .* used"))).to_be_visible()
            await page.keyboard.press("l")
            await expect(page.get_by_role("table")).to_have_count(0)


async def test_a_reload_goes_on_where_the_plan_is(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 1)).to_have_attribute("data-kind", "verifying")
            await page.reload()
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(row(page, 1)).to_have_attribute("data-kind", "verifying")
            await expect(page.locator("#said p")).to_have_count(0)
            await expect(page.get_by_role("heading", name=TASK)).to_be_visible()


async def test_after_a_reload_the_seconds_run_on_from_where_they_were(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_contain_text(re.compile(r"verifying, [1-9]\.\d s"))
            await page.add_init_script("performance.now = () => 0")  # no second passes on the page after the reload
            await page.reload()
            await expect(row(page, 0)).to_contain_text(re.compile(r"verifying, ([1-9]|\d\d)\.\d s"))


async def test_a_call_that_answers_after_a_rejected_draft_is_never_shown(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels", "pay")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            stage.target.says("look up hotels", after=steps("look up trains"))
            stage.target.says("look around")
            await expect(row(page, 0).locator(".step")).to_have_text("look around")
            await expect(row(page, 1)).to_have_attribute("data-kind", "yours")
            await expect(page.get_by_role("list", name="Plan").get_by_text("look up hotels")).to_have_count(0)
