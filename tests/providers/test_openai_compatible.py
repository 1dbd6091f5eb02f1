from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from outrider.agents.agent import Meter
from outrider.agents.model import Message, Model, Reply, Request, ThoughtFirst, ToolCall, ToolSpec
from outrider.errors import (
    AccessRefused,
    BadOption,
    ContextTooLong,
    ModelMissing,
    NotNow,
    OutriderError,
    RateLimited,
    ServerTrouble,
    Unreachable,
)
from outrider.model import NOTHING_USED, Usage
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.providers.prices import Prices
from outrider.testing.model_server import Asked, ModelServer, Sends, delta, event, refuses, says

from .asking import KEY, ask, failure, served

USAGE = {"prompt_tokens": 20, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
PRICES = Prices({"m": {"prompt": 10, "cached": 1, "output": 100}})
NEVER_ENDING_PAGE = Sends(chunks=[b"<html>"], headers={"Content-Type": "text/html"}, then="silence")
END = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})


def model_at(server: ModelServer, **options: Any) -> OpenAICompatible:
    given: dict[str, Any] = {"pause_s": 0.0, "prices": PRICES, **options}
    return OpenAICompatible(server.url, "m", **given)


def replied(sends: Sends, request: Request | None = None, **options: Any) -> tuple[Reply, Usage, dict[str, Any]]:
    """The reply to one request, what it used, and the body that was sent."""

    async def test(server: ModelServer) -> tuple[Reply, Usage, dict[str, Any]]:
        model, meter = model_at(server, **options), Meter()
        reply = await model.reply(request or ask(), meter)
        await model.close()
        return reply, meter.usage, server.asked[-1].body

    return served(lambda _: sends, test)


def failed(*answers: Sends, **options: Any) -> tuple[Exception, Usage, int]:
    """The error of one request to a server that gives these answers in turn; what it used; how often it was asked."""
    left: Iterator[Sends] = iter(answers)

    async def test(server: ModelServer) -> tuple[Exception, Usage, int]:
        model, meter = model_at(server, **options), Meter()
        error = await failure(model.reply(ask(), meter))
        await model.close()
        return error, meter.usage, len(server.asked)

    return served(lambda _: next(left), test)


# Requests and replies ---------------------------------------------------------------------------------------------


def test_it_is_a_model() -> None:
    assert isinstance(OpenAICompatible("http://127.0.0.1:1/v1", "m"), Model)


def test_the_pieces_of_a_reply_are_joined_and_its_usage_is_the_servers() -> None:
    reply, usage, body = replied(says("go ", "on", usage=USAGE))
    assert reply == Reply("go on")
    cost_usd = (12 * 10 + 8 * 1 + 3 * 100) / 1_000_000
    assert usage == Usage(prompt_tokens=20, cached_tokens=8, output_tokens=3, counted="reported", cost_usd=cost_usd)
    assert body["messages"] == [{"role": "system", "content": "You plan."}, {"role": "user", "content": "next?"}]
    assert (body["stream"], body["temperature"], body["seed"], body["max_tokens"]) == (True, 0, 0, 50)
    assert body["stream_options"] == {"include_usage": True}


def test_without_a_reported_usage_it_is_estimated_and_says_so() -> None:
    _, usage, _ = replied(says("go ", "on"))
    assert usage.counted == "estimated"
    assert usage.output_tokens == 2
    assert usage.prompt_tokens > 5
    assert usage.cost_usd == pytest.approx((usage.prompt_tokens * 10 + 2 * 100) / 1e6)


def test_what_a_server_has_reported_makes_later_estimates_better() -> None:
    answers = iter([says("one", usage=USAGE | {"prompt_tokens": 777}), says("two")])

    async def test(server: ModelServer) -> int:
        model, meter = model_at(server), Meter()
        await model.reply(ask(), Meter())
        await model.reply(ask(), meter)
        await model.close()
        assert meter.usage.counted == "estimated"
        return meter.usage.prompt_tokens

    assert served(lambda _: next(answers), test) == 777


def test_a_piece_that_holds_many_words_counts_as_many_tokens() -> None:
    assert replied(says("word " * 80))[1].output_tokens == 100


