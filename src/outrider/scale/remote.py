"""A session that runs in the engine, with the same handle as one that runs here: watch, take a step, go back, stop, result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from outrider.errors import JournalError, OldFence
from outrider.runtime import Session
from outrider.scale import wire
from outrider.scale.engine import Engine
from outrider.scale.following import Following


class RemoteSession(Session):
    """``session``, in the engine: one that has not begun, or, without ``setting``, one that runs or has run there.

    Leaving it stops it, as everywhere. If this process dies instead, it goes on in the engine to its end.
    """

    def __init__(self, session: Session, engine: Engine, setting: wire.Setting | None = None) -> None:
        vars(self).update(vars(session))  # all is as it was, but for who drives it
        self._loop = self._following = Following(
            engine,
            setting,
            self._streams.end,
            rules=self._rules,
            task=self.task,
            agents={},
            limits=self._limits,
            publish=self._publish,
            session=self.name,
        )

    async def _or_stop(self, work: Callable[[], Awaitable[None]]) -> None:
        """What this process may not write any more, another one follows; the engine goes on with it all the same."""
        try:
            await work()
        except OldFence as error:
            self._following.lose(error)
        except JournalError:  # the mailbox cannot be read; what becomes of the records is said where they are written
            return
