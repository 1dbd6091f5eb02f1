"""What may be shown: the confirmed plan, and after it at most one draft that is still being verified (law 5)."""

from __future__ import annotations

from outrider.model import Step
from outrider.rules.tree import Node


def being_verified(frontier: Node) -> Step | None:
    """The draft to show: the first guess for the step at the frontier, while no verdict on it is in.

    Drafts further ahead wait until the frontier is theirs, so two unverified steps never stand in a row.
    """
    if frontier.verdict is not None:
        return None
    return next((child.step for child in frontier.children.values() if child.guesses), None)
