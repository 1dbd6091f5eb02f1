"""A server that leaves its sessions to the next one, and one that begins with what was left."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cli.running import PLAN as ALL
from cli.running import Place, ended

from outrider.journal import MemoryJournal, SqliteJournal
from outrider.rules.events import Cancelled, Resumed
from outrider.testing import run
from outrider.web.restarting import go_on_with_all
from outrider.web.users_file import remove_user

from .asking import served, tea_cut_off, to_the_end
from .teams import team_served
from .test_resume import EVERY, wanted
from .test_serve import begin_tea, client_of, posix, serving


async def left_after(seconds: float, pairs: str, journal: MemoryJournal, **more: Any) -> str:
    """The name of a session that a server ran for so long, and handed over."""
    async with served(journal) as server:
        server.desk.hands_over = True
        name: str = (await server.client.post("/api/sessions", wanted(pairs, **more))).json["name"]
        await asyncio.sleep(seconds)
    assert journal.owner(name) == ""
    return name


@pytest.mark.parametrize("after_s", [0.0, 0.5, 4.5, 6.0, 8.5])
def test_what_a_server_hands_over_the_next_one_goes_on_with_by_itself(after_s: float, pairs: str) -> None:
    async def main() -> None:
        journal = MemoryJournal()
        name = await left_after(after_s, pairs, journal, ask=True)
        (entry,) = journal.sessions()
        assert (entry.outcome, entry.steps > 0) == ("interrupted", after_s > 4)
        last = journal.read(name)[-1].event
        assert isinstance(last, Cancelled)
        assert last.reason == "the server was stopped"
        async with served(journal) as server:
            told: list[str] = []
            await go_on_with_all(server.desk, told.append)
            assert told == [f"session {name} goes on"]
            scene = await to_the_end(server.client, name)
            assert ([step["action"] for step in scene["confirmed"]], scene["outcome"]) == (EVERY, "complete")
        (resumed,) = journal.read(name, kinds=("resumed",))
        assert isinstance(resumed.event, Resumed)
        assert resumed.event.asks, "as it was"

    run(main())


def test_who_watches_is_told_that_a_session_waits_for_the_next_server() -> None:
    async def main() -> None:
        async with served() as server:
            server.desk.hands_over = True
            url = await server.tea()
            async with server.client.listening(f"{url}/stream") as stream:
                await server.desk.drain(2.0)
                heard = await stream.all()
            (notice,) = [event for event in heard if event.event == "notice"]
            assert notice.json["kind"] == "draining"
            assert notice.json["message"].endswith("leaves this one to the next if it lasts too long")
            assert heard[-1].event not in ("end", "trouble")

    run(main())


def test_what_was_not_a_servers_waits_for_a_person(pairs: str) -> None:
    async def main() -> None:
        async with served(await tea_cut_off()) as server:
            told: list[str] = []
            await go_on_with_all(server.desk, told.append)
            assert (told, server.desk.running) == ([], [])

    run(main())


def test_one_that_cannot_go_on_is_told_and_does_not_keep_the_others(pairs: str, tmp_path: Path) -> None:
    async def main() -> None:
        journal, other = MemoryJournal(), tmp_path / "other.jsonl"
        other.write_text((tmp_path / "pairs.jsonl").read_text())
        gone = await left_after(6.0, f"recorded:{other}", journal)
        name = await left_after(6.0, pairs, journal)
        other.unlink()
        async with served(journal) as server:
            told: list[str] = []
            await go_on_with_all(server.desk, told.append)
            assert told[0].startswith(f"session {gone} does not go on by itself: ")
            assert "other.jsonl" in told[0]
            assert told[1:] == [f"session {name} goes on"]
            assert [live.name for live in server.desk.running] == [name]

    run(main())


def test_in_a_team_it_goes_on_as_whoever_ran_it_unless_they_are_gone(pairs: str, tmp_path: Path) -> None:
    async def main() -> None:
        journal, names = MemoryJournal(), {}
        async with team_served(tmp_path, journal=journal, agents=(pairs,)) as server:
            server.desk.hands_over = True
            for who in ("ada", "ben"):
                names[who] = (await server.clients[who].post("/api/sessions", wanted(pairs))).json["name"]
            await asyncio.sleep(6)
            file = server.file
        remove_user(file, "ben")
        async with team_served(tmp_path, journal=journal, agents=(pairs,), add=False) as server:
            told: list[str] = []
            await go_on_with_all(server.desk, told.append)
            assert told == [
                f"session {names['ada']} goes on",
                f"session {names['ben']} does not go on by itself: ben may start no session any more; whoever may goes on with "
                "it on the page",
            ]
            (live,) = server.desk.running
            assert (live.name, live.owner.name) == (names["ada"], "ada")

    run(main())


# The command ---------------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_session_to_the_next_server_which_ends_it_as_if_nothing_had_been(
    place: Place, number: signal.Signals
) -> None:
    with serving(place, "--hand-over") as (process, printed), client_of(printed) as client:
        name = begin_tea(client)
        with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if '"next_at":2' in line)
            process.send_signal(number)
            assert "event: end" not in list(lines)
        ran = ended(process)
    assert (ran.code, ran.err) == (0 if number == signal.SIGTERM else 130, f"outrider: left to the next server: {name}\n")
    with SqliteJournal(place.journal, read_only=True) as journal:
        (entry,) = journal.sessions()
        assert (entry.outcome, entry.steps, journal.owner(name)) == ("interrupted", 2, "")
    place.write_pairs()
    with serving(place, "--resume-interrupted") as (process, printed), client_of(printed) as client:
        with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
            assert "event: end" in list(stream.iter_lines())
        process.terminate()
        assert ended(process).err == f"outrider: session {name} goes on\n"
    with SqliteJournal(place.journal, read_only=True) as journal:
        (entry,) = journal.sessions()
        assert (entry.outcome, entry.steps) == ("complete", len(ALL) + 1)


@posix
def test_a_server_that_is_killed_leaves_sessions_to_the_page_and_to_the_command_line(place: Place) -> None:
    with serving(place) as (process, printed), client_of(printed) as client:
        name = begin_tea(client)
        with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if '"next_at":2' in line)
            process.kill()
            with pytest.raises(httpx2.HTTPError):
                list(lines)
        ended(process)
    place.write_pairs()
    with serving(place) as (process, printed), client_of(printed) as client:
        (entry,) = client.get("/api/sessions").json()["sessions"]
        assert (entry["outcome"], entry["resumable"], entry["owner"]) == ("interrupted", True, "")
        process.terminate()
        ended(process)
    ran = place.run("resume", name, "--json")
    assert (ran.code, ran.events[-1]["outcome"]) == (0, "complete")
