from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models import Model as VendorModel
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.openai import OpenAIProvider

from outrider.agents.agent import Meter
from outrider.agents.model import Message, Model, Reply, Request, ThoughtFirst, ToolCall, ToolSpec
from outrider.errors import (
    AccessRefused,
    ContextTooLong,
    ModelMissing,
    OutriderError,
    RateLimited,
    ServerTrouble,
    UnknownName,
    Unreachable,
)
from outrider.model import NOTHING_USED, Usage
from outrider.providers.prices import Prices
from outrider.providers.pydantic_ai import PydanticAIModel
from outrider.testing.model_server import Asked, ModelServer, Sends, refuses, says

from .asking import KEY, ask, failure, served

Result = TypeVar("Result")
USAGE = {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23, "prompt_tokens_details": {"cached_tokens": 8}}
CHOICE = Request(messages=(Message("user", "?"),), choices=("go on", "stay"))


def replied(model: VendorModel, request: Request | None = None) -> tuple[Reply, Usage]:
    async def test() -> tuple[Reply, Usage]:
        ours, meter = PydanticAIModel(model, pause_s=0), Meter()
        reply = await ours.reply(request or ask(), meter)
        await ours.close()
        return reply, meter.usage

    return asyncio.run(test())


def over_http(
    answers: Callable[[Asked], Sends], test: Callable[[PydanticAIModel, ModelServer], Coroutine[Any, Any, Result]], **options: Any
) -> Result:
    """Run ``test`` with a model of pydantic-ai that speaks to a server of its own."""

    async def connected(server: ModelServer) -> Result:
        vendor = OpenAIChatModel("m", provider=OpenAIProvider(base_url=server.url, api_key=KEY))
        given: dict[str, Any] = {"pause_s": 0, **options}
        model = PydanticAIModel(vendor, **given)
        result = await test(model, server)
        await model.close()
        return result

    return served(answers, connected)


def test_it_is_a_model() -> None:
    assert isinstance(PydanticAIModel(TestModel()), Model)


def test_a_reply_and_its_usage_come_from_the_stream() -> None:
    reply, usage = replied(TestModel(custom_output_text="go on"))
    assert reply == Reply("go on")
    assert usage.counted == "reported"
    assert usage.prompt_tokens > 0
    assert usage.output_tokens > 0
    assert usage.cost_usd is None


def test_system_user_and_assistant_are_told_apart() -> None:
    seen: list[ModelMessage] = []

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        seen.extend(messages)
        yield "ok"

    said = (Message("system", "S"), Message("user", "U"), Message("assistant", "A"), Message("user", "V"))
    replied(FunctionModel(stream_function=stream), Request(messages=said))
    assert [type(message) for message in seen] == [ModelRequest, ModelResponse, ModelRequest]
    assert [part.part_kind for message in seen for part in message.parts] == [
        "system-prompt",
        "user-prompt",
        "text",
        "user-prompt",
    ]


def test_choices_are_recognised_where_no_schema_can_be_enforced() -> None:
    assert replied(TestModel(custom_output_text=" Go On "), CHOICE)[0] == Reply("go on")
    thinking = Request(messages=CHOICE.messages, choices=CHOICE.choices, thought=ThoughtFirst(then=". Next: "))
    assert replied(TestModel(custom_output_text="Late. Next: stay"), thinking)[0] == Reply("stay", thought="Late")


