"""Spans and metrics through OpenTelemetry, in the words of ``spans`` and ``metrics``. Needs the extra ``otel``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from opentelemetry import context, propagate, trace
from opentelemetry.metrics import Meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from outrider.rules.events import Record
from outrider.telemetry.facts import Fact
from outrider.telemetry.metrics import METRICS, Added, Metric, MetricWriter
from outrider.telemetry.spans import SESSION, Key, SpanBegan, SpanChange, SpanEnded, SpanEvent, Spans
from outrider.telemetry.texts import Texts

SCOPE: Final = "outrider"
"""The name of the instrumentation."""

_STATUS: Final = {"ok": StatusCode.OK, "error": StatusCode.ERROR, "unset": StatusCode.UNSET}


class OtelSpans:
    """An outlet: every session's spans, written with ``tracer``. A session's span is a child of the span that is current then.

    Args:
        tracer: makes the spans.
        texts: which texts they may carry.
        clock_ns: the wall clock. It is read once a session; all else are the records' own times.
    """

    def __init__(self, tracer: Tracer, texts: Texts | None = None, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._tracer = tracer
        self._texts = texts or Texts()
        self._clock_ns = clock_ns

    def follow(self, session: str, compared_with: str = "") -> _SpanWriter:
        """A writer of the session's spans."""
        return _SpanWriter(Spans(session, self._texts, compared_with), self._tracer, self._clock_ns)


class _SpanWriter:
    def __init__(self, spans: Spans, tracer: Tracer, clock_ns: Callable[[], int]) -> None:
        self._spans = spans
        self._tracer = tracer
        self._clock_ns = clock_ns
        self._outside = context.get_current()
        self._inside = self._outside
        self._opened_ns: int | None = None
        self._open: dict[Key, Span] = {}
        self._begun: dict[Key, trace.SpanContext] = {}

    def earlier(self, record: Record, facts: Sequence[Fact]) -> None:
        self._spans.earlier(record, facts)

    def receive(self, record: Record, facts: Sequence[Fact]) -> None:
        if self._opened_ns is None:
            self._opened_ns = self._clock_ns() - _ns(record.time_s)
        self._write(self._spans.receive(record, facts))

    def close(self, time_s: float, facts: Sequence[Fact]) -> None:
        self._write(self._spans.close(time_s, facts))

    def _write(self, changes: Iterable[SpanChange]) -> None:
        for change in changes:
            match change:
                case SpanBegan():
                    self._begin(change)
                case SpanEvent(key=key, name=name):
                    self._open[key].add_event(name, change.attributes, self._time(change.time_s))
                case SpanEnded():
                    self._end(change)

    def _time(self, time_s: float) -> int:
        assert self._opened_ns is not None, "a span begins with a record"
        return self._opened_ns + _ns(time_s)

    def _begin(self, began: SpanBegan) -> None:
        span = self._tracer.start_span(
            began.name,
            context=self._inside,
            kind=SpanKind.CLIENT if began.key[0] == "call" else SpanKind.INTERNAL,
            attributes=began.attributes,
            start_time=self._time(began.time_s),
        )
        if began.key == SESSION:
            self._inside = trace.set_span_in_context(span, self._outside)
        self._open[began.key] = span
        self._begun[began.key] = span.get_span_context()

    def _end(self, ended: SpanEnded) -> None:
        span = self._open.pop(ended.key)
        span.update_name(ended.name)
        span.set_attributes(ended.attributes)
        for key, attributes in ended.links:
            if key in self._begun:
                span.add_link(self._begun[key], attributes)
        if ended.status != "unset":
            span.set_status(Status(_STATUS[ended.status]))
        span.end(self._time(ended.time_s))


def _ns(time_s: float) -> int:
    return round(time_s * 1e9)


class OtelMetrics:
    """An outlet: the table of metrics as instruments of ``meter``."""

    def __init__(self, meter: Meter) -> None:
        self._add = {metric.name: _instrument(meter, metric) for metric in METRICS}

    def follow(self, session: str, compared_with: str = "") -> MetricWriter:
        """A writer of what the session adds."""
        return MetricWriter(self._write, compared=bool(compared_with))

    def _write(self, added: Iterable[Added]) -> None:
        for metric, value, labels in added:
            self._add[metric.name](value, dict(zip(metric.labels, labels, strict=True)))


def _instrument(meter: Meter, metric: Metric) -> Callable[[float, Mapping[str, str]], None]:
    match metric.kind:
        case "counter":
            return meter.create_counter(metric.name, metric.unit, metric.help).add
        case "up and down":
            return meter.create_up_down_counter(metric.name, metric.unit, metric.help).add
        case "histogram":
            return meter.create_histogram(
                metric.name, metric.unit, metric.help, explicit_bucket_boundaries_advisory=metric.buckets
            ).record


@contextlib.contextmanager
def carried(headers: Mapping[str, str]) -> Iterator[None]:
    """Inside, the trace that ``headers`` carry is the current one."""
    token = context.attach(propagate.extract({name.lower(): value for name, value in headers.items()}))
    try:
        yield
    finally:
        context.detach(token)


__all__ = ["SCOPE", "OtelMetrics", "OtelSpans", "carried"]
