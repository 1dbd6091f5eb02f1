"""BFCL multi-turn (Patil et al., *The Berkeley Function Calling Leaderboard*): 200 tasks over eight simulated APIs with state.

Tasks, gold calls and APIs are read from BFCL's own wheel (Apache-2.0), which is fetched once by its hash and never installed;
nothing of it is in this package. What each function does to its world, the tools over it, and the agents are ours.
``docs/bfcl.md`` tells what was measured.

    bfcl = read(await package())
    task = bfcl.named("multi_turn_base_0")
    environment = bfcl.environment(task)
    tools = toolbox(task, environment)
    # outrider.plan(task.task, approximation=GuessingAgent(task, agrees=0.7), target=GoldAgent(task), tools=tools)
"""

from __future__ import annotations

from outrider.worlds.bfcl.apis import Function
from outrider.worlds.bfcl.effects import EFFECTS
from outrider.worlds.bfcl.environment import Environment
from outrider.worlds.bfcl.package import Package, package
from outrider.worlds.bfcl.recorded import GoldAgent, GuessingAgent
from outrider.worlds.bfcl.tasks import BfclTask
from outrider.worlds.bfcl.toolbox import toolbox
from outrider.worlds.bfcl.world import Bfcl, read, world

__all__ = [
    "Bfcl",
    "BfclTask",
    "EFFECTS",
    "Environment",
    "Function",
    "GoldAgent",
    "GuessingAgent",
    "Package",
    "package",
    "read",
    "toolbox",
    "world",
]
