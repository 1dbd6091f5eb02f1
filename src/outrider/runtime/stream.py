"""A stream of records for one observer. A slow observer is dropped, never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from outrider.errors import NotNow, ObserverTooSlow
from outrider.rules.events import Finished, Record

T = TypeVar("T")

MOST_WAITING: Final = 10_000
"""Records that may wait for an observer before it is dropped."""


class Stream(Generic[T]):
    """Records in order, from the moment the stream is opened. Use ``async with`` and then ``async for``.

    Several streams of one thing are independent of each other.

    Args:
        streams: the streams that are open; this one is among them while somebody reads it.
        over: whether nothing more will come.
        most_waiting: records that may wait for the observer before it is dropped.
    """

    def __init__(self, streams: dict[Stream[T], None], over: Callable[[], bool], most_waiting: int = MOST_WAITING) -> None:
        self._streams = streams
        self._ended = over
        self._most = most_waiting
        self._waiting: deque[T] = deque()
        self._arrival = asyncio.Event()
        self._over = False
        self._dropped = False
        self._entered = False

    async def __aenter__(self) -> Self:
        self._entered = True
        self._over = self._ended()
        if not self._over:
            self._streams[self] = None
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._streams.pop(self, None)
        self._over = True

    def begin(self, records: Sequence[T]) -> None:
        """What is watched goes on from these records, which were made before: they come first, however many they are."""
        self._most += len(records)
        for record in records:
            self.push(record)

    def push(self, record: T) -> None:
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

    async def __anext__(self) -> T:
        """The next record, waiting for it.

        Raises:
            ObserverTooSlow: more records had piled up than may wait.
        """
        if not self._entered:
            raise NotNow("the stream is not open; write: async with ….events() as events")
        while not self._waiting:
            if self._dropped:
                raise ObserverTooSlow(f"{self._most} records were waiting to be read; open a new stream, or read the journal")
            if self._over:
                raise StopAsyncIteration
            self._arrival.clear()
            await self._arrival.wait()
        return self._waiting.popleft()


class Streams(dict[Stream[T], None]):
    """The streams of one thing that are open, in the order in which they were. One that is too slow leaves while it is told."""

    def begin(self, records: Sequence[T]) -> None:
        """As ``Stream.begin``, for all."""
        for stream in tuple(self):
            stream.begin(records)

    def push(self, record: T) -> None:
        """As ``Stream.push``, for all."""
        for stream in tuple(self):
            stream.push(record)

    def end(self) -> None:
        """As ``Stream.end``, for all."""
        for stream in tuple(self):
            stream.end()


class EventStream(Stream[Record]):
    """A session's records. It ends after the ``finished`` event."""

    def push(self, record: Record) -> None:
        """A record has happened. Returns at once, whatever the observer does."""
        super().push(record)
        if isinstance(record.event, Finished):
            self.end()