@pytest.mark.parametrize(
    "usage",
    [{}, {"prompt_tokens": 12}, {"prompt_tokens": "5", "completion_tokens": 1}, {"prompt_tokens": -5, "completion_tokens": 1},
     {"prompt_tokens": 10**400, "completion_tokens": 1}, {"prompt_tokens": 1.5, "completion_tokens": 1}, {"total_tokens": 9}],
)  # fmt: skip
def test_a_report_that_makes_no_sense_is_no_report(usage: dict[str, Any]) -> None:
    assert replied(says("one two three", usage=usage))[1].counted == "estimated"


def test_a_server_that_goes_on_beyond_its_limit_is_cut_off() -> None:
    error, _, _ = failed(Sends(chunks=[delta(content="word " * 2000) for _ in range(50)]))
    assert isinstance(error, ServerTrouble)
    assert "goes on writing beyond the 50 tokens" in str(error)


def test_an_unknown_price_is_not_nothing() -> None:
    assert replied(says("x", usage=USAGE), prices=Prices())[1].cost_usd is None
    assert replied(says("x"), prices=Prices())[1].cost_usd is None


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"timings": {"prompt_n": 5, "cache_n": 7, "predicted_n": 2}}, (12, 7, 2)),
        ({"usage": {"prompt_tokens": 12, "completion_tokens": 2}, "timings": {"prompt_n": 5, "cache_n": 7}}, (12, 7, 2)),
        ({"usage": {"prompt_tokens": 12, "completion_tokens": 2, "prompt_cache_hit_tokens": 4}}, (12, 4, 2)),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 9}}}, (1, 1, 0)),
    ],
)
def test_every_servers_way_of_reporting_usage_is_read(last: dict[str, Any], expected: tuple[int, int, int]) -> None:
    _, usage, _ = replied(Sends(chunks=[delta(content="x"), END, event({"choices": [], **last})]))
    assert (usage.prompt_tokens, usage.cached_tokens, usage.output_tokens) == expected
    assert usage.counted == "reported"


def test_thoughts_of_a_reasoning_model_are_paid_for_but_are_no_part_of_the_reply() -> None:
    reply, usage, _ = replied(Sends(chunks=[delta(reasoning_content="hm"), delta(reasoning="hm"), delta(content="go"), END]))
    assert reply == Reply("go")
    assert usage.output_tokens == 3


def test_tool_calls_are_joined_by_index_and_their_arguments_read() -> None:
    chunks = [
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "fly", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"at": '}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"Rome"}'}}, {"index": 1, "function": {"arguments": None}}]),
        END,
    ]
    request = Request(messages=(Message("user", "?"),), tools=(ToolSpec("look", "Look.", {"type": "object"}),))
    reply, _, body = replied(Sends(chunks=chunks), request)
    assert reply == Reply("", (ToolCall("look", {"at": "Rome"}), ToolCall("fly", {})))
    assert body["tools"][0]["function"] == {"name": "look", "description": "Look.", "parameters": {"type": "object"}}


@pytest.mark.parametrize("arguments", ['{"at": ', "[1]", '{"x": NaN}', "[" * 9000])
def test_arguments_of_a_tool_call_that_are_no_json_object_are_the_servers_trouble(arguments: str) -> None:
    call = [{"index": 0, "function": {"name": "look", "arguments": arguments}}]
    error, usage, asked = failed(Sends(chunks=[delta(tool_calls=call), END, event({"choices": [], "usage": USAGE})]))
    assert isinstance(error, ServerTrouble)
    assert "look" in str(error)
    assert usage.prompt_tokens == 20
    assert asked == 1


def test_halves_of_a_character_in_two_chunks_become_one_and_a_lone_half_does_no_harm() -> None:
    chunks = [
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00\\ud83d"}}]}\n\n',
    ]
    assert replied(Sends(chunks=[*chunks, END]))[0].text == "\U0001f600\ufffd"


def test_text_that_is_no_unicode_can_be_sent() -> None:
    assert replied(says("ok"), ask("lone \ud83d half"))[0].text == "ok"


# Answers in a form -----------------------------------------------------------------------------------------------


CHOICE = Request(messages=(Message("user", "?"),), choices=("go on", 'say "no"'), stop=("\n",))


def test_openai_gets_choices_as_a_schema_and_the_reply_is_the_bare_choice() -> None:
    reply, _, body = replied(says('{"choice": ', '"go on"}'), CHOICE)
    assert reply == Reply("go on")
    assert body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"] == list(CHOICE.choices)
    assert "stop" not in body


