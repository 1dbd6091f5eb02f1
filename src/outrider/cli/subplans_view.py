"""A run of sub-plans as plain lines, each with the sub-plan's name, or as JSON for scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from outrider.cli.views import json_line
from outrider.figures import Figures
from outrider.journal import encode, encode_plan
from outrider.subplans import Began, Blocked, Completed, Ended, Failed, Graph, Happened, Result, RunRecord
from outrider.views.lines import LinesView
from outrider.views.words import count, known_dollars, one_line, seconds, summary

Write = Callable[[str], None]

ENDS: Final = ("used", "wasted", "cancelled", "failed")


class SubplansLines:
    """A line a confirmed step, at the time it was confirmed, behind the name of its sub-plan; then what became of all."""

    def __init__(self, run: str, write: Write) -> None:
        self._run = run
        self._write = write
        self._views: dict[str, LinesView] = {}
        self._now_s = 0.0
        self._width = 0

    def receive(self, record: RunRecord, graph: Graph) -> None:
        """Write what ``record`` settles."""
        self._now_s = record.time_s
        self._width = max(map(len, graph.names), default=0)
        match record.event:
            case Began(name=name):
                self._views[name] = LinesView(partial(self._line, name))
            case Happened(name=name, record=happened):
                self._views[name].receive(happened)
            case Completed(name=name) if name in self._views:
                self._line(name, summary(self._views[name].picture, self._views[name].figures)[0])
            case Completed(name=name):
                self._line(name, "Complete in the earlier run.")
            case Failed(name=name, why=why):
                self._line(name, f"Failed: {one_line(why)}")
            case Blocked(name=name, why=why):
                self._line(name, f"Not started: {one_line(why)}")
            case _:
                pass

    def close(self, results: Mapping[str, Result]) -> None:
        """Write what became of all."""
        wanted = [result for result in results.values() if result.state != "dropped"]
        complete = sum(result.state == "complete" for result in wanted)
        own_s = sum(
            result.ended_s - result.began_s for result in wanted if result.began_s is not None and result.ended_s is not None
        )
        self._write(
            f"Run {self._run}: {complete} of {count(len(wanted), 'sub-plan')} complete in {seconds(self._now_s)}; "
            f"the times of each add up to {seconds(own_s)}."
        )
        for line in _consumption(list(results.values())):
            self._write(line)

    def _line(self, name: str, text: str) -> None:
        self._write(f"{self._now_s:7.1f} s  {name:<{self._width}}  {text}")


def _consumption(results: list[Result]) -> list[str]:
    """Calls, tokens and cost of all. What an earlier run spent is not counted again."""
    spent = [result.figures for result in results if result.began_s is not None]
    ends = ", ".join(f"{sum(figures.calls(end) for figures in spent)} {end}" for end in ENDS)
    tokens = sum(figures.usage.tokens for figures in spent)
    return [f"Calls: {ends}.", f"Tokens: {tokens:,}. Cost: {_cost(spent)}."]


def _cost(spent: list[Figures]) -> str:
    """A part whose price is unknown is said to be so, never counted as nothing."""
    unpriced, usd = sum(figures.calls_unpriced for figures in spent), sum(figures.priced_usd for figures in spent)
    unknown = f"{count(unpriced, 'call')} of unknown price"
    return " and ".join([known_dollars(usd)] * (usd > 0 or not unpriced) + [unknown] * (unpriced > 0))


class SubplansJson:
    """One event a line. A session's has the fields that it has with ``outrider plan --json``, and ``subplan``, its name.

    The last line, ``run_ended``, holds every sub-plan with its figures as well.
    """

    def __init__(self, run: str, write: Write) -> None:
        self._run = run
        self._write = write
        self._ended: dict[str, Any] = {}

    def receive(self, record: RunRecord, graph: Graph) -> None:
        """Write the record, but for the last one, which waits for the results."""
        line = {"run": self._run, "run_time_s": record.time_s} | _fields(record)
        if isinstance(record.event, Ended):
            self._ended = line
        else:
            self._write(json_line(line))

    def close(self, results: Mapping[str, Result]) -> None:
        """Write the last line."""
        self._write(json_line(self._ended | {"subplans": {name: _told(result) for name, result in results.items()}}))


def _fields(record: RunRecord) -> dict[str, Any]:
    match record.event:
        case Happened(name=name, record=happened):
            return {"subplan": name} | encode(happened)
        case Began(name=name, session=session) as event:
            return {"kind": event.kind, "subplan": name, "session": session}
        case Failed(name=name, why=why) | Blocked(name=name, why=why) as event:
            return {"kind": event.kind, "subplan": name, "why": why}
        case Ended(complete=complete, why=why) as event:
            return {"kind": event.kind, "complete": complete, "why": why}
        case event:
            return {"kind": event.kind, "subplan": event.name}


def _told(result: Result) -> dict[str, Any]:
    return {
        "state": result.state,
        "why": result.why,
        "after": list(result.subtask.after),
        "session": result.session,
        "began_s": result.began_s,
        "ended_s": result.ended_s,
        "plan": encode_plan(result.plan),
        "figures": result.figures.as_json(),
    }
