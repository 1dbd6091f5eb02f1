"""What tools return: any objects, answers of MCP servers, arguments against any schema; and how an observation is drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import mcp_types
from pydantic import ValidationError

from fuzzing.of_replies import done
from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider.agents.rendering import FENCE, MOST_OBSERVED, chat_lines, continued_lines, fenced
from outrider.errors import BadOption, BadStep
from outrider.journal import from_line, to_line
from outrider.model import JSON, Step
from outrider.rules.events import Observed, Record
from outrider.tools import Tool, Toolbox
from outrider.tools.checking import misfit
from outrider.tools.mcp_words import hinted, result_of
from outrider.tools.running import told
from outrider.tools.text import cut, error_text, wrong

SCHEMA: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "pattern": "^[A-Z]", "maxLength": 30},
        "nights": {"type": "integer", "minimum": 1, "multipleOf": 1},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
        "sort": {"enum": ["price", None, 1]},
    },
    "required": ["to"],
    "additionalProperties": False,
    "$defs": {"tag": {"type": "string"}},
    "anyOf": [{"required": ["to"]}, {"properties": {"nights": {"const": 2}}}],
}
ARGUMENTS: Final = {"to": "Oslo", "nights": 2, "tags": ["a", "b"], "sort": "price"}
RESULT: Final = {
    "hotels": [{"name": "A", "usd": 80.5, "free": True}, {"name": "\u00c5", "usd": None}],
    "n": 2,
    "next": "line\nbreak",
}
MCP: Final = {
    "content": [
        {"type": "text", "text": "3 hotels"},
        {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"},
        {"type": "resource_link", "uri": "file:///a", "name": "a"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "said", "mimeType": "text/plain"}},
        {"type": "resource", "resource": {"uri": "file:///c", "blob": "aGVsbG8="}},
    ],
    "structuredContent": {"hotels": 3},
    "isError": False,
}
LISTED: Final = {
    "name": "search",
    "description": "searches",
    "inputSchema": SCHEMA,
    "outputSchema": {"type": "object"},
    "annotations": {"title": "t", "readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
}


class Colour(Enum):
    """A value that is no JSON."""

    RED = "red"


@dataclass
class Hotel:
    """An object that is no JSON."""

    name: Any
    colour: Colour = Colour.RED


class Rude(Exception):
    """An error that cannot even be told."""

    def __str__(self) -> str:
        raise RuntimeError("never")


class Results:
    """The readers of what tools return."""

    def returned(self, spoiler: Spoiler) -> None:
        """Whatever a tool returns, or raises, is an observation."""
        result = self._object(spoiler)
        fails = spoiler.rarely(0.1)

        async def run(arguments: object, key: str) -> object:
            if fails:
                raise spoiler.one_of((ValueError(result), KeyError(result), Rude(), OSError(2, "gone")))
            return result

        checks: Any = spoiler.one_of((None, SCHEMA, {"type": "string"}))
        entry = Tool(name="search", description="", parameters={"type": "object"}, run=run, returns=checks, observation_chars=500)
        try:
            done(run({}, "key"))
        except (ValueError, KeyError, Rude, OSError) as error:
            observation = cut(error_text(error), entry.observation_chars)
        else:
            observation = cut(told(entry, result), entry.observation_chars)
        self._stands(observation, entry.observation_chars)

    def _object(self, spoiler: Spoiler) -> object:
        found = spoiler.value(RESULT, [ARGUMENTS])
        circle: list[object] = [found]
        if spoiler.rarely(0.01):  # its size is counted to the most that may be, which takes a while
            circle.append(circle)
        deep: object = found
        for _ in range(spoiler.dice.choice((0, 0, 3, 990, 5000))):
            deep = [deep]
        odd = (
            found, found, found, deep, circle, Hotel(found), Colour.RED, {1: found}, {(1,): 2}, {"a": {3}}, b"bytes", object(),
            float("nan"), "text" * 5000, None, Hotel, iter([1]),
        )  # fmt: skip
        return spoiler.one_of(odd)

    def _stands(self, observation: str, most: int) -> None:
        """It is a text that everybody can hold, no longer than it may be, and taken for no line of ours."""
        observation.encode()
        holds(len(observation) <= most, "an observation is too long")
        step = Step("search", {}, observation)
        for lines in (chat_lines(0, step), continued_lines("1. search", step)):
            text = "\n".join(lines[-1:])
            holds(all(line.startswith(FENCE) for line in text.splitlines()), "an observation is outside its fence")
        record = Record(n=0, time_s=0.0, event=Observed(execution=0, at=0, observation=observation))
        holds(from_line(to_line(record)) == record, "an observation is not what it is written as")

    def drawn(self, spoiler: Spoiler) -> None:
        """Any text at all, behind the fence."""
        text = spoiler.text(json.dumps(RESULT) + "\nStep 3: pay\r\u2028x" * 3, ("\x1c", "  | ", "Observation:"))
        for most in MOST_OBSERVED.values():
            holds(all(line.startswith(FENCE) for line in fenced(text, most).splitlines()), "a line is outside the fence")

    def mcp(self, spoiler: Spoiler) -> None:
        """An MCP server's answer to a call, as far as the protocol's own package lets it through."""
        result = mcp_types.CallToolResult.model_validate_json(spoiler.json(MCP, [RESULT]))
        entry = Tool(name="search", description="", parameters={"type": "object"}, run=_never, observation_chars=500)
        self._stands(cut(told(entry, result_of(result)), 500), 500)

    def listed(self, spoiler: Spoiler) -> None:
        """An MCP server's list of tools: a tool of ours, or none."""
        entry = mcp_types.Tool.model_validate_json(spoiler.json(LISTED, [SCHEMA]))
        effect, repeatable, why = hinted(entry.annotations, spoiler.rarely(0.5))
        made = Tool(
            name=entry.name, description=entry.description or "", parameters=entry.input_schema, run=_never,
            returns=entry.output_schema, effect=effect, repeatable=repeatable, why=why,
        )  # fmt: skip
        Toolbox([made]).check()

    def arguments(self, spoiler: Spoiler) -> None:
        """Arguments against a schema, either of them spoilt."""
        schema = spoiler.value(SCHEMA) if spoiler.rarely(0.4) else SCHEMA
        given = spoiler.value(ARGUMENTS, [RESULT])
        step = Step("search", given if isinstance(given, dict) else {"to": given})
        parameters = schema if isinstance(schema, dict) and schema.get("type", "object") == "object" else SCHEMA
        entry = Tool(name="search", description="", parameters=parameters, run=_never)
        self._stands(wrong(misfit(step.arguments, entry.parameters) or "nothing"), 2000)


async def _never(arguments: object, key: str) -> object:
    return {}


def targets(folder: Path) -> list[Target]:
    """The readers of what tools return."""
    of = Results()
    return [
        Target(name="results", group="results", parts=10, feed=of.returned, refuses=()),
        Target(name="observations", group="results", parts=4, feed=of.drawn, refuses=()),
        Target(name="MCP answers", group="results", parts=8, feed=of.mcp, refuses=(ValidationError,)),
        Target(name="MCP tools", group="results", parts=1, feed=of.listed, refuses=(ValidationError, BadOption)),
        Target(name="arguments", group="results", parts=4, feed=of.arguments, refuses=(BadStep,)),
    ]
