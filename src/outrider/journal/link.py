"""A connection to Postgres on a thread of its own, asked from any thread, and asked again while the server is away.

What waits for a server waits here, so that the rest of Outrider can write its journal as it writes a file. Every error of the
driver's passes through ``Link`` and comes out as a ``JournalError`` that names the server and never the password.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from types import ModuleType
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from outrider.errors import BadOption, JournalCorrupt, JournalError, JournalFull, JournalUnusable, OutriderError
from outrider.journal.bells import Bells, Ring
from outrider.journal.hosts import orders

T = TypeVar("T")

Database: TypeAlias = Any
"""A connection of asyncpg's, which is imported only where a Postgres journal is used."""

Question: TypeAlias = Callable[[Database, bool], Awaitable[T]]
"""What is asked; the second argument says whether it was asked before and the answer may have been lost on the way."""

CONNECT_S: Final = 5.0
"""So long a server may take to accept a connection."""

ANSWER_S: Final = 10.0
"""So long it may take to answer before the connection counts as cut: then nothing is said at all, not even that."""

_LAST_WORDS_S: Final = 1.0
"""So long a journal that is closed may take to tell others what was written last."""

_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Between one attempt and the next; the last again and again."""

_AWAY: Final = frozenset({"08", "57P01", "57P02", "57P03", "57P05", "53300", "40001", "40P01", "55P03"})
"""States of SQL that pass by themselves: no connection, shut down, starting up, too many connections, in one another's way."""


def driver() -> ModuleType:
    """The package that speaks to Postgres, asyncpg.

    Raises:
        BadOption: it is not installed.
    """
    try:
        import asyncpg
    except ImportError:
        raise BadOption("a Postgres journal needs one more package; install it with: pip install 'outrider[postgres]'") from None
    found: ModuleType = asyncpg
    return found


def shown(address: str) -> str:
    """``address`` as it may stand on a screen: without password and parameters."""
    try:
        found = urlsplit(address)
        host = found.netloc.rpartition("@")[2]
        user = f"{found.username}@" if found.username else ""
        return f"{found.scheme}://{user}{host}{found.path}"
    except ValueError:
        return "postgresql://[hidden]"


