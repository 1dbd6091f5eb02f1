"""What ``outrider plan`` keeps in the journal of how it was launched, so that ``outrider resume`` needs not be told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from outrider.cli.own_tools import ToolsWanted
from outrider.errors import BadOption
from outrider.launch import Wanted
from outrider.model import JSON, Role
from outrider.naming import without_secrets
from outrider.rules.events import Opened

HIDDEN: Final = "[hidden]"

_NOT_KEPT: Final = ("task", "going_on_from", "settled", "run_again", "max_steps", "lookahead", "hour_worth", "reads", "setting")
"""What is on record as it turned out to be, or counts only once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a session was launched. What may hold a secret is not kept, and stands there as hidden."""

    wanted: Wanted
    own_tools: ToolsWanted
    prices: str = ""

    def check(self) -> Kept:
        """Itself, if all of it is there.

        Raises:
            BadOption: something was hidden and has not been given again.
        """
        words = {"-a": self.wanted.approximation, "-t": self.wanted.target, "--tools": " ".join(self.own_tools.sources)}
        for option, value in words.items():
            if HIDDEN in value:
                raise BadOption(f"{option} was {value}: what may hold a secret is not kept in the journal; give {option} again")
        return self


def settings_of(wanted: Wanted, agents: Mapping[Role, str], own_tools: ToolsWanted, prices: object) -> str:
    """What is kept, as JSON. ``agents`` are their names as they were found."""
    usual = Wanted()
    given: dict[str, JSON] = {
        name: value for name, value in asdict(wanted).items() if name not in _NOT_KEPT and value != getattr(usual, name)
    }
    given |= {role: without_secrets(name) for role, name in agents.items()}
    tools = {**asdict(own_tools), "sources": [_without_arguments(source) for source in own_tools.sources]}
    return json.dumps({"wanted": given, "tools": tools, "prices": str(prices or "")})


def _without_arguments(source: str) -> str:
    """A program's arguments may hold a secret, and so may an address."""
    return HIDDEN if len(source.split()) > 1 else without_secrets(source)


def kept_of(opened: Opened) -> Kept:
    """How the session was launched: what is kept, with the task, the lookahead and the number of steps on record.

    Raises:
        BadOption: it was not launched by ``outrider plan``, or by another version.
    """
    try:
        found = json.loads(opened.settings)
        known = {entry.name for entry in fields(Wanted)}
        given = {name: value for name, value in found["wanted"].items() if name in known}
        reads = opened.reads if opened.tools else None
        wanted = Wanted(**given, task=opened.task.text, lookahead=opened.lookahead, max_steps=opened.max_steps, reads=reads)
        tools = ToolsWanted(**{**found["tools"], "sources": tuple(found["tools"]["sources"])})
        return Kept(wanted=wanted, own_tools=tools, prices=str(found["prices"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadOption(
            "the session was not launched by this version's outrider plan, so it is not known how; resume it where it was "
            "launched, with outrider.resume"
        ) from None
