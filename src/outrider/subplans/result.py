"""What became of a sub-task."""

from __future__ import annotations

from dataclasses import dataclass, field

from outrider.figures import Figures
from outrider.model import Plan
from outrider.subplans.graph import State, Subtask


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A sub-task, how far it came, and its plan as far as it was confirmed.

    ``why`` says why it failed or was not started, ``error`` is what its session raised. ``session`` is the name of the session
    that holds the plan, empty if none was begun. ``began_s`` and ``ended_s`` count from when the run began, and are ``None`` for
    what did not happen in it.
    """

    subtask: Subtask
    state: State
    plan: Plan = field(default_factory=lambda: Plan(()))
    figures: Figures = field(default_factory=Figures)
    session: str = ""
    why: str = ""
    error: Exception | None = None
    began_s: float | None = None
    ended_s: float | None = None
