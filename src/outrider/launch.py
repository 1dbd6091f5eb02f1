"""From what a person asks for, in names, to a session: the one way that the command line and the page start a run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from outrider.agents.agent import Agent, server_of
from outrider.agents.kinds import SETTINGS, ModelAgent
from outrider.agents.recall import Memory, RecallAgent
from outrider.agents.recorded import RecordedAgent
from outrider.agents.several import drafters_of
from outrider.agents.world import World
from outrider.errors import BadOption, JournalCorrupt, UnknownName, first_of
from outrider.history import gone_on_from, most_steps, percentile
from outrider.journal import JournalStore, Owned, Replayed, remembered
from outrider.model import Role, Task
from outrider.naming import LOCAL, Models, Progress, agent_named, check_agent, is_local_agent, is_recalling, loads_here
from outrider.providers.prices import Prices
from outrider.rules import MATCHINGS, Batch, ByValue, Lookahead, Matching, Sliding, lookahead_named
from outrider.rules.kept import estimates_of
from outrider.runtime import DEFAULT_MAX_STEPS, Budget, Limits, ServerLimits, Session, plan
from outrider.runtime.planning import DEFAULT_READS
from outrider.worlds import named_world
from outrider.worlds.named import OWN_TOOLS, NamedWorld, world_around

if TYPE_CHECKING:
    from outrider.tools import Toolbox

DEFAULT_AGENTS: Final[dict[Role, str]] = {"approximation": "direct@local", "target": "cot@local"}
"""The paper's setting 2 on the embedded model."""

DEFAULT_WORLD: Final = "openagi"

