"""PURE. The graph of sub-tasks: what comes after what, how far each has come, what may start, and what may still be changed.

A graph is a value: each command gives another one, or says why it cannot be. So what was refused has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal, TypeAlias

from outrider.errors import BadOption, NotNow, UnknownName
from outrider.model import Task

State: TypeAlias = Literal["waiting", "ready", "running", "complete", "failed", "dropped"]
"""How far a sub-task has come. ``ready`` once all that it comes after are complete."""

_Kept: TypeAlias = Literal["open", "running", "complete", "failed", "dropped"]
"""What is kept of it: whether an open one is ready follows from the others."""

MOST_LETTERS: Final = 60
"""A name is part of a session's name and stands at the head of lines."""


@dataclass(frozen=True, slots=True, init=False)
class Subtask:
    """One part of a task: its name in the graph, what is to be planned, and the names of those that must be complete before.

    ``after`` is for order alone, such as that of effects: no data goes from one to the other.

    Raises:
        BadOption: the name is none, or ``after`` is no list of names.
        EmptyTask: there is nothing to plan.
    """

    name: str
    task: Task
    after: tuple[str, ...] = ()

    def __init__(self, name: str, task: str | Task, *, after: Iterable[str] = ()) -> None:
        object.__setattr__(self, "name", _checked(name))
        object.__setattr__(self, "task", task if isinstance(task, Task) else Task(task))
        if isinstance(after, str):
            raise BadOption(f"sub-task {name!r} comes after {after!r}, which is no list; give after=[{after!r}]")
        object.__setattr__(self, "after", tuple(dict.fromkeys(after)))


def _checked(name: str) -> str:
    sound = isinstance(name, str) and 0 < len(name) <= MOST_LETTERS and all(sign.isalnum() or sign in "-_" for sign in name)
    if not sound:
        raise BadOption(f"the name of a sub-task is {name!r}; give 1 to {MOST_LETTERS} letters, digits, - and _")
    return name


@dataclass(frozen=True, slots=True)
class _Entry:
    subtask: Subtask
    kept: _Kept = "open"
    why: str = ""


