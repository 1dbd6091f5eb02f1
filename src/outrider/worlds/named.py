"""A world as somebody names it: what it is for a task, who plans in it without a model, and how a plan of it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from outrider.agents.agent import Agent
from outrider.agents.own_tools import world_of_tools
from outrider.agents.world import World
from outrider.model import Prefix, Role, Step

if TYPE_CHECKING:
    from outrider.tools import Toolbox

Teller: TypeAlias = Callable[[Step], str]
"""How a step reads, in a few words."""


OWN_TOOLS: Final = "tools"
"""The name of a world that is made of somebody's own tools."""


def _no_tasks() -> tuple[str, ...]:
    return ()


def _no_notes(task: str) -> tuple[str, ...]:
    return ()


def _as_it_is(task: str) -> Teller:
    return str


def _nothing(task: str, prefix: Prefix) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWorld:
    """A world by its name.

    Whatever takes a task's text and cannot do with it says so (``BadOption``), except ``teller``, ``stands`` and ``render``:
    they also read what a journal kept, and say less instead.

    Args:
        about: what plans are made of in it, for a person who chooses one.
        world: what agents are told in it, for a task.
        tasks: tasks that it brings along, which ``--task N`` counts from 0.
        examples: tasks that show a person what to ask for.
        agents: agents that plan in it without a model, by their names ``KIND@WORLD``.
        usual: who plans in it if nobody is named; empty: whoever does everywhere.
        most_steps: how many steps a plan for a task has at most; ``None``: as many as everywhere.
        notes: what the person should know before a plan for a task is made: what was taken for granted, what was not understood.
        teller: how the steps of a plan for a task read.
        stands: where the plan stands after a prefix, for a person, in a line; empty where there is nothing to say.
        render: a finished plan as a text that one would want to read; empty where its steps say everything.
        toolbox: the tools that its steps run, for a task; ``None``: steps are planned and not executed.
    """

    name: str
    about: str
    world: Callable[[str], World]
    tasks: Callable[[], tuple[str, ...]] = _no_tasks
    examples: tuple[str, ...] = ()
    agents: Mapping[str, Callable[[], Agent]] = field(default_factory=dict)
    usual: Mapping[Role, str] = field(default_factory=dict)
    most_steps: Callable[[str], int] | None = None
    notes: Callable[[str], tuple[str, ...]] = _no_notes
    teller: Callable[[str], Teller] = _as_it_is
    stands: Callable[[str, Prefix], str] = _nothing
    render: Callable[[str, Prefix], str] = _nothing
    toolbox: Callable[[str], Toolbox] | None = None


def same_for_every_task(world: World, tasks: Callable[[], tuple[str, ...]] = _no_tasks) -> NamedWorld:
    """``world`` by its name, where it does not depend on the task."""
    examples = tuple(example.task for example in world.examples)
    return NamedWorld(name=world.name, about=world.about, world=lambda task: world, tasks=tasks, examples=examples)


def world_around(toolbox: Toolbox) -> NamedWorld:
    """The world whose actions are somebody's own tools; its steps are executed with them.

    Raises:
        BadOption: there is no tool, or one has a name that no step can have.
    """
    world = world_of_tools(toolbox.actions, name=OWN_TOOLS)
    about = "Your own tools: what each step's tool returns decides which one comes next."
    return NamedWorld(name=OWN_TOOLS, about=about, world=lambda task: world, toolbox=lambda task: toolbox)
