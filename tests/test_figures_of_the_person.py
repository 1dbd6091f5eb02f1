"""What the person's steps saved, and the time they held the run, against values worked out by hand.

The target takes 2 s a step along a, b, c, finish and costs a cent; drafts take 0.5 s. All drafts are right unless said otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from outrider import Plan, PlanStep, Session, Step, Usage, plan
from outrider.figures import Figures, Taken
from outrider.testing import FakeAgent, run, steps

PRICED = Usage(100, 60, 20, "reported", 0.01)
PATH = steps("a", "b", "c", "finish")


def along(takes_s: float | Callable[[tuple[Step, ...]], float], usage: Usage | None = PRICED) -> FakeAgent:
    return FakeAgent(lambda prefix: PATH[min(len(prefix), len(PATH) - 1)], takes_s=takes_s, usage=usage)


def figures_of(
    does: Callable[[Session], Awaitable[None]],
    *,
    target: FakeAgent | None = None,
    lookahead: int = 0,
    before: Plan | None = None,
) -> Figures:
    async def main() -> Figures:
        session = plan(
            "Tidy up", target=target or along(2.0), approximation=along(0.5), lookahead=lookahead, going_on_from=before
        )
        async with session:
            await does(session)
            await session.result()
        return session.figures

    return run(main())


# What a step that the person took has saved -------------------------------------------------------------------------


def test_a_step_taken_saves_the_targets_mean_call_less_what_it_had_run() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(2.5)  # step 0 took 2 s; the call for step 1 has run half a second
        session.take("b")

    figures = figures_of(takes)
    assert figures.taken == {1: Taken(saved_s=1.5, saved_usd=0.0)}
    assert figures.person_saved_s == 1.5
    assert figures.saved_s == 1.5
    assert figures.total_s == 6.5


def test_before_the_target_has_answered_nobody_knows_what_was_saved() -> None:
    seen: list[dict[int, Taken]] = []

    async def takes(session: Session) -> None:
        await asyncio.sleep(0.5)
        session.take("a")
        seen.append(session.figures.taken)

    assert figures_of(takes).taken == {0: Taken(saved_s=1.5, saved_usd=0.0)}, "and afterwards they do"
    assert seen == [{0: Taken(saved_s=None, saved_usd=None)}]


def test_a_call_that_had_not_begun_has_cost_nothing() -> None:
    async def takes(session: Session) -> None:
        session.take("a")

    assert figures_of(takes).taken == {0: Taken(saved_s=2.0, saved_usd=0.01)}


def test_a_step_taken_after_longer_than_any_answer_took_has_saved_nobody_knows_what() -> None:
    slow_second = along(lambda prefix: 9.0 if len(prefix) == 1 else 2.0)

    async def takes(session: Session) -> None:
        await asyncio.sleep(7.0)
        session.take("b")

    figures = figures_of(takes, target=slow_second)
    assert figures.taken[1].saved_s is None, "it was still under way, so it was not nothing"
    assert (figures.person_saved_s, figures.person_steps, figures.person_steps_untold) == (0.0, 1, 1)
    assert figures.as_json()["person_steps_untold"] == 1


def test_answers_that_came_sooner_than_the_person_acted_say_nothing_of_what_they_saved() -> None:
    by_step = along(lambda prefix: [1.0, 9.0, 6.0, 8.0][len(prefix)])

    async def takes(session: Session) -> None:
        await asyncio.sleep(5.0)  # step 0 took 1 s; the call for step 1 has run 4 s
        session.take("b")

    # Of the answers of 1, 6 and 8 s two took longer than 4 s: 2 s and 4 s longer.
    assert figures_of(takes, target=by_step).taken[1].saved_s == 3.0


def test_dollars_are_unknown_where_a_price_is() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.take("b")

    assert figures_of(takes, target=along(2.0, Usage(1, 0, 1, "reported"))).taken == {1: Taken(1.5, None)}


def test_a_verdict_that_was_in_when_the_person_took_the_step_leaves_nothing_to_save() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.pause()
        await asyncio.sleep(9.5)
        session.take("z")

    assert figures_of(takes, target=FakeAgent(lambda prefix: PATH[len(prefix)], takes_s=2.0, usage=PRICED)).taken == {
        1: Taken(0.0, 0.0)
    }


def test_a_step_taken_in_place_of_a_confirmed_one_saves_nothing() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(4.5)
        session.take_instead("z", at=0)

    assert figures_of(takes).taken == {0: Taken(0.0, 0.0)}


def test_a_pause_without_a_verdict_leaves_what_the_call_had_still_to_run() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.pause()
        await asyncio.sleep(0.5)
        session.take("b")

    assert figures_of(takes).taken[1].saved_s == 1.0


def test_the_wait_for_one_verdict_is_not_counted_against_the_next_step() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(1.0)
        session.pause()
        await asyncio.sleep(4.0)  # step 0's verdict waits since 2 s
        session.go_on()
        await asyncio.sleep(0.5)
        session.take("b")

    assert figures_of(takes).taken == {1: Taken(1.5, 0.0)}


def test_a_step_that_is_open_again_has_saved_nothing_so_far_and_coming_again_has_saved_what_it_had() -> None:
    async def wavers(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.take("b")
        saved = session.figures.taken
        assert list(saved) == [1]
        session.go_back(0)
        assert session.figures.taken == {}
        assert session.figures.person_saved_s == 0
        session.go_on()
        assert session.figures.taken == saved
        assert session.figures.person_steps == 1

    assert figures_of(wavers).person_saved_s == 1.5


def test_a_step_of_the_targets_that_replaced_the_persons_saves_nothing() -> None:
    async def wavers(session: Session) -> None:
        await asyncio.sleep(2.5)
        session.take("b")
        session.take_instead("z", at=0)
        await asyncio.sleep(2.5)

    figures = figures_of(wavers)
    assert list(figures.taken) == [0]
    assert figures.person_steps == 1


def test_a_step_that_the_person_took_in_an_earlier_session_is_not_counted_again() -> None:
    async def waits(session: Session) -> None:
        return None

    before = Plan((PlanStep(Step("a"), "person"), PlanStep(Step("b"))))
    figures = figures_of(waits, before=before)
    assert (figures.taken, figures.person_steps, figures.steps) == ({}, 0, 2)


# Time the person held -----------------------------------------------------------------------------------------------


def test_held_time_counts_in_the_total_and_not_in_what_was_saved() -> None:
    async def pauses(session: Session) -> None:
        await asyncio.sleep(1.0)
        session.pause()
        await asyncio.sleep(10.0)
        session.go_on()

    figures = figures_of(pauses)
    # The verdict on step 0 waited from 2 s to 11 s; three calls of 2 s follow.
    assert (figures.held_s, figures.total_s, figures.target_alone_s) == (10.0, 17.0, 8.0)
    assert figures.saved_s == 8.0 - (17.0 - 10.0), "one second of the ten was the target's own"
    assert figures.as_json()["held_s"] == 10.0


@pytest.mark.parametrize("ends", ["go on", "take", "steer", "stop"])
def test_whatever_ends_it_the_time_held_is_counted_once(ends: str) -> None:
    async def main() -> Figures:
        async with plan("Tidy up", target=along(2.0)) as session:
            session.pause()
            await asyncio.sleep(3.0)
            match ends:
                case "go on":
                    session.go_on()
                case "take":
                    session.take("a")
                case "steer":
                    session.steer("Mind the cat.")
                case _:
                    session.stop()
            await asyncio.sleep(1.0)
        return session.figures

    assert run(main()).held_s == 3.0


def test_going_back_holds_from_then_on_and_going_further_back_does_not_begin_again() -> None:
    async def wavers(session: Session) -> None:
        await asyncio.sleep(4.5)
        session.go_back(1)
        await asyncio.sleep(1.0)
        session.go_back(0)
        await asyncio.sleep(1.0)
        session.go_on()

    figures = figures_of(wavers)
    assert figures.held_s == 2.0
    assert figures.total_s == 8.5
    assert figures.saved_s == 8.0 - (8.5 - 2.0), "step 2 was answered in the meantime"


def test_two_times_held_add_up() -> None:
    async def pauses(session: Session) -> None:
        for _ in range(2):
            session.pause()
            await asyncio.sleep(1.25)
            session.go_on()
            await asyncio.sleep(0.25)

    assert figures_of(pauses).held_s == 2.5


def test_held_time_is_no_part_of_the_window_in_which_the_oracle_lets_the_person_take_a_step() -> None:
    async def takes(session: Session) -> None:
        await asyncio.sleep(0.5)
        session.pause()
        await asyncio.sleep(60.0)
        session.take("a")

    # The person took half a second of their own, then three calls of 2 s.
    assert figures_of(takes).oracle_s == 6.5


# The window as it runs ----------------------------------------------------------------------------------------------


def test_how_long_the_target_usually_takes_is_said_from_its_third_answer_on() -> None:
    seen: list[tuple[float, float] | None] = []

    async def watches(session: Session) -> None:
        async with session.events() as events:
            seen.extend([session.figures.usual_s async for record in events if record.event.kind == "verified"])

    takes = along(lambda prefix: [1.0, 5.0, 2.0, 4.0][len(prefix)])
    assert figures_of(watches, target=takes).usual_s == (2.0, 4.0)
    assert seen == [None, None, (1.0, 5.0), (2.0, 4.0)]


def test_three_of_five_answers_came_within_the_usual_time() -> None:
    figures = figures_of(
        _waits, target=FakeAgent(lambda p: Step("a" if len(p) < 10 else "finish"), takes_s=lambda p: 1.0 + len(p))
    )
    assert figures.usual_s == (3.0, 9.0), "11 answers of 1 to 11 s: the third and the ninth"


async def _waits(session: Session) -> None:
    await session.result()


def test_calls_that_were_closed_or_failed_say_nothing_of_how_long_an_answer_takes() -> None:
    async def takes(session: Session) -> None:
        for action in ("a", "b"):
            await asyncio.sleep(0.5)
            session.take(action)

    figures = figures_of(takes)
    assert figures.usual_s is None, "two answers and two closed calls"
    assert figures.target_call_s == 2.0


def test_since_when_the_target_works_on_a_step_is_known_while_it_does() -> None:
    async def watches(session: Session) -> None:
        await asyncio.sleep(1.0)
        assert [session.figures.asked_s(at) for at in range(4)] == [0.0, 0.5, None, None]
        await asyncio.sleep(1.25)
        assert [session.figures.asked_s(at) for at in range(4)] == [None, 0.5, 1.0, 1.5]

    assert figures_of(watches, lookahead=4).asked_s(3) is None


def test_after_steering_it_is_the_new_call_that_counts() -> None:
    async def steers(session: Session) -> None:
        await asyncio.sleep(1.25)
        session.steer("Mind the cat.")
        await asyncio.sleep(0.25)
        assert session.figures.asked_s(0) == 1.25
        session.take("a")

    assert figures_of(steers).taken[0].saved_s == 1.75
