"""Planted secrets, searched for in what the whole program leaves: commands, files, the server's answers, the engine's history.

A model server tells all it was sent in its refusals, and beside it a word that nobody knows for a secret. That word must be found
wherever the server's own words are passed on: so a secret would be found there too, if it were not hidden.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cli.running import COMMAND, Place
from web.teams import TeamServed, team_served

from outrider import Declared, Step, plan
from outrider.journal import SqliteJournal, open_journal
from outrider.testing import FakeAgent, FakeTools, run
from outrider.testing.model_server import Asked, ModelServer, Sends, refuses, says

from .watching import Outlets

GUARD_S = 100

KEY = "sk-planted-Key+with=signs/0123456789"
UNUSED = "sk-unused-planted-0123456789abcdef"
ENGINE = "planted-engine-key-4411aabb"
USER = "planted-user-31f0"
PASSWORD = "planted-password-77aa"
QUERY = "planted-query-55cd"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PLANTED = (KEY, UNUSED, ENGINE, USER, PASSWORD, QUERY, BASIC)
UNKNOWN = "swordfish-7331"
"""What the server tells and nobody can know to be a secret."""

KEYS = {"OUTRIDER_API_KEY": KEY, "OPENAI_API_KEY": UNUSED, "ANTHROPIC_API_KEY": UNUSED, "TEMPORAL_API_KEY": ENGINE}


def answers_then_tells(asked: Asked) -> Sends:
    """It plans two steps; asked for the third, it tells all it was sent."""
    if asked.prompt.count("Boil water") <= 1:
        return says("Boil water", usage={"prompt_tokens": 30, "completion_tokens": 2})
    return refuses(400, f"{UNKNOWN} and {asked.headers.get('authorization', '')} and {asked.path} and {KEY} {BASIC}")


def agent_at(server: ModelServer) -> str:
    """An agent's name with secrets in its address."""
    return f"direct@{server.url.replace('http://', f'http://{USER}:{PASSWORD}@')}?api-key={QUERY}#m"


def forms(secret: str) -> set[str]:
    """How it may stand somewhere."""
    inside = json.dumps(secret)[1:-1]
    return {secret, quote(secret, safe=""), inside, base64.b64encode(secret.encode()).decode().rstrip("=")}


def found(told: Mapping[str, str], secrets: Iterable[str]) -> set[tuple[str, str]]:
    """Where which of the secrets stands, in any form."""
    return {(where, secret) for where, text in told.items() for secret in secrets if any(form in text for form in forms(secret))}


@pytest.mark.parametrize("form", sorted(forms(KEY)))
def test_a_planted_leak_would_be_found(form: str) -> None:
    assert found({"here": f"... {form} ...", "there": "nothing"}, PLANTED) == {("here", KEY)}


# The commands -------------------------------------------------------------------------------------------------------


class Keyed(Place):
    """A place whose environment holds keys."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | KEYS


async def planned(place: Place) -> tuple[dict[str, str], str]:
    """What two commands say that plan until the model's server tells what it knows; and the agent's name."""
    async with asyncio.timeout(GUARD_S), ModelServer(answers_then_tells) as server:
        agent = agent_at(server)
        told = await said(place, *asking(agent), "--json", "--log", "plan.log", "--log-texts")
        told |= await said(place, *asking(agent), "--log", "quiet.log")
        assert any(BASIC in str(asked.headers) for asked in server.asked)
        assert any(QUERY in asked.path for asked in server.asked), "the secrets were sent"
    return told, agent


async def said(place: Place, *words: str) -> dict[str, str]:
    """What a command says, on both of its streams, beside the server on this loop."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *words, cwd=place.folder, env=place.environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return {f"{shown(words)}, output": out.decode(), f"{shown(words)}, errors": err.decode()}


def asking(agent: str, target: str = "") -> tuple[str, ...]:
    return ("plan", "tea", "--world", "free", "-a", agent, "-t", target or agent, "--lookahead", "1")


def shown(words: Iterable[str]) -> str:
    return " ".join(word for word in words if "://" not in word)


