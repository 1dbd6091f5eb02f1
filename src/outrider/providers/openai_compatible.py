"""Every server that speaks OpenAI's chat completions: OpenAI, vLLM, llama.cpp, Ollama, OpenRouter, DeepSeek."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, get_args

import httpx2

from outrider.agents.agent import Meter
from outrider.agents.model import Reply, Request, Writing
from outrider.errors import BadOption, NotNow, ProviderError, ServerTrouble, Unreachable
from outrider.model import JSON, Usage
from outrider.providers.address import Address, beginning_of, sendable
from outrider.providers.chat import BadReply, Dialect, ReplyReader, body_of, path_of, refused_parameter
from outrider.providers.connections import LIMITS, Connections
from outrider.providers.counting import Gauge, Tally, most
from outrider.providers.prices import Prices
from outrider.providers.redaction import Secrets, shown_url
from outrider.providers.sse import EventParser
from outrider.providers.trouble import IDLE_S, Origin, Patience, Setback, refusal

_GONE: Final = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)
"""How it shows that the other side has closed a connection."""

_MOST_STALE: Final = 16
"""So many connections that were closed meanwhile are passed over before it counts as a failure."""

_SLACK: Final = 64
"""Tokens are counted by estimate while they arrive, so a server is given many times its limit before it is cut off."""

_FAREWELL_S: Final = 0.5
"""So long a server may take to end a stream whose reply is whole. A stream that is read to its end leaves the connection
open for the next call."""


class OpenAICompatible:
    """A model behind an OpenAI-compatible server.

    It belongs to the event loop it is first used in; after ``close`` it may be used in another.

    A reply that breaks off is asked for again, as a refused one is: a call is a function of its prompt and has no effect.
    The tokens of the broken attempt are counted too.

    With the dialect `llama.cpp`, a last message that is the assistant's is continued (the server does that by itself since
    May 2025, unless it was started with ``--no-prefill-assistant``), and the model is kept from thinking first. Elsewhere
    it is up to the server.

    Args:
        base_url: the address; ``/chat/completions``, or what the dialect says, is put behind it.
        model: the model's name on that server.
        name: what journals and screens call it; the model's name unless given.
        api_key: the key, if the server wants one.
        key_from: the environment variable that the key was read from, for an error to name.
        dialect: how the server is told to answer one of several choices, or under a schema.
        prices: what tokens cost; the prices that come with `genai-prices` for the host in ``base_url``, unless given.
        extra: more fields for the request's body; they go before our own.
        headers: more headers. What they hold under names such as ``api-key`` is treated as a secret.
        seed: sent along, for servers that sample with one even at temperature 0.
        retries: how often a request that was refused for a while, or broke off, is tried again.
        pause_s: the pause before the first retry, doubled for each later one.
        jitter: gives numbers from 0 to 1, which shorten the pauses.
        connect_s: the longest wait for a connection, in seconds; never longer than ``idle_s``.
        idle_s: the longest silence, in seconds. There is no limit on the whole call.
        idle_from: what sets that limit, for an error to name.

    Raises:
        BadOption: the address is no http address, the dialect does not exist, or the key is not printable ASCII.
    """

    writing: Writing

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        name: str | None = None,
        api_key: str | None = None,
        key_from: str = "",
        dialect: Dialect = "openai",
        prices: Prices | None = None,
        extra: Mapping[str, JSON] | None = None,
        headers: Mapping[str, str] | None = None,
        seed: int = 0,
        retries: int = 3,
        pause_s: float = 0.5,
        jitter: Callable[[], float] = random.random,
        connect_s: float = 10.0,
        idle_s: float = IDLE_S,
        idle_from: str = "idle_s",
    ) -> None:
        if dialect not in get_args(Dialect):
            raise BadOption(f"there is no dialect {dialect!r}; take one of {', '.join(get_args(Dialect))}")
        key = (api_key or "").strip()
        given = {"Content-Type": "application/json", "Accept": "text/event-stream", **(headers or {})}
        if key:
            given.setdefault("Authorization", f"Bearer {key}")
        secrets = Secrets.of_request(base_url, headers or {}, key)
        remedy = f"set {key_from} to a valid key" if key_from else "give a valid key as api_key"
        self._origin = Origin(
            model=secrets.hide(model), where=secrets.hide(shown_url(base_url)), key_remedy=remedy, secrets=secrets
        )
        self._address = Address(base_url, path_of(dialect), self._origin)
        self._headers = sendable(given)
        self.name: str = secrets.hide(name or model)
        self._model = model
        self.server: str = f"{self._origin.where} {self._origin.model}"
        self._dialect: Dialect = dialect
        self.writing = "continued" if dialect == "llama.cpp-text" else "chat"
        self._prices = prices or Prices()
        self._extra = dict(extra or {})
        self._seed = seed
        self._gauge = Gauge()
        self._patience = Patience(retries=retries, pause_s=pause_s, jitter=jitter)
        self._timeout = httpx2.Timeout(connect=min(connect_s, idle_s), read=idle_s, write=idle_s, pool=None)
        self._idle_s = idle_s
        self._idle_from = idle_from
        self._refused: frozenset[str] = frozenset()
        self._connections: Connections | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"OpenAICompatible({self._origin.where!r}, {self.name!r})"

    async def reply(self, request: Request, meter: Meter) -> Reply:
        """The reply to ``request``; see ``outrider.agents.model.Model``.

        Raises:
            ProviderError: there is no reply; retries are over by then.
            NotNow: the model is already in use in another event loop.
        """
        return await self._patience.persist(lambda: self._attempt(request, meter), meter.refused)

    def most(self, request: Request) -> Usage:
        """The most that one attempt at ``request`` could consume."""
        return most(request, self._cost_usd)

    async def close(self) -> None:
        """Close the connections."""
        connections, self._connections, self._loop = self._connections, None, None
        if connections is not None:
            await connections.close()

    def _cost_usd(self, usage: Usage) -> float | None:
        return self._prices.cost_usd(usage, self._model, url=self._origin.where)

    def _http(self) -> Connections:
        loop = asyncio.get_running_loop()
        if self._connections is None:
            self._loop = loop
            self._connections = Connections(lambda: self._address.client(timeout=self._timeout, limits=LIMITS))
        if self._loop is not loop:
            raise NotNow(f"the model {self.name} is in use in another event loop; close it there first, or make one a loop")
        return self._connections

    # One attempt ----------------------------------------------------------------------------------------------------

    async def _attempt(self, request: Request, meter: Meter) -> Reply:
        """One request and its reply. A parameter that the model refuses is left out, now and from now on."""
        stale = 0
        while True:
            refused = self._refused
            body = body_of(request, model=self._model, dialect=self._dialect, seed=self._seed, refused=refused) | self._extra
            tally = Tally(request, meter, self._cost_usd, self._gauge)
            try:
                reply = await self._ask(body, request, tally)
            except httpx2.InvalidURL:
                tally.settle()
                raise self._unreachable("is no address that can be asked", passing=False) from None
            except httpx2.HTTPError as error:
                if isinstance(error, _GONE) and tally.kept and not tally.answering and stale < _MOST_STALE:
                    stale += 1
                    tally.refused()  # the server closed a kept connection just as we took it: nobody got this request
                    continue
                tally.settle()
                raise self._broken(error, tally) from None
            except (Setback, ProviderError):
                tally.settle()
                raise
            if reply is not None:
                return reply

    async def _ask(self, body: dict[str, JSON], request: Request, tally: Tally) -> Reply | None:
        """The reply, or ``None`` if the model has just refused a parameter that it can be asked without."""
        connected = False

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal connected
            connected = connected or ".connect_" in event
            if "send_request_headers" in event:
                tally.kept = not connected
                tally.sent()

        content, url = json.dumps(body).encode(), self._address.url
        async with (
            self._http().lent() as client,
            client.stream("POST", url, content=content, headers=self._headers, extensions={"trace": trace}) as response,
        ):
            if response.status_code != 200:
                await self._refusal(response, body, tally)
                return None
            tally.sent()
            tally.answering = True
            self._check_kind(response)
            return await self._read(response, request, tally)

    async def _refusal(self, response: httpx2.Response, body: dict[str, JSON], tally: Tally) -> None:
        """Returns if a parameter was refused that can be left out, which is then remembered; else raises."""
        text = await beginning_of(response)
        tally.refused()
        setback = refusal(response.status_code, text, self._origin, response.headers)
        parameter = refused_parameter(text, body) if response.status_code in {400, 422} else None
        if parameter is None or parameter in self._extra or not isinstance(setback.error, ServerTrouble):
            raise setback
        self._refused |= {parameter}

    def _check_kind(self, response: httpx2.Response) -> None:
        kind = response.headers.get("content-type", "text/event-stream")
        if "text/event-stream" not in kind.lower():
            said = self._origin.secrets.excerpt(kind, 60)
            raise self._trouble(f"sent {said}, not a stream of events; check the address, which usually ends in /v1")

    async def _read(self, response: httpx2.Response, request: Request, tally: Tally) -> Reply:
        events, reader = EventParser(), ReplyReader()
        try:
            async with aclosing(response.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    self._take(events.feed(chunk), reader, request, tally)
                    if reader.done:
                        break
                with suppress(TimeoutError, httpx2.HTTPError):
                    async with asyncio.timeout(_FAREWELL_S if reader.done else None):
                        async for _ in chunks:
                            pass
            self._take(events.end(), reader, request, tally)
            reply = reader.reply(request, self._dialect) if reader.whole else None
        except BadReply as bad:
            tally.settle(reader.usage)
            raise self._trouble(
                f"breaks the protocol of OpenAI's chat completions: {self._origin.secrets.excerpt(str(bad))}"
            ) from None
        if reply is None:
            tally.settle(reader.usage)
            raise self._unreachable("broke the connection in mid-reply")
        tally.settle(reader.usage)
        return reply

    def _take(self, events: list[str], reader: ReplyReader, request: Request, tally: Tally) -> None:
        for data in events:
            reader.take(data)
        if reader.refused is not None:
            tally.settle(reader.usage)
            raise refusal(*reader.refused, self._origin)
        tally.output(reader.tokens)
        if reader.tokens > _SLACK * (request.most_output_tokens + _SLACK):
            tally.settle(reader.usage)
            raise self._trouble(f"goes on writing beyond the {request.most_output_tokens} tokens it was asked for")

    # Errors ---------------------------------------------------------------------------------------------------------

    def _unreachable(self, what: str, *, passing: bool = True) -> Setback:
        error = Unreachable(f"{self._origin.where} {what}; check that the server is up and the address right")
        return Setback(error, passing=passing)

    def _silent(self) -> Setback:
        remedy = f"check that the server is well; {self._idle_from} lets it be silent for longer"
        return Setback(Unreachable(f"{self._origin.where} sent nothing for {self._idle_s:g} s; {remedy}"), passing=True)

    def _trouble(self, what: str) -> Setback:
        return Setback(ServerTrouble(f"{self._origin.where} {what}"))

    def _broken(self, error: httpx2.HTTPError, tally: Tally) -> Setback:
        """What a foreign error means. Its own text is quoted only for connections, where it says what the system said."""
        match error:
            case httpx2.DecodingError() | httpx2.TooManyRedirects():
                return self._trouble("sent a reply that cannot be decoded")
            case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
                return self._unreachable("cannot be asked that way", passing=False)
            case httpx2.ConnectTimeout():
                return self._unreachable(f"did not answer within {self._timeout.connect:g} s")
            case httpx2.TimeoutException():
                return self._silent()
            case httpx2.ConnectError() | httpx2.ProxyError():
                return self._unreachable(f"cannot be reached ({self._origin.secrets.excerpt(str(error))})")
            case _:
                return self._unreachable(f"broke the connection {'in mid-reply' if tally.answering else 'before a reply'}")
