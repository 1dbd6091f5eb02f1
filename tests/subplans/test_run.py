"""A run of sub-plans: what starts when, what one failure does to the others, changing it on the way, stopping it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from outrider import Budget, Limits, Plan, Session, Usage, plan
from outrider.errors import (
    BadOption,
    BudgetReached,
    JournalCorrupt,
    JournalFull,
    NotNow,
    ObserverTooSlow,
    RunStopped,
    ServerTrouble,
    TargetFailed,
    UnknownName,
)
from outrider.journal import JournalStore, MemoryJournal
from outrider.rules.events import Record
from outrider.runtime import Stream
from outrider.subplans import (
    Began,
    Blocked,
    Completed,
    Dropped,
    Ended,
    Graph,
    Happened,
    Result,
    RunRecord,
    SessionOf,
    Subplans,
    Subtask,
    kept,
    subplans,
)
from outrider.subplans.kept import keep
from outrider.testing import FakeAgent, ScriptedAgent, run, steps


def sub(name: str, *after: str) -> Subtask:
    return Subtask(name, f"plan {name}", after=after)


DIAMOND = Graph(sub("a"), sub("b", "a"), sub("c", "a"), sub("d", "b", "c"))


def sessions(
    *,
    limits: Limits | None = None,
    journal: JournalStore | None = None,
    broken: Mapping[str, FakeAgent] | None = None,
    takes_s: float = 1.0,
) -> SessionOf:
    """A session for each: two steps that take a second each, but for those that are ``broken``."""

    def session_of(subtask: Subtask, name: str) -> Session:
        target = (broken or {}).get(subtask.name) or ScriptedAgent(f"do {subtask.name}", takes_s=takes_s, usage=Usage())
        return plan(subtask.task, target=target, limits=limits, journal=journal, name=name)

    return session_of


def fails(error: Exception) -> FakeAgent:
    return FakeAgent(lambda prefix: error, takes_s=0.5)


async def notes_of(run: Subplans) -> list[RunRecord]:
    async with run.events() as events:
        return [record async for record in events]


def told(records: list[RunRecord]) -> list[str]:
    """What happened, without the sessions' own records."""
    found = []
    for record in records:
        match record.event:
            case Happened():
                pass
            case Ended(complete=complete):
                found.append(f"{record.time_s:g} ended {complete}")
            case event:
                found.append(f"{record.time_s:g} {event.kind.removeprefix('subplan_')} {event.name}")
    return found


def test_each_starts_once_all_it_comes_after_are_complete_and_independent_ones_run_side_by_side() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            records = await notes_of(going)
            results = await going.results()
        assert told(records) == [
            "0 added a", "0 added b", "0 added c", "0 added d",
            "0 began a", "2 completed a", "2 began b", "2 began c", "4 completed b", "4 completed c", "4 began d",
            "6 completed d", "6 ended True",
        ]  # fmt: skip
        assert [record.n for record in records] == list(range(len(records)))
        assert {name: result.state for name, result in results.items()} == dict.fromkeys("abcd", "complete")
        assert results["c"].plan.prefix == steps("do c", "finish")
        assert (results["c"].began_s, results["c"].ended_s, results["c"].figures.total_s) == (2.0, 4.0, 2.0)

    run(main())


def test_every_record_of_every_session_is_in_the_stream() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with subplans(DIAMOND, session_of=sessions(journal=journal), name="trip") as going:
            records = await notes_of(going)
        for name in "abcd":
            heard = [each.event.record for each in records if isinstance(each.event, Happened) and each.event.name == name]
            assert heard == journal.read(f"trip.{name}")

    run(main())


