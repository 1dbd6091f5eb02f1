"""A screen without a terminal, its lines as text, and agents that answer when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from outrider import Answer, Limits, Meter, Session, Step, Task, Usage, plan
from outrider.agents.world import Action, World
from outrider.errors import NoStep
from outrider.model import JSON, Prefix
from outrider.rules.events import Event, Record
from outrider.runtime.hands import Tools
from outrider.testing import FakeAgent
from outrider.views.screen import PlanScreen
from outrider.views.screen.prompt import Prompt

PATIENCE = 400
"""So many times the screen may come to rest without what a test waits for; no clock is asked."""

USED = Usage(100, 40, 10, "reported", 0.002)

TOWN: dict[str, JSON] = {
    "type": "object",
    "properties": {"town": {"type": "string"}},
    "required": ["town"],
    "additionalProperties": False,
}

ERRANDS = World(
    name="errands",
    about="You run errands.",
    actions=(
        Action("buy bread", "fetches a loaf", cues=("loaf",)),
        Action("buy butter", "fetches butter"),
        Action("post letter", "takes a letter to the post"),
        Action("travel", "goes to another town", schema=TOWN),
        Action("finish", "ends the plan"),
    ),
    allowed=lambda prefix: ("buy bread", "buy butter", "post letter", "travel", "finish"),
)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Waiting:
    """An agent that answers a prefix when the test says so, and not before.

    ``asked`` holds the task and the prefix of every call, ``closed`` the prefixes of those that were cancelled.
    """

    def __init__(self, name: str, usage: Usage = USED) -> None:
        self.name = name
        self.asked: list[tuple[str, Prefix]] = []
        self.closed: list[Prefix] = []
        self._answers: dict[Prefix, asyncio.Future[Step]] = {}
        self._usage = usage

    def _awaited(self, prefix: Prefix) -> asyncio.Future[Step]:
        return self._answers.setdefault(prefix, asyncio.get_running_loop().create_future())

    def answers(self, action: str | Step, *after: str | Step) -> None:
        """After these steps it names this one, from now on."""
        prefix = tuple(map(_step, after))
        if prefix in self._answers and self._answers[prefix].done():
            del self._answers[prefix]
        self._awaited(prefix).set_result(_step(action).named)

    def fails(self, why: str, *after: str | Step) -> None:
        """After these steps it has no answer."""
        self._awaited(tuple(map(_step, after))).set_exception(NoStep(why))

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        self.asked.append((task.text, prefix))
        meter.settle(self._usage)
        try:
            return Answer((await asyncio.shield(self._awaited(prefix)),))
        except asyncio.CancelledError:
            self.closed.append(prefix)
            raise

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return self._usage


def _step(named: str | Step) -> Step:
    return named if isinstance(named, Step) else Step(named)


class Gate:
    """The way from the session to the screen. While it is shut, the screen lags behind."""

    def __init__(self, records: AsyncIterable[Record]) -> None:
        self._records = records
        self._open = asyncio.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def __aiter__(self) -> AsyncIterator[Record]:
        async for record in self._records:
            await self._open.wait()
            yield record


@dataclass
class Watched:
    """A session with its screen."""

    session: Session
    screen: PlanScreen
    pilot: Pilot[None]
    clock: Clock
    target: Waiting
    drafter: Waiting
    gate: Gate

    @property
    def lines(self) -> list[str]:
        return lines_of(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def plan(self) -> list[str]:
        return [str(step) for step in self.session.plan.prefix]

    @property
    def typed(self) -> str:
        """What stands in the input."""
        return self.screen.query_one(Prompt).typed

    async def until(self, *what: str) -> None:
        """Wait until all of this is to be seen, with what is drawn in a row read as one text."""
        await self.until_true(lambda: all(part in self.flat for part in what), f"{what} to be seen")

    @property
    def flat(self) -> str:
        return " ".join(self.text.split())

    async def until_true(self, true: Callable[[], bool], what: str = "it to be true") -> None:
        for _ in range(PATIENCE):
            await self.pilot.pause()
            if true():
                return
        raise AssertionError(f"waited in vain for {what}:\n{self.text}")

    async def press(self, *keys: str) -> None:
        """Press keys, once what is on display has been there for a moment."""
        self.clock.now_s += 1
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*("space" if sign == " " else sign for sign in text))

    async def until_drafted(self, action: str) -> None:
        """Wait until a draft is on display, long enough for a key to be meant for it."""
        await self.until(f"{action} verifying")
        self.clock.now_s += 1


@asynccontextmanager
async def watched(
    *,
    world: World | None = ERRANDS,
    size: tuple[int, int] = (80, 24),
    task: str = "Shop for breakfast",
    lookahead: int = 2,
    limits: Limits | None = None,
    max_steps: int = 30,
    tools: Tools | None = None,
) -> AsyncIterator[Watched]:
    """A session on a screen, with agents that wait for the test's word; at a limit the person is asked."""
    target, drafter, clock = Waiting("slow"), Waiting("quick"), Clock()
    session = plan(
        task,
        target=target,
        approximation=drafter,
        world=world,
        lookahead=lookahead,
        limits=limits,
        max_steps=max_steps,
        ask=True,
        tools=tools,
    )
    async with session.events() as events, session:
        gate = Gate(events)
        screen = PlanScreen(session, gate, clock=clock)
        async with screen.run_test(size=size) as pilot:
            yield Watched(session, screen, pilot, clock, target, drafter, gate)


