"""What an agent is told of the world it plans in: the actions a step may name, worked examples, and where the plan stands.

Everything here is a function of the task and the prefix alone, as everything is that goes into a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from outrider.errors import BadOption, BadStep, NoStep
from outrider.model import FINISH, JSON, Prefix, Step


@dataclass(frozen=True, slots=True)
class Action:
    """An action, what it does in a line, the cues for it, and the JSON schema of its arguments (``None``: it takes none).

    Cues are words that a task uses when it needs the action.

    A small model names the cue instead of the action: it can point at a word of the task, which it does far better than recall
    a name.
    """

    name: str
    does: str
    cues: tuple[str, ...] = ()
    schema: Mapping[str, JSON] | None = field(default=None, hash=False)

    def cue(self, task: str) -> str:
        """The cue that stands in the task, else the first one."""
        return next((cue for cue in self.cues if cue in task), self.cues[0] if self.cues else self.name)

    @property
    def asks(self) -> bool:
        """Whether an agent is asked for arguments: the schema says more of them than that they are an object."""
        return any(self.schema.get(word) for word in _OF_ARGUMENTS) if self.schema else False

    @property
    def signature(self) -> str:
        """The name, and the names of the arguments, with ? behind those that may be left out."""
        schema = self.schema or {}
        properties, required = schema.get("properties"), schema.get("required")
        names = list(properties) if isinstance(properties, dict) else []
        needed = required if isinstance(required, list) else []
        inner = ", ".join(name if name in needed else f"{name}?" for name in names)
        return f"{self.name}({inner})" if inner else self.name


_OF_ARGUMENTS: Final = (
    "properties", "required", "patternProperties", "minProperties", "$ref", "allOf", "anyOf", "oneOf", "enum", "const",
)  # fmt: skip
"""Keywords of a schema that say which arguments there are. An empty one says nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """A task that is planned to its end, `finish` left out.

    ``executed`` is given instead of ``actions`` where its steps have arguments, or observations.
    """

    task: str
    actions: tuple[str, ...] = ()
    executed: Prefix = ()
    steps: Prefix = field(init=False, repr=False, compare=False)
    """The whole plan, `finish` included. Made once: examples stand in every prompt."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", (*(self.executed or map(Step, self.actions)), Step(FINISH)))


def _anything(prefix: Prefix) -> tuple[str, ...]:
    return ()


def _nothing_known(task: str, prefix: Prefix) -> str:
    return ""


def _because(task: str, prefix: Prefix, step: Step) -> str:
    return "Everything is done" if step.is_finish else f"The next thing to do is {step.action}"


def check_schema(action: str, schema: Mapping[str, JSON]) -> None:
    """Raise ``BadOption`` unless ``schema`` is a JSON schema."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as error:
        raise BadOption(f"the schema of {action}'s arguments is none: {error.message[:200]}; give a JSON schema") from None


def _check_arguments(step: Step, schema: Mapping[str, JSON]) -> None:
    from jsonschema.exceptions import best_match  # imported where it is used: it takes a tenth of a second
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # With a registry of its own nothing is fetched: a foreign server's schema may refer to any address.
    validator = validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())
    try:
        error = best_match(validator.iter_errors(dict(step.arguments)))
    except (Unresolvable, re.error, RecursionError) as unreadable:
        raise BadStep(f"the arguments of {step.action} cannot be checked: its schema holds {str(unreadable)[:200]}") from None
    if error is not None:
        where = "".join(f"{part}: " for part in error.absolute_path)
        raise BadStep(f"the arguments of {step.action} do not fit: {where}{error.message[:200]}")


@dataclass(frozen=True, slots=True)
class World:
    """Where plans are made.

    Args:
        examples: worked examples that stand in every prompt.
        more: worked examples of which a prompt for a small model takes the ones nearest to its task.
        allowed: the actions that may come after a prefix, `finish` among them; none means that a step is a sentence in free
            words.
        situation: where the plan stands after a prefix, in a few words; empty where the world cannot tell.
        thought: why a step is the right one after a prefix, for worked examples.
    """

    name: str
    about: str
    actions: tuple[Action, ...] = ()
    examples: tuple[Example, ...] = ()
    more: tuple[Example, ...] = field(default=(), repr=False)
    tasks: tuple[str, ...] = field(default=(), repr=False)
    allowed: Callable[[Prefix], tuple[str, ...]] = _anything
    situation: Callable[[str, Prefix], str] = _nothing_known
    thought: Callable[[str, Prefix, Step], str] = _because

    def check(self, step: Step, prefix: Prefix) -> None:
        """Raise ``BadStep`` unless ``step`` may come after ``prefix`` and its arguments fit the action's schema."""
        allowed = self.allowed(prefix)
        if not allowed:
            return
        if step.action not in allowed:
            raise BadStep(f"the action {step.action[:80]!r} is not to be had here; possible now: {', '.join(allowed)}")
        action = self.action(step.action)
        schema = action.schema if action else None
        if schema is None and step.arguments:
            raise BadStep(f"{step.action} takes no arguments, and {', '.join(step.arguments)} is given")
        if schema is not None:
            _check_arguments(step, schema)

    def action(self, name: str) -> Action | None:
        """The action of that name."""
        return next((entry for entry in self.actions if entry.name == name), None)

    @property
    def has_tools(self) -> bool:
        """Whether its actions are tools, of which each has a schema, be it an empty one."""
        return any(action.schema is not None for action in self.actions)

    @property
    def takes_arguments(self) -> bool:
        """Whether an agent is asked for arguments of any action."""
        return any(action.asks for action in self.actions)

    def cue(self, action: str, task: str) -> str:
        """The word for ``action`` that a small model is to write."""
        return next((entry.cue(task) for entry in self.actions if entry.name == action), action)

    def cues(self, prefix: Prefix) -> tuple[str, ...]:
        """Every cue for every action that is allowed after ``prefix``."""
        known = {entry.name: entry.cues or (entry.name,) for entry in self.actions}
        return tuple(cue for action in self.allowed(prefix) for cue in known.get(action, (action,)))

    def read(self, text: str, prefix: Prefix) -> Step:
        """The step that ``text`` names, by its action or by a cue for it; in free words, its first sentence.

        Raises:
            NoStep: it is empty, or names no action that is allowed here.
        """
        said = " ".join(text.split()).strip(" .\"'`*")
        if not said:
            raise NoStep("the reply is empty; go on later, or take another model")
        allowed = self.allowed(prefix)
        if not allowed:
            sentence = said.split(". ")[0]
            return Step(FINISH if sentence.casefold() == FINISH else sentence)
        if said in allowed:
            return Step(said)
        for action in allowed:
            cues = next((entry.cues for entry in self.actions if entry.name == action), ())
            if said.casefold() in (word.casefold() for word in (action, *cues)):
                return Step(action)
        raise NoStep(f"the reply {said[:80]!r} is none of the actions allowed here: {', '.join(allowed)}")
