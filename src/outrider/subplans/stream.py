"""A stream of a run's records for one observer. A slow observer is dropped, never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Final, Self

from outrider.errors import NotNow, ObserverTooSlow
from outrider.subplans.events import RunRecord

MOST_WAITING: Final = 20_000
"""Records that may wait for an observer before it is dropped: those of all sub-plans."""


class RunStream:
    """Records in order, from the moment the stream is opened to the end of the run. Use ``async with``, then ``async for``."""

    def __init__(self, streams: dict[RunStream, None], *, over: bool, most_waiting: int = MOST_WAITING) -> None:
        self._streams = streams
        self._over = over
        self._most = most_waiting
        self._waiting: deque[RunRecord] = deque()
        self._arrival = asyncio.Event()
        self._dropped = False
        self._entered = False

    async def __aenter__(self) -> Self:
        self._entered = True
        if not self._over:
            self._streams[self] = None
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._streams.pop(self, None)
        self._over = True

    def push(self, record: RunRecord) -> None:
        """A record has happened. Returns at once, whatever the observer does."""
        if len(self._waiting) >= self._most:
            self._dropped = True
            self._waiting.clear()
            self._streams.pop(self, None)
        else:
            self._waiting.append(record)
        self._arrival.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._over = True
        self._arrival.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RunRecord:
        """The next record, waiting for it.

        Raises:
            ObserverTooSlow: more records had piled up than may wait.
        """
        if not self._entered:
            raise NotNow("the stream is not open; write: async with run.events() as events")
        while not self._waiting:
            if self._dropped:
                raise ObserverTooSlow(f"{self._most} records were waiting to be read; open a new stream, or read the journal")
            if self._over:
                raise StopAsyncIteration
            self._arrival.clear()
            await self._arrival.wait()
        return self._waiting.popleft()
