"""Following a session of the engine again, when the process that began it is gone: nothing is lost, and nobody writes twice."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.running import COMMAND

from outrider import resume
from outrider.errors import BadOption, HandedOver, NotNow, OldFence, ServerTrouble, SessionOwned, UnknownName
from outrider.journal import MemoryJournal, SqliteJournal, own, replay
from outrider.model import Step
from outrider.resuming import engine_of
from outrider.rules.events import Finished, Opened, Record
from outrider.scale import resume_remote
from outrider.testing import FakeAgent, ScriptedAgent, steps
from outrider.testing.dev_server import DevServer, free_port

from .engines import PLAN, Gated, Given, agents, engine_on, only, ready, recorded, served

pytestmark = pytest.mark.asyncio

SILENT = FakeAgent(lambda prefix: None, name="silent")


@pytest.fixture
def name() -> str:
    """A session's name that the server has not had."""
    return secrets.token_hex(4)


def cut(journal: MemoryJournal, name: str, n: int) -> MemoryJournal:
    """A journal with the session's first records: that of a process that was killed then."""
    found = MemoryJournal()
    found.append(name, journal.read(name)[:n])
    return found


async def test_wherever_its_watcher_was_killed_the_journal_ends_up_as_it_would_have(server: DevServer, name: str) -> None:
    engine, whole = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN, drafts=("search", "wait")))):
        records = await recorded((await ready(engine, journal=whole)).session(name=name))
        for n in range(1, len(records)):
            journal = cut(whole, name, n)
            session = resume_remote(name, journal=journal, engine=engine)
            assert await recorded(session) == records
            assert journal.read(name) == records
            assert (await session.result()).prefix == steps(*PLAN, "finish")
            assert session.figures.as_json() == replay(records).figures.as_json()
            assert journal.owner(name) == ""


async def test_it_is_followed_while_it_runs_and_the_person_takes_part_again(server: DevServer, name: str) -> None:
    engine, first = await engine_on(server), MemoryJournal()
    target = Gated(ScriptedAgent(*PLAN, elsewhere={steps("ask"): Step("finish")}))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        before = (await ready(engine, lookahead=0, journal=first)).session(name=name)
        async with before, before.events() as events:
            assert await target.asked() == ()
            await anext(events)
            journal = cut(first, name, 1)
            session = resume_remote(name[:6], journal=journal, engine=engine)
            async with session, session.events() as again:
                assert (await anext(again)).event.kind == "opened"
                assert (await anext(again)).event.kind == "started"
                session.take("ask")
                assert session.plan.prefix == steps("ask")
                target.open()
                assert [record async for record in again][-1].event.kind == "finished"
            async for _ in events:
                pass
    assert session.plan == before.plan
    assert journal.read(name) == first.read(name)


async def test_its_journal_says_in_which_engine_it_runs_and_it_is_not_gone_on_with_here(server: DevServer, name: str) -> None:
    engine, whole = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        records = await recorded((await ready(engine, journal=whole)).session(name=name, settings='{"prices": "mine"}'))
    (opened,) = only(records, Opened)
    assert isinstance(opened, Opened)
    assert engine_of(opened) == f"temporal://{server.host}/default/{engine.address.queue}"
    assert json.loads(opened.settings)["prices"] == "mine"
    with pytest.raises(BadOption, match=r"is carried by the engine at temporal://.*; to follow it again: outrider resume "):
        resume(name, journal=cut(whole, name, 3), target=ScriptedAgent(*PLAN))


async def test_one_that_was_begun_here_is_not_looked_for_in_an_engine(server: DevServer, name: str) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    opened = Opened(
        task=(await ready(engine)).task, approximation="fast", target="slow", lookahead="lookahead-2", max_steps=9,
        matching="exact", plan_is_lossless=True, one_machine=False,
    )  # fmt: skip
    journal.append(name, [Record(n=0, time_s=0.0, event=opened)])
    with pytest.raises(BadOption, match="runs in no engine"):
        resume_remote(name, journal=journal, engine=engine)
    assert journal.owner(name) == ""


async def test_one_that_has_finished_has_nothing_to_follow(server: DevServer, name: str) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        await recorded((await ready(engine, journal=journal)).session(name=name))
    with pytest.raises(NotNow, match="has finished: complete"):
        resume_remote(name, journal=journal, engine=engine)


async def test_an_engine_that_does_not_know_it_any_more_is_said(server: DevServer, name: str, binary: str) -> None:
    engine, whole = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        await recorded((await ready(engine, journal=whole)).session(name=name))
    journal = cut(whole, name, 5)
    other = await engine_on(new := DevServer(binary))
    try:
        with pytest.raises(UnknownName, match=r"does not have session '[0-9a-f]+' any more: .*outrider plan --from "):
            await recorded(resume_remote(name, journal=journal, engine=other))
    finally:
        new.kill()
    assert len(journal.read(name)) == 5


async def test_another_session_of_its_name_is_not_taken_for_it(server: DevServer, name: str) -> None:
    engine, other, journal = await engine_on(server), MemoryJournal(), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        records = await recorded((await ready(engine, journal=other)).session(name=name[::-1] + "x"))
        await recorded((await ready(engine, lookahead=0, journal=MemoryJournal())).session(name=name))
        journal.append(name, records[:-1])
        with pytest.raises(ServerTrouble, match=rf"and the journal here has {len(records) - 1}: they are not the same session"):
            await recorded(resume_remote(name, journal=journal, engine=engine))


