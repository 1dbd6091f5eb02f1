"""A worker in a process of its own whose target, or whose tool, never answers. It says when it is asked.

python hanging.py ENGINE agent|tool
"""

from __future__ import annotations

import asyncio
import sys

from outrider.agents.agent import Meter
from outrider.model import Answer, Declared, Prefix, Step, Task, Usage
from outrider.scale import Built, Manner, Setting, address_of, connected, worker
from outrider.testing import FakeTools, ScriptedAgent


def tell(word: str) -> None:
    """A line to whoever started this."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


async def never() -> None:
    """Say so, and wait."""
    tell("asked")
    await asyncio.Event().wait()


class Hanging:
    """An agent that has used something and never answers."""

    name = "slow"

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        meter.estimate(Usage(prompt_tokens=5, output_tokens=1, counted="estimated"))
        await never()
        return Answer(())

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return None


class HangingTools(FakeTools):
    """Tools that never return."""

    async def run(self, step: Step, *, key: str) -> str:
        await never()
        return ""


class Builder:
    """The target hangs, or the tools do."""

    async def built(self, setting: Setting) -> Built:
        draft = ScriptedAgent("book")
        if sys.argv[2] == "agent":
            return Built(agents={"approximation": draft, "target": Hanging()})
        return Built(agents={"approximation": draft, "target": draft}, tools=HangingTools(Declared("book")))


async def main() -> None:
    address = address_of(sys.argv[1])
    async with worker(await connected(address), address.queue, Builder(), Manner()):
        tell("ready")
        await asyncio.Event().wait()


asyncio.run(main())
