"""Would lookahead by value decide better if it were woken between events? Runs as in measure_auto.py, without and with waking.

    python scripts/measure_waking.py

The rules are asked whenever something happens. Here, besides, a clock tells them four times a second of something that changes
nothing (a second more of a budget that has no end), which is more often than any rule could want to be woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from measure_auto import Spent, simulated

import outrider
from outrider.bench.rows import Trace
from outrider.bench.schedulers import Scheduler, schedulers_named
from outrider.bench.suites import sources_named
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import NotNow, StepLimitReached
from outrider.runtime import Budget, Limits, Session
from outrider.testing import run

EVERY_S: Final = 0.25
DIALS: Final = ("auto@30", "auto@300")
RECORDED: Final = ("chess", "tau2/airline/claude-sonnet-4-5<gpt-5.4/lower")
SIMULATED: Final = ((0.5, 0.5, 10), (0.8, 0.2, 10))


async def one(trace: Trace, scheduler: Scheduler, known: str, *, woken: bool) -> tuple[float, float, str]:
    """The seconds and dollars of a run, and what was learned in it."""
    prices, spent = TokenPrices(), Spent()
    session = outrider.plan(
        outrider.Task(trace.task), approximation=TraceAgent("approximation", trace, prices),
        target=TraceAgent("target", trace, prices), lookahead=scheduler(trace), max_steps=len(trace.rows), journal=spent,
        known=known, limits=Limits(budget=Budget(seconds=1e9)),
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        waking = group.create_task(_wake(session)) if woken else None
        with suppress(StepLimitReached):
            await session.result()
        if waking is not None:
            waking.cancel()
    return session.figures.total_s or 0.0, sum(spent.by_call.values()), session.learned


async def _wake(session: Session) -> None:
    with suppress(NotNow):
        while True:
            await asyncio.sleep(EVERY_S)
            session.allow(seconds=1.0)


def in_turn(traces: Sequence[Trace], scheduler: Scheduler, *, woken: bool) -> tuple[float, float]:
    """Seconds and dollars of all runs; what is learned in one is known in the next."""
    total_s, total_usd, known = 0.0, 0.0, ""
    for trace in traces:
        seconds, usd, known = run(one(trace, scheduler, known, woken=woken))
        total_s, total_usd = total_s + seconds, total_usd + usd
    return total_s, total_usd


def main() -> None:
    """Measure and print."""
    sources = [source for name in RECORDED for source in sources_named(name.partition("/")[0]) if source.name == name]
    sets = [(source.name, list(source.read(print))) for source in sources]
    sets += [(f"simulated {point}", simulated(*point, 12, seed=0)) for point in SIMULATED]
    print("set, dial: time and cost when woken, over those when not")
    for name, traces in sets:
        for dial, scheduler in schedulers_named(DIALS).items():
            base, woken = (in_turn(traces, scheduler, woken=how) for how in (False, True))
            print(f"{name}, {dial}: {woken[0] / base[0]:.4f} {woken[1] / base[1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
