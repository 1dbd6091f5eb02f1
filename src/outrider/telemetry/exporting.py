"""OpenTelemetry's SDK as its own ``OTEL_*`` variables set it up, for a process that is ours. Needs the extra ``otel``.

A program that has set up OpenTelemetry itself does not need this: it gives its own tracer and meter to ``OtelSpans`` and
``OtelMetrics``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from outrider.errors import BadOption
from outrider.telemetry.otel import SCOPE, OtelMetrics, OtelSpans, carried
from outrider.telemetry.texts import Texts

LAST_WORDS_S: Final = 3.0
"""So long the last spans and metrics may take to be exported when the process ends."""


@contextlib.contextmanager
def exporting(texts: Texts, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[OtelSpans, OtelMetrics]]:
    """Inside, spans and metrics go where ``OTEL_TRACES_EXPORTER`` and ``OTEL_METRICS_EXPORTER`` say.

    That is ``otlp`` unless said, ``none``, or ``console``, which is standard error. When it is left, what waited has been
    exported or given up. In it, the trace that the variable ``TRACEPARENT`` carries is the current one.

    Raises:
        BadOption: an exporter is not installed.
    """
    with _told_at_the_end(texts):
        yield from _exporting(texts, environment)


def _exporting(texts: Texts, environment: Mapping[str, str]) -> Iterator[tuple[OtelSpans, OtelMetrics]]:
    resource = Resource.create({} if "OTEL_SERVICE_NAME" in environment else {SERVICE_NAME: SCOPE})
    spans = _span_exporter(environment)
    metrics = _metric_exporter(environment)
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    if spans is not None:
        tracers.add_span_processor(BatchSpanProcessor(spans))
    readers = [] if metrics is None else [PeriodicExportingMetricReader(metrics)]
    meters = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    try:
        with carried({"traceparent": environment.get("TRACEPARENT", ""), "tracestate": environment.get("TRACESTATE", "")}):
            yield OtelSpans(tracers.get_tracer(SCOPE), texts), OtelMetrics(meters.get_meter(SCOPE))
    finally:
        last = [threading.Thread(target=each.shutdown, daemon=True) for each in (tracers, meters)]
        for thread in last:
            thread.start()
        until_s = time.monotonic() + LAST_WORDS_S  # an exporter tries again for longer than anybody waits for a command to end
        for thread in last:
            thread.join(max(0.0, until_s - time.monotonic()))


class _First(logging.Handler):
    """Keeps the first thing that the SDK complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.message = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.message = self.message or record.getMessage()


@contextlib.contextmanager
def _told_at_the_end(texts: Texts) -> Iterator[None]:
    """Inside, the SDK's complaints are not written over a screen; the first is told once it is over."""
    logger, first = logging.getLogger("opentelemetry"), _First()
    before = logger.propagate
    logger.addHandler(first)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(first)
        logger.propagate = before
        if first.message:
            print(f"outrider: not all telemetry was exported: {texts.secrets.excerpt(first.message)}", file=sys.stderr)  # noqa: T201


def _span_exporter(environment: Mapping[str, str]) -> SpanExporter | None:
    match _named("traces", environment):
        case "none":
            return None
        case "console":
            return ConsoleSpanExporter(out=sys.stderr)
        case name:
            made: SpanExporter = _installed("opentelemetry_traces_exporter", name, "OTEL_TRACES_EXPORTER")()
            return made


def _metric_exporter(environment: Mapping[str, str]) -> MetricExporter | None:
    match _named("metrics", environment):
        case "none":
            return None
        case "console":
            return ConsoleMetricExporter(out=sys.stderr)
        case name:
            made: MetricExporter = _installed("opentelemetry_metrics_exporter", name, "OTEL_METRICS_EXPORTER")()
            return made


def _named(signal: str, environment: Mapping[str, str]) -> str:
    """The exporter's name, as packages give it: for ``otlp`` its protocol is in it."""
    name = environment.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    if name != "otlp":
        return name
    general = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
    protocol = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "").strip() or general
    return "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"


def _installed(group: str, name: str, variable: str) -> Any:
    found = tuple(entry_points(group=group, name=name))
    if not found:
        raise BadOption(
            f"no exporter {name!r} for {variable} is installed; install a package that brings it, or set {variable} to otlp, "
            "console or none"
        )
    return found[0].load()


__all__ = ["exporting"]
