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
from outrider.model import Plan, Step, Task
from outrider.rules import Lookahead, Matching, Rules
from outrider.rules.events import (
    Allowed,
    Approved,
    Command,
    Ended,
    Extended,
    Opened,
    Outcome,
    Paused,
    Record,
    Resumed,
    Settled,
    Steered,
    Stopped,
    Took,
    WentBack,
    WentOn,
)
from outrider.runtime.hands import Tools
from outrider.runtime.keeping import Journal, Mailed, Owning
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


class Session:
    """One run of one task. Enter it to start, leave it to stop; no call outlives the ``async with``.

    Args are those of ``plan``.
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
                self._loop.receive(Stopped(reason=str(error), outcome="journal_lost"))

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
    def held(self) -> bool:
        """Whether the plan is held where it is: by the person, or at a limit."""
        return bool(self._rules.held)

    @property
    def next_at(self) -> int:
        """The number of the next step."""
        return self._rules.frontier.at

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

    def take(self, step: Step | str, at: int | None = None) -> None:
        """The person's step is the verdict at the frontier. ``at`` guards against taking a step that is over.

        Raises:
            NotNow: the target has answered in the meantime, or the run has ended. Nothing has changed.
            BadStep: the world has no such action here, or the arguments do not fit it. Nothing has changed.
        """
        step = step.named if isinstance(step, Step) else Step(step)
        report = Took(at=self.next_at if at is None else at, step=step)
        self._open()
        self._rules.check(report)
        if self.world is not None:
            self.world.check(step, self.plan.prefix)
        self._loop.receive(report)

    def take_instead(self, step: Step | str, at: int) -> None:
        """The person's step in place of the confirmed step ``at``: going back and taking it in one.

        Raises:
            NotNow: step ``at`` is not confirmed, or the run has ended. Nothing has changed.
            BadStep: as for ``take``. Nothing has changed.
        """
        step = step.named if isinstance(step, Step) else Step(step)
        self._open()
        self._rules.check(WentBack(at=at))
        if self._rules.has_effects_since(at):
            raise NotNow(f"what was executed since step {at} is undone first: go back to {at}, then take the step")
        if self.world is not None:
            self.world.check(step, self.plan.prefix[:at])
        self._loop.receive(WentBack(at=at))
        if self._rules.outcome is None:  # it has one by now if the journal could not be written
            self._loop.receive(Took(at=at, step=step))

    def go_back(self, at: int) -> None:
        """Step ``at`` is open again, with the verdict it had kept: ``take`` another one, or ``go_on`` with the old.

        Raises:
            NotNow: step ``at`` is not confirmed, or the run has ended. Nothing has changed.
        """
        self._command(WentBack(at=at))

    def pause(self) -> None:
        """Hold the plan where it is: no call begins, those under way end, and the frontier's verdict waits until ``go_on``.

        Raises:
            NotNow: it is held already, or the run has ended. Nothing has changed.
        """
        self._command(Paused())

    def go_on(self) -> None:
        """After pausing or going back: the verdict that is there counts, and calls are made again.

        Raises:
            NotNow: the run is going on already, or has ended. Nothing has changed.
        """
        self._command(WentOn())

    def steer(self, sentence: str) -> None:
        """Add ``sentence`` to the task from the next step on; an empty one takes back all before it.

        What was drafted and asked without it is discarded, and the frontier's call has been ordered anew when this returns.

        Raises:
            NotNow: there is nothing to take back, or the run has ended. Nothing has changed.
        """
        self._command(Steered(at=self.next_at, sentence=" ".join(sentence.split())))

    def allow(
        self,
        *,
        calls: int | None = None,
        tokens: int | None = None,
        usd: float | None = None,
        seconds: float | None = None,
        reason: str = "",
    ) -> None:
        """Raise the session's budget by so much, for ``reason``. If the run was held for want of it, it goes on.

        Raises:
            BadOption: a number is not positive, or nothing limits what it counts. Nothing has changed.
            NotNow: the run has ended. Nothing has changed.
        """
        budget = self._limits.budget
        if budget is None:
            raise BadOption("the session has no budget of its own, so there is none to raise")
        budget.check_more({"calls": calls, "tokens": tokens, "usd": usd, "seconds": seconds})
        report = Allowed(calls=calls, tokens=tokens, usd=usd, seconds=seconds, reason=reason)
        self._open()
        self._rules.check(report)
        self._loop.receive(report)  # the calls that it orders wait for their turn until this has returned
        budget.allow(calls=calls, tokens=tokens, usd=usd, seconds=seconds)

    def extend(self, steps: int, reason: str = "") -> None:
        """The plan may have so many ``steps`` more, for ``reason``. If the run was held for want of them, it goes on.

        Raises:
            BadOption: ``steps`` is below 1. Nothing has changed.
            NotNow: the run has ended. Nothing has changed.
        """
        if steps < 1:
            raise BadOption(f"{steps} more steps make no sense; give at least 1")
        self._command(Extended(steps=steps, reason=reason))

    def more(self, reason: str = "") -> None:
        """The run is held at a limit: allow as much again as was given at first, and go on.

        Raises:
            NotNow: the run is held at no limit. Nothing has changed.
            BadOption: the limit is not the session's own. Nothing has changed.
        """
        match self._rules.held:
            case "steps":
                self.extend(self._max_steps, reason)
            case "budget":
                given = self._limits.budget.given if self._limits.budget is not None else {}
                calls, tokens = (None if (n := given.get(name)) is None else int(n) for name in ("calls", "tokens"))
                self.allow(calls=calls, tokens=tokens, usd=given.get("usd"), seconds=given.get("seconds"), reason=reason)
            case _:
                raise NotNow("the run is held at no limit; there is nothing to allow more of")

    def approve(self, at: int | None = None) -> None:
        """The tool of the confirmed step ``at``, about which the person is asked, may run: now, or again after it gave no answer.

        Raises:
            NotNow: nothing is asked about that step, or the run has ended. Nothing has changed.
        """
        self._command(Approved(at=self.next_at - 1 if at is None else at))

    def settle(self, observation: str, at: int | None = None, *, happened: bool = False) -> None:
        """What executing the step ``at``, about which the person is asked, has come to, in their words; its tool is not run.

        ``happened`` is for a step of which it is not known whether it has had its effect: it has, so going back behind it takes
        it back. What else the person says has been done is theirs to take back.

        Raises:
            NotNow: nothing is asked about that step, or not whether its effect has happened, or the run has ended. Nothing has
                changed.
        """
        at = self.next_at - 1 if at is None else at
        self._command(Settled(at=at, observation=observation, happened=happened))

    def stop(self, reason: str = "on request") -> None:
        """Close every call and end the run with the confirmed plan kept. Once it has ended, this does nothing."""
        self._open()
        if self._rules.outcome is None:
            self._loop.receive(Stopped(reason=reason))

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

    def carry_out(self, command: Command) -> None:
        """What the person says, as a command, such as one from another process.

        Raises:
            NotNow, BadStep, BadOption: as its own method. Nothing has changed.
        """
        match command:
            case Took(at=at, step=step):
                self.take(step, at)
            case Allowed() as more:
                self.allow(calls=more.calls, tokens=more.tokens, usd=more.usd, seconds=more.seconds, reason=more.reason)
            case Stopped(reason=reason):
                self.stop(reason)
            case _:
                self._command(command)

    def _command(self, report: Command) -> None:
        self._open()
        self._rules.check(report)
        self._loop.receive(report)

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
