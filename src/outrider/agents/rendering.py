"""A plan's steps as lines of a prompt: the action, its arguments, and what running it returned.

Nothing that a tool returned can be taken for a line of ours: each of its lines stands behind a fence. An action is one line by
its canonical form, and arguments are one line of JSON. So two prefixes that differ are never rendered alike.

What a step returned is cut by a rule that looks at that one observation alone. A prompt then only grows at its end from step to
step, and a server's prefix cache holds; a rule that cut the older ones would change what stands at the front with every step.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

from outrider.agents.model import Writing
from outrider.model import JSON, Step

FENCE: Final = "  | "
"""Stands before every line of an observation, and before no line of ours."""

MOST_OBSERVED: Final[dict[Writing, int]] = {"chat": 5000, "continued": 300}
"""Characters of one observation in a prompt; small models, whose texts are continued, have little room."""

_HEAD: Final = 0.75
"""The share of a cut observation that is its beginning; the rest is its end."""

_LINE_ENDS: Final = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Everything that anybody takes for the end of a line."""

_ODD: Final = re.compile(r"[\x7f-\x9f\u2028\u2029]")
"""What JSON leaves as it is, though some take it for the end of a line."""


def arguments_line(arguments: Mapping[str, JSON]) -> str:
    """Arguments as one line of JSON. They are canonical, so equal ones are equal lines."""
    text = json.dumps(arguments, ensure_ascii=False)
    return _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)


def fenced(observation: str, most: int) -> str:
    """``observation``, at most ``most`` characters of it, each line behind the fence."""
    return FENCE + _LINE_ENDS.sub(lambda end: end[0] + FENCE, _cut(observation, most))


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text that is longer than ``most``, and between them how much is left out.

    The digest is of the whole: texts that differ only where they are cut are still told apart.
    """
    if len(text) <= most:
        return text
    head = round(most * _HEAD)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[:head]}\n… {len(text) - most:,} characters left out, {digest} …\n{text[head - most :]}"


def chat_lines(at: int, step: Step, thought: str = "") -> list[str]:
    """Step ``at`` in a chat: a line each for the action and its arguments, then what it returned."""
    lines = [f"Step {at}: {step.action}{f' ({thought})' if thought else ''}"]
    lines += [f"Arguments: {arguments_line(step.arguments)}"] if step.arguments else []
    if step.observation is not None:
        lines += ["Observation:", fenced(step.observation, MOST_OBSERVED["chat"])]
    return lines


def continued_lines(row: str, step: Step) -> list[str]:
    """A step in a text to be continued: its row, the arguments on a line of their own, then what it returned."""
    lines = [row]
    lines += [arguments_line(step.arguments)] if step.arguments else []
    lines += [fenced(step.observation, MOST_OBSERVED["continued"])] if step.observation is not None else []
    return lines
