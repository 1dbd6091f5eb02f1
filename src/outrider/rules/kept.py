"""Estimates as JSON, for later sessions to begin with: written whole, read with suspicion, a little faded.

What earlier versions did not keep is begun anew where it is missing: ``sharing``, ``company`` and what is known by context. Their
``slowdown`` is what is now called ``queueing``.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from outrider.model import JSON
from outrider.rules.estimates import MOST_DRAFTERS, MOST_RANKS, AtOnce, Calls, Company, Estimates
from outrider.rules.load import Slowdown
from outrider.rules.tallies import CONFIDENCES, MOST_POSITIONS, Lift, Tally

FADING: Final = 0.9
"""What earlier sessions have counted counts so much less in each further one: what is not seen any more is forgotten."""

MOST: Final = 1e50
"""A greater number is nobody's seconds or dollars, and its square could not be computed."""

MOST_KINDS: Final = 200
"""So many actions' tallies are kept, those of the most judged."""


def as_json(known: Estimates) -> dict[str, JSON]:
    """All of it."""
    return {
        "target": _calls_json(known.target),
        "drafters": [_calls_json(calls) for calls in known.drafters],
        "at_once": [known.at_once.due, known.at_once.left],
        "queueing": _sums_of(known.queueing),
        "sharing": _sums_of(known.sharing),
        "by_rank": {str(rank): [tally.accepted, tally.judged] for rank, tally in sorted(known.by_rank.items())},
        "by_action": _most_judged(known.by_action),
        "by_confidence": _lifts_json(known.contexts.by_confidence),
        "by_position": _lifts_json(known.contexts.by_position),
        "ends": [known.ends.accepted, known.ends.judged],
    }


def _calls_json(calls: Calls) -> dict[str, JSON]:
    durations: list[JSON] = [[seconds, ended] for seconds, ended in calls.durations.seen]
    company: list[JSON] = [calls.company.others, calls.company.count]
    return {"durations": durations, "usd": list(calls.prices.seen), "company": company}


_SUMS: Final = tuple(entry.name for entry in fields(Slowdown) if not entry.name.startswith("_"))


def _sums_of(slowdown: Slowdown) -> list[JSON]:
    return [getattr(slowdown, name) for name in _SUMS]


def _lifts_json(lifts: dict[int, Lift]) -> dict[str, JSON]:
    return {str(key): [lift.accepted, lift.expected, lift.judged] for key, lift in sorted(lifts.items())}


def _most_judged(tallies: dict[str, Tally]) -> dict[str, JSON]:
    most = sorted(tallies.items(), key=lambda entry: (-entry[1].judged, entry[0]))[:MOST_KINDS]
    return {kind: [tally.accepted, tally.judged] for kind, tally in most}


def text_of(known: Estimates) -> str:
    """The estimates as JSON text."""
    return json.dumps(as_json(known))


def estimates_of(text: str) -> Estimates:
    """The estimates that are written in ``text``, faded.

    Raises:
        ValueError: it holds none.
    """
    try:
        return _read(json.loads(text))
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"these are no estimates: {type(error).__name__} {error}") from None


def _read(found: Any) -> Estimates:
    known = Estimates()
    _read_calls(known.target, found["target"])
    for number, calls in enumerate(found["drafters"][:MOST_DRAFTERS]):
        _read_calls(known.drafter(number), calls)
    due, left = found["at_once"]
    known.at_once = AtOnce(FADING * _number(due), FADING * _number(left))
    known.queueing = _slowdown(found["queueing"] if "queueing" in found else found["slowdown"])
    known.sharing = _slowdown(found["sharing"]) if "sharing" in found else Slowdown()
    known.by_rank = {_rank(rank): _faded(pair) for rank, pair in found["by_rank"].items()}
    known.by_action = {action: _faded(pair) for action, pair in found["by_action"].items()}
    known.contexts.by_confidence = _lifts(found.get("by_confidence", {}), CONFIDENCES)
    known.contexts.by_position = _lifts(found.get("by_position", {}), MOST_POSITIONS + 1)
    known.ends = _faded(found["ends"])
    return known


def _read_calls(calls: Calls, found: Any) -> None:
    for seconds, ended in found["durations"]:
        calls.durations.learn(_number(seconds), ended=_truth(ended))
    for usd in found["usd"]:
        calls.prices.learn(_number(usd))
    others, count = found.get("company", (0.0, 0.0))
    calls.company = Company(FADING * _number(others), FADING * _number(count))


def _slowdown(found: Any) -> Slowdown:
    values = [FADING * _number(value) for value in found]
    return Slowdown(**dict(zip(_SUMS, values, strict=True)))


def _rank(text: str) -> int:
    rank = int(text)
    if not 0 <= rank < MOST_RANKS:
        raise ValueError(f"there is no guess {rank}; they are counted from 0 to {MOST_RANKS - 1}")
    return rank


def _faded(pair: Any) -> Tally:
    accepted, judged = (_number(value) for value in pair)
    if accepted > judged:
        raise ValueError(f"{accepted} of {judged} drafts cannot have held")
    return Tally(FADING * accepted, FADING * judged)


def _lifts(found: Any, most: int) -> dict[int, Lift]:
    return {_key(key, most): _lift(three) for key, three in found.items()}


def _key(text: str, most: int) -> int:
    if not 0 <= (key := int(text)) < most:
        raise ValueError(f"there is no context {key}; they are counted from 0 to {most - 1}")
    return key


def _lift(three: Any) -> Lift:
    accepted, expected, judged = (_number(value) for value in three)
    if max(accepted, expected) > judged:
        raise ValueError(f"{accepted} of {judged} drafts cannot have held, nor {expected} been expected to")
    return Lift(FADING * accepted, FADING * expected, FADING * judged)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= value <= MOST:  # what is no number at all cannot be compared
        raise ValueError(f"{value!r} is no number from 0 to {MOST:g}")
    return float(value)
