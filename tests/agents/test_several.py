"""Several drafters as one."""

from __future__ import annotations

import asyncio

import pytest

from outrider import FINISH, Sliding, Step, Task, plan
from outrider.agents.agent import Meter
from outrider.agents.several import Several, drafters_of
from outrider.errors import BadOption, NoGuess
from outrider.model import Answer, Prefix, Usage
from outrider.rules import Lookahead
from outrider.testing import FakeAgent, run, steps

ANSWERS = steps("a", "b", "c", FINISH)
TASK = Task("make it so")


def knows(*actions: str, takes_s: float = 0.0, name: str = "knows", usage: Usage | None = None) -> FakeAgent:
    """A drafter that is right about these actions and has no guess for others."""

    def says(prefix: Prefix) -> Step | Exception:
        right = ANSWERS[len(prefix)]
        return right if right.action in actions else NoGuess("nothing known")

    return FakeAgent(says, takes_s=takes_s, name=name, usage=usage)


def test_the_name_holds_all_names() -> None:
    assert Several(knows(name="recall"), knows(name="direct@m")).name == "recall+direct@m"


def test_a_session_takes_them_apart() -> None:
    one, two = knows(name="one"), knows(name="two")
    assert drafters_of(Several(one, two)) == (one, two)
    assert drafters_of(one) == (one,)


def test_asked_as_one_agent_the_first_that_has_a_guess_answers() -> None:
    both = Several(knows("a"), knows("a", "b"))

    def answer(*prefix: str) -> Answer:
        return asyncio.run(both.next_step(TASK, steps(*prefix), Meter()))

    assert answer().steps == steps("a")
    assert answer("a").steps == steps("b")
    with pytest.raises(NoGuess, match=r"none of knows\+knows has a guess"):
        answer("a", "b")


def test_the_most_is_that_of_all_together_if_all_can_say() -> None:
    usage = Usage(10, 0, 2, "estimated", 0.5)
    assert Several(knows(usage=usage), knows(usage=usage)).most(TASK, ()) == Usage(20, 0, 4, "estimated", 1.0)
    assert Several(knows(usage=usage), knows()).most(TASK, ()) is None


def test_none_and_several_within_several_are_refused() -> None:
    with pytest.raises(BadOption, match="at least one"):
        Several()
    with pytest.raises(BadOption, match="in one list"):
        Several(Several(knows()), knows())


def total_s(*drafters: FakeAgent, lookahead: Lookahead) -> float:
    async def planned() -> float:
        target = FakeAgent(lambda prefix: ANSWERS[len(prefix)], takes_s=4.0)
        async with plan(TASK, target=target, approximation=Several(*drafters), lookahead=lookahead) as session:
            assert (await session.result()).prefix == ANSWERS
        assert session.figures.total_s is not None
        return session.figures.total_s

    return run(planned())


def test_the_second_drafts_where_the_first_has_no_guess() -> None:
    quick, slow = knows("a", "c"), knows("a", "b", "c", takes_s=1.0)
    assert total_s(quick, slow, lookahead=Sliding(4)) == 5.0, "one draft by the slow one, then all verdicts at once"
    assert slow.asked == [steps("a"), steps("a", "b", "c")], "never where the quick one had a guess"


def test_a_wrong_guess_of_the_first_is_made_good_by_the_second_where_two_guesses_have_room() -> None:
    wrong = FakeAgent(lambda prefix: Step("wrong"), name="wrong")
    right = knows("a", "b", "c", takes_s=1.0)
    assert total_s(wrong, right, lookahead=Sliding(4)) == 16.0
    assert total_s(wrong, right, lookahead=Sliding(1, width=2)) < 16.0
