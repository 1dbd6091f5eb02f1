"""Who drafts in one session: one drafter after another is asked at a node, and one that fails too often is not asked any more."""

from __future__ import annotations

from typing import Final

from outrider.rules.tree import Node

FAILURES_IN_A_ROW: Final = 3
"""After so many failed drafts of one drafter in a row the run goes on without it."""


class Drafters:
    """The drafters that are still asked, of so many that the session began with."""

    __slots__ = ("_failures", "_left")

    def __init__(self, count: int) -> None:
        self._left = list(range(count))
        self._failures = dict.fromkeys(self._left, 0)

    @property
    def left(self) -> int:
        """How many are still asked."""
        return len(self._left)

    def next_at(self, node: Node) -> int | None:
        """The first that has not been asked here, and has not failed too often."""
        return next((drafter for drafter in self._left if drafter >= node.asked), None)

    def guessed(self, drafter: int) -> None:
        """It had a guess: a row of failures is over."""
        self._failures[drafter] = 0

    def failed(self, drafter: int) -> bool:
        """It has failed once more in a row. Whether the run goes on without it from now on."""
        self._failures[drafter] += 1
        if self._failures[drafter] != FAILURES_IN_A_ROW:
            return False
        self._left.remove(drafter)
        return True
