"""The one place where a server's refusal becomes an error of ours, and the rules of asking again."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from outrider.errors import (
    AccessRefused,
    BadOption,
    ContextTooLong,
    ModelMissing,
    ProviderError,
    RateLimited,
    ServerTrouble,
)
from outrider.providers.redaction import Secrets

Result = TypeVar("Result")

PASSING: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""The statuses that may be over when one asks again. 529 is a provider's own "overloaded"."""

LONGEST_WAIT_S: Final = 60.0
"""A server that wants a longer pause is not waited for."""

IDLE_S: Final = 120.0
"""A server that has been silent for so long counts as gone, unless one says otherwise."""

_TOO_LONG: Final = re.compile(
    r"context_length_exceeded|exceed_context_size|context[ _-]?(?:length|size|window)|prompt is too long|too many tokens", re.I
)
_NO_MODEL: Final = re.compile(r"model_not_found|not a valid model|invalid model|model .{0,80}(?:not exist|not found)", re.I)
_NO_CREDIT: Final = re.compile(r"insufficient_quota|insufficient (?:balance|credit|funds)|billing", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whom an error speaks of, and what must not be shown in it."""

    model: str
    where: str
    key_remedy: str = "give the right key"
    secrets: Secrets = field(default_factory=Secrets)

    def says(self, text: str) -> str:
        """What the server said, fit to be shown, as the end of a sentence."""
        said = self.secrets.excerpt(_message(text))
        return f": {said}" if said else ""


class Setback(Exception):
    """An attempt failed. Internal: whoever retries turns it into its error.

    Attributes:
        error: what the caller is told if nobody tries again.
        passing: whether trying again may help.
        after_s: how long the server asks to wait, in seconds.
    """

    def __init__(self, error: ProviderError, *, passing: bool = False, after_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.passing = passing
        self.after_s = after_s


def refusal(status: int, text: str, origin: Origin, headers: Mapping[str, str] | None = None) -> Setback:
    """What a reply of ``status`` with the body ``text`` means."""
    after_s = retry_after_s(headers or {})
    error = _refused(status, text, origin, after_s)
    return Setback(error, passing=status in PASSING and not isinstance(error, AccessRefused), after_s=after_s)


def _refused(status: int, text: str, origin: Origin, after_s: float | None) -> ProviderError:
    where, model = origin.where, origin.model
    if status in {401, 403}:
        # What the server says is left out: many repeat the key, or parts of it, in just this answer.
        return AccessRefused(f"{where} refused access to {model} ({status}): {origin.key_remedy}")
    if status == 402 or (status in {403, 429} and _NO_CREDIT.search(text)):
        return AccessRefused(f"the account has no credit left at {where} ({status}); top it up, or take another model")
    if status in {400, 413, 422, 500} and (status == 413 or _TOO_LONG.search(text)):
        remedy = "shorten the task, or take a model or server with a longer context"
        return ContextTooLong(f"the prompt does not fit into the context of {model} at {where}; {remedy}{origin.says(text)}")
    if status == 404 or (status in {400, 422} and _NO_MODEL.search(text)):
        remedy = "check the model's name, and the address, which usually ends in /v1"
        return ModelMissing(f"{where} has no model {model} ({status}); {remedy}{origin.says(text)}")
    wait = f", and asks to wait {_in_words(after_s)}" if after_s else ""
    if status == 429:
        remedy = "allow fewer calls in flight" if not after_s or after_s <= LONGEST_WAIT_S else _NOT_WAITED_FOR
        message = f"{where} limits requests to {model} (429){wait}; {remedy}{origin.says(text)}"
        return RateLimited(message, retry_after_s=after_s)
    return ServerTrouble(f"{where} answered {status} for {model}{wait}{origin.says(text)}")


_NOT_WAITED_FOR: Final = f"that is longer than the {LONGEST_WAIT_S:g} s that are waited for: go on later, or take another model"


def _in_words(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds:g} s"
    return f"{seconds / 3600:.0f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def _message(text: str) -> str:
    """The sentence in an error's JSON body, else the body."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    while isinstance(body, dict):
        body = next((body[name] for name in ("error", "message", "detail") if body.get(name)), text)
    return body if isinstance(body, str) else text


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The pause that the server asks for. A date is taken against the server's own clock, which may not be ours."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    asked = lower.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}(?:\.\d+)?", asked):
        return float(asked)
    until, now = _date(asked), _date(lower.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _date(text: str) -> datetime | None:
    """The time in an HTTP date, if it is one with a time zone: HTTP dates are always in GMT."""
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and after what pauses, a request is tried again.

    Args:
        retries: how often at most.
        pause_s: the pause before the first; it doubles each time, up to ``most_pause_s``.
        jitter: gives numbers from 0 to 1. The pause is shortened by up to a half, so that callers do not come back together.
    """

    retries: int = 3
    pause_s: float = 0.5
    most_pause_s: float = 8.0
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise BadOption(f"{self.retries} retries make no sense; give 0 or more")
        if self.pause_s < 0:
            raise BadOption(f"a pause of {self.pause_s} s makes no sense; give 0 or more")

    def wait_s(self, failed: int, setback: Setback) -> float | None:
        """How long to wait after the ``failed``-th failure, from 1; ``None`` to give up."""
        if not setback.passing or failed > self.retries:
            return None
        if setback.after_s is not None:
            return setback.after_s if setback.after_s <= LONGEST_WAIT_S else None
        pause_s = min(self.most_pause_s, self.pause_s * 2.0 ** (failed - 1))
        return pause_s * (1 - self.jitter() / 2)

    async def persist(
        self, attempt: Callable[[], Awaitable[Result]], refused: Callable[[float | None], None] = lambda after_s: None
    ) -> Result:
        """What ``attempt`` returns, tried again as long as its setbacks pass. Pauses end at once when cancelled.

        ``refused`` is told of every 429 at once, with the seconds that the server asks to wait, so that it is asked less.

        Raises:
            ProviderError: the last setback's error.
        """
        failed = 0
        while True:
            try:
                return await attempt()
            except Setback as caught:
                setback = caught
            # Outside of `except`, so that no foreign error, and what it may quote, hangs on ours.
            failed += 1
            if isinstance(setback.error, RateLimited):
                refused(setback.after_s)
            wait_s = self.wait_s(failed, setback)
            if wait_s is None:
                raise setback.error
            await asyncio.sleep(wait_s)
