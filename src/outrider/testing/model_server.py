"""A model server on this machine that answers by prompt, and can be slow, refuse, break off, or never answer at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """A reply: these bytes, chunk by chunk.

    ``then`` says what comes after the last: the proper end, a broken connection, or silence until the client goes.
    """

    chunks: Sequence[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    then: str = "end"


Answers: TypeAlias = Callable[[Asked], Sends]
"""The reply to a request."""

NEVER = Sends(status=0, then="silence")
"""No answer, not even a first byte, until the client goes away."""


def event(payload: object) -> bytes:
    """One server-sent event with this JSON."""
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def delta(**fields: object) -> bytes:
    """One chunk of a chat completion."""
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


def says(*texts: str, usage: Mapping[str, object] | None = None, then: str = "end") -> Sends:
    """A whole chat completion that says these pieces of text; with another ``then`` it stops after them instead."""
    chunks = [delta(content=text) for text in texts]
    if then == "end":
        chunks.append(event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        if usage is not None:
            chunks.append(event({"choices": [], "usage": usage}))
        chunks.append(b"data: [DONE]\n\n")
    return Sends(chunks=chunks, then=then)


def refuses(status: int, message: str = "no", *, headers: Mapping[str, str] | None = None, **error: object) -> Sends:
    """A refusal with an error body in OpenAI's form."""
    body = json.dumps({"error": {"message": message, **error}}).encode()
    return Sends(chunks=[body], status=status, headers={"Content-Type": "application/json", **(headers or {})})


class ModelServer:
    """A server for the length of an ``async with``, at ``url``, which is on ``host``.

    ``asked`` holds every request, ``gone`` counts connections that the client closed before it had the whole reply, and
    ``under_way`` the requests without an end so far. ``until`` waits for any of this to become true.
    """

    def __init__(self, answers: Answers, *, host: str = "127.0.0.1") -> None:
        self._answers = answers
        self._host = host
        self._changed = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()
        self._left_one = asyncio.Event()
        self.asked: list[Asked] = []
        self.gone = 0
        self.under_way = 0
        self.most_under_way = 0
        self.connections = 0
        self.silent = 0

    async def __aenter__(self) -> ModelServer:
        self._server = await asyncio.start_server(self._connected, self._host, 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        while self._connections:
            self._left_one.clear()
            await self._left_one.wait()

    async def until(self, true: Callable[[ModelServer], bool]) -> None:
        """Wait until ``true`` of this server."""
        async with self._changed:
            await self._changed.wait_for(lambda: true(self))

    async def _note(self, change: Callable[[], None]) -> None:
        async with self._changed:
            change()
            self._changed.notify_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._over)
        self.connections += 1
        try:
            async for asked in _requests(reader):
                if not await self._answer(asked, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _over(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        self._left_one.set()

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send the answer; whether the connection may be used again."""
        await self._note(lambda: self._began(asked))
        sends = self._answers(asked)
        try:
            await _send(sends, writer)
            if sends.then == "silence":
                await self._silence(reader)
        except ConnectionError:
            await self._note(self._left)
            raise
        finally:
            await self._note(self._ended)
        return sends.then == "end"

    async def _silence(self, reader: asyncio.StreamReader) -> None:
        """Wait for the client to go: it has nothing more to say, so whatever can be read is the end of the connection."""
        await self._note(self._fell_silent)
        await reader.read(1)
        await self._note(self._left)

    def _began(self, asked: Asked) -> None:
        self.asked.append(asked)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

    def _fell_silent(self) -> None:
        self.silent += 1

    def _left(self) -> None:
        self.gone += 1

    def _ended(self) -> None:
        self.under_way -= 1


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Asked]:
    """The requests on one connection, one after another."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        yield Asked(path=first.split(" ")[1], headers=headers, body=json.loads(body or b"{}"))


async def _send(sends: Sends, writer: asyncio.StreamWriter) -> None:
    if sends.status:
        lines = [f"HTTP/1.1 {sends.status} -", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in sends.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for chunk in sends.chunks:
        writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()
    if sends.status and sends.then == "end":
        writer.write(b"0\r\n\r\n")
        await writer.drain()
