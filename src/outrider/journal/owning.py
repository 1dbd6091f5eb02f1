"""Owning a session: the process that does writes it, with the fence put in for it, and carries out what is in its mailbox.

Of two processes that open one session, one owns it and the other can only watch. What holds them apart is the fence of the lease,
which every append carries; clocks only decide how long one waits for an owner that may be gone.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from outrider.errors import JournalError, JournalUnusable, OldFence, SessionOwned
from outrider.journal.store import Heard, JournalStore, Lease, Mailed
from outrider.rules.events import Record

TTL_S: Final = 15.0
"""So long a session waits for its owner to be heard of again, before others may claim it."""

TELL_S: Final = 0.5
"""After so long without an answer one looks whether anybody is there to give it."""

_PROCESS: Final = re.compile(r"process (\d+) on (.+) \(([0-9a-f]{8})-(\d+)\)")


class Owned:
    """A session that this process owns. Give it to ``outrider.plan`` as the journal; leave it, and nobody owns the session.

    A command of the mailbox is taken out together with the records that begin with it, or, if it is refused, with the reason: an
    owner that is killed in between leaves it to the next one, and nobody gets it twice.
    """

    def __init__(self, journal: JournalStore, lease: Lease) -> None:
        self.journal = journal
        self.lease = lease
        self._given: list[Mailed] = []
        """The commands that are being carried out: where an engine does that, their records come later."""
        self._read = 0

    def append(self, session: str, records: list[Record]) -> None:
        """Write the records, with the lease's fence, as ``JournalStore`` does.

        Raises:
            OldFence: somebody else owns the session now.
            JournalError: they could not be written.
        """
        if session != self.lease.session:
            raise JournalUnusable(f"the lease is for session {self.lease.session!r}, and {session!r} is written with it")
        taken, since = 0, 0
        for at, record in enumerate(records):
            given = next((mailed for mailed in self._given if type(mailed.command) is type(record.event)), None)
            if given is not None:
                self._write(records[since:at], taken)
                taken, since = given.n, at
                self._given = [mailed for mailed in self._given if mailed.n > taken]
        self._write(records[since:], taken)

    def _write(self, records: list[Record], taken: int, refused: str = "") -> None:
        self.journal.append(self.lease.session, records, fence=self.lease.fence, taken=taken, refused=refused)

    async def keep(self) -> None:
        """Renew the lease, three times in its span, until cancelled. A journal that is away is tried again: append tells of it.

        Raises:
            OldFence: somebody else owns the session now.
        """
        while True:
            await asyncio.sleep(self.lease.ttl_s / 3)
            try:
                self.journal.renew(self.lease)
            except OldFence:
                raise
            except JournalError:
                continue

    async def obey(self, perform: Callable[[Mailed], str]) -> None:
        """Have every command of the mailbox carried out, in order, as it comes, until cancelled.

        ``perform`` has taken the command through the session when it returns, or returns why it is refused.
        """
        async with self.journal.mail(self.lease.session, since=self._read + 1) as mail:
            async for mailed in mail:
                self._carry_out(mailed, perform)

    async def obey_now(self, perform: Callable[[Mailed], str]) -> None:
        """The same for what is in the mailbox now: for an owner of many sessions, who looks into each now and then."""
        for mailed in await self.journal.mail(self.lease.session, since=self._read + 1).now():
            self._carry_out(mailed, perform)

    def _carry_out(self, mailed: Mailed, perform: Callable[[Mailed], str]) -> None:
        self._given.append(mailed)
        self._read = mailed.n
        if refused := perform(mailed):
            self._given.remove(mailed)
            self._write([], mailed.n, refused)

    def release(self) -> None:
        """Nobody owns the session any more, unless somebody else does already."""
        self.journal.release(self.lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(JournalError):  # it runs out by itself
            self.release()


async def answer_to(journal: JournalStore, session: str, n: int) -> Heard | None:
    """What has come of command ``n``; ``None`` where nobody runs the session, so that it waits for whoever goes on with it."""
    async with journal.heard(session, since=n) as answers:
        while True:
            try:
                async with asyncio.timeout(TELL_S):
                    return await anext(answers)
            except TimeoutError:
                if (owner := journal.owner(session)) and not is_gone(owner):
                    continue
                left = await answers.now()  # it may have been the last thing that its owner did
                return left[0] if left else None


def own(journal: JournalStore, session: str, *, owner: str = "", ttl_s: float = TTL_S) -> Owned:
    """The session, owned by this process, or by ``owner``: a process of this machine that is gone is not waited for.

    Raises:
        SessionOwned: another process owns it.
        JournalError: as for ``JournalStore.claim``.
    """
    owner = owner or this_process()
    try:
        lease = journal.claim(session, owner, ttl_s)
    except SessionOwned as error:
        if not is_gone(error.owner):
            raise
        lease = journal.claim(session, owner, ttl_s, over=error.owner)
    return Owned(journal, lease)


# Who owns -----------------------------------------------------------------------------------------------------------


def this_process() -> str:
    """This process, by a name that no other has, on any machine."""
    return _name(os.getpid(), _started(os.getpid()))


def owner_of(journal: JournalStore, name: str) -> str:
    """Who runs the session, unless they are known to be gone; empty if nobody does."""
    owner = journal.owner(name)
    return "" if not owner or is_gone(owner) else owner


def is_gone(owner: str) -> bool:
    """Whether ``owner`` is a process of this machine that runs no more. Of others, nothing is known."""
    found = _PROCESS.fullmatch(owner)
    if found is None or os.name != "posix" or owner != _name(int(found[1]), int(found[4])):
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's
        pass
    return _started(int(found[1])) != int(found[4])


def _name(pid: int, started: int) -> str:
    return f"process {pid} on {socket.gethostname()} ({_place():08x}-{started})"


def _place() -> int:
    """Tells this start of this machine from others of the same name, and its containers, which count processes anew."""
    found = b""
    with suppress(OSError):
        found += Path("/proc/sys/kernel/random/boot_id").read_bytes()
        found += str(os.stat("/proc/self/ns/pid").st_ino).encode()
    return zlib.crc32(found)


def _started(pid: int) -> int:
    """When the process began, in the kernel's ticks; 0 where that cannot be known. Numbers of processes come again."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return 0
