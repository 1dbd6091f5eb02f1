"""What a lookahead that learns is told by the rules, and what of it is told by them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from outrider import Sliding, Step, Usage
from outrider.rules import ByValue, Rules
from outrider.rules.events import Cancelled, Drafted, Start, Started, Verified, WentBack, WentOn
from outrider.rules.learner import HowEnded
from outrider.rules.lookahead import Want
from outrider.rules.tree import Call, Guess, Node

from .driven import opened


@dataclass
class Listener:
    """Lookahead 2, which writes down what it is told."""

    told: list[str] = field(default_factory=list)
    now_s: float = 0.0
    name: str = "listener"
    learned: str = "a lot"
    why_not: str = "it is late"

    def wants(self, frontier: Node) -> list[Want]:
        return list(Sliding(2).wants(frontier))

    def begin(self, known: str) -> None:
        self.told.append(f"begin with {known}")

    def at(self, now_s: float) -> None:
        self.now_s = now_s

    def call_began(self, call: Call) -> None:
        self.told.append(f"call {call.number} began at {call.started_s:g}, which is {self.now_s:g}")

    def call_ended(self, call: Call, usage: Usage, ended: HowEnded) -> None:
        self.told.append(f"call {call.number} was {ended} at {self.now_s:g} for {usage.cost_usd}")

    def judged(self, guessed: Node, guess: Guess, *, accepted: bool) -> None:
        self.told.append(f"guess {guessed.step} was {'right' if accepted else 'wrong'}")

    def confirmed(self, node: Node) -> None:
        self.told.append(f"{node.step} is confirmed")


PAID = Usage(counted="reported", cost_usd=0.5)


def listened(listener: Listener, *, known: str = "") -> Rules:
    """The target call 0 and the draft 1 began at 3 s."""
    rules = Rules(lookahead=listener, max_steps=20)  # type: ignore[arg-type]
    first = rules.receive(replace(opened(), known=known), 0.0)
    for order in first.orders:
        assert isinstance(order, Start)
        rules.receive(Started(call=order.call, role=order.role, at=0), 3.0)
    return rules


def test_it_is_told_of_every_call_when_it_began_and_how_and_when_it_ended() -> None:
    listener = Listener()
    rules = listened(listener)
    rules.receive(Drafted(call=1, at=0, steps=(Step("a"), Step("b")), usage=PAID), 4.0)
    rules.receive(Cancelled(call=2, role="target", at=1, reason="not needed"), 5.0)
    assert listener.told == [
        "call 0 began at 3, which is 3",
        "call 1 began at 3, which is 3",
        "call 1 was answered at 4 for 0.5",
        "call 2 was cancelled at 5 for None",
    ]


def test_it_is_told_of_every_guess_that_is_judged_once_and_of_every_step_that_is_confirmed() -> None:
    listener = Listener()
    rules = listened(listener)
    rules.receive(Drafted(call=1, at=0, steps=(Step("a"), Step("b"))))
    listener.told.clear()
    rules.receive(Verified(call=0, at=0, step=Step("a")))
    assert listener.told == ["call 0 was answered at 0 for None", "guess a was right", "guess b was wrong", "a is confirmed"]
    listener.told.clear()
    rules.receive(WentBack(at=0))
    rules.receive(WentOn())
    assert listener.told == ["a is confirmed"]


def test_it_begins_with_what_is_known_if_anything_is() -> None:
    old, new = Listener(), Listener()
    listened(old, known="much")
    listened(new)
    assert (old.told[0], new.told[0]) == ("begin with much", "call 0 began at 3, which is 3")


def test_what_is_known_is_nothing_to_one_that_does_not_learn() -> None:
    rules = Rules(lookahead=Sliding(1), max_steps=20)
    rules.receive(replace(opened(), known="much"))
    assert (rules.learned, rules.why_not) == ("", "")


def test_the_rules_tell_what_it_has_learned_and_why_it_would_not_speculate() -> None:
    rules = listened(Listener())
    assert (rules.learned, rules.why_not) == ("a lot", "it is late")
    assert Rules(lookahead=ByValue(0), max_steps=20).why_not.startswith("an hour of waiting is worth nothing")


@pytest.mark.parametrize(
    ("confidence", "kept"), [((0.9, 0.2), [0.9, 0.2]), ((0.9,), [None, 0.9]), ((), [None, None]), ((0.9, 0.2, 0.7), [0.2, 0.7])]
)
def test_a_guess_keeps_the_confidence_it_was_given(confidence: tuple[float, ...], kept: list[float | None]) -> None:
    rules = listened(Listener())
    rules.receive(Drafted(call=1, at=0, steps=(Step("a"), Step("b")), confidence=confidence))
    assert [child.guesses[0].confidence for child in rules.root.children.values()] == kept


def test_of_a_guess_that_was_given_twice_the_first_confidence_counts() -> None:
    rules = listened(Listener())
    rules.receive(Drafted(call=1, at=0, steps=(Step("a"), Step("b"), Step("a")), confidence=(0.9, 0.2, 0.1)))
    assert [child.guesses[0].confidence for child in rules.root.children.values()] == [0.9, 0.2]
