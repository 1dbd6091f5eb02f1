"""Rules with tools, driven by hand: which runs are ordered, and what they find."""

from __future__ import annotations

from dataclasses import replace

from outrider import EXACT, Declared, PlanStep, Sliding, Step
from outrider.rules import Decision, Matching, Rules
from outrider.rules.events import (
    Asked,
    Cancel,
    Cancelled,
    Drafted,
    Event,
    Execute,
    Executing,
    Lost,
    Observed,
    Order,
    Report,
    Start,
    Started,
    Undo,
    Verified,
    Withdraw,
)

from .driven import opened

LOOK = Declared("look", effect="none")
READ = Declared("read", effect="read")
BOOK = Declared("book")
HOLD = Declared("hold", undo=True)
TRY = Declared("try", rehearses=True, undo=True)
AGAIN = Declared("again", repeatable=True)
SAFE = Declared("safe", repeatable=True, undo=True)
KEEP = Declared("keep", undo=True, approval="always")
ASK = Declared("ask", approval="always")
DOUBT = Declared("doubt", approval="unsure")
TOOLS = (LOOK, READ, BOOK, HOLD, TRY, AGAIN, SAFE, KEEP, ASK, DOUBT)


class Acting:
    """Rules with tools; agents' calls and executions are found by what they ask and run."""

    def __init__(
        self,
        *,
        k: int = 3,
        asks: bool = True,
        reads: int = 1,
        max_steps: int = 20,
        matching: Matching = EXACT,
        plan: tuple[Step, ...] = (),
        more: tuple[Declared, ...] = (),
    ) -> None:
        self.rules = Rules(lookahead=Sliding(k), max_steps=max_steps, matching=matching)
        self.calls: dict[int, Start] = {}
        self.runs: dict[int, Execute | Undo] = {}
        self.withdrawn: list[int] = []
        self.cancelled: list[int] = []
        self.findings: list[Event] = []
        given = tuple(PlanStep(step) for step in plan)
        self.receive(replace(opened(), tools=(*TOOLS, *more), reads=reads, asks=asks, plan=given))

    def receive(self, report: Report) -> Decision:
        decision = self.rules.receive(report)
        self.findings += decision.findings
        for order in decision.orders:
            self._order(order)
        return decision

    def _order(self, order: Order) -> None:
        match order:
            case Start():
                self.calls[order.call] = order
                self.rules.receive(Started(call=order.call, role=order.role, at=order.at))
            case Execute() | Undo():
                self.runs[order.execution] = order
            case Cancel(call=call):
                self.cancelled.append(call)
                role, at = self.calls[call].role, self.calls[call].at
                self.receive(Cancelled(call=call, role=role, at=at, reason=order.reason))
            case Withdraw():
                self.withdrawn.append(order.execution)
            case _:
                pass

    def asked(self, role: str) -> list[str]:
        """What agents are asked after: each step with its observation."""
        return [
            "/".join(f"{step.action}={step.observation}" for step in order.prefix)
            for order in self.calls.values()
            if order.role == role
        ]

    def drafted(self, *actions: str) -> None:
        call = max(number for number, order in self.calls.items() if order.role == "approximation")
        self.receive(Drafted(call=call, at=self.calls[call].at, steps=tuple(Step(action) for action in actions)))

    def verified(self, action: str, at: int | None = None) -> None:
        at = self.rules.frontier.at if at is None else at
        call = max(number for number, order in self.calls.items() if order.role == "target" and order.at == at)
        self.receive(Verified(call=call, at=at, step=Step(action)))

    def run_of(self, action: str) -> Execute:
        found = [order for order in self.runs.values() if order.step.action == action and isinstance(order, Execute)]
        assert found, f"{action} is not run; there are {[str(order.step) for order in self.runs.values()]}"
        return found[-1]

    def returned(self, action: str, observation: str = "ok") -> None:
        order = self.run_of(action)
        self.begin(order)
        self.receive(Observed(execution=order.execution, at=order.at, observation=observation))

    def lost(self, action: str) -> None:
        order = self.run_of(action)
        self.begin(order)
        self.receive(Lost(execution=order.execution, at=order.at, reason="it hung"))

    def begin(self, order: Execute | Undo) -> None:
        live = isinstance(order, Undo) or order.live
        self.receive(Executing(execution=order.execution, at=order.at, step=order.step.named, live=live, key=order.key))

    def runs_of(self, action: str) -> int:
        return sum(order.step.action == action and isinstance(order, Execute) for order in self.runs.values())

    @property
    def plan(self) -> list[str]:
        return [f"{entry.step.action}={entry.step.observation}" for entry in self.rules.plan.steps]

    @property
    def questions(self) -> list[str]:
        return [event.question for event in self.findings if isinstance(event, Asked)]

    @property
    def outcome(self) -> str | None:
        return self.rules.outcome


def undos(acting: Acting) -> list[Undo]:
    return [order for order in acting.runs.values() if isinstance(order, Undo)]
