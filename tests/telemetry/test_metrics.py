"""Metrics: one table, read by Prometheus's own parser and from OpenTelemetry's own reader."""

from __future__ import annotations

import asyncio

from laws.worlds import World, drive

from outrider import Budget, Limits, Sliding, plan
from outrider.telemetry import METRICS
from outrider.telemetry.folding import Facts
from outrider.telemetry.metrics import Metrics
from outrider.testing import FakeAgent, run

from .test_spans import session, target, tell_of
from .watching import Outlets, tell, watch


def watched() -> Outlets:
    outlets = Outlets()
    watch(session, outlets)
    return outlets


def test_calls_are_counted_by_role_and_outcome() -> None:
    counted = watched()
    assert counted.count("outrider_calls_total", role="target", outcome="used") == 5
    assert counted.count("outrider_calls_total", role="approximation", outcome="rejected") == 1
    assert counted.count("outrider_calls_running", role="target") == 0
    assert counted.count("outrider_sessions_running") == 0
    assert counted.count("outrider_sessions_total", outcome="complete", run="plan") == 1


def test_steps_windows_tokens_dollars_and_judgements_are_counted() -> None:
    counted = watched()
    assert counted.count("outrider_steps_total", by="target", drafted="yes") == 4
    assert counted.count("outrider_steps_total", by="target", drafted="no") == 1
    assert counted.count("outrider_step_duration_seconds_sum", by="target") == 9.0
    assert counted.count("outrider_interrupt_window_seconds_count", ended="verdict") == 5
    assert counted.count("outrider_tokens_total", role="target", outcome="used", kind="prompt", counted="reported") == 500
    assert counted.count("outrider_cost_usd_total", role="target", outcome="used") == 5 * 0.002
    assert counted.count("outrider_calls_unknown_total", role="approximation", what="price") > 0
    assert counted.count("outrider_drafts_judged_total", ahead="1", verdict="rejected") == 1


def test_prometheus_and_opentelemetry_have_the_same_numbers() -> None:
    both = watched()
    measured = both.measured
    for metric in METRICS:
        for labels, (total, count) in measured.get(metric.name, {}).items():
            if metric.kind == "histogram":
                assert both.count(f"{metric.prometheus}_sum", **dict(labels)) == total
                assert both.count(f"{metric.prometheus}_count", **dict(labels)) == count
            else:
                assert both.count(metric.scraped, **dict(labels)) == total


def test_the_person_shows_in_steps_and_windows() -> None:
    outlets = Outlets()
    watch(session, outlets, (1.5, lambda it: it.take("mine")), (2.5, lambda it: it.stop()))
    assert outlets.count("outrider_steps_total", by="person", drafted="no") == 1
    assert outlets.count("outrider_interrupt_window_seconds_sum", ended="person") == 0.5
    assert outlets.count("outrider_sessions_total", outcome="stopped", run="plan") == 1


def test_a_wait_for_a_limit_is_measured_at_the_frontier() -> None:
    """Two sessions share one place: the second waits for the first's calls."""
    outlets = Outlets()
    limits = Limits(calls_at_once=1)
    agents = [target(), target()]

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            for agent in agents:
                group.create_task(one(agent))

    async def one(agent: FakeAgent) -> None:
        made = plan("Make tea", target=agent, limits=limits)
        async with outlets.telemetry.watching(made), made:
            await made.result()

    run(both())
    assert outlets.count("outrider_frontier_wait_seconds_sum") > 0
    assert outlets.count("outrider_sessions_total", outcome="complete", run="plan") == 2


def test_a_limit_that_is_reached_is_counted() -> None:
    outlets = Outlets()
    limits = Limits(budget=Budget(calls=1))
    watch(lambda: plan("Make tea", target=target(), limits=limits, ask=True), outlets, (10.0, lambda it: it.stop()))
    assert outlets.count("outrider_limits_reached_total", limit="budget") == 1


def test_a_session_that_breaks_off_is_not_running_any_more() -> None:
    outlets = Outlets()
    records = tell_of(session)
    tell(records[:10], outlets)
    assert outlets.count("outrider_sessions_running") == 0
    assert outlets.count("outrider_calls_running", role="target") == 0
    assert outlets.count("outrider_calls_running", role="approximation") == 0
    assert outlets.count("outrider_calls_total", role="target", outcome="unfinished") > 0


def test_labels_do_not_grow_with_the_runs() -> None:
    """No text of a task, a step, a name or an error is a label: the same values whatever they are."""
    seen = set()
    for n in range(40):
        run = drive(World(seed=n, length=8, draft_fails=5, agreement=60), Sliding(3))
        facts, metrics = Facts(), Metrics()
        for record in run.records:
            seen |= {(metric.name, labels) for metric, _, labels in metrics.receive(record, facts.receive(record))}
    values = {value for _, labels in seen for value in labels}
    assert values <= KNOWN


KNOWN = {
    "target", "approximation", "person", "earlier", "yes", "no", "used", "rejected", "wasted", "cancelled", "failed",
    "unfinished", "accepted", "verdict", "withdrawn", "prompt", "cached", "output", "reported", "estimated", "tokens", "price",
    "complete", "stopped", "target_failed", "step_limit", "budget", "steps", "plan", *map(str, range(16)), "16 or more",
}  # fmt: skip


def test_every_metric_has_one_name_and_says_what_it_is() -> None:
    assert len({metric.name for metric in METRICS}) == len({metric.scraped for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.help.endswith(".")
        assert bool(metric.buckets) is (metric.kind == "histogram")
        assert list(metric.buckets) == sorted(metric.buckets)
