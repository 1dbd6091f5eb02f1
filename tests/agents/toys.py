"""A toy toolbox, as agents are told of it, and a model that calls its tools by a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from outrider.agents.model import Request, Writing
from outrider.agents.own_tools import world_of_tools

from .scripted import ScriptedModel


@dataclass(frozen=True)
class Toy:
    """A tool, as far as an agent is told of it."""

    name: str
    description: str = "does what it says"
    parameters: Mapping[str, Any] = field(default_factory=dict)


def taking(*names: str, needed: int | None = None, **more: Any) -> dict[str, Any]:
    """The schema of texts with these names, of which the first ``needed`` are."""
    properties = {name: {"type": "string"} for name in names} | more
    required = list(properties)[:needed]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


WEATHER = Toy("weather", "the weather of a city", taking("city"))
NOTE = Toy("note", "writes a note", taking("title", "text", needed=1))
CLOCK = Toy("clock", "what time it is", {"type": "object", "properties": {}})
TOYS = world_of_tools((WEATHER, NOTE, CLOCK))


def calling(action: str, arguments: Callable[[int], str], *, writing: Writing = "chat") -> ScriptedModel:
    """A model that names ``action``, and writes ``arguments(0)`` when it is first asked for some, then ``arguments(1)``."""
    written = 0

    def says(request: Request) -> str:
        nonlocal written
        if request.schema is not None:
            written += 1
            return arguments(written - 1)
        return action if request.choices else "I would begin"

    return ScriptedModel(says, writing=writing)