def test_one_that_fails_keeps_what_comes_after_it_from_starting_and_leaves_the_others_running() -> None:
    async def main() -> None:
        graph = Graph(sub("a"), sub("b"), sub("after-a", "a"), sub("later", "after-a"), sub("after-b", "b"))
        agent = fails(ServerTrouble("the server is down"))
        async with subplans(graph, session_of=sessions(broken={"a": agent})) as going:
            records = await notes_of(going)
            results = await going.results()
        assert [(name, result.state) for name, result in results.items()] == [
            ("a", "failed"), ("b", "complete"), ("after-a", "waiting"), ("later", "waiting"), ("after-b", "complete"),
        ]  # fmt: skip
        assert isinstance(results["a"].error, TargetFailed)
        assert results["a"].why == str(results["a"].error)
        assert results["later"].why == "it comes after 'a', which failed"
        assert results["later"].session == ""
        assert [record.event.name for record in records if isinstance(record.event, Blocked)] == ["after-a", "later"]
        assert records[-1].event == Ended(complete=False)

    run(main())


class Bug(Exception):
    """What must never happen."""


def raises(error: Exception, at: str = "a", others: SessionOf | None = None) -> SessionOf:
    def session_of(subtask: Subtask, name: str) -> Session:
        if subtask.name == at:
            raise error
        return (others or sessions())(subtask, name)

    return session_of


@pytest.mark.parametrize("error", [BadOption("no such model"), Bug("division by zero")])
def test_one_whose_session_cannot_be_made_has_failed_like_any_other(error: Exception) -> None:
    async def main() -> None:
        async with subplans(Graph(sub("a"), sub("b")), session_of=raises(error)) as going:
            results = await going.results()
        assert (results["a"].state, results["a"].error) == ("failed", error)
        assert results["b"].state == "complete"

    run(main())


class Torn:
    """A journal with a bug."""

    def append(self, session: str, records: list[Record]) -> None:
        raise Bug("the journal's own")


def test_a_bug_in_one_session_ends_that_one_and_comes_out_as_itself() -> None:
    async def main() -> None:
        def session_of(subtask: Subtask, name: str) -> Session:
            if subtask.name == "a":
                return plan(subtask.task, target=ScriptedAgent(takes_s=1.0), journal=Torn(), name=name)
            return sessions()(subtask, name)

        async with subplans(Graph(sub("a"), sub("b")), session_of=session_of) as going:
            results = await going.results()
        assert isinstance(results["a"].error, Bug)
        assert results["b"].state == "complete"

    run(main())


def test_a_session_that_does_not_take_its_name_is_refused() -> None:
    async def main() -> None:
        def session_of(subtask: Subtask, name: str) -> Session:
            return plan(subtask.task, target=ScriptedAgent(), name="mine")

        async with subplans(Graph(sub("a")), session_of=session_of, name="trip") as going:
            results = await going.results()
        assert results["a"].why == "session_of made a session named 'mine'; give it the name 'trip.a' that it is passed"

    run(main())


# Limits and budgets -------------------------------------------------------------------------------------------------


def test_all_share_one_limit_and_take_turns() -> None:
    async def main() -> None:
        limits = Limits(calls_at_once=1)
        async with subplans(Graph(sub("a"), sub("b")), session_of=sessions(limits=limits)) as going:
            results = await going.results()
        assert [result.ended_s for result in results.values()] == [3.0, 4.0]

    run(main())


def test_a_budget_that_is_used_up_ends_those_that_need_more_and_is_not_overshot() -> None:
    async def main() -> None:
        limits = Limits(budget=Budget(calls=3))
        async with subplans(Graph(sub("a"), sub("b"), sub("c", "b")), session_of=sessions(limits=limits)) as going:
            results = await going.results()
        assert [result.state for result in results.values()] == ["complete", "failed", "waiting"]
        assert isinstance(results["b"].error, BudgetReached)
        assert len(results["b"].plan.steps) == 1
        assert sum(len(result.figures.acceptance) + result.figures.calls("used") for result in results.values()) == 3

    run(main())


# The person ---------------------------------------------------------------------------------------------------------


