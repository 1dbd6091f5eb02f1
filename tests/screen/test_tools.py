"""Steps that are executed, on the screen: what came of them, what is asked, and which key answers it."""

from __future__ import annotations

import asyncio

import pytest

from outrider import Declared, Step
from outrider.model import Task
from outrider.rules.events import Approved, Asked, Confirmed, Drafted, Event, Executed, Executing, Lost, Observed, Opened, Shown
from outrider.testing import FakeTools

from .watching import Watched, check_picture, drawn, lines_of, told, watched

pytestmark = pytest.mark.asyncio

BREAD, BUTTER, POST = Step("buy bread"), Step("buy butter"), Step("post letter")
LOOK = Declared("look", effect="none")
ASKS = Declared("post letter", approval="always", undo=True)


class Held(FakeTools):
    """Fake tools that answer when the test lets them."""

    def __init__(self, *declared: Declared) -> None:
        super().__init__(*declared, observations=lambda step, effects: f"did {step}")
        self.opened = asyncio.Event()

    async def run(self, step: Step, *, key: str) -> str:
        await self.opened.wait()
        return await super().run(step, key=key)


def let_through(*declared: Declared, **more: object) -> FakeTools:
    return FakeTools(*declared, observations=lambda step, effects: f"did {step}", **more)  # type: ignore[arg-type]


