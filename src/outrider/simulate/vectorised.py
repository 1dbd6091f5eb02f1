"""The rules for one drafter and width 1, in NumPy: many episodes side by side, checked against the runtime one by one.

With one drafter the tree is a line: the path, and where its last draft is wrong, a tail that goes astray until the verdict is
in. One pass over the positions gives all times on the path; a second one, in ``tails``, follows each tail. Arrays are
[steps, episodes]; times are whole ticks in float64, so sums are exact.

When a call ends at the tick at which another begins, the end is first; when a draft and its own verdict are due together, the
verdict is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeAlias

from outrider.errors import BadOption
from outrider.model import FINISH, Step
from outrider.rules import Batch, Lookahead, Sliding
from outrider.simulate.arrays import Array, NDArray, Some, Truth, np
from outrider.simulate.episode import TICKS_A_SECOND, Effort, Episode, Position, Setting, astray, max_steps, on_path
from outrider.simulate.latency import Distribution

Counts: TypeAlias = NDArray[np.integer[Any]]
"""How many, episode by episode."""

Scheduler: TypeAlias = int | Lookahead | Literal["oracle"]
"""A lookahead, or how far it goes. The oracle needs to know the episode, so it goes by its name."""

ALL = slice(None)


# Episodes side by side ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """Episodes of one length, side by side: times in ticks, tokens in whole numbers, arrays [steps, episodes]."""

    agrees: Truth
    draft: Array
    target: Array
    draft_tokens: Array
    target_tokens: Array

    @classmethod
    def drawn(cls, setting: Setting, episodes: int, rng: np.random.Generator) -> Self:
        """So many episodes of ``setting``. The same state of ``rng`` gives the same ones."""
        shape = (setting.steps, episodes)
        chances = np.asarray(setting.accuracies, np.float32)[:, np.newaxis]
        agrees = rng.random(shape, np.float32) < chances
        draft, draft_tokens = _efforts(setting.draft_s, setting.draft_tokens, rng, shape)
        target, target_tokens = _efforts(setting.target_s, setting.target_tokens, rng, shape)
        return cls(agrees, draft, target, draft_tokens, target_tokens)

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Self:
        """These, which have the same length and end in `finish`."""
        if len({len(episode.positions) for episode in episodes}) != 1:
            raise BadOption(f"{len(episodes)} episodes do not have one length; give those of each length by themselves")

        def rows(value: str, role: str) -> Array:
            columns = [[float(getattr(getattr(entry, role), value)) for entry in episode.positions] for episode in episodes]
            return np.array(columns).T

        agrees = np.array([[entry.agrees for entry in episode.positions] for episode in episodes]).T
        draft, target = (np.rint(rows("takes_s", role) * TICKS_A_SECOND) for role in ("draft", "target"))
        return cls(agrees, draft, target, rows("output_tokens", "draft"), rows("output_tokens", "target"))

    @property
    def steps(self) -> int:
        return len(self.agrees)

    def __len__(self) -> int:
        return int(self.agrees[0].size)

    def __getitem__(self, some: slice) -> Episodes:
        """Some of them."""
        draft, target, draft_tokens, target_tokens = (
            row[:, some] for row in (self.draft, self.target, self.draft_tokens, self.target_tokens)
        )
        return Episodes(self.agrees[:, some], draft, target, draft_tokens, target_tokens)

    def one(self, number: int) -> Episode:
        """Episode ``number``, to be run by the runtime."""
        return Episode(tuple(self._position(at, number) for at in range(self.steps)))

    def _position(self, at: int, number: int) -> Position:
        step = Step(FINISH) if at == self.steps - 1 else on_path(at)
        guess = step if self.agrees[at, number] else astray(at)
        draft, target = (
            Effort(float(times[at, number]) / TICKS_A_SECOND, int(tokens[at, number]))
            for times, tokens in ((self.draft, self.draft_tokens), (self.target, self.target_tokens))
        )
        return Position(step=step, guesses=(guess,), draft=draft, target=target)


def _efforts(
    seconds: Distribution, tokens: Distribution, rng: np.random.Generator, shape: tuple[int, int]
) -> tuple[Array, Array]:
    lengths = np.rint(tokens.samples(rng, shape))
    ticks = seconds.samples(rng, shape, lengths)
    ticks *= TICKS_A_SECOND
    np.maximum(np.rint(ticks, out=ticks), 1.0, out=ticks)
    return np.broadcast_to(ticks, shape), np.broadcast_to(lengths, shape)


# What comes out -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """A number for each episode, as the figures of a run have them.

    ``draft_tokens`` and ``target_tokens`` are all output tokens by role. ``wasted_tokens`` are those of calls that were wasted or
    cancelled; a call that is cancelled has used its tokens in proportion to the time it had, rounded down. ``complete`` is 1
    where the plan came to its `finish`, else 0.
    """

    total_s: Array
    draft_tokens: Array
    target_tokens: Array
    wasted_tokens: Array
    calls_max: Array
    complete: Array

    @property
    def output_tokens(self) -> Array:
        """All of them."""
        return self.draft_tokens + self.target_tokens

    def cost_usd(self, draft_price: float, target_price: float) -> Array:
        """At so many dollars per million output tokens."""
        return (self.draft_tokens * draft_price + self.target_tokens * target_price) / 1_000_000


@dataclass(slots=True, eq=False)
class _Tally:
    """The outcomes while they are being added up: tokens that were used, and in vain."""

    used: Array
    draft_in_vain: Array
    target_in_vain: Array
    calls_max: Counts

    @classmethod
    def of(cls, episodes: int) -> Self:
        return cls(np.zeros(episodes), np.zeros(episodes), np.zeros(episodes), np.zeros(episodes, np.int32))

    def outcomes(self, confirmed: Array, target_tokens: Array) -> Outcomes:
        """What it all comes to, with what the target's calls on the path used."""
        return Outcomes(
            total_s=confirmed / TICKS_A_SECOND,
            draft_tokens=self.used + self.draft_in_vain,
            target_tokens=target_tokens.sum(axis=0) + self.target_in_vain,
            wasted_tokens=self.draft_in_vain + self.target_in_vain,
            calls_max=self.calls_max.astype(np.float64),
            complete=np.ones(len(confirmed)),
        )


