"""Runs to look at: told record by record, or driven on the virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from outrider import Plan, Session, Step, Usage, plan
from outrider.errors import RunEnded
from outrider.figures import Figures
from outrider.model import PlanStep, Task
from outrider.rules.events import Confirmed, Event, Opened, Record
from outrider.testing import FakeAgent, run, steps
from outrider.views.picture import Picture

PRICED = Usage(100, 40, 10, "reported", 0.002)


def told(*happened: tuple[float, Event]) -> list[Record]:
    """Records of these events, at these seconds."""
    return [Record(n=n, time_s=time_s, event=event) for n, (time_s, event) in enumerate(happened)]


def pictured(records: Sequence[Record]) -> Picture:
    picture = Picture()
    for record in records:
        picture = picture.after(record)
    return picture


def figured(records: Sequence[Record]) -> Figures:
    figures = Figures()
    for record in records:
        figures.receive(record)
    return figures


def opened(
    *, lookahead: str = "lookahead-4", matching: str = "exact", before: tuple[str, ...] = (), task: str = "Tidy up"
) -> Opened:
    return Opened(
        task=Task(task), approximation="quick", target="slow", lookahead=lookahead, max_steps=30, matching=matching,
        plan=tuple(PlanStep(step) for step in steps(*before)),
    )  # fmt: skip


def confirmed(at: int, action: str, *, call: int | None = None, drafts: tuple[int, ...] = ()) -> Confirmed:
    """Confirmed by the target, or by the person if no call is given."""
    return Confirmed(at=at, step=Step(action), by="person" if call is None else "target", call=call, drafts=drafts)


def watched(
    target: FakeAgent,
    approximation: FakeAgent | None = None,
    *,
    lookahead: int = 4,
    max_steps: int = 30,
    before: Plan | None = None,
    meanwhile: Callable[[Session], object] | None = None,
) -> list[Record]:
    """What happened in a run on the virtual clock; ``meanwhile`` is done after every record."""

    async def main() -> list[Record]:
        session = plan(
            "Tidy up", target=target, approximation=approximation, lookahead=lookahead, max_steps=max_steps, going_on_from=before
        )
        seen = []
        async with session, session.events() as events:
            async for record in events:
                seen.append(record)
                if meanwhile is not None:
                    meanwhile(session)
        with suppress(RunEnded):
            await session.result()
        return seen

    return run(main())


def by_script(*actions: str, takes_s: float, usage: Usage | None = PRICED, name: str = "fake") -> FakeAgent:
    """Answers along these actions, whatever the prefix is; then finish."""
    path = steps(*actions, "finish")
    return FakeAgent(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s, usage=usage, name=name)