def test_the_person_reaches_each_session_that_has_begun() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions(), name="trip") as going:
            with pytest.raises(NotNow, match="sub-task 'a' is ready and has no session"):
                going.session("a")
            with pytest.raises(UnknownName, match="there is no sub-task 'x'"):
                going.session("x")
            async with going.events() as events:
                async for record in events:
                    if record.event == Began(name="a", session="trip.a"):
                        going.session("a").take("finish", at=0)
            results = await going.results()
        assert [entry.by for entry in results["a"].plan.steps] == ["person"]
        assert results["d"].ended_s == 4.0  # two seconds earlier

    run(main())


def test_stopping_one_session_ends_that_sub_plan_alone() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            await asyncio.sleep(2.5)
            going.session("b").stop("not that one")
            results = await going.results()
        assert [result.state for result in results.values()] == ["complete", "failed", "complete", "waiting"]
        assert isinstance(results["b"].error, RunStopped)

    run(main())


# Changing it --------------------------------------------------------------------------------------------------------


def test_sub_tasks_are_added_dropped_and_replaced_while_others_run() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going, going.events() as events:
            await asyncio.sleep(0.5)
            going.add(sub("e"))
            going.drop("d")
            going.replace(sub("c"))
            results = await going.results()
            records = [record async for record in events]
        assert told(records)[5:] == [
            "0.5 added e", "0.5 dropped d", "0.5 replaced c", "0.5 began e", "0.5 began c",
            "2 completed a", "2 began b", "2.5 completed e", "2.5 completed c", "4 completed b", "4 ended True",
        ]  # fmt: skip
        assert results["d"].state == "dropped"

    run(main())


def test_the_graph_may_be_changed_before_anything_has_started() -> None:
    async def main() -> None:
        async with subplans(Graph(sub("a"), sub("b")), session_of=sessions()) as going:
            going.drop("a")
            going.replace(sub("b"))
            going.add(sub("c", "b"))
            records = await notes_of(going)
        assert told(records) == [
            "0 added b", "0 added c", "0 began b", "2 completed b", "2 began c", "4 completed c", "4 ended True",
        ]  # fmt: skip

    run(main())


def test_what_is_refused_has_changed_nothing() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            await asyncio.sleep(0.5)
            before = going.graph
            refused: list[Callable[[], None]] = [
                lambda: going.add(sub("a")), lambda: going.drop("a"), lambda: going.replace(sub("a")), lambda: going.drop("b"),
            ]  # fmt: skip
            for command in refused:
                with pytest.raises((BadOption, NotNow)):
                    command()
            assert going.graph is before

    run(main())


def test_after_the_end_nothing_is_changed_any_more() -> None:
    async def main() -> None:
        async with subplans(Graph(sub("a")), session_of=sessions()) as going:
            await going.results()
            with pytest.raises(NotNow, match="the run has ended"):
                going.add(sub("b"))
            going.stop()
            assert await notes_of(going) == []

    run(main())


def test_with_more_to_come_the_next_sub_tasks_may_follow_from_the_last_plan() -> None:
    async def main() -> None:
        async with subplans(Graph(sub("a")), session_of=sessions(), more_to_come=True) as going:
            async with going.events() as events:
                async for record in events:
                    if record.event == Completed(name="a"):
                        going.add(sub("b", "a"), sub("c", "b"))
                    if record.event == Completed(name="c"):
                        await asyncio.sleep(10.0)  # the person thinks, and nothing runs
                        going.no_more()
            results = await going.results()
        assert [result.ended_s for result in results.values()] == [2.0, 4.0, 6.0]
        assert record.time_s == 16.0

    run(main())


def test_dropping_the_last_that_waits_for_a_failed_one_changes_nothing_for_the_others() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions(broken={"b": fails(ServerTrouble("down"))})) as going:
            await asyncio.sleep(3.0)
            going.drop("d")
            results = await going.results()
        assert [result.state for result in results.values()] == ["complete", "failed", "complete", "dropped"]

    run(main())