def part(tokens: Array, begun: Array, ended: Array, takes: Array) -> Array:
    """The tokens of a call that had this time of the time it takes, in proportion and rounded down; of one not begun, none."""
    had = ended - begun
    np.maximum(had, 0.0, out=had)
    had *= tokens
    had /= takes
    return np.floor(had, out=had)


# The schedulers' rules ----------------------------------------------------------------------------------------------


class _Rule(Protocol):
    """When a scheduler lets a step be drafted, and when what follows it is known."""

    reach: int
    """Calls further back than this many steps have ended."""

    def gate(self, at: int, which: Some) -> Array | float:
        """From when step ``at`` may be drafted; never, as long as it hangs on a verdict that is not in."""
        ...

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        """When the step after ``at`` gets its target call: after a draft that ``holds``, or after the verdict."""
        ...

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        """Step ``at``, on the path, is confirmed then."""
        ...


class _Sliding:
    """Step i may be drafted once step i - k is confirmed (``outrider.rules.Sliding``)."""

    def __init__(self, k: int) -> None:
        self.reach = k
        self._confirmed: list[Array] = []

    def gate(self, at: int, which: Some) -> Array | float:
        before = at - self.reach
        if before < 0:
            return 0.0
        return self._confirmed[before][which] if before < len(self._confirmed) else np.inf

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        return np.where(holds, drafted, np.maximum(verdict, self.gate(at, which)))

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        self._confirmed.append(confirmed)


class _Batch:
    """k steps from a base at once; the next base is behind them, or behind the first that nobody drafted rightly in time."""

    def __init__(self, k: int, episodes: int) -> None:
        self.reach = k
        self._base = np.zeros(episodes, np.intp)

    def gate(self, at: int, which: Some) -> Array | float:
        return 0.0

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        inside = at + 1 - self._base[which] < self.reach
        return np.where(holds & inside, drafted, np.inf)

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        over = ~holds | (at + 1 - self._base >= self.reach)
        self._base[over] = at + 1


