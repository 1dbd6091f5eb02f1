"""What the screen looks like: pictures as text, two sizes, long plans, odd text, and the lanes without colour."""

from __future__ import annotations

import pytest

from outrider import Step
from outrider.model import Task, Usage
from outrider.rules.events import (
    Accepted,
    Cancelled,
    Confirmed,
    Discarded,
    Drafted,
    Ended,
    Event,
    Failed,
    Finished,
    Opened,
    Rejected,
    Shown,
    Started,
    Steered,
    Took,
    Verified,
)
from outrider.views.lanes import Bar
from outrider.views.scene import Window
from outrider.views.screen import svg_of
from outrider.views.screen.chart import MOST_ROWS, lanes
from outrider.views.screen.says import usual

from .watching import check_picture, drawn, lines_of, settled, told

pytestmark = pytest.mark.asyncio

USED = Usage(400, 100, 20, "reported", 0.0021)


def opened(
    task: str = "Given a noisy gray photo, tell me in German what it shows and read it out aloud to the person who asked",
) -> Opened:
    return Opened(task=Task(task), approximation="direct@quick", target="cot@slow", lookahead="lookahead-4", max_steps=60)


def verified(call: int, at: int, action: str) -> Verified:
    return Verified(call=call, at=at, step=Step(action), usage=USED)


def drafted(call: int, at: int, action: str) -> Drafted:
    return Drafted(call=call, at=at, steps=(Step(action),), usage=USED)


