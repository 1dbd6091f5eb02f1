"""The desk: sessions apart from one another, models shared, an end in order."""

from __future__ import annotations

import asyncio
import gc
import json
from dataclasses import replace
from pathlib import Path

import pytest

from outrider import plan
from outrider.errors import JournalFull, ModelMissing, NotNow
from outrider.journal import MemoryJournal, SqliteJournal
from outrider.launch import Wanted, understand
from outrider.providers.prices import Prices
from outrider.rules.events import Record
from outrider.testing import run
from outrider.web.commands import read_command
from outrider.web.desk import MOST_ENDED, Desk
from outrider.web.lending import Lending
from outrider.web.rooms import MOST_LIVE, STOPPING

from .asking import by_script, served, tea

WANTED = Wanted(task="x", world="free", approximation="direct@openai:a", target="cot@openai:b")


def desk(journal: MemoryJournal | None = None) -> Desk:
    return Desk(journal or MemoryJournal(), Lending(Prices()))


# Sessions are apart ----------------------------------------------------------------------------------------------------------


class Breaks(MemoryJournal):
    """A journal that breaks for one session in a way that nobody has thought of, or as a full disk does."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def append(self, session: str, records: list[Record], *, fence: int = 0, taken: int = 0, refused: str = "") -> None:
        if session == "unlucky" and records[0].n > 5:
            raise self.error
        super().append(session, records, fence=fence, taken=taken, refused=refused)


def test_what_breaks_one_session_is_told_there_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        journal = Breaks(ZeroDivisionError("a bug"))
        async with served(journal) as server:
            lucky, unlucky = await server.tea(name="lucky"), await server.tea(name="unlucky")
            async with server.client.listening(f"{unlucky}/stream") as listener:
                *_, last = await listener.all()
            assert (last.event, last.json["kind"]) == ("trouble", "bug")
            assert "the server's log says where" in last.json["message"]
            async with server.client.listening(f"{lucky}/stream") as listener:
                *_, last = await listener.all()
            assert last.event == "end"

    run(main())
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err


def test_a_journal_that_fills_up_ends_its_session_with_the_plan_kept() -> None:
    async def main() -> None:
        async with served(Breaks(JournalFull("the disk is full"))) as server:
            url = await server.tea(name="unlucky")
            async with server.client.listening(f"{url}/events") as events, server.client.listening(f"{url}/stream") as scenes:
                assert [event.event for event in await events.all()][-1] == "end"
                assert (await scenes.all())[-1].event == "end"
            assert (await server.client.get(f"{url}/scene")).json["outcome"] == "journal_lost"

    run(main())


class Forgets(MemoryJournal):
    """A journal on a disk that is full by the time that what was learned is to be kept."""

    def keep_learned(self, topic: str, text: str) -> None:
        raise JournalFull("the disk is full")


def test_what_was_learned_and_cannot_be_kept_is_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"task": "Make tea", "target_s": 1.0, "target_tokens": 5, "draft_s": 0.2, "draft_tokens": 5}
    rows = [answer | {"at": at, "target": step, "draft": step} for at, step in enumerate(("boil", "pour", "finish"))]
    recording = tmp_path / "tea.jsonl"
    recording.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    agent = f"recorded:{recording}"

    async def main() -> None:
        async with desk(Forgets()) as ours:
            live = await ours.start(Wanted(task="Make tea", world="free", approximation=agent, target=agent, lookahead="auto"))
            while not live.over:
                await live.beyond(live.n)
            assert live.session.plan.complete

    run(main())
    assert capsys.readouterr().err == ""


def test_sessions_run_side_by_side() -> None:
    async def main() -> None:
        async with desk() as ours:
            clock = asyncio.get_running_loop()
            lives = [await ours.begin(tea(ours.journal, name=f"tea {i}")) for i in range(10)]
            for live in lives:
                while not live.over:
                    await live.beyond(live.n)
            assert clock.time() < 20

    run(main())


def test_there_is_a_most_of_sessions_at_once() -> None:
    async def main() -> None:
        async with desk() as ours:
            for i in range(MOST_LIVE):
                await ours.begin(tea(ours.journal, name=f"tea {i}"))
            with pytest.raises(NotNow, match="32 sessions run at once, which is the most"):
                await ours.begin(tea(ours.journal))

    run(main())


def test_of_the_sessions_that_have_ended_only_the_last_are_kept_here() -> None:
    async def main() -> None:
        async with desk() as ours:
            for i in range(MOST_ENDED + 5):
                live = await ours.begin(tea(ours.journal, name=f"tea {i}"))
                await live.answer(read_command({"id": "1", "command": "stop"}))
                while not live.over:
                    await live.beyond(live.n)
                await asyncio.sleep(0)
            assert ours.find("tea 4") is None
            assert ours.find("tea 5") is not None

    run(main())


# The end -------------------------------------------------------------------------------------------------------------------


def test_leaving_stops_every_session_in_order_and_keeps_its_journal() -> None:
    journal = MemoryJournal()

    async def main() -> None:
        async with desk(journal) as ours:
            await ours.begin(tea(journal, name="one"))
            await ours.begin(tea(journal, name="two"))
            await asyncio.sleep(5.5)
        assert [(entry.outcome, entry.steps) for entry in journal.sessions()] == [("stopped", 2), ("stopped", 2)]
        with pytest.raises(NotNow, match="the server is stopping"):
            await ours.begin(tea(journal))

    run(main())


def test_an_error_of_the_body_comes_out_as_it_is_after_the_sessions_have_ended() -> None:
    journal = MemoryJournal()

    async def main() -> None:
        async with desk(journal) as ours:
            await ours.begin(tea(journal))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main())
    assert journal.sessions()[0].outcome == "stopped"


class Slow(Lending):
    """Models that take an hour to come, and then are not there."""

    def lent(self, understood: object) -> object:  # type: ignore[override]
        return _Hour()


class _Hour:
    async def __aenter__(self) -> None:
        await asyncio.sleep(3600)
        raise ModelMissing("it is not there")

    async def __aexit__(self, *exc: object) -> None: ...


def test_a_session_whose_models_are_still_being_opened_is_given_up_at_the_end() -> None:
    async def main() -> None:
        async with Desk(MemoryJournal(), Slow(Prices())) as ours:
            async with asyncio.TaskGroup() as group:
                starting = group.create_task(_refusal(ours))
                await asyncio.sleep(1)
                ours.close()
            assert starting.result() == STOPPING
            assert asyncio.get_running_loop().time() == pytest.approx(1.0)

    run(main())


async def _refusal(ours: Desk) -> str:
    try:
        await ours.start(WANTED)
    except (NotNow, ModelMissing) as error:
        return str(error)
    return ""


def test_models_that_cannot_be_had_are_told_to_whoever_asked() -> None:
    async def main() -> str:
        async with Desk(MemoryJournal(), Slow(Prices())) as ours:
            return await _refusal(ours)

    assert run(main()) == "it is not there"


# Models --------------------------------------------------------------------------------------------------------------------


def test_sessions_with_the_same_lookahead_share_their_models_and_others_do_not() -> None:
    async def main() -> None:
        lending, four = Lending(Prices()), understand(replace(WANTED, lookahead="4"))
        async with lending.lent(four) as one, lending.lent(understand(replace(WANTED, lookahead="lookahead-4"))) as two:
            assert one is two
            async with lending.lent(understand(replace(WANTED, lookahead="2"))) as three:
                assert three is not one
        async with lending.lent(four) as again:
            assert again is not one, "the models used last are those for 2"
        async with lending.lent(four) as kept:
            assert kept is again
        await lending.close()

    run(main())


def test_a_session_of_ones_own_agents_runs_on_the_desk_too() -> None:
    async def main() -> None:
        async with desk() as ours:
            live = await ours.begin(plan("x", target=by_script("a", takes_s=1.0, name="t"), journal=ours.journal))
            while not live.over:
                await live.beyond(live.n)
            assert live.finished
            assert live.trouble == ""

    run(main())


def test_sessions_that_are_over_leave_nothing_behind(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [
        {"task": "Make tea", "at": at, "target": step, "target_s": 4.0, "draft": draft, "draft_s": 1.0}
        for at, (step, draft) in enumerate([("boil", "boil"), ("pour", "wait"), ("TERMINATE", "TERMINATE")])
    ]
    pairs.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    wanted = Wanted(task="Make tea", world="free", approximation=f"recorded:{pairs}", target=f"recorded:{pairs}", lookahead="3")

    async def main() -> None:
        with SqliteJournal(tmp_path / "journal.sqlite3") as journal:  # one that keeps its sessions elsewhere than in memory
            async with Desk(journal, Lending(Prices())) as open_desk:

                async def objects_after(sessions: int) -> int:
                    for _ in range(sessions):
                        live = await open_desk.start(wanted)
                        while not live.over:
                            await live.beyond(live.n)
                    gc.collect()
                    return len(gc.get_objects())

                before = await objects_after(150)  # what is made once, and the ended that are kept
                assert await objects_after(100) - before < 100, "less than an object a session"

    run(main())
