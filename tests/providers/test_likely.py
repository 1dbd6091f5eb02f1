"""How likely a reply was, and what else it might have been, from a stream's logprobs."""

from __future__ import annotations

from math import log
from typing import Any

import pytest

from outrider.agents.model import Message, Request
from outrider.providers.chat import ReplyReader, body_of, refused_parameter
from outrider.providers.likely import Token, likelihood, spelled, tokens_of

CHOICES = ("fly", "flee", "swim", 'say "no"')
ASKED = Request(messages=(Message("user", "next?"),), choices=CHOICES, rates=True)


def token(text: str, p: float, **others: float) -> Token:
    return Token(text, log(p), tuple((other, log(q)) for other, q in others.items()))


def test_other_choices_are_those_that_other_tokens_would_have_led_to() -> None:
    tokens = [token('{"choice":"', 1.0), token("fl", 0.6, sw=0.3, x=0.05), token("y", 0.5, ee=0.4, z=0.1), token('"}', 1.0)]
    likely, others = spelled(tokens, "fly", CHOICES)
    assert likely == pytest.approx(0.3)
    assert [choice for choice, _ in others] == ["swim", "flee"]
    assert dict(others) == pytest.approx({"swim": 0.3, "flee": 0.6 * 0.4})


def test_a_token_that_could_begin_several_choices_is_laid_to_none() -> None:
    _, others = spelled([token('{"choice":"', 1.0), token("swim", 0.5, f=0.4, fle=0.1), token('"}', 1.0)], "swim", CHOICES)
    assert dict(others) == pytest.approx({"flee": 0.1})


def test_a_token_that_begins_before_the_choice_counts_with_what_is_within() -> None:
    tokens = [token('{"choice":', 1.0), Token('"fly', log(0.5), (('"swim', log(0.25)), ('"', log(0.2)))), token('"}', 1.0)]
    likely, others = spelled(tokens, "fly", CHOICES)
    assert likely == pytest.approx(0.5)
    assert dict(others) == pytest.approx({"swim": 0.25})


def test_a_choice_with_quotes_in_it_is_found() -> None:
    likely, _ = spelled([token('{"choice":"', 1.0), token('say \\"no\\"', 0.5), token('"}', 1.0)], CHOICES[3], CHOICES)
    assert likely == pytest.approx(0.5)


def test_where_the_choice_does_not_stand_nothing_is_said() -> None:
    assert spelled([token("walk", 0.5)], "fly", CHOICES) == (None, [])
    assert spelled([], "fly", CHOICES) == (None, [])
    assert likelihood([]) is None


@pytest.mark.parametrize(
    "logprobs",
    [None, 3, {}, {"content": None}, {"content": [3, {"token": 1, "logprob": -1}, {"token": "a", "logprob": float("nan")}]},
     {"content": [{"token": "a", "logprob": -(10**400)}]},
     {"content": [{"token": "a", "logprob": "high"}, {"token": "a", "logprob": 0.5}]}],
)  # fmt: skip
def test_nonsense_is_no_token(logprobs: Any) -> None:
    assert tokens_of({"logprobs": logprobs}) == []


def test_a_reply_is_read_with_its_likelihood() -> None:
    reader = ReplyReader()
    entry = '{"token":"%s","logprob":%s,"top_logprobs":[{"token":"%s","logprob":-1.0}]}'
    reader.take(
        '{"choices":[{"delta":{"content":"{\\"choice\\":\\""},"logprobs":{"content":['
        + entry % ('{\\"choice\\":\\"', 0, "x")
        + "]}}]}"
    )
    reader.take('{"choices":[{"delta":{"content":"fly"},"logprobs":{"content":[' + entry % ("fly", -0.5, "swim") + "]}}]}")
    reader.take('{"choices":[{"delta":{"content":"\\"}"},"finish_reason":"stop"}]}')
    reply = reader.reply(ASKED, "openai")
    assert reply.text == "fly"
    assert reply.likelihood == pytest.approx(0.6065, abs=1e-4)
    assert [other for other, _ in reply.others] == ["swim"]
    grammar = reader.reply(ASKED, "llama.cpp")
    assert grammar.likelihood == pytest.approx(0.6065, abs=1e-4)
    assert grammar.others == (), "llama.cpp names tokens that its grammar forbids"


def test_likelihoods_are_asked_for_only_where_they_are_wanted() -> None:
    def body(dialect: Any, **changes: Any) -> dict[str, Any]:
        return body_of(Request(messages=ASKED.messages, choices=CHOICES, **changes), model="m", dialect=dialect, seed=0)

    assert body("openai", rates=True)["top_logprobs"] == 20
    assert body("llama.cpp", rates=True)["logprobs"] is True
    assert body("llama.cpp-text", rates=True)["logprobs"] == 1
    assert "logprobs" not in body("plain", rates=True)
    assert "logprobs" not in body("openai")


def test_a_model_that_tells_none_is_asked_without() -> None:
    body = body_of(ASKED, model="m", dialect="openai", seed=0)
    assert refused_parameter("Unsupported parameter: 'top_logprobs'", body) == "top_logprobs"
    assert refused_parameter("Unsupported parameter: 'logprobs'", body) == "logprobs"
