"""Sessions on the virtual clock with every outlet open, and what came out of each."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from outrider import Session
from outrider.errors import RunEnded
from outrider.rules.events import Record
from outrider.telemetry import JsonLines, Log, Telemetry, Texts
from outrider.telemetry.otel import OtelMetrics, OtelSpans, carried
from outrider.telemetry.prometheus import Prometheus
from outrider.testing import run

OPENED_NS = 1_700_000_000_000_000_000
"""When every session here is opened, on the wall clock."""


@dataclass
class Outlets:
    """Every outlet there is, in memory."""

    texts: Texts = field(default_factory=Texts)

    def __post_init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader], resource=Resource.get_empty(), shutdown_on_exit=False)
        self.prometheus = Prometheus()
        self.written = io.StringIO()
        handler = logging.StreamHandler(self.written)
        handler.setFormatter(JsonLines())
        self.logger = logging.Logger("test")
        self.logger.addHandler(handler)
        self.telemetry = Telemetry(
            OtelSpans(self.tracers.get_tracer("test"), self.texts, lambda: OPENED_NS),
            OtelMetrics(self.meters.get_meter("test")),
            self.prometheus,
            Log(self.logger, self.texts),
            carry=carried,
            scraped=self.prometheus,
        )

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    @property
    def scraped(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """What Prometheus's own parser reads."""
        families = text_string_to_metric_families(self.prometheus.text().decode())
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
            if not sample.name.endswith("_created")
        }

    def count(self, name: str, **labels: str) -> float:
        """A sample that Prometheus has; 0 if it has none."""
        return self.scraped.get((name, tuple(sorted(labels.items()))), 0.0)

    @property
    def measured(self) -> dict[str, dict[tuple[tuple[str, str], ...], tuple[float, int]]]:
        """What OpenTelemetry has: for each metric and its labels the sum, and of a histogram the count too."""
        data = self.reader.get_metrics_data()
        found: dict[str, dict[tuple[tuple[str, str], ...], tuple[float, int]]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = {_labels(point): _sum(point) for point in metric.data.data_points}
        return found


def _labels(point: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in point.attributes.items()))


def _sum(point: Any) -> tuple[float, int]:
    if isinstance(point, HistogramDataPoint):
        return point.sum, point.count
    assert isinstance(point, NumberDataPoint)
    return point.value, 0


def tell(records: Sequence[Record], outlets: Outlets, session: str = "told") -> Outlets:
    """Give ``records`` to the outlets, as from a journal."""
    following = outlets.telemetry.following(session)
    for record in records:
        following.receive(record)
    following.close()
    return outlets


def watch(session: Callable[[], Session], outlets: Outlets, *deeds: tuple[float, Callable[[Session], object]]) -> None:
    """Run a session on the virtual clock with the outlets open; ``deeds`` are done so many seconds after it began."""

    async def person(session: Session) -> None:
        began_s = asyncio.get_running_loop().time()
        for at_s, deed in deeds:
            await asyncio.sleep(at_s - (asyncio.get_running_loop().time() - began_s))
            deed(session)

    async def main() -> None:
        made = session()
        async with outlets.telemetry.watching(made), made, asyncio.TaskGroup() as group:
            group.create_task(person(made))
            with suppress(RunEnded):
                await made.result()

    run(main())
