"""Whatever an agent hands over, the run ends in order, and its journal replays."""

from __future__ import annotations

from typing import Any

import pytest

import outrider
from outrider.agents.agent import MOST_GUESSES, Meter
from outrider.errors import TargetFailed
from outrider.journal import MemoryJournal, replay
from outrider.model import Prefix
from outrider.rules import BY_ACTION
from outrider.testing import ScriptedAgent, run


class _Saying:
    """An agent that hands over what it is given, and reports that usage."""

    name = "odd"

    def __init__(self, answer: Any, usage: Any = None) -> None:
        self._answer = answer
        self._usage = usage

    async def next_step(self, task: outrider.Task, prefix: Prefix, meter: Meter) -> outrider.Answer:
        if self._usage is not None:
            meter.settle(self._usage)
        if isinstance(self._answer, Exception):
            raise self._answer
        said: outrider.Answer = self._answer
        return said

    def most(self, task: outrider.Task, prefix: Prefix) -> outrider.Usage | None:
        return None


class _Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


_ANY: Any = outrider.Answer
NONSENSE = [None, 5, "a", _ANY(("a",)), _ANY(5), _ANY(None), _Unspeakable()]
FINISH = outrider.Answer((outrider.Step("finish"),))


async def _ran(drafter: Any, target: Any) -> tuple[outrider.Session, MemoryJournal]:
    journal = MemoryJournal()
    async with outrider.plan("t", approximation=drafter, target=target, journal=journal, name="odd") as session:
        await session.result()
    return session, journal


@pytest.mark.parametrize("answer", NONSENSE, ids=repr)
def test_a_target_that_talks_nonsense_ends_the_run_by_name(answer: Any) -> None:
    with pytest.raises(TargetFailed):
        run(_ran(ScriptedAgent("a"), _Saying(answer)))


@pytest.mark.parametrize("answer", NONSENSE, ids=repr)
def test_a_drafter_that_talks_nonsense_changes_nothing(answer: Any) -> None:
    session, _ = run(_ran(_Saying(answer), ScriptedAgent("a", takes_s=1.0)))
    assert [str(step) for step in session.plan.prefix] == ["a", "finish"]


@pytest.mark.parametrize(
    "usage",
    [outrider.Usage(prompt_tokens=n, counted="reported", cost_usd=cost) for n in (True, 1.5, -1) for cost in (None, 0.5)]  # type: ignore[arg-type]
    + [outrider.Usage(cost_usd=float("inf")), outrider.Usage(cost_usd=float("nan")), outrider.Usage(cost_usd=10**400)],
    ids=lambda usage: repr(usage)[:90],
)
def test_a_usage_that_makes_no_sense_counts_as_unknown(usage: outrider.Usage) -> None:
    session, journal = run(_ran(None, _Saying(FINISH, usage)))
    assert session.figures.usage.cost_usd is None
    assert replay(journal.read("odd")).plan == session.plan


def test_a_thought_that_is_no_text_is_dropped_and_the_journal_replays() -> None:
    session, journal = run(_ran(None, _Saying(_ANY(FINISH.steps, 7))))
    assert replay(journal.read("odd")).plan == session.plan


def test_of_thousands_of_guesses_only_some_are_kept() -> None:
    guesses = outrider.Answer(tuple(outrider.Step(f"guess {i}") for i in range(6000)))
    _, journal = run(_ran(_Saying(guesses), ScriptedAgent("a", takes_s=1.0)))
    rejected = [record for record in journal.read("odd") if record.event.kind == "rejected" and record.time_s == 1.0]
    assert len(rejected) == MOST_GUESSES


def test_what_goes_on_from_a_lossy_plan_is_lossy_too() -> None:
    async def main() -> None:
        lossy = outrider.Plan((outrider.PlanStep(outrider.Step("a")),), lossless=False)
        journal = MemoryJournal()
        target = ScriptedAgent("a", "b")
        async with outrider.plan("t", target=target, going_on_from=lossy, journal=journal, name="on") as session:
            plan = await session.result()
        assert not plan.lossless
        assert not replay(journal.read("on")).plan.lossless
        async with outrider.plan("t", target=ScriptedAgent("a"), matching=BY_ACTION) as session:
            assert not (await session.result()).lossless

    run(main())


def test_calls_that_a_killed_run_left_open_are_not_free() -> None:
    async def main() -> None:
        session, journal = await _ran(ScriptedAgent("a", takes_s=1.0), ScriptedAgent("a", takes_s=3.0))
        assert session.figures.as_json()["calls_open"] == 0
        killed = [record for record in journal.read("odd") if record.time_s < 1.0]
        figures = replay(killed).figures.as_json()
        assert figures["calls_open"] == 2
        assert figures["cost_usd"] is None
        assert figures["tokens_counted"] == "unknown"

    run(main())