def afterwards(agent: str, name: str) -> list[tuple[str, ...]]:
    """Commands that ask for the session, and those that are refused."""
    asked = asking(agent)
    return [
        ("sessions", "list", "--json"), ("sessions", "show", name), ("sessions", "show", name, "--json"), ("replay", name),
        ("trace", name), ("journal", "check"), ("resume", name, "-t", agent),
        (*asked, "--engine", f"temporal://{USER}:{PASSWORD}@nowhere:1/x"), asking(agent, f"no{agent}"),
        asking(agent, agent.replace("#m", "")), (*asked, "--journal", f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/none"),
        (*asked, "--tools", f"mcp+ftp://{USER}:{PASSWORD}@127.0.0.1:1/mcp?key={QUERY}"),
    ]  # fmt: skip


def commands(place: Place) -> dict[str, str]:
    """A plan that fails in the middle, and everything that can be asked afterwards; and the files that it leaves."""
    told, agent = asyncio.run(planned(place))
    with SqliteJournal(place.journal, read_only=True) as journal:
        name = journal.sessions()[0].name
    for words in afterwards(agent, name):
        ran = place.here(*words)
        told |= {f"{shown(words)}, output": ran.out, f"{shown(words)}, errors": ran.err}
    files = [file for file in place.folder.rglob("*") if file.is_file()]
    return told | {f"file {file.name}": file.read_bytes().decode("latin-1") for file in files}


def test_no_planted_secret_is_in_what_commands_say_and_write(tmp_path: Path) -> None:
    told = commands(Keyed(tmp_path))
    assert found(told, PLANTED) == set()
    passed_on = {where for where, _ in found(told, [UNKNOWN])}
    assert {"file journal.sqlite3", "file plan.log"} <= passed_on, "errors are passed on there"
    assert sum(where.startswith("plan tea") for where in passed_on) >= 2, "in what is printed too"
    assert "file quiet.log" not in passed_on, "what is said without texts is said without errors"
    assert told["file quiet.log"]


# The server ---------------------------------------------------------------------------------------------------------


async def answers(folder: Path) -> tuple[dict[str, str], list[str]]:
    """A session whose model tells secrets, on a server with users; all that it answers, and the users' tokens."""
    told: dict[str, str] = {}
    with open_journal(str(folder / "journal.sqlite3")) as journal:
        async with (
            asyncio.timeout(GUARD_S), ModelServer(answers_then_tells) as models, team_served(folder, journal=journal) as server
        ):  # fmt: skip
            name = await begun(server, agent_at(models))
            for number, (who, method, path, body) in enumerate(asked_of(name, agent_at(models))):
                answer = await server.clients[who].ask(method, path, body=json.dumps(body).encode(), headers=JSON)
                told[f"{number}: {method} {path} ({answer.status})"] = f"{answer.body.decode()} {answer.headers}"
            return told, list(server.tokens.values())


JSON = {"content-type": "application/json"}


async def begun(server: TeamServed, agent: str) -> str:
    """A session that has come to its end."""
    wanted = {"task": "tea", "world": "free", "approximation": agent, "target": agent, "lookahead": 1}
    started = await server.clients["root"].ask("POST", "/api/sessions", body=json.dumps(wanted).encode(), headers=JSON)
    name: str = started.json["name"]
    live = server.desk.find(name)
    assert live is not None
    while not live.over:
        await live.beyond(live.n)
    return name


def asked_of(name: str, agent: str) -> list[tuple[str, str, str, Any]]:
    """Who asks what: what is told of a session, and what is refused."""
    of = f"/api/sessions/{name}"
    reads = [("wil", "GET", path, None) for path in ("/api/sessions", "/api/me", "/api/choices", f"{of}/scene", f"{of}/trace",
             f"{of}/events", f"{of}/stream", f"{of}/actions", "/healthz", "/readyz", "/metrics")]  # fmt: skip
    wrong = [
        {"task": "tea", "target": f"no{agent}"}, {"task": "tea", "target": agent.replace("#m", "")},
        {"task": "", "target": agent},
        {"task": "tea", "from": name, "target": agent, "lookahead": "x"}, {"target": 3}, [],
    ]  # fmt: skip
    starts = [("root", "POST", "/api/sessions", body) for body in wrong]
    commands = [("ada", "POST", f"{of}/commands", {"id": "1", "command": command}) for command in ("stop", "go_on", "nothing")]
    more = [("root", "GET", "/api/audit", None), ("root", "GET", f"{of}/audit", None), ("ada", "GET", "/api/audit", None),
            ("ada", "POST", "/api/sessions", {"task": "tea", "target": agent}), ("root", "GET", "/nowhere", None)]  # fmt: skip
    return [*reads, *starts, *commands, *more]


def test_no_planted_secret_is_in_what_a_server_answers_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, key in KEYS.items():
        monkeypatch.setenv(variable, key)
    told, tokens = asyncio.run(answers(tmp_path))
    told |= {f"file {file.name}": file.read_bytes().decode("latin-1") for file in tmp_path.iterdir()}
    assert found(told, [*PLANTED, *tokens]) == set()
    passed_on = {where for where, _ in found(told, [UNKNOWN])}
    assert any(where.startswith("file journal.sqlite3") for where in passed_on)
    assert any("/scene" in where for where in passed_on), "errors are passed on there"
    statuses = {where.rpartition("(")[2].rstrip(")") for where in told if "(" in where}
    assert {"200", "400", "403", "404", "409"} <= statuses


# What a step says ---------------------------------------------------------------------------------------------------


def test_the_arguments_of_a_step_are_in_the_journal_and_never_in_what_telemetry_tells_without_texts(tmp_path: Path) -> None:
    pay = Step("pay", {"api_key": KEY, "password": PASSWORD}, f"paid with {QUERY}")
    outlets = Outlets()

    async def main() -> None:
        agent = FakeAgent(lambda prefix: Step("finish") if prefix else pay.named, takes_s=0.1, name="agent")
        tools = FakeTools(Declared("pay"), observations=lambda step, done: f"paid with {QUERY}")
        with open_journal(str(tmp_path / "journal.sqlite3")) as store:
            session = plan(f"pay, the key is {KEY}", target=agent, approximation=agent, tools=tools, journal=store)
            async with outlets.telemetry.watching(session), session:
                assert (await session.result()).prefix[0] == pay

    run(main())
    told = {
        "spans": "".join(span.to_json() for span in outlets.spans),
        "prometheus": outlets.prometheus.text().decode(),
        "opentelemetry metrics": str(outlets.measured),
        "log": outlets.written.getvalue(),
    }
    assert all(told.values())
    assert found(told, PLANTED) == set()
    journal = "".join(file.read_bytes().decode("latin-1") for file in tmp_path.iterdir())
    assert found({"journal": journal}, PLANTED) == {("journal", secret) for secret in (KEY, PASSWORD, QUERY)}, "it is the plan"
