"""The drafter's confidence on its way from an answer to what is learned of it."""

from __future__ import annotations

from outrider.model import Step, Task
from outrider.rules import ByValue
from outrider.rules.events import Drafted, Opened, Start, Started, Verified
from outrider.rules.kept import estimates_of
from outrider.rules.rules import Rules

FLY, SWIM = Step("fly"), Step("swim")


def test_what_a_drafter_says_of_each_guess_stays_with_it_and_is_judged_with_its_verdict() -> None:
    rules = Rules(lookahead=ByValue(float("inf")), max_steps=9)
    opened = rules.receive(Opened(task=Task("t"), approximation="a", target="t", lookahead="auto", max_steps=9))
    calls = {order.role: order.call for order in opened.orders if isinstance(order, Start)}
    for role, call in calls.items():
        rules.receive(Started(call=call, role=role, at=0))
    rules.receive(Drafted(call=calls["approximation"], at=0, steps=(FLY, SWIM, FLY), confidence=(0.95, 0.05, 0.5)), 1.0)
    root = rules.root
    said = [(guess.rank, guess.confidence) for child in root.children.values() for guess in child.guesses]
    assert said == [
        (0, 0.95),
        (1, 0.05),
    ]
    rules.receive(Verified(call=calls["target"], at=0, step=FLY), 2.0)
    learned = estimates_of(rules.learned).contexts
    assert {part: lift.accepted > 0 for part, lift in learned.by_confidence.items()} == {9: True, 0: False}
    assert list(learned.by_position) == [0]
