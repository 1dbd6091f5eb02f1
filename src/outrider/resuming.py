"""``resume``: go on with a session whose process is gone, wherever it was killed. Its state is the fold of its journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from outrider.agents.agent import Agent, AgentFunction, as_agent
from outrider.agents.several import drafters_of
from outrider.agents.world import World
from outrider.errors import BadOption, JournalCorrupt, NotNow, ToolFailed
from outrider.model import Answer, Prefix, Role, Task, Usage
from outrider.rules import EXACT, Lookahead, Matching, Sliding
from outrider.rules.events import Opened, Undo
from outrider.runtime import Limits, Session
from outrider.runtime.hands import Tools
from outrider.runtime.resuming import Before, count_in

if TYPE_CHECKING:  # the journal needs SQLite, which is loaded where a journal is used
    from outrider.agents.agent import Meter
    from outrider.journal import JournalStore, Owned
    from outrider.launch import Launch


def resume(
    name: str,
    *,
    journal: JournalStore,
    target: Agent | AgentFunction | None = None,
    approximation: Agent | AgentFunction | None = None,
    lookahead: Lookahead | None = None,
    matching: Matching | None = None,
    limits: Limits | None = None,
    world: World | None = None,
    tools: Tools | None = None,
    world_is_there: bool = False,
    ask: bool = False,
    owned: Owned | None = None,
) -> Session:
    """A session that goes on where the process before was killed: enter it with ``async with``, as one of ``plan``.

    What is on record counts: an answer is not asked for again, and what was shown stays shown. A call without an answer is made
    anew. A write that had begun and has no end on record is run again under the same key if its tool is ``repeatable``; else the
    person is asked what has come of it, or, without ``ask``, the run ends. Streams opened before the first ``await`` begin with
    the records of before.

    Args:
        name: the session's name, or the beginning of it.
        journal: where it is kept. This process owns the session until it is left.
        target, approximation: the agents; a session that had ended already, and only has to be wound up, needs none.
        lookahead, matching: the session's own, where they have names that only their user knows.
        limits: what was spent before counts in its budget.
        world: where the plan is made, as for ``plan``.
        tools: those that the session was opened with, declared as they were. One that has ended needs them only where an effect
            is still to be taken back.
        world_is_there: whether what the tools act on is what they acted on before. It has to be said where steps were executed by
            tools over an environment in this process's memory, which did not survive if the former one's was in its own; see
            ``run_again``.
        ask: whether somebody is there to ask now.
        owned: the session, if this process has claimed it already.

    Raises:
        UnknownName: there is no such session.
        NotNow: it has finished.
        SessionOwned: another process owns it, and is alive.
        BadOption: what is given does not go together with what is on record.
        JournalError: it cannot be read, or differs from what the rules find.
    """
    from outrider.journal import own

    name = full_name(journal, name)
    check_unfinished(journal, name)
    mine = owned or own(journal, name)
    try:
        before = _before(journal, name, lookahead, matching)
        session = _session(
            before, name, mine, target=target, approximation=approximation, lookahead=lookahead, matching=matching,
            limits=limits or Limits(), world=world, tools=tools, world_is_there=world_is_there, ask=ask,
        )  # fmt: skip
    except BaseException:
        if owned is None:
            mine.release()
        raise
    return session.owned_by(mine)


def full_name(journal: JournalStore, name: str) -> str:
    """The name of the one session that begins with ``name``.

    Raises:
        UnknownName: there is none, or more than one.
    """
    return journal.entry(name).name


def check_unfinished(journal: JournalStore, name: str) -> None:
    """Raise ``NotNow`` if the session has finished."""
    found = journal.entry(name)
    if found.outcome != "interrupted":
        raise NotNow(
            f"session {name!r} has finished: {found.outcome.replace('_', ' ')}; its plan is kept; "
            f"to go on from it: outrider plan --from {name}"
        )


def engine_of(opened: Opened) -> str:
    """The address of the engine that carries the session; empty where a process of ours does."""
    try:
        found = json.loads(opened.settings or "{}")
    except ValueError:
        return ""
    engine = found.get("engine", "") if isinstance(found, dict) else ""
    return engine if isinstance(engine, str) else ""


def _before(journal: JournalStore, name: str, lookahead: Lookahead | None, matching: Matching | None) -> Before:
    before = before_of(journal, name, lookahead, matching)
    if engine := engine_of(before.opened):
        raise BadOption(
            f"session {name!r} is carried by the engine at {engine}, and goes on there by itself; to follow it again: outrider "
            f"resume {name}, or outrider.scale.resume_remote"
        )
    return before


def before_of(journal: JournalStore, name: str, lookahead: Lookahead | None = None, matching: Matching | None = None) -> Before:
    """The session as its records leave it; a ``lookahead`` or ``matching`` that only its user knows is to be given.

    Raises:
        UnknownName: there is no such session.
        BadOption: what is given is not what it was opened with, or is missing.
        JournalError: it cannot be read, or differs from what the rules find.
    """
    from outrider.journal import replay

    records = journal.read(name)
    opened = records[0].event if records else None
    if isinstance(opened, Opened):
        _check_names(opened, lookahead, matching)
    replayed = replay(records, lookahead=lookahead, matching=matching)
    if replayed.rules is None or replayed.left is None:
        raise BadOption(
            f"session {name!r} ran with lookahead {replayed.opened.lookahead!r} and matching {replayed.opened.matching!r}, and "
            "one of them is nobody's but yours: give it to resume"
        )
    left = replayed.left
    return Before(
        records=tuple(records), rules=replayed.rules, due=left.due, calls=left.calls, executions=left.executions, began=left.began
    )


def _check_names(opened: Opened, lookahead: Lookahead | None, matching: Matching | None) -> None:
    for what, given, was in (("lookahead", lookahead, opened.lookahead), ("matching", matching, opened.matching)):
        if given is not None and given.name != was:
            raise BadOption(f"the session was opened with the {what} {was}, and goes on with it; {given.name} is given")


def _session(
    before: Before,
    name: str,
    mine: Owned,
    *,
    target: Agent | AgentFunction | None,
    approximation: Agent | AgentFunction | None,
    lookahead: Lookahead | None,
    matching: Matching | None,
    limits: Limits,
    world: World | None,
    tools: Tools | None,
    world_is_there: bool,
    ask: bool,
) -> Session:
    opened, ended = before.opened, before.rules.outcome is not None
    undoes = any(isinstance(order, Undo) for order in before.executions)
    if target is None and not ended:
        raise BadOption(f"session {name!r} has not ended, so its target is asked again; give target=, {opened.target} before")
    asked = as_agent(target) if target is not None else _Nobody(opened.target)
    drafts = as_agent(approximation) if approximation is not None else asked
    if not ended:
        _check_drafters(opened, drafts, given=approximation is not None)
    if not ended or undoes:
        _check_tools(before, tools, world_is_there)
    if limits.budget is not None and not ended:
        agents: dict[Role, tuple[Agent, ...]] = {"approximation": drafters_of(drafts), "target": (asked,)}
        count_in(limits.budget, before, agents)
    return Session(
        opened.task,
        approximation=drafts,
        target=asked,
        lookahead=lookahead or Sliding(0),  # the rules have theirs already
        max_steps=opened.max_steps,
        matching=matching or EXACT,
        limits=limits,
        journal=mine,
        going_on_from=None,
        one_machine=opened.one_machine,
        world=world,
        known="",
        ask=ask,
        tools=tools if opened.tools else None,
        reads=opened.reads,
        name=name,
        before=before,
    )


def _check_drafters(opened: Opened, drafts: Agent, *, given: bool) -> None:
    now = len(drafters_of(drafts))
    if now != opened.drafters:
        raise BadOption(
            f"the session drafted with {opened.drafters} ({opened.approximation}), and goes on with as many; {now} given"
        )
    alone = opened.lookahead in ("lookahead-0", "0")
    if not given and not alone:
        raise BadOption(f"the session has drafts; give approximation=, {opened.approximation} before")


def _check_tools(before: Before, tools: Tools | None, world_is_there: bool) -> None:
    opened = before.opened
    now = {tool.name: tool for tool in (tools.declared if tools is not None else ())}
    was = {tool.name: tool for tool in opened.tools}
    if differ := sorted(name for name in now.keys() | was.keys() if now.get(name) != was.get(name)):
        raise BadOption(
            f"the session goes on with the tools it was opened with, declared as they were; {', '.join(differ)} "
            f"{'is' if len(differ) == 1 else 'are'} missing, new, or declared otherwise"
        )
    done = before.rules.effects
    if done and not world_is_there and getattr(tools, "in_memory", False):
        raise BadOption(
            f"{len(done)} of the session's steps have had an effect, and its tools act on an environment in this process's "
            "memory; the former one's is gone if it was in the memory of that process. Have the effects run again on the new one "
            "(run_again), or say that it is there (world_is_there)"
        )


async def run_again(
    name: str, *, journal: JournalStore, tools: Tools, progress: Callable[[str], None] = lambda told: None
) -> int:
    """Bring a new world to where the session's was: the effects on record that stand are run once more, in order, under their
    keys. How many they were. For a world that went with its process and for no other: elsewhere they would happen twice. What an
    effect comes to is held against what is on record, unless that is the person's word.

    Raises:
        ToolFailed: a step has come to something else than is on record, so this is not the world it was.
        ToolError: a tool gave no answer.
        JournalError, UnknownName: as for ``resume``.
    """
    name = full_name(journal, name)
    effects = _before(journal, name, None, None).rules.effects
    for step, key in effects:
        progress(str(step.named))
        observation = await tools.run(step.named, key=f"{name}/{key}")
        if step.observation is not None and observation != step.observation:
            was = step.observation[:200]
            raise ToolFailed(f"{step.named} has come to {observation[:200]!r}, and to {was!r} before: the world is another")
    return len(effects)


async def resume_launched(
    name: str,
    ready: Launch,
    *,
    ask: bool,
    world_is_there: bool = False,
    effects_again: bool = False,
    ran_again: Callable[[int], None] = lambda effects: None,
    owned: Owned | None = None,
) -> Session:
    """The session, to go on with what was launched for it once more: its agents, its limits, its world and its tools.

    With ``effects_again`` its effects are run again first, on a new world, and ``ran_again`` is told how many they were.

    Raises:
        OutriderError: as for ``resume`` and ``run_again``.
    """
    if effects_again and ready.tools is not None:
        ran_again(await run_again(name, journal=ready.journal, tools=ready.tools))
    return resume(
        name, journal=ready.journal, target=ready.agents["target"], approximation=ready.agents["approximation"],
        limits=ready.understood.limits, world=ready.world, tools=ready.tools, ask=ask,
        world_is_there=world_is_there or effects_again, owned=owned,
    )  # fmt: skip


class _Nobody:
    """Stands where an agent was that is not asked any more."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """There is nobody to ask."""
        raise JournalCorrupt("a session that has ended asked an agent")

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nothing."""
        return Usage()


__all__ = ["before_of", "check_unfinished", "engine_of", "full_name", "resume", "resume_launched", "run_again"]
