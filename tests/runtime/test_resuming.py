"""``outrider.resume``: what it goes on with, what it refuses, and what other processes may say to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from outrider import FINISH, Budget, Declared, Limits, Step, Usage, plan, resume, run_again
from outrider.errors import BadOption, BudgetReached, NotNow, SessionOwned, ToolFailed, UnknownName
from outrider.journal import MemoryJournal, own, replay
from outrider.rules.events import Asked, Cancelled, Confirmed, Executing, Observed, Record, Started, WentOn
from outrider.testing import FakeAgent, FakeTools, ScriptedAgent, run, steps
from outrider.tools import Toolbox

ACTIONS = ("search", "book", "pay")
USAGE = Usage(10, 0, 5, "reported", 1.0)


def target() -> ScriptedAgent:
    return ScriptedAgent(*ACTIONS, takes_s=1.0, usage=USAGE)


def acting(takes_s: float = 1.0) -> FakeAgent:
    """Names the three actions, whatever was observed."""
    path = steps(*ACTIONS, FINISH)
    return FakeAgent(lambda prefix: path[len(prefix)], takes_s=takes_s)


async def _whole(tools: FakeTools | None = None) -> list[Record]:
    journal = MemoryJournal()
    agent = target() if tools is None else acting()
    async with plan("trip", target=agent, journal=journal, name="run", tools=tools) as session:
        await session.result()
    return journal.read("run")


def cut(records: list[Record], n: int) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append("run", records[:n])
    return journal


def after(records: list[Record], kind: type, count: int = 1) -> int:
    """How many records there are up to the ``count``-th of this kind."""
    return [record.n for record in records if isinstance(record.event, kind)][count - 1] + 1


def test_time_goes_on_from_the_last_record() -> None:
    records = run(_whole())
    journal = cut(records, after(records, Confirmed, 2))

    async def later() -> float:
        await asyncio.sleep(1000.0)
        async with resume("run", journal=journal, target=target()) as session:
            await session.result()
            assert session.figures.total_s is not None
            return session.figures.total_s

    assert run(later()) == pytest.approx(4.0)


def test_a_call_that_was_lost_is_cancelled_at_unknown_cost_and_made_anew() -> None:
    records = run(_whole())
    journal, agent = cut(records, after(records, Started, 2)), target()

    async def resumed() -> None:
        async with resume("run", journal=journal, target=agent) as session:
            await session.result()

    run(resumed())
    (lost,) = [record.event for record in journal.read("run") if isinstance(record.event, Cancelled)]
    assert (lost.reason, lost.usage) == ("its process is gone", Usage())
    assert [len(prefix) for prefix in agent.asked] == [1, 2, 3]
    assert replay(journal.read("run")).figures.usage.cost_usd is None


@pytest.mark.parametrize(("calls", "enough"), [(5, True), (4, False)])
def test_what_was_spent_before_counts_in_the_budget_and_so_does_a_call_that_was_lost(calls: int, enough: bool) -> None:
    records = run(_whole())
    journal = cut(records, after(records, Started, 2))

    async def resumed() -> None:
        limits = Limits(budget=Budget(calls=calls))
        async with resume("run", journal=journal, target=target(), limits=limits) as session:
            await session.result()

    if enough:
        run(resumed())
    else:
        with pytest.raises(BudgetReached):
            run(resumed())


@pytest.mark.parametrize(("tokens", "enough"), [(90, True), (89, False)])
def test_a_call_that_was_lost_counts_with_the_most_it_may_use_however_often_it_is_resumed(tokens: int, enough: bool) -> None:
    records = run(_whole())
    journal = cut(records, after(records, Started, 2))

    async def resumed(kept: MemoryJournal, most: int) -> None:
        limits = Limits(budget=Budget(tokens=most))
        async with resume("run", journal=kept, target=target(), limits=limits) as session:
            await session.result()

    run(resumed(journal, 1000))
    records = journal.read("run")
    again = cut(records, after(records, Started, 3))  # killed a second time, while the call was made anew
    if enough:
        run(resumed(again, tokens))
    else:
        with pytest.raises(BudgetReached):
            run(resumed(again, tokens))


def tools(*, repeatable: bool = False, undo: bool = False) -> FakeTools:
    return FakeTools(*(Declared(name, repeatable=repeatable, undo=undo) for name in ACTIONS), takes_s=1.0)


def test_a_write_that_had_begun_ends_the_run_where_nobody_can_be_asked() -> None:
    records = run(_whole(tools()))
    journal, world = cut(records, after(records, Executing, 2)), tools()

    async def resumed() -> None:
        async with resume("run", journal=journal, target=acting(), tools=world) as session:
            await session.result()

    with pytest.raises(ToolFailed, match="its process is gone"):
        run(resumed())
    assert world.ran == []


def test_a_write_that_had_begun_is_run_again_under_its_key_if_it_is_repeatable() -> None:
    records = run(_whole(tools(repeatable=True)))
    journal, world = cut(records, after(records, Executing, 2)), tools(repeatable=True)
    (_, second, *_) = [record.event for record in records if isinstance(record.event, Executing)]

    async def resumed() -> None:
        async with resume("run", journal=journal, target=acting(), tools=world) as session:
            await session.result()

    run(resumed())
    assert world.ran[0].key == f"run/{second.key}"
    assert [step.action for _, step in world.effects] == ["book", "pay"]


def test_the_person_is_asked_and_says_what_has_come_of_it() -> None:
    records = run(_whole(tools()))
    journal = cut(records, after(records, Executing, 2))

    async def resumed() -> None:
        async with resume("run", journal=journal, target=acting(), tools=tools(), ask=True) as session:
            await asyncio.sleep(1.0)
            session.settle("booked, says the hotel")
            made = await session.result()
            assert made.prefix[1].observation == "booked, says the hotel"

    run(resumed())
    (asked,) = [record.event for record in journal.read("run") if isinstance(record.event, Asked)]
    assert (asked.question, asked.at) == ("unsure", 1)


def test_what_another_process_says_is_carried_out() -> None:
    records = run(_whole())
    journal = cut(records, after(records, Started, 2))

    async def resumed() -> None:
        async with resume("run", journal=journal, target=target()) as session:
            session.pause()
            assert session.held
            journal.command("run", WentOn())
            await session.result()

    run(resumed())
    assert journal.owner("run") == ""


def test_what_cannot_be_resumed_is_refused_in_a_sentence_and_stays_as_it_was() -> None:
    records = run(_whole(tools()))
    n = after(records, Observed, 1)
    journal, world = cut(records, n), tools()
    with pytest.raises(UnknownName, match="no session's name begins with 'other'"):
        resume("other", journal=journal, target=acting(), tools=world)
    with pytest.raises(BadOption, match="its target is asked again"):
        resume("run", journal=journal, tools=world)
    with pytest.raises(BadOption, match="book, pay, search are missing, new, or declared otherwise"):
        resume("run", journal=journal, target=acting(), tools=tools(undo=True))
    with own(journal, "run", owner="another"), pytest.raises(SessionOwned, match="is owned by another"):
        resume("run", journal=journal, target=acting(), tools=world)
    assert journal.owner("run") == ""
    assert journal.read("run") == records[:n]
    finished = cut(records, len(records))
    with pytest.raises(NotNow, match="has finished: complete"):
        resume("run", journal=finished, target=acting(), tools=world)


# A world in memory --------------------------------------------------------------------------------------------------


class Shop:
    """What was done is a list in memory."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def buy(self, what: str) -> str:
        """Buy it."""
        self.done.append(what)
        return f"{len(self.done)} bought"


