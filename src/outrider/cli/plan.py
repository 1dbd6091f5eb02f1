"""``outrider plan``: open the agents and the journal, run the session, show it, say how it ended."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.engine import calls_at
from outrider.cli.exits import Exit, code_of
from outrider.cli.kept import settings_of
from outrider.cli.own_tools import ToolsWanted, check_no_effect, not_as_listed, toolbox_of
from outrider.cli.preparing import Fetching, preparing, tell_preparing
from outrider.cli.resume import tell_interrupted
from outrider.cli.stopping import run_stoppable, stops_this_task
from outrider.cli.views import Showing, showing
from outrider.errors import (
    BadOption,
    JournalError,
    JournalLost,
    NotApproved,
    OutriderError,
    RunEnded,
    ToolFailed,
    UnknownName,
)
from outrider.history import in_doubt
from outrider.journal import JournalStore, open_journal, own, replay
from outrider.launch import DEFAULT_WORLD, Launch, Understood, Wanted, understand
from outrider.naming import Models, without_secrets
from outrider.providers.prices import Prices
from outrider.rules import Sliding
from outrider.runtime import DEFAULT_MAX_STEPS, Session
from outrider.telemetry.opening import Wanted as TelemetryWanted
from outrider.telemetry.opening import opened
from outrider.telemetry.watching import Telemetry
from outrider.views.words import count, gained, one_line, seconds
from outrider.worlds import named_world
from outrider.worlds.named import OWN_TOOLS

TWICE: Final = "the journal could not be written: "
"""What the reason says once more, with the journal's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the command line said."""

    wanted: Wanted
    own_task: int | None
    """The number of one of the world's own tasks, in place of a text."""
    prices: Path | None
    journal: str | None
    compare: bool
    plain: bool
    as_json: bool
    engine: str = ""
    """Where the calls are made; empty: by this process."""
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)
    telemetry: TelemetryWanted = field(default_factory=TelemetryWanted)


def run_plan(options: PlanOptions) -> Exit:
    """Make the plan; return what to exit with. Ctrl-C stops in order, a second one at once."""
    return run_stoppable(partial(_run, options))


async def _run(options: PlanOptions, ctrl_c: CtrlC) -> Exit:
    if options.compare and options.as_json:
        raise BadOption("--compare speaks to people; for scripts, run once more with --lookahead 0 and read total_s of both")
    way = showing(as_json=options.as_json, plain=options.plain)
    options.telemetry.check(screen=way.takes_part)
    wanted = replace(options.wanted, task=_task_text(options))
    prices = Prices.from_file(options.prices) if options.prices else Prices()
    stops_this_task(ctrl_c)
    with opened(options.telemetry) as telemetry:
        async with toolbox_of(options.own_tools) as toolbox:
            understood = understand(wanted, own_tools=toolbox)
            for note in not_as_listed(toolbox, options.own_tools):
                print(f"outrider: {note}", file=sys.stderr)
            with open_journal(options.journal) as journal:
                tell_interrupted(journal)
                async with understood.models(prices, Fetching(tell_preparing)) as models:
                    ready = await _ready(understood, models, journal, options)
                    return await _show(ready, way, options, telemetry, ctrl_c)


async def _ready(understood: Understood, models: Models, journal: JournalStore, options: PlanOptions) -> Launch:
    calls = await calls_at(options.engine)
    with preparing(loads=understood.any_here and not options.engine):
        ready = await calls.launches(understood, models, journal)
    if options.compare:
        check_no_effect(ready.tools)
    if ready.note:
        print(f"outrider: {ready.note}", file=sys.stderr)
    return ready


async def _show(ready: Launch, way: Showing, options: PlanOptions, telemetry: Telemetry, ctrl_c: CtrlC) -> Exit:
    """Run the session, show it, say how it ended."""
    owned = None
    with contextlib.suppress(JournalError):  # what cannot be claimed can still be tried, and will say why it cannot be written
        owned = own(ready.journal, secrets.token_hex(4))
    understood, tools = ready.understood, options.own_tools
    settings = settings_of(understood.wanted, understood.agents, tools, options.prices)
    session = ready.session(ask=way.takes_part, owned=owned, settings=settings)
    async with telemetry.watching(session):
        await way.show(session, ctrl_c)
    with contextlib.suppress(JournalError):  # a journal that was lost is said where the run's end is
        ready.keep_learned(session)
    ctrl_c.settled = not options.compare
    if session.why_not:
        print(f"outrider: {session.why_not}", file=sys.stderr)
    code = await _end(session, way, options, ready)
    if options.compare and code is Exit.COMPLETE:
        alone = ready.session(lookahead=Sliding(0))
        ctrl_c.asks(lambda: alone.stop("Ctrl-C"))
        async with telemetry.watching(alone, compared_with=session.name):
            told = await _compared(session, alone)
        way.write(told)
    return code


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


