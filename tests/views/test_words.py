"""Numbers, states and ends in words: no wrong plural, no unknown price as nothing, no division by zero."""

from __future__ import annotations

import pytest

from outrider import Plan, Step, Usage
from outrider.figures import Figures, Taken
from outrider.model import By, PlanStep
from outrider.rules.events import Ended, Event, Failed, Started, Verified
from outrider.testing import FakeAgent, steps
from outrider.views.picture import ConfirmedStep, Picture
from outrider.views.words import OUTCOMES, count, dollars, how, one_line, running, saved, saved_by, seconds, status, summary

from .telling import PRICED, by_script, figured, opened, pictured, told, watched


def after_calls(*usages: Usage) -> Figures:
    happened: list[tuple[float, Event]] = [(0.0, opened())]
    for number, usage in enumerate(usages):
        happened.append((0.0, Started(call=number, role="target", at=number)))
        happened.append((1.0, Verified(call=number, at=number, step=Step("a"), usage=usage)))
    return figured(told(*happened))


def a_step(**given: object) -> ConfirmedStep:
    fields: dict[str, object] = {"at": 0, "step": Step("mop"), "by": "target", "since_s": 1.0, "drafted": False}
    return ConfirmedStep(**{**fields, **given})  # type: ignore[arg-type]  # each test gives fields of the right types


