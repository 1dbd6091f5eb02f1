"""What goes through the engine, in the journal's own form: events as lines, so that one strict reader knows them all.

Nothing here holds a secret: agents are named by their specs, and whoever builds them has the keys in its own environment.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from outrider.agents.agent import Server
from outrider.journal import from_line, to_line
from outrider.model import Effect, Prefix, Role, Step, Usage
from outrider.rules.events import Event, Record

WORKFLOW: Final = "outrider-session"
"""The type of the workflow that is one session."""

OPEN: Final = "outrider-open"
ASK: Final = "outrider-ask"
RUN_TOOL: Final = "outrider-run-tool"
BOUND: Final = "outrider-bound"
"""The activities: open the agents, ask one of them, run a step's tool, say how much a call can use."""

SAY: Final = "say"
RECORDS: Final = "records"
TURN: Final = "turn"
FOLLOWED: Final = "followed"
"""The update that the person speaks with, the query for what has happened; the signals that a call may begin, and that whoever
follows the session has written down that there is one.
"""

QUEUE: Final = "outrider"
"""The task queue that sessions and workers meet at."""

SILENT_AFTER_S: Final = 10.0
"""A worker that has said nothing of a call for so long is taken for gone, and another is given the call."""

FOLLOWED_WITHIN_S: Final = 60.0
"""A session that nobody has followed for so long after its opening ends, before its first call."""

MOST_SENT: Final = 1_000_000
"""So many characters of records are sent at once, of the two million bytes that the engine takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Who plans what, in names: enough for any worker to build the agents."""

    task: str
    world: str
    approximation: str
    target: str
    lookahead: str
    tools: str = ""
    """The person's own tools, as whoever began it has them (``own_tools.told``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that a call can use, what is to stay free for the target's call at the same place, and whom the call asks."""

    most: Usage | None = None
    keep: Usage | None = None
    server: Server = field(default_factory=Server)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A call of a limited session: it waits until whoever follows the session lets it in, or has been let in."""

    call: int
    urgent: bool
    bound: Bound
    is_inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """It is the call's turn: let in, or, ``because`` of a limit, closed; ``refused`` if there will be no room for it."""

    call: int
    because: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What a session begins with; with ``earlier``, what it goes on with after its history was cut."""

    session: str
    setting: Setting
    opened: str
    """The event that opens it, with the specs in place of the agents' own names."""
    silent_after_s: float = SILENT_AFTER_S
    most_events: int = 0
    """The history is cut when it has so many events; with 0, when the engine suggests it."""
    earlier: str = ""
    """Its records so far, packed."""
    opened_s: float = 0.0
    """When it was opened, by the engine's clock."""
    followed_within_s: float = 0.0
    """Nothing begins before whoever follows the session says so; if nobody does, it ends after so many seconds. 0: it begins."""
    limited: bool = False
    """No call begins before whoever follows the session has let it in."""
    bounded: bool = False
    """And these ask first how much it can use."""
    in_dollars: bool = False
    """Calls are counted in dollars, so each agent needs a price."""
    queued: list[Queued] = field(default_factory=list)
    """What waited, or was let in and had not begun, when its history was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call, for a worker to make."""

    setting: Setting
    call: int
    role: Role
    at: int
    drafter: int
    prefix: str
    sentences: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One run of a step's tool, for a worker to make; with ``undoes``, the taking back of one."""

    setting: Setting
    execution: int
    at: int
    step: str
    key: str
    live: bool
    effect: Effect
    undoes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The person's command, and from which record on they want to hear what came of it."""

    command: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Records, as many as are sent at once, and how many there are in all.

    ``made_at`` says for each how long the session's history was in the turn that made it. A turn counts once the history has it
    as completed: what a worker has made in one that it could not report is made anew by another, and may come out otherwise.
    """

    lines: list[str]
    total: int
    made_at: list[int] = field(default_factory=list)
    calls: list[Queued] = field(default_factory=list)
    """Of a limited session: its calls that have no end so far, in the order in which they were ordered."""

    def certain(self, length: int) -> Sent:
        """Those of turns that began when the history was at most so long: all others may not have completed."""
        count = next((n for n, at in enumerate(self.made_at) if at > length), len(self.lines))
        return self if count == len(self.lines) else Sent(lines=self.lines[:count], total=self.total)


def to_text(event: Event) -> str:
    """``event`` as a line, in no place of a session."""
    return to_line(Record(n=0, time_s=0.0, event=event))


def from_text(line: str) -> Event:
    """The event that ``to_text`` wrote."""
    return from_line(line).event


def steps_to_text(steps: Prefix) -> str:
    """The steps, with what was observed of them."""
    return json.dumps([[step.action, step.arguments, step.observation] for step in steps])


def steps_from_text(text: str) -> Prefix:
    """The steps that ``steps_to_text`` wrote."""
    return tuple(Step(action, arguments, observation) for action, arguments, observation in json.loads(text))


def pack(lines: Iterable[str]) -> str:
    """The lines in a few characters: a session's records are much alike."""
    return base64.b64encode(zlib.compress("\n".join(lines).encode("utf-8"))).decode("ascii")


def unpack(text: str) -> list[str]:
    """The lines that ``pack`` was given."""
    return zlib.decompress(base64.b64decode(text)).decode("utf-8").split("\n")


def sent_from(lines: list[str], made_at: list[int], since: int) -> Sent:
    """Those of the lines from number ``since`` on, as many as are sent at once; one at least, if there is one."""
    room, sent = MOST_SENT, list[str]()
    for line in lines[since:]:
        room -= len(line)
        if sent and room < 0:
            break
        sent.append(line)
    return Sent(lines=sent, total=len(lines), made_at=made_at[since : since + len(sent)])
