"""What the tests of this room share: an engine on the test's server, workers in this process, agents that answer by prefix."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from outrider.agents.agent import Agent, Meter
from outrider.journal import MemoryJournal
from outrider.launch import Wanted, understand
from outrider.model import Answer, Prefix, Role, Task, Usage
from outrider.rules.events import Event, Record
from outrider.runtime import Limits, Session
from outrider.runtime.hands import Tools
from outrider.scale import (
    Builder,
    Built,
    Engine,
    Manner,
    RemoteLaunch,
    Setting,
    address_of,
    connected,
    launch_remote,
    worker_in_thread,
)
from outrider.testing import ScriptedAgent
from outrider.testing.dev_server import DevServer

PLAN = ("search", "book", "pack")


class Gated:
    """An agent in a worker's thread whose answers wait until they are let through. It tells what it is asked."""

    def __init__(self, agent: Agent, *, usage: Usage | None = None) -> None:
        self.name = agent.name
        self._agent = agent
        self._usage = usage
        self._gate = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: SimpleQueue[Prefix] = SimpleQueue()
        self._closed: SimpleQueue[Prefix] = SimpleQueue()

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """The agent's own answer, once the gate is open."""
        self._loop = asyncio.get_running_loop()
        if self._usage is not None:
            meter.estimate(self._usage)
        self._asked.put(prefix)
        try:
            await self._gate.wait()
        except asyncio.CancelledError:
            self._closed.put(prefix)
            raise
        return await self._agent.next_step(task, prefix, meter)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nobody knows."""
        return None

    async def asked(self) -> Prefix:
        """What it has been asked next, once it has."""
        return await asyncio.to_thread(self._asked.get)

    async def closed(self) -> Prefix:
        """Which call has been closed next, once one has."""
        return await asyncio.to_thread(self._closed.get)

    def open(self) -> None:
        """Let all answers through from now on."""
        assert self._loop is not None, "it has been asked"
        self._loop.call_soon_threadsafe(self._gate.set)


@dataclass
class Given:
    """A builder that gives what it was given."""

    agents: Mapping[Role, Agent]
    tools: Tools | None = None
    settings: list[Setting] = field(default_factory=list)

    async def built(self, setting: Setting) -> Built:
        """The same for everybody."""
        self.settings.append(setting)
        return Built(agents=self.agents, tools=self.tools)


def agents(*plan: str, drafts: tuple[str, ...] | None = None) -> dict[Role, Agent]:
    """Two that follow a script; the drafter another one, if one is given."""
    return {"approximation": ScriptedAgent(*(drafts or plan), name="fast"), "target": ScriptedAgent(*plan, name="slow")}


async def engine_on(
    server: DevServer, *, silent_after_s: float = 2.0, patience_s: float = 15.0, most_events: int = 0, again_for_s: float = 10.0
) -> Engine:
    """An engine with a queue of its own."""
    address = address_of(f"temporal://{server.host}/default/{secrets.token_hex(4)}")
    return Engine(
        client=await connected(address, again_for_s=again_for_s),
        address=address,
        silent_after_s=silent_after_s,
        patience_s=patience_s,
        most_events=most_events,
    )


def served(
    engine: Engine, builder: Builder, manner: Manner | None = None, *, again_for_s: float = 10.0
) -> AbstractAsyncContextManager[None]:
    """Inside, a worker makes the calls, in a thread: what the person says is waited for on the loop here."""
    return worker_in_thread(engine.address, builder, manner or Manner(draining_s=0), again_for_s=again_for_s)


async def ready(
    engine: Engine, *, lookahead: int = 2, journal: MemoryJournal | None = None, within: Limits | None = None, **wanted: Any
) -> RemoteLaunch:
    """A run that is ready to start there."""
    asked = Wanted(task="go to Oslo", world="free", lookahead=str(lookahead), **wanted)
    return await launch_remote(understand(asked, within), engine, journal or MemoryJournal())


async def recorded(session: Session) -> list[Record]:
    """Run it to its end; what happened."""
    async with session, session.events() as events:
        return [record async for record in events]


def kinds(records: list[Record]) -> list[str]:
    """What happened, in a word each."""
    return [record.event.kind for record in records]


def only(records: list[Record], kind: type[Event]) -> list[Event]:
    """The events of that kind."""
    return [record.event for record in records if isinstance(record.event, kind)]
