"""The tasks as they are read: counts, gold calls, schemas."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest

from outrider.errors import BadStep, UnknownName
from outrider.model import FINISH, Step
from outrider.tools.checking import misfit
from outrider.worlds.bfcl import EFFECTS, Bfcl, Package, world
from outrider.worlds.bfcl.apis import functions
from outrider.worlds.bfcl.tasks import step_of


def test_there_are_two_hundred_tasks_with_eleven_hundred_gold_calls(bfcl: Bfcl) -> None:
    assert len(bfcl.tasks) == 200
    assert sum(len(task.plan) - 1 for task in bfcl.tasks) == 1142
    assert sum(len(task.turns) for task in bfcl.tasks) == 734
    assert all(len(task.turns) == len(task.requests) for task in bfcl.tasks)
    assert Counter(len(task.apis) for task in bfcl.tasks) == {2: 135, 1: 65}


def test_every_function_has_its_effect_and_no_two_apis_share_a_name(wheels: Package) -> None:
    found = functions(wheels)
    assert len({function.name for function in found}) == len(found) == 128
    assert {function.name for function in found} == set(EFFECTS)


def test_the_documented_functions_and_parameters_are_those_of_the_classes(bfcl: Bfcl, wheels: Package) -> None:
    for function in functions(wheels):
        signature = inspect.signature(getattr(bfcl.classes.by_name[function.api], function.name))
        assert set(signature.parameters) - {"self"} == set(function.parameters), function.name
        in_order = list(signature.parameters)[1:] == list(function.parameters)
        assert in_order or function.name == "purchase_insurance", "whose gold calls name all their arguments"
        defaulted = {name for name, parameter in signature.parameters.items() if parameter.default is not parameter.empty}
        assert set(function.parameters) - defaulted == set(function.schema["required"]), function.name  # type: ignore[arg-type]


def test_every_gold_call_fits_the_schema_of_a_function_that_its_task_offers(bfcl: Bfcl) -> None:
    for task in bfcl.tasks:
        offered = {function.name: function.schema for function in task.functions}
        for step in task.plan[:-1]:
            assert misfit(dict(step.arguments), offered[step.action]) is None, f"{task.name}: {step}"


def test_a_plan_is_the_gold_calls_of_all_turns_and_finish(bfcl: Bfcl) -> None:
    task = bfcl.named("multi_turn_base_0")
    assert [str(step) for step in task.plan[:4]] == [
        'cd(folder="document")',
        'mkdir(dir_name="temp")',
        'mv(destination="temp", source="final_report.pdf")',
        'cd(folder="temp")',
    ]
    assert task.plan[5] == Step("sort", {"file_name": "final_report.pdf"}), "the gold call names no parameter"
    assert task.plan[-1] == Step(FINISH)
    assert task.text.startswith("(1) Move 'final_report.pdf'")
    assert " (4) Move 'previous_report.pdf'" in task.text


def test_functions_that_a_task_withholds_are_not_offered(bfcl: Bfcl) -> None:
    assert "cp" not in {function.name for function in bfcl.named("multi_turn_base_0").functions}


@pytest.mark.parametrize("call", ["sort(", "sort", "none_of_ours()", "sort(file_name=open('x'))"])
def test_what_is_no_gold_call_is_said_to_be_none(bfcl: Bfcl, call: str) -> None:
    known = {function.name: function for function in bfcl.named("multi_turn_base_0").functions}
    with pytest.raises(BadStep, match="is no call"):
        step_of(call, known)


def test_a_task_that_there_is_not_is_named(bfcl: Bfcl) -> None:
    with pytest.raises(UnknownName, match="multi_turn_base_0 to multi_turn_base_199"):
        bfcl.named("multi_turn_base_200")


def test_the_world_of_a_task_allows_its_functions_and_checks_their_arguments(bfcl: Bfcl) -> None:
    task = bfcl.named("multi_turn_base_0")
    told = world(task)
    told.check(task.plan[0], ())
    with pytest.raises(BadStep, match="not to be had here"):
        told.check(Step(FINISH), ())
    with pytest.raises(BadStep, match="the arguments of cd do not fit"):
        told.check(Step("cd", {"folder": 1}), ())
    told.check(Step(FINISH), task.plan[:-1])
