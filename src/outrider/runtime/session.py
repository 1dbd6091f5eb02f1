"""``Session``: the user's handle on one run. Start, watch, take a step, go back, stop, result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from outrider.agents.agent import Agent
from outrider.agents.several import drafters_of
from outrider.agents.world import World
from outrider.errors import (
    BadOption,
    BudgetReached,
    CallerError,
    HandedOver,
    JournalError,
    JournalLost,
    NotApproved,
    NotNow,
    RunEnded,
    RunStopped,
    StepLimitReached,
    TargetFailed,
    ToolFailed,
    first_of,
    sentence_of,
)
from outrider.figures import Figures
from outrider.model import Plan, Task
from outrider.rules import Lookahead, Matching, Rules
from outrider.rules.events import Ended, Opened, Outcome, Record, Resumed
from outrider.runtime.commands import Commands
from outrider.runtime.hands import Tools
from outrider.runtime.keeping import Journal, Mailed, Owning, unwritten
from outrider.runtime.limits import Limits
from outrider.runtime.loop import Loop
from outrider.runtime.resuming import Before
from outrider.runtime.stream import EventStream, Streams

_ENDS: dict[Outcome, tuple[type[RunEnded], str]] = {
    "stopped": (RunStopped, "the run was stopped"),
    "target_failed": (TargetFailed, "the target agent failed"),
    "step_limit": (StepLimitReached, "the plan reached its limit on steps; raise max_steps to go on"),
    "budget": (BudgetReached, "the budget is used up"),
    "journal_lost": (JournalLost, "the journal could not be written"),
    "tool_failed": (ToolFailed, "a tool gave no answer"),
    "not_approved": (NotApproved, "a tool may not run"),
}


class Session(Commands):
    """One run of one task. Enter it to start, leave it to stop; no call outlives the ``async with``.

    Args are those of ``plan``. What the person may say to it stands in ``Commands``.
    """

    def __init__(
        self,
        task: Task,
        *,
        approximation: Agent,
        target: Agent,
        lookahead: Lookahead,
        max_steps: int,
        matching: Matching,
        limits: Limits,
        journal: Journal | None,
        going_on_from: Plan | None,
        one_machine: bool,
        world: World | None,
        known: str,
        ask: bool,
        tools: Tools | None,
        reads: int,
        name: str,
        settings: str = "",
        before: Before | None = None,
    ) -> None:
        self.name = name
        self._before = before
        self._owning: Owning | None = None
        self._obeying: asyncio.Task[None] | None = None
        self.world = world
        self.task = task
        self.figures = Figures()
        self._journal = journal
        self._limits = limits
        self._max_steps = max_steps
        self._streams: Streams[Record] = Streams()
        self._reason = ""
        self._group: asyncio.TaskGroup | None = None
        drafters = drafters_of(approximation)
        self._rules = before.rules if before else Rules(lookahead=lookahead, max_steps=max_steps, matching=matching)
        self._loop = Loop(
            rules=self._rules,
            task=task,
            agents={"approximation": drafters, "target": (target,)},
            limits=limits,
            publish=self._publish,
            session=name,
            tools=tools,
        )
        self._opened = Opened(
            task=task,
            approximation=approximation.name,
            target=target.name,
            lookahead=lookahead.name,
            max_steps=max_steps,
            matching=matching.name,
            plan_is_lossless=going_on_from is None or going_on_from.lossless,
            one_machine=one_machine,
            plan=going_on_from.steps if going_on_from else (),
            known=known,
            drafters=len(drafters),
            asks=ask,
            tools=tools.declared if tools is not None else (),
            reads=reads,
            settings=settings,
        )
        for record in before.records if before else ():
            self._follow(record)

    def owned_by(self, owning: Owning) -> Self:
        """While it runs, the right to write it is kept, and what others put into its mailbox carried out; then it is released."""
        self._owning = owning
        return self

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        # Opened in a task of its own, so that a stream opened first thing in the body misses nothing.
        self._group.create_task(self._open_soon())
        if self._owning is not None:
            self._group.create_task(self._tend(self._owning))
        return self

    async def _tend(self, owning: Owning) -> None:
        async with asyncio.TaskGroup() as group:
            works = (owning.keep, partial(owning.obey, self._obey))
            tasks = [group.create_task(self._or_stop(work)) for work in works]
            self._obeying = tasks[1]
            await self._loop.finished.wait()
            self._obeying = None  # it refers to the session once it was cancelled
            for task in tasks:
                task.cancel()

    async def _or_stop(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except JournalError as error:  # that the session is ours cannot be written any more, so nothing can
            if self._rules.outcome is None:
                self._loop.receive(unwritten(error))

    def _obey(self, mailed: Mailed) -> str:
        try:
            self.carry_out(mailed.command)
        except CallerError as error:  # it comes too late, or never fitted
            return sentence_of(error)
        return ""

    async def _open_soon(self) -> None:
        if not self._loop.is_open:
            self._open()

    def _open(self) -> None:
        group = self._started()
        if self._loop.handing_over:
            raise NotNow("the session is being handed over to another process; say it again in a moment")
        if self._loop.is_open:
            return
        if self._before is None:
            self._loop.open(self._opened, group)
            return
        self._streams.begin(self._before.records)
        opened = self._opened
        resumed = Resumed(approximation=opened.approximation, target=opened.target, asks=opened.asks)
        self._loop.go_on(self._before, resumed, group)

    def _started(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise NotNow("the session is not started; write: async with outrider.plan(...) as session")
        return self._group

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop if still running, and wait until every call is closed and accounted for."""
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        try:
            with suppress(NotNow):  # it was handed over
                self.stop("the session was left")
            # An error of the body's own is not the group's: it would come out wrapped in an exception group.
            await self._started().__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        finally:
            self._loop.finished.set()
            self._streams.end()
            self._loop.let_go()
            if self._owning is not None:
                with suppress(JournalError):  # it runs out by itself
                    self._owning.release()

    def events(self) -> EventStream:
        """A stream of everything from now on; opened before the first ``await``, of everything."""
        return EventStream(self._streams, self._loop.finished.is_set)

    @property
    def plan(self) -> Plan:
        """The plan as far as it is confirmed."""
        return self._rules.plan

    @property
    def learned(self) -> str:
        """What the run has taught of its agents, with what was known before: for ``known`` of the next one. Empty if nothing."""
        return self._rules.learned

    @property
    def why_not(self) -> str:
        """Why lookahead by value would not speculate with these agents any more, in a sentence; empty if it would."""
        return self._rules.why_not

    @property
    def has_budget(self) -> bool:
        """Whether it has a budget of its own, which ``allow`` and ``more`` raise."""
        return self._limits.budget is not None

    @property
    def held(self) -> bool:
        """Whether the plan is held where it is: by the person, or at a limit."""
        return bool(self._rules.held)

    @property
    def earlier(self) -> int:
        """So many of its records were made by processes before this one."""
        return len(self._before.records) if self._before is not None else 0

    @property
    def records(self) -> int:
        """So many records it has made: the number of the next one."""
        return self._loop.records

    async def result(self) -> Plan:
        """The complete plan, once every call is accounted for.

        Raises:
            RunEnded: one of its kinds says why there is no complete plan; its ``plan`` is what was confirmed.
        """
        self._started()
        await self._loop.finished.wait()
        if self._loop.broken is not None:
            raise self._loop.broken
        outcome = self._rules.outcome
        if outcome is None:
            raise HandedOver("the session was left as its journal has it, for another process to resume", plan=self.plan)
        if outcome == "complete" and self._loop.lost is None:
            return self.plan
        error, message = _ENDS["journal_lost" if outcome == "complete" else outcome]
        reason = self._reason or str(self._loop.lost or "")
        raise error(f"{message}: {reason}" if reason else message, plan=self.plan)

    def hand_over(self, reason: str = "on request") -> None:
        """Close every call and leave the session as its journal has it, not finished, for another process to resume.

        How the calls end is recorded, and a tool that is having an effect is waited for. Then every stream ends, and ``result``
        raises ``HandedOver``. Once it has ended, this does nothing.

        Raises:
            BadOption: it has no journal, so nobody could go on with it. Nothing has changed.
        """
        if self._journal is None and self._loop.lost is None:
            raise BadOption("the session has no journal, so nobody could go on with it; give it one, or stop it")
        if self._loop.handing_over:
            return
        self._open()
        if self._rules.outcome is not None:
            return
        if self._obeying is not None:
            self._obeying.cancel()  # what is in the mailbox stays there
        self._loop.hand_over(reason)
        self._started().create_task(self._end_streams())

    async def _end_streams(self) -> None:
        await self._loop.finished.wait()
        self._streams.end()

    def _publish(self, records: list[Record]) -> None:
        lost: JournalError | None = None
        if self._journal is not None:
            try:
                self._journal.append(self.name, records)
            except JournalError as error:
                self._journal, lost = None, error
        for record in records:
            self._follow(record)
            self._streams.push(record)
        if lost is not None:
            raise lost

    def _follow(self, record: Record) -> None:
        self.figures.receive(record)
        if isinstance(record.event, Ended):
            self._reason = record.event.reason
