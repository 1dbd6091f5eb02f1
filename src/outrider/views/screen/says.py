"""What the screen says: its sentences and numbers, from a scene, as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from outrider.figures import Taken
from outrider.model import Step
from outrider.views.picture import Asking, ConfirmedStep, Picture
from outrider.views.scene import Run, Scene, Window
from outrider.views.words import (
    OUTCOMES,
    answers,
    asks,
    count,
    early,
    how,
    known_dollars,
    one_line,
    returned,
    running,
    saved,
    saved_by,
    seconds,
)

State: TypeAlias = Literal["verifying", "yours", "held", "asked", "busy", "over"]

_WHOLE_SECONDS_FROM: Final = 3.0
"""From here on the tenths of what is usual say nothing."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What is said of the step after the confirmed ones: its text, if a draft of it is on display, and the words beside it."""

    at: int
    state: State
    step: str
    said: str


def next_step(scene: Scene, now_s: float) -> NextStep:
    """The one step that is not confirmed: a draft being verified, or one that is the person's to take; or how it ended."""
    picture = scene.picture
    at = len(picture.confirmed)
    if picture.outcome is not None:
        return NextStep(at, "over", "", ended(picture, scene.run.calls_in_flight))
    if picture.asked is not None:
        return NextStep(at, "asked", "", asked(picture.asked))
    if (run := picture.executions.undoing) is not None:
        back = f"taking back step {run.at}, {one_line(picture.reads(run.step))}, {running(now_s - run.started_s)}"
        return NextStep(at, "busy", "", back)
    if picture.taken is not None:
        return NextStep(at, "busy", one_line(picture.reads(picture.taken)), f"yours, {after(picture, now_s)}")
    if picture.held and (picture.limit or picture.waiting is not None or picture.verifying is None):
        return NextStep(at, "held", "", held(picture, scene.window, now_s))
    if picture.verifying is None:
        work = at_work(scene.window, now_s) if picture.awaited is None else f"it comes {after(picture, now_s)}"
        return NextStep(at, "yours", "", f"yours to take; {work}")
    beside = verifying(scene.window, now_s)
    if picture.awaited is not None:
        beside = f"drafted; {after(picture, now_s)}"
    state: State = "held" if picture.held else "verifying"
    return NextStep(at, state, one_line(picture.verifying.text), f"{beside}; paused" if picture.held else beside)


def asked(asking: Asking) -> str:
    """What the person is asked about a step's tool, and the keys that answer."""
    return f"{asks(asking)} {', '.join(f'{key} {does}' for key, does in answers(asking))}"


def after(picture: Picture, now_s: float) -> str:
    """What the next step waits for: the one before it is being executed."""
    step = picture.awaited
    if step is None:
        return "next"
    since = "" if step.runs_s is None else f", {running(now_s - step.runs_s)}"
    return f"once step {step.at} has been executed{since}"


def verifying(window: Window, now_s: float) -> str:
    """The interrupt window as it runs: how long the target has been at it, and how long it usually is."""
    if window.asked_s is None:
        return "waiting to be verified"
    return f"verifying, {running(now_s - window.asked_s)}{usual(window)}"


def at_work(window: Window, now_s: float) -> str:
    """The same where there is no draft."""
    if window.asked_s is None:
        return "the target has not begun"
    return f"the target is at work, {running(now_s - window.asked_s)}{usual(window)}"


def usual(window: Window) -> str:
    """How long the target usually is; nothing while nobody can say."""
    if window.usual_s is None:
        return ""
    digits = 0 if window.usual_s[0] >= _WHOLE_SECONDS_FROM else 1
    low, high = (f"{end_s:.{digits}f}" for end_s in window.usual_s)
    return f"; usually about {low} s" if low == high else f"; usually {low} to {high} s"


def held(picture: Picture, window: Window, now_s: float) -> str:
    """What waits for the person, and what goes on with it."""
    if picture.limit:
        return f"{one_line(picture.limit)}; + allows as much again, or take the step"
    if picture.waiting is None:
        under_way = "" if window.asked_s is None else f"; {at_work(window, now_s)}"
        return f"paused{under_way}; space goes on"
    was = "the target has answered" if picture.held == "paused" else "you went back; it was"
    return f"{was}: {one_line(picture.reads(picture.waiting))}; Enter keeps it, or take another"


def ended(picture: Picture, in_flight: int) -> str:
    """That it is over, and what is still to be done."""
    assert picture.outcome is not None, "the run has ended"
    if not picture.finished:
        step = picture.awaited
        tool = f" and waiting for step {step.at}'s tool" if step is not None and step.runs_s is not None else ""
        return f"{OUTCOMES[picture.outcome]}; closing {count(in_flight, 'call')}{tool}"
    why = f": {one_line(picture.reason)}" if picture.reason and picture.outcome != "complete" else ""
    return f"{OUTCOMES[picture.outcome]}{why}; Enter leaves"


def came_about(step: ConfirmedStep, taken: Taken | None) -> str:
    """How a confirmed step came about; for one that the person took, also what it replaced and what that saved."""
    if step.by != "person" or step.earlier:
        return ", ".join(filter(None, (how(step), early(step))))
    replaced = f" instead of {one_line(step.replaced_text)}" if step.replaced is not None else ""
    return f"taken by you{replaced}, not verified; {saved_by(taken)}"


def came_of_it(step: ConfirmedStep, *, asked: bool) -> str:
    """What has come of executing a confirmed step so far: what its tool returned, or that it runs; empty if nothing has."""
    if said := returned(step):
        return said
    if asked:
        return "waits for your word"
    return "running" if step.runs_s is not None else ""


def the_run(run: Run, now_s: float) -> tuple[str, ...]:
    """The line of the run, in its parts."""
    alone = "target alone: unknown" if run.alone_s is None else f"target alone about {seconds(run.alone_s)}"
    parts = [running(now_s), alone]
    if run.saved_s is not None:
        parts.append(saved(run.saved_s, "about "))
    uncounted = not run.tokens and run.calls_unpriced
    tokens = "tokens unknown" if uncounted else f"{count(run.wasted_tokens, 'token')} wasted"
    return (*parts, cost(run), f"{count(run.calls_in_flight, 'call')} in flight", tokens)


def cost(run: Run) -> str:
    """The dollars so far; calls of unknown price are said, and never counted as nothing."""
    if not run.calls_unpriced:
        return known_dollars(run.priced_usd)
    return f"{known_dollars(run.priced_usd)} + unknown" if run.priced_usd else "cost unknown"


def agents(picture: Picture) -> str:
    """Who verifies, and who drafts."""
    return f"target {one_line(picture.target)} · drafts {one_line(picture.drafts_by)}"


def keep_yours(yours: Step, answer: Step, after: int) -> str:
    """The question when the target's answer came before the person's step; ``after`` steps have been confirmed since."""
    lost = f"; {count(after, 'step')} after it would be planned anew" if after else ""
    question = f"Keep yours, {one_line(yours)}{lost}? y keeps yours, n lets it stand"
    return f"The target had just answered: {one_line(answer)}. {question}"


SAME: Final = "The target had just answered the same."


def first_line(text: str) -> str:
    """The first line of pasted text that says anything."""
    return next((one_line(line) for line in text.splitlines() if line.strip()), "")
