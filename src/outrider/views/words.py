"""The words that terminal, plain lines and page share: one way to say a number, a step's state and a run's end."""

from __future__ import annotations

import re
from typing import Final

from outrider.figures import Figures, Taken
from outrider.rules.events import Allowed, Extended, Outcome, Reached
from outrider.views.picture import Asking, ConfirmedStep, Picture

OUTCOMES: Final[dict[Outcome, str]] = {
    "complete": "Plan complete",
    "stopped": "Stopped",
    "target_failed": "Ended: the target agent failed",
    "step_limit": "Ended: the limit on steps was reached",
    "budget": "Ended: the budget is used up",
    "journal_lost": "Ended: the journal could not be written",
    "tool_failed": "Ended: a tool gave no answer",
    "not_approved": "Ended: a tool was not approved",
}

_LEAST_SECONDS: Final = 0.005
"""Less than this would be printed as nothing."""

_LEAST_DOLLARS: Final = 0.0001
"""Less than this would be printed as nothing."""

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would move a terminal's cursor, turn its line around, or cannot be written at all."""


def one_line(what: object) -> str:
    """A task, a step or a reason as it may be printed: in one line, and without characters that command a terminal."""
    return _UNFIT.sub("\ufffd", " ".join(str(what).split()))


def count(number: int, one: str) -> str:
    """``number`` of something: 1 step, 2 steps."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def seconds(value: float) -> str:
    """Seconds with as many digits as they deserve."""
    return f"{value:.1f} s" if abs(value) >= 10 else f"{value:.2f} s"


def running(value: float) -> str:
    """Seconds that are still running: tenths, so that they can be read."""
    return f"{max(0.0, value):.1f} s"


def dollars(figures: Figures) -> str:
    """The cost so far. A part whose price is unknown is said to be so, never counted as nothing."""
    known = known_dollars(figures.priced_usd)
    if not figures.calls_unpriced:
        return known
    unpriced = f"{count(figures.calls_unpriced, 'call')} of unknown price"
    return f"{known} and {unpriced}" if figures.priced_usd else unpriced


def known_dollars(usd: float) -> str:
    """Dollars with four digits; less than they can show is not shown as nothing."""
    return f"under ${_LEAST_DOLLARS}" if 0 < usd < _LEAST_DOLLARS else f"${usd:.4f}"


def how(step: ConfirmedStep) -> str:
    """How a step came to be confirmed, in a few words."""
    if step.earlier:
        return "from the earlier session"
    if step.by == "person":
        return "taken by you"
    if step.replaced is not None:
        return f"instead of {one_line(step.replaced_text)}"
    return "as drafted" if step.drafted else "by the target"


def printable(text: str) -> str:
    """An observation as it may be shown: its own lines, without characters that command a terminal."""
    return "\n".join(_UNFIT.sub("\ufffd", line.replace("\t", "    ")) for line in text.splitlines())


def returned(step: ConfirmedStep) -> str:
    """What has come of executing the step, in one line; empty where nothing has so far, or there is nothing to execute."""
    if step.step.observation is None:
        return ""
    said = one_line(step.step.observation) or "(nothing)"
    return f"{said} (in your words)" if step.settled else said


def early(step: ConfirmedStep) -> str:
    """That the step's tool had been run before the step was confirmed, and what that saved; empty if that is nothing."""
    return f"tool {seconds(step.early_s)} early" if step.early_s >= _LEAST_SECONDS else ""


def asks(asking: Asking) -> str:
    """What the person is asked about a step's tool, in one or two sentences."""
    step = f"Step {asking.at}, {one_line(asking.text)},"
    why = f": {one_line(asking.reason).rstrip('.')}" if asking.reason else ""
    match asking.question:
        case "approval":
            return f"{step} changes the world."
        case "failed":
            return f"{step} gave no answer{why}."
        case "unsure":
            return f"{step} gave no answer{why}. Whether it has had its effect is not known."


