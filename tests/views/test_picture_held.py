"""What the picture says while the plan waits for the person, and of what they added to the task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from outrider import Plan, PlanStep, Session, Step, plan
from outrider.errors import RunEnded
from outrider.rules.events import Ended, Event, Paused, Record, Shown, Steered, Took, Verified, Waiting, WentBack, WentOn
from outrider.runtime.stream import EventStream
from outrider.testing import run
from outrider.views.picture import Picture, Sentence
from outrider.views.scene import Scene, Watch

from .telling import by_script, confirmed, opened, pictured, told

BEGUN = ((0.0, opened()), (1.0, confirmed(0, "a", call=0)), (1.5, Shown(at=1, step=Step("b"))))


def after(*events: Event) -> Picture:
    """The picture one second after another from a confirmed a and a draft b on."""
    return pictured(told(*BEGUN, *((2.0 + i, event) for i, event in enumerate(events))))


def test_nothing_is_held_and_nothing_waits_unless_the_person_says_so() -> None:
    assert (after().held, after().waiting, after().sentences) == ("", None, ())


def test_a_paused_plan_is_held_and_its_draft_stays_on_display() -> None:
    picture = after(Paused())
    assert (picture.held, picture.waiting) == ("paused", None)
    assert picture.verifying is not None
    assert picture.verifying.step == Step("b")


def test_a_verdict_that_waits_is_in_the_picture_and_not_in_the_plan() -> None:
    picture = after(Paused(), Verified(call=2, at=1, step=Step("c")), Waiting(at=1, step=Step("c")))
    assert (picture.held, picture.waiting) == ("paused", Step("c"))
    assert [step.step.action for step in picture.confirmed] == ["a"]


def test_after_going_back_it_is_the_step_that_stood_there_that_waits() -> None:
    picture = after(WentBack(at=0))
    assert (picture.held, picture.waiting, picture.verifying) == ("back", Step("a"), None)
    assert picture.confirmed == ()


def test_going_further_back_what_waits_is_what_stood_there() -> None:
    picture = pictured(
        told(*BEGUN, (2.0, confirmed(1, "b", call=1)), (3.0, WentBack(at=1)), (4.0, WentBack(at=0)))
    )  # fmt: skip
    assert (picture.held, picture.waiting) == ("back", Step("a"))


@pytest.mark.parametrize(
    "ends", [WentOn(), Took(at=1, step=Step("z")), Steered(at=1, sentence="Go."), Ended(outcome="stopped")], ids=lambda e: e.kind
)
def test_whatever_ends_it_nothing_is_held_and_nothing_waits_any_more(ends: Event) -> None:
    picture = after(Paused(), Waiting(at=1, step=Step("c")), ends)
    assert (picture.held, picture.waiting) == ("", None)


def test_steering_takes_the_draft_off_the_display_and_keeps_the_plan() -> None:
    picture = after(Steered(at=1, sentence="Go."))
    assert picture.verifying is None
    assert [step.step.action for step in picture.confirmed] == ["a"]


def test_sentences_stand_with_the_step_they_count_from_until_they_are_taken_back() -> None:
    first, second = Steered(at=1, sentence="Go by train."), Steered(at=1, sentence="Leave early.")
    assert after(first, second).sentences == (Sentence(1, "Go by train."), Sentence(1, "Leave early."))
    assert after(first, second, Steered(at=1, sentence="")).sentences == ()
    assert after(first, Steered(at=1, sentence=""), second).sentences == (Sentence(1, "Leave early."),)


def test_going_back_leaves_the_sentences_in_force() -> None:
    assert after(Steered(at=1, sentence="Go."), WentBack(at=0)).sentences == (Sentence(1, "Go."),)


def scenes(does: Callable[[Session], Awaitable[None]]) -> list[tuple[Record, Scene]]:
    """Every record of a run with the scene after it; the target takes 4 s a step, the drafter 1 s."""

    async def main() -> list[tuple[Record, Scene]]:
        session = plan("Tidy up", target=by_script("a", "b", takes_s=4), approximation=by_script("a", "b", takes_s=1))
        watch, seen = Watch(), []

        async def look(events: EventStream) -> None:
            async for record in events:
                watch.receive(record)
                seen.append((record, watch.scene))

        async with session, session.events() as events, asyncio.TaskGroup() as group:
            group.create_task(look(events))
            await does(session)
            with suppress(RunEnded):
                await session.result()
        return seen

    return run(main())


def test_the_scene_knows_since_when_the_target_works_on_the_next_step_and_what_the_person_saved() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(4.5)
        session.take("b", at=1)

    seen = scenes(takes)
    window = next(scene for record, scene in seen if isinstance(record.event, Shown)).window
    assert (window.asked_s, window.usual_s) == (0.0, None)
    last = seen[-1][1]
    assert last.taken[1].saved_s == pytest.approx(0.5)
    assert last.picture.finished
    assert [scene.n for _, scene in seen] == list(range(len(seen)))


def test_while_a_verdict_waits_nobody_works_on_the_next_step() -> None:
    async def pauses(session: Session) -> None:
        session.pause()
        await asyncio.sleep(9)
        session.go_on()

    seen = scenes(pauses)
    assert [record.event.kind for record, _ in seen if record.event.kind in ("paused", "waiting", "went_on")] == [
        "paused",
        "went_on",
    ]
    assert all(scene.window.asked_s is None for _, scene in seen if scene.picture.held)


def test_time_runs_on_in_the_scene_while_the_plan_is_held_and_what_was_saved_leaves_it_out() -> None:
    async def pauses(session: Session) -> None:
        await asyncio.sleep(0.5)
        session.pause()
        await asyncio.sleep(9)
        session.go_on()

    last = scenes(pauses)[-1][1]
    assert last.run.time_s > 9
    assert last.run.alone_s == 12
    assert last.run.saved_s is not None
    assert last.run.saved_s == pytest.approx(12 - (last.run.time_s - 9))


def test_a_step_of_an_earlier_session_that_is_taken_again_as_it_was_leaves_the_later_ones_as_they_are() -> None:
    async def main() -> Picture:
        before = Plan((PlanStep(Step("a")), PlanStep(Step("b"))))
        session = plan("Tidy up", target=by_script("a", "b", takes_s=4), going_on_from=before)
        watch = Watch()
        async with session, session.events() as events:
            await asyncio.sleep(1)
            session.take_instead("a", at=0)
            await session.result()
            async for record in events:
                watch.receive(record)
        return watch.picture

    picture = run(main())
    assert [(step.by, step.earlier) for step in picture.confirmed] == [("person", False), ("target", True), ("target", False)]


def test_a_step_of_an_earlier_session_is_the_persons_once_they_have_taken_another() -> None:
    picture = pictured(
        told(
            (0.0, opened(before=("a", "b"))), (0.0, confirmed(0, "a")), (0.0, confirmed(1, "b")), (1.0, WentBack(at=0)),
            (2.0, Took(at=0, step=Step("z"))), (2.0, confirmed(0, "z")),
            (3.0, Took(at=1, step=Step("y"))), (3.0, confirmed(1, "y")),
        )
    )  # fmt: skip
    assert [step.earlier for step in picture.confirmed] == [False, False]
