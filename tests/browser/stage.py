"""What the browser's tests stand on: agents that answer when they are told to, a server in this loop, a wire that can be cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from outrider import Limits, Session, plan
from outrider.agents.agent import Meter
from outrider.agents.world import Action, World
from outrider.journal import JournalStore, MemoryJournal
from outrider.launch import Understood
from outrider.model import Answer, Prefix, Step, Task, Usage
from outrider.providers.prices import Prices
from outrider.runtime.hands import Tools
from outrider.settings import settings_text
from outrider.web.app import application
from outrider.web.desk import Desk
from outrider.web.guard import Doors
from outrider.web.lending import Lending
from outrider.web.server import Server
from outrider.web.team import Team
from outrider.web.users import ALONE, User, Users

TOKEN: Final = "a-token-for-tests"

TASK: Final = "Go to Oslo for two days"

TRAVEL: Final = World(
    name="oslo",
    about="A journey, for tests.",
    actions=(
        Action("look up trains", "says which trains there are"),
        Action("look up hotels", "says which hotels are free"),
        Action("look around", "sees what there is"),
        Action("pay", "pays the bill"),
        Action(
            "book",
            "books a room for some nights",
            schema={
                "type": "object",
                "properties": {"where": {"type": "string"}, "nights": {"type": "integer", "minimum": 1}},
                "required": ["where", "nights"],
                "additionalProperties": False,
            },
        ),
        Action("finish", "the plan is complete"),
    ),
    allowed=lambda prefix: ("look up trains", "look up hotels", "look around", "pay", "book", "finish"),
)


class ToldAgent:
    """Answers a prefix when the test says what, and waits until then. What it is told before it is asked it says at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks: list[str] = []
        self._told: dict[Prefix, Answer] = {}
        self._bells: dict[Prefix, asyncio.Event] = {}

    def says(self, *actions: str | Step, after: Prefix = (), thought: str = "") -> None:
        """The answers along a path: to ``after`` the first, to that and the first the second, and so on.

        A step with an observation is named without it, and stands with it before the next one.
        """
        prefix = after
        for step in (Step(action) if isinstance(action, str) else action for action in actions):
            self._told[prefix] = Answer((step.named,), thought=thought)
            self._bell(prefix).set()
            prefix = (*prefix, step)

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What it is told to say after ``prefix``, once it is told."""
        self.tasks.append(task.text)
        meter.settle(Usage(prompt_tokens=100, output_tokens=5, cost_usd=0.001))
        await self._bell(prefix).wait()
        return self._told[prefix]

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nobody can say."""
        return None

    def _bell(self, prefix: Prefix) -> asyncio.Event:
        return self._bells.setdefault(prefix, asyncio.Event())


@dataclass
class Stage:
    """A server with its sessions. ``at`` is where its page is."""

    desk: Desk
    doors: Doors
    server: Server
    drafter: ToldAgent = field(default_factory=lambda: ToldAgent("fast"))
    target: ToldAgent = field(default_factory=lambda: ToldAgent("accurate"))

    def url(self, port: int | None = None) -> str:
        """The URL with the token, by this server's port or that of a wire to it."""
        return f"http://127.0.0.1:{port or self.doors.port}/?token={TOKEN}"

    async def begin(
        self,
        *,
        lookahead: int = 2,
        world: World | None = TRAVEL,
        max_steps: int = 30,
        tools: Tools | None = None,
        by: User = ALONE,
    ) -> Session:
        """A session of the two agents, under way, which ``by`` has started; at a limit somebody is there to be asked."""
        session = plan(
            Task(TASK, world.name if world else "free"),
            approximation=self.drafter,
            target=self.target,
            lookahead=lookahead,
            limits=Limits(within=self.desk.team.limits_of(by)),
            journal=self.desk.journal,
            world=world,
            max_steps=max_steps,
            ask=True,
            tools=tools,
        )
        await self.desk.begin(session, by)
        return session

    def close(self) -> None:
        """Stop the server and its sessions."""
        self.desk.close()
        self.server.stop()


def kept(understood: Understood) -> str:
    """How a session was launched, as a server without tools keeps it."""
    return settings_text(understood.wanted, understood.agents, {"sources": []}, None, served=True)


@asynccontextmanager
async def staged(
    port: int = 0, *, journal: JournalStore | None = None, users: Users | None = None, agents: tuple[str, ...] = ()
) -> AsyncIterator[Stage]:
    """A server on ``port`` of this machine, any that is free by default; with ``users``, who may name ``agents``."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        doors = Doors(token=TOKEN, port=listening.getsockname()[1], users=users)
        team = Team(Limits(), users, agents=agents)
        async with Desk(journal or MemoryJournal(), Lending(Prices()), team=team) as desk, asyncio.TaskGroup() as group:
            desk.settings = kept
            stage = Stage(desk, doors, Server(application(desk, doors), listening, last_words_s=1))
            group.create_task(stage.server.run_until_stopped())
            error = None
            try:
                yield stage
            except Exception as failed:  # past the group, which would cancel the server before it has closed its sockets
                error = failed
            finally:
                stage.close()
    if error is not None:
        raise error


class Wire:
    """A port that leads to the server's, until it is cut; mended, it is the same port again."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def leads_to(self, stage: Stage) -> None:
        """New connections lead to the server of ``stage``."""
        self._to_port = stage.doors.port

    async def mend(self) -> None:
        """Connections can be made."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Those there are break off, and no new one can be made."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._open |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(reader, back))
                both.create_task(_pour(there, writer))
        finally:
            self._open -= {writer, back}


async def _pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    """Carry bytes until one end is closed; then the other is."""
    with suppress(ConnectionError):
        while data := await source.read(65536):
            into.write(data)
            await into.drain()
    with suppress(ConnectionError):
        into.close()
        await into.wait_closed()


@asynccontextmanager
async def wired(stage: Stage) -> AsyncIterator[Wire]:
    """A wire to the server of ``stage``; cut in the end."""
    wire = Wire(stage.doors.port)
    await wire.mend()
    try:
        yield wire
    finally:
        wire.cut()