def buyer() -> FakeAgent:
    path = (*(Step("buy", {"what": what}) for what in ("map", "tent")), Step(FINISH))
    return FakeAgent(lambda prefix: path[len(prefix)], takes_s=1.0)


async def _bought(shop: Shop) -> MemoryJournal:
    journal = MemoryJournal()
    async with plan("buy", target=buyer(), journal=journal, name="run", tools=Toolbox.around(shop)) as session:
        with suppress(NotNow):
            await session.result()
    records = journal.read("run")
    return cut(records, after(records, Observed, 1) + 1)


def test_a_world_in_memory_is_not_taken_for_the_one_that_went_with_its_process() -> None:
    journal = run(_bought(Shop()))
    shop = Shop()
    box = Toolbox.around(shop)
    with pytest.raises(BadOption, match="run_again"):
        resume("run", journal=journal, target=buyer(), tools=box)

    async def resumed() -> None:
        assert await run_again("run", journal=journal, tools=box) == 1
        async with resume("run", journal=journal, target=buyer(), tools=box, world_is_there=True) as session:
            await session.result()

    run(resumed())
    assert shop.done == ["map", "tent"]


def test_a_world_in_which_the_effects_come_to_something_else_is_another() -> None:
    journal, shop = run(_bought(Shop())), Shop()
    shop.buy("something before")
    with pytest.raises(ToolFailed, match="the world is another"):
        run(_again(journal, shop))


async def _again(journal: MemoryJournal, shop: Shop) -> None:
    await run_again("run", journal=journal, tools=Toolbox.around(shop))


def test_an_effect_that_the_person_said_had_happened_is_run_again_and_not_held_against_their_words() -> None:
    async def settled() -> MemoryJournal:
        journal, agent = MemoryJournal(), FakeAgent(lambda prefix: steps("book", "pay", FINISH)[len(prefix)], takes_s=1.0)
        lossy = FakeTools(Declared("book"), Declared("pay"), loses=lambda step, key: "after")
        async with plan("book", target=agent, journal=journal, name="run", tools=lossy, ask=True) as session:
            await asyncio.sleep(5.0)
            session.settle("it is booked, they say", happened=True)
        return journal

    async def again() -> None:
        world = FakeTools(Declared("book"), Declared("pay"))
        assert await run_again("run", journal=await settled(), tools=world) == 1
        assert [step for _, step in world.effects] == [Step("book")]

    run(again())
