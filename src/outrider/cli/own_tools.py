"""The tools that ``--tools`` names, opened; what is said of them on the command line, and what there is to say of that."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from outrider.errors import BadOption
from outrider.launch import DEFAULT_WORLD
from outrider.model import Approval, Effect
from outrider.worlds.named import OWN_TOOLS

if TYPE_CHECKING:
    from outrider.tools import Toolbox

Words: TypeAlias = list[tuple[str, str | None]]

_MCP: Final = ("mcp:", "mcp+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsWanted:
    """What the command line said of tools."""

    sources: tuple[str, ...] = ()
    effects: Mapping[str, Effect] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    trusted: bool = False

    def world(self, named: str) -> str:
        """The world that is meant: with tools it is made of them, unless none is named.

        Raises:
            BadOption: another one is named as well.
        """
        if self.sources and named not in ("", OWN_TOOLS):
            raise BadOption(f"--tools makes a world of its own, and --world {named} is given too; leave one of them out")
        return named or (OWN_TOOLS if self.sources else DEFAULT_WORLD)

    @property
    def words(self) -> Words:
        """The same once more, as options; ``None`` for one without a value."""
        said: Words = [("--tools", source) for source in self.sources]
        said += [("--effect", f"{name}={effect}") for name, effect in self.effects.items()]
        said += [("--approve", f"{name}={approval}") for name, approval in self.approvals.items()]
        return [*said, ("--trust", None)] if self.trusted else said


def read_tools(
    sources: Iterable[str] | None, effects: Iterable[str] | None, approvals: Iterable[str] | None, *, trusted: bool
) -> ToolsWanted:
    """The options as they were typed.

    Raises:
        BadOption: one is no NAME=VALUE, or says something of tools where there are none.
    """
    wanted = ToolsWanted(
        sources=tuple(sources or ()),
        effects=_pairs("--effect", effects, get_args(Effect)),
        approvals=_pairs("--approve", approvals, get_args(Approval)),
        trusted=trusted,
    )
    if not wanted.sources and wanted.words:
        raise BadOption(f"{wanted.words[0][0]} says something of tools, and there are none; give some with --tools")
    if trusted and not any(source.startswith(_MCP) for source in wanted.sources):
        raise BadOption("--trust is for the hints of MCP servers, and none is given; leave it out")
    return wanted


def _pairs(option: str, words: Iterable[str] | None, values: tuple[Any, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words or ():
        name, equals, value = word.rpartition("=")
        if not equals or not name or value not in values:
            raise BadOption(f"{option} {word[:80]} is not understood; give NAME={'|'.join(values)}, such as search={values[0]}")
        if found.setdefault(name, value) != value:
            raise BadOption(f"{option} says both {found[name]} and {value} of {name}; give one of them")
    return found


@asynccontextmanager
async def toolbox_of(wanted: ToolsWanted) -> AsyncIterator[Toolbox | None]:
    """All the tools together, there until the block is left; ``None`` where there are none.

    What they print goes to standard error meanwhile: standard output is the plan's, and scripts read it.

    Raises:
        BadOption: there is no such tool, or two have one name.
        ToolLost: an MCP server does not start or does not answer.
    """
    if not wanted.sources:
        yield None
        return
    from outrider.tools import Toolbox, toolbox_from

    async with AsyncExitStack() as stack:
        stack.enter_context(redirect_stdout(sys.stderr))
        boxes = [await stack.enter_async_context(toolbox_from(source, trusted=wanted.trusted)) for source in wanted.sources]
        yield Toolbox.of(*boxes).declaring(wanted.effects, wanted.approvals)


def not_as_listed(toolbox: Toolbox | None, wanted: ToolsWanted) -> list[str]:
    """What ``--effect`` could not decide, in a sentence each."""
    if toolbox is None:
        return []
    return [
        f"{tool.name} stays a {tool.effect}, though --effect says {wanted.effects[tool.name]}: {tool.why}"
        for tool in toolbox.tools
        if wanted.effects.get(tool.name, tool.effect) != tool.effect
    ]


def check_no_effect(toolbox: Toolbox | None) -> None:
    """Raise ``BadOption`` if a second run would change the world a second time."""
    writes = [tool.name for tool in toolbox.tools if tool.effect == "write"] if toolbox is not None else []
    if writes:
        raise BadOption(f"--compare runs everything once more, and {', '.join(writes[:5])} would change the world again")
