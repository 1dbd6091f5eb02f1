"""Streams of server-sent events. A reader pulls: what it has not read is not kept for it, but drawn anew when it reads on.

So a slow reader gets fewer and newer scenes, and a reader that never reads costs one message until it is dropped.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from outrider.errors import OutriderError
from outrider.journal import JournalStore, encode
from outrider.model import JSON
from outrider.web.answers import error_json
from outrider.web.scenes import changes
from outrider.web.watched import Watched

GAP_S: Final = 1 / 30
"""At least so long after a scene comes the next: what happens in between is in that one."""

PATIENCE_S: Final = 20.0
"""A reader that takes nothing for so long is dropped."""


class Stream(EventSourceResponse):
    """A stream that ends without a word where its reader has stopped reading."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end, or the reader goes."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            return


def stream_of(messages: AsyncIterator[ServerSentEvent]) -> Stream:
    """The response that streams ``messages``; if the journal cannot be read on, the last of them says so."""
    return Stream(_told(messages), send_timeout=PATIENCE_S, sep="\n")


async def _told(messages: AsyncIterator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    try:
        async for message in messages:
            yield message
    except OutriderError as error:
        yield _trouble(error_json(error))


async def scenes(watched: Watched) -> AsyncIterator[ServerSentEvent]:
    """The whole scene, then what changes in it, and ``end`` once the session has finished."""
    before = watched.scene()
    yield _message(watched.n, {"n": before["n"], "age_s": round(watched.age_s, 3), "scene": before})
    while not watched.over or before is not watched.scene():
        await asyncio.sleep(GAP_S)
        await watched.beyond(_number(before))
        after = watched.scene()
        if after is not before:
            yield _message(_number(after), changes(before, after))
        before = after
    for message in _last(watched):
        yield message


async def records(watched: Watched, journal: JournalStore, since: int) -> AsyncIterator[ServerSentEvent]:
    """The session's records from number ``since`` on, as the journal has them, and ``end`` once it has finished."""
    while True:
        seen = watched.n
        for record in journal.read(watched.name, since=since) if since <= seen else ():
            yield _message(record.n, encode(record))
            since = record.n + 1
        if watched.over and watched.n == seen:
            break
        await watched.beyond(seen)
    for message in _last(watched):
        yield message


def _number(scene: dict[str, JSON]) -> int:
    n = scene["n"]
    assert isinstance(n, int)
    return n


def _message(n: int, data: JSON) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, separators=(",", ":")), id=str(n))


def _last(watched: Watched) -> list[ServerSentEvent]:
    """Why nothing more comes; nothing where it is the server that stops, and the browser is to ask again."""
    if watched.trouble:
        return [_trouble({"kind": "bug", "message": watched.trouble})]
    return [ServerSentEvent(json.dumps({"n": watched.n}), event="end")] if watched.finished else []


def _trouble(error: JSON) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(error), event="trouble")
