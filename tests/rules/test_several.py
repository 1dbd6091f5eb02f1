"""Several drafters at a node: asked one after another, each answer's steps children of their own."""

from __future__ import annotations

from dataclasses import replace

from outrider import Sliding
from outrider.rules import Decision, Lookahead, Rules
from outrider.rules.events import Accepted, Degraded, Drafted, Failed, Opened, Rejected, Report, Start, Verified
from outrider.testing import steps

from .driven import opened


class Drafters:
    """Rules with so many drafters, and who was asked for what."""

    def __init__(self, count: int, lookahead: Lookahead) -> None:
        self.rules = Rules(lookahead=lookahead, max_steps=20)
        self.asked: list[Start] = []
        self.last = Decision()
        self.receive(replace(opened(), drafters=count))

    def receive(self, report: Report) -> None:
        self.last = self.rules.receive(report)
        self.asked += [order for order in self.last.orders if isinstance(order, Start)]

    def drafts(self) -> list[tuple[int, int]]:
        """Who was asked to draft which step, in order: drafter and step."""
        return [(order.drafter, order.at) for order in self.asked if order.role == "approximation"]

    def call(self, drafter: int, at: int) -> int:
        return next(
            order.call
            for order in reversed(self.asked)
            if (order.role, order.drafter, order.at) == ("approximation", drafter, at)
        )  # fmt: skip

    def drafted(self, drafter: int, at: int, *guesses: str) -> None:
        self.receive(Drafted(call=self.call(drafter, at), at=at, steps=steps(*guesses)))

    def failed(self, drafter: int, at: int) -> None:
        self.receive(Failed(call=self.call(drafter, at), role="approximation", at=at, error="down"))

    def verified(self, at: int, step: str) -> None:
        order = next(order for order in reversed(self.asked) if (order.role, order.at) == ("target", at))
        self.receive(Verified(call=order.call, at=at, step=steps(step)[0]))


def test_the_second_is_asked_where_the_first_has_no_guess() -> None:
    two = Drafters(2, Sliding(1))
    assert two.drafts() == [(0, 0)]
    two.drafted(0, 0)
    assert two.drafts() == [(0, 0), (1, 0)]
    two.drafted(1, 0)
    assert two.drafts() == [(0, 0), (1, 0)]


def test_the_second_is_not_asked_where_the_first_has_guessed() -> None:
    two = Drafters(2, Sliding(3))
    two.drafted(0, 0, "a")
    assert two.drafts() == [(0, 0), (0, 1)]


def test_with_room_for_two_guesses_the_second_drafters_is_a_second_child() -> None:
    two = Drafters(2, Sliding(1, width=2))
    two.drafted(0, 0, "a")
    two.drafted(1, 0, "b")
    assert [child.step for child in two.rules.root.children.values()] == list(steps("a", "b"))
    assert [order.prefix for order in two.asked if order.role == "target"] == [(), steps("a"), steps("b")]
    assert [guess.rank for child in two.rules.root.children.values() for guess in child.guesses] == [0, 1]
    two.verified(0, "b")
    assert [type(event) for event in two.last.findings[:2]] == [Accepted, Rejected]


def test_a_guess_that_both_make_is_one_child_and_each_is_told() -> None:
    two = Drafters(2, Sliding(1, width=2))
    two.drafted(0, 0, "a")
    two.drafted(1, 0, "a")
    two.verified(0, "a")
    assert [event.call for event in two.last.findings if isinstance(event, Accepted)] == [two.call(0, 0), two.call(1, 0)]


def test_having_no_guess_is_no_failure_and_does_not_end_a_row_of_them() -> None:
    one = Drafters(1, Sliding(1))
    for at, step in enumerate("abcd"):
        one.drafted(0, at)
        one.verified(at, step)
    assert not any(isinstance(event, Degraded) for event in one.last.findings)
    for at, step in enumerate("efg", 4):
        one.failed(0, at)
        degraded = [event for event in one.last.findings if isinstance(event, Degraded)]
        one.verified(at, step)
    assert degraded == [Degraded(failures=3, error="down", left=0)]
    assert one.drafts()[-1] == (0, 6)


def test_a_drafter_that_keeps_failing_is_left_out_and_the_others_go_on() -> None:
    two = Drafters(2, Sliding(1))
    for at, step in enumerate("abc"):
        two.failed(0, at)
        if at == 2:
            assert Degraded(failures=3, error="down", left=1) in two.last.findings
        two.drafted(1, at, "x")
        two.verified(at, step)
    assert two.drafts()[-1] == (1, 3)
    assert (0, 3) not in two.drafts()


def test_an_older_journals_session_has_one_drafter() -> None:
    assert Opened.__dataclass_fields__["drafters"].default == 1
