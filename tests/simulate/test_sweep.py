"""Sweeps: the same numbers however many workers, in any order, in bounded memory; intervals that hold what they should."""

import multiprocessing
import random
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption
from outrider.rules import Batch, Sliding
from outrider.simulate import LogNormal, Setting
from outrider.simulate.arrays import np
from outrider.simulate.summary import Summary, ratio, student
from outrider.simulate.sweep import JOBS_AHEAD, Job, Load, Sweep, name_of, scheduler_named, simulate, work
from outrider.simulate.vectorised import outcomes

from .calm import calmly

SETTING = Setting(steps=40, accuracy=0.7, draft_s=LogNormal.by_mean(1, 0.5), target_s=LogNormal.by_mean(3, 1))
SWEEP = Sweep(setting=SETTING, schedulers=("alone", "lookahead-4", "batch-4", "oracle"), episodes=10_000, seed=5)
"""Four chunks."""


class Backwards(Executor):
    """Works on nothing until a result is asked for; remembers how much was submitted by then."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most_waiting = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        executor = self

        class Later(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                executor.waiting -= 1
                return fn(*args, **kwargs)

        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        return Later()


def test_the_same_seed_comes_to_the_same_numbers_and_another_to_others() -> None:
    assert simulate(SWEEP) == simulate(SWEEP)
    assert simulate(SWEEP) != simulate(replace(SWEEP, seed=6))


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_change_nothing(workers: int) -> None:
    with ThreadPoolExecutor(workers) as executor:
        assert simulate(SWEEP, executor) == simulate(SWEEP)


def test_processes_change_nothing() -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        assert simulate(SWEEP, executor) == simulate(SWEEP)


def test_however_many_episodes_only_some_jobs_wait_at_once() -> None:
    executor = Backwards()
    sweep = replace(SWEEP, schedulers=("alone",), episodes=3276 * 80, setting=SETTING)
    assert sum(1 for _ in sweep.jobs()) == 80
    simulate(sweep, executor)
    assert executor.most_waiting == JOBS_AHEAD


def test_progress_is_told_after_every_job_and_ends_at_all_episodes() -> None:
    told: list[int] = []
    simulate(SWEEP, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 10_000
    assert len(told) == len(list(SWEEP.jobs())) == 4


def test_an_episode_does_not_depend_on_how_many_come_after_it() -> None:
    few, many = (next(iter(replace(SWEEP, episodes=episodes).jobs())) for episodes in (10, 10_000))
    assert few.episodes.target.tolist() == many.episodes.target[:, :10].tolist()


def test_the_runtime_comes_to_the_same_figures_as_the_model() -> None:
    sweep = Sweep(
        setting=replace(SETTING, steps=6), schedulers=("lookahead-3", "batch-2", "oracle", "alone"), episodes=30, seed=2
    )
    by_model, by_runtime = simulate(sweep), simulate(replace(sweep, runtime=True))
    assert by_model.keys() == by_runtime.keys()
    for name, summaries in by_model.items():
        for quantity, summary in summaries.items():
            theirs = by_runtime[name][quantity]
            assert (summary.mean, summary.least) == pytest.approx((theirs.mean, theirs.least), abs=1e-9), (name, quantity)


def test_a_load_needs_the_runtime_and_is_the_same_with_workers() -> None:
    setting = Setting(steps=3)
    sweep = Sweep(setting=setting, schedulers=("lookahead-4",), episodes=300, load=Load(slowdown=0.1, failures=0.02))
    assert sweep.by_runtime
    found = simulate(sweep)
    assert 0.5 < found["lookahead-4"]["complete"].mean < 1
    with ThreadPoolExecutor(2) as executor:
        assert simulate(sweep, executor) == found


def test_more_guesses_than_one_need_the_runtime() -> None:
    assert Sweep(setting=SETTING, schedulers=("lookahead-4x2",), episodes=1).by_runtime
    assert not SWEEP.by_runtime


def test_what_is_summed_up_is_what_the_episodes_came_to() -> None:
    sweep = replace(SWEEP, episodes=3000, schedulers=("batch-4",))
    (job,) = sweep.jobs()
    found, alone = (outcomes(job.episodes, scheduler) for scheduler in (Batch(4), Sliding(0)))
    summaries = work(job)["batch-4"]
    for name, values in {
        "total_s": found.total_s, "cost_usd": found.cost_usd(1, 10), "output_tokens": found.output_tokens,
        "wasted_tokens": found.wasted_tokens, "calls_max": found.calls_max, "saved_s": alone.total_s - found.total_s,
    }.items():  # fmt: skip
        assert summaries[name].mean == pytest.approx(values.mean())
        assert summaries[name].least == values.min()
        assert summaries[name].squares == pytest.approx(values.var() * 3000)


def test_an_executor_that_breaks_leaves_nothing_waiting() -> None:
    class Broken(RuntimeError):
        pass

    cancelled: list[bool] = []

    class Breaks(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if not cancelled:
                future.set_exception(Broken())
                cancelled.append(False)
            else:
                future.add_done_callback(lambda done: cancelled.append(done.cancelled()))
            return future

    with pytest.raises(Broken):
        simulate(SWEEP, Breaks())
    assert cancelled == [False, True, True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": 0}, {"seed": -1}, {"schedulers": ("fast",)}, {"draft_price": -1.0}, {"target_price": float("nan")},
        {"load": Load(failures=2)},
    ],
)  # fmt: skip
def test_a_sweep_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        replace(SWEEP, **wrong)


@pytest.mark.parametrize(
    ("written", "in_full"),
    [
        ("4", "lookahead-4"),
        ("0", "alone"),
        ("alone", "alone"),
        ("lookahead-0", "alone"),
        ("batch-3", "batch-3"),
        ("oracle", "oracle"),
    ],
)
def test_a_scheduler_has_one_name_in_full(written: str, in_full: str) -> None:
    assert name_of(scheduler_named(written)) == in_full


# Summaries ----------------------------------------------------------------------------------------------------------

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@calmly
@given(numbers, numbers)
def test_two_summaries_add_up_to_that_of_all(first: list[float], second: list[float]) -> None:
    both = Summary.of(np.array(first)) + Summary.of(np.array(second))
    together = first + second
    assert both.count == len(together)
    assert both.mean == pytest.approx(fmean(together), abs=1e-6)
    assert both.least == min(together)
    if both.error is not None:
        assert both.error == pytest.approx(stdev(together) / len(together) ** 0.5, rel=1e-6, abs=1e-6)


def test_one_episode_tells_nothing_of_the_spread() -> None:
    one = Summary.of(np.array([3.0]))
    assert one.interval() is None
    assert ratio(one, Summary.of(np.array([6.0])), one) == (0.5, None)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (10, 2.2281), (30, 2.0423), (1000, 1.9623)],
)
def test_students_quantile_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, rel=0.002)


def test_nineteen_of_twenty_intervals_hold_the_mean_and_the_ratio() -> None:
    setting = Setting(steps=4, accuracy=0.7, draft_s=LogNormal.by_mean(1, 0.5), target_s=LogNormal.by_mean(3, 1))
    sweep = Sweep(setting=setting, schedulers=("lookahead-4",), episodes=200_000)
    truth = simulate(sweep)["lookahead-4"]
    true_ratio, _ = ratio(truth["total_s"], truth["alone_s"], truth["saved_s"])
    holds = holds_ratio = 0
    for seed in range(1, 401):
        found = simulate(replace(sweep, episodes=60, seed=seed))["lookahead-4"]
        interval = found["total_s"].interval()
        _, of_ratio = ratio(found["total_s"], found["alone_s"], found["saved_s"])
        assert interval is not None
        assert of_ratio is not None
        holds += interval[0] <= truth["total_s"].mean <= interval[1]
        holds_ratio += of_ratio[0] <= true_ratio <= of_ratio[1]
    # 400 trials at 0.95: a standard deviation is 4.4.
    assert holds == pytest.approx(380, abs=14)
    assert holds_ratio == pytest.approx(380, abs=14)


def test_jobs_of_the_runtime_are_parts_of_the_same_chunk() -> None:
    sweep = replace(SWEEP, episodes=600, runtime=True)
    jobs = list(sweep.jobs())
    assert [(job.chunk, job.first, job.last) for job in jobs] == [(0, 0, 256), (0, 256, 512), (0, 512, 600)]
    (whole,) = replace(SWEEP, episodes=600).jobs()
    assert jobs[1].episodes.draft.tolist() == whole.episodes.draft[:, 256:512].tolist()
    assert isinstance(whole, Job)


def test_a_drawn_setting_is_the_same_setting_in_either_way_of_drawing() -> None:
    dice = random.Random(3)
    by_one = [SETTING.draw(dice) for _ in range(400)]
    (job,) = replace(SWEEP, episodes=3000).jobs()
    many = job.episodes
    taken = [entry.target.takes_s for episode in by_one for entry in episode.positions]
    assert fmean(taken) == pytest.approx(many.target.mean() / 1e5, rel=0.03)
    assert fmean(entry.agrees for episode in by_one for entry in episode.positions) == pytest.approx(many.agrees.mean(), abs=0.02)
