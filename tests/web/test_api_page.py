"""docs/api.md says what the server does: its examples are asked one after another, its tables compared."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from outrider import errors
from outrider.journal import JournalStore, MemoryJournal
from outrider.testing import run
from outrider.views.scene import Watch
from outrider.web.answers import kind_of, status_of
from outrider.web.commands import FIELDS
from outrider.web.scenes import drawn
from outrider.web.users import Allowance

from .asking import PLAN, Client, Event, served
from .teams import TeamServed, team_served

PAGE = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^(?:<!-- (?:(?P<later_s>[0-9.]+) s later|(?P<where>in another server|on a server with users|on that server),"
    r" [^\n]*) -->\n\n)?"
    r"```http\n(?P<verb>GET|POST) (?P<url>\S+)\n(?P<body>.*?)\n?\n"
    r"(?P<status>\d+)\n(?P<said>.*?)^```$",
    re.M | re.S,
)
ELSE = "…"


def matches(written: Any, said: Any) -> bool:
    """Whether what was ``said`` is what is written; … stands for anything, and for any further entries."""
    match written:
        case "…":
            return True
        case dict():
            names = written.keys() - {ELSE}
            complete = ELSE in written or names == said.keys()
            return complete and all(name in said and matches(written[name], said[name]) for name in names)
        case list() if written and written[-1] == ELSE:
            return len(said) >= len(written) - 1 and all(map(matches, written[:-1], said))
        case list():
            return len(written) == len(said) and all(map(matches, written, said))
        case _:
            return bool(written == said)


def events_in(text: str) -> Iterator[Event]:
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        yield Event(fields.get("id"), fields.get("event", "message"), fields["data"])


async def check(client: Client, example: re.Match[str], names: dict[str, str]) -> None:
    """Ask what the example asks, and compare. ``names`` are the sessions' real ones."""
    url = re.sub(r"[0-9a-f]{8}", lambda found: names[found[0]], example["url"])
    if example["said"].startswith("id:"):
        async with client.listening(url) as listener:
            for written in events_in(example["said"]):
                event = await listener.next()
                assert (event.id, event.event) == (written.id, written.event)
                assert matches(written.json, event.json), event.data
        return
    said = await client.ask(example["verb"], url, body=example["body"].encode(), headers={"content-type": "application/json"})
    assert said.status == int(example["status"])
    written = json.loads(example["said"])
    if "name" in written:
        names[written["name"]] = said.json["name"]
    text = said.body.decode()
    for known, real in names.items():
        text = text.replace(real, known)
    assert matches(written, json.loads(text)), text


def test_the_examples_on_the_page_are_what_the_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"task": "Make tea", "at": at, "target": action, "target_s": 4.0, "draft": action, "draft_s": 1.0}
        for at, action in enumerate((*PLAN, "TERMINATE"))
    ]
    (tmp_path / "tea.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        names: dict[str, str] = {}
        async with contextlib.AsyncExitStack() as servers:
            server = await servers.enter_async_context(served())
            desk, client = server.desk, server.client
            for example in examples:
                await asyncio.sleep(float(example["later_s"] or 0))
                match example["where"]:
                    case "in another server":
                        server = await servers.enter_async_context(served(killed(server.journal)))
                        desk, client = server.desk, server.client
                    case "on a server with users":
                        team = await servers.enter_async_context(a_team(tmp_path))
                        desk, client = team.desk, team.clients["ada"]
                    case "on that server":
                        desk.draining.set()
                    case _:
                        pass
                await check(client, example, names)

    examples = list(EXAMPLE.finditer(PAGE))
    assert len(examples) == PAGE.count("```http") == 18
    run(main())


def killed(journal: JournalStore) -> MemoryJournal:
    """What a server that is killed now leaves of the one session that it runs."""
    left = MemoryJournal()
    (entry,) = journal.sessions()
    left.append(entry.name, journal.read(entry.name)[:12])
    return left


def a_team(folder: Path) -> AbstractAsyncContextManager[TeamServed]:
    return team_served(folder, allowance=Allowance(tokens=1000), agents=("recorded:tea.jsonl",))


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")][2:]


def named(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", cell)


def test_the_scenes_fields_on_the_page_are_those_it_has() -> None:
    rows = rows_under("The scene")
    names = {name for row in rows for name in named(row[0])} | {"drafts_by"}
    assert names == set(drawn(Watch()))


def test_the_commands_on_the_page_are_those_there_are() -> None:
    assert {named(row[0])[0]: set(named(row[1])) for row in rows_under("Commands")} == {
        name: set(fields) for name, fields in FIELDS.items()
    }


def test_the_kinds_of_error_on_the_page_have_their_status() -> None:
    classes = {
        kind_of(kind("")): kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OutriderError)
    }
    for statuses, kinds, _ in rows_under("Errors"):
        for name in named(kinds):
            if name in classes:
                assert str(status_of(classes[name](""))) in statuses, name
            else:
                assert name in {
                    "no_token", "wrong_token", "foreign_host", "foreign_origin", "no_origin", "not_found", "method_not_allowed",
                    "too_large", "not_json", "bug",
                }  # fmt: skip
