"""How the server answers: JSON in ASCII, and every error as its kind and one clear sentence."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from outrider.errors import (
    AgentError,
    BadStep,
    JournalError,
    NotAllowed,
    NotNow,
    OutriderError,
    ProviderError,
    SessionOwned,
    ShuttingDown,
    SpendingUnusable,
    TooMany,
    UsersUnreadable,
)
from outrider.model import JSON, Step
from outrider.naming import without_secrets
from outrider.views.words import one_line

_STATUS: Final[tuple[tuple[type[OutriderError], int], ...]] = (
    (TooMany, 429),
    (ShuttingDown, 503),
    (NotAllowed, 403),
    (UsersUnreadable, 503),
    (SpendingUnusable, 503),
    (NotNow, 409),
    (SessionOwned, 409),
    (JournalError, 503),
    (ProviderError, 502),
    (AgentError, 502),
)
"""What is not here is the caller's mistake: 400."""

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")


def answer(value: JSON, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` as JSON in ASCII: half a surrogate pair, which models do produce, has no other form."""
    return Response(json.dumps(value), status, headers, "application/json")


def refusal(kind: str, message: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An error as the API tells it: ``{"error": {"kind", "message"}}``."""
    return answer({"error": {"kind": kind, "message": message}}, status, headers)


def status_of(error: OutriderError) -> int:
    """The HTTP status that ``error`` is answered with."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def error_json(error: OutriderError) -> dict[str, JSON]:
    """``error`` as JSON: its kind, its sentence without secrets, and the verdict that came before the person's step."""
    told: dict[str, JSON] = {"kind": kind_of(error), "message": without_secrets(one_line(error))}
    if isinstance(error, NotNow) and error.at is not None:
        told["at"] = error.at
    if isinstance(error, NotNow) and error.answer is not None:
        told["answer"] = step_json(error.answer)
    return told


def kind_of(error: Exception) -> str:
    """The name of the error's class in snake case: ``not_now``, ``bad_step``."""
    return _WORD.sub("_", type(error).__name__).lower()


def tell_bug(error: Exception) -> str:
    """Something broke in Outrider: whoever runs the server reads where, and what is returned is for the client."""
    sys.stderr.write("".join(traceback.format_exception(error)))
    return "something broke in Outrider itself; the server's log says where"


def step_json(step: Step, reads: str = "") -> dict[str, JSON]:
    """A step: ``text`` to be drawn, as it ``reads``; ``action`` and ``arguments`` to be sent back as they are."""
    return {"action": step.action, "arguments": dict(step.arguments), "text": one_line(reads or step)}


def step_from(value: JSON) -> Step:
    """The step that a client sent.

    Raises:
        BadStep: it is none.
    """
    if not isinstance(value, dict) or not {"action"} <= set(value) <= {"action", "arguments", "text"}:
        raise BadStep('a step is {"action": "...", "arguments": {...}}')
    action, arguments = value["action"], value.get("arguments", {})
    if not isinstance(action, str) or not isinstance(arguments, dict):
        raise BadStep('a step is {"action": "...", "arguments": {...}}, the action a text and the arguments an object')
    return Step(action, arguments)
