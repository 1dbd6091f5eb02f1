"""The form of a session's records as a JSON Schema (draft 2020-12), derived from the events' classes as reading them is.

What the schema accepts is what ``decode`` accepts, but for three things that a schema cannot say: it takes 2.0 for a whole
number, does not count how deep arguments are nested, and does not see that two names are one text in two spellings.

The rule of versions: within a version no event, no field and no value is added, taken away or changed. Any such change makes
version ``EVENTS_VERSION`` + 1, with a file of its own beside this one.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

from outrider.journal.codec import KINDS
from outrider.model import Declared, PlanStep, Step, Task, Usage

EVENTS_VERSION: Final = 1
"""The version of the records that this Outrider writes and reads."""

SCHEMA_ID: Final = f"urn:outrider:events:{EVENTS_VERSION}"

SCHEMA_FILE: Final = f"events-{EVENTS_VERSION}.schema.json"
"""The schema's file in this package."""

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, or a part of one."""

FIELD_MEANINGS: Final[Mapping[str, str]] = {
    "n": "The record's number in its session, from 0 without gaps.",
    "time_s": "Seconds since the session was opened.",
    "kind": "Which event it is.",
    "at": "The number of the step it is about, from 0.",
    "call": "The number of the call, from 0; no two calls of a session have the same.",
    "role": "Which agent the call asks.",
    "step": "The step.",
    "steps": "The guesses, best first.",
    "thought": "The agent's thought, for display only.",
    "usage": "What the call has used.",
    "drafted.confidence": "How sure the drafter is of each guess, from 0 to 1; none where it does not say.",
    "error": "What went wrong, in words.",
    "reason": "Why, in words.",
    "outcome": "How the session ended.",
    "ahead": "How many steps beyond the frontier it was drafted, 0 at the frontier itself.",
    "opened.task": "What is to be planned.",
    "opened.approximation": "The name of the approximation agent, which drafts.",
    "opened.target": "The name of the target agent, whose plan it is.",
    "opened.lookahead": "The scheduler's name: how many steps drafts may run ahead.",
    "opened.max_steps": "The most steps the plan may have, finish included.",
    "opened.matching": "Which drafts count as equal to their verdict; anything but exact is lossy.",
    "opened.plan_is_lossless": "Whether the plan it goes on from is lossless.",
    "opened.one_machine": "Whether both agents compute on the same processors, so that calls slow one another down.",
    "opened.plan": "The confirmed plan it goes on from; empty for a new one.",
    "opened.known": "What a lookahead that learns begins with, as JSON text; empty for nothing, and in older journals not there.",
    "opened.drafters": "How many drafters it is made of, asked one after another; in older journals not there: 1.",
    "drafted.steps": "The guesses, best first; empty where the drafter has none, which is no failure.",
    "opened.asks": "Whether a run that reaches a limit is held and the person asked; if not, or in an older journal, it ends.",
    "allowed.calls": "So many calls more; null for none.",
    "allowed.tokens": "So many tokens more; null for none.",
    "allowed.usd": "So many dollars more; null for none.",
    "allowed.seconds": "So many seconds more; null for none.",
    "extended.steps": "So many steps more may the plan have.",
    "reached.limit": "What the run has run out of.",
    "failed.error_type": "The error's class; not there in older journals.",
    "failed.budget": "Whether the call did not fit into what is left of the budget, and was never sent.",
    "went_back.at": "The step that is open again.",
    "steered.at": "From which step on the sentence is in force.",
    "steered.sentence": "What the person added to the task; empty: nothing added any more.",
    "stopped.outcome": "What the session ends as.",
    "accepted.call": "The approximation agent's call that made the guess.",
    "rejected.call": "The approximation agent's call that made the guess.",
    "rejected.draft": "The guess.",
    "rejected.verdict": "The step that stands in its place.",
    "discarded.step": "The step that the branch began with.",
    "discarded.calls": "Every call that hung on the branch.",
    "confirmed.by": "Whose verdict it is.",
    "confirmed.call": "The target's call whose answer it is; null for a person's step, and for one of an earlier session.",
    "confirmed.drafts": "The calls that had guessed it.",
    "degraded.failures": "So many drafts of one drafter in a row failed.",
    "degraded.left": "How many other drafters go on; 0 for the target alone, also where it is not there, in older journals.",
    "task.text": "The task in words.",
    "task.world": "The name of the world it is asked in; empty if there is none.",
    "usage.prompt_tokens": "Tokens of the prompt, cached ones included.",
    "usage.cached_tokens": "Tokens of the prompt that the provider did not compute again.",
    "usage.output_tokens": "Tokens of the answer.",
    "usage.counted": "How the tokens are known: the provider said so, they are estimated, or nobody counted.",
    "usage.cost_usd": "Dollars; null where the price is unknown, which is never 0.",
    "plan_step.by": "Whose verdict it is.",
    "opened.tools": "The tools that steps are executed with; without any, as in older journals, steps are not executed.",
    "opened.reads": "How many times a tool that reads may be run for a step that is not confirmed yet.",
    "opened.settings": "What else it was launched with, as JSON, for whoever resumes it; empty where nothing is kept.",
    "resumed.approximation": "The approximation agent from now on.",
    "resumed.target": "The target agent from now on.",
    "resumed.asks": "Whether somebody is there to ask now.",
    "execution": "The number of the run of the step's tool, from 0 in the order in which they were ordered.",
    "executing.live": "Whether it is run on the world itself; else on a copy, for a step that may still be rejected.",
    "executing.key": "The effect's name, the same for every attempt at it.",
    "executed.execution": "The run that the observation comes from; null for what the person settled, or an earlier session ran.",
    "executed.step": "The confirmed step with its observation.",
    "observation": "What the tool returned, as a text; of an error, it begins so.",
    "lost.withdrawn": "Whether it was broken off, since it was not needed any more; false in older journals.",
    "lost.unsure": "Of an undoing: whether the effect may have been taken back; false in older journals.",
    "settled.happened": "Whether the effect in doubt is there, so that going back takes it back; false in older journals.",
    "asked.question": "Whether the tool may run; what to do without its answer; whether its effect has happened.",
    "stayed.step": "The step whose effect stays, with its observation.",
    "tool.name": "The tool's name, which is the action of the steps it executes.",
    "tool.effect": "What running it does to the world.",
    "tool.approval": "When the person is asked before it runs.",
    "tool.undo": "Whether its effect can be taken back.",
    "tool.repeatable": "Whether a second run under the same key has no second effect.",
    "tool.rehearses": "Whether it can be run on a copy of the world first.",
}
"""What a field means, under ``kind.field`` or, where it means the same everywhere, under ``field``."""

_STEP: Final[Schema] = {
    "type": "object",
    "description": "An entry of a plan. The last one's action is finish.",
    "properties": {
        "action": {"type": "string", "pattern": r"\S", "description": "The action's name."},
        "arguments": {"type": "object", "description": "The action's arguments by name; any JSON."},
        "observation": {"type": "string", "description": "What its tool returned; not there where it was not executed."},
    },
    "required": ["action", "arguments"],
    "additionalProperties": False,
}
"""By hand, as steps are read by hand."""

_SIMPLE: Final[Mapping[Any, Schema]] = {
    int: {"type": "integer"}, float: {"type": "number"}, str: {"type": "string"}, bool: {"type": "boolean"},
    Step: {"$ref": "#/$defs/step"}, PlanStep: {"$ref": "#/$defs/plan_step"},
    Task: {"$ref": "#/$defs/task"}, Usage: {"$ref": "#/$defs/usage"}, Declared: {"$ref": "#/$defs/tool"},
}  # fmt: skip


def events_schema() -> Schema:
    """The schema of one record. Under ``$defs`` are each event, and ``line``: what ``outrider plan --json`` prints in a line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": f"A record of a session of Outrider, version {EVENTS_VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS],
        "$defs": {
            "line": _line(),
            "last_line": _last_line(),
            **{kind: _event(kind, event) for kind, event in KINDS.items()},
            "step": _STEP,
            "plan_step": _plan_step(),
            "task": _task(),
            "usage": _object("usage", Usage),
            "tool": _object("tool", Declared),
        },
    }


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(events_schema(), indent=2, ensure_ascii=False) + "\n"


