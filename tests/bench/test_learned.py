"""``learned-k``: what it learns, by hand, and what it does with that."""

from __future__ import annotations

import json

import pytest

from outrider import FINISH, Step
from outrider.bench.harness import run_once
from outrider.bench.learned import ALL, LAMBDA, ROOT, LearnedK
from outrider.bench.rows import Row, Trace
from outrider.bench.schedulers import scheduler_named
from outrider.bench.traces import TokenPrices
from outrider.rules.learner import Learner
from outrider.rules.tree import Guess, Node


def moved(learner: Learner, *guessed: bool, ends: bool = False) -> Node:
    """The frontier after so many steps, each guessed or not; all have the action `go`."""
    node = Node(0)
    for at, right in enumerate(guessed):
        list(learner.wants(node))
        node = node.child(Step(FINISH) if ends and at == len(guessed) - 1 else Step("go", {"at": at}))
        node.guesses = (Guess(at, 0),) if right else ()
        learner.confirmed(node)
    return node


def values(learner: Learner) -> dict[str, float]:
    return {state: value for state, (value, _) in json.loads(learner.learned).items()}


def wanted(learner: Learner, node: Node) -> int:
    """How many target calls a batch that begins here has."""
    for _ in range(20):
        node.child(Step("go", {"deep": node.at})).guesses = (Guess(0, 0),)
        node = next(iter(node.children.values()))
    root = node.ancestor(0)
    return sum(want.role == "target" for want in learner.wants(root))


def test_the_first_batch_is_of_one_step() -> None:
    assert wanted(LearnedK().learner(), Node(0)) == 1
    assert wanted(LearnedK(offset=2).learner(), Node(0)) == 3


def test_a_step_that_nobody_guessed_is_worth_one_and_ends_the_batch() -> None:
    learner = LearnedK().learner()
    moved(learner, False)
    assert values(learner) == {ROOT: 1.0, ALL: 1.0}


def test_a_batch_that_held_adds_the_value_of_the_state_behind_it_by_hand() -> None:
    learner = LearnedK().learner()
    moved(learner, True)  # k is 1 and held: 1 and the value of the state behind, which is 1 where nothing is known
    assert values(learner) == {ROOT: 2.0, ALL: 2.0}


def test_the_end_of_the_plan_is_the_end() -> None:
    learner = LearnedK().learner()
    moved(learner, True, ends=True)
    assert values(learner) == {ROOT: 1.0, ALL: 1.0}


def test_returns_are_lambda_returns_by_hand() -> None:
    learner = LearnedK().learner()
    learner.begin(json.dumps({ROOT: [3.0, 1], "go": [2.0, 1], ALL: [2.0, 1]}))
    moved(
        learner, True, False
    )  # k is 3; the second is wrong: it is worth 1, and `go`, seen twice by now, moves half the way to it
    assert values(learner)["go"] == pytest.approx(1.5)
    returned = 1 + (1 - LAMBDA) * 2.0 + LAMBDA * 1.0
    assert values(learner)[ROOT] == pytest.approx(3.0 + (returned - 3.0) / 2)


def test_an_expectile_above_one_half_moves_further_up_than_down() -> None:
    bold = LearnedK(tau=0.9).learner()
    bold.begin(json.dumps({ROOT: [1.0, 3], "go": [4.0, 3]}))
    moved(bold, True)  # up by 4, of which a quarter, times 1.8
    assert values(bold)[ROOT] == pytest.approx(1.0 + 4 * 0.25 * 1.8)
    bold.begin(json.dumps({ROOT: [3.0, 3]}))
    moved(bold, False)  # down by 2, of which a quarter, times 0.2
    assert values(bold)[ROOT] == pytest.approx(3.0 - 2 * 0.25 * 0.2)


def test_what_is_learned_comes_again() -> None:
    learner, later = LearnedK().learner(), LearnedK().learner()
    moved(learner, True, True, False)
    later.begin(learner.learned)
    assert later.learned == learner.learned
    assert later.why_not == ""


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"go": 1}', '{"go": [1]}', '{"go": [1, "2"]}', '{"go": [true, 1]}', '{"go": [-1, 1]}', "[" * 100_000]
)
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LearnedK().learner().begin(text)


def recorded(*, right: bool) -> Trace:
    rows = tuple(
        Row(
            at=at, target=Step("go", {"at": at}), target_s=4.0, drafts=(Step("go", {"at": at if right else -1}),), draft_s=0.5,
            target_tokens=10, draft_tokens=10,
        )
        for at in range(12)
    )  # fmt: skip
    return Trace(task="a task", rows=rows)


@pytest.mark.parametrize("right", [True, False])
def test_it_learns_how_far_drafts_hold(right: bool) -> None:
    known = ""
    times: list[float] = []
    for _ in range(6):
        run = run_once(recorded(right=right), scheduler_named("learned-k")(recorded(right=right)), TokenPrices(), known)
        known, times = run.learned, [*times, run.total_s]
    assert times == sorted(times, reverse=True)
    assert (times[-1] < 0.6 * times[0]) == right
