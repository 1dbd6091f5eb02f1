"""Random runs on the virtual clock: agents that are functions of the prefix, and a person who does as they like."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hypothesis import strategies as st

from outrider import BY_ACTION, EXACT, FINISH, Batch, Limits, Plan, Session, Sliding, Step, Usage, plan
from outrider.errors import NotNow, RunEnded
from outrider.figures import Figures
from outrider.journal import JournalStore, MemoryJournal
from outrider.model import Prefix
from outrider.rules import Lookahead, Matching
from outrider.rules.events import Record
from outrider.testing import FakeAgent, run

What: TypeAlias = Literal["take", "agree", "instead", "back", "pause", "steer", "take back", "on", "stop"]
Deed: TypeAlias = tuple[int, What, int]
"""So many tenths of a second after the deed before, what the person does, and a number for which step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One random run, in full."""

    seed: int
    agreement: float
    failures: float
    guesses: int
    lookahead: Lookahead
    matching: Matching
    max_steps: int
    calls_at_once: int | None
    deeds: tuple[Deed, ...]

    def _dice(self, who: str, prefix: Prefix) -> random.Random:
        return random.Random(f"{self.seed} {who} {[step.key for step in prefix]}")

    def verdict(self, prefix: Prefix) -> Step | Exception:
        dice = self._dice("target", prefix)
        if dice.random() < self.failures / 10:
            return ValueError("the target is tired")
        if dice.random() < 0.08:
            return Step(FINISH)
        return Step(dice.choice("abc"), {"to": dice.randrange(2)})

    def draft(self, prefix: Prefix) -> list[Step] | Exception | None:
        dice, verdict = self._dice("draft", prefix), self.verdict(prefix)
        if dice.random() < self.failures:
            return dice.choice([None, OSError("the drafter is tired")])
        wrong = [Step(dice.choice("abcd"), {"to": dice.randrange(2)}) for _ in range(self.guesses)]
        return [verdict, *wrong[1:]] if isinstance(verdict, Step) and dice.random() < self.agreement else wrong

    def draft_s(self, prefix: Prefix) -> float:
        return self._dice("draft's time", prefix).choice([0.0, 0.1, 0.2, 1 / 3, 1.5])

    def verdict_s(self, prefix: Prefix) -> float:
        return self._dice("target's time", prefix).choice([0.0, 0.5, 1.0, 2 / 3, 3.0])


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to, as its session says, and what it wrote down."""

    plan: Plan
    figures: Figures
    records: list[Record]


def drive(setting: Setting, journal: JournalStore | None = None, name: str = "run") -> Ran:
    """Run it on the virtual clock, and write it down in ``journal``."""
    return run(_drive(setting, journal or MemoryJournal(), name))


async def _drive(setting: Setting, journal: JournalStore, name: str) -> Ran:
    session = plan(
        "Plan a trip",
        target=FakeAgent(setting.verdict, takes_s=setting.verdict_s, usage=Usage(50, 20, 9, "reported", 0.01), name="target"),
        approximation=FakeAgent(setting.draft, takes_s=setting.draft_s, usage=Usage(50, 0, 9, "estimated", 0.001), name="draft"),
        lookahead=setting.lookahead,
        matching=setting.matching,
        max_steps=setting.max_steps,
        limits=Limits(calls_at_once=setting.calls_at_once),
        journal=journal,
        name=name,
    )
    async with session:
        for tenths, what, number in setting.deeds:
            await asyncio.sleep(0.1 * tenths)
            with suppress(NotNow):
                _do(what, number, session, setting)
        with suppress(NotNow):
            session.go_on()
        with suppress(RunEnded):
            await session.result()
    return Ran(session.plan, session.figures, journal.read(name))


def _do(what: What, number: int, session: Session, setting: Setting) -> None:
    match what:
        case "take":
            session.take(Step("abc"[number % 3], {"to": number % 2}))
        case "agree":
            verdict = setting.verdict(session.plan.prefix)
            session.take(verdict if isinstance(verdict, Step) else Step("a"))
        case "instead":
            session.take_instead(Step("abc"[number % 3], {"to": number % 2}), number % (len(session.plan.steps) + 1))
        case "back":
            session.go_back(number % (len(session.plan.steps) + 1))
        case "pause":
            session.pause()
        case "steer":
            session.steer(f"Mind {number}.")
        case "take back":
            session.steer("")
        case "on":
            session.go_on()
        case "stop":
            session.stop("enough")


_lookaheads: st.SearchStrategy[Lookahead] = st.one_of(
    st.builds(Sliding, st.integers(0, 6), st.integers(1, 3)), st.builds(Batch, st.integers(1, 5))
)
_whats: st.SearchStrategy[What] = st.sampled_from(
    ["take", "agree", "agree", "instead", "back", "back", "pause", "pause", "steer", "steer", "take back", "on", "on", "stop"]
)
_deeds: st.SearchStrategy[Deed] = st.tuples(st.integers(0, 10), _whats, st.integers(0, 9))
settings_of_runs = st.builds(
    Setting,
    seed=st.integers(0, 10**6),
    agreement=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    failures=st.sampled_from([0.0, 0.0, 0.2, 0.8]),
    guesses=st.integers(1, 3),
    lookahead=_lookaheads,
    matching=st.sampled_from([EXACT, EXACT, BY_ACTION]),
    max_steps=st.sampled_from([12, 20, 8, 3]),
    calls_at_once=st.sampled_from([None, None, 1, 2, 4]),
    deeds=st.lists(_deeds, max_size=8).map(tuple) | st.lists(_deeds, min_size=3, max_size=12).map(tuple),
)
"""Any run."""