def test_llama_cpp_gets_choices_as_a_grammar_and_is_kept_from_thinking() -> None:
    reply, _, body = replied(says("go on"), CHOICE, dialect="llama.cpp")
    assert reply == Reply("go on")
    assert body["grammar"] == r'root ::= "go on" | "say \"no\""'
    assert body["cache_prompt"] is True
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["stop"] == ["\n"]
    assert "response_format" not in body


def test_a_plain_server_gets_no_constraint_and_its_words_are_matched() -> None:
    reply, _, body = replied(says(" Go ON\n"), CHOICE, dialect="plain")
    assert reply == Reply("go on")
    assert not {"grammar", "response_format"} & set(body)


def test_a_thought_before_the_choice_is_kept_apart() -> None:
    thinking = Request(messages=CHOICE.messages, choices=CHOICE.choices, thought=ThoughtFirst(then=". Next: "))
    said = says("It is early. Next: go on")
    assert replied(said, thinking, dialect="llama.cpp")[0] == Reply("go on", thought="It is early")
    wrapped = says('{"thought": "It is early", "choice": "go on"}')
    assert replied(wrapped, thinking)[0] == Reply("go on", thought="It is early")


CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"to": {"type": "string"}},
    "required": ["to"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({"type": "object"}, False),
        (CLOSED | {"required": []}, False),
        (CLOSED | {"properties": {"to": {"properties": {}}}}, False),
    ],
)
def test_a_schema_is_sent_as_a_response_format_that_is_strict_where_openai_takes_it_so(
    schema: dict[str, Any], strict: bool
) -> None:
    request = Request(messages=(Message("user", "?"),), schema=schema)
    for dialect in ("openai", "llama.cpp"):
        _, _, body = replied(says("{}"), request, dialect=dialect)
        assert body["response_format"]["json_schema"] == {"name": "reply", "strict": strict, "schema": schema}
    assert "response_format" not in replied(says("{}"), request, dialect="plain")[2]


def test_a_bare_text_is_continued_under_the_schema_and_nothing_else_stops_it() -> None:
    request = Request(messages=(Message("user", "with "),), schema=CLOSED, stop=("\n",))
    text = Sends(chunks=[event({"choices": [{"text": '{"to": "Oslo"}', "finish_reason": "stop"}]})])
    reply, _, body = replied(text, request, dialect="llama.cpp-text")
    assert reply == Reply('{"to": "Oslo"}')
    assert body["json_schema"].items() >= CLOSED.items()
    assert not {"stop", "grammar", "response_format"} & set(body)


def test_llama_cpp_continues_the_assistants_own_last_message_without_thinking() -> None:
    prefilled = Request(messages=(Message("user", "?"), Message("assistant", "I will")))
    _, _, body = replied(says(" go"), prefilled, dialect="llama.cpp")
    assert body["messages"][-1] == {"role": "assistant", "content": "I will"}
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_more_fields_go_before_our_own() -> None:
    body = replied(says("x"), extra={"temperature": 1, "top_k": 1})[2]
    assert (body["temperature"], body["top_k"]) == (1, 1)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        ),
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model."),
        ("seed", "unknown field: seed"),
    ],
)
def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(parameter: str, message: str) -> None:
    def answers(asked: Asked) -> Sends:
        return refuses(400, message) if parameter in asked.body else says("ok", usage=USAGE)

    async def test(server: ModelServer) -> None:
        model, meter = model_at(server), Meter()
        assert (await model.reply(ask(), meter)).text == "ok"
        assert (await model.reply(ask(), Meter())).text == "ok"
        assert [parameter in asked.body for asked in server.asked] == [True, False, False]
        if parameter == "max_tokens":
            assert server.asked[1].body["max_completion_tokens"] == 50
        assert meter.usage.prompt_tokens == 20
        assert meter.usage.counted == "reported"
        await model.close()

    served(answers, test)


def test_one_refused_parameter_after_another_is_left_out() -> None:
    def answers(asked: Asked) -> Sends:
        refused = next((name for name in ("temperature", "max_tokens", "seed") if name in asked.body), None)
        return says("ok") if refused is None else refuses(400, f"Unsupported parameter: '{refused}'", param=refused)

    async def test(server: ModelServer) -> None:
        model = model_at(server)
        assert (await model.reply(ask(), Meter())).text == "ok"
        assert len(server.asked) == 4
        await model.close()

    served(answers, test)


