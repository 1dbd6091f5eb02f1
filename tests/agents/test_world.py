"""A world's checks: which step may come where, and with which arguments."""

from __future__ import annotations

import pytest

from outrider import Step
from outrider.agents.world import Action, World
from outrider.errors import BadStep
from outrider.testing import steps
from outrider.worlds import FREE

TRIP = World(
    name="trip",
    about="You plan a trip.",
    actions=(
        Action(
            "book",
            "books a bed",
            schema={
                "type": "object",
                "properties": {
                    "town": {"type": "string"},
                    "nights": {"type": "integer", "minimum": 1},
                    "guests": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["town"],
                "additionalProperties": False,
            },
        ),
        Action("rest", "does nothing"),
        Action("say", "says anything", schema={}),
    ),
    allowed=lambda prefix: ("rest", "finish") if prefix else ("book", "rest", "say"),
)


@pytest.mark.parametrize(
    "step",
    [
        Step("book", {"town": "Oslo"}),
        Step("book", {"town": "Oslo", "nights": 2, "guests": ["Ann", "Bo"]}),
        Step("book", {"town": "Oslo", "nights": 2.0}),
        Step("rest"),
        Step("say", {"anything": [None, {"at": "all"}]}),
    ],
    ids=str,
)
def test_a_step_that_fits_is_let_through(step: Step) -> None:
    TRIP.check(step, ())


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("fly"), "the action 'fly' is not to be had here; possible now: book, rest, say"),
        (Step("finish"), "the action 'finish' is not to be had here"),
        (Step("rest", {"long": True, "where": "here"}), "rest takes no arguments, and long, where is given"),
        (Step("book"), "the arguments of book do not fit: 'town' is a required property"),
        (Step("book", {"town": 7}), "town: 7 is not of type 'string'"),
        (Step("book", {"town": "Oslo", "nights": 0}), "nights: 0 is less than the minimum of 1"),
        (Step("book", {"town": "Oslo", "guests": ["Ann", 7]}), "guests: 1: 7 is not of type 'string'"),
        (Step("book", {"town": "Oslo", "by": "train"}), "Additional properties are not allowed"),
    ],
)
def test_a_step_that_does_not_fit_is_refused_with_what_is_wrong(step: Step, message: str) -> None:
    with pytest.raises(BadStep, match=message):
        TRIP.check(step, ())


def test_what_is_allowed_depends_on_the_prefix() -> None:
    TRIP.check(Step("finish"), steps("rest"))
    with pytest.raises(BadStep, match="possible now: rest, finish"):
        TRIP.check(Step("book", {"town": "Oslo"}), steps("rest"))


def test_a_long_name_is_not_repeated_in_full() -> None:
    with pytest.raises(BadStep) as error:
        TRIP.check(Step("x" * 1000), ())
    assert len(str(error.value)) < 200


def test_in_free_words_any_step_will_do() -> None:
    FREE.check(Step("Dance until dawn", {"with": "everybody"}), ())
