"""Real tasks, with the actions that a plan for them may name."""

from __future__ import annotations

from outrider.agents.world import Example, World
from outrider.worlds import openagi

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

WORLDS = {world.name: world for world in (openagi.WORLD, FREE)}
"""The worlds that a command line can name."""