MOST_LOOKAHEAD_HERE: Final = 4
"""Where both agents compute on this machine, a call needs a processor: of those that are left, so many at most are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for, in names and numbers, as options or a form give it. What is empty has its default."""

    task: str = ""
    world: str = DEFAULT_WORLD
    approximation: str = ""
    target: str = ""
    setting: int | None = None
    lookahead: str = ""
    hour_worth: float | None = None
    max_steps: int | str = ""
    """A number, or a percentile of earlier plans, such as p95."""
    matching: str = "exact"
    calls_at_once: int | None = None
    budget_calls: int | None = None
    budget_tokens: int | None = None
    budget_usd: float | None = None
    budget_seconds: float | None = None
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    going_on_from: str = ""
    settled: str = ""
    """What came of the last step of the session to go on from, in the person's words; its tool is not run."""
    run_again: bool = False
    """That step was begun, and the person says that it may be run."""
    reads: int | None = None
    """How many times a tool that reads may be run for a step that is not confirmed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was asked for, with every name found. Nothing is opened so far."""

    wanted: Wanted
    world: NamedWorld
    agents: Mapping[Role, str]
    lookahead: Lookahead
    matching: Matching
    limits: Limits

    @property
    def one_machine(self) -> bool:
        """Whether both agents compute on this machine's processors."""
        return _all_here(self.agents)

    @property
    def any_here(self) -> bool:
        """Whether an agent needs a model to be loaded here."""
        return any(loads_here(name) for name in self.agents.values())

    def models(self, prices: Prices, progress: Progress) -> Models:
        """The models that the agents can name, with room here for as many calls as the lookahead makes."""
        slots = _most_target_calls(self.lookahead)
        return Models(prices, slots=slots, threads=max(1, _processors() // (slots + 1)), progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A run that is ready to start, more than once if need be."""

    understood: Understood
    task: Task
    world: World
    agents: Mapping[Role, Agent]
    before: Replayed | None
    journal: JournalStore
    known: str = ""
    """What earlier sessions of these agents have learned."""
    max_steps: int = DEFAULT_MAX_STEPS
    tools: Toolbox | None = None
    """What its steps are executed with."""
    note: str = ""
    """What the person should know before it starts."""

    def session(
        self,
        *,
        lookahead: Lookahead | None = None,
        ask: bool = False,
        name: str | None = None,
        owned: Owned | None = None,
        settings: str = "",
    ) -> Session:
        """A session of it, with another ``lookahead`` if one is given. ``ask`` if a person is there to be asked at a limit.

        ``name`` is its name in the journal; a random one if none is given. With ``owned``, it is that session, and is kept
        as long as it runs. ``settings`` are for whoever resumes it.
        """
        understood = self.understood
        session = plan(
            self.task,
            approximation=self.agents["approximation"],
            target=self.agents["target"],
            lookahead=lookahead or understood.lookahead,
            max_steps=self.max_steps,
            ask=ask,
            matching=understood.matching,
            limits=understood.limits,
            journal=owned or self.journal,
            going_on_from=self.before.plan if self.before else None,
            one_machine=understood.one_machine,
            world=self.world,
            known=self.known,
            tools=self.tools,
            reads=DEFAULT_READS if understood.wanted.reads is None else understood.wanted.reads,
            name=owned.lease.session if owned else name,
            settings=settings,
        )
        return session.owned_by(owned) if owned else session

    def keep_learned(self, session: Session) -> None:
        """What ``session`` has learned is there for later ones of the same agents in the same world."""
        if learned := session.learned:
            self.journal.keep_learned(_topic(self.task, self.agents), learned)


Launches: TypeAlias = Callable[[Understood, Models, JournalStore], Awaitable[Launch]]
"""Makes a run ready to start: ``launch`` here, or what has others make its calls."""

Follows: TypeAlias = Callable[[JournalStore, str, Owned | None, Understood | None], Session]
"""Follows again a session that goes on elsewhere, from what the journal has of it, which this process may own already; last comes
what was asked for, if it is known."""


def _topic(task: Task, agents: Mapping[Role, Agent]) -> str:
    """What estimates belong to: a pair of agents in a world."""
    return " | ".join(("estimates", task.world, agents["approximation"].name, agents["target"].name))


def _known(journal: JournalStore, topic: str) -> tuple[str, str]:
    """What earlier sessions have learned, and what there is to say of it: damaged, it is not believed, and learned anew."""
    try:
        known = journal.learned(topic)
        if known:
            estimates_of(known)
    except (JournalCorrupt, ValueError) as error:
        return "", f"what earlier sessions have learned of these agents cannot be read, so it is learned anew: {error}"
    return known, ""


def understand(wanted: Wanted, within: Limits | None = None, own_tools: Toolbox | None = None) -> Understood:
    """Find what every name means; open nothing.

    Args:
        wanted: what is asked for.
        within: limits that it shares with others, such as a server's sessions.
        own_tools: what the world of that name, ``tools``, is made of.

    Raises:
        EmptyTask, UnknownName, BadOption: something makes no sense; the message says what to give instead.
    """
    world = _world(wanted.world, own_tools)
    _check_reads(wanted.reads, world)
    if wanted.task or not wanted.going_on_from:
        world.world(Task(wanted.task).text)  # what makes no task is refused before anything is opened
    agents = _agent_names(wanted, {**DEFAULT_AGENTS, **world.usual})
    for role, name in agents.items():
        check_agent(name, role, world.name)
    if wanted.matching not in MATCHINGS:
        raise UnknownName(f"the matching {wanted.matching!r} is not known; give one of {', '.join(MATCHINGS)}")
    if wanted.max_steps != "":
        percentile(str(wanted.max_steps))  # what is no number of steps is refused before anything is opened
    return Understood(
        wanted=wanted,
        world=world,
        agents=agents,
        lookahead=_lookahead(wanted, agents),
        matching=MATCHINGS[wanted.matching],
        limits=_limits(wanted, within),
    )


async def launch(understood: Understood, models: Models, journal: JournalStore) -> Launch:
    """Open the agents, read the session to go on from, and let models here read their worked examples.

    Raises:
        UnknownName, BadOption: a name or an option does not fit.
        ProviderError: a model cannot be had.
        JournalError: the session to go on from cannot be read.
    """
    memory, not_recalled = _memory(understood, journal)

    async def opened(task: Task, world: World) -> Mapping[Role, Agent]:
        return {
            role: await agent_named(name, role=role, world=world, models=models, memory=memory)
            for role, name in understood.agents.items()
        }

    ready = await assembled(understood, journal, opened, not_recalled)
    _check(ready)
    await _prepare(ready)
    return ready


async def assembled(
    understood: Understood,
    journal: JournalStore,
    agents_for: Callable[[Task, World], Awaitable[Mapping[Role, Agent]]],
    notes: Iterable[str] = (),
) -> Launch:
    """A launch with the agents that ``agents_for`` gives for its task, and what the journal has of it; ``notes`` are said first.

    Raises:
        BadOption: an option does not fit.
        JournalError: the session to go on from cannot be read.
    """
    wanted, named = understood.wanted, understood.world
    before = _before(journal, wanted, executes=named.toolbox is not None)
    task = Task(wanted.task or before.task.text if before else wanted.task, wanted.world)
    world = named.world(task.text)
    agents = await agents_for(task, world)
    known, note = _known(journal, _topic(task, agents))
    usual = named.most_steps(task.text) if named.most_steps else DEFAULT_MAX_STEPS
    most, history = most_steps(str(wanted.max_steps or usual), journal, wanted.world, usual)
    return Launch(
        understood=understood, task=task, world=world, agents=agents, before=before, journal=journal, known=known,
        max_steps=most, tools=named.toolbox(task.text) if named.toolbox else None,
        note="; ".join(filter(None, (note, *notes, history, *named.notes(task.text)))),
    )  # fmt: skip


def _memory(understood: Understood, journal: JournalStore) -> tuple[Memory | None, tuple[str, ...]]:
    """What the journal's sessions have confirmed, if a drafter is to recall it, and what of it could not be read."""
    if not is_recalling(understood.agents["approximation"]):
        return None, ()
    found, memory = remembered(journal, understood.world.name), Memory()
    for confirmed in found.plans:
        memory.learn(confirmed.task, confirmed.steps, since=confirmed.since)
    return memory, found.notes


def _agent_names(wanted: Wanted, usual: Mapping[Role, str]) -> dict[Role, str]:
    given: dict[Role, str] = {"approximation": wanted.approximation, "target": wanted.target}
    if wanted.setting is None:
        return {role: name or usual[role] for role, name in given.items()}
    if wanted.setting not in SETTINGS:
        raise BadOption(f"setting {wanted.setting} is not one of the paper's; give 1, 2, 3 or 4")
    approximation, target = SETTINGS[wanted.setting]
    kinds: dict[Role, str] = {"approximation": approximation, "target": target}
    return {role: f"{kinds[role]}@{name or LOCAL}" for role, name in given.items()}


def _lookahead(wanted: Wanted, agents: Mapping[Role, str]) -> Lookahead:
    if wanted.hour_worth is not None:
        if wanted.lookahead not in ("", "auto"):
            raise BadOption(
                f"what an hour is worth decides how far ahead is worth it, and lookahead {wanted.lookahead} does so too"
            )
        return ByValue(wanted.hour_worth)
    if wanted.lookahead:
        return lookahead_named(wanted.lookahead)
    return Sliding(max(1, min(_processors() - 1, MOST_LOOKAHEAD_HERE))) if _all_here(agents) else ByValue()


def _all_here(agents: Mapping[Role, str]) -> bool:
    return all(is_local_agent(name) for name in agents.values())


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _most_target_calls(lookahead: Lookahead) -> int:
    """How many target calls the lookahead lets be in flight, for a model in this process to make room for."""
    most = lookahead.k + 1 if isinstance(lookahead, Sliding) else lookahead.k if isinstance(lookahead, Batch) else 4
    return min(most, MOST_LOOKAHEAD_HERE + 1)  # more calls than that wait their turn


def _limits(wanted: Wanted, within: Limits | None) -> Limits:
    calls, tokens, usd, seconds = wanted.budget_calls, wanted.budget_tokens, wanted.budget_usd, wanted.budget_seconds
    limited = any(limit is not None for limit in (calls, tokens, usd, seconds))
    budget = Budget(calls=calls, tokens=tokens, usd=usd, seconds=seconds) if limited else None
    paced = wanted.requests_a_minute is not None or wanted.tokens_a_minute is not None
    own = within is None or paced or not within.servers
    pace = ServerLimits(requests_a_minute=wanted.requests_a_minute, tokens_a_minute=wanted.tokens_a_minute) if own else None
    return Limits(calls_at_once=wanted.calls_at_once, budget=budget, servers=pace, within=within)


def _world(name: str, own_tools: Toolbox | None) -> NamedWorld:
    if name != OWN_TOOLS:
        return named_world(name)
    if own_tools is None:
        raise BadOption(f"the world {OWN_TOOLS} is made of your own tools, and there are none; give some with --tools")
    return world_around(own_tools)


def _check_reads(reads: int | None, world: NamedWorld) -> None:
    if reads is not None and world.toolbox is None:
        raise BadOption(f"--reads {reads} is for steps that are executed, and those of {world.name} are not; give --tools")
    if reads is not None and reads < 0:
        raise BadOption(f"a budget of {reads} reads makes no sense; give a number from 0")


def _before(journal: JournalStore, wanted: Wanted, *, executes: bool) -> Replayed | None:
    """The earlier session to go on from, with what the person says of its last step."""
    if wanted.going_on_from:
        return gone_on_from(journal, wanted.going_on_from, executes=executes, settled=wanted.settled, run_again=wanted.run_again)
    if wanted.settled or wanted.run_again:
        raise BadOption("--settled and --run-again say something of an earlier session's last step; give it with --from")
    return None


def check_priced(agent: Agent, task: Task) -> None:
    """Raise ``BadOption`` if nobody can tell what a call of ``agent`` costs: where dollars are counted, each needs a price."""
    most = agent.most(task, ())
    if most is None or most.cost_usd is None:
        raise BadOption(
            f"the price of {agent.name} is not known, so no dollars can be counted; name a model whose price is, or give it with "
            "--prices FILE where Outrider is started"
        )


def _check(ready: Launch) -> None:
    """Say before anything starts what would end the run at once: a task nobody recorded, a budget nobody can count."""
    limits = ready.understood.limits
    for agent in each_of(ready.agents):
        if isinstance(agent, RecordedAgent):
            agent.check(ready.task)
        if limits.in_dollars:
            check_priced(agent, ready.task)
    target = ready.agents["target"]
    limits.check(target.most(ready.task, ()) if limits.budgets else None, server_of(target), target.name)


def each_of(agents: Mapping[Role, Agent]) -> list[Agent]:
    """Every agent by itself."""
    return [each for agent in agents.values() for each in drafters_of(agent)]


async def _prepare(ready: Launch) -> None:
    """Let models in this process read their worked examples, and memory find what is like the task, all at once."""
    try:
        async with asyncio.TaskGroup() as group:
            for agent in each_of(ready.agents):
                if isinstance(agent, ModelAgent | RecallAgent):
                    group.create_task(agent.prepare(ready.task))
    except BaseExceptionGroup as group:
        raise first_of(group) from None
