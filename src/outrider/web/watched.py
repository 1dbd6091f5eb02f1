"""A session as it is watched: its records folded into what is to be seen, and a bell that rings when there is more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from outrider.journal import JournalStore
from outrider.model import JSON
from outrider.rules.events import Finished, Record
from outrider.views.scene import Watch
from outrider.web.scenes import Drawing

LOOK_EVERY_S: Final = 0.5
"""So often the journal is looked at for a session that runs in another process."""


class Watched:
    """What a session has come to. Any number of readers wait for more; none is waited for, and nothing piles up for them.

    ``n`` is the number of the last record, -1 before the first. ``over`` is set when nothing more will come; if that is because
    something broke in Outrider, ``trouble`` says so.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._heard_s = clock()
        self.watch = Watch()
        self._drawing = Drawing(self.watch)
        self.n = -1
        self.over = False
        self.trouble = ""
        self._bell = asyncio.Event()
        self._drawn: dict[str, JSON] | None = None

    @property
    def finished(self) -> bool:
        """Whether every call is accounted for."""
        return self.watch.picture.finished

    @property
    def age_s(self) -> float:
        """How long ago the last record came: so much later than the scene says it is now."""
        return self._clock() - self._heard_s

    def receive(self, record: Record) -> None:
        """Take ``record`` in, and tell whoever waits."""
        self._heard_s = self._clock()
        self.watch.receive(record)
        self.n = record.n
        self._drawn = None
        self.over = self.over or isinstance(record.event, Finished)
        self._ring()

    def end(self) -> None:
        """Nothing more will come."""
        self.over = True
        self._ring()

    def scene(self) -> dict[str, JSON]:
        """The scene as JSON; drawn once, however many watch."""
        if self._drawn is None:
            self._drawn = self._drawing.scene()
        return self._drawn

    async def beyond(self, n: int) -> None:
        """Wait until there are records after number ``n``, or no more will come."""
        while self.n <= n and not self.over:
            await self._bell.wait()

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()


class Followed(Watched):
    """A session that does not run here, read from the journal. One that has not finished is followed there.

    Raises:
        UnknownName: there is no such session.
        JournalCorrupt: it cannot be read.
    """

    def __init__(self, name: str, journal: JournalStore, closing: asyncio.Event) -> None:
        super().__init__(name)
        self._journal = journal
        self._closing = closing
        self._look()

    def _look(self) -> None:
        for record in self._journal.read(self.name, since=self.n + 1):
            self.receive(record)

    async def beyond(self, n: int) -> None:
        """Wait until the journal holds records after number ``n``; the server's end is the end too."""
        while self.n <= n and not self.over:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._closing.wait()
                self.end()
            except TimeoutError:
                self._look()
