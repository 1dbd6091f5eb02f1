"""One session as a workflow: the same pure rules as everywhere, driven by the engine's history instead of a loop of ours.

report ──► Rules.receive ──► findings ──► records, which the query shows
   ▲                    └──► orders ──► an activity is scheduled or cancelled ──┐
   └────────────────────────────────────────────────────────────────────────────┘

The engine runs this file again and again over the same history, so nothing here may depend on anything else.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeAlias, assert_never

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from outrider.errors import NotNow, OutriderError
    from outrider.journal import from_line, to_line
    from outrider.model import NOTHING_USED, Usage
    from outrider.rules import MATCHINGS, Rules, lookahead_named
    from outrider.rules.events import (
        Cancel,
        Cancelled,
        Execute,
        Executing,
        Failed,
        Finished,
        Hurry,
        Lost,
        Observed,
        Opened,
        Order,
        Record,
        Report,
        Start,
        Started,
        Stopped,
        Undo,
        Undone,
        Withdraw,
    )
    from outrider.scale import wire
    from outrider.scale.ends import (
        Ended,
        began,
        command_of,
        ended_by,
        error_of,
        hurry,
        number_of,
        opened_of,
        refusal,
        refused,
        sentence,
    )
    from outrider.scale.queue import Queue

LONGEST_CALL: Final = timedelta(hours=1)
"""The engine wants a bound. A worker that dies is noticed by its silence, long before."""

ATTEMPTS: Final = 4
"""So many workers are given a call, one after another, if those before have died over it."""

MOST_CARRIED: Final = 1_900_000
"""A session whose records are more than this when packed cannot go on: the engine takes two million bytes."""

NOT_OPEN: Final = "the session is being opened; wait for its first step"

URGENT: Final = 1
LEAST_URGENT: Final = 5
"""The engine's own scale of priorities."""

Handle: TypeAlias = workflow.ActivityHandle[str]


