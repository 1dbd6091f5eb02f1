"""The person on the terminal screen: watch, accept, take, go back, steer, pause, stop; and what happens when things cross."""

from __future__ import annotations

import pytest
from textual.events import Paste

from outrider import Budget, Limits
from outrider.views.screen.app import A_MOMENT_S

from .watching import Watched, watched

pytestmark = pytest.mark.asyncio


async def two_drafts(seen: Watched) -> None:
    """Butter is drafted first and bread after it; the target is at work on both."""
    seen.drafter.answers("buy butter")
    await seen.until_drafted("buy butter")


# Watching -----------------------------------------------------------------------------------------------------------


async def test_the_plan_grows_and_one_draft_stands_after_it() -> None:
    async with watched() as seen:
        await seen.until(
            "Shop for breakfast", "target slow · drafts quick, lookahead-2", "0 yours to take; the target is at work"
        )
        seen.drafter.answers("buy butter")
        seen.drafter.answers("post letter", "buy butter")
        await seen.until("… 0 buy butter verifying, ")
        assert "post letter" not in seen.text
        seen.target.answers("buy butter")
        await seen.until("✓ 0 buy butter as drafted", "… 1 post letter verifying")


async def test_a_correction_says_what_it_replaced() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        seen.target.answers("buy bread")
        await seen.until("✓ 0 buy bread instead of buy butter", "1 yours to take")


async def test_a_complete_plan_stays_on_the_screen_until_the_person_leaves() -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        seen.target.answers("finish", "buy bread")
        await seen.until("Plan complete; Enter leaves", "✓ 1 finish")
        await seen.press("l")
        await seen.until("drafts", "█ used")
        assert seen.screen.is_running
        await seen.press("enter")
        await seen.until_true(lambda: not seen.screen.is_running)


async def test_an_enter_that_was_meant_for_the_last_draft_does_not_leave() -> None:
    async with watched() as seen:
        seen.target.answers("finish")
        await seen.until("Plan complete; Enter leaves")
        await seen.pilot.press("enter")
        await seen.until("The run has only just ended; Enter once more leaves")
        assert seen.screen.is_running


# Accepting ----------------------------------------------------------------------------------------------------------


async def test_enter_accepts_the_draft_and_the_wait_is_over() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("enter")
        await seen.until("✓ 0 buy butter", "taken by you, not verified; what it saved is unknown", "… 1")
        assert seen.plan == ["buy butter"]
        assert () in seen.target.closed


async def test_what_a_taken_step_saved_is_said_once_the_targets_answers_are_known() -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        seen.drafter.answers("buy butter", "buy bread")
        await seen.until_drafted("buy butter")
        await seen.press("enter")
        await seen.until("✓ 1 buy butter", "taken by you, not verified; ", " saved, ")


async def test_enter_without_a_draft_takes_nothing() -> None:
    async with watched() as seen:
        await seen.until("yours to take")
        await seen.press("enter")
        await seen.until("There is no draft to accept; t takes a step of your own")
        assert seen.plan == []


async def test_enter_on_a_draft_that_has_only_just_come_takes_nothing_until_it_is_pressed_again() -> None:
    async with watched() as seen:
        await seen.until("yours to take")
        seen.drafter.answers("buy butter")
        await seen.until("buy butter verifying")
        seen.clock.now_s += A_MOMENT_S / 2
        await seen.pilot.press("enter")
        await seen.until("That draft has only just come; Enter again accepts it")
        assert seen.plan == []
        await seen.press("enter")
        await seen.until("taken by you")


async def test_enter_while_the_run_is_paused_accepts_the_draft_too() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("space")
        await seen.until("buy butter verifying, ", "; paused")
        await seen.press("enter")
        await seen.until("taken by you", "… 1")


# Things that cross --------------------------------------------------------------------------------------------------


async def overtaken(seen: Watched, answer: str, *then: str) -> None:
    """A draft of butter is on display, and unseen by the person the target has answered."""
    await two_drafts(seen)
    seen.gate.shut()
    plan = [answer, *then]
    for at, action in enumerate(plan):
        seen.target.answers(action, *plan[:at])
    await seen.until_true(lambda: seen.session.next_at == len(plan), "the answers to arrive")


