"""Streams: the scene and its changes, the records; readers that are slow, come back, never read; sessions that run elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from outrider.errors import JournalCorrupt
from outrider.journal import MemoryJournal, SqliteJournal, encode
from outrider.rules.events import Record
from outrider.testing import run
from outrider.web.streams import GAP_S, PATIENCE_S

from .asking import PLAN, Event, Served, applied, served, tea


def pieced_together(events: list[Event]) -> dict[str, Any]:
    """The scene that a page has after these messages."""
    scene: dict[str, Any] = {}
    for event in events:
        if event.event == "message":
            scene = applied(scene, event.json)
    return scene


async def scene_of(server: Served, url: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.client.get(f"{url}/scene")).json
    return found


# The scene -----------------------------------------------------------------------------------------------------------------


def test_a_stream_begins_with_the_whole_scene_goes_on_with_changes_and_ends_with_the_session() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                *messages, last = await listener.all()
            assert list(messages[0].json) == ["n", "age_s", "scene"]
            assert all(list(message.json) == ["n", "changes", "lists"] for message in messages[1:])
            assert [message.id for message in messages] == [str(message.json["n"]) for message in messages]
            assert (last.event, last.json) == ("end", {"n": messages[-1].json["n"]})
            scene = await scene_of(server, url)
            assert pieced_together(messages) == scene
            assert [step["action"] for step in scene["confirmed"]] == [*PLAN, "finish"]

    run(main())


def test_each_confirmed_step_is_told_the_moment_it_is_confirmed() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                scene: dict[str, Any] = {}
                clock = asyncio.get_running_loop()
                opened_s = clock.time()
                while not scene.get("finished"):
                    scene = applied(scene, (await listener.next()).json)
                    late_s = clock.time() - opened_s - scene["now_s"]
                    assert late_s <= GAP_S + 1e-6

    run(main())


def test_two_browsers_may_watch_one_session_and_see_the_same() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as one:
                await asyncio.sleep(7)
                async with server.client.listening(f"{url}/stream") as two:
                    assert pieced_together(await one.all()) == pieced_together(await two.all()) == await scene_of(server, url)

    run(main())


def test_what_happens_in_a_burst_comes_in_one_message() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                await listener.next()
                for i in range(20):
                    await server.client.post(f"{url}/commands", {"id": f"{i}", "command": "take", "text": f"step {i}"})
                await asyncio.sleep(2 * GAP_S)
                assert listener.sent <= 3
                messages = [await listener.next() for _ in range(listener.sent - 1)]
                assert messages[-1].json["changes"]["next_at"] == 20

    run(main())


def test_a_slow_reader_gets_fewer_and_newer_scenes() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                first = await listener.next()
                listener.reads.clear()
                await asyncio.sleep(15)
                listener.reads.set()
                stale, newest = await listener.next(), await listener.next()
                assert newest.json["changes"]["next_at"] - stale.json["changes"].get("next_at", 0) >= 2
                assert pieced_together([first, stale, newest, *await listener.all()]) == await scene_of(server, url)

    run(main())


def test_a_browser_that_never_reads_its_stream_is_dropped_and_the_session_is_unharmed() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                await listener.next()
                listener.reads.clear()
                await asyncio.sleep(PATIENCE_S + 5)
                assert listener.over.is_set()
            assert [step["action"] for step in (await scene_of(server, url))["confirmed"]] == [*PLAN, "finish"]

    run(main())


def test_whoever_comes_back_gets_the_whole_scene_so_nothing_is_lost() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as listener:
                before = await listener.next()
            await asyncio.sleep(9.5)  # between two events
            async with server.client.listening(f"{url}/stream", Last_Event_ID=before.id or "") as listener:
                again = await listener.next()
            assert again.json == {"n": again.json["n"], "age_s": again.json["age_s"], "scene": await scene_of(server, url)}
            assert again.json["scene"]["next_at"] == 4

    run(main())


# The records ---------------------------------------------------------------------------------------------------------------


def test_the_records_come_as_the_journal_has_them_without_a_gap() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            await asyncio.sleep(5)
            async with server.client.listening(f"{url}/events") as listener:
                *events, last = await listener.all()
            records = server.journal.read("tea")
            assert [event.json for event in events] == [encode(record) for record in records]
            assert [event.id for event in events] == [str(n) for n in range(len(records))]
            assert last.event == "end"

    run(main())


@pytest.mark.parametrize(("how", "first"), [({"Last_Event_ID": "6"}, 7), ({"since": "7"}, 7), ({"Last_Event_ID": "99999"}, None)])
def test_the_records_go_on_where_the_reader_was(how: dict[str, str], first: int | None) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            query = f"?since={how['since']}" if "since" in how else ""
            headers = {name: value for name, value in how.items() if name != "since"}
            async with server.client.listening(f"{url}/events{query}", **headers) as listener:
                *events, _ = await listener.all()
            everything = [encode(record) for record in server.journal.read("tea")]
            assert [event.json for event in events] == ([] if first is None else everything[first:])

    run(main())


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "9" * 40])
def test_what_is_no_number_of_a_record_is_refused(since: str) -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            said = await server.client.get(f"{url}/events?since={since}")
            assert (said.status, said.error) == (400, "bad_option")

    run(main())


def test_a_reader_that_was_dropped_can_read_the_rest() -> None:
    async def main() -> None:
        async with served() as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/events") as listener:
                seen = [await listener.next() for _ in range(3)]
                listener.reads.clear()
                await asyncio.sleep(PATIENCE_S + 5)
                assert listener.over.is_set()
            async with server.client.listening(f"{url}/events", Last_Event_ID=seen[-1].id or "") as listener:
                *rest, _ = await listener.all()
            everything = [encode(record) for record in server.journal.read("tea")]
            assert [event.json for event in (*seen, *rest)] == everything

    run(main())


# Sessions that do not run here ---------------------------------------------------------------------------------------------


def test_a_session_from_the_journal_is_drawn_at_once_and_ends() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with tea(journal) as before:
            await before.result()
        async with served(journal) as server:
            async with server.client.listening("/api/sessions/tea/stream") as listener:
                scene, end = await listener.all()
            assert (scene.json["scene"]["outcome"], end.event) == ("complete", "end")

    run(main())


def test_a_session_that_runs_in_another_process_is_followed_in_the_journal(tmp_path: Path) -> None:
    async def main() -> None:
        with SqliteJournal(tmp_path / "journal") as theirs, SqliteJournal(tmp_path / "journal", read_only=True) as ours:
            async with served(ours) as server, tea(theirs) as elsewhere:
                await asyncio.sleep(1)
                (entry,) = (await server.client.get("/api/sessions")).json["sessions"]
                assert (entry["live"], entry["outcome"]) == (False, "interrupted")
                async with (
                    server.client.listening("/api/sessions/tea/stream") as scenes,
                    server.client.listening("/api/sessions/tea/events") as events,
                ):
                    await elsewhere.result()
                    assert pieced_together(await scenes.all()) == await scene_of(server, "/api/sessions/tea")
                    assert [event.json for event in await events.all()][:-1] == [encode(record) for record in ours.read("tea")]

    run(main())


def test_when_the_server_stops_the_sessions_streams_tell_their_end_and_followed_ones_just_close() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with tea(journal, name="elsewhere"), served(journal) as server:
            await asyncio.sleep(1)
            url = await server.tea()
            async with (
                server.client.listening(f"{url}/stream") as ours,
                server.client.listening("/api/sessions/elsewhere/stream") as theirs,
            ):
                await ours.next()
                await theirs.next()
                server.desk.close()
                *_, changed, end = await ours.all()
                assert (changed.json["changes"]["reason"], end.event) == ("the server was stopped", "end")
                assert [event.event for event in await theirs.all()] == []

    run(main())


class Torn(MemoryJournal):
    """A journal that cannot be read any more once it is torn."""

    torn = False

    def read(self, session: str, *, since: int = 0, kinds: Collection[str] = ()) -> list[Record]:
        if self.torn:
            raise JournalCorrupt("the journal is damaged")
        return super().read(session, since=since, kinds=kinds)


def test_a_journal_that_cannot_be_read_on_is_told_in_the_stream_and_the_session_goes_on() -> None:
    async def main() -> None:
        journal = Torn()
        async with served(journal) as server:
            url = await server.tea()
            async with server.client.listening(f"{url}/events") as listener:
                await listener.next()
                journal.torn = True
                *_, last = await listener.all()
                assert (last.event, last.json) == ("trouble", {"kind": "journal_corrupt", "message": "the journal is damaged"})
            async with server.client.listening(f"{url}/stream") as scenes:
                assert (await scenes.all())[-1].event == "end"

    run(main())