async def _calls_look(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[DeltaToolCalls]:
    assert [tool.name for tool in info.function_tools] == ["look"]
    yield {0: DeltaToolCall(name="look", json_args='{"at": ')}
    yield {0: DeltaToolCall(json_args='"Rome"}')}


async def _calls_nonsense(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[DeltaToolCalls]:
    yield {0: DeltaToolCall(name="look", json_args='{"at": ')}


def test_tool_calls_are_read() -> None:
    tools = (ToolSpec("look", "Look.", {"type": "object", "properties": {}}),)
    request = Request(messages=(Message("user", "?"),), tools=tools)
    assert replied(FunctionModel(stream_function=_calls_look), request)[0].calls == (ToolCall("look", {"at": "Rome"}),)
    with pytest.raises(ServerTrouble, match="look"):
        replied(FunctionModel(stream_function=_calls_nonsense), request)


def test_over_http_usage_counts_the_cached_tokens_and_choices_are_a_schema() -> None:
    async def test(model: PydanticAIModel, server: ModelServer) -> None:
        meter = Meter()
        assert await model.reply(CHOICE, meter) == Reply("stay")
        body = server.asked[0].body
        assert body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"] == ["go on", "stay"]
        assert body["temperature"] == 0
        expected = Usage(prompt_tokens=20, cached_tokens=8, output_tokens=3, counted="reported", cost_usd=0.0)
        assert meter.usage == expected

    over_http(lambda _: says('{"choice": "stay"}', usage=USAGE), test, prices=Prices({"m": "free"}))


def test_without_a_reported_usage_it_is_estimated_and_says_so() -> None:
    async def test(model: PydanticAIModel, server: ModelServer) -> None:
        meter = Meter()
        await model.reply(ask(), meter)
        assert meter.usage.counted == "estimated"
        assert meter.usage.prompt_tokens > 0
        assert meter.usage.output_tokens > 0

    over_http(lambda _: says("go ", "on"), test)


@pytest.mark.parametrize(
    ("sends", "error", "tries"),
    [
        (refuses(401, f"bad key {KEY}"), AccessRefused, 1),
        (refuses(404, f"no {KEY}"), ModelMissing, 1),
        (refuses(400, f"too long {KEY}", code="context_length_exceeded"), ContextTooLong, 1),
        (refuses(400, f"odd {KEY}"), ServerTrouble, 1),
        (refuses(429, f"slow down {KEY}"), RateLimited, 3),
        (refuses(503, f"busy {KEY}", headers={"Retry-After": "0"}), ServerTrouble, 3),
        (refuses(429, headers={"Retry-After": "3600"}), RateLimited, 1),
    ],
)
def test_a_vendors_refusal_becomes_its_error_without_secrets(sends: Sends, error: type[OutriderError], tries: int) -> None:
    async def test(model: PydanticAIModel, server: ModelServer) -> None:
        meter = Meter()
        raised = await failure(model.reply(ask(), meter))
        assert type(raised) is error
        assert len(server.asked) == tries
        assert "planted" not in "".join([*traceback.format_exception(raised), repr(raised.__context__), repr(model), model.name])
        assert meter.usage == NOTHING_USED

    over_http(lambda _: sends, test, retries=2)


@pytest.mark.parametrize("sends", [says("go ", then="break"), Sends(status=0, then="break")])
def test_a_broken_connection_is_tried_again_and_then_unreachable(sends: Sends) -> None:
    async def test(model: PydanticAIModel, server: ModelServer) -> None:
        error = await failure(model.reply(ask(), Meter()))
        assert isinstance(error, Unreachable)
        assert len(server.asked) == 2

    over_http(lambda _: sends, test, retries=1)


def test_the_most_that_a_request_could_use_is_an_upper_bound() -> None:
    most = PydanticAIModel(TestModel()).most(ask("é" * 100))
    assert most.prompt_tokens >= 200
    assert (most.output_tokens, most.counted, most.cost_usd) == (50, "estimated", None)


def test_a_missing_key_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(AccessRefused, match="ANTHROPIC_API_KEY"):
        PydanticAIModel("anthropic:claude-haiku-4-5")


def test_a_named_model_has_the_price_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    model = PydanticAIModel("anthropic:claude-haiku-4-5", name="haiku")
    assert model.name == "haiku"
    assert model.most(ask()).cost_usd is not None


@pytest.mark.parametrize("name", ["no-such-vendor:model", "nothing"])
def test_a_model_of_no_vendor_is_unknown(name: str) -> None:
    with pytest.raises(UnknownName, match=name):
        PydanticAIModel(name)


def test_without_the_package_the_remedy_is_said() -> None:
    code = (
        "import sys; sys.modules['pydantic_ai'] = None\n"
        "try:\n    import outrider.providers.pydantic_ai\n"
        "except Exception as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("BadOption")
    assert "pip install 'outrider[vendors]'" in done.stdout
