"""From a model's reply to a step that can be run: the action first, then, where it takes some, its arguments as JSON.

The action is a request of its own because a small model names the right one far more often where nothing but a name can be
written, and because the second request begins as the first one did, which a server's prefix cache answers for. A world whose
actions take no arguments is asked once, as ever.

A reply that will not do is asked for once more, with what is wrong with it; after that it is no step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from outrider.agents.agent import Meter
from outrider.agents.model import Message, Model, Reply, Request, Writing
from outrider.agents.prompts import MOST_THOUGHT_TOKENS, arguments_prompt
from outrider.agents.rendering import FENCE
from outrider.agents.world import World
from outrider.errors import BadStep, NoStep
from outrider.model import JSON, Prefix, Step, Task, Usage

Read = TypeVar("Read")

MOST_REPEATED: Final = 1000
"""Characters of a reply that would not do, as they are shown to the model again."""

MOST_SAID: Final = 500
"""Characters of what is wrong with it."""

MOST_CONTINUED: Final = 80
"""Characters of each of the two in a text to be continued: a small model goes on with whatever nonsense it reads."""

_LONGEST: Final = "\U0001d54f"
"""A character of four bytes, the most that one can have."""


async def act(
    model: Model, world: World, task: Task, prefix: Prefix, request: Request, meter: Meter, *, parted: Callable[[Reply], Reply]
) -> tuple[Step, str]:
    """The step that the reply to ``request`` names, with its arguments, and the thought before it.

    Args:
        parted: tells the thought from the action in a reply, where the server has not.

    Raises:
        NoStep: the model names no action that is allowed here, or no arguments that fit it.
    """
    retried = world.takes_arguments

    def named(reply: Reply) -> tuple[Step, str]:
        told = parted(reply)
        return world.read(told.text, prefix), told.thought

    step, thought = await _read(model, request, meter, named, retried=retried)
    action = world.action(step.action)
    if action is None or action.schema is None or not action.asks:
        return step, thought
    asked = arguments_prompt(model.writing, request, world.cue(step.action, task.text), action, thought)
    return await _read(model, asked, meter, lambda reply: _fitting(reply, step.action, world, prefix)), thought


async def _read(model: Model, request: Request, meter: Meter, read: Callable[[Reply], Read], *, retried: bool = True) -> Read:
    """What ``read`` makes of the reply; of a second one, where the first made it raise ``NoStep``."""
    reply = await model.reply(request, meter)
    try:
        return read(reply)
    except NoStep as misfit:
        if not retried:
            raise
        again = corrected(model.writing, request, reply.text, str(misfit))
    return read(await model.reply(again, meter))


def _fitting(reply: Reply, action: str, world: World, prefix: Prefix) -> Step:
    """The action with the arguments that the reply holds.

    Raises:
        NoStep: they are no JSON object, or do not fit the action's schema.
    """
    try:
        step = Step(action, _object(reply.text, action))
        world.check(step, prefix)
    except BadStep as misfit:
        raise NoStep(str(misfit)) from None
    return step


def _object(text: str, action: str) -> dict[str, JSON]:
    """The first JSON object in ``text``: some models put a fence or a word around it."""
    at = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, max(at, 0))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadStep(f"the arguments of {action} are no JSON object: {' '.join(text.split())[:40]!r}")
    return found


def corrected(writing: Writing, request: Request, said: str, error: str) -> Request:
    """``request`` once more, behind the reply that would not do and what is wrong with it."""
    said, error = said[:MOST_REPEATED], " ".join(error.split())[:MOST_SAID]
    if writing == "chat":
        more = (
            Message("assistant", said or "…"),
            Message("user", f"That will not do: {error}. Answer again, in the form asked for."),
        )
        return replace(request, messages=(*request.messages, *more))
    *before, last = request.messages
    head = last.text.rstrip("\n").rpartition("\n")[2] + ("\n" if last.text.endswith("\n") else "")
    text = f"{last.text} {' '.join(said.split())[:MOST_CONTINUED]}\n{FENCE}error: {error[:MOST_CONTINUED]}\n{head}"
    return replace(request, messages=(*before, Message(last.speaker, text)))


def most_of_acting(model: Model, world: World, prefix: Prefix, request: Request) -> Usage:
    """The most that ``request`` and all that may follow it could consume: every reply asked for twice, each as long as can be."""
    total = model.most(request)
    if not world.takes_arguments:
        return total
    allowed = world.allowed(prefix)
    actions = [action for action in world.actions if action.asks and action.name in allowed]
    asked = [request]
    if actions:
        largest = max(actions, key=lambda action: len(json.dumps([action.name, action.schema]).encode()))
        longest = max((word for name in allowed for word in (name, *_cues(world, name))), key=lambda word: len(word.encode()))
        thought = _LONGEST * 4 * MOST_THOUGHT_TOKENS if request.thought else ""
        asked.append(arguments_prompt(model.writing, request, longest, replace(largest, name=longest), thought))
        total += model.most(asked[-1])
    for first in asked:
        total += model.most(corrected(model.writing, first, _LONGEST * MOST_REPEATED, _LONGEST * MOST_SAID))
    return total


def _cues(world: World, name: str) -> tuple[str, ...]:
    action = world.action(name)
    return action.cues if action else ()
