"""Mistakes found in other programs of this kind, each as a trap that we must not fall into."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import outrider
from outrider import BY_ACTION, Budget, Limits, Meter, Session, Step, Task, Usage, plan
from outrider.errors import BudgetReached, RunEnded, RunStopped, ServerTrouble, TargetFailed
from outrider.model import Prefix
from outrider.rules.events import Accepted, Confirmed, Ended, Record
from outrider.testing import FakeAgent, ScriptedAgent, run, steps

SOURCES = sorted(Path(outrider.__file__).parent.rglob("*.py"))
PATH = tuple(f"step-{n}" for n in range(24))


class Notes:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, session: str, records: list[Record]) -> None:
        self.records += records


# 1. The person's answer is read with blocking input inside the event loop, then overwritten.


def test_the_persons_step_stays_and_nobody_waits_at_a_prompt() -> None:
    async def taking() -> None:
        target = FakeAgent(lambda prefix: Step("finish" if prefix else "theirs"), takes_s=4)
        async with plan("a task", target=target, approximation=FakeAgent(lambda _: Step("guess"), takes_s=1)) as session:
            await asyncio.sleep(2)
            session.take("mine")
            result = await session.result()
        assert result.prefix == steps("mine", "finish")
        assert [entry.by for entry in result.steps] == ["person", "target"]

    run(taking())


def test_nothing_outside_the_command_line_reads_the_keyboard() -> None:
    reading = re.compile(r"(?<![\w.])input\(|sys\.stdin")
    guilty = [path.name for path in SOURCES if "cli" not in path.parts and reading.search(path.read_text())]
    assert guilty == []


# 2. An empty or failed reply on both sides counts as agreement.


@pytest.mark.parametrize("nothing", [None, ServerTrouble("down")])
def test_two_replies_that_say_nothing_do_not_agree(nothing: Exception | None) -> None:
    async def silent() -> None:
        notes = Notes()
        target, drafter = FakeAgent(lambda _: nothing, takes_s=1), FakeAgent(lambda _: nothing, takes_s=1)
        async with plan("a task", target=target, approximation=drafter, journal=notes) as session:
            with pytest.raises(TargetFailed) as caught:
                await session.result()
        assert caught.value.plan is not None
        assert caught.value.plan.steps == ()
        assert not any(isinstance(record.event, Accepted | Confirmed) for record in notes.records)

    run(silent())


# 3. A cancelled verification leaves a hole: the draft stays in the plan, and a later mismatch is ignored.


def test_a_verification_that_is_withdrawn_is_made_again_and_a_later_mismatch_counts() -> None:
    def verdict(prefix: Prefix) -> Step:
        return Step("finish" if len(prefix) == 4 else f"true-{len(prefix)}")

    def guess(prefix: Prefix) -> Step:
        return Step("false") if len(prefix) == 2 else verdict(prefix)

    async def crowded() -> None:
        limits = Limits(calls_at_once=3)
        target = FakeAgent(verdict, takes_s=4)
        neighbour = FakeAgent(lambda prefix: Step("finish" if len(prefix) == 3 else "x"), takes_s=1)

        async def next_door() -> None:
            await asyncio.sleep(2.5)
            async with plan("another task", target=neighbour, limits=limits) as session:
                await session.result()

        async with asyncio.TaskGroup() as group:
            group.create_task(next_door())
            async with plan("a task", target=target, approximation=FakeAgent(guess, takes_s=1), limits=limits) as session:
                result = await session.result()
        assert target.closed, "a verification was withdrawn"
        assert set(target.closed) & {prefix for prefix in target.asked if target.asked.count(prefix) > 1}
        assert result.prefix == steps("true-0", "true-1", "true-2", "true-3", "finish")

    run(crowded())


# 4. A fuzzy match keeps the draft's text.


def test_a_fuzzy_match_commits_los_angeles_and_not_san_diego() -> None:
    def verdict(prefix: Prefix) -> Step:
        return Step("finish") if prefix else Step("fly", {"from": "Seattle", "to": "Los Angeles"})

    async def flying() -> None:
        drafter = FakeAgent(lambda prefix: Step("fly", {"from": "Seattle", "to": "San Diego"}), takes_s=1)
        target = FakeAgent(verdict, takes_s=2)
        async with plan("a trip", target=target, approximation=drafter, matching=BY_ACTION) as session:
            result = await session.result()
        assert result.steps[0].step.arguments["to"] == "Los Angeles"
        assert not result.lossless, "and it is named lossy"

    run(flying())


def test_by_default_san_diego_is_not_los_angeles() -> None:
    async def flying() -> None:
        notes = Notes()
        drafter = FakeAgent(lambda prefix: Step("fly", {"to": "San Diego"}), takes_s=1)
        target = FakeAgent(lambda prefix: Step("finish") if prefix else Step("fly", {"to": "Los Angeles"}), takes_s=2)
        async with plan("a trip", target=target, approximation=drafter, journal=notes) as session:
            assert (await session.result()).lossless
        assert not any(isinstance(record.event, Accepted) for record in notes.records)

    run(flying())


# 5. Cancelling by task name, or over all tasks of the loop, kills other runs in the process.


def test_stopping_one_run_leaves_its_neighbours_and_strangers_alone() -> None:
    async def stopping() -> None:
        async def stranger() -> str:
            await asyncio.sleep(60)
            return "unharmed"

        async def neighbour() -> Session:
            async with plan("a task", target=ScriptedAgent(*PATH, takes_s=1), name="same name") as session:
                await session.result()
            return session

        async with asyncio.TaskGroup() as group:
            unharmed, other = group.create_task(stranger(), name="call 0"), group.create_task(neighbour())
            async with plan("a task", target=ScriptedAgent(*PATH, takes_s=1), name="same name") as session:
                await asyncio.sleep(3)
                session.stop()
                with pytest.raises(RunStopped):
                    await session.result()
        assert unharmed.result() == "unharmed"
        assert other.result().plan.complete

    run(stopping())


# 6. A step number parsed from a message's last character: wrong from step 10 on.


def test_steps_beyond_the_ninth_are_verified_shown_and_taken_like_the_first() -> None:
    async def long() -> None:
        notes = Notes()
        target, drafter = ScriptedAgent(*PATH, takes_s=2), ScriptedAgent(*PATH, takes_s=1)
        async with plan("a task", target=target, approximation=drafter, journal=notes) as session:
            await asyncio.sleep(14.5)
            assert len(session.plan.steps) > 10
            session.take(f"step-{len(session.plan.steps)}", at=len(session.plan.steps))
            result = await session.result()
        assert result.prefix == steps(*PATH, "finish")
        assert [record.event.at for record in notes.records if isinstance(record.event, Confirmed)] == list(range(25))

    run(long())


# 7. The speculative branch runs on the live environment object.


def test_agents_are_given_a_prefix_that_no_branch_can_change_under_another() -> None:
    async def branching() -> None:
        seen: list[Prefix] = []

        class Greedy(FakeAgent):
            async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> outrider.Answer:
                seen.append(prefix)
                answer = await super().next_step(task, prefix, meter)
                assert prefix in seen, "what it was given is what it still has"
                return answer

        def verdict(prefix: Prefix) -> Step:
            return Step("finish" if len(prefix) == 4 else "true")

        target = Greedy(verdict, takes_s=3)
        async with plan("a task", target=target, approximation=Greedy(lambda _: Step("false"), takes_s=1)) as session:
            await session.result()
        assert all(isinstance(prefix, tuple) for prefix in seen)
        assert any("false" in {step.action for step in prefix} for prefix in seen), "branches were really explored"
        with pytest.raises(AttributeError):
            seen[-1][0].action = "changed"  # type: ignore[misc]

    run(branching())


# 8. Cancelled calls cost nothing in the books; an unpriced model is $0.


def test_a_cancelled_call_costs_what_it_used() -> None:
    async def costing() -> None:
        usage = Usage(prompt_tokens=100, output_tokens=7, counted="estimated", cost_usd=0.5)
        target = FakeAgent(lambda _: Step("finish"), takes_s=4, usage=usage)
        async with plan("a task", target=target) as session:
            await asyncio.sleep(1)
        assert session.figures.calls("cancelled") == 1
        assert session.figures.tokens("cancelled") == 107
        assert session.figures.usage.cost_usd == 0.5
        assert session.figures.as_json()["tokens_estimated"] is True

    run(costing())


def test_an_unknown_price_is_unknown_and_not_nothing() -> None:
    async def pricing() -> None:
        usage = Usage(prompt_tokens=100, output_tokens=7, counted="reported")
        priced = Usage(prompt_tokens=10, output_tokens=1, counted="reported", cost_usd=0.25)
        async with plan(
            "a task",
            target=ScriptedAgent("a", takes_s=2, usage=usage),
            approximation=ScriptedAgent("a", takes_s=1, usage=priced),
        ) as session:
            await session.result()
        figures = session.figures.as_json()
        assert figures["cost_usd"] is None
        assert figures["priced_usd"] == 0.25 * 2
        assert figures["calls_unpriced"] == 2

    run(pricing())


# 9. A failing step never signals, and the scheduler waits or spins for ever.


@pytest.mark.parametrize("at", range(4))
def test_a_target_that_fails_anywhere_ends_the_run(at: int) -> None:
    def verdict(prefix: Prefix) -> Step | Exception:
        return ZeroDivisionError("a bug") if len(prefix) == at else Step(PATH[len(prefix)])

    async def failing() -> None:
        target = FakeAgent(verdict, takes_s=2)
        async with plan("a task", target=target, approximation=ScriptedAgent(*PATH, takes_s=1)) as session:
            with pytest.raises(TargetFailed, match="ZeroDivisionError: a bug"):
                await session.result()
        assert session.plan.prefix == steps(*PATH[:at])
        assert target.asked.count(steps(*PATH[:at])) <= 2, "at most once ahead and once at the frontier"

    run(failing())


# 10. A process-wide Ctrl-C handler, installed again at every step.


def test_no_signal_handler_is_installed() -> None:
    async def handlers() -> None:
        handled = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        before = [signal.getsignal(number) for number in handled]
        session = plan("a task", target=ScriptedAgent(*PATH), approximation=ScriptedAgent(*PATH))
        async with session, session.events() as stream:
            async for _ in stream:
                assert [signal.getsignal(number) for number in handled] == before
        assert [signal.getsignal(number) for number in handled] == before

    run(handlers())


def test_importing_installs_no_signal_handler() -> None:
    program = (
        "import signal; before = [signal.getsignal(n) for n in signal.valid_signals() if n not in (9, 19)]\n"
        "import outrider\n"
        "assert before == [signal.getsignal(n) for n in signal.valid_signals() if n not in (9, 19)]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_no_source_file_outside_the_command_line_handles_signals() -> None:
    installing = re.compile(r"signal\.signal\(|add_signal_handler\(")
    assert [path.name for path in SOURCES if "cli" not in path.parts and installing.search(path.read_text())] == []


# 12. A budget checked only when a call has ended: twenty concurrent calls overshoot it twentyfold.


def test_twenty_runs_that_start_together_do_not_overshoot_a_budget_with_room_for_one_call() -> None:
    async def rushing() -> None:
        price = Usage(prompt_tokens=10, output_tokens=1, counted="reported", cost_usd=1.0)
        limits = Limits(budget=Budget(usd=1.5))
        agents = [ScriptedAgent("a", takes_s=1, usage=price) for _ in range(20)]

        async def one(agent: ScriptedAgent) -> str:
            async with plan("a task", target=agent, approximation=ScriptedAgent("a", usage=price), limits=limits) as session:
                with pytest.raises(BudgetReached) as caught:
                    await session.result()
            return str(caught.value)

        async with asyncio.TaskGroup() as group:
            told = [group.create_task(one(agent)) for agent in agents]
        assert sum(len(agent.asked) for agent in agents) == 1
        assert all("$1 of $1.5 spent" in task.result() for task in told)

    run(rushing())


# 13. Stopping in the UI does not stop the provider's stream.


def test_stopping_closes_the_streams_that_the_calls_hold_open() -> None:
    class Streaming(FakeAgent):
        """Reads a stream for ever, and closes it when its call is closed."""

        open_streams = 0

        async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> outrider.Answer:
            self.open_streams += 1
            try:
                for received in range(1000):
                    meter.estimate(Usage(prompt_tokens=50, output_tokens=received, counted="estimated"))
                    await asyncio.sleep(0.25)
                raise AssertionError("nobody stopped the stream")
            finally:
                self.open_streams -= 1

    async def stopping() -> None:
        target = Streaming(lambda _: None)
        notes = Notes()
        async with plan("a task", target=target, approximation=ScriptedAgent(*PATH, takes_s=1), journal=notes) as session:
            await asyncio.sleep(2.6)
            assert target.open_streams == 3
            session.stop()
            with pytest.raises(RunEnded):
                await session.result()
            assert target.open_streams == 0
        ended = next(record for record in notes.records if isinstance(record.event, Ended))
        assert notes.records[-1].time_s == ended.time_s, "at once"
        assert session.figures.tokens("cancelled") == 3 * 50 + 10 + 6 + 2

    run(stopping())
