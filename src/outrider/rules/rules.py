"""The rules of interactive speculative planning: reports in, findings and orders out.

Everything is one rule on a tree of prefixes: **a verdict selects a child**. Pure: no await, no clock, no randomness, no I/O.
The live runtime, the simulator and replay all drive this one copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from outrider.errors import NotNow, RulesMisused
from outrider.model import Plan, PlanStep, Step
from outrider.rules.branches import Branches
from outrider.rules.calls import Calls
from outrider.rules.display import being_verified
from outrider.rules.drafters import FAILURES_IN_A_ROW, Drafters
from outrider.rules.events import (
    Allowed,
    Approved,
    Cancelled,
    Command,
    Confirmed,
    Degraded,
    Drafted,
    Ended,
    Executing,
    ExecutionReport,
    Extended,
    Failed,
    Finding,
    Finished,
    Hurry,
    Limit,
    Lost,
    Observed,
    Opened,
    Order,
    Outcome,
    Paused,
    Question,
    Reached,
    Report,
    Resumed,
    Settled,
    Shown,
    Started,
    Stayed,
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
from outrider.rules.learner import Learner, learner_of
from outrider.rules.lookahead import Lookahead
from outrider.rules.matching import EXACT, Matching
from outrider.rules.tree import Call, Node, Verdict

Hold: TypeAlias = Literal["", "person"] | Limit
"""What holds the frontier where it is: nothing, the person, or a limit that was reached."""


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
        "_asks", "_branches", "_calls", "_decision", "_drafters", "_executions", "_held", "_learner", "_lookahead", "_lossless",
        "_max_steps", "_outcome", "_sentences", "_shown", "frontier", "root",
    )  # fmt: skip

    def __init__(self, *, lookahead: Lookahead, max_steps: int, matching: Matching = EXACT) -> None:
        self.root = Node(0)
        self.frontier = self.root
        self._lookahead = learner_of(lookahead)
        self._learner = self._lookahead if isinstance(self._lookahead, Learner) else None
        self._lossless = matching.lossless
        self._max_steps = max_steps
        self._drafters = Drafters(1)
        self._held: Hold = ""
        self._asks = False
        self._sentences: tuple[str, ...] = ()
        self._shown: Step | None = None
        self._outcome: Outcome | None = None
        self._decision = Decision()
        self._calls = Calls(order=lambda order: self._decision.orders.append(order), learner=self._learner)
        self._executions = Executions(
            order=lambda order: self._decision.orders.append(order),
            find=self._find,
            rebuild=self._drop_what_follows,
            give_up=self._not_answered,
        )
        self._branches = Branches(
            matching=matching, calls=self._calls, executions=self._executions, learner=self._learner, find=self._find
        )

    # What is the case ----------------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """The confirmed plan: the verdicts from the root to the frontier."""
        steps: list[PlanStep] = []
        node = self.root
        while node is not self.frontier:
            if node.verdict is not None:  # a node that was steered has none: the same step comes from the one in its place
                steps.append(PlanStep(_as_executed(node.next, node.verdict.step), node.verdict.by))
            node = node.next
        return Plan(tuple(steps), lossless=self._lossless)

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
        return self._outcome

    @property
    def held(self) -> Hold:
        """What holds the frontier where it is; empty while the run goes on."""
        return self._held

    @property
    def in_flight(self) -> int:
        """How many calls and executions have been ordered and have not ended; those being closed count too."""
        return self._calls.in_flight + self._executions.in_flight

    @property
    def effects(self) -> tuple[tuple[Step, str], ...]:
        """What the session has done to the world and not undone, in order: each step with its observation, and its key."""
        return self._executions.effects(self.frontier)

    def has_effects_since(self, at: int) -> bool:
        """Whether going back to step ``at`` means to take something back."""
        return self._executions.has_effects_since(self.frontier, at)

    def check(self, report: Command) -> None:
        """Raise ``NotNow`` if the person's command does not fit the state any more; change nothing."""
        if self._outcome is not None:
            raise NotNow(f"the run has ended ({self._outcome.replace('_', ' ')}); the plan stands as it is")
        if not isinstance(report, Stopped | Allowed | Extended):
            self._executions.check_undone()
        match report:
            case Took(at=at) if at < 0:
                raise NotNow(f"there is no step {at}; steps are numbered from 0, and the next one is {self.frontier.at}")
            case Took(at=at) if at < self.frontier.at:
                raise self._too_late(at)
            case Took(at=at) if at > self.frontier.at:
                raise NotNow(f"step {at} is not there yet; the next one is {self.frontier.at}")
            case WentBack(at=at) if not 0 <= at < self.frontier.at:
                raise NotNow(f"step {at} is not confirmed, so there is no going back to it; the next step is {self.frontier.at}")
            case WentBack(at=at):
                self._executions.check_way_back(self.frontier, at)
            case Approved(at=at):
                self._executions.check_answer(at, self.frontier)
            case Settled(at=at, happened=happened):
                self._executions.check_answer(at, self.frontier, happened=happened)
            case WentOn() if not self._held:
                raise NotNow("the run is going on already")
            case WentOn() if self._held == "steps":
                raise NotNow(f"the plan has the {self._max_steps} steps it may have; allow it more, take the step, or stop")
            case Paused() if self._held:
                raise NotNow("the run waits for you already; take the step, or go on")
            case Steered(at=at) if at != self.frontier.at:
                raise NotNow(f"a sentence counts from the next step on, which is {self.frontier.at} and not {at}")
            case Steered(sentence="") if not self._sentences:
                raise NotNow("there is no sentence to take back")
            case _:
                pass

    def _too_late(self, at: int) -> NotNow:
        verdict = self.frontier.ancestor(at).verdict
        assert verdict is not None, "what lies before the frontier has its verdict"
        message = f"step {at} has its verdict already: {verdict.step}; go back to {at} to change it"
        return NotNow(message, at=at, answer=verdict.step)

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
        self._advance()
        self._show()
        self._start_what_is_wanted()
        self._finish_if_settled()
        decision, self._decision = self._decision, Decision()
        return decision

    # Reports --------------------------------------------------------------------------------------------------------

    def _open(self, report: Opened) -> None:
        if self._calls.ordered or self.root.verdict is not None:
            raise RulesMisused("the session has been opened already")
        self._lossless = self._branches.lossless and report.plan_is_lossless
        self._asks = report.asks
        if self._learner is not None and report.known:
            self._learner.begin(report.known)
        self._executions.open(report)
        node = self.root
        node.drafters = report.drafters
        self._drafters = Drafters(report.drafters)
        for entry in report.plan:
            node.verdict = Verdict(entry.step.named, entry.by)
            node = self._branches.child(node, entry.step.named)
            self._executions.given(node, entry.step)

    def _resume(self, report: Resumed) -> None:
        if not self._calls.ordered and self._outcome is None and self.root.verdict is None:
            raise RulesMisused("a session is resumed after it was opened")
        self._asks = report.asks
        self._executions.resume(report.asks)
        if self._outcome is not None or report.asks:
            return
        if self._held == "budget" or self._held == "steps":
            self._reach(self._held, "nobody is there to allow more")
        else:
            self._executions.give_up_asking(self.frontier)

    def _drafted(self, report: Drafted) -> None:
        call = self._calls.end(report.call, report.usage, "answered")
        if call.cancelling:
            return
        call.node.asked = call.drafter + 1
        if report.steps:  # no guess is neither a failure nor the end of a row of them
            self._drafters.guessed(call.drafter)
        self._branches.grow(call, report, self.frontier)

    def _verified(self, report: Verified) -> None:
        call = self._calls.end(report.call, report.usage, "answered")
        if call.cancelling:
            return
        self._branches.select(call.node, Verdict(report.step, "target", call.number))
        if self._held and call.node is self.frontier:
            self._find(Waiting(at=self.frontier.at, step=report.step))

    def _failed(self, report: Failed) -> None:
        call = self._calls.end(report.call, report.usage, "failed")
        if call.cancelling:
            return
        if call.role == "approximation":
            self._draft_failed(call, report.error)
        elif call.node is self.frontier and not self._held:
            call.node.target_failed = True
            if report.budget:
                self._reach("budget", report.error)
            else:
                self._end("target_failed", report.error)
        else:
            call.node.target_failed = True  # while the person holds the frontier too: it is asked again when they go on

    def _draft_failed(self, call: Call, error: str) -> None:
        call.node.asked = call.drafter + 1
        if self._drafters.failed(call.drafter):
            self._find(Degraded(failures=FAILURES_IN_A_ROW, error=error, left=self._drafters.left))

    def _executed(self, report: ExecutionReport) -> None:
        stayed = self._executions.receive(report)
        if stayed is not None and isinstance(report, Lost):
            self._return_to(stayed, report.reason)
            self._executions.stayed(stayed, report.reason)

    def _return_to(self, node: Node, reason: str) -> None:
        """An effect could not be taken back, for all that is known: the plan goes on after it, as before the person went back."""
        path = [node]
        while path[-1] is not self.frontier:
            assert path[-1].parent is not None, "the person went back up this path"
            path.append(path[-1].parent)
        for below in reversed(path[:-1]):
            if self.frontier.steered is not below:
                self._confirm()
                self._executions.arrive(below, confirmed=True)
            self.frontier = below
        self._find(Stayed(at=node.at - 1, step=self.plan.prefix[-1], reason=reason))

    def _command(self, report: Command) -> None:
        match report:
            case Took(step=step):
                self._held = ""
                self._branches.select(self.frontier, Verdict(step, "person"))
            case WentBack(at=at):
                left, self.frontier = self.frontier, self.frontier.ancestor(at)
                self._hold("person")
                self._executions.go_back(left, at)
            case WentOn():
                self._held = ""
            case Paused():
                self._hold("person")
            case Allowed():
                self._held = "" if self._held == "budget" else self._held
            case Extended(steps=steps):
                self._max_steps += steps
                self._held = "" if self._held == "steps" else self._held
            case Steered():
                self._held = ""
                self._sentences = report.after(self._sentences)
                self._steer()
            case Approved():
                self._executions.approve(self.frontier)
            case Settled(observation=observation, happened=happened):
                self._executions.settle(self.frontier, observation, happened=happened)
            case Stopped(reason=reason, outcome=outcome):
                self._end(outcome, reason)
            case _:
                assert_never(report)

    def _hold(self, by: Hold) -> None:
        """The frontier stays where it is. A call that waits for its turn is closed: none begins until it is ordered anew."""
        self._held = by
        self._calls.cancel_waiting("the person holds the run" if by == "person" else "the run has reached a limit")

    def _reach(self, limit: Limit, reason: str) -> None:
        """There is no room for the frontier's call: hold the run and ask, or end it if nobody is there to ask."""
        if self._asks:
            self._hold(limit)
            self._find(Reached(at=self.frontier.at, limit=limit, reason=reason))
        else:
            self._end("budget" if limit == "budget" else "step_limit", reason)

    @property
    def _at_step_limit(self) -> bool:
        """Whether no call may be made for the frontier's step. The person may take it all the same."""
        return self.frontier.at >= self._max_steps and self.frontier.verdict is None

    def _steer(self) -> None:
        """The frontier's place is taken by a node with the sentences in force: what was built without them is dropped."""
        self._branches.drop(self.frontier, "the person steered")
        self.frontier = self.frontier.steer(self._sentences)

    def _drop_what_follows(self, node: Node) -> None:
        """The step that leads here has been observed otherwise than what follows was built on. The person's own step stays."""
        verdict = node.verdict
        self._branches.drop(node, "its step was observed otherwise")
        node.asked, node.target_failed = 0, False
        if verdict is not None and verdict.by == "person" and node is self.frontier:
            self._branches.select(node, verdict)

    # What follows after every report --------------------------------------------------------------------------------

    def _advance(self) -> None:
        """The frontier moves down while its node has a verdict. Nothing else moves it down."""
        self._executions.arrive(self.frontier)
        while self._moves and self.frontier.verdict is not None:
            chosen = self.frontier.next
            self._confirm()
            if self._learner is not None:
                self._learner.confirmed(chosen)
            self._shown = None
            self.frontier = chosen
            self._executions.arrive(chosen, confirmed=True)
            if chosen.is_end:
                self._end("complete", "")
            elif chosen.at >= self._max_steps and chosen.stands and not self._asks:
                self._reach("steps", self._no_finish)
            else:
                self._arrive()
        if self._moves and self._at_step_limit:
            self._reach("steps", self._no_finish)

    @property
    def _moves(self) -> bool:
        """Whether the frontier may move down: it is not held, and its step has been executed."""
        return self._outcome is None and not self._held and self.frontier.stands

    def _confirm(self) -> None:
        """The verdict at the frontier is confirmed."""
        node, verdict = self.frontier, self.frontier.verdict
        assert verdict is not None, "only a verdict is confirmed"
        guesses = node.next.guesses
        self._find(
            Confirmed(
                at=node.at, step=verdict.step, by=verdict.by, call=verdict.call, drafts=tuple(guess.call for guess in guesses)
            )
        )

    @property
    def _no_finish(self) -> str:
        return f"{self._max_steps} steps are confirmed and none of them is finish"

    def _arrive(self) -> None:
        """The frontier has come to an open node, to one whose call is under way, or to one that was left by going back."""
        while self.frontier.steered is not None:
            self.frontier = self.frontier.steered
        if self.frontier.verdict is None and self.frontier.sentences != self._sentences:
            self._steer()  # on a path that the person took after going back to before they steered
        elif self.frontier.target is not None:
            self._decision.orders.append(Hurry(call=self.frontier.target.number))

    def _show(self) -> None:
        step = being_verified(self.frontier)
        if step is not None and step != self._shown:
            self._find(Shown(at=self.frontier.at, step=step))
        self._shown = step

    def _start_what_is_wanted(self) -> None:
        if self._outcome is not None or self._held:
            return
        for want in self._lookahead.wants(self.frontier):
            drafter = 0 if want.role == "target" else self._drafters.next_at(want.node)
            if want.node.at < self._max_steps and want.node.ready and drafter is not None:
                self._calls.start(want.role, want.node, drafter, urgent=want.role == "target" and want.node is self.frontier)
        self._executions.run(self.frontier)

    def _finish_if_settled(self) -> None:
        if self._outcome is not None and not self.in_flight:
            self._find(Finished(outcome=self._outcome))

    def _end(self, outcome: Outcome, reason: str) -> None:
        self._outcome = outcome
        self._find(Ended(outcome=outcome, reason=reason))
        self._calls.cancel_all("the run has ended")
        self._executions.end()

    def _not_answered(self, question: Question, reason: str) -> None:
        self._end("not_approved" if question == "approval" else "tool_failed", reason)

    # Small things ---------------------------------------------------------------------------------------------------

    def _find(self, finding: Finding) -> None:
        self._decision.findings.append(finding)


def _as_executed(node: Node, step: Step) -> Step:
    """The confirmed ``step`` that leads to ``node``, with its observation as soon as that stands."""
    execution = node.execution
    return execution.observed or step if execution is not None and execution.stands else step
