"""How one process carries many sessions at once, over real HTTP, with a person's commands among them.

    python scripts/measure_service.py --sessions 1000 --takes-s 20 --within-s 20 --out docs/measured/service.json
    python scripts/measure_service.py --sessions 50 --takes-s 4 --soak 20 --out docs/measured/service_soak.json

The server (``outrider serve`` with users), a model server that reports when each connection is closed, and the people before
their sessions are a process each, on one machine. Each session is watched over a stream of its own: nine of ten over the page's,
one over that of the records. In every fourth the person takes a step; others pause and go on, steer, or stop. With ``--soak
MINUTES``, whenever a session has ended another one begins, and what the server holds is noted every ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from service_clients import Person, Seen, Server
from service_figures import asked_in, delays, growth, quantile, spread

SCRIPTS: Final = Path(__file__).parent

SAMPLE_S: Final = 10.0
"""So often is looked at what the server holds."""

TELL_S: Final = 2.0
"""So often is told how far it is."""

LAST_CLOSES_S: Final = 1.0
"""So long after the last session's end, connections that were cancelled may take to close before they count as left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be carried."""

    sessions: int
    within_s: float
    takes_s: float
    steps: int
    soak_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the server holds."""

    at_s: float
    memory_mb: float
    files: int
    threads: int
    tasks: int
    objects: int
    blocks: int
    garbage_s: float
    garbage_most_s: float
    journal_mb: float
    running: int


@dataclass(slots=True, kw_only=True)
class Bench:
    """The processes, and what is known of them."""

    folder: Path
    provider: subprocess.Popen[str]
    serving: subprocess.Popen[str]
    server: Server
    agents: dict[str, str]
    seen: Seen = field(default_factory=Seen)
    samples: list[Sample] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)

    def sample(self) -> Sample:
        """What the server holds now, and what it said that it holds when it was last asked."""
        counts = self.folder / "counts.json"
        said = json.loads(counts.read_text()) if counts.exists() else {}
        process = Path(f"/proc/{self.serving.pid}")
        status = (process / "status").read_text()
        return Sample(
            at_s=round(time.monotonic() - self.began_s, 1),
            memory_mb=round(int(_after(status, "VmRSS:")) / 1024, 1),
            files=len(os.listdir(process / "fd")),
            threads=int(_after(status, "Threads:")),
            tasks=said.get("tasks", 0),
            objects=said.get("objects", 0),
            blocks=said.get("blocks", 0),
            garbage_s=said.get("garbage_s", 0.0),
            garbage_most_s=said.get("garbage_most_s", 0.0),
            journal_mb=round(sum(file.stat().st_size for file in self.folder.glob("journal.sqlite3*")) / 1e6, 2),
            running=self.seen.running,
        )


def _after(status: str, name: str) -> str:
    return status.partition(name)[2].split()[0]


def processor_s(pid: int) -> float:
    """How long a process has used processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The processes --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def process(*words: str, environment: dict[str, str] | None = None) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A Python process and the line of JSON that it prints first; told to stop in the end, and killed if it does not."""
    running = subprocess.Popen(
        [sys.executable, *words], env=environment, text=True, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert running.stdout is not None
        yield running, json.loads(running.stdout.readline())
    finally:
        running.terminate()
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def bench(load: Load, folder: Path) -> Iterator[Bench]:
    """The provider and ``outrider serve`` for one admin."""
    environment = {**os.environ, "OUTRIDER_JOURNAL": str(folder / "journal.sqlite3"), "OUTRIDER_USERS": str(folder / "team.json")}
    made = subprocess.run(
        [sys.executable, "-m", "outrider.cli.main", "users", "add", "load", "--role", "admin", "--json"],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    token = json.loads(made.stdout)["token"]
    provides = (str(SCRIPTS / "slow_provider.py"), "--takes-s", str(load.takes_s), "--steps", str(load.steps))
    serves = (str(SCRIPTS / "serve_counted.py"), str(folder / "counts.json"), "serve", "--port", "0", "--json")
    with (
        process(*serves, "--most-sessions", str(2 * load.sessions), environment=environment) as (serving, printed),
        process(*provides, "--report", str(folder / "calls.jsonl")) as (provider, provided),
    ):
        agents = {"approximation": f"direct@{provided['url']}#fast", "target": f"direct@{provided['url']}#slow"}
        server = Server(f"http://127.0.0.1:{printed['port']}", token)
        yield Bench(folder=folder, provider=provider, serving=serving, server=server, agents=agents)


# The run --------------------------------------------------------------------------------------------------------------


async def carry(load: Load, at: Bench) -> None:
    """Every session from its start to its end."""
    at.samples.append(at.sample())
    at.began_s = time.monotonic()
    async with _beside(_tell(at), _look(at), _lag(at)), asyncio.TaskGroup() as group:
        for number in range(load.sessions):
            group.create_task(_sit(load, at, number))
            await asyncio.sleep(load.within_s / load.sessions)
    at.samples.append(at.sample())
    at.server.close()
    await asyncio.sleep(LAST_CLOSES_S)


async def _sit(load: Load, at: Bench, number: int) -> None:
    """One place: a session, and in a soak one after another."""
    while True:
        await Person(number, at.server, at.agents, at.seen).sit()
        number += load.sessions
        if time.monotonic() - at.began_s > load.soak_s:
            return


@contextlib.asynccontextmanager
async def _beside(*works: Any) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


async def _tell(at: Bench) -> None:
    before_s, used_s = time.monotonic(), processor_s(at.serving.pid)
    while True:
        await asyncio.sleep(TELL_S)
        now_s, now_used_s = time.monotonic(), processor_s(at.serving.pid)
        busy, before_s, used_s = (now_used_s - used_s) / (now_s - before_s), now_s, now_used_s
        seen, sample = at.seen, at.sample()
        print(
            f"\r{now_s - at.began_s:5.0f} s: {seen.running} sessions run, {seen.ended} have ended; {seen.messages} messages; "
            f"server {sample.memory_mb:.0f} MB, {100 * busy:.0f} % of a processor; load {os.getloadavg()[0]:.1f}  ",
            end="", file=sys.stderr, flush=True,
        )  # fmt: skip


async def _look(at: Bench) -> None:
    """Note what the server holds, and have it count anew for the next time: it does when its turn comes."""
    while True:
        await asyncio.sleep(SAMPLE_S)
        at.samples.append(at.sample())
        at.serving.send_signal(signal.SIGUSR1)


async def _lag(at: Bench) -> None:
    """How late this process itself is: what it measures cannot be more exact."""
    while True:
        before_s = time.monotonic()
        await asyncio.sleep(0.1)
        at.lags_ms.append(1000 * (time.monotonic() - before_s - 0.1))


# What came of it --------------------------------------------------------------------------------------------------------


def measured(load: Load, folder: Path) -> dict[str, Any]:
    """Run it, and say what came of it."""
    with bench(load, folder) as at:
        asyncio.run(carry(load, at))
        print(file=sys.stderr)
        took_s = time.monotonic() - at.began_s - LAST_CLOSES_S
        used = {
            "server_cpu_s": processor_s(at.serving.pid),
            "provider_cpu_s": processor_s(at.provider.pid),
            "people_cpu_s": time.process_time(),
        }
    asked = asked_in(folder / "calls.jsonl")  # whole once the provider has ended
    figures = told(load, at, took_s) | {name: round(value, 1) for name, value in used.items()}
    how = Counter(call.how for call in asked)
    figures |= {"calls": {"answered": how["answered"], "closed": how["closed"], "left_open": how["open"]}}
    figures |= {"calls_a_second": round(len(asked) / took_s, 1)}
    figures |= delays(at.seen, asked, folder / "journal.sqlite3")
    return figures | (held(at.samples) if load.soak_s else {})


def told(load: Load, at: Bench, took_s: float) -> dict[str, Any]:
    """What the people have seen, in figures."""
    seen = at.seen
    most_mb, most = max(sample.memory_mb for sample in at.samples), max(sample.running for sample in at.samples)
    return {
        "load": asdict(load),
        "sessions_started": seen.started,
        "sessions_ended": seen.ended,
        "streams_cut_off": seen.cut_off,
        "answers_to_starts": {str(status): count for status, count in sorted(seen.statuses.items())},
        "answers_to_commands": _by_name(f"{said.command} {said.status}" for said in seen.said),
        "seconds": round(took_s, 1),
        "most_sessions_at_once": most,
        "messages_a_second": round(seen.messages / took_s, 1),
        "memory_mb_before": at.samples[0].memory_mb,
        "memory_mb_most": most_mb,
        "memory_kb_a_session": round(1024 * (most_mb - at.samples[0].memory_mb) / max(1, most), 1),
        "server_garbage_s": max(sample.garbage_s for sample in at.samples),
        "server_garbage_most_ms": round(1000 * max(sample.garbage_most_s for sample in at.samples)),
        "server_tasks_most": max(sample.tasks for sample in at.samples),
        "own_lateness_ms": spread(at.lags_ms),
        "load_of_the_machine": round(os.getloadavg()[0], 1),
        "processors": os.cpu_count(),
    }


def _by_name(names: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def held(samples: Sequence[Sample]) -> dict[str, Any]:
    """How what the server holds grew, and every sample; the journal grows, since it keeps everything."""
    during = [sample for sample in samples[1:-1] if sample.tasks]
    names = ("memory_mb", "files", "threads", "tasks", "objects", "blocks", "journal_mb")
    return {
        "growth": {name: growth([(one.at_s, float(getattr(one, name))) for one in during]) for name in names},
        "median": {name: quantile([float(getattr(one, name)) for one in during], 0.5) for name in names},
        "samples": [asdict(sample) for sample in samples],
    }


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000, help="so many at once")
    parser.add_argument("--within-s", type=float, default=10.0, help="they start within so many seconds; 0: all at once")
    parser.add_argument("--takes-s", type=float, default=10.0, help="seconds of a verdict in the mean; a draft takes a quarter")
    parser.add_argument("--steps", type=int, default=8, help="steps of a plan, finish included")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES", help="go on starting sessions for so long")
    parser.add_argument("--out", type=Path, help="write the figures here too")
    given = parser.parse_args()
    load = Load(
        sessions=given.sessions, within_s=given.within_s, takes_s=given.takes_s, steps=given.steps, soak_s=60 * given.soak
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # either ends the other processes too
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = measured(load, Path(folder))
        except KeyboardInterrupt:
            sys.exit("\nstopped: nothing was measured")
    text = json.dumps(figures, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
