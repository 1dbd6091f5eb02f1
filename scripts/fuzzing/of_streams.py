"""What model servers send: streams of events cut anywhere, the chunks of a completion, refusals, and whole HTTP answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider.agents.agent import Meter
from outrider.agents.model import Message, Request, ThoughtFirst, ToolSpec
from outrider.errors import ProviderError, ServerTrouble
from outrider.model import Usage
from outrider.providers.chat import BadReply, Dialect, ReplyReader, body_of, refused_parameter
from outrider.providers.choices import separated, unwrapped
from outrider.providers.counting import Gauge, Tally
from outrider.providers.redaction import Secrets
from outrider.providers.sse import EventParser
from outrider.providers.trouble import Origin, refusal

KEY: Final = "sk-planted-Key+with=signs/0123456789"
CHOICES: Final = ("Colorization", "Image Super Resolution", "finish", 'odd "one"\n', "é")
ASKED: Final = (
    Request(messages=(Message("user", "What next?"),)),
    Request(messages=(Message("user", "What next?"),), choices=CHOICES, rates=True),
    Request(messages=(Message("user", "What next?"),), choices=CHOICES, thought=ThoughtFirst(), rates=True),
    Request(messages=(Message("user", "What next?"),), schema={"type": "object", "properties": {"to": {"type": "string"}}}),
    Request(messages=(Message("user", "What next?"),), tools=(ToolSpec("search", "searches", {"type": "object"}),)),
)
DIALECTS: Final[tuple[Dialect, ...]] = ("openai", "llama.cpp", "llama.cpp-text", "plain")


def _token(text: str, *others: str) -> dict[str, Any]:
    tops = [{"token": other, "logprob": -2.0} for other in others]
    return {"token": text, "logprob": -0.25, "bytes": [1], "top_logprobs": [{"token": text, "logprob": -0.25}, *tops]}


_SPELLED: Final = [_token('{"choice": "'), _token("fin", "Color", "Image", "x"), _token("ish", "ally"), _token('"}')]
USAGE: Final = {
    "prompt_tokens": 50,
    "completion_tokens": 9,
    "total_tokens": 59,
    "prompt_tokens_details": {"cached_tokens": 20},
    "prompt_cache_hit_tokens": 3,
}


def _delta(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _called(arguments: str, **more: Any) -> dict[str, Any]:
    return {"index": 0, "id": "t1", "type": "function", "function": {"arguments": arguments, **more}}


STREAMS: Final[tuple[tuple[Any, ...], ...]] = (
    (
        _delta(role="assistant", content=""),
        _delta(content="Image Super"),
        _delta(content=" Resolution"),
        _delta("stop"),
        {"choices": [], "usage": USAGE},
    ),
    (
        _delta(content='{"choice": "fin'),
        {"choices": [{"delta": {"content": 'ish"}'}, "logprobs": {"content": _SPELLED}}]},
        _delta("stop"),
    ),
    (_delta(content='{"thought": "It is grey", "choice": "Colorization"}'), {**_delta("stop"), "usage": USAGE}),
    (_delta(reasoning_content="Hm"), _delta(content="It is grey. Next: Colorization"), _delta("length")),
    (
        _delta(tool_calls=[_called("", name="search")]),
        _delta(tool_calls=[_called('{"to": "Os')]),
        _delta(tool_calls=[_called('lo"}')]),
        _delta("tool_calls"),
    ),
    ({"choices": [{"text": " finish", "finish_reason": "stop"}], "timings": {"prompt_n": 5, "predicted_n": 3, "cache_n": 40}},),
    (_delta(content="Colo"), {"error": {"message": f"overloaded, you sent {KEY}", "code": 429, "type": "server_error"}}),
    (_delta(content="\ud83c"), _delta(content="\udf0d"), _delta("stop")),
)
REFUSALS: Final = (
    {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error", "code": "invalid_api_key"}},
    {
        "error": {
            "message": "Unsupported parameter: 'max_tokens' is not supported",
            "param": "max_tokens",
            "code": "unsupported_parameter",
        }
    },
    {"error": "model 'm' not found"},
    {"detail": [{"loc": ["body"], "msg": "extra inputs are not permitted: seed"}]},
    {"message": "maximum context length is 4096 tokens", "object": "error"},
    {"error": {"code": 429, "message": "insufficient_quota"}},
)
HEADERS: Final = {"retry-after": "2.5", "date": "Sun, 06 Nov 1994 08:49:37 GMT", "content-type": "application/json", "x": "y"}
STATUSES: Final = (400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529, 302, 418, 599)
ORIGIN: Final = Origin(model="m", where="http://host/v1", secrets=Secrets([KEY]))


class Streams:
    """The parsers between a socket and a reply."""

    def events(self, spoiler: Spoiler) -> None:
        """Wherever a stream is cut, the same events come out."""
        data = self._stream(spoiler)
        whole = EventParser()
        at_once = [*whole.feed(data), *whole.end()]
        parser = EventParser()
        found = [event for piece in self._pieces(data, spoiler) for event in parser.feed(piece)]
        holds([*found, *parser.end()] == at_once, "a stream that is cut elsewhere has other events")

    def reply(self, spoiler: Spoiler) -> None:
        """A stream is a reply, or is refused; a refusal inside it hides secrets."""
        request, dialect = spoiler.one_of(ASKED), spoiler.one_of(DIALECTS)
        events, reader, meter = EventParser(), ReplyReader(), Meter()
        tally = Tally(request, meter, lambda usage: 0.001 * usage.output_tokens, Gauge())
        tally.sent()
        for event in [*events.feed(self._stream(spoiler)), *events.end()]:
            reader.take(event)
            tally.output(reader.tokens)
            if reader.refused is not None:
                raise self._refused(*reader.refused)
        tally.settle(reader.usage)
        self._check(meter.usage)
        told = reader.reply(request, dialect)
        holds(all(isinstance(call.name, str) and isinstance(call.arguments, dict) for call in told.calls), "a call is none")
        for likelihood in (told.likelihood, *(likely for _, likely in told.others)):
            holds(likelihood is None or likelihood >= 0, f"a likelihood is {likelihood}")

    def _check(self, usage: Usage) -> None:
        counts = (usage.prompt_tokens, usage.cached_tokens, usage.output_tokens)
        holds(all(type(count) is int and count >= 0 for count in counts), "a count is none")
        holds(usage.cached_tokens <= usage.prompt_tokens or usage.prompt_tokens == 0, "more is cached than was sent")

    def _refused(self, status: int, text: str) -> ProviderError:
        error = refusal(status, text, ORIGIN, {}).error
        holds(KEY not in str(error), "a refusal tells the key")
        return error

    def refused(self, spoiler: Spoiler) -> None:
        """Whatever a server refuses with is an error of ours that hides what was secret."""
        text = spoiler.json(spoiler.one_of(REFUSALS), REFUSALS)
        headers = {name: spoiler.odd_text(value) if spoiler.rarely(0.3) else value for name, value in HEADERS.items()}
        setback = refusal(spoiler.one_of(STATUSES), text, ORIGIN, headers)
        holds(KEY not in str(setback.error), "a refusal tells the key")
        holds(setback.after_s is None or setback.after_s >= 0, f"a pause of {setback.after_s} s")
        request, dialect = spoiler.one_of(ASKED), spoiler.one_of(DIALECTS)
        body = body_of(request, model="m", dialect=dialect, seed=0)
        if (refused := refused_parameter(text, body)) is not None:
            body_of(request, model="m", dialect=dialect, seed=0, refused=frozenset({refused}))
        raise setback.error

    def choice(self, spoiler: Spoiler) -> None:
        """The choice in a text, and the thought before it."""
        choices = [
            '{"thought": "It is grey", "choice": "Colorization"}', '{"choice": "finish"}', "It is grey. Next: Colorization",
            " colorization.", "finish",
        ]  # fmt: skip
        text = spoiler.text(spoiler.one_of(choices), choices)
        for read in (unwrapped, separated):
            told = read(text, spoiler.one_of(ASKED[1:3]))
            holds(isinstance(told.text, str) and isinstance(told.thought, str), "a choice is no text")

    def _stream(self, spoiler: Spoiler) -> bytes:
        """A stream of which some chunk is spoilt, or the bytes."""
        chunks = spoiler.one_of(STREAMS)
        spoilt = spoiler.dice.randrange(len(chunks))
        texts = [spoiler.json(chunk, STREAMS[1]) if i == spoilt else json.dumps(chunk) for i, chunk in enumerate(chunks)]
        end = spoiler.one_of(("\n\n", "\r\n\r\n", "\r\r", "\n", ""))
        told = "".join(f"data: {text}{end or chr(10) * 2}" for text in texts) + f"data: [DONE]{end}"
        data = told.encode("utf-8", "surrogatepass")
        if spoiler.rarely(0.3):
            data = spoiler.data(data)
        spoiler.last = data
        return data

    def _pieces(self, data: bytes, spoiler: Spoiler) -> list[bytes]:
        pieces, at = [], 0
        while at < len(data):
            size = spoiler.dice.choice((1, 2, 7, 30, 200))
            pieces.append(data[at : at + size])
            at += size
        return pieces


def targets(folder: Path) -> list[Target]:
    """The parsers of what model servers send."""
    of = Streams()
    return [
        Target(name="events", group="streams", parts=6, feed=of.events, refuses=(ServerTrouble,)),
        Target(name="replies of servers", group="streams", parts=16, feed=of.reply, refuses=(BadReply, ProviderError)),
        Target(name="refusals of servers", group="streams", parts=4, feed=of.refused, refuses=(ProviderError,)),
        Target(name="choices", group="streams", parts=5, feed=of.choice, refuses=()),
    ]
