from __future__ import annotations

import asyncio
import time

import pytest

from outrider.errors import (
    AccessRefused,
    BadOption,
    ContextTooLong,
    ModelMissing,
    OutriderError,
    ProviderError,
    RateLimited,
    ServerTrouble,
    Unreachable,
)
from outrider.providers.redaction import Secrets
from outrider.providers.trouble import LONGEST_WAIT_S, Origin, Patience, Setback, refusal, retry_after_s

ORIGIN = Origin(model="m-1", where="http://host/v1", key_remedy="set SOME_KEY", secrets=Secrets(["planted-secret-1"]))
ECHO = '{"error": {"message": "it was planted-secret-1", "code": "%s"}}'


@pytest.mark.parametrize(
    ("status", "text", "error", "passing"),
    [
        (401, "", AccessRefused, False),
        (403, "", AccessRefused, False),
        (402, "", AccessRefused, False),
        (429, ECHO % "insufficient_quota", AccessRefused, False),
        (404, "", ModelMissing, False),
        (400, '{"error": {"message": "x is not a valid model ID"}}', ModelMissing, False),
        (400, ECHO % "context_length_exceeded", ContextTooLong, False),
        (400, '{"error": {"type": "exceed_context_size_error"}}', ContextTooLong, False),
        (400, '{"message": "This model\'s maximum context length is 8192 tokens"}', ContextTooLong, False),
        (413, "", ContextTooLong, False),
        (400, "odd", ServerTrouble, False),
        (301, "", ServerTrouble, False),
        (429, "", RateLimited, True),
        (408, "", ServerTrouble, True),
        (409, "", ServerTrouble, True),
        (500, "", ServerTrouble, True),
        (502, "<html>", ServerTrouble, True),
        (503, "", ServerTrouble, True),
        (504, "", ServerTrouble, True),
        (501, "", ServerTrouble, False),
    ],
)
def test_each_refusal_has_its_error_and_says_whether_it_may_pass(
    status: int, text: str, error: type[OutriderError], passing: bool
) -> None:
    setback = refusal(status, text, ORIGIN)
    assert type(setback.error) is error
    assert setback.passing is passing
    message = str(setback.error)
    assert "http://host/v1" in message
    assert "planted-secret" not in message
    assert "\n" not in message


def test_the_remedy_for_a_refused_key_names_the_variable_and_quotes_nothing() -> None:
    assert str(refusal(401, "key m-1-sk-half", ORIGIN).error).endswith("(401): set SOME_KEY")


def test_a_missing_model_is_named_with_its_address() -> None:
    message = str(refusal(404, '{"error": "model \'m-1\' not found, try pulling it first"}', ORIGIN).error)
    assert "http://host/v1 has no model m-1" in message
    assert "try pulling it first" in message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Wed, 99 Oct 2026 07:28:30 GMT", "Date": "now"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_a_server_asks_for_is_read_in_both_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def passing(after_s: float | None = None) -> Setback:
    return Setback(Unreachable("it failed"), passing=True, after_s=after_s)


def test_pauses_double_up_to_their_limit_and_jitter_shortens_them_by_at_most_half() -> None:
    steady = Patience(retries=9, jitter=lambda: 0.0)
    assert [steady.wait_s(n, passing()) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert Patience(jitter=lambda: 1.0).wait_s(3, passing()) == 1.0


def test_the_servers_own_word_goes_before_our_pause() -> None:
    assert Patience().wait_s(1, passing(after_s=17)) == 17
    assert Patience().wait_s(1, passing(after_s=LONGEST_WAIT_S)) == LONGEST_WAIT_S


def test_a_server_that_wants_too_long_a_pause_is_given_up_at_once_and_the_pause_is_said() -> None:
    setback = refusal(429, "", ORIGIN, {"Retry-After": "3600"})
    assert Patience().wait_s(1, setback) is None
    assert "asks to wait 3600 s" in str(setback.error)


def test_after_so_many_retries_it_is_over() -> None:
    patience = Patience(retries=2)
    assert patience.wait_s(2, passing()) is not None
    assert patience.wait_s(3, passing()) is None
    assert Patience(retries=0).wait_s(1, passing()) is None


def test_senseless_patience_is_refused() -> None:
    with pytest.raises(BadOption, match="-1 retries"):
        Patience(retries=-1)
    with pytest.raises(BadOption, match="-2 s"):
        Patience(pause_s=-2)


def test_the_last_error_is_raised_without_what_led_to_it() -> None:
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        try:
            int("foreign text with planted-secret-1")
        except ValueError:
            raise passing() from None

    with pytest.raises(ProviderError) as caught:
        asyncio.run(Patience(retries=2, pause_s=0).persist(attempt))
    assert tries == 3
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_pause_ends_at_once_when_cancelled() -> None:
    async def cancelled_in_its_pause() -> None:
        failed = asyncio.Event()

        async def attempt() -> None:
            failed.set()
            raise passing(after_s=50)

        task = asyncio.ensure_future(Patience().persist(attempt))
        await failed.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(cancelled_in_its_pause())
    assert time.monotonic() - began < 10
