"""A server of the page in this process, and a browser beside it on the same loop: for scripts that measure and draw the page."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Browser, async_playwright

from outrider.journal import MemoryJournal
from outrider.launch import Understood
from outrider.providers.prices import Prices
from outrider.settings import settings_text
from outrider.web.app import application
from outrider.web.desk import Desk
from outrider.web.guard import Doors
from outrider.web.lending import Lending
from outrider.web.server import Server

CHROMIUM: Final = os.environ.get("OUTRIDER_BROWSER", "/usr/bin/chromium")

QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""A browser that does nothing but show the page."""


@dataclass(frozen=True, slots=True)
class Served:
    """The sessions, and where the page is."""

    desk: Desk
    url: str


def _kept(understood: Understood) -> str:
    """How a session was launched, as a server without tools keeps it."""
    return settings_text(understood.wanted, understood.agents, {"sources": []}, None, served=True)


@asynccontextmanager
async def serving(journal: MemoryJournal | None = None) -> AsyncIterator[Served]:
    """A server on a free port of this machine, with ``journal`` or a new one; its sessions are stopped in the end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        doors = Doors(token="a-token-for-one-run", port=port)
        async with Desk(journal or MemoryJournal(), Lending(Prices())) as desk, asyncio.TaskGroup() as group:
            desk.settings = _kept
            server = Server(application(desk, doors), listening, last_words_s=1)
            group.create_task(server.run_until_stopped())
            error = None
            try:
                yield Served(desk, f"http://127.0.0.1:{port}/?token={doors.token}")
            except Exception as failed:  # past the group, which would cancel the server before it has closed its sockets
                error = failed
            finally:
                desk.close()
                server.stop()
    if error is not None:
        raise error


@asynccontextmanager
async def browsing(*more: str) -> AsyncIterator[Browser]:
    """Chromium, with ``more`` arguments."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *more])
        try:
            yield browser
        finally:
            await browser.close()
