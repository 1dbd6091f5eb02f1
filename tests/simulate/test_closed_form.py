"""Constant times: runtime, NumPy model and a formula that one can do in one's head agree."""

import random
from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import Batch, Sliding
from outrider.simulate import Constant, Setting, run_episode
from outrider.simulate.arrays import np
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import Scheduler
from outrider.simulate.oracle import UNLIMITED, Oracle
from outrider.simulate.vectorised import outcomes, total_s

from .calm import calmly

Formula: TypeAlias = Callable[[int, float, float], float]
"""Seconds of n steps, with so many seconds of a draft and of a target call."""

DRAFT_TOKENS, TARGET_TOKENS = 20, 100

drafts = st.integers(1, 400).map(lambda hundredths: hundredths / 100)
targets = st.integers(1, 900).map(lambda hundredths: hundredths / 100)


def three_ways(steps: int, accuracy: float, draft_s: float, target_s: float, scheduler: Scheduler) -> list[float]:
    """The time by the runtime, by everything the model does, and by its short way."""
    setting = Setting(steps=steps, accuracy=accuracy, draft_s=Constant(draft_s), target_s=Constant(target_s))
    one = setting.draw(random.Random(0))
    lookahead = Oracle.of(one) if scheduler == "oracle" else scheduler
    many = Episodes.drawn(setting, 3, np.random.default_rng(0))
    live_s = run_episode(one, lookahead).total_s
    assert live_s is not None
    return [live_s, *outcomes(many, scheduler).total_s, *total_s(many, scheduler)]


@calmly
@given(st.integers(1, 8), st.sampled_from([0.0, 1.0]), drafts, targets)
def test_alone_takes_n_target_calls(steps: int, accuracy: float, draft_s: float, target_s: float) -> None:
    assert three_ways(steps, accuracy, draft_s, target_s, 0) == pytest.approx([steps * target_s] * 7, abs=1e-9)


@calmly
@given(
    st.integers(1, 8),
    drafts,
    targets,
    st.sampled_from([Sliding(1), Sliding(4), Sliding(8), Batch(1), Batch(4), "oracle"]),
)
def test_with_no_draft_right_it_takes_as_long_as_alone(steps: int, draft_s: float, target_s: float, scheduler: Scheduler) -> None:
    assert three_ways(steps, 0.0, draft_s, target_s, scheduler) == pytest.approx([steps * target_s] * 7, abs=1e-9)


@calmly
@given(st.integers(1, 8), drafts, targets, st.sampled_from([Sliding(UNLIMITED), Batch(8), "oracle"]))
def test_with_every_draft_right_and_no_limit_the_last_verdict_waits_for_the_drafts_before_it(
    steps: int, draft_s: float, target_s: float, scheduler: Scheduler
) -> None:
    expected = (steps - 1) * min(draft_s, target_s) + target_s
    assert three_ways(steps, 1.0, draft_s, target_s, scheduler) == pytest.approx([expected] * 7, abs=1e-9)


def one_ahead(steps: int, draft_s: float, target_s: float) -> float:
    """With lookahead 1 and every draft right: known(n) = confirmed(n-2) + draft, or confirmed(n-1) where that is sooner."""
    confirmed = [0.0, target_s]
    known = 0.0
    for _ in range(1, steps):
        known = min(max(known, confirmed[-2]) + draft_s, confirmed[-1])
        confirmed.append(max(confirmed[-1], known + target_s))
    return confirmed[-1]


@calmly
@given(st.integers(1, 9), drafts, targets)
def test_with_every_draft_right_and_lookahead_1_two_steps_are_under_way_at_once(
    steps: int, draft_s: float, target_s: float
) -> None:
    expected = one_ahead(steps, draft_s, target_s)
    assert three_ways(steps, 1.0, draft_s, target_s, 1) == pytest.approx([expected] * 7, abs=1e-9)


@calmly
@given(st.integers(0, 5), st.integers(0, 1), drafts, targets)
def test_with_lookahead_1_and_quick_drafts_a_pair_of_steps_takes_a_draft_and_a_target_call(
    pairs: int, odd: int, draft_s: float, target_s: float
) -> None:
    draft_s, target_s = min(draft_s, target_s), max(draft_s, target_s)
    # Step 2i is confirmed a target call after it is known, and step 2i + 1 a draft later, when step 2i + 2 is known.
    expected = pairs * (draft_s + target_s) + odd * target_s
    steps = 2 * pairs + odd
    if steps:
        assert three_ways(steps, 1.0, draft_s, target_s, 1) == pytest.approx([expected] * 7, abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 4])
@calmly
@given(st.integers(1, 9), drafts, targets)
def test_a_batch_of_right_drafts_takes_its_drafts_and_a_target_call(k: int, steps: int, draft_s: float, target_s: float) -> None:
    draft_s, target_s = min(draft_s, target_s - 0.005), target_s  # as in the paper, a draft is there before its verdict
    batches = [min(k, steps - first) for first in range(0, steps, k)]
    expected = sum((size - 1) * draft_s + target_s for size in batches)
    assert three_ways(steps, 1.0, draft_s, target_s, Batch(k)) == pytest.approx([expected] * 7, abs=1e-9)


def test_tokens_calls_and_waste_by_hand_with_every_draft_right() -> None:
    setting = Setting(steps=6, accuracy=1.0, draft_s=Constant(1), target_s=Constant(4))
    found = outcomes(Episodes.drawn(setting, 1, np.random.default_rng(0)), Sliding(UNLIMITED))
    assert found.total_s.tolist() == [5 + 4]
    assert found.output_tokens.tolist() == [6 * (DRAFT_TOKENS + TARGET_TOKENS)]
    assert found.wasted_tokens.tolist() == [0]
    # At 3 s four target calls are under way and a draft; at 4 s the first ends as the fifth begins.
    assert found.calls_max.tolist() == [5]
    assert found.cost_usd(1, 10).tolist() == [6 * (DRAFT_TOKENS * 1 + TARGET_TOKENS * 10) / 1e6]


def test_tokens_calls_and_waste_by_hand_with_no_draft_right() -> None:
    # A step: its draft is there at 1. Below it, two target calls from 1 and from 2 until the verdict at 3, of 100 tokens
    # 66 and 33; two drafts, the second there with the verdict. All in vain: 3 drafts and 99.
    setting = Setting(steps=4, accuracy=0.0, draft_s=Constant(1), target_s=Constant(3))
    found = outcomes(Episodes.drawn(setting, 1, np.random.default_rng(0)), Sliding(4))
    assert found.wasted_tokens.tolist() == [4 * (3 * DRAFT_TOKENS + 66 + 33)]
    assert found.output_tokens.tolist() == [4 * (3 * DRAFT_TOKENS + 66 + 33 + TARGET_TOKENS)]
    assert found.calls_max.tolist() == [4]
