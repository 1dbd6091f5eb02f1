"""A session that runs in this server's process, as it is watched and commanded."""

from __future__ import annotations

import asyncio

from outrider.errors import NotNow
from outrider.journal import JournalStore
from outrider.runtime import Session
from outrider.web.commands import Answered, Answers, Command, refused
from outrider.web.resuming import runner_of
from outrider.web.team import Team
from outrider.web.users import ALONE, User
from outrider.web.watched import Watched


class Live(Watched):
    """A session that runs here, or ran here a moment ago, started by ``owner``. The team's audit tells what is done to it."""

    def __init__(self, session: Session, owner: User, team: Team, journal: JournalStore) -> None:
        super().__init__(session.name)
        self._journal = journal
        self.session = session
        self.owner = owner
        self._team = team
        self._answers = Answers()

    async def answer(self, command: Command, by: User = ALONE) -> Answered:
        """Perform ``command``, once however often it is sent. The scene shows what came of it when this returns.

        Raises:
            NotAllowed: ``by`` may not.
            JournalUnusable: it cannot be noted in the audit. Nothing has changed.
        """
        with self._team.noting_refusals(by, command.name, self.name):
            self._team.check_command(by, self.owner.name, command.name)
        if (given := self._answers.given(command)) is not None:
            return given
        if self.over:
            return not_live(command, self.name, self._journal)
        given = self._noted(command, by)
        await asyncio.sleep(0)  # the records are in the stream: its reader's turn comes before ours does again
        return given

    def _noted(self, command: Command, by: User) -> Answered:
        audit, before = self._team.audit, self.session.records
        if audit is None:
            return self._answers.to(command, self.session)
        key = audit.asks(by.name, by.role, command.name, session=self.name)
        given = self._answers.to(command, self.session)
        audit.answered(key, answer_in(given), record=before if self.session.records > before else None)
        return given


def not_live(command: Command, name: str, journal: JournalStore) -> Answered:
    """The answer to a command for a session that does not run here."""
    entry = journal.entry(name)
    if entry.outcome != "interrupted":
        why = f'session {name} has finished; start one with "from": "{name}" to go on from its plan'
    elif owner := runner_of(journal, name):
        why = f"session {name} is run by {owner}, so it is only watched here; commands go to where it runs"
    else:
        why = f"session {name} was interrupted; POST /api/sessions/{name}/resume goes on with it"
    return refused(command, NotNow(why))


def answer_in(given: Answered) -> str:
    """``accepted``, or the kind of the error in the answer to a command."""
    error = given[1].get("error")
    return str(error["kind"]) if isinstance(error, dict) else "accepted"
