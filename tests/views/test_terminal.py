"""The live view on a terminal: confirmed lines printed once, two moving lines below, nothing wider than the window."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.cells import cell_len
from rich.console import Console

from outrider import Plan, Step
from outrider.model import PlanStep
from outrider.rules.events import Ended, Finished, Record, Rejected, Shown, Started, Verified, WentBack
from outrider.testing import steps
from outrider.views.terminal import TerminalView

from .telling import by_script, confirmed, opened, told, watched

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Screen:
    """A terminal of some width that remembers all it was told."""

    def __init__(self, width: int = 80) -> None:
        self.file = io.StringIO()
        self.width = width
        self.clock = Clock()
        self.console = Console(file=self.file, force_terminal=True, width=width, height=24, highlight=False)
        self.view = TerminalView(self.console, self.clock)

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self.file.getvalue()).replace("\r", "\n")

    @property
    def moving(self) -> list[str]:
        """The two moving lines, as they are drawn now."""
        paper = io.StringIO()
        Console(file=paper, width=self.width, highlight=False).print(self.view)
        return paper.getvalue().splitlines()


@contextmanager
def showing(records: list[Record], width: int = 80) -> Iterator[Screen]:
    """A screen that has been told of ``records`` and not yet of the end."""
    screen = Screen(width)
    try:
        for record in records:
            screen.view.receive(record)
        yield screen
    finally:
        screen.view.close()


def whole(records: list[Record], width: int = 80) -> Screen:
    with showing(records, width) as screen:
        return screen


LONG = "Ask the neighbours " * 12
"""A step in free words, wider than any line."""


def test_a_confirmed_step_is_printed_once_and_never_again() -> None:
    screen = whole(watched(by_script("alpha", "beta", takes_s=2.0), by_script("alpha", "wrong", takes_s=0.5)))
    lines = [line for line in screen.text.splitlines() if "✓" in line]
    assert [line.split()[:3] for line in lines] == [["✓", "0", "alpha"], ["✓", "1", "beta"], ["✓", "2", "finish"]]


def test_a_step_never_stands_there_confirmed_and_being_verified_at_once() -> None:
    records = told((0.0, opened()), (1.0, Shown(at=0, step=Step("sweep"))), (3.0, confirmed(0, "sweep", call=0, drafts=(1,))))
    with showing(records) as screen:
        after = screen.text[screen.text.index("✓") :]
        assert "being verified" not in after


def test_what_a_correction_replaced_is_said_beside_it() -> None:
    records = told((0.0, opened()), (1.0, Shown(at=0, step=Step("sweep"))), (3.0, confirmed(0, "mop", call=0)))
    (line,) = (line for line in whole(records).text.splitlines() if "✓" in line)
    assert line == "  ✓  0  mop                           instead of sweep, 3.00 s"


def test_the_draft_shows_how_long_it_is_being_verified_by_the_clock() -> None:
    with showing(told((0.0, opened()), (1.5, Shown(at=0, step=Step("sweep"))))) as screen:
        screen.clock.now_s += 2.25
        first, second = screen.moving
        assert first == "  …  0  sweep                         being verified, 2.2 s"
        assert second.startswith("        3.8 s · 0 calls in flight")


def test_without_a_draft_the_target_is_said_to_be_at_work() -> None:
    with showing(told((0.0, opened()), (2.0, confirmed(0, "a", call=0)))) as screen:
        screen.clock.now_s += 1
        assert screen.moving[0] == "  …  1  the target is at work, 1.0 s"


def test_calls_in_flight_are_counted() -> None:
    target, draft = Started(call=0, role="target", at=0), Started(call=1, role="approximation", at=0)
    with showing(told((0.0, opened()), (0.0, target), (0.0, draft))) as screen:
        assert "2 calls in flight" in screen.moving[1]


def test_once_the_plan_is_settled_the_calls_are_said_to_be_closing() -> None:
    records = told((0.0, opened()), (0.0, Started(call=0, role="target", at=0)), (1.0, Ended(outcome="stopped", reason="enough")))
    with showing(records) as screen:
        assert screen.moving[0].split("  ")[-1].strip() == "closing 1 call"


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    records = told(
        (0.0, opened(task=LONG)), (1.0, Shown(at=0, step=Step(LONG))), (3.0, confirmed(0, LONG + "now", call=0)),
        (4.0, Shown(at=1, step=Step("漢字" * 60))), (5.0, confirmed(1, "漢字" * 60, call=2, drafts=(3,))),
        (6.0, Ended(outcome="stopped", reason=LONG)), (6.0, Finished(outcome="stopped")),
    )  # fmt: skip
    assert max(cell_len(line) for line in whole(records, width).text.splitlines()) <= width


def test_a_draft_too_long_for_its_line_is_cut_and_what_is_said_of_it_stays() -> None:
    with showing(told((0.0, opened()), (1.0, Shown(at=0, step=Step(LONG))))) as screen:
        first, _ = screen.moving
        assert first.endswith("…  being verified, 0.0 s")
        assert cell_len(first) <= 80


def test_a_confirmed_step_is_never_cut() -> None:
    screen = whole(told((0.0, opened()), (3.0, confirmed(0, LONG, call=0))))
    printed = screen.text[screen.text.index("✓") : screen.text.index("by the target")]
    assert " ".join(printed.split()) == f"✓ 0 {LONG.strip()}"


def test_there_are_always_two_moving_lines_so_that_nothing_jumps() -> None:
    screen = Screen()
    for record in watched(by_script("a", "b", "c", takes_s=1), by_script("a", "x", "c", takes_s=0.3)):
        screen.view.receive(record)
        assert len(screen.moving) == 2
    screen.view.close()


def test_the_screen_is_never_cleared_and_the_cursor_comes_back() -> None:
    told_to_terminal = whole(watched(by_script("a", "b", takes_s=1), by_script("a", "b", takes_s=0.3))).file.getvalue()
    assert "\x1b[2J" not in told_to_terminal
    assert "\x1b[H" not in told_to_terminal
    assert "\x1b[?1049h" not in told_to_terminal
    assert told_to_terminal.rindex("\x1b[?25h") > told_to_terminal.rindex("\x1b[?25l")


def test_going_back_is_said_and_the_steps_follow_anew() -> None:
    records = told((0.0, opened()), (1.0, confirmed(0, "a", call=0)), (2.0, WentBack(at=0)), (3.0, confirmed(0, "b")))
    lines = [line.strip() for line in whole(records).text.splitlines() if "✓" in line or "←" in line]
    assert [line.split(",")[0].split() for line in lines] == [
        ["✓", "0", "a", "by", "the", "target"],
        ["←", "back", "to", "step", "0"],
        ["✓", "0", "b", "taken", "by", "you"],
    ]


def test_the_summary_stands_below_the_plan() -> None:
    text = whole(watched(by_script("a", takes_s=1), by_script("a", takes_s=0.3))).text
    assert text.index("Plan complete: 2 steps in 1.30 s.") > text.index("finish")
    assert "Cost: $" in text


def test_steps_from_an_earlier_session_say_so() -> None:
    before = Plan(tuple(PlanStep(step) for step in steps("a")))
    text = whole(watched(by_script("a", "b", takes_s=1), lookahead=0, before=before)).text
    assert re.search(r"✓  0  a +from the earlier session", text)


def test_markup_in_a_step_is_text_and_escapes_do_nothing() -> None:
    screen = whole(told((0.0, opened(task="[red]x[/red]")), (1.0, confirmed(0, "[bold]\x1b[2Jwipe", call=0))))
    assert "[red]x[/red]" in screen.text
    assert "[bold]\ufffd[2Jwipe" in screen.text
    assert "\x1b[2J" not in screen.file.getvalue()


def test_drawing_from_another_thread_while_records_come_in_never_fails() -> None:
    screen, failures, over = Screen(), list[Exception](), threading.Event()

    def draw() -> None:
        try:
            while not over.is_set():
                screen.view.__rich__()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    screen.view.receive(told((0.0, opened()))[0])
    for number in range(300):
        screen.view.receive(Record(n=2 * number + 1, time_s=1.0, event=Started(call=number, role="target", at=number)))
        verified = Verified(call=number, at=number, step=Step("a"))
        screen.view.receive(Record(n=2 * number + 2, time_s=1.0, event=verified))
    over.set()
    thread.join()
    screen.view.close()
    assert failures == []


def test_a_rejected_draft_leaves_no_line() -> None:
    rejected = Rejected(call=1, at=1, ahead=1, draft=Step("sweep"), verdict=Step("mop"))
    assert "sweep" not in whole(told((0.0, opened()), (1.0, rejected))).text
