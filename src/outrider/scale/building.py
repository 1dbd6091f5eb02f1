"""From the names in a setting to agents and tools, once for all calls that name the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from outrider.agents.agent import Agent
from outrider.journal import JournalStore
from outrider.launch import Wanted, launch, understand
from outrider.model import Role
from outrider.naming import Models, Progress
from outrider.providers.prices import Prices
from outrider.runtime.hands import Tools
from outrider.scale.own_tools import check_same
from outrider.scale.wire import Setting
from outrider.worlds.named import OWN_TOOLS

if TYPE_CHECKING:
    from outrider.tools import Toolbox

MOST_KEPT: Final = 100
"""So many settings are kept built; the one that was asked for longest ago is built anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A setting's agents, and its tools where steps are executed."""

    agents: Mapping[Role, Agent]
    tools: Tools | None = None


class Builder(Protocol):
    """Makes what a setting names."""

    async def built(self, setting: Setting) -> Built:
        """The agents and tools, ready to be asked.

        Raises:
            UnknownName, BadOption, EmptyTask: a name or an option makes no sense.
            ProviderError: a model cannot be had here, or its key is missing in this process's environment.
        """
        ...


@dataclass(slots=True, eq=False)
class _Entry:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    built: Built | None = None


class NamedBuilder:
    """Builds from names, as the command line does, with the keys in this process's environment. Enter it; leaving closes models.

    Args:
        prices: what tokens cost.
        journal: what a drafter that recalls is to recall.
        progress: told how much of the embedded model has arrived, when it is fetched.
        own_tools: what sessions of the world ``tools`` are executed with, if they were begun with the same.
    """

    def __init__(self, prices: Prices, journal: JournalStore, progress: Progress, *, own_tools: Toolbox | None = None) -> None:
        self._prices = prices
        self._journal = journal
        self._progress = progress
        self._own_tools = own_tools
        self._models: dict[str, Models] = {}
        self._kept: OrderedDict[Setting, _Entry] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while self._models:
            _, models = self._models.popitem()
            await models.__aexit__(None, None, None)

    async def built(self, setting: Setting) -> Built:
        """As ``Builder`` says; calls that name the same at once wait for one building."""
        entry = self._kept.setdefault(setting, _Entry())
        self._kept.move_to_end(setting)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        async with entry.turn:
            if entry.built is None:
                entry.built = await self._build(setting)
        return entry.built

    async def _build(self, setting: Setting) -> Built:
        if setting.world == OWN_TOOLS:
            check_same(setting.tools, self._own_tools)
        wanted = Wanted(
            task=setting.task, world=setting.world, approximation=setting.approximation, target=setting.target,
            lookahead=setting.lookahead,
        )  # fmt: skip
        understood = understand(wanted, own_tools=self._own_tools)
        models = self._models.setdefault(setting.lookahead, understood.models(self._prices, self._progress))
        ready = await launch(understood, models, self._journal)
        return Built(agents=ready.agents, tools=ready.tools)
