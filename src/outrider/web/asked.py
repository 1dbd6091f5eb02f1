"""What a client sends, read strictly: an unknown field or a value of the wrong type is told, never guessed at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from outrider.errors import BadOption
from outrider.launch import Wanted
from outrider.model import JSON
from outrider.web.resuming import Again

_SESSION: Final = (
    "task", "world", "approximation", "target", "setting", "lookahead", "max_steps", "matching", "calls_at_once", "budget_calls",
    "budget_tokens", "budget_usd", "budget_seconds", "requests_a_minute", "tokens_a_minute", "from", "hour_worth", "ask",
)  # fmt: skip
"""The fields of a session that is asked for."""

AGAIN: Final = tuple(Again.__slots__)
"""The fields of going on with one."""


MOST_NESTED: Final = 100
"""A body is not nested deeper."""


def read_object(body: bytes) -> dict[str, JSON]:
    """The JSON object in ``body``.

    Raises:
        BadOption: it holds none.
    """
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadOption(f"the body is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise BadOption("the body is not a JSON object; send {...}")
    if _is_deep(found):
        raise BadOption(f"the body is nested more than {MOST_NESTED} deep; nothing that can be asked for is")
    return found


def _is_deep(value: JSON) -> bool:
    """Whether it is nested so deep that what can be read might not be written again."""
    level: list[JSON] = [value]
    for _ in range(MOST_NESTED):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        if not inner:
            return False
        level = [each for entries in inner for each in entries]
    return True


def _refuse_constant(name: str) -> JSON:
    raise ValueError(f"{name} is no JSON number")


def read_wanted(found: Mapping[str, JSON]) -> Wanted:
    """The session that is asked for. A field that is null has its default.

    Raises:
        BadOption: a field is unknown, or its value is of the wrong type.
    """
    check_fields(found, _SESSION, "a session")
    given = {name: value for name, value in found.items() if value is not None}
    usual = Wanted()
    return Wanted(
        task=word(given, "task") if "task" in given else usual.task,
        world=word(given, "world") if "world" in given else usual.world,
        approximation=word(given, "approximation") if "approximation" in given else usual.approximation,
        target=word(given, "target") if "target" in given else usual.target,
        setting=_count(given, "setting"),
        lookahead=_lookahead(given),
        hour_worth=amount(given, "hour_worth"),
        max_steps=_max_steps(given, usual.max_steps),
        matching=word(given, "matching") if "matching" in given else usual.matching,
        calls_at_once=_count(given, "calls_at_once"),
        budget_calls=_count(given, "budget_calls"),
        budget_tokens=_count(given, "budget_tokens"),
        budget_usd=amount(given, "budget_usd"),
        budget_seconds=amount(given, "budget_seconds"),
        requests_a_minute=_count(given, "requests_a_minute"),
        tokens_a_minute=_count(given, "tokens_a_minute"),
        going_on_from=word(given, "from") if "from" in given else usual.going_on_from,
    )


def read_again(found: Mapping[str, JSON]) -> Again:
    """What is said of a session that is to go on.

    Raises:
        BadOption: a field is unknown, or its value is of the wrong type.
    """
    check_fields(found, AGAIN, "going on")
    given = {name: value for name, value in found.items() if value is not None}
    return Again(
        approximation=word(given, "approximation") if "approximation" in given else "",
        target=word(given, "target") if "target" in given else "",
        ask=whether(given, "ask"),
        world_is_there=whether(given, "world_is_there"),
        run_again=whether(given, "run_again"),
    )


def check_fields(found: Mapping[str, JSON], known: tuple[str, ...], what: str) -> None:
    """Raise ``BadOption`` for a field that ``what`` does not have."""
    unknown = [name for name in found if name not in known]
    if unknown:
        raise BadOption(f"{what} has no field {unknown[0][:80]!r}; its fields are {', '.join(known)}")


def word(found: Mapping[str, JSON], name: str) -> str:
    """The text of field ``name``."""
    value = found.get(name)
    if not isinstance(value, str):
        raise BadOption(f"{name} is {_shown(value)}; give a text")
    return value


def whole(found: Mapping[str, JSON], name: str) -> int:
    """The whole number of field ``name``."""
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadOption(f"{name} is {_shown(value)}; give a whole number")
    return value


def _count(found: Mapping[str, JSON], name: str) -> int | None:
    return whole(found, name) if name in found else None


def _lookahead(found: Mapping[str, JSON]) -> str:
    value = found.get("lookahead", "")
    if isinstance(value, str):
        return value
    return str(whole(found, "lookahead"))


def _max_steps(found: Mapping[str, JSON], otherwise: int | str) -> int | str:
    value = found.get("max_steps", otherwise)
    return value if isinstance(value, str) else whole({"max_steps": value}, "max_steps")


def asks(found: Mapping[str, JSON]) -> bool:
    """Whether whoever starts the session can be asked when it reaches a limit; if not, it ends there."""
    return whether(found, "ask")


def whether(found: Mapping[str, JSON], name: str) -> bool:
    """Whether field ``name`` says so; where it is not there, it does not."""
    value = found.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadOption(f"{name} is {_shown(value)}; give true or false")
    return value is True


def amount(found: Mapping[str, JSON], name: str) -> float | None:
    """The number of field ``name``, ``None`` if it is not there."""
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadOption(f"{name} is {_shown(value)}; give a number")
    try:
        usd = float(value)
    except OverflowError:
        usd = math.inf
    if not math.isfinite(usd):
        raise BadOption(f"{name} is beyond all measure; give a number, or leave it out")
    return usd


def _shown(value: JSON) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
