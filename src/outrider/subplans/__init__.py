"""Sub-plans: a task as a graph of sub-tasks that share no data, each planned in a session of its own, under the same limits."""

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
from outrider.subplans.graph import Graph, State, Subtask
from outrider.subplans.kept import kept
from outrider.subplans.result import Result
from outrider.subplans.run import SessionOf, Subplans, subplans

__all__ = [
    "Added",
    "Began",
    "Blocked",
    "Completed",
    "Dropped",
    "Ended",
    "Failed",
    "Graph",
    "Happened",
    "Replaced",
    "Result",
    "RunEvent",
    "RunRecord",
    "SessionOf",
    "State",
    "Subplans",
    "Subtask",
    "kept",
    "subplans",
]
