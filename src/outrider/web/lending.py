"""Models lent to sessions. Those with the same lookahead share theirs, so that a model in this process is loaded once for them.

The lookahead decides how many calls a model here makes room for. Models that nobody uses any more are closed, but for those that
were used last: the next session most likely wants them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from outrider.launch import Understood
from outrider.naming import Models, Progress
from outrider.providers.prices import Prices


@dataclass(slots=True, eq=False)
class Lent:
    """Models, how many sessions use them, and whose turn it is to open another of them."""

    models: Models
    users: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Lending:
    """Opens models and lends them. ``close`` when no session runs any more."""

    def __init__(self, prices: Prices, progress: Progress = lambda arrived, total: None) -> None:
        self._prices = prices
        self._progress = progress
        self._lent: dict[str, Lent] = {}

    @asynccontextmanager
    async def lent(self, understood: Understood) -> AsyncIterator[Lent]:
        """Inside, the models are open for a session of ``understood``."""
        name = understood.lookahead.name
        # Models open nothing before one is asked for, so there is nothing to enter.
        lent = self._lent.pop(name, None) or Lent(understood.models(self._prices, self._progress))
        self._lent[name] = lent  # the last is the one used last
        lent.users += 1
        try:
            yield lent
        finally:
            lent.users -= 1
            await self._close_idle()

    async def _close_idle(self) -> None:
        idle = [name for name in list(self._lent)[:-1] if not self._lent[name].users]
        for lent in [self._lent.pop(name) for name in idle]:
            await lent.models.__aexit__(None, None, None)

    async def close(self) -> None:
        """Close them all."""
        while self._lent:
            _, lent = self._lent.popitem()
            await lent.models.__aexit__(None, None, None)