@pytest.mark.parametrize(("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (12345, "12,345 steps")])
def test_one_is_singular_and_everything_else_plural(number: int, words: str) -> None:
    assert count(number, "step") == words


def test_seconds_have_as_many_digits_as_they_deserve() -> None:
    assert [seconds(value) for value in (0.0, 0.361, 9.87, 12.34)] == ["0.00 s", "0.36 s", "9.87 s", "12.3 s"]
    assert [running(value) for value in (-0.01, 2.345)] == ["0.0 s", "2.3 s"]


@pytest.mark.parametrize(
    ("gained_s", "words"),
    [(12.06, "12.1 s saved"), (-2.5, "2.50 s lost"), (0.0, "nothing saved"), (0.001, "nothing saved"), (-0.001, "nothing saved")],
)
def test_what_was_gained_is_saved_and_what_was_not_is_lost(gained_s: float, words: str) -> None:
    assert saved(gained_s) == words


@pytest.mark.parametrize(
    ("usages", "words"),
    [
        ((), "$0.0000"),
        ((PRICED, PRICED), "$0.0040"),
        ((Usage(1, 0, 1, "reported", 0.00001),), "under $0.0001"),
        ((Usage(),), "1 call of unknown price"),
        ((Usage(), Usage()), "2 calls of unknown price"),
        ((PRICED, Usage(5, 0, 5, "reported")), "$0.0020 and 1 call of unknown price"),
    ],
)
def test_an_unknown_price_is_said_and_never_counted_as_nothing(usages: tuple[Usage, ...], words: str) -> None:
    assert dollars(after_calls(*usages)) == words


def test_the_running_line_never_gives_an_unknown_price_as_nothing() -> None:
    assert "cost unknown" in status(after_calls(Usage()))
    assert "$0.0020 + unknown" in status(after_calls(PRICED, Usage()))
    assert "$0.0020" in status(after_calls(PRICED))


def test_nothing_is_divided_by_nothing() -> None:
    assert summary(Picture(), Figures())[0] == "Interrupted: 0 steps in 0.00 s."
    assert status(Figures()) == "0 calls in flight · 0 tokens · $0.0000"
    assert all("saved" not in line for line in summary(Picture(), Figures()))


@pytest.mark.parametrize(
    ("by", "fields", "words"),
    [
        ("target", {"drafted": True}, "as drafted"),
        ("target", {}, "by the target"),
        ("target", {"replaced": Step("sweep")}, "instead of sweep"),
        ("person", {"replaced": Step("sweep")}, "taken by you"),
        ("target", {"earlier": True}, "from the earlier session"),
    ],
)
def test_how_a_step_was_confirmed(by: By, fields: dict[str, object], words: str) -> None:
    assert how(a_step(by=by, **fields)) == words


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_way_to_end_has_its_words(outcome: str) -> None:
    assert OUTCOMES[outcome][0].isupper()  # type: ignore[index]  # parametrised over its own keys


def test_a_run_that_gained_time_says_how_much() -> None:
    records = watched(by_script("a", "b", takes_s=2.0), by_script("a", "b", takes_s=0.5))
    lines = summary(pictured(records), figured(records))
    assert lines[0] == "Plan complete: 3 steps in 3.00 s."
    assert lines[1] == "Target alone: about 6.00 s (estimate); 3.00 s saved, 2.00 times as fast."
    assert lines[-1] == "Drafts accepted: 3 of 3; by steps ahead: 1/1 at 0, 1/1 at 1, 1/1 at 2."


def test_what_a_stopped_run_had_under_way_is_no_loss() -> None:
    records = watched(by_script("a", "b", takes_s=2.0), by_script("x", "y", takes_s=0.5))
    first = next(n for n, record in enumerate(records) if record.event.kind == "confirmed")
    stopped = told(*((record.time_s, record.event) for record in records[: first + 1]), (3.9, Ended(outcome="stopped")))
    lines = summary(pictured(stopped), figured(stopped))
    assert lines[:2] == ["Stopped: 1 step in 3.90 s.", "Target alone: about 2.00 s (estimate); nothing saved."]


def test_a_run_without_drafts_is_compared_with_nothing() -> None:
    records = watched(by_script("a", takes_s=2.0), lookahead=0)
    lines = summary(pictured(records), figured(records))
    assert not any(line.startswith(("Target alone", "Drafts")) for line in lines)


def test_tokens_that_nobody_counted_are_said_to_be_unknown() -> None:
    records = watched(by_script("a", takes_s=2.0, usage=None), lookahead=0)
    assert "Tokens: unknown; the agents do not count them." in summary(pictured(records), figured(records))


def test_tokens_of_which_some_are_estimated_say_so() -> None:
    figures = after_calls(PRICED, Usage(5, 0, 5, "estimated", 0.0))
    assert "Tokens (estimate): 105 prompt (40 cached), 15 output; 120 wasted, 0 cancelled." in summary(Picture(), figures)


def test_the_reason_of_a_run_that_failed_is_one_sentence() -> None:
    failing = FakeAgent(lambda _: OSError("no route.\nTry later."), takes_s=1)
    records = watched(failing, lookahead=0)
    lines = summary(pictured(records), figured(records))
    assert lines[:2] == ["Ended: the target agent failed: 0 steps in 1.00 s.", "Why: OSError: no route. Try later."]
    assert any(isinstance(record.event, Failed) for record in records)


def test_a_lossy_plan_says_so() -> None:
    assert any("lossy" in line for line in summary(pictured(told((0.0, opened(matching="by-action")))), Figures()))


def test_what_drafting_failed_of_is_said() -> None:
    broken = FakeAgent(lambda _: ValueError("tired"), takes_s=0.1)
    records = watched(by_script("a", "b", "c", "d", takes_s=1), broken)
    assert any("ValueError: tired" in line for line in summary(pictured(records), figured(records)))


def test_what_the_person_saved_is_said() -> None:
    records = watched(
        by_script("a", "b", takes_s=4), by_script("a", "b", takes_s=1),
        meanwhile=lambda session: session.take("z") if len(session.plan.steps) == 1 else None,
    )  # fmt: skip
    assert "Taken by you: 1 step; about 1.00 s less waiting (estimate)." in summary(pictured(records), figured(records))


def test_carried_steps_count_among_the_plans() -> None:
    before = Plan(tuple(PlanStep(step) for step in steps("a", "b")))
    records = watched(by_script("a", "b", "c", takes_s=1), lookahead=0, before=before)
    assert summary(pictured(records), figured(records))[0] == "Plan complete: 4 steps in 2.00 s."


def test_nothing_printed_can_command_a_terminal_or_break_a_line() -> None:
    assert one_line("a\n b\tc") == "a b c"
    assert one_line(Step("wipe\x1b[2Jall\u202e \ud800")) == "wipe\ufffd[2Jall\ufffd \ufffd"
    assert "\x1b" not in how(a_step(replaced=Step("\x1b[31mred")))


@pytest.mark.parametrize(
    ("taken", "says"),
    [
        (None, "what it saved is unknown"),
        (Taken(None, None), "what it saved is unknown"),
        (Taken(2.1, 0.0004), "about 2.10 s and $0.0004 saved"),
        (Taken(2.1, None), "about 2.10 s saved"),
        (Taken(None, 0.5), "about unknown time and $0.5000 saved"),
        (Taken(0.0, 0.0), "no time saved"),
        (Taken(0.0, None), "no time saved"),
        (Taken(1.0, 0.00001), "about 1.00 s and under $0.0001 saved"),
    ],
)
def test_what_a_step_that_the_person_took_has_saved_is_said(taken: Taken | None, says: str) -> None:
    assert saved_by(taken) == says
