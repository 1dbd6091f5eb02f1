"""What a lookahead is called, and which ones make no sense."""

import pytest

from outrider import BY_ACTION, EXACT, Batch, Sliding, Step
from outrider.errors import BadOption
from outrider.rules import MATCHINGS, Lookahead, lookahead_named


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
