"""Sessions that were interrupted, as a server sees them: which there are, whether it can go on with one, how one was launched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from outrider.errors import BadOption, JournalError, SessionOwned
from outrider.journal import JournalStore, Owned, SessionEntry, own, owner_of
from outrider.journal.store import Mailed
from outrider.launch import Launch, Wanted
from outrider.resuming import engine_of, resume_launched
from outrider.rules.events import Opened
from outrider.runtime import Session
from outrider.settings import HIDDEN, settings_in

LOOK_EVERY_S: Final = 0.5
"""So often the mailbox of a session is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What is said when a session is to go on; what is empty is as it was."""

    approximation: str = ""
    target: str = ""
    ask: bool = False
    world_is_there: bool = False
    run_again: bool = False


class Tended(Owned):
    """A session that a server owns: it has many, so it looks into their mailboxes now and then."""

    async def obey(self, perform: Callable[[Mailed], str]) -> None:
        """Have what is in the mailbox carried out, until cancelled."""
        while True:
            await self.obey_now(perform)
            await asyncio.sleep(LOOK_EVERY_S)


def tended(journal: JournalStore, name: str) -> Tended:
    """The session, owned by this process.

    Raises:
        SessionOwned: another process owns it.
        JournalError: as for ``JournalStore.claim``.
    """
    return Tended(journal, own(journal, name).lease)


# Which there are ------------------------------------------------------------------------------------------------------


def runner_of(journal: JournalStore, name: str) -> str:
    """Who runs the session, in words; empty if nobody does."""
    return owner_of(journal, name).partition(" (")[0]


def check_free(journal: JournalStore, name: str) -> None:
    """Raise ``SessionOwned`` if another process runs the session."""
    if owner := runner_of(journal, name):
        raise SessionOwned(
            f"session {name!r} is run by {owner}, so it is only watched here; commands go to where it runs", owner=owner
        )


def opening_of(journal: JournalStore, name: str) -> Opened:
    """How the session began."""
    (first,) = journal.read(name, kinds=("opened",))
    assert isinstance(first.event, Opened), "a session begins with its opened event"
    return first.event


class Openings:
    """Whether sessions can be gone on with by what they have kept: read once, since it never changes."""

    def __init__(self, journal: JournalStore) -> None:
        self._journal = journal
        self._known: dict[str, tuple[bool, bool, str]] = {}

    def resumable(self, name: str, *, in_engine: bool) -> bool:
        """Whether a server whose calls are made here, or ``in_engine``, can go on with it: it is known how it was launched."""
        known, _, engine = self._of(name)
        return known and bool(engine) == in_engine

    def served(self, name: str) -> bool:
        """Whether a server ran it."""
        return self._of(name)[1]

    def _of(self, name: str) -> tuple[bool, bool, str]:
        if name not in self._known:
            try:
                opened = opening_of(self._journal, name)
                self._known[name] = True, settings_in(opened).served, engine_of(opened)
            except (BadOption, JournalError):
                self._known[name] = False, False, ""
        return self._known[name]


def interrupted(journal: JournalStore, openings: Openings, *, limit: int) -> list[SessionEntry]:
    """Of the newest sessions those that servers ran, that have not finished and that nobody owns; the oldest first."""
    entries = [entry for entry in journal.sessions(limit=limit) if entry.outcome == "interrupted"]
    return [entry for entry in reversed(entries) if openings.served(entry.name) and not owner_of(journal, entry.name)]


# Going on -------------------------------------------------------------------------------------------------------------


def check_carried(name: str, opened: Opened, *, by_engine: bool) -> None:
    """Raise ``BadOption`` unless the session is carried as this server's are: by an engine, or by processes of ours."""
    engine = engine_of(opened)
    if engine and not by_engine:
        raise BadOption(
            f"session {name} runs in the engine at {engine}, and goes on there by itself; outrider resume {name} shows it"
        )
    if by_engine and not engine:
        raise BadOption(f"this server's calls are made by an engine's workers; to go on with it: outrider resume {name}")


def wanted_again(name: str, opened: Opened, again: Again) -> Wanted:
    """What the session was launched with, and what is given now.

    Raises:
        BadOption: it is not known how, or an agent was not kept and is not given again.
    """
    given = {role: text for role in ("approximation", "target") if (text := getattr(again, role))}
    wanted = replace(settings_in(opened).wanted, **given)
    for role in ("approximation", "target"):
        if HIDDEN in (was := getattr(wanted, role)):
            raise BadOption(
                f"the {role} agent of session {name} was {was}: what may hold a secret is not kept in the journal; give it again"
            )
    return wanted


async def session_again(ready: Launch, mine: Owned, again: Again) -> Session:
    """The session that ``mine`` owns, to go on with the agents of ``ready``.

    Raises:
        OldFence: it took so long to open them that somebody else has claimed it.
        OutriderError: as for ``outrider.resume``.
    """
    mine.journal.renew(mine.lease)
    return await resume_launched(
        mine.lease.session, ready, ask=again.ask, world_is_there=again.world_is_there, effects_again=again.run_again, owned=mine
    )
