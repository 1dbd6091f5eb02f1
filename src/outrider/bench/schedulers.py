"""The schedulers that are compared: each one small object that names the calls worth having under way.

``alone`` is the target alone, ``lookahead-K`` Outrider's own, ``lookahead-KxN`` the same with N guesses for a step, ``batch-K``
the published loop. ``topk-N`` speculates one step deep: only the frontier's guesses get target calls, N of them. ``tools-only``
speculates like ``lookahead-4``, but only across steps that are tool calls. ``auto@DOLLARS`` is lookahead by value at that dial,
``learned-k`` batches of a learned length; both learn from run to run. ``oracle`` knows in advance which drafts hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from outrider.bench.learned import LearnedK
from outrider.bench.rows import Trace
from outrider.errors import UnknownName
from outrider.model import Step
from outrider.rules import Batch, ByValue, Lookahead, Sliding, Want
from outrider.rules.tree import Node

SAY: Final = "say"
"""The action of a step that speaks to the user. Every other step, but `finish`, is a tool call."""

ORACLE: Final = "oracle"

TOOLS_ONLY_K: Final = 4

MOST_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class Alone:
    """The target alone: no draft is ever asked for."""

    name: str = "alone"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The frontier's target call and nothing else."""
        return Sliding(0).wants(frontier)


@dataclass(frozen=True, slots=True)
class TopK:
    """Speculation one step deep: the frontier's first ``n`` guesses get target calls, and nothing deeper is started."""

    n: int

    @property
    def name(self) -> str:
        return f"topk-{self.n}"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """The frontier's target call, its draft, and a target call under each of its guesses."""
        return Sliding(1, width=self.n).wants(frontier)


@dataclass(frozen=True, slots=True)
class ToolsOnly:
    """Sliding lookahead that stops at the next step that is no tool call: what is said to the user is not guessed at."""

    k: int = TOOLS_ONLY_K
    name: str = "tools-only"

    def wants(self, frontier: Node) -> Iterator[Want]:
        """What sliding lookahead wants, as far as every step from the frontier on is a tool call."""
        return (want for want in Sliding(self.k).wants(frontier) if self._tools_all_the_way(want.node, frontier))

    def _tools_all_the_way(self, node: Node, frontier: Node) -> bool:
        while node is not frontier:
            assert node.step is not None, "a node below the frontier was led to by a step"
            assert node.parent is not None, "and has a parent"
            if node.step.action == SAY:
                return False
            node = node.parent
        return True


@dataclass(frozen=True, slots=True)
class Oracle:
    """Knows the plan and which drafts hold, and asks for those alone: nothing it starts is wasted.

    With one guess a step it is as fast as unlimited lookahead; with several it follows the right one, which lookahead cannot
    know. ``path`` is the plan. ``useful[i]`` is whether the draft of step ``i`` has the right guess and is there before its
    verdict; that of the last step never is, since nothing is left to speculate on.
    """

    path: tuple[Step, ...]
    useful: tuple[bool, ...]
    name: str = ORACLE

    @classmethod
    def of(cls, trace: Trace) -> Oracle:
        """The oracle for a recorded run."""
        useful = [row.target in row.drafts and row.draft_s is not None and row.draft_s < row.target_s for row in trace.rows]
        return cls(tuple(row.target for row in trace.rows), (*useful[:-1], False))

    def wants(self, frontier: Node) -> Iterator[Want]:
        """Down the plan: each step's target call, and its draft if that is of use."""
        node: Node | None = frontier
        while node is not None and node.at < len(self.path):
            for want in Sliding(1).wants(node):
                if want.node is node and (want.role == "target" or self.useful[node.at]):
                    yield want
            node = node.children.get(self.path[node.at].key)


# By name ------------------------------------------------------------------------------------------------------------

Scheduler: TypeAlias = Callable[[Trace], Lookahead]
"""Gives the lookahead for a recorded run. Most are the same for every run; the oracle has to see it."""

Named: TypeAlias = Callable[["re.Match[str]"], Scheduler]


def _fixed(lookahead: Lookahead) -> Scheduler:
    return lambda trace: lookahead


SCHEDULERS: Final[Mapping[str, tuple[str, Named]]] = MappingProxyType(
    {
        "alone": (r"alone", lambda named: _fixed(Alone())),
        "lookahead-K": (r"lookahead-([0-9]{1,4})", lambda named: _fixed(Sliding(int(named[1])))),
        "lookahead-KxN": (
            r"lookahead-([1-9][0-9]{0,3})x([2-9]|[1-5][0-9])",
            lambda named: _fixed(Sliding(int(named[1]), width=int(named[2]))),
        ),
        "batch-K": (r"batch-([1-9]|10)", lambda named: _fixed(Batch(int(named[1])))),
        "topk-N": (r"topk-([1-9][0-9]?)", lambda named: _fixed(TopK(int(named[1])))),
        "tools-only": (r"tools-only", lambda named: _fixed(ToolsOnly())),
        "auto@DOLLARS": (r"auto@(inf|[0-9]{1,9}(?:\.[0-9]{1,6})?)", lambda named: _fixed(ByValue(float(named[1])))),
        "learned-k": (r"learned-k", lambda named: _fixed(LearnedK())),
        ORACLE: (ORACLE, lambda named: Oracle.of),
    }
)
"""Every kind of scheduler: how its name is written, the pattern of that, and what makes it. A new kind is a new entry."""

STANDARD: Final = (
    "alone", "lookahead-1", "lookahead-2", "lookahead-4", "lookahead-8", *(f"batch-{k}" for k in range(1, MOST_BATCH + 1)),
    "topk-1", "topk-3", "tools-only", "learned-k", "auto@0", "auto@3", "auto@30", "auto@300", "auto@inf", ORACLE,
)  # fmt: skip
"""What is compared unless somebody says otherwise."""


def scheduler_named(name: str, kinds: Mapping[str, tuple[str, Named]] = SCHEDULERS) -> Scheduler:
    """The scheduler that ``name`` names.

    Raises:
        UnknownName: it names none; the message says what there is.
    """
    for pattern, make in kinds.values():
        if (named := re.fullmatch(pattern, name)) is not None:
            return make(named)
    raise UnknownName(
        f"the scheduler {name!r} is not known; there is {', '.join(kinds)}, with K of batch-K from 1 to {MOST_BATCH}"
    )


def schedulers_named(names: Sequence[str]) -> dict[str, Scheduler]:
    """The schedulers by their names, each once, in the order given."""
    return {name: scheduler_named(name) for name in names}


def live_schedulers_named(names: Sequence[str]) -> dict[str, Lookahead]:
    """The schedulers that can run live, by their names.

    Raises:
        UnknownName: one of them is none, or has to know in advance what will be answered.
    """
    if ORACLE in names:
        raise UnknownName(f"the {ORACLE} knows the answers in advance, so it cannot run live; compare it on what was recorded")
    nothing_yet = Trace(task="live", rows=())
    return {name: make(nothing_yet) for name, make in schedulers_named(names).items()}
