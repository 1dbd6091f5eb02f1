"""Limits hold however an engine delivers what it is told, and says what has happened: late, twice, in another order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.model import Step, Usage
from outrider.rules.events import Cancelled, Event, Failed, Started, Verified
from outrider.runtime import Budget, Limits
from outrider.runtime.turns import Caller
from outrider.scale.gate import Gate
from outrider.scale.queue import Queue
from outrider.scale.wire import Bound, Queued, Turn
from outrider.testing import run

USED = Usage(prompt_tokens=30, output_tokens=10, counted="reported", cost_usd=0.0)
MOST = Usage(prompt_tokens=60, output_tokens=40, counted="reported", cost_usd=0.0)
BOUND = Bound(most=MOST, keep=MOST)
SHORTEST_S, LONGEST_S = 0.0, 2.0
MOST_ORDERED = 5
UNNEEDED = 0.3


@dataclass
class FakeEngine:
    """A session's side of it: calls are ordered, wait, begin when they are let in, and end; all of it at any time.

    It has ``steps`` to confirm, one after another: the frontier's call and others beside it, which are closed, or become the
    frontier's, when it has ended. A call that had no room ends the session.
    """

    random: Random
    steps: int
    queue: Queue = field(default_factory=Queue)
    records: list[Event] = field(default_factory=list)
    under_way: set[int] = field(default_factory=set)
    ordered: dict[int, bool] = field(default_factory=dict)
    is_over: bool = False
    count: int = 0
    most_at_once: int = 0

    def later(self, what: Callable[[], None]) -> None:
        """Do it some time."""
        asyncio.get_running_loop().call_later(self.random.uniform(SHORTEST_S, LONGEST_S), what)

    def order(self, *, urgent: bool) -> None:
        """A call is ordered, and a worker says what it can use."""
        call, self.count = self.count, self.count + 1
        self.ordered[call] = urgent
        self.queue.expect(call, urgent=urgent)
        self.later(lambda: self.queue.show(call, BOUND))

    def turn(self, turn: Turn) -> None:
        """What whoever follows says of a call, as ``SessionWorkflow`` takes it."""
        if turn.because and turn.call in self.ordered:
            self.end(turn.call, refused=turn.refused, because=turn.because)
        elif not turn.because and self.queue.let_in(turn.call):
            self.records.append(Started(call=turn.call, role="target", at=0))
            self.under_way.add(turn.call)
            self.most_at_once = max(self.most_at_once, len(self.under_way))
            self.later(lambda: self.end(turn.call))

    def end(self, call: int, *, refused: bool = False, because: str = "") -> None:
        """The call has ended, and what follows from it is ordered."""
        if call not in self.ordered:
            return
        urgent, used = self.ordered.pop(call), USED if call in self.under_way else Usage(counted="reported", cost_usd=0.0)
        self.under_way.discard(call)
        self.queue.drop(call)
        if refused:
            self.records.append(Failed(call=call, role="target", at=0, error=because, usage=used, budget=True))
        elif because:
            self.records.append(Cancelled(call=call, role="target", at=0, reason=because, usage=used))
        else:
            self.records.append(Verified(call=call, at=0, step=Step("go"), usage=used))
        if urgent:
            self._go_on(is_confirmed=not because, refused=refused)

    def _go_on(self, *, is_confirmed: bool, refused: bool) -> None:
        self.steps -= is_confirmed
        self.is_over = self.is_over or refused or not self.steps
        for call in [*self.ordered]:
            if self.is_over or self.random.random() < UNNEEDED:
                self.end(call, because="it is not needed")
        if self.is_over:
            return
        if rest := [*self.ordered]:
            self.ordered[rest[0]] = True
            self.queue.hurry(rest[0])
        else:
            self.order(urgent=True)
        for _ in range(self.random.randint(0, MOST_ORDERED - len(self.ordered))):
            self.order(urgent=False)


class Follower:
    """Whoever follows the session: told late, telling late and twice, and gone at some time, with another one after it."""

    def __init__(self, engine: FakeEngine, limits: Limits, group: asyncio.TaskGroup) -> None:
        self._engine = engine
        self._gate = Gate(limits, Caller(), self._tell)
        self._seen = 0
        self._is_there = True
        self._gate.go_on(group, ())

    def begin_after(self, records: list[Event], group: asyncio.TaskGroup) -> None:
        """These records it has in its journal."""
        ended = {record.call for record in records if isinstance(record, Verified | Failed | Cancelled)}
        self._gate.go_on(group, {each.call for each in records if isinstance(each, Started)} - ended)
        self._seen = len(records)

    async def _tell(self, turn: Turn) -> None:
        for _ in range(self._engine.random.choice((1, 1, 2))):
            await asyncio.sleep(self._engine.random.uniform(SHORTEST_S, LONGEST_S))
            if self._is_there:
                self._engine.turn(turn)

    async def follow(self, for_s: float) -> list[Event]:
        """Until the session is over, or for so long; the records that it has."""
        until_s = asyncio.get_running_loop().time() + for_s
        while asyncio.get_running_loop().time() < until_s:
            records, calls = [*self._engine.records], self._engine.queue.calls
            is_over = self._engine.is_over and not self._engine.ordered
            await asyncio.sleep(self._engine.random.uniform(SHORTEST_S, LONGEST_S))
            self._take_in(records, calls)
            if is_over:
                break
        self._is_there = False
        self._gate.close()
        return self._engine.records[: self._seen]

    def _take_in(self, records: list[Event], calls: list[Queued]) -> None:
        for event in records[self._seen :]:
            self._gate.hear(event)
        self._seen = len(records)
        self._gate.look(calls)


@dataclass
class FakeLedger:
    """Outlasts whoever follows."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def spent(self) -> tuple[int, int, float]:
        return self.calls, self.tokens, self.usd

    def enter(self, tokens: int, usd: float | None) -> None:
        self.calls, self.tokens, self.usd = self.calls + 1, self.tokens + tokens, self.usd + (usd or 0.0)


