"""Many people before one server, each before a session of their own: what they send, and when they see what.

A client of HTTP/1.1 that does only what is needed here, so that measuring does not take the time that is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

EVERY_RECORD: Final = 10
"""One stream in so many is that of the records; the others are those of the page."""

KEPT_S: Final = 2.0
"""So long a connection is used again. The server closes those that nobody uses after five seconds."""


@dataclass(slots=True, kw_only=True)
class Said:
    """A command of the person's: when it was sent, when it was answered, and how."""

    task: int
    command: str
    at: int
    sent_s: float
    answered_s: float = 0.0
    status: int = 0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What all of them have seen: ``shown`` says when which step of which task was first seen as part of the plan."""

    shown: dict[tuple[int, int], float] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    begun_ms: list[float] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    messages: int = 0
    bytes: int = 0
    started: int = 0
    ended: int = 0
    cut_off: int = 0

    @property
    def running(self) -> int:
        """How many are before a session now."""
        return self.started - self.ended - self.cut_off


class Server:
    """Where the server is, and who asks."""

    def __init__(self, url: str, token: str) -> None:
        self.place = urlsplit(url).hostname or "", urlsplit(url).port or 80
        self._head = f"Host: {self.place[0]}:{self.place[1]}\r\nAuthorization: Bearer {token}\r\n"
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    def get(self, path: str) -> bytes:
        """The request for ``path``."""
        return f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode()

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any], float]:
        """The status and the body of the answer, and how many seconds the server asks to wait (0 where it does not)."""
        text = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        reader, writer = await self._connection()
        try:
            writer.write(head.encode() + text)
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        except BaseException:
            writer.close()
            raise
        self._idle.append((time.monotonic(), reader, writer))
        return int(first.split(" ")[1]), answer, float(headers.get("retry-after", "0"))

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The one that was used last, unless the server may be about to close it."""
        while self._idle:
            used_s, reader, writer = self._idle.pop()
            if time.monotonic() - used_s < KEPT_S:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*self.place)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        for _, _, writer in self._idle:
            writer.close()


class Stream(asyncio.Protocol):
    """One stream of server-sent events: ``heard`` is told each one's name and data as it arrives; ``over`` once nothing will."""

    def __init__(self, request: bytes, heard: Callable[[bytes, bytes], None]) -> None:
        self._request = request
        self._heard = heard
        self._read = bytearray()
        self._text = bytearray()
        self._begun = False
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.whole = False
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take what has come out of its chunks, and tell of every event that is whole."""
        self.bytes += len(data)
        self._read += data
        if not self._begun:
            end = self._read.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begun = True
            del self._read[: end + 4]
        self._unpack()
        while (end := self._text.find(b"\n\n")) >= 0:
            self._tell(bytes(self._text[:end]))
            del self._text[: end + 2]

    def _unpack(self) -> None:
        while (end := self._read.find(b"\r\n")) > 0:
            size = int(self._read[:end], 16)
            if len(self._read) < end + size + 4:
                return
            self._text += self._read[end + 2 : end + 2 + size].replace(b"\r\n", b"\n")  # either may end a line
            del self._read[: end + size + 4]
            if not size:
                self._end(whole=True)

    def _tell(self, event: bytes) -> None:
        name, data = b"", b""
        for line in event.split(b"\n"):
            if line.startswith(b"data: "):
                data = line[6:]
            elif line.startswith(b"event: "):
                name = line[7:]
        if data:
            self._heard(name, data)

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more will come."""
        self._end(whole=False)

    def _end(self, *, whole: bool) -> None:
        if not self.over.done():
            self.whole = whole
            self.over.set_result(None)
            self._transport.close()


class Person:
    """One person: starts a session, watches it to its end, and, by their number, commands it once."""

    def __init__(self, number: int, server: Server, agents: dict[str, str], seen: Seen) -> None:
        self.number = number
        self._server = server
        self._agents = agents
        self._seen = seen
        self._confirmed = 0
        self._ended = False
        self._over = False
        self._more = asyncio.Event()

    async def sit(self) -> None:
        """From the start of the session to its end."""
        began_s = time.monotonic()
        body = {"task": f"Carry the load number {self.number}", "world": "free", "lookahead": 2, **self._agents}
        while True:
            status, answer, wait_s = await self._server.post("/api/sessions", body)
            self._seen.statuses[status] = self._seen.statuses.get(status, 0) + 1
            if status == 201:
                break
            await asyncio.sleep(wait_s or 1.0)
        self._seen.begun_ms.append(1000 * (time.monotonic() - began_s))
        self._seen.names[self.number] = answer["name"]
        self._seen.started += 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._command(answer["name"]))
            await self._watch(answer["name"])
            self._over = True
            self._more.set()

    async def _watch(self, name: str) -> None:
        records = self.number % EVERY_RECORD == EVERY_RECORD - 1
        path = f"/api/sessions/{name}/" + ("events?since=0" if records else "stream")
        heard = self._record if records else self._scene
        _, stream = await asyncio.get_running_loop().create_connection(
            lambda: Stream(self._server.get(path), heard), *self._server.place
        )
        await stream.over
        self._seen.bytes += stream.bytes
        if self._ended:
            self._seen.ended += 1
        else:
            self._seen.cut_off += 1

    def _record(self, name: bytes, data: bytes) -> None:
        self._seen.messages += 1
        self._ended = self._ended or name == b"end"
        if b'"kind":"confirmed"' in data:
            self._shows(json.loads(data)["at"] + 1)

    def _scene(self, name: bytes, data: bytes) -> None:
        self._seen.messages += 1
        self._ended = self._ended or name == b"end"
        if b'"confirmed":' not in data or name:
            return
        found = json.loads(data)
        if "scene" in found:
            self._shows(len(found["scene"]["confirmed"]))
        elif (grown := found["lists"].get("confirmed")) is not None:
            self._shows(grown["keep"] + len(grown["then"]))

    def _shows(self, confirmed: int) -> None:
        now_s = time.monotonic()
        for at in range(self._confirmed, confirmed):
            self._seen.shown.setdefault((self.number, at), now_s)
        self._confirmed = max(self._confirmed, confirmed)
        self._more.set()

    async def _command(self, name: str) -> None:
        """Send each command once so many steps are confirmed as it waits for."""
        for confirmed, body, after_s in _plans(self.number):
            while self._confirmed < confirmed and not self._over:
                self._more.clear()
                await self._more.wait()
            if self._over:
                return
            await asyncio.sleep(after_s)
            said = Said(task=self.number, command=body["command"], at=self._confirmed, sent_s=time.monotonic())
            self._seen.said.append(said)
            said.status, _, _ = await self._server.post(f"/api/sessions/{name}/commands", {"id": body["command"], **body})
            said.answered_s = time.monotonic()


def _plans(number: int) -> list[tuple[int, dict[str, Any], float]]:
    """What this person does: after how many confirmed steps, what, and after how many seconds more."""
    if number % 4 == 0:
        return [(1, {"command": "take", "text": "Do something else"}, 0.0)]
    if number % 8 == 1:
        return [(2, {"command": "pause"}, 0.0), (0, {"command": "go_on"}, 1.0)]
    if number % 16 == 2:
        return [(2, {"command": "steer", "sentence": "Do it with care."}, 0.0)]
    if number % 16 == 3:
        return [(3, {"command": "stop"}, 0.0)]
    return []
