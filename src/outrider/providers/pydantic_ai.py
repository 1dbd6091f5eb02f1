"""Anthropic, Google, Bedrock and every other vendor that pydantic-ai knows. Needs ``pip install 'outrider[vendors]'``."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from outrider.agents.agent import Meter
from outrider.agents.model import Message, Reply, Request, ToolCall, Writing
from outrider.errors import AccessRefused, BadOption, ContextTooLong, ProviderError, ServerTrouble, UnknownName, Unreachable
from outrider.model import Usage
from outrider.providers.choices import is_strict, schema_of, separated, unwrapped
from outrider.providers.counting import Gauge, Tally, most, tokens_in
from outrider.providers.prices import Prices
from outrider.providers.redaction import Secrets, shown_url
from outrider.providers.trouble import IDLE_S, Origin, Patience, Setback, refusal

try:
    from pydantic_ai import exceptions
    from pydantic_ai import messages as said
    from pydantic_ai.direct import model_request_stream
    from pydantic_ai.models import Model as VendorModel
    from pydantic_ai.models import ModelRequestParameters, StreamedResponse, infer_model
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition
except ImportError as _missing:
    raise BadOption("this vendor needs pydantic-ai; run pip install 'outrider[vendors]'") from _missing


class PydanticAIModel:
    """A model that pydantic-ai knows, such as ``anthropic:claude-haiku-4-5``. The key comes from the vendor's own variable.

    Where the model can answer under a JSON schema, choices and schemas are enforced; elsewhere a choice is recognised in the
    reply's text, and a schema is left to the prompt. Retries are ours and the vendor's client makes none, so that every
    attempt is counted.

    It belongs to the event loop it is first used in; after ``close`` it may be used in another.

    Args:
        model: a name in the form ``vendor:model``, or a model of pydantic-ai.
        name: what journals and screens call it.
        prices: what tokens cost.
        retries: how often a request that was refused for a while, or broke off, is tried again.
        pause_s: the pause before the first retry, doubled for each later one.
        jitter: gives numbers from 0 to 1, which shorten the pauses.
        idle_s: the longest silence, in seconds, where the vendor's client lets us say so.

    Raises:
        UnknownName: no vendor has such a model.
        AccessRefused: the vendor's key is missing.
        BadOption: a package that the vendor needs is missing.
    """

    writing: Writing = "chat"

    def __init__(
        self,
        model: str | VendorModel,
        *,
        name: str | None = None,
        prices: Prices | None = None,
        retries: int = 3,
        pause_s: float = 0.5,
        jitter: Callable[[], float] = random.random,
        idle_s: float = IDLE_S,
    ) -> None:
        secrets = Secrets.of_environment()
        self._model = _inferred(model, secrets) if isinstance(model, str) else model
        self.name: str = secrets.hide(name or (model if isinstance(model, str) else f"{model.system}:{model.model_name}"))
        self._origin = _origin(self._model, secrets)
        self.server: str = f"{self._origin.where} {self._origin.model}"
        self._priced_as = model if isinstance(model, str) else model.model_name
        self._priced_at = None if isinstance(model, str) else model.base_url
        self._prices = prices or Prices()
        self._patience = Patience(retries=retries, pause_s=pause_s, jitter=jitter)
        self._idle_s = idle_s
        self._gauge = Gauge()
        self._open = False

    def __repr__(self) -> str:
        return f"PydanticAIModel({self.name!r})"

    async def reply(self, request: Request, meter: Meter) -> Reply:
        """The reply to ``request``; see ``outrider.agents.model.Model``.

        Raises:
            ProviderError: there is no reply; retries are over by then.
        """
        if not self._open:
            self._open = True
            await self._model.__aenter__()
        return await self._patience.persist(lambda: self._attempt(request, meter), meter.refused)

    def most(self, request: Request) -> Usage:
        """The most that one attempt at ``request`` could consume."""
        return most(request, self._cost_usd)

    async def close(self) -> None:
        """Close the connections of the vendor's client."""
        if self._open:
            self._open = False
            await self._model.__aexit__(None, None, None)

    def _cost_usd(self, usage: Usage) -> float | None:
        return self._prices.cost_usd(usage, self._priced_as, url=self._priced_at)

    async def _attempt(self, request: Request, meter: Meter) -> Reply:
        tally = Tally(request, meter, self._cost_usd, self._gauge)
        try:
            response = await self._stream(request, tally)
        except exceptions.ModelHTTPError as error:
            tally.settle() if error.in_stream else tally.refused()
            raise _refusal(error, self._origin) from None
        except Exception as error:  # whatever the vendor's package raises stops here
            tally.settle()
            raise _setback(error, self._origin) from None
        tally.settle(_reported(response))
        return _reply(response, request)

    async def _stream(self, request: Request, tally: Tally) -> said.ModelResponse:
        """The whole response. Leaving the stream, by cancellation too, closes its connection."""
        asking = model_request_stream(
            self._model,
            list(_history(request.messages)),
            model_settings=self._settings(request),
            model_request_parameters=_parameters(request, native=self._answers_under_schema),
        )
        tally.sent()
        async with asking as stream:
            await _count(stream, tally)
            return stream.get()

    @property
    def _answers_under_schema(self) -> bool:
        return bool(self._model.profile.get("supports_json_schema_output", False))

    def _settings(self, request: Request) -> ModelSettings:
        settings = ModelSettings(max_tokens=request.most_output_tokens, temperature=0.0, seed=0)
        ignored = self._model.unsupported_settings
        if "max_retries" not in ignored:
            settings["max_retries"] = 0
        if "timeout" not in ignored:
            settings["timeout"] = self._idle_s
        if request.stop and "stop_sequences" not in ignored and not (request.choices and self._answers_under_schema):
            settings["stop_sequences"] = list(request.stop)
        return settings


