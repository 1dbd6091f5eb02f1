"""``outrider serve``: the page and its API on a socket of this machine, until Ctrl-C."""

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
from outrider.cli.engine import launches_at
from outrider.cli.exits import Exit
from outrider.cli.own_tools import ToolsWanted, not_as_listed, toolbox_of
from outrider.cli.views import json_line, tell_progress
from outrider.errors import BadOption
from outrider.journal import JournalStore, open_journal
from outrider.providers.prices import Prices
from outrider.runtime import Budget, Limits, ServerLimits
from outrider.telemetry.opening import Wanted as TelemetryWanted
from outrider.telemetry.opening import opened
from outrider.telemetry.watching import Telemetry

if TYPE_CHECKING:
    from outrider.web.guard import Doors

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
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)
    telemetry: TelemetryWanted = field(default_factory=TelemetryWanted)

    def limits(self) -> Limits:
        """What all sessions of the server share.

        Raises:
            BadOption: a number allows nothing.
        """
        most = (self.budget_usd, self.budget_tokens, self.budget_calls, self.budget_seconds)
        usd, tokens, calls, seconds = most
        whose = "the budget of this server"
        budget = (
            None
            if most == (None, None, None, None)
            else Budget(whose=whose, usd=usd, tokens=tokens, calls=calls, seconds=seconds)
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
    _check_engine(options)
    limits = options.limits()  # what makes no sense is said before anything is opened
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    with (
        CtrlC() as ctrl_c,
        opened(options.telemetry) as telemetry,
        open_journal(options.journal) as journal,
        _listening(options.host, options.port) as listening,
    ):
        try:
            return asyncio.run(_serve(options, journal, prices, limits, listening, ctrl_c, telemetry))
        except asyncio.CancelledError:  # Ctrl-C before it began
            raise KeyboardInterrupt from None


def _check_engine(options: ServeOptions) -> None:
    counted = (options.calls_at_once, options.requests_a_minute, options.tokens_a_minute, options.budget_usd,
               options.budget_tokens, options.budget_calls, options.budget_seconds)  # fmt: skip
    if options.engine and any(limit is not None for limit in counted):
        raise BadOption(
            "limits and budgets are counted in one process, and with --engine the calls are made by others; leave them out, and "
            "limit the workers: outrider worker --calls-at-once N --calls-a-second N"
        )


async def _serve(
    options: ServeOptions,
    journal: JournalStore,
    prices: Prices,
    limits: Limits,
    listening: socket.socket,
    ctrl_c: CtrlC,
    telemetry: Telemetry,
) -> Exit:
    from outrider.web.app import application
    from outrider.web.desk import Desk
    from outrider.web.lending import Lending
    from outrider.web.server import Server

    doors = _doors(options, listening)
    this = asyncio.current_task()
    assert this is not None, "a coroutine runs in a task"
    ctrl_c.asks(this.cancel)
    async with toolbox_of(options.own_tools) as toolbox, Desk(journal, Lending(prices, tell_progress), limits) as desk:
        desk.telemetry, desk.own_tools = telemetry, toolbox
        desk.launches = await launches_at(options.engine)
        for note in not_as_listed(toolbox, options.own_tools):
            print(f"outrider: {note}", file=sys.stderr)
        server = Server(application(desk, doors), listening, last_words_s=LAST_WORDS_S)
        told: list[Exit] = []

        def stop(code: Exit) -> None:
            told.append(code)
            desk.close()
            server.stop()

        ctrl_c.asks(lambda: stop(Exit.STOPPED))
        with contextlib.suppress(NotImplementedError):  # Windows has no such signal
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop, Exit.COMPLETE)
        _tell(options, doors)
        await server.run_until_stopped()
    return told[0] if told else Exit.COMPLETE


def _doors(options: ServeOptions, listening: socket.socket) -> Doors:
    from outrider.web.guard import LOOPBACK, Doors

    host, everywhere = options.host.casefold(), options.host in EVERYWHERE
    names = {*LOOPBACK, host} | ({socket.gethostname().casefold()} if everywhere else set())
    return Doors(token=secrets.token_urlsafe(32), port=listening.getsockname()[1], names=frozenset(names), any_address=everywhere)


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


def _tell(options: ServeOptions, doors: Doors) -> None:
    """Print where the page is. It is the only place where the token is written."""
    host = socket.gethostname() if options.host in EVERYWHERE else options.host
    host = f"[{host}]" if ":" in host else host
    url = f"http://{host}:{doors.port}/?token={doors.token}"
    if options.as_json:
        print(json_line({"url": url, "token": doors.token, "port": doors.port}), flush=True)
    else:
        print(f"Outrider is at {url}", flush=True)
    if not _is_loopback(options.host):
        print(
            "outrider: this address can be reached from other machines: anyone who has the URL can spend your money, and the "
            "connection is not encrypted",
            file=sys.stderr,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
