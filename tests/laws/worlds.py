"""Worlds for the laws: agents that are pseudo-random functions of (seed, prefix), a person with a list of deeds, and one
``drive`` that lets them meet on the virtual clock.

All durations are whole quarters of a second, so sums are exact and simultaneous events are common.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, TypeAlias

from hypothesis import strategies as st

from outrider import BY_ACTION, EXACT, FINISH, Answer, Batch, Limits, Meter, Plan, Session, Sliding, Step, Task, Usage, plan
from outrider.agents.several import Several
from outrider.errors import NoGuess, NotNow, RunEnded, ServerTrouble
from outrider.figures import Figures
from outrider.model import Prefix
from outrider.rules import ByValue, Lookahead, Matching
from outrider.rules.events import Confirmed, Ended, Record, Shown, Steered, WentBack
from outrider.testing import FakeAgent, run

DRAFT_USAGE = Usage(prompt_tokens=10, cached_tokens=4, output_tokens=3, counted="reported", cost_usd=0.25)
TARGET_USAGE = Usage(prompt_tokens=100, cached_tokens=40, output_tokens=30, counted="reported", cost_usd=2.0)

QUARTER_S = 0.25

TASK = "Plan this"


def told(sentences: Sequence[str]) -> Prefix:
    """What the person added to the task, as a step before all others: a steered agent is asked about another prefix."""
    return (Step("told", {"sentences": list(sentences)}),) if sentences else ()


# Agents -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """One request as the agent saw it. ``ok`` once it was answered."""

    prefix: Prefix
    start_s: float
    end_s: float | None = None
    ok: bool = False


class Watched(FakeAgent):
    """A fake that also remembers when it was asked what."""

    requests: list[Asked]

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        prefix = (*told(task.text.removeprefix(TASK).split()), *prefix)
        now_s = asyncio.get_running_loop().time
        request = Asked(prefix, now_s())
        self.requests.append(request)
        try:
            answer = await super().next_step(task, prefix, meter)
            request.ok = bool(answer.steps)
            return answer
        finally:
            request.end_s = now_s()


@dataclass(frozen=True)
class World:
    """Two agents. Chances are in percent, durations in quarters of a second (least and most).

    ``flaky`` is the chance that the target fails the first time it is asked about a prefix, and only then. ``quick`` is the
    chance that a drafter before the other one has a guess, at once; with 0 there is none.
    """

    seed: int = 0
    length: int = 6
    agreement: int = 80
    guesses: int = 1
    draft_fails: int = 0
    draft_empty: int = 0
    target_fails: int = 0
    target_empty: int = 0
    flaky: int = 0
    quick: int = 0
    draft_quarters: tuple[int, int] = (1, 4)
    target_quarters: tuple[int, int] = (5, 16)

    def roll(self, what: str, prefix: Prefix, sides: int) -> int:
        text = "/".join((str(self.seed), what, *(step.key for step in prefix)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) % sides

    def verdict(self, prefix: Prefix) -> Step:
        """What the target says."""
        if len(prefix) >= self.length or self.roll("ends", prefix, 100) < 3:
            return Step(FINISH)
        return Step("abc"[self.roll("action", prefix, 3)], {"n": self.roll("argument", prefix, 2)})

    def target_says(self, prefix: Prefix) -> Step | Exception | None:
        chance = self.roll("target breaks", prefix, 100)
        if chance < self.target_fails:
            return ServerTrouble("the target's server is down")
        if chance < self.target_fails + self.target_empty:
            return None
        return self.verdict(prefix)

    def may_be_drafted(self, prefix: Prefix) -> list[Step]:
        """What any drafter guesses."""
        return [*self.guessed(prefix), self.guessed_quickly(prefix)]

    def guessed_quickly(self, prefix: Prefix) -> Step:
        right = self.roll("quick agrees", prefix, 100) < self.agreement
        return self.verdict(prefix) if right else Step("hasty")

    def quick_drafter(self, beside: Watched) -> Watched:
        """The one that is asked before ``beside``; both are counted together."""

        def says(prefix: Prefix) -> Step | Exception:
            known = self.roll("known", prefix, 100) < self.quick
            return self.guessed_quickly(prefix) if known else NoGuess("nothing known")

        agent = Watched(says, usage=DRAFT_USAGE, name="quick")
        agent.requests, agent.asked = beside.requests, beside.asked
        return agent

    def guessed(self, prefix: Prefix) -> list[Step]:
        """What the drafter guesses, best first: with the right step first, somewhere, or nowhere."""
        right = self.verdict(prefix)
        wrong = [Step("wrong", {"n": i}) for i in range(self.guesses)]
        if self.roll("guesses the end", prefix, 10) == 0:
            wrong[0] = Step(FINISH)
        if self.roll("right action", prefix, 2) == 0:
            wrong[-1] = Step(right.action, {"n": 7})
        if self.roll("agrees", prefix, 100) < self.agreement:
            return [right, *wrong][: self.guesses]
        place = 1 + self.roll("place", prefix, self.guesses)
        return [*wrong[:place], right, *wrong[place:]][: self.guesses]

    def drafter_says(self, prefix: Prefix) -> list[Step] | Exception | None:
        chance = self.roll("draft breaks", prefix, 100)
        if chance < self.draft_fails:
            return ServerTrouble("the drafter's server is down")
        if chance < self.draft_fails + self.draft_empty:
            return None
        return self.guessed(prefix)

    def draft_s(self, prefix: Prefix) -> float:
        least, most = self.draft_quarters
        return QUARTER_S * (least + self.roll("draft takes", prefix, most - least + 1))

    def target_s(self, prefix: Prefix) -> float:
        least, most = self.target_quarters
        return QUARTER_S * (least + self.roll("target takes", prefix, most - least + 1))

    def drafter(self) -> Watched:
        agent = Watched(self.drafter_says, takes_s=self.draft_s, usage=DRAFT_USAGE, name="drafter")
        agent.requests = []
        return agent

    def target(self) -> Watched:
        def says(prefix: Prefix) -> Step | Exception | None:
            if agent.asked.count(prefix) == 1 and self.roll("flaky", prefix, 100) < self.flaky:
                return ServerTrouble("the target's server hiccuped")
            return self.target_says(prefix)

        agent = Watched(says, takes_s=self.target_s, usage=TARGET_USAGE, name="target")
        agent.requests = []
        return agent


# The person ---------------------------------------------------------------------------------------------------------

Kind: TypeAlias = Literal[
    "take the draft", "take another", "take instead", "go back", "go on", "pause", "steer", "take back", "stop"
]


@dataclass(frozen=True)
class Deed:
    """What the person does, so many quarters of a second after the deed before."""

    after: int
    kind: Kind
    number: int = 0


class Notes:
    """A journal in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, session: str, records: list[Record]) -> None:
        self.records += records

    @property
    def shown(self) -> Step | None:
        """The unverified step on display."""
        for record in reversed(self.records):
            match record.event:
                case Shown(step=step):
                    return step
                case Confirmed() | WentBack() | Steered() | Ended():
                    return None
                case _:
                    pass
        return None


