"""How likely a reply was, and what else it might have been: from its tokens' logprobs, where a server gives them.

llama.cpp gives those before its grammar is applied: what it calls the likeliest tokens need not be allowed at all. So there only
the tokens that were written count, and other replies are had by asking again without this one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Final

MOST_OTHERS: Final = 20
"""So many other tokens OpenAI names at each place, at most."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply, the logarithm of its probability, and those of others that might have stood there."""

    text: str
    log: float
    others: tuple[tuple[str, float], ...] = ()


def tokens_of(choice: dict[str, Any]) -> list[Token]:
    """The tokens that a chunk's ``choice`` reports; none where it reports none, or nonsense."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    found = [_token(entry) for entry in content] if isinstance(content, list) else []
    return [token for token in found if token is not None]


def _token(entry: object) -> Token | None:
    if (pair := _pair(entry)) is None:
        return None
    tops = entry.get("top_logprobs") if isinstance(entry, dict) else None
    others = [_pair(other) for other in tops] if isinstance(tops, list) else []
    return Token(*pair, tuple(other for other in others if other is not None and other[0] != pair[0]))


def _pair(entry: object) -> tuple[str, float] | None:
    if not isinstance(entry, dict):
        return None
    text, log = entry.get("token"), entry.get("logprob")
    # A whole number may be too big for a float, and even for asking whether it is finite.
    if not isinstance(text, str) or not isinstance(log, int | float) or not -sys.float_info.max <= log <= 0:
        return None
    return text, float(log)


def likelihood(tokens: Sequence[Token]) -> float | None:
    """The probability of all ``tokens`` in a row, from 0 to 1; ``None`` where nothing is known of them."""
    return exp(sum(token.log for token in tokens)) if tokens else None


def spelled(tokens: Sequence[Token], chosen: str, choices: Sequence[str]) -> tuple[float | None, list[tuple[str, float]]]:
    """How likely ``chosen`` was, and each other of ``choices`` that another token would have led to, the likeliest first.

    ``chosen`` stands in JSON, as the last text in it. A token that could begin several of the others is laid to none of them.
    """
    begins = "".join(token.text for token in tokens).rfind(_inside(chosen))
    if begins < 0:
        return None, []
    found: dict[str, float] = {}
    before, log = "", 0.0
    for token in tokens:
        for text, other_log in token.others:
            choice = _led_to((before + text)[begins:], choices) if len(before + text) > begins else None
            if choice is not None and choice != chosen:
                found[choice] = found.get(choice, 0.0) + exp(log + other_log)
        before += token.text
        if len(before) > begins:
            log += token.log
        if len(before) >= begins + len(_inside(chosen)):
            break
    return exp(log), sorted(found.items(), key=lambda entry: -entry[1])


def _inside(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _led_to(beginning: str, choices: Sequence[str]) -> str | None:
    """The one choice that a text with this ``beginning`` is going to be, if only one can be."""
    possible = [choice for choice in choices if _could_be(_inside(choice) + '"', beginning)]
    return possible[0] if len(possible) == 1 else None


def _could_be(whole: str, beginning: str) -> bool:
    return whole.startswith(beginning) or beginning.startswith(whole)