@workflow.defn(name=wire.WORKFLOW)
class SessionWorkflow:
    """Carries one session's rules and records. Its result is the outcome."""

    @workflow.init
    def __init__(self, begin: wire.Begin) -> None:
        opened = opened_of(begin)
        self._begin = begin
        self._rules = Rules(
            lookahead=lookahead_named(begin.setting.lookahead), max_steps=opened.max_steps, matching=MATCHINGS[opened.matching]
        )
        self._lines: list[str] = []
        self._made_at: list[int] = []
        self._opened_s = begin.opened_s or workflow.time()
        self._inbox: list[Report] = []
        self._calls: dict[int, Handle] = {}
        self._runs: dict[int, Handle] = {}
        self._reasons: dict[int, str] = {}
        self._refused: set[int] = set()
        self._bounding: set[int] = set()
        self._queue = Queue(begin.queued)
        self._waiting: dict[int, Start | Execute | Undo] = {}
        self._followed = bool(begin.earlier) or not begin.followed_within_s
        self._finished = False
        if begin.earlier:
            self._go_on()  # at once, since what is said may be heard before ``run`` is entered

    @workflow.run
    async def run(self, begin: wire.Begin) -> str:
        """Plan until every call is accounted for."""
        if not begin.earlier:
            self._inbox.append(await self._open())
            self._take_through()
            await self._until_followed()
        while not self._finished:
            await workflow.wait_condition(lambda: bool(self._inbox) or self._may_be_cut)
            if self._may_be_cut:
                self._cut()
            self._take_through()
        await workflow.wait_condition(workflow.all_handlers_finished)
        assert self._rules.outcome is not None, "a finished session has an outcome"
        return self._rules.outcome

    async def _open(self) -> Opened:
        """The event that opens the session, with the agents' own names: a worker builds them, or says why it cannot."""
        begin = self._begin
        what = [begin.setting, begin.opened, begin.in_dollars]
        try:
            line: str = await workflow.execute_activity(wire.OPEN, args=what, result_type=str, **self._terms(URGENT, ATTEMPTS))
        except ActivityError as error:
            raise refusal(error) from None
        opened = wire.from_text(line)
        assert isinstance(opened, Opened), "it says what it was asked"
        return opened

    async def _until_followed(self) -> None:
        """Nothing begins before it is written down somewhere that there is this session: nobody could find it, or stop it."""
        if self._followed:
            return
        within = timedelta(seconds=self._begin.followed_within_s)
        try:
            await workflow.wait_condition(lambda: self._followed or self._finished, timeout=within)
        except TimeoutError:
            self._inbox.append(Stopped(reason="nobody follows it; whoever began it is gone"))

    @workflow.signal(name=wire.FOLLOWED)
    def followed(self, limited: bool = False, bounded: bool = False) -> None:
        """Somebody follows it, and has written its first record down. If it is limited there, calls wait from now on."""
        begin = self._begin
        if (limited and not begin.limited) or (bounded and not begin.bounded):
            self._begin = replace(begin, limited=True, bounded=begin.bounded or bounded)
            for order in [*self._waiting.values()]:
                if isinstance(order, Start) and self._queue.waits(order.call):
                    self._queue.drop(order.call)  # it is shown again, with what it can use
                    self._line_up(order)
        if not self._followed:
            self._followed = True
            ordered, self._waiting = self._waiting, {}
            for order in ordered.values():
                self._perform(order)

    # The person -----------------------------------------------------------------------------------------------------

    @workflow.update(name=wire.SAY)
    def say(self, said: wire.Said) -> wire.Sent:
        """Take the person's command; the records from ``said.since`` on, with what came of it."""
        self._inbox.append(command_of(said))
        self._take_through()
        return wire.sent_from(self._lines, self._made_at, said.since)

    @say.validator
    def check(self, said: wire.Said) -> None:
        """Refuse what does not fit any more, with the rules' own sentence; nothing has changed then."""
        try:
            if not self._lines:
                raise NotNow(NOT_OPEN)
            self._rules.check(command_of(said))
        except OutriderError as error:
            at, answer = (error.at, error.answer) if isinstance(error, NotNow) else (None, None)
            told = wire.steps_to_text((answer,)) if answer is not None else ""
            raise ApplicationError(str(error), at, told, type=type(error).__name__, non_retryable=True) from None

    @workflow.query(name=wire.RECORDS)
    def records(self, since: int) -> wire.Sent:
        """The records from number ``since`` on, as many as are sent at once."""
        return replace(wire.sent_from(self._lines, self._made_at, since), calls=self._queue.calls)

    # Turns, of a session with limits ----------------------------------------------------------------------------------

    @workflow.signal(name=wire.TURN)
    def turn(self, turn: wire.Turn) -> None:
        """Whoever follows the session has let a call in, or closes it. What has come otherwise meanwhile is not minded."""
        if turn.because:
            self._shut(turn)
        elif self._queue.let_in(turn.call) and not self._is_long and isinstance(order := self._waiting.get(turn.call), Start):
            del self._waiting[turn.call]  # otherwise it begins when what was cut goes on
            self._start(order)

    def _shut(self, turn: wire.Turn) -> None:
        """The limits have the call closed. One that was refused has failed for want of room, and the rules say what follows."""
        waiting = self._waiting.get(turn.call)
        if turn.refused and isinstance(waiting, Start):
            del self._waiting[turn.call]
            self._inbox.append(refused(waiting, turn.because, NOTHING_USED))
        else:
            if turn.refused and turn.call in self._calls and turn.call not in self._reasons:
                self._refused.add(turn.call)
            self._close(turn.call, self._calls, turn.because)

    def _line_up(self, order: Start) -> None:
        """The call waits for its turn; first, if that matters, a worker says how much it can use."""
        self._waiting[order.call] = order
        if self._queue.waits(order.call):
            return  # since before the history was cut
        self._queue.expect(order.call, urgent=order.urgent)
        if not self._begin.bounded:
            self._queue.show(order.call, wire.Bound())
            return
        terms = self._terms(self._priority(order), ATTEMPTS)
        handle: workflow.ActivityHandle[wire.Bound] = workflow.start_activity(
            wire.BOUND, self._asking(order), result_type=wire.Bound, **terms
        )
        self._bounding.add(order.call)
        handle.add_done_callback(partial(self._bounded, order))

    def _bounded(self, order: Start, done: asyncio.Task[wire.Bound]) -> None:
        self._bounding.discard(order.call)
        error = error_of(done)
        if error is None:
            self._queue.show(order.call, done.result())
        elif self._waiting.pop(order.call, None) is not None:
            report = Failed(call=order.call, role=order.role, at=order.at, error=sentence(error), usage=NOTHING_USED)
            self._inbox.append(report)

    # Reports --------------------------------------------------------------------------------------------------------

    def _take_through(self) -> None:
        while self._inbox:
            report, now_s = self._inbox.pop(0), workflow.time() - self._opened_s
            decision = self._rules.receive(report, now_s)
            if (ended := ended_by(report)) is not None:
                self._queue.drop(ended)
            for event in (report, *decision.findings):
                self._lines.append(to_line(Record(n=len(self._lines), time_s=now_s, event=event)))
                self._made_at.append(workflow.info().get_current_history_length())
                self._finished = self._finished or isinstance(event, Finished)
            for order in decision.orders:
                self._perform(order)

    # Orders ---------------------------------------------------------------------------------------------------------

    def _perform(self, order: Order) -> None:
        match order:
            case Start() | Execute() | Undo() if self._is_long or not self._followed:
                self._waiting[number_of(order)] = order  # it begins after the history was cut, or when somebody follows it
            case Start() if self._begin.limited and not self._queue.is_inside(order.call):
                self._line_up(order)
            case Start():
                self._start(order)
            case Execute() | Undo():
                self._run(order)
            case Cancel(call=number, reason=reason):
                self._close(number, self._calls, reason)
            case Withdraw(execution=number, reason=reason):
                self._close(-1 - number, self._runs, reason)
            case Hurry(call=number):
                # The engine cannot move what waits in its own queue: priority went by nearness to the frontier from the start.
                hurry(number, self._waiting)
                self._queue.hurry(number)
            case _:
                assert_never(order)

    def _start(self, order: Start) -> None:
        handle = self._schedule(wire.ASK, self._asking(order), self._priority(order), ATTEMPTS)
        self._calls[order.call] = handle
        handle.add_done_callback(partial(self._called, order))
        self._inbox.append(Started(call=order.call, role=order.role, at=order.at))

    def _asking(self, order: Start) -> wire.Asking:
        return wire.Asking(
            setting=self._begin.setting, call=order.call, role=order.role, at=order.at, drafter=order.drafter,
            prefix=wire.steps_to_text(order.prefix), sentences=list(order.sentences),
        )  # fmt: skip

    def _priority(self, order: Start) -> int:
        ahead = order.at - self._rules.frontier.at
        return URGENT if order.urgent else min(URGENT + max(1, ahead), LEAST_URGENT)

    def _run(self, order: Execute | Undo) -> None:
        live = isinstance(order, Undo) or order.live
        effect = "write" if isinstance(order, Undo) else order.effect
        doing = wire.Doing(
            setting=self._begin.setting, execution=order.execution, at=order.at, step=wire.steps_to_text((order.step,)),
            key=f"{self._begin.session}/{order.key}", live=live, effect=effect, undoes=isinstance(order, Undo),
        )  # fmt: skip
        # What writes is given to one worker once: whether it is tried again is for the rules and the person to say.
        handle = self._schedule(wire.RUN_TOOL, doing, URGENT if live else LEAST_URGENT, 1 if effect == "write" else ATTEMPTS)
        self._runs[-1 - order.execution] = handle
        handle.add_done_callback(partial(self._ran, order))
        self._inbox.append(Executing(execution=order.execution, at=order.at, step=order.step.named, live=live, key=order.key))

    def _schedule(self, name: str, argument: wire.Asking | wire.Doing, priority: int, attempts: int) -> Handle:
        handle: Handle = workflow.start_activity(name, argument, result_type=str, **self._terms(priority, attempts))
        return handle

    def _terms(self, priority: int, attempts: int) -> Any:
        return {
            "start_to_close_timeout": LONGEST_CALL,
            "heartbeat_timeout": timedelta(seconds=self._begin.silent_after_s),
            "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=attempts),
            "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            "priority": Priority(priority_key=priority),
        }

    def _close(self, key: int, handles: dict[int, Handle], reason: str) -> None:
        waiting = self._waiting.pop(key, None)
        match waiting:
            case Start():
                self._inbox.append(
                    Cancelled(call=waiting.call, role=waiting.role, at=waiting.at, reason=reason, usage=NOTHING_USED)
                )
            case Execute() | Undo():
                self._inbox.append(Lost(execution=waiting.execution, at=waiting.at, reason=reason))
            case None if key in handles and key not in self._reasons:
                self._reasons[key] = reason
                handles[key].cancel()
            case _:
                pass

    # What has come of them ------------------------------------------------------------------------------------------

    def _called(self, order: Start, done: asyncio.Task[str]) -> None:
        del self._calls[order.call]
        reason = self._reasons.pop(order.call, "")
        error = error_of(done)
        report: Ended
        if error is None:
            told = wire.from_text(done.result())
            assert isinstance(told, Ended), "a call ends as one of these"
            report = told
        else:
            # One that no worker was given has used nothing. What another used when its worker died, nobody knows.
            usage = Usage() if began(error) else NOTHING_USED
            report = Failed(call=order.call, role=order.role, at=order.at, error=sentence(error), usage=usage)
        if order.call in self._refused:
            self._refused.discard(order.call)
            report = refused(order, reason, report.usage)
        elif reason:
            report = Cancelled(call=order.call, role=order.role, at=order.at, reason=reason, usage=report.usage)
        self._inbox.append(report)

    def _ran(self, order: Execute | Undo, done: asyncio.Task[str]) -> None:
        del self._runs[-1 - order.execution]
        reason = self._reasons.pop(-1 - order.execution, "")
        error = error_of(done)
        if reason or error is not None:
            why = reason if error is None else reason or sentence(error)
            unsure = isinstance(order, Undo) and (error is None or began(error))
            self._inbox.append(Lost(execution=order.execution, at=order.at, reason=why, unsure=unsure))
            return
        report = wire.from_text(done.result())
        assert isinstance(report, Observed | Lost | Undone), "a run of a tool ends as one of these"
        self._inbox.append(report)

    # Long sessions --------------------------------------------------------------------------------------------------

    @property
    def _is_long(self) -> bool:
        """Whether the history is to be cut: from now on nothing begins until what is under way has ended."""
        most = self._begin.most_events
        history = workflow.info()
        return history.get_current_history_length() >= most if most else history.is_continue_as_new_suggested()

    @property
    def _may_be_cut(self) -> bool:
        idle = not self._calls and not self._runs and not self._bounding and not self._inbox
        return idle and bool(self._waiting) and self._is_long and not self._finished

    def _cut(self) -> None:
        """Go on as a new run of the same session, which replays the records so far through the rules."""
        earlier = wire.pack(self._lines)
        if len(earlier) > MOST_CARRIED:
            self._inbox.append(Stopped(reason="its records have become more than the engine can carry; go on from its plan"))
            return
        workflow.continue_as_new(replace(self._begin, earlier=earlier, opened_s=self._opened_s, queued=self._queue.calls))

    def _go_on(self) -> None:
        """Replay what has happened before; then begin what was ordered and has not begun."""
        self._lines = wire.unpack(self._begin.earlier)
        self._made_at = [0] * len(self._lines)
        ordered: dict[int, Start | Execute | Undo] = {}
        for record in map(from_line, self._lines):
            if isinstance(record.event, Report):
                for order in self._rules.receive(record.event, record.time_s).orders:
                    if isinstance(order, Start | Execute | Undo):
                        ordered[number_of(order)] = order
                    elif isinstance(order, Hurry):
                        hurry(order.call, ordered)
                if (ended := ended_by(record.event)) is not None:
                    ordered.pop(ended, None)
        for order in ordered.values():
            self._perform(order)
