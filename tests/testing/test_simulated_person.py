"""The simulated person: takes the step once its draft has been on display for so long, and never before it is."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider import Plan, Session, Step, plan
from outrider.errors import BadOption
from outrider.model import Prefix
from outrider.testing import FakeAgent, SimulatedPerson, run, steps

PATH = steps("a", "b", "c", "finish")


def knows(prefix: Prefix) -> Step:
    return PATH[min(len(prefix), len(PATH) - 1)]


def watched(
    person: SimulatedPerson,
    *,
    drafts: Callable[[Prefix], Step] = knows,
    lookahead: int = 4,
    meanwhile: Callable[[Session], None] = lambda session: None,
    before: Plan | None = None,
) -> Session:
    """A run whose target takes 4 s a step and whose drafts take 1 s, with ``person`` watching."""

    async def main() -> Session:
        session = plan(
            "Tidy up", target=FakeAgent(knows, takes_s=4), approximation=FakeAgent(drafts, takes_s=1), lookahead=lookahead,
            going_on_from=before,
        )  # fmt: skip
        async with session, asyncio.TaskGroup() as group:
            group.create_task(person.watch(session))
            await asyncio.sleep(0)
            meanwhile(session)
            await session.result()
        return session

    return run(main())


def ended(person: SimulatedPerson) -> list[tuple[int, str]]:
    return [(window.at, window.ended) for window in person.windows]


def by(session: Session) -> str:
    return "".join("P" if entry.by == "person" else "t" for entry in session.plan.steps)


def test_they_take_the_step_once_its_draft_has_been_on_display_for_their_patience() -> None:
    person = SimulatedPerson(knows, patience_s=0.5)
    session = watched(person)
    # Drafts are there at 1, 2, 3 and 4 s; each is taken half a second after it is shown.
    assert session.plan.prefix == PATH
    assert by(session) == "PPPP"
    assert session.figures.total_s == 4.5
    assert ended(person) == [(0, "taken"), (1, "taken"), (2, "taken"), (3, "taken")]
    assert [window.shown_s for window in person.windows] == [1.0, 2.0, 3.0, 4.0]


def test_without_patience_they_take_it_the_instant_it_is_shown_and_not_before() -> None:
    person = SimulatedPerson(knows, patience_s=0)
    session = watched(person)
    assert session.figures.total_s == 4.0
    assert [window.shown_s for window in person.windows] == [1.0, 2.0, 3.0, 4.0]


def test_a_verdict_that_comes_before_their_patience_ends_lets_the_window_pass() -> None:
    person = SimulatedPerson(knows, patience_s=3.5)
    session = watched(person)
    assert session.figures.total_s == 7.0, "as without them"
    assert by(session) == "tttt"
    assert ended(person) == [(0, "passed"), (1, "passed"), (2, "passed"), (3, "passed")]


def test_a_verdict_that_comes_while_their_hand_is_on_its_way_makes_them_late() -> None:
    person = SimulatedPerson(knows, patience_s=2.5, reaction_s=1.0)
    session = watched(person, lookahead=1)
    assert person.windows[0].ended == "late"
    assert person.windows[0].taken == Step("a")
    assert session.plan.prefix == PATH, "the command for a step that was over has changed nothing"
    assert session.plan.steps[0].by == "target"


def test_who_only_watches_changes_nothing() -> None:
    person = SimulatedPerson(knows, patience_s=math.inf)
    assert watched(person).figures.total_s == 7.0
    assert {window.ended for window in person.windows} == {"passed"}


def test_a_wrong_draft_is_replaced_by_what_they_know() -> None:
    person = SimulatedPerson(knows, patience_s=0.5)
    session = watched(person, drafts=lambda prefix: Step("x"))
    assert session.plan.prefix == PATH
    assert [(window.draft, window.taken) for window in person.windows] == [(Step("x"), step) for step in PATH]


def test_who_is_always_wrong_accepts_every_wrong_draft() -> None:
    person = SimulatedPerson(knows, patience_s=0.5, error_rate=1)
    session = watched(person, drafts=lambda prefix: Step("x") if not prefix else knows(prefix))
    assert session.plan.prefix == (Step("x"), *PATH[1:])
    assert ended(person)[1:] == [(1, "passed"), (2, "passed"), (3, "passed")], "there is nothing else they could take"


def test_who_is_wrong_where_the_draft_is_right_takes_something_else() -> None:
    others: Sequence[Step] = steps("a", "y")
    person = SimulatedPerson(knows, others=lambda prefix: others if not prefix else (), patience_s=0.5, error_rate=1)
    assert watched(person).plan.prefix == (Step("y"), *PATH[1:])


def test_who_has_no_opinion_lets_the_window_pass() -> None:
    person = SimulatedPerson(lambda prefix: None, patience_s=0.5)
    assert by(watched(person)) == "tttt"
    assert {window.ended for window in person.windows} == {"passed"}


def test_where_nothing_is_shown_there_is_no_window() -> None:
    person = SimulatedPerson(knows, patience_s=0)
    assert by(watched(person, lookahead=0)) == "tttt"
    assert person.windows == ()


def test_steering_closes_the_window_and_the_next_draft_opens_another() -> None:
    person = SimulatedPerson(knows, patience_s=0.5)
    session = watched(person, meanwhile=lambda session: session.steer("Mind the cat."))
    assert session.plan.prefix == PATH
    assert [window.shown_s for window in person.windows][:2] == [1.0, 2.0]


def test_they_see_a_run_that_goes_on_from_a_plan() -> None:
    before = watched(SimulatedPerson(knows, patience_s=0)).plan
    person = SimulatedPerson(knows, patience_s=0.5)
    session = watched(person, before=Plan(before.steps[:2]))
    assert session.plan.prefix == PATH
    assert ended(person) == [(2, "taken"), (3, "taken")]


@pytest.mark.parametrize(
    "wrong",
    [{"patience_s": -1}, {"patience_s": math.nan}, {"patience_s": 1, "reaction_s": -1}, {"patience_s": 1, "reaction_s": math.inf},
     {"patience_s": 1, "error_rate": 1.1}, {"patience_s": 1, "error_rate": math.nan}],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadOption, match="makes no sense"):
        SimulatedPerson(knows, **wrong)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_the_same_seed_makes_the_same_mistakes_and_a_higher_rate_makes_those_of_a_lower_one_too(
    seed: int, one: float, other: float
) -> None:
    low, high = min(one, other), max(one, other)

    def mistakes(rate: float) -> set[int]:
        person = SimulatedPerson(knows, others=lambda _: steps("y", "z"), patience_s=0, error_rate=rate, seed=seed)
        named = [person.names(PATH[:at], PATH[at]) for at in range(4)]
        assert named == [person.names(PATH[:at], PATH[at]) for at in range(4)]
        return {at for at in range(4) if named[at] != PATH[at]}

    assert mistakes(low) <= mistakes(high)
    assert mistakes(0) == set()
    assert mistakes(1) == set(range(4))
