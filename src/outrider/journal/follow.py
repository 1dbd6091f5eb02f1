"""What comes, as it comes: a stream that reads what there is, waits until there may be more, and reads on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

from outrider.errors import NotNow

T = TypeVar("T")

POLL_S: Final = 0.05
"""So often a store that cannot ring a bell is asked whether it has changed."""


class Bell(Protocol):
    """Says when there may be more to read. Missing a change is a mistake; being wrong that there is one is none."""

    async def wait(self) -> None:
        """Return once something may have changed since the last time, or since the bell was made."""
        ...

    def close(self) -> None:
        """It will not be waited for any more."""
        ...


class Numbered(Protocol):
    """What has a place in a stream."""

    @property
    def n(self) -> int:
        """Its number; numbers grow."""
        ...


N = TypeVar("N", bound=Numbered)


class Following(Generic[N]):
    """A stream of what a store holds and will hold. Enter it with ``async with``, read it with ``async for``.

    Args:
        bell: made before anything is read, so that nothing is missed in between.
        read: what there is now from a number on.
        since: the first number that is wanted.
        is_last: whether nothing comes after this one.
    """

    def __init__(
        self, bell: Callable[[], Bell], read: Callable[[int], Awaitable[Sequence[N]]], since: int, is_last: Callable[[N], bool]
    ) -> None:
        self._make_bell = bell
        self._read = read
        self._since = since
        self._is_last = is_last
        self._bell: Bell | None = None
        self._ready: deque[N] = deque()
        self._over = False

    async def __aenter__(self) -> Self:
        self._bell = self._make_bell()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over = True
        self._ready.clear()
        if self._bell is not None:
            self._bell.close()
            self._bell = None

    async def now(self) -> Sequence[N]:
        """What there is now, without waiting for more; for whoever looks in now and then. The stream needs not be entered."""
        return await self._read(self._since)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> N:
        if not self._ready and not self._over:
            await self._more()
        if not self._ready:
            raise StopAsyncIteration
        item = self._ready.popleft()
        self._over = self._over or self._is_last(item)
        return item

    async def _more(self) -> None:
        if self._bell is None:
            raise NotNow("the stream is not entered; write: async with journal.follow(...) as records")
        self._ready.extend(await self._read(self._since))
        while not self._ready:
            await self._bell.wait()
            self._ready.extend(await self._read(self._since))
        self._since = self._ready[-1].n + 1


async def at_once(items: Callable[[], Sequence[T]]) -> Sequence[T]:
    """What a store that does not wait has read."""
    return items()


class PollingBell:
    """Rings when ``changed`` says so, asked every ``POLL_S`` seconds."""

    def __init__(self, changed: Callable[[], bool], close: Callable[[], None]) -> None:
        self._changed = changed
        self.close = close

    async def wait(self) -> None:
        """Return once something has changed."""
        while True:
            await asyncio.sleep(POLL_S)
            if self._changed():
                return


class EventBell:
    """Rings when somebody in this process calls ``ring``."""

    def __init__(self, bells: set[EventBell]) -> None:
        self._bells = bells
        self._rung = asyncio.Event()
        bells.add(self)

    def ring(self) -> None:
        """Let the reader look."""
        self._rung.set()

    async def wait(self) -> None:
        """Return once it was rung, or has been since the last time."""
        await self._rung.wait()
        self._rung.clear()

    def close(self) -> None:
        """Nobody rings it any more."""
        self._bells.discard(self)