def spent(records: list[Event]) -> tuple[int, int]:
    """Calls and tokens, as the records have them."""
    begun = {record.call for record in records if isinstance(record, Started)}
    ends = [each for each in records if isinstance(each, Verified | Failed | Cancelled) and each.call in begun]
    return len(begun), sum(each.usage.tokens for each in ends)


def budget_after(records: list[Event], calls: int | None, tokens: int | None) -> Budget:
    """A budget in which what has ended on record counts, as ``resume_remote`` makes one."""
    budget = Budget(calls=calls, tokens=tokens)
    begun = {record.call for record in records if isinstance(record, Started)}
    ends = [each for each in records if isinstance(each, Verified | Failed | Cancelled) and each.call in begun]
    budget.count_before([each.usage for each in ends], 0.0)
    return budget


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    steps=st.integers(1, 8),
    at_once=st.none() | st.integers(1, 3),
    calls=st.none() | st.integers(1, 12),
    tokens=st.none() | st.integers(100, 600),
    lives=st.lists(st.floats(0.0, 20.0), max_size=3),
)
def test_no_call_too_many_begins_the_session_ends_and_what_was_spent_is_what_the_records_say(
    seed: int, steps: int, at_once: int | None, calls: int | None, tokens: int | None, lives: list[float]
) -> None:
    async def followed() -> None:
        ledger = FakeLedger()
        engine = FakeEngine(Random(seed), steps)
        engine.order(urgent=True)
        known: list[Event] = []
        for life_s in (*lives, 10_000.0):
            budget = budget_after(known, calls, tokens)
            users = Limits(budget=Budget(ledger=ledger))
            async with asyncio.TaskGroup() as group:
                follower = Follower(engine, Limits(calls_at_once=at_once, budget=budget, within=users), group)
                follower.begin_after(known, group)
                known = await follower.follow(life_s)
        assert engine.is_over, "somebody waits for ever"
        begun, used = spent(engine.records)
        assert begun <= (calls or begun)
        assert used <= (tokens or used)
        assert ledger.spent() == (begun, used, 0.0), "every call is in the ledger once, whoever followed it"
        assert engine.most_at_once <= (at_once or engine.most_at_once)
        assert budget.given == {"calls": calls, "tokens": tokens, "usd": None, "seconds": None}
        if calls is not None:
            assert f"{begun} of {calls} calls spent" in str(budget)
        if tokens is not None:
            assert f"{used} of {tokens} tokens spent" in str(budget)

    run(followed())
