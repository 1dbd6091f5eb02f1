"""Connections that break, servers that stop: the plan stays on the page, and the page goes on where it was."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from outrider import plan

from .conftest import Open, row
from .stage import TASK, staged, wired

pytestmark = pytest.mark.asyncio(loop_scope="session")

STATE = "data-state"

LOST = "Connection lost, reconnecting. If only the connection is gone, the run goes on; if the server is, it waits where it is."


async def test_a_connection_that_breaks_is_said_and_the_page_goes_on_where_it_was(opened: Open) -> None:
    async with staged() as stage, wired(stage) as wire:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(wire.port), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            wire.cut()
            await expect(page.get_by_text(LOST)).to_be_visible()
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            stage.target.says("look around")
            await wire.mend()
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(page.locator(".connection")).to_have_attribute(STATE, "open")
            await expect(page.locator(".connection p")).to_have_count(0)
            await expect(page.locator("#said p")).to_have_text(["Step 0 confirmed: look around, instead of look up trains."])


MISSED = "**/page/rows.js"
"""One of the modules that the page cannot do without."""


async def test_a_page_that_came_half_is_fetched_again(opened: Open) -> None:
    async with staged() as stage, opened("about:blank") as page:
        await page.route(MISSED, lambda route: route.abort("connectionreset"), times=2)
        await page.goto(stage.url())
        await expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
        await expect(page.locator(".loading")).to_have_count(0)
        assert await page.evaluate("sessionStorage.length") == 0


async def test_a_page_that_keeps_coming_half_says_so(opened: Open) -> None:
    async with staged() as stage, opened("about:blank") as page:
        await page.add_init_script("sessionStorage.setItem('outrider.tried', 5)")
        await page.route(MISSED, lambda route: route.abort("connectionreset"))
        await page.goto(stage.url())
        await expect(page.get_by_text("If this stays, reload it.")).to_be_visible()


async def test_a_command_given_while_the_connection_is_lost_arrives_when_it_is_back(opened: Open) -> None:
    async with staged() as stage, wired(stage) as wire:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(wire.port), session) as page:
            await expect(page.get_by_role("button", name="Accept")).to_be_enabled()
            wire.cut()
            await expect(page.locator(".connection")).to_have_attribute(STATE, "lost")
            async with page.expect_event("requestfailed", lambda request: request.url.endswith("/commands")):
                await page.keyboard.press("Enter")
            await wire.mend()
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")


async def test_a_server_that_stops_is_said_and_the_plan_stays(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            stage.close()
            await expect(page.get_by_role("heading", name="Stopped: 1 step")).to_be_visible()
            await expect(page.get_by_text("Why: the server was stopped.")).to_be_visible()
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")


async def test_a_server_that_vanishes_is_said_after_some_time_and_nothing_more_is_offered(opened: Open) -> None:
    async with staged() as stage, wired(stage) as wire:
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(wire.port), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await page.clock.install()
            wire.cut()
            await expect(page.locator(".connection")).to_have_attribute(STATE, "lost")
            await page.clock.fast_forward(10_000)
            await expect(page.get_by_text("The server does not answer.")).to_be_visible()
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(page.get_by_role("button", name="Take a step")).to_be_disabled()


async def test_another_server_at_the_same_address_does_not_know_the_session(opened: Open) -> None:
    async with staged() as first, wired(first) as wire:
        session = await first.begin()
        async with opened(first.url(wire.port), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "yours")
            wire.cut()
            await expect(page.locator(".connection")).to_have_attribute(STATE, "lost")
            async with staged() as second:
                wire.leads_to(second)
                await wire.mend()
                await expect(page.locator(".connection")).to_have_attribute(STATE, "refused")
                await expect(page.get_by_text("The server does not know this browser any more")).to_be_visible()
                await expect(page.get_by_role("region", name="What you can do")).to_have_count(0)


async def test_a_session_of_another_process_is_shown_as_far_as_its_journal_goes_and_nothing_seems_to_run(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = plan(TASK, approximation=stage.drafter, target=stage.target, lookahead=1, journal=stage.desk.journal)
        async with session, opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_contain_text("look up trains")
            await expect(row(page, 0).locator(".note")).to_have_text("not verified so far")
            await expect(page).to_have_title("Not finished · Outrider")
            await expect(page.get_by_role("region", name="What you can do")).to_have_count(0)
            stage.target.says("look up trains")
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await page.get_by_role("link", name="All sessions").click()
            await expect(page.locator(".state")).to_have_text("not finished")


async def test_a_session_that_is_not_there_is_told(opened: Open) -> None:
    async with staged() as stage, opened(stage.url()) as page:
        await page.evaluate("location.hash = '#/s/nobody'")
        await expect(page.get_by_role("heading", name="No session nobody here")).to_be_visible()
        await page.get_by_role("link", name="All sessions").click()
        await expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


async def test_the_list_says_when_the_server_is_gone(opened: Open) -> None:
    async with staged() as stage, wired(stage) as wire, opened(stage.url(wire.port)) as page:
        await expect(page.get_by_text("None so far.")).to_be_visible()
        wire.cut()
        await expect(page.get_by_text("The server does not answer.")).to_be_visible()


HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""A tab is hidden, or seen again."""


async def test_tabs_that_nobody_sees_leave_the_browsers_six_connections_to_the_one_that_is_seen(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            tabs = [await page.context.new_page() for _ in range(8)]
            for tab in tabs:
                await tab.goto(page.url)
                await expect(tab).to_have_title(re.compile("Step 0 is being verified"))
                await tab.evaluate(HIDE, True)
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            await page.keyboard.press("Enter")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")
            for tab in tabs:
                await expect(tab).to_have_title(re.compile("Step 1 is to be taken"))
            await tabs[0].evaluate(HIDE, False)
            await expect(tabs[0].locator(".connection")).to_have_attribute(STATE, "open")
            await expect(tabs[0].get_by_role("button", name="Take a step")).to_be_enabled()
