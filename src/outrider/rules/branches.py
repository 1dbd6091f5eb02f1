"""A verdict selects a child: drafts grow branches, a verdict keeps one of them, and every other is discarded, calls and all."""

from __future__ import annotations

from collections.abc import Callable

from outrider.model import Step
from outrider.rules.calls import Calls
from outrider.rules.events import Accepted, Discarded, Drafted, Finding, Rejected
from outrider.rules.executions import Executions
from outrider.rules.learner import Learner
from outrider.rules.matching import Matching
from outrider.rules.tree import Call, Guess, Node, Verdict


class Branches:
    """What grows on one session's tree and what falls off it.

    Args:
        matching: which draft a verdict confirms.
        calls, executions: what is under way on the branches.
        learner: what learns from drafts that are judged, if anything does.
        find: where findings go.
    """

    __slots__ = ("_calls", "_executions", "_find", "_learner", "_matching")

    def __init__(
        self,
        *,
        matching: Matching,
        calls: Calls,
        executions: Executions,
        learner: Learner | None,
        find: Callable[[Finding], None],
    ) -> None:
        self._matching = matching
        self._calls = calls
        self._executions = executions
        self._learner = learner
        self._find = find

    @property
    def lossless(self) -> bool:
        """Whether a verdict confirms nothing but what equals it."""
        return self._matching.lossless

    def child(self, node: Node, step: Step) -> Node:
        """The node that ``step`` leads to, made now if nobody has named it yet."""
        child = node.child(step)
        self._executions.belong_to(child)
        return child

    def grow(self, call: Call, report: Drafted, frontier: Node) -> None:
        """The drafter's guesses hang on the node that it was asked at."""
        ahead = call.node.at - frontier.at
        sure = dict(zip(reversed(report.steps), reversed(report.confidence), strict=False))
        for step in dict.fromkeys(report.steps):
            child = self.child(call.node, step)
            rank = list(call.node.children).index(step.key)
            child.guesses += (Guess(call.number, ahead, rank, sure.get(step)),)

    def select(self, node: Node, verdict: Verdict) -> None:
        """The rule: ``verdict`` keeps one child of ``node``; every other is discarded, calls and all."""
        first = node.verdict is None
        node.verdict = verdict
        chosen = self.child(node, self._matched(node, verdict.step) or verdict.step)
        others = [child for child in node.children.values() if child is not chosen]
        if first:
            self._judge(chosen, others, verdict.step)
        chosen.step = verdict.step
        node.children = {verdict.step.key: chosen}
        self._calls.cancel(node.draft, "its verdict came first")
        self._calls.cancel(node.target, "the person took the step")
        for other in others:
            self._discard(other)

    def _matched(self, node: Node, verdict: Step) -> Step | None:
        """The draft that the verdict confirms. Where steps are executed only one that equals it: observations are its own."""
        if self._executions.are_on:
            return None
        return self._matching.find(verdict, [child.step for child in node.children.values() if child.step is not None])

    def drop(self, node: Node, reason: str) -> None:
        """What was asked and built at ``node`` is dropped."""
        self._calls.cancel(node.draft, reason)
        self._calls.cancel(node.target, reason)
        for child in node.children.values():
            self._discard(child)
        node.children, node.verdict = {}, None

    def _judge(self, chosen: Node, others: list[Node], verdict: Step) -> None:
        """Say of every guess whether it was right, once: a second verdict after going back judges nobody again."""
        at = chosen.at - 1
        if chosen.step is not None:
            for guess in chosen.guesses:
                self._learn(chosen, guess, accepted=True)
                self._find(Accepted(call=guess.call, at=at, ahead=guess.ahead, step=chosen.step))
        for other in others:
            if other.step is not None:
                for guess in other.guesses:
                    self._learn(other, guess, accepted=False)
                    self._find(Rejected(call=guess.call, at=at, ahead=guess.ahead, draft=other.step, verdict=verdict))

    def _learn(self, guessed: Node, guess: Guess, *, accepted: bool) -> None:
        if self._learner is not None:
            self._learner.judged(guessed, guess, accepted=accepted)

    def _discard(self, branch: Node) -> None:
        assert branch.step is not None, "the root is never discarded"
        calls: list[int] = []
        for node in branch.subtree():
            calls += node.calls
            for call in (node.target, node.draft):
                self._calls.cancel(call, "its prefix was rejected")
            self._executions.discard(node, "its prefix was rejected")
        self._find(Discarded(at=branch.at - 1, step=branch.step, calls=tuple(calls)))
