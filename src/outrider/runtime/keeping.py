"""What a session needs of whoever keeps it: a journal to write to, and the right to do so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from outrider.errors import JournalError
from outrider.rules.events import Command, Record, Stopped


class Journal(Protocol):
    """Where a session's records are kept; see ``outrider.journal``."""

    def append(self, session: str, records: list[Record]) -> None:
        """Write the records, in order, before anything follows from them.

        Raises:
            JournalError: they could not be written.
        """
        ...


def unwritten(error: JournalError) -> Stopped:
    """What is reported once nothing can be written down any more: the run ends, with the plan kept."""
    return Stopped(reason=str(error), outcome="journal_lost")


class Mailed(Protocol):
    """A command from another process."""

    @property
    def command(self) -> Command: ...


class Owning(Protocol):
    """The right to write a session; ``outrider.journal.Owned`` is one."""

    async def keep(self) -> None:
        """Keep it, until cancelled.

        Raises:
            JournalError: somebody else has it.
        """
        ...

    async def obey(self, perform: Callable[[Mailed], str]) -> None:
        """Have the commands of other processes carried out, until cancelled. What is returned is why one was refused."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...
