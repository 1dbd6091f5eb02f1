"""What a session keeps in its journal of how it was launched, so that whoever resumes it needs not be told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from outrider.errors import BadOption
from outrider.launch import Wanted
from outrider.model import JSON, Role
from outrider.naming import without_secrets
from outrider.rules.events import Opened

HIDDEN: Final = "[hidden]"
"""Stands where something was that may hold a secret."""

_NOT_KEPT: Final = ("task", "going_on_from", "settled", "run_again", "max_steps", "lookahead", "hour_worth", "reads", "setting")
"""What is on record as it turned out to be, or counts only once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a session was launched. What may hold a secret stands there as hidden.

    ``tools`` is what its launcher has said of its own tools, in its own form. ``served`` says whether a server ran it.
    """

    wanted: Wanted
    tools: Mapping[str, Any]
    prices: str = ""
    served: bool = False


def settings_text(
    wanted: Wanted, agents: Mapping[Role, str], tools: Mapping[str, JSON], prices: object, *, served: bool = False
) -> str:
    """What is kept, as JSON. ``agents`` are their names as they were found; ``tools`` holds no secret any more."""
    usual = Wanted()
    given: dict[str, JSON] = {
        name: value for name, value in asdict(wanted).items() if name not in _NOT_KEPT and value != getattr(usual, name)
    }
    given |= {role: without_secrets(name) for role, name in agents.items()}
    kept: dict[str, JSON] = {"wanted": given, "tools": dict(tools), "prices": str(prices or "")}
    return json.dumps(kept | ({"served": True} if served else {}))


def settings_in(opened: Opened) -> Settings:
    """How the session was launched: what is kept, with the task, the lookahead and the number of steps on record.

    Raises:
        BadOption: it was not launched by ``outrider plan`` or ``outrider serve``, or by another version.
    """
    try:
        found = json.loads(opened.settings)
        known = {entry.name for entry in fields(Wanted)}
        given = {name: value for name, value in found["wanted"].items() if name in known}
        reads = opened.reads if opened.tools else None
        wanted = Wanted(**given, task=opened.task.text, lookahead=opened.lookahead, max_steps=opened.max_steps, reads=reads)
        return Settings(
            wanted=wanted, tools=found["tools"], prices=str(found["prices"]), served=found.get("served") is True
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadOption(
            "the session was not launched by this version's outrider plan or serve, or it was in an engine, where it goes on by "
            "itself; so it is not known how: resume it where it was launched, with outrider.resume"
        ) from None
