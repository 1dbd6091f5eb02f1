"""Planted secrets, searched for in what the engine keeps for ever: a session's whole history."""

from __future__ import annotations

import asyncio
import base64

import pytest

from outrider.agents.kinds import Direct
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.testing.dev_server import DevServer
from outrider.testing.model_server import Asked, ModelServer, Sends, refuses, says
from outrider.worlds import FREE

from .engines import Given, engine_on, ready, recorded, served
from .test_sessions import handle_of

pytestmark = pytest.mark.asyncio

GUARD_S = 100
KEY = "sk-planted-Key+with=signs/0123456789"
HEADER = "planted-header-90be"
UNKNOWN = "swordfish-7331"
"""What the server tells and nobody can know to be a secret."""


def answers_then_tells(asked: Asked) -> Sends:
    """It plans a step; asked for the next, it tells all it was sent."""
    if "Boil water" not in asked.prompt.partition("Task")[2] and asked.prompt.count("Boil water") <= 1:
        return says("Boil water", usage={"prompt_tokens": 30, "completion_tokens": 2})
    return refuses(400, f"{UNKNOWN} {asked.headers.get('authorization', '')} {asked.headers.get('x-api-key', '')}")


def forms(secret: str) -> tuple[str, ...]:
    return secret, base64.b64encode(secret.encode()).decode().rstrip("=")


async def test_no_planted_secret_is_in_a_sessions_history(server: DevServer) -> None:
    engine = await engine_on(server)
    async with asyncio.timeout(GUARD_S), ModelServer(answers_then_tells) as models:
        # Nobody closes a model that lives in a worker's thread: so its connections close themselves.
        model = OpenAICompatible(models.url, "m", api_key=KEY, headers={"X-Api-Key": HEADER, "Connection": "close"}, retries=0)
        async with served(engine, Given({"approximation": Direct(model, FREE), "target": Direct(model, FREE)})):
            session = (await ready(engine, lookahead=1)).session()
            records = await recorded(session)
        assert any(KEY in str(asked.headers) and HEADER in str(asked.headers) for asked in models.asked), "they were sent"
    assert records[-1].event.kind == "finished"
    history = await handle_of(engine, session.name).fetch_history()
    kept = b"".join(event.SerializeToString() for event in history.events).decode("latin-1") + history.to_json()
    assert any(form in kept for form in forms(UNKNOWN)), "the server's own words are passed on"
    assert [secret for secret in (KEY, HEADER) for form in forms(secret) if form in kept] == []
