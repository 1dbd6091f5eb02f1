"""OpenAGI as a world: its tasks, the tool sequences of its authors, and what may come after what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider import FINISH, Step
from outrider.errors import NoStep
from outrider.model import Prefix
from outrider.testing import steps
from outrider.worlds import FREE, WORLDS
from outrider.worlds.openagi import TRANSLATION, WORLD, allowed, gold, tasks

every_gold = pytest.mark.parametrize(("task", "sequence"), gold(), ids=[f"gold-{n}" for n in range(15)])


def test_all_tasks_are_there_and_each_once() -> None:
    assert len(tasks()) == len(set(tasks())) == 185
    assert all(task.startswith("Given ") and task.endswith("?") for task in tasks())


def test_the_authors_sequences_are_there_and_name_tools_that_exist() -> None:
    names = {action.name for action in WORLD.actions}
    assert len(gold()) == 15
    assert {tool for _, sequence in gold() for tool in sequence} < names


@every_gold
def test_every_gold_sequence_is_allowed_step_by_step_to_its_end(task: str, sequence: tuple[str, ...]) -> None:
    plan = steps(*sequence, FINISH)
    for at, step in enumerate(plan):
        assert step.action in WORLD.allowed(plan[:at])


@every_gold
def test_where_the_plan_stands_can_be_said_after_every_step(task: str, sequence: tuple[str, ...]) -> None:
    plan = steps(*sequence)
    said = [WORLD.situation(task, plan[:at]) for at in range(len(plan) + 1)]
    assert all(said)
    assert said == [WORLD.situation(task, plan[:at]) for at in range(len(plan) + 1)]


def test_no_worked_example_gives_a_gold_sequence_away() -> None:
    assert not {example.actions for example in WORLD.examples} & {sequence for _, sequence in gold()}


@pytest.mark.parametrize("example", WORLD.examples, ids=lambda example: str(example.task)[:40])
def test_every_worked_example_is_allowed_and_ends_with_finish(example: object) -> None:
    (found,) = [entry for entry in WORLD.examples if entry is example]
    for at, step in enumerate(found.steps):
        assert step.action in WORLD.allowed(found.steps[:at])
    assert found.steps[-1].is_finish


@given(st.lists(st.integers(0, 99), max_size=40))
def test_something_is_always_allowed_however_long_the_plan(choices: list[int]) -> None:
    prefix: Prefix = ()
    for choice in choices:
        names = allowed(prefix)
        assert names
        assert len(names) == len(set(names))
        prefix += (Step(names[choice % len(names)]),)
    assert FINISH in allowed((*prefix, Step(TRANSLATION)))


def test_no_plan_is_empty_and_no_tool_comes_twice() -> None:
    assert FINISH not in allowed(())
    assert "Colorization" not in allowed(steps("Colorization", "Image Denoising"))


def test_translation_comes_at_most_twice_and_never_twice_in_a_row() -> None:
    assert TRANSLATION not in allowed(steps(TRANSLATION))
    assert TRANSLATION in allowed(steps(TRANSLATION, "Fill Mask"))
    assert TRANSLATION not in allowed(steps(TRANSLATION, "Fill Mask", TRANSLATION, "Sentiment Analysis"))


@pytest.mark.parametrize("action", [action.name for action in WORLD.actions])
def test_a_cue_is_read_back_as_the_action_it_stands_for(action: str) -> None:
    prefix = () if action != FINISH else steps("Colorization")
    for task in (*tasks(), ""):
        assert WORLD.read(WORLD.cue(action, task), prefix).action == action


@given(st.lists(st.integers(0, 99), max_size=8))
def test_every_cue_offered_is_read_as_an_action_that_is_allowed(choices: list[int]) -> None:
    prefix: Prefix = ()
    for choice in choices:
        cues = WORLD.cues(prefix)
        assert len(cues) == len(set(cues))
        names = {WORLD.read(cue, prefix).action for cue in cues}
        assert names == set(allowed(prefix))
        prefix += (WORLD.read(cues[choice % len(cues)], prefix),)


@pytest.mark.parametrize("said", ["image denoising", " Image Denoising. ", '"Image Denoising"', "`Image  Denoising`", "NOISY"])
def test_a_reply_is_read_whatever_its_case_blanks_and_quotes(said: str) -> None:
    assert WORLD.read(said, ()) == Step("Image Denoising")


@pytest.mark.parametrize("said", ["", " . ", "Denoise", "finish", "Image Denoising and Colorization"])
def test_what_names_no_action_that_is_allowed_is_no_step(said: str) -> None:
    with pytest.raises(NoStep):
        WORLD.read(said, ())


def test_the_message_about_a_long_reply_is_short() -> None:
    with pytest.raises(NoStep) as caught:
        WORLD.read("blah " * 10_000, ())
    assert len(str(caught.value)) < 600


def test_in_the_free_world_any_sentence_is_a_step() -> None:
    assert FREE.read("Call the neighbours.", ()) == Step("Call the neighbours")
    assert FREE.read("FINISH", ()).is_finish
    assert FREE.cues(()) == ()
    with pytest.raises(NoStep):
        FREE.read(" ", ())


def test_worlds_are_found_by_their_names() -> None:
    assert {name: world.name for name, world in WORLDS.items()} == {"openagi": "openagi", "free": "free"}
