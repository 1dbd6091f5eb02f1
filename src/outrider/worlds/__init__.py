"""Real tasks, with the actions that a plan for them may name."""

from __future__ import annotations

from outrider.agents.world import World
from outrider.worlds import openagi

FREE = World(name="free", about="You plan a task step by step, in the words of everyday life. Each step is one short sentence.")
"""Any task; a step is a sentence in free words. Two agents seldom choose the same words, so drafts are seldom accepted here."""

WORLDS = {world.name: world for world in (openagi.WORLD, FREE)}
"""The worlds that a command line can name."""