class Link:
    """Asks the server at ``address`` one question after another, and tells who listens of what has changed there.

    Args:
        address: a ``postgresql://`` URL; several hosts may be named, with ``target_session_attrs=primary``.
        read_only: refuse to write anything.
        patience_s: for how long a question is asked again while the server is away. Once that was in vain, every further one is
            tried once, until the server is back: what is lost is not waited for again and again.
        answer_s: after so many seconds without an answer the connection counts as cut.

    Raises:
        BadOption: asyncpg is not there.
    """

    def __init__(self, address: str, *, read_only: bool, patience_s: float, answer_s: float = ANSWER_S) -> None:
        self._driver = driver()
        self._addresses = deque(orders(address))
        self.name = shown(address)
        self._read_only = read_only
        self._patience_s = patience_s
        self._answer_s = answer_s
        self._given_up = True  # until it was there once: a server that is not reachable at the start is said at once
        self._db: Database | None = None
        self._closed = False
        begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, Bells]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(begun)), name="outrider journal", daemon=True)
        self._thread.start()
        self._loop, self._end, self._bells = begun.result()

    async def _live(self, begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, Bells]]) -> None:
        end, bells = asyncio.Event(), Bells(self._connect, self._answer_s)
        self._turn = asyncio.Lock()
        begun.set_result((asyncio.get_running_loop(), end, bells))
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(bells.keep_telling())
            await end.wait()
            bells.end()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await telling
        await bells.close()
        if self._db is not None:
            with suppress(Exception):  # nothing depends on a farewell
                await self._db.close(timeout=1)
            self._db.terminate()

    def close(self) -> None:
        """Nothing more can be asked."""
        if not self._closed:
            self._closed = True
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    # Asking -----------------------------------------------------------------------------------------------------------

    def ask(self, question: Question[T]) -> T:
        """The answer to ``question``; waits for it, and the thread that asks does nothing else meanwhile.

        Raises:
            JournalError: there is none; its kind says why.
        """
        answer: T = self._begin(self._asked(question)).result()
        return answer

    async def asked(self, question: Question[T]) -> T:
        """The same for an event loop that goes on meanwhile."""
        answer: T = await asyncio.wrap_future(self._begin(self._asked(question)))
        return answer

    def _begin(self, work: Any) -> Future[Any]:
        if self._closed:
            work.close()
            raise JournalUnusable(f"the journal {self.name} is closed; open it again")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _asked(self, question: Question[T]) -> T:
        async with self._turn:
            until_s = time.monotonic() + (0.0 if self._given_up else self._patience_s)
            attempt, no_room = 0, ""
            while True:
                try:
                    answer = await self._attempt(question, attempt > 0)
                except _Away as error:
                    no_room = no_room or error.no_room
                    if time.monotonic() >= until_s:
                        self._given_up = True
                        raise self._unusable(error, attempt, no_room) from None
                    await asyncio.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
                    attempt += 1
                else:
                    self._given_up = False
                    return answer

    def _unusable(self, error: Exception, attempts: int, no_room: str = "") -> JournalError:
        tried = f", also after {self._patience_s:g} s of trying" if attempts else ""
        if no_room:  # another server might have taken over; none has
            return JournalFull(
                f"there is no room for the journal {self.name}: {no_room}; the server has stopped, and cannot be reached{tried}; "
                "make room on its disk, and start it"
            )
        if isinstance(error, _OnlyRead):
            remedy = "name the server that may be, or all of them and ?target_session_attrs=read-write"
            return JournalFull(f"the journal {self.name} may be read but not written{tried}: {error}; {remedy}")
        return JournalUnusable(
            f"the journal {self.name} cannot be reached{tried}: {error}; start the server, or check the address"
        )

    async def _attempt(self, question: Question[T], again: bool) -> T:
        try:
            if self._db is None or self._db.is_closed():
                self._db = await self._connect()
            # Not a timeout around it: the driver would tidy up on the connection that is cut, and wait for that for ever.
            loop = asyncio.get_running_loop()
            watch = loop.call_later(self._answer_s, self._db.terminate)
            try:
                return await question(self._db, again)
            except self._driver.PostgresError:
                if loop.time() < watch.when():
                    raise
                raise TimeoutError from None  # it was not the server that closed the connection
            finally:
                watch.cancel()
        except OutriderError:
            raise
        except Exception as error:
            found = self._ours(error)
            if isinstance(found, _Away) and self._db is not None:
                self._db.terminate()
                self._db = None
            raise found from None  # the driver's own error may quote the address, password and all

    async def _connect(self) -> Database:
        for _ in range(len(self._addresses)):
            try:
                db = await self._connected(self._addresses[0])
                break
            except TimeoutError:  # of several hosts, one that says nothing takes all of the time: now another one goes first
                self._addresses.rotate(-1)
        else:
            raise TimeoutError
        if self._read_only:  # not a setting to connect with: a server of which that is known counts as one for reading only
            await db.execute("SET default_transaction_read_only = on")
        return db

    async def _connected(self, address: str) -> Database:
        patience_s = min(CONNECT_S, self._answer_s)
        async with asyncio.timeout(patience_s):
            return await self._driver.connect(address, timeout=patience_s, server_settings={"application_name": "outrider"})

    def _ours(self, error: Exception) -> Exception:
        state = getattr(error, "sqlstate", None) or ""
        if state == "25006" and self._read_only:
            return JournalUnusable(f"the journal {self.name} is open for reading only")
        if state == "25006":
            return _OnlyRead(_first_line(error))
        if state[:2] in _AWAY or state in _AWAY:
            return _Away(_first_line(error), no_room=_no_room(error))
        match state[:2]:
            case "28":
                return JournalUnusable(f"the journal {self.name} refuses the user or the password; check both")
            case "3D":
                return JournalUnusable(f"the journal {self.name} is a database that does not exist; make it with createdb")
            case "53":
                why = _first_line(error)
                return JournalFull(f"there is no room for the journal {self.name}: {why}; make room on the server's disk")
            case "22":
                return JournalUnusable(f"the journal {self.name} cannot hold this: {_first_line(error)}")
        match state:
            case "42501":
                return JournalFull(f"the journal {self.name} may not be written by this user: {_first_line(error)}")
            case "42P01" | "42703" | "42804":
                return JournalCorrupt(f"the journal {self.name} is damaged, or is no journal: {_first_line(error)}")
        return self._without_state(error)

    def _without_state(self, error: Exception) -> Exception:
        if isinstance(error, UnicodeError):
            return JournalUnusable(f"the journal {self.name} cannot hold this: {_first_line(error)}")
        if isinstance(error, ValueError | self._driver.ClientConfigurationError):
            return BadOption(
                f"{self.name} is no address of a Postgres journal; write postgresql://USER@HOST:PORT/DATABASE, with the password "
                "in PGPASSWORD or ~/.pgpass"
            )
        if isinstance(error, TimeoutError):
            return _Away("it gives no answer")
        if isinstance(error, OSError):
            return _Away(error.strerror or type(error).__name__)
        if isinstance(error, self._driver.exceptions.TargetServerAttributeNotMatched):
            return _OnlyRead("none of its servers is one that may be")
        if isinstance(error, self._driver.InterfaceError | self._driver.InternalClientError):
            return _Away("the connection broke")
        return JournalUnusable(f"the journal {self.name} refuses: {type(error).__name__}: {_first_line(error)}")

    # Listening --------------------------------------------------------------------------------------------------------

    async def listen(self, ring: Ring) -> bool:
        """``ring`` is called, on the link's thread, with what has changed. Whether something may have been missed until now."""
        missed: bool = await asyncio.wrap_future(self._begin(self._listen(ring)))
        return missed

    async def _listen(self, ring: Ring) -> bool:
        try:
            return await self._bells.listen(ring)
        except Exception as error:
            raise self._unusable(self._ours(error), 0) from None

    def forget(self, ring: Ring) -> None:
        """It is called no more."""
        self._bells.forget(ring)

    def tell(self, session: str) -> None:
        """Whoever listens to the session of this name is told soon that it has changed. Nobody waits for that."""
        if not self._closed:
            self._loop.call_soon_threadsafe(self._bells.tell, session)


class _Away(Exception):
    """The server is not there now, and may be in a moment. ``no_room`` is what it said before it went, if that was the reason."""

    def __init__(self, why: str, *, no_room: str = "") -> None:
        super().__init__(why)
        self.no_room = no_room


class _OnlyRead(_Away):
    """It may not be written now: it is not the primary server (any more), or somebody has set it so."""


def _no_room(error: Exception) -> str:
    """The last words of a server that died of a full disk: the driver tells of them as the cause of a broken connection."""
    last = error.__cause__
    return _first_line(last) if isinstance(last, Exception) and getattr(last, "sqlstate", None) == "53100" else ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
