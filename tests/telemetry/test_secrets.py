"""Planted secrets, searched for in everything that a run leaves: spans, metrics, log, journal, trace, screens and errors."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest

from outrider import plan
from outrider.agents.kinds import Direct
from outrider.errors import RunEnded
from outrider.journal import encode, open_journal
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.rules.events import Failed, Record
from outrider.telemetry import Texts
from outrider.testing.model_server import Asked, ModelServer, Sends, refuses, says
from outrider.views.lines import LinesView
from outrider.views.trace import chrome_trace
from outrider.worlds import FREE

from .watching import Outlets

GUARD_S = 60

KEY = "sk-planted-Key+with=signs/0123456789"
USER = "planted-user-31f0"
PASSWORD = "planted-password-77aa"
QUERY = "planted-query-55cd"
HEADER = "planted-header-90be"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PLANTED = (KEY, USER, PASSWORD, QUERY, HEADER, BASIC)
MARK = "not like that:"
TASK = "A private task about lemon tea"


def tells_everything(asked: Asked) -> Sends:
    """A server that puts whatever it was sent into its error, in a refusal whose text is passed on."""
    return refuses(
        400, f"{MARK} {' '.join((asked.headers.get('authorization', ''), asked.headers.get('x-api-key', ''), asked.path))}"
    )


def answers_then_tells(asked: Asked) -> Sends:
    """It plans two steps; asked for the third, it tells what it knows."""
    said = asked.prompt.count("Boil water")
    return tells_everything(asked) if said > 1 else says("Boil water", usage={"prompt_tokens": 30, "completion_tokens": 2})


def keyed(server: ModelServer) -> OpenAICompatible:
    """A model whose server wants a key, and a header of its own."""
    return OpenAICompatible(server.url, "m", api_key=KEY, headers={"X-Api-Key": HEADER}, retries=0)


def addressed(server: ModelServer) -> OpenAICompatible:
    """A model with its secrets in the address."""
    host = server.url.removeprefix("http://")
    return OpenAICompatible(f"http://{USER}:{PASSWORD}@{host}?api-key={QUERY}", "m", api_key=KEY, retries=0)


def sent(*servers: ModelServer) -> str:
    """What was on the wire."""
    return "".join(f"{asked.path} {dict(asked.headers)}" for server in servers for asked in server.asked)


def ran(outlets: Outlets, journal: Path) -> tuple[list[Record], str]:
    """A run against a server that gives its clients' secrets away; the records, and the error that ended it."""

    async def main() -> tuple[list[Record], str]:
        error = ""
        async with asyncio.timeout(GUARD_S), ModelServer(answers_then_tells) as target, ModelServer(tells_everything) as draft:
            asked, drafts = keyed(target), addressed(draft)
            with open_journal(str(journal)) as store:
                session = plan(TASK, target=Direct(asked, FREE), approximation=Direct(drafts, FREE), journal=store)
                async with outlets.telemetry.watching(session), session, session.events() as events:
                    records = [record async for record in events]
                with suppress(RunEnded):
                    try:
                        await session.result()
                    except RunEnded as ended:
                        error = str(ended)
                        raise
            await asked.close()
            await drafts.close()
            assert all(secret in sent(target, draft) for secret in (KEY, BASIC, QUERY, HEADER)), "they were sent"
        return records, error

    return asyncio.run(main())


def left(outlets: Outlets, journal: Path, records: list[Record], error: str) -> dict[str, str]:
    """Everything that can be read afterwards, by what it is."""
    lines: list[str] = []
    view = LinesView(lines.append)
    for record in records:
        view.receive(record)
    view.close()
    return {
        "spans": "".join(span.to_json() for span in outlets.spans),
        "prometheus": outlets.prometheus.text().decode(),
        "opentelemetry metrics": str(outlets.measured),
        "log": outlets.written.getvalue(),
        "journal": "".join(file.read_bytes().decode("latin-1") for file in journal.parent.iterdir()),
        "trace": json.dumps(chrome_trace(records)),
        "events": json.dumps([encode(record) for record in records]),
        "lines": "\n".join(lines),
        "error": error,
    }


@pytest.mark.parametrize("texts", [False, True], ids=["without texts", "with texts"])
def test_no_planted_secret_is_in_anything_that_a_run_leaves(
    texts: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    outlets = Outlets(Texts(wanted=texts))
    records, error = ran(outlets, tmp_path / "journal.sqlite3")
    told = left(outlets, tmp_path / "journal.sqlite3", records, error) | {"other logs": caplog.text}
    assert all(told.values()), "each of them says something"
    failed = [record.event.error for record in records if isinstance(record.event, Failed)]
    assert failed, "calls failed"
    assert all(MARK in error and "[hidden]" in error for error in failed), "the server's own words are passed on, but for secrets"
    found = [(where, secret) for where, text in told.items() for secret in PLANTED if secret in text]
    assert found == []


OURS = ("spans", "prometheus", "opentelemetry metrics", "log")
"""What telemetry itself writes."""


def test_no_task_is_in_what_is_seen_from_outside(tmp_path: Path) -> None:
    outlets = Outlets()
    records, error = ran(outlets, tmp_path / "journal.sqlite3")
    told = left(outlets, tmp_path / "journal.sqlite3", records, error)
    for where in OURS:
        assert "lemon" not in told[where]
        assert "Boil" not in told[where]