def answers(asking: Asking) -> tuple[tuple[str, str], ...]:
    """What the person can do where they are asked: a key, and what it does.

    Behind what may have happened nobody goes back, unless it was being taken back: then that is done once more.
    """
    run = ("y", "runs it" if asking.question == "approval" else "runs it again")
    unsure = asking.question == "unsure"
    happened = (("h", "it has happened"),) if unsure else ()
    back = () if unsure and not asking.undoing else (("b", "takes it back again" if unsure else "goes back"),)
    return (run, ("s", "says what came of it"), *happened, *back, ("q", "stops"))


def steered(at: int, sentence: str) -> str:
    """What the person has added to the task, or taken back."""
    return f"Steered from step {at} on: {one_line(sentence)}" if sentence else f"From step {at} on: no sentence added any more."


def resumed(since_s: float) -> str:
    """That another process went on with the session there."""
    return f"went on at {seconds(since_s)}, after an interruption"


def limit(event: Reached | Allowed | Extended) -> str:
    """That a limit was reached, or that the person allowed more."""
    match event:
        case Reached(reason=reason):
            return f"Held at a limit: {one_line(reason)}."
        case Extended(steps=steps):
            return f"Allowed: {count(steps, 'more step')}.{_because(event.reason)}"
        case Allowed():
            more = [count(event.calls, "call") if event.calls else "", count(event.tokens, "token") if event.tokens else ""]
            more += [f"${event.usd:g}" if event.usd else "", f"{event.seconds:g} s" if event.seconds else ""]
            return f"Allowed: {', '.join(filter(None, more))} more.{_because(event.reason)}"


def _because(reason: str) -> str:
    return f" Why: {one_line(reason)}" if reason else ""


def saved(gained_s: float, about: str = "") -> str:
    """Seconds that speculation gained or lost."""
    text = seconds(abs(gained_s))
    if float(text.split()[0]) == 0:
        return "nothing saved"
    return f"{about}{text} {'saved' if gained_s > 0 else 'lost'}"


def saved_by(taken: Taken | None) -> str:
    """What a step that the person took has saved. What is not known is said to be unknown."""
    if taken is None or (taken.saved_s is None and taken.saved_usd is None):
        return "what it saved is unknown"
    if taken.saved_s == 0 and not taken.saved_usd:
        return "no time saved"
    if taken.saved_usd is None:
        return f"about {seconds(taken.saved_s or 0.0)} saved"
    time = "unknown time" if taken.saved_s is None else seconds(taken.saved_s)
    return f"about {time} and {known_dollars(taken.saved_usd)} saved"


def gained(alone_s: float, took_s: float) -> str:
    """What a run of ``took_s`` gained or lost against ``alone_s``, and how many times as fast it was if it gained."""
    faster = f", {alone_s / took_s:.2f} times as fast" if 0 < took_s < alone_s else ""
    return f"{saved(alone_s - took_s)}{faster}"


def status(figures: Figures) -> str:
    """The line of the run while it runs: calls, tokens, cost, and what speculation has gained so far, by estimate."""
    usage = figures.usage
    parts = [f"{count(figures.in_flight, 'call')} in flight", count(usage.tokens, "token")]
    parts.append(_cost_in_short(figures))
    if figures.steps and figures.acceptance and not figures.one_machine:
        parts.append(saved(figures.saved_s, "about "))
    return " · ".join(parts)


def _cost_in_short(figures: Figures) -> str:
    if not figures.calls_unpriced:
        return known_dollars(figures.priced_usd)
    return f"{known_dollars(figures.priced_usd)} + unknown" if figures.priced_usd else "cost unknown"


# When it is over ----------------------------------------------------------------------------------------------------


def degraded(picture: Picture) -> str:
    """That a drafter was given up, who goes on, and why; nothing while all of them draft."""
    if not picture.degraded:
        return ""
    left = picture.drafters_left
    if left:
        who = f"One drafter kept failing, so the run went on with the other {left if left > 1 else 'one'}"
    else:
        who = "The approximation agent kept failing, so the target went on alone"
    return f"{who}: {_sentence(picture.degraded)}"