def a_run() -> list[tuple[float, Event]]:
    """Three steps confirmed, one of each kind; the fourth is being verified."""
    clean, gray, tell, say = "Image Denoising", "Colorization", "Image Captioning", "Machine Translation"
    return [
        (0.0, opened()),
        (0.0, Started(call=0, role="target", at=0)),
        (0.0, Started(call=1, role="approximation", at=0)),
        (1.0, drafted(1, 0, clean)),
        (1.0, Shown(at=0, step=Step(clean))),
        (1.0, Started(call=2, role="target", at=1)),
        (1.0, Started(call=3, role="approximation", at=1)),
        (2.0, drafted(3, 1, "Image Deblurring")),
        (2.0, Started(call=4, role="target", at=2)),
        (4.0, verified(0, 0, clean)),
        (4.0, Accepted(call=1, at=0, ahead=0, step=Step(clean))),
        (4.0, Confirmed(at=0, step=Step(clean), by="target", call=0, drafts=(1,))),
        (4.0, Shown(at=1, step=Step("Image Deblurring"))),
        (5.5, verified(2, 1, gray)),
        (5.5, Rejected(call=3, at=1, ahead=1, draft=Step("Image Deblurring"), verdict=Step(gray))),
        (5.5, Discarded(at=1, step=Step("Image Deblurring"), calls=(4,))),
        (5.5, Confirmed(at=1, step=Step(gray), by="target", call=2)),
        (5.5, Cancelled(call=4, role="target", at=2, reason="its prefix was rejected", usage=USED)),
        (5.5, Started(call=5, role="target", at=2)),
        (5.5, Started(call=6, role="approximation", at=2)),
        (6.0, drafted(6, 2, tell)),
        (6.0, Shown(at=2, step=Step(tell))),
        (6.5, Took(at=2, step=Step(tell))),
        (6.5, Confirmed(at=2, step=Step(tell), by="person", call=None, drafts=(6,))),
        (
            6.5,
            Cancelled(
                call=5, role="target", at=2, reason="the person took the step", usage=Usage(100, 0, 2, "estimated", 0.0005)
            ),
        ),
        (6.5, Started(call=7, role="target", at=3)),
        (6.5, Started(call=8, role="approximation", at=3)),
        (6.5, Steered(at=3, sentence="Keep it short.")),
        (7.0, drafted(8, 3, say)),
        (7.0, Shown(at=3, step=Step(say))),
        (7.1, Failed(call=9, role="approximation", at=4, error="no")),
    ]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "keys", [(), ("l",), ("t", "b"), ("g",), ("question_mark",), ("s",), ("l", "t"), ("l", "question_mark")], ids="-".join
)
async def test_the_screen_looks_as_it_is_kept(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with drawn(told(*a_run()), size=size, now_s=8.25) as (screen, pilot):
        await pilot.press(*keys)
        await check_picture(screen, pilot, "-".join(("run", *keys, "x".join(map(str, size)))))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_a_complete_plan_looks_as_it_is_kept(size: tuple[int, int]) -> None:
    finish = Step("finish")
    end: list[tuple[float, Event]] = [
        (9.0, verified(7, 3, "finish")),
        (9.0, Confirmed(at=3, step=finish, by="target", call=7)),
        (9.0, Ended(outcome="complete")),
        (9.0, Finished(outcome="complete")),
    ]
    async with drawn(told(*a_run(), *end), size=size) as (screen, pilot):
        await check_picture(screen, pilot, f"complete-{'x'.join(map(str, size))}")


# Law 5, odd text, many steps ----------------------------------------------------------------------------------------


MARKUP = "[bold red]wipe[/] [@click=app.exit]this[/] \x1b[2J \u202e $text"


async def test_text_of_tasks_and_models_is_never_read_as_markup() -> None:
    odd = Step(MARKUP, {"note": "[/] [link=x]y"})
    records = told(
        (0.0, opened(MARKUP)), (0.5, Steered(at=0, sentence=MARKUP)),
        (1.0, Confirmed(at=0, step=odd, by="target", call=0)), (1.0, Shown(at=1, step=odd)),
    )  # fmt: skip
    async with drawn(records) as (screen, pilot):
        await pilot.press("g")
        await settled(screen, pilot, "▸")
        text = " ".join(" ".join(lines_of(screen)).split())
        assert text.count("[bold red]wipe[/] [@click=app.exit]this[/]") == 4
        assert text.count("[/] [link=x]y") == 2
        assert not set(text) & {"\x1b", "\u202e"}


def long_plan(steps: int) -> list[tuple[float, Event]]:
    confirmed = [(float(at), Confirmed(at=at, step=Step(f"Do thing {at}"), by="target", call=at)) for at in range(steps)]
    return [(0.0, opened()), *confirmed, (float(steps), Shown(at=steps, step=Step("Do the rest")))]


async def test_forty_steps_scroll_to_the_end_and_the_next_step_stays_in_sight() -> None:
    async with drawn(told(*long_plan(40))) as (screen, pilot):
        await settled(screen, pilot, "39  Do thing 39", "40  Do the rest", "↑ 26 lines more")
        await pilot.press("home")
        await settled(screen, pilot, "  0  Do thing 0", "40  Do the rest", "↓ 26 lines more")
        await pilot.press("pagedown", "down", "up")
        await settled(screen, pilot, "Do thing 14", "↑ 14 lines more")
        await pilot.press("end", "g")
        await settled(screen, pilot, "▸ 39  Do thing 39")
        await pilot.press(*["up"] * 39)
        await settled(screen, pilot, "▸  0  Do thing 0", "40  Do the rest")
        await pilot.press("escape")
        await settled(screen, pilot, "✓ 39  Do thing 39")


async def test_a_long_draft_is_shown_whole_since_who_accepts_it_is_to_have_seen_it() -> None:
    long = "Ask the neighbours whether they would mind " * 4 + "at all"
    async with drawn(told((0.0, opened()), (1.0, Shown(at=0, step=Step(long))))) as (screen, _):
        assert long in " ".join(" ".join(lines_of(screen)).split())


async def test_a_confirmed_step_of_a_hundred_thousand_characters_leaves_the_others_in_sight() -> None:
    first, long = Step("first things first"), Step("y" * 100_000)
    steps: list[tuple[float, Event]] = [
        (1.0, Confirmed(at=0, step=first, by="target", call=0)),
        (2.0, Confirmed(at=1, step=long, by="target", call=1)),
    ]
    async with drawn(told((0.0, opened()), *steps)) as (screen, _):
        seen = lines_of(screen)
        assert any("first things first" in line for line in seen)
        assert any(line.endswith("y…") for line in seen)


@pytest.mark.parametrize("size", [(20, 6), (40, 10), (300, 90)])
async def test_any_window_is_drawn(size: tuple[int, int]) -> None:
    async with drawn(told(*a_run()), size=(80, 24)) as (screen, pilot):
        await pilot.resize_terminal(*size)
        await pilot.press("l", "t", "x", "escape")
        assert all(len(line) <= size[0] for line in lines_of(screen))


@pytest.mark.parametrize("size", [(20, 5), (40, 8), (80, 8), (40, 12), (80, 16)], ids="{0[0]}x{0[1]}".format)
async def test_in_a_low_window_what_is_typed_and_the_keys_stay_in_sight(size: tuple[int, int]) -> None:
    async with drawn(told(*a_run()), size=(80, 24)) as (screen, pilot):
        await pilot.press("l")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert "Enter" in lines_of(screen)[-1]
        assert any("sleep on it" in line or "…  3" in line for line in lines_of(screen))
        await pilot.press("t", "b", "down")
        seen = lines_of(screen)
        assert "Enter take" in seen[-1]
        assert "b" in [line.strip() for line in seen]
        assert any(line.startswith("▸ ") for line in seen)
        await pilot.press("escape", "l")
        assert any("18 lines" in line for line in lines_of(screen)) or size == (20, 5)


async def test_a_picture_of_the_screen_can_be_had() -> None:
    async with drawn(told(*a_run())) as (screen, _):
        assert "Denoising" in svg_of(screen)


# The lanes ----------------------------------------------------------------------------------------------------------


def rows(*bars: Bar, width: int = 48, now_s: float = 10.0) -> list[str]:
    return [line.plain.rstrip() for line in lanes(bars, width, now_s)]


async def test_bars_are_told_apart_without_colour() -> None:
    target = [
        Bar(lane="target", row=0, at=0, started_s=0, ended_s=5, end="used"),
        Bar(lane="target", row=1, at=1, started_s=1, ended_s=5, end="cancelled"),
        Bar(lane="target", row=0, at=1, started_s=5, end="running"),
    ]
    drafts = [
        Bar(lane="approximation", row=0, at=0, started_s=0, ended_s=1, end="used"),
        Bar(lane="approximation", row=0, at=1, started_s=1, ended_s=2, end="wasted"),
        Bar(lane="approximation", row=0, at=2, started_s=2, ended_s=4, end="failed"),
    ]
    assert rows(*target, *drafts)[:4] == [
        "drafts  0███1▓▓▓2░░░░░░×",
        "target  0███████████████████1██████████████████▸",
        "            1░░░░░░░░░░░░░░░",
        "you",
    ]


async def test_the_axis_ends_now_and_the_persons_window_is_a_bar() -> None:
    taken = Bar(lane="person", row=0, at=3, started_s=5, ended_s=7.5, end="used")
    drawn_rows = rows(taken)
    assert drawn_rows[2] == f"you     {' ' * 20}3█████████"
    assert drawn_rows[3] == "        0 s                 5.0 s         10.0 s"


async def test_more_calls_at_once_than_there_are_rows_are_counted() -> None:
    many = [Bar(lane="target", row=row, at=row, started_s=0) for row in range(MOST_ROWS + 3)]
    assert "        and 3 more at the same time" in rows(*many)


async def test_a_bar_is_never_lost_however_short_it_was() -> None:
    assert rows(Bar(lane="target", row=0, at=0, started_s=9.999, ended_s=9.9999, end="used"))[1].endswith("█")
    assert rows(Bar(lane="target", row=0, at=0, started_s=0.0), now_s=0.0)[1] == "target  ▸"


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usual_s", "says"),
    [
        (None, ""),
        ((6.2, 8.9), "; usually 6 to 9 s"),
        ((6.2, 6.4), "; usually about 6 s"),
        ((0.41, 0.52), "; usually 0.4 to 0.5 s"),
        ((2.0, 7.0), "; usually 2.0 to 7.0 s"),
    ],
)
async def test_how_long_the_target_usually_is(usual_s: tuple[float, float] | None, says: str) -> None:
    assert usual(Window(asked_s=0.0, usual_s=usual_s)) == says
