"""What the person can do in a browser: accept, take, steer, pause, go back, stop; and what is said when somebody was faster."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from outrider import Session
from outrider.rules.events import Confirmed
from outrider.testing import steps

from .conftest import Open, row
from .stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=name != "Accept")


async def typed(page: Page, text: str) -> Locator:
    """The field for a step of one's own, with ``text`` in it."""
    await page.keyboard.press("t")
    field = page.get_by_role("combobox")
    await field.fill(text)
    return field


def actions_of(session: Session) -> list[str]:
    return [step.action for step in session.plan.prefix]


async def test_enter_accepts_the_draft_and_says_that_nobody_verified_it(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(button(page, "Accept")).to_be_enabled()
            await page.keyboard.press("Enter")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")
            await expect(row(page, 0)).to_contain_text("taken by you, not verified")
            await expect(row(page, 1)).to_have_attribute("data-kind", "verifying")
            await expect(page.locator("#said")).to_contain_text("Step 0 confirmed, taken by you: look up trains.")
            await expect(page.locator(".bar.person")).to_have_count(1)


async def test_a_step_that_was_taken_says_what_it_saved_once_that_is_known(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels", "look around", "pay")
        stage.target.says("look up trains", "look up hotels", "look around")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 3)).to_have_attribute("data-kind", "verifying")
            await expect(button(page, "Accept")).to_be_enabled()
            await button(page, "Accept").click()
            await expect(row(page, 3)).to_contain_text(re.compile("taken by you, not verified; .* saved"))


