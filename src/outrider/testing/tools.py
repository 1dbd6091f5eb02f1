"""Fake tools over a world that is nothing but the list of its effects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from outrider.errors import CannotUndo, ToolLost
from outrider.model import Declared, Step

Observations = Callable[[Step, tuple[Step, ...]], str]
"""What a step's tool returns in a world that has seen these effects."""

Loses: TypeAlias = Callable[[Step, str], Literal["", "before", "after"]]
"""Whether the answer to a step run under a key gets lost, before or after its effect has happened."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run of a tool: what was run under which key, on the world itself or on a copy, and when it began."""

    step: Step
    key: str
    live: bool
    began_s: float


def _says_so(step: Step, effects: tuple[Step, ...]) -> str:
    return f"{step} after {len(effects)} effects"


def _loses_nothing(step: Step, key: str) -> Literal["", "before", "after"]:
    return ""


class FakeTools:
    """Tools that are functions of the step and of the effects so far.

    Args:
        declared: what the tools are. A write whose tool is repeatable happens once for a key, however often it is run.
        observations: what they return.
        takes_s: how long a run takes.
        loses: which answers get lost.
        cannot_undo: the actions whose undoing fails.
        loses_undo: which answers to an undoing get lost, before or after the effect has been taken back.

    ``effects`` are what has happened to this world and has not been undone, each with its key; ``ran`` every run on it and on its
    copies; ``undone`` every undoing that was carried out, whether its effect was there or not, with its key.
    """

    def __init__(
        self,
        *declared: Declared,
        observations: Observations = _says_so,
        takes_s: Callable[[Step], float] | float = 0.0,
        loses: Loses = _loses_nothing,
        cannot_undo: Iterable[str] = (),
        loses_undo: Loses = _loses_nothing,
    ) -> None:
        self.declared = declared
        self.effects: list[tuple[str, Step]] = []
        self.ran: list[Ran] = []
        self.undone: list[tuple[str, Step]] = []
        self._live = True
        self._observations = observations
        self._takes_s = takes_s if callable(takes_s) else lambda _: float(takes_s)
        self._loses = loses
        self._loses_undo = loses_undo
        self._cannot_undo = frozenset(cannot_undo)
        self._by_name = {tool.name: tool for tool in declared}

    async def run(self, step: Step, *, key: str) -> str:
        """Wait, let the effect happen, and say what is to be observed.

        Raises:
            ToolLost: as ``loses`` says.
        """
        self.ran.append(Ran(step, key, self._live, asyncio.get_running_loop().time()))
        await asyncio.sleep(self._takes_s(step))
        lost = self._loses(step, key)
        if lost == "before":
            raise ToolLost(f"{step.action} gave no answer")
        tool = self._by_name.get(step.action, Declared(step.action))
        before = tuple(done for other, done in self.effects if other != key or not tool.repeatable)
        if tool.effect == "write" and len(before) == len(self.effects):
            self.effects.append((key, step))
        if lost == "after":
            raise ToolLost(f"{step.action} gave no answer")
        return self._observations(step, before)

    async def undo(self, step: Step, *, key: str) -> None:
        """Wait, then take the effect back.

        Raises:
            CannotUndo: it is one of those that fail.
            ToolLost: as ``loses_undo`` says.
        """
        await asyncio.sleep(self._takes_s(step))
        if step.action in self._cannot_undo:
            raise CannotUndo(f"{step.action} cannot be undone")
        lost = self._loses_undo(step, key)
        if lost != "before":
            self.undone.append((key, step))
            self.effects = [(other, done) for other, done in self.effects if other != key]
        if lost:
            raise ToolLost(f"the undoing of {step.action} gave no answer")

    def fork(self) -> Self:
        """The same tools on a copy of this world."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.effects = list(self.effects)
        copy._live = False
        return copy
