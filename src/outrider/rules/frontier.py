"""The frontier, the end of the confirmed plan: how it moves, what holds it where it is, and how the run ends there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from outrider.model import PlanStep, Step
from outrider.rules.branches import Branches
from outrider.rules.calls import Calls
from outrider.rules.display import being_verified
from outrider.rules.events import Confirmed, Ended, Finding, Hurry, Limit, Order, Outcome, Reached, Shown, Stayed
from outrider.rules.executions import Executions
from outrider.rules.learner import Learner
from outrider.rules.tree import Node

Hold: TypeAlias = Literal["", "person"] | Limit
"""What holds the frontier where it is: nothing, the person, or a limit that was reached."""


class Frontier:
    """The end of one session's confirmed plan. Its attributes are for reading; what changes them is here, but for ``asks``.

    ``root`` is where the plan begins, ``node`` where it ends, ``sentences`` what the person has added to the task for every step
    from there on. ``held`` is what holds it there, ``outcome`` how the run ended, ``None`` while it runs. The plan may have
    ``max_steps``; at a limit the run is held if it ``asks``, and ends if not.

    Args:
        max_steps: the plan may have this many steps to begin with.
        calls, executions, branches: what hangs on the tree.
        learner: what learns from steps that are confirmed, if anything does.
        order, find: where orders and findings go.
    """

    __slots__ = (
        "_branches", "_calls", "_executions", "_find", "_learner", "_order", "_shown", "asks", "held", "max_steps", "node",
        "outcome", "root", "sentences",
    )  # fmt: skip

    def __init__(
        self,
        *,
        max_steps: int,
        calls: Calls,
        executions: Executions,
        branches: Branches,
        learner: Learner | None,
        order: Callable[[Order], None],
        find: Callable[[Finding], None],
    ) -> None:
        self.root = Node(0)
        self.node = self.root
        self.max_steps = max_steps
        self.asks = False
        self.held: Hold = ""
        self.sentences: tuple[str, ...] = ()
        self.outcome: Outcome | None = None
        self._shown: Step | None = None
        self._calls = calls
        self._executions = executions
        self._branches = branches
        self._learner = learner
        self._order = order
        self._find = find

    @property
    def confirmed(self) -> tuple[PlanStep, ...]:
        """The confirmed steps: the verdicts from the root to here."""
        steps: list[PlanStep] = []
        node = self.root
        while node is not self.node:
            if node.verdict is not None:  # a node that was steered has none: the same step comes from the one in its place
                steps.append(PlanStep(_as_executed(node.next, node.verdict.step), node.verdict.by))
            node = node.next
        return tuple(steps)

    # How it moves down ----------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """It moves down while its node has a verdict. Nothing else moves it down."""
        self._executions.arrive(self.node)
        while self._moves and self.node.verdict is not None:
            chosen = self.node.next
            self._confirm()
            if self._learner is not None:
                self._learner.confirmed(chosen)
            self._shown = None
            self.node = chosen
            self._executions.arrive(chosen, confirmed=True)
            if chosen.is_end:
                self.end("complete", "")
            elif chosen.at >= self.max_steps and chosen.stands and not self.asks:
                self.reach("steps", self._no_finish)
            else:
                self._arrive()
        if self._moves and self._at_step_limit:
            self.reach("steps", self._no_finish)

    @property
    def _moves(self) -> bool:
        """Whether it may move down: it is not held, and its step has been executed."""
        return self.outcome is None and not self.held and self.node.stands

    @property
    def _at_step_limit(self) -> bool:
        """Whether no call may be made for the step here, which has no verdict. The person may take it all the same."""
        return self.node.at >= self.max_steps

    @property
    def _no_finish(self) -> str:
        return f"{self.max_steps} steps are confirmed and none of them is finish"

    def _confirm(self) -> None:
        """The verdict here is confirmed."""
        node, verdict = self.node, self.node.verdict
        assert verdict is not None, "only a verdict is confirmed"
        guesses = node.next.guesses
        self._find(
            Confirmed(
                at=node.at, step=verdict.step, by=verdict.by, call=verdict.call, drafts=tuple(guess.call for guess in guesses)
            )
        )

    def _arrive(self) -> None:
        """It has come to an open node, to one whose call is under way, or to one that was left by going back."""
        while self.node.steered is not None:
            self.node = self.node.steered
        if self.node.verdict is None and self.node.sentences != self.sentences:
            self._renew()  # on a path that the person took after going back to before they steered
        elif self.node.target is not None:
            self._order(Hurry(call=self.node.target.number))

    def show(self) -> None:
        """The draft that is being verified here is shown, once."""
        step = being_verified(self.node)
        if step is not None and step != self._shown:
            self._find(Shown(at=self.node.at, step=step))
        self._shown = step

    # What holds it --------------------------------------------------------------------------------------------------

    def hold(self, by: Hold) -> None:
        """It stays where it is. A call that waits for its turn is closed: none begins until it is ordered anew."""
        self.held = by
        self._calls.cancel_waiting("the person holds the run" if by == "person" else "the run has reached a limit")

    def go_on(self) -> None:
        """Nothing holds it any more."""
        self.held = ""

    def has_room(self, limit: Limit) -> None:
        """The person allowed more of what the run had run out of: if it was held for want of that, it goes on."""
        self.held = "" if self.held == limit else self.held

    def reach(self, limit: Limit, reason: str) -> None:
        """There is no room for the call here: hold the run and ask, or end it if nobody is there to ask."""
        if self.asks:
            self.hold(limit)
            self._find(Reached(at=self.node.at, limit=limit, reason=reason))
        else:
            self.end("budget" if limit == "budget" else "step_limit", reason)

    def end(self, outcome: Outcome, reason: str) -> None:
        """The run has ended: every call and execution is closed."""
        self.outcome = outcome
        self._find(Ended(outcome=outcome, reason=reason))
        self._calls.cancel_all("the run has ended")
        self._executions.end()

    # Where the person puts it ---------------------------------------------------------------------------------------

    def extend(self, steps: int) -> None:
        """The plan may have so many steps more."""
        self.max_steps += steps
        self.has_room("steps")

    def steer(self, sentences: tuple[str, ...]) -> None:
        """From here on these sentences are in force."""
        self.sentences = sentences
        self._renew()

    def _renew(self) -> None:
        """Its place is taken by a node with the sentences in force: what was built without them is dropped."""
        self._branches.drop(self.node, "the person steered")
        self.node = self.node.steer(self.sentences)

    def go_back(self, at: int) -> None:
        """It moves up to step ``at`` and is held there; what has happened since is undone."""
        left, self.node = self.node, self.node.ancestor(at)
        self.hold("person")
        self._executions.go_back(left, at)

    def return_to(self, node: Node, reason: str) -> None:
        """An effect could not be taken back, for all that is known: the plan goes on after it, as before the person went back."""
        path = [node]
        while path[-1] is not self.node:
            assert path[-1].parent is not None, "the person went back up this path"
            path.append(path[-1].parent)
        for below in reversed(path[:-1]):
            if self.node.steered is not below:
                self._confirm()
                self._executions.arrive(below, confirmed=True)
            self.node = below
        self._find(Stayed(at=node.at - 1, step=self.confirmed[-1].step, reason=reason))


def _as_executed(node: Node, step: Step) -> Step:
    """The confirmed ``step`` that leads to ``node``, with its observation as soon as that stands."""
    if node.execution is None or not node.execution.stands:
        return step
    assert node.execution.observed is not None, "what stands has been observed"
    return node.execution.observed
