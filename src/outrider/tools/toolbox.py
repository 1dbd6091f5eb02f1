"""A toolbox runs steps: arguments are checked before anything runs, and what comes back is a canonical text or a named error.

What both agents can do something about is an observation that begins with ``error: ``: a tool that does not exist, arguments that
do not fit, the tool's own exception, a result that is too long, no JSON or not what the tool declares. What leaves no answer at
all is ``ToolLost``, and the caller's to settle.
"""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from outrider.errors import BadOption, BadStep, CannotFork, CannotUndo
from outrider.model import JSON, Approval, Declared, Effect, Step
from outrider.tools.checking import misfit, schema_trouble
from outrider.tools.environments import Build, Group, Held, UndoesOn, group_over, methods
from outrider.tools.running import Wrong, answer, told
from outrider.tools.text import ERROR, cut, wrong
from outrider.tools.tool import Tool, tool


class Described(NamedTuple):
    """What an agent is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


class Toolbox:
    """Tools, by their names, over the environments that they act on.

    A plain function among ``tools`` is a tool that writes.

    Args:
        tools: the tools; or, with an ``environment``, what makes them over it or over a copy of it.
        environment: what they act on. Where it has no ``fork``, each of them is declared a ``write``.

    Raises:
        BadOption: a name stands for two tools, or what is given does not go together.
    """

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]] | Build, *, environment: object = None) -> None:
        if callable(tools) and not isinstance(tools, Iterable):
            if environment is None:
                raise BadOption("what makes tools over an environment needs one; give environment=")
            self._keep((group_over(tools, environment),))
        elif environment is not None:
            raise BadOption("tools over an environment are made anew for each copy of it; give what makes them, a function of it")
        else:
            self._keep((Group(tuple(entry if isinstance(entry, Tool) else tool(entry) for entry in tools)),))

    def _keep(self, groups: tuple[Group, ...], *, copied: bool = False) -> None:
        self._groups = groups
        self._copied = copied
        self._named: dict[str, tuple[Tool, Group]] = {}
        for group in groups:
            for entry in group.tools:
                if entry.name in self._named:
                    raise BadOption(f"two tools are called {entry.name!r}; a step could not say which it means")
                self._named[entry.name] = (entry, group)

    @classmethod
    def _over(cls, groups: Iterable[Group], *, copied: bool = False) -> Toolbox:
        box = cls(())
        box._keep(tuple(groups), copied=copied)
        return box

    @classmethod
    def of(cls, *boxes: Toolbox) -> Toolbox:
        """All tools of ``boxes``. Two that act on one environment share its turns, and its copies.

        Raises:
            BadOption: a name stands for two tools.
        """
        held: dict[int, Held] = {}
        groups = [_sharing(group, held) for box in boxes for group in box._groups]
        return cls._over(groups, copied=any(box._copied for box in boxes))

    @classmethod
    def around(
        cls,
        environment: object,
        *,
        effects: Mapping[str, Effect] | None = None,
        undo: Mapping[str, UndoesOn] | None = None,
        only: Collection[str] | None = None,
        checked: bool = True,
    ) -> Toolbox:
        """The public methods of ``environment`` as tools, all but ``fork``.

        Args:
            environment: an object with typed methods. ``fork()`` gives a copy; without it every method is declared a ``write``.
            effects: what each method does to the environment; a ``write`` where nothing is said.
            undo: what takes a call back, ``undo(environment, arguments, observation, key)``.
            only: the methods that are tools.
            checked: hold results against the methods' return annotations.

        Raises:
            BadOption: a name is not a public method, or a parameter cannot be described.
        """
        return cls(methods(environment, effects or {}, undo or {}, only, checked), environment=environment)

    def __add__(self, other: Toolbox) -> Toolbox:
        return Toolbox.of(self, other)

    def __repr__(self) -> str:
        return f"Toolbox({', '.join(self._named)})"

    # What there is ----------------------------------------------------------------------------------------------------

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools, in order."""
        return tuple(entry for entry, _ in self._named.values())

    @property
    def declared(self) -> tuple[Declared, ...]:
        """What is declared of each tool."""
        return tuple(_declared(entry, group) for entry, group in self._named.values())

    @property
    def actions(self) -> tuple[Described, ...]:
        """What an agent is told of each tool."""
        return tuple(Described(entry.name, entry.description, entry.parameters) for entry in self.tools)

    @property
    def in_memory(self) -> bool:
        """Whether some of them act on an environment that is an object of this process, and may be gone with it."""
        return any(group.held is not None for group in self._groups)

    def declaring(self, effects: Mapping[str, Effect] | None = None, approvals: Mapping[str, Approval] | None = None) -> Toolbox:
        """The same tools, declared as the user's own list says, which decides before everything else. An environment that cannot
        be copied stays one: what acts on it is a ``write`` whatever the list says.

        Raises:
            BadOption: the list names a tool that there is not, or something that is no effect.
        """
        effects, approvals = effects or {}, approvals or {}
        for name in (*effects, *approvals):
            if name not in self._named:
                raise BadOption(f"there is no tool {name!r} to declare anything of; there are {', '.join(self._named)}")
        return Toolbox._over((_declaring(group, effects, approvals) for group in self._groups), copied=self._copied)

    def check(self) -> Toolbox:
        """The toolbox itself, once every schema in it is a JSON schema.

        Raises:
            BadOption: one is not; the message names the tool.
        """
        for entry in self.tools:
            for what, schema in (("arguments", entry.parameters), ("result", entry.returns)):
                if schema is not None and (trouble := schema_trouble(schema)):
                    raise BadOption(f"what is given as the JSON schema of {entry.name}'s {what} is none: {trouble}")
        return self

    # Copies -----------------------------------------------------------------------------------------------------------

    def fork(self) -> Toolbox:
        """The same tools over copies of the environments that can be copied; no live one is touched, now or later.

        A tool that writes and is not over a copy is refused in there, with ``CannotFork``.

        Raises:
            CannotFork: an environment's own ``fork`` failed.
        """
        copies: dict[int, Held] = {}
        return Toolbox._over([_forked(group, copies) for group in self._groups], copied=True)

    def _refuse_what_lasts(self, entry: Tool, group: Group) -> None:
        if self._copied and entry.effect == "write" and not group.rehearses:
            raise CannotFork(f"{entry.name} acts for good, and cannot be tried on a copy; run it once its step is confirmed")

    # Running ----------------------------------------------------------------------------------------------------------

    async def run(self, step: Step, *, key: str) -> str:
        """What the step's tool returned, as canonical text, or an observation that begins with ``error: ``.

        Writes on one environment take turns. Cancellation passes through at once.

        Args:
            step: the action is the tool's name.
            key: the idempotency key: the same for every attempt at one confirmed step, different for another.

        Raises:
            ToolLost: there is no answer; whether the tool had its effect is not known.
            CannotFork: this is a fork, and the tool would act for good.
        """
        found = self._named.get(step.action)
        if found is None:
            return wrong(self._no_such(step.action))
        entry, group = found
        if problem := misfit(step.arguments, entry.parameters):
            return wrong(f"the arguments of {entry.name} do not fit: {problem}")
        self._refuse_what_lasts(entry, group)
        async with _turn(entry, group):
            result = await answer(entry, lambda: entry.run(step.arguments, key))
        return cut(told(entry, result), entry.observation_chars)

    def _no_such(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._named, 3)
        known = near or list(self._named)[:20]
        return f"there is no tool {name[:80]!r}; there is {', '.join(known) or 'none at all'}"

    async def undo(self, step: Step, *, key: str) -> None:
        """Take an executed step back.

        Args:
            step: the step with its observation.
            key: the key that it was run under.

        Raises:
            CannotUndo: its tool has no undo, or that failed.
            ToolLost: there is no answer; whether it was taken back is not known.
            CannotFork: this is a fork, and the tool acted for good.
        """
        entry, group = self._named.get(step.action, (None, None))
        if entry is None or group is None or entry.undo is None:
            raise CannotUndo(f"{step.action} has no undo; what it did has to be taken back by hand")
        if step.observation is None:
            raise BadStep(f"{step.action} has no observation: it was not executed, and there is nothing to take back")
        self._refuse_what_lasts(entry, group)
        take_back, observation = entry.undo, step.observation
        async with _turn(entry, group):
            result = await answer(entry, lambda: take_back(step.arguments, observation, key))
        if isinstance(result, Wrong):
            raise CannotUndo(f"{step.action} could not be taken back: {result.removeprefix(ERROR)}")


