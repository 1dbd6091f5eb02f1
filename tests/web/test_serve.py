"""The server on a real socket, and ``outrider serve`` as a user runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from cli.running import COMMAND, Place, ended, stubborn

from outrider import Step, plan
from outrider.journal import MemoryJournal, SqliteJournal
from outrider.providers.prices import Prices
from outrider.testing import FakeAgent, run
from outrider.web.app import application
from outrider.web.desk import Desk
from outrider.web.guard import Doors
from outrider.web.lending import Lending
from outrider.web.server import Server

from .asking import TOKEN, tea

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@contextlib.asynccontextmanager
async def on_a_socket(desk: Desk) -> AsyncIterator[tuple[Server, httpx2.AsyncClient]]:
    """A server on a free port of this machine, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = Server(application(desk, Doors(token=TOKEN, port=port)), listening, last_words_s=1)
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"})
        async with asyncio.TaskGroup() as group, client:
            group.create_task(server.run_until_stopped())
            try:
                yield server, client
            finally:
                server.stop()


def test_a_session_is_watched_and_commanded_over_a_socket() -> None:
    async def main() -> None:
        async with Desk(MemoryJournal(), Lending(Prices())) as desk, on_a_socket(desk) as (_, client):
            live = await desk.begin(tea(desk.journal))
            async with client.stream("GET", f"/api/sessions/{live.name}/stream") as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                assert await anext(lines) == f"id: {live.n}"
                scene = json.loads((await anext(lines)).removeprefix("data: "))["scene"]
                assert (scene["task"], scene["confirmed"]) == ("Make tea", [])
                said = await client.post(
                    f"/api/sessions/{live.name}/commands", json={"id": "1", "command": "take", "text": "boil"}
                )
                assert said.json() == {"id": "1", "accepted": True}
                async for line in lines:
                    if '"confirmed"' in line:
                        break
                await client.post(f"/api/sessions/{live.name}/commands", json={"id": "2", "command": "stop"})
                assert [line async for line in lines if line.startswith("event:")] == ["event: end"]

    asyncio.run(main())


def test_ten_megabytes_are_refused_without_being_read() -> None:
    async def main() -> None:
        async with Desk(MemoryJournal(), Lending(Prices())) as desk, on_a_socket(desk) as (_, client):
            # The answer comes while the body is on its way, so it is read from the socket itself.
            assert client.base_url.port is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            head = (
                f"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
                "Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n"
            )
            writer.write(head.encode() + b"x" * 1000)
            assert (await reader.readline()).split()[1] == b"413"
            writer.close()
            assert (await client.get("/api/sessions")).status_code == 200

    asyncio.run(main())


def test_a_browser_that_does_not_read_does_not_keep_the_server_from_answering_and_stopping() -> None:
    journal = MemoryJournal()
    run(wordy(journal))

    async def main() -> None:
        async with Desk(journal, Lending(Prices())) as desk, on_a_socket(desk) as (_, client):
            assert client.base_url.port is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port, limit=1000)
            head = f"GET /api/sessions/wordy/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            writer.write(head.encode())
            assert (await reader.readline()).split()[1] == b"200"
            assert (await client.get("/api/sessions/wordy/scene")).json()["outcome"] == "complete"
        writer.close()

    asyncio.run(main())


async def wordy(journal: MemoryJournal) -> None:
    """A session of some twenty megabytes: more than any socket keeps for a reader."""
    much = [Step("say", {"what": f"{i}" * 300_000}) for i in range(9)]
    agent = FakeAgent(lambda prefix: [*much, Step("finish")][len(prefix)], takes_s=1.0)
    async with plan("Say much", target=agent, journal=journal, name="wordy") as session:
        await session.result()


# The command ---------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(place: Place, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``outrider serve --json`` on a free port, and what it printed."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json", *words], cwd=place.folder, env=place.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def client_of(printed: dict[str, Any]) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{printed['port']}", headers={"Authorization": f"Bearer {printed['token']}"}, timeout=30
    )


