"""A server with users, without a socket: whoever asks shows a token of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from outrider import Limits
from outrider.journal import JournalStore, MemoryJournal
from outrider.providers.prices import Prices
from outrider.web.app import application
from outrider.web.audit import Audit, audit_beside
from outrider.web.desk import Desk
from outrider.web.guard import Doors
from outrider.web.lending import Lending
from outrider.web.rooms import Rooms
from outrider.web.spending import Spending, spending_beside
from outrider.web.team import Team
from outrider.web.users import Allowance, Role, User, Users
from outrider.web.users_file import add_user

from .asking import HOST, PORT, Client, kept


@dataclass
class TeamServed:
    """A server, and a client for each of its users."""

    desk: Desk
    clients: dict[str, Client]
    tokens: dict[str, str]
    file: Path

    def user(self, name: str) -> User:
        """The user as the server knows them."""
        assert self.desk.team.users is not None
        found = self.desk.team.users.enters(self.tokens[name])
        assert found is not None
        return found.user


@contextlib.asynccontextmanager
async def team_served(
    folder: Path, *, allowance: Allowance | None = None, rooms: Rooms | None = None, limits: Limits | None = None,
    journal: JournalStore | None = None, agents: tuple[str, ...] = (),
    add: bool = True,
) -> AsyncIterator[TeamServed]:  # fmt: skip
    """A server with wil, who watches, ada and ben, who act within ``allowance``, and root, an admin; ``add`` them first."""
    file = folder / "team.json"
    roles: dict[str, Role] = {"wil": "watch", "ada": "act", "ben": "act", "root": "admin"}
    tokens = {name: add_user(file, name, role, allowance or Allowance()) for name, role in roles.items() if add}
    users, audit = Users(file), Audit(audit_beside(file))
    spending = Spending(spending_beside(file))
    team = Team(limits or Limits(), users, audit, agents, spending)
    with contextlib.closing(audit), contextlib.closing(spending):
        async with Desk(journal or MemoryJournal(), Lending(Prices()), team=team, rooms=rooms) as desk:
            desk.settings = kept
            app = application(desk, Doors(token="nobody's", port=PORT, users=users))
            clients = {name: Client(app, {"host": HOST, "authorization": f"Bearer {token}"}) for name, token in tokens.items()}
            yield TeamServed(desk, clients, tokens, file)
