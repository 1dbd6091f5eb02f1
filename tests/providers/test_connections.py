"""Calls at once are spread over small pools of connections, and pools that nobody uses any more are closed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx2
import pytest

from outrider.providers.connections import LIMITS, MOST_CALLS, Connections
from outrider.testing import run


class Made:
    """The clients that were made."""

    def __init__(self) -> None:
        self.clients: list[httpx2.AsyncClient] = []
        self.connections = Connections(self._make)

    def _make(self) -> httpx2.AsyncClient:
        self.clients.append(httpx2.AsyncClient(limits=LIMITS))
        return self.clients[-1]

    @property
    def open(self) -> int:
        """How many are not closed."""
        return sum(not client.is_closed for client in self.clients)


def test_calls_one_after_another_share_a_pool_that_stays_open() -> None:
    async def body() -> None:
        made = Made()
        for _ in range(3):
            async with made.connections.lent():
                pass
        assert (len(made.clients), made.open) == (1, 1)
        await made.connections.close()
        assert made.open == 0

    run(body())


def test_no_pool_has_more_calls_than_it_may_and_no_call_waits() -> None:
    async def body() -> None:
        made = Made()
        async with AsyncExitStack() as stack:
            lent = [await stack.enter_async_context(made.connections.lent()) for _ in range(3 * MOST_CALLS)]
            assert len(made.clients) == 3
            assert all(lent.count(client) == MOST_CALLS for client in made.clients)
        await made.connections.close()

    run(body())


def test_as_calls_end_the_pools_without_any_are_closed_but_for_one() -> None:
    async def body() -> None:
        made = Made()
        async with AsyncExitStack() as stack:
            for _ in range(3 * MOST_CALLS):
                await stack.enter_async_context(made.connections.lent())
        assert (len(made.clients), made.open) == (3, 1)
        await made.connections.close()

    run(body())


def test_calls_that_come_and_go_beyond_what_a_full_pool_holds_open_no_client_each() -> None:
    async def body() -> None:
        made = Made()
        async with AsyncExitStack() as stack:
            for _ in range(MOST_CALLS):
                await stack.enter_async_context(made.connections.lent())
            for _ in range(5):
                async with made.connections.lent():
                    pass
            assert len(made.clients) == 2
        await made.connections.close()

    run(body())


def test_a_call_that_is_cancelled_or_fails_leaves_its_place() -> None:
    async def body() -> None:
        made = Made()
        for error in (asyncio.CancelledError, OSError):
            with pytest.raises(error):
                async with made.connections.lent():
                    raise error
        async with AsyncExitStack() as stack:
            for _ in range(MOST_CALLS):
                await stack.enter_async_context(made.connections.lent())
            assert len(made.clients) == 1
        await made.connections.close()

    run(body())