def _do(deed: Deed, session: Session, notes: Notes) -> None:
    at = len(session.plan.steps)
    match deed.kind:
        case "take the draft":
            session.take(notes.shown or Step("mine", {"n": deed.number}))
        case "take another":
            session.take(Step("mine", {"n": deed.number}), at=at)
        case "go back":
            session.go_back(deed.number % (at + 1))
        case "take instead":
            session.take_instead(Step("mine", {"n": deed.number}), deed.number % (at + 1))
        case "go on":
            session.go_on()
        case "pause":
            session.pause()
        case "steer":
            session.steer(f"s{deed.number}")
        case "take back":
            session.steer("")
        case "stop":
            session.stop("the person had enough")


async def _person(deeds: Sequence[Deed], session: Session, notes: Notes) -> None:
    """Do the deeds, and go on at the end, so that no run waits for ever. A refused deed has changed nothing."""
    for deed in (*deeds, Deed(1, "go on")):
        await asyncio.sleep(deed.after * QUARTER_S)
        before = session.plan, len(notes.records)
        try:
            _do(deed, session, notes)
        except NotNow:
            assert (session.plan, len(notes.records)) == before


# A run --------------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """Everything that a run leaves behind."""

    world: World
    lookahead: Lookahead
    drafter: Watched
    target: Watched
    notes: Notes
    plan: Plan = field(default_factory=lambda: Plan(()))
    error: RunEnded | None = None
    left_early: bool = False
    figures: Figures = field(default_factory=Figures)

    @property
    def records(self) -> list[Record]:
        return self.notes.records

    @property
    def total_s(self) -> float:
        assert self.figures.total_s is not None
        return self.figures.total_s

    @property
    def outcome(self) -> str:
        return next(record.event.outcome for record in self.records if isinstance(record.event, Ended))

    @property
    def confirmed_s(self) -> list[float]:
        """When each step of the plan was confirmed; for runs without going back."""
        return [record.time_s for record in self.records if isinstance(record.event, Confirmed)]


