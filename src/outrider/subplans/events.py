"""PURE. What happens in a run of sub-plans, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from outrider.rules.events import Record
from outrider.subplans.graph import Subtask


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A sub-task is in the graph. The first ones are added when the run begins."""

    kind: ClassVar[str] = "subplan_added"
    subtask: Subtask

    @property
    def name(self) -> str:
        """The sub-task's."""
        return self.subtask.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Another sub-task stands in the place of one that had not started."""

    kind: ClassVar[str] = "subplan_replaced"
    subtask: Subtask

    @property
    def name(self) -> str:
        """The sub-task's."""
        return self.subtask.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A sub-task that had not started never will."""

    kind: ClassVar[str] = "subplan_dropped"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A sub-plan is being made, in the session of that name."""

    kind: ClassVar[str] = "subplan_began"
    name: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A record of a sub-plan's session. Its ``time_s`` counts from when that session was opened."""

    kind: ClassVar[str] = "subplan_happened"
    name: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A sub-plan ends in `finish`."""

    kind: ClassVar[str] = "subplan_completed"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A sub-plan ended without `finish`; what was confirmed of it is kept. The others go on."""

    kind: ClassVar[str] = "subplan_failed"
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A sub-task will not be started as the graph stands, since one that it comes after has failed."""

    kind: ClassVar[str] = "subplan_blocked"
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Nothing runs and nothing will. ``why`` says what ended it early; empty if nothing did."""

    kind: ClassVar[str] = "run_ended"
    complete: bool
    why: str = ""


RunEvent: TypeAlias = Added | Replaced | Dropped | Began | Happened | Completed | Failed | Blocked | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """An event in its place: number ``n`` from 0 without gaps, ``time_s`` seconds after the run began."""

    n: int
    time_s: float
    event: RunEvent
