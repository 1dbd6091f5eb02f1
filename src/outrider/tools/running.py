"""One call of a tool: what it gave, what went wrong in it, or that there is no answer. Nothing else comes out of foreign code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from outrider.errors import ToolLost
from outrider.tools.checking import misfit
from outrider.tools.text import NotText, canonical, error_text, wrong
from outrider.tools.tool import Tool

T = TypeVar("T")


class Wrong(str):
    """An observation that says what went wrong, told from a result by its type."""

    __slots__ = ()


async def answer(entry: Tool, call: Callable[[], Awaitable[T]]) -> T | Wrong:
    """What ``call`` gave, or what went wrong in it.

    A cancellation from outside passes through, and so does what is no ``Exception``; a cancellation that nobody had asked for is
    the tool's own failure.

    Raises:
        ToolLost: nothing came within the tool's time.
    """
    task = asyncio.current_task()
    assert task is not None, "whatever awaits is a task"
    cancelled_before = task.cancelling()
    limit = asyncio.timeout(entry.timeout_s)
    try:
        async with limit:
            given: T | Wrong = await call()
    except asyncio.CancelledError as error:
        if task.cancelling():
            raise
        given = Wrong(error_text(error))
    except ToolLost:
        raise
    except Exception as error:  # foreign code may raise anything
        if limit.expired() and isinstance(error, TimeoutError):
            raise ToolLost(_hung(entry)) from None
        given = Wrong(error_text(error))
    if task.cancelling() > cancelled_before:  # the tool swallowed it
        raise asyncio.CancelledError
    return given


def _hung(entry: Tool) -> str:
    known = "it may have had its effect" if entry.effect == "write" else "it has no effect on the world"
    return f"{entry.name} gave no answer within {entry.timeout_s:g} s; {known}"


def told(entry: Tool, result: object) -> str:
    """The canonical text of a result, uncut, or an observation that says why there is none."""
    if isinstance(result, Wrong):
        return result
    try:
        text = canonical(result)
    except NotText as error:
        return wrong(f"{entry.name}: {error}")
    if entry.returns is not None:
        value = result if isinstance(result, str) else json.loads(text)
        if problem := misfit(value, entry.returns):
            return wrong(f"the result of {entry.name} is not what it declares: {problem}")
    return text
