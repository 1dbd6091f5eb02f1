"""What the tests of model servers share: requests, and a guard against hanging."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from outrider.agents.model import Message, Request
from outrider.testing.model_server import Answers, ModelServer

Result = TypeVar("Result")

GUARD_S = 60
"""No test waits for time to pass; this only ends one that hangs."""

KEY = "sk-planted/secret+0123456789"


def ask(text: str = "next?") -> Request:
    return Request(messages=(Message("system", "You plan."), Message("user", text)), most_output_tokens=50)


def served(answers: Answers, test: Callable[[ModelServer], Coroutine[Any, Any, Result]]) -> Result:
    """Run ``test`` against a server of its own."""

    async def guarded() -> Result:
        async with asyncio.timeout(GUARD_S), ModelServer(answers) as server:
            return await test(server)

    return asyncio.run(guarded())


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel ``task`` and wait until it is."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    raise AssertionError("a cancelled call gave a reply")


async def failure(asking: Awaitable[object]) -> Exception:
    """The error that ``asking`` raises."""
    try:
        answer = await asking
    except Exception as error:
        return error
    raise AssertionError(f"an error was expected, not {answer!r}")