def test_a_run_without_sub_tasks_is_over_at_once() -> None:
    async def main() -> None:
        async with subplans(Graph(), session_of=sessions()) as going:
            assert await notes_of(going) == [RunRecord(n=0, time_s=0.0, event=Ended(complete=True))]
            assert await going.results() == {}

    run(main())


# Stopping it --------------------------------------------------------------------------------------------------------


def test_stopping_closes_every_call_keeps_the_plans_and_starts_nothing_more() -> None:
    async def main() -> None:
        slow = {name: ScriptedAgent(f"do {name}", "more", takes_s=2.0) for name in "bc"}
        async with subplans(DIAMOND, session_of=sessions(broken=slow)) as going, asyncio.TaskGroup() as group:
            noting = group.create_task(notes_of(going))
            await asyncio.sleep(5.0)
            going.stop("enough")
            going.stop("once more")
            with pytest.raises(NotNow, match="the run has ended"):
                going.add(sub("e"))
            results = await going.results()
        assert [result.state for result in results.values()] == ["complete", "failed", "failed", "waiting"]
        assert results["d"].why in ("it comes after 'b', which failed", "the run was stopped: enough")
        assert [len(results[name].plan.steps) for name in "abcd"] == [2, 1, 1, 0]
        assert [agent.in_flight for agent in slow.values()] == [0, 0]
        assert noting.result()[-1].event == Ended(complete=False, why="the run was stopped: enough")
        assert noting.result()[-1].time_s == 5.0

    run(main())


def test_leaving_at_once_starts_nothing() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            pass
        assert [result.state for result in (await going.results()).values()] == ["ready", "waiting", "waiting", "waiting"]
        assert (await going.results())["a"].why == "the run was stopped: the run was left"

    run(main())


async def breaks_off(going: Subplans) -> None:
    async with going:
        await asyncio.sleep(1.0)
        raise Bug


def test_leaving_with_an_error_of_ones_own_stops_all_and_raises_that_error() -> None:
    async def main() -> None:
        agent = ScriptedAgent(takes_s=5.0)
        going = subplans(Graph(sub("a")), session_of=sessions(broken={"a": agent}))
        with pytest.raises(Bug):
            await breaks_off(going)
        assert (agent.in_flight, len(agent.closed)) == (0, 1)
        assert (await going.results())["a"].state == "failed"

    run(main())


def test_cancelling_whoever_runs_it_closes_every_call() -> None:
    agents = {name: ScriptedAgent(takes_s=5.0) for name in "ab"}
    runs: list[Subplans] = []

    async def doing(moment_s: float) -> None:
        graph = Graph(*map(sub, agents), sub("c", "a"))
        async with subplans(graph, session_of=sessions(broken=agents)) as going:
            runs.append(going)
            await going.results()

    async def main(moment_s: float) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(doing(moment_s))
            await asyncio.sleep(moment_s)
            task.cancel()
        assert task.cancelled()
        assert [agent.in_flight for agent in agents.values()] == [0, 0]
        results = await runs[-1].results()
        assert {result.state for result in results.values()} <= {"failed", "waiting", "ready"}

    for moment_s in (0.0, 1.0):
        run(main(moment_s))


def test_an_observer_that_leaves_or_is_too_slow_is_not_waited_for() -> None:
    async def main() -> None:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            async with going.events() as events:
                async for _ in events:
                    break
            assert (await going.results())["d"].state == "complete"

    async def slow() -> None:
        streams: dict[Stream[RunRecord], None] = {}
        async with Stream(streams, lambda: False, most_waiting=1) as stream:
            for n in range(2):
                stream.push(RunRecord(n=n, time_s=0.0, event=Dropped(name="a")))
            assert streams == {}
            with pytest.raises(ObserverTooSlow, match="1 records were waiting"):
                await anext(stream)

    run(main())
    run(slow())


def test_a_run_that_was_not_entered_says_how_to() -> None:
    async def main() -> None:
        going = subplans(DIAMOND, session_of=sessions())
        with pytest.raises(NotNow, match=r"async with outrider\.subplans\.subplans"):
            going.stop()
        with pytest.raises(NotNow, match=r"async with outrider\.subplans\.subplans"):
            going.add(sub("e"))
        with pytest.raises(NotNow, match=r"write: async with …\.events"):
            await anext(going.events())

    run(main())


