"""The one loop: it performs the rules' orders with real calls, and feeds back what happened. It waits and never decides.

report ──► Rules.receive ──► findings ──► journal, then observers
   ▲                    └──► orders ──► a call starts, hurries or is closed ──┐
   └──────────────────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from outrider.agents.agent import Agent, Meter, checked, server_of, sound
from outrider.errors import BudgetReached, JournalError, NoStep
from outrider.model import NOTHING_USED, Answer, Role, Task, Usage
from outrider.rules.events import (
    Cancel,
    Event,
    Execute,
    Finished,
    Hurry,
    Opened,
    Order,
    Record,
    Report,
    Resumed,
    Start,
    Started,
    Undo,
    Withdraw,
)
from outrider.rules.rules import Rules
from outrider.runtime.ending import ended
from outrider.runtime.hands import Hands, Tools
from outrider.runtime.keeping import unwritten
from outrider.runtime.limits import Caller, Limits, Ticket
from outrider.runtime.resuming import Before

Publish = Callable[[list[Record]], None]
"""Takes records in order: writes them to the journal, then hands them to whoever watches."""


@dataclass(slots=True, eq=False, kw_only=True)
class _Handle(Ticket):
    """A call that was started: its place in the limits, how to close it, and why it is being closed."""

    order: Start
    task: asyncio.Task[None] | None = None
    began: bool = False
    reason: str = ""


def _over() -> None:
    """Close a call that has ended: there is nothing to close."""


def _to_nobody(records: list[Record]) -> None:
    """Publish nothing: the session was left."""


class Loop:
    """Drives one session's rules. Everything happens in the task group that ``run`` is given."""

    __slots__ = (
        "_agents", "_busy", "_caller", "_group", "_handles", "_hands", "_inbox", "_limits", "_n", "_opened_s", "_publish",
        "_rules", "_task", "broken", "finished", "handing_over", "is_open", "lost",
    )  # fmt: skip

    def __init__(
        self,
        *,
        rules: Rules,
        task: Task,
        agents: Mapping[Role, tuple[Agent, ...]],
        limits: Limits,
        publish: Publish,
        session: str = "",
        tools: Tools | None = None,
    ) -> None:
        self._rules = rules
        self._task = task
        self._agents = agents
        self._limits = limits
        self._caller = Caller(of=limits.caller)
        self._publish = publish
        self._inbox: list[Report] = []  # two or three at most, and a deque reserves room for many
        self._busy = False
        self._handles: dict[int, _Handle] = {}
        self._hands = None if tools is None else Hands(tools, session, self.receive, lambda: self.lost is None)
        self._n = 0
        self.finished = asyncio.Event()
        self.is_open = False
        self.handing_over = False
        self.lost: JournalError | None = None
        self.broken: BaseException | None = None

    def open(self, report: Opened, group: asyncio.TaskGroup) -> None:
        """Begin: the frontier's target call has been ordered when this returns. Calls run as tasks of ``group``."""
        self.is_open = True
        self._group = group
        self._opened_s = asyncio.get_running_loop().time()
        self.receive(report)

    def go_on(self, before: Before, resumed: Resumed, group: asyncio.TaskGroup) -> None:
        """Go on with a session of a process that is gone: what was under way there has been ordered anew when this returns.

        Its clock goes on from the last record's time.
        """
        self.is_open = True
        self._group = group
        self._n = len(before.records)
        last_s = before.records[-1].time_s
        self._opened_s = asyncio.get_running_loop().time() - last_s
        if before.due:
            self._record([*before.due], last_s)
        for report in before.reports(resumed):
            self.receive(report)

    def hand_over(self, reason: str) -> None:
        """Close every call, and perform no order any more: what the rules want next is left to whoever resumes the session.

        How each call ends is recorded. A run of a tool that has an effect is waited for, and recorded too; any other is dropped.
        """
        self.handing_over = True
        for handle in tuple(self._handles.values()):
            self._close(handle, reason)
        if self._hands is not None:
            self._hands.let_go(reason, self._finish_if_left)
        self._finish_if_left()

    def _finish_if_left(self) -> None:
        if self.handing_over and not self._handles and not (self._hands is not None and self._hands.busy):
            self.finished.set()

    def receive(self, report: Report) -> None:
        """Take a report through the rules, record it with what they found, and perform what they order.

        A report that comes while another is being taken through waits its turn, so the rules see one after another.
        """
        if self.broken is not None:
            return
        self._inbox.append(report)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                self._take_through(self._inbox.pop(0))
        except BaseException as error:
            self._break_off(error)
            raise
        finally:
            self._busy = False

    def _break_off(self, error: BaseException) -> None:
        """What must never happen did, in our code or an agent's: close every call, record nothing more, let nobody wait."""
        self.broken = error
        self._inbox.clear()
        for handle in self._handles.values():
            handle.reason = handle.reason or "the session broke off"
            if handle.task is not None:
                handle.task.cancel()
        if self._hands is not None:
            self._hands.break_off()
        self.finished.set()

    def _take_through(self, report: Report) -> None:
        now_s = self._now_s()
        decision = self._rules.receive(report, now_s)
        self._record([report, *decision.findings], now_s)
        if not self.handing_over:
            for order in decision.orders:
                self._perform(order)

    @property
    def records(self) -> int:
        """So many records there are: the number of the next one."""
        return self._n

    def _record(self, events: list[Event], now_s: float) -> None:
        """Journal first: what is not written down is not performed. A lost journal ends the run, with the plan kept."""
        records = [Record(n=self._n + i, time_s=now_s, event=event) for i, event in enumerate(events)]
        self._n += len(records)
        try:
            self._publish(records)
        except JournalError as error:
            self._lose_journal(error)
        if any(isinstance(event, Finished) for event in events):
            self.finished.set()

    def let_go(self) -> None:
        """Nothing follows, so whoever was told of it is let go: they refer to this."""
        self._publish = _to_nobody

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() - self._opened_s

    def _lose_journal(self, error: JournalError) -> None:
        if self.lost is None:
            self.lost = error
            if self._rules.outcome is None:
                self._inbox.insert(0, unwritten(error))

    # Orders ---------------------------------------------------------------------------------------------------------

    def _perform(self, order: Order) -> None:
        match order:
            case Start():
                self._start(order)
            case Cancel(call=number, reason=reason):
                if number in self._handles:  # else it went with its process, and is about to be reported
                    self._close(self._handles[number], reason)
            case Hurry(call=number):
                if number in self._handles:
                    self._limits.hurry(self._handles[number])
            case Execute() | Undo() | Withdraw():
                assert self._hands is not None, "without tools, nothing is executed"
                self._hands.perform(order, self._group)
            case _:
                assert_never(order)

    def _start(self, order: Start) -> None:
        handle = _Handle(order=order, urgent=order.urgent, caller=self._caller)
        if self._limits.limited:
            handle.server = server_of(self._agents[order.role][order.drafter])
            handle.withdraw = partial(self._withdraw, handle)
        self._handles[order.call] = handle
        handle.task = self._group.create_task(self._ask(self._agents[order.role][order.drafter], handle))

    def _close(self, handle: _Handle, reason: str) -> None:
        if handle.reason:
            return  # it is closing already; a second cancellation would interrupt its cleaning up
        handle.reason = reason
        assert handle.task is not None
        handle.task.cancel()
        if not handle.began:
            # A task that is cancelled before its first step never runs, so nobody else would report the call.
            self._end(handle, NOTHING_USED, None)

    def _withdraw(self, handle: _Handle) -> None:
        """The limits want this call closed: a speculative one, or, where there is no room even for it, the frontier's."""
        if not handle.refused:
            self._close(handle, handle.because)
        elif not handle.reason and handle.task is not None:
            handle.task.cancel()

    # Calls ----------------------------------------------------------------------------------------------------------

    async def _ask(self, agent: Agent, handle: _Handle) -> None:
        """One call, from its turn to its report."""
        handle.began = True
        order, meter = handle.order, Meter(partial(self._limits.refused, handle))
        task = self._task.steered(order.sentences)
        result: Answer | Exception | None = None
        usage = NOTHING_USED
        try:
            if self._limits.budgeted:
                self._bound(handle, agent, task)
            async with self._limits.turn(handle):
                self.receive(Started(call=order.call, role=order.role, at=order.at))
                try:
                    result = checked(await agent.next_step(task, order.prefix, meter), agent.name)
                    handle.answered = True
                finally:
                    usage = handle.used = sound(meter.usage)
        except asyncio.CancelledError:
            # Unless it was closed for a reason of ours.
            result = BudgetReached(handle.because) if handle.refused else NoStep(f"{agent.name} cancelled itself")
        except Exception as error:
            if error is self.broken:
                raise
            result = error
        except BaseException as error:
            self._break_off(error)
            raise
        self._end(handle, usage, result)

    def _bound(self, handle: _Handle, agent: Agent, task: Task) -> None:
        """The most that the call can use; speculation leaves room for the target's call on the frontier besides."""
        handle.most = agent.most(task, handle.order.prefix)
        if not handle.urgent:
            handle.keep = self._agents["target"][0].most(task, handle.order.prefix) or NOTHING_USED

    def _end(self, handle: _Handle, usage: Usage, result: Answer | Exception | None) -> None:
        del self._handles[handle.order.call]
        handle.task, handle.withdraw = None, _over  # which refer to it: only a search for garbage would free them all
        order = handle.order
        self.receive(
            ended(order.call, order.role, order.at, usage=usage, result=result, closed=handle.reason, budget=handle.refused)
        )
        self._finish_if_left()
