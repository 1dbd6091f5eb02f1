"""Two processes that want the same session at the same moment, and a server that is killed while it begins one."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import pytest
from cli.running import COMMAND, TASK, Place, Ran, ended
from journal.servers import Server

from outrider.testing.model_server import Asked

from .conftest import actions
from .page import stands
from .serving import PLAN, serving, tea

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

TIMES = 10

OWNER = re.compile(r"process \d+ on \S+ \([0-9a-f]{8}-\d+\)")


def begun(place: Place, *words: str, journal: str = "") -> subprocess.Popen[str]:
    """``outrider`` with these words, under way."""
    environment = place.environment | ({"OUTRIDER_JOURNAL": journal} if journal else {})
    return subprocess.Popen(
        [*COMMAND, *words], cwd=place.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# Two at the same moment ---------------------------------------------------------------------------------------------


@pytest.fixture(params=["file", "server"])
def journal(request: pytest.FixtureRequest, place: Place) -> str:
    """One of either kind."""
    if request.param == "file":
        return str(place.journal)
    server: Server = request.getfixturevalue("postgres")
    return server.address(server.new_database())


def ends_of(*processes: subprocess.Popen[str]) -> SimpleQueue[tuple[subprocess.Popen[str], Ran]]:
    """What each of them comes to, in the order in which they end."""
    ends: SimpleQueue[tuple[subprocess.Popen[str], Ran]] = SimpleQueue()
    for process in processes:
        threading.Thread(target=lambda process: ends.put((process, ended(process))), args=(process,)).start()
    return ends


def test_of_two_who_resume_a_session_at_the_same_moment_one_goes_on_and_the_other_is_told_who(place: Place, journal: str) -> None:
    """Whoever goes on is killed in its first call, nine times; the tenth one gets an answer."""
    running: list[subprocess.Popen[str]] = []
    answers = threading.Event()

    def held(asked: Asked, at: int) -> None:
        if at == 2 and not answers.is_set():
            running[0].kill()
            answers.wait()

    with serving(tea(held)) as server:
        agent = f"direct@{server.url}#large"
        words = ("plan", TASK, "--world", "free", "-t", agent, "-a", agent, "-k", "0", "--json")
        running.append(begun(place, *words, journal=journal))
        assert running[0].communicate()[0].count('"kind": "confirmed"') == 2
        (session,) = place.here("sessions", "list", "--json", "--journal", journal).events
        try:
            for time in range(TIMES):
                two = [begun(place, "resume", session["name"], "--json", journal=journal) for _ in range(2)]
                ends = ends_of(*two)
                first, refused = ends.get()
                (other,) = (process for process in two if process is not first)
                assert (refused.code, refused.out) == (5, "")
                assert f"is owned by process {other.pid} on " in refused.sentence
                stands(OWNER.sub("process 7 on elsewhere (SESSION-1)", refused.sentence))
                if time < TIMES - 1:
                    other.kill()
                else:
                    answers.set()
                _, ran = ends.get()
        finally:
            answers.set()
    assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])


# Before the first record --------------------------------------------------------------------------------------------


def served(place: Place, *words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """``outrider serve``, and where it is."""
    process = begun(place, "serve", "--port", "0", "--json", *words)
    assert process.stdout is not None
    printed: dict[str, Any] = json.loads(process.stdout.readline())
    return process, printed


def ask(printed: dict[str, Any], pairs: str = "") -> dict[str, Any]:
    """What is answered to whoever is at the page: they begin a session with that recording, or look which there are."""
    import httpx2

    headers = {"Authorization": f"Bearer {printed['token']}"}
    body = {"task": TASK, "world": "free", "approximation": f"recorded:{pairs}", "target": f"recorded:{pairs}", "lookahead": 0}
    with httpx2.Client(base_url=f"http://127.0.0.1:{printed['port']}", headers=headers, timeout=60) as client:
        said = client.post("/api/sessions", json=body) if pairs else client.get("/api/sessions")
    answered: dict[str, Any] = said.json()
    return answered


def test_a_server_that_is_killed_between_claiming_a_session_and_its_first_record_leaves_nothing_in_the_way(place: Place) -> None:
    """A recording that is a pipe: the server opens it once it has claimed the session, and then waits for what is in it."""
    httpx2 = pytest.importorskip("httpx2")
    pytest.importorskip("uvicorn")
    os.mkfifo(place.folder / "pipe.jsonl")
    process, printed = served(place)

    def asks() -> None:
        with pytest.raises(httpx2.TransportError):
            ask(printed, "pipe.jsonl")

    asking = threading.Thread(target=asks)
    asking.start()
    with (place.folder / "pipe.jsonl").open("w"):  # returns when the server has opened it too
        process.kill()
        ended(process)
    asking.join()
    with closing(sqlite3.connect(place.journal)) as db:
        ((claimed, owner),) = db.execute("SELECT session, owner FROM lease").fetchall()
        assert f"process {process.pid} on " in owner

    assert place.here("sessions", "list", "--json").events == []
    assert place.here("resume").out == "no session was interrupted\n"
    assert place.here("resume", claimed).code == 2
    place.write_pairs(slow_from=1)
    process, printed = served(place, "--resume-interrupted")
    name = ask(printed, "pairs.jsonl")["name"]
    process.terminate()
    ran = ended(process)
    assert (ran.code, ran.err) == (0, f"outrider: stopped {name}\n")
    (session,) = place.here("sessions", "list", "--json").events
    assert session["name"] == name
