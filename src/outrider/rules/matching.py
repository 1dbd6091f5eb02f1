"""Which drafted step a verdict confirms.

Exact equality of canonical forms is the default and the only lossless choice. Whatever matches, the committed text is the
verdict's, never the draft's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from outrider.model import Step


@dataclass(frozen=True, slots=True)
class Matching:
    """A way of telling that a draft and a verdict are the same step. ``same(draft, verdict)``."""

    name: str
    same: Callable[[Step, Step], bool]
    lossless: bool = False

    def find(self, verdict: Step, drafts: Iterable[Step]) -> Step | None:
        """The draft that ``verdict`` confirms: an equal one if there is one, else the first that counts as the same."""
        candidates = list(drafts)
        for draft in candidates:
            if draft == verdict:
                return draft
        return next((draft for draft in candidates if self.same(draft, verdict)), None)


EXACT = Matching("exact", lambda draft, verdict: draft == verdict, lossless=True)
"""A draft is confirmed only by an equal verdict."""

BY_ACTION = Matching("by-action", lambda draft, verdict: draft.action == verdict.action)
"""Lossy: the same action counts, whatever its arguments. Work built on the draft's arguments is kept."""

MATCHINGS = {matching.name: matching for matching in (EXACT, BY_ACTION)}
