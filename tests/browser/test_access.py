"""For everybody: no violation that axe-core finds, a keyboard that reaches everything, nothing too wide, no motion unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from .conftest import Open, row
from .stage import staged
from .test_resume import left
from .test_team import Team, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")

LOOKS: Final = [(scheme, width) for scheme in ("light", "dark") for width in (360, 1280)]


def looks(scheme: str, width: int) -> dict[str, Any]:
    return {"color_scheme": scheme, "viewport": {"width": width, "height": 800}, "reduced_motion": "reduce"}


async def violations(page: Page) -> list[str]:
    """What axe-core finds wrong. It is run in the page's own world, past its policy on scripts."""
    await page.evaluate(AXE)
    found = await page.evaluate("async () => (await axe.run()).violations")
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


async def too_wide(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_the_list_has_nothing_that_axe_finds(opened: Open, scheme: str, width: int) -> None:
    async with staged() as stage:
        await stage.begin()
        async with opened(stage.url(), **looks(scheme, width)) as page:
            await expect(page.get_by_role("link", name="Go to Oslo")).to_be_visible()
            await page.get_by_text("World, agents and lookahead").click()
            await page.get_by_role("button", name="Plan it").click()
            await expect(page.get_by_role("alert")).to_be_visible()
            assert await violations(page) == []
            assert not await too_wide(page)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_a_session_in_all_its_states_has_nothing_that_axe_finds(opened: Open, scheme: str, width: int) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels", "pay", "look around")
        stage.target.says("look up trains", "look around", "look up hotels", thought="It is cheap there.")
        session = await stage.begin(lookahead=3)
        async with opened(stage.url(), session, **looks(scheme, width)) as page:
            await expect(row(page, 2)).to_have_attribute("data-kind", "confirmed")
            await row(page, 0).get_by_role("button", name="the target's thought").click()
            session.take("pay")
            session.steer("By train only.")
            await expect(row(page, 4)).to_have_attribute("data-kind", "yours")
            assert await violations(page) == []
            await page.keyboard.press("t")
            await page.keyboard.type("lo")
            await page.keyboard.press("ArrowDown")
            await expect(page.get_by_role("option", selected=True)).to_be_visible()
            assert await violations(page) == []
            await page.keyboard.press("Escape")
            await page.get_by_role("combobox").fill("nothing")
            await page.get_by_role("button", name="Take it").click()
            await expect(page.get_by_role("alert")).to_be_visible()
            assert await violations(page) == []
            await page.get_by_role("button", name="Cancel").click()
            await page.get_by_role("button", name="As a table").click()
            await page.get_by_role("button", name="Keys").click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            assert await violations(page) == []
            await page.keyboard.press("Escape")
            session.stop()
            await expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
            assert await violations(page) == []
            assert not await too_wide(page)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_signing_in_and_what_was_interrupted_have_nothing_that_axe_finds(
    opened: Open, scheme: str, width: int, tmp_path: Path
) -> None:
    team = Team(tmp_path)
    journal, _ = await left(tmp_path)
    async with (
        staged(journal=journal, users=team.users) as stage,
        opened(f"http://127.0.0.1:{stage.doors.port}/", **looks(scheme, width)) as page,
    ):
        await sign_in(page, "wrong")
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await violations(page) == []
        await sign_in(page, team.tokens["ada"])
        await expect(page.get_by_role("region", name="A session was interrupted")).to_be_visible()
        await page.get_by_text("ada").click()
        await expect(page.get_by_text("Role: act.")).to_be_visible()
        assert await violations(page) == []
        assert not await too_wide(page)
        await page.get_by_text("ada").click()
        await page.get_by_role("region", name="A session was interrupted").get_by_role("link").click()
        await page.get_by_role("button", name="Go on", exact=True).click()
        await expect(page.get_by_label("Target agent")).to_be_visible()  # a file is not for ada to name
        assert await violations(page) == []
        assert not await too_wide(page)


async def test_the_way_through_the_page_by_tab_is_the_way_one_reads(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(page.get_by_role("button", name="Accept")).to_be_enabled()
            await page.reload()
            await expect(page.get_by_role("button", name="Accept")).to_be_enabled()
            names = ["Skip to the content", "Outrider", "All sessions", "Go back to step 0: look up trains"]
            names += ["Accept", "Take a step", "Steer", "Pause", "Stop", "Trace of", "Hide", "As a table", "Keys"]
            for name in names:
                await page.keyboard.press("Tab")
                focused = page.locator(":focus")
                await expect(focused).to_contain_text(name)
                assert await focused.evaluate("(place) => getComputedStyle(place).outlineStyle") == "solid"


async def test_the_skip_link_leads_past_the_head_and_stays_on_the_page(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.reload()
            await expect(row(page, 0)).to_be_visible()  # the link is drawn with the rest, and Tab before that finds nothing
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("main")).to_be_focused()
            await expect(row(page, 0)).to_be_visible()


async def test_the_keys_are_listed_and_letters_can_be_switched_off(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.keyboard.press("?")
            await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
            await page.get_by_label("Single letters are keys").uncheck()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await page.keyboard.press("t")
            await page.keyboard.press("l")
            await expect(page.get_by_role("combobox")).to_have_count(0)
            await expect(page.locator(".figure svg")).to_be_visible()


async def test_where_the_browser_denies_storage_the_keys_work_all_the_same(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })")
            await page.reload()
            await expect(row(page, 0)).to_have_attribute("data-kind", "yours")
            await page.keyboard.press("?")
            await page.get_by_label("Single letters are keys").uncheck()
            await page.keyboard.press("Escape")
            await page.keyboard.press("t")
            await expect(page.get_by_role("combobox")).to_have_count(0)


async def test_keys_are_left_to_a_field_that_one_types_into(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(page.get_by_role("button", name="Accept")).to_be_enabled()
            await page.keyboard.press("s")
            await page.keyboard.type("stop? please take trips, xl")
            await expect(page.get_by_label("A sentence to add")).to_have_value("stop? please take trips, xl")
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("main")).to_be_focused()
            assert session.plan.prefix == ()


async def test_seconds_that_run_are_never_announced(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            regions = page.locator("[aria-live], [role=status], [role=alert], [role=timer]")
            for region in await regions.all():
                assert await region.locator(".running").count() == 0
            assert await row(page, 0).locator("xpath=ancestor-or-self::*[@aria-live]").count() == 0


@pytest.mark.parametrize(("motion", "duration"), [("reduce", "0s"), ("no-preference", "0.5s")])
async def test_a_correction_fades_in_only_for_those_who_like_that(opened: Open, motion: str, duration: str) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session, reduced_motion=motion) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            stage.target.says("look around")
            await expect(row(page, 0).locator(".step")).to_have_text("look around")
            await expect(row(page, 0).locator(".step")).to_have_css("animation-duration", duration)
