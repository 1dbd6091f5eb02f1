"""The lanes: every call as a bar in time, the figure of the paper (arXiv 2410.00079, figure 1) as it happens.

Drafts lie in one lane, the target's calls overlap in theirs, and the person's steps have a lane of their own. A fold of records,
like the picture; terminal, page and the Chrome-trace file draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from outrider.figures import CallEnd
from outrider.model import Role
from outrider.rules.events import Cancelled, Confirmed, Drafted, Failed, Opened, Record, Shown, Started, Took, Verified, WentBack
from outrider.views.executions import Executions, RunEnd, ToolRun, Way
from outrider.worlds import world_of
from outrider.worlds.named import Teller

Lane: TypeAlias = Role | Literal["tools", "person"]
"""Whose bars lie there."""

BarEnd: TypeAlias = CallEnd | RunEnd
"""How a bar ends. Calls and runs of tools are used or wasted; else a call is cancelled or fails, a run is withdrawn or lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A call from its start to its end, or the person's window from the draft on display, or from going back, until they took it.

    ``row`` keeps bars of one lane that overlap apart, counted from 0. ``end`` is how the call ended, ``running`` until then; one
    that answered is ``wasted`` until its step is confirmed. ``label`` is the step it named.

    In the lane of tools a bar is one run of a step's tool: ``execution`` is its number, ``way`` what it was for, ``label`` its
    step, and ``early_s`` how much earlier there was an observation because the tool was run before the step was confirmed.
    """

    lane: Lane
    row: int
    at: int
    started_s: float
    ended_s: float | None = None
    end: BarEnd = "running"
    label: str = ""
    call: int | None = None
    execution: int | None = None
    way: Way | None = None
    early_s: float = 0.0


class Lanes:
    """``receive`` a session's records in order; ``bars`` at any time, in the order in which they began."""

    def __init__(self) -> None:
        self._bars: list[Bar] = []
        self._of_call: dict[int, int] = {}
        self._places: list[int] = []
        self._executions = Executions()
        self._window_s = 0.0
        self._reads: Teller = str

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Every bar so far."""
        return tuple(self._bars)

    def receive(self, record: Record) -> None:
        """Take ``record`` in."""
        before, self._executions = self._executions.runs, self._executions.after(record)
        if self._executions.runs is not before:
            self._draw_runs(before)
        match record.event:
            case Opened(task=task):
                self._reads = world_of(task.world).teller(task.text)
            case Started(call=call, role=role, at=at):
                self._of_call[call] = len(self._bars)
                self._bars.append(Bar(lane=role, row=self._free_row(role), at=at, started_s=record.time_s, call=call))
            case Drafted(call=call, steps=steps):
                self._end(call, record.time_s, "wasted", self._reads(steps[0]) if steps else "")
            case Verified(call=call, step=step):
                self._end(call, record.time_s, "wasted", self._reads(step))
            case Failed(call=call):
                self._end(call, record.time_s, "failed")
            case Cancelled(call=call):
                self._end(call, record.time_s, "cancelled")
            case Confirmed(call=verdict, drafts=drafts):
                self._window_s = record.time_s
                self._use(*drafts, *(() if verdict is None else (verdict,)))
            case Shown() | WentBack():
                self._window_s = record.time_s
            case Took(at=at, step=step):
                self._bars.append(
                    Bar(
                        lane="person",
                        row=0,
                        at=at,
                        started_s=self._window_s,
                        ended_s=record.time_s,
                        end="used",
                        label=self._reads(step),
                    )
                )
            case _:
                pass

    def _end(self, call: int, time_s: float, end: CallEnd, label: str = "") -> None:
        if call in self._of_call:  # not if it was closed before its turn came
            place = self._of_call[call]
            self._bars[place] = replace(self._bars[place], ended_s=time_s, end=end, label=label)

    def _use(self, *calls: int) -> None:
        for call in calls:
            if call in self._of_call:
                place = self._of_call[call]
                self._bars[place] = replace(self._bars[place], end="used")

    def _draw_runs(self, before: tuple[ToolRun, ...]) -> None:
        """The n-th run's bar stands at the n-th of ``_places``."""
        for i, run in enumerate(self._executions.runs):
            if i == len(self._places):
                self._places.append(len(self._bars))
                self._bars.append(self._of(run, self._free_row("tools")))
            elif run is not before[i]:
                self._bars[self._places[i]] = self._of(run, self._bars[self._places[i]].row)

    def _of(self, run: ToolRun, row: int) -> Bar:
        return Bar(
            lane="tools", row=row, at=run.at, started_s=run.started_s, ended_s=run.ended_s, end=run.end,
            label=self._reads(run.step), execution=run.execution, way=run.way, early_s=run.early_s,
        )  # fmt: skip

    def _free_row(self, lane: Lane) -> int:
        taken = {bar.row for bar in self._bars if bar.lane == lane and bar.ended_s is None}
        return next(row for row in range(len(taken) + 1) if row not in taken)
