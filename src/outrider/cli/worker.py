"""``outrider worker``: make calls for sessions in an engine, until Ctrl-C or SIGTERM; then end what is under way."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.engine import engine_at
from outrider.cli.exits import Exit
from outrider.cli.views import tell_progress
from outrider.errors import BadOption, ServerTrouble
from outrider.journal import JournalStore, open_journal
from outrider.providers.prices import Prices

if TYPE_CHECKING:
    from outrider.scale import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What the command line said."""

    engine: str
    calls_at_once: int
    calls_a_second: float | None
    drain_s: float
    journal: str | None
    prices: Path | None


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
    from outrider.scale import Manner, NamedBuilder, connected, has_worker, worker

    stop, told = asyncio.Event(), [Exit.COMPLETE]

    def stopped() -> None:
        told[0] = Exit.STOPPED
        stop.set()

    ctrl_c.asks(stopped)
    with contextlib.suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await connected(address)
    await has_worker(client, address)  # says so if there is no such namespace, or it does not let us in
    manner = Manner(calls_at_once=options.calls_at_once, calls_a_second=options.calls_a_second, draining_s=options.drain_s)
    async with NamedBuilder(prices, journal, tell_progress) as builder:
        try:
            async with worker(client, address.queue, builder, manner):
                print(f"outrider: making calls for sessions at {address}", file=sys.stderr, flush=True)
                await stop.wait()
                print("outrider: leaving; calls under way are ended first", file=sys.stderr, flush=True)
        except RuntimeError as error:
            raise ServerTrouble(f"{address} does not let this worker go on: {error}") from None
    return told[0]
