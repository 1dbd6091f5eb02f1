"""The JSON of chat completions: a request's body, and the reply that is put together from a stream's chunks. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from outrider.agents.model import Reply, Request, ToolCall
from outrider.model import JSON, Usage
from outrider.providers.choices import grammar_of, is_strict, schema_of, separated, unwrapped
from outrider.providers.counting import tokens_in
from outrider.providers.likely import MOST_OTHERS, Token, likelihood, spelled, tokens_of

Dialect: TypeAlias = Literal["openai", "llama.cpp", "llama.cpp-text", "plain"]
"""How a server is told to answer in a form.

`openai`: a JSON schema. `llama.cpp`: a grammar for choices, a JSON schema for the rest. `llama.cpp-text`: likewise, and the
messages are no chat but one bare text, which the model continues. `plain`: not at all; a choice is recognised in the reply
afterwards, and a schema is left to the prompt.
"""

DONE: Final = "[DONE]"
_MOST_TOKENS: Final = 10**9
"""A report of more is nonsense."""

_UNSUPPORTED: Final = re.compile(r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|extra inputs", re.I)
_DROPPABLE: Final = ("temperature", "seed", "max_tokens", "stream_options", "top_logprobs", "logprobs")
"""What some models refuse. `max_tokens` is not dropped but goes by its newer name."""


class BadReply(Exception):
    """The stream breaks the protocol. Internal: its text still has to be cleared of secrets."""


def path_of(dialect: Dialect) -> str:
    """Where requests are posted to, below the server's address."""
    return "/completions" if dialect == "llama.cpp-text" else "/chat/completions"


def text_of(request: Request) -> str:
    """The messages as one bare text."""
    return "".join(message.text for message in request.messages)


def body_of(
    request: Request, *, model: str, dialect: Dialect, seed: int, refused: frozenset[str] = frozenset()
) -> dict[str, JSON]:
    """The body to send; without the parameters that the model ``refused`` before."""
    body: dict[str, JSON] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "seed": seed,
        "max_tokens": request.most_output_tokens,
    }
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema}}
            for tool in request.tools
        ]
    if dialect == "llama.cpp-text":
        body["prompt"] = text_of(request)
        body |= {"cache_prompt": True} | _form_of_text(request)
    else:
        body["messages"] = [{"role": message.speaker, "content": message.text} for message in request.messages]
        body |= _form(request, dialect)
    if request.rates and request.choices and dialect != "plain":
        body |= _rated(dialect)
    if request.stop and not {"response_format", "json_schema"} & body.keys():
        body["stop"] = list(request.stop)  # JSON under a schema ends by itself, and may hold what would stop it
    if "max_tokens" in refused:
        body["max_completion_tokens"] = body["max_tokens"]
    return {name: value for name, value in body.items() if name not in refused}


def _rated(dialect: Dialect) -> dict[str, JSON]:
    """What makes the server say how likely each token was."""
    if dialect == "llama.cpp-text":
        return {"logprobs": 1}
    return {"logprobs": True, "top_logprobs": MOST_OTHERS if dialect == "openai" else 1}


def _form_of_text(request: Request) -> dict[str, JSON]:
    if request.choices:
        return {"grammar": grammar_of(request, lead=" ")}
    return {} if request.schema is None else {"json_schema": request.schema | _ONE_LINE}


_ONE_LINE: Final[dict[str, JSON]] = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}
"""Has llama.cpp, where it is built with LLGuidance, write JSON in one line; elsewhere it says nothing."""


