"""What a model server allows: how many calls at once, how many requests and tokens a minute. Given, or learned from its refusals.

A server that says 429 is asked less: speculation is halved first, then all calls; each answer allows a little more again
(additive increase, multiplicative decrease; Chiu and Jain, 1989). All sessions that share this object learn from each other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

from outrider.agents.agent import Server
from outrider.errors import BadOption
from outrider.runtime.turns import Condition, Room, Ticket, Turns, withdraw

MINUTE_S: Final = 60.0

USUAL_QUIET_S: Final = 1.0
"""So long no speculation begins after a refusal that names no pause."""

MOST_QUIET_S: Final = 600.0
"""However long a pause the server asks for, speculation is tried again after this."""

PROBING: Final = 0.1
"""Beyond what the server last refused, an answer allows so much less: a refusal of the frontier costs more than a guess gains."""

PUSHED_BACK: Final = "the server limits requests, so there is less speculation"


class Places(Condition):
    """At most so many calls at once."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise BadOption(f"{most} calls at once would never start one; give at least 1")
        self._most = most
        self._taken = 0

    def room(self, ticket: Ticket) -> Room:
        """Whether a place is free."""
        return "now" if self._taken < self._most else "crowded"

    def enter(self, ticket: Ticket) -> None:
        """A place is taken."""
        self._taken += 1

    def leave(self, ticket: Ticket) -> None:
        """A place is free again."""
        self._taken -= 1


@dataclass(slots=True, eq=False)
class _Sent:
    """What counts for a minute from ``at_s`` on: requests, or the tokens that a call may use and then what it has used."""

    ticket: Ticket
    amount: int
    at_s: float = inf
    """Infinite while it is not known: requests that a call has still to make cannot be a minute ago."""


