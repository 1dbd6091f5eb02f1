"""What is to be seen of executions: which runs are used, what running early saved, what is asked, and what stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from laws.test_effects import Acting, Deed, act, deeds, lookaheads, rough, stops

from outrider import Declared, Session, Step, plan
from outrider.errors import NotNow, RunEnded
from outrider.figures import Figures
from outrider.model import Prefix
from outrider.rules import ByValue, Lookahead
from outrider.rules.events import Asked, Outcome, Record, Stayed
from outrider.testing import FakeAgent, FakeTools, run
from outrider.views.lanes import Bar, Lanes
from outrider.views.lines import LinesView, whole_plan
from outrider.views.picture import Picture
from outrider.views.scene import Watch
from outrider.views.trace import chrome_trace
from outrider.views.words import OUTCOMES, summary

LOOK, BOOK, FINISH = Step("look"), Step("book"), Step("finish")


def agent(takes_s: float, *path: Step) -> FakeAgent:
    def answers(prefix: Prefix) -> Step:
        return (*path, FINISH)[min(len(prefix), len(path))]

    return FakeAgent(answers, takes_s=takes_s)


def executed(
    tools: FakeTools,
    *path: Step,
    drafts: tuple[Step, ...] | None = None,
    ask: bool = True,
    meanwhile: Callable[[Session, Record], object] | None = None,
) -> list[Record]:
    """A run on the virtual clock: drafts take 1 s, the target 4 s."""

    async def main() -> list[Record]:
        seen: list[Record] = []
        drafter = agent(1.0, *(path if drafts is None else drafts))
        session = plan("x", target=agent(4.0, *path), approximation=drafter, lookahead=2, tools=tools, ask=ask)
        async with session, session.events() as events:
            async for record in events:
                seen.append(record)
                if meanwhile is not None:
                    with suppress(NotNow):
                        meanwhile(session, record)
        with suppress(RunEnded):
            await session.result()
        return seen

    return run(main())


def bars(records: list[Record]) -> list[Bar]:
    lanes = Lanes()
    for record in records:
        lanes.receive(record)
    return [bar for bar in lanes.bars if bar.lane == "tools"]


def pictured(records: list[Record]) -> tuple[Picture, Figures]:
    watch = Watch()
    for record in records:
        watch.receive(record)
    return watch.picture, watch.figures


def lines(records: list[Record]) -> list[str]:
    said: list[str] = []
    view = LinesView(said.append)
    for record in records:
        view.receive(record)
    view.close()
    return said


def test_a_tool_that_is_run_early_says_how_much_earlier_its_answer_was_there() -> None:
    records = executed(FakeTools(Declared("look", effect="none"), takes_s=2.0), LOOK)
    (bar,) = bars(records)
    assert (bar.way, bar.end, bar.started_s, bar.ended_s, bar.early_s) == ("early", "used", 1.0, 3.0, 2.0)
    picture, figures = pictured(records)
    assert picture.confirmed[0].early_s == 2.0
    assert "Runs of tools: 1 used, 0 wasted, 0 withdrawn, 0 lost; run early, they saved about 2.00 s." in summary(
        picture, figures
    )
    assert any("(tool 2.00 s early)" in line for line in lines(records))


def test_one_that_still_runs_when_its_step_is_confirmed_saved_what_it_had_run_by_then() -> None:
    records = executed(FakeTools(Declared("look", effect="none"), takes_s=10.0), LOOK)
    (bar,) = bars(records)
    assert (bar.way, bar.started_s, bar.ended_s, bar.early_s) == ("early", 1.0, 11.0, 3.0)


@pytest.mark.parametrize(("takes_s", "end"), [(1.0, "wasted"), (9.0, "withdrawn")])
def test_a_run_for_a_rejected_draft_is_wasted_or_withdrawn(takes_s: float, end: str) -> None:
    wrong = Step("look", {"n": 1})
    tools = FakeTools(Declared("look", effect="none"), takes_s=lambda step: takes_s if step == wrong else 0.0)
    runs = [(bar.way, bar.end) for bar in bars(executed(tools, LOOK, drafts=(wrong,))) if bar.label == str(wrong)]
    assert runs == [("early", end)]


def test_a_rehearsal_is_used_if_the_world_itself_answers_the_same() -> None:
    tools = FakeTools(Declared("book", rehearses=True))
    assert [(bar.way, bar.end) for bar in bars(executed(tools, BOOK))] == [("rehearsal", "used"), ("live", "used")]


def test_a_run_that_gave_no_answer_is_lost() -> None:
    tools = FakeTools(Declared("book"), loses=lambda step, key: "after")
    records = executed(tools, BOOK, meanwhile=lambda session, record: session.settle("booked"))
    assert [(bar.way, bar.end) for bar in bars(records)] == [("live", "lost")]
    picture, _ = pictured(records)
    assert (picture.confirmed[0].step.observation, picture.confirmed[0].settled) == ("booked", True)
    said = lines(records)
    assert "Asked: Step 0, book, gave no answer: book gave no answer. Whether it has had its effect is not known." in said
    assert "     → booked (in your words)" in said


def test_an_effect_that_is_taken_back_has_a_bar_and_its_step_is_gone() -> None:
    def back(session: Session, record: Record) -> None:
        if record.event.kind == "executed" and record.time_s < 6:
            session.go_back(0)
        if record.event.kind == "undone":
            session.stop()

    tools = FakeTools(Declared("book", undo=True), takes_s=1.0)
    records = executed(tools, BOOK, meanwhile=back)
    assert [(bar.way, bar.end) for bar in bars(records)] == [("live", "used"), ("undo", "used")]
    assert pictured(records)[0].confirmed == ()
    assert "Step 0 has been taken back." in lines(records)


def test_what_could_not_be_taken_back_is_again_what_it_was() -> None:
    def back(session: Session, record: Record) -> None:
        if record.event.kind == "executed":
            session.go_back(0)
        if isinstance(record.event, Stayed):
            session.stop()

    records = executed(FakeTools(Declared("book", undo=True), cannot_undo=["book"]), BOOK, meanwhile=back)
    at = next(record.n for record in records if isinstance(record.event, Stayed))
    picture, _ = pictured(records[: at + 1])
    assert picture.stayed.startswith("Step 0, book, could not be taken back, so the plan goes on after it: ")
    assert [step.step.observation for step in picture.confirmed] == ["book after 0 effects"]
    assert picture.plan.prefix == (BOOK.observed("book after 0 effects"),)
    assert picture.waiting is None


@pytest.mark.parametrize(
    ("tool", "outcome", "said"),
    [
        (Declared("book"), "tool_failed", "Ended: a tool gave no answer: 1 step in 4.00 s."),
        (Declared("book", approval="always"), "not_approved", "Ended: a tool was not approved: 1 step in 4.00 s."),
    ],
    ids=["lost", "not approved"],
)
def test_where_nobody_is_there_to_ask_the_run_ends_and_says_why(tool: Declared, outcome: Outcome, said: str) -> None:
    records = executed(FakeTools(tool, loses=lambda step, key: "before"), BOOK, ask=False)
    picture, figures = pictured(records)
    assert picture.outcome == outcome
    assert summary(picture, figures)[:1] == [said]
    assert summary(picture, figures)[1].startswith("Why: book ")


def test_every_outcome_has_its_sentence() -> None:
    assert set(OUTCOMES) == set(get_args(Outcome))


def test_what_is_asked_is_gone_once_it_is_answered() -> None:
    def approve(session: Session, record: Record) -> None:
        if isinstance(record.event, Asked):
            session.approve()

    records = executed(FakeTools(Declared("book", approval="always")), BOOK, meanwhile=approve)
    at = next(record.n for record in records if isinstance(record.event, Asked))
    asked = pictured(records[: at + 1])[0].asked
    assert asked is not None
    assert (asked.at, asked.question, asked.writes) == (0, "approval", True)
    assert pictured(records)[0].asked is None
    assert "Approved: step 0 is run." in lines(records)


def test_of_drafts_the_lanes_tell_that_their_tools_run_and_not_what_they_are() -> None:
    watch = Watch()
    for record in executed(FakeTools(Declared("look", effect="none"), takes_s=1.0), LOOK, Step("look", {"n": 2})):
        watch.receive(record)
        if watch.picture.outcome is None:
            ahead = [bar for bar in watch.scene.bars if bar.lane == "tools" and bar.at >= len(watch.picture.confirmed)]
            assert all(bar.label == "" for bar in ahead)


def test_the_trace_has_a_thread_for_tools_and_the_time_that_running_early_saved() -> None:
    records = executed(FakeTools(Declared("look", effect="none"), takes_s=2.0), LOOK)
    entries = chrome_trace(records)["traceEvents"]
    assert isinstance(entries, list)
    names = [entry["args"]["name"] for entry in entries if isinstance(entry, dict) and entry["name"] == "thread_name"]  # type: ignore[index,call-overload]
    assert "tools 0" in names
    (bar,) = [entry for entry in entries if isinstance(entry, dict) and entry.get("cat") == "tools"]
    assert (bar["name"], bar["ts"], bar["dur"]) == ("look, 2.00 s early", 1_000_000, 2_000_000)
    assert bar["args"] == {"execution": 0, "at": 0, "outcome": "used", "way": "early", "early_s": 2.0}


def test_the_plan_that_is_written_at_the_end_has_what_came_of_each_step_in_one_line() -> None:
    long = "a\nb " * 200
    records = executed(FakeTools(Declared("look", effect="none"), observations=lambda step, effects: long), LOOK)
    (line,) = [line for line in whole_plan(pictured(records)[0]) if "→" in line]
    assert line.startswith("     → a b a b")
    assert "…" in line
    assert len(line) < 240


STOPPED_WHILE_TAKING_BACK = (
    Acting(
        seed=26, length=0, agreement=0, lost=0, stubborn=0,
        tools=(Declared("a", effect="none"), Declared("b", effect="write", undo=True), Declared("c", effect="none")),
    ),
    ByValue(hour_worth=math.inf),
    [Deed(after=0, kind="take", number=1), Deed(after=3, kind="go back", number=0)],
    [Deed(after=0, kind="stop", number=0)],
)  # fmt: skip
"""A run that the stop broke off has ended when the effect before it is taken back."""


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example(*STOPPED_WHILE_TAKING_BACK)
@given(rough, lookaheads, deeds, stops)
def test_whatever_is_lost_undone_or_settled_the_picture_is_the_plan(
    world: Acting, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    acted = act(world, lookahead, done + stop)
    picture, figures = pictured(acted.notes.records)
    assert picture.plan.steps == acted.plan.steps
    assert picture.asked is None
    assert all(bar.end != "running" for bar in bars(acted.notes.records))
    assert lines(acted.notes.records)[-1:]
    assert chrome_trace(acted.notes.records)["traceEvents"]
    assert summary(picture, figures)