class Graph:
    """Sub-tasks and how far each has come.

    Raises:
        BadOption: two have one name, or they wait for one another in a circle.
        UnknownName: one comes after something that is not there.
    """

    __slots__ = ("_entries", "_failed")

    def __init__(self, *subtasks: Subtask) -> None:
        self._entries: Mapping[str, _Entry] = {}
        self._failed: dict[str, str] | None = None  # worked out when it is first asked for
        self._entries = self.add(*subtasks)._entries

    # What is there --------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Subtask]:
        """Every sub-task that was not dropped, in the order in which they came."""
        return (entry.subtask for entry in self._entries.values() if entry.kept != "dropped")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, those that were dropped too."""
        return tuple(self._entries)

    def subtask(self, name: str) -> Subtask:
        """The sub-task of that name.

        Raises:
            UnknownName: there is none.
        """
        return self._entry(name).subtask

    def state(self, name: str) -> State:
        """How far it has come.

        Raises:
            UnknownName: there is none of that name.
        """
        entry = self._entry(name)
        if entry.kept != "open":
            return entry.kept
        return "ready" if all(self._entries[before].kept == "complete" for before in entry.subtask.after) else "waiting"

    def why(self, name: str) -> str:
        """Why it has failed, or why it is not started and will not be unless it is replaced; empty if neither is so."""
        entry = self._entry(name)
        if entry.kept == "open" and (failed := self._failed_before(name)):
            return f"it comes after {failed!r}, which failed"
        return entry.why

    @property
    def ready(self) -> tuple[str, ...]:
        """What may start now."""
        return self._in("ready")

    @property
    def running(self) -> tuple[str, ...]:
        """What has started and not ended."""
        return self._in("running")

    @property
    def blocked(self) -> tuple[str, ...]:
        """What waits for something that has failed, near or far."""
        return tuple(name for name in self._in("waiting") if self._failed_before(name))

    @property
    def complete(self) -> bool:
        """Whether every sub-task that was not dropped is complete."""
        return all(entry.kept in ("complete", "dropped") for entry in self._entries.values())

    def _in(self, state: State) -> tuple[str, ...]:
        return tuple(name for name in self._entries if self.state(name) == state)

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            known = ", ".join(self._entries) or "none"
            raise UnknownName(f"there is no sub-task {name!r}; there is {known}")
        return self._entries[name]

    def _failed_before(self, name: str) -> str:
        """The nearest of those that it comes after, near or far, which has failed; empty if none has."""
        if self._failed is None:
            self._failed = self._all_failed_before()
        return self._failed.get(name, "")

    def _all_failed_before(self) -> dict[str, str]:
        """For whatever comes after a failed one, that one: from each failed one downwards, so that the nearest comes first."""
        level = [(name, name) for name, entry in self._entries.items() if entry.kept == "failed"]
        later: dict[str, list[str]] = {}
        for subtask in self if level else ():
            for before in subtask.after:
                later.setdefault(before, []).append(subtask.name)
        found: dict[str, str] = {}
        while level:
            below = [(each, failed) for name, failed in level for each in later.get(name, ()) if each not in found]
            level = [(each, found.setdefault(each, failed)) for each, failed in dict(reversed(below)).items()]
        return found

    # Commands -------------------------------------------------------------------------------------------------------

    def add(self, *subtasks: Subtask) -> Graph:
        """The graph with ``subtasks`` too, which may come after one another. One that was dropped may be added anew.

        Raises:
            BadOption: there is one of that name, or they would wait for one another in a circle.
            UnknownName: one comes after something that is not there.
            NotNow: one comes after something that has failed, so it would never start.
        """
        names = [subtask.name for subtask in subtasks]
        for i, name in enumerate(names):
            if name in names[:i] or (name in self._entries and self._entries[name].kept != "dropped"):
                raise BadOption(f"there is a sub-task {name!r} already; give this one another name, or replace that one")
        return self._with(subtasks)

    def drop(self, *names: str) -> Graph:
        """The graph in which these are not started any more.

        Raises:
            UnknownName: there is none of that name.
            NotNow: one runs or has run; or another one comes after it, which is not dropped with it.
        """
        for name in names:
            self._check_open(name, "dropped")
            if later := next((other.name for other in self if name in other.after and other.name not in names), ""):
                raise NotNow(f"{later!r} comes after {name!r}; drop it too, or replace it with one that does not")
        return self._set({name: _Entry(self.subtask(name), "dropped") for name in names})

    def replace(self, *subtasks: Subtask) -> Graph:
        """The graph with each of ``subtasks`` in the place of the one that has its name; what comes after that comes after it.

        Raises:
            UnknownName: there is none of that name, or one comes after something that is not there.
            BadOption: they would wait for one another in a circle.
            NotNow: one runs or has run, was dropped, or comes after something that has failed.
        """
        for subtask in subtasks:
            self._check_open(subtask.name, "replaced")
        return self._with(subtasks)

    def _check_open(self, name: str, done: str) -> None:
        match self._entry(name).kept:
            case "open":
                return
            case "running":
                raise NotNow(
                    f"sub-task {name!r} is running, so it cannot be {done}; its session can be stopped, and others added"
                )
            case "dropped":
                raise NotNow(f"sub-task {name!r} was dropped, so it cannot be {done}; it can be added anew")
            case "complete" | "failed" as ended:
                raise NotNow(f"sub-task {name!r} has run ({ended}), so it cannot be {done}; add another one instead")

    def _with(self, subtasks: Iterable[Subtask]) -> Graph:
        """The graph with these, which are not started, if all of it makes sense."""
        found = self._set({subtask.name: _Entry(subtask) for subtask in subtasks})
        for subtask in subtasks:
            found._check_before(subtask)
        try:
            TopologicalSorter({each.name: each.after for each in found}).prepare()
        except CycleError as error:
            circle = " after ".join(map(repr, reversed(error.args[1])))
            raise BadOption(f"{circle}: none of them could ever start; leave one out of an `after`") from None
        for subtask in subtasks:
            if failed := found._failed_before(subtask.name):
                raise NotNow(f"sub-task {subtask.name!r} comes after {failed!r}, which failed: it would never start")
        return found

    def _check_before(self, subtask: Subtask) -> None:
        there = [other.name for other in self]
        for before in subtask.after:
            if before not in there:
                known = ", ".join(name for name in there if name != subtask.name) or "no other"
                raise UnknownName(f"sub-task {subtask.name!r} comes after {before!r}, which is not there; there is {known}")

    # What happens ---------------------------------------------------------------------------------------------------

    def started(self, name: str) -> Graph:
        """The graph in which it runs.

        Raises:
            NotNow: it is not ready.
        """
        return self._moved(name, "ready", "running")

    def completed(self, name: str) -> Graph:
        """The graph in which it is complete.

        Raises:
            NotNow: it is not running.
        """
        return self._moved(name, "running", "complete")

    def failed(self, name: str, why: str) -> Graph:
        """The graph in which it ended without a complete plan. What comes after it is not started.

        Raises:
            NotNow: it is not running.
        """
        return self._moved(name, "running", "failed", why)

    def _moved(self, name: str, before: State, after: _Kept, why: str = "") -> Graph:
        if (state := self.state(name)) != before:
            raise NotNow(f"sub-task {name!r} is {state}, not {before}")
        return self._set({name: _Entry(self.subtask(name), after, why)})

    def _set(self, entries: Mapping[str, _Entry]) -> Graph:
        graph = Graph.__new__(Graph)
        graph._entries = {**self._entries, **entries}
        graph._failed = None
        return graph