def shipped_schema() -> Schema:
    """The schema as it came with the package."""
    found: Schema = json.loads((files("outrider.journal") / SCHEMA_FILE).read_text(encoding="utf-8"))
    return found


# Events -------------------------------------------------------------------------------------------------------------


def _event(kind: str, event: type[Any]) -> Schema:
    """The event as one flat object: its place, its kind, its own fields."""
    own = _object(kind, event)
    place: Schema = {
        "n": {"type": "integer", "minimum": 0, "description": FIELD_MEANINGS["n"]},
        "time_s": {"type": "number", "description": FIELD_MEANINGS["time_s"]},
        "kind": {"const": kind, "description": FIELD_MEANINGS["kind"]},
    }
    return {**own, "properties": {**place, **own["properties"]}, "required": [*place, *own["required"]]}


def _object(name: str, kind: type[Any]) -> Schema:
    """A dataclass as an object with exactly its fields."""
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]
    return {
        "type": "object",
        "description": " ".join((inspect.getdoc(kind) or "").replace("``", "").split()),
        "properties": {field: _described(_form(hints[field]), name, field) for field in names},
        "required": [entry.name for entry in fields(kind) if not entry.metadata.get("added")],
        "additionalProperties": False,
    }


def _described(form: Schema, name: str, field: str) -> Schema:
    own = f"{name}.{field}"
    return {**form, "description": FIELD_MEANINGS[own if own in FIELD_MEANINGS else field]}


