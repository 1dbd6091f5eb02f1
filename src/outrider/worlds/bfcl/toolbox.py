"""The functions of a task as tools over its environment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from outrider.model import JSON
from outrider.tools import Tool, Toolbox
from outrider.worlds.bfcl.apis import Function
from outrider.worlds.bfcl.tasks import BfclTask

Seconds = Callable[[str], float]
"""How long the function of this name takes, in seconds of the loop's clock."""


class Acts(Protocol):
    """What the tools of a task act on: its ``Environment``, or what stands before one."""

    def call(self, function: str, arguments: Mapping[str, Any]) -> JSON:
        """What ``function`` returns, once it is done."""
        ...


def toolbox(task: BfclTask, environment: Acts, *, takes_s: Seconds | float = 0.0) -> Toolbox:
    """The functions of ``task`` as tools over ``environment``.

    Where the environment has a ``fork``, a step can be rehearsed on a copy of it. Where it has none, all of them are writes.

    Args:
        task: whose functions.
        environment: what they act on.
        takes_s: how long a call takes. It acts at its end, so what is cancelled before has done nothing.
    """
    seconds = takes_s if callable(takes_s) else lambda _: float(takes_s)

    def build(over: Acts) -> tuple[Tool, ...]:
        return tuple(_tool(function, over, seconds(function.name)) for function in task.functions)

    return Toolbox(build, environment=environment)


def _tool(function: Function, environment: Acts, takes_s: float) -> Tool:
    async def run(arguments: Mapping[str, JSON], key: str) -> JSON:
        if takes_s:
            await asyncio.sleep(takes_s)
        return environment.call(function.name, arguments)

    return Tool(name=function.name, description=function.does, parameters=function.schema, run=run, effect=function.effect)
