"""A machine's clock that is set while a session runs: what took how long goes by a clock that nobody can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from outrider import FINISH, Step, plan
from outrider.errors import JournalLost
from outrider.journal import SqliteJournal, own
from outrider.model import Prefix
from outrider.testing import FakeAgent, run, steps

from .page import stands

ELSEWHERE = "process 7 on elsewhere (00000000-1)"


class Wall:
    """The clock on the wall, which a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)

    def step(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def __call__(self) -> datetime:
        return self.now


def agent(happens: dict[int, float], wall: Wall) -> FakeAgent:
    """It takes a second a step, and while it thinks about these, the clock is set by so many hours."""

    def answers(prefix: Prefix) -> Step:
        wall.step(happens.get(len(prefix), 0.0))
        return Step(("search", "book", FINISH)[len(prefix)])

    return FakeAgent(answers, takes_s=1.0)


@pytest.mark.parametrize("hours", [-25.0, -0.001, 0.001, 25.0])
def test_a_clock_that_is_set_changes_no_duration_and_nobody_loses_a_session_by_it(tmp_path: Path, hours: float) -> None:
    wall = Wall()

    async def main(journal: SqliteJournal) -> float | None:
        owned = own(journal, "trip")
        async with plan("to the sea", target=agent({1: hours}, wall), journal=owned, name="trip") as session:
            assert (await session.result()).prefix == steps("search", "book", FINISH)
        return session.figures.total_s

    with SqliteJournal(tmp_path / "journal", clock=wall) as journal:
        assert run(main(journal)) == pytest.approx(3.0)
        times = [record.time_s for record in journal.read("trip")]
        assert all(before <= after for before, after in pairwise(times))
        assert times[-1] == pytest.approx(3.0)


@pytest.mark.parametrize("hours", [-1.0, 1.0])
def test_somebody_who_takes_a_clock_that_was_set_for_a_dead_owner_is_the_only_one_who_writes(
    tmp_path: Path, hours: float
) -> None:
    """The lease seems to have run out, so another machine claims the session: its owner is told with its next word."""
    wall = Wall()

    async def main(journal: SqliteJournal, other: SqliteJournal) -> JournalLost:
        target = agent({}, wall)
        async with plan("to the sea", target=target, journal=own(journal, "trip"), name="trip") as session:
            session.take("search")
            wall.step(hours)
            other.claim("trip", ELSEWHERE, 15)
            with pytest.raises(JournalLost) as caught:
                await session.result()
        return caught.value

    with SqliteJournal(tmp_path / "journal", clock=wall) as journal, SqliteJournal(tmp_path / "journal", clock=wall) as other:
        ended = run(main(journal, other))
        assert ended.plan is not None
        assert ended.plan.prefix[:1] == steps("search")
        stands(str(ended).removeprefix("the journal could not be written: "), SESSION="trip")
        assert other.owner("trip") == ELSEWHERE
