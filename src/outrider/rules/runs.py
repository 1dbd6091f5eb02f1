"""A run of a step's tool, and what the tree says of the step that it executes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outrider.model import Step
from outrider.rules.tree import Execution, Node


@dataclass(slots=True, eq=False)
class Run:
    """A run of a tool that has been ordered and has not ended."""

    execution: Execution
    live: bool
    withdrawn: bool = False
    began: bool = False
    gone: bool = False
    """Its process is gone: it may have broken off anywhere."""
    tries: int = 0
    """Which attempt at an undoing this is; 0 where it is none."""

    @property
    def undoes(self) -> bool:
        """Whether it takes an effect back."""
        return self.tries > 0

    @property
    def is_effect(self) -> bool:
        """Whether something happens to the world itself: it is never broken off."""
        return self.live and self.execution.tool.effect == "write"


def named_at(execution: Execution) -> Node:
    """The node that the step leads to; a steered one has no step of its own, but stands where the node above it stood."""
    node = execution.node
    while node.step is None:
        assert node.parent is not None, "what is executed is a step"
        node = node.parent
    return node


def step_of(execution: Execution) -> Step:
    """The step that is executed, as it was named."""
    step = named_at(execution).step
    assert step is not None, "what is executed is a step"
    return step


def asked_at(frontier: Node) -> Execution:
    """What the person is asked about at the frontier."""
    assert frontier.execution is not None, "the person is only asked where there is something to execute"
    return frontier.execution


def needs_approval(execution: Execution) -> bool:
    """A step that the person took needs none; *unsure* is a step that nobody had drafted."""
    node = named_at(execution)
    assert node.parent is not None, "a node with a step has a parent"
    assert node.parent.verdict is not None, "only what is confirmed is approved"
    if execution.approved or execution.tool.effect != "write" or node.parent.verdict.by == "person":
        return False
    return execution.tool.approval == "always" or (execution.tool.approval == "unsure" and not node.guesses)


def write_before(node: Node) -> Execution | None:
    """The last step before this node's that writes."""
    above = node.parent
    while above is not None:
        if above.execution is not None and above.execution.tool.effect == "write":
            return above.execution
        above = above.parent
    return None


def copy_before(node: Node) -> int | None:
    """The rehearsal that left the world as it is before this node's step, ``None`` for the world itself."""
    before = write_before(node)
    return None if before is None or before.stands else before.shown_by


def way_back(frontier: Node, at: int) -> Iterator[Execution]:
    """The executions of the steps from the frontier back to step ``at``, the last first."""
    node = frontier
    while node.at > at:
        if node.execution is not None and node.step is not None:  # a steered node has that of the one above it
            yield node.execution
        assert node.parent is not None, "a node at depth n has n above it"
        node = node.parent
