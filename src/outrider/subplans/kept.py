"""What the journal keeps of a whole run: its graph, and which session holds which sub-plan. The plans are in the sessions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from outrider.errors import JournalCorrupt, OutriderError, UnknownName
from outrider.journal import JournalStore, replay
from outrider.model import Task
from outrider.subplans.graph import State, Subtask
from outrider.subplans.result import Result

FORMAT: Final = 1

_STATES: Final[tuple[State, ...]] = ("waiting", "ready", "running", "complete", "failed", "dropped")


def _topic(run: str) -> str:
    return f"subplans | {run}"


def keep(journal: JournalStore, run: str, results: Iterable[Result]) -> None:
    """The graph of ``run`` is in the journal as it stands.

    Raises:
        JournalUnusable, JournalFull: it cannot be written.
    """
    journal.keep_learned(_topic(run), json.dumps({"format": FORMAT, "subtasks": [_encode(result) for result in results]}))


def _encode(result: Result) -> dict[str, Any]:
    subtask = result.subtask
    return {
        "name": subtask.name,
        "task": subtask.task.text,
        "world": subtask.task.world,
        "after": list(subtask.after),
        "state": result.state,
        "session": result.session,
        "why": result.why,
        "began_s": result.began_s,
        "ended_s": result.ended_s,
    }


def kept(journal: JournalStore, run: str) -> dict[str, Result]:
    """What the journal tells of ``run``: every sub-task, with the plan and the figures of its session.

    One that was running when the process was killed is still ``running``, with the steps that were confirmed.

    Raises:
        UnknownName: there is no run of that name.
        JournalError: what was written is not what is there.
    """
    text = journal.learned(_topic(run))
    if not text:
        raise UnknownName(
            f"there is no run {run!r} in the journal; its name is what its sessions' names begin with, before the dot"
        )
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise JournalCorrupt(f"the run {run!r} was kept in format {found['format']!r}, and this version knows {FORMAT}")
        results = [_decode(entry) for entry in found["subtasks"]]
    except (ValueError, KeyError, TypeError, RecursionError, OutriderError) as error:
        raise JournalCorrupt(f"the graph of the run {run!r} cannot be read: {error}") from None
    return {result.subtask.name: _with_plan(journal, result) for result in results}


def _decode(entry: Mapping[str, Any]) -> Result:
    if entry["state"] not in _STATES:
        raise ValueError(f"{entry['state']!r} is no state")
    if not all(isinstance(entry[name], str) for name in ("task", "world", "session", "why")):
        raise TypeError("a text is none")
    if not isinstance(entry["after"], list) or not all(isinstance(name, str) for name in entry["after"]):
        raise TypeError("what it comes after is no list of names")
    if not all(_is_moment(entry[name]) for name in ("began_s", "ended_s")):
        raise TypeError("a moment is none")
    return Result(
        subtask=Subtask(entry["name"], Task(entry["task"], entry["world"]), after=entry["after"]),
        state=entry["state"],
        session=entry["session"],
        why=entry["why"],
        began_s=entry["began_s"],
        ended_s=entry["ended_s"],
    )


def _is_moment(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _with_plan(journal: JournalStore, result: Result) -> Result:
    """With what its session tells. The session is the truth: it may have ended where the graph could not be written any more."""
    if not result.session:
        return result
    try:
        replayed = replay(journal.read(result.session))
    except UnknownName:  # killed before its first event was written
        return result
    result = replace(result, plan=replayed.plan, figures=replayed.figures)
    over = replayed.plan.complete and result.state in ("running", "failed")
    return replace(result, state="complete", why="") if over else result