class _Oracle:
    """Drafts only what holds, as far ahead as it can (``outrider.simulate.oracle``)."""

    def __init__(self, episodes: Episodes) -> None:
        self.reach = episodes.steps
        self._never = np.where(episodes.agrees & (episodes.draft < episodes.target), 0.0, np.inf)

    def gate(self, at: int, which: Some) -> Array | float:
        never: Array = self._never[at][which]
        return never

    def onward(self, at: int, which: Some, drafted: Array, holds: Truth, verdict: Array) -> Array:
        return np.where(holds, drafted, verdict)

    def passed(self, at: int, holds: Truth, confirmed: Array) -> None:
        pass


def _rule(episodes: Episodes, lookahead: Scheduler) -> _Rule:
    match lookahead:
        case "oracle":
            return _Oracle(episodes)
        case int(k) | Sliding(k=k, width=1) if k >= 0:
            return _Sliding(k)
        case Batch(k=k):
            return _Batch(k, len(episodes))
        case _:
            name = lookahead if isinstance(lookahead, int | str) else lookahead.name
            raise BadOption(f"{name} cannot be simulated many at once; give lookahead-K, batch-K or oracle, or use the runtime")


# The path -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _OnPath:
    """When what happens at one position of the path. A draft that ``begins`` at or after the verdict is never asked for."""

    at: int
    known: Array
    begins: Array
    drafted: Array
    verdict: Array
    confirmed: Array
    in_time: Truth


def _later(known: Array, gate: Array | float) -> Array:
    """When both are passed: the very array, if there is no gate."""
    return known if isinstance(gate, float) and gate == 0.0 else np.maximum(known, gate)


def _path(episodes: Episodes, rule: _Rule) -> Iterator[_OnPath]:
    """Position by position. ``rule`` stands before the verdict of a position while that is looked at."""
    known = confirmed = np.zeros(len(episodes))
    for at in range(episodes.steps):
        verdict = known + episodes.target[at]
        confirmed = np.maximum(confirmed, verdict)
        begins = _later(known, rule.gate(at, ALL))
        drafted = begins + episodes.draft[at]
        in_time = drafted < verdict
        yield _OnPath(at, known, begins, drafted, verdict, confirmed, in_time)
        holds = in_time & episodes.agrees[at]
        known = np.minimum(rule.onward(at, ALL, drafted, holds, verdict), confirmed)  # what is confirmed is known
        rule.passed(at, holds, confirmed)


def total_s(episodes: Episodes, lookahead: Scheduler) -> Array:
    """The seconds that each episode takes: ``outcomes(...).total_s``, and nothing else, which is much faster."""
    if isinstance(lookahead, Sliding) and lookahead.width == 1:
        lookahead = lookahead.k
    if isinstance(lookahead, int) and lookahead >= 0:
        return _sliding_total(episodes, lookahead) / TICKS_A_SECOND
    *_, last = _path(episodes, _rule(episodes, lookahead))
    return last.confirmed / TICKS_A_SECOND


def _sliding_total(episodes: Episodes, k: int) -> Array:
    """The recurrence of ``_path`` for sliding lookahead, where a draft that does not hold is one that never comes.

    known' = min(max(known, gate) + draft, max(verdict, gate)): a draft that comes after the verdict lost against it.
    """
    confirmed = [np.zeros(len(episodes))]
    known = np.zeros(len(episodes))
    if not k:
        total: Array = np.sum(episodes.target, axis=0)
        return total
    draft = np.where(episodes.agrees, episodes.draft, np.inf)
    for at in range(episodes.steps):
        verdict = known + episodes.target[at]
        confirmed.append(np.maximum(confirmed[-1], verdict))
        if at < k:
            known += draft[at]
        else:
            gate = confirmed[at - k + 1]
            np.maximum(known, gate, out=known)
            known += draft[at]
            np.maximum(verdict, gate, out=verdict)
        np.minimum(known, verdict, out=known)
    return confirmed[-1]


# Everything ---------------------------------------------------------------------------------------------------------


