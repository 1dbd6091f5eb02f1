"""``outrider bench --live``: real models, every task planned by every arm, paired and in turn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from outrider.agents.agent import Agent
from outrider.agents.recall import Memory
from outrider.bench.live import CONTROL, Arms, Results, live_tasks, measure, summary
from outrider.bench.schedulers import TopK, live_schedulers_named
from outrider.cli.bench import aligned, names_of, told_json
from outrider.cli.exits import Exit, code_of
from outrider.cli.measuring import ProgressLine, provenance
from outrider.cli.preparing import Fetching
from outrider.cli.views import json_line
from outrider.errors import BudgetReached
from outrider.journal import SqliteJournal
from outrider.launch import DEFAULT_AGENTS, MOST_LOOKAHEAD_HERE, check_priced
from outrider.model import JSON, Role, Task
from outrider.naming import Models, agent_named, check_agent, is_local_agent, is_recalling, without_secrets
from outrider.providers.prices import Prices
from outrider.rules import Batch, Lookahead, Sliding
from outrider.runtime import Budget, Limits
from outrider.views.words import count, one_line
from outrider.worlds import WORLDS

DEFAULT_SCHEDULERS: Final = "lookahead-1,lookahead-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What the command line said."""

    suite: str
    approximation: str
    target: str
    schedulers: str
    tasks: int
    max_steps: int
    threads: int
    budget_usd: float | None
    prices: Path | None
    out: Path | None
    journal: Path | None
    seed: int
    as_json: bool


def run_live(options: LiveOptions) -> Exit:
    """Measure, print what was measured. After Ctrl-C, or at the end of the budget, what is done; the same command goes on."""
    names: dict[Role, str] = {
        "approximation": options.approximation or DEFAULT_AGENTS["approximation"],
        "target": options.target or DEFAULT_AGENTS["target"],
    }
    for role, name in names.items():
        check_agent(name, role)
    tasks = live_tasks(options.suite, options.tasks, options.seed)
    schedulers = live_schedulers_named([name for name in names_of(options.schedulers or DEFAULT_SCHEDULERS) if name != "alone"])
    results = Results.opened(_setting(options, names, schedulers), options.out)
    progress = ProgressLine()
    try:
        asyncio.run(_measure(options, names, schedulers, tasks, results, progress))
        code = Exit.COMPLETE
    except KeyboardInterrupt:
        code = Exit.STOPPED
    except BudgetReached as error:
        progress.close()
        print(f"outrider: {one_line(error)}", file=sys.stderr)
        code = code_of(error)
    finally:
        progress.close()
    _print(results, options, stopped=code is not Exit.COMPLETE)
    return code


def _setting(options: LiveOptions, names: Mapping[Role, str], schedulers: Mapping[str, Lookahead]) -> dict[str, JSON]:
    """What must be the same for results to stand in one file. More tasks may be drawn for it later, by the same seed."""
    return {
        "suite": options.suite,
        "approximation": without_secrets(names["approximation"]),
        "target": without_secrets(names["target"]),
        "arms": ["alone", CONTROL, *schedulers],
        "max_steps": options.max_steps,
        "threads": options.threads,
        "seed": options.seed,
        **provenance(),
    }


async def _measure(
    options: LiveOptions,
    names: Mapping[Role, str],
    schedulers: Mapping[str, Lookahead],
    tasks: list[Task],
    results: Results,
    progress: ProgressLine,
) -> None:
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    slots = max(map(_most_target_calls, schedulers.values()), default=1)
    world = WORLDS[options.suite]
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(SqliteJournal(options.journal)) if options.journal else None
        models = await stack.enter_async_context(Models(prices, slots=slots, threads=options.threads, progress=Fetching()))
        memory = Memory() if is_recalling(names["approximation"]) else None
        agents = {
            role: await agent_named(name, role=role, world=world, models=models, memory=memory) for role, name in names.items()
        }
        arms = Arms(
            approximation=agents["approximation"],
            target=agents["target"],
            schedulers=schedulers,
            max_steps=options.max_steps,
            limits=_limits(options.budget_usd, results.spent_usd, agents, tasks[0]),
            one_machine=all(map(is_local_agent, names.values())),
            journal=journal,
            memory=memory,
        )
        await measure(tasks, arms, results, progress.tell)


def _most_target_calls(lookahead: Lookahead) -> int:
    """How many target calls the lookahead lets be in flight, for a model in this process to make room for."""
    match lookahead:
        case Sliding(k=k, width=width):
            most = k * width + 1
        case Batch(k=most):
            pass
        case TopK(n=n):
            most = n + 1
        case _:
            most = MOST_LOOKAHEAD_HERE + 1
    return min(most, MOST_LOOKAHEAD_HERE + 1)


def _limits(budget_usd: float | None, spent_usd: float, agents: Mapping[Role, Agent], task: Task) -> Limits:
    """What is left of the budget, for all runs together."""
    if budget_usd is None:
        return Limits()
    for agent in agents.values():
        check_priced(agent, task)
    if spent_usd >= budget_usd:
        raise BudgetReached(f"the budget of ${budget_usd:g} is used up: ${spent_usd:.6f} are spent; give more with --budget-usd")
    return Limits(budget=Budget(usd=budget_usd - spent_usd))


# What was measured --------------------------------------------------------------------------------------------------


def _print(results: Results, options: LiveOptions, *, stopped: bool) -> None:
    found = summary(results, options.seed)
    if options.as_json:
        print(json_line({**found, "setting": results.setting, "stopped": stopped, **provenance()}))
        return
    if not found["runs"]:
        print("no task was planned by every arm yet", file=sys.stderr)
        return
    head = ("arm", "time", "95 %", "faster/slower/equal", "tokens", "95 %", "cost", "same plan", "most calls")
    print(f"{options.suite}: {count(found['runs'], 'task')}, each planned by every arm in turn")
    print("\n".join(aligned([head, *(_cells(name, arm) for name, arm in found["schedulers"].items())])))
    print("time, tokens, cost: sums over the target alone's, below 1 is less. alone again: how far the target repeats itself.")
    print(f"Spent ${found['spent_usd']:g} where the price is known. Seed {options.seed}.{' Stopped early.' if stopped else ''}")


def _cells(name: str, arm: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        *told_json(arm, "time_ratio"),
        f"{arm['runs_faster']}/{arm['runs_slower']}/{arm['runs_equal']}",
        *told_json(arm, "tokens_ratio"),
        told_json(arm, "cost_ratio")[0],
        f"{arm['same_plan']} of {arm['runs']}",
        str(arm["calls_max"]),
    )
