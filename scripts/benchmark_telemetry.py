"""What telemetry costs: processor time a confirmed step with it, over that without, in one run on the virtual clock.

    python scripts/benchmark_telemetry.py

Agents answer at once in processor time, so the engine is all there is to compare with: the ratios are the worst there can be.
Spans go to the SDK and to an exporter that drops them; the log is written to a file that drops it. Each way is measured in turn,
in several rounds, and the best of each counts.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from outrider import FINISH, Step, Usage, plan
from outrider.model import Prefix
from outrider.telemetry import NO_TELEMETRY, JsonLines, Log, Telemetry
from outrider.telemetry.otel import OtelMetrics, OtelSpans
from outrider.telemetry.prometheus import Prometheus
from outrider.testing import FakeAgent, run

STEPS = 20
SESSIONS = 50
ROUNDS = 7
PATH = (*(Step("act", {"n": n}) for n in range(STEPS - 1)), Step(FINISH))
USED = Usage(100, 40, 10, "reported", 0.002)


class Drops(SpanExporter):
    """Takes spans and forgets them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def says(prefix: Prefix) -> Step:
    """Right four times of five."""
    return PATH[len(prefix)] if len(prefix) % 5 != 3 else Step("wrong")


async def _one(telemetry: Telemetry) -> None:
    drafter = FakeAgent(says, takes_s=0.5, usage=USED)
    target = FakeAgent(lambda prefix: PATH[min(len(prefix), STEPS - 1)], takes_s=3.0, usage=USED)
    session = plan("a task", approximation=drafter, target=target)
    async with telemetry.watching(session), session:
        assert len((await session.result()).steps) == STEPS


async def _all(telemetry: Telemetry) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(SESSIONS):
            group.create_task(_one(telemetry))


def spent_us(telemetry: Telemetry) -> float:
    """Microseconds of processor time a step, for all sessions at once."""
    gc.collect()
    began_s = time.process_time()
    run(_all(telemetry))
    return (time.process_time() - began_s) / (SESSIONS * STEPS) * 1e6


def ways() -> dict[str, Telemetry]:
    """Telemetry of each kind, and all together."""
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(Drops()))
    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    handler = logging.StreamHandler(Path(os.devnull).open("w"))  # noqa: SIM115 - open as long as we run
    handler.setFormatter(JsonLines())
    logger = logging.Logger("benchmark")
    logger.addHandler(handler)
    spans, metrics = OtelSpans(tracers.get_tracer("benchmark")), OtelMetrics(meters.get_meter("benchmark"))
    scraped, log = Prometheus(), Log(logger)
    return {
        "none": NO_TELEMETRY,
        "log": Telemetry(log),
        "Prometheus": Telemetry(scraped),
        "OpenTelemetry metrics": Telemetry(metrics),
        "OpenTelemetry spans": Telemetry(spans),
        "all of it": Telemetry(spans, metrics, scraped, log),
    }


def main() -> None:
    """Measure every way and print the table."""
    found: dict[str, list[float]] = {}
    told = ways()
    for _ in range(ROUNDS):
        for name, telemetry in told.items():
            found.setdefault(name, []).append(spent_us(telemetry))
    best = {name: min(spent) for name, spent in found.items()}
    print(f"{SESSIONS} sessions of {STEPS} steps at once; the best of {ROUNDS} rounds")
    print(f"{'telemetry':<24}{'µs a step':>10}{'ratio':>8}")
    for name, spent in best.items():
        print(f"{name:<24}{spent:>10.0f}{spent / best['none']:>8.2f}")


if __name__ == "__main__":
    main()
