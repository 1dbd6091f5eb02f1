"""``outrider serve``: the page and its API on a socket, for one person or for the users of a file, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.engine import calls_at
from outrider.cli.exits import Exit
from outrider.cli.garbage import collect_seldom
from outrider.cli.kept import settings_of
from outrider.cli.open_files import allow_open_files
from outrider.cli.own_tools import ToolsWanted, not_as_listed, toolbox_of
from outrider.cli.preparing import Fetching
from outrider.cli.resume import tell_interrupted
from outrider.cli.stopping import stops_this_task
from outrider.cli.views import Write, json_line, line_writer, tell
from outrider.errors import BadOption
from outrider.journal import JournalStore, open_journal
from outrider.providers.prices import Prices
from outrider.runtime import Budget, Limits, ServerLimits
from outrider.telemetry.opening import Wanted as TelemetryWanted
from outrider.telemetry.opening import opened
from outrider.telemetry.watching import Telemetry

if TYPE_CHECKING:
    from outrider.web.desk import Desk
    from outrider.web.guard import Doors
    from outrider.web.server import Server
    from outrider.web.team import Team

EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - the person says so
"""Addresses that mean all of this machine's."""

LAST_WORDS_S: Final = 2
"""So long connections may take to end when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line said."""

    host: str
    port: int
    journal: str | None
    prices: Path | None
    as_json: bool
    engine: str = ""
    """Where the calls are made; empty: by this process."""
    calls_at_once: int | None = None
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_calls: int | None = None
    budget_seconds: float | None = None
    users: Path | None = None
    audit: Path | None = None
    agents: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    behind_tls: bool = False
    most_sessions: int = 32
    most_waiting: int = 0
    drain_s: float = 0.0
    hand_over: bool = False
    """In the end, leave the sessions that run to the next server."""
    resume_interrupted: bool = False
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)
    telemetry: TelemetryWanted = field(default_factory=TelemetryWanted)

    def limits(self) -> Limits:
        """What all sessions of the server share.

        Raises:
            BadOption: a number allows nothing.
        """
        most = (self.budget_usd, self.budget_tokens, self.budget_calls, self.budget_seconds)
        usd, tokens, calls, seconds = most
        whose, remedy = "the budget of this server", "whoever runs it starts it again with more"
        budget = (
            None
            if most == (None, None, None, None)
            else Budget(whose=whose, remedy=remedy, usd=usd, tokens=tokens, calls=calls, seconds=seconds)
        )
        servers = ServerLimits(
            calls_at_once=self.calls_at_once, requests_a_minute=self.requests_a_minute, tokens_a_minute=self.tokens_a_minute
        )
        return Limits(budget=budget, servers=servers)


def run_serve(options: ServeOptions) -> Exit:
    """Serve until Ctrl-C or SIGTERM: sessions are stopped in order then; a second Ctrl-C leaves at once."""
    try:
        import sse_starlette  # noqa: F401 - what is missing is to be said before anything is opened
        import uvicorn  # noqa: F401
    except ImportError:
        raise BadOption("the page needs more packages; install them with: pip install 'outrider[web]'") from None
    options.telemetry.check(screen=False)
    limits = options.limits()  # what makes no sense is said before anything is opened
    _check(options)
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    with (
        CtrlC() as ctrl_c,
        opened(options.telemetry) as telemetry,
        open_journal(options.journal) as journal,
        _team(options, limits) as team,
        _listening(options.host, options.port) as listening,
    ):
        try:
            return asyncio.run(_serve(options, journal, prices, team, listening, ctrl_c, telemetry))
        except asyncio.CancelledError:  # Ctrl-C before it began
            raise KeyboardInterrupt from None


def _check(options: ServeOptions) -> None:
    """Raise ``BadOption`` for what cannot be, or would be open to others without anybody having said who may enter."""
    if not 0 <= options.drain_s < float("inf"):
        raise BadOption(f"{options.drain_s:g} seconds to finish in make no sense; give 0 or more")
    if not _is_loopback(options.host) and options.users is None and not options.behind_tls:
        raise BadOption(
            f"{options.host or 'every address'} can be reached from other machines; give --users FILE to say who may enter "
            "(outrider users add NAME), or --behind-tls if something before the server encrypts and lets in only you"
        )


@contextlib.contextmanager
def _team(options: ServeOptions, limits: Limits) -> Iterator[Team]:
    """Who may enter, and what notes what they do."""
    from outrider.web.audit import Audit, audit_beside
    from outrider.web.spending import Spending, spending_beside
    from outrider.web.team import Team
    from outrider.web.users import Users

    users = Users(options.users) if options.users else None
    where = options.audit or (audit_beside(options.users) if options.users else None)
    with contextlib.ExitStack() as files:
        audit = files.enter_context(contextlib.closing(Audit(where))) if where else None
        kept = spending_beside(options.users) if options.users else None
        spending = files.enter_context(contextlib.closing(Spending(kept, tell))) if kept else None
        yield Team(limits, users, audit, options.agents, spending)


