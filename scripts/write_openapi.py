"""Write docs/openapi.json from the API's own lists of fields and commands: what a program, or schemathesis, reads of it.

    python scripts/write_openapi.py

A schema of every field is given here; a field that is new has none until somebody writes it, and then says nothing of its type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from outrider.web import asked, commands

PAGE: Final = Path(__file__).parent.parent / "docs" / "openapi.json"

TEXT: Final = {"type": "string"}
WHOLE: Final = {"type": "integer"}
NUMBER: Final = {"type": "number"}
TYPES: Final[dict[str, Any]] = {
    "task": TEXT, "world": TEXT, "approximation": TEXT, "target": TEXT, "matching": TEXT, "from": TEXT, "setting": WHOLE,
    "lookahead": {"type": ["integer", "string"]}, "max_steps": {"type": ["integer", "string"]}, "calls_at_once": WHOLE,
    "budget_calls": WHOLE, "budget_tokens": WHOLE, "budget_usd": NUMBER, "budget_seconds": NUMBER, "requests_a_minute": WHOLE,
    "tokens_a_minute": WHOLE, "hour_worth": NUMBER, "ask": {"type": "boolean"}, "at": WHOLE, "text": TEXT, "sentence": TEXT,
    "calls": WHOLE, "tokens": WHOLE, "usd": NUMBER, "seconds": NUMBER, "steps": WHOLE, "reason": TEXT,
    "observation": TEXT, "happened": {"type": "boolean"},
    "step": {"type": "object", "required": ["action"], "additionalProperties": False,
             "properties": {"action": TEXT, "arguments": {"type": "object"}, "text": TEXT}},
}  # fmt: skip

ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {"kind": TEXT, "message": {"type": "string", "minLength": 1}},
        }
    },
}

NAME: Final = {"name": "name", "in": "path", "required": True, "schema": TEXT}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Outrider", "version": "1", "description": "docs/api.md describes it in words."},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
        "paths": {
            "/healthz": {"get": _open(_answers("whether it lives"))},
            "/readyz": {"get": _open(_answers("whether it takes sessions"))},
            "/api/choices": {"get": _answers("what a form can offer")},
            "/api/me": {"get": _answers("who asks")},
            "/api/audit": {"get": _answers("who did what")},
            "/api/sessions": {"get": _answers("the sessions"), "post": _answers("a session", "201", _session())},
            "/api/sessions/{name}": {"get": _answers("a session, as it is listed", more=[NAME])},
            **{f"/api/sessions/{{name}}/{kind}": {"get": _answers(kind, more=[NAME])} for kind in ("scene", "trace", "audit")},
            "/api/sessions/{name}/actions": {
                "get": _answers("what can come next", more=[NAME, _query("text"), _query("at", NUMBER_OF_A_STEP)])
            },
            **{f"/api/sessions/{{name}}/{kind}": {"get": _streams([NAME, *more])} for kind, more in STREAMS.items()},
            "/api/sessions/{name}/resume": {"post": _answers("the session, which goes on", "200", _again(), [NAME])},
            "/api/sessions/{name}/commands": {"post": _answers("whether it was performed", "200", _command(), [NAME])},
        },
    }


def _open(operation: dict[str, Any]) -> dict[str, Any]:
    """Told to whoever asks, without a token."""
    return operation | {"security": []}


def _query(name: str, schema: dict[str, Any] = TEXT) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


NUMBER_OF_A_STEP: Final = {"type": "string", "pattern": "^[0-9]{1,9}$"}
STREAMS: Final[dict[str, list[dict[str, Any]]]] = {"stream": [], "events": [_query("since", NUMBER_OF_A_STEP)]}


def _session() -> dict[str, Any]:
    known = {name: {"oneOf": [TYPES[name], {"type": "null"}]} if name in TYPES else {} for name in asked._SESSION}
    return {"type": "object", "additionalProperties": False, "properties": known}


def _again() -> dict[str, Any]:
    known = {name: {"oneOf": [TYPES.get(name, {"type": "boolean"}), {"type": "null"}]} for name in asked.AGAIN}
    return {"type": "object", "additionalProperties": False, "properties": known}


def _command() -> dict[str, Any]:
    return {"oneOf": [_one(name, fields) for name, fields in commands.FIELDS.items()]}


def _one(name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    given = {"id": {"type": "string", "minLength": 1, "maxLength": commands.MOST_IN_ID}, "command": {"const": name}}
    properties = given | {field: TYPES.get(field, {}) for field in fields}
    required = ["id", "command", *NEEDED.get(name, ())]
    one: dict[str, Any] = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    return one | {"oneOf": [{"required": ["step"]}, {"required": ["text"]}]} if "text" in fields else one


NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "take_instead": ("at",), "go_back": ("at",), "approve": ("at",), "settle": ("at", "observation"), "extend": ("steps",),
    "steer": ("sentence",),
}  # fmt: skip
"""What a command cannot do without, as ``commands`` has it."""


def _answers(
    what: str, status: str = "200", body: dict[str, Any] | None = None, more: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "parameters": more or [],
        "responses": {
            status: {"description": what, "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": {"description": "a refusal, in a sentence", "content": {"application/json": {"schema": ERROR}}},
        },
    }
    if body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return told


def _streams(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    found = _answers("", more=parameters)
    found["responses"]["200"] = {"description": "server-sent events", "content": {"text/event-stream": {"schema": TEXT}}}
    return found


def text() -> str:
    """The document as it stands in the file."""
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print("wrote openapi.json")
