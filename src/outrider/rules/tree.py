"""The tree of prefixes. A node is a prefix; what is known about its next step hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from outrider.model import By, Declared, Role, Step
from outrider.rules.events import Question


@dataclass(slots=True, eq=False)
class Call:
    """A call the rules have ordered and that has not ended.

    ``started_s`` is when its request got under way, ``None`` while it waits for its turn. ``drafter`` is which of several
    drafters is asked, 0 for a target call.
    """

    number: int
    role: Role
    node: Node
    drafter: int
    cancelling: bool = False
    started_s: float | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """Who guessed a child's step: the call, how far ahead of the frontier it was then, and which of its guesses, 0 the best.

    ``confidence`` is the drafter's own, from 0 to 1, where it gave one.
    """

    call: int
    ahead: int
    rank: int = 0
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The step that the target agent (``call``) or the person named for a node's prefix."""

    step: Step
    by: By
    call: int | None = None


@dataclass(slots=True, eq=False)
class Execution:
    """What has come of executing a node's step.

    ``observed`` is the step with its observation, as soon as there is one, and ``shown_by`` the run it comes from. ``stands``:
    nothing more is to be run for it; what a rehearsal has shown, which leaves a copy of the world, does not stand before the tool
    has been run on the world itself. ``running`` is the run under way. ``failed``: a run before confirmation gave no answer.
    ``key`` names the effect, whatever attempts it takes; ``effect``: it has happened. ``had`` is what was observed of an effect
    of which it is not known whether it has been taken back.
    """

    tool: Declared
    node: Node
    observed: Step | None = None
    stands: bool = False
    running: int | None = None
    shown_by: int | None = None
    failed: bool = False
    question: Question | None = None
    approved: bool = False
    attempts: int = 0
    key: str = ""
    effect: bool = False
    had: Step | None = None

    @property
    def seen(self) -> Step | None:
        """The step with what was last observed of it, whether that is known to be so still or not."""
        return self.observed or self.had


@dataclass(slots=True, eq=False)
class Node:
    """A prefix: the steps from the root down to here. ``at`` is how many, so also the number of the step that comes next.

    ``children`` holds a node for each distinct next step, in the order in which the steps were named. ``sentences`` are what the
    person has added to the task for every call from here on; with other sentences it is another node: ``steered`` is the one
    that took this one's place. Drafters are asked here one after another: ``asked`` of the session's ``drafters`` have been,
    whether they had a guess or not. ``execution`` is that of the step that leads here, ``None`` where it has no tool.
    """

    at: int
    step: Step | None = None
    parent: Node | None = None
    sentences: tuple[str, ...] = ()
    steered: Node | None = None
    children: dict[str, Node] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    verdict: Verdict | None = None
    target: Call | None = None
    draft: Call | None = None
    target_failed: bool = False
    drafters: int = 1
    asked: int = 0
    calls: tuple[int, ...] = ()
    """Every call that was ever made from this prefix."""
    execution: Execution | None = None

    @property
    def ready(self) -> bool:
        """Whether agents can be asked here: what the step before has brought to light is known."""
        return self.execution is None or self.execution.observed is not None

    @property
    def stands(self) -> bool:
        """Whether the plan may go on from here: the step before has been executed, if there is anything to execute."""
        return self.execution is None or self.execution.stands

    @property
    def guessed(self) -> int:
        """How many different steps have been guessed to come next."""
        return sum(1 for child in self.children.values() if child.guesses)

    @property
    def prefix(self) -> tuple[Step, ...]:
        """The steps from the root to here, with their observations."""
        steps: list[Step] = []
        node = self
        while node.parent is not None:
            if node.step is not None:  # a steered node has none: it stands at the same place as the one above it
                steps.append(node.step if node.execution is None else node.execution.seen or node.step)
            node = node.parent
        return tuple(reversed(steps))

    @property
    def is_end(self) -> bool:
        """Whether the plan is complete here: nothing follows `finish`."""
        return self.step is not None and self.step.is_finish

    @property
    def next(self) -> Node:
        """Where the plan goes on from here: the node that took this one's place, or the child that the verdict selects."""
        if self.steered is not None:
            return self.steered
        assert self.verdict is not None, "the plan goes on along verdicts"
        return self.children[self.verdict.step.key]

    def child(self, step: Step) -> Node:
        """The node that ``step`` leads to, made now if nobody has named it yet."""
        node = self.children.get(step.key)
        if node is None:
            node = self.children[step.key] = Node(self.at + 1, step, self, self.sentences, drafters=self.drafters)
        return node

    def steer(self, sentences: tuple[str, ...]) -> Node:
        """The node that stands here from now on: the same prefix, with other sentences added to the task."""
        self.steered = Node(self.at, None, self, sentences, drafters=self.drafters, execution=self.execution)
        if self.execution is not None:
            self.execution.node = self.steered
        return self.steered

    def ancestor(self, at: int) -> Node:
        """The last node ``at`` steps below the root on the way to here; ``at`` is at most our own."""
        node = self
        while node.at > at:
            assert node.parent is not None, "a node at depth n has n ancestors"
            node = node.parent
        return node

    def subtree(self) -> Iterator[Node]:
        """This node and everything below it, nearest first."""
        level = [self]
        while level:
            yield from level
            level = [below for node in level for below in (*node.children.values(), *filter(None, (node.steered,)))]
