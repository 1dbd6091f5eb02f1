"""Real tasks, with the actions that a plan for them may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from outrider.agents.world import Example, World
from outrider.errors import UnknownName
from outrider.worlds import openagi
from outrider.worlds.named import NamedWorld, same_for_every_task
from outrider.worlds.trips import TRIPS, TRIPS_LOOKED_UP

FREE = World(
    name="free",
    about="You plan a task step by step, in the words of everyday life. Each step is one short sentence.",
    examples=(
        Example(
            "make a cup of tea", ("Boil water", "Put a tea bag into a cup", "Pour the water into the cup", "Take out the bag")
        ),
        Example("post a letter", ("Write the letter", "Put it into an envelope", "Buy a stamp", "Drop it into a letter box")),
        Example(
            "plant a tree", ("Choose a place", "Dig a hole", "Set the tree into the hole", "Fill the hole", "Water the tree")
        ),
    ),
)
"""Any task; a step is a sentence in free words. Two agents seldom choose the same words, so drafts are seldom accepted here."""

WORLDS: Final = {world.name: world for world in (openagi.WORLD, FREE)}
"""The worlds that are the same for every task."""

NAMED_WORLDS: Final[Mapping[str, NamedWorld]] = {
    world.name: world
    for world in (same_for_every_task(openagi.WORLD, openagi.tasks), TRIPS, TRIPS_LOOKED_UP, same_for_every_task(FREE))
}
"""The worlds that a command line can name."""


def named_world(name: str) -> NamedWorld:
    """The world of that name.

    Raises:
        UnknownName: there is none.
    """
    found = NAMED_WORLDS.get(name)
    if found is None:
        raise UnknownName(f"the world {name[:80]!r} is not known; give one of {', '.join(sorted(NAMED_WORLDS))}")
    return found


def world_of(name: str) -> NamedWorld:
    """The world that a journal names; one of free words where nobody knows it, or not any more."""
    return NAMED_WORLDS.get(name) or NAMED_WORLDS[FREE.name]