async def test_a_step_is_taken_by_keyboard_alone_with_completion(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.keyboard.press("t")
            field = page.get_by_role("combobox", name="Your step 0")
            await expect(field).to_be_focused()
            await expect(field).to_have_attribute("placeholder", "type, or ↓ for the list")
            await page.keyboard.type("look")
            await expect(page.get_by_role("option")).to_have_count(3)
            await expect(field).to_have_attribute("aria-expanded", "true")
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("ArrowDown")
            await expect(page.get_by_role("option", selected=True)).to_contain_text("look up hotels")
            await page.keyboard.press("Enter")
            await expect(field).to_have_value("look up hotels")
            await page.keyboard.press("Enter")
            await expect(row(page, 0).locator(".step")).to_have_text("look up hotels")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")


async def test_an_action_with_arguments_is_completed_with_places_for_them(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            field = await typed(page, "bo")
            await page.get_by_role("option", name="book").click()
            await expect(field).to_have_value("book(where=, nights=)")
            await field.fill("book(where=Oslo, nights=2)")
            await button(page, "Take it").click()
            await expect(row(page, 0).locator(".step")).to_have_text('book(nights=2, where="Oslo")')
            assert session.plan.prefix[0].arguments == {"nights": 2, "where": "Oslo"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("book(where=Oslo, nights=two)", "the arguments of book do not fit"),
        ("look up trians", "did you mean look up trains?"),
        ("", "Name the step"),
    ],
)
async def test_a_step_that_does_not_fit_is_told_beside_the_field_and_what_was_typed_stays(
    opened: Open, text: str, said: str
) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            field = await typed(page, text)
            await button(page, "Take it").click()
            await expect(page.get_by_role("alert")).to_contain_text(said)
            await expect(field).to_have_value(text)
            await expect(field).to_have_attribute("aria-invalid", "true")
            await field.fill("pay")
            await expect(page.get_by_role("alert")).to_have_count(0)
            assert session.next_at == 0


async def raced(stage: Stage, session: Session, page: Page) -> None:
    """The person types a step of their own for step 0; the target answers before they send it."""
    await typed(page, "look up hotels")
    stage.target.says("look around")
    await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
    await expect(page.get_by_text("Step 0 has been answered meanwhile: look around")).to_be_visible()
    await button(page, "Take it").click()
    await expect(page.get_by_text("The target had just answered: look around. Keep yours, look up hotels?")).to_be_visible()


async def test_who_was_slower_than_the_target_is_asked_and_can_keep_theirs(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await raced(stage, session, page)
            await button(page, "Keep mine").click()
            await expect(row(page, 0).locator(".step")).to_have_text("look up hotels")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")
            await expect(page.locator("[data-notice]")).to_have_count(0)


async def test_who_was_slower_by_several_steps_is_told_what_keeping_theirs_would_cost(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await raced(stage, session, page)
            stage.target.says("pay", "pay", after=tuple(steps("look around")))
            await expect(page.get_by_text("It would be step 0, and 2 steps after it would be planned anew.")).to_be_visible()


async def test_who_was_slower_than_the_target_can_leave_it_at_that(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await raced(stage, session, page)
            await button(page, "Keep the target's").click()
            await expect(page.locator("[data-notice]")).to_have_count(0)
            assert actions_of(session) == ["look around"]


async def test_accepting_a_draft_that_was_corrected_on_the_way_asks_too(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page, session.events() as events:

            async def overtaken(route: Route) -> None:
                stage.target.says("look around")
                async for record in events:
                    if isinstance(record.event, Confirmed):
                        break
                await route.continue_()

            await page.route("**/commands", overtaken)
            await expect(button(page, "Accept")).to_be_enabled()
            await page.keyboard.press("Enter")
            await expect(page.locator("[data-notice=race]")).to_contain_text("The target had just answered: look around.")


async def test_a_command_whose_answer_is_lost_is_sent_again_and_done_once(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            sent: list[str] = []

            async def lost(route: Route) -> None:
                sent.append(route.request.post_data or "")
                await route.fetch()
                await (route.abort() if len(sent) == 1 else route.continue_())

            await page.route("**/commands", lost)
            await expect(button(page, "Accept")).to_be_enabled()
            async with page.expect_response("**/commands") as answered:  # the first one has none: its answer is lost
                await page.keyboard.press("Enter")
            assert (await answered.value).status == 200
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")
            assert len(set(sent)) == 1
            assert actions_of(session) == ["look up trains"]
            await expect(page.locator("[data-notice]")).to_have_count(0)


async def test_going_back_opens_a_step_again_and_going_on_keeps_it(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels", "pay")
        stage.target.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 2)).to_have_attribute("data-kind", "verifying")
            await button(page, "Go back to step 0: look up trains").click()
            await expect(row(page, 0)).to_have_attribute("data-kind", "waiting")
            await expect(row(page, 1)).to_have_count(0)
            await expect(page).to_have_title(re.compile("Held at step 0"))
            await expect(button(page, "Keep it Enter")).to_have_count(0)
            await button(page, "Go on").click()
            await expect(row(page, 1)).to_have_attribute("data-kind", "confirmed")
            assert actions_of(session) == ["look up trains", "look up hotels"]


async def test_going_back_lets_the_person_take_another_step(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 1)).to_have_attribute("data-kind", "verifying")
            await button(page, "Go back to step 0: look up trains").click()
            await expect(row(page, 0)).to_have_attribute("data-kind", "waiting")
            await typed(page, "pay")
            await button(page, "Take it").click()
            await expect(row(page, 0).locator(".step")).to_have_text("pay")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")


async def test_steering_adds_a_sentence_to_the_task_and_it_can_be_taken_back(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.keyboard.press("s")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("alert")).to_contain_text("Say in a sentence")
            await page.keyboard.type("By train only.")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("list", name="Added to the task")).to_contain_text("from step 0 on: By train only.")
            await expect(page.locator("form")).to_have_count(0)
            await expect(page.get_by_role("main")).to_be_focused()
            assert "By train only." in stage.target.tasks[-1]
            await page.keyboard.press("s")
            await button(page, "Take back what was added").click()
            await expect(page.get_by_role("list", name="Added to the task")).to_have_count(0)


async def test_a_sentence_that_is_on_its_way_is_sent_once_and_closes_no_panel_but_its_own(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            arrived = asyncio.Event()
            sent: list[Request] = []

            async def late(route: Route) -> None:
                sent.append(route.request)
                await arrived.wait()
                await route.continue_()

            await page.route("**/commands", late)
            await page.keyboard.press("s")
            await page.keyboard.type("By train only.")
            await page.keyboard.press("Enter")
            await page.keyboard.press("Enter")
            await page.keyboard.press("Escape")
            field = await typed(page, "look")
            arrived.set()
            await expect(page.get_by_role("list", name="Added to the task").get_by_role("listitem")).to_have_count(1)
            await (await sent[0].response() or pytest.fail("nothing answered")).finished()
            await page.keyboard.type(" up")
            await expect(field).to_have_value("look up")
            await expect(field).to_be_focused()
            assert len(sent) == 1


async def test_while_paused_the_targets_answer_waits_and_going_on_takes_it(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            await page.keyboard.press("p")
            await expect(row(page, 0)).to_contain_text("paused")
            stage.target.says("look around")
            await expect(row(page, 0)).to_have_attribute("data-kind", "waiting")
            await expect(row(page, 0).locator(".step")).to_have_text("look around")
            await expect(page.locator("[data-kind=verifying], [data-kind=yours]")).to_have_count(0)
            assert session.next_at == 0
            await page.keyboard.press("p")
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")


async def test_stopping_asks_once_and_keeps_the_plan(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await page.keyboard.press("x")
            await expect(button(page, "Stop the run")).to_be_focused()
            await page.keyboard.press("Escape")
            await expect(button(page, "Stop the run")).to_have_count(0)
            await button(page, "Stop").click()
            await button(page, "Stop the run").click()
            await expect(page.get_by_role("heading", name=re.compile("Stopped: 1 step in "))).to_be_visible()
            await expect(row(page, 0)).to_have_attribute("data-kind", "confirmed")
            await expect(row(page, 1)).to_have_count(0)
            await expect(page.get_by_role("link", name="Go on from this plan")).to_be_visible()


@pytest.mark.parametrize("key", ["x", "s", "t", "?"])
async def test_after_what_a_key_has_opened_is_closed_enter_accepts_the_draft(opened: Open, key: str) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await expect(button(page, "Accept")).to_be_enabled()
            await page.keyboard.press(key)
            await expect(page.locator(".panel, dialog")).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.locator(".panel, dialog")).to_have_count(0)
            await page.keyboard.press("Enter")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")
            await page.keyboard.press("Enter")  # of no draft
            await expect(page.locator(".panel, dialog")).to_have_count(0)
            assert actions_of(session) == ["look up trains"]
            assert not session.held


async def test_what_a_button_has_opened_gives_the_focus_back_to_it(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            for name in ("Take a step", "Steer", "Stop", "Keys"):
                await button(page, name).click()
                await expect(page.locator(".panel, dialog")).to_be_visible()
                await page.keyboard.press("Escape")
                await expect(page.locator(".panel, dialog")).to_have_count(0)
                await expect(button(page, name)).to_be_focused()


async def test_what_a_key_has_opened_from_within_a_panel_gives_the_focus_to_the_page(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            await page.keyboard.press("x")
            await expect(button(page, "Stop the run")).to_be_focused()
            await page.keyboard.press("s")
            await expect(page.get_by_label("A sentence to add")).to_be_focused()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("main")).to_be_focused()


ENTER_AS_IT_APPEARS = """() => {
    const pressing = new MutationObserver(() => {
        if (!document.querySelector("[data-kind=verifying]")) return;
        pressing.disconnect();
        const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
        window.heard = !document.body.dispatchEvent(enter); // what the page hears as its own it keeps from the browser
    });
    pressing.observe(document.getElementById("page"), { subtree: true, childList: true, attributes: true });
}"""
"""Enter is pressed before anything else happens in the page than that it shows a draft."""


async def test_a_draft_that_has_just_appeared_is_not_accepted_by_a_key_meant_for_the_one_before(opened: Open) -> None:
    async with staged() as stage:
        session = await stage.begin()
        async with opened(stage.url(), session) as page:
            sent: list[Request] = []
            page.on("request", lambda request: sent.extend([request] * (request.method == "POST")))
            await page.evaluate(ENTER_AS_IT_APPEARS)
            stage.drafter.says("look up trains")
            await expect(row(page, 0)).to_have_attribute("data-kind", "verifying")
            await expect(button(page, "Accept")).to_be_enabled()
            assert await page.evaluate("window.heard")
            assert sent == []
            await page.keyboard.press("Enter")
            await expect(row(page, 0)).to_have_attribute("data-kind", "person")


async def test_opening_a_panel_dismisses_an_old_refusal_and_leaves_a_question_whose_step_counts(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains")
        session = await stage.begin()
        async with opened(stage.url(), session) as page:

            async def overtaken(route: Route) -> None:
                session.pause()
                await route.continue_()

            await page.route("**/commands", overtaken, times=1)
            await page.keyboard.press("p")
            await expect(page.locator("[data-notice=trouble]")).to_contain_text("The run waits for you already")
            await page.keyboard.press("s")
            await expect(page.locator("[data-notice]")).to_have_count(0)
            await page.keyboard.press("Escape")
            session.go_on()
            await raced(stage, session, page)
            await page.keyboard.press("s")
            await expect(page.get_by_label("A sentence to add")).to_be_focused()
            await expect(page.locator("[data-notice=race]")).to_be_visible()


async def test_two_browsers_watch_one_session_and_the_second_to_act_is_told(opened: Open) -> None:
    async with staged() as stage:
        stage.drafter.says("look up trains", "look up hotels")
        session = await stage.begin()
        async with opened(stage.url(), session) as one, opened(stage.url(), session) as other:
            await expect(row(other, 0)).to_have_attribute("data-kind", "verifying")
            await typed(other, "pay")
            await expect(button(one, "Accept")).to_be_enabled()
            await one.keyboard.press("Enter")
            await expect(row(other, 0)).to_have_attribute("data-kind", "person")
            await button(other, "Take it").click()
            await expect(other.locator("[data-notice]")).to_contain_text("look up trains")
            assert actions_of(session) == ["look up trains"]


async def test_at_a_limit_the_plan_waits_and_as_much_again_may_be_allowed(opened: Open) -> None:
    async with staged() as stage:
        stage.target.says("look up trains")
        session = await stage.begin(max_steps=1)
        async with opened(stage.url(), session) as page:
            await expect(row(page, 1)).to_contain_text("1 step")
            await button(page, "Allow as much again").click()
            await expect(row(page, 1)).to_contain_text("the target is at work")
            await expect(button(page, "Pause")).to_be_visible()
    assert session.plan.steps[0].step.action == "look up trains"
