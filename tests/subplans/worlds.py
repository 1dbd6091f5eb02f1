"""Runs for the laws: random graphs of random worlds, and a person who changes the graph and stops things at random moments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from laws.worlds import DRAFT_USAGE, QUARTER_S, TARGET_USAGE, TASK, World, calm_worlds, worlds

from outrider import Answer, Budget, Limits, Meter, Session, Task, Usage, plan
from outrider.agents.agent import Agent
from outrider.errors import BadOption, NotNow, UnknownName
from outrider.journal import MemoryJournal
from outrider.model import Prefix
from outrider.rules import Lookahead, Sliding
from outrider.subplans import Graph, Result, RunRecord, Subplans, Subtask, subplans
from outrider.testing import run

MOST = 6
NAMES = tuple("abcdef")

Kind: TypeAlias = Literal["add", "drop", "replace", "stop one", "stop all"]


@dataclass(frozen=True)
class Change:
    """What is done to the graph, so many quarters of a second after the change before. Names are chosen by number."""

    quarters: int
    kind: Kind
    name: str
    after: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """A graph and what is shared. Each name has its world, and its initial ``after``, which name earlier ones alone."""

    worlds: dict[str, World]
    graph: Graph
    changes: Sequence[Change] = ()
    lookahead: Lookahead = field(default_factory=lambda: Sliding(2))
    calls_at_once: int | None = None
    calls: int | None = None
    usd: float | None = None


@dataclass
class Gauge:
    """Counts the calls of all agents together."""

    now: int = 0
    most: int = 0
    spent: list[Usage] = field(default_factory=list)


class Gauged:
    """An agent whose calls are counted with those of others."""

    def __init__(self, agent: Agent, usage: Usage, gauge: Gauge) -> None:
        self.name = agent.name
        self._agent, self._usage, self._gauge = agent, usage, gauge

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        self._gauge.now += 1
        self._gauge.most = max(self._gauge.most, self._gauge.now)
        self._gauge.spent.append(self._usage)
        try:
            return await self._agent.next_step(task, prefix, meter)
        finally:
            self._gauge.now -= 1

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return self._usage


@dataclass
class Ran:
    """Everything that a run leaves behind."""

    scene: Scene
    gauge: Gauge = field(default_factory=Gauge)
    asked: set[str] = field(default_factory=set)
    records: list[RunRecord] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    stopped: set[str] = field(default_factory=set)
    stopped_all: bool = False


def _limits(scene: Scene) -> Limits:
    budget = None if scene.calls is None and scene.usd is None else Budget(calls=scene.calls, usd=scene.usd)
    return Limits(calls_at_once=scene.calls_at_once, budget=budget)


def _sessions(ran: Ran) -> Callable[[Subtask, str], Session]:
    limits = _limits(ran.scene)

    def session_of(subtask: Subtask, name: str) -> Session:
        world = ran.scene.worlds[subtask.name]
        ran.asked.add(subtask.name)
        return plan(
            subtask.task, approximation=Gauged(world.drafter(), DRAFT_USAGE, ran.gauge),
            target=Gauged(world.target(), TARGET_USAGE, ran.gauge), lookahead=ran.scene.lookahead, max_steps=20, limits=limits,
            journal=ran.journal, name=name,
        )  # fmt: skip

    return session_of


def _do(change: Change, going: Subplans, ran: Ran) -> None:
    match change.kind:
        case "add":
            going.add(Subtask(change.name, TASK, after=change.after))
        case "drop":
            going.drop(change.name, *change.after)
        case "replace":
            going.replace(Subtask(change.name, TASK, after=change.after))
        case "stop one":
            going.session(change.name).stop()
            ran.stopped.add(change.name)
        case "stop all":
            going.stop()
            ran.stopped_all = True


async def _person(going: Subplans, ran: Ran) -> None:
    """Make the changes. A refused one has changed nothing."""
    for change in ran.scene.changes:
        await asyncio.sleep(change.quarters * QUARTER_S)
        before = going.graph
        try:
            _do(change, going, ran)
        except (BadOption, NotNow, UnknownName):
            assert going.graph is before


async def live(scene: Scene) -> Ran:
    """Run the scene to its end."""
    ran = Ran(scene)
    going = subplans(scene.graph, session_of=_sessions(ran), journal=ran.journal, name="run")
    async with going, going.events() as events, asyncio.TaskGroup() as group:
        person = group.create_task(_person(going, ran))
        ran.results = await going.results()
        person.cancel()
        ran.records = [record async for record in events]
    return ran


def drive(scene: Scene) -> Ran:
    """``live``, on a virtual clock of its own."""
    return run(live(scene))


# Strategies ---------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to six sub-tasks, each after some of those before it."""
    count = draw(st.integers(1, MOST))
    made = []
    for i, name in enumerate(NAMES[:count]):
        after = draw(st.sets(st.sampled_from(NAMES[:i]), max_size=2)) if i else set()
        made.append(Subtask(name, TASK, after=sorted(after)))
    return Graph(*draw(st.permutations(made)))


kinds: st.SearchStrategy[Kind] = st.sampled_from(["add", "add", "drop", "replace", "replace", "stop one"])
afters = st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple)
changes = st.lists(
    st.builds(Change, quarters=st.integers(0, 12), kind=kinds, name=st.sampled_from(NAMES), after=afters), max_size=8
)
stops = st.lists(
    st.builds(Change, quarters=st.integers(0, 30), kind=st.just("stop all"), name=st.just("a"), after=st.just(())), max_size=1
)


def scenes(*, anything: bool = True, limited: bool = True, budgeted: bool = False) -> st.SearchStrategy[Scene]:
    """Scenes in which anything may happen, or nothing fails, is stopped or is changed."""
    each = worlds if anything else calm_worlds
    return st.builds(
        Scene,
        worlds=st.fixed_dictionaries(dict.fromkeys(NAMES, each)),
        graph=graphs(),
        changes=st.tuples(changes, stops).map(lambda both: [*both[0], *both[1]]) if anything else st.just([]),
        lookahead=st.builds(Sliding, k=st.integers(0, 4)),
        calls_at_once=st.one_of(st.none(), st.integers(1, 6)) if limited else st.none(),
        calls=st.one_of(st.none(), st.integers(1, 40)) if budgeted else st.none(),
        usd=st.one_of(st.none(), st.sampled_from([2.0, 5.5, 20.0, 60.0])) if budgeted else st.none(),
    )
