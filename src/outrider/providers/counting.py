"""Tokens: how many a request may use at most, and about how many it has used while nobody has said so yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from outrider.agents.agent import Meter
from outrider.agents.model import Request
from outrider.model import NOTHING_USED, Usage

Cost: TypeAlias = Callable[[Usage], float | None]
"""What a usage costs in dollars, if that is known."""

_BYTES_PER_TOKEN: Final = 4
"""English text and JSON under today's vocabularies."""

_PER_MESSAGE: Final = 4
"""Tokens that a chat template puts around a message; ``_MOST_PER_MESSAGE`` is a generous bound of the same."""

_MOST_PER_MESSAGE: Final = 32
_MOST_FOR_TOOLS: Final = 1024
"""Tokens that a provider adds of its own to explain tools or a schema to the model."""

_SAMPLE: Final = 1000
"""Output tokens from which the price of one is taken while they arrive."""


def _prompt_bytes(request: Request) -> int:
    texts = [message.text for message in request.messages]
    texts += request.choices
    texts += [json.dumps(request.schema)] if request.schema else []
    texts += [json.dumps([tool.name, tool.description, tool.schema]) for tool in request.tools]
    return sum(len(text.encode("utf-8", errors="replace")) for text in texts)


class Gauge:
    """About how many tokens one model makes of a text: a guess at first, then by what its server has reported until now.

    Each model has its own vocabulary and its own words around a prompt, so each has a gauge of its own.
    """

    __slots__ = ("_bytes", "_tokens")

    def __init__(self) -> None:
        self._bytes = 0
        self._tokens = 0

    def learn(self, request: Request, prompt_tokens: int) -> None:
        """The server counted so many tokens in this request's prompt."""
        if prompt_tokens:
            self._bytes += _prompt_bytes(request)
            self._tokens += prompt_tokens

    def about(self, request: Request) -> int:
        """About how many tokens the prompt has."""
        size = _prompt_bytes(request)
        if self._bytes and self._tokens:
            return max(1, size * self._tokens // self._bytes)
        return size // _BYTES_PER_TOKEN + _PER_MESSAGE * len(request.messages) + 1


def tokens_in(pieces: int, characters: int) -> int:
    """About how many output tokens came in so many pieces: some servers send one token a piece, some send sentences."""
    return max(pieces, characters // _BYTES_PER_TOKEN)


def priced(usage: Usage, cost: Cost) -> Usage:
    """``usage`` with what it costs."""
    return replace(usage, cost_usd=cost(usage))


def most(request: Request, cost: Cost) -> Usage:
    """The most that one request could use: no vocabulary makes more tokens of a text than it has UTF-8 bytes.

    A stream that broke and was asked again is not counted twice here, since that is rare, but it is in what was used.
    """
    extra = _MOST_FOR_TOOLS if request.tools or request.schema or request.choices else 0
    prompt = _prompt_bytes(request) + _MOST_PER_MESSAGE * (len(request.messages) + 1) + extra
    return priced(Usage(prompt_tokens=prompt, output_tokens=request.most_output_tokens, counted="estimated"), cost)


class Tally:
    """What one attempt has used until now, always in the meter, so that a cancelled call's tokens are known.

    ``answering`` once the server has begun to answer; ``kept`` if it went over a connection that
    was there before.
    """

    __slots__ = ("_at_first_usd", "_cost", "_each_usd", "_gauge", "_meter", "_over", "_request", "_usage", "answering", "kept")

    def __init__(self, request: Request, meter: Meter, cost: Cost, gauge: Gauge) -> None:
        self._gauge = gauge
        self._request = request
        self._meter = meter
        self._cost = cost
        self._usage = NOTHING_USED
        self._over = False
        self.answering = False
        self.kept = False
        meter.estimate(NOTHING_USED)

    def sent(self) -> None:
        """The request is on its way: from now on its prompt counts."""
        if self._usage is not NOTHING_USED:
            return
        usage = Usage(prompt_tokens=self._gauge.about(self._request), counted="estimated")
        self._at_first_usd = self._cost(usage)
        later_usd = self._cost(replace(usage, output_tokens=_SAMPLE))
        known = self._at_first_usd is not None and later_usd is not None
        self._each_usd = ((later_usd or 0.0) - (self._at_first_usd or 0.0)) / _SAMPLE if known else 0.0
        self._set(replace(usage, cost_usd=self._at_first_usd))

    def output(self, tokens: int) -> None:
        """So many output tokens have arrived. A token's price is worked out once: this runs for each that arrives."""
        cost_usd = None if self._at_first_usd is None else self._at_first_usd + tokens * self._each_usd
        self._set(replace(self._usage, output_tokens=tokens, cost_usd=cost_usd))

    def _set(self, usage: Usage) -> None:
        self._usage = usage
        self._meter.estimate(usage)

    def settle(self, reported: Usage | None = None) -> None:
        """The attempt is over, and used what the server reported, or about what was counted until now. Only once."""
        if reported is not None and not self._over:
            self._gauge.learn(self._request, reported.prompt_tokens)
        self._end(self._usage if reported is None else priced(reported, self._cost))

    def refused(self) -> None:
        """The server refused the request before any work, or never got it: it used nothing."""
        self._end(NOTHING_USED)

    def _end(self, usage: Usage) -> None:
        if not self._over:
            self._over = True
            self._meter.settle(usage)
