"""A limit on steps from one's own history: a percentile of complete plans, where there are enough of them."""

from __future__ import annotations

import asyncio

import pytest

from outrider import Task, plan
from outrider.errors import BadOption
from outrider.history import MOST_SESSIONS, most_steps, percentile
from outrider.journal import MemoryJournal, SessionEntry
from outrider.testing import ScriptedAgent, run


def journal_of(*lengths: int, world: str = "free") -> MemoryJournal:
    """A journal with a complete plan of each of these lengths, and one that was stopped."""
    journal = MemoryJournal()

    async def all_of_them() -> None:
        for length in lengths:
            async with plan(Task("to the sea", world), target=ScriptedAgent(*("x" * (length - 1))), journal=journal) as session:
                await session.result()
        async with plan(Task("to the sea", world), target=ScriptedAgent("a", takes_s=9), journal=journal) as session:
            await asyncio.sleep(1)

    run(all_of_them())
    return journal


def test_a_number_is_that_many_steps() -> None:
    assert most_steps("12", MemoryJournal(), "free", 30) == (12, "")


def test_a_percentile_is_that_of_the_complete_plans_of_the_world_by_nearest_rank() -> None:
    journal = journal_of(*range(3, 23))
    assert most_steps("p95", journal, "free", 30) == (21, "max_steps p95 of 20 complete plans: 21")
    assert most_steps("p50", journal, "free", 30)[0] == 12
    assert most_steps("p100", journal, "free", 30)[0] == 22


def test_with_too_few_plans_the_usual_limit_holds_and_it_is_said() -> None:
    journal = journal_of(*range(3, 12))
    usual = 30, "max_steps p95 needs 10 complete plans of this world, and the journal has 9 complete plans: 30"
    assert most_steps("p95", journal, "free", 30) == usual
    assert most_steps("p95", journal, "openagi", 30)[0] == 30, "plans of another world tell nothing of this one"


class AskedJournal(MemoryJournal):
    """Keeps how many sessions it was asked for."""

    asked: int | None = None

    def sessions(self, *, limit: int | None = None) -> list[SessionEntry]:
        self.asked = limit
        return super().sessions(limit=limit)


def test_a_long_journal_is_not_read_from_its_beginning() -> None:
    journal = AskedJournal()
    most_steps("p95", journal, "free", 30)
    assert journal.asked == MOST_SESSIONS


@pytest.mark.parametrize("text", ["0", "-1", "p", "p49", "p101", "p5", "95%", "many", "", "1.5", "p0095"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(BadOption, match="give a number from 1, or p50 to p100"):
        percentile(text)
