"""Prompts: pure functions of the world, the task, the prefix, and what was said within the call.

Two ways of writing, by what the model is: a *chat* for models that follow instructions, with a line an action and worked
examples; a bare text to be *continued* for small ones, where each step is a cue of one or two words. In both the part that
never changes comes first and the plan so far last, so that a server's prefix cache serves every later step of a plan and every
branch of it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from outrider.agents.model import Message, Request, ThoughtFirst, Writing
from outrider.agents.world import Example, World
from outrider.model import FINISH, Prefix, Step, Task

MOST_THOUGHT_TOKENS: Final = 120
MOST_ACTION_TOKENS: Final = 40
NEAREST: Final = 2
"""Worked examples that are chosen by likeness to the task, behind those that stand in every prompt."""


class Style(Enum):
    """What the reply is to be."""

    ACTION = "the action"
    THOUGHT = "a thought"
    THOUGHT_AND_ACTION = "a thought, then the action"


def prompt(
    writing: Writing, world: World, task: Task, prefix: Prefix, *, style: Style, said: tuple[str, ...] = (), turn: str = ""
) -> Request:
    """The request for what ``style`` says about the step after ``prefix``.

    Args:
        said: what was said before within this call: thoughts, or the turns of a discussion.
        turn: what the next speaker of a discussion is told to say.
    """
    write = _continued if writing == "continued" else _chat
    messages, choices = write(world, task, prefix, style, said, turn)
    if style is Style.THOUGHT:
        return Request(messages=messages, most_output_tokens=MOST_THOUGHT_TOKENS, stop=("\n",))
    thinking = style is Style.THOUGHT_AND_ACTION
    most = MOST_ACTION_TOKENS + (MOST_THOUGHT_TOKENS if thinking else 0)
    thought = ThoughtFirst() if thinking else None
    return Request(messages=messages, most_output_tokens=most, stop=("\n",), choices=choices, thought=thought)


# A chat -------------------------------------------------------------------------------------------------------------

Written = tuple[tuple[Message, ...], tuple[str, ...]]
"""The messages, and the choices that the reply is bound to."""


def _chat(world: World, task: Task, prefix: Prefix, style: Style, said: tuple[str, ...], turn: str) -> Written:
    thinking = style is Style.THOUGHT_AND_ACTION
    examples = [_chat_example(world, example, thinking) for example in world.examples]
    system = "\n\n".join([_about(world), *examples])
    choices = world.allowed(prefix)
    lines = [f"Task: {task.text}", *_numbered(prefix), *_situation(world, task.text, prefix), *said]
    lines.append(turn or _instruction(style, choices))
    return (Message("system", system), Message("user", "\n".join(lines))), choices


def _about(world: World) -> str:
    lines = [world.about, "A plan names one action a step; its last step is finish."]
    lines += [f"- {action.name}: {action.does}" for action in world.actions]
    return "\n".join(lines)


def _chat_example(world: World, example: Example, thinking: bool) -> str:
    lines = [f"Task: {example.task}"]
    for at, step in enumerate(example.steps):
        thought = f" ({world.thought(example.task, example.steps[:at], step)})" if thinking else ""
        lines.append(f"Step {at}: {step}{thought}")
    return "\n".join(lines)


def _numbered(prefix: Prefix) -> list[str]:
    return [f"Step {at}: {step}" for at, step in enumerate(prefix)] or ["No step is taken yet."]


def _situation(world: World, task: str, prefix: Prefix) -> list[str]:
    situation = world.situation(task, prefix)
    return [f"Now: {situation}"] if situation else []


def _instruction(style: Style, choices: tuple[str, ...]) -> str:
    if style is Style.THOUGHT:
        return "Think in one sentence about which step comes next. Write only that sentence."
    what = f"one of: {', '.join(choices)}" if choices else f"one short sentence that says what to do, or {FINISH} if all is done"
    if style is Style.THOUGHT_AND_ACTION:
        return f"Think in one sentence about the next step, write '. Next: ' and then the step: {what}."
    return f"Name the next step and nothing else: {what}."


# A text to be continued ---------------------------------------------------------------------------------------------


def _continued(world: World, task: Task, prefix: Prefix, style: Style, said: tuple[str, ...], turn: str) -> Written:
    thinking = style is not Style.ACTION or bool(said)
    parts = _beginning(world, thinking), _of_the_task(world, task, thinking), _row_by_row(world, task, prefix, thinking)
    text = "".join(f" {line.rstrip('.')}." for line in said)
    if turn:
        text += f" {turn}"
    elif said:
        text += " Next:"
    messages = (Message("system", parts[0]), Message("system", parts[1]), Message("user", parts[2] + text))
    return messages, world.cues(prefix)


def _beginning(world: World, thinking: bool) -> str:
    """The part that is the same for every task: worked examples, each step with its thought if ``thinking``."""
    examples = [_planned(world, example, thinking) for example in world.examples]
    return "".join(f"{part}\n" for part in ["Plan the steps of each task.\n", *examples])


def _of_the_task(world: World, task: Task, thinking: bool) -> str:
    """The part that is the same for every step of a task: the examples nearest to it, and the task."""
    examples = [_planned(world, example, thinking) for example in nearest(world.more, task.text)]
    return "".join(f"{part}\n" for part in [*examples, f"Task: {_short(task.text)}"])


def _planned(world: World, example: Example, thinking: bool) -> str:
    steps = example.steps
    rows = [_row(world, example.task, steps[:at], step, thinking) for at, step in enumerate(steps)]
    return "".join(f"{line}\n" for line in [f"Task: {_short(example.task)}", *rows])


def _row_by_row(world: World, task: Task, prefix: Prefix, thinking: bool) -> str:
    rows = [_row(world, task.text, prefix[:at], step, thinking) for at, step in enumerate(prefix)]
    return "".join(f"{line}\n" for line in rows) + _row_head(world, task.text, prefix)


def _row(world: World, task: str, prefix: Prefix, step: Step, thinking: bool) -> str:
    thought = f" {world.thought(task, prefix, step)}. Next:" if thinking else ""
    return f"{_row_head(world, task, prefix)}{thought} {world.cue(step.action, task)}"


def nearest(examples: tuple[Example, ...], task: str, most: int = NEAREST) -> tuple[Example, ...]:
    """The examples whose tasks share the most words with ``task`` (Jaccard), the nearest last, where a model heeds it most."""
    words = _words(task)

    def likeness(example: Example) -> float:
        theirs = _words(example.task)
        return len(words & theirs) / len(words | theirs)

    return tuple(reversed(sorted(examples, key=likeness, reverse=True)[:most]))


_FILLING: Final = frozenset(("given", "how", "to", "step", "by", "the", "a", "in"))
_ALIKE: Final = {"photo": "image", "picture": "image", "grayscale": "gray", "grey": "gray", "letter": "text", "story": "text"}
_LANGUAGES: Final = frozenset(("german", "chinese", "french", "spanish", "italian"))


def _words(text: str) -> set[str]:
    words = {_ALIKE.get(word, word) for word in re.findall(r"[\w-]+", text.lower())} - _FILLING
    return {"foreign" if word in _LANGUAGES else word for word in words}


def _row_head(world: World, task: str, prefix: Prefix) -> str:
    return f"{world.situation(task, prefix) or f'step {len(prefix)}'}:"


def _short(task: str) -> str:
    """The task without the words that every task has."""
    for words, instead in _IN_SHORT:
        task = task.replace(words, instead)
    return task


_IN_SHORT: Final = (
    (" step by step?", ""),
    ("Given ", ""),
    (", how to return the ", " -> "),
    (", how to generate the ", " -> "),
    (", how to ", " -> "),
)
