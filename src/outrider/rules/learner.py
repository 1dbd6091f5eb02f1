"""What a lookahead that learns is told, and what it gives for later sessions to begin with."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, runtime_checkable

from outrider.model import Usage
from outrider.rules.lookahead import Lookahead
from outrider.rules.tree import Call, Guess, Node

HowEnded: TypeAlias = Literal["answered", "cancelled", "failed"]


@runtime_checkable
class Learner(Lookahead, Protocol):
    """A lookahead of one session that is told what happens there. What it wants depends on that and on the tree alone."""

    @property
    def learned(self) -> str:
        """What it knows, as JSON text, for ``begin`` of a later session's."""
        ...

    @property
    def why_not(self) -> str:
        """Why it would not speculate any more, in a sentence; empty if it would."""
        ...

    def begin(self, known: str) -> None:
        """Begin with what an earlier one had ``learned``.

        Raises:
            ValueError: ``known`` is not that.
        """
        ...

    def at(self, now_s: float) -> None:
        """It is ``now_s`` seconds after the session was opened."""
        ...

    def call_began(self, call: Call) -> None:
        """A call has got its turn."""
        ...

    def call_ended(self, call: Call, usage: Usage, ended: HowEnded) -> None:
        """A call has ended. One that never had its turn has no ``started_s``."""
        ...

    def judged(self, guessed: Node, guess: Guess, *, accepted: bool) -> None:
        """A guess has met its verdict; ``guessed`` is the node that it led to, under the node it was made for."""
        ...

    def confirmed(self, node: Node) -> None:
        """The frontier has moved down to ``node``."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A lookahead of which each session has a learner of its own."""

    def learner(self) -> Learner:
        """A new one, which knows nothing."""
        ...


def learner_of(lookahead: Lookahead) -> Lookahead:
    """The lookahead as one session uses it: one that learns begins with a learner of its own."""
    return lookahead.learner() if isinstance(lookahead, Learns) else lookahead