async def test_accepting_what_the_target_has_just_answered_says_only_that() -> None:
    async with watched() as seen:
        await overtaken(seen, "buy butter")
        await seen.press("enter")
        seen.gate.open()
        await seen.until("The target had just answered the same.", "✓ 0 buy butter as drafted")


async def test_accepting_after_another_answer_asks_kindly_and_y_keeps_the_persons_step() -> None:
    async with watched() as seen:
        await overtaken(seen, "buy bread", "post letter")
        await seen.press("enter")
        seen.gate.open()
        await seen.until(
            "The target had just answered: buy bread. Keep yours, buy butter; 1 step after it would be planned anew? "
            "y keeps yours, n lets it stand"
        )
        assert seen.plan == ["buy bread", "post letter"]
        await seen.press("y")
        await seen.until("✓ 0 buy butter", "taken by you", "… 1")
        assert seen.plan == ["buy butter"]


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_n_lets_the_targets_step_stand(key: str) -> None:
    async with watched() as seen:
        await overtaken(seen, "buy bread")
        await seen.press("enter")
        seen.gate.open()
        await seen.until("Keep yours, buy butter?")
        await seen.press("enter", "t", "q", "space")  # none of them answers the question
        await seen.until("Keep yours, buy butter?")
        await seen.press(key)
        await seen.until("✓ 0 buy bread instead of buy butter", "t take")
        assert "Keep yours" not in seen.text
        assert seen.plan == ["buy bread"]


async def test_an_answer_that_comes_while_the_person_types_is_told_and_the_typed_step_is_asked_about() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("post letter")
        seen.target.answers("buy bread")
        await seen.until("Step 0 has its answer: buy bread. Enter asks whether to keep yours", "post letter")
        await seen.press("enter")
        await seen.until("The target had just answered: buy bread. Keep yours, post letter?")
        await seen.press("y")
        await seen.until("✓ 0 post letter", "taken by you")


async def test_what_crosses_the_end_of_the_run_is_one_line() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("post letter")
        seen.target.answers("finish")
        await seen.until("Plan complete")
        await seen.press("enter")
        await seen.until("the run has ended (complete); the plan stands as it is")
        assert seen.screen.is_running


# Taking another step ------------------------------------------------------------------------------------------------


async def test_a_step_is_typed_with_completion_and_taken() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.until("Your step 0", "buy bread fetches a loaf", "travel goes to another town")
        await seen.type("buy")
        await seen.until_true(lambda: "post letter" not in seen.text)
        await seen.press("down", "down", "up", "tab")
        await seen.until_true(lambda: seen.typed == "buy bread")
        await seen.press("enter")
        await seen.until("✓ 0 buy bread", "taken by you instead of buy butter, not verified", "… 1")
        assert seen.plan == ["buy bread"]


async def test_a_chosen_completion_is_taken_as_it_is_and_one_with_arguments_waits_for_them() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("tr")
        await seen.press("down", "enter")
        await seen.until("travel(")
        await seen.type("town=Oslo)")
        await seen.press("enter")
        await seen.until('✓ 0 travel(town="Oslo")', "taken by you")


async def test_any_letter_that_is_no_command_begins_to_type() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("b")
        await seen.until("Your step 0", "buy butter fetches butter")
        await seen.type("uy bread")
        await seen.press("enter")
        await seen.until("✓ 0 buy bread")


async def test_letters_that_are_commands_elsewhere_are_letters_in_the_input() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("qsplgt?")
        assert seen.typed == "qsplgt?"
        await seen.press("escape")
        await seen.until("Enter accept")
        assert seen.plan == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "nothing is typed; name the action of the step"),
        ("buy breat", "did you mean buy bread?"),
        ("travel(city=Oslo)", "the arguments of travel do not fit"),
        ("travel(Oslo)", "'Oslo' is no argument"),
        ("post letter(to=Ann)", "post letter takes no arguments"),
    ],
)
async def test_a_bad_step_is_explained_under_the_input_and_what_was_typed_stays(typed: str, says: str) -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type(typed)
        await seen.press("enter")
        await seen.until(says)
        assert seen.typed == typed
        assert seen.plan == []
        await seen.press("backspace", "x")
        assert says not in seen.flat


async def test_without_a_world_a_step_is_whatever_is_typed() -> None:
    async with watched(world=None) as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("Ask the baker")
        await seen.press("enter")
        await seen.until("✓ 0 Ask the baker")


