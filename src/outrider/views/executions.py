"""What is to be seen of steps being executed: every run of a tool, what for, and how it ended. A pure fold, like the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from outrider.model import Declared, Effect, Step
from outrider.rules.events import Confirmed, Executed, Executing, Lost, Observed, Opened, Record, Undone, WentBack

Way: TypeAlias = Literal["live", "early", "rehearsal", "undo"]
"""What a run is for: a confirmed step; a draft, where nothing is changed; a draft, on a copy of the world; taking one back."""

RunEnd: TypeAlias = Literal["running", "used", "wasted", "withdrawn", "lost"]
"""How a run ended. One that has returned is ``wasted`` until what it returned is part of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """One run of a step's tool. ``early_s``: so long it had run when its step was confirmed, so much earlier its answer came."""

    execution: int
    at: int
    step: Step
    way: Way
    started_s: float
    ended_s: float | None = None
    end: RunEnd = "running"
    observation: str | None = None
    early_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Executions:
    """The runs of a session's tools after some number of records. ``after`` gives them after one more."""

    tools: tuple[Declared, ...] = ()
    runs: tuple[ToolRun, ...] = ()
    confirmed_s: tuple[float, ...] = ()
    """When each step of the plan was confirmed."""

    @property
    def early_s(self) -> float:
        """How much earlier the plan's observations were there because their tools had been run before confirmation, in all."""
        return sum(run.early_s for run in self.runs)

    @property
    def undoing(self) -> ToolRun | None:
        """The run that is taking an effect back, if one is."""
        return next((run for run in self.runs if run.way == "undo" and run.end == "running"), None)

    def effect(self, step: Step) -> Effect:
        """What the step's tool does to the world; whatever is undeclared writes."""
        return next((tool.effect for tool in self.tools if tool.name == step.action), "write")

    def has_tool(self, step: Step) -> bool:
        """Whether the step is executed once it is confirmed."""
        return bool(self.tools) and not step.is_finish

    def under_way(self, at: int, step: Step) -> ToolRun | None:
        """The run whose answer will be the observation of confirmed step ``at``. A rehearsal's will not."""
        mine = (run for run in reversed(self.runs) if run.at == at and run.step == step.named and run.end == "running")
        return next((run for run in mine if run.way == "live" or run.way == "early"), None)

    def ended(self, execution: int | None) -> ToolRun | None:
        """The run with that number."""
        return next((run for run in reversed(self.runs) if run.execution == execution), None)

    def after(self, record: Record) -> Executions:
        """The runs once ``record`` has happened."""
        match record.event:
            case Opened(tools=tools):
                return replace(self, tools=tools)
            case Confirmed(at=at):
                return replace(self, confirmed_s=(*self.confirmed_s[:at], record.time_s))
            case WentBack(at=at):
                return replace(self, confirmed_s=self.confirmed_s[:at])
            case Executing() as event:
                return replace(self, runs=(*self.runs, self._begun(event, record.time_s)))
            case Observed(execution=execution, observation=observation):
                return self._with(execution, ended_s=record.time_s, end="wasted", observation=observation)
            case Undone(execution=execution):
                return self._with(execution, ended_s=record.time_s, end="used")
            case Lost(execution=execution, withdrawn=withdrawn):
                return self._with(execution, ended_s=record.time_s, end="withdrawn" if withdrawn else "lost")
            case Executed() as event:
                return self._used(event)
            case _:
                return self

    def _begun(self, event: Executing, time_s: float) -> ToolRun:
        return ToolRun(execution=event.execution, at=event.at, step=event.step.named, way=self._way(event), started_s=time_s)

    def _way(self, event: Executing) -> Way:
        if not event.live:
            return "rehearsal" if self.effect(event.step) == "write" else "early"
        return "live" if event.at < len(self.confirmed_s) else "undo"  # only what the person went back behind is undone

    def _used(self, event: Executed) -> Executions:
        """The run that the observation comes from is used; so is the last rehearsal of the step, if it had shown the same."""
        runs = list(self.runs)
        rehearsals = [
            i for i, run in enumerate(runs) if run.way == "rehearsal" and (run.at, run.step) == (event.at, event.step.named)
        ]
        for i, run in enumerate(runs):
            rehearsed = i in rehearsals[-1:] and run.end == "wasted" and run.observation == event.step.observation
            if run.end == "wasted" and (rehearsed or run.execution == event.execution):
                runs[i] = replace(run, end="used", early_s=self._early_s(run))
        return replace(self, runs=tuple(runs))

    def _early_s(self, run: ToolRun) -> float:
        if run.way != "early" or run.ended_s is None or run.at >= len(self.confirmed_s):
            return 0.0
        return max(0.0, min(run.ended_s, self.confirmed_s[run.at]) - run.started_s)

    def _with(self, execution: int, *, ended_s: float, end: RunEnd, observation: str | None = None) -> Executions:
        """The run has ended; one that never began was never seen."""
        return replace(
            self,
            runs=tuple(
                replace(run, ended_s=ended_s, end=end, observation=observation) if run.execution == execution else run
                for run in self.runs
            ),
        )
