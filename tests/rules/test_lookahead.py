"""What a lookahead is called, and which ones make no sense."""

import pytest

from outrider import BY_ACTION, EXACT, Batch, Declared, Sliding, Step
from outrider.errors import BadOption
from outrider.rules import MATCHINGS, Lookahead, lookahead_named
from outrider.rules.events import Cancelled
from outrider.rules.tree import Execution, Guess, Node

from .driven import Driven


@pytest.mark.parametrize(
    ("text", "lookahead"),
    [
        ("0", Sliding(0)),
        ("4", Sliding(4)),
        ("12", Sliding(12)),
        ("lookahead-7", Sliding(7)),
        ("lookahead-3x2", Sliding(3, width=2)),
        ("batch-4", Batch(4)),
    ],
)
def test_a_lookahead_is_found_by_its_name(text: str, lookahead: Lookahead) -> None:
    assert lookahead_named(text) == lookahead
    assert lookahead_named(lookahead.name) == lookahead


NO_NAMES = "four batch batch- -1 lookahead--1 sliding-4 4.5 batch-0 batch-4x2 lookahead-4x0"


@pytest.mark.parametrize("text", ["", *NO_NAMES.split()])
def test_a_name_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadOption):
        lookahead_named(text)


def test_a_lookahead_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadOption, match="lookahead is -1"):
        Sliding(-1)
    with pytest.raises(BadOption, match="width is 0"):
        Sliding(1, width=0)
    with pytest.raises(BadOption, match="a batch of 0"):
        Batch(0)


def test_the_width_is_part_of_the_name() -> None:
    assert [Sliding(3).name, Sliding(3, width=2).name, Batch(2).name] == ["lookahead-3", "lookahead-3x2", "batch-2"]


def test_the_defaults_are_those_of_the_paper() -> None:
    assert (Sliding().k, Sliding().width, Batch().k) == (4, 1, 4)


def test_a_matching_finds_the_equal_draft_before_one_that_is_merely_the_same() -> None:
    here, there, sleep = Step("fly", {"to": "here"}), Step("fly", {"to": "there"}), Step("sleep")
    assert EXACT.find(here, [there, sleep]) is None
    assert EXACT.find(here, iter([there, here])) == here
    assert BY_ACTION.find(here, [sleep, there]) == there
    assert BY_ACTION.find(here, iter([there, here])) == here
    assert BY_ACTION.find(here, [sleep]) is None
    assert MATCHINGS == {"exact": EXACT, "by-action": BY_ACTION}
    assert (EXACT.lossless, BY_ACTION.lossless) == (True, False)


def test_a_batch_may_be_of_one_draft() -> None:
    assert Batch(1).k == 1


def unknown(above: Node) -> Node:
    """A node whose step has not been observed yet."""
    node = above.child(Step("look"))
    node.guesses, node.execution = (Guess(0, 0),), Execution(Declared("look"), node)
    return node


@pytest.mark.parametrize("lookahead", [Sliding(3), Batch(3)], ids=["sliding", "batch"])
def test_nobody_is_wanted_where_it_is_not_known_what_the_step_before_has_come_to(lookahead: Lookahead) -> None:
    root = Node(0)
    below = unknown(root)
    assert {want.node for want in lookahead.wants(root)} == {root}
    assert list(lookahead.wants(below)) == []


@pytest.mark.parametrize("lookahead", [Sliding(3), Batch(3)], ids=["sliding", "batch"])
def test_one_guess_is_enough_where_there_are_several_drafters(lookahead: Lookahead) -> None:
    root = Node(0, drafters=3, asked=1)
    root.child(Step("a")).guesses = (Guess(0, 0),)
    assert [(want.role, want.node.at) for want in lookahead.wants(root)] == [
        ("target", 0), ("target", 1), ("approximation", 1)
    ]  # fmt: skip


def test_no_draft_is_made_of_a_step_that_has_its_verdict() -> None:
    driven = Driven(Sliding(3))
    driven.drafted(guesses="a")
    draft = driven.call("approximation", "a")
    driven.verified("a", step="b")
    assert draft in driven.closing
    driven.receive(Cancelled(call=draft, role="approximation", at=1, reason="its verdict came first"))
    assert driven.asking() == {"T:", "T:a/b", "A:a/b"}
