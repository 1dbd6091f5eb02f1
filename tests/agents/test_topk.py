"""Several guesses of one model for a step."""

from __future__ import annotations

import pytest

from outrider import Step, Task
from outrider.agents.agent import Meter, checked
from outrider.agents.model import Reply, Request
from outrider.agents.topk import TopK
from outrider.agents.world import Action, World
from outrider.errors import BadOption, NoStep
from outrider.model import JSON, Answer
from outrider.testing import run

from .scripted import ScriptedModel, text_of

ACTIONS = ("fly", "swim", "walk", "finish")
TRIP = World("trip", "Trips.", tuple(Action(name, name) for name in ACTIONS), allowed=lambda prefix: ACTIONS)
FREE = World("free", "Anything.")
TASK = Task("go to Oslo", "trip")


class Rating(ScriptedModel):
    """Says how likely its choice was, and names others if it is to."""

    def __init__(self, *, others: tuple[tuple[str, float], ...] = (), likely: dict[str, float] | None = None) -> None:
        super().__init__()
        self.others = others
        self.likely = likely or {}

    async def reply(self, request: Request, meter: Meter) -> Reply:
        said = await super().reply(request, meter)
        return Reply(said.text, likelihood=self.likely.get(said.text), others=self.others)


def guesses(model: ScriptedModel, most: int, world: World = TRIP) -> Answer:
    return run(TopK(model, world, most).next_step(TASK, (), Meter()))


def named(answer: Answer) -> list[str]:
    return [str(step) for step in answer.steps]


def test_a_server_that_names_what_else_was_likely_is_asked_once() -> None:
    model = Rating(likely={"fly": 0.6}, others=(("walk", 0.1), ("swim", 0.25)))
    answer = guesses(model, 3)
    assert named(answer) == ["fly", "swim", "walk"]
    assert answer.confidence == (0.6, 0.25, 0.1)
    assert len(model.asked) == 1
    assert model.asked[0].rates


def test_no_more_guesses_are_given_than_wanted_and_the_first_named_stays_first() -> None:
    answer = guesses(Rating(likely={"fly": 0.3}, others=(("walk", 0.1), ("swim", 0.5))), 2)
    assert named(answer) == ["fly", "swim"]
    assert answer.confidence == (0.3, 0.5)


def test_any_other_is_asked_again_without_what_it_has_named() -> None:
    model = ScriptedModel()
    answer = guesses(model, 3)
    assert named(answer) == ["fly", "swim", "walk"]
    assert [request.choices for request in model.asked] == [ACTIONS, ACTIONS[1:], ACTIONS[2:]]
    assert answer.confidence == ()


def test_it_stops_where_nothing_is_left_to_name() -> None:
    assert len(guesses(ScriptedModel(), 9).steps) == len(ACTIONS)


def test_several_words_for_one_action_are_one_guess() -> None:
    actions = Action("fly", "fly", cues=("plane", "jet")), Action("swim", "swim")
    world = World("trip", "Trips.", actions, allowed=lambda prefix: ("fly", "swim"))
    model = ScriptedModel(writing="continued")
    assert named(guesses(model, 2, world)) == ["fly", "swim"]
    assert [request.choices for request in model.asked] == [("plane", "jet", "swim"), ("swim",)]


def test_likelihoods_of_replies_one_after_another_count_as_shares_of_all() -> None:
    answer = guesses(Rating(likely={"fly": 0.03, "swim": 0.01, "walk": 0.0}), 3)
    assert answer.confidence == pytest.approx((0.75, 0.25, 0.0))


def test_one_guess_is_as_likely_as_the_server_says() -> None:
    assert guesses(Rating(likely={"fly": 0.03}), 1).confidence == (0.03,)


def test_where_the_server_says_it_of_some_nothing_is_said() -> None:
    assert guesses(Rating(likely={"fly": 0.03}), 2).confidence == ()


def test_in_free_words_lines_are_asked_for_and_empty_ones_and_numbers_left_out() -> None:
    model = ScriptedModel(lambda request: "1. Book a room\n\n2. Book a flight\n- Book a room\nfinish")
    answer = guesses(model, 3, FREE)
    assert named(answer) == ["Book a room", "Book a flight", "finish"]
    assert "up to 3 different steps" in text_of(model.asked[0])
    assert model.asked[0].stop == ()
    assert named(guesses(model, 2, FREE)) == ["Book a room", "Book a flight"]


def test_lines_that_name_nothing_are_no_step() -> None:
    with pytest.raises(NoStep, match="names no step"):
        guesses(ScriptedModel(lambda request: "\n \n"), 3, FREE)


def test_its_name_says_how_many_and_what_it_could_use_counts_every_request() -> None:
    model = ScriptedModel()
    agent = TopK(model, TRIP, 3)
    assert agent.name == "direct@scripted*3"
    assert agent.requests == 3
    one = TopK(model, TRIP, 1).most(TASK, ())
    assert one is not None
    assert one.cost_usd is not None
    assert agent.most(TASK, ()) == one + one + one


@pytest.mark.parametrize("most", [0, 65])
def test_too_few_and_too_many_guesses_are_refused(most: int) -> None:
    with pytest.raises(BadOption, match=f"{most} guesses"):
        TopK(ScriptedModel(), TRIP, most)


def test_where_actions_take_arguments_a_step_is_guessed_once() -> None:
    schema: dict[str, JSON] = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}
    world = World("trip", "Trips.", (Action("fly", "fly", schema=schema),), allowed=lambda prefix: ("fly",))
    with pytest.raises(BadOption, match="take arguments"):
        TopK(ScriptedModel(), world, 2)


@pytest.mark.parametrize("confidence", [(0.5,), (0.5, 1.5), (0.5, float("nan")), (0.5, "high"), None, 3, (-0.1, 0.5)])
def test_a_confidence_that_is_none_is_not_taken_for_one(confidence: object) -> None:
    answer = Answer((Step("fly"), Step("swim")), confidence=confidence)  # type: ignore[arg-type]  # an agent's word
    assert checked(answer, "an agent").confidence == ()


def test_a_sound_confidence_is_kept() -> None:
    assert checked(Answer((Step("fly"), Step("swim")), confidence=(0, 1)), "an agent").confidence == (0.0, 1.0)
