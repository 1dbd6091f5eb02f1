"""Steps: equal when their canonical forms are, and refused when they have none."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadStep, EmptyTask
from outrider.model import FINISH, JSON, Plan, PlanStep, Step, Task, Usage

VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _made(action: str, arguments: Any) -> Step | None:
    try:
        return Step(action, arguments)
    except BadStep:
        return None


@given(arguments=st.dictionaries(st.text(max_size=3), VALUES, max_size=4), data=st.data())
def test_the_order_of_arguments_makes_no_difference(arguments: dict[str, JSON], data: st.DataObject) -> None:
    names = data.draw(st.permutations(list(arguments)))
    assert _made("go", arguments) == _made("go", {name: arguments[name] for name in names})


@given(arguments=st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_a_step_made_again_from_its_own_canonical_form_is_the_same(arguments: dict[str, JSON]) -> None:
    step = _made("go", arguments)
    if step is not None:
        assert Step(step.action, step.arguments).key == step.key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Step("book  a\nroom "), Step("book a room")),
        (Step("go", {"n": 2.0}), Step("go", {"n": 2})),
        (Step("go", {"n": -0.0}), Step("go", {"n": 0})),
        (Step("go \ud83c\udf0d", {"\ud83c\udf0d": "\ud83c\udf0d"}, "\ud83c\udf0d"), Step("go 🌍", {"🌍": "🌍"}, "🌍")),
        (Step("go", {"é": "é"}), Step("go", {unicodedata.normalize("NFD", "é"): unicodedata.normalize("NFD", "é")})),
    ],
)
def test_different_spellings_of_one_step_are_equal(one: Step, other: Step) -> None:
    assert one == other
    assert hash(one) == hash(other)
    assert str(one) == str(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Step("go", {"to": "Seattle"}), Step("go", {"to": "San Diego"})),
        (Step("go"), Step("Go")),
        (Step("go", {"n": 1}), Step("go", {"n": "1"})),
        (Step("go", {"n": True}), Step("go", {"n": 1})),
        (Step("go", {"n": None}), Step("go")),
        (Step('["go",{}]'), Step("go")),
    ],
)
def test_steps_that_say_different_things_differ(one: Step, other: Step) -> None:
    assert one != other


@pytest.mark.parametrize("action", ["", "  \n", None, 7])
def test_a_step_without_an_action_is_refused(action: Any) -> None:
    with pytest.raises(BadStep, match="name of an action"):
        Step(action)


@pytest.mark.parametrize(
    "arguments",
    [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}, {1: 1, "a": 2}, {"x": {2: 1}}, {"x": 10**5000}, "no mapping"],
)
def test_arguments_that_are_not_json_are_refused(arguments: Any) -> None:
    with pytest.raises(BadStep):
        Step("go", arguments)


def test_one_argument_in_two_spellings_is_refused() -> None:
    with pytest.raises(BadStep, match="twice"):
        Step("go", {"é": 1, unicodedata.normalize("NFD", "é"): 2})


def test_arguments_nested_without_end_are_refused() -> None:
    nested: JSON = {}
    for _ in range(5000):
        nested = {"in": nested}
    with pytest.raises(BadStep):
        Step("go", {"x": nested})


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_task_is_refused(text: str) -> None:
    with pytest.raises(EmptyTask, match="empty"):
        Task(text)


def test_an_unknown_price_stays_unknown_in_a_sum() -> None:
    assert (Usage(output_tokens=1, cost_usd=0.5) + Usage(output_tokens=2)).cost_usd is None
    assert (Usage(cost_usd=0.5) + Usage(cost_usd=0.25)).cost_usd == 0.75


def test_an_estimate_in_a_sum_makes_an_estimate() -> None:
    assert (Usage(counted="reported") + Usage(counted="estimated")).counted == "estimated"
    assert (Usage(counted="reported") + Usage(counted="reported")).counted == "reported"


def test_only_a_plan_that_ends_in_finish_is_complete() -> None:
    assert not Plan(()).complete
    assert not Plan((PlanStep(Step("go")),)).complete
    assert Plan((PlanStep(Step("go")), PlanStep(Step(FINISH)))).complete
