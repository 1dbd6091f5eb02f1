"""What the journal costs: microseconds an append and an event, beside the same rows written by hand.

Processor time of this process says what a file costs, also on a machine that does other things; time by the clock says what a
server does.

    python scripts/benchmark_journal.py
    python scripts/benchmark_journal.py --journal postgresql://...
    python scripts/benchmark_journal.py --journal postgresql://... --processes 8

Batches are as a run writes them: most reports bring one to three events. By hand means the bare statements, without checks, codec
or fence, into a file of the same settings: what SQLite itself costs on this disk. A server is measured without such a comparison.
With several processes, each writes a session of its own, all at once, and what they append together in a second is told.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

from outrider.journal import JournalStore, open_journal, to_line
from outrider.model import Step, Task, Usage
from outrider.rules.events import Confirmed, Event, Opened, Record, Shown, Started, Verified

Took: TypeAlias = tuple[float, float]
"""Seconds by the clock, and of processor time."""

STEPS = 400
ROUNDS = 7
TOGETHER = 200
"""So many appends each of several processes makes."""


def batches() -> Iterator[list[Record]]:
    """The records of a long plan, as they are appended."""
    n = 0

    def batch(*events: Event) -> list[Record]:
        nonlocal n
        n += len(events)
        return [Record(n=n - len(events) + i, time_s=n / 8, event=event) for i, event in enumerate(events)]

    yield batch(Opened(task=Task("Plan a trip"), approximation="small", target="large", lookahead="lookahead-4", max_steps=999))
    usage = Usage(900, 700, 40, "reported", 0.001)
    for at in range(STEPS):
        step = Step("search", {"from": "Oslo", "to": "Bergen", "day": at})
        yield batch(Started(call=at, role="target", at=at))
        yield batch(Shown(at=at, step=step))
        yield batch(
            Verified(call=at, at=at, step=step, thought="The cheapest way is the train over the mountains.", usage=usage),
            Confirmed(at=at, step=step, by="target", call=at),
        )


def seconds(append: Callable[[list[Record]], None]) -> Took:
    """How long it takes to append a whole plan."""
    plan = list(batches())
    began = now()
    for batch in plan:
        append(batch)
    return since(began)


def now() -> Took:
    """The clock, and this process's processor time."""
    return time.perf_counter(), time.process_time()


def since(began: Took) -> Took:
    """How much of both has passed."""
    clock_s, processor_s = now()
    return clock_s - began[0], processor_s - began[1]


def by_hand(path: Path) -> Took:
    """The same rows, with nothing around them but the transaction."""
    plan = [[(1, record.n, record.event.kind, to_line(record)) for record in batch] for batch in batches()]
    rows = [[(*row, zlib.crc32(row[3].encode())) for row in batch] for batch in plan]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("CREATE TABLE session (id INTEGER PRIMARY KEY, events INTEGER)")
        db.execute("CREATE TABLE event (session INTEGER, n INTEGER, kind TEXT, json TEXT, crc INTEGER, PRIMARY KEY (session, n))")
        db.execute("INSERT INTO session VALUES (1, 0)")
        began = now()
        for batch in rows:
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE session SET events = ? WHERE id = 1", (batch[-1][1],))
            db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", batch)
            db.execute("COMMIT")
        return since(began)


def measured(journal: JournalStore, name: str, *, owned: bool) -> Took:
    """Seconds for a plan in a session of this name."""
    fence = journal.claim(name, "benchmark", 60).fence if owned else 0
    return seconds(lambda batch: journal.append(name, batch, fence=fence))


def main() -> None:
    """Print a JSON object a line."""
    parser = argparse.ArgumentParser(description="What the journal costs.")
    parser.add_argument("--journal", default="", help="a journal to write to; by default SQLite in a temporary folder")
    parser.add_argument("--processes", type=int, default=1, help="so many write to it at once")
    options = parser.parse_args()
    if options.processes > 1 and not options.journal:
        parser.error("several processes are measured at a server; name it with --journal")
    if options.processes > 1:
        print(json.dumps(together(options.journal, options.processes)))
        return
    events, appends = sum(len(batch) for batch in batches()), len(list(batches()))

    def tell(what: str, times: list[Took]) -> float:
        clock_s, processor_s = statistics.median(took[0] for took in times), statistics.median(took[1] for took in times)
        print(json.dumps({"what": what, "rounds": len(times), "us_an_append": clock_s / appends * 1e6,
                          "us_an_event": clock_s / events * 1e6, "processor_us_an_append": processor_s / appends * 1e6,
                          "processor_us_an_event": processor_s / events * 1e6}))  # fmt: skip
        return clock_s if options.journal else processor_s

    with tempfile.TemporaryDirectory() as folder:
        free, owned, hand = [], [], []
        with opened(options.journal, Path(folder) / "journal") as journal:
            for i in range(ROUNDS):  # in turn, so that a busy moment falls on all
                free.append(measured(journal, f"free-{i}-{time.time_ns()}", owned=False))
                owned.append(measured(journal, f"owned-{i}-{time.time_ns()}", owned=True))
                if not options.journal:
                    hand.append(by_hand(Path(folder) / f"hand-{i}"))
        free_s, owned_s = tell("append", free), tell("append with a fence", owned)
        told = {"fence_over_none": owned_s / free_s}
        if hand:
            told["append_over_by_hand"] = free_s / tell("by hand", hand)
        print(json.dumps(told))


def together(where: str, processes: int) -> dict[str, object]:
    """How many appends a second so many processes make at once, in the middle one of the rounds."""
    rates: list[float] = []
    with multiprocessing.get_context("spawn").Manager() as manager:
        for i in range(ROUNDS):
            ready = manager.Barrier(processes + 1)
            names = [f"together-{i}-{number}-{time.time_ns()}" for number in range(processes)]
            writers = [multiprocessing.get_context("spawn").Process(target=_write, args=(where, name, ready)) for name in names]
            for writer in writers:
                writer.start()
            ready.wait()
            began_s = time.perf_counter()
            ready.wait()
            rates.append(processes * TOGETHER / (time.perf_counter() - began_s))
            for writer in writers:
                writer.join()
    return {"what": f"append by {processes} processes", "rounds": ROUNDS, "appends_a_second": statistics.median(rates)}


def _write(where: str, name: str, ready: Barrier) -> None:
    try:
        with open_journal(where) as journal:
            ready.wait()
            for batch in islice(batches(), TOGETHER):
                journal.append(name, batch)
            ready.wait()
    except BaseException:
        ready.abort()  # else all others wait for ever
        raise


def opened(where: str, otherwise: Path) -> JournalStore:
    """The journal that was named, or one in a file."""
    return open_journal(where or otherwise)


if __name__ == "__main__":
    main()