# Refusals and retries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_costs_nothing(status: int) -> None:
    answers = iter([refuses(status), refuses(status, headers={"Retry-After": "0"}), says("ok", usage=USAGE)])

    async def test(server: ModelServer) -> Usage:
        model, meter = model_at(server), Meter()
        assert (await model.reply(ask(), meter)).text == "ok"
        await model.close()
        return meter.usage

    usage = served(lambda _: next(answers), test)
    assert (usage.prompt_tokens, usage.output_tokens, usage.counted) == (20, 3, "reported")


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [(401, AccessRefused, 1), (404, ModelMissing, 1), (400, ServerTrouble, 1), (429, RateLimited, 3), (503, ServerTrouble, 3)],
)
def test_a_refusal_becomes_its_error_after_its_retries_and_used_nothing(
    status: int, error: type[OutriderError], tries: int
) -> None:
    raised, usage, asked = failed(*[refuses(status)] * tries, retries=2)
    assert type(raised) is error
    assert asked == tries
    assert usage == NOTHING_USED


def test_a_prompt_that_is_too_long_is_not_sent_again() -> None:
    error, _, asked = failed(refuses(400, "too long, reduce max_tokens", code="context_length_exceeded"))
    assert isinstance(error, ContextTooLong)
    assert asked == 1


def test_a_server_that_asks_for_an_hour_is_given_up_at_once() -> None:
    error, _, asked = failed(refuses(429, headers={"Retry-After": "3600"}))
    assert isinstance(error, RateLimited)
    assert "asks to wait 3600 s; that is longer than the 60 s that are waited for: go on later" in str(error)
    assert error.retry_after_s == 3600
    assert asked == 1


def test_every_429_is_told_at_once_with_the_pause_that_the_server_asks_for() -> None:
    answers = iter([refuses(429, headers={"Retry-After": "0"}), refuses(503), refuses(429), says("ok", usage=USAGE)])
    told: list[float | None] = []

    async def test(server: ModelServer) -> None:
        model = model_at(server)
        assert (await model.reply(ask(), Meter(told.append))).text == "ok"
        await model.close()

    served(lambda _: next(answers), test)
    assert told == [0.0, None]


def test_a_broken_reply_is_asked_for_again_and_both_are_counted() -> None:
    answers = iter([says("go ", then="break"), says("go on", usage=USAGE)])

    async def test(server: ModelServer) -> Usage:
        model, meter = model_at(server), Meter()
        assert (await model.reply(ask(), meter)).text == "go on"
        await model.close()
        return meter.usage

    usage = served(lambda _: next(answers), test)
    assert usage.output_tokens == 4
    assert usage.prompt_tokens > 20
    assert usage.counted == "estimated"


@pytest.mark.parametrize("sends", [says("go ", then="break"), Sends(chunks=[delta(content="go ")]), Sends()])
def test_a_reply_that_keeps_breaking_off_is_an_error_and_no_reply(sends: Sends) -> None:
    error, usage, asked = failed(sends, sends, retries=1)
    assert isinstance(error, Unreachable)
    assert "broke the connection in mid-reply" in str(error)
    assert asked == 2
    assert usage.prompt_tokens > 0


def test_a_refusal_inside_the_stream_is_treated_as_one_before_it() -> None:
    inside = Sends(chunks=[event({"error": {"message": "overloaded", "code": 429}})])
    error, _, asked = failed(inside, inside, retries=1)
    assert isinstance(error, RateLimited)
    assert asked == 2
    error, _, _ = failed(Sends(chunks=[event({"error": {"message": "out of memory"}})]), retries=0)
    assert isinstance(error, ServerTrouble)
    assert "out of memory" in str(error)


@pytest.mark.parametrize("chunk", [b"data: {oops\n\n", b"data: 3\n\n", b'data: ["x"]\n\n'])
def test_garbage_in_the_stream_is_the_servers_trouble(chunk: bytes) -> None:
    error, usage, _ = failed(Sends(chunks=[chunk]))
    assert isinstance(error, ServerTrouble)
    assert usage.counted == "estimated"


