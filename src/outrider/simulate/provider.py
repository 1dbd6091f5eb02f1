"""The model server that simulated calls share: what it charges, how it slows down under load, how often it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from math import inf

from outrider.errors import BadOption, ServerTrouble
from outrider.model import Prefix, Role
from outrider.simulate.episode import TICKS_A_SECOND


@dataclass(frozen=True, slots=True)
class Call:
    """One call at the provider: how long it waits for its turn, how much slower it is, whether it fails."""

    waits: int
    slower: float
    fails: bool

    def ticks(self, drawn: int) -> int:
        """How long it takes in all, if it takes ``drawn`` ticks where nothing stands in its way."""
        return self.waits + max(1, round(drawn * self.slower))

    def check(self) -> None:
        """Raise ``ServerTrouble`` if the provider fails here. Tokens are not charged then."""
        if self.fails:
            raise ServerTrouble("the simulated provider failed")


class Provider:
    """One model server for both agents. By default it is free of limits, load and failures, and its prices are unknown.

    Args:
        draft_price, target_price: dollars per million output tokens; ``None`` where unknown, and so is then the cost.
        slowdown: with n calls in flight, itself included, a call that begins takes ``1 + slowdown * (n - 1)`` times as long.
        calls_per_minute: the most calls it begins in a minute, evenly spaced; the others wait for their turn.
        failures: the chance that a call fails after its time. ``seed`` decides which: a prefix's first call, second call, …
    """

    def __init__(
        self,
        *,
        draft_price: float | None = None,
        target_price: float | None = None,
        slowdown: float = 0.0,
        calls_per_minute: float | None = None,
        failures: float = 0.0,
        seed: int = 0,
    ) -> None:
        _check(0 <= slowdown <= 1000, f"slowdown is {slowdown}; give a number from 0, for none, to 1000")
        paced = calls_per_minute is None or 0 < calls_per_minute < inf
        _check(paced, f"calls a minute are {calls_per_minute}; give a positive number, or leave it out")
        _check(0 <= failures <= 1, f"failures is {failures}; give a chance from 0 to 1")
        for price in (draft_price, target_price):
            _check(price is None or 0 <= price < inf, f"a price is {price}; give dollars per million output tokens")
        self._prices: dict[Role, float | None] = {"approximation": draft_price, "target": target_price}
        self._slowdown = slowdown
        self._between = 0 if calls_per_minute is None else round(60 * TICKS_A_SECOND / calls_per_minute)
        self._failures = failures
        self._seed = seed
        self._flying = 0
        self._free_at = 0
        self._attempts: dict[tuple[Role, Prefix], int] = {}

    def cost_usd(self, role: Role, tokens: int) -> float | None:
        """The price of so many output tokens."""
        price = self._prices[role]
        return None if price is None else price * tokens / 1_000_000

    @contextmanager
    def call(self, role: Role, prefix: Prefix, now: int) -> Iterator[Call]:
        """A call that begins at tick ``now`` and is under way as long as the context is open."""
        self._flying += 1
        try:
            yield Call(self._turn(now), 1 + self._slowdown * (self._flying - 1), self._fails(role, prefix))
        finally:
            self._flying -= 1

    def _turn(self, now: int) -> int:
        """How long a call has to wait; its place is taken even if it is cancelled."""
        if not self._between:
            return 0
        begins = max(now, self._free_at)
        self._free_at = begins + self._between
        return begins - now

    def _fails(self, role: Role, prefix: Prefix) -> bool:
        if not self._failures:
            return False
        attempt = self._attempts[role, prefix] = self._attempts.get((role, prefix), 0) + 1
        text = "/".join((str(self._seed), role, str(attempt), *(step.key for step in prefix)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) < self._failures * 2**64


def _check(sound: bool, message: str) -> None:
    if not sound:
        raise BadOption(message)