@pytest.mark.parametrize("name", ["", "my.run"])
def test_a_runs_name_holds_no_dot(name: str) -> None:
    with pytest.raises(BadOption, match="the run's name is"):
        subplans(DIAMOND, session_of=sessions(), name=name)


# Runs are apart -----------------------------------------------------------------------------------------------------


def test_two_runs_in_one_process_share_nothing() -> None:
    async def one(stop_s: float | None) -> dict[str, Result]:
        async with subplans(DIAMOND, session_of=sessions()) as going:
            if stop_s is not None:
                await asyncio.sleep(stop_s)
                going.stop()
            return await going.results()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            stopped, other = group.create_task(one(1.5)), group.create_task(one(None))
        assert [result.state for result in stopped.result().values()] == ["failed", "waiting", "waiting", "waiting"]
        assert [result.ended_s for result in other.result().values()] == [2.0, 4.0, 4.0, 6.0]

    run(main())


def test_the_same_run_happens_twice_in_the_same_way() -> None:
    async def main() -> list[RunRecord]:
        async with subplans(DIAMOND, session_of=sessions(limits=Limits(calls_at_once=2)), name="trip") as going:
            return await notes_of(going)

    assert run(main()) == run(main())


# The journal --------------------------------------------------------------------------------------------------------


def test_the_journal_tells_the_whole_again() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        made = sessions(journal=journal, broken={"b": fails(ServerTrouble("down"))})
        async with subplans(DIAMOND, session_of=made, journal=journal, name="trip") as going:
            going.add(sub("e"))
            going.drop("e")
            results = await going.results()
        again = kept(journal, "trip")
        assert list(again) == ["a", "b", "c", "d", "e"]
        for name, result in results.items():
            assert again[name].subtask == result.subtask
            assert (again[name].state, again[name].why, again[name].session) == (result.state, result.why, result.session)
            assert (again[name].began_s, again[name].ended_s, again[name].plan) == (result.began_s, result.ended_s, result.plan)
            assert again[name].figures.as_json() == result.figures.as_json()
        assert {entry.name for entry in journal.sessions()} == {"trip.a", "trip.b", "trip.c"}

    run(main())


def test_a_run_that_was_killed_is_found_as_it_stood() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with subplans(DIAMOND, session_of=sessions(journal=journal), journal=journal, name="trip") as going:
            await asyncio.sleep(3.5)
            again = kept(journal, "trip")
            going.stop()
        assert [(result.state, len(result.plan.steps)) for result in again.values()] == [
            ("complete", 2), ("running", 1), ("running", 1), ("waiting", 0),
        ]  # fmt: skip

    run(main())


def test_what_was_complete_in_an_earlier_run_is_not_planned_again() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        made = sessions(journal=journal)
        async with subplans(DIAMOND, session_of=made, journal=journal, name="trip") as going:
            await asyncio.sleep(3.5)
            going.stop()
        async with subplans(DIAMOND, session_of=made, journal=journal, earlier=kept(journal, "trip"), name="again") as going:
            results = await going.results()
        assert all(result.state == "complete" for result in results.values())
        assert (results["a"].session, results["a"].plan.prefix, results["a"].began_s) == ("trip.a", steps("do a", "finish"), None)
        assert (results["b"].session, results["d"].ended_s) == ("again.b", 4.0)
        assert [result.session for result in kept(journal, "again").values()] == ["trip.a", "again.b", "again.c", "again.d"]

    run(main())


