"""The session's hands: they run steps' tools and report what came of it. They wait and never decide.

What has an effect is on record before it begins, and is never broken off by us. What is run early runs on a copy of the world.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from outrider.errors import OutriderError, ToolLost, sentence_of
from outrider.model import Declared, Step
from outrider.rules.events import Execute, Executing, ExecutionReport, Lost, Observed, Undo, Undone, Withdraw


class Tools(Protocol):
    """What steps are executed with; ``outrider.tools.Toolbox`` is one."""

    @property
    def declared(self) -> tuple[Declared, ...]:
        """Every tool's declaration."""
        ...

    async def run(self, step: Step, *, key: str) -> str:
        """The observation. An effect that is run again under the same ``key`` is the same effect.

        Raises:
            ToolLost: there is no answer; whether a tool that writes has had its effect is not known.
        """
        ...

    async def undo(self, step: Step, *, key: str) -> None:
        """Take back the effect that ``step`` had under ``key``.

        Raises:
            ToolLost: there is no answer; whether it has been taken back is not known.
            ToolError: it could not be taken back.
        """
        ...

    def fork(self) -> Self:
        """The same tools on a copy of the world, wherever their world can be copied."""
        ...


def leaves_unsure(error: BaseException) -> bool:
    """Whether an undoing that ended so may have taken the effect back; what says of itself that it failed has not."""
    return isinstance(error, ToolLost) or not isinstance(error, OutriderError)


@dataclass(slots=True, eq=False)
class _Run:
    order: Execute | Undo
    task: asyncio.Task[None] | None = None
    began: bool = False
    reason: str = ""
    withdrawn: bool = False
    let_go: bool = False


def _has_effect(order: Execute | Undo) -> bool:
    return isinstance(order, Undo) or (order.live and order.effect == "write")


class Hands:
    """Runs the tools of one session.

    Args:
        tools: what steps are executed with.
        session: its name goes before every key, so that no two sessions share an effect.
        report: takes what happened to the rules, in order, and writes it down.
        written: whether what was reported last is on record.
    """

    __slots__ = ("_copies", "_idle", "_report", "_runs", "_session", "_tools", "_written")

    def __init__(
        self, tools: Tools, session: str, report: Callable[[ExecutionReport], None], written: Callable[[], bool]
    ) -> None:
        self._tools = tools
        self._session = session
        self._report = report
        self._written = written
        self._runs: dict[int, _Run] = {}
        self._copies: dict[int, Tools] = {}
        self._idle: Callable[[], None] = lambda: None

    def perform(self, order: Execute | Undo | Withdraw, group: asyncio.TaskGroup) -> None:
        """Begin what is ordered as a task of ``group``, or break it off."""
        if isinstance(order, Withdraw):
            self._withdraw(order)
            return
        run = self._runs[order.execution] = _Run(order)
        tools = self._world_for(order)
        run.task = group.create_task(self._undo(run) if isinstance(order, Undo) else self._execute(run, tools))

    def break_off(self) -> None:
        """The session broke off: close everything."""
        for run in self._runs.values():
            run.reason = run.reason or "the session broke off"
            if run.task is not None:
                run.task.cancel()

    @property
    def busy(self) -> bool:
        """Whether a tool runs."""
        return bool(self._runs)

    def let_go(self, reason: str, idle: Callable[[], None]) -> None:
        """What has an effect is left to end; what has none is broken off, with no end on record. Then ``idle`` is called."""
        self._idle = idle
        for run in tuple(self._runs.values()):
            if run.began and _has_effect(run.order):
                continue
            run.reason, run.let_go = run.reason or reason, True
            if run.task is not None:
                run.task.cancel()
            if not run.began:  # a task that is cancelled before its first step never runs
                del self._runs[run.order.execution]

    def _world_for(self, order: Execute | Undo) -> Tools | Exception:
        """The tools on the world itself, or on a copy made now: later, the world may have moved on."""
        if isinstance(order, Undo) or order.live:
            return self._tools
        try:
            return (self._tools if order.after is None else self._copies[order.after]).fork()
        except Exception as error:  # a world that cannot be copied after all: the step waits for its confirmation
            return error

    def _withdraw(self, order: Withdraw) -> None:
        self._copies.pop(order.execution, None)
        run = self._runs.get(order.execution)
        if run is None or run.reason:
            return
        run.reason, run.withdrawn = order.reason, True
        if run.task is not None:
            run.task.cancel()
        if not run.began:  # a task that is cancelled before its first step never runs
            self._end(run, Lost(execution=order.execution, at=run.order.at, reason=order.reason, withdrawn=True))

    async def _execute(self, run: _Run, tools: Tools | Exception) -> None:
        order = run.order
        assert isinstance(order, Execute), "an undoing is performed by _undo"
        try:
            self._begin(run, order.live)
            observation = await self._observation(order, tools)
        except (Exception, asyncio.CancelledError) as error:
            self._end(run, self._lost(run, error))
            return
        if not order.live and order.effect == "write" and not isinstance(tools, Exception):
            self._copies[order.execution] = tools
        self._end(run, Observed(execution=order.execution, at=order.at, observation=observation))

    async def _observation(self, order: Execute, tools: Tools | Exception) -> str:
        if isinstance(tools, Exception):
            raise tools
        observation = await tools.run(order.step, key=f"{self._session}/{order.key}")
        if not isinstance(observation, str):
            raise TypeError(f"an observation is a text, and {order.step.action} returned a {type(observation).__name__}")
        return observation

    async def _undo(self, run: _Run) -> None:
        order = run.order
        try:
            self._begin(run, live=True)
            await self._tools.undo(order.step, key=f"{self._session}/{order.key}")
        except (Exception, asyncio.CancelledError) as error:
            self._end(run, self._lost(run, error))
            return
        self._end(run, Undone(execution=order.execution, at=order.at))

    def _begin(self, run: _Run, live: bool) -> None:
        """Put it on record that the tool is about to run.

        Raises:
            OutriderError: it is not on record, so nothing may happen.
        """
        run.began = True
        order = run.order
        self._report(
            Executing(execution=order.execution, at=order.at, step=order.step.named, live=live, key=order.key),
        )
        if live and not self._written():
            raise OutriderError("it was not run, since that could not be written down")

    def _lost(self, run: _Run, error: BaseException) -> Lost:
        if run.reason:
            reason = run.reason
        elif isinstance(error, asyncio.CancelledError):
            reason = f"{run.order.step.action} was broken off"
        else:
            reason = sentence_of(error)
        unsure = isinstance(run.order, Undo) and leaves_unsure(error)
        return Lost(execution=run.order.execution, at=run.order.at, reason=reason, withdrawn=run.withdrawn, unsure=unsure)

    def _end(self, run: _Run, report: ExecutionReport) -> None:
        del self._runs[run.order.execution]
        if not run.let_go:
            self._report(report)
        if not self._runs:
            self._idle()
