"""``outrider plan-all``: read the graph, launch every sub-task, run them together, say how each ended."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.exits import Exit, code_of
from outrider.cli.own_tools import ToolsWanted, not_as_listed, toolbox_of
from outrider.cli.preparing import Fetching, preparing, tell_preparing
from outrider.cli.stopping import run_stoppable, stops_this_task
from outrider.cli.subplans_view import SubplansJson, SubplansLines
from outrider.cli.subtasks_file import Asked, read_subtasks
from outrider.cli.views import Write, line_writer
from outrider.errors import OutriderError, RunStopped
from outrider.journal import JournalStore, open_journal
from outrider.launch import DEFAULT_WORLD, Launch, Understood, Wanted, check_priced, each_of, launch, understand
from outrider.naming import Models, without_secrets
from outrider.providers.prices import Prices
from outrider.runtime import Budget, Limits, ServerLimits
from outrider.subplans import Graph, Result, Subplans, kept, subplans
from outrider.subplans.events import Happened, RunRecord
from outrider.telemetry.opening import Wanted as TelemetryWanted
from outrider.telemetry.opening import opened
from outrider.telemetry.watching import Following, Telemetry
from outrider.views.words import count, one_line
from outrider.worlds.named import OWN_TOOLS

if TYPE_CHECKING:
    from outrider.tools import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAllOptions:
    """What the command line said. ``common`` is what sub-tasks are planned with, and what all share."""

    file: Path
    common: Wanted
    going_on_from: str
    prices: Path | None
    journal: str | None
    as_json: bool
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)
    telemetry: TelemetryWanted = field(default_factory=TelemetryWanted)


_NOT_ITS_OWN: Final[dict[str, Any]] = dict.fromkeys(
    ("calls_at_once", "budget_calls", "budget_tokens", "budget_usd", "budget_seconds", "requests_a_minute", "tokens_a_minute")
)
"""What all sub-plans share is set for none of them."""


def run_plan_all(options: PlanAllOptions) -> Exit:
    """Make the plans; return what to exit with. Ctrl-C stops all in order, a second one at once."""
    return run_stoppable(partial(_run, options))


async def _run(options: PlanAllOptions, ctrl_c: CtrlC) -> Exit:
    options.telemetry.check(screen=False)
    asked = read_subtasks(options.file, options.common)
    graph = Graph(*(each.subtask for each in asked))
    limits = shared_limits(options.common)
    write = line_writer()
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    stops_this_task(ctrl_c)
    with opened(options.telemetry) as telemetry, open_journal(options.journal) as journal:
        earlier = kept(journal, options.going_on_from) if options.going_on_from else {}
        async with AsyncExitStack() as stack:
            toolbox = await stack.enter_async_context(toolbox_of(options.own_tools))
            for note in not_as_listed(toolbox, options.own_tools):
                print(f"outrider: {note}", file=sys.stderr)
            understood = _understood(asked, earlier, limits, toolbox)
            ready = await _launched(understood, limits, prices, journal, stack)
            going = subplans(
                graph, session_of=lambda subtask, name: ready[subtask.name].session(name=name), journal=journal, earlier=earlier
            )
            ctrl_c.asks(lambda: going.stop("Ctrl-C"))
            results = await _show(going, write, options, telemetry)
            _keep_learned(going, ready)
            ctrl_c.settled = True
    return _told(going, results, options, stopped=bool(ctrl_c.pressed))


def shared_limits(common: Wanted) -> Limits:
    """What all sub-plans share: one budget, one limit on calls, and what each model server allows.

    Raises:
        BadOption: a number allows nothing.
    """
    most = (common.budget_calls, common.budget_tokens, common.budget_usd, common.budget_seconds)
    calls, tokens, usd, seconds = most
    budget = None if most == (None,) * 4 else Budget(calls=calls, tokens=tokens, usd=usd, seconds=seconds)
    servers = ServerLimits(requests_a_minute=common.requests_a_minute, tokens_a_minute=common.tokens_a_minute)
    return Limits(calls_at_once=common.calls_at_once, budget=budget, servers=servers)


def _understood(
    asked: list[Asked], earlier: Mapping[str, Result], limits: Limits, toolbox: Toolbox | None
) -> dict[str, Understood]:
    """Every sub-task that is to be planned."""
    understood: dict[str, Understood] = {}
    for each in asked:
        before = earlier.get(each.subtask.name)
        same = before is not None and before.subtask.task == each.subtask.task
        if before is not None and same and before.state == "complete":
            continue
        since = before.session if before is not None and same and before.plan.steps else ""
        wanted = replace(each.wanted, **_NOT_ITS_OWN, going_on_from=since)
        if wanted.world != OWN_TOOLS:
            wanted = replace(wanted, reads=None)
        understood[each.subtask.name] = understand(wanted, limits, toolbox)
    return understood


async def _launched(
    understood: Mapping[str, Understood], limits: Limits, prices: Prices, journal: JournalStore, stack: AsyncExitStack
) -> dict[str, Launch]:
    """All of them, ready to start: what makes no sense in any is said before a call is made."""
    models: dict[str, Models] = {}
    ready = {}
    fetching = Fetching(tell_preparing)
    with preparing(loads=any(each.any_here for each in understood.values())):
        for name, each_understood in understood.items():
            looks = each_understood.lookahead.name  # it decides how many calls a model here makes room for
            if looks not in models:
                models[looks] = await stack.enter_async_context(each_understood.models(prices, fetching))
            ready[name] = await launch(each_understood, models[looks], journal)
            _check_prices(ready[name], limits)
    for note in dict.fromkeys(each.note for each in ready.values() if each.note):
        print(f"outrider: {note}", file=sys.stderr)
    return ready


def _check_prices(ready: Launch, limits: Limits) -> None:
    """Every model needs a price where dollars are counted; one that only drafts too."""
    if limits.in_dollars:
        for agent in each_of(ready.agents):
            check_priced(agent, ready.task)


async def _show(going: Subplans, write: Write, options: PlanAllOptions, telemetry: Telemetry) -> dict[str, Result]:
    view = SubplansJson(going.name, write) if options.as_json else SubplansLines(going.name, write)
    told = _Told(going.name, telemetry)
    with contextlib.closing(told):
        async with going, going.events() as events:
            async for record in events:
                told.receive(record)
                view.receive(record, going.graph)
            results = await going.results()
    view.close(results)
    return results


class _Told:
    """Gives each sub-plan's records to telemetry, under its session's name."""

    def __init__(self, run: str, telemetry: Telemetry) -> None:
        self._run = run
        self._telemetry = telemetry
        self._following: dict[str, Following] = {}

    def receive(self, record: RunRecord) -> None:
        if isinstance(record.event, Happened):
            name = record.event.name
            if name not in self._following:
                self._following[name] = self._telemetry.following(f"{self._run}.{name}")
            self._following[name].receive(record.event.record)

    def close(self) -> None:
        for following in self._following.values():
            following.close()


def _keep_learned(going: Subplans, ready: Mapping[str, Launch]) -> None:
    """What was learned of the agents. Where several sub-plans had the same ones, what the last of them learned stands."""
    for name, each in ready.items():
        with contextlib.suppress(OutriderError):  # one that has not begun has learned nothing
            each.keep_learned(going.session(name))


# How it ended -------------------------------------------------------------------------------------------------------


def _told(going: Subplans, results: Mapping[str, Result], options: PlanAllOptions, *, stopped: bool) -> Exit:
    """Say what is not complete, why, and how to go on; return the code."""
    left = {name: result for name, result in results.items() if result.state not in ("complete", "dropped")}
    for name, result in left.items():
        what = "failed" if result.state == "failed" else "was not started"
        print(f"outrider: {name} {what}: {one_line(result.why)}", file=sys.stderr)
    if not left:
        return Exit.COMPLETE
    done = count(len(results) - len(left), "complete sub-plan")
    steps = count(sum(len(result.plan.steps) for result in left.values()), "step")
    print(
        f"outrider: {done} and {steps} of others kept; to go on from there:\n  {_how_to_go_on(going, options)}", file=sys.stderr
    )
    return Exit.STOPPED if stopped else _code(left.values())


def _code(left: Iterable[Result]) -> Exit:
    """What the first that failed of itself would have ended with alone."""
    errors = [result.error for result in left if result.error is not None]
    of_itself = next((error for error in errors if not isinstance(error, RunStopped)), None)
    if of_itself is None:  # nobody pressed Ctrl-C, so it was the graph that could not be written
        return Exit.JOURNAL
    return code_of(of_itself) if isinstance(of_itself, OutriderError) else Exit.BUG


def _how_to_go_on(going: Subplans, options: PlanAllOptions) -> str:
    common = options.common
    given = {
        "--from": going.name, "--approximation": common.approximation, "--target": common.target, "--setting": common.setting,
        "--world": common.world, "--lookahead": common.lookahead, "--hour-worth": common.hour_worth,
        "--max-steps": common.max_steps, "--matching": common.matching, "--calls-at-once": common.calls_at_once,
        "--budget-calls": common.budget_calls, "--budget-tokens": common.budget_tokens, "--budget-usd": common.budget_usd,
        "--budget-seconds": common.budget_seconds, "--requests-a-minute": common.requests_a_minute,
        "--tokens-a-minute": common.tokens_a_minute, "--reads": common.reads,
        "--prices": options.prices, "--journal": options.journal,
    }  # fmt: skip
    usual = {"--world": OWN_TOOLS if options.own_tools.sources else DEFAULT_WORLD, "--matching": "exact"}
    words = ["outrider", "plan-all", str(options.file)]
    words += [str(word) for name, value in given.items() if value not in (None, "", usual.get(name)) for word in (name, value)]
    words += [word for option in options.own_tools.words for word in option if word is not None]
    return without_secrets(shlex.join(words))
