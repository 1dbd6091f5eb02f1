"""What a person types, as a step: an action and its arguments, checked against what the world allows there.

``search``, ``search(to="Oslo", nights=2)``, ``search(to=Oslo)`` and ``{"action": "search", "arguments": {"to": "Oslo"}}`` are all
read. In a world of free words the whole text is the step.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import Final

from outrider.agents.world import World
from outrider.errors import BadStep
from outrider.model import JSON, Prefix, Step

MOST_OFFERED: Final = 12
"""So many completions are offered at once."""

MOST_TYPED: Final = 20_000
"""Characters of a step. Nobody types more, and what is pasted by mistake is refused at once."""

_NAME: Final = re.compile(r"\s*(?P<name>[^\s=,()\"']+)\s*=\s*")
_NEXT_NAME: Final = re.compile(r",\s*[^\s=,()\"']+\s*=")


def typed_step(text: str, world: World, prefix: Prefix) -> Step:
    """The step that ``text`` names after ``prefix``.

    Raises:
        BadStep: it names none, the action is not allowed there, or the arguments do not fit its schema; the message says which
            and what would be right.
    """
    text = text.strip()
    if not text:
        raise BadStep("nothing is typed; name the action of the step")
    if len(text) > MOST_TYPED:
        raise BadStep(f"{len(text):,} characters are typed; a step has at most {MOST_TYPED:,}")
    allowed = world.allowed(prefix)
    if not allowed:
        return Step("finish" if text.casefold() == "finish" else text)
    action, arguments = _parted(text)
    step = Step(_meant(action, world, allowed), arguments)
    world.check(step, prefix)
    return step


def completions(text: str, world: World, prefix: Prefix) -> tuple[str, ...]:
    """Actions allowed after ``prefix`` that ``text`` may become: those that begin so, then those that hold it or a cue does."""
    typed = text.strip().partition("(")[0].strip().casefold()
    cues = {action.name: action.cues for action in world.actions}
    begin: list[str] = []
    hold: list[str] = []
    for action in world.allowed(prefix):
        if action.casefold().startswith(typed):
            begin.append(action)
        elif any(typed in word.casefold() for word in (action, *cues.get(action, ()))):
            hold.append(action)
    return tuple([*begin, *hold][:MOST_OFFERED])


def _parted(text: str) -> tuple[str, dict[str, JSON]]:
    """The action and the arguments, as typed."""
    if text.startswith("{"):
        return _from_json(text)
    action, parenthesis, rest = text.partition("(")
    if not (action and parenthesis and rest.endswith(")")):
        return text, {}
    return action.rstrip(), _arguments(rest[:-1])


def _from_json(text: str) -> tuple[str, dict[str, JSON]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadStep(f"this begins like JSON and is none ({error}); write action(name=value)") from None
    action, arguments = found.get("action"), found.get("arguments", {})
    if not isinstance(action, str) or not isinstance(arguments, dict):
        raise BadStep('a step in JSON is {"action": "...", "arguments": {...}}')
    return action, arguments


def _arguments(text: str) -> dict[str, JSON]:
    """``name=value, …``: a value is JSON, or bare text up to the next name."""
    found: dict[str, JSON] = {}
    at = 0
    while text[at:].strip():
        named = _NAME.match(text, at)
        if named is None:
            raise BadStep(f"{text[at:].strip()!r} is no argument; write name=value, and a comma between two")
        value, at = _value(text, named.end())
        if named["name"] in found:
            raise BadStep(f"the argument {named['name']} is given twice")
        found[named["name"]] = value
    return found


def _value(text: str, at: int) -> tuple[JSON, int]:
    """The value that begins at ``at``, and where the text goes on behind the comma after it."""
    try:
        value, end = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        value, end = None, -1
    rest = text[end:].lstrip() if end >= 0 else ""
    if end < 0 or (rest and not rest.startswith(",")):
        following = _NEXT_NAME.search(text, at)
        end = following.start() if following else len(text)
        value = text[at:end].rstrip()
    comma = text.find(",", end)
    return value, len(text) if comma < 0 else comma + 1


def _meant(typed: str, world: World, allowed: tuple[str, ...]) -> str:
    """The allowed action that ``typed`` names, in whatever case, or by a cue for it."""
    wanted = " ".join(typed.split()).casefold()
    cues = {action.name: action.cues for action in world.actions}
    if typed in allowed:
        return typed
    for action in allowed:
        if wanted == action.casefold():
            return action
    for action in allowed:
        if wanted in (cue.casefold() for cue in cues.get(action, ())):
            return action
    near = get_close_matches(typed, allowed, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadStep(f"the action {typed[:80]!r} is not to be had here; {hint}possible now: {', '.join(allowed)}")
