"""Following again a session that the engine carries, in another process than began it: from the records that the journal has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from outrider.agents.agent import Meter
from outrider.agents.world import World
from outrider.errors import BadOption
from outrider.journal import JournalStore, Owned, own
from outrider.model import Answer, Prefix, Task, Usage
from outrider.resuming import before_of, check_unfinished, engine_of, full_name
from outrider.rules import EXACT, Sliding
from outrider.rules.events import Opened
from outrider.runtime import Limits, Session
from outrider.runtime.resuming import Before, count_in
from outrider.scale.engine import Engine
from outrider.scale.own_tools import check_as_before
from outrider.scale.remote import RemoteSession
from outrider.worlds import named_world
from outrider.worlds.named import OWN_TOOLS, world_around

if TYPE_CHECKING:
    from outrider.tools import Toolbox


class Elsewhere:
    """An agent that is asked elsewhere: here it is a name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """Nobody asks it here."""
        raise AssertionError(f"{self.name} is asked by a worker")

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """Nobody knows here."""
        return None


def settings_there(settings: str, engine: Engine, limits: Limits) -> str:
    """What is kept of how a session is launched, with where it runs, and whether its calls wait to be let in."""
    limited = {"limited": True} if limits.counted else {}
    return json.dumps((json.loads(settings) if settings else {}) | {"engine": engine.place} | limited)


def resume_remote(
    name: str,
    *,
    journal: JournalStore,
    engine: Engine,
    owned: Owned | None = None,
    limits: Limits | None = None,
    own_tools: Toolbox | None = None,
) -> RemoteSession:
    """A session that began in ``engine`` and goes on there: enter it with ``async with`` to follow it, as one of ``plan``.

    What the journal lacks is fetched and written there, also of a session that has ended meanwhile. It is watched and told things
    as before; leaving it stops it. Streams opened before the first ``await`` begin with the records of before.

    Args:
        name: the session's name, or the beginning of it.
        journal: where it is kept. This process owns the session here until it is left.
        engine: where it runs; ``outrider.resuming.engine_of`` its opened event is the address that it had.
        owned: the session, if this process has claimed it already.
        limits: what its calls count on, if it was begun with limits; what was spent before counts in its budget.
        own_tools: those that it was begun with, if it was: what the person takes is held against them. The workers run them.

    Raises:
        UnknownName: there is no such session.
        NotNow: it has finished, and all of it is in the journal.
        SessionOwned: another process follows it, and is alive.
        BadOption: it runs in no engine, or it was begun with limits and none are given, or with tools and others are given.
        JournalError: it cannot be read, or differs from what the rules find.
    """
    name = full_name(journal, name)
    check_unfinished(journal, name)
    mine = owned or own(journal, name)
    try:
        return RemoteSession(_as_it_was(name, before_of(journal, name), mine, limits, own_tools), engine)
    except BaseException:
        if owned is None:
            mine.release()
        raise


def _as_it_was(name: str, before: Before, mine: Owned, limits: Limits | None, own_tools: Toolbox | None) -> Session:
    opened = before.opened
    if not engine_of(opened):
        raise BadOption(f"session {name!r} runs in no engine; go on with it here, with outrider.resume")
    if limits is None and json.loads(opened.settings).get("limited") and before.rules.outcome is None:
        raise BadOption(
            f"session {name!r} was begun with limits, which count where it is followed and are not on record; give limits=, or "
            "limits=Limits() for none"
        )
    if limits is not None and limits.budget is not None:
        count_in(limits.budget, before)
    return Session(
        opened.task,
        approximation=Elsewhere(opened.approximation),
        target=Elsewhere(opened.target),
        lookahead=Sliding(0),  # the rules have theirs already
        max_steps=opened.max_steps,
        matching=EXACT,
        limits=limits or Limits(),
        journal=mine,
        going_on_from=None,
        one_machine=opened.one_machine,
        world=_world(opened, own_tools),
        known="",
        ask=opened.asks,
        tools=None,
        reads=opened.reads,
        name=name,
        before=before,
    ).owned_by(mine)


def _world(opened: Opened, own_tools: Toolbox | None) -> World:
    if opened.task.world != OWN_TOOLS:
        return named_world(opened.task.world).world(opened.task.text)
    check_as_before(opened.tools, own_tools)
    assert own_tools is not None, "a session of the world tools has some"
    return world_around(own_tools).world(opened.task.text)