def told(*happened: tuple[float, Event]) -> list[Record]:
    """Records of these events, at these seconds."""
    return [Record(n=n, time_s=time_s, event=event) for n, (time_s, event) in enumerate(happened)]


async def as_told(records: Sequence[Record]) -> AsyncIterator[Record]:
    """These records, and then nothing more."""
    for record in records:
        yield record
    await asyncio.Event().wait()


@asynccontextmanager
async def drawn(
    records: Sequence[Record], *, size: tuple[int, int] = (80, 24), now_s: float | None = None
) -> AsyncIterator[tuple[PlanScreen, Pilot[None]]]:
    """A screen that was told of ``records``, at ``now_s``; nobody runs behind it."""
    clock = Clock()
    screen = PlanScreen(plan("x", target=FakeAgent(lambda _: None), world=ERRANDS), as_told(records), clock=clock)
    async with screen.run_test(size=size) as pilot:
        for _ in range(PATIENCE):
            await pilot.pause()
            if screen.picture.now_s == records[-1].time_s and str(screen.picture.task) in " ".join(lines_of(screen)):
                break
        clock.now_s += 0 if now_s is None else now_s - records[-1].time_s
        await pilot.pause()
        screen.draw()
        await pilot.pause()
        yield screen, pilot


def lines_of(screen: PlanScreen) -> list[str]:
    """What is to be seen, line by line, without colours."""
    lines = screen.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in lines]


async def settled(screen: PlanScreen, pilot: Pilot[None], *what: str) -> None:
    """Wait until all of this is to be seen."""
    for _ in range(PATIENCE):
        await pilot.pause()
        if all(part in _page(screen) for part in what):
            return
    raise AssertionError(f"waited in vain for {what}:\n{_page(screen)}")


PICTURES = Path(__file__).parent / "pictures"


async def check_picture(screen: PlanScreen, pilot: Pilot[None], name: str) -> None:
    """The screen comes to look as it is kept in ``pictures``; one that is not there yet is written, to be looked at and kept."""
    kept = PICTURES / f"{name}.txt"
    if not kept.exists():
        await pilot.pause()
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(_page(screen))
        raise AssertionError(f"{kept} was not there and has been written; look at it, and run again")
    for _ in range(PATIENCE):
        await pilot.pause()
        if _page(screen) == kept.read_text():
            return
    assert _page(screen) == kept.read_text()


def _page(screen: PlanScreen) -> str:
    return "".join(f"{line}\n" for line in lines_of(screen))