@pytest.mark.parametrize("sends", [Sends(chunks=[b"data: {oops\n\n"], then="silence"), NEVER_ENDING_PAGE])
def test_a_reply_that_is_given_up_is_not_left_running(sends: Sends) -> None:
    async def test(server: ModelServer) -> None:
        model = model_at(server)
        assert isinstance(await failure(model.reply(ask(), Meter())), ServerTrouble)
        await server.until(lambda s: s.gone == 1 and s.under_way == 0)
        await model.close()

    served(lambda _: sends, test)


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_what_is_no_stream_of_events_is_the_servers_trouble_and_the_remedy_is_said(kind: str) -> None:
    error, _, _ = failed(Sends(chunks=[b"<html>"], headers={"Content-Type": kind}))
    assert isinstance(error, ServerTrouble)
    assert "usually ends in /v1" in str(error)


@pytest.mark.parametrize(
    "chunk", [{"choices": None}, {"choices": [3]}, {"choices": [{"delta": 3}]}, {"choices": [{"delta": {"tool_calls": [3]}}]}, {}]
)
def test_odd_chunks_that_say_nothing_are_passed_over(chunk: dict[str, Any]) -> None:
    assert replied(Sends(chunks=[event(chunk), delta(content="ok"), END]))[0] == Reply("ok")


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def test_nobody_at_the_address_is_unreachable_and_used_nothing() -> None:
    async def test() -> None:
        url, meter = f"http://127.0.0.1:{await _closed_port()}/v1", Meter()
        model = OpenAICompatible(url, "m", retries=1, pause_s=0)
        error = await failure(model.reply(ask(), meter))
        await model.close()
        assert isinstance(error, Unreachable)
        assert url in str(error)
        assert "check that the server is up" in str(error)
        assert meter.usage == NOTHING_USED

    asyncio.run(test())


def test_silence_ends_after_the_longest_that_is_allowed() -> None:
    error, usage, _ = failed(Sends(status=0, then="silence"), retries=0, idle_s=0.05)
    assert isinstance(error, Unreachable)
    assert "sent nothing for 0.05 s" in str(error)
    assert usage.prompt_tokens > 0


def test_a_whole_reply_is_given_back_though_the_server_never_ends_its_stream() -> None:
    whole = says("ok", usage=USAGE)
    assert replied(Sends(chunks=whole.chunks, then="silence"))[0] == Reply("ok")


@pytest.mark.parametrize("url", ["", "host/v1", "ftp://host/v1", "http://", "http://[bad/v1", "http://host:port/v1"])
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(BadOption, match="http"):
        OpenAICompatible(url, "m")


def test_an_unknown_dialect_and_a_key_that_cannot_be_sent_are_refused() -> None:
    with pytest.raises(BadOption, match="'latin'"):
        OpenAICompatible("http://host/v1", "m", dialect="latin")  # type: ignore[arg-type]
    with pytest.raises(BadOption) as caught:
        OpenAICompatible("http://host/v1", "m", api_key=f"{KEY}\nX-Evil: 1")
    assert KEY not in str(caught.value)


# Connections ------------------------------------------------------------------------------------------------------


def test_one_connection_serves_one_call_after_another() -> None:
    async def test(server: ModelServer) -> None:
        model = model_at(server)
        for _ in range(5):
            await model.reply(ask(), Meter())
        assert server.connections == 1
        await model.close()

    served(lambda _: says("ok", usage=USAGE), test)


def test_a_kept_connection_that_the_server_closes_just_then_is_no_failure_and_costs_nothing() -> None:
    answers = iter([says("one"), Sends(status=0, then="break"), says("two", usage=USAGE)])

    async def test(server: ModelServer) -> None:
        model, meter = model_at(server, retries=0), Meter()
        await model.reply(ask(), Meter())
        assert await model.reply(ask(), meter) == Reply("two")
        assert server.connections == 2
        assert (meter.usage.prompt_tokens, meter.usage.counted) == (20, "reported")
        await model.close()

    served(lambda _: next(answers), test)


def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure() -> None:
    error, _, asked = failed(Sends(status=0, then="break"), retries=0)
    assert isinstance(error, Unreachable)
    assert "before a reply" in str(error)
    assert asked == 1


