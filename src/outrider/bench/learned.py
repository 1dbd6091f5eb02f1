"""``learned-k``: the published batch loop with a k that is learned, after Dynamic Speculative Planning.

The rule is that of Guan et al., *Dynamic Speculative Agent Planning* (arXiv 2509.01920), written anew from their description and
without their network. Taken from them:

- The value of a state is how many steps are expected from there up to and including the first that the draft gets wrong. Each of
  them is worth 1, nothing is discounted, and returns are λ-returns with λ = 0.95.
- Values move towards returns by expectile regression: an error upwards weighs ``tau``, one downwards ``1 - tau``. One half is the
  mean; more speculates further. Where a batch begins, k is the value there, rounded, and ``offset`` more; the first k is 1.
- The loop is the published one: k target calls from the batch's base, and a new batch after k steps or at the first mismatch.

Theirs alone: a state is the task and the steps so far as text; DistilBERT gives its value, trained meanwhile by AdamW on
earlier batches. Here a state is the action of the step before, its value is a number in a table, and each batch moves
it once, by one over the times it was seen and at least a tenth. A state never seen has the value of all. A batch that held to its
end is no end here: the value of the state behind it is added.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from outrider.model import Usage
from outrider.rules import Want
from outrider.rules.learner import HowEnded, Learner
from outrider.rules.lookahead import needs_draft, needs_target
from outrider.rules.tree import Call, Guess, Node

LAMBDA: Final = 0.95
LEAST_RATE: Final = 0.1
ALL: Final = ""
"""Under this name stands the value of all states. No action is called so; the root's state is ``ROOT``."""
ROOT: Final = "(beginning)"


@dataclass(frozen=True, slots=True)
class LearnedK:
    """Batches of a learned k. ``tau`` is the expectile, ``offset`` how many steps more than the value."""

    tau: float = 0.5
    offset: int = 0
    name: str = "learned-k"

    def learner(self) -> Learner:
        """One that knows nothing: its first k is 1."""
        return _LearnerOfK(self)

    def wants(self, frontier: Node) -> Iterator[Want]:
        """What a session that knows nothing wants."""
        return self.learner().wants(frontier)


class _LearnerOfK:
    """The values, and where the batch stands."""

    why_not = ""

    def __init__(self, rule: LearnedK) -> None:
        self._rule = rule
        self._values: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._batch: list[str] = []  # the states that the frontier has passed in this batch
        self._k = 0  # 0 where a batch is about to begin

    @property
    def name(self) -> str:
        return self._rule.name

    @property
    def learned(self) -> str:
        """Each state's value, and how often it was seen."""
        return json.dumps({state: [value, self._seen[state]] for state, value in self._values.items()})

    def begin(self, known: str) -> None:
        """Begin with these values.

        Raises:
            ValueError: ``known`` holds none.
        """
        try:
            found = json.loads(known)
        except RecursionError:
            raise ValueError("these are no values of states: they are nested too deep") from None
        if not isinstance(found, dict):
            raise ValueError("these are no values of states")  # noqa: TRY004 - of a text
        pairs = {state: _pair(pair) for state, pair in found.items()}
        self._values = {state: value for state, (value, _) in pairs.items()}
        self._seen = {state: seen for state, (_, seen) in pairs.items()}

    def at(self, now_s: float) -> None:
        """The rule knows no time."""

    def call_began(self, call: Call) -> None:
        """Nor does it care what is under way."""

    def call_ended(self, call: Call, usage: Usage, ended: HowEnded) -> None:
        """And no cost."""

    def judged(self, guessed: Node, guess: Guess, *, accepted: bool) -> None:
        """It learns when a step is confirmed, in the plan's order."""

    def confirmed(self, node: Node) -> None:
        """One more step of the batch; at its end, learn from it."""
        self._batch.append(_state(node.parent))
        if not node.guesses or node.is_end:
            self._learn(0.0)
        elif len(self._batch) >= self._k:
            self._learn(self._value(_state(node)))

    def _learn(self, afterwards: float) -> None:
        """Move the values of the batch's states towards their λ-returns; ``afterwards`` is the value of the state behind them."""
        returned = following = afterwards
        for state in reversed(self._batch):
            returned = 1 + (1 - LAMBDA) * following + LAMBDA * returned
            following = self._value(state)
            self._move(state, returned)
            self._move(ALL, returned)
        self._batch, self._k = [], 0

    def _value(self, state: str) -> float:
        return self._values.get(state, self._values.get(ALL, 1.0))

    def _move(self, state: str, returned: float) -> None:
        value = self._value(state)
        seen = self._seen[state] = self._seen.get(state, 0.0) + 1
        weight = 2 * (self._rule.tau if returned > value else 1 - self._rule.tau)
        self._values[state] = value + min(1.0, max(1 / seen, LEAST_RATE) * weight) * (returned - value)

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The calls of the batch that the frontier is in, and of no later one."""
        if not self._k:
            self._k = max(1, round(self._value(_state(frontier))) + self._rule.offset)
        ends_at = frontier.at - len(self._batch) + self._k
        node: Node | None = frontier
        while node is not None and node.at < ends_at:
            if needs_target(node, frontier):
                yield Want("target", node)
            if needs_draft(node):
                yield Want("approximation", node)
            node = next((child for child in node.children.values() if child.guesses), None)


def _state(node: Node | None) -> str:
    return ROOT if node is None or node.step is None else node.step.action


def _pair(pair: Any) -> tuple[float, float]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(_is_number(value) for value in pair):
        raise ValueError(f"{pair!r} is no value of a state")
    return float(pair[0]), float(pair[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