def _form(request: Request, dialect: Dialect) -> dict[str, JSON]:
    """What makes the server answer in the form that the request wants."""
    form: dict[str, JSON] = {}
    if dialect == "llama.cpp":
        form["cache_prompt"] = True
        prefilled = bool(request.messages) and request.messages[-1].speaker == "assistant"
        if request.choices or request.schema is not None or prefilled:
            # The server refuses to continue a message while the model may think, and thoughts are no choice and no JSON.
            form["chat_template_kwargs"] = {"enable_thinking": False}
        if request.choices:
            return form | {"grammar": grammar_of(request)}
    schema = schema_of(request) if request.choices else request.schema
    if schema is not None and dialect != "plain":
        name = "choice" if request.choices else "reply"
        wanted: JSON = {"name": name, "strict": is_strict(schema), "schema": schema}
        form["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return form


def refused_parameter(text: str, body: Mapping[str, JSON]) -> str | None:
    """The parameter of ``body`` that an error's body ``text`` calls unsupported, if it is one that we can do without."""
    if not _UNSUPPORTED.search(text):
        return None
    return next((name for name in _DROPPABLE if name in body and re.search(rf"\b{name}\b", text)), None)


@dataclass(slots=True)
class _Writing:
    """A tool call that is still being written."""

    name: str = ""
    arguments: str = ""


class ReplyReader:
    """Puts a reply together. ``done`` once the server has said that it is."""

    __slots__ = ("_calls", "_characters", "_finish", "_pieces", "_texts", "_tokens", "done", "refused", "usage")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: dict[int, _Writing] = {}
        self._tokens: list[Token] = []
        self._finish = ""
        self.done = False
        self._pieces = 0
        self._characters = 0
        self.usage: Usage | None = None
        self.refused: tuple[int, str] | None = None

    @property
    def tokens(self) -> int:
        """About how many output tokens have arrived."""
        return tokens_in(self._pieces, self._characters)

    @property
    def whole(self) -> bool:
        """Whether the reply has come to its end; a stream that ends before that broke."""
        return self.done or bool(self._finish)

    def take(self, data: str) -> None:
        """Take one event's data.

        Raises:
            BadReply: it is no chunk of a chat completion.
        """
        if data.strip() == DONE:
            self.done = True
            return
        chunk = _object(data)
        if chunk.get("error"):
            self.refused = (_status(chunk["error"]), data)
            return
        self.usage = _usage(chunk) or self.usage
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._choice(choices[0])

    def _choice(self, choice: dict[str, Any]) -> None:
        if choice.get("finish_reason"):
            self._finish = str(choice["finish_reason"])
        self._tokens += tokens_of(choice)
        delta = choice.get("delta", choice)
        if not isinstance(delta, dict):
            return
        if text := _text(delta, "content") or _text(delta, "text"):
            self._texts.append(text)
            self._count(text)
        elif thought := _text(delta, "reasoning_content") or _text(delta, "reasoning"):
            self._count(thought)  # paid for, though it is no part of the reply
        calls = delta.get("tool_calls")
        for i, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                self._call(call, i)

    def _count(self, text: str) -> None:
        self._pieces += 1
        self._characters += len(text)

    def _call(self, delta: dict[str, Any], i: int) -> None:
        index = delta.get("index")
        writing = self._calls.setdefault(index if isinstance(index, int) else i, _Writing())
        function = delta.get("function")
        function = function if isinstance(function, dict) else {}
        writing.name = writing.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""
        writing.arguments += text
        self._count(text)

    def reply(self, request: Request, dialect: Dialect) -> Reply:
        """The whole reply.

        Raises:
            BadReply: a tool call has no name, or its arguments are no JSON object.
        """
        text = _sound("".join(self._texts))
        calls = tuple(self._tool_call(self._calls[index]) for index in sorted(self._calls))
        if not request.choices:
            return Reply(text, calls)
        reply = unwrapped(text, request) if dialect == "openai" else separated(text, request)
        return self._rated(reply, request, dialect) if request.rates else reply

    def _rated(self, reply: Reply, request: Request, dialect: Dialect) -> Reply:
        if dialect != "openai":
            return replace(reply, likelihood=likelihood(self._tokens))
        likely, others = spelled(self._tokens, reply.text, request.choices)
        return replace(reply, likelihood=likely, others=tuple(others))

    def _tool_call(self, writing: _Writing) -> ToolCall:
        if not writing.name:
            raise BadReply("a tool call names no tool")
        try:
            return ToolCall(writing.name, _object(writing.arguments.strip() or "{}"))
        except BadReply as bad:
            cut = "; it was cut off, so allow more output tokens" if self._finish == "length" else ""
            raise BadReply(f"the arguments of the tool call {writing.name} are wrong: {bad}{cut}") from None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadReply(f"this is no JSON: {text}") from None
    if not isinstance(value, dict):
        raise BadReply(f"a JSON object was expected, not {text}")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _status(error: object) -> int:
    """The HTTP status that an error inside a stream stands for; 500 where it does not say."""
    code = error.get("code") or error.get("status") if isinstance(error, dict) else None
    return int(code) if isinstance(code, int | str) and re.fullmatch(r"[45]\d\d", str(code)) else 500


def _sound(text: str) -> str:
    """``text`` with the halves of characters that were split over two chunks joined, and lone halves replaced."""
    return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")


def _usage(chunk: dict[str, Any]) -> Usage | None:
    """What a chunk reports: in `usage`, by OpenAI's names or DeepSeek's, or in llama.cpp's `timings`.

    ``None`` unless both counts are there and make sense: nothing reported is not nothing used.
    """
    usage, timings = chunk.get("usage"), chunk.get("timings")
    cached = _count(timings, "cache_n") or 0
    if isinstance(usage, dict):
        prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        details = usage.get("prompt_tokens_details")
        cached = _count(details, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens") or cached
    elif isinstance(timings, dict):
        fresh, output = _count(timings, "prompt_n"), _count(timings, "predicted_n")
        prompt = None if fresh is None else fresh + cached
    else:
        return None
    if prompt is None or output is None:
        return None
    return Usage(prompt_tokens=prompt, cached_tokens=min(cached, prompt), output_tokens=output, counted="reported")


def _text(place: dict[str, Any], name: str) -> str:
    value = place.get(name)
    return value if isinstance(value, str) else ""


def _count(place: object, name: str) -> int | None:
    value = place.get(name) if isinstance(place, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else None
