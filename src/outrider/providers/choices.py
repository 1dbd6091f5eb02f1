"""One of several texts, after a thought if one is wanted: how a server is made to answer so, and how its answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from outrider.agents.model import Reply, Request, ThoughtFirst
from outrider.model import JSON

_THOUGHT: Final = "thought"
_CHOICE: Final = "choice"
_UNSAFE: Final = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


def schema_of(request: Request) -> dict[str, JSON]:
    """The JSON schema of an object that holds one of the choices: providers take no bare text as structured output.

    The thought stands before the choice, since a model writes an object's fields in the order of its schema.
    """
    thought: dict[str, JSON] = {_THOUGHT: {"type": "string"}} if request.thought else {}
    fields: dict[str, JSON] = thought | {_CHOICE: {"type": "string", "enum": list(request.choices)}}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def is_strict(schema: JSON) -> bool:
    """Whether OpenAI takes ``schema`` as a strict one: every object in it names all of its properties, needs all, takes no other.

    Other schemas are refused if they are sent as strict ones, and are as good as a hint if they are not.
    """
    match schema:
        case list():
            return all(map(is_strict, schema))
        case dict():
            properties = schema.get("properties")
            if schema.get("type") == "object" or isinstance(properties, dict):
                named = set(properties) if isinstance(properties, dict) else set()
                required = schema.get("required")
                if schema.get("additionalProperties") is not False or named != set(
                    required if isinstance(required, list) else ()
                ):
                    return False
            return all(map(is_strict, schema.values()))
        case _:
            return True


def unwrapped(text: str, request: Request) -> Reply:
    """The choice, and the thought, inside an object under ``schema_of``; a reply of another form is read as plain text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and isinstance(chosen := value.get(_CHOICE), str):
        thought = value.get(_THOUGHT)
        return Reply(matched(chosen, request.choices), thought=thought if isinstance(thought, str) else "")
    return separated(text, request)


def separated(text: str, request: Request) -> Reply:
    """The choice that plain text names, and the thought before it, told apart by the words that come between."""
    if request.thought is None:
        return Reply(matched(text, request.choices))
    thought, then, chosen = text.rpartition(request.thought.then)
    if not then:
        thought, then, chosen = text.rpartition(request.thought.then.strip(" .\n"))
    return Reply(matched(chosen.lstrip(" :") if then else text, request.choices), thought=thought.strip())


def matched(text: str, choices: Sequence[str]) -> str:
    """The choice that ``text`` names, spaces around it and its case aside; else ``text`` as it is."""
    if text in choices:
        return text
    wanted = text.strip().casefold()
    return next((choice for choice in choices if choice.strip().casefold() == wanted), text)


def grammar_of(request: Request, *, lead: str = "") -> str:
    """A grammar in llama.cpp's notation (GBNF): exactly the choices, after one sentence of thought if that is wanted.

    ``lead`` stands before everything.
    """
    choices = " | ".join(_quoted(choice) for choice in request.choices)
    begin = f"root ::= {_quoted(lead)} " if lead else "root ::= "
    if (thought := request.thought) is None:
        return f"{begin}({choices})" if lead else f"{begin}{choices}"
    return f"{begin}{_sentence(thought)} {_quoted(thought.then)} ({choices})"


def _sentence(thought: ThoughtFirst) -> str:
    return f"[^:.\\n\\r]{{{thought.least_chars},{thought.most_chars}}}"


def _quoted(text: str) -> str:
    return f'"{_UNSAFE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in '"\\' else f"\\u{ord(character):04x}"
