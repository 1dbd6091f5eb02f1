"""What an agent is told of the world it plans in: the actions a step may name, worked examples, and where the plan stands.

Everything here is a function of the task and the prefix alone, as everything is that goes into a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from outrider.errors import BadStep, NoStep
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


@dataclass(frozen=True, slots=True)
class Example:
    """A task that is planned to its end, `finish` left out."""

    task: str
    actions: tuple[str, ...]

    @property
    def steps(self) -> Prefix:
        """The whole plan, `finish` included."""
        return tuple(Step(action) for action in (*self.actions, FINISH))


def _anything(prefix: Prefix) -> tuple[str, ...]:
    return ()


def _nothing_known(task: str, prefix: Prefix) -> str:
    return ""


def _because(task: str, prefix: Prefix, step: Step) -> str:
    return "Everything is done" if step.is_finish else f"The next thing to do is {step.action}"


def _check_arguments(step: Step, schema: Mapping[str, JSON]) -> None:
    from jsonschema import Draft202012Validator  # imported where it is used: it takes a tenth of a second
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema).iter_errors(dict(step.arguments)))
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
        schema = next((entry.schema for entry in self.actions if entry.name == step.action), None)
        if schema is None and step.arguments:
            raise BadStep(f"{step.action} takes no arguments, and {', '.join(step.arguments)} is given")
        if schema is not None:
            _check_arguments(step, schema)

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
            raise NoStep("the reply is empty")
        allowed = self.allowed(prefix)
        if not allowed:
            sentence = said.split(". ")[0]
            return Step(FINISH if sentence.casefold() == FINISH else sentence)
        for action in allowed:
            cues = next((entry.cues for entry in self.actions if entry.name == action), ())
            if said.casefold() in (word.casefold() for word in (action, *cues)):
                return Step(action)
        raise NoStep(f"the reply {said[:80]!r} is none of the actions allowed here: {', '.join(allowed)}")