def _declared(entry: Tool, group: Group) -> Declared:
    return Declared(
        name=entry.name,
        effect=entry.effect,
        approval=entry.approval,
        undo=entry.undo is not None,
        repeatable=entry.repeatable,
        rehearses=group.rehearses,
    )


def _sharing(group: Group, held: dict[int, Held]) -> Group:
    if group.held is None:
        return group
    return replace(group, held=held.setdefault(id(group.held.environment), group.held))


def _forked(group: Group, copies: dict[int, Held]) -> Group:
    if group.held is None or not group.rehearses:
        return group
    live = id(group.held.environment)
    if live not in copies:
        copies[live] = group.held.fork()
    return group.over(copies[live])


def _declaring(group: Group, effects: Mapping[str, Effect], approvals: Mapping[str, Approval]) -> Group:
    fixed = group.held is not None and not group.rehearses

    def declared(tools: Iterable[Tool]) -> Iterator[Tool]:
        for entry in tools:
            listed = {} if fixed or entry.name not in effects else {"effect": effects[entry.name], "why": "your own list says so"}
            yield replace(entry, approval=approvals.get(entry.name, entry.approval), **listed)  # type: ignore[arg-type]

    build = group.build
    return Group(
        tuple(declared(group.tools)), group.held, None if build is None else lambda environment: declared(build(environment))
    )


@asynccontextmanager
async def _turn(entry: Tool, group: Group) -> AsyncIterator[None]:
    if group.held is None or entry.effect != "write":
        yield
        return
    async with group.held.turn:
        yield
