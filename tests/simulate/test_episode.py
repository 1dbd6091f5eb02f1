"""Episodes: drawn once, a function of the prefix, the same for every scheduler."""

import random

import pytest

from outrider.errors import BadOption
from outrider.model import FINISH, Step
from outrider.simulate import ByLength, Constant, Effort, Episode, LogNormal, Position, Setting, run_episode
from outrider.simulate.episode import astray

MIXED = Setting(steps=8, accuracy=0.6, draft_s=LogNormal.by_mean(1, 0.5), target_s=LogNormal.by_mean(3, 1))


def episode(seed: int = 0, setting: Setting = MIXED) -> Episode:
    return setting.draw(random.Random(seed))


def test_the_same_seed_draws_the_same_episode() -> None:
    assert episode(7) == episode(7)
    assert episode(7) != episode(8)


def test_the_same_episode_comes_to_the_same_figures_each_time() -> None:
    assert run_episode(episode(), 4).as_json() == run_episode(episode(), 4).as_json()


def test_the_plan_is_the_path_and_ends_in_finish() -> None:
    ours = episode()
    assert len(ours.path) == 8
    assert [step.is_finish for step in ours.path] == [False] * 7 + [True]
    assert run_episode(ours, 4).steps == 8


def test_off_the_path_both_agents_say_the_same_and_take_what_was_drawn_for_the_position() -> None:
    ours = episode()
    prefix = (*ours.path[:2], astray(2))
    assert ours.answer("target", prefix) == ours.answer("approximation", prefix)
    assert ours.effort("target", 3) == ours.positions[3].target
    assert ours.effort("target", 8 + 3) == ours.effort("target", 3)


def test_a_draft_is_right_as_often_as_the_accuracy_says_at_each_position() -> None:
    setting = Setting(steps=3, accuracy=(1.0, 0.5, 0.0))
    dice = random.Random(5)
    drawn = [setting.draw(dice) for _ in range(2000)]
    rates = [sum(entry.positions[at].agrees for entry in drawn) / 2000 for at in range(3)]
    assert rates[0] == 1
    assert rates[1] == pytest.approx(0.5, abs=0.05)
    assert rates[2] == 0


def test_seconds_that_go_with_the_length_see_the_tokens_of_the_same_call() -> None:
    setting = Setting(steps=5, target_s=ByLength(0.5, 0.01), target_tokens=LogNormal.by_mean(100, 60))
    for entry in episode(3, setting).positions:
        assert entry.target.takes_s == pytest.approx(0.5 + 0.01 * entry.target.output_tokens, abs=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0}, {"steps": -1}, {"accuracy": 1.1}, {"accuracy": -0.1}, {"accuracy": float("nan")},
        {"steps": 2, "accuracy": (0.5,)}, {"draft_tokens": ByLength(1, 1)},
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadOption):
        Setting(**wrong)  # type: ignore[arg-type]  # that is the point


def test_an_effort_that_makes_no_sense_is_refused() -> None:
    for seconds, tokens in ((-1.0, 0), (float("nan"), 0), (float("inf"), 0), (1.0, -1)):
        with pytest.raises(BadOption):
            Effort(seconds, tokens)


def test_nothing_comes_after_finish_and_an_episode_has_a_step() -> None:
    effort = Effort(1.0)
    ends = Position(step=Step(FINISH), guesses=(), draft=effort, target=effort)
    with pytest.raises(BadOption, match="step 0 of 2 is finish"):
        Episode((ends, ends))
    with pytest.raises(BadOption, match="no steps"):
        Episode(())


def test_a_recorded_run_that_was_broken_off_ends_where_it_was() -> None:
    effort = Effort(1.0, 5)
    position = Position(step=Step("search"), guesses=(Step("search"), Step("say")), draft=effort, target=effort)
    figures = run_episode(Episode((position,)), 4)
    assert (figures.steps, figures.total_s, figures.settled) == (1, 1.0, True)


def test_a_call_takes_at_least_the_clocks_grain() -> None:
    assert Effort(0.0).takes_s == 1e-5
    assert run_episode(episode(0, Setting(steps=4, accuracy=1, draft_s=Constant(0), target_s=Constant(3))), 4).total_s == (
        pytest.approx(3.00003, abs=1e-9)
    )
