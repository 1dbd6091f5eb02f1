"""How one process carries many sessions at once, over real HTTP, with a person's commands among them.

    python scripts/measure_service.py --sessions 1000 --out docs/measured/service.json

The server (``outrider serve`` with users), the clients and a model server that answers by prompt after a pause share a machine.
Every session is watched over its own stream. In every fourth a step is taken, the person's verdict: its way is the time from the
sending of the command to the reading of its record in the stream, by one clock. For every other record there is only the lateness
beyond the least late record of its session, since the records carry the session's own time. Memory is the resident memory of the
server's process at its most, less what it was with no session.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from outrider.testing.model_server import Asked, ModelServer, Sends, says

STEPS: Final = 8
"""A plan's steps, finish included."""


@dataclass
class Seen:
    """What the clients have seen."""

    verdicts_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    commanded: Counter[int] = field(default_factory=Counter)
    records: int = 0
    finished: int = 0
    refused: int = 0


class SlowServer(ModelServer):
    """A model server that takes ``takes_s`` for each answer."""

    def __init__(self, takes_s: float) -> None:
        super().__init__(_answer)
        self.takes_s = takes_s

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(self.takes_s)
        return await super()._answer(asked, reader, writer)


def _answer(asked: Asked) -> Sends:
    """The next step by how many there are in the prompt; finish after enough of them."""
    done = max((n for n in range(1, STEPS) if f"thing {n} of" in json.dumps(asked.body)), default=0)
    text = f"Do thing {done + 1} of this" if done < STEPS - 1 else "finish"
    return says(text, usage={"prompt_tokens": 100, "completion_tokens": 5})


def serve(folder: Path, sessions: int) -> tuple[subprocess.Popen[str], dict[str, Any], str]:
    """``outrider serve`` for one admin; the process, what it printed, and the token."""
    outrider = [sys.executable, "-m", "outrider.cli.main"]
    environment = {**os.environ, "OUTRIDER_JOURNAL": str(folder / "journal.sqlite3"), "OUTRIDER_USERS": str(folder / "team.json")}
    made = subprocess.run(
        [*outrider, "users", "add", "load", "--role", "admin", "--json"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    process = subprocess.Popen(
        [*outrider, "serve", "--port", "0", "--json", "--most-sessions", str(sessions)], env=environment, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline()), json.loads(made.stdout)["token"]


async def session(client: httpx2.AsyncClient, model: str, number: int, seen: Seen) -> None:
    """Start one, watch it to its end, and, in every fourth, take a step."""
    agent = f"direct@{model}#m"
    body = {"task": f"Task {number}", "world": "free", "approximation": agent, "target": agent, "lookahead": 2}
    begun = await client.post("/api/sessions", json=body)
    if begun.status_code != 201:
        seen.refused += 1
        return
    await watch(client, f"/api/sessions/{begun.json()['name']}", seen, takes=number % 4 == 0)


async def watch(client: httpx2.AsyncClient, url: str, seen: Seen, *, takes: bool) -> None:
    """Read the session's records to its end."""
    late_s: list[float] = []
    sent_s = 0.0
    async with asyncio.TaskGroup() as group, client.stream("GET", f"{url}/events?since=0") as stream:
        async for line in stream.aiter_lines():
            if not line.startswith("data: ") or '"kind"' not in line:
                continue
            record, now_s = json.loads(line.removeprefix("data: ")), time.monotonic()
            seen.records += 1
            late_s.append(now_s - record["time_s"])
            if record["kind"] == "took":
                seen.verdicts_ms.append(1000 * (now_s - sent_s))
            if takes and record["kind"] == "confirmed":
                takes, sent_s = False, time.monotonic()
                group.create_task(command(client, url, seen))
    seen.late_ms += [1000 * (late - min(late_s)) for late in late_s[20:]]  # what was read from the journal at first is no news
    seen.finished += 1


async def command(client: httpx2.AsyncClient, url: str, seen: Seen) -> None:
    """Take the next step."""
    said = await client.post(f"{url}/commands", json={"id": "take", "command": "take", "text": "Do something else"})
    seen.commanded[said.status_code] += 1


async def run(count: int, takes_s: float, folder: Path) -> dict[str, Any]:
    """The figures of ``count`` sessions at once."""
    seen = Seen()
    async with SlowServer(takes_s) as model:
        process, printed, token = serve(folder, count)
        client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{printed['port']}", headers={"Authorization": f"Bearer {token}"}, timeout=600,
            limits=httpx2.Limits(max_connections=None),
        )  # fmt: skip
        before_mb, most_mb, most_live, began_s = memory_mb(process.pid), 0.0, 0, time.monotonic()
        async with client, asyncio.TaskGroup() as group:
            tasks = [group.create_task(session(client, model.url, number, seen)) for number in range(count)]
            while not all(task.done() for task in tasks):
                await asyncio.sleep(1)
                most_mb = max(most_mb, memory_mb(process.pid))
                running = (await client.get("/api/me")).json()["running"]
                most_live = max(most_live, running)
        took_s = time.monotonic() - began_s
        used_s = processor_s(process.pid)
        process.terminate()
        await asyncio.to_thread(process.wait)
    return told(seen, count, took_s, used_s) | {
        "most_sessions_at_once": most_live,
        "memory_mb_before": round(before_mb, 1),
        "memory_mb_most": round(most_mb, 1),
        "memory_kb_a_session": round(1024 * (most_mb - before_mb) / max(1, most_live), 1),
        "model_calls": len(model.asked),
        "load_of_the_machine": round(os.getloadavg()[0], 1),
        "processors": os.cpu_count(),
    }


def told(seen: Seen, count: int, took_s: float, used_s: float) -> dict[str, Any]:
    """What the clients have seen, in figures."""
    return {
        "sessions": count,
        "finished": seen.finished,
        "refused": seen.refused,
        "seconds": round(took_s, 1),
        "server_cpu_s": round(used_s, 1),
        "records_a_second": round(seen.records / took_s, 1),
        "commands": {str(status): number for status, number in sorted(seen.commanded.items())},
        "person_verdict_to_stream_ms": {"n": len(seen.verdicts_ms), **spread(seen.verdicts_ms)},
        "lateness_of_records_ms": {"n": len(seen.late_ms), **spread(seen.late_ms)},
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    return {"p50": quantile(values, 0.5), "p99": quantile(values, 0.99), "most": quantile(values, 1.0)}


def memory_mb(pid: int) -> float:
    """The resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def processor_s(pid: int) -> float:
    """How long a process has used processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else float("nan")


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--takes-s", type=float, default=3.0, help="seconds of a call of the model")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(given.sessions, given.takes_s, Path(folder)))
    text = json.dumps(figures, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
