"""The words that terminal, plain lines and page share: one way to say a number, a step's state and a run's end."""

from __future__ import annotations

from outrider.figures import Figures
from outrider.rules.events import Outcome
from outrider.views.picture import ConfirmedStep, Picture

OUTCOMES: dict[Outcome, str] = {
    "complete": "Plan complete",
    "stopped": "Stopped",
    "target_failed": "Ended: the target agent failed",
    "step_limit": "Ended: the limit on steps was reached",
    "budget": "Ended: the budget is used up",
    "journal_lost": "Ended: the journal could not be written",
}


def seconds(value: float) -> str:
    """Seconds with as many digits as they deserve."""
    return f"{value:.1f} s" if abs(value) >= 10 else f"{value:.2f} s"


def dollars(figures: Figures) -> str:
    """The cost so far. A part whose price is unknown is said to be so, never counted as nothing."""
    if not figures.calls_unpriced:
        return f"${figures.priced_usd:.4f}"
    unpriced = f"{figures.calls_unpriced} calls of unknown price"
    return f"${figures.priced_usd:.4f} and {unpriced}" if figures.priced_usd else unpriced


def how(step: ConfirmedStep) -> str:
    """How a step came to be confirmed, in a few words."""
    if step.by == "person":
        return "taken by you"
    if step.replaced is not None:
        return f"instead of {step.replaced}"
    return "as drafted" if step.drafted else "by the target"


def saved(figures: Figures) -> str:
    """What speculation gained or lost so far, as the estimate it is."""
    gained = figures.saved_s
    return f"{seconds(gained)} saved" if gained >= 0 else f"{seconds(-gained)} lost"


def status(figures: Figures) -> str:
    """The line of the run while it runs."""
    usage = figures.usage
    tokens = usage.prompt_tokens + usage.output_tokens
    calls = f"{figures.in_flight} call{'s' if figures.in_flight != 1 else ''} in flight"
    return f"{calls} · {tokens:,} tokens · {dollars(figures)} · {saved(figures)} so far (estimate)"


def summary(picture: Picture, figures: Figures) -> list[str]:
    """What is said when a run has ended: time, comparison, calls, tokens, cost, acceptance."""
    total_s = figures.now_s if figures.total_s is None else figures.total_s
    outcome = OUTCOMES[picture.outcome] if picture.outcome else "Interrupted"
    lines = [f"{outcome}: {len(picture.confirmed)} steps in {seconds(total_s)}."]
    if picture.reason and picture.outcome != "complete":
        lines.append(f"Why: {picture.reason}.")
    if not picture.lossless:
        lines.append("A fuzzy match was chosen: this plan is lossy, it may differ from the target's own.")
    if picture.degraded:
        lines.append(f"The approximation agent kept failing, so the target went on alone: {picture.degraded}.")
    return [*lines, *_comparison(figures, total_s), *_consumption(figures), *_acceptance(figures)]


def _comparison(figures: Figures, total_s: float) -> list[str]:
    alone_s = figures.target_alone_s
    if not figures.steps or not alone_s or not figures.acceptance:
        return []
    gain_s = alone_s - total_s
    ratio = f", {alone_s / total_s:.2f} times as fast" if gain_s > 0 and total_s > 0 else ""
    verb = "saved" if gain_s >= 0 else "lost"
    return [
        f"The target alone would have taken about {seconds(alone_s)} (estimate: its calls, one after another): "
        f"{seconds(abs(gain_s))} {verb}{ratio}."
    ]


def _consumption(figures: Figures) -> list[str]:
    usage = figures.usage
    counted = {"reported": "", "estimated": " (partly estimated)", "unknown": " (the agents do not count them)"}
    return [
        f"Calls: {figures.calls('used')} used, {figures.calls('wasted')} wasted, {figures.calls('cancelled')} cancelled, "
        f"{figures.calls('failed')} failed; at most {figures.calls_max} at once.",
        f"Tokens{counted[usage.counted]}: {usage.prompt_tokens:,} prompt, of which {usage.cached_tokens:,} cached, and "
        f"{usage.output_tokens:,} output; {figures.tokens('wasted'):,} of them wasted, "
        f"{figures.tokens('cancelled'):,} in cancelled calls.",
        f"Cost: {dollars(figures)}.",
    ]


def _acceptance(figures: Figures) -> list[str]:
    if not figures.acceptance:
        return []
    accepted = sum(tally.accepted for tally in figures.acceptance.values())
    judged = accepted + sum(tally.rejected for tally in figures.acceptance.values())
    by_position = ", ".join(
        f"{tally.accepted}/{tally.accepted + tally.rejected} drafted {ahead} ahead"
        for ahead, tally in sorted(figures.acceptance.items())
    )
    return [f"Drafts accepted: {accepted} of {judged} ({by_position})."]