async def test_whoever_has_lost_its_lease_leaves_the_session_to_the_other_and_stops_nothing(server: DevServer, name: str) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        mine = own(journal, name, owner="one")
        before = (await ready(engine, lookahead=0, journal=journal)).session(owned=mine)
        with pytest.raises(SessionOwned, match="owned by one"):
            own(journal, name, owner="another")
        async with before, before.events() as events:
            await target.asked()
            await anext(events)
            lease = journal.claim(name, "another", 15.0, over="one")
            session = resume_remote(name, journal=journal, engine=engine, owned=type(mine)(journal, lease))
            async with session, session.events() as again:
                target.open()
                async for _ in events:
                    pass
                with pytest.raises(OldFence, match="it can only watch"):
                    await before.result()
                after = [record async for record in again]
    assert isinstance(after[-1].event, Finished)
    assert after[-1].event.outcome == "complete"
    assert journal.read(name) == after


async def test_one_that_is_handed_over_goes_on_in_the_engine_and_is_followed_again(server: DevServer, name: str) -> None:
    engine, journal = await engine_on(server), MemoryJournal()
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        session = (await ready(engine, lookahead=0, journal=journal)).session(owned=own(journal, name))
        async with session, session.events() as events:
            await target.asked()
            assert [(await anext(events)).event.kind for _ in range(2)] == ["opened", "started"]
            session.hand_over("the server stops")
            assert [record.event.kind async for record in events] == []
            with pytest.raises(HandedOver):
                await session.result()
        assert journal.owner(name) == ""
        target.open()
        again = resume_remote(name, journal=journal, engine=engine)
        await recorded(again)
    assert again.plan.prefix == steps(*PLAN, "finish")


# In processes of their own --------------------------------------------------------------------------------------------


@contextmanager
def planning(folder: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """Inside, a process plans in the engine."""
    names = ("-a", "direct@openai:gpt-5-nano", "-t", "direct@openai:gpt-5", "--lookahead", "0")
    command = (*COMMAND, "plan", "go to Oslo", "--world", "free", *names, "--json", "--engine", engine)
    with subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"OUTRIDER_JOURNAL": str(folder / "journal.sqlite3"), "HOME": str(folder)}


async def outrider(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the command says; the loop here goes on meanwhile."""

    def done() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*COMMAND, *words), cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
        )

    return await asyncio.to_thread(done)


async def until_started(process: subprocess.Popen[str]) -> None:
    """Until its first call is on display, and so in the journal."""

    def read() -> None:
        assert process.stdout is not None
        assert any('"started"' in line for line in process.stdout)

    await asyncio.to_thread(read)


async def test_a_watcher_that_is_killed_loses_nothing(server: DevServer, tmp_path: Path) -> None:
    engine = await engine_on(server)
    target = Gated(ScriptedAgent(*PLAN))
    async with served(engine, Given({"approximation": SILENT, "target": target})):
        with planning(tmp_path, str(engine.address)) as process:
            await until_started(process)
            with SqliteJournal(tmp_path / "journal.sqlite3", read_only=True) as journal:
                (entry,) = journal.sessions()
            owned = await outrider(tmp_path, "resume", entry.name)
            process.kill()
            process.wait()
        listed = await outrider(tmp_path, "resume")
        target.open()
        resumed = await outrider(tmp_path, "resume", entry.name, "--json")
    assert owned.returncode == 5
    assert f"session '{entry.name}' is owned by process {process.pid}" in owned.stderr
    assert "--watch" in owned.stderr
    assert entry.name in listed.stdout
    assert resumed.returncode == 0, resumed.stderr
    last = json.loads(resumed.stdout.splitlines()[-1])
    assert [step["action"] for step in last["plan"]] == [*PLAN, "finish"]
    with SqliteJournal(tmp_path / "journal.sqlite3", read_only=True) as journal:
        records = journal.read(entry.name)
    assert replay(records).plan.complete
    assert [json.loads(line)["n"] for line in resumed.stdout.splitlines()] == [record.n for record in records]


async def test_an_engine_that_is_away_when_it_is_resumed_is_one_sentence_and_nothing_is_lost(
    server: DevServer, name: str, tmp_path: Path
) -> None:
    engine, whole = await engine_on(server), MemoryJournal()
    async with served(engine, Given(agents(*PLAN))):
        records = await recorded((await ready(engine, journal=whole)).session(name=name))
        with SqliteJournal(tmp_path / "journal.sqlite3") as journal:
            journal.append(name, records[:4])
        away = f"temporal://127.0.0.1:{free_port()}"
        done = await outrider(tmp_path, "resume", name, "--engine", away)
        assert done.returncode == 3
        (sentence,) = done.stderr.splitlines()
        assert sentence.startswith("outrider: no Temporal server answers at 127.0.0.1:")
        with SqliteJournal(tmp_path / "journal.sqlite3", read_only=True) as journal:
            assert journal.read(name) == records[:4]
        done = await outrider(tmp_path, "resume", name, "--plain")
    assert done.returncode == 0, done.stderr
    with SqliteJournal(tmp_path / "journal.sqlite3", read_only=True) as journal:
        assert journal.read(name) == records