async def test_pasted_text_is_never_read_as_commands() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        seen.screen.post_message(Paste("\nquit now\nor not"))
        await seen.until("Your step 0", "quit now")
        assert seen.session.figures.total_s is None


# Going back ---------------------------------------------------------------------------------------------------------


async def test_the_person_goes_back_and_takes_another_step() -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        seen.target.answers("buy butter", "buy bread")
        await seen.until("✓ 1 buy butter", "… 2")
        await seen.press("g")
        await seen.until("▸ 1 buy butter", "Enter go back to it")
        await seen.press("up")
        await seen.until("▸ 0 buy bread")
        await seen.press("enter")
        await seen.until("… 0 you went back; it was: buy bread; Enter keeps it, or take another")
        await seen.press("t")
        await seen.type("post letter")
        await seen.press("enter")
        await seen.until("✓ 0 post letter", "taken by you", "… 1")
        assert seen.plan == ["post letter"]


async def test_after_going_back_space_goes_on_with_what_was_there_and_asks_nobody_again() -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        seen.target.answers("buy butter", "buy bread")
        await seen.until("✓ 1 buy butter", "… 2")
        asked = len(seen.target.asked)
        await seen.press("g", "home", "enter")
        await seen.until("you went back")
        await seen.press("space")
        await seen.until("✓ 0 buy bread", "✓ 1 buy butter", "… 2")
        assert len(seen.target.asked) == asked


async def test_escape_leaves_the_plan_as_it_is_and_nothing_confirmed_is_nothing_to_go_back_to() -> None:
    async with watched() as seen:
        await seen.press("g")
        await seen.until("No step is confirmed so far; there is nothing to go back to")
        seen.target.answers("buy bread")
        await seen.until("✓ 0 buy bread")
        await seen.press("g")
        await seen.until("▸ 0 buy bread")
        await seen.press("escape")
        await seen.until("✓ 0 buy bread", "g back")
        assert seen.plan == ["buy bread"]


# Steering, pausing, stopping ----------------------------------------------------------------------------------------


async def test_a_sentence_steers_from_here_on_and_an_empty_one_takes_it_back() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("s")
        await seen.until("Steer: a sentence added to the task from step 0 on")
        await seen.type("Ann is vegan.")
        await seen.press("enter")
        await seen.until("Steered from step 0 on: Ann is vegan.")
        await seen.until_true(lambda: ("Shop for breakfast Ann is vegan.", ()) in seen.target.asked)
        await seen.press("s", "enter")
        await seen.until_true(lambda: "Ann is vegan" not in seen.text)
        await seen.press("s", "enter")
        await seen.until("there is no sentence to take back")


async def test_while_it_is_paused_the_answer_waits_for_the_person() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("p")
        await seen.until("; paused", "space go on")
        seen.target.answers("buy bread")
        await seen.until("… 0 the target has answered: buy bread; Enter keeps it, or take another")
        assert seen.plan == []
        await seen.press("space")
        await seen.until("✓ 0 buy bread", "space pause")


@pytest.mark.parametrize("drafted", [True, False], ids=["drafted", "not drafted"])
async def test_enter_keeps_the_answer_that_waits_once_it_has_been_there_for_a_moment(drafted: bool) -> None:
    async with watched() as seen:
        await seen.until("yours to take")
        if drafted:
            await two_drafts(seen)
        await seen.press("space")
        await seen.until("paused")
        seen.target.answers("buy bread")
        await seen.until("the target has answered: buy bread; Enter keeps it", "Enter keep it", "space go on", "? help")
        await seen.pilot.press("enter")
        await seen.until("That step has only just come; Enter again keeps it")
        assert seen.plan == []
        await seen.press("enter")
        await seen.until("✓ 0 buy bread", "space pause")
        assert seen.plan == ["buy bread"]


async def test_enter_keeps_the_step_that_the_person_went_back_to() -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        await seen.until("✓ 0 buy bread")
        await seen.press("g", "enter")
        await seen.until("you went back; it was: buy bread", "Enter keep it")
        await seen.press("enter")
        await seen.until("✓ 0 buy bread", "yours to take")
        assert seen.session.plan.steps[0].by == "target"


