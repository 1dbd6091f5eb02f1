"""Steering, in the rules alone: a sentence is part of a node, and counts from there on."""

from __future__ import annotations

import pytest

from outrider import Batch, Sliding, Step
from outrider.errors import NotNow
from outrider.rules.events import Cancel, Discarded, Rejected, Start, Stopped, Took, Verified
from outrider.testing import steps

from .driven import Driven


def told(driven: Driven) -> dict[str, tuple[str, ...]]:
    """What each call under way was told beside the task, by its name in ``asking``."""
    return {
        f"{'T' if order.role == 'target' else 'A'}:{'/'.join(step.action for step in order.prefix)}": order.sentences
        for order in driven.under_way.values()
        if order.call not in driven.closing
    }


def speculating() -> Driven:
    """Step 0 is confirmed; b is drafted for step 1 and x for step 2."""
    driven = Driven(Sliding(3))
    driven.drafted(guesses="a")
    driven.verified(step="a")
    driven.drafted("a", guesses="b")
    driven.drafted("a", "b", guesses="x")
    return driven


def test_steering_closes_the_frontiers_call_and_asks_it_anew_with_the_sentence() -> None:
    driven = speculating()
    call = driven.call("target", "a")
    driven.steered("go by train")
    assert Cancel(call=call, reason="the person steered") in driven.last.orders
    assert driven.last.orders[-2:] == [
        Start(call=8, role="target", at=1, prefix=steps("a"), urgent=True, sentences=("go by train",)),
        Start(call=9, role="approximation", at=1, prefix=steps("a"), urgent=False, sentences=("go by train",)),
    ]


def test_steering_discards_everything_speculated_below_the_frontier_and_judges_nobody() -> None:
    driven = speculating()
    before = set(driven.under_way)
    driven.steered("go by train")
    assert driven.last.findings == [Discarded(at=1, step=Step("b"), calls=(4, 5, 6, 7))]
    assert driven.closing == before
    assert driven.actions == ["a"], "what is confirmed stays"


def test_steering_before_the_draft_closes_the_drafters_call_too() -> None:
    driven = Driven()
    driven.steered("go by train")
    assert driven.closing == {0, 1}
    assert told(driven) == {"T:": ("go by train",), "A:": ("go by train",)}


def test_an_answer_that_was_made_without_the_sentence_is_not_believed() -> None:
    driven = speculating()
    call = driven.call("target", "a")
    driven.steered("go by train")
    assert driven.receive(Verified(call=call, at=1, step=Step("b"))).findings == []
    assert driven.actions == ["a"]


def test_every_call_from_there_on_is_told_the_sentence() -> None:
    driven = speculating()
    driven.steered("go by train")
    driven.drafted("a", guesses="c")
    driven.verified("a", step="d")
    assert [type(finding) for finding in driven.last.findings[:1]] == [Rejected]
    assert told(driven) == {"T:a/d": ("go by train",), "A:a/d": ("go by train",)}


def test_a_second_sentence_is_added_to_the_first() -> None:
    driven = Driven(Sliding(0))
    driven.steered("go by train")
    driven.steered("leave early")
    assert told(driven) == {"T:": ("go by train", "leave early")}
    driven.verified(step="a")
    assert told(driven) == {"T:a": ("go by train", "leave early")}
    assert driven.actions == ["a"]


def test_an_empty_sentence_takes_back_all_before_it() -> None:
    driven = Driven(Sliding(0))
    driven.steered("go by train")
    driven.steered("leave early")
    driven.verified(step="a")
    driven.steered("")
    assert told(driven) == {"T:a": ()}
    with pytest.raises(NotNow, match="no sentence to take back"):
        driven.steered("")


def test_steering_while_held_goes_on() -> None:
    driven = Driven(Sliding(0))
    driven.paused()
    driven.steered("go by train")
    assert told(driven) == {"T:": ("go by train",)}
    driven.verified(step="a")
    assert driven.said() == ["confirmed 0"], "nothing is held any more"


def test_a_verdict_that_waited_is_dropped_by_steering() -> None:
    driven = Driven(Sliding(0))
    driven.paused()
    driven.verified(step="a")
    driven.steered("go by train")
    assert driven.last.findings == [Discarded(at=0, step=Step("a"), calls=())]
    assert told(driven) == {"T:": ("go by train",)}


def test_steering_after_going_back_drops_the_verdict_that_was_kept_there() -> None:
    driven = Driven(Sliding(0))
    driven.verified(step="a")
    driven.verified("a", step="b")
    driven.went_back(1)
    driven.steered("go by train")
    assert driven.actions == ["a"]
    assert told(driven) == {"T:a": ("go by train",)}
    driven.verified("a", step="c")
    assert driven.actions == ["a", "c"]


