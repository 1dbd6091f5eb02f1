"""A server that begins with what servers before it have left: every session that can go on does, as whoever ran it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outrider.errors import NotAllowed, OutriderError, SessionOwned
from outrider.journal import JournalStore
from outrider.rules.events import Opened, Resumed
from outrider.views.words import one_line
from outrider.web.audit import deeds
from outrider.web.desk import Desk
from outrider.web.resuming import Again, Openings, interrupted
from outrider.web.team import Team
from outrider.web.users import ALONE, User, listed

MOST: Final = 10_000
"""So many of the newest sessions and deeds are looked at."""


async def go_on_with_all(desk: Desk, say: Callable[[str], None]) -> None:
    """Every session that a server has run and left goes on here, the oldest first; of one that does not, ``say`` is told why.

    Raises:
        JournalError: the journal cannot be read.
    """
    owners = _owners(desk.team)
    for entry in interrupted(desk.journal, Openings(desk.journal), limit=MOST):
        try:
            again = Again(ask=_asks(desk.journal, entry.name))
            live = await desk.resume(entry.name, again, by=_owner(desk.team, owners.get(entry.name, "")))
            say(f"session {live.name} goes on")
        except SessionOwned:
            continue  # another server was first
        except OutriderError as error:
            say(f"session {entry.name} does not go on by itself: {one_line(error)}")


def _asks(journal: JournalStore, name: str) -> bool:
    """Whether somebody was there to ask."""
    last = journal.read(name, kinds=("opened", "resumed"))[-1].event
    return isinstance(last, Opened | Resumed) and last.asks


def _owners(team: Team) -> dict[str, str]:
    """Who was the last to start or resume which session, as the audit has it."""
    if team.audit is None:
        return {}
    found = deeds(team.audit.path, most=MOST)
    begun = [deed for deed in found if deed["did"] in ("start", "resume") and deed["answer"] == "accepted"]
    return {str(deed["session"]): str(deed["user"]) for deed in begun}


def _owner(team: Team, name: str) -> User:
    """The user of that name, as they are now.

    Raises:
        NotAllowed: there is none any more, or they only watch.
    """
    if team.users is None:
        return ALONE
    found = next((user for user, _ in listed(team.users.path) if user.name == name), None)
    if found is None or not found.may("act"):
        raise NotAllowed(f"{name or 'whoever started it'} may start no session any more; whoever may goes on with it on the page")
    return found
