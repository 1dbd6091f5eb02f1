"""What an agent is told of a task, and everything of it in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from outrider.agents.world import Action, World
from outrider.errors import UnknownName
from outrider.model import FINISH, Prefix
from outrider.worlds.bfcl.apis import Classes, classes, functions
from outrider.worlds.bfcl.environment import Environment
from outrider.worlds.bfcl.package import Package
from outrider.worlds.bfcl.tasks import BfclTask, tasks

ABOUT: Final = (
    "You do what a user asks for by calling functions, one call a step, in the order of the requests. Each call acts on a world "
    "that keeps its state, and later calls see what earlier ones did."
)


@dataclass(frozen=True, slots=True)
class Bfcl:
    """The 200 tasks, and the classes that their worlds are made of."""

    tasks: tuple[BfclTask, ...]
    classes: Classes = field(repr=False)

    def named(self, name: str) -> BfclTask:
        """The task of this name.

        Raises:
            UnknownName: there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise UnknownName(f"BFCL has no task {name!r}; they are called {self.tasks[0].name} to {self.tasks[-1].name}")

    def environment(self, task: BfclTask) -> Environment:
        """A new environment in the state that ``task`` begins in."""
        return Environment.of(task, self.classes)


@cache
def read(package: Package) -> Bfcl:
    """Everything in BFCL's package that is used here.

    Raises:
        BadOption: this process has another `bfcl_eval` imported.
    """
    return Bfcl(tasks(package, functions(package)), classes(package))


def world(task: BfclTask) -> World:
    """The world of one task: the functions of its APIs."""
    names = tuple(function.name for function in task.functions)

    def allowed(prefix: Prefix) -> tuple[str, ...]:
        return (*names, FINISH) if prefix else names

    actions = (Action(function.name, function.does, schema=function.schema) for function in task.functions)
    return World(
        name="bfcl",
        about=ABOUT,
        actions=(*actions, Action(FINISH, "ends the plan, when all requests are done")),
        tasks=(task.text,),
        allowed=allowed,
    )
