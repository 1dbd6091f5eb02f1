"""The scheduler that knows in advance which drafts hold: as quick as unlimited lookahead, and nothing is in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from outrider.rules import Sliding, Want
from outrider.rules.tree import Node
from outrider.simulate.episode import Episode

UNLIMITED: Final = 2**31
"""A lookahead that never ends within a plan."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """Unlimited lookahead that drafts step i only where ``holds[i]``: the draft is right, and sooner there than its verdict."""

    holds: tuple[bool, ...]

    @classmethod
    def of(cls, episode: Episode) -> Oracle:
        """The oracle of ``episode``."""
        return cls(tuple(entry.agrees and entry.draft.takes_s < entry.target.takes_s for entry in episode.positions))

    @property
    def name(self) -> str:
        return "oracle"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """Every target call whose prefix is known, and the drafts that hold."""
        return (want for want in Sliding(UNLIMITED).wants(frontier) if want.role == "target" or self.holds[want.node.at])
