"""The state of a task: instances of its APIs, whose functions are called on them, and copies of the whole.

The APIs are written to be used once and thrown away. Used as tools they need four precautions, each with its test:

- lists that are arguments, or defaults of parameters, become part of the state and are changed there; here every call gets
  arguments of its own, so that neither a step nor another environment changes with them;
- results are parts of the state; here a result is a copy, as JSON carries it;
- two functions set the precision of all numbers of the process; here it is as before when they return;
- a file bears the moment it was written, which nothing shows; ``state`` leaves it out.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from outrider.errors import UnknownName
from outrider.model import JSON
from outrider.worlds.bfcl.apis import Classes
from outrider.worlds.bfcl.tasks import BfclTask

_NOT_STATE: Final = ("_last_modified", "_api_description")


class Environment:
    """The APIs of a task in one state. ``fork`` is the same state again, and nothing done to one is seen in the other."""

    def __init__(self, instances: Mapping[str, Any], owners: Mapping[str, str], classes: Classes) -> None:
        self._instances = instances
        self._owners = owners
        self._classes = classes

    @classmethod
    def of(cls, task: BfclTask, classes: Classes) -> Environment:
        """The state that ``task`` begins in."""
        instances = {name: classes.by_name[name]() for name in task.apis}
        for name, instance in instances.items():
            if hasattr(instance, "_load_scenario"):  # one has no state
                instance._load_scenario(deepcopy(task.initial.get(name, {})))
        return cls(instances, {function.name: function.api for function in task.functions}, classes)

    def fork(self) -> Environment:
        """The same state again, whole: what two APIs share, their copies share."""
        dice = [
            value
            for instance in self._instances.values()
            for value in vars(instance).values()
            if isinstance(value, random.Random)
        ]
        copies: dict[int, Any] = {id(each): _same_dice(each) for each in dice}
        return Environment(deepcopy(self._instances, copies), self._owners, self._classes)

    def call(self, function: str, arguments: Mapping[str, Any]) -> JSON:
        """What ``function`` returns for ``arguments``. Whatever it raises is raised.

        Raises:
            UnknownName: the task has no such function.
        """
        if function not in self._owners:
            raise UnknownName(f"the task has no function {function!r}; it has {', '.join(sorted(self._owners))}")
        method = getattr(self._instances[self._owners[function]], function)
        bound = inspect.signature(method).bind(**arguments)
        bound.apply_defaults()
        with self._classes.apart():
            return plain(method(**deepcopy(bound.arguments)))

    def state(self) -> JSON:
        """Everything the APIs hold, hidden fields and generators too, in a form that is equal where the states are."""
        return _State().of(self._instances)


def _same_dice(dice: random.Random) -> random.Random:
    """A generator that will draw the same: ``deepcopy`` would copy its 625 numbers one by one."""
    copy = random.Random(0)  # noqa: S311 - the simulation's dice
    copy.setstate(dice.getstate())
    return copy


def plain(value: object) -> JSON:
    """A copy of ``value`` as JSON carries it; what it cannot carry stands as its text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=str)
        case _:
            return str(value)


class _State:
    """Draws up one state. An object that is met again is named by its number, so sharing and circles are part of it."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}

    def of(self, value: object) -> JSON:
        """``value`` and all that hangs on it."""
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if id(value) in self._met:
            return {"met": self._met[id(value)]}
        self._met[id(value)] = len(self._met)
        return self._whole(value)

    def _whole(self, value: object) -> JSON:
        match value:
            case dict():
                return [
                    [type(name).__name__, str(name), self.of(item)] for name, item in value.items()
                ]  # 1 and "1" are two names
            case list() | tuple():
                return [self.of(item) for item in value]
            case set() | frozenset():
                return [*sorted(map(repr, value))]
            case random.Random():
                return repr(value.getstate())
            case _:
                kept = {name: self.of(item) for name, item in vars(value).items() if name not in _NOT_STATE}
                return {"is": type(value).__name__, **kept}
