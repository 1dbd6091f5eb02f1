"""The spans of a session, as OpenTelemetry's own SDK finishes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from outrider import Session, Step, Usage, plan
from outrider.errors import ServerTrouble
from outrider.model import Declared, Prefix
from outrider.telemetry import Texts, names
from outrider.testing import FakeAgent, run, steps
from outrider.testing.tools import FakeTools

from .watching import OPENED_NS, Outlets, tell, watch

PATH = steps("a", "b", "c", "d", "finish")
TARGET = Usage(100, 40, 10, "reported", 0.002)
DRAFT = Usage(10, 4, 1, "estimated", None)


def target(**more: Any) -> FakeAgent:
    return FakeAgent(lambda prefix: PATH[len(prefix)], takes_s=3.0, usage=TARGET, name="slow", **more)


def drafter(wrong_at: int = 2, usage: Usage | None = DRAFT) -> FakeAgent:
    def says(prefix: Prefix) -> Step:
        return Step("wrong") if len(prefix) == wrong_at else PATH[min(len(prefix), 4)]

    return FakeAgent(says, takes_s=1.0, usage=usage, name="quick")


def session() -> Session:
    return plan("Make tea", target=target(), approximation=drafter(), lookahead=4, name="tea")


def watched(outlets: Outlets | None = None) -> Outlets:
    outlets = outlets or Outlets()
    watch(session, outlets)
    return outlets


def calls(spans: Sequence[ReadableSpan], **attributes: object) -> list[ReadableSpan]:
    wanted = {f"outrider.{name}": value for name, value in attributes.items()}
    return [
        span
        for span in spans
        if span.attributes and names.CALL in span.attributes and all(span.attributes.get(k) == v for k, v in wanted.items())
    ]


def whole(spans: Sequence[ReadableSpan]) -> ReadableSpan:
    (found,) = [span for span in spans if span.name == "invoke_workflow outrider"]
    return found


def seconds(span: ReadableSpan) -> tuple[float, float]:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.start_time - OPENED_NS) / 1e9, (span.end_time - OPENED_NS) / 1e9


def context(span: ReadableSpan) -> trace.SpanContext:
    found = span.get_span_context()
    assert found is not None
    return found


def test_all_spans_of_a_session_are_in_one_trace_under_its_own() -> None:
    spans = watched().spans
    session = whole(spans)
    assert session.parent is None
    assert {context(span).trace_id for span in spans} == {context(session).trace_id}
    assert all(span.parent == context(session) for span in spans if span is not session)


def test_times_are_those_of_the_records() -> None:
    spans = watched().spans
    assert seconds(whole(spans)) == (0.0, 9.0)
    (first,) = calls(spans, role="target", at=0)
    assert seconds(first) == (0.0, 3.0)
    (ahead,) = calls(spans, role="target", at=2, outcome="used")
    assert seconds(ahead) == (2.0, 5.0)


def test_a_call_says_its_role_position_outcome_tokens_and_cost() -> None:
    (used,) = calls(watched().spans, role="target", at=1)
    assert dict(used.attributes or {}) == {
        names.OPERATION: "invoke_agent", names.CONVERSATION: "tea", names.AGENT: "slow", names.CALL: 2, names.ROLE: "target",
        names.AT: 1, names.AHEAD: 1, names.OUTCOME: "used", names.COUNTED: "reported", names.PROMPT_TOKENS: 100,
        names.CACHED_TOKENS: 40, names.OUTPUT_TOKENS: 10, names.COST: 0.002,
    }  # fmt: skip
    assert used.status.status_code is StatusCode.OK


def test_a_cancelled_call_says_so_in_its_name_and_is_not_ok() -> None:
    cancelled = calls(watched().spans, outcome="cancelled")
    assert len(cancelled) == 3
    for span in cancelled:
        assert span.name.endswith(" (cancelled)")
        assert span.status.status_code is StatusCode.UNSET


def test_what_is_not_known_is_left_out_and_never_nothing() -> None:
    unknown = Outlets()
    watch(lambda: plan("Make tea", target=target(), approximation=drafter(usage=None), name="tea"), unknown)
    for span in calls(unknown.spans, role="approximation"):
        assert span.attributes is not None
        assert span.attributes[names.COUNTED] == "unknown"
        assert not {names.PROMPT_TOKENS, names.OUTPUT_TOKENS, names.COST} & set(span.attributes)


def test_a_verdict_links_to_the_drafts_that_it_confirmed_or_rejected() -> None:
    spans = watched().spans
    (right,) = calls(spans, role="approximation", at=0)
    (wrong,) = calls(spans, role="approximation", outcome="rejected")
    assert wrong.name == "invoke_agent approximation (rejected)"
    for at, draft, said in ((0, right, "confirmed"), (2, wrong, "rejected")):
        (verdict,) = calls(spans, role="target", at=at)
        (link,) = verdict.links
        assert link.context == context(draft)
        assert dict(link.attributes or {}) == {names.VERDICT: said}


def test_a_failed_call_and_a_failed_session_are_errors() -> None:
    def breaks(prefix: Prefix) -> Step | Exception:
        return PATH[0] if not prefix else ServerTrouble("the target's server is down")

    outlets = Outlets()
    watch(lambda: plan("Make tea", target=FakeAgent(breaks, takes_s=1.0)), outlets)
    failed = calls(outlets.spans, outcome="failed")
    assert failed
    for span in (*failed, whole(outlets.spans)):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
    assert (whole(outlets.spans).attributes or {})[names.ERROR_TYPE] == "target_failed"


def test_the_sessions_span_tells_of_steps_and_of_the_person() -> None:
    outlets = Outlets()
    watch(session, outlets, (1.5, lambda it: it.take("mine")), (2.0, lambda it: it.pause()), (4.0, lambda it: it.stop("enough")))
    told = [event.name for event in whole(outlets.spans).events]
    assert told == ["took", "confirmed", "paused", "ended"]
    assert (whole(outlets.spans).attributes or {})[names.OUTCOME] == "stopped"


def test_a_session_is_a_child_of_the_span_that_is_current() -> None:
    outlets = Outlets()
    with outlets.tracers.get_tracer("mine").start_as_current_span("mine") as mine:
        watch(session, outlets)
    assert whole(outlets.spans).parent == mine.get_span_context()


def test_a_session_belongs_to_the_trace_that_a_request_carries() -> None:
    outlets = Outlets()
    with outlets.telemetry.within({"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}):
        watch(session, outlets)
    parent = whole(outlets.spans).parent
    assert parent is not None
    assert f"{parent.trace_id:x}" == "af7651916cd43dd8448eb211c80319c"
    assert context(whole(outlets.spans)).trace_id == parent.trace_id


def test_texts_are_in_spans_only_if_they_are_wanted() -> None:
    for wanted in (False, True):
        outlets = watched(Outlets(Texts(wanted=wanted)))
        assert ((whole(outlets.spans).attributes or {}).get(names.TASK) == "Make tea") is wanted
        (cancelled, *_) = calls(outlets.spans, outcome="cancelled")
        assert (names.WHY in (cancelled.attributes or {})) is wanted


def test_a_session_that_breaks_off_leaves_no_span_open() -> None:
    outlets = Outlets()
    records = tell_of(session)
    tell(records[: len(records) // 2], outlets)
    assert len(outlets.spans) == 1 + sum(1 for record in records[: len(records) // 2] if record.event.kind == "started")
    unfinished = calls(outlets.spans, outcome="unfinished")
    assert unfinished
    assert {span.status.status_code for span in (*unfinished, whole(outlets.spans))} == {StatusCode.ERROR}


def test_executions_are_spans_that_say_whether_they_were_live() -> None:
    tools = FakeTools(Declared("look", "read"), Declared("do", "write"), takes_s=1.0)

    def says(prefix: Prefix) -> Step:
        return (Step("look"), Step("do"), Step("told in free words"), Step("finish"))[len(prefix)]

    outlets = Outlets()
    slow, quick = FakeAgent(says, takes_s=4.0), FakeAgent(says, takes_s=1.0)
    watch(lambda: plan("Do it", target=slow, approximation=quick, tools=tools), outlets)
    spans = [span.attributes for span in outlets.spans if span.attributes and span.attributes[names.OPERATION] == "execute_tool"]
    told = [(found[names.TOOL], found[names.LIVE], found[names.OUTCOME]) for found in spans if found]
    assert ("look", "early", "used") in told
    assert ("do", "live", "used") in told
    assert ("undeclared", "live", "used") in told
    assert not any("free words" in str(span.to_json()) for span in outlets.spans)


def tell_of(made: Any) -> list[Any]:
    """The records of a session."""

    async def main() -> list[Any]:
        session = made()
        async with session, session.events() as events:
            return [record async for record in events]

    return run(main())
