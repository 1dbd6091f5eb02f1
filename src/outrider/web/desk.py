"""The desk: the sessions that run in this server's process. It starts them, keeps what is to be seen of each, and ends them.

Each runs in a task of its own. What goes wrong in one ends that one; the others do not notice (law 10).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from outrider.errors import BadOption, CallerError, JournalError, NotNow, RunEnded, ShuttingDown, first_of
from outrider.journal import JournalStore, Owned
from outrider.launch import Follows, Launch, Launches, Understood, Wanted, launch, understand
from outrider.resuming import check_unfinished
from outrider.rules.events import Opened, Record
from outrider.runtime import Limits, ServerLimits, Session
from outrider.runtime.turns import Ticket
from outrider.settings import settings_in
from outrider.telemetry.watching import NO_TELEMETRY
from outrider.web.answers import kind_of, tell_bug
from outrider.web.lending import Lending
from outrider.web.live import Live
from outrider.web.resuming import Again, check_carried, check_free, opening_of, session_again, tended, wanted_again
from outrider.web.rooms import STOPPING, Rooms
from outrider.web.team import Team
from outrider.web.users import ALONE, User

if TYPE_CHECKING:
    from outrider.tools import Toolbox

STOPPED: Final = "the server was stopped"

MOST_ENDED: Final = 20
"""So many that have ended are kept, to answer a command that is sent again."""

Begins: TypeAlias = Callable[[Launch, Owned], Awaitable[Session]]
"""Makes the session, which is owned, of a run that is ready."""

Work: TypeAlias = Callable[[asyncio.Future["Live"]], Coroutine[None, None, None]]
"""Runs a session to its end; whoever waits for it is given it once it has begun."""


class Desk:
    """Holds the sessions of one server. Enter it to begin; leaving it stops them in order and waits for them.

    ``telemetry`` is told of every session that begins after it is set. What ``settings`` gives of how a session is launched is
    kept in its journal; without any, nobody can resume it. Where
    ``launches`` has others make the calls, ``follows`` follows again what goes on there.
    With ``hands_over``, sessions are not stopped in the end: they are left to ``resume``. ``says`` is told how the end comes.

    Args:
        journal: where they are kept.
        lending: opens the models they need.
        limits: what they share; by default what each model server teaches them by refusing.
        team: who may do what, within ``limits``; by default one person everything.
        rooms: how many may run at once, and wait for that.
    """

    def __init__(
        self,
        journal: JournalStore,
        lending: Lending,
        limits: Limits | None = None,
        *,
        team: Team | None = None,
        rooms: Rooms | None = None,
    ) -> None:
        self.journal = journal
        self.closing = asyncio.Event()
        self.draining = asyncio.Event()
        self.team = team or Team(limits or Limits(servers=ServerLimits()))
        self._rooms = rooms or Rooms()
        self.launches: Launches = launch
        self._lending = lending
        self.telemetry = NO_TELEMETRY
        self.follows: Follows | None = None
        self.hands_over = False
        self.says: Callable[[str], None] = lambda told: None
        self.own_tools: Toolbox | None = None
        self.settings: Callable[[Understood], str] = lambda understood: ""
        self._opening: set[str] = set()
        self._sessions: dict[str, Live] = {}
        self._handed_over: set[str] = set()
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
        """Take no more sessions, stop or hand over those that run, and give up those that are being opened.

        A second time, nothing.
        """
        self.draining.set()
        self._rooms.close()
        self.closing.set()
        for task in tuple(self._launching):
            task.cancel()
        for live in self.running:
            self._end(live.session)

    def _end(self, session: Session) -> None:
        if self.hands_over:
            with contextlib.suppress(CallerError):  # one that cannot be resumed is stopped
                session.hand_over(STOPPED)
                self._handed_over.add(session.name)
                return
        session.stop(STOPPED)

    async def drain(self, within_s: float) -> None:
        """Take no more sessions, and ``close`` once those that run have ended, or after ``within_s`` seconds."""
        self.draining.set()
        self._rooms.close()
        if within_s and (taken := self._rooms.taken):
            runs = "1 session runs" if taken == 1 else f"{taken} sessions run"
            self.says(f"draining: {runs}, for up to {within_s:g} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._rooms.empty(self.closing)
        self.close()

    @property
    def running(self) -> list[Live]:
        """The sessions that run now, the oldest first."""
        return [live for live in self._sessions.values() if not live.over]

    def find(self, name: str) -> Live | None:
        """The session with that name, if it runs here or did a moment ago."""
        return self._sessions.get(name)

    async def start(self, wanted: Wanted, *, ask: bool = False, by: User = ALONE) -> Live:
        """A session of what is wanted, once its first event is journalled; ``ask`` if a person can be asked at a limit.

        Raises:
            UnknownName, BadOption, EmptyTask: something makes no sense.
            NotAllowed: ``by`` may not start it.
            ProviderError: a model cannot be had.
            JournalError: the session to go on from cannot be read, or the audit not written.
            TooMany: as many run as may, and wait as may.
            ShuttingDown: the server is stopping.
        """
        understood = understand(wanted, self.team.limits_of(by), self.own_tools)

        async def begins(ready: Launch, mine: Owned) -> Session:
            return ready.session(ask=ask, owned=mine, settings=self.settings(understood))

        with self.team.noting_refusals(by, "start"):
            self.team.check_start(by, understood, self._rooms.of(by))
        return await self._started(partial(self._launch, secrets.token_hex(4), understood, begins, by), by, "start")

    async def resume(self, name: str, again: Again, *, by: User = ALONE) -> Live:
        """The interrupted session of exactly this name goes on here, in the limits of ``by``; one that runs here already is it.

        Raises:
            NotNow: it has finished, or is being opened.
            SessionOwned: another process runs it.
            BadOption: what is given does not go together with what is on record, or something has to be given again.
            JournalError: it cannot be read.
            NotAllowed, ProviderError, TooMany, ShuttingDown: as for ``start``.
        """
        if (live := self.find(name)) is not None and not live.over:
            return live
        if name in self._opening:
            raise NotNow(f"session {name!r} is being opened here already; look again in a moment")
        check_unfinished(self.journal, name)
        check_free(self.journal, name)
        work = self._resuming(name, again, by)
        self._opening.add(name)
        try:
            return await self._started(work, by, "resume", name, after=len(self.journal.read(name)))
        finally:
            self._opening.discard(name)

    def _resuming(self, name: str, again: Again, by: User) -> Work:
        opened = opening_of(self.journal, name)
        check_carried(name, opened, by_engine=self.follows is not None)
        if self.follows is not None:
            self.team.check_one_more(by, self._rooms.of(by))
            return partial(self._follow, name, self.follows, self._asked_for(opened, by), by)
        understood = understand(wanted_again(name, opened, again), self.team.limits_of(by), self.own_tools)

        async def begins(ready: Launch, mine: Owned) -> Session:
            return await session_again(ready, mine, again)

        with self.team.noting_refusals(by, "resume", name):
            self.team.check_start(by, understood, self._rooms.of(by))
        return partial(self._launch, name, understood, begins, by)

    def _asked_for(self, opened: Opened, by: User) -> Understood | None:
        """What was asked for when the session began, in the limits of ``by``; ``None`` if that is not known."""
        try:
            wanted = settings_in(opened).wanted
        except BadOption:
            return None
        return understand(wanted, self.team.limits_of(by), self.own_tools)

    async def _started(self, work: Work, by: User, did: str, name: str = "", after: int = 0) -> Live:
        """The session that ``work`` begins as ``did``, or goes on with by its ``name`` after so many records."""
        ticket = await self._rooms.enter(by, self.team.limits_of(by).caller)
        try:
            key = self._asked(by, did, name)
        except JournalError:
            self._rooms.leave(by, ticket)
            raise
        begun: asyncio.Future[Live] = asyncio.get_running_loop().create_future()
        task = self._group.create_task(work(begun))
        self._launching.add(task)
        self._leaves(task, begun, by, ticket)
        return await self._begun(begun, key, after)

    async def begin(self, session: Session, by: User = ALONE) -> Live:
        """``session`` runs here from now on; its first event has happened when this returns.

        Raises:
            TooMany: as many run as may, and wait as may.
            ShuttingDown: the server is stopping.
        """
        ticket = await self._rooms.enter(by, self.team.limits_of(by).caller)
        begun: asyncio.Future[Live] = asyncio.get_running_loop().create_future()
        self._leaves(self._group.create_task(self._guarded(session, begun, by)), begun, by, ticket)
        return await begun

    def _leaves(self, task: asyncio.Task[None], begun: asyncio.Future[Live], by: User, ticket: Ticket) -> None:
        """Once ``task`` has ended, its room is free: also if it was cancelled before it could begin."""

        def left(task: asyncio.Task[None]) -> None:
            self._launching.discard(task)
            self._rooms.leave(by, ticket)
            if not begun.done():
                begun.set_exception(ShuttingDown(STOPPING))

        task.add_done_callback(left)

    def running_of(self, user: User) -> int:
        """How many sessions of ``user`` run, or wait to."""
        return self._rooms.of(user)

    def _asked(self, by: User, did: str, name: str) -> str:
        return self.team.audit.asks(by.name, by.role, did, session=name) if self.team.audit is not None else ""

    async def _begun(self, begun: asyncio.Future[Live], key: str, after: int) -> Live:
        """The session that was begun, or why it was not; either is noted."""
        audit = self.team.audit
        try:
            live = await begun
        except Exception as error:
            if audit is not None:
                audit.answered(key, kind_of(error))
            raise
        if audit is not None:
            audit.answered(key, "accepted", session=live.name, record=after)
        return live

    async def _launch(self, name: str, understood: Understood, begins: Begins, by: User, begun: asyncio.Future[Live]) -> None:
        try:
            with tended(self.journal, name) as mine:  # nobody's any more, if it does not begin
                async with self._lending.lent(understood) as lent:
                    # Two that open the same models here would load them twice; others have nothing to wait for.
                    async with lent.turn if understood.any_here else contextlib.nullcontext():
                        ready = await self.launches(understood, lent.models, self.journal)
                    self._opened()
                    session = await begins(ready, mine)
                    await self._run(session, begun, by)
                    with contextlib.suppress(JournalError):  # a journal that was lost is said where the run's end is
                        ready.keep_learned(session)
        except asyncio.CancelledError:
            if not begun.done():
                begun.set_exception(ShuttingDown(STOPPING))
            raise
        except Exception as error:
            _refuse(begun, error)

    async def _follow(
        self, name: str, follows: Follows, understood: Understood | None, by: User, begun: asyncio.Future[Live]
    ) -> None:
        self._opened()
        try:
            with tended(self.journal, name) as mine:
                await self._run(follows(self.journal, name, mine, understood), begun, by)
        except Exception as error:
            _refuse(begun, error)

    def _opened(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._launching.discard(task)

    async def _guarded(self, session: Session, begun: asyncio.Future[Live], by: User) -> None:
        try:
            await self._run(session, begun, by)
        except Exception as error:
            _refuse(begun, error)

    async def _run(self, session: Session, begun: asyncio.Future[Live], by: User) -> None:
        live = self._sessions[session.name] = Live(session, by, self.team, self.journal)
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
            self._say_end(live)
            self._forget()

    def _say_end(self, live: Live) -> None:
        """What the end of the server has made of a session: one that had finished by then is none of it."""
        picture = live.watch.picture
        if live.name in self._handed_over and picture.outcome is None:
            self.says(f"left to the next server: {live.name}")
        elif picture.outcome == "stopped" and picture.reason == STOPPED:
            self.says(f"stopped {live.name}")

    def _note(self, live: Live, record: Record, begun: asyncio.Future[Live]) -> None:
        live.receive(record)
        if not begun.done():
            begun.set_result(live)

    def _forget(self) -> None:
        """Those that ended longest ago make room."""
        ended = [name for name, live in self._sessions.items() if live.over]
        for name in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._sessions[name]


def _refuse(begun: asyncio.Future[Live], error: Exception) -> None:
    """Whoever asked for the session learns why it did not begin; what goes wrong after that stands in the server's log."""
    if begun.done():
        tell_bug(error)
    else:
        begun.set_exception(error)