def outcomes(episodes: Episodes, lookahead: Scheduler) -> Outcomes:
    """What each episode comes to under ``lookahead``: a number for sliding, ``Sliding``, ``Batch`` or ``"oracle"``.

    Raises:
        BadOption: the lookahead is one that only the runtime knows.
    """
    rule = _rule(episodes, lookahead)
    tally = _Tally.of(len(episodes))
    verdicts: list[Array] = []
    for here in _path(episodes, rule):
        _count_path(episodes, here, _last(verdicts, rule.reach), tally)
        verdicts.append(here.verdict)
        _follow(_tail(episodes, here, rule, verdicts), episodes, rule, tally)
        confirmed = here.confirmed
    return tally.outcomes(confirmed, episodes.target_tokens)


def _last(flights: list[Array], number: int) -> list[Array]:
    return flights[max(0, len(flights) - number) :]


def _count_path(episodes: Episodes, here: _OnPath, flights: list[Array], tally: _Tally) -> None:
    takes, tokens = episodes.draft[here.at], episodes.draft_tokens[here.at]
    spent = part(tokens, here.begins, np.minimum(here.drafted, here.verdict), takes)
    used = np.where(here.in_time & episodes.agrees[here.at], spent, 0.0)
    tally.used += used
    tally.draft_in_vain += spent - used
    np.maximum(tally.calls_max, _at_once(flights, here.known, here.begins, here.verdict), out=tally.calls_max)


def _at_once(flights: list[Array], known: Array, begins: Array, until: Array) -> Counts:
    """The most calls in flight when a target call begins at ``known``, and a draft at ``begins`` if that is before ``until``.

    ``flights`` are the ends of the target calls that began before.
    """
    if begins is known:
        return _flying(flights, known) + 2
    return np.maximum(_flying(flights, known) + 1, np.where(begins < until, _flying(flights, begins) + 2, 0))


def _flying(flights: list[Array], now: Array) -> Counts:
    """How many of these calls, all begun before, have not ended by then."""
    flying: Counts = np.zeros(now.shape, np.uint8 if len(flights) < 250 else np.int32)  # a byte is much quicker
    for flight in flights:
        flying += (flight > now).view(np.uint8)
    return flying


@dataclass(slots=True, eq=False)
class _Tail:
    """What hangs on a wrong draft of step ``at`` until the verdict on that, in those of the episodes where it was wrong."""

    at: int
    which: NDArray[np.intp]
    known: Array
    until: Array
    flights: list[Array]

    def go_on(self, known: Array, flights: list[Array]) -> None:
        """To the next position, where that is known in time."""
        going = np.flatnonzero(known < self.until)
        self.at += 1
        self.which, self.known, self.until = self.which[going], known[going], self.until[going]
        self.flights = [flight[going] for flight in flights]


def _tail(episodes: Episodes, here: _OnPath, rule: _Rule, verdicts: list[Array]) -> _Tail:
    wrong = here.in_time & ~episodes.agrees[here.at]
    known = rule.onward(here.at, ALL, here.drafted, wrong, here.verdict)
    which = np.flatnonzero(known < here.verdict)
    flights = _last(verdicts, rule.reach) if which.size else []
    return _Tail(here.at, which, known[which], here.verdict[which], [flight[which] for flight in flights])


def _follow(tail: _Tail, episodes: Episodes, rule: _Rule, tally: _Tally) -> None:
    """Count every call of the tail. Each is in vain, and what is still under way at the end is cancelled then."""
    while tail.which.size and tail.at + 1 < max_steps(episodes.steps):
        at, which, row = tail.at + 1, tail.which, (tail.at + 1) % episodes.steps
        draft, target = episodes.draft[row][which], episodes.target[row][which]
        verdict = tail.known + target
        ends = np.minimum(verdict, tail.until)
        begins = _later(tail.known, rule.gate(at, which))
        drafted = begins + draft
        in_vain = part(episodes.draft_tokens[row][which], begins, np.minimum(drafted, ends), draft)
        tally.draft_in_vain[which] += in_vain
        tally.target_in_vain[which] += part(episodes.target_tokens[row][which], tail.known, ends, target)
        calls = _at_once(tail.flights, tail.known, begins, ends)
        tally.calls_max[which] = np.maximum(tally.calls_max[which], calls)
        known = rule.onward(at, which, drafted, drafted < verdict, verdict)
        tail.go_on(known, _last([*tail.flights, verdict], rule.reach))
