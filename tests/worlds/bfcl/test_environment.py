"""The state of a task: copies that share nothing, and calls that leak nothing."""

from __future__ import annotations

import ast
import decimal
import json
from collections.abc import Mapping
from typing import Any

import pytest

from outrider.errors import UnknownName
from outrider.model import FINISH
from outrider.worlds.bfcl import Bfcl, BfclTask, Package
from outrider.worlds.bfcl.environment import plain
from outrider.worlds.bfcl.tasks import GOLD


def with_api(bfcl: Bfcl, api: str) -> BfclTask:
    return next(task for task in bfcl.tasks if api in task.apis)


def test_the_gold_calls_leave_the_state_that_the_package_itself_is_left_in(bfcl: Bfcl, wheels: Package) -> None:
    """Each gold call is made on the classes as it is written, by hand, and as a step on an environment of ours."""
    gold = {row["id"]: row["ground_truth"] for row in wheels.rows(GOLD)}
    for task in bfcl.tasks:
        ours, theirs = bfcl.environment(task), bfcl.environment(task)
        instances = theirs._instances
        for step in task.plan[:-1]:
            ours.call(step.action, step.arguments)
        for call in (call for turn in gold[task.name] for call in turn):
            as_written(call, instances, {function.name: function.api for function in task.functions})
        assert public(ours._instances) == public(instances), task.name


def as_written(call: str, instances: Mapping[str, Any], owners: Mapping[str, str]) -> None:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    method = getattr(instances[owners[node.func.id]], node.func.id)
    positional = [ast.literal_eval(value) for value in node.args]
    method(*positional, **{str(word.arg): ast.literal_eval(word.value) for word in node.keywords})


def public(instances: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """What BFCL's own checker compares: the attributes that are not hidden."""
    return {
        api: {name: value for name, value in vars(instance).items() if not name.startswith("_")}
        for api, instance in instances.items()
    }


def test_two_environments_of_a_task_are_in_the_same_state_and_the_gold_calls_change_most(bfcl: Bfcl) -> None:
    changed = 0
    for task in bfcl.tasks:
        environment = bfcl.environment(task)
        assert environment.state() == bfcl.environment(task).state(), task.name
        for step in task.plan[:-1]:
            environment.call(step.action, step.arguments)
        changed += environment.state() != bfcl.environment(task).state()
    assert changed == 195


def test_a_fork_goes_its_own_way_at_every_step_and_would_have_gone_the_same(bfcl: Bfcl) -> None:
    for task in bfcl.tasks[::5]:
        environment = bfcl.environment(task)
        for step in task.plan[:-1]:
            before, fork = environment.state(), environment.fork()
            on_the_fork = fork.call(step.action, step.arguments)
            assert environment.state() == before, f"{task.name}: {step} was seen in the original"
            assert environment.call(step.action, step.arguments) == on_the_fork
            assert environment.state() == fork.state(), f"{task.name}: {step}"


def test_a_fork_draws_the_same_numbers(bfcl: Bfcl) -> None:
    environment = bfcl.environment(with_api(bfcl, "VehicleControlAPI"))
    first = environment.fork().call("get_current_speed", {})
    assert environment.fork().call("get_current_speed", {}) == first
    assert environment.call("get_current_speed", {}) == first
    assert environment.call("get_current_speed", {}) != first


def test_a_list_that_is_an_argument_is_not_changed_by_later_calls(bfcl: Bfcl) -> None:
    """The package puts the list itself into the post, and lengthens it when somebody is mentioned."""
    environment = bfcl.environment(with_api(bfcl, "TwitterAPI"))
    environment.call("authenticate_twitter", {"username": "analyst_pro", "password": "Kj8#mP9$vL2"})
    mentions: list[str] = []
    post = environment.call("post_tweet", {"content": "hello", "mentions": mentions})
    assert isinstance(post, dict)
    environment.call("mention", {"tweet_id": post["id"], "mentioned_usernames": ["@one"]})
    assert mentions == []
    assert post["mentions"] == [], "nor is what was returned before"


def test_what_is_mentioned_in_one_world_is_not_found_in_the_next(bfcl: Bfcl) -> None:
    """A default of the package is one list for the whole process."""
    task = with_api(bfcl, "TwitterAPI")
    for _ in range(2):
        environment = bfcl.environment(task)
        environment.call("authenticate_twitter", {"username": "analyst_pro", "password": "Kj8#mP9$vL2"})
        post = environment.call("post_tweet", {"content": "hello"})
        assert isinstance(post, dict)
        assert post["mentions"] == []
        environment.call("mention", {"tweet_id": post["id"], "mentioned_usernames": ["@one"]})


def test_the_precision_of_the_process_stays_as_it_was(bfcl: Bfcl) -> None:
    environment = bfcl.environment(with_api(bfcl, "MathAPI"))
    before = (decimal.getcontext().prec, bfcl.classes.mpmath.mp.dps)
    assert environment.call("square_root", {"number": 2, "precision": 5}) == {"result": "1.4142"}
    assert environment.call("logarithm", {"value": 8, "base": 2, "precision": 3}) == {"result": "3.0"}
    assert (decimal.getcontext().prec, bfcl.classes.mpmath.mp.dps) == before


def test_a_function_of_another_task_is_said_not_to_be_there(bfcl: Bfcl) -> None:
    with pytest.raises(UnknownName, match="no function 'book_flight'"):
        bfcl.environment(bfcl.named("multi_turn_base_0")).call("book_flight", {})


def test_every_result_of_the_gold_calls_is_json(bfcl: Bfcl) -> None:
    for task in bfcl.tasks[::4]:
        environment = bfcl.environment(task)
        for step in task.plan[:-1]:
            assert step.action != FINISH
            json.dumps(environment.call(step.action, step.arguments), allow_nan=False)


def test_what_json_cannot_carry_stands_as_its_text() -> None:
    assert plain({1: {2.5, 1}, "a": (float("inf"), None)}) == {"1": [1, 2.5], "a": ["inf", None]}
