"""A stream of a session's records for one observer. A slow observer is dropped, never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from outrider.errors import NotNow, ObserverTooSlow
from outrider.rules.events import Finished, Record

MOST_WAITING = 10_000
"""Records that may wait for an observer before it is dropped."""


class EventStream:
    """Records in order, from the moment the stream is opened. Use ``async with`` and then ``async for``.

    It ends after the ``finished`` event. Several streams of one session are independent of each other.
    """

    def __init__(self, streams: set[EventStream], ended: Callable[[], bool], most_waiting: int = MOST_WAITING) -> None:
        self._streams = streams
        self._ended = ended
        self._most = most_waiting
        self._waiting: deque[Record] = deque()
        self._arrival = asyncio.Event()
        self._over = False
        self._dropped = False
        self._entered = False

    async def __aenter__(self) -> Self:
        self._entered = True
        self._streams.add(self)
        self._over = self._ended()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._streams.discard(self)
        self._over = True

    def begin(self, records: Sequence[Record]) -> None:
        """The session goes on from these records, which were made before: they come first, however many they are."""
        self._most += len(records)
        for record in records:
            self.push(record)

    def push(self, record: Record) -> None:
        """A record has happened. Returns at once, whatever the observer does."""
        if len(self._waiting) >= self._most:
            self._dropped = True
            self._waiting.clear()
            self._streams.discard(self)
        else:
            self._waiting.append(record)
            self._over = isinstance(record.event, Finished)
        self._arrival.set()

    def end(self) -> None:
        """Nothing more will come: the session was left."""
        self._over = True
        self._arrival.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Record:
        """The next record, waiting for it.

        Raises:
            ObserverTooSlow: more records had piled up than may wait.
        """
        if not self._entered:
            raise NotNow("the stream is not open; write: async with session.events() as events")
        while not self._waiting:
            if self._dropped:
                raise ObserverTooSlow(f"{self._most} events were waiting to be read; open a new stream, or read the journal")
            if self._over:
                raise StopAsyncIteration
            self._arrival.clear()
            await self._arrival.wait()
        return self._waiting.popleft()
