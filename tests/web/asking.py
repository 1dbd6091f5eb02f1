"""The server without a socket: requests straight into the application, on any event loop, the virtual one too."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

from outrider import Session, plan
from outrider.agents.world import Action, World
from outrider.journal import JournalStore, MemoryJournal
from outrider.launch import Understood
from outrider.model import Prefix
from outrider.providers.prices import Prices
from outrider.settings import settings_text
from outrider.testing import FakeAgent, steps
from outrider.web.app import application
from outrider.web.desk import Desk
from outrider.web.guard import Doors
from outrider.web.lending import Lending

TOKEN = "the-token"
PORT = 8765
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"

PLAN = ("boil", "warm the pot", "pour", "wait", "sip")


@dataclass
class Said:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The kind of the error that it tells."""
        kind: str = self.json["error"]["kind"]
        return kind


@dataclass
class Event:
    """A server-sent event."""

    id: str | None = None
    event: str = "message"
    data: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Client:
    """Asks ``app``. ``headers`` go with every request."""

    app: ASGIApp
    headers: Mapping[str, str] = field(default_factory=lambda: {"host": HOST, "authorization": f"Bearer {TOKEN}"})

    async def get(self, url: str, **headers: str) -> Said:
        return await self.ask("GET", url, headers=headers)

    async def post(self, url: str, body: Any = None, **headers: str) -> Said:
        sent = json.dumps(body).encode()
        return await self.ask("POST", url, body=sent, headers={"content-type": "application/json", **headers})

    async def ask(self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Said:
        """The whole answer to one request. A header with an empty value is left out."""
        came: list[Message] = []
        sent = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return sent.pop() if sent else await _never()

        async def send(message: Message) -> None:
            came.append(message)

        await self.app(self.scope(method, url, headers or {}), receive, send)
        start, *rest = came
        return Said(
            status=start["status"],
            headers={name.decode().lower(): value.decode() for name, value in start["headers"]},
            body=b"".join(message.get("body", b"") for message in rest),
        )

    @contextlib.asynccontextmanager
    async def listening(self, url: str, **headers: str) -> AsyncIterator[Listener]:
        """A stream that is open inside."""
        listener = Listener()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._listen(self.scope("GET", url, headers), listener))
            yield listener
            listener.gone.set()
            listener.reads.set()
            await task

    async def _listen(self, scope: dict[str, Any], listener: Listener) -> None:
        await self.app(scope, listener.receive, listener.send)
        listener.over.set()

    def scope(self, method: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        parts = urlsplit(url)
        named = {name.replace("_", "-").lower(): value for name, value in {**self.headers, **headers}.items() if value}
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http",
            "path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", PORT),
        }  # fmt: skip


class Listener:
    """The client's end of a stream. While ``reads`` is clear, it takes nothing."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.over = asyncio.Event()
        self.sent = 0
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.reads.set()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.body":
            for block in message["body"].decode().split("\n\n"):
                self._take(block)

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "data" in fields:
            self.sent += 1
            self._events.put_nowait(Event(fields.get("id"), fields.get("event", "message"), fields["data"]))

    async def next(self) -> Event:
        """The next event, waiting for it."""
        return await self._events.get()

    async def all(self) -> list[Event]:
        """Every event from here to the end of the stream."""
        await self.over.wait()
        return [self._events.get_nowait() for _ in range(self._events.qsize())]


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


# The server --------------------------------------------------------------------------------------------------------------


@dataclass
class Served:
    """A server, its desk and its journal."""

    desk: Desk
    client: Client
    journal: JournalStore
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def begin(self, session: Session) -> str:
        """Run ``session`` on the desk; the API's address of it."""
        live = await self.desk.begin(session)
        return f"/api/sessions/{live.name}"

    async def tea(self, **more: Any) -> str:
        """Begin making tea: the target takes 4 s a step, drafts take 1 s and name the same."""
        return await self.begin(tea(self.journal, **more))


@contextlib.asynccontextmanager
async def served(journal: JournalStore | None = None, doors: Doors | None = None) -> AsyncIterator[Served]:
    """A server with a journal in memory."""
    journal = journal or MemoryJournal()
    async with Desk(journal, Lending(Prices())) as desk:
        desk.settings = kept
        app = application(desk, doors or Doors(token=TOKEN, port=PORT))
        yield Served(desk, Client(app), journal)


async def to_the_end(client: Client, name: str) -> dict[str, Any]:
    """The last scene of a session."""
    async with client.listening(f"/api/sessions/{name}/stream") as listener:
        await listener.all()
    found: dict[str, Any] = (await client.get(f"/api/sessions/{name}/scene")).json
    return found


def kept(understood: Understood) -> str:
    """How a session was launched, as a server without tools keeps it."""
    return settings_text(understood.wanted, understood.agents, {"sources": []}, None, served=True)


def by_script(*actions: str, takes_s: float, name: str) -> FakeAgent:
    """Answers along these actions, whatever the prefix is; then finish."""
    path = steps(*actions, "finish")
    return FakeAgent(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s, name=name)


def tea(
    journal: JournalStore | None, *, world: World | None = None, drafts: tuple[str, ...] = PLAN, name: str = "tea"
) -> Session:
    """A session that makes tea."""
    return plan(
        "Make tea", target=by_script(*PLAN, takes_s=4.0, name="slow"),
        approximation=by_script(*drafts, takes_s=1.0, name="quick"), lookahead=2, journal=journal, world=world, name=name,
    )  # fmt: skip


async def tea_cut_off() -> MemoryJournal:
    """A journal with a session, tea, whose process was killed after nine records; it is not on record how it was launched."""
    full, journal = MemoryJournal(), MemoryJournal()
    async with tea(full) as session:
        await session.result()
    journal.append("tea", full.read("tea")[:9])
    return journal


def _kitchen(prefix: Prefix) -> tuple[str, ...]:
    return (*PLAN, "finish")


KITCHEN = World(
    name="kitchen",
    about="You make tea.",
    actions=(
        Action("pour", "Pours water", ("fill",), {"type": "object", "properties": {"ml": {"type": "integer"}}}),
        *(Action(name, f"Does {name}") for name in PLAN if name != "pour"),
    ),
    allowed=_kitchen,
)
"""A world of a few actions, one of which takes an argument."""


def applied(scene: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """The scene after a message of a stream, as a page works it out."""
    if "scene" in message:
        found: dict[str, Any] = message["scene"]
        return found
    lists = {key: scene[key][: change["keep"]] + change["then"] for key, change in message["lists"].items()}
    return {**scene, **message["changes"], **lists}
