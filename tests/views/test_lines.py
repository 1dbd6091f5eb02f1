"""Plain lines: each written once, when it is settled."""

from __future__ import annotations

from outrider import Step
from outrider.rules.events import Paused, Record, Shown, Took, WentBack
from outrider.views.lines import LinesView

from .telling import by_script, confirmed, opened, told, watched


def lines_of(records: list[Record]) -> list[str]:
    lines: list[str] = []
    view = LinesView(lines.append)
    for record in records:
        view.receive(record)
    view.close()
    return lines


def test_a_run_is_its_task_its_agents_its_steps_and_its_summary() -> None:
    target, quick = by_script("a", "b", takes_s=2.0, name="slow"), by_script("a", "x", takes_s=0.5, name="quick")
    lines = lines_of(watched(target, quick))
    assert lines[:6] == [
        "Task: Tidy up",
        "Target: slow. Drafts: quick, lookahead-4.",
        "  0  a  (as drafted, 2.00 s)",
        "  1  b  (instead of x, 2.50 s)",
        "  2  finish  (as drafted, 4.50 s)",
        "Plan complete: 3 steps in 4.50 s.",
    ]


def test_a_draft_gets_no_line_before_it_is_confirmed() -> None:
    lines: list[str] = []
    view = LinesView(lines.append)
    for record in told((0.0, opened()), (1.0, Shown(at=0, step=Step("sweep")))):
        view.receive(record)
    assert not any("sweep" in line for line in lines)


def test_going_back_is_a_line_of_its_own() -> None:
    lines = lines_of(told((0.0, opened()), (1.0, confirmed(0, "a", call=0)), (2.0, WentBack(at=0)), (3.0, confirmed(0, "b"))))
    assert lines[2:5] == ["  0  a  (by the target, 1.00 s)", "Back to step 0.", "  0  b  (taken by you, 3.00 s)"]


def test_a_step_taken_while_the_run_is_held_lets_it_go_on_and_a_line_says_so() -> None:
    took = Took(at=0, step=Step("b"))
    held = lines_of(told((0.0, opened()), (1.0, Paused()), (2.0, took), (2.0, confirmed(0, "b"))))
    assert held[2:5] == ["Paused.", "Going on, with a step of yours.", "  0  b  (taken by you, 2.00 s)"]
    assert not any(line.startswith("Going on") for line in lines_of(told((0.0, opened()), (2.0, took), (2.0, confirmed(0, "b")))))


def test_no_line_is_two_whatever_the_task_and_the_steps_hold() -> None:
    lines = lines_of(told((0.0, opened(task="one\ntwo\x1b[2J")), (1.0, confirmed(0, "a\x07b", call=0))))
    assert lines[0] == "Task: one two\ufffd[2J"
    assert all(line.isprintable() for line in lines)