def test_a_model_belongs_to_one_event_loop_until_it_is_closed() -> None:
    model: OpenAICompatible | None = None

    async def first(server: ModelServer) -> None:
        nonlocal model
        model = model_at(server)
        await model.reply(ask(), Meter())
        error = await asyncio.to_thread(asyncio.run, failure(model.reply(ask(), Meter())))
        assert isinstance(error, NotNow)
        await model.close()
        await model.close()
        assert isinstance(await asyncio.to_thread(asyncio.run, _asked_and_closed(model)), Reply)

    served(lambda _: says("ok"), first)


async def _asked_and_closed(model: OpenAICompatible) -> Reply:
    reply = await model.reply(ask(), Meter())
    await model.close()
    return reply


# Budgets ----------------------------------------------------------------------------------------------------------


def test_the_most_that_a_request_could_use_is_an_upper_bound_with_its_price() -> None:
    model = OpenAICompatible("http://host/v1", "m", prices=PRICES)
    most = model.most(ask("é" * 100))
    assert most.prompt_tokens >= 200
    assert most.output_tokens == 50
    assert most.counted == "estimated"
    assert most.cost_usd == pytest.approx((most.prompt_tokens * 10 + 50 * 100) / 1e6)
    assert OpenAICompatible("http://host/v1", "m").most(ask()).cost_usd is None


# Secrets ----------------------------------------------------------------------------------------------------------


def echo(status: int) -> Sends:
    """A refusal that repeats the key in the ways servers do."""
    forms = f"{KEY} {quote(KEY, safe='')} {KEY[:12]}**** Bearer {KEY} us%40er:p%2Fassword1 p/assword1 query-secret-1"
    return refuses(status, f"the request with {forms} failed", param=KEY)


PLANTED = ("planted", "secret+", "0123456789", "p%2Fassword1", "p/assword1", "query-secret")


@pytest.mark.parametrize(
    "sends",
    [
        *map(echo, (400, 401, 403, 404, 413, 429, 500)),
        Sends(chunks=[event({"error": {"message": KEY}})]),
        Sends(chunks=[b"data: " + KEY.encode() + b"\n\n"]),
        Sends(chunks=[KEY.encode()], headers={"Content-Type": f"text/{KEY}"}),
        Sends(chunks=[KEY.encode()], status=302, headers={"Location": f"http://host/{KEY}"}),
        says("x", then="break"),
    ],
)
def test_no_error_no_log_and_no_name_shows_a_secret(sends: Sends, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test(server: ModelServer) -> str:
        url = server.url.replace("http://", "http://us%40er:p%2Fassword1@") + "?key=query-secret-1"
        model = OpenAICompatible(url, "m", name=f"m {KEY}", api_key=KEY, retries=0)
        error = await failure(model.reply(ask(), Meter()))
        await model.close()
        assert server.asked[0].path == "/v1/chat/completions?key=query-secret-1"
        assert isinstance(error, OutriderError)
        return "".join([*traceback.format_exception(error), repr(error), repr(model), model.name, repr(error.__context__)])

    shown = served(lambda _: sends, test) + caplog.text
    for secret in PLANTED:
        assert secret not in shown


def test_the_key_is_sent_as_it_was_given() -> None:
    async def test(server: ModelServer) -> list[str | None]:
        seen: list[str | None] = []
        for options in ({"api_key": f" {KEY}\n"}, {}, {"headers": {"api-key": KEY}}):
            model = model_at(server, **options)
            await model.reply(ask(), Meter())
            await model.close()
            headers = server.asked[-1].headers
            seen.append(headers.get("authorization") or headers.get("api-key"))
        return seen

    assert served(lambda _: says("ok"), test) == [f"Bearer {KEY}", None, KEY]


def test_user_and_password_in_the_address_are_sent_as_basic_authorization() -> None:
    async def test(server: ModelServer) -> str:
        model = OpenAICompatible(server.url.replace("http://", "http://me:pw@"), "m")
        await model.reply(ask(), Meter())
        await model.close()
        return server.asked[0].headers["authorization"]

    assert served(lambda _: says("ok"), test) == "Basic bWU6cHc="


def test_the_refusal_of_a_key_names_where_it_comes_from() -> None:
    error, _, _ = failed(refuses(401), key_from="SOME_API_KEY", api_key=KEY)
    assert "set SOME_API_KEY" in str(error)
    assert json.dumps(str(error))
