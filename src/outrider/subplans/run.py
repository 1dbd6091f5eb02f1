"""``subplans`` and ``Subplans``: the user's handle on a run of sub-plans. It waits; what may start the graph decides."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TypeAlias

from outrider.errors import BadOption, JournalError, NotNow, RunStopped, first_of
from outrider.journal import JournalStore
from outrider.model import Plan
from outrider.runtime import Session, Stream
from outrider.runtime.stream import Streams
from outrider.subplans.events import (
    Added,
    Began,
    Blocked,
    Completed,
    Dropped,
    Ended,
    Failed,
    Happened,
    Replaced,
    RunEvent,
    RunRecord,
)
from outrider.subplans.graph import Graph, Subtask
from outrider.subplans.kept import keep
from outrider.subplans.result import Result

SessionOf: TypeAlias = Callable[[Subtask, str], Session]
"""Makes the session of a sub-task, under the name given, which it is to have in the journal. It is not entered."""

LEFT: Final = "the run was left"

MOST_WAITING: Final = 20_000
"""Records that may wait for an observer before it is dropped: those of all sub-plans."""


class Subplans:
    """One run of a graph of sub-tasks. Enter it to start, leave it to stop; no call outlives the ``async with``.

    Args are those of ``subplans``.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        session_of: SessionOf,
        journal: JournalStore | None,
        earlier: Mapping[str, Result],
        more_to_come: bool,
        name: str,
    ) -> None:
        self.name = name
        self._graph = graph
        self._session_of = session_of
        self._journal = journal
        self._earlier = earlier
        self._more_to_come = more_to_come
        self._sessions: dict[str, Session] = {}
        self._results: dict[str, Result] = {}
        self._streams: Streams[RunRecord] = Streams()
        self._group: asyncio.TaskGroup | None = None
        self._finished = asyncio.Event()
        self._begun = False
        self._began_s = 0.0
        self._n = 0
        self._stopped = ""

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._began_s = asyncio.get_running_loop().time()
        # Begun in a task of its own, so that a stream opened first thing in the body misses nothing.
        self._group.create_task(self._begin_soon())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop what still runs, and wait until every call is closed and accounted for."""
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        try:
            self.stop(LEFT)
            # An error of the body's own is not the group's: it would come out wrapped in an exception group.
            await self._started().__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        finally:
            self._sweep()

    def _sweep(self) -> None:
        """A sub-plan whose task was cancelled, by whoever cancelled the run, has had nobody to say how it ended."""
        for name in self._graph.running:
            self._end(name, RunStopped(self._stopped or LEFT, plan=self._results[name].plan))
        self._finish_if_over()

    def _started(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise NotNow("the run is not started; write: async with outrider.subplans.subplans(...) as run")
        return self._group

    # The user's ---------------------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The sub-tasks, and how far each has come."""
        return self._graph

    def events(self) -> Stream[RunRecord]:
        """A stream of everything from now on; opened before the first ``await``, of everything."""
        return Stream(self._streams, self._finished.is_set, MOST_WAITING)

    def session(self, name: str) -> Session:
        """The session of sub-task ``name``, to take steps in, steer, hold or stop it. It has begun.

        Raises:
            UnknownName: there is no such sub-task.
            NotNow: it has no session, so far or at all.
        """
        state = self._graph.state(name)
        if name not in self._sessions:
            raise NotNow(f"sub-task {name!r} is {state} and has no session; it has one once it has begun")
        return self._sessions[name]

    def add(self, *subtasks: Subtask) -> None:
        """Put ``subtasks`` into the graph; what may start has been started soon after. See ``Graph.add`` for what is refused.

        Raises:
            BadOption, UnknownName: they make no sense. Nothing has changed.
            NotNow: they would never start, or the run has ended. Nothing has changed.
            JournalError: the graph could not be written. Nothing has changed.
        """
        self._change(self._graph.add(*subtasks), [Added(subtask=subtask) for subtask in subtasks])

    def drop(self, *names: str) -> None:
        """Sub-tasks that have not started never will. See ``Graph.drop`` for what is refused.

        Raises:
            UnknownName: there is none of that name. Nothing has changed.
            NotNow: it has started, another one comes after it, or the run has ended. Nothing has changed.
            JournalError: the graph could not be written. Nothing has changed.
        """
        self._change(self._graph.drop(*names), [Dropped(name=name) for name in names])

    def replace(self, *subtasks: Subtask) -> None:
        """Each of ``subtasks`` stands in the place of the one of its name. See ``Graph.replace`` for what is refused.

        Raises:
            BadOption, UnknownName: they make no sense. Nothing has changed.
            NotNow: it has started, it would never start, or the run has ended. Nothing has changed.
            JournalError: the graph could not be written. Nothing has changed.
        """
        self._change(self._graph.replace(*subtasks), [Replaced(subtask=subtask) for subtask in subtasks])

    def no_more(self) -> None:
        """No sub-task will be added: the run ends once nothing runs and nothing can start."""
        self._more_to_come = False
        self._advance()

    def stop(self, reason: str = "on request") -> None:
        """Close every call of every sub-plan, and start no other. Their confirmed plans are kept. Once it has ended: nothing."""
        self._started()
        if self._stopped or self._finished.is_set():
            return
        self._stopped = f"the run was stopped: {reason}"
        self._begin()
        for name in self._graph.running:
            if name in self._sessions:
                self._sessions[name].stop(reason)
        self._finish_if_over()

    async def results(self) -> dict[str, Result]:
        """What became of every sub-task, by name, once nothing runs any more. What failed is told in it, never raised."""
        self._started()
        await self._finished.wait()
        return {result.subtask.name: result for result in self._whole(self._graph)}

    # How it goes --------------------------------------------------------------------------------------------------------

    async def _begin_soon(self) -> None:
        self._begin()

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._publish(*(Added(subtask=subtask) for subtask in self._graph))
        self._keep_or_stop()
        self._advance()

    def _change(self, graph: Graph, events: Iterable[RunEvent]) -> None:
        """``graph`` is in force: written first, so that what cannot be kept is not done."""
        self._started()
        if self._stopped or self._finished.is_set():
            raise NotNow("the run has ended, so its sub-tasks cannot be changed any more; begin another one")
        self._keep(graph)
        self._graph = graph
        if self._begun:  # else it begins with this graph
            self._publish(*events)
            self._advance()

    def _advance(self) -> None:
        """Start what may start, and see whether that was all."""
        if not self._begun or self._finished.is_set():
            return
        while not self._stopped and (ready := self._graph.ready):
            for name in ready:
                self._start(name)
            self._keep_or_stop()
        self._finish_if_over()

    def _start(self, name: str) -> None:
        subtask = self._graph.subtask(name)
        before = self._before(self._graph, name)
        self._graph = self._graph.started(name)
        if before.state == "complete":
            self._graph = self._graph.completed(name)
            self._results[name] = before
            self._publish(Completed(name=name))
            return
        self._results[name] = Result(
            subtask=subtask, state="running", session=f"{self.name}.{name}", began_s=self._now_s(),
        )  # fmt: skip
        self._started().create_task(self._plan(subtask))

    async def _plan(self, subtask: Subtask) -> None:
        """Make one sub-plan. What goes wrong in it ends it, and no other (law 10)."""
        error: Exception | None = None
        try:
            await self._watch(subtask)
        except Exception as trouble:
            error = trouble
        self._end(subtask.name, error)
        self._keep_or_stop()
        self._advance()

    async def _watch(self, subtask: Subtask) -> None:
        name, called = subtask.name, self._results[subtask.name].session
        if self._stopped:  # in the moment between
            raise RunStopped(self._stopped, plan=Plan(()))
        session = self._session_of(subtask, called)
        if session.name != called:
            raise BadOption(f"session_of made a session named {session.name!r}; give it the name {called!r} that it is passed")
        async with session:
            self._sessions[name] = session
            self._publish(Began(name=name, session=called))
            async with session.events() as events:
                async for record in events:
                    self._publish(Happened(name=name, record=record))
        await session.result()

    def _end(self, name: str, error: Exception | None) -> None:
        """Sub-plan ``name`` is over. Whatever comes after a failed one is told that it will not start."""
        blocked_before = self._graph.blocked
        why = "" if error is None else str(error) or type(error).__name__
        self._graph = self._graph.completed(name) if error is None else self._graph.failed(name, why)
        result = replace(self._results[name], error=error, ended_s=self._now_s())
        if (session := self._sessions.get(name)) is not None:
            result = replace(result, plan=session.plan, figures=session.figures)
        else:  # nothing was written under its own name, so what there was before still stands
            before = self._before(self._graph, name)
            result = replace(result, session=before.session, plan=before.plan)
        self._results[name] = result
        self._publish(Completed(name=name) if error is None else Failed(name=name, why=why))
        blocked = [each for each in self._graph.blocked if each not in blocked_before]
        self._publish(*(Blocked(name=each, why=self._graph.why(each)) for each in blocked))

    def _finish_if_over(self) -> None:
        if self._finished.is_set() or not self._begun or self._graph.running:
            return
        if self._stopped or not (self._graph.ready or self._more_to_come):
            self._keep_or_stop()
            if self._finished.is_set():  # what could not be written has ended it
                return
            self._finished.set()
            self._publish(Ended(complete=self._graph.complete, why=self._stopped))
            self._streams.end()

    # What is kept -------------------------------------------------------------------------------------------------------

    def _whole(self, graph: Graph) -> list[Result]:
        """Every sub-task as it stands, those that were not started too."""
        return [self._told(graph, name) for name in graph.names]

    def _told(self, graph: Graph, name: str) -> Result:
        state = graph.state(name)
        why = graph.why(name) or (self._stopped if state in ("waiting", "ready") else "")
        found = self._results.get(name) or self._before(graph, name)
        return replace(found, subtask=graph.subtask(name), state=state, why=why)

    def _before(self, graph: Graph, name: str) -> Result:
        """What an earlier run came to in the same task; nothing if there is none."""
        subtask, before = graph.subtask(name), self._earlier.get(name)
        if before is None or before.subtask.task != subtask.task:
            return Result(subtask=subtask, state=graph.state(name))
        return replace(before, subtask=subtask, began_s=None, ended_s=None, error=None)

    def _keep(self, graph: Graph) -> None:
        if self._journal is not None:
            keep(self._journal, self.name, self._whole(graph))

    def _keep_or_stop(self) -> None:
        """What cannot be written down is not gone on with: the run ends, with the plans kept that are there."""
        try:
            self._keep(self._graph)
        except JournalError as error:
            self._journal = None
            self.stop(str(error))

    def _publish(self, *events: RunEvent) -> None:
        for event in events:
            record = RunRecord(n=self._n, time_s=self._now_s(), event=event)
            self._n += 1
            self._streams.push(record)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() - self._began_s


