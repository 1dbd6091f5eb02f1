"""What every journal does, whatever it is kept in: the contract, and the parts of it that need no storage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal, Protocol, Self, TypeAlias

from outrider.errors import BadOption, JournalUnusable, NotNow, OldFence, SessionOwned, UnknownName
from outrider.journal.follow import Following
from outrider.model import Task
from outrider.rules.events import Command, Confirmed, Finished, Opened, Outcome, Record, WentBack

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write ``session``, for ``ttl_s`` seconds from when it was claimed or renewed.

    ``fence`` grows with every claim. A lease that has run out still writes until somebody else claims: what holds two writers
    apart is the fence, never a clock.
    """

    session: str
    owner: str
    fence: int
    ttl_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A command of the person's, from another process, in a session's mailbox. ``n`` grows; ``by`` says who."""

    n: int
    command: Command
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What has come of command ``n`` of a session's mailbox: it stands as ``record``, or was ``refused``, for this reason.

    Neither of them: it was taken out with a later one, and nothing more is known.
    """

    n: int
    record: int | None = None
    refused: str = ""


class JournalStore(Protocol):
    """A journal that can be written and read. It may be used from one thread at a time."""

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        """All of ``records`` are in the journal, or none of them; and with them, commands up to number ``taken`` are taken out
        of the session's mailbox. The command ``taken`` is the first of ``records``, or, without any, was ``refused``.

        A session begins with its ``opened`` event, as number 0; numbers go on without a gap or a repetition. So of two writers
        of one session the second is refused, and what stands is one run. A session that was ever claimed is written with the
        fence of its newest lease, 0 is for one that never was.

        Raises:
            OldFence: somebody else has claimed the session, or the lease was released.
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

    def entry(self, session: str) -> SessionEntry:
        """The session as ``sessions`` lists it, without a look at the others. The beginning of its name will do, as for ``read``.

        Raises:
            UnknownName, JournalCorrupt: as for ``read``.
        """
        ...

    def follow(self, session: str, *, since: int = 0) -> Following[Record]:
        """The session's records from number ``since`` on, as they come, until ``finished``; enter it, then ``async for``.

        Whoever writes them may be another process, on another machine where the journal can be reached from there.

        Raises (while it is read):
            UnknownName, JournalCorrupt: as for ``read``.
        """
        ...

    def claim(self, session: str, owner: str, ttl_s: float, *, over: str = "") -> Lease:
        """``owner`` owns the session, which need not be opened yet; whoever did before can write it no more.

        Args:
            owner: who is to own it, different for every process, such as ``this_process()``.
            ttl_s: after so many seconds without ``renew`` others may claim it, by the journal's clock.
            over: an owner whose lease does not count, because it is known to be gone or hands over.

        Raises:
            SessionOwned: somebody else owns it, or this very owner does already.
            BadOption: there is no name, or ``ttl_s`` is not positive.
        """
        ...

    def renew(self, lease: Lease) -> None:
        """The lease counts for another ``ttl_s`` seconds from now.

        Raises:
            OldFence: somebody else has claimed the session meanwhile, or it was released.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Nobody owns the session, and this lease writes nothing any more. If it is not the newest, this does nothing."""
        ...

    def owner(self, session: str) -> str:
        """Who owns the session now; empty if nobody does, or the lease has run out."""
        ...

    def command(self, session: str, command: Command, *, by: str = "") -> int:
        """Put ``command`` into the mailbox of the session, for its owner to carry out; the command's number.

        Raises:
            UnknownName: there is no session of exactly this name.
            NotNow: the session has finished.
        """
        ...

    def mail(self, session: str, *, since: int = 0) -> Following[Mailed]:
        """The commands in the session's mailbox with a number from ``since`` on, in order, as they come; without end.

        They stay there until an ``append`` takes them out: whoever owns the session next finds those that nothing was written
        of. Each is given once to one reader.
        """
        ...

    def heard(self, session: str, *, since: int = 0) -> Following[Heard]:
        """What has come of the session's commands with a number from ``since`` on, in order, as it comes; without end."""
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
    first = records[0].n if records else 0
    for i, record in enumerate(records):
        if record.n != first + i:
            raise out_of_turn(session, expected=first + i, got=record.n)
        if isinstance(record.event, Opened) != (record.n == 0):
            raise JournalUnusable(f"event {record.n} of session {session!r} is {record.event.kind}; a session is opened at 0")


def check_command(session: str, outcome: str | None) -> None:
    """Raise unless there is such a session, whose ``outcome`` is not ``None``, and it can still be told something."""
    if outcome is None:
        raise UnknownName(f"there is no session {session!r} in the journal, so nobody would carry out the command")
    if outcome != "interrupted":
        raise NotNow(f"session {session!r} has finished: {outcome.replace('_', ' ')}; nothing can be said to it any more")


def is_finished(record: Record) -> bool:
    """Whether no record comes after this one."""
    return isinstance(record.event, Finished)


def never(mailed: Mailed | Heard) -> bool:
    """A mailbox has no end."""
    return False


def check_claim(session: str, owner: str, ttl_s: float) -> None:
    """Raise ``BadOption`` unless somebody can claim something for some time."""
    if not session or not owner:
        raise BadOption(f"session {session!r} cannot be claimed for {owner!r}; give both a name")
    if not 0 < ttl_s < float("inf"):
        raise BadOption(f"a lease of {ttl_s:g} seconds makes no sense; give a positive number")


def is_alive(now_s: float, renewed_s: float, ttl_s: float) -> bool:
    """Whether a lease still counts. One that was renewed in the future, because the clock was stepped back, counts no longer
    than its own time: nobody waits for an hour that comes twice.
    """
    return abs(now_s - renewed_s) < ttl_s


def owned(session: str, owner: str, ttl_s: float) -> SessionOwned:
    """The error for a claim on what is owned."""
    return SessionOwned(
        f"session {session!r} is owned by {owner}: watch it, or wait until it ends; if its owner is gone, its lease runs out "
        f"within {ttl_s:g} s",
        owner=owner,
    )


def old_fence(session: str, fence: int, stands: int) -> OldFence:
    """The error for what is written with another fence than that of the newest lease."""
    if not fence:
        return OldFence(f"session {session!r} has been claimed, so only its owner writes it; resume it, or watch it")
    return OldFence(
        f"session {session!r} was claimed by another process, or released: this one has fence {fence}, and {stands} counts now; "
        "it can only watch"
    )


def out_of_turn(session: str, *, expected: int, got: int) -> JournalUnusable:
    """The error for a record that does not go on from what stands."""
    if got == 0:
        return JournalUnusable(f"there is a session {session!r} in the journal already; give this one another name")
    return JournalUnusable(
        f"session {session!r} expects event {expected} next and was given {got}: it has another writer, or records were lost; "
        "resume goes on from what is there"
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
