"""What the person and other programs say: commands in a mailbox and over HTTP, sessions asked for, AG-UI's inputs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fuzzing.sessions import NAME, TOOLS
from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider import FINISH, Budget, Limits, Step, plan
from outrider.errors import BadOption, BadStep, CallerError, JournalError, RunEnded
from outrider.journal import MemoryJournal, encode, replay
from outrider.journal.rows import checksum, mailed_of
from outrider.launch import Wanted
from outrider.model import Prefix
from outrider.rules.events import (
    Allowed,
    Approved,
    Command,
    Extended,
    Paused,
    Record,
    Settled,
    Steered,
    Stopped,
    Took,
    WentBack,
    WentOn,
)
from outrider.testing import FakeAgent, FakeTools, run
from outrider.web.ag_ui import read_input, wanted_by
from outrider.web.asked import asks, read_object, read_wanted
from outrider.web.commands import read_command

COMMANDS: Final[tuple[Command, ...]] = (
    Took(at=1, step=Step("pay", {"to": "Oslo"})),
    WentBack(at=0),
    WentOn(),
    Paused(),
    Steered(at=1, sentence="By train"),
    Allowed(calls=5, tokens=100, usd=0.5, seconds=2.0, reason="on me"),
    Extended(steps=2, reason="more"),
    Approved(at=0),
    Settled(at=0, observation="done by hand"),
    Stopped(reason="enough"),
)
LINES: Final = [encode(Record(n=0, time_s=0.0, event=command)) for command in COMMANDS]
SAID: Final[list[dict[str, Any]]] = [
    {"id": "1", "command": "take", "at": 1, "step": {"action": "pay", "arguments": {"to": "Oslo"}}},
    {"id": "2", "command": "take_instead", "at": 0, "text": 'pay(to="Oslo")'},
    {"id": "3", "command": "go_back", "at": 0},
    {"id": "4", "command": "steer", "sentence": "By train"},
    {"id": "5", "command": "extend", "steps": 3, "reason": "more"},
    {"id": "6", "command": "allow", "calls": 5, "tokens": 100, "usd": 0.5, "seconds": 2, "reason": "on me"},
    {"id": "7", "command": "settle", "at": 0, "observation": "done"},
    {"id": "8", "command": "stop"},
]
ASKED: Final = {
    "task": "Plan a trip",
    "world": "free",
    "approximation": "direct@local",
    "target": "react@openai:gpt-5",
    "setting": 2,
    "lookahead": "auto@30",
    "max_steps": "p95",
    "matching": "exact",
    "calls_at_once": 4,
    "budget_calls": 10,
    "budget_tokens": 1000,
    "budget_usd": 0.5,
    "budget_seconds": 60,
    "requests_a_minute": 60,
    "tokens_a_minute": 10000,
    "from": "trip",
    "hour_worth": 30.0,
    "ask": True,
}
AG_UI: Final = {
    "threadId": "t",
    "runId": "r",
    "state": {},
    "tools": [],
    "context": [],
    "messages": [
        {"id": "1", "role": "system", "content": "x"},
        {"id": "2", "role": "user", "content": "Plan a trip"},
        {"id": "3", "role": "user", "content": [{"type": "text", "text": "Plan a trip"}]},
    ],
    "forwardedProps": {"outrider": {"world": "free", "lookahead": "2"}},
}


class Mailbox:
    """The readers of what people say."""

    def mailed(self, spoiler: Spoiler) -> None:
        """A row of the mailbox is a command, or is refused."""
        line = spoiler.json(spoiler.one_of(LINES), LINES).encode("utf-8", "replace").decode()
        mailed = mailed_of(NAME, 1, "ada", line, checksum(NAME, line))
        holds(isinstance(mailed.command, COMMANDS_OF), "what was mailed is no command")

    def obeyed(self, spoiler: Spoiler) -> None:
        """Whatever readable commands come out of a mailbox, the session goes on or refuses them, and its records replay."""
        commands: list[Command] = []
        for _ in range(spoiler.dice.randint(1, 6)):
            with suppress(JournalError):
                line = spoiler.json(spoiler.one_of(LINES), LINES).encode("utf-8", "replace").decode()
                commands.append(mailed_of(NAME, 1, "ada", line, checksum(NAME, line)).command)
        spoiler.last = commands
        replay(run(_carried_out(commands)))

    def command(self, spoiler: Spoiler) -> None:
        """A command's body."""
        read_command(read_object(spoiler.json(spoiler.one_of(SAID), SAID).encode("utf-8", "surrogatepass")))

    def wanted(self, spoiler: Spoiler) -> None:
        """The body that asks for a session."""
        found = read_object(spoiler.json(ASKED, SAID).encode("utf-8", "surrogatepass"))
        holds(isinstance(read_wanted(found), Wanted) and isinstance(asks(found), bool), "what is wanted is nothing")

    def ag_ui(self, spoiler: Spoiler) -> None:
        """AG-UI's body."""
        found = read_object(spoiler.json(AG_UI, [ASKED]).encode("utf-8", "surrogatepass"))
        holds(isinstance(wanted_by(read_input(found)), Wanted), "what is wanted is nothing")


COMMANDS_OF: Final = tuple(type(command) for command in COMMANDS)


def _verdict(prefix: Prefix) -> Step:
    return Step(FINISH) if len(prefix) > 3 else Step(TOOLS[len(prefix)].name)


async def _carried_out(commands: list[Command]) -> list[Record]:
    journal = MemoryJournal()
    session = plan(
        "Plan a trip", target=FakeAgent(_verdict, takes_s=1.0), approximation=FakeAgent(_verdict, takes_s=0.1), journal=journal,
        name=NAME, max_steps=6, ask=True, limits=Limits(budget=Budget(calls=9)), tools=FakeTools(*TOOLS),
    )  # fmt: skip
    async with session:
        for command in commands:
            await asyncio.sleep(0.7)
            with suppress(CallerError):
                session.carry_out(command)
        session.stop("enough")
        with suppress(RunEnded):
            await session.result()
    return journal.read(NAME)


def targets(folder: Path) -> list[Target]:
    """The readers of what people say."""
    of = Mailbox()
    refuses = (BadOption, BadStep)
    return [
        Target(name="mailed commands", group="mailbox", parts=8, feed=of.mailed, refuses=(JournalError,)),
        Target(name="commands obeyed", group="mailbox", parts=0.4, feed=of.obeyed, refuses=(JournalError,)),
        Target(name="commands over HTTP", group="mailbox", parts=8, feed=of.command, refuses=refuses),
        Target(name="sessions asked for", group="mailbox", parts=6, feed=of.wanted, refuses=refuses),
        Target(name="AG-UI inputs", group="mailbox", parts=3, feed=of.ag_ui, refuses=refuses),
    ]
