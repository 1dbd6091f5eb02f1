"""A model server that takes its time for each answer and reports every request: when it came, and how it ended and when.

    python scripts/slow_provider.py --takes-s 10 --report calls.jsonl

It prints its URL as one line of JSON, answers until it is told to stop (SIGTERM, Ctrl-C), and writes a line for each request to
the report: the task's number, the model's name, the step's place, when it came, when it ended, and how. It was ``answered``, or
the client ``closed`` the connection before, or it is ``open`` still as the server ends. Times are of the system's monotonic
clock, which all processes of a machine share.

What it answers is a function of the prompt, and so is how long it takes. ``slow`` is the target's model; ``fast`` takes a quarter
of its time and names another step than it for about one step in four, so that branches are discarded and their calls closed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import time
import zlib
from pathlib import Path
from typing import Final, TextIO

from outrider.testing.model_server import says

FINISH: Final = "finish"

DRAFT_S: Final = 0.25
"""A draft takes so much of a verdict's time."""

REJECTED: Final = 4
"""One draft in so many is wrong."""

_HEAD: Final = b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"

_LENGTH: Final = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)

_TASK: Final = re.compile(r"number ([0-9]+)")

_STEP: Final = re.compile(r"^Step [0-9]+: ", re.MULTILINE)


class Provider:
    """What is the same for all connections: how long answers take and plans are, where requests are reported."""

    def __init__(self, takes_s: float, steps: int, report: TextIO) -> None:
        self.takes_s = takes_s
        self.steps = steps
        self._report = report
        self.open: set[Connection] = set()

    def answer(self, body: bytes) -> tuple[Call, bytes, float]:
        """What is asked, what to say to it, and after how many seconds."""
        asked = json.loads(body)
        prompt = asked["messages"][-1]["content"]
        found = _TASK.search(prompt)
        call = Call(task=int(found[1]) if found else -1, model=asked["model"], at=len(_STEP.findall(prompt)))
        drawn = zlib.crc32(f"{call.task} {call.at} {call.model}".encode())
        takes_s = self.takes_s * (0.5 + drawn % 1000 / 1000)
        return call, _reply(self._says(call)), takes_s * (DRAFT_S if call.model == "fast" else 1)

    def _says(self, call: Call) -> str:
        if call.at >= self.steps - 1:
            return FINISH
        wrong = call.model == "fast" and zlib.crc32(f"{call.at} of {call.task}".encode()) % REJECTED == 0
        return f"{'Try' if wrong else 'Do'} thing {call.at + 1} of {call.task}"

    def ended(self, call: Call, how: str) -> None:
        """The request has had its answer, or its client has gone."""
        line = [call.task, call.model, call.at, round(call.came_s, 6), round(time.monotonic(), 6), how]
        self._report.write(json.dumps(line) + "\n")


class Call:
    """A request that was made."""

    __slots__ = ("at", "came_s", "model", "task")

    def __init__(self, *, task: int, model: str, at: int) -> None:
        self.task, self.model, self.at = task, model, at
        self.came_s = time.monotonic()


class Connection(asyncio.Protocol):
    """One connection: requests come on it one after another. Where it is lost in mid-request, that is noted at once."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._read = bytearray()
        self._call: Call | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may be written to."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._provider.open.add(self)

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        found = _LENGTH.search(self._read, 0, end) if end >= 0 else None
        if self._call is None and found is not None and len(self._read) >= end + 4 + int(found[1]):
            body = bytes(self._read[end + 4 :])
            self._read.clear()
            self._call, reply, takes_s = self._provider.answer(body)
            self._timer = asyncio.get_running_loop().call_later(takes_s, self._send, reply)

    def _send(self, reply: bytes) -> None:
        self._transport.write(reply)
        self._ended("answered")

    def _ended(self, how: str) -> None:
        assert self._call is not None
        self._provider.ended(self._call, how)
        self._call = self._timer = None

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone."""
        self._provider.open.discard(self)
        self.end("closed")

    def end(self, how: str) -> None:
        """A request that is under way has ended so."""
        if self._timer is not None:
            self._timer.cancel()
            self._ended(how)


def _reply(text: str) -> bytes:
    chunks = says(text, usage={"prompt_tokens": 300, "completion_tokens": 10}).chunks
    return _HEAD + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


async def provide(takes_s: float, steps: int, report: TextIO) -> None:
    """Answer until told to stop."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    provider = Provider(takes_s, steps, report)
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"}), flush=True)
    await told.wait()
    for connection in tuple(provider.open):
        connection.end("open")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes-s", type=float, default=10.0, help="seconds that a verdict takes in the mean")
    parser.add_argument("--steps", type=int, default=8, help="steps of a plan, finish included")
    parser.add_argument("--report", type=Path, required=True)
    given = parser.parse_args()
    with given.report.open("w", buffering=1 << 16) as report:
        asyncio.run(provide(given.takes_s, given.steps, report))


if __name__ == "__main__":
    main()