def begin_tea(client: httpx2.Client) -> str:
    body = {"task": "Make tea", "world": "free", "approximation": "recorded:pairs.jsonl", "target": "recorded:pairs.jsonl"}
    name: str = client.post("/api/sessions", json=body).json()["name"]
    return name


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_stops_the_sessions_in_order_and_closes_their_streams(place: Place, number: signal.Signals, code: int) -> None:
    with serving(place) as (process, printed), client_of(printed) as client:
        assert printed["url"] == f"http://127.0.0.1:{printed['port']}/?token={printed['token']}"
        name = begin_tea(client)
        with client.stream("GET", f"/api/sessions/{name}/stream") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if '"next_at":2' in line)
            process.send_signal(number)
            assert "event: end" in list(lines)
        ran = ended(process)
    assert (ran.code, ran.err) == (code, f"outrider: stopped {name}\n")
    with SqliteJournal(place.journal, read_only=True) as journal:
        (entry,) = journal.sessions()
    assert (entry.name, entry.outcome, entry.steps) == (name, "stopped", 2)


def test_the_url_that_is_printed_lets_a_browser_in(place: Place) -> None:
    with serving(place) as (process, printed), httpx2.Client(follow_redirects=True) as browser:
        origin = f"http://127.0.0.1:{printed['port']}"
        assert browser.get(f"{origin}/api/sessions").status_code == 401
        page = browser.get(printed["url"])
        assert (page.status_code, str(page.url)) == (200, f"{origin}/")
        assert page.headers["content-type"].startswith("text/html")
        body = {"task": "", "world": "free"}
        assert browser.post(f"{origin}/api/sessions", json=body, headers={"Origin": origin}).status_code == 400
        assert browser.post(f"{origin}/api/sessions", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
        process.terminate()
        assert ended(process).code == 0


@posix
def test_a_second_ctrl_c_does_not_wait_for_a_call_that_will_not_close(place: Place) -> None:
    (place.folder / "stubborn.py").write_text(stubborn("serve", "--port", "0", "--json"))
    process = subprocess.Popen(
        [sys.executable, "stubborn.py"], cwd=place.folder, env=place.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    with client_of(json.loads(process.stdout.readline())) as client:
        name = begin_tea(client)
        with client.stream("GET", f"/api/sessions/{name}/events") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if '"kind":"started"' in line)
            process.send_signal(signal.SIGINT)
            next(line for line in lines if '"kind":"ended"' in line)
            process.send_signal(signal.SIGINT)
            ran = ended(process)
    assert (ran.code, ran.err.strip()) == (
        130, "outrider: broken off; what was confirmed is in the journal, see outrider sessions list",
    )  # fmt: skip


def test_the_token_is_in_no_log(place: Place) -> None:
    with serving(place) as (process, printed):
        said = httpx2.get(printed["url"], follow_redirects=False)
        assert said.status_code == 303
        process.terminate()
        ran = ended(process)
    assert printed["token"] not in ran.out + ran.err


def test_a_port_that_is_in_use_is_one_sentence(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = place.run("serve", "--port", str(port))
    assert (ran.code, ran.sentence) == (
        2, f"outrider: port {port} is in use; give another one with --port, or --port 0 for any that is free",
    )  # fmt: skip


def test_an_address_that_is_not_this_machines_is_one_sentence(place: Place) -> None:
    ran = place.run("serve", "--host", "192.0.2.1", "--port", "0", "--behind-tls")
    assert ran.code == 2
    assert ran.sentence.startswith("outrider: the server cannot listen at '192.0.2.1', port 0: ")


def test_a_server_for_other_machines_wants_to_know_who_may_enter(place: Place) -> None:
    ran = place.run("serve", "--host", "0.0.0.0", "--port", "0")
    assert ran.code == 2
    assert ran.sentence.startswith("outrider: 0.0.0.0 can be reached from other machines; give --users FILE to say who may enter")


def test_without_the_packages_of_the_page_the_command_says_what_to_install(place: Place) -> None:
    program = "import sys; sys.modules['uvicorn'] = None; from outrider.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "serve"], cwd=place.folder, env=place.environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "outrider: the page needs more packages; install them with: pip install 'outrider[web]'\n",
    )
