"""The scene: everything a screen draws at one moment, in step with the picture, the figures and the lanes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from laws.worlds import Deed, World, deeds, drive, lookaheads, stops, worlds

from outrider import Session, Step, Usage, plan
from outrider.figures import Taken
from outrider.rules import Lookahead
from outrider.rules.events import Confirmed, Record, Started, Verified
from outrider.testing import ScriptedAgent, run
from outrider.views.picture import Picture
from outrider.views.scene import Scene, Watch, Window

from .telling import PRICED, by_script, confirmed, figured, opened, pictured, told, watched


def watching(records: Sequence[Record]) -> Scene:
    watch = Watch()
    for record in records:
        watch.receive(record)
    return watch.scene


def test_before_anything_has_happened_there_is_nothing_to_be_seen() -> None:
    scene = watching([])
    assert (scene.n, scene.picture, scene.window, scene.taken, scene.bars) == (
        -1, Picture(), Window(asked_s=None, usual_s=None), {}, (),
    )  # fmt: skip
    assert (scene.run.time_s, scene.run.alone_s, scene.run.saved_s, scene.run.calls_in_flight) == (0.0, None, None, 0)


def test_the_window_says_since_when_the_target_works_on_the_next_step() -> None:
    records = told((0.0, opened()), (0.5, Started(call=0, role="target", at=0)), (0.7, Started(call=1, role="target", at=1)))
    assert watching(records).window == Window(asked_s=0.5, usual_s=None)
    answered = [
        *records,
        Record(n=3, time_s=2.0, event=Verified(call=0, at=0, step=Step("a"))),
        Record(n=4, time_s=2.0, event=confirmed(0, "a", call=0)),
    ]
    assert watching(answered).window.asked_s == 0.7
    assert watching(answered[:4]).window.asked_s is None


def test_how_long_the_target_usually_takes_is_said_from_its_third_answer_on() -> None:
    records = watched(by_script("a", "b", "c", takes_s=2.0), lookahead=0)
    usual = [watching(records[:n]).window.usual_s for n in range(len(records) + 1)]
    answers = [sum(isinstance(record.event, Verified) for record in records[:n]) for n in range(len(records) + 1)]
    assert [span is not None for span in usual] == [count >= 3 for count in answers]
    assert usual[-1] == (2.0, 2.0)


def test_the_line_of_the_run_compares_with_the_target_alone_once_a_draft_has_been_judged() -> None:
    scene = watching(watched(by_script("a", "b", takes_s=2.0), by_script("a", "b", takes_s=0.5)))
    assert (scene.run.time_s, scene.run.alone_s, scene.run.saved_s) == (3.0, 6.0, 3.0)
    alone = watching(watched(by_script("a", "b", takes_s=2.0), lookahead=0))
    assert (alone.run.time_s, alone.run.alone_s, alone.run.saved_s) == (6.0, None, None)


def test_where_calls_slow_one_another_down_no_comparison_is_made() -> None:
    async def main() -> Scene:
        watch = Watch()
        drafter, target = ScriptedAgent("a", takes_s=1.0), ScriptedAgent("a", takes_s=3.0)
        async with plan("t", approximation=drafter, target=target, one_machine=True) as session, session.events() as events:
            async for record in events:
                watch.receive(record)
        return watch.scene

    scene = run(main())
    assert scene.picture.outcome == "complete"
    assert (scene.run.alone_s, scene.run.saved_s) == (None, None)


def test_a_call_of_unknown_price_is_said_to_be_missing_in_the_dollars() -> None:
    unpriced = Usage(10, 0, 5, "reported", None)
    scene = watching(watched(by_script("a", takes_s=2.0, usage=unpriced), by_script("a", takes_s=0.5, usage=PRICED)))
    assert scene.run.calls_unpriced > 0
    drafts = [bar for bar in scene.bars if bar.lane == "approximation" and bar.end != "cancelled"]
    assert scene.run.priced_usd == pytest.approx(0.002 * len(drafts))


def test_each_step_that_the_person_took_says_what_it_saved() -> None:
    def take(session: Session) -> None:
        if session.next_at == 1 and session.figures.now_s == 2.0 and session.figures.person_steps == 0:
            session.take("b", at=1)

    scene = watching(watched(by_script("a", "b", takes_s=2.0), lookahead=0, meanwhile=take))
    assert [step.by for step in scene.picture.confirmed] == ["target", "person", "target"]
    assert scene.taken.keys() == {1}
    saved = scene.taken[1]
    assert saved == Taken(2.0, saved.saved_usd)
    assert [bar.at for bar in scene.bars if bar.lane == "person"] == [1]


@settings(max_examples=80, deadline=None)
@given(worlds, lookaheads, deeds, stops)
def test_a_scene_agrees_with_the_picture_and_the_figures_at_every_moment(
    world: World, lookahead: Lookahead, done: list[Deed], stop: list[Deed]
) -> None:
    records = drive(world, lookahead, deeds=done + stop).records
    watch = Watch()
    for n, record in enumerate(records):
        watch.receive(record)
        if n % 5 == 0 or n == len(records) - 1:
            check(watch.scene, records[: n + 1])


def check(scene: Scene, records: list[Record]) -> None:
    figures = figured(records)
    assert scene.n == records[-1].n
    assert scene.picture == pictured(records)
    assert scene.taken == figures.taken
    assert scene.run.calls_in_flight == figures.in_flight == sum(bar.end == "running" for bar in scene.bars)
    assert scene.run.wasted_tokens == figures.tokens_lost
    assert scene.run.tokens >= scene.run.wasted_tokens
    assert scene.window.usual_s is None or scene.window.usual_s[0] <= scene.window.usual_s[1]
    next_at = len(scene.picture.confirmed)
    asked = [bar.started_s for bar in scene.bars if (bar.lane, bar.at, bar.end) == ("target", next_at, "running")]
    assert scene.window.asked_s == max(asked, default=None)


@settings(max_examples=40, deadline=None)
@given(worlds, lookaheads, deeds)
def test_drawing_changes_nothing(world: World, lookahead: Lookahead, done: list[Deed]) -> None:
    records = drive(world, lookahead, deeds=done).records
    often = Watch()
    for record in records:
        often.receive(record)
        assert often.scene == often.scene
    assert often.scene == watching(records)
    assert [step.at for step in often.scene.picture.confirmed] == list(range(len(often.scene.picture.confirmed)))
    assert sum(isinstance(record.event, Confirmed) for record in records) >= len(often.scene.picture.confirmed)


def test_tokens_count_as_wasted_only_once_it_is_certain() -> None:
    """The drafter is wrong from the second step on: its answers may still be needed until the verdict says otherwise."""
    records = watched(by_script("a", "b", takes_s=4), by_script("a", "x", takes_s=1))
    watch, wasted = Watch(), dict[float, int]()
    for record in records:
        watch.receive(record)
        wasted[record.time_s] = watch.scene.run.wasted_tokens
    assert wasted[3.0] == 0  # three answers are there, and nobody knows
    assert wasted[5.0] > 0  # step 1 is b, so x and what was drafted below it are lost
    assert wasted[records[-1].time_s] == watch.figures.tokens("wasted") + watch.figures.tokens("cancelled")


def test_the_lanes_name_no_step_that_is_not_on_display() -> None:
    records = watched(by_script("a", "b", "c", takes_s=4), by_script("a", "b", "c", takes_s=1))
    watch = Watch()
    for record in records:
        watch.receive(record)
        scene = watch.scene
        if scene.picture.outcome is None:
            shown = {str(step.step) for step in scene.picture.confirmed}
            shown |= {str(scene.picture.verifying.step)} if scene.picture.verifying else set()
            assert {bar.label for bar in scene.bars} - {""} <= shown
