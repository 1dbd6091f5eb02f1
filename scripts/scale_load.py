"""Many sessions at once in an engine, carried by a few processes of ``outrider worker``, one of which is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from outrider.journal import MemoryJournal
from outrider.launch import Wanted, understand
from outrider.model import Prefix
from outrider.rules.events import Confirmed
from outrider.scale import Engine, address_of, connected, launch_remote
from outrider.scale.wire import ASK, RUN_TOOL

SCRIPTS: Final = Path(__file__).parent

LOOKAHEAD: Final = "4"

CALLS_AT_ONCE: Final = 2000
"""Of each worker: what limits them is to be the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be carried: so many ``sessions`` of ``steps`` steps, whose verdicts take ``takes_s`` seconds in the mean."""

    sessions: int
    workers: int
    kill: bool
    takes_s: float
    steps: int


@dataclass(slots=True, kw_only=True)
class Run:
    """What came of one run of the load."""

    plans: list[Prefix] = field(default_factory=list)
    totals_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    events: int = 0
    calls: int = 0
    again: int = 0
    """Calls that were given to another worker."""
    confirmed: int = 0
    load: float = 0.0


# The processes --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _process(*words: str, says: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said that it is ready; killed in the end if it does not leave when told.

    What it says goes to a file: a pipe that nobody reads would hold it up.
    """
    with log.open("w") as written:
        running = subprocess.Popen([sys.executable, *words], text=True, stdout=written, stderr=written)
    try:
        while says not in log.read_text():
            if running.poll() is not None:
                raise RuntimeError(f"{words[-1]} ended with {running.returncode}: {log.read_text()}")
            time.sleep(0.1)
        yield running
    finally:
        running.terminate()
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def _provider(load: Load, folder: Path) -> Iterator[str]:
    """A model server whose answers are a function of the prompt; where it is."""
    words = ("--takes-s", str(load.takes_s), "--steps", str(load.steps), "--report", str(folder / "calls.jsonl"))
    log = folder / "provider.log"
    with _process(str(SCRIPTS / "slow_provider.py"), *words, says="}", log=log):
        yield str(json.loads(log.read_text())["url"])


@contextlib.contextmanager
def _workers(engine: str, load: Load, folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    words = ("-m", "outrider.cli.main", "worker", "--engine", engine, "--drain", "1", "--calls-at-once", str(CALLS_AT_ONCE))
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                _process(*words, "--journal", str(folder / f"{n}.sqlite3"), says="making calls", log=folder / f"{n}.log")
            )
            for n in range(load.workers)
        ]


# The run --------------------------------------------------------------------------------------------------------------


async def carry(host: str, load: Load) -> None:
    """Run the load, with the kill after it was run without; print what came of it."""
    whole = await _carried(host, load, kill=False)
    _tell(load, "nobody is killed", whole)
    if not load.kill:
        return
    killed = await _carried(host, load, kill=True)
    same = sum(plan == other for plan, other in zip(whole.plans, killed.plans, strict=True))
    _tell(load, f"1 of {load.workers} workers is killed", killed)
    print(
        f"  finished {len(killed.plans)} of {load.sessions}; the plan as without the kill: {same} of {load.sessions}", flush=True
    )


async def _carried(host: str, load: Load, *, kill: bool) -> Run:
    with tempfile.TemporaryDirectory() as folder, _provider(load, Path(folder)) as url:
        address = address_of(f"temporal://{host}/default/{secrets.token_hex(4)}")
        engine = Engine(client=await connected(address), address=address, patience_s=600)
        with _workers(engine.place, load, Path(folder)) as workers:
            return await _run(engine, url, load, workers[0] if kill else None)


async def _run(engine: Engine, url: str, load: Load, victim: subprocess.Popen[str] | None) -> Run:
    run, names = Run(), list[str]()
    half = load.sessions * load.steps // 2

    def confirmed() -> None:
        run.confirmed += 1
        if run.confirmed == half and victim is not None:
            victim.send_signal(signal.SIGKILL)

    began_s = perf_counter()
    async with asyncio.TaskGroup() as group:
        sessions = [group.create_task(_session(engine, url, number, confirmed)) for number in range(load.sessions)]
    run.took_s, run.load = perf_counter() - began_s, os.getloadavg()[0]
    for session in sessions:
        name, plan, total_s = session.result()
        names.append(name)
        run.plans.append(plan)
        run.totals_s.append(total_s)
    await _count(engine, names, run)
    return run


async def _session(engine: Engine, url: str, number: int, confirmed: Callable[[], None]) -> tuple[str, Prefix, float]:
    """Its name, its plan and its total seconds."""
    wanted = Wanted(
        task=f"do job number {number}", world="free", lookahead=LOOKAHEAD, approximation=f"direct@{url}#fast",
        target=f"direct@{url}#slow",
    )  # fmt: skip
    session = (await launch_remote(understand(wanted), engine, MemoryJournal())).session()
    async with session, session.events() as events:
        async for record in events:
            if isinstance(record.event, Confirmed):
                confirmed()
        plan = await session.result()
    return session.name, plan.prefix, session.figures.total_s or 0.0


async def _count(engine: Engine, names: Sequence[str], run: Run) -> None:
    """What the engine's histories say: their events, the calls in them, and how many calls a second worker was given."""
    for name in names:
        history = await engine.client.get_workflow_handle(f"outrider-{name}").fetch_history()
        run.events += len(history.events)
        for event in history.events:
            if event.activity_task_scheduled_event_attributes.activity_type.name in (ASK, RUN_TOOL):
                run.calls += 1
            run.again += max(0, event.activity_task_started_event_attributes.attempt - 1)


# What came of it --------------------------------------------------------------------------------------------------------


def _tell(load: Load, what: str, run: Run) -> None:
    steps = sum(map(len, run.plans))
    figures: dict[str, Any] = {
        "seconds in all": f"{run.took_s:.1f}",
        "steps a second": f"{steps / run.took_s:.1f}",
        "calls a second": f"{run.calls / run.took_s:.1f}",
        "events a second": f"{run.events / run.took_s:.0f}",
        "a plan's seconds, p50": f"{median(run.totals_s):.1f}",
        "p99": f"{_quantile(run.totals_s, 0.99):.1f}",
        "calls": run.calls,
        "made again": run.again,
        "load": f"{run.load:.1f}",
    }
    print(f"{load.sessions} sessions, {load.workers} workers, {load.steps} steps, a verdict {load.takes_s:g} s; {what}:")
    print("  " + "; ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def _quantile(values: Sequence[float], share: float) -> float:
    """The least of the values that so many of them do not exceed."""
    return sorted(values)[ceil(share * len(values)) - 1]
