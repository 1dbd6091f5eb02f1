"""Seen from outside: spans and metrics through OpenTelemetry, metrics for Prometheus, a structured log.

All of it is folded from a session's records by a subscriber of its stream; the rules and the loop know nothing of it. What needs
packages of an extra is in modules of its own: ``outrider.telemetry.otel`` and ``outrider.telemetry.prometheus``.
"""

from outrider.telemetry.logs import JsonLines, Log
from outrider.telemetry.metrics import METRICS, Metric
from outrider.telemetry.texts import Texts
from outrider.telemetry.watching import NO_TELEMETRY, Following, Outlet, Receiver, Telemetry

__all__ = ["Following", "JsonLines", "Log", "METRICS", "Metric", "NO_TELEMETRY", "Outlet", "Receiver", "Telemetry", "Texts"]