def test_kept_answers_come_again_unchanged_when_going_on_with_the_sentences_they_were_given_under() -> None:
    driven = Driven(Sliding(0))
    driven.verified(step="a")
    driven.steered("go by train")
    driven.verified("a", step="b")
    driven.verified("a", "b", step="c")
    driven.went_back(0)
    assert driven.actions == []
    driven.went_on()
    assert driven.said() == ["confirmed 0", "confirmed 1", "confirmed 2"]
    assert driven.actions == ["a", "b", "c"]
    assert told(driven) == {"T:a/b/c": ("go by train",)}, "the call that was under way is still there"


def test_answers_kept_from_before_the_sentence_come_again_as_they_were() -> None:
    driven = Driven(Sliding(0))
    driven.verified(step="a")
    driven.verified("a", step="b")
    driven.steered("go by train")
    driven.verified("a", "b", step="c")
    driven.went_back(0)
    closing = set(driven.closing)
    driven.went_on()
    assert driven.said() == ["confirmed 0", "confirmed 1", "confirmed 2"]
    assert driven.closing == closing, "nobody is asked again what was confirmed without the sentence"
    assert told(driven) == {"T:a/b/c": ("go by train",)}


def test_a_sentence_stays_in_force_on_another_path_taken_before_it_was_said() -> None:
    driven = Driven(Sliding(1))
    driven.verified(step="a")
    driven.steered("go by train")
    driven.verified("a", step="b")
    driven.went_back(0)
    driven.took("z")
    assert driven.actions == ["z"]
    assert told(driven) == {"T:z": ("go by train",), "A:z": ("go by train",)}


def test_a_sentence_taken_back_does_not_count_on_another_path_taken_while_it_was_in_force() -> None:
    driven = Driven(Sliding(0))
    driven.steered("go by train")
    driven.verified(step="a")
    driven.steered("")
    driven.went_back(0)
    driven.took("z")
    assert told(driven) == {"T:z": ()}


def test_work_done_ahead_is_kept_where_the_sentences_in_force_are_those_it_was_done_with() -> None:
    driven = Driven(Sliding(2))
    driven.steered("go by train")
    driven.drafted(guesses="a")
    driven.verified(step="a")
    closing = set(driven.closing)
    driven.drafted("a", guesses="b")
    driven.verified("a", step="b")
    assert driven.closing - closing == set(), "nothing was asked anew"


def test_going_back_to_before_a_sentence_counts_its_place_once() -> None:
    driven = Driven(Sliding(0))
    driven.verified(step="a")
    driven.steered("go by train")
    driven.steered("leave early")
    driven.verified("a", step="b")
    driven.went_back(1)
    assert (driven.rules.frontier.at, driven.actions) == (1, ["a"])
    assert driven.rules.frontier.prefix == steps("a")
    driven.went_on()
    assert driven.actions == ["a", "b"]
    with pytest.raises(NotNow, match="step 1 has its verdict already: b") as late:
        driven.rules.check(took(1))
    assert (late.value.at, late.value.answer) == (1, Step("b"))


def took(at: int) -> Took:
    return Took(at=at, step=Step("x"))


def test_discarding_a_branch_closes_what_was_asked_there_after_steering_too() -> None:
    driven = Driven(Sliding(1))
    driven.verified(step="a")
    driven.steered("go by train")
    call = driven.call("target", "a")
    driven.went_back(0)
    driven.took("z")
    assert call in driven.closing
    (discarded,) = [finding for finding in driven.last.findings if isinstance(finding, Discarded)]
    assert call in discarded.calls


def test_a_batch_begins_anew_where_the_person_steered() -> None:
    driven = Driven(Batch(2))
    driven.drafted(guesses="a")
    driven.verified(step="a")
    driven.drafted("a", guesses="b")
    assert driven.asking() == {"T:a"}, "the batch is steps 0 and 1"
    driven.steered("go by train")
    driven.drafted("a", guesses="c")
    driven.drafted("a", "c", guesses="d")
    assert driven.asking() == {"T:a", "T:a/c"}, "now it is steps 1 and 2"
    assert set(told(driven).values()) == {("go by train",)}


def test_a_call_that_is_closing_already_is_not_closed_again() -> None:
    driven = speculating()
    driven.steered("go by train")
    closing = set(driven.closing)
    driven.receive(Stopped(reason="enough"))
    closed = [order.call for order in driven.last.orders if isinstance(order, Cancel)]
    assert len(closed) == 2
    assert closing.isdisjoint(closed)