async def _count(stream: StreamedResponse, tally: Tally) -> None:
    pieces = characters = 0
    async for event in stream:
        if text := _text_of(event):
            pieces += 1
            characters += len(text)
            tally.output(tokens_in(pieces, characters))


def _text_of(event: said.ModelResponseStreamEvent) -> str:
    """The output in one event of the stream: the reply's, a thought's, or a tool call's."""
    match event:
        case said.PartStartEvent(part=said.TextPart() | said.ThinkingPart() as part):
            return part.content
        case said.PartStartEvent(part=said.ToolCallPart() as part):
            return part.args_as_json_str()
        case said.PartDeltaEvent(delta=said.TextPartDelta() | said.ThinkingPartDelta() as delta):
            return delta.content_delta or ""
        case said.PartDeltaEvent(delta=said.ToolCallPartDelta() as delta):
            return delta.args_delta if isinstance(delta.args_delta, str) else ""
        case _:
            return ""


# Our words in theirs ------------------------------------------------------------------------------------------------


def _history(messages: Sequence[Message]) -> Iterator[said.ModelMessage]:
    for ours, group in groupby(messages, key=lambda message: message.speaker == "assistant"):
        if ours:
            yield said.ModelResponse(parts=[said.TextPart(message.text) for message in group])
        else:
            yield said.ModelRequest(parts=[_part(message) for message in group])


def _part(message: Message) -> said.SystemPromptPart | said.UserPromptPart:
    return said.SystemPromptPart(message.text) if message.speaker == "system" else said.UserPromptPart(message.text)


def _parameters(request: Request, *, native: bool) -> ModelRequestParameters:
    schema = schema_of(request) if request.choices else request.schema
    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.schema))
        for tool in request.tools
    ]
    if schema is None or not native:
        return ModelRequestParameters(function_tools=tools)
    form = OutputObjectDefinition(
        json_schema=dict(schema), name="choice" if request.choices else "reply", strict=is_strict(schema)
    )
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=form)