def _form(hint: Any) -> Schema:
    """The schema of a field of this type. A type that no event has had so far is a ``TypeError``, for its author to see."""
    arguments = get_args(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if get_origin(hint) is Literal:
        return {"enum": list(arguments)}
    if get_origin(hint) is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": _form(arguments[0])}
    if isinstance(hint, UnionType) and len(arguments) == 2 and arguments[1] is type(None):
        return {"anyOf": [_form(arguments[0]), {"type": "null"}]}
    raise TypeError(f"the schema has no form for a field of type {hint}")


# What lies in them --------------------------------------------------------------------------------------------------


def _task() -> Schema:
    form = _object("task", Task)
    form["properties"]["text"]["pattern"] = r"\S"
    return form


def _plan_step() -> Schema:
    """A step, flat beside whose verdict it is."""
    by = _described(_form(get_type_hints(PlanStep)["by"]), "plan_step", "by")
    return {
        **_STEP,
        "description": "A confirmed step, and whose verdict it is.",
        "properties": {**_STEP["properties"], "by": by},
        "required": [*_STEP["required"], "by"],
    }


def _line() -> Schema:
    return {
        "description": "A line of outrider plan --json: a record, the last one with the plan and the figures as well.",
        "anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/last_line"}],
    }


def _last_line() -> Schema:
    """``finished``, with what the command line adds. Which figures there are is not part of the version."""
    finished = _event("finished", KINDS["finished"])
    added: Schema = {
        "plan": {"type": "array", "items": {"$ref": "#/$defs/plan_step"}, "description": "The confirmed plan."},
        "figures": {"type": "object", "description": "The figures of the run; which there are is not part of this version."},
    }
    return {
        **finished,
        "description": "The last line of outrider plan --json: finished, with the plan and the figures.",
        "properties": {**finished["properties"], **added},
        "required": [*finished["required"], *added],
    }
