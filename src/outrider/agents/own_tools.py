"""A world for one's own tools: any of them may be called at any time, and `finish` ends the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from outrider.agents.world import Action, Example, World, check_schema
from outrider.errors import BadOption, BadStep
from outrider.model import FINISH, Prefix, Step

ABOUT: Final = "You solve a task by calling tools, one at a time; what a tool returns decides which one comes next."

FINISHES: Final = "ends the plan: the task is done, or no tool here can do more for it"

ERROR: Final = "error: "
"""How the observation of a tool that failed begins."""

MOST_DESCRIBED: Final = 1000
"""Characters of a tool's description in a prompt."""


class Described(Protocol):
    """What agents are told of a tool: every tool of a toolbox says so much of itself, and so do its ``actions``."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Any]: ...


def world_of_tools(
    tools: Iterable[Described], *, name: str = "tools", about: str = ABOUT, examples: tuple[Example, ...] = ()
) -> World:
    """A world whose actions are ``tools`` and `finish`; arguments are held against each tool's schema.

    Args:
        name: what journals and screens call it.
        about: what agents are told first.
        examples: worked examples; small models gain the most by them.

    Raises:
        BadOption: there is no tool, two have one name, a name is `finish` or cannot stand in a step, or a schema is none.
    """
    actions = tuple(map(_action, tools))
    if not actions:
        raise BadOption("a world needs at least one tool, and there is none; give some")
    names = [action.name for action in actions]
    for wanted in names:
        if names.count(wanted) > 1:
            raise BadOption(f"two tools have the name {wanted!r}; rename one")
    allowed = (*names, FINISH)
    return World(
        name=name,
        about=about,
        actions=(*actions, Action(FINISH, FINISHES)),
        examples=examples,
        allowed=lambda prefix: allowed,
        situation=situation,
        thought=thought,
    )


def _action(tool: Described) -> Action:
    if tool.name == FINISH:
        raise BadOption(f"a tool cannot have the name {FINISH}, which ends a plan; rename it")
    try:
        sound = Step(tool.name).action == tool.name
    except BadStep:
        sound = False
    if not sound:
        raise BadOption(f"{tool.name!r} cannot be the name of a tool; give a text without line breaks or double spaces")
    check_schema(tool.name, tool.parameters)
    description = " ".join(tool.description.split())[:MOST_DESCRIBED]
    return Action(tool.name, description or "says nothing of itself", schema=tool.parameters)


def situation(task: str, prefix: Prefix) -> str:
    """That the last step failed, or was taken before with the same result; else nothing: the steps speak for themselves."""
    if not prefix:
        return ""
    last = prefix[-1]
    if (last.observation or "").startswith(ERROR):
        return f"step {len(prefix)}, after an error"
    if last in prefix[:-1]:
        return f"step {len(prefix)}, after a step that was taken before and returned the same"
    return ""


def thought(task: str, prefix: Prefix, step: Step) -> str:
    """Why ``step`` comes next, as far as that can be said of any tool."""
    if step.is_finish:
        return "Everything that was asked for is there"
    failed = bool(prefix) and (prefix[-1].observation or "").startswith(ERROR)
    return f"{'That failed' if failed else 'Something is still missing'}, and {step.action} may help"
