"""What the command line keeps in the journal of how a session was launched, so that ``outrider resume`` needs not be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from outrider.cli.own_tools import ToolsWanted
from outrider.errors import BadOption
from outrider.launch import Wanted
from outrider.model import Role
from outrider.naming import from_any_folder, whole_path, without_secrets
from outrider.rules.events import Opened
from outrider.settings import HIDDEN, settings_in, settings_text


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


def settings_of(
    wanted: Wanted, agents: Mapping[Role, str], own_tools: ToolsWanted, prices: object, *, served: bool = False
) -> str:
    """What is kept, as JSON. ``agents`` are their names as they were found; ``served`` says whether a server runs it.

    Files stand there by their whole paths, since it may be gone on with from another folder.
    """
    tools = {**asdict(own_tools), "sources": [_without_arguments(source) for source in own_tools.sources]}
    if not served:  # what a server's users may name is listed as it is named
        tools["sources"] = [whole_path(source) for source in tools["sources"]]
        agents = {role: from_any_folder(name) for role, name in agents.items()}
    return settings_text(wanted, agents, tools, whole_path(str(prices)) if prices else "", served=served)


def _without_arguments(source: str) -> str:
    """A program's arguments may hold a secret, and so may an address."""
    return HIDDEN if len(source.split()) > 1 else without_secrets(source)


def kept_of(opened: Opened) -> Kept:
    """How the session was launched.

    Raises:
        BadOption: it was not launched by ``outrider plan`` or ``outrider serve``, or by another version.
    """
    found = settings_in(opened)
    try:
        tools = ToolsWanted(**{**found.tools, "sources": tuple(found.tools["sources"])})
    except (KeyError, TypeError):
        raise BadOption("what the session keeps of its tools cannot be read; give them again with --tools") from None
    return Kept(wanted=found.wanted, own_tools=tools, prices=found.prices)
