from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outrider.providers.redaction import HIDDEN, NO_SECRETS, Secrets, shown_url

KEY = "s3cr3t/Key+with=signs&0123456789"


@pytest.mark.parametrize("write", [str, str.upper, quote, quote_plus, lambda key: quote(key, safe="").lower(), json.dumps])
def test_a_key_is_hidden_in_every_form_that_a_server_writes(write: object) -> None:
    assert callable(write)
    shown = Secrets([KEY]).hide(f"the key {write(KEY)} is wrong")
    assert shown.replace('"', "") == f"the key {HIDDEN} is wrong"


@given(st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)))
def test_a_part_of_a_key_is_hidden_too(start: int, length: int) -> None:
    part = KEY[start : start + length]
    if len(part) >= 8:
        assert part not in Secrets([KEY]).hide(f"<{part}>")


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40), st.text(), st.text())
def test_no_text_shows_a_secret(secret: str, before: str, after: str) -> None:
    assume(secret.lower() not in HIDDEN and secret.lower() not in NO_SECRETS)
    shown = Secrets([secret]).hide(before + secret + after)
    assert secret not in shown.replace(HIDDEN, "\x00")


def test_what_looks_like_a_key_is_hidden_though_nobody_told_us_of_it() -> None:
    for text in ("sk-proj-abcdefgh12345678", "Bearer abc.def-ghi", "sk-ab********wxyz", "https://me:pw@host/"):
        assert HIDDEN in Secrets().hide(text)


def test_text_without_secrets_is_left_as_it_is() -> None:
    text = "the model gpt-4o does not exist; see https://host/docs?id=1"
    assert Secrets([KEY, None, "", "ab"]).hide(text) == text


def test_secrets_are_hidden_before_the_text_is_cut() -> None:
    shown = Secrets([KEY]).excerpt("x" * 190 + KEY, most=200)
    assert KEY[:6] not in shown
    assert len(shown) <= 200


def test_user_password_query_and_secret_headers_of_a_request_are_secrets() -> None:
    secrets = Secrets.of_request(
        "https://mee:pa%24s@host/v1?key=quer&api-version=2024-01-01", {"api-key": "head", "X-T": "title"}
    )
    shown = secrets.hide("mee pa$s pa%24s quer head title 2024-01-01 bWVlOnBhJHM=")
    assert shown == f"mee {HIDDEN} {HIDDEN} {HIDDEN} {HIDDEN} title 2024-01-01 {HIDDEN}"


def test_the_environment_gives_its_secrets_away_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "environment-key-1")
    monkeypatch.setenv("EDITOR", "other-editor")
    assert Secrets.of_environment().hide("environment-key-1 other-editor") == f"{HIDDEN} other-editor"


def test_secrets_do_not_show_themselves() -> None:
    assert KEY not in repr(Secrets([KEY]))


@pytest.mark.parametrize("url", ["https://u:p@host:1/v1?key=k#f", "https://host:1/v1"])
def test_a_shown_address_has_no_user_and_no_query(url: str) -> None:
    assert shown_url(url) == "https://host:1/v1"


def test_an_address_that_is_none_is_shown_as_nothing() -> None:
    assert shown_url("http://[bad") == ""
