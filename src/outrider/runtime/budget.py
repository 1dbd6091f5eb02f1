"""A budget: how much may be spent in all. What a call can use is reserved *before* it is sent, and settled when it has ended.

So twenty calls that start together cannot overshoot a budget that has room for one. Speculation is the first to be cut: it is let
in only where room is left for the frontier's next call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from outrider.errors import BadOption
from outrider.model import Usage
from outrider.runtime.turns import Condition, Room, Ticket

_SLACK: Final = 1e-9
"""Sums of dollars are not exact: a limit that is reached to the cent is no overshoot."""


class Ledger(Protocol):
    """What keeps calls, tokens and dollars beyond this process."""

    def spent(self) -> Sequence[float]:
        """So many calls, tokens and dollars so far, whoever entered them."""
        ...

    def enter(self, tokens: int, usd: float | None) -> None:
        """A call of so many ``tokens`` and dollars was spent; ``None`` where no price is known."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Budget(Condition):
    """The most that may be spent: calls, tokens (prompt and output together), dollars, seconds. ``None`` is no limit.

    Seconds count while a call is under way; those in which the person holds the run and nothing is asked do not. When they are
    over, calls that are under way are closed. Several sessions, and several ``Limits``, may share one budget.
    """

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    whose: str = "the budget"
    """What it is called where it is used up."""
    ledger: Ledger | None = None
    """What keeps calls, tokens and dollars beyond this process, and knows what was spent before and elsewhere."""
    remedy: str = ""
    """What helps where it is used up, if that is not up to the session."""
    _given: dict[str, float | None] = field(default_factory=dict)
    _spent: list[float] = field(default_factory=lambda: [0, 0, 0.0])
    _reserved: list[float] = field(default_factory=lambda: [0, 0, 0.0])
    _inside: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    _spent_s: float = 0.0
    _busy: int = 0
    _busy_since_s: float = 0.0
    _watching: dict[Callable[[], None], None] = field(default_factory=dict)

    NAMES: ClassVar = (("calls", "calls"), ("tokens", "tokens"), ("usd", "dollars"), ("seconds", "seconds"))

    def __post_init__(self) -> None:
        for name, unit in self.NAMES:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BadOption(f"a budget of {value} {unit} allows nothing; give a positive number or leave it out")
            self._given[name] = value

    def allow(
        self, *, calls: int | None = None, tokens: int | None = None, usd: float | None = None, seconds: float | None = None
    ) -> None:
        """So much more may be spent.

        Raises:
            BadOption: a number is not positive, or there is no limit on what it counts. Nothing has changed.
        """
        more = {"calls": calls, "tokens": tokens, "usd": usd, "seconds": seconds}
        self.check_more(more)
        for name, value in more.items():
            if value is not None:
                setattr(self, name, getattr(self, name) + value)
        self._tell()

    @property
    def bounded(self) -> bool:
        """Whether it counts what a call can use: tokens or dollars."""
        return self.tokens is not None or self.usd is not None

    @property
    def given(self) -> dict[str, float | None]:
        """What was given at first, by the names that ``allow`` takes."""
        return dict(self._given)

    def check_more(self, more: dict[str, float | None]) -> None:
        """Raise ``BadOption`` unless so much more can be allowed."""
        for name, unit in self.NAMES:
            value = more.get(name)
            if value is not None and not 0 < value < float("inf"):
                raise BadOption(f"{value} more {unit} make no sense; give a positive number")
            if value is not None and getattr(self, name) is None:
                raise BadOption(f"there is no limit on {unit}, so there is none to raise; leave {unit} out")
        if all(value is None for value in more.values()):
            raise BadOption("nothing more was allowed; say how many calls, tokens, dollars (usd) or seconds")

    def limit(self, *, calls: int | None, tokens: int | None, usd: float | None) -> None:
        """The most that may be spent is this from now on; calls that wait go on if they fit."""
        self.calls, self.tokens, self.usd = calls, tokens, usd
        self._tell()

    def count_before(self, calls: Sequence[Usage], seconds: float) -> None:
        """A session that is resumed had spent so much already: these calls, which were under way for so many seconds."""
        for used in calls:
            self.count(used)
        self._spent_s += seconds

    def count(self, used: Usage) -> None:
        """A call that was not let in here has used so much."""
        self._enter(used.tokens, used.cost_usd)

    def raise_as_before(self, calls: int | None, tokens: int | None, usd: float | None, seconds: float | None) -> None:
        """The person had allowed so much more already; what has no limit now needs no raising."""
        for name, more in (("calls", calls), ("tokens", tokens), ("usd", usd), ("seconds", seconds)):
            if more is not None and getattr(self, name) is not None:
                setattr(self, name, getattr(self, name) + more)

    # As a condition -------------------------------------------------------------------------------------------------

    def room(self, ticket: Ticket) -> Room:
        """Whether the most that the call can use stays within what is left.

        Raises:
            BadOption: the budget counts something of which the call cannot name a bound.
        """
        amounts = self._amounts(ticket.most)
        kept = self._kept(ticket)
        room: Room = "never" if self.over else "now"
        for limit, spent, reserved, amount, keep in zip(
            (self.calls, self.tokens, self.usd), self._so_far(), self._reserved, amounts, kept, strict=True
        ):
            if limit is None or spent + reserved + amount + keep <= limit + _SLACK:
                continue
            if spent + amount + keep > limit + _SLACK:
                return "never"
            room = "crowded" if room == "now" else room
        return room

    def enter(self, ticket: Ticket) -> None:
        """Reserve the most that the call can use."""
        amounts = self._inside[id(ticket)] = self._amounts(ticket.most)
        self._reserved = [a + b for a, b in zip(self._reserved, amounts, strict=True)]
        if self.seconds is not None:
            self._busy_since_s = self._busy_since_s if self._busy else _now_s()
            self._busy += 1

    def leave(self, ticket: Ticket) -> None:
        """What the call used counts; where that is unknown, what was reserved for it. One that was not sent counts nothing.

        Nor does one that goes on count in a ledger: whoever follows it enters it there, with what it has used.
        """
        reserved = self._inside.pop(id(ticket))
        self._reserved = [a - b for a, b in zip(self._reserved, reserved, strict=True)]
        if ticket.sent and not (ticket.goes_on and self.ledger is not None):
            used = ticket.used
            tokens = reserved[1] if used.counted == "unknown" else used.tokens
            usd = used.cost_usd
            self._enter(tokens, usd if usd is not None or ticket.most is None else ticket.most.cost_usd)
        if self._busy:
            self._busy -= 1
            self._spent_s += 0.0 if self._busy else _now_s() - self._busy_since_s
        self._tell()

    @property
    def over(self) -> bool:
        """Whether its seconds have passed."""
        return self.seconds is not None and self._passed_s() >= self.seconds - _SLACK

    def next_s(self) -> float | None:
        """When its seconds will have passed, if calls are under way."""
        return _now_s() + self.seconds - self._passed_s() if self.seconds is not None and self._busy and not self.over else None

    @property
    def refusal(self) -> str:
        return f"{self.whose} has no room for another call: {self}" + (f"; {self.remedy}" if self.remedy else "")

    def watch(self, look: Callable[[], None], *, waiting: bool) -> None:
        """Those who wait are told when somebody else who shares this budget has left, or more is allowed."""
        if waiting:
            self._watching[look] = None
        else:
            self._watching.pop(look, None)

    def _tell(self) -> None:
        for look in tuple(self._watching):
            look()

    # Amounts --------------------------------------------------------------------------------------------------------

    def check(self, most: Usage | None, who: str = "a call") -> None:
        """Raise ``BadOption`` if the whole budget is less than one call may use, or nobody can say how much that is."""
        amounts = self._amounts(most)
        for limit, amount, unit in zip((self.calls, self.tokens, self.usd), amounts, ("calls", "tokens", "$"), strict=True):
            if limit is not None and amount > limit:
                raise BadOption(
                    f"{self.whose} of {limit:.6g} {unit} has no room for a single call: {who} may use up to {amount:.6g} {unit}"
                )

    def _so_far(self) -> Sequence[float]:
        return self._spent if self.ledger is None else self.ledger.spent()

    def _enter(self, tokens: float, usd: float | None) -> None:
        if self.ledger is not None:
            self.ledger.enter(round(tokens), usd)
        else:
            self._spent = [a + b for a, b in zip(self._spent, (1, tokens, usd or 0.0), strict=True)]

    def _passed_s(self) -> float:
        return self._spent_s + (_now_s() - self._busy_since_s if self._busy else 0.0)

    def _kept(self, ticket: Ticket) -> tuple[float, float, float]:
        """What is to be left beside the call: speculation leaves room for the frontier's next call."""
        return (0, 0, 0.0) if ticket.urgent or ticket.keep is None else self._amounts(ticket.keep)

    def _amounts(self, most: Usage | None) -> tuple[float, float, float]:
        if self.tokens is not None and most is None:
            raise BadOption("a token budget needs agents that know how much a call can use; use a budget of calls")
        if self.usd is not None and (most is None or most.cost_usd is None):
            raise BadOption("a dollar budget needs a price for each model; give one, or use a budget of tokens or calls")
        if most is None:
            return 1, 0, 0.0
        return 1, most.tokens, most.cost_usd or 0.0

    def __str__(self) -> str:
        spent = [*self._so_far(), self._passed_s() if self.seconds is not None else 0.0]
        limits = (self.calls, self.tokens, self.usd, self.seconds)
        words = ("{:.6g} of {:.6g} calls", "{:.6g} of {:.6g} tokens", "${:.6g} of ${:.6g}", "{:.6g} of {:.6g} s")
        told = zip(words, spent, limits, strict=True)
        return ", ".join(f"{word.format(amount, limit)} spent" for word, amount, limit in told if limit is not None)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
