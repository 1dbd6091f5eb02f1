"""Following a session that the engine drives, in the place of the loop that drives one here.

Its records come from the engine and go where those of a session here go: to the journal, the figures, the streams. The rules here
only follow: they are given the same reports, so they say what the plan is, and refuse at once what cannot fit. What the person
says counts when the engine has taken it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    RPCTimeoutOrCancelledError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from outrider.errors import (
    JournalError,
    NotNow,
    OldFence,
    OutriderError,
    RunStopped,
    ServerTrouble,
    Unreachable,
)
from outrider.journal import from_line
from outrider.model import Plan
from outrider.rules.events import Finished, Opened, Record, Report, Resumed, Stopped
from outrider.runtime.loop import Loop
from outrider.runtime.resuming import Before
from outrider.scale import wire
from outrider.scale.beginning import Beginning, Finding, handle_of
from outrider.scale.engine import ANSWER_S, Engine, is_transient, named_error, our_error
from outrider.scale.gate import Gate

AGAIN_S: Final = 0.5
"""After so long an engine that does not answer is asked again."""

_T = TypeVar("_T")

_CHANGES: Final = frozenset({EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED})
_BROKEN_OFF: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    }
)  # fmt: skip


class Following(Loop):
    """In the place of the loop that drives a session: it follows one that the engine drives."""

    __slots__ = ("_driving", "_end_streams", "_engine", "_gate", "_handle", "_session", "_setting", "_silent_since_s", "_told")

    def __init__(
        self, engine: Engine, setting: wire.Setting | None, end_streams: Callable[[], None], *, session: str, **loop: Any
    ) -> None:
        super().__init__(session=session, **loop)
        self._engine = engine
        self._setting = setting
        self._end_streams = end_streams
        self._session = session
        self._handle = handle_of(engine, session)
        self._gate = Gate(self._limits, self._caller, self._tell_turn)
        self._told = False
        self._driving: asyncio.Task[None] | None = None
        self._silent_since_s: float | None = None

    def open(self, report: Opened, group: asyncio.TaskGroup) -> None:
        """Have the engine begin, and follow it in a task of ``group``."""
        assert self._setting is not None, "what begins is set"
        self.is_open = True
        engine = self._engine
        begin = wire.Begin(
            session=self._session, setting=self._setting, opened=wire.to_text(report),
            silent_after_s=engine.silent_after_s, most_events=engine.most_events,
            followed_within_s=engine.followed_within_s,
            limited=self._limits.counted, bounded=self._limits.bounded,
            in_dollars=self._limits.in_dollars,
        )  # fmt: skip
        self._gate.open(group)
        beginning = Beginning(engine=engine, begin=begin, token=secrets.token_hex(8))
        self._driving = group.create_task(self._drive(beginning))

    def go_on(self, before: Before, resumed: Resumed, group: asyncio.TaskGroup) -> None:
        """Follow what the engine goes on with, from the records of ``before`` on; for the session, nobody was away."""
        self.is_open = True
        self._n = len(before.records)
        self._gate.go_on(group, before.began)
        self._driving = group.create_task(self._drive(Finding(engine=self._engine, session=self._session)))

    def hand_over(self, reason: str) -> None:
        """Follow it no longer: the engine goes on with it by itself, and another process can follow it."""
        if not self._n:  # nobody could find it
            self._before_it_began(Stopped(reason=reason))
            return
        self.handing_over = True
        self._leave()

    def lose(self, error: OldFence) -> None:
        """Another process follows the session from now on."""
        self.broken, self.handing_over = error, True
        self._leave()

    def receive(self, report: Report) -> None:
        """Say to the session what the person says. What came of it is recorded here when this returns.

        Raises:
            NotNow: it does not fit. Nothing has changed.
            Unreachable: the engine, or its workers, did not take it in time; it may still count later.
        """
        if self.broken is not None or self.finished.is_set():
            return
        if not self._n:
            self._before_it_began(report)
            return
        said = wire.Said(command=wire.to_text(report), since=self._n)
        try:
            # The person's word counts or is refused before anything else is drawn; it takes some hundredths of a second.
            self._take_in(_in_thread(lambda: self._say(said)))
        except (NotNow, Unreachable) as error:
            if not isinstance(report, Stopped):
                raise
            if isinstance(error, Unreachable):
                self._give_up(error)

    async def _say(self, said: wire.Said) -> wire.Sent:
        address = self._engine.address
        try:
            async with asyncio.timeout(ANSWER_S):
                sent: wire.Sent = await self._handle.execute_update(wire.SAY, said, result_type=wire.Sent)
                return sent
        except WorkflowUpdateFailedError as error:
            raise _refused(error) from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotNow("the run has ended; the plan stands as it is") from None
            raise our_error(error, address) from None
        except (TimeoutError, RPCTimeoutOrCancelledError):
            raise Unreachable(
                f"nobody at {address} has taken it within {ANSWER_S:g} s: the server or its workers are away; it may still count"
            ) from None

    def _before_it_began(self, report: Report) -> None:
        if not isinstance(report, Stopped):
            raise NotNow("the session is being opened; wait for its first step")
        self._give_up(RunStopped(f"the run was stopped: {report.reason}", plan=Plan(())))

    def _give_up(self, error: OutriderError) -> None:
        """Follow no longer, and end what has begun there; the result is this error."""
        self.broken = error
        self._leave()

    def _leave(self) -> None:
        self.finished.set()
        self._gate.close()
        self._end_streams()  # nothing more comes, and whoever reads them is not to wait
        if self._driving is not None:
            self._driving.cancel()

    # The engine's side ----------------------------------------------------------------------------------------------

    async def _drive(self, beginning: Callable[[], Awaitable[None]]) -> None:
        try:
            while not await self._patiently(beginning, lambda: f"{self._engine.address} does not answer"):
                pass
            while not self.finished.is_set():
                await self._patiently(self._follow, self._gone)
        except asyncio.CancelledError:
            if self.broken is not None and not self.handing_over:
                # Given up: what has been begun there ends as well, if the engine can be told.
                await self._let_go()
            raise
        except RPCError as error:
            raise self._broken(our_error(error, self._engine.address)) from None
        except OutriderError as error:
            raise self._broken(error) from None
        finally:
            self._gate.close()

    def _gone(self) -> str:
        engine = self._engine
        silent = f"{engine.address}, or its workers, have not answered for {engine.patience_s:g} s"
        if not self._n:
            return (
                f"{silent}, and the session was not opened; it makes no call, and ends by itself; if there is no worker, start "
                f"one: outrider worker --engine {engine.address}"
            )
        return (
            f"{silent}; the session goes on there as soon as it can, and what it had confirmed is in the journal here; to "
            f"follow it again: outrider resume {self._session}"
        )

    def _broken(self, error: OutriderError) -> OutriderError:
        self.broken = error
        self.finished.set()
        return error

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._handle.cancel()
        except (TimeoutError, RPCError, RPCTimeoutOrCancelledError):
            return

    async def _patiently(self, work: Callable[[], Awaitable[None]], gone: Callable[[], str]) -> bool:
        """Whether it is done; if the engine is away, or too busy, it is to be done again.

        Raises:
            Unreachable: it has been away for too long, and is ``gone``.
        """
        try:
            await work()
        except (RPCError, WorkflowQueryFailedError, RPCTimeoutOrCancelledError) as error:
            if isinstance(error, RPCError) and not is_transient(error):
                raise
            now_s = asyncio.get_running_loop().time()
            self._silent_since_s = now_s if self._silent_since_s is None else self._silent_since_s
            if now_s - self._silent_since_s >= self._engine.patience_s:
                raise Unreachable(f"{gone()}: {_reason(error)}") from None
            await asyncio.sleep(AGAIN_S)
            return False
        self._silent_since_s = None
        return True

    async def _follow(self) -> None:
        """Take in the records of one run as its history grows; the engine holds the request until it does."""
        history, completed = self._handle.fetch_history_events(wait_new_event=True), 0
        while not self.finished.is_set():
            await history.fetch_next_page()
            page = list(history.current_page or ())
            turns = [event.workflow_task_completed_event_attributes.started_event_id for event in page]
            if any(event.event_type in _CHANGES for event in page):
                completed = max(completed, *turns)
                await self._catch_up(completed)
            elif not page:  # nothing has happened for some time: a query says whether a worker is there at all
                await self._catch_up(completed)
            for event in page:
                self._check_end(event)
            if not history.next_page_token:
                return

    async def _catch_up(self, completed: int) -> None:
        """Take in what was made by turns that have completed, which the history says of those up to this length of it."""
        await self._say_that_it_is_followed()  # before it says which calls wait: these limits may be others than before
        total = self._n + 1  # what the person said meanwhile is there already
        while (since := self._n) < total:
            sent = await self._handle.query(wire.RECORDS, since, result_type=wire.Sent, rpc_timeout=timedelta(seconds=ANSWER_S))
            self._silent_since_s = None
            if sent.total < since:
                raise ServerTrouble(
                    f"{self._engine.address} has {sent.total} events of session {self._session!r}, and the journal here has "
                    f"{since}: they are not the same session"
                )
            certain = sent.certain(completed)
            self._take_in(certain)
            await self._say_that_it_is_followed()
            if certain is not sent:  # the others come with the turn that makes them certain
                return
            total = sent.total
        if self._n == sent.total and not self.finished.is_set():  # else these are calls of before what was said meanwhile
            self._gate.look(sent.calls)

    async def _say_that_it_is_followed(self) -> None:
        """Once there is a record here, the session is told, and begins; and whether its calls wait, and say what they can use."""
        if self._n and not self._told:
            await self._signal(wire.FOLLOWED, self._limits.counted, self._limits.bounded)
            self._told = True

    async def _tell_turn(self, turn: wire.Turn) -> None:
        """The session is told. While the engine does not answer it is told again, as long as the session is followed."""
        while not self.finished.is_set():
            try:
                await self._signal(wire.TURN, turn)
                return
            except RPCError as error:
                if not is_transient(error):
                    raise our_error(error, self._engine.address) from None
            except RPCTimeoutOrCancelledError:
                pass
            await asyncio.sleep(AGAIN_S)

    async def _signal(self, name: str, *what: wire.Turn | bool) -> None:
        try:
            await self._handle.signal(name, args=what, rpc_timeout=timedelta(seconds=ANSWER_S))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # else it has ended there, and its records say how
                raise

    def _check_end(self, event: HistoryEvent) -> None:
        if self.finished.is_set():
            return
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            failure = event.workflow_execution_failed_event_attributes.failure
            raise named_error(failure.application_failure_info.type, failure.message)
        if event.event_type in _BROKEN_OFF:
            raise ServerTrouble(f"the session was ended from outside, at {self._engine.address}; its confirmed plan is kept")

    def _take_in(self, sent: wire.Sent) -> None:
        """Those of the records that are new here: after the rules have followed, they are written down and shown."""
        records = [record for record in map(from_line, sent.lines) if record.n >= self._n]
        if not records:
            return
        for record in records:
            if isinstance(record.event, Report):
                self._rules.receive(record.event, record.time_s)
                self._gate.hear(record.event)
        self._n = records[-1].n + 1
        self._tell(records)

    def _tell(self, records: list[Record]) -> None:
        try:
            self._publish(records)
        except OldFence as error:
            self.lose(error)
            return
        except JournalError as error:
            self.lost = error  # the engine has them: the run goes on
        if isinstance(records[-1].event, Finished):
            self.finished.set()


def _in_thread(work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """What ``work`` returns, waited for without giving way to anything else."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def _refused(error: WorkflowUpdateFailedError) -> OutriderError:
    """Why the engine's rules did not take what the person said."""
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        return ServerTrouble(f"the session could not take it: {cause}")
    if cause.type != NotNow.__name__:
        return named_error(cause.type, cause.message)
    at, answer = cause.details if len(cause.details) == 2 else (None, "")
    return NotNow(cause.message, at=at, answer=wire.steps_from_text(answer)[0] if answer else None)


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, RPCError) else str(error)
