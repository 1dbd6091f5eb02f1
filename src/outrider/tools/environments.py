"""An environment: an object whose methods are tools and which may be copied, so that steps are tried on a copy.

Speculative work never touches the live object. One that has no ``fork`` cannot be tried at all: whatever is run on it is a write.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from outrider.errors import BadOption, CannotFork
from outrider.model import Effect
from outrider.tools.tool import Arguments, Tool, tool

Build: TypeAlias = Callable[[Any], Iterable[Tool]]
"""The tools over an environment, built anew for each copy of it."""

UndoesOn: TypeAlias = Callable[[Any, Arguments, str, str], object]
"""``undo(environment, arguments, observation, key)``; a method of the environment's class is one."""

CANNOT_FORK = "its environment has no fork(), so nothing can be tried on a copy of it, and all that runs on it counts as a write"


@runtime_checkable
class Forkable(Protocol):
    """An environment that can be copied: what is done to the copy is never seen in the original, nor the other way round."""

    def fork(self) -> Any:
        """A copy that shares nothing with the original that a tool could change."""


class Held:
    """An environment, and the lock by which its writes take turns."""

    def __init__(self, environment: object) -> None:
        self.environment = environment
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    @property
    def forks(self) -> bool:
        """Whether it can be copied."""
        return isinstance(self.environment, Forkable)

    @property
    def turn(self) -> asyncio.Lock:
        """The lock, of the running loop: one toolbox may serve several programs in a row."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    def fork(self) -> Held:
        """A copy of the environment, with turns of its own.

        Raises:
            CannotFork: its ``fork`` raised, or gave the original back.
        """
        name = type(self.environment).__name__
        assert isinstance(self.environment, Forkable), "only an environment that forks is forked"
        try:
            copy = self.environment.fork()
        except Exception as error:  # foreign code
            raise CannotFork(f"{name}.fork() raised {type(error).__name__}: {str(error)[:200]}") from error
        if copy is self.environment or copy is None:
            raise CannotFork(f"{name}.fork() gave {'nothing' if copy is None else 'itself'}; it has to give a copy")
        return Held(copy)


@dataclass(frozen=True, slots=True)
class Group:
    """Tools over one environment, or over none."""

    tools: tuple[Tool, ...]
    held: Held | None = None
    build: Build | None = None

    @property
    def rehearses(self) -> bool:
        """Whether a step can be tried on a copy."""
        return self.held is not None and self.held.forks

    def over(self, held: Held) -> Group:
        """The same tools over another environment."""
        assert self.build is not None, "a group with an environment has its builder"
        return Group(tuple(self.build(held.environment)), held, self.build)


def group_over(build: Build, environment: object) -> Group:
    """The tools that ``build`` makes over ``environment``; writes, all of them, where it cannot be copied."""
    if isinstance(environment, type) or environment is None:
        raise BadOption(f"{environment!r} is no environment; give an object")
    held = Held(environment)
    kept = build if held.forks else _as_writes(build)
    return Group(tuple(kept(environment)), held, kept)


def _as_writes(build: Build) -> Build:
    def writes(environment: Any) -> Iterable[Tool]:
        for entry in build(environment):
            yield entry if entry.effect == "write" else replace(entry, effect="write", why=CANNOT_FORK)

    return writes


def methods(
    environment: object, effects: Mapping[str, Effect], undo: Mapping[str, UndoesOn], only: Collection[str] | None, checked: bool
) -> Build:
    """What makes tools of the public methods of an environment, or of those in ``only``.

    Raises:
        BadOption: a name is not a public method of it.
    """
    kind = type(environment)
    names = [name for name in dir(kind) if not name.startswith("_") and name != "fork" and _is_method(kind, name)]
    for name in (*effects, *undo, *(only or ())):
        if name not in names:
            raise BadOption(f"{kind.__name__} has no public method {name!r}; it has {', '.join(names) or 'none'}")
    chosen = [name for name in names if only is None or name in only]

    def build(over: Any) -> Iterable[Tool]:
        for name in chosen:
            made = tool(getattr(over, name), effect=effects.get(name, "write"), undo=_bound(undo.get(name), over))
            yield made if checked else replace(made, returns=None)

    return build


def _is_method(kind: type, name: str) -> bool:
    """Whether it is one, without running a property's code."""
    return inspect.isroutine(inspect.getattr_static(kind, name))


def _bound(undo: UndoesOn | None, environment: object) -> Callable[[Arguments, str, str], object] | None:
    if undo is None:
        return None
    return lambda arguments, observation, key: undo(environment, arguments, observation, key)
