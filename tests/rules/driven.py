"""The rules driven by hand: no loop, no clock, only reports and what follows from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from outrider import EXACT, PlanStep, Sliding, Step, Task
from outrider.rules import Decision, Lookahead, Matching, Rules
from outrider.rules.events import (
    Cancel,
    Drafted,
    Event,
    Failed,
    Hurry,
    Opened,
    Paused,
    Report,
    Start,
    Started,
    Steered,
    Took,
    Verified,
    WentBack,
    WentOn,
)
from outrider.rules.tree import Node
from outrider.testing import steps

TASK = Task("a task")


def opened(*actions: str) -> Opened:
    return Opened(
        task=TASK, approximation="drafter", target="target", lookahead="lookahead", max_steps=20,
        plan=tuple(PlanStep(step) for step in steps(*actions)),
    )  # fmt: skip


class Driven:
    """Rules that have been opened, and calls found by what they ask: ``target("a", "b")`` is the call on that prefix.

    A call begins as soon as it is ordered, unless ``queue`` says that it waits for its turn.
    """

    def __init__(
        self,
        lookahead: Lookahead | None = None,
        *,
        max_steps: int = 20,
        matching: Matching = EXACT,
        going_on: tuple[str, ...] = (),
        queue: bool = False,
        asks: bool = False,
    ) -> None:
        self.queue = queue
        self.rules = Rules(lookahead=lookahead or Sliding(2), max_steps=max_steps, matching=matching)
        self.under_way: dict[int, Start] = {}
        self.closing: set[int] = set()
        self.findings: list[Event] = []
        self.last = Decision()
        self.receive(replace(opened(*going_on), asks=asks))

    def receive(self, report: Report) -> Decision:
        self.last = self.rules.receive(report)
        self.findings += self.last.findings
        if isinstance(report, Drafted | Verified | Failed) or report.kind == "cancelled":
            self.under_way.pop(getattr(report, "call", -1), None)
        for order in self.last.orders:
            match order:
                case Start():
                    self.under_way[order.call] = order
                    if not self.queue:
                        self.rules.receive(Started(call=order.call, role=order.role, at=order.at))
                case Cancel(call=call):
                    self.closing.add(call)
                case Hurry():
                    pass
        return self.last

    def call(self, role: str, *actions: str) -> int:
        found = [
            order.call
            for order in self.under_way.values()
            if order.role == role and tuple(step.action for step in order.prefix) == actions and order.call not in self.closing
        ]
        assert found, f"no {role} call on {actions}; there are {self.asking()}"
        return found[-1]

    def drafted(self, *prefix: str, guesses: str | tuple[str, ...]) -> Decision:
        guesses = (guesses,) if isinstance(guesses, str) else guesses
        return self.receive(Drafted(call=self.call("approximation", *prefix), at=len(prefix), steps=steps(*guesses)))

    def verified(self, *prefix: str, step: str | Step) -> Decision:
        step = Step(step) if isinstance(step, str) else step
        return self.receive(Verified(call=self.call("target", *prefix), at=len(prefix), step=step))

    def failed(self, role: Any, *prefix: str, budget: bool = False, error: str = "down") -> Decision:
        return self.receive(Failed(call=self.call(role, *prefix), role=role, at=len(prefix), error=error, budget=budget))

    def took(self, action: str) -> Decision:
        return self.receive(Took(at=self.rules.frontier.at, step=Step(action)))

    def went_back(self, at: int) -> Decision:
        return self.receive(WentBack(at=at))

    def went_on(self) -> Decision:
        return self.receive(WentOn())

    def paused(self) -> Decision:
        return self.receive(Paused())

    def steered(self, sentence: str) -> Decision:
        return self.receive(Steered(at=self.rules.frontier.at, sentence=sentence))

    def asking(self) -> set[str]:
        """Calls under way and not being closed, as ``T:a/b`` and ``A:a/b``."""
        return {
            f"{'T' if order.role == 'target' else 'A'}:{'/'.join(step.action for step in order.prefix)}"
            for order in self.under_way.values()
            if order.call not in self.closing
        }

    @property
    def actions(self) -> list[str]:
        return [step.action for step in self.rules.plan.prefix]

    def said(self) -> list[str]:
        """What the last report's findings were, as ``kind at``."""
        return [" ".join([event.kind, *([str(event.at)] if hasattr(event, "at") else [])]) for event in self.last.findings]


def everything(rules: Rules) -> list[object]:
    """All that can be seen of the rules' state, to tell that nothing has changed."""

    def seen(node: Node) -> tuple[object, ...]:
        calls = tuple(
            None if call is None else (call.number, call.started_s, call.cancelling) for call in (node.target, node.draft)
        )
        told = node.sentences, node.steered is not None
        failed = node.target_failed, node.asked
        return node.prefix, told, node.verdict, node.guesses, calls, failed, node.calls, [*node.children]

    return [rules.plan, rules.outcome, rules.in_flight, rules.frontier.prefix, [seen(node) for node in rules.root.subtree()]]
