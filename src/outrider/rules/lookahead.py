"""How far ahead is worth going: which calls should be under way, given the tree.

A lookahead is one small object that looks at the frontier's subtree and names the calls it wants, the most wanted first. It
holds no state and never waits; what it has wanted before and is already under way, the rules remember.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from outrider.errors import BadOption
from outrider.model import Role
from outrider.rules.tree import Node


@dataclass(frozen=True, slots=True)
class Want:
    """A call that should be under way at ``node``."""

    role: Role
    node: Node


class Lookahead(Protocol):
    """A scheduler of speculation. ``name`` stands in journals and reports."""

    @property
    def name(self) -> str: ...

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The calls to have under way, the most wanted first; the frontier's own target call is always the first."""
        ...


def needs_target(node: Node, frontier: Node) -> bool:
    """A speculative target call that failed is not tried again until the frontier needs its answer."""
    waiting = node.verdict is None and node.target is None and not node.is_end and node.ready
    return waiting and (node is frontier or not node.target_failed)


def needs_draft(node: Node, most: int = 1) -> bool:
    """A step with fewer guesses than ``most``, and no verdict, can do with a draft of the next drafter, if one is left."""
    is_open = node.verdict is None and node.draft is None and not node.is_end and node.ready
    return is_open and node.asked < node.drafters and node.guessed < most


@dataclass(frozen=True, slots=True)
class Sliding:
    """Lookahead ``k``: with the frontier at step f, drafts of the steps f … f+k-1 may stand or be under way.

    At most ``k * width + 1`` target calls and one draft are in flight. ``width`` is how many of the guesses for one step get a
    target call; drafting goes on below the first. A further drafter is asked only where those before it have given fewer guesses
    than that; then a draft for each of the ``k`` steps may be in flight. ``k = 0`` is the target alone.
    """

    k: int = 4
    width: int = 1

    def __post_init__(self) -> None:
        if self.k < 0:
            raise BadOption(f"lookahead is {self.k}; give 0 for the target alone, or how many steps drafts may run ahead")
        if self.width < 1:
            raise BadOption(f"width is {self.width}; at least one guess for a step gets a target call")

    @property
    def name(self) -> str:
        return f"lookahead-{self.k}" if self.width == 1 else f"lookahead-{self.k}x{self.width}"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """Down the most likely branch, each step's target call before the draft of the next."""
        node: Node | None = frontier
        while node is not None:
            if needs_target(node, frontier):
                yield Want("target", node)
            if node.at == frontier.at + self.k:
                return
            if needs_draft(node, self.width):
                yield Want("approximation", node)
            guesses = list(node.children.values())[: self.width]
            for other in guesses[1:]:
                if needs_target(other, frontier):
                    yield Want("target", other)
            node = guesses[0] if guesses else None


@dataclass(frozen=True, slots=True)
class Batch:
    """The published loop (arXiv 2410.00079, section 3), kept for comparison: ``k`` drafts, then a barrier.

    A batch is the ``k`` steps from its base. The next one begins when the frontier has passed all of them, or earlier at the
    first verdict that nobody had drafted, once every verdict before it is in too. At most ``k`` target calls and one draft.
    """

    k: int = 4

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BadOption(f"a batch of {self.k} drafts is none; give at least 1, or lookahead 0 for the target alone")

    @property
    def name(self) -> str:
        return f"batch-{self.k}"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The calls of the batch that the frontier is in, and of no later one."""
        base = self._base(frontier)
        node: Node | None = frontier
        while node is not None and node.at < base.at + self.k:
            if needs_target(node, frontier):
                yield Want("target", node)
            if needs_draft(node):
                yield Want("approximation", node)
            node = next((child for child in node.children.values() if child.guesses), None)

    def _base(self, frontier: Node) -> Node:
        """Where the frontier's batch began: replayed from the root, since every batch follows from those before it."""
        path = [frontier]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        base = path.pop()
        for node in reversed(path):
            if node.at == base.at + self.k or not node.guesses:
                base = node
        return base