def subplans(
    graph: Graph,
    *,
    session_of: SessionOf,
    journal: JournalStore | None = None,
    earlier: Mapping[str, Result] | None = None,
    more_to_come: bool = False,
    name: str | None = None,
) -> Subplans:
    """A run of ``graph``: enter it with ``async with``.

    Args:
        graph: the sub-tasks. Those that come after nothing start at once, the others when all they come after are complete.
        session_of: makes the session of a sub-task, under the name it is passed. What the sessions are to share, one
            ``Limits`` with one budget, it gives to each.
        journal: where the graph is kept, to be read with ``kept``. The sessions' records go where ``session_of`` says.
        earlier: what an earlier run came to. A sub-task of the same name and task that was complete there is not planned again.
        more_to_come: whether sub-tasks may be added when nothing runs any more; the run then ends only after ``no_more``.
        name: the run's name; a random one if none is given. The sessions are called ``NAME.SUBTASK``.

    Raises:
        BadOption: the name holds a dot or is empty; nothing has started.
    """
    if name is not None and (not name or "." in name):
        raise BadOption(f"the run's name is {name!r}; give one without a dot, which stands between it and the sub-tasks' names")
    return Subplans(
        graph,
        session_of=session_of,
        journal=journal,
        earlier=earlier or {},
        more_to_come=more_to_come,
        name=name or secrets.token_hex(4),
    )


__all__ = ["Result", "SessionOf", "Subplans", "subplans"]
