"""From what a tool returned to the text that both agents see: canonical, cut by one rule, a pure function of the result."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from enum import Enum
from typing import Final

from outrider.errors import first_of

OBSERVATION_CHARS: Final = 4000
"""How long an observation may be, in characters, unless the tool says otherwise."""

LEAST_CHARS: Final = 100
"""The shortest bound that a tool may set: below it the rule of the cut says more about itself than about the result."""

MOST_CHARS: Final = 16 * 1024 * 1024
"""No text of a result is longer: 64 MB at Python's widest four bytes a character. A longer one is an error that says so."""

_ERROR_CHARS: Final = 1000

ERROR: Final = "error: "
"""How an observation begins that says what went wrong."""


class NotText(ValueError):
    """A result that has no canonical text: it is not JSON, or longer than ``MOST_CHARS``. The message says which."""


def cut(text: str, most: int = OBSERVATION_CHARS) -> str:
    """``text``, or where it is longer than ``most`` characters its head and its tail and between them how much is left out.

    The rule: what the note in the middle leaves of ``most``, with as many digits as the whole length has, is shared by head and
    tail, and the odd character is the head's. A pure function of its arguments, and never longer than ``most``: equal texts have
    equal cuts, and a cut is its own cut.
    """
    if len(text) <= most:
        return text
    room = most - len(_left_out(len(text)))
    if room <= 0:
        return text[:most]
    head, tail = (room + 1) // 2, room // 2
    return text[:head] + _left_out(len(text) - room) + text[len(text) - tail :]


def _left_out(characters: int) -> str:
    return f"\n… {characters} characters left out …\n"


def clean(text: str) -> str:
    """``text`` in Unicode's normal form C, with a replacement sign for half a surrogate pair, which no file could hold."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", text)


def canonical(result: object) -> str:
    """The text of ``result``, uncut: a text as it is, everything else as JSON with sorted names and no spaces.

    Dataclasses count as objects and members of an ``Enum`` as their values.

    Raises:
        NotText: it is not JSON, or its text is longer than ``MOST_CHARS``.
    """
    if not _fits(result):
        raise NotText(f"the result is longer than {MOST_CHARS} characters")
    text = clean(result if isinstance(result, str) else _json(result))
    if len(text) > MOST_CHARS:
        raise NotText(f"the result is longer than {MOST_CHARS} characters")
    return text


def error_text(error: BaseException) -> str:
    """An exception as an observation: its type and its text, cut. Of a group, the first one in it."""
    if isinstance(error, BaseExceptionGroup):
        error = first_of(error)
    try:
        text = str(error)
    except Exception:  # a foreign __str__ may do anything
        text = ""
    return wrong(f"{type(error).__name__}: {text}" if text.strip() else type(error).__name__)


def wrong(sentence: str) -> str:
    """An observation that says what went wrong."""
    return ERROR + cut(clean(sentence), _ERROR_CHARS)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_plain)
    except RecursionError:
        raise NotText("the result is nested too deep for JSON") from None
    except (TypeError, ValueError) as error:
        raise NotText(f"the result is no JSON: {str(error)[:200]}") from None


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"it has a {type(value).__name__} in it")


def _fits(result: object) -> bool:
    """Whether the text may be short enough: counted from below, so that what is far too long is never written out.

    An entry of a list takes two characters at least, its own and a comma, and one of an object four: they count before any is
    looked at.
    """
    count, waiting = 0, [result]
    while waiting and count <= MOST_CHARS:
        value = waiting.pop()
        if isinstance(value, str):
            count += len(value)
        elif isinstance(value, int):
            count += value.bit_length() // 4
        elif isinstance(value, list | tuple):
            count += 1 + 2 * len(value)
            if count <= MOST_CHARS:
                waiting.extend(value)
        elif isinstance(value, dict):
            count += 1 + 4 * len(value)
            if count <= MOST_CHARS:
                waiting.extend(value.keys())
                waiting.extend(value.values())
    return count <= MOST_CHARS
