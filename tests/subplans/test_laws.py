"""The laws of sub-plans, over random graphs, finishing orders, failures and changes."""

from __future__ import annotations

from graphlib import TopologicalSorter

from hypothesis import given, settings
from hypothesis import strategies as st
from laws.worlds import TASK, alone

from outrider.errors import BadOption, NotNow, UnknownName
from outrider.subplans import Began, Completed, Ended, Graph, Happened, State, Subtask, kept

from .worlds import NAMES, Ran, Scene, drive, graphs, scenes

SOME = settings(max_examples=80, deadline=None)


def began(ran: Ran) -> list[str]:
    return [record.event.name for record in ran.records if isinstance(record.event, Began)]


def check_order(ran: Ran) -> None:
    """Nothing starts before all it comes after are complete, and nothing starts twice."""
    complete: set[str] = set()
    for record in ran.records:
        match record.event:
            case Began(name=name):
                assert set(ran.results[name].subtask.after) <= complete
            case Completed(name=name):
                complete.add(name)
            case _:
                pass
    assert len(began(ran)) == len(set(began(ran)))


def check_never_started(ran: Ran) -> None:
    """What was dropped, and what waits, has no session, no plan and no call."""
    for name, result in ran.results.items():
        if result.state in ("dropped", "waiting", "ready"):
            assert name not in ran.asked
            assert (result.session, result.plan.steps, result.began_s) == ("", (), None)
            assert result.why or result.state == "dropped"


def check_shared(ran: Ran) -> None:
    """One limit, one budget, no call left over."""
    scene = ran.scene
    assert ran.gauge.now == 0
    assert ran.gauge.most <= (scene.calls_at_once or ran.gauge.most)
    assert len(ran.gauge.spent) <= (scene.calls or len(ran.gauge.spent))
    spent_usd = sum(usage.cost_usd or 0.0 for usage in ran.gauge.spent)
    assert spent_usd <= (scene.usd or spent_usd)


def check_plans(ran: Ran) -> None:
    """Every plan is that of its target alone, as far as it came."""
    for name in ran.asked:
        result, target_alone = ran.results[name], alone(ran.scene.worlds[name]).plan
        assert result.plan.prefix == target_alone.prefix[: len(result.plan.steps)]
        if result.state == "complete":
            assert result.plan == target_alone


def check_end(ran: Ran) -> None:
    """It ends once, when nothing runs; the journal tells the same."""
    assert [record.n for record in ran.records] == list(range(len(ran.records)))
    assert [isinstance(record.event, Ended) for record in ran.records].count(True) == 1
    assert isinstance(ran.records[-1].event, Ended)
    states: set[State] = {result.state for result in ran.results.values()}
    assert "running" not in states
    assert ran.stopped_all or "ready" not in states
    again = kept(ran.journal, "run")
    assert {name: (found.state, found.why, found.plan) for name, found in again.items()} == {
        name: (result.state, result.why, result.plan) for name, result in ran.results.items()
    }


def every_law(ran: Ran) -> None:
    for check in (check_order, check_never_started, check_shared, check_plans, check_end):
        check(ran)


@SOME
@given(scenes())
def test_every_law_holds_whatever_fails_is_changed_or_is_stopped(scene: Scene) -> None:
    every_law(drive(scene))


@SOME
@given(scenes(budgeted=True))
def test_every_law_holds_under_one_budget(scene: Scene) -> None:
    every_law(drive(scene))


@SOME
@given(scenes())
def test_a_sub_plan_ends_as_it_would_alone_whatever_becomes_of_the_others(scene: Scene) -> None:
    ran = drive(scene)
    for name in ran.asked - ran.stopped:
        if not ran.stopped_all:
            assert (ran.results[name].state == "complete") == (alone(scene.worlds[name]).outcome == "complete")


@SOME
@given(scenes(anything=False, limited=False))
def test_without_a_limit_the_run_takes_no_longer_than_the_longest_way_through_it_with_the_target_alone(scene: Scene) -> None:
    ran = drive(scene)
    latest: dict[str, float] = {}
    for name in TopologicalSorter({each.name: each.after for each in scene.graph}).static_order():
        before_s = max((latest[each] for each in scene.graph.subtask(name).after), default=0.0)
        latest[name] = before_s + alone(scene.worlds[name]).total_s
        ended_s = ran.results[name].ended_s
        assert ended_s is not None
        assert ended_s <= latest[name]


@SOME
@given(scenes(anything=False))
def test_the_records_of_each_session_are_those_in_the_journal(scene: Scene) -> None:
    ran = drive(scene)
    for name in ran.asked:
        heard = [each.event.record for each in ran.records if isinstance(each.event, Happened) and each.event.name == name]
        assert heard == ran.journal.read(f"run.{name}")


@SOME
@given(scenes())
def test_the_same_scene_is_the_same_run(scene: Scene) -> None:
    assert drive(scene).records == drive(scene).records


# The graph alone ----------------------------------------------------------------------------------------------------

names = st.sampled_from(NAMES)
commands = st.lists(
    st.tuples(
        st.sampled_from(["add", "drop", "replace", "start", "complete", "fail"]), names, st.lists(names, max_size=3, unique=True)
    ),
    max_size=30,
)


def commanded(graph: Graph, kind: str, name: str, others: list[str]) -> Graph:
    match kind:
        case "add":
            return graph.add(Subtask(name, TASK, after=others))
        case "replace":
            return graph.replace(Subtask(name, TASK, after=others))
        case "drop":
            return graph.drop(name, *others)
        case "start":
            return graph.started(name)
        case "complete":
            return graph.completed(name)
        case _:
            return graph.failed(name, "broken")


@settings(max_examples=300, deadline=None)
@given(graphs(), commands)
def test_no_command_makes_a_graph_that_could_not_be(graph: Graph, todo: list[tuple[str, str, list[str]]]) -> None:
    for kind, name, others in todo:
        before = graph
        try:
            graph = commanded(graph, kind, name, others)
        except (BadOption, NotNow, UnknownName):
            continue
        there = {each.name for each in graph}
        assert all(set(each.after) <= there for each in graph)
        list(TopologicalSorter({each.name: each.after for each in graph}).static_order())  # raises where there is a circle
        for each in before.names:
            if before.state(each) in ("running", "complete", "failed"):
                assert graph.subtask(each) == before.subtask(each)
                assert graph.state(each) != "dropped"
        assert all(
            all(graph.state(one) == "complete" for one in graph.subtask(each).after) for each in (*graph.ready, *graph.running)
        )
        assert set(graph.blocked) == {
            each for each in graph.names if graph.state(each) == "waiting" and _failed_above(graph, each)
        }


def _failed_above(graph: Graph, name: str) -> bool:
    return any(graph.state(each) == "failed" or _failed_above(graph, each) for each in graph.subtask(name).after)
