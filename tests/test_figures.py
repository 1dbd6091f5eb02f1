"""The figures of a run against values worked out by hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from outrider import Session, Step, Usage, plan
from outrider.errors import RunEnded
from outrider.figures import Figures
from outrider.journal import MemoryJournal
from outrider.model import JSON
from outrider.rules.events import Record
from outrider.testing import FakeAgent, run, steps

TARGET = Usage(100, 60, 20, "reported", 0.01)
DRAFT = Usage(50, 0, 5, "reported", 0.001)
PATH = steps("a", "b", "c", "finish")


def along(path: tuple[Step, ...], takes_s: float, usage: Usage | None) -> FakeAgent:
    return FakeAgent(lambda prefix: path[min(len(prefix), len(path) - 1)], takes_s=takes_s, usage=usage)


def of_run(
    drafts: tuple[Step, ...] | None = PATH,
    *,
    lookahead: int = 4,
    target: Usage | None = TARGET,
    draft: Usage | None = DRAFT,
    draft_s: float = 0.5,
    person: tuple[float, str] | None = None,
    stop_s: float | None = None,
) -> Figures:
    """A run whose target takes 2 s a step along a, b, c, finish, and whose drafts take ``draft_s`` each.

    The person takes the step at the frontier after so many seconds, or stops the run.
    """

    async def main() -> Figures:
        approximation = along(drafts, draft_s, draft) if drafts else None
        session = plan("Tidy up", target=along(PATH, 2.0, target), approximation=approximation, lookahead=lookahead)
        async with session:
            if person is not None:
                await asyncio.sleep(person[0])
                session.take(person[1])
            if stop_s is not None:
                await asyncio.sleep(stop_s)
                session.stop()
            with suppress(RunEnded):
                await session.result()
        return session.figures

    return run(main())


def near(figures: Figures, **expected: JSON) -> None:
    found = figures.as_json()
    for name, value in expected.items():
        assert found[name] == (pytest.approx(value) if isinstance(value, float) else value), name


def tallies(figures: Figures) -> dict[int, tuple[int, int]]:
    """Accepted and rejected drafts by how far ahead they were made."""
    return {ahead: (tally.accepted, tally.rejected) for ahead, tally in figures.acceptance.items()}


def test_with_every_draft_right_the_last_verdict_comes_after_three_drafts_and_a_call() -> None:
    # Prefixes are known at 0, 0.5, 1.0 and 1.5 s; the verdict on the last one comes 2 s after that.
    near(of_run(), total_s=3.5, steps=4, step_s=3.5 / 4, target_alone_s=8.0, saved_s=4.5, oracle_s=3.5)


def test_tokens_and_dollars_are_those_of_four_calls_of_each_agent() -> None:
    near(
        of_run(),
        prompt_tokens=4 * 150, cached_tokens=4 * 60, output_tokens=4 * 25, output_tokens_per_step=25.0, cost_usd=4 * 0.011,
        wasted_tokens=0, cancelled_tokens=0, tokens_counted="reported",
    )  # fmt: skip


def test_most_at_once_are_four_target_calls_and_a_draft() -> None:
    # At 1.5 s the fourth target call starts, while the fourth draft does: no verdict is in before 2.0 s.
    near(of_run(), calls_max=5, calls={"used": 8, "wasted": 0, "cancelled": 0, "failed": 0})


def test_acceptance_is_counted_by_how_far_ahead_the_draft_was() -> None:
    # All four are drafted by 1.6 s, before the first verdict: the frontier still stands at step 0.
    figures = of_run(draft_s=0.4)
    assert tallies(figures) == dict.fromkeys(range(4), (1, 0))
    assert figures.acceptance[0].rate == 1.0


def test_the_target_alone_takes_its_calls_one_after_another() -> None:
    near(of_run(None), total_s=8.0, step_s=2.0, target_alone_s=8.0, saved_s=0.0, oracle_s=8.0, calls_max=1, acceptance=[])


def test_a_wrong_draft_costs_what_hung_on_it_and_no_time_against_the_target_alone() -> None:
    # Step 1 is drafted wrongly at 1.0 s and corrected at 2.5 s. By then two target calls hang on it, which are cancelled, and two
    # drafts, wasted with the wrong one. From there a draft at 3.0 s lets the last target call end at 5.0 s.
    figures = of_run(steps("a", "x", "c", "finish"))
    near(figures, total_s=5.0, target_alone_s=8.0, saved_s=3.0, calls={"used": 7, "wasted": 3, "cancelled": 2, "failed": 0})
    near(figures, cancelled_tokens=2 * 120, wasted_tokens=3 * 55)
    assert tallies(figures) == {0: (2, 0), 1: (1, 1)}
    assert figures.acceptance[1].rate == 0.5


def test_the_oracle_knows_which_drafts_are_right_and_starts_nothing_that_is_wrong() -> None:
    # Known: a at 0.5 (drafted), b at 0.5 + 2.0 (drafted wrongly), c at 3.0 (drafted); finish is verified at 3.0 + 2.0.
    near(of_run(steps("a", "x", "c", "finish")), oracle_s=5.0)


def test_what_a_cancelled_call_used_counts() -> None:
    # Stopped at 1.2 s: three target calls (at 0, 0.5 and 1.0 s) and the third draft are under way, two drafts are in.
    figures = of_run(stop_s=1.2)
    assert figures.calls("cancelled") == 4
    near(figures, total_s=1.2, steps=0, step_s=None, output_tokens_per_step=None)
    near(figures, cancelled_tokens=3 * 120 + 55, wasted_tokens=110)


def test_the_person_saves_the_rest_of_the_targets_mean_call() -> None:
    # They take step 0 after 0.75 s, where the target takes 2.0 s a call.
    figures = of_run(person=(0.75, "a"))
    near(figures, person_steps=1, person_saved_s=1.25)
    assert figures.total_s == pytest.approx(3.5)


def test_the_persons_step_counts_for_the_target_alone_with_its_mean_call() -> None:
    near(of_run(person=(0.75, "a")), target_alone_s=8.0)


def test_an_unknown_price_makes_the_cost_unknown_and_the_rest_of_it_is_still_told() -> None:
    near(of_run(target=Usage(100, 60, 20, "reported")), cost_usd=None, priced_usd=0.004, calls_unpriced=4)


def test_tokens_that_no_agent_counts_are_unknown_and_not_estimated() -> None:
    near(of_run(target=None, draft=None), tokens_counted="unknown", tokens_estimated=False, output_tokens=0, cost_usd=None)


def test_tokens_that_one_agent_estimates_are_estimated_in_all() -> None:
    near(of_run(draft=Usage(50, 0, 5, "estimated", 0.001)), tokens_counted="estimated", tokens_estimated=True)


def test_before_anything_happened_every_figure_is_there_and_nothing_is_divided_by_nothing() -> None:
    near(
        Figures(), total_s=0.0, steps=0, step_s=None, output_tokens_per_step=None, target_alone_s=0.0, saved_s=0.0, oracle_s=0.0,
        person_saved_s=0.0, calls_max=0, tokens_counted="reported",
    )  # fmt: skip


def test_figures_are_a_fold_and_the_journal_gives_the_same() -> None:
    journal = MemoryJournal()

    async def main() -> Session:
        target, drafts = along(PATH, 2.0, TARGET), along(PATH, 0.5, DRAFT)
        session = plan("Tidy up", target=target, approximation=drafts, journal=journal, name="x")
        async with session:
            await session.result()
        return session

    live, again = run(main()).figures, Figures()
    records: list[Record] = journal.read("x")
    for record in records:
        again.receive(record)
    assert again.as_json() == live.as_json()
    assert again.settled


def test_going_on_from_a_plan_counts_only_what_is_new() -> None:
    async def main() -> Figures:
        first = plan("Tidy up", target=along(PATH, 2.0, TARGET), max_steps=2)
        async with first:
            with suppress(RunEnded):
                await first.result()
        second = plan("Tidy up", target=along(PATH, 2.0, TARGET), going_on_from=first.plan)
        async with second:
            await second.result()
        return second.figures

    near(run(main()), steps=2, total_s=4.0, target_alone_s=4.0, step_s=2.0)
