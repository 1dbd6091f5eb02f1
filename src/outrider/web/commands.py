"""The person's commands as the API takes them: read, performed once, and answered the same however often they are sent."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeAlias

from outrider.agents.typed import typed_step
from outrider.errors import BadOption, BadStep, NotNow, OutriderError
from outrider.model import FINISH, JSON, Step
from outrider.runtime import Session
from outrider.web.answers import error_json, status_of, step_from
from outrider.web.asked import amount, check_fields, whether, whole, word
from outrider.worlds import FREE

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "take": ("at", "step", "text"),
    "take_instead": ("at", "step", "text"),
    "go_back": ("at",),
    "go_on": (),
    "pause": (),
    "steer": ("sentence",),
    "allow": ("calls", "tokens", "usd", "seconds", "reason"),
    "extend": ("steps", "reason"),
    "more": ("reason",),
    "approve": ("at",),
    "settle": ("at", "observation", "happened"),
    "stop": (),
}
"""Every command with the fields it may have beside ``id`` and ``command``."""

MOST_REMEMBERED: Final = 1_000
"""So many answers are kept for each session, to be given again."""

MOST_IN_ID: Final = 100

Answered: TypeAlias = tuple[int, dict[str, JSON]]
"""An HTTP status and a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the person said, under an id that the client made. ``said`` is the digest of it all, to know it again."""

    id: str
    name: str
    said: bytes
    at: int | None = None
    step: Step | None = None
    text: str = ""
    sentence: str = ""
    observation: str = ""
    happened: bool = False
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    steps: int = 0
    reason: str = ""


def read_command(found: Mapping[str, JSON]) -> Command:
    """The command in a body.

    Raises:
        BadOption: it is none, lacks a field or has one too many.
        BadStep: its step is no step.
    """
    number, name = word(found, "id"), word(found, "command")
    if not 0 < len(number) <= MOST_IN_ID:
        raise BadOption(f"a command's id has 1 to {MOST_IN_ID} characters, and this one {len(number)}")
    if name not in FIELDS:
        raise BadOption(f"the command {name[:80]!r} is not known; give one of {', '.join(FIELDS)}")
    check_fields(found, ("id", "command", *FIELDS[name]), f"the command {name}")
    _check_complete(found, name)
    return Command(
        id=number,
        name=name,
        said=blake2b(json.dumps(found, sort_keys=True).encode(), digest_size=16).digest(),
        at=whole(found, "at") if "at" in found else None,
        step=step_from(found["step"]) if "step" in found else None,
        text=word(found, "text") if "text" in found else "",
        sentence=word(found, "sentence") if "sentence" in found else "",
        observation=word(found, "observation") if "observation" in found else "",
        happened=whether(found, "happened"),
        calls=whole(found, "calls") if "calls" in found else None,
        tokens=whole(found, "tokens") if "tokens" in found else None,
        usd=amount(found, "usd"),
        seconds=amount(found, "seconds"),
        steps=whole(found, "steps") if "steps" in found else 0,
        reason=word(found, "reason") if "reason" in found else "",
    )


def _check_complete(found: Mapping[str, JSON], name: str) -> None:
    if name in ("take_instead", "go_back", "approve", "settle") and "at" not in found:
        raise BadOption(f"{name} needs the number of the step, at")
    if name in ("take", "take_instead") and ("step" in found) == ("text" in found):
        raise BadOption(f'{name} needs either a step, {{"action", "arguments"}}, or a typed text')
    if name == "extend" and "steps" not in found:
        raise BadOption("extend needs a number of steps")
    if name == "settle" and "observation" not in found:
        raise BadOption("settle needs an observation: what executing the step has come to")
    if name == "steer" and "sentence" not in found:
        raise BadOption("steer needs a sentence; an empty one takes back those before")


def perform(command: Command, session: Session) -> None:
    """Have ``session`` do it.

    Raises:
        NotNow: it came too early or too late. Nothing has changed.
        BadStep: the step does not fit the world. Nothing has changed.
        BadOption: so much more cannot be allowed. Nothing has changed.
    """
    match command.name:
        case "take":
            session.take(_step(command, session, session.next_at), command.at)
        case "take_instead":
            assert command.at is not None, "read_command has seen to it"
            session.take_instead(_step(command, session, command.at), command.at)
        case "go_back":
            assert command.at is not None, "read_command has seen to it"
            session.go_back(command.at)
        case "go_on":
            session.go_on()
        case "pause":
            session.pause()
        case "steer":
            session.steer(command.sentence)
        case "allow":
            session.allow(
                calls=command.calls, tokens=command.tokens, usd=command.usd, seconds=command.seconds, reason=command.reason
            )
        case "extend":
            session.extend(command.steps, command.reason)
        case "more":
            session.more(command.reason)
        case "approve":
            session.approve(command.at)
        case "settle":
            session.settle(command.observation, command.at, happened=command.happened)
        case _:
            session.stop()


def _step(command: Command, session: Session, at: int) -> Step:
    """The step that is meant for step ``at``: as given, or as typed."""
    if command.step is not None:
        return command.step
    over = command.at is not None and command.at != at
    not_there = command.name == "take_instead" and not 0 <= at < session.next_at
    if over or not_there:
        return Step(FINISH)  # any will do: that it is too late or too early is for the rules to say
    return typed_step(command.text, session.world or FREE, session.plan.prefix[:at])


class Answers:
    """What a session's commands were answered, so that one sent twice does nothing twice. The oldest are forgotten first."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, tuple[bytes, Answered]] = OrderedDict()

    def given(self, command: Command) -> Answered | None:
        """What ``command`` was answered before, or that its id was another command's; ``None`` if it is new."""
        if command.id not in self._given:
            return None
        said, given = self._given[command.id]
        return given if said == command.said else refused(command, _other(command))

    def to(self, command: Command, session: Session) -> Answered:
        """Perform ``command``, which is new; what it is answered."""
        given = _performed(command, session)
        self._given[command.id] = command.said, given
        if len(self._given) > MOST_REMEMBERED:
            self._given.popitem(last=False)
        return given


def _performed(command: Command, session: Session) -> Answered:
    try:
        perform(command, session)
    except (NotNow, BadStep, BadOption) as error:
        return refused(command, error)
    return 200, {"id": command.id, "accepted": True}


def refused(command: Command, error: OutriderError) -> Answered:
    """The answer to a command that was not performed."""
    return status_of(error), {"id": command.id, "accepted": False, "error": error_json(error)}


def _other(command: Command) -> NotNow:
    return NotNow(f"the id {command.id!r} was given to another command before; make a new id for each")
