"""``outrider plan``: open the agents and the journal, run the session, show it, say how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import outrider
from outrider.agents.agent import Agent
from outrider.agents.kinds import SETTINGS, ModelAgent
from outrider.agents.recorded import RecordedAgent
from outrider.cli.ctrl_c import CtrlC
from outrider.cli.exits import Exit, code_of
from outrider.cli.views import View, tell_prepared, tell_preparing, tell_progress, view_for
from outrider.errors import BadOption, JournalLost, OutriderError, RunEnded, UnknownName, first_of
from outrider.journal import Replayed, SqliteJournal, replay
from outrider.model import Role, Task
from outrider.naming import LOCAL, Models, agent_named, check_kind, is_local_agent, without_secrets
from outrider.providers.prices import Prices
from outrider.rules import MATCHINGS, Batch, Lookahead, Matching, Sliding, lookahead_named
from outrider.runtime import DEFAULT_LOOKAHEAD, DEFAULT_MAX_STEPS, Budget, Limits, Session
from outrider.views.words import count, gained, one_line, seconds
from outrider.worlds import WORLDS

DEFAULT_AGENTS: Final[dict[Role, str]] = {"approximation": "direct@local", "target": "cot@local"}
"""The paper's setting 2 on the embedded model."""

TWICE: Final = "the journal could not be written: "
"""What the reason says once more, with the journal's name."""

MOST_LOOKAHEAD_HERE: Final = 4
"""Where both agents compute on this machine, a call needs a processor: of those that are left, so many at most are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the command line said."""

    task: str
    world: str
    approximation: str
    target: str
    setting: int | None
    lookahead: str
    max_steps: int
    matching: str
    calls_at_once: int | None
    budget_calls: int | None
    budget_tokens: int | None
    budget_usd: float | None
    prices: Path | None
    going_on_from: str | None
    journal: Path | None
    compare: bool
    plain: bool
    as_json: bool


def run_plan(options: PlanOptions) -> Exit:
    """Make the plan; return what to exit with. Ctrl-C stops in order, a second one at once."""
    with CtrlC() as ctrl_c:
        try:
            return asyncio.run(_run(options, ctrl_c))
        except asyncio.CancelledError:  # Ctrl-C before the run began
            raise KeyboardInterrupt from None


