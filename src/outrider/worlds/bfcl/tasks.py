"""The 200 tasks of BFCL's multi-turn base set: what the user asks for, turn by turn, and the gold calls."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from outrider.errors import BadStep
from outrider.model import FINISH, JSON, Prefix, Step, Task
from outrider.worlds.bfcl.apis import Function
from outrider.worlds.bfcl.package import Package

QUESTIONS: Final = "BFCL_v4_multi_turn_base.json"
GOLD: Final = "possible_answer/BFCL_v4_multi_turn_base.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BfclTask:
    """A task: its turns, the APIs it is about, the state they begin in, and the calls its authors make in each turn.

    ``functions`` are those of its APIs, without the ones that the task withholds.
    """

    name: str
    requests: tuple[str, ...]
    apis: tuple[str, ...]
    functions: tuple[Function, ...] = field(repr=False)
    initial: Mapping[str, Any] = field(repr=False, hash=False)
    turns: tuple[Prefix, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """All turns' requests, in their order: whoever plans knows them all from the beginning."""
        if len(self.requests) == 1:
            return self.requests[0]
        return " ".join(f"({number}) {request}" for number, request in enumerate(self.requests, start=1))

    @property
    def task(self) -> Task:
        """The task as an agent is asked it."""
        return Task(self.text, "bfcl")

    @property
    def plan(self) -> Prefix:
        """The gold calls of all turns in order, then `finish`."""
        return (*(step for turn in self.turns for step in turn), Step(FINISH))


def tasks(package: Package, functions: tuple[Function, ...]) -> tuple[BfclTask, ...]:
    """All 200, in the order of the file."""
    gold = {row["id"]: row["ground_truth"] for row in package.rows(GOLD)}
    return tuple(_task(row, gold[row["id"]], functions) for row in package.rows(QUESTIONS))


def _task(row: Mapping[str, Any], gold: list[list[str]], functions: tuple[Function, ...]) -> BfclTask:
    apis, withheld = tuple(row["involved_classes"]), row.get("excluded_function", ())
    own = tuple(function for function in functions if function.api in apis and function.name not in withheld)
    known = {function.name: function for function in own}
    return BfclTask(
        name=row["id"],
        requests=tuple(" ".join(message["content"] for message in turn) for turn in row["question"]),
        apis=apis,
        functions=own,
        initial=row["initial_config"],
        turns=tuple(tuple(step_of(call, known) for call in turn) for turn in gold),
    )


def step_of(call: str, functions: Mapping[str, Function]) -> Step:
    """The step that a call in Python's notation is; arguments without a name take the parameters' names, in their order.

    Raises:
        BadStep: it is no call of one of the functions with values for arguments.
    """
    try:
        node = ast.parse(call, mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise BadStep(f"{call!r} is no call")
        parameters = list(functions[node.func.id].parameters)
        given: dict[str, JSON] = {name: ast.literal_eval(value) for name, value in zip(parameters, node.args, strict=False)}
        named: dict[str, JSON] = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
        return Step(node.func.id, given | named)
    except (SyntaxError, KeyError, ValueError) as error:
        raise BadStep(f"{call!r} is no call of a function of this task: {error}") from None