async def test_paused_without_a_draft_it_says_what_is_under_way() -> None:
    async with watched() as seen:
        await seen.until("yours to take")
        await seen.press("space")
        await seen.until("paused; the target is at work, ", "space goes on")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_stopping_closes_every_call_keeps_the_plan_and_leaves(key: str) -> None:
    async with watched() as seen:
        seen.target.answers("buy bread")
        await seen.until("✓ 0 buy bread", "… 1")
        await seen.press(key)
        await seen.until_true(lambda: not seen.screen.is_running)
        assert seen.plan == ["buy bread"]
        assert (seen.screen.picture.outcome, seen.screen.picture.reason) == ("stopped", "on request")
        assert seen.session.figures.in_flight == 0


async def test_ctrl_c_stops_while_the_person_types() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("t")
        await seen.type("buy")
        await seen.press("ctrl+c")
        await seen.until_true(lambda: not seen.screen.is_running)
        assert seen.screen.picture.outcome == "stopped"


async def test_a_failed_run_says_why_and_waits_to_be_left() -> None:
    async with watched() as seen:
        await seen.until("yours to take")
        seen.target.fails("the server is on fire")
        await seen.until("Ended: the target agent failed: ", "the server is on fire; Enter leaves")
        assert seen.screen.is_running


async def test_the_page_of_keys_opens_and_closes_and_stops_nothing() -> None:
    async with watched() as seen:
        await two_drafts(seen)
        await seen.press("question_mark")
        await seen.until("accept the draft: the step is yours", "Any key goes back")
        await seen.press("q")
        await seen.until("… 0 buy butter verifying")
        assert seen.screen.picture.outcome is None


# At a limit -----------------------------------------------------------------------------------------------------------


async def test_at_a_budget_the_screen_says_what_is_used_up_and_plus_allows_as_much_again() -> None:
    budget = Budget(calls=1)
    async with watched(lookahead=0, limits=Limits(budget=budget)) as seen:
        seen.target.answers("buy bread")
        await seen.until(
            "1 the budget has no room for another call: 1 of 1 calls spent; + allows as much again, or take the step",
            "+ allow more",
        )
        assert "pause" not in seen.lines[-1]
        await seen.press("plus")
        await seen.until("1 yours to take; the target is at work", "space pause")
        assert budget.calls == 2
        seen.target.answers("finish", "buy bread")
        await seen.until("Plan complete")


async def test_at_a_budget_the_person_may_take_the_step_instead_of_allowing_more() -> None:
    async with watched(lookahead=0, limits=Limits(budget=Budget(calls=1))) as seen:
        seen.target.answers("buy bread")
        await seen.until("1 of 1 calls spent")
        await seen.type("finish")
        await seen.press("enter")
        await seen.until("Plan complete", "✓ 1 finish")
        assert seen.plan == ["buy bread", "finish"]


async def test_at_the_limit_on_steps_plus_allows_as_many_again() -> None:
    async with watched(lookahead=0, max_steps=1) as seen:
        seen.target.answers("buy bread")
        await seen.until("1 step", "; + allows as much again, or take the step", "+ allow more")
        await seen.press("plus")
        await seen.until("1 yours to take; the target is at work")
        seen.target.answers("finish", "buy bread")
        await seen.until("Plan complete")


async def test_going_on_at_a_budget_without_allowing_more_comes_to_it_again() -> None:
    async with watched(lookahead=0, limits=Limits(budget=Budget(calls=1))) as seen:
        seen.target.answers("buy bread")
        await seen.until("1 of 1 calls spent")
        await seen.press("space")
        await seen.until("1 of 1 calls spent", "+ allow more")
        assert len(seen.target.asked) == 1


async def test_at_a_limit_that_is_not_the_sessions_own_plus_says_so_and_the_plan_waits() -> None:
    server = Limits(budget=Budget(calls=1, whose="the budget of this server"))
    async with watched(lookahead=0, limits=Limits(within=server)) as seen:
        seen.target.answers("buy bread")
        await seen.until("the budget of this server has no room for another call")
        await seen.press("plus")
        await seen.until("the session has no budget of its own")
        assert seen.plan == ["buy bread"]


async def test_away_from_a_limit_plus_allows_nothing_and_is_the_beginning_of_a_step() -> None:
    budget = Budget(calls=9)
    async with watched(lookahead=0, limits=Limits(budget=budget)) as seen:
        await seen.until("yours to take")
        await seen.press("plus")
        await seen.until_true(lambda: seen.typed == "+")
        assert budget.calls == 9
