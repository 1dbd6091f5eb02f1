"""The graph: what may start, what may still be changed, and what is said of what cannot be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import outrider.subplans.graph
from outrider.errors import BadOption, EmptyTask, NotNow, UnknownName
from outrider.subplans import Graph, Subtask

IMPURE = {"asyncio", "datetime", "io", "os", "pathlib", "random", "secrets", "threading", "time"}


def sub(name: str, *after: str) -> Subtask:
    return Subtask(name, f"plan {name}", after=after)


def ended(graph: Graph, *names: str) -> Graph:
    for name in names:
        graph = graph.started(name).completed(name)
    return graph


DIAMOND = Graph(sub("a"), sub("b", "a"), sub("c", "a"), sub("d", "b", "c"))


def test_what_comes_after_nothing_is_ready_and_the_rest_waits() -> None:
    assert [DIAMOND.state(name) for name in DIAMOND.names] == ["ready", "waiting", "waiting", "waiting"]
    assert DIAMOND.ready == ("a",)


def test_a_sub_task_is_ready_once_all_it_comes_after_are_complete() -> None:
    assert ended(DIAMOND, "a").ready == ("b", "c")
    assert ended(DIAMOND, "a", "b").ready == ("c",)
    assert ended(DIAMOND, "a", "b", "c").ready == ("d",)
    assert ended(DIAMOND, "a", "b", "c", "d").complete


def test_what_comes_after_a_failed_one_near_or_far_is_blocked_and_says_why() -> None:
    graph = DIAMOND.started("a").failed("a", "the target agent failed")
    assert graph.blocked == ("b", "c", "d")
    assert graph.ready == ()
    assert graph.why("a") == "the target agent failed"
    assert graph.why("d") == "it comes after 'a', which failed"
    assert not graph.complete


def test_others_go_on_beside_a_failed_one() -> None:
    graph = ended(DIAMOND, "a").started("b").failed("b", "broken")
    assert (graph.ready, graph.blocked) == (("c",), ("d",))


def test_a_graph_is_a_value() -> None:
    DIAMOND.started("a")
    DIAMOND.add(sub("e"))
    DIAMOND.drop("d")
    assert (DIAMOND.ready, DIAMOND.names) == (("a",), ("a", "b", "c", "d"))


def test_sub_tasks_may_be_added_while_others_run_and_come_after_one_another() -> None:
    graph = ended(DIAMOND, "a").add(sub("f", "e"), sub("e", "a"))
    assert graph.ready == ("b", "c", "e")


def test_one_that_was_dropped_may_be_added_anew() -> None:
    graph = DIAMOND.drop("d").add(sub("d", "a"))
    assert graph.subtask("d").after == ("a",)
    assert graph.state("d") == "waiting"


def test_dropped_ones_are_left_out_of_what_is_there_and_of_what_is_missing() -> None:
    graph = ended(DIAMOND.drop("d"), "a", "b", "c")
    assert [subtask.name for subtask in graph] == ["a", "b", "c"]
    assert len(graph) == 3
    assert graph.state("d") == "dropped"
    assert graph.complete


def test_several_may_be_dropped_together_whatever_their_order() -> None:
    assert len(DIAMOND.drop("b", "c", "d")) == 1


def test_replacing_may_take_a_sub_task_out_of_the_way_of_a_failed_one() -> None:
    graph = DIAMOND.started("a").failed("a", "broken")
    graph = graph.replace(sub("b"))
    assert (graph.ready, graph.blocked) == (("b",), ("c", "d"))
    assert ended(graph.replace(sub("d", "b")), "b").ready == ("d",)


def refused(what: str) -> pytest.RaisesExc[BaseException]:
    return pytest.raises((BadOption, NotNow, UnknownName), match=what)


def test_a_circle_is_refused_and_named() -> None:
    with refused("'a' after 'b' after 'a': none of them could ever start"):
        Graph(sub("a", "b"), sub("b", "a"))
    with refused("'a' after 'a'"):
        Graph(sub("a", "a"))
    with refused("none of them could ever start"):
        DIAMOND.replace(sub("b", "d"))
    with refused("none of them could ever start"):
        DIAMOND.add(sub("e", "f"), sub("f", "e"))


def test_a_name_that_is_not_there_is_refused_and_those_that_are_are_named() -> None:
    with refused("sub-task 'a' comes after 'x', which is not there; there is no other"):
        Graph(sub("a", "x"))
    with refused("sub-task 'e' comes after 'x', which is not there; there is a, b, c, d"):
        DIAMOND.add(sub("e", "x"))
    with refused("comes after 'd', which is not there"):
        DIAMOND.drop("d").add(sub("e", "d"))
    with refused("there is no sub-task 'x'; there is a, b, c, d"):
        DIAMOND.drop("x")
    with refused("there is no sub-task 'x'"):
        DIAMOND.replace(sub("x"))
    with refused("there is no sub-task 'x'; there is none"):
        Graph().state("x")


def test_a_name_that_is_there_already_is_refused() -> None:
    with refused("there is a sub-task 'a' already; give this one another name, or replace that one"):
        DIAMOND.add(sub("a"))
    with refused("there is a sub-task 'a' already"):
        Graph(sub("a"), sub("a"))


@pytest.mark.parametrize("command", ["drop", "replace"])
def test_nothing_that_runs_or_has_run_is_changed(command: str) -> None:
    running = DIAMOND.started("a")
    cases = {
        "is running": running,
        r"has run \(complete\)": running.completed("a"),
        r"has run \(failed\)": running.failed("a", ""),
    }
    for why, graph in cases.items():
        with refused(f"sub-task 'a' {why}"):
            graph.drop("a", "b", "c", "d") if command == "drop" else graph.replace(sub("a"))


def test_what_others_come_after_is_dropped_with_them_or_not_at_all() -> None:
    with refused("'d' comes after 'b'; drop it too, or replace it with one that does not"):
        DIAMOND.drop("b")


def test_what_was_dropped_is_neither_replaced_nor_dropped_again() -> None:
    graph = DIAMOND.drop("d")
    with refused("sub-task 'd' was dropped, so it cannot be replaced; it can be added anew"):
        graph.replace(sub("d"))
    with refused("sub-task 'd' was dropped, so it cannot be dropped"):
        graph.drop("d")


def test_what_could_never_start_is_not_added() -> None:
    graph = DIAMOND.started("a").failed("a", "broken")
    for before in ("a", "d"):
        with refused(f"sub-task 'e' comes after '{'a'}', which failed: it would never start"):
            graph.add(sub("e", before))


def test_what_happens_out_of_order_is_refused() -> None:
    with refused("sub-task 'b' is waiting, not ready"):
        DIAMOND.started("b")
    with refused("sub-task 'a' is ready, not running"):
        DIAMOND.completed("a")
    with refused("sub-task 'a' is running, not ready"):
        DIAMOND.started("a").started("a")


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b", "a\n", "x" * 61])
def test_a_name_is_part_of_a_sessions_name(name: str) -> None:
    with refused("give 1 to 60 letters, digits, - and _"):
        sub(name)


def test_a_sub_task_is_checked_when_it_is_made() -> None:
    with pytest.raises(EmptyTask):
        Subtask("a", " ")
    with refused(r"which is no list; give after=\['trip'\]"):
        Subtask("a", "plan", after="trip")
    assert Subtask("a", "plan", after=["b", "b"]).after == ("b",)


def test_the_graph_is_pure() -> None:
    for name in ("graph.py", "events.py"):
        tree = ast.parse((Path(outrider.subplans.graph.__file__).parent / name).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Global)
            if isinstance(node, ast.Import):
                assert IMPURE.isdisjoint(alias.name for alias in node.names)
            if isinstance(node, ast.ImportFrom):
                assert node.module not in IMPURE
