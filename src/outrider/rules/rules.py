"""The rules of interactive speculative planning: reports in, findings and orders out.

Everything is one rule on a tree of prefixes: **a verdict selects a child**. Pure: no await, no clock, no randomness, no I/O.
The live runtime, the simulator and replay all drive this one copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from outrider.errors import RulesMisused
from outrider.model import Plan, Step
from outrider.rules.branches import Branches
from outrider.rules.calls import Calls
from outrider.rules.drafters import FAILURES_IN_A_ROW, Drafters
from outrider.rules.events import (
    Allowed,
    Approved,
    Cancelled,
    Command,
    Degraded,
    Drafted,
    Executing,
    ExecutionReport,
    Extended,
    Failed,
    Finding,
    Finished,
    Lost,
    Observed,
    Opened,
    Order,
    Outcome,
    Paused,
    Question,
    Report,
    Resumed,
    Settled,
    Started,
    Steered,
    Stopped,
    Took,
    Undone,
    Verified,
    Waiting,
    WentBack,
    WentOn,
)
from outrider.rules.executions import Executions
from outrider.rules.fitting import check
from outrider.rules.frontier import Frontier, Hold
from outrider.rules.learner import Learner, learner_of
from outrider.rules.lookahead import Lookahead
from outrider.rules.matching import EXACT, Matching
from outrider.rules.tree import Call, Node, Verdict


@dataclass(slots=True)
class Decision:
    """What follows from a report: findings first, to be recorded; then orders, to be performed in turn."""

    findings: list[Finding] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


class Rules:
    """One session's state and the only thing that changes it: ``receive``.

    Args:
        lookahead: what is worth starting.
        max_steps: the plan may have this many steps, `finish` included.
        matching: which draft a verdict confirms; anything but ``EXACT`` is lossy.
    """

    __slots__ = (
        "_branches", "_calls", "_decision", "_drafters", "_executions", "_frontier", "_learner", "_lookahead", "_lossless",
        "_opened",
    )  # fmt: skip

    def __init__(self, *, lookahead: Lookahead, max_steps: int, matching: Matching = EXACT) -> None:
        self._lookahead = learner_of(lookahead)
        self._learner = self._lookahead if isinstance(self._lookahead, Learner) else None
        self._lossless = matching.lossless
        self._opened = False
        self._drafters = Drafters(1)
        self._decision = Decision()
        self._calls = Calls(order=self._order, learner=self._learner)
        self._executions = Executions(
            order=self._order, find=self._find, rebuild=self._drop_what_follows, give_up=self._not_answered
        )
        self._branches = Branches(
            matching=matching, calls=self._calls, executions=self._executions, learner=self._learner, find=self._find
        )
        self._frontier = Frontier(
            max_steps=max_steps,
            calls=self._calls,
            executions=self._executions,
            branches=self._branches,
            learner=self._learner,
            order=self._order,
            find=self._find,
        )

    # What is the case ----------------------------------------------------------------------------------------------

    @property
    def root(self) -> Node:
        """Where the plan begins."""
        return self._frontier.root

    @property
    def frontier(self) -> Node:
        """Where the confirmed plan ends."""
        return self._frontier.node

    @property
    def plan(self) -> Plan:
        """The confirmed plan: the verdicts from the root to the frontier."""
        return Plan(self._frontier.confirmed, lossless=self._lossless)

    @property
    def learned(self) -> str:
        """What a lookahead that learns knows by now, for later sessions to begin with; empty for any other."""
        return self._learner.learned if self._learner is not None else ""

    @property
    def why_not(self) -> str:
        """Why a lookahead that learns would not speculate any more, in a sentence; empty if it would."""
        return self._learner.why_not if self._learner is not None else ""

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended; ``None`` while it runs."""
        return self._frontier.outcome

    @property
    def held(self) -> Hold:
        """What holds the frontier where it is; empty while the run goes on."""
        return self._frontier.held

    @property
    def in_flight(self) -> int:
        """How many calls and executions have been ordered and have not ended; those being closed count too."""
        return self._calls.in_flight + self._executions.in_flight

    @property
    def effects(self) -> tuple[tuple[Step, str], ...]:
        """What the session has done to the world and not undone, in order: each step with its observation, and its key."""
        return self._executions.effects(self._frontier.node)

    def has_effects_since(self, at: int) -> bool:
        """Whether going back to step ``at`` means to take something back."""
        return self._executions.has_effects_since(self._frontier.node, at)

    def check(self, report: Command) -> None:
        """Raise ``NotNow`` if the person's command does not fit the state any more; change nothing."""
        check(report, self._frontier, self._executions)

    # The one verb ---------------------------------------------------------------------------------------------------

    def receive(self, report: Report, now_s: float = 0.0) -> Decision:
        """Take what happened into account, ``now_s`` seconds after the session was opened; return what follows from it.

        Afterwards the frontier stands at the first node without a verdict (or where somebody went back to), every call that
        hangs on a discarded branch has been ordered to close, and every call worth making has been ordered.

        Raises:
            NotNow: a person's command that does not fit; nothing has changed.
            RulesMisused: a report about a call that is not under way; nothing has changed.
        """
        self._calls.at(now_s)
        match report:
            case Opened():
                self._open(report)
            case Resumed():
                self._resume(report)
            case Started(call=number):
                self._calls.begin(number)
                return Decision()  # the tree is as it was
            case Drafted():
                self._drafted(report)
            case Verified():
                self._verified(report)
            case Failed():
                self._failed(report)
            case Cancelled():
                self._calls.end(report.call, report.usage, "cancelled")
            case Executing() | Observed() | Lost() | Undone():
                self._executed(report)
            case _:
                self.check(report)
                self._command(report)
        self._frontier.advance()
        self._frontier.show()
        self._start_what_is_wanted()
        self._finish_if_settled()
        decision, self._decision = self._decision, Decision()
        return decision

    # Reports --------------------------------------------------------------------------------------------------------

    def _open(self, report: Opened) -> None:
        if self._opened:
            raise RulesMisused("the session has been opened already")
        self._lossless = self._branches.lossless and report.plan_is_lossless
        self._frontier.asks = report.asks
        if self._learner is not None and report.known:
            self._learner.begin(report.known)
        self._executions.open(report)
        node = self._frontier.root
        node.drafters = report.drafters
        self._drafters = Drafters(report.drafters)
        for entry in report.plan:
            node.verdict = Verdict(entry.step.named, entry.by)
            node = self._branches.child(node, entry.step.named)
            self._executions.given(node, entry.step)
        self._opened = True

    def _resume(self, report: Resumed) -> None:
        if not self._opened:
            raise RulesMisused("a session is resumed after it was opened")
        self._frontier.asks = report.asks
        self._executions.resume(report.asks)
        if self._frontier.outcome is not None or report.asks:
            return
        if self._frontier.held == "budget" or self._frontier.held == "steps":
            self._frontier.reach(self._frontier.held, "nobody is there to allow more")
        else:
            self._executions.give_up_asking(self._frontier.node)

    def _drafted(self, report: Drafted) -> None:
        call = self._calls.end(report.call, report.usage, "answered")
        if call.cancelling:
            return
        call.node.asked = call.drafter + 1
        if report.steps:  # no guess is neither a failure nor the end of a row of them
            self._drafters.guessed(call.drafter)
        self._branches.grow(call, report, self._frontier.node)

    def _verified(self, report: Verified) -> None:
        call = self._calls.end(report.call, report.usage, "answered")
        if call.cancelling:
            return
        self._branches.select(call.node, Verdict(report.step, "target", call.number))
        if self._frontier.held and call.node is self._frontier.node:
            self._find(Waiting(at=self._frontier.node.at, step=report.step))

    def _failed(self, report: Failed) -> None:
        call = self._calls.end(report.call, report.usage, "failed")
        if call.cancelling:
            return
        if call.role == "approximation":
            self._draft_failed(call, report.error)
            return
        call.node.target_failed = True
        if call.node is not self._frontier.node or self._frontier.held:
            return  # at a frontier that the person holds it is asked again when they go on
        if report.budget:
            self._frontier.reach("budget", report.error)
        else:
            self._frontier.end("target_failed", report.error)

    def _draft_failed(self, call: Call, error: str) -> None:
        call.node.asked = call.drafter + 1
        if self._drafters.failed(call.drafter):
            self._find(Degraded(failures=FAILURES_IN_A_ROW, error=error, left=self._drafters.left))

    def _executed(self, report: ExecutionReport) -> None:
        stayed = self._executions.receive(report)
        if stayed is not None:
            assert isinstance(report, Lost), "nothing else leaves an effect where it is"
            self._frontier.return_to(stayed, report.reason)
            self._executions.stayed(stayed, report.reason)

    def _command(self, report: Command) -> None:
        match report:
            case Took(step=step):
                self._frontier.go_on()
                self._branches.select(self._frontier.node, Verdict(step, "person"))
            case WentBack(at=at):
                self._frontier.go_back(at)
            case WentOn():
                self._frontier.go_on()
            case Paused():
                self._frontier.hold("person")
            case Allowed():
                self._frontier.has_room("budget")
            case Extended(steps=steps):
                self._frontier.extend(steps)
            case Steered():
                self._frontier.go_on()
                self._frontier.steer(report.after(self._frontier.sentences))
            case Approved():
                self._executions.approve(self._frontier.node)
            case Settled(observation=observation, happened=happened):
                self._executions.settle(self._frontier.node, observation, happened=happened)
            case Stopped(reason=reason, outcome=outcome):
                self._frontier.end(outcome, reason)
            case _:
                assert_never(report)

    def _drop_what_follows(self, node: Node) -> None:
        """The step that leads here has been observed otherwise than what follows was built on. The person's own step stays."""
        verdict = node.verdict
        self._branches.drop(node, "its step was observed otherwise")
        node.asked, node.target_failed = 0, False
        if verdict is not None and verdict.by == "person" and node is self._frontier.node:
            self._branches.select(node, verdict)

    # What follows after every report --------------------------------------------------------------------------------

    def _start_what_is_wanted(self) -> None:
        if self._frontier.outcome is not None or self._frontier.held:
            return
        frontier = self._frontier.node
        for want in self._lookahead.wants(frontier):
            drafter = 0 if want.role == "target" else self._drafters.next_at(want.node)
            if want.node.at < self._frontier.max_steps and want.node.ready and drafter is not None:
                self._calls.start(want.role, want.node, drafter, urgent=want.role == "target" and want.node is frontier)
        self._executions.run(frontier)

    def _finish_if_settled(self) -> None:
        if self._frontier.outcome is not None and not self.in_flight:
            self._find(Finished(outcome=self._frontier.outcome))

    def _not_answered(self, question: Question, reason: str) -> None:
        self._frontier.end("not_approved" if question == "approval" else "tool_failed", reason)

    # Small things ---------------------------------------------------------------------------------------------------

    def _order(self, order: Order) -> None:
        self._decision.orders.append(order)

    def _find(self, finding: Finding) -> None:
        self._decision.findings.append(finding)