async def _run(options: PlanOptions, ctrl_c: CtrlC) -> Exit:
    world = WORLDS.get(options.world)
    if world is None:
        raise UnknownName(f"the world {options.world!r} is not known; give one of {', '.join(sorted(WORLDS))}")
    if options.compare and options.as_json:
        raise BadOption("--compare speaks to people; for scripts, run once more with --lookahead 0 and read total_s of both")
    text = _task_text(options.task)
    if not options.going_on_from:
        Task(text)  # an empty one is refused before anything is opened
    names = _agent_names(options)
    for name in names.values():
        check_kind(name)
    lookahead, matching, limits = _lookahead(options, names), _matching(options.matching), _limits(options)
    slots = _most_target_calls(lookahead)
    threads = max(1, _processors() // (slots + 1))
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    this = asyncio.current_task()
    assert this is not None, "a coroutine runs in a task"
    ctrl_c.asks(this.cancel)
    with SqliteJournal(options.journal) as journal:
        before = _before(journal, options.going_on_from)
        task = Task(text or before.task.text if before else text, options.world)
        async with Models(prices, slots=slots, threads=threads, progress=tell_progress) as models:
            if any(is_local_agent(name) for name in names.values()):
                tell_preparing()
            agents = {role: await agent_named(name, role=role, world=world, models=models) for role, name in names.items()}
            _check(agents.values(), task, options)
            await _prepare(agents.values(), task)
            tell_prepared()
            planned = partial(
                outrider.plan,
                task,
                approximation=agents["approximation"],
                target=agents["target"],
                max_steps=options.max_steps,
                matching=matching,
                limits=limits,
                journal=journal,
                going_on_from=before.plan if before else None,
                one_machine=_all_here(names),
            )
            session = planned(lookahead=lookahead)
            view = view_for(as_json=options.as_json, plain=options.plain)
            ctrl_c.asks(lambda: session.stop("Ctrl-C"))
            await _show(session, view)
            ctrl_c.settled = not options.compare
            code = await _end(session, view, options, journal)
            if options.compare and code is Exit.COMPLETE:
                alone = planned(lookahead=0)
                ctrl_c.asks(lambda: alone.stop("Ctrl-C"))
                print(await _compared(session, alone))
            return code


async def _show(session: Session, view: View) -> None:
    """Give every record to the view, until every call is accounted for."""
    with contextlib.closing(view):
        async with session, session.events() as events:
            async for record in events:
                view.receive(record)


async def _compared(session: Session, alone: Session) -> str:
    """Plan once more with the target alone, and say how long that took."""
    async with alone:
        try:
            plan = await alone.result()
        except RunEnded as error:
            return f"Target alone: it did not come to an end: {one_line(error)}"
    took_s, alone_s = session.figures.total_s or 0.0, alone.figures.total_s or 0.0
    if plan.prefix != session.plan.prefix:
        return f"Target alone, measured: {seconds(alone_s)}, for another plan: this target does not always answer the same."
    return f"Target alone, measured: {seconds(alone_s)} for the same plan; {gained(alone_s, took_s)}."


async def _end(session: Session, view: View, options: PlanOptions, journal: SqliteJournal) -> Exit:
    """Say how it ended, and how to go on if it did not end well."""
    try:
        await session.result()
    except RunEnded as error:
        if not view.tells_the_end:
            print(f"outrider: {one_line(error).removeprefix(TWICE)}", file=sys.stderr)
        if kept := _kept(session, journal, error):
            print(_how_to_go_on(session, options, kept), file=sys.stderr)
        return code_of(error)
    return Exit.COMPLETE


def _kept(session: Session, journal: SqliteJournal, error: RunEnded) -> int:
    """How many steps there are to go on from. A journal that was lost may lack the last ones that were confirmed."""
    if not isinstance(error, JournalLost):
        return len(session.plan.steps)
    with contextlib.suppress(OutriderError):
        return len(replay(journal.read(session.name)).plan.steps)
    return 0


def _task_text(given: str) -> str:
    if given != "-":
        return given.strip()
    try:
        return sys.stdin.read().strip()
    except UnicodeDecodeError as error:
        raise BadOption(f"the task on standard input is no text ({error}); give it in UTF-8") from None


def _agent_names(options: PlanOptions) -> dict[Role, str]:
    given: dict[Role, str] = {"approximation": options.approximation, "target": options.target}
    if options.setting is None:
        return {role: name or DEFAULT_AGENTS[role] for role, name in given.items()}
    if options.setting not in SETTINGS:
        raise BadOption(f"setting {options.setting} is not one of the paper's; give 1, 2, 3 or 4")
    approximation, target = SETTINGS[options.setting]
    kinds: dict[Role, str] = {"approximation": approximation, "target": target}
    return {role: f"{kinds[role]}@{name or LOCAL}" for role, name in given.items()}


def _lookahead(options: PlanOptions, names: dict[Role, str]) -> Lookahead:
    if options.lookahead:
        return lookahead_named(options.lookahead)
    return Sliding(max(1, min(_processors() - 1, MOST_LOOKAHEAD_HERE)) if _all_here(names) else DEFAULT_LOOKAHEAD)


def _all_here(names: dict[Role, str]) -> bool:
    """Whether both agents compute on this machine's processors."""
    return all(is_local_agent(name) for name in names.values())


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _most_target_calls(lookahead: Lookahead) -> int:
    """How many target calls the lookahead lets be in flight, for a model in this process to make room for."""
    most = lookahead.k + 1 if isinstance(lookahead, Sliding) else lookahead.k if isinstance(lookahead, Batch) else 4
    return min(most, MOST_LOOKAHEAD_HERE + 1)  # more calls than that wait their turn


def _matching(name: str) -> Matching:
    if name not in MATCHINGS:
        raise UnknownName(f"the matching {name!r} is not known; give one of {', '.join(MATCHINGS)}")
    return MATCHINGS[name]


def _limits(options: PlanOptions) -> Limits:
    most = (options.budget_calls, options.budget_tokens, options.budget_usd)
    calls, tokens, usd = most
    budget = None if most == (None, None, None) else Budget(calls=calls, tokens=tokens, usd=usd)
    return Limits(calls_at_once=options.calls_at_once, budget=budget)


def _before(journal: SqliteJournal, session: str | None) -> Replayed | None:
    """The earlier session to go on from; one whose plan is complete has nothing to go on with."""
    if session is None:
        return None
    before = replay(journal.read(session))
    if before.plan.complete:
        raise BadOption(f"the plan of session {session} is complete; there is nothing to go on with")
    return before


def _check(agents: Iterable[Agent], task: Task, options: PlanOptions) -> None:
    """Say before anything starts what would end the run at once: a task nobody recorded, a budget nobody can count."""
    for agent in agents:
        if isinstance(agent, RecordedAgent):
            agent.check(task)
        most = agent.most(task, ())
        if options.budget_usd is not None and (most is None or most.cost_usd is None):
            raise BadOption(f"the price of {agent.name} is not known, so no dollars can be counted; give it with --prices")


async def _prepare(agents: Iterable[Agent], task: Task) -> None:
    """Let models in this process read their worked examples, both at once."""
    try:
        async with asyncio.TaskGroup() as group:
            for agent in agents:
                if isinstance(agent, ModelAgent):
                    group.create_task(agent.prepare(task))
    except BaseExceptionGroup as group:
        raise first_of(group) from None


def _how_to_go_on(session: Session, options: PlanOptions, kept: int) -> str:
    """What to type to go on from the plan that was kept: the same options, with room for more steps if there was none."""
    room = options.max_steps if kept < options.max_steps else max(DEFAULT_MAX_STEPS, 2 * kept)
    given = {
        "--from": session.name, "--approximation": options.approximation, "--target": options.target,
        "--setting": options.setting, "--world": options.world, "--lookahead": options.lookahead,
        "--matching": options.matching, "--max-steps": room, "--calls-at-once": options.calls_at_once,
        "--budget-calls": options.budget_calls, "--budget-tokens": options.budget_tokens, "--budget-usd": options.budget_usd,
        "--prices": options.prices, "--journal": options.journal,
    }  # fmt: skip
    usual = {"--world": "openagi", "--matching": "exact", "--max-steps": DEFAULT_MAX_STEPS}
    words = ["outrider", "plan"]
    words += [str(word) for name, value in given.items() if value not in (None, "", usual.get(name)) for word in (name, value)]
    line = without_secrets(shlex.join(words))
    hidden = "; put back what is [hidden]" if "[hidden]" in line else ""
    return f"outrider: {count(kept, 'confirmed step')} kept; to go on from there{hidden}:\n  {line}"
