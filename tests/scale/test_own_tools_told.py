"""What is told of the person's own tools, and how a worker holds its own against that."""

from __future__ import annotations

import pytest
from temporalio.testing import ActivityEnvironment

from outrider.errors import BadOption
from outrider.journal import MemoryJournal
from outrider.model import Declared, Step
from outrider.providers.prices import Prices
from outrider.rules.events import Failed, Lost
from outrider.scale import NamedBuilder, Setting
from outrider.scale.activities import Activities
from outrider.scale.own_tools import agreed, check_as_before, check_same, queue_of, told
from outrider.scale.wire import Asking, Doing, from_text, steps_to_text
from outrider.tools import Toolbox, tool

REMEDY = "; start the workers with the same tools: outrider worker --tools FILE, and the same --effect and --trust"


@tool(effect="none")
def trains(to: str) -> str:
    """Trains to a town."""
    return to


@tool
def book(train: str) -> str:
    """Books a seat."""
    return train


@tool(name="book")
def book_more(train: str, seats: int) -> str:
    """Books a seat."""
    return train * seats


@tool(name="book", repeatable=True)
def book_again(train: str) -> str:
    """Books a seat."""
    return train


@tool
def pay(dollars: int) -> str:
    """Pays."""
    return str(dollars)


BOTH = Toolbox([trains, book])


def test_tools_that_are_the_same_are_told_the_same_and_any_difference_that_agents_or_rules_know_is_told() -> None:
    assert told(None) == ""
    assert told(BOTH) == told(Toolbox([trains, book])) == told(BOTH.declaring(approvals={"book": "always"}))
    others = [
        Toolbox([trains]), Toolbox([book, trains]), Toolbox([trains, book, pay]), Toolbox([trains, book_more]),
        Toolbox([trains, book_again]), BOTH.declaring({"trains": "read"}),
    ]  # fmt: skip
    texts = {told(box) for box in (BOTH, *others)}
    assert len(texts) == len({queue_of("outrider", text) for text in texts}) == 1 + len(others)


def test_sessions_without_own_tools_meet_workers_where_they_always_did() -> None:
    assert queue_of("outrider", "") == "outrider"
    assert queue_of("outrider", told(BOTH)).startswith("outrider-tools-")


@pytest.mark.parametrize(
    ("has", "says"),
    [
        (None, "the worker has no tools, and the session's steps are executed with trains, book"),
        (Toolbox([trains]), "the worker's tools are not those that the session was begun with: book is missing"),
        (Toolbox([pay]), "begun with: trains, book are missing; pay is new"),
        (Toolbox([trains, book_more]), "begun with: book describes itself, its arguments or its result otherwise"),
        (Toolbox([trains, book_again]), "begun with: book describes itself, its arguments or its result otherwise"),
        (BOTH.declaring({"trains": "read"}), "begun with: the effect of trains is read there, and none was declared"),
        (Toolbox([book, trains]), "begun with: they are the same in another order"),
    ],
)
def test_a_worker_with_other_tools_says_what_differs_and_what_to_do(has: Toolbox | None, says: str) -> None:
    check_same(told(BOTH), BOTH)
    with pytest.raises(BadOption) as error:
        check_same(told(BOTH), has)
    assert str(error.value).endswith(says + REMEDY)


def test_the_person_may_be_asked_more_often_than_the_workers_operator_demands_and_not_less_often() -> None:
    begun = (Declared("book", approval="unsure", rehearses=True),)
    assert agreed(begun, [Declared("book", approval="never")]) == (Declared("book", approval="unsure"),)
    assert agreed(begun, [Declared("book", approval="unsure")]) == (Declared("book", approval="unsure"),)
    with pytest.raises(
        BadOption, match=r"run book only with the person's approval; plan with --approve book=always, or start the"
    ):
        agreed(begun, [Declared("book", approval="always")])


def test_whoever_follows_a_session_again_gives_the_tools_that_it_was_begun_with() -> None:
    check_as_before(BOTH.declared, BOTH)
    with pytest.raises(BadOption, match=r"and trains, book are missing, new, or declared otherwise; give them as they were"):
        check_as_before(BOTH.declared, None)
    with pytest.raises(BadOption, match=r"and pay is missing, new, or declared otherwise"):
        check_as_before(BOTH.declared, Toolbox([trains, book, pay]))


# Should a call come to a worker all the same ---------------------------------------------------------------------------


def activities(has: Toolbox | None) -> Activities:
    return Activities(NamedBuilder(Prices(), MemoryJournal(), lambda done, of: None, own_tools=has), 1)


SETTING = Setting(
    task="To Bergen", world="tools", approximation="recorded:none", target="recorded:none", lookahead="2", tools=told(BOTH)
)


@pytest.mark.asyncio
@pytest.mark.parametrize("has", [None, Toolbox([pay])])
async def test_a_step_that_comes_to_a_worker_with_other_tools_is_not_run_and_is_lost_with_a_sentence(has: Toolbox | None) -> None:
    doing = Doing(
        setting=SETTING, execution=0, at=0, step=steps_to_text((Step("pay", {"dollars": 1}),)), key="k", live=True, effect="write"
    )
    report = from_text(await ActivityEnvironment().run(activities(has).run_tool, doing))
    assert isinstance(report, Lost)
    assert report.reason.endswith(REMEDY)
    assert not report.unsure


@pytest.mark.asyncio
async def test_a_call_that_comes_to_a_worker_with_other_tools_fails_with_a_sentence() -> None:
    asking = Asking(setting=SETTING, call=0, role="target", at=0, drafter=0, prefix="[]", sentences=[])
    report = from_text(await ActivityEnvironment().run(activities(None).ask, asking))
    assert isinstance(report, Failed)
    assert report.error.endswith(REMEDY)
