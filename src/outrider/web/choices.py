"""What the form for a new session offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from outrider.agents.kinds import KINDS, SETTINGS
from outrider.launch import DEFAULT_AGENTS, DEFAULT_WORLD, Wanted
from outrider.model import JSON
from outrider.naming import LOCAL, OPENAI_COMPATIBLE
from outrider.rules import MATCHINGS
from outrider.runtime import DEFAULT_MAX_STEPS
from outrider.views.words import one_line
from outrider.worlds import NAMED_WORLDS
from outrider.worlds.named import NamedWorld, world_around

if TYPE_CHECKING:
    from outrider.tools import Toolbox

MOST_TASKS: Final = 8
"""So many of a world's tasks are given as examples."""


def choices(own_tools: Toolbox | None = None) -> dict[str, JSON]:
    """Worlds, kinds, models, settings and defaults. What a person writes themselves stands in capitals.

    ``own_tools`` are the server's: their world is offered too.
    """
    wanted = Wanted()
    worlds = [*NAMED_WORLDS.values(), *([world_around(own_tools)] if own_tools is not None else [])]
    return {
        "worlds": [_world(world) for world in worlds],
        "kinds": list(KINDS),
        "models": [LOCAL, *(f"{vendor}:NAME" for vendor in OPENAI_COMPATIBLE), "anthropic:NAME", "URL#NAME", "FILE.gguf"],
        "settings": [
            {"setting": number, "approximation": approximation, "target": target}
            for number, (approximation, target) in SETTINGS.items()
        ],
        "matchings": list(MATCHINGS),
        "defaults": {
            "world": DEFAULT_WORLD,
            "approximation": DEFAULT_AGENTS["approximation"],
            "target": DEFAULT_AGENTS["target"],
            "lookahead": wanted.lookahead,
            "max_steps": DEFAULT_MAX_STEPS,
            "matching": wanted.matching,
        },
    }


def _world(world: NamedWorld) -> dict[str, JSON]:
    return {
        "name": world.name,
        "about": one_line(world.about),
        "tasks": [one_line(task) for task in world.examples[:MOST_TASKS]],
        "agents": list(world.agents),
        "usual": {role: world.usual.get(role, name) for role, name in DEFAULT_AGENTS.items()},
    }
