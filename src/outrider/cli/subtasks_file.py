"""Reads a file of sub-tasks: TOML or JSON, a table a sub-task."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from outrider.errors import BadOption, EmptyTask
from outrider.launch import Wanted
from outrider.model import Task
from outrider.subplans import Subtask

_TEXTS: Final = ("world", "approximation", "target", "lookahead", "matching")
_FIELDS: Final = ("name", "task", "after", *_TEXTS, "max_steps")
_FORM: Final = 'give [[subtask]] tables with name and task, in JSON {"subtask": [{"name": ..., "task": ...}]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A sub-task, and how it is to be planned."""

    subtask: Subtask
    wanted: Wanted


def read_subtasks(file: Path, common: Wanted) -> list[Asked]:
    """The sub-tasks in ``file``; what a sub-task does not say is as in ``common``.

    Raises:
        BadOption: the file cannot be read or is no such file; the message names the place.
        EmptyTask: a sub-task has nothing to plan.
    """
    entries = _entries(file)
    if not entries:
        raise BadOption(f"{file} holds no sub-task; {_FORM}")
    return [_asked(entry, f"{file}, sub-task {number}", common) for number, entry in enumerate(entries, 1)]


def _entries(file: Path) -> list[object]:
    try:
        text = file.read_text(encoding="utf-8")
        found: object = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise BadOption(f"the file of sub-tasks {file} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        kind = "JSON" if file.suffix.lower() == ".json" else "TOML"
        raise BadOption(f"the file of sub-tasks {file} is no {kind}: {error}; {_FORM}") from None
    if isinstance(found, Mapping) and set(found) - {"subtask"}:
        raise BadOption(f"{file} holds {', '.join(sorted(set(found) - {'subtask'}))}, which means nothing; {_FORM}")
    entries = found.get("subtask", []) if isinstance(found, Mapping) else found
    if not isinstance(entries, list):
        raise BadOption(f"the sub-tasks of {file} are no list; {_FORM}")
    return entries


def _asked(entry: object, where: str, common: Wanted) -> Asked:
    if not isinstance(entry, Mapping):
        raise BadOption(f"{where} is {entry!r}, which is no table; {_FORM}")
    if unknown := [str(name) for name in entry if name not in _FIELDS]:
        raise BadOption(f"{where} has {', '.join(unknown)}, which means nothing; a sub-task may have {', '.join(_FIELDS)}")
    given: dict[str, Any] = {name: _text(entry, name, where) for name in _TEXTS if name in entry}
    wanted = replace(common, **given)
    if "max_steps" in entry:
        wanted = replace(wanted, max_steps=_max_steps(entry["max_steps"], where))
    name, task = _text(entry, "name", where), _text(entry, "task", where)
    wanted = replace(wanted, task=task.strip())
    return Asked(subtask=Subtask(name, _task(wanted, where), after=_after(entry, where)), wanted=wanted)


def _task(wanted: Wanted, where: str) -> Task:
    if not wanted.task:
        raise EmptyTask(f"the task of {where} is empty; say in a sentence what is to be planned")
    return Task(wanted.task, wanted.world)


def _text(entry: Mapping[object, object], name: str, where: str) -> str:
    value = entry.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "lookahead":
        return str(value)
    if not isinstance(value, str):
        raise BadOption(f"{where}: {name} is {value!r}; give a text" if name in entry else f"{where} has no {name}; {_FORM}")
    return value


def _max_steps(value: object, where: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadOption(f"{where}: max_steps is {value!r}; give a number from 1, or a percentile such as p95")
    return value


def _after(entry: Mapping[object, object], where: str) -> list[str]:
    after = entry.get("after", [])
    if not isinstance(after, list) or not all(isinstance(name, str) for name in after):
        raise BadOption(f"{where}: after is {after!r}; give a list of names of sub-tasks")
    return after
