"""``plan``: a session from what is wanted."""

from __future__ import annotations

import secrets

from outrider.agents.agent import Agent, AgentFunction, as_agent
from outrider.agents.world import World
from outrider.errors import BadOption
from outrider.model import FINISH, Plan, Task
from outrider.rules import EXACT, Lookahead, Matching, Sliding
from outrider.rules.learner import Learns
from outrider.runtime.hands import Tools
from outrider.runtime.keeping import Journal
from outrider.runtime.limits import Limits
from outrider.runtime.session import Session

DEFAULT_LOOKAHEAD = 4
DEFAULT_MAX_STEPS = 30
DEFAULT_READS = 8
"""So many times a tool that reads may be run for a step that is not confirmed yet."""


def plan(
    task: str | Task,
    *,
    target: Agent | AgentFunction,
    approximation: Agent | AgentFunction | None = None,
    lookahead: int | Lookahead = DEFAULT_LOOKAHEAD,
    max_steps: int = DEFAULT_MAX_STEPS,
    matching: Matching = EXACT,
    limits: Limits | None = None,
    journal: Journal | None = None,
    going_on_from: Plan | None = None,
    one_machine: bool = False,
    world: World | None = None,
    known: str = "",
    ask: bool = False,
    tools: Tools | None = None,
    reads: int = DEFAULT_READS,
    name: str | None = None,
    settings: str = "",
) -> Session:
    """A session that plans ``task``: enter it with ``async with``.

    Args:
        task: what is to be planned, in words.
        target: the accurate agent, whose plan this will be.
        approximation: the fast agent that drafts ahead, or ``Several``; without one, the target works alone.
        lookahead: how many steps drafts may run ahead of the confirmed plan, or a scheduler.
        max_steps: how many steps the plan may have, `finish` included.
        matching: which draft counts as confirmed; anything but ``EXACT`` is lossy.
        limits: how many calls at once and how much in all; share one object to share the limit.
        journal: where to keep what happens.
        going_on_from: a plan to go on from, such as that of a stopped run.
        one_machine: whether both agents compute on the same processors, so that their calls slow one another down; the
            estimate of the target alone is then said to be too high.
        world: where the plan is made: a step that the person takes must be one of its actions. Without one, it may be any.
        known: what earlier sessions of these agents have ``learned``, for a lookahead that learns.
        ask: whether somebody is there to ask. A run that reaches its budget, or its limit on steps, is then held, with the plan
            kept, until the person allows more (``allow``, ``extend``), takes the step or stops; else it ends there. So it does
            where a tool needs the person's word (``approve``, ``settle``).
        tools: what steps are executed with, such as ``outrider.tools.Toolbox``; the agents see what comes of each. Without any,
            steps are planned and not executed.
        reads: how many times a tool that reads may be run for a step that is not confirmed yet.
        name: the session's name in the journal; a random one if none is given.
        settings: what else it is launched with, kept for whoever resumes it; no secrets.

    Raises:
        EmptyTask, BadOption: the call makes no sense; nothing has started.
    """
    task = task if isinstance(task, Task) else Task(task)
    if journal is not None and not callable(getattr(journal, "append", None)):
        raise BadOption(f"the journal is {journal!r}, which cannot be appended to; give outrider.journal.SqliteJournal(path)")
    if max_steps < 1:
        raise BadOption(f"max_steps is {max_steps}; a plan has at least the step {FINISH}")
    if approximation is None:
        approximation, lookahead = target, 0
    lookahead = Sliding(lookahead) if isinstance(lookahead, int) else lookahead
    _check_known(known, lookahead)
    return Session(
        task,
        approximation=as_agent(approximation),
        target=as_agent(target),
        lookahead=lookahead,
        max_steps=max_steps,
        matching=matching,
        limits=limits or Limits(),
        journal=journal,
        going_on_from=going_on_from,
        one_machine=one_machine,
        world=world,
        known=known,
        ask=ask,
        tools=tools,
        reads=reads,
        name=name or secrets.token_hex(4),
        settings=settings,
    )


def _check_known(known: str, lookahead: Lookahead) -> None:
    try:
        if known and isinstance(lookahead, Learns):
            lookahead.learner().begin(known)
    except ValueError as error:
        raise BadOption(f"what is known of the agents cannot be read: {error}; leave it out to begin anew") from None
