"""A simulated person: watches a session as a screen would, and takes steps in its interrupt windows. A model, not people.

The evaluation of user interruption in the paper (arXiv 2410.00079) needs somebody who interrupts. This one has a patience and an
error rate: once a draft has been on display for ``patience_s``, they take the step.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from outrider.errors import BadOption, NotNow
from outrider.model import Prefix, Step
from outrider.rules.events import Confirmed, Ended, Record, Shown, Steered, WentBack
from outrider.runtime import EventStream, Session

Knows: TypeAlias = Callable[[Prefix], Step | None]
"""The right step after a prefix, by the person's own lights; ``None`` where they have no opinion."""

Others: TypeAlias = Callable[[Prefix], Sequence[Step]]
"""What else they might take for the step after a prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """An interrupt window that was offered: step ``at``'s draft, on display since ``shown_s``.

    It ends as ``taken`` with the step that they took; as ``late`` if the verdict came while their hand was on its way; or as
    ``passed`` if it came before their patience ended, or they had no opinion.
    """

    at: int
    draft: Step
    shown_s: float
    ended: Literal["taken", "late", "passed"]
    taken: Step | None = None


class SimulatedPerson:
    """Takes steps by what is on display and nothing else. What they name is a function of seed, prefix and draft.

    With probability ``error_rate`` they are wrong: they accept a draft that is not right, or, where it is, take another step
    instead. The same seed makes the same mistakes, and a higher rate makes those of a lower one too, and more.

    Args:
        knows: the right step after a prefix.
        others: what else there is to take; without it, a wrong person can only accept wrong drafts.
        patience_s: how long a draft must have been on display; infinite for somebody who only watches.
        reaction_s: from the decision to the command. A verdict that comes in between makes it late.
        error_rate: how often they are wrong, from 0 to 1.

    Raises:
        BadOption: a number makes no sense.
    """

    def __init__(
        self,
        knows: Knows,
        *,
        others: Others = lambda prefix: (),
        patience_s: float,
        reaction_s: float = 0.0,
        error_rate: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not patience_s >= 0:
            raise BadOption(f"a patience of {patience_s} s makes no sense; give a number from 0")
        if not 0 <= reaction_s < math.inf:
            raise BadOption(f"a reaction of {reaction_s} s makes no sense; give a number from 0")
        if not 0 <= error_rate <= 1:
            raise BadOption(f"an error rate of {error_rate} makes no sense; give a chance from 0 to 1")
        self._knows = knows
        self._others = others
        self._patience_s = patience_s
        self._reaction_s = reaction_s
        self._error_rate = error_rate
        self._seed = seed
        self._windows: list[Window] = []

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window that was offered and is over, in order."""
        return tuple(self._windows)

    def names(self, prefix: Prefix, draft: Step) -> Step | None:
        """The step that they take after ``prefix`` with ``draft`` on display; ``None`` if they let it pass."""
        right = self._knows(prefix)
        if right is None:
            return None
        dice = random.Random(f"{self._seed} {[step.key for step in prefix]}")  # noqa: S311 - dice, no secrets
        if dice.random() >= self._error_rate:
            return right
        if draft != right:
            return draft
        others = [step for step in self._others(prefix) if step != right]
        return dice.choice(others) if others else None

    async def watch(self, session: Session) -> None:
        """Watch ``session`` to its end, and take steps. Run it beside ``session.result()``, in a task group."""
        async with session.events() as events:
            await self._look(session, events)

    async def _look(self, session: Session, events: EventStream) -> None:
        loop = asyncio.get_running_loop()
        opened_s: float | None = None  # on the loop's clock; known from the first record on
        shown: tuple[Shown, float] | None = None
        while True:
            try:
                async with asyncio.timeout_at(self._decides_s(opened_s, shown)):
                    record = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                assert shown is not None, "they decide on what they see"
                await self._take(session, *shown)
                shown = None
                continue
            if opened_s is None:
                opened_s = loop.time() - record.time_s
            shown = self._after(record, shown)

    def _decides_s(self, opened_s: float | None, shown: tuple[Shown, float] | None) -> float | None:
        """When their patience ends, on the loop's clock; ``None`` for never."""
        if opened_s is None or shown is None or self._patience_s == math.inf:
            return None
        return opened_s + shown[1] + self._patience_s

    def _after(self, record: Record, shown: tuple[Shown, float] | None) -> tuple[Shown, float] | None:
        """What is on display, and since when, once ``record`` has happened."""
        match record.event:
            case Shown() | Confirmed() | WentBack() | Steered() | Ended() if shown is not None:
                self._over(*shown, "passed")
                shown = None
            case _:
                pass
        return (record.event, record.time_s) if isinstance(record.event, Shown) else shown

    async def _take(self, session: Session, shown: Shown, shown_s: float) -> None:
        prefix = session.plan.prefix[: shown.at]
        step = self.names(prefix, shown.step) if len(prefix) == shown.at else None
        if step is None:
            self._over(shown, shown_s, "passed")
            return
        await asyncio.sleep(self._reaction_s)
        try:
            session.take(step, at=shown.at)
        except NotNow:
            self._over(shown, shown_s, "late", step)
        else:
            self._over(shown, shown_s, "taken", step)

    def _over(self, shown: Shown, shown_s: float, ended: Literal["taken", "late", "passed"], taken: Step | None = None) -> None:
        self._windows.append(Window(at=shown.at, draft=shown.step, shown_s=shown_s, ended=ended, taken=taken))