async def _serve(
    options: ServeOptions,
    journal: JournalStore,
    prices: Prices,
    team: Team,
    listening: socket.socket,
    ctrl_c: CtrlC,
    telemetry: Telemetry,
) -> Exit:
    from outrider.web.app import application
    from outrider.web.desk import Desk
    from outrider.web.lending import Lending
    from outrider.web.rooms import Rooms
    from outrider.web.server import Server

    doors = _doors(options, listening, team)
    rooms = Rooms(options.most_sessions, options.most_waiting)
    stops_this_task(ctrl_c)
    lending, write = Lending(prices, Fetching()), line_writer()
    async with toolbox_of(options.own_tools) as toolbox, Desk(journal, lending, team=team, rooms=rooms) as desk:
        desk.telemetry, desk.own_tools = telemetry, toolbox
        desk.settings = lambda understood: settings_of(
            understood.wanted, understood.agents, options.own_tools, options.prices, served=True
        )
        calls = await calls_at(options.engine, toolbox)
        desk.launches, desk.follows = calls.launches, calls.follows
        for note in not_as_listed(toolbox, options.own_tools):
            tell(note)
        desk.hands_over, desk.says = options.hand_over, tell
        server = Server(application(desk, doors), listening, last_words_s=LAST_WORDS_S)
        ending = Ending(desk, server, options.drain_s, resumes=options.resume_interrupted)
        ctrl_c.asks(lambda: ending.now(Exit.STOPPED))
        with contextlib.suppress(NotImplementedError):  # Windows has no such signal
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.in_order)
        if not options.resume_interrupted:
            tell_interrupted(journal)
        _tell(options, doors, write)
        if note := allow_open_files(options.most_sessions):
            tell(note)
        collect_seldom()
        await ending.reached()
    return ending.code


class Ending:
    """How the server comes to its end: at once, or after the sessions that run have had ``drain_s`` seconds to finish.

    With ``resumes``, it begins with the sessions that servers before have left.
    """

    def __init__(self, desk: Desk, server: Server, drain_s: float, *, resumes: bool = False) -> None:
        self.code = Exit.COMPLETE
        self._desk = desk
        self._server = server
        self._drain_s = drain_s
        self._resumes = resumes
        self._asked = asyncio.Event()

    def now(self, code: Exit) -> None:
        """Sessions are stopped, with their plans kept, and the server ends."""
        self.code = code
        self._desk.close()
        self._server.stop()

    def in_order(self) -> None:
        """No session begins any more, and those that run may finish; asked a second time, they are stopped at once."""
        if self._asked.is_set() or not self._drain_s:
            self.now(Exit.COMPLETE)
        self._asked.set()

    async def reached(self) -> None:
        """Answer requests until the end."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drained()), group.create_task(self._resumed())]
            await self._server.run_until_stopped()
            for task in tasks:
                task.cancel()

    async def _resumed(self) -> None:
        """What servers have left goes on, if that is wanted."""
        from outrider.web.restarting import go_on_with_all

        if self._resumes:
            await go_on_with_all(self._desk, tell)

    async def _drained(self) -> None:
        """Once asked, wait for the sessions, then end the server."""
        await self._asked.wait()
        await self._desk.drain(self._drain_s)
        self._server.stop()


def _doors(options: ServeOptions, listening: socket.socket, team: Team) -> Doors:
    from outrider.web.guard import LOOPBACK, Doors

    host, everywhere = options.host.casefold(), options.host in EVERYWHERE
    names = {*LOOPBACK, host, *options.names} | ({socket.gethostname().casefold()} if everywhere else set())
    return Doors(
        token=secrets.token_urlsafe(32), port=listening.getsockname()[1], names=frozenset(names), any_address=everywhere,
        users=team.users, tls=options.behind_tls,
    )  # fmt: skip


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens at ``host`` and ``port``, 0 for any that is free."""
    try:
        family, *_, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise BadOption(_cannot_listen(host, port, error)) from None
    with listening:
        yield listening


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"port {port} is in use; give another one with --port, or --port 0 for any that is free"
    if number == errno.EACCES:
        return f"port {port} is not allowed; give one above 1023 with --port"
    return f"the server cannot listen at {host!r}, port {port}: {error}; give an address of this machine with --host"


def _tell(options: ServeOptions, doors: Doors, write: Write) -> None:
    """Print where the page is. It is the only place where the one token is written; users have theirs."""
    host = socket.gethostname() if options.host in EVERYWHERE else options.host
    host = f"[{host}]" if ":" in host else host
    token = {"token": doors.token} if doors.users is None else {}
    url = f"http://{host}:{doors.port}/" + (f"?token={doors.token}" if token else "")
    if options.as_json:
        write(json_line({"url": url, **token, "port": doors.port}))
    else:
        write(f"Outrider is at {url}" + ("" if token else "?token=… with the token of a user"))
    if not _is_loopback(options.host) and not options.behind_tls:
        print(
            "outrider: this address can be reached from other machines, and the connection is not encrypted: whoever listens on "
            "the way has the tokens; put a server that speaks TLS before it, and give --behind-tls",
            file=sys.stderr,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
