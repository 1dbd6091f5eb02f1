"""Following sessions: each outlet is given a session's records with the facts that follow from them.

Whatever goes wrong in an outlet ends that outlet for that session. The run does not notice, and waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from outrider.errors import ObserverTooSlow
from outrider.rules.events import Record
from outrider.runtime.session import Session
from outrider.runtime.stream import EventStream
from outrider.telemetry.facts import Fact
from outrider.telemetry.folding import Facts

BROKEN: Final = "telemetry of session %s was given up: %s"


class Receiver(Protocol):
    """Takes one session's records."""

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        """Take in a record that a process before this one has made, and told of: what follows is told in its light."""
        ...

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        """Take ``record`` in, with what follows from it."""
        ...

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        """Nothing more will come; ``facts`` are of what has not ended."""
        ...


class Outlet(Protocol):
    """Where telemetry goes: spans, metrics or a log."""

    def follow(self, session: str, compared_with: str = "") -> Receiver:
        """A receiver for the session of that name, which is about to be opened. If it is the target alone, run to be compared
        with another session, that one's name is given.
        """
        ...


class Scraped(Protocol):
    """Metrics that somebody comes for."""

    @property
    def content_type(self) -> str:
        """The type of ``text``."""
        ...

    def text(self) -> bytes:
        """Every metric."""
        ...


class Following:
    """One session's records, as they go to every outlet. The first ``earlier`` were made by processes before this one."""

    def __init__(
        self, session: str, receivers: Sequence[Receiver], troubled: Callable[[str, Exception], None], earlier: int = 0
    ) -> None:
        self._session = session
        self._earlier = earlier
        self._receivers = list(receivers)
        self._troubled = troubled
        self._facts = Facts()
        self._last_s = 0.0

    def receive(self, record: Record) -> None:
        """Give ``record`` to every outlet. Nothing is raised."""
        if not self._receivers:
            return
        self._last_s = record.time_s
        try:
            facts = self._facts.receive(record)
        except Exception as error:
            self._receivers.clear()
            self._troubled(self._session, error)
            return
        if record.n < self._earlier:
            self._tell(lambda receiver: receiver.earlier(record, facts))
        else:
            self._tell(lambda receiver: receiver.receive(record, facts))

    def close(self) -> None:
        """Nothing more will come. Nothing is raised."""
        facts = self._facts.close(self._last_s)
        self._tell(lambda receiver: receiver.close(self._last_s, facts))

    def _tell(self, what: Callable[[Receiver], None]) -> None:
        for receiver in tuple(self._receivers):
            try:
                what(receiver)
            except Exception as error:
                self._receivers.remove(receiver)
                self._troubled(self._session, error)


class _Watching:
    def __init__(self, session: Session, following: Following, troubled: Callable[[str, Exception], None]) -> None:
        self._name = session.name
        self._events = session.events()
        self._following = following
        self._troubled = troubled
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._events.__aenter__()
        await self._group.__aenter__()
        self._group.create_task(self._read(self._events))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """What has happened until now is given on; nothing after it."""
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        self._events.end()
        try:
            # An error of the body's own is not the group's: it would come out wrapped in an exception group.
            await self._group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))
        finally:
            await self._events.__aexit__(kind, error, trace)
            self._following.close()

    async def _read(self, events: EventStream) -> None:
        try:
            async for record in events:
                self._following.receive(record)
        except ObserverTooSlow as error:
            self._troubled(self._name, error)
        except asyncio.CancelledError:
            await self._rest(events)
            raise

    async def _rest(self, events: EventStream) -> None:
        """What waits already is given on even if the task is being cancelled: the calls' ends are among it."""
        with contextlib.suppress(ObserverTooSlow):
            async for record in events:
                self._following.receive(record)


class Telemetry:
    """What is told of sessions, and where to.

        async with telemetry.watching(session), session:
            ...

    Args:
        outlets: spans, metrics, a log; without any, watching does nothing.
        carry: takes the headers of a request, or the like, and gives what makes the trace in them the current one.
        scraped: one of the outlets, if it is to be asked for what it has.
    """

    def __init__(
        self,
        *outlets: Outlet,
        carry: Callable[[Mapping[str, str]], contextlib.AbstractContextManager[None]] | None = None,
        scraped: Scraped | None = None,
    ) -> None:
        self.scraped = scraped
        self._outlets = outlets
        self._carry = carry

    def __bool__(self) -> bool:
        return bool(self._outlets)

    def following(self, session: str, *, earlier: int = 0, compared_with: str = "") -> Following:
        """What takes the records of the session of that name, one by one: for records that come from a journal.

        The first ``earlier`` were told of by the process that made them. ``compared_with`` is for the target alone: the session
        that it is run to be compared with.
        """
        return Following(session, [outlet.follow(session, compared_with) for outlet in self._outlets], _say, earlier)

    def watching(self, session: Session, *, compared_with: str = "") -> contextlib.AbstractAsyncContextManager[object]:
        """Enter it before ``session``: everything that happens in it until this is left is told. Of a session that is resumed,
        what happens from now on.
        """
        if not self._outlets:
            return contextlib.nullcontext()
        following = self.following(session.name, earlier=session.earlier, compared_with=compared_with)
        return _Watching(session, following, _say)

    @contextlib.contextmanager
    def within(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Inside, sessions that are begun belong to the trace that ``headers`` carry (W3C ``traceparent``), if any."""
        with contextlib.nullcontext() if self._carry is None else self._carry(headers):
            yield


def _say(session: str, error: Exception) -> None:
    logging.getLogger("outrider.telemetry").warning(BROKEN, session, type(error).__name__)


NO_TELEMETRY: Final = Telemetry()
"""Tells nobody anything."""

__all__ = ["NO_TELEMETRY", "Following", "Outlet", "Receiver", "Scraped", "Telemetry"]