# Their words in ours ------------------------------------------------------------------------------------------------


def _reply(response: said.ModelResponse, request: Request) -> Reply:
    text = "".join(part.content for part in response.parts if isinstance(part, said.TextPart))
    calls = tuple(_call(part) for part in response.parts if isinstance(part, said.ToolCallPart))
    if not request.choices:
        return Reply(text, calls)
    return unwrapped(text, request) if text.lstrip().startswith("{") else separated(text, request)


def _call(part: said.ToolCallPart) -> ToolCall:
    try:
        return ToolCall(part.tool_name, part.args_as_dict(raise_if_invalid=True))
    except (ValueError, AssertionError):
        raise Setback(ServerTrouble(f"the arguments of the tool call {part.tool_name} are no JSON object")) from None


def _reported(response: said.ModelResponse) -> Usage | None:
    usage = response.usage
    if not usage.has_values():
        return None
    prompt = usage.input_tokens
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=min(usage.cache_read_tokens, prompt),
        output_tokens=usage.output_tokens,
        counted="reported",
    )


# Errors -------------------------------------------------------------------------------------------------------------


def _inferred(name: str, secrets: Secrets) -> VendorModel:
    try:
        return infer_model(name)
    except ImportError as error:
        needed = secrets.excerpt(str(error), 120)
        raise BadOption(f"{name} needs a package that is missing; run pip install 'outrider[vendors]' ({needed})") from None
    except (exceptions.UserError, ValueError) as error:
        text = secrets.excerpt(str(error), 300)
        if "environment variable" in text or "api_key" in text.lower():
            variable = re.search(r"[A-Z][A-Z0-9_]+_(?:API_)?KEY", text)
            remedy = f"set the environment variable {variable[0]}" if variable else "set the environment variable it is read from"
            raise AccessRefused(f"{name} needs a key; {remedy}") from None
        raise UnknownName(f"no vendor has the model {secrets.hide(name)!r}; write vendor:model ({text})") from None


def _origin(model: VendorModel, secrets: Secrets) -> Origin:
    key = getattr(getattr(model, "client", None), "api_key", None)
    known = Secrets.of_environment(key if isinstance(key, str) else None)
    where = known.hide(shown_url(model.base_url)) if model.base_url else model.system
    return Origin(model=secrets.hide(model.model_name), where=where, key_remedy=_KEY_REMEDY, secrets=known)


_KEY_REMEDY: Final = "set the vendor's environment variable, such as ANTHROPIC_API_KEY, to a valid key"


def _refusal(error: exceptions.ModelHTTPError, origin: Origin) -> Setback:
    text = f"{error.provider_error_code or ''} {error.body or error}"
    if isinstance(error, exceptions.ModelContextWindowExceededError):
        text = f"context_length_exceeded {text}"
    headers = {"retry-after": f"{error.retry_after:g}"} if error.retry_after is not None else error.headers
    return refusal(error.status_code, text, origin, headers)


def _setback(error: Exception, origin: Origin) -> Setback:
    """What an error without an HTTP status means."""
    if isinstance(error, Setback):
        return error
    if isinstance(error, ProviderError):
        return Setback(error)
    text = origin.secrets.excerpt(str(error))
    match error:
        case exceptions.ModelContextWindowExceededError():
            return Setback(ContextTooLong(f"the prompt does not fit into the context of {origin.model}; shorten the task"))
        case exceptions.ModelConnectionError() | ConnectionError() | TimeoutError():
            return Setback(
                Unreachable(f"{origin.where} cannot be reached, or broke off ({text}); check the network"), passing=True
            )
        case exceptions.UserError():
            return Setback(ServerTrouble(f"{origin.model} cannot be asked that way: {text}"))
        case _:
            return Setback(ServerTrouble(f"{origin.where} failed on {origin.model}: {type(error).__name__}: {text}"))
