"""The figures of executing: every run of a tool, what for, how it ended and how long it took. A part of the fold of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from outrider.model import JSON, Declared, Effect, Step
from outrider.rules.events import Executed, Executing, Lost, Observed, Opened, Undone

ExecutionKind: TypeAlias = Literal["none", "read", "rehearsal", "live", "undo"]
"""What a run was for: a drafted step, without effect or reading only; a drafted step, on a copy of the world; a confirmed step;
to take one back.
"""

ExecutionEnd: TypeAlias = Literal["used", "wasted", "withdrawn", "lost"]
"""How a run ended.

Used: its observation is part of the plan; a rehearsal's, what the confirmed run returned as well; of an undoing, the effect is
taken back. Wasted: it returned, and was not needed. Withdrawn: broken off, since it was not needed any more. Lost: no answer.
"""

KINDS: Final[tuple[ExecutionKind, ...]] = get_args(ExecutionKind)

ENDS: Final[tuple[ExecutionEnd, ...]] = get_args(ExecutionEnd)

_OF_DRAFTS: Final[dict[Effect, ExecutionKind]] = {"none": "none", "read": "read", "write": "rehearsal"}


@dataclass(slots=True)
class _Run:
    kind: ExecutionKind
    at: int
    step: Step
    key: str
    effect: Effect
    started_s: float
    with_calls_s: float
    """How long, by then, a call had been under way in all."""
    ended_s: float | None = None
    end: ExecutionEnd = "wasted"  # until it turns out to be needed
    observation: str | None = None

    @property
    def took_s(self) -> float:
        return 0.0 if self.ended_s is None else self.ended_s - self.started_s


class Acting:
    """The runs of a session's tools so far."""

    __slots__ = ("_happened", "_runs", "_tools", "overlapped_s")

    def __init__(self) -> None:
        self._tools: dict[str, Declared] = {}
        self._runs: dict[int, _Run] = {}
        self._happened: set[str] = set()
        self.overlapped_s = 0.0
        """Seconds of tools that passed while a call was under way as well: nobody waited for them alone."""

    def open(self, opened: Opened) -> None:
        """The session has these tools."""
        self._tools = {tool.name: tool for tool in opened.tools}

    @property
    def are_on(self) -> bool:
        """Whether steps are executed at all."""
        return bool(self._tools)

    def declared(self, step: Step) -> Declared:
        """What is declared of the step's tool. What is not declared writes."""
        return self._tools.get(step.action) or Declared(step.action)

    def begin(self, event: Executing, time_s: float, with_calls_s: float) -> None:
        """A run is about to begin; by now a call has been under way for ``with_calls_s`` in all."""
        effect = self.declared(event.step).effect
        self._runs[event.execution] = _Run(
            self._kind(event, effect), event.at, event.step, event.key, effect, time_s, with_calls_s
        )

    def _kind(self, event: Executing, effect: Effect) -> ExecutionKind:
        if not event.live:
            return _OF_DRAFTS[effect]
        # An undoing has the key of the effect that it takes back, and no other run has it once that effect has been seen.
        return "undo" if event.key in self._happened or event.key.startswith("given-") else "live"

    def end(self, event: Observed | Undone | Lost, time_s: float, with_calls_s: float) -> None:
        """A run has ended; one that never began is none."""
        run = self._runs.get(event.execution)
        if run is None:
            return
        run.ended_s = time_s
        self.overlapped_s += with_calls_s - run.with_calls_s
        match event:
            case Observed(observation=observation):
                run.observation = observation
                if run.kind == "live" and run.effect == "write":
                    self._happened.add(run.key)
            case Undone():
                run.end = "used"
            case Lost(withdrawn=withdrawn):
                run.end = "withdrawn" if withdrawn else "lost"

    def need(self, event: Executed) -> float:
        """What the plan's observation comes from was needed. Returns the seconds that the runs for it took, one after another."""
        found = self._runs.get(event.execution) if event.execution is not None else None
        if found is None:
            return 0.0
        found.end = "used"
        rehearsals = [
            run for run in self._runs.values() if run.kind == "rehearsal" and (run.at, run.step) == (found.at, found.step)
        ]
        if rehearsals and rehearsals[-1].observation == found.observation:
            rehearsals[-1].end = "used"
        attempts = [run for run in self._runs.values() if run.kind == "live" and run.key == found.key and run is not found]
        return found.took_s + sum(run.took_s for run in attempts if found.kind == "live")

    # What there is --------------------------------------------------------------------------------------------------

    def count(self, kind: ExecutionKind, end: ExecutionEnd) -> int:
        """How many runs of this kind ended so. While the session goes on, one that may still be needed counts as wasted."""
        return sum(1 for run in self._ended if (run.kind, run.end) == (kind, end))

    @property
    def total(self) -> int:
        """How many runs have ended."""
        return sum(1 for _ in self._ended)

    @property
    def open_runs(self) -> int:
        """How many runs have begun and not ended."""
        return len(self._runs) - self.total

    @property
    def effects(self) -> int:
        """How many runs have changed the world itself, and said so."""
        return sum(1 for run in self._ended if run.kind == "live" and run.effect == "write" and run.observation is not None)

    @property
    def undone(self) -> int:
        """How many of those have been taken back."""
        return self.count("undo", "used")

    @property
    def took_s(self) -> float:
        """Seconds of all runs that have ended, one after another."""
        return sum(run.took_s for run in self._ended)

    @property
    def _ended(self) -> Iterator[_Run]:
        return (run for run in self._runs.values() if run.ended_s is not None)

    def as_json(self) -> dict[str, JSON]:
        """The figures under their names."""
        return {
            "executions": {kind: {end: self.count(kind, end) for end in ENDS} for kind in KINDS},
            "executions_open": self.open_runs,
            "effects": self.effects,
            "effects_undone": self.undone,
            "tools_s": round(self.took_s, 6),
            "tools_overlapped_s": round(self.overlapped_s, 6),
        }
