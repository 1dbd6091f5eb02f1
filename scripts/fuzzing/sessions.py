"""What there is to spoil: records of sessions that were really run, on the virtual clock, with a person and with tools."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypedDict

from outrider import Batch, Budget, Declared, Limits, Sliding, Step, Usage, plan, resume
from outrider.errors import CallerError, RunEnded
from outrider.journal import MemoryJournal
from outrider.model import FINISH, JSON, Prefix
from outrider.rules import ByValue, Lookahead
from outrider.rules.events import Record
from outrider.runtime import Session
from outrider.testing import FakeAgent, FakeTools, run

NAME: Final = "trip"
TOOLS: Final = (
    Declared("search", effect="none"),
    Declared("ask", effect="read"),
    Declared("book", effect="write", approval="always", undo=True),
    Declared("pay", effect="write"),
    Declared("note", effect="write", repeatable=True, rehearses=True, undo=True),
)
LOOKAHEADS: Final[tuple[Lookahead, ...]] = (Sliding(2), Sliding(3, 2), Batch(3), ByValue(), ByValue(30.0), Sliding(0))
_WORDS: Final[tuple[JSON, ...]] = (
    "Oslo",
    "2 nights",
    "a\u0301 room",
    "\ud83c\udf0d",
    "line\nbreak",
    "half \ud83d of a pair",
    2,
    0.5,
    None,
    [1, "b"],
    {"x": {"y": []}},
)


class Agents(TypedDict):
    """Both agents of a session."""

    target: FakeAgent
    approximation: FakeAgent


@dataclass(frozen=True)
class Trip:
    """A session whose agents, tools and person are functions of the prefix and a seed."""

    seed: int

    def _dice(self, who: str, prefix: Prefix = ()) -> random.Random:
        return random.Random(f"{self.seed} {who} {[step.key for step in prefix]}")

    def verdict(self, prefix: Prefix) -> Step | Exception:
        dice = self._dice("target", prefix)
        if dice.random() < 0.02:
            return ValueError("the target is tired, http://user:word@host")
        if len(prefix) > 3 and dice.random() < 0.3:
            return Step(FINISH)
        arguments = {name: dice.choice(_WORDS) for name in ("to", "for") if dice.random() < 0.6}
        return Step(dice.choice(TOOLS).name, arguments)

    def draft(self, prefix: Prefix) -> Sequence[Step] | Exception:
        dice, right = self._dice("draft", prefix), self.verdict(prefix)
        if dice.random() < (1.0 if self.seed % 5 == 4 else 0.1):
            return OSError("the drafter is tired")
        wrong = [Step(dice.choice("abc"), {"to": dice.randrange(3)})]
        return [right, *wrong] if isinstance(right, Step) and dice.random() < 0.7 else wrong

    def tools(self) -> FakeTools | None:
        if self.seed % 3 == 0:
            return None
        lost = self._dice("lost")
        return FakeTools(
            *TOOLS, takes_s=0.2, loses=lambda step, key: "" if lost.random() < 0.8 else lost.choice(["before", "after"]),
            observations=lambda step, done: f"{step}: " + "said\n" * len(done), cannot_undo=("book",),
        )  # fmt: skip

    def agents(self) -> Agents:
        cost = Usage(50, 20, 9, "reported", 0.01)
        return {
            "target": FakeAgent(
                self.verdict, takes_s=lambda prefix: self._dice("t", prefix).choice([0.2, 1.0]), usage=cost, name="target"
            ),
            "approximation": FakeAgent(self.draft, takes_s=0.1, usage=Usage(50, 0, 9, "estimated", None), name="draft"),
        }

    async def records(self) -> list[Record]:
        """The session, run; every other one once more from the middle on, as if its process had been killed there."""
        journal = MemoryJournal()
        limits = Limits(calls_at_once=3, budget=Budget(calls=6) if self.seed % 4 == 1 else None)
        lookahead = LOOKAHEADS[self.seed % len(LOOKAHEADS)]
        session = plan(
            f"Plan trip {self.seed} to Å \ud83d!", **self.agents(), journal=journal, name=NAME, lookahead=lookahead,
            tools=self.tools(), max_steps=9, ask=True, limits=limits,
        )  # fmt: skip
        await self._live(session)
        records = journal.read(NAME)
        return await self._resumed(records[: len(records) * 2 // 3]) if self.seed % 2 else records

    async def _resumed(self, records: list[Record]) -> list[Record]:
        journal = MemoryJournal()
        journal.append(NAME, records)
        tools = self.tools()
        await self._live(resume(NAME, **self.agents(), journal=journal, tools=tools, world_is_there=tools is not None, ask=True))
        return journal.read(NAME)

    async def _live(self, session: Session) -> None:
        dice = self._dice("person")
        async with session:
            for _ in range(8 if self.seed == 8 else 30):
                await asyncio.sleep(dice.choice([0.1, 0.3, 0.9]))
                with suppress(CallerError):
                    self._do(session, dice)
            for _ in range(0 if self.seed == 8 else 20):
                await asyncio.sleep(0.5)
                for deed in (session.approve, session.go_on, session.more):
                    with suppress(CallerError):
                        deed()
            session.stop("enough")
            with suppress(RunEnded):
                await session.result()

    def _do(self, session: Session, dice: random.Random) -> None:
        match dice.choice(["take", "back", "pause", "steer", "on", "on", "approve", "settle", "more", "instead", "extend", ""]):
            case "take":
                session.take(Step("search", {"to": "Rome"}))
            case "instead":
                session.take_instead(Step("pay"), dice.randrange(3))
            case "back":
                session.go_back(dice.randrange(4))
            case "pause":
                session.pause()
            case "steer":
                session.steer(dice.choice(["Mind the gap.", "By train", ""]))
            case "on":
                session.go_on()
            case "approve":
                session.approve()
            case "settle":
                session.settle("done by hand")
            case "extend":
                session.extend(2, "it is worth it")
            case "more":
                session.allow(calls=20, reason="on me")
            case _:
                pass


def recorded(trips: int = 12) -> list[list[Record]]:
    """The records of so many sessions."""
    return [run(Trip(seed).records()) for seed in range(trips)]
