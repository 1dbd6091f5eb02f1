"""The desk: the sessions that run in this server's process. It starts them, keeps what is to be seen of each, and ends them.

Each runs in a task of its own. What goes wrong in one ends that one; the others do not notice (law 10).
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from outrider.errors import JournalError, NotNow, RunEnded, first_of
from outrider.journal import JournalStore
from outrider.launch import Launches, Understood, Wanted, launch, understand
from outrider.rules.events import Record
from outrider.runtime import Limits, ServerLimits, Session
from outrider.telemetry.watching import NO_TELEMETRY
from outrider.web.answers import tell_bug
from outrider.web.commands import Answered, Answers, Command, refused
from outrider.web.lending import Lending
from outrider.web.watched import Watched

if TYPE_CHECKING:
    from outrider.tools import Toolbox

MOST_LIVE: Final = 32
"""So many sessions may run at once."""

STOPPING: Final = "the server is stopping; start it again"

MOST_ENDED: Final = 20
"""So many that have ended are kept, to answer a command that is sent again."""


class Live(Watched):
    """A session that runs here, or ran here a moment ago."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.name)
        self.session = session
        self._answers = Answers()

    async def answer(self, command: Command) -> Answered:
        """Perform ``command``, once however often it is sent. The scene shows what came of it when this returns."""
        if (given := self._answers.given(command)) is not None:
            return given
        if self.over:
            return not_live(command, self.name)
        given = self._answers.to(command, self.session)
        await asyncio.sleep(0)  # the records are in the stream: its reader's turn comes before ours does again
        return given


class Desk:
    """Holds the sessions of one server. Enter it to begin; leaving it stops them in order and waits for them.

    ``telemetry`` is told of every session that begins after it is set.

    Args:
        journal: where they are kept.
        lending: opens the models they need.
        limits: what they share; by default what each model server teaches them by refusing.
    """

    def __init__(self, journal: JournalStore, lending: Lending, limits: Limits | None = None) -> None:
        self.journal = journal
        self.closing = asyncio.Event()
        self.launches: Launches = launch
        self._lending = lending
        self.telemetry = NO_TELEMETRY
        self.own_tools: Toolbox | None = None
        self._limits = limits or Limits(servers=ServerLimits())
        self._sessions: dict[str, Live] = {}
        self._launching: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        try:
            # An error of the body's own is not the group's: it would come out wrapped in an exception group.
            await self._group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        finally:
            await self._lending.close()

    def close(self) -> None:
        """Take no more sessions, stop those that run, and give up those that are being opened. A second time, nothing."""
        self.closing.set()
        for task in tuple(self._launching):
            task.cancel()
        for live in self.running:
            live.session.stop("the server was stopped")

    @property
    def running(self) -> list[Live]:
        """The sessions that run now, the oldest first."""
        return [live for live in self._sessions.values() if not live.over]

    def find(self, name: str) -> Live | None:
        """The session with that name, if it runs here or did a moment ago."""
        return self._sessions.get(name)

    async def start(self, wanted: Wanted, *, ask: bool = False) -> Live:
        """A session of what is wanted, once its first event is journalled; ``ask`` if a person can be asked at a limit.

        Raises:
            UnknownName, BadOption, EmptyTask: something makes no sense.
            ProviderError: a model cannot be had.
            JournalError: the session to go on from cannot be read.
            NotNow: too many sessions run, or the server is stopping.
        """
        understood = understand(wanted, self._limits, self.own_tools)
        begun: asyncio.Future[Live] = asyncio.get_running_loop().create_future()
        self._check_room()
        self._launching.add(self._group.create_task(self._launch(understood, begun, ask=ask)))
        return await begun

    async def begin(self, session: Session) -> Live:
        """``session`` runs here from now on; its first event has happened when this returns.

        Raises:
            NotNow: too many sessions run, or the server is stopping.
        """
        begun: asyncio.Future[Live] = asyncio.get_running_loop().create_future()
        self._check_room()
        self._group.create_task(self._guarded(session, begun))
        return await begun

    def _check_room(self) -> None:
        if self.closing.is_set():
            raise NotNow(STOPPING)
        if len(self.running) + len(self._launching) >= MOST_LIVE:
            raise NotNow(f"{MOST_LIVE} sessions run at once, which is the most; stop one of them first")

    async def _launch(self, understood: Understood, begun: asyncio.Future[Live], *, ask: bool) -> None:
        try:
            async with self._lending.lent(understood) as lent:
                async with lent.turn:  # two that open the same models would load them twice
                    ready = await self.launches(understood, lent.models, self.journal)
                self._opened()
                session = ready.session(ask=ask)
                await self._run(session, begun)
                with contextlib.suppress(JournalError):  # a journal that was lost is said where the run's end is
                    ready.keep_learned(session)
        except asyncio.CancelledError:
            if not begun.done():
                begun.set_exception(NotNow(STOPPING))
            raise
        except Exception as error:
            _refuse(begun, error)
        finally:
            self._opened()

    def _opened(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._launching.discard(task)

    async def _guarded(self, session: Session, begun: asyncio.Future[Live]) -> None:
        try:
            await self._run(session, begun)
        except Exception as error:
            _refuse(begun, error)

    async def _run(self, session: Session, begun: asyncio.Future[Live]) -> None:
        live = self._sessions[session.name] = Live(session)
        try:
            async with self.telemetry.watching(session), session, session.events() as events:
                async for record in events:
                    self._note(live, record, begun)
            with contextlib.suppress(RunEnded):  # how it ended is in its records
                await session.result()
        except Exception as error:
            if not begun.done():
                raise  # whoever asked for it is told
            live.trouble = tell_bug(error)
        finally:
            live.end()
            self._forget()

    def _note(self, live: Live, record: Record, begun: asyncio.Future[Live]) -> None:
        live.receive(record)
        if not begun.done():
            begun.set_result(live)

    def _forget(self) -> None:
        """Those that ended longest ago make room."""
        ended = [name for name, live in self._sessions.items() if live.over]
        for name in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._sessions[name]


def not_live(command: Command, name: str) -> Answered:
    """The answer to a command for a session that does not run here."""
    return refused(
        command, NotNow(f'session {name} does not run in this server; start one with "from": "{name}" to go on from it')
    )


def _refuse(begun: asyncio.Future[Live], error: Exception) -> None:
    """Whoever asked for the session learns why it did not begin; what goes wrong after that stands in the server's log."""
    if begun.done():
        tell_bug(error)
    else:
        begun.set_exception(error)
