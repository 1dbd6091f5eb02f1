"""``outrider resume``: go on with a session whose process is gone; watch one that is owned, and say something to it."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from outrider.cli.ctrl_c import CtrlC
from outrider.cli.engine import calls_at
from outrider.cli.exits import Exit, code_of
from outrider.cli.kept import Kept, kept_of
from outrider.cli.own_tools import ToolsWanted, toolbox_of
from outrider.cli.preparing import Fetching, preparing, tell_preparing
from outrider.cli.stopping import run_stoppable, stops_this_task
from outrider.cli.views import JsonView, Showing, showing, write_line
from outrider.errors import BadOption, NotNow, RunEnded, SessionOwned
from outrider.journal import JournalStore, SessionEntry, answer_to, open_journal, owner_of
from outrider.launch import Launch, Wanted, launch, understand
from outrider.model import Step
from outrider.naming import without_secrets
from outrider.providers.prices import Prices
from outrider.resuming import check_unfinished, engine_of, full_name, resume_launched
from outrider.rules.events import Approved, Command, Opened, Paused, Settled, Steered, Stopped, Took, WentOn
from outrider.runtime import Session
from outrider.telemetry.opening import Wanted as TelemetryWanted
from outrider.telemetry.opening import opened
from outrider.telemetry.watching import Telemetry
from outrider.views.lines import LinesView
from outrider.views.words import count, one_line
from outrider.worlds.named import OWN_TOOLS

_RECENT: Final = timedelta(days=7)
_MOST: Final = 50

SAYINGS: Final = "pause, go-on, approve, stop; or take:ACTION, steer:SENTENCE, settle:OBSERVATION, happened:OBSERVATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions:
    """What the command line said. What is empty is as it was."""

    session: str
    given: Wanted
    """Agents and limits that are given again."""
    own_tools: ToolsWanted = field(default_factory=ToolsWanted)
    prices: Path | None = None
    journal: str | None = None
    world_is_there: bool = False
    run_again: bool = False
    watch: bool = False
    say: str = ""
    engine: str = ""
    """Where the engine that carries it is now, if it has moved."""
    plain: bool = False
    as_json: bool = False
    telemetry: TelemetryWanted = field(default_factory=TelemetryWanted)


def run_resume(options: ResumeOptions) -> Exit:
    """Go on; return what to exit with."""
    if not options.session:
        return _list(options.journal)
    return run_stoppable(partial(_run, options))


# The interrupted ones -----------------------------------------------------------------------------------------------


def interrupted(journal: JournalStore, *, limit: int | None = None) -> list[SessionEntry]:
    """Sessions that have not finished, and that nobody owns; the newest first."""
    entries = journal.sessions(limit=limit)
    return [entry for entry in entries if entry.outcome == "interrupted" and not owner_of(journal, entry.name)]


def tell_interrupted(journal: JournalStore) -> None:
    """On a terminal, say in a line that sessions of the last days were interrupted, if any were."""
    if not sys.stderr.isatty():
        return
    since = (datetime.now(UTC) - _RECENT).isoformat()
    recent = [entry for entry in interrupted(journal, limit=_MOST) if entry.created > since]
    if recent:
        told = f"session {recent[0].name} was" if len(recent) == 1 else f"{len(recent)} sessions were"
        print(f"outrider: {told} interrupted; outrider resume shows how to go on", file=sys.stderr)


def _there(journal: str | None) -> str:
    """What says once more which journal is meant, where it is neither the usual one nor the one that the environment names."""
    named = journal is not None and journal != os.environ.get("OUTRIDER_JOURNAL")
    return f" --journal {shlex.quote(without_secrets(journal))}" if named and journal else ""


def _list(journal: str | None) -> Exit:
    with open_journal(journal, read_only=True) as opened:
        found = interrupted(opened)
    for entry in found:
        created = entry.created[:16].replace("T", " ")
        print(f"{entry.name}  {created}  {count(entry.steps, 'step'):>8}  {one_line(entry.task)}")
    print(f"to go on: outrider resume SESSION{_there(journal)}" if found else "no session was interrupted")
    return Exit.COMPLETE


# Going on -----------------------------------------------------------------------------------------------------------


async def _run(options: ResumeOptions, ctrl_c: CtrlC) -> Exit:
    stops_this_task(ctrl_c)
    with open_journal(options.journal) as journal:
        name = full_name(journal, options.session)
        if options.say:
            return await _say(journal, name, options.say)
        if options.watch:
            return await _watch(journal, name, options)
        check_unfinished(journal, name)
        if owner := owner_of(journal, name):
            raise SessionOwned(
                f"session {name!r} is owned by {owner}; to watch it: outrider resume {name}{_there(options.journal)} --watch; "
                "to say something: --say",
                owner=owner,
            )
        (first,) = journal.read(name, kinds=("opened",))
        assert isinstance(first.event, Opened), "a session begins with its opened event"
        options.telemetry.check(screen=showing(as_json=options.as_json, plain=options.plain).takes_part)
        with opened(options.telemetry) as telemetry:
            if engine := options.engine or engine_of(first.event):
                return await _follow_again(journal, name, first.event, engine, options, telemetry, ctrl_c)
            return await _go_on(journal, name, first.event, options, telemetry, ctrl_c)


async def _go_on(
    journal: JournalStore, name: str, began: Opened, options: ResumeOptions, telemetry: Telemetry, ctrl_c: CtrlC
) -> Exit:
    kept = _given_again(kept_of(began), options).check()
    way = showing(as_json=options.as_json, plain=options.plain)
    prices = Prices.from_file(Path(kept.prices)) if kept.prices else Prices()
    async with toolbox_of(kept.own_tools) as toolbox:
        understood = understand(kept.wanted, own_tools=toolbox)
        async with understood.models(prices, Fetching(tell_preparing)) as models:
            with preparing(loads=understood.any_here):
                ready = await launch(understood, models, journal)
            session = await _session(ready, name, options, way)
            async with telemetry.watching(session):
                return await _show(session, way, ctrl_c)


async def _follow_again(
    journal: JournalStore,
    name: str,
    began: Opened,
    engine: str,
    options: ResumeOptions,
    telemetry: Telemetry,
    ctrl_c: CtrlC,
) -> Exit:
    """The engine goes on with it by itself: what the journal lacks is fetched, and the person takes part again."""
    way = showing(as_json=options.as_json, plain=options.plain)
    kept = _kept_there(began, options)
    async with toolbox_of(kept.own_tools if kept is not None else options.own_tools) as toolbox:
        follows = (await calls_at(engine, toolbox)).follows
        assert follows is not None, "an engine is named"
        session = follows(journal, name, None, understand(kept.wanted, own_tools=toolbox) if kept is not None else None)
        _tell_held(session, way)
        async with telemetry.watching(session):
            return await _show(session, way, ctrl_c)


def _kept_there(began: Opened, options: ResumeOptions) -> Kept | None:
    """How a session that an engine carries was launched; ``None`` if that is not known.

    Raises:
        BadOption: its tools may hold a secret, and have not been given again.
    """
    try:
        kept = _given_again(kept_of(began), options)
    except BadOption:
        return None
    return kept.check() if began.task.world == OWN_TOOLS else replace(kept, own_tools=ToolsWanted())


def _given_again(kept: Kept, options: ResumeOptions) -> Kept:
    usual = Wanted()
    names = [name for name in Wanted.__slots__ if getattr(options.given, name) != getattr(usual, name)]
    wanted = replace(kept.wanted, **{name: getattr(options.given, name) for name in names})
    tools = options.own_tools if options.own_tools.sources else kept.own_tools
    return Kept(wanted=wanted, own_tools=tools, prices=str(options.prices or kept.prices))


async def _session(ready: Launch, name: str, options: ResumeOptions, way: Showing) -> Session:
    def tell(effects: int) -> None:
        print(f"outrider: {count(effects, 'effect')} run again", file=sys.stderr)

    session = await resume_launched(
        name, ready, ask=way.takes_part, world_is_there=options.world_is_there, effects_again=options.run_again, ran_again=tell
    )
    _tell_held(session, way)
    return session


def _tell_held(session: Session, way: Showing) -> None:
    """Where the person cannot let it go on, say how they can."""
    if session.held and not way.takes_part:
        print(f"outrider: the session is held; to let it go on: outrider resume {session.name} --say go-on", file=sys.stderr)


async def _show(session: Session, way: Showing, ctrl_c: CtrlC) -> Exit:
    await way.show(session, ctrl_c)
    ctrl_c.settled = True
    try:
        await session.result()
    except RunEnded as error:
        if not way.tells_the_end:
            print(f"outrider: {one_line(error)}", file=sys.stderr)
        kept = count(len(session.plan.steps), "confirmed step")
        print(f"outrider: {kept} kept; to go on from there: outrider plan --from {session.name}", file=sys.stderr)
        return code_of(error)
    return Exit.COMPLETE


# Watching and saying ------------------------------------------------------------------------------------------------


async def _watch(journal: JournalStore, name: str, options: ResumeOptions) -> Exit:
    entry = journal.entry(name)
    if entry.outcome == "interrupted" and not owner_of(journal, name):
        raise NotNow(f"session {name!r} was interrupted, and nobody runs it; to go on: outrider resume {name}")
    view = JsonView(write_line) if options.as_json else LinesView(write_line, tells_the_end=sys.stdout.isatty())
    with closing(view):
        async with journal.follow(name) as records:
            async for record in records:
                view.receive(record)
    return Exit.COMPLETE


async def _say(journal: JournalStore, name: str, said: str) -> Exit:
    """Put it into the mailbox, and tell what has come of it.

    Raises:
        NotNow: whoever runs the session refuses it, or has ended without having read it.
    """
    n = journal.command(name, _command(said, journal, name), by="outrider resume")
    heard = await answer_to(journal, name, n)
    if heard is None:
        check_unfinished(journal, name)
        print(
            f"outrider: nobody runs session {name}; it is kept for whoever goes on with it: outrider resume {name}",
            file=sys.stderr,
        )
    elif heard.refused:
        raise NotNow(heard.refused)
    else:
        print(f"done: record {heard.record} of session {name}" if heard.record is not None else "done")
    return Exit.COMPLETE


def _command(said: str, journal: JournalStore, name: str) -> Command:
    """The command that is said, for the step that is next now.

    Raises:
        BadOption: it is none.
    """
    word, _, rest = said.partition(":")
    entry = journal.entry(name)
    simple: dict[str, Command] = {
        "pause": Paused(), "go-on": WentOn(), "approve": Approved(at=entry.steps - 1), "stop": Stopped(reason="on request"),
    }  # fmt: skip
    match word, rest.strip():
        case _, "" if word in simple:
            return simple[word]
        case "take", action if action:
            return Took(at=entry.steps, step=Step(action))
        case "steer", sentence:
            return Steered(at=entry.steps, sentence=" ".join(sentence.split()))
        case "settle", observation if observation:
            return Settled(at=entry.steps - 1, observation=observation)
        case "happened", observation if observation:
            return Settled(at=entry.steps - 1, observation=observation, happened=True)
        case _:
            raise BadOption(f"{said!r} is nothing to say to a session; give {SAYINGS}")
