"""The user's handle: start, watch, take a step, go back, stop, leave; and what comes out when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from outrider import Answer, Budget, Limits, Meter, Plan, Session, Sliding, Step, Task, Usage, plan
from outrider.errors import BadOption, BudgetReached, EmptyTask, JournalFull, JournalLost, NotNow, RunStopped, TargetFailed
from outrider.model import Prefix
from outrider.rules.events import Cancelled, Confirmed, Degraded, Finished, Record, Took
from outrider.testing import FakeAgent, ScriptedAgent, run, steps

PATH = ("search", "read", "write", "check")


def target(takes_s: float = 4.0) -> ScriptedAgent:
    return ScriptedAgent(*PATH, takes_s=takes_s, name="target")


def drafter(takes_s: float = 1.0) -> ScriptedAgent:
    return ScriptedAgent(*PATH, takes_s=takes_s, name="drafter")


class Notes:
    """A journal in memory that can be told to fail from its nth record on."""

    def __init__(self, fails_from: int | None = None, error: Exception | None = None) -> None:
        self.records: list[Record] = []
        self._fails_from = fails_from
        self._error = error or JournalFull("the disk is full")

    def append(self, session: str, records: list[Record]) -> None:
        if self._fails_from is not None and records[-1].n >= self._fails_from:
            raise self._error
        self.records += records

    def kinds(self) -> list[str]:
        return [record.event.kind for record in self.records]


class Doing:
    """An agent that does whatever ``does`` does."""

    name = "doing"

    def __init__(self, does: Callable[[Prefix], Coroutine[Any, Any, Answer]]) -> None:
        self._does = does

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        return await self._does(prefix)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        return None


async def planned(session: Session) -> Plan:
    async with session:
        return await session.result()


# Before it starts ---------------------------------------------------------------------------------------------------


def test_a_call_that_makes_no_sense_is_refused_before_anything_starts() -> None:
    with pytest.raises(EmptyTask):
        plan("  ", target=target())
    with pytest.raises(BadOption, match="max_steps is 0"):
        plan("a task", target=target(), max_steps=0)
    with pytest.raises(BadOption, match="lookahead is -1"):
        plan("a task", target=target(), approximation=drafter(), lookahead=-1)
    with pytest.raises(BadOption, match="is no agent"):
        plan("a task", target="gpt")  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="0 calls at once"):
        Limits(calls_at_once=0)
    with pytest.raises(BadOption, match="a budget of 0 calls"):
        Budget(calls=0)


def test_a_plain_function_is_an_agent() -> None:
    async def think(task: Task, prefix: Prefix) -> str:
        return "finish" if prefix else "begin"

    assert run(planned(plan("a task", target=think))).prefix == steps("begin", "finish")


def test_a_function_that_answers_nothing_has_failed() -> None:
    async def silent(task: Task, prefix: Prefix) -> str:
        return " "

    with pytest.raises(TargetFailed, match="silent answered ' '"):
        run(planned(plan("a task", target=silent)))


# Commands -----------------------------------------------------------------------------------------------------------


def test_a_step_may_be_taken_before_the_loops_first_turn() -> None:
    async def hasty() -> Plan:
        asked = target(takes_s=4)
        async with plan("a task", target=asked, approximation=drafter()) as session:
            session.take("search")
            assert session.plan.prefix == steps("search")
            result = await session.result()
        assert () not in asked.asked, "the person was faster than the first request"
        return result

    result = run(hasty())
    assert [entry.by for entry in result.steps] == ["person", "target", "target", "target", "target"]


def test_a_command_for_a_step_that_is_over_is_refused_with_the_step_that_won() -> None:
    async def late() -> None:
        async with plan("a task", target=target(takes_s=1)) as session:
            await asyncio.sleep(1.5)
            with pytest.raises(NotNow, match="step 0 has its verdict already: search; go back to 0"):
                session.take("look", at=0)
            with pytest.raises(NotNow, match="step 3 is not there yet"):
                session.take("look", at=3)
            with pytest.raises(NotNow, match="step 1 is not confirmed"):
                session.go_back(1)
            with pytest.raises(NotNow, match="going on already"):
                session.go_on()
            assert session.plan.prefix == steps("search")
            await session.result()
            with pytest.raises(NotNow, match="the run has ended"):
                session.take("look")

    run(late())


def test_the_persons_step_equal_to_the_draft_keeps_the_work_below_it() -> None:
    async def agreeing() -> None:
        asked = target(takes_s=4)
        async with plan("a task", target=asked, approximation=drafter()) as session:
            await asyncio.sleep(2.5)
            session.take("search")
            await session.result()
        assert asked.closed == [()], "only the call on the taken step is closed"
        assert session.figures.person_steps == 1

    run(agreeing())


def test_going_back_and_taking_another_step_drops_what_hung_on_the_old_one() -> None:
    async def changing() -> Plan:
        asked = ScriptedAgent(
            *PATH, elsewhere={steps("ask"): Step("finish")}, takes_s=1, name="target"
        )  # fmt: skip
        async with plan("a task", target=asked) as session:
            await asyncio.sleep(2.5)
            session.go_back(0)
            assert session.plan.steps == ()
            session.take("ask")
            return await session.result()

    assert run(changing()).prefix == steps("ask", "finish")


def test_stopping_twice_is_stopping_once() -> None:
    async def stopping() -> None:
        async with plan("a task", target=target()) as session:
            await asyncio.sleep(1)
            session.stop("enough")
            session.stop("really")
            with pytest.raises(RunStopped, match="the run was stopped: enough"):
                await session.result()

    run(stopping())


def test_leaving_the_session_stops_it_and_no_call_outlives_it() -> None:
    async def leaving() -> None:
        asked, guessing = target(), drafter()
        async with plan("a task", target=asked, approximation=guessing) as session:
            await asyncio.sleep(2.5)
        assert asked.in_flight == guessing.in_flight == 0
        assert len(asked.closed) == 3
        with pytest.raises(RunStopped, match="the session was left"):
            await session.result()

    run(leaving())


def test_a_session_that_is_left_at_once_asks_nobody() -> None:
    async def glancing() -> list[str]:
        notes, asked = Notes(), target()
        async with plan("a task", target=asked, journal=notes):
            pass
        assert asked.asked == []
        return notes.kinds()

    assert run(glancing()) == ["opened", "stopped", "ended", "cancelled", "finished"]


# Errors come out bare -----------------------------------------------------------------------------------------------


def test_an_error_in_the_body_comes_out_as_itself() -> None:
    async def raising() -> None:
        async with plan("a task", target=target()):
            await asyncio.sleep(1)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(raising())


def test_a_cancellation_from_outside_comes_out_as_itself_and_closes_every_call() -> None:
    async def cancelled() -> None:
        asked, notes = target(), Notes()

        async def body() -> None:
            async with plan("a task", target=asked, approximation=drafter(), journal=notes) as session:
                await session.result()

        running = asyncio.ensure_future(body())
        await asyncio.sleep(1.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert running.cancelled()
        assert asked.in_flight == 0
        assert notes.kinds()[-1] == "finished"

    run(cancelled())


def test_a_timeout_around_the_session_is_a_timeout() -> None:
    async def impatient() -> None:
        async with asyncio.timeout(2), plan("a task", target=target()) as session:
            await session.result()

    with pytest.raises(TimeoutError):
        run(impatient())


# Agents that misbehave ----------------------------------------------------------------------------------------------


async def cancels_itself(prefix: Prefix) -> Answer:
    current = asyncio.current_task()
    assert current is not None
    current.cancel()
    await asyncio.sleep(1)
    raise AssertionError("it was cancelled")


async def says_cancelled(prefix: Prefix) -> Answer:
    raise asyncio.CancelledError


@pytest.mark.parametrize("misbehaves", [cancels_itself, says_cancelled])
def test_a_target_that_cancels_itself_has_failed(misbehaves: Callable[[Prefix], Coroutine[Any, Any, Answer]]) -> None:
    with pytest.raises(TargetFailed, match="doing cancelled itself"):
        run(planned(plan("a task", target=Doing(misbehaves))))


@pytest.mark.parametrize("misbehaves", [cancels_itself, says_cancelled])
def test_a_drafter_that_cancels_itself_leaves_the_target_alone(
    misbehaves: Callable[[Prefix], Coroutine[Any, Any, Answer]],
) -> None:
    notes = Notes()
    result = run(planned(plan("a task", target=target(), approximation=Doing(misbehaves), journal=notes)))
    assert result.complete
    assert any(isinstance(record.event, Degraded) for record in notes.records)


def test_an_agent_that_swallows_its_cancellation_is_not_believed_afterwards() -> None:
    async def stubborn(prefix: Prefix) -> Answer:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return Answer(steps("nonsense"))

    async def taking() -> None:
        notes = Notes()
        async with plan("a task", target=Doing(stubborn), max_steps=1, journal=notes) as session:
            await asyncio.sleep(1)
            session.take("mine")
            await asyncio.sleep(5)
        assert session.plan.prefix == steps("mine")
        assert [type(record.event) for record in notes.records][-2:] == [Cancelled, Finished]
        assert notes.records[-1].time_s == 2.0, "the session waited for it"

    run(taking())


class Unstoppable(BaseException):
    """Not an Exception."""


def test_a_base_exception_in_an_agent_comes_out_bare_and_leaves_nobody_waiting() -> None:
    async def bursts(prefix: Prefix) -> Answer:
        await asyncio.sleep(1)
        raise Unstoppable

    async def bursting() -> list[Record]:
        session = plan("a task", target=Doing(bursts), approximation=drafter(takes_s=0.25))
        watching = asyncio.ensure_future(_watched(session))
        await asyncio.sleep(0)
        with pytest.raises(Unstoppable):
            async with session:
                await session.result()
        with pytest.raises(Unstoppable):
            await session.result()
        return await watching

    assert run(bursting())[-1].event.kind != "finished"


async def _watched(session: Session) -> list[Record]:
    async with session.events() as stream:
        return [record async for record in stream]


def test_an_agent_without_an_idea_of_its_price_fails_under_a_budget_of_dollars() -> None:
    with pytest.raises(TargetFailed, match="a dollar budget needs a price"):
        run(planned(plan("a task", target=target(), limits=Limits(budget=Budget(usd=1)))))


def test_an_agent_whose_estimate_raises_has_failed() -> None:
    class Unsure(ScriptedAgent):
        def most(self, task: Task, prefix: Prefix) -> Usage | None:
            raise ZeroDivisionError("no idea")

    with pytest.raises(TargetFailed, match="ZeroDivisionError: no idea"):
        run(planned(plan("a task", target=Unsure(*PATH), limits=Limits(budget=Budget(calls=9)))))


# The journal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails_from", range(32))
def test_a_journal_that_fails_ends_the_run_with_the_plan_kept(fails_from: int) -> None:
    async def losing() -> None:
        asked, notes = target(), Notes(fails_from)
        async with plan("a task", target=asked, approximation=drafter(), journal=notes) as session:
            with pytest.raises(JournalLost, match="the disk is full") as caught:
                await session.result()
        assert caught.value.plan == session.plan
        written = [record.event.step for record in notes.records if isinstance(record.event, Confirmed)]
        assert session.plan.prefix[: len(written)] == tuple(written) == steps(*PATH, "finish")[: len(written)]
        assert asked.in_flight == 0
        assert [record.n for record in notes.records] == list(range(len(notes.records)))

    run(losing())


def test_what_could_not_be_written_down_is_not_performed() -> None:
    async def losing() -> None:
        asked = target()
        async with plan("a task", target=asked, journal=Notes(0)) as session:
            with pytest.raises(JournalLost):
                await session.result()
        assert asked.asked == []

    run(losing())


def test_a_foreign_error_in_a_journal_comes_out_bare_and_leaves_no_call_behind() -> None:
    async def breaking(fails_from: int) -> None:
        asked = target()
        with pytest.raises(OSError, match="no such device"):
            async with plan(
                "a task", target=asked, approximation=drafter(), journal=Notes(fails_from, OSError("no such device"))
            ) as session:
                await session.result()
        assert asked.in_flight == 0

    for fails_from in range(20):
        run(breaking(fails_from))


def test_a_foreign_error_in_a_journal_leaves_no_observer_waiting() -> None:
    async def breaking(fails_from: int) -> None:
        with pytest.raises(OSError, match="no such device"):
            async with plan("a task", target=target(), journal=Notes(fails_from, OSError("no such device"))) as session:
                await _watched(session)

    for fails_from in range(12):
        run(breaking(fails_from))


def test_a_foreign_error_in_a_journal_reaches_whoever_gave_the_command() -> None:
    async def breaking() -> None:
        asked = target()
        async with plan("a task", target=asked, approximation=drafter(), journal=Notes(7, OSError("no such device"))) as session:
            await asyncio.sleep(0.5)
            session.take("a")
            with pytest.raises(OSError, match="no such device"):
                session.take("b")
            with pytest.raises(OSError, match="no such device"):
                await session.result()
        assert asked.in_flight == 0

    run(breaking())


def test_the_session_writes_the_persons_word_before_what_follows_from_it() -> None:
    async def taking() -> list[str]:
        notes = Notes()
        async with plan("a task", target=target(), approximation=FakeAgent(lambda _: Step("guess")), journal=notes) as session:
            await asyncio.sleep(1)
            session.take("mine")
            session.stop()
        first = next(i for i, record in enumerate(notes.records) if isinstance(record.event, Took))
        return notes.kinds()[first : first + 4]

    assert run(taking()) == ["took", "rejected", "discarded", "confirmed"]


def test_lookahead_may_be_a_number_or_a_scheduler() -> None:
    for lookahead in (3, Sliding(3)):
        result = run(planned(plan("a task", target=target(), approximation=drafter(), lookahead=lookahead)))
        assert result.prefix == steps(*PATH, "finish")


def test_a_budget_that_is_used_up_ends_the_run_with_the_plan_kept() -> None:
    with pytest.raises(BudgetReached, match="3 of 3 calls spent") as caught:
        run(planned(plan("a task", target=target(), limits=Limits(budget=Budget(calls=3)))))
    assert caught.value.plan is not None
    assert caught.value.plan.prefix == steps(*PATH[:3])
