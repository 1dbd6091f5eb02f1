"""The calls of one session: which are ordered, under way, being closed. What they are for is the rules' business."""

from __future__ import annotations

from collections.abc import Callable

from outrider.errors import RulesMisused
from outrider.model import Role, Usage
from outrider.rules.events import Cancel, Order, Start
from outrider.rules.learner import HowEnded, Learner
from outrider.rules.tree import Call, Node


class Calls:
    """Numbers calls, orders them and their closing, and tells a lookahead that learns how each has ended.

    Args:
        order: where orders go.
        learner: what learns from them, if anything does.
    """

    __slots__ = ("_calls", "_learner", "_next", "_now_s", "_order")

    def __init__(self, *, order: Callable[[Order], None], learner: Learner | None) -> None:
        self._order = order
        self._learner = learner
        self._calls: dict[int, Call] = {}
        self._next = 0
        self._now_s = 0.0

    @property
    def in_flight(self) -> int:
        """How many have been ordered and have not ended; those being closed count too."""
        return len(self._calls)

    def at(self, now_s: float) -> None:
        """It is ``now_s`` seconds after the session was opened."""
        self._now_s = now_s
        if self._learner is not None:
            self._learner.at(now_s)

    def start(self, role: Role, node: Node, drafter: int, *, urgent: bool) -> None:
        """Order a call at ``node``."""
        call = Call(self._next, role, node, drafter)
        self._next += 1
        self._calls[call.number] = call
        node.calls += (call.number,)
        if role == "target":
            node.target = call
        else:
            node.draft = call
        self._order(
            Start(
                call=call.number, role=role, at=node.at, prefix=node.prefix, urgent=urgent, sentences=node.sentences,
                drafter=drafter,
            )
        )  # fmt: skip

    def begin(self, number: int) -> None:
        """The call has got its turn."""
        call = self._live(number)
        call.started_s = self._now_s
        if self._learner is not None:
            self._learner.call_began(call)

    def end(self, number: int, usage: Usage, ended: HowEnded) -> Call:
        """The call has ended: it is taken off its node."""
        call = self._live(number)
        del self._calls[number]
        if call.node.target is call:
            call.node.target = None
        if call.node.draft is call:
            call.node.draft = None
        if self._learner is not None:
            self._learner.call_ended(call, usage, ended)
        return call

    def cancel(self, call: Call | None, reason: str) -> None:
        """Order it to be closed, if there is one and that was not ordered before."""
        if call is not None and not call.cancelling:
            call.cancelling = True
            self._order(Cancel(call=call.number, reason=reason))

    def cancel_waiting(self, reason: str) -> None:
        """Close every call that waits for its turn."""
        for call in self._calls.values():
            if call.started_s is None:
                self.cancel(call, reason)

    def cancel_all(self, reason: str) -> None:
        """Close every call."""
        for call in self._calls.values():
            self.cancel(call, reason)

    def _live(self, number: int) -> Call:
        call = self._calls.get(number)
        if call is None:
            raise RulesMisused(f"call {number} is not under way: it was never ordered, or it has ended already")
        return call
