"""The page's desk with an engine: the same sessions, whose calls are made elsewhere."""

from __future__ import annotations

import pytest

from outrider.errors import BadOption
from outrider.journal import JournalStore, MemoryJournal, Owned
from outrider.launch import Launch, Understood, Wanted
from outrider.naming import Models
from outrider.providers.prices import Prices
from outrider.runtime import Session
from outrider.scale import RemoteSession, launch_remote, resume_remote
from outrider.testing import steps
from outrider.testing.dev_server import DevServer
from outrider.web.desk import Desk
from outrider.web.lending import Lending
from outrider.web.resuming import Again

from .engines import PLAN, Given, agents, engine_on, served


@pytest.mark.asyncio
async def test_a_session_of_the_page_runs_in_the_engine(server: DevServer) -> None:
    engine, journal = await engine_on(server), MemoryJournal()

    async def there(understood: Understood, models: Models, journal: JournalStore) -> Launch:
        return await launch_remote(understood, engine, journal)

    async with served(engine, Given(agents(*PLAN))), Desk(journal, Lending(Prices())) as desk:
        desk.launches = there
        live = await desk.start(Wanted(task="go to Oslo", world="free", lookahead="1"))
        while not live.over:
            await live.beyond(live.n)
    assert isinstance(live.session, RemoteSession)
    assert live.session.plan.prefix == steps(*PLAN, "finish")
    assert [entry.outcome for entry in journal.sessions()] == ["complete"]


@pytest.mark.asyncio
async def test_a_server_follows_again_what_another_left_to_the_engine(server: DevServer) -> None:
    engine, journal = await engine_on(server), MemoryJournal()

    async def there(understood: Understood, models: Models, journal: JournalStore) -> Launch:
        return await launch_remote(understood, engine, journal)

    def follows(journal: JournalStore, name: str, owned: Owned | None, understood: Understood | None) -> Session:
        return resume_remote(name, journal=journal, engine=engine, owned=owned)

    async with served(engine, Given(agents(*PLAN))):
        async with Desk(journal, Lending(Prices())) as desk:
            desk.launches, desk.follows, desk.hands_over = there, follows, True
            name = (await desk.start(Wanted(task="go to Oslo", world="free", lookahead="1"))).name
        assert [entry.outcome for entry in journal.sessions()] == ["interrupted"]
        async with Desk(journal, Lending(Prices())) as desk:
            with pytest.raises(BadOption, match="runs in the engine"):
                await desk.resume(name, Again())
            desk.follows = follows
            live = await desk.resume(name, Again())
            while not live.over:
                await live.beyond(live.n)
    assert live.session.plan.prefix == steps(*PLAN, "finish")
    assert [entry.outcome for entry in journal.sessions()] == ["complete"]