async def _end(session: Session, way: Showing, options: PlanOptions, ready: Launch) -> Exit:
    """Say how it ended, and how to go on if it did not end well."""
    try:
        await session.result()
    except RunEnded as error:
        if not way.tells_the_end:
            print(f"outrider: {one_line(error).removeprefix(TWICE)}", file=sys.stderr)
        if said := _about_its_tool(session, ready.journal, error):
            print(f"outrider: {said}", file=sys.stderr)
        if kept := _kept(session, ready.journal, error):
            print(_how_to_go_on(session, options, kept, ready.max_steps), file=sys.stderr)
        elif isinstance(error, JournalLost) and session.plan.steps:
            print(f"outrider: once the journal is there again, go on with: outrider resume {session.name}", file=sys.stderr)
        return code_of(error)
    return Exit.COMPLETE


def _kept(session: Session, journal: JournalStore, error: RunEnded) -> int:
    """How many steps there are to go on from. A journal that was lost may lack the last ones that were confirmed."""
    if not isinstance(error, JournalLost):
        return len(session.plan.steps)
    with contextlib.suppress(OutriderError):
        return len(replay(journal.read(session.name)).plan.steps)
    return 0


def _about_its_tool(session: Session, journal: JournalStore, error: RunEnded) -> str:
    """What to do about the tool that the run ended for; empty where it was none."""
    match error:
        case NotApproved():
            name = session.plan.steps[-1].step.action
            return f"{name} has not run; in a terminal you are asked, and --approve {name}=never lets it run without"
        case ToolFailed():
            with contextlib.suppress(OutriderError):
                if in_doubt(journal.read(session.name), session.plan) is not None:
                    return (
                        "whether it has had its effect is not known; find out, and add to the line below "
                        '--settled "what came of it", or --run-again if nothing has'
                    )
    return ""


def _task_text(options: PlanOptions) -> str:
    given, number = options.wanted.task, options.own_task
    if number is not None:
        if given:
            raise BadOption(f"a task in words and --task {number} are given; give one of them")
        return _own_task(options.wanted.world, number)
    if given != "-":
        return given.strip()
    try:
        return sys.stdin.read().strip()
    except UnicodeDecodeError as error:
        raise BadOption(f"the task on standard input is no text ({error}); give it in UTF-8") from None


def _own_task(world: str, number: int) -> str:
    """The task of that number which the world brings along."""
    tasks = named_world(world).tasks()
    if not tasks:
        raise BadOption(f"the world {world} brings no tasks along; say in words what is to be planned")
    if not 0 <= number < len(tasks):
        raise UnknownName(f"there is no task {number} in the world {world}; its own are 0 to {len(tasks) - 1}")
    return tasks[number]


def _how_to_go_on(session: Session, options: PlanOptions, kept: int, most_steps: int) -> str:
    """What to type to go on from the plan that was kept: the same options, with room for more steps if there was none."""
    wanted = options.wanted
    room = wanted.max_steps if kept < most_steps else max(DEFAULT_MAX_STEPS, 2 * kept)
    given = {
        "--from": session.name, "--approximation": wanted.approximation, "--target": wanted.target,
        "--setting": wanted.setting, "--world": wanted.world, "--lookahead": wanted.lookahead, "--hour-worth": wanted.hour_worth,
        "--matching": wanted.matching, "--max-steps": room, "--calls-at-once": wanted.calls_at_once,
        "--budget-calls": wanted.budget_calls, "--budget-tokens": wanted.budget_tokens, "--budget-usd": wanted.budget_usd,
        "--budget-seconds": wanted.budget_seconds, "--requests-a-minute": wanted.requests_a_minute,
        "--tokens-a-minute": wanted.tokens_a_minute,
        "--reads": wanted.reads, "--prices": options.prices, "--journal": options.journal,
        "--engine": options.engine,
    }  # fmt: skip
    usual = {"--world": OWN_TOOLS if options.own_tools.sources else DEFAULT_WORLD, "--matching": "exact"}
    words = ["outrider", "plan"]
    words += [str(word) for name, value in given.items() if value not in (None, "", usual.get(name)) for word in (name, value)]
    words += [word for option in options.own_tools.words for word in option if word is not None]
    line = without_secrets(shlex.join(words))
    hidden = "; put back what is [hidden]" if "[hidden]" in line else ""
    return f"outrider: {count(kept, 'confirmed step')} kept; to go on from there{hidden}:\n  {line}"
