"""A journal in memory, for tests and for programs that keep records themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from outrider.errors import JournalUnusable
from outrider.journal.follow import EventBell, Following, at_once
from outrider.journal.store import (
    Clock,
    Heard,
    Lease,
    Mailed,
    SessionEntry,
    check_claim,
    check_command,
    check_succession,
    is_alive,
    is_finished,
    never,
    old_fence,
    out_of_turn,
    outcome_of,
    owned,
    steps_after,
    task_of,
    the_one,
    utc_now,
)
from outrider.rules.events import Command, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """The newest claim of a session. Without an owner it was released."""

    fence: int = 0
    owner: str = ""
    renewed_s: float = 0.0
    ttl_s: float = 0.0


class MemoryJournal:
    """Keeps everything until it is closed, and leaves nothing behind. The contract is ``JournalStore``."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._created: dict[str, str] = {}
        self._records: dict[str, list[Record]] = {}
        self._learned: dict[str, str] = {}
        self._claims: defaultdict[str, _Claim] = defaultdict(_Claim)
        self._mail: defaultdict[str, list[Mailed]] = defaultdict(list)
        self._heard: defaultdict[str, list[Heard]] = defaultdict(list)
        self._mailed = 0
        self._bells: set[EventBell] = set()
        self._closed = False

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        """All of ``records`` are kept, or none; see ``JournalStore``."""
        self._check_open()
        if not records and not taken:
            return
        check_succession(session, records)
        if fence != self._claims[session].fence:
            raise old_fence(session, fence, self._claims[session].fence)
        expected = len(self._records.get(session, ()))
        if records and records[0].n != expected:
            raise out_of_turn(session, expected=expected, got=records[0].n)
        if taken:
            self._take_out(session, taken, Heard(n=taken, record=records[0].n if records else None, refused=refused))
        if records:
            self._created.setdefault(session, self._clock().isoformat(timespec="seconds"))
            self._records.setdefault(session, []).extend(records)
        self._ring()

    def _take_out(self, session: str, taken: int, heard: Heard) -> None:
        out = [mailed.n for mailed in self._mail[session] if mailed.n <= taken]
        self._heard[session] += [heard if n == taken else Heard(n=n) for n in out]
        self._mail[session] = [mailed for mailed in self._mail[session] if mailed.n > taken]

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        """The records from number ``since`` on; see ``JournalStore``."""
        records = self._records[self._find(session)][since:]
        return [record for record in records if record.event.kind in kinds] if kinds else records

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        """The sessions, newest first."""
        self._check_open()
        return [self._entry(name) for name in list(reversed(self._records))[:limit]]

    def entry(self, session: str) -> SessionEntry:
        """The session as ``sessions`` lists it; see ``JournalStore``."""
        return self._entry(self._find(session))

    def _find(self, wanted: str) -> str:
        self._check_open()
        beginning_so = [name for name in self._records if name.startswith(wanted)]
        return the_one(wanted, beginning_so, list(reversed(self._records)))

    def _entry(self, name: str) -> SessionEntry:
        records = self._records[name]
        task = task_of(records)
        assert task is not None, "a session begins with its opened event"
        return SessionEntry(
            name=name,
            created=self._created[name],
            task=task.text,
            outcome=outcome_of(records) or "interrupted",
            steps=steps_after(records, 0) or 0,
            events=len(records),
        )

    # Watching ---------------------------------------------------------------------------------------------------------

    def follow(self, session: str, *, since: int = 0) -> Following[Record]:
        """The records from number ``since`` on, as they come; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self.read(session, since=after)), since, is_finished)

    def mail(self, session: str, *, since: int = 0) -> Following[Mailed]:
        """The commands from number ``since`` on, as they come; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self._mail_since(session, after)), since, never)

    def _mail_since(self, session: str, since: int) -> list[Mailed]:
        self._check_open()
        return [mailed for mailed in self._mail[session] if mailed.n >= since]

    def heard(self, session: str, *, since: int = 0) -> Following[Heard]:
        """What has come of the commands from number ``since`` on, as it comes; see ``JournalStore``."""
        return Following(self._bell, lambda after: at_once(lambda: self._heard_since(session, after)), since, never)

    def _heard_since(self, session: str, since: int) -> list[Heard]:
        self._check_open()
        return [heard for heard in self._heard[session] if heard.n >= since]

    def _bell(self) -> EventBell:
        return EventBell(self._bells)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()

    # Owning -----------------------------------------------------------------------------------------------------------

    def claim(self, session: str, owner: str, ttl_s: float, *, over: str = "") -> Lease:
        """``owner`` owns the session; see ``JournalStore``."""
        self._check_open()
        check_claim(session, owner, ttl_s)
        stands = self._claims[session]
        if self.owner(session) not in ("", over):
            raise owned(session, stands.owner, stands.ttl_s)
        fence = stands.fence + 1
        self._claims[session] = _Claim(fence=fence, owner=owner, renewed_s=self._now_s(), ttl_s=ttl_s)
        return Lease(session=session, owner=owner, fence=fence, ttl_s=ttl_s)

    def renew(self, lease: Lease) -> None:
        """The lease counts on; see ``JournalStore``."""
        self._check_open()
        stands = self._claims[lease.session]
        if stands.fence != lease.fence:
            raise old_fence(lease.session, lease.fence, stands.fence)
        self._claims[lease.session] = replace(stands, renewed_s=self._now_s(), ttl_s=lease.ttl_s)

    def release(self, lease: Lease) -> None:
        """Nobody owns the session; see ``JournalStore``."""
        self._check_open()
        if self._claims[lease.session].fence == lease.fence:
            self._claims[lease.session] = _Claim(fence=lease.fence + 1)

    def owner(self, session: str) -> str:
        """Who owns the session now."""
        self._check_open()
        stands = self._claims[session]
        return stands.owner if is_alive(self._now_s(), stands.renewed_s, stands.ttl_s) else ""

    def _now_s(self) -> float:
        return self._clock().timestamp()

    def command(self, session: str, command: Command, *, by: str = "") -> int:
        """Put it into the mailbox; see ``JournalStore``."""
        self._check_open()
        check_command(session, self._entry(session).outcome if session in self._records else None)
        self._mailed += 1
        self._mail[session].append(Mailed(n=self._mailed, command=command, by=by))
        self._ring()
        return self._mailed

    # What was learned -------------------------------------------------------------------------------------------------

    def learned(self, topic: str) -> str:
        """What was last kept under ``topic``."""
        self._check_open()
        return self._learned.get(topic, "")

    def keep_learned(self, topic: str, text: str) -> None:
        """Keep it instead of what was kept before."""
        self._check_open()
        self._learned[topic] = text

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._learned.clear()
        self._records.clear()
        self._ring()  # whoever follows is told, rather than left to wait

    def _check_open(self) -> None:
        if self._closed:
            raise JournalUnusable("the journal is closed; open another")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