def summary(picture: Picture, figures: Figures, unended: str = "Interrupted") -> list[str]:
    """What is said of a run: outcome, or what is ``unended``, comparison, calls, tokens, cost, acceptance."""
    total_s = figures.now_s if figures.total_s is None else figures.total_s
    outcome = OUTCOMES[picture.outcome] if picture.outcome else unended
    lines = [f"{outcome}: {count(len(picture.confirmed), 'step')} in {seconds(total_s)}."]
    if picture.reason and picture.outcome != "complete":
        lines.append(f"Why: {_sentence(picture.reason)}")
    if not picture.lossless:
        lines.append("A fuzzy match was chosen: this plan is lossy, it may differ from the target's own.")
    if picture.degraded:
        lines.append(degraded(picture))
    return [*lines, *_comparison(figures), *_consumption(figures), *_acceptance(figures), *_tools(picture)]


def _sentence(text: str) -> str:
    return f"{one_line(text).rstrip('.')}."


def _comparison(figures: Figures) -> list[str]:
    """Both up to the last confirmed step: what a run that was stopped had under way is no loss."""
    alone_s = figures.target_alone_s
    if not figures.steps or not alone_s or not figures.acceptance:
        return []
    if figures.one_machine:
        slowed = "since calls slowed one another down here; outrider plan --compare measures it"
        return [f"Target alone: less than {seconds(alone_s)}, {slowed}."]
    held = f", {seconds(figures.held_s)} in which the run was held not counted" if figures.held_s >= _LEAST_SECONDS else ""
    lines = [f"Target alone: about {seconds(alone_s)} (estimate); {gained(alone_s, alone_s - figures.saved_s)}{held}."]
    if figures.person_steps:
        lines.append(f"Taken by you: {count(figures.person_steps, 'step')}; {_less_waiting(figures)}.")
    return lines


def _less_waiting(figures: Figures) -> str:
    """What the person's steps saved; those of which nobody can tell are not counted as nothing."""
    told, untold = figures.person_steps - figures.person_steps_untold, figures.person_steps_untold
    if not told:
        return "how much less waiting that was cannot be told from the target's answers"
    without = f", and {count(untold, 'step')} of which nobody can tell" if untold else ""
    return f"about {seconds(figures.person_saved_s)} less waiting (estimate){without}"


def _consumption(figures: Figures) -> list[str]:
    return [
        f"Calls: {figures.calls('used')} used, {figures.calls('wasted')} wasted, {figures.calls('cancelled')} cancelled, "
        f"{figures.calls('failed')} failed; at most {figures.calls_max} at once.",
        _tokens(figures),
        f"Cost: {dollars(figures)}.",
    ]


def _tokens(figures: Figures) -> str:
    usage = figures.usage
    if usage.counted == "unknown":
        return "Tokens: unknown; the agents do not count them."
    counted = " (estimate)" if usage.counted == "estimated" else ""
    return (
        f"Tokens{counted}: {usage.prompt_tokens:,} prompt ({usage.cached_tokens:,} cached), {usage.output_tokens:,} output; "
        f"{figures.tokens('wasted'):,} wasted, {figures.tokens('cancelled'):,} cancelled."
    )


def _acceptance(figures: Figures) -> list[str]:
    if not figures.acceptance:
        return []
    accepted = sum(tally.accepted for tally in figures.acceptance.values())
    judged = accepted + sum(tally.rejected for tally in figures.acceptance.values())
    by_position = ", ".join(
        f"{tally.accepted}/{tally.accepted + tally.rejected} at {ahead}" for ahead, tally in sorted(figures.acceptance.items())
    )
    return [f"Drafts accepted: {accepted} of {judged}; by steps ahead: {by_position}."]


def _tools(picture: Picture) -> list[str]:
    """How the runs of tools ended, and what running them early has saved; nothing where no tool was run."""
    runs = picture.executions.runs
    if not runs:
        return []
    ends = {end: sum(1 for run in runs if run.end == end) for end in ("used", "wasted", "withdrawn", "lost")}
    early_s = picture.executions.early_s
    ahead = f"; run early, they saved about {seconds(early_s)}" if early_s >= _LEAST_SECONDS else ""
    return [f"Runs of tools: {', '.join(f'{number} {end}' for end, number in ends.items())}{ahead}."]
