"""A session that is resumed is told once, by the two processes together; a run to compare with is told apart."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from outrider import FINISH, Limits, Session, plan, resume
from outrider.errors import ServerTrouble
from outrider.journal import MemoryJournal
from outrider.rules.events import Record, Started
from outrider.telemetry import names
from outrider.testing import FakeAgent, run, steps

from .watching import Outlets, tell, watch

PATH = steps("search", "book", "pay", FINISH)


def agent(takes_s: float) -> FakeAgent:
    return FakeAgent(lambda prefix: PATH[len(prefix)], takes_s=takes_s)


def recorded() -> list[Record]:
    journal = MemoryJournal()

    async def main() -> None:
        session = plan("trip", target=agent(2.0), approximation=agent(0.5), lookahead=2, journal=journal, name="run")
        async with session:
            await session.result()

    run(main())
    return journal.read("run")


RECORDS = recorded()
COUNTED = ("outrider_steps_total", "outrider_calls_total", "outrider_sessions_total", "outrider_drafts_judged_total")


def interrupted(n: int) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append("run", RECORDS[:n])
    return journal


def resumed(n: int) -> tuple[Outlets, Outlets, list[Record]]:
    """What the process told that was killed after ``n`` records, and what the one that went on did."""
    first, second, journal = Outlets(), Outlets(), interrupted(n)
    following = first.telemetry.following("run")
    for record in RECORDS[:n]:
        following.receive(record)

    def session() -> Session:
        return resume("run", journal=journal, target=agent(2.0), approximation=agent(0.5))

    watch(session, second)
    return first, second, journal.read("run")


def total(outlets: Outlets, name: str) -> float:
    return sum(value for (found, _), value in outlets.scraped.items() if found == name)


def attribute(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


@pytest.mark.parametrize("n", range(1, len(RECORDS)))
def test_wherever_it_was_killed_everything_is_counted_once(n: int) -> None:
    first, second, records = resumed(n)
    whole = tell(records, Outlets())
    for name in COUNTED:
        assert total(first, name) + total(second, name) == total(whole, name), name
    assert second.count("outrider_sessions_running") == 0
    assert second.count("outrider_calls_running", role="target") == 0
    assert second.count("outrider_sessions_resumed_total") == (1 if any(r.event.kind == "resumed" for r in records) else 0)


@pytest.mark.parametrize("n", range(1, len(RECORDS)))
def test_wherever_it_was_killed_each_call_has_one_span_of_the_two_processes(n: int) -> None:
    first, second, records = resumed(n)
    spans = [span for told in (first, second) for span in told.spans if span.name.startswith("invoke_agent")]
    started = {str(record.event.call) for record in records if isinstance(record.event, Started)}
    assert sorted(str(attribute(span, names.CALL)) for span in spans) == sorted(started)
    (session,) = (span for span in second.spans if span.name.startswith("invoke_workflow"))
    assert attribute(session, names.RESUMED) is True
    inside = [span.parent for span in second.spans if span is not session]
    assert all(parent is not None and parent.span_id == session.context.span_id for parent in inside)


def test_a_resumed_session_to_which_nothing_happens_any_more_tells_nothing() -> None:
    outlets = Outlets()
    following = outlets.telemetry.following("run", earlier=5)
    for record in RECORDS[:5]:
        following.receive(record)
    following.close()
    assert outlets.spans == ()
    assert outlets.count("outrider_sessions_running") == 0


def test_the_log_says_that_a_session_is_gone_on_with_and_nothing_of_before() -> None:
    _, second, _ = resumed(8)
    assert second.log[0]["event"] == "resumed"
    assert "opened" not in [line["event"] for line in second.log]


def test_the_target_alone_that_is_compared_with_is_told_apart() -> None:
    outlets = Outlets()
    for name, compared_with in (("run", ""), ("alone", "run")):
        following = outlets.telemetry.following(name, compared_with=compared_with)
        for record in RECORDS:
            following.receive(record)
        following.close()
    spans = [span for span in outlets.spans if span.name.startswith("invoke_workflow")]
    assert [attribute(span, names.COMPARED_WITH) for span in spans] == [None, "run"]
    assert outlets.count("outrider_sessions_total", outcome="complete", run="plan") == 1
    assert outlets.count("outrider_sessions_total", outcome="complete", run="compared") == 1
    assert [line.get("compared_with") for line in outlets.log if line["event"] == "opened"] == [None, "run"]


def test_the_span_of_a_failed_call_carries_the_class_of_its_error() -> None:
    broken = FakeAgent(lambda _: ServerTrouble("the server is down"), takes_s=1.0)
    silent = FakeAgent(lambda _: None, takes_s=0.5)
    outlets = Outlets()
    watch(lambda: plan("trip", target=broken, approximation=silent, lookahead=1, limits=Limits()), outlets)
    kinds = {span.name: attribute(span, names.ERROR_TYPE) for span in outlets.spans}
    assert kinds["invoke_agent target (failed)"] == "ServerTrouble"
    assert kinds["invoke_agent approximation (failed)"] == "NoStep"
    assert kinds["invoke_workflow outrider"] == "target_failed"
