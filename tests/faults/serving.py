"""A model server beside the test: on a thread of its own, so that the command can run in this process as it does elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeAlias

from outrider.testing.model_server import Answers, Asked, ModelServer, Sends, says

PLAN = ("Boil water", "Warm the pot", "Pour", "Sip")

Of: TypeAlias = Callable[[Asked, int], Sends | None]
"""What is answered when a model is asked for the step of that number; ``None``: what it should."""


def tea(wrong: Of = lambda asked, at: None, plan: Sequence[str] = PLAN) -> Answers:
    """Answers with ``plan``, by the steps that the prompt holds, except where something is ``wrong``."""

    def answers(asked: Asked) -> Sends:
        at = sum(step in asked.prompt for step in plan)
        return wrong(asked, at) or says((*plan, "finish")[at])

    return answers


def once(at: int, happens: Callable[[], object]) -> Of:
    """While the step of that number is awaited for the first time, this happens, and is over before it is answered."""
    left = [happens]

    def wrong(asked: Asked, step: int) -> None:
        if step == at and left:
            left.pop()()

    return wrong


@contextlib.contextmanager
def serving(answers: Answers, *, host: str = "127.0.0.1", enter: Callable[[], object] = lambda: None) -> Iterator[ModelServer]:
    """The server, for the length of the block; its thread does ``enter`` first."""
    ready: Future[tuple[ModelServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        async with ModelServer(answers, host=host) as server:
            ready.set_result((server, asyncio.get_running_loop(), over))
            await over.wait()

    def thread() -> None:
        try:
            enter()
            asyncio.run(live())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    running = threading.Thread(target=thread)
    running.start()
    server, loop, over = ready.result()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        running.join()
