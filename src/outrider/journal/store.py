"""What every journal does, whatever it is kept in: the contract, and the parts of it that need no storage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal, Protocol, Self, TypeAlias

from outrider.errors import JournalUnusable, UnknownName
from outrider.model import Task
from outrider.rules.events import Confirmed, Finished, Opened, Outcome, Record, WentBack

Clock: TypeAlias = Callable[[], datetime]
"""What time it is, with its zone."""

MOST_NAMED: Final = 5
"""So many names stand in a message."""


def utc_now() -> datetime:
    """The time by the machine's clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """A session's line in the list. ``interrupted`` is one that has not finished: it still runs, or was killed.

    ``created`` is the ISO form of when it was opened, ``steps`` how many steps are confirmed now, ``events`` how many records
    there are.
    """

    name: str
    created: str
    task: str
    outcome: Outcome | Literal["interrupted"]
    steps: int
    events: int


class JournalStore(Protocol):
    """A journal that can be written and read. It may be used from one thread at a time."""

    def append(self, session: str, records: list[Record]) -> None:
        """All of ``records`` are in the journal, or none of them.

        A session begins with its ``opened`` event, as number 0; numbers go on without a gap or a repetition. So of two writers
        of one session the second is refused, and what stands is one run.

        Raises:
            JournalUnusable: the records do not go on from what stands; somebody else holds the journal; it is closed.
            JournalFull: there is no room for them, or no leave to write.
            JournalCorrupt: the file is damaged.
        """
        ...

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        """The session's records from number ``since`` on, of ``kinds`` alone if any are given.

        The beginning of its name will do where no other begins so.

        Raises:
            UnknownName: no session's name begins so, or several do.
            JournalCorrupt: what was written is not what is there.
        """
        ...

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        """Every session, the newest first; at most ``limit`` of them."""
        ...

    def learned(self, topic: str) -> str:
        """What was last kept under ``topic``, empty if nothing was.

        Raises:
            JournalCorrupt: what was written is not what is there.
        """
        ...

    def keep_learned(self, topic: str, text: str) -> None:
        """``text`` is what is kept under ``topic`` from now on, instead of what was; empty to forget it.

        Raises:
            JournalUnusable, JournalFull: as for ``append``.
        """
        ...

    def close(self) -> None:
        """Nothing more can be written or read. A second time, this does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def check_succession(session: str, records: Sequence[Record]) -> None:
    """Raise ``JournalUnusable`` unless the records follow one another, and ``opened`` stands at 0 and nowhere else."""
    first = records[0].n
    for i, record in enumerate(records):
        if record.n != first + i:
            raise out_of_turn(session, expected=first + i, got=record.n)
        if isinstance(record.event, Opened) != (record.n == 0):
            raise JournalUnusable(f"event {record.n} of session {session!r} is {record.event.kind}; a session is opened at 0")


def out_of_turn(session: str, *, expected: int, got: int) -> JournalUnusable:
    """The error for a record that does not go on from what stands."""
    if got == 0:
        return JournalUnusable(f"there is a session {session!r} in the journal already; give this one another name")
    return JournalUnusable(
        f"session {session!r} expects event {expected} next and was given {got}: it has another writer, or records were lost"
    )


def task_of(records: Sequence[Record]) -> Task | None:
    """The task, if the session is opened here."""
    return records[0].event.task if isinstance(records[0].event, Opened) else None


def steps_after(records: Sequence[Record], steps: int | None) -> int | None:
    """How many steps are confirmed after ``records`` if ``steps`` were before."""
    for record in records:
        match record.event:
            case Confirmed(at=at):
                steps = at + 1
            case WentBack(at=at):
                steps = at
            case _:
                pass
    return steps


def outcome_of(records: Sequence[Record]) -> Outcome | None:
    """How the session ended, if it finishes here."""
    return next((record.event.outcome for record in reversed(records) if isinstance(record.event, Finished)), None)


def the_one(wanted: str, beginning_so: Sequence[str], newest: Sequence[str]) -> str:
    """Of the names that begin with ``wanted``, the one that is meant.

    Raises:
        UnknownName: there is none, or more than one and none of them is ``wanted`` itself.
    """
    if wanted in beginning_so or (wanted and len(beginning_so) == 1):
        return wanted if wanted in beginning_so else beginning_so[0]
    if wanted and beginning_so:
        raise UnknownName(f"{wanted!r} could be any of {_some(beginning_so)}; give more of the name")
    known = f"the newest are {_some(newest)}" if newest else "the journal is empty"
    raise UnknownName(f"no session's name begins with {wanted!r}; {known}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" and others" if len(names) > MOST_NAMED else "")
