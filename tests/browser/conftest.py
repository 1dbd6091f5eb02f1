"""Chromium for the tests. Without it they are skipped; where ``OUTRIDER_BROWSER`` names it, they fail."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

from outrider import Session

USUAL: Final = "/usr/bin/chromium"

ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip

PATIENCE_MS: Final = 60_000
"""So long an expectation may take on a machine that is busy; none takes long where it is not."""

EXPECTED: Final = "Failed to load resource"
"""What the browser logs of every refusal and of every lost connection."""

Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Page]]
"""Opens the page of a session, or the list, in a browser of its own."""


def chromium_path() -> str:
    """Where Chromium is; without one that is named or in its usual place, the test is skipped."""
    named = os.environ.get("OUTRIDER_BROWSER")
    if named is None and not Path(USUAL).exists():
        pytest.skip(f"there is no {USUAL}; install Chromium, or name one in OUTRIDER_BROWSER")
    return named or USUAL


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for a file of tests: what a crash of Chromium's own takes with it ends there."""
    path = chromium_path()
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser) -> Open:
    @asynccontextmanager
    async def page(url: str, session: Session | None = None, **options: Any) -> AsyncIterator[Page]:
        """The page at ``url``, or that of ``session``. In the end nothing may have gone wrong in it."""
        wrong: list[str] = []
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        shown = await context.new_page()
        shown.on("console", lambda message: wrong.extend(_wrong(message)))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        try:
            await shown.goto(url)
            if session is not None:
                await visit(shown, session)
            yield shown
        finally:
            await context.close()
        assert wrong == []

    return page


async def visit(page: Page, session: Session) -> None:
    """Follow the address of ``session``, until it is known what the page offers: before that it takes no key."""
    await page.evaluate("(name) => { location.hash = `#/s/${name}`; }", session.name)
    await expect(page.get_by_role("list", name="Plan")).to_be_visible()
    await expect(page.locator(".dock, .ended, .not-here").first).to_be_visible()


def row(page: Page, at: int) -> Locator:
    """The row of step ``at``."""
    return page.locator(f'[data-at="{at}"]')


def _wrong(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in ("error", "warning") and not message.text.startswith(EXPECTED) else []
