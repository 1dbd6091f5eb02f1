"""``outrider worker``: make calls for sessions in an engine, until Ctrl-C or SIGTERM; then end what is under way."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.engine import engine_at
from outrider.cli.exits import Exit
from outrider.cli.own_tools import ToolsWanted, not_as_listed, toolbox_of
from outrider.cli.preparing import Fetching
from outrider.cli.views import tell
from outrider.errors import BadOption, ServerTrouble
from outrider.journal import JournalStore, open_journal
from outrider.providers.prices import Prices
from outrider.worlds.named import world_around

if TYPE_CHECKING:
    from outrider.scale import Address
    from outrider.tools import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What the command line said."""

    engine: str
    calls_at_once: int
    calls_a_second: float | None
    drain_s: float
    journal: str | None
    prices: Path | None
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)


def run_worker(options: WorkerOptions) -> Exit:
    """Serve until Ctrl-C or SIGTERM. A second Ctrl-C leaves at once: what was under way is given to another worker."""
    address = engine_at(options.engine)
    _check(options)
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    with CtrlC() as ctrl_c, open_journal(options.journal) as journal:
        try:
            return asyncio.run(_serve(options, address, prices, journal, ctrl_c))
        except asyncio.CancelledError:  # Ctrl-C before it began
            raise KeyboardInterrupt from None


def _check(options: WorkerOptions) -> None:
    if options.calls_at_once < 1:
        raise BadOption(f"{options.calls_at_once} calls at once are none; give at least 1")
    if options.calls_a_second is not None and not 0 < options.calls_a_second < float("inf"):
        raise BadOption(f"{options.calls_a_second:g} calls a second make no sense; give a positive number")
    if not 0 <= options.drain_s < float("inf"):
        raise BadOption(f"{options.drain_s:g} seconds to end what is under way make no sense; give a number from 0")


async def _serve(options: WorkerOptions, address: Address, prices: Prices, journal: JournalStore, ctrl_c: CtrlC) -> Exit:
    from outrider.scale import Manner, NamedBuilder, connected, has_worker, reached, serving

    stop, told = asyncio.Event(), [Exit.COMPLETE]

    def stopped() -> None:
        told[0] = Exit.STOPPED
        stop.set()

    ctrl_c.asks(stopped)
    with contextlib.suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    manner = Manner(calls_at_once=options.calls_at_once, calls_a_second=options.calls_a_second, draining_s=options.drain_s)
    async with toolbox_of(options.own_tools) as toolbox:
        _check_own(toolbox)
        client = await connected(address)
        address = reached(client, address)
        await has_worker(client, address)  # says so if there is no such namespace, or it does not let us in
        try:
            async with (
                NamedBuilder(prices, journal, Fetching(), own_tools=toolbox) as builder,
                serving(client, address.queue, builder, manner, own_tools=toolbox),
            ):
                _tell(address, toolbox, options.own_tools)
                await stop.wait()
                tell("leaving; calls under way are ended first")
        except RuntimeError as error:
            raise ServerTrouble(f"{address} does not let this worker go on: {error}") from None
    return told[0]


def _check_own(toolbox: Toolbox | None) -> None:
    """Raise ``BadOption`` if no world can be made of the tools, which would be said of every session otherwise."""
    if toolbox is not None:
        world_around(toolbox)


def _tell(address: Address, toolbox: Toolbox | None, wanted: ToolsWanted) -> None:
    """Say what is served here, and what whoever runs this worker should know of its tools."""
    tell(f"making calls for sessions at {address}")
    for note in not_as_listed(toolbox, wanted):
        tell(note)
    if toolbox is not None and toolbox.in_memory:
        tell(
            "the tools act on an object in this worker's memory, which its sessions share; other workers have others, and it is "
            "gone when this process is"
        )