def test_what_an_earlier_run_had_confirmed_is_still_known_where_a_later_one_does_not_come_to_it() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        made = sessions(journal=journal)
        async with subplans(Graph(sub("a"), sub("b")), session_of=made, journal=journal, name="one") as going:
            await asyncio.sleep(1.5)
            going.stop()
        graph = Graph(sub("a", "c"), sub("b"), sub("c"))
        second = raises(BadOption("no such model"), "b", made)
        async with subplans(graph, session_of=second, journal=journal, name="two", earlier=kept(journal, "one")) as going:
            await asyncio.sleep(1.5)
            going.stop()
        third = kept(journal, "two")
        assert [(result.state, result.session, len(result.plan.steps)) for result in third.values()] == [
            ("waiting", "one.a", 1), ("failed", "one.b", 1), ("failed", "two.c", 1),
        ]  # fmt: skip

    run(main())


def test_a_plan_that_ends_in_finish_is_complete_whatever_became_of_its_session_after_that() -> None:
    async def main() -> None:
        journal = MemoryJournal()
        async with subplans(Graph(sub("a")), session_of=sessions(journal=journal), journal=journal, name="trip") as going:
            result = (await going.results())["a"]
        keep(journal, "trip", [replace(result, state="failed", why="the journal could not be written")])
        assert kept(journal, "trip")["a"].state == "complete"

    run(main())


def graph_with(**changes: object) -> str:
    """A graph of one sub-task, which is sound but for ``changes``."""
    sound = {"name": "a", "task": "go", "world": "", "after": [], "state": "complete", "session": "", "why": ""}
    return json.dumps({"format": 1, "subtasks": [sound | {"began_s": None, "ended_s": 2.5} | changes]})


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"format": 2}', '{"format": 1, "subtasks": [{"name": "a"}]}', "[" * 100_000, graph_with(task=-1),
     graph_with(after=[1]), graph_with(after="b"), graph_with(ended_s="soon"), graph_with(session=None)],
)  # fmt: skip
def test_a_graph_that_is_damaged_is_said_to_be(text: str) -> None:
    journal = MemoryJournal()
    journal.keep_learned("subplans | trip", text)
    with pytest.raises(JournalCorrupt, match="the run 'trip'"):
        kept(journal, "trip")


def test_a_graph_of_one_sub_task_is_read() -> None:
    journal = MemoryJournal()
    journal.keep_learned("subplans | trip", graph_with())
    assert kept(journal, "trip")["a"].ended_s == 2.5


def test_another_task_of_the_same_name_is_planned_anew() -> None:
    async def main() -> None:
        earlier = {"a": Result(subtask=Subtask("a", "something else"), state="complete", plan=Plan(()))}
        async with subplans(Graph(sub("a")), session_of=sessions(), earlier=earlier) as going:
            assert (await going.results())["a"].ended_s == 2.0

    run(main())


class FullOfGraphs(MemoryJournal):
    """Its disk is full when the graph has been written so many times."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def keep_learned(self, topic: str, text: str) -> None:
        self.room -= 1
        if self.room < 0:
            raise JournalFull("the disk is full")
        super().keep_learned(topic, text)


@pytest.mark.parametrize("room", range(8))
def test_a_graph_that_cannot_be_written_ends_the_run_with_the_plans_kept(room: int) -> None:
    async def main() -> None:
        journal = FullOfGraphs(room)
        async with subplans(DIAMOND, session_of=sessions(journal=journal), journal=journal) as going:
            records = await notes_of(going)
            results = await going.results()
        assert [record.event for record in records if isinstance(record.event, Ended)] == [records[-1].event]
        for result in results.values():
            if result.state == "complete":
                assert result.plan.complete
        if room < 5:
            assert records[-1].event == Ended(complete=False, why="the run was stopped: the disk is full")

    run(main())


def test_a_change_that_cannot_be_written_is_not_made() -> None:
    async def main() -> None:
        journal = FullOfGraphs(2)
        async with subplans(DIAMOND, session_of=sessions(), journal=journal) as going:
            await asyncio.sleep(0.5)
            with pytest.raises(JournalFull):
                going.add(sub("e"))
            assert going.graph.names == ("a", "b", "c", "d")

    run(main())