def a_run() -> list[tuple[float, Event]]:
    """One step run early, one rejected draft's run withdrawn, and a third that asks."""
    trains, hotels, book = Step("trains", {"to": "Bergen"}), Step("hotels", {"town": "Bergen"}), Step("book", {"train": "IC 7"})
    wrong = Step("hotels", {"town": "Oslo"})
    declared = (Declared("trains", effect="none"), Declared("hotels", effect="read"), Declared("book", approval="always"))
    return [
        (0.0, Opened(task=Task("Go to Bergen"), approximation="quick", target="slow", lookahead="lookahead-2", max_steps=9,
                     tools=declared, asks=True)),
        (0.5, Drafted(call=0, at=0, steps=(trains,))),
        (0.5, Shown(at=0, step=trains)),
        (0.5, Executing(execution=0, at=0, step=trains, live=False, key="0")),
        (2.0, Observed(execution=0, at=0, observation='["IC 7"]')),
        (2.4, Confirmed(at=0, step=trains, by="target", call=1, drafts=(0,))),
        (2.4, Executed(at=0, step=trains.observed('["IC 7"]'), execution=0)),
        (3.0, Executing(execution=1, at=1, step=wrong, live=False, key="1")),
        (4.0, Confirmed(at=1, step=hotels, by="target", call=2)),
        (4.0, Lost(execution=1, at=1, reason="its prefix was rejected", withdrawn=True)),
        (4.0, Executing(execution=2, at=1, step=hotels, live=True, key="2")),
        (6.0, Observed(execution=2, at=1, observation="Marken\nSandviken")),
        (6.0, Executed(at=1, step=hotels.observed("Marken\nSandviken"), execution=2)),
        (8.0, Confirmed(at=2, step=book, by="target", call=3)),
        (8.0, Asked(at=2, step=book, question="approval")),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_executed_steps_and_a_question_look_as_they_are_kept(size: tuple[int, int]) -> None:
    async with drawn(told(*a_run()), size=size, now_s=9.0) as (screen, pilot):
        await pilot.press("l")
        await check_picture(screen, pilot, f"tools-asked-{'x'.join(map(str, size))}")


async def test_a_tool_that_runs_looks_as_it_is_kept() -> None:
    book = Step("book", {"train": "IC 7"})
    runs: list[tuple[float, Event]] = [(8.5, Approved(at=2)), (8.5, Executing(execution=3, at=2, step=book, live=True, key="3"))]
    async with drawn(told(*a_run(), *runs), now_s=9.0) as (screen, pilot):
        await check_picture(screen, pilot, "tools-running-80x24")


async def test_text_of_tools_commands_no_terminal() -> None:
    odd = "[bold red]wipe[/] \x1b[2J\u202e"
    step = Step("trains", {"to": "Bergen"})
    records = told(*a_run()[:6], (2.4, Executed(at=0, step=step.observed(odd), execution=0)))
    async with drawn(records) as (screen, _):
        text = "\n".join(lines_of(screen))
        assert "→ [bold red]wipe[/]" in text
        assert not set(text) & {"\x1b", "\u202e"}


async def asked(seen: Watched, *, why: str) -> None:
    seen.target.answers(POST)
    await seen.until("? 0 Step 0, post letter,", why)


async def test_y_lets_the_tool_run_and_the_plan_goes_on_after_it() -> None:
    tools = let_through(ASKS)
    async with watched(tools=tools) as seen:
        await asked(seen, why="changes the world. y runs it, s says what came of it, b goes back, q stops")
        assert tools.effects == []
        await seen.press("y")
        await seen.until("→ did post letter", "1 yours to take; the target is at work")
        assert [step for _, step in tools.effects] == [POST]


async def test_s_says_what_came_of_it_and_the_tool_is_not_run() -> None:
    tools = let_through(ASKS)
    async with watched(tools=tools) as seen:
        await asked(seen, why="changes the world")
        await seen.press("s")
        await seen.until("What came of step 0", "Enter say so")
        await seen.type("it is in the box")
        await seen.press("enter")
        await seen.until("→ it is in the box (in your words)")
        assert tools.effects == []
        assert seen.session.plan.prefix == (POST.observed("it is in the box"),)


async def test_b_goes_back_to_the_step() -> None:
    tools = let_through(ASKS)
    async with watched(tools=tools) as seen:
        await asked(seen, why="changes the world")
        await seen.press("b")
        await seen.until("you went back; it was: post letter")
        assert tools.effects == []


async def test_neither_enter_nor_a_key_that_came_too_soon_runs_what_changes_the_world() -> None:
    tools = let_through(ASKS)
    async with watched(tools=tools) as seen:
        await asked(seen, why="changes the world")
        await seen.pilot.press("y")  # the clock stands still: nobody can have read it
        await seen.until("only just been asked")
        await seen.press("enter")
        await seen.until("There is no draft to accept")
        assert tools.effects == []


async def test_an_effect_of_which_nobody_knows_is_asked_about_and_not_gone_back_behind() -> None:
    async with watched(tools=let_through(Declared("post letter"), loses=lambda step, key: "after")) as seen:
        await asked(seen, why="Whether it has had its effect is not known. y runs it again, s says what came of it, h it has")
        await seen.press("b")
        await seen.until("has had its effect is not known; say what has come of it first")


async def test_h_says_that_it_has_happened_so_that_going_back_takes_it_back() -> None:
    tools = let_through(Declared("post letter", undo=True), loses=lambda step, key: "after")
    async with watched(tools=tools) as seen:
        await asked(seen, why="Whether it has had its effect is not known.")
        await seen.press("h")
        await seen.until("Step 0 has happened, and going back takes it back", "Enter say so")
        await seen.type("it is in the box")
        await seen.press("enter")
        await seen.until("→ it is in the box (in your words)")
        await seen.press("g", "enter")
        await seen.until("you went back; it was: post letter")
        assert [step.named for _, step in tools.undone] == [POST]


async def test_a_tool_that_gave_no_answer_may_be_run_again() -> None:
    async with watched(tools=let_through(Declared("post letter", effect="read"), loses=lambda step, key: "before")) as seen:
        await asked(seen, why="gave no answer: post letter gave no answer. y runs it again")


async def test_a_step_taken_while_the_one_before_runs_counts_once_that_is_executed() -> None:
    tools = Held(Declared("buy bread"))
    async with watched(tools=tools) as seen:
        seen.target.answers(BREAD)
        await seen.until("→ running", "yours to take; it comes once step 0 has been executed")
        await seen.press("t")
        await seen.type("buy butter")
        await seen.press("enter")
        await seen.until("buy butter yours, once step 0 has been executed")
        tools.opened.set()
        await seen.until("✓ 1 buy butter taken by you")


async def test_no_going_back_behind_what_cannot_be_undone_is_said_as_other_refusals_are() -> None:
    async with watched(tools=let_through(Declared("buy bread"))) as seen:
        seen.target.answers(BREAD)
        await seen.until("→ did buy bread")
        await seen.press("g", "enter")
        await seen.until("has been executed and cannot be undone, so there is no going back behind it")


async def test_an_effect_that_could_not_be_taken_back_stays_in_the_plan_and_is_told() -> None:
    tools = let_through(Declared("buy bread", undo=True), cannot_undo=["buy bread"])
    async with watched(tools=tools) as seen:
        seen.target.answers(BREAD)
        await seen.until("→ did buy bread")
        await seen.press("g", "enter")
        await seen.until(
            "Step 0, buy bread, could not be taken back, so the plan goes on after it", "✓ 0 buy bread", "→ did buy bread"
        )
        assert seen.session.plan.prefix == (BREAD.observed("did buy bread"),)
