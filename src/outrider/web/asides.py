"""What the reader of a stream is told beside what it reads: that the server is about to stop, that their token was revoked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from outrider.errors import first_of
from outrider.model import JSON
from outrider.web.desk import Desk
from outrider.web.guard import PASS
from outrider.web.users import Pass

LOOK_EVERY_S: Final = 0.5
"""So often a team's stream looks whether its reader's token still counts."""

REVOKED: Final[dict[str, JSON]] = {
    "kind": "revoked",
    "message": "your token was revoked, so you see no more of this session, which goes on; ask whoever runs the server",
}

DRAINING: Final[dict[str, JSON]] = {
    "kind": "draining",
    "message": "the server is about to stop: it takes no new session, and stops this one if it lasts too long; its plan is kept",
}

HANDING_OVER: Final[dict[str, JSON]] = {
    "kind": "draining",
    "message": "the server is about to stop: it takes no new session, and leaves this one to the next if it lasts too long",
}


def told(name: str, data: JSON) -> bytes:
    """The event as this API's streams hold it."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class Attended(Response):
    """``stream``, to whose reader ``tells`` in between what concerns them: ``notice`` once it drains, ``trouble`` at the end.

    It ends within ``LOOK_EVERY_S`` of the token being revoked.
    """

    def __init__(self, stream: Response, desk: Desk, tells: Callable[[str, JSON], bytes] = told) -> None:
        super().__init__()
        self._stream = stream
        self._desk = desk
        self._tells = tells

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream, until it ends or may be read no more."""
        out = _Out(send)
        try:
            async with asyncio.TaskGroup() as group:
                streaming = group.create_task(self._send(scope, receive, out))
                attending = group.create_task(self._attend(scope[PASS], out, streaming))
                streaming.add_done_callback(lambda _: attending.cancel())
        except BaseExceptionGroup as error:
            raise first_of(error) from None

    async def _send(self, scope: Scope, receive: Receive, out: _Out) -> None:
        await self._stream(scope, receive, out.send)

    async def _attend(self, shown: Pass, out: _Out, streaming: asyncio.Task[None]) -> None:
        await self._until_draining(shown)
        if self._desk.team.holds(shown) and not self._desk.closing.is_set():
            await out.tell(self._tells("notice", HANDING_OVER if self._desk.hands_over else DRAINING))
        await self._until_revoked(shown)
        await out.end(self._tells("trouble", REVOKED))
        streaming.cancel()

    async def _until_draining(self, shown: Pass) -> None:
        """Or until the token was revoked."""
        if self._desk.team.users is None:
            await self._desk.draining.wait()
        while self._desk.team.holds(shown) and not self._desk.draining.is_set():
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._desk.draining.wait()
            except TimeoutError:
                continue

    async def _until_revoked(self, shown: Pass) -> None:
        while self._desk.team.holds(shown):  # noqa: ASYNC110 - it is another process that changes the file
            await asyncio.sleep(LOOK_EVERY_S)


class _Out:
    """What is sent, event by event: nothing before the beginning, nothing after the end."""

    def __init__(self, send: Send) -> None:
        self._to = send
        self._begun = asyncio.Event()
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._ended:
            return
        self._ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._to(message)
        self._begun.set()

    async def tell(self, text: bytes) -> None:
        await self._begun.wait()
        await self.send({"type": "http.response.body", "body": text, "more_body": True})

    async def end(self, text: bytes) -> None:
        await self._begun.wait()
        await self.send({"type": "http.response.body", "body": text, "more_body": False})
