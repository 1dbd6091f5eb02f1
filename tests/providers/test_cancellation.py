"""Every adapter is held to this: cancelling a call closes the connection, so that the server stops generating.

The server says when it has seen the connection close; nothing here waits for time to pass.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from outrider.agents.agent import Meter
from outrider.agents.model import Model
from outrider.model import Usage
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.providers.pydantic_ai import PydanticAIModel
from outrider.testing.model_server import NEVER, Asked, ModelServer, Sends, says

from .asking import KEY, ask, cancelled, served

Adapter = Callable[[ModelServer], Model]


def compatible(server: ModelServer) -> Model:
    return OpenAICompatible(server.url, "m", pause_s=0)


def vendor_openai(server: ModelServer) -> Model:
    return PydanticAIModel(OpenAIChatModel("m", provider=OpenAIProvider(base_url=server.url, api_key=KEY)), pause_s=0)


def vendor_anthropic(server: ModelServer) -> Model:
    url = server.url.removesuffix("/v1")
    return PydanticAIModel(AnthropicModel("m", provider=AnthropicProvider(base_url=url, api_key=KEY)), pause_s=0)


def anthropic_says(text: str) -> Sends:
    """The beginning of a reply in Anthropic's own form, and then silence."""
    message: dict[str, object] = {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "m",
        "stop_reason": None,
    }
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": message | {"usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
    ]
    chunks = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    return Sends(chunks=chunks, then="silence")


def begins(asked: Asked) -> Sends:
    return anthropic_says("go ") if asked.path.endswith("/messages") else says("go ", then="silence")


class WatchedMeter(Meter):
    """A meter that says when output has arrived."""

    __slots__ = ("output",)

    def __init__(self) -> None:
        super().__init__()
        self.output = asyncio.Event()

    def estimate(self, usage: Usage) -> None:
        super().estimate(usage)
        if usage.output_tokens:
            self.output.set()


adapters = pytest.mark.parametrize("adapter", [compatible, vendor_openai, vendor_anthropic])


@adapters
def test_cancelling_before_the_first_byte_closes_the_connection(adapter: Adapter) -> None:
    async def test(server: ModelServer) -> None:
        model, meter = adapter(server), Meter()
        task = asyncio.ensure_future(model.reply(ask(), meter))
        await server.until(lambda s: s.silent == 1)
        await cancelled(task)
        await server.until(lambda s: s.gone == 1 and s.under_way == 0)
        assert meter.usage.counted == "estimated"
        assert meter.usage.prompt_tokens > 0
        assert meter.usage.output_tokens == 0
        await model.close()

    served(lambda _: NEVER, test)


@adapters
def test_cancelling_in_mid_reply_closes_the_connection_and_what_arrived_is_counted(adapter: Adapter) -> None:
    async def test(server: ModelServer) -> None:
        model, meter = adapter(server), WatchedMeter()
        task = asyncio.ensure_future(model.reply(ask(), meter))
        await meter.output.wait()
        await cancelled(task)
        await server.until(lambda s: s.gone == 1 and s.under_way == 0)
        assert meter.usage.counted == "estimated"
        assert meter.usage.output_tokens > 0
        await model.close()

    served(begins, test)


@adapters
def test_cancelling_twenty_calls_at_once_closes_twenty_connections(adapter: Adapter) -> None:
    async def test(server: ModelServer) -> None:
        model = adapter(server)
        tasks = [asyncio.ensure_future(model.reply(ask(), Meter())) for _ in range(20)]
        await server.until(lambda s: s.silent == 20)
        assert server.most_under_way == 20
        for task in tasks:
            task.cancel()
        for task in tasks:
            await cancelled(task)
        await server.until(lambda s: s.gone == 20 and s.under_way == 0)
        await model.close()

    served(begins, test)


@adapters
def test_cancelling_one_call_leaves_the_others_alone(adapter: Adapter) -> None:
    async def test(server: ModelServer) -> None:
        model = adapter(server)
        first, second = (asyncio.ensure_future(model.reply(ask(), Meter())) for _ in range(2))
        await server.until(lambda s: s.silent == 2)
        await cancelled(first)
        await server.until(lambda s: s.gone == 1)
        assert server.under_way == 1
        assert not second.done()
        await cancelled(second)
        await server.until(lambda s: s.gone == 2)
        await model.close()

    served(begins, test)


@adapters
def test_a_cancelled_call_is_not_tried_again(adapter: Adapter) -> None:
    async def test(server: ModelServer) -> None:
        model = adapter(server)
        task = asyncio.ensure_future(model.reply(ask(), Meter()))
        await server.until(lambda s: s.silent == 1)
        await cancelled(task)
        await server.until(lambda s: s.gone == 1)
        await model.close()
        assert len(server.asked) == 1

    served(begins, test)


@pytest.mark.parametrize("adapter", [compatible, vendor_openai])
def test_after_a_cancelled_call_the_model_still_answers(adapter: Adapter) -> None:
    answers = iter([NEVER, says("go", usage={"prompt_tokens": 3, "completion_tokens": 1})])

    async def test(server: ModelServer) -> None:
        model = adapter(server)
        task = asyncio.ensure_future(model.reply(ask(), Meter()))
        await server.until(lambda s: s.silent == 1)
        await cancelled(task)
        assert (await model.reply(ask(), Meter())).text == "go"
        await model.close()

    served(lambda _: next(answers), test)