class Pace(Condition):
    """At most so much in any minute: requests, or tokens.

    A call of one request counts from when it is let in. One of several counts with all of them until a minute after its end,
    since it may make the last of them just before. Speculation has at most half of a minute, and less where the frontier's calls
    have needed more than half. So the frontier waits for speculation only if it needs more than half of what a minute allows.
    """

    def __init__(self, most: int, what: str) -> None:
        if most < 1:
            raise BadOption(f"{most} {what} a minute would never start a call; give at least 1")
        self._most = most
        self._what = what
        self._sent: deque[_Sent] = deque()
        self._inside: dict[Ticket, _Sent] = {}

    def room(self, ticket: Ticket) -> Room:
        """Whether the last minute has room for it. A call that needs more than a whole minute's goes alone."""
        amount = self._amount(ticket)
        counting = self._counting()
        spent = sum(sent.amount for sent in counting)
        if ticket.urgent:
            return "now" if not counting or spent + amount <= self._most else "later"
        needed = sum(sent.amount for sent in counting if sent.ticket.urgent)
        allowed = min(self._most // 2, self._most - needed - amount)
        return "now" if spent - needed + amount <= allowed else "later"

    def enter(self, ticket: Ticket) -> None:
        """It counts from now on."""
        sent = self._inside[ticket] = _Sent(ticket, self._amount(ticket))
        if ticket.server.requests == 1:
            self._begin(sent)

    def leave(self, ticket: Ticket) -> None:
        """What it has used counts, if that is known, in place of what it could have used."""
        sent = self._inside.pop(ticket)
        if not ticket.sent:
            sent.amount = 0
        elif self._what == "tokens" and ticket.used.counted != "unknown":
            sent.amount = ticket.used.tokens
        if sent.at_s == inf:
            self._begin(sent)

    def again(self, ticket: Ticket) -> None:
        """One of its requests was refused: it counts, and so will the one that takes its place."""
        if self._what == "requests":
            self._begin(_Sent(ticket, 1))

    def next_s(self) -> float | None:
        """When the oldest request is a minute ago."""
        self._forget()
        return self._sent[0].at_s + MINUTE_S if self._sent else None

    def _begin(self, sent: _Sent) -> None:
        sent.at_s = _now_s()
        self._sent.append(sent)

    def _counting(self) -> list[_Sent]:
        """What counts now: of the last minute, and of calls that have requests still to make."""
        self._forget()
        return [*self._sent, *(sent for sent in self._inside.values() if sent.at_s == inf)]

    def _forget(self) -> None:
        while self._sent and self._sent[0].at_s + MINUTE_S <= _now_s():
            self._sent.popleft()

    def _amount(self, ticket: Ticket) -> int:
        if self._what == "requests":
            return ticket.server.requests
        if ticket.most is None:
            raise BadOption("a limit on tokens a minute needs agents that know how much a call can use; limit the requests")
        return ticket.most.tokens


class Throttle(Condition):
    """What a server's refusals teach. It allows everything until the first one.

    ``speculative`` and ``every`` are how many speculative calls, and how many calls in all, may be in flight.
    """

    def __init__(self) -> None:
        self.speculative = self.every = inf
        self._too_many_guesses = self._too_many = inf
        self._inside: dict[Ticket, None] = {}
        self._quiet_until_s = -inf
        self._decreased_s = -inf

    def room(self, ticket: Ticket) -> Room:
        """The frontier's calls may always be one; speculation may not be until the pause is over that the server asked for."""
        if ticket.urgent:
            return "now" if len(self._inside) + 1 <= max(1.0, self.every) else "crowded"
        if _now_s() < self._quiet_until_s:
            return "later"
        if self.speculative == self.every == inf:
            return "now"  # nothing was refused so far, so nothing is counted
        guesses = sum(not other.urgent for other in self._inside)
        return "now" if guesses + 1 <= self.speculative and len(self._inside) + 1 <= self.every else "crowded"

    def enter(self, ticket: Ticket) -> None:
        """The call is in flight."""
        self._inside[ticket] = None

    def leave(self, ticket: Ticket) -> None:
        """The call has ended: if it was answered at the first attempt, a little more is allowed."""
        del self._inside[ticket]
        if ticket.answered and not ticket.pushed_back:
            self.every += _more(self.every, self._too_many)
            self.speculative += _more(self.speculative, self._too_many_guesses)

    def next_s(self) -> float | None:
        """When speculation may begin again."""
        return self._quiet_until_s if _now_s() < self._quiet_until_s else None

    def refused(self, ticket: Ticket, after_s: float | None) -> None:
        """The server has refused ``ticket`` for now, and asks to wait for ``after_s`` seconds."""
        ticket.pushed_back = True
        pause_s = min(MOST_QUIET_S, USUAL_QUIET_S if after_s is None else after_s)
        self._quiet_until_s = max(self._quiet_until_s, _now_s() + pause_s)
        if ticket.let_in_s <= self._decreased_s:
            return  # it was sent before the last decrease, which it could not feel
        self._decreased_s = _now_s()
        guesses = [other for other in self._inside if not other.urgent]
        if guesses:
            self._too_many_guesses = len(guesses)
            self.speculative = float(min(self.speculative, len(guesses)) // 2)
            guesses.sort(key=lambda other: other is ticket)  # the one that was refused has cost nothing, so it goes first
            for other in guesses[int(self.speculative) :]:
                withdraw(other, PUSHED_BACK)
        else:
            self.speculative = 0.0
            self._too_many = len(self._inside)
            self.every = max(1.0, min(self.every, len(self._inside)) // 2)


def _more(allowed: float, too_many: float) -> float:
    """How much more an answer allows: one more call once as many as are allowed have been answered; less where it was refused."""
    return (1.0 if allowed + 1 < too_many else PROBING) / max(1.0, allowed)


class ServerLimits:
    """What each model server allows, the same numbers for each; share one object among the sessions that ask the same servers.

    Args:
        calls_at_once: the most calls in flight at one server; ``None`` for no limit, until the server refuses one.
        requests_a_minute: the most requests that begin within a minute: a call makes as many as its agent says, and one more for
            each that is refused.
        tokens_a_minute: the most tokens, prompt and output together.

    Raises:
        BadOption: a limit is below 1.
    """

    def __init__(
        self, *, calls_at_once: int | None = None, requests_a_minute: int | None = None, tokens_a_minute: int | None = None
    ) -> None:
        self._given = calls_at_once, requests_a_minute, tokens_a_minute
        self._servers: dict[str, tuple[Turns, Throttle, list[Pace]]] = {}
        self._conditions()  # what makes no sense is said now

    @property
    def given(self) -> bool:
        """Whether anything was given, and not only what refusals teach."""
        return any(most is not None for most in self._given)

    @property
    def counts_tokens(self) -> bool:
        """Whether calls must say how much they could use."""
        return self._given[2] is not None

    def turns(self, server: str) -> Turns:
        """The queue in front of that server."""
        return self._of(server)[0]

    def throttle(self, server: str) -> Throttle:
        """What its refusals have taught."""
        return self._of(server)[1]

    def refused(self, ticket: Ticket, after_s: float | None) -> None:
        """The ticket's server has said 429. ``after_s`` is the pause that it asks for."""
        if ticket.server.name not in self._servers:
            return
        turns, throttle, paces = self._servers[ticket.server.name]
        if ticket in turns.inside:
            for pace in paces:
                pace.again(ticket)
            throttle.refused(ticket, after_s)

    def check(self, server: Server, who: str = "a call") -> None:
        """Raise ``BadOption`` if a minute has no room for the requests of a single call."""
        most = self._given[1]
        if most is not None and server.requests > most:
            raise BadOption(
                f"a call of {who} makes {server.requests} requests; {most} a minute are too few; give at least {server.requests}"
            )

    def _of(self, server: str) -> tuple[Turns, Throttle, list[Pace]]:
        if server not in self._servers:
            throttle, places, paces = Throttle(), *self._conditions()
            self._servers[server] = Turns([throttle, *places, *paces]), throttle, paces
        return self._servers[server]

    def _conditions(self) -> tuple[list[Places], list[Pace]]:
        calls, requests, tokens = self._given
        places = [Places(calls)] if calls is not None else []
        paces = [Pace(most, what) for most, what in ((requests, "requests"), (tokens, "tokens")) if most is not None]
        return places, paces


def _now_s() -> float:
    return asyncio.get_running_loop().time()