async def live(
    world: World,
    lookahead: Lookahead,
    *,
    deeds: Sequence[Deed] = (),
    max_steps: int = 20,
    matching: Matching = EXACT,
    limits: Limits | None = None,
    leave_after: int | None = None,
    going_on_from: Plan | None = None,
) -> Run:
    """Run ``world`` to its end, or leave the session after so many quarters of a second."""
    result = Run(world, lookahead, world.drafter(), world.target(), Notes())
    quick = Several(world.quick_drafter(result.drafter), result.drafter) if world.quick else None
    session = plan(
        TASK, approximation=quick or result.drafter, target=result.target, lookahead=lookahead, max_steps=max_steps,
        matching=matching, limits=limits, journal=result.notes, going_on_from=going_on_from,
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        person = group.create_task(_person(deeds, session, result.notes))
        try:
            async with asyncio.timeout(None if leave_after is None else leave_after * QUARTER_S):
                await session.result()
        except RunEnded as error:
            result.error = error
        except TimeoutError:
            result.left_early = True
        person.cancel()
    result.plan, result.figures = session.plan, session.figures
    return result


def drive(
    world: World,
    lookahead: Lookahead,
    *,
    deeds: Sequence[Deed] = (),
    max_steps: int = 20,
    matching: Matching = EXACT,
    limits: Limits | None = None,
    leave_after: int | None = None,
) -> Run:
    """``live``, on a virtual clock of its own."""
    return run(
        live(world, lookahead, deeds=deeds, max_steps=max_steps, matching=matching, limits=limits, leave_after=leave_after)
    )


def alone(world: World, *, max_steps: int = 20) -> Run:
    """The control arm: the target alone."""
    return drive(world, Sliding(0), max_steps=max_steps)


# Strategies ---------------------------------------------------------------------------------------------------------

percent = st.integers(0, 100)
rarely = st.sampled_from([0, 0, 0, 5, 30])
quarters = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda pair: (min(pair), max(pair)))
target_quarters = st.tuples(st.integers(0, 16), st.integers(0, 16)).map(lambda pair: (min(pair), max(pair)))
seeds = st.integers(0, 2**32)

calm_worlds = st.builds(
    World, seed=seeds, length=st.integers(0, 10), agreement=percent, guesses=st.integers(1, 3), draft_quarters=quarters,
    target_quarters=target_quarters,
)  # fmt: skip
"""Nothing fails."""

drafter_breaks = st.builds(
    World, seed=seeds, length=st.integers(0, 10), agreement=percent, guesses=st.integers(1, 3), draft_quarters=quarters,
    target_quarters=target_quarters, draft_fails=rarely, draft_empty=rarely,
)  # fmt: skip
"""Only drafts fail."""

worlds = st.builds(
    World, seed=seeds, length=st.integers(0, 10), agreement=percent, guesses=st.integers(1, 3), draft_quarters=quarters,
    target_quarters=target_quarters, draft_fails=rarely, draft_empty=rarely, target_fails=rarely, target_empty=rarely,
    quick=st.sampled_from([0, 0, 50]),
)  # fmt: skip
"""Anything may fail, always in the same way for the same prefix."""

flaky_worlds = st.builds(
    World, seed=seeds, length=st.integers(0, 10), agreement=percent, guesses=st.integers(1, 3), draft_quarters=quarters,
    target_quarters=target_quarters, draft_fails=rarely, flaky=st.sampled_from([10, 40]),
)  # fmt: skip
"""The target may fail the first time it is asked."""

slidings = st.builds(Sliding, k=st.integers(0, 8), width=st.integers(1, 3))
batches = st.builds(Batch, k=st.integers(1, 6))
by_value = st.builds(ByValue, hour_worth=st.sampled_from([0.0, 30.0, 3e3, 3e4, float("inf")]))
"""A target call costs 2 dollars here and a draft a quarter, so an hour has to be worth thousands for most of them."""
lookaheads: st.SearchStrategy[Lookahead] = st.one_of(slidings, batches, by_value)
kinds: st.SearchStrategy[Kind] = st.sampled_from(
    [
        "take the draft", "take the draft", "take another", "take another", "take instead", "go back", "go on", "pause", "steer",
        "take back",
    ]
)  # fmt: skip
deeds = st.lists(st.builds(Deed, after=st.integers(0, 12), kind=kinds, number=st.integers(0, 9)), max_size=8)
stops = st.lists(st.builds(Deed, after=st.integers(0, 40), kind=st.just("stop"), number=st.just(0)), max_size=1)
ends = st.one_of(st.none(), st.integers(0, 60))
step_limits = st.one_of(st.just(20), st.integers(1, 12))
matchings = st.sampled_from([EXACT, EXACT, BY_ACTION])
