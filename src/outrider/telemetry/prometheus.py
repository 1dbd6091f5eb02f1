"""The table of metrics in a Prometheus registry of its own. Needs the extra ``metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from outrider.telemetry.metrics import METRICS, Added, Metric, MetricWriter


class Prometheus:
    """An outlet that is scraped: ``text`` is what there is until now."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry or CollectorRegistry()
        self._adders = {metric.name: _Adder(metric, self._registry) for metric in METRICS}

    def follow(self, session: str, compared_with: str = "") -> MetricWriter:
        """A writer of what the session adds."""
        return MetricWriter(self._write, compared=bool(compared_with))

    @property
    def content_type(self) -> str:
        """The type of ``text``."""
        return CONTENT_TYPE_LATEST

    def text(self) -> bytes:
        """Every metric, in Prometheus's text format."""
        return generate_latest(self._registry)

    def _write(self, added: Iterable[Added]) -> None:
        for metric, value, labels in added:
            self._adders[metric.name].add(value, labels)


class _Adder:
    """A metric, with its children at hand: looking them up by their labels costs as much as adding."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        name, text, labels = metric.prometheus, metric.help, metric.labels
        self._metric: Counter | Gauge | Histogram
        match metric.kind:
            case "counter":
                self._metric = Counter(name, text, labels, registry=registry)
            case "up and down":
                self._metric = Gauge(name, text, labels, registry=registry)
            case "histogram":
                self._metric = Histogram(name, text, labels, registry=registry, buckets=metric.buckets)
        self._children: dict[tuple[str, ...], Callable[[float], None]] = {}

    def add(self, value: float, labels: tuple[str, ...]) -> None:
        """So much more under ``labels``; to a histogram, one observation."""
        if (child := self._children.get(labels)) is None:
            child = self._children[labels] = _adding(self._metric.labels(*labels) if labels else self._metric)
        child(value)


def _adding(metric: Counter | Gauge | Histogram) -> Callable[[float], None]:
    return metric.observe if isinstance(metric, Histogram) else metric.inc


__all__ = ["Prometheus"]
