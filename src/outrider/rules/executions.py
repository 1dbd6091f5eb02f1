"""Which steps' tools are run, when, and what their answers mean: an observation belongs to the node that its step leads to.

What has no effect runs as soon as its step is drafted, and what only reads does too, within a budget. What writes runs once, when
its step is confirmed; before that it may be rehearsed on a copy of the world, and what the rehearsal has shown is a guess: the
branch under it stands if the world itself answers the same. Pure, as all rules are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outrider.errors import NotNow, RulesMisused
from outrider.model import Declared, Step
from outrider.rules.events import (
    Asked,
    Execute,
    Executed,
    Executing,
    ExecutionReport,
    Finding,
    Lost,
    Observed,
    Opened,
    Order,
    Question,
    Undo,
    Undone,
    Withdraw,
)
from outrider.rules.runs import Run, asked_at, copy_before, needs_approval, step_of, way_back, write_before
from outrider.rules.tree import Execution, Node

ATTEMPTS: Final = 3
"""So often a repeatable effect is tried before the person is asked."""

GIVEN: Final = "given-"
"""So begins the key of an effect of the plan that the session goes on from."""


class Executions:
    """The executions of one session's steps.

    Args:
        order, find: where orders and findings go.
        rebuild: drops what was built under a node whose observation has turned out to be another.
        give_up: ends the run; called where somebody would have to be asked and nobody is there.
    """

    __slots__ = (
        "_asks", "_ended", "_find", "_first_here", "_give_up", "_next", "_order", "_reads", "_rebuild", "_runs", "_tools",
        "_undoing",
    )  # fmt: skip

    def __init__(
        self,
        *,
        order: Callable[[Order], None],
        find: Callable[[Finding], None],
        rebuild: Callable[[Node], None],
        give_up: Callable[[Question, str], None],
    ) -> None:
        self._order = order
        self._find = find
        self._rebuild = rebuild
        self._give_up = give_up
        self._tools: dict[str, Declared] = {}
        self._runs: dict[int, Run] = {}
        self._undoing: list[Execution] = []
        self._next = 0
        self._first_here = 0
        self._reads = 0
        self._asks = False
        self._ended = False

    def open(self, report: Opened) -> None:
        """Execute steps with these tools."""
        self._tools = {tool.name: tool for tool in report.tools}
        self._reads = report.reads
        self._asks = report.asks

    def resume(self, asks: bool) -> None:
        """The process that had ordered them is gone: every run under way, and every copy of the world."""
        self._asks = asks
        self._first_here = self._next
        for run in self._runs.values():
            run.gone = True
            run.execution.attempts = 0  # that a process died is not the tool's failure

    def give_up_asking(self, frontier: Node) -> None:
        """Nobody is there any more to answer what the person was asked."""
        execution = frontier.execution
        if execution is not None and execution.question is not None:
            question, execution.question = execution.question, None
            self._ask(execution, question, "")

    @property
    def in_flight(self) -> int:
        """How many runs have been ordered and have not ended; those being withdrawn count too."""
        return len(self._runs)

    @property
    def are_on(self) -> bool:
        """Whether steps are executed at all."""
        return bool(self._tools)

    def belong_to(self, node: Node) -> None:
        """The node has just been made: see whether its step has something to execute. What is undeclared writes."""
        assert node.step is not None, "a node that is made has a step that leads to it"
        if self._tools and node.execution is None and not node.step.is_finish:
            node.execution = Execution(self._tools.get(node.step.action) or Declared(node.step.action), node)

    def given(self, node: Node, step: Step) -> None:
        """The plan that the session goes on from has this step; with an observation, it was executed then."""
        if node.execution is not None and step.observation is not None:
            node.execution.observed = step
            node.execution.stands = True
            node.execution.effect = node.execution.tool.effect == "write"
            node.execution.key = f"{GIVEN}{node.at - 1}"

    # What the person may say ----------------------------------------------------------------------------------------

    def check_answer(self, at: int, frontier: Node, *, happened: bool = False) -> None:
        """Raise ``NotNow`` unless the person is being asked about step ``at``, and, for ``happened``, whether it has."""
        question = None if frontier.execution is None else frontier.execution.question
        if question is None or at != frontier.at - 1:
            raise NotNow(f"nothing is asked about step {at}" + (f", but about step {frontier.at - 1}" if question else ""))
        if happened and question != "unsure":
            raise NotNow(f"whether step {at} has had its effect is not asked: its tool has not been run")

    def check_undone(self) -> None:
        """Raise ``NotNow`` while an effect is being taken back."""
        if self._undoing:
            raise NotNow(f"step {self._undoing[0].node.at - 1} is being undone; wait until that is done")

    def check_way_back(self, frontier: Node, at: int) -> None:
        """Raise ``NotNow`` if between the frontier and step ``at`` something has happened that cannot be taken back."""
        for execution in way_back(frontier, at):
            step = f"step {execution.node.at - 1}, {execution.tool.name},"
            if execution.running is not None and execution.tool.effect == "write":
                raise NotNow(f"{step} is being executed; wait for its observation")
            if execution.question == "unsure" and execution.had is None:
                raise NotNow(f"whether {step} has had its effect is not known; say what has come of it first")
            if execution.effect and not execution.tool.undo:
                raise NotNow(f"{step} has been executed and cannot be undone, so there is no going back behind it")

    def effects(self, frontier: Node) -> tuple[tuple[Step, str], ...]:
        """The steps on the way here that have had their effect, with its key, in order; not those of an earlier session.

        Each has its observation, but for those of which the person said what had come of them.
        """
        way = reversed([each for each in way_back(frontier, 0) if each.effect and each.stands])
        return tuple((_as_returned(each), each.key) for each in way if not each.key.startswith(GIVEN))

    def has_effects_since(self, frontier: Node, at: int) -> bool:
        """Whether one of the steps from ``at`` on has had an effect."""
        return any(execution.effect for execution in way_back(frontier, at))

    def approve(self, frontier: Node) -> None:
        """The person lets the frontier's tool run; anew, if its effect may have been taken back."""
        execution = asked_at(frontier)
        if execution.had is not None:
            self._is_taken_back(execution)
        execution.question, execution.approved, execution.attempts = None, True, 0

    def settle(self, frontier: Node, observation: str, *, happened: bool) -> None:
        """The person has said what executing the frontier's step has come to, and whether its tool's effect is there."""
        execution = asked_at(frontier)
        execution.question, execution.effect = None, happened
        self._stand(execution, observation, None)

    def go_back(self, frontier: Node, at: int) -> None:
        """The person went back to step ``at``: what has happened since is undone, the last first."""
        for execution in way_back(frontier, at):
            execution.question = None
            if execution.effect:
                self._undoing.append(execution)
            if execution.running is not None:  # it has no effect, else there were no way back: what it returns counts later
                self._runs[execution.running].live = False
        self._undo_next()

    # What tools have answered ---------------------------------------------------------------------------------------

    def receive(self, report: ExecutionReport) -> Node | None:
        """Take the report in. The node is returned whose effect could not be taken back, if that is what it says."""
        run = self._runs.get(report.execution)
        if run is None:
            raise RulesMisused(f"execution {report.execution} is not under way: it was never ordered, or it has ended already")
        if isinstance(report, Executing):
            run.began = True
            return None
        if run.undoes != isinstance(report, Undone) and not isinstance(report, Lost):
            raise RulesMisused(f"execution {report.execution} cannot end as {report.kind}")
        del self._runs[report.execution]
        if run.undoes and isinstance(report, Lost):
            return self._tried_to_undo(run, report)
        if run.undoes:
            self._undone(run.execution)
        elif not run.withdrawn:
            self._ran(run, report)
        return None

    def _ran(self, run: Run, report: ExecutionReport) -> None:
        run.execution.running = None
        if isinstance(report, Observed):
            self._observed(run, report)
        elif isinstance(report, Lost):
            self._lost(run, report)

    def _observed(self, run: Run, report: Observed) -> None:
        execution = run.execution
        if run.live:
            execution.effect = execution.tool.effect == "write"
            self._stand(execution, report.observation, report.execution)
        else:
            self._show(execution, report)

    def _show(self, execution: Execution, report: Observed) -> None:
        """The observation is known, and is not the world's own yet if the step writes."""
        observed = step_of(execution).observed(report.observation)
        if execution.observed is not None and execution.observed != observed:  # rehearsed once more, since its copy was gone
            self._rebuild(execution.node)
        execution.observed, execution.shown_by = observed, report.execution

    def _stand(self, execution: Execution, observation: str, number: int | None) -> None:
        """The observation is the world's own: it stands, and with it the branch that was built on an equal one."""
        observed = step_of(execution).observed(observation)
        known = execution.seen
        if known is not None and known != observed:
            self._rebuild(execution.node)
        self._forget_copy(execution)
        execution.observed, execution.shown_by, execution.had = observed, number, None
        self._now_stands(execution)

    def _lost(self, run: Run, report: Lost) -> None:
        execution = run.execution
        if run.gone and not (run.began and run.is_effect):
            pass  # nothing can have happened: it is ordered again
        elif not run.live:
            execution.failed = True
        elif execution.tool.effect == "write" and execution.tool.repeatable and execution.attempts < ATTEMPTS:
            pass  # the same key makes it the same effect: it is ordered again
        else:
            self._ask(execution, "unsure" if execution.tool.effect == "write" else "failed", report.reason)

    def _undone(self, execution: Execution) -> None:
        self._undoing.pop(0)
        self._is_taken_back(execution)
        self._undo_next()

    def _is_taken_back(self, execution: Execution) -> None:
        self._rebuild(execution.node)
        execution.observed, execution.stands, execution.effect, execution.had = None, False, False, None
        execution.key, execution.approved, execution.attempts, execution.shown_by = "", False, 0, None

    def _tried_to_undo(self, run: Run, report: Lost) -> Node | None:
        """The effect is there still, or may be: the node is returned that the plan goes on from, unless it is tried again."""
        execution = run.execution
        if run.gone and (execution.tool.repeatable or not run.began):
            self._undo_next(run.tries)  # the same key makes it the same undoing; that a process died is not the tool's failure
            return None
        if report.unsure and execution.tool.repeatable and run.tries < ATTEMPTS:
            self._undo_next(run.tries + 1)
            return None
        self._undoing.clear()
        known = execution.seen
        execution.observed, execution.stands, execution.had = known, True, None
        if report.unsure:
            execution.observed, execution.stands, execution.had, execution.shown_by = None, False, known, None
        return execution.node

    def _undo_next(self, tries: int = 1) -> None:
        if self._undoing:
            execution = self._undoing[0]
            number = self._number(Run(execution, live=True, tries=tries))
            step = execution.seen
            assert step is not None, "what had an effect has an observation"
            self._order(Undo(execution=number, at=execution.node.at - 1, step=step, key=execution.key))

    def stayed(self, node: Node, reason: str) -> None:
        """The plan goes on after ``node`` again. Whether its effect is there, where that is not known, the person is to say."""
        execution = asked_at(node)
        if execution.had is not None:
            self._ask(execution, "unsure", f"while it was being taken back: {reason}")

    # What is to be run ----------------------------------------------------------------------------------------------

    def arrive(self, frontier: Node, *, confirmed: bool = False) -> None:
        """The frontier is here, or has just come here by a step that was ``confirmed``.

        What its tool has shown already stands now, unless the world itself is still to be asked.
        """
        execution = frontier.execution
        if execution is None or execution.observed is None:
            return
        if confirmed if execution.stands else execution.tool.effect != "write":
            self._now_stands(execution)

    def _now_stands(self, execution: Execution) -> None:
        assert execution.observed is not None, "what stands has been observed"
        execution.stands = True
        self._find(Executed(at=execution.node.at - 1, step=execution.observed, execution=execution.shown_by))

    def run(self, frontier: Node) -> None:
        """Order every run that is due: for the frontier's step, and, without an effect on the world, for drafted ones."""
        if self._tools:
            self._confirmed(frontier)
            for node in frontier.subtree():
                if node is not frontier and node.execution is not None:
                    self._drafted(node, node.execution)

    def _confirmed(self, frontier: Node) -> None:
        execution = frontier.execution
        if execution is None or execution.stands or execution.question is not None:
            return
        if execution.running is not None:
            if self._runs[execution.running].live or execution.tool.effect != "write":
                return  # what it returns will stand
            self._withdraw(execution, "its step is confirmed: it is run on the world itself")
        if needs_approval(execution):
            self._ask(execution, "approval", "")
            return
        execution.attempts += 1
        self._execute(execution, live=True)

    def _drafted(self, node: Node, execution: Execution) -> None:
        assert node.parent is not None, "a node with a step has a parent"
        due = execution.observed is None or self._was_rehearsed_elsewhere(execution)
        idle = due and execution.running is None and not execution.failed
        if not idle or not node.parent.ready or self._is_lost(write_before(node)):
            return
        match execution.tool.effect:
            case "none":
                self._execute(execution, live=False)
            case "read" if self._reads > 0:
                self._reads -= 1
                self._execute(execution, live=False)
            case "write" if execution.tool.rehearses:
                self._execute(execution, live=False)
            case _:
                pass

    def _was_rehearsed_elsewhere(self, execution: Execution) -> bool:
        """Whether that was in a process that is gone: what it showed is known, and the copy that it left is not there."""
        return execution.tool.effect == "write" and self._is_gone(execution.shown_by)

    def _is_lost(self, before: Execution | None) -> bool:
        """Whether the world as it is after this write is not there to be copied."""
        return before is not None and not before.stands and (before.had is not None or self._is_gone(before.shown_by))

    def _is_gone(self, copy: int | None) -> bool:
        return copy is not None and copy < self._first_here

    def _execute(self, execution: Execution, *, live: bool) -> None:
        number = execution.running = self._number(Run(execution, live))
        if live:
            execution.key = execution.key or str(number)
        self._order(
            Execute(
                execution=number, at=execution.node.at - 1, step=step_of(execution), live=live, effect=execution.tool.effect,
                key=execution.key if live else str(number), after=None if live else copy_before(execution.node),
            )
        )  # fmt: skip

    def _number(self, run: Run) -> int:
        number, self._next = self._next, self._next + 1
        self._runs[number] = run
        return number

    def _ask(self, execution: Execution, question: Question, reason: str) -> None:
        """The person decides; where nobody is there to ask, the run ends, which is the safe choice."""
        if self._ended:
            return
        if not self._asks:
            self._give_up(question, reason or f"{execution.tool.name} needs the person's approval, and nobody is there to ask")
            return
        execution.question = question
        self._find(Asked(at=execution.node.at - 1, step=step_of(execution), question=question, reason=reason))

    # What is not needed any more ------------------------------------------------------------------------------------

    def discard(self, node: Node, reason: str) -> None:
        """The node's branch was dropped: its run is broken off, its copy of the world forgotten."""
        if node.execution is not None:
            self._withdraw(node.execution, reason)
            self._forget_copy(node.execution)

    def end(self) -> None:
        """The run has ended: break off everything but effects, which are waited for and recorded."""
        self._ended = True
        for number, run in self._runs.items():
            if not run.is_effect and not run.withdrawn:
                run.withdrawn, run.execution.running = True, None
                self._order(Withdraw(execution=number, reason="the run has ended"))

    def _withdraw(self, execution: Execution, reason: str) -> None:
        if execution.running is not None:
            self._runs[execution.running].withdrawn = True
            self._order(Withdraw(execution=execution.running, reason=reason))
            execution.running = None

    def _forget_copy(self, execution: Execution) -> None:
        if execution.shown_by is not None and execution.tool.effect == "write":
            self._order(Withdraw(execution=execution.shown_by, reason="its copy of the world is not needed any more"))
            execution.shown_by = None


def _as_returned(execution: Execution) -> Step:
    """The step with what its tool has returned for it."""
    assert execution.observed is not None, "what stands has been observed"
    return execution.observed if execution.shown_by is not None else execution.observed.named
