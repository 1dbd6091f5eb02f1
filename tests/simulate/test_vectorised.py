"""The NumPy model equals the runtime, episode by episode and in every number; ``scripts/check_vectorised.py`` checks 10,000."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.errors import BadOption
from outrider.rules import Batch, Lookahead, Sliding, Want
from outrider.rules.tree import Node
from outrider.simulate import Constant, Distribution, Empirical, Episode, LogNormal, Setting, run_episodes
from outrider.simulate.arrays import np
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import Scheduler
from outrider.simulate.oracle import UNLIMITED, Oracle
from outrider.simulate.vectorised import Outcomes, outcomes, total_s

from .calm import calmly

Row: TypeAlias = tuple[float, float, float, float]
"""Seconds, output tokens, tokens in vain, most calls at once."""

few_ticks = st.lists(st.integers(1, 9), min_size=1, max_size=6).map(lambda ticks: Empirical.of([tick / 1e5 for tick in ticks]))
"""So short that two calls often end together."""

log_normal = st.builds(LogNormal.by_median, st.floats(0.01, 9), st.floats(0, 1.5))
seconds: st.SearchStrategy[Distribution] = st.one_of(few_ticks, log_normal, st.floats(0, 9).map(Constant))
tokens = st.lists(st.integers(0, 300), min_size=1, max_size=4).map(Empirical.of)
chances = st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.95, 1.0])
settings = st.builds(
    Setting,
    steps=st.integers(1, 12),
    accuracy=chances,
    draft_s=seconds,
    target_s=seconds,
    draft_tokens=tokens,
    target_tokens=tokens,
)
schedulers: st.SearchStrategy[Scheduler] = st.one_of(
    st.integers(0, 12).map(Sliding), st.integers(1, 12).map(Batch), st.sampled_from([Sliding(UNLIMITED), 4, "oracle"])
)


def by_runtime(episodes: list[Episode], scheduler: Scheduler | Lookahead) -> list[Row]:
    rows: list[Row] = []
    for episode in episodes:
        lookahead = Oracle.of(episode) if scheduler == "oracle" else scheduler
        (figures,) = run_episodes([episode], lookahead)
        assert figures.total_s is not None
        in_vain = figures.tokens("wasted") + figures.tokens("cancelled")
        rows.append((figures.total_s, figures.usage.output_tokens, in_vain, figures.calls_max))
    return rows


def by_model(found: Outcomes) -> list[Row]:
    return list(
        zip(*(x.tolist() for x in (found.total_s, found.output_tokens, found.wasted_tokens, found.calls_max)), strict=True)
    )


def drawn(setting: Setting, episodes: int, seed: int) -> Episodes:
    return Episodes.drawn(setting, episodes, np.random.default_rng(seed))


@calmly
@given(settings, schedulers, st.integers(0, 2**32))
def test_the_model_equals_the_runtime(setting: Setting, scheduler: Scheduler, seed: int) -> None:
    many = drawn(setting, 4, seed)
    found = outcomes(many, scheduler)
    live = by_runtime([many.one(number) for number in range(4)], scheduler)
    for ours, theirs in zip(by_model(found), live, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-9)
    assert total_s(many, scheduler).tolist() == found.total_s.tolist()


@calmly
@given(settings, st.integers(0, 2**32))
def test_an_episode_is_the_same_beside_others_and_by_itself(setting: Setting, seed: int) -> None:
    many = drawn(setting, 5, seed)
    again = Episodes.of([many.one(number) for number in range(5)])
    for scheduler in (Sliding(2), Batch(3)):
        assert by_model(outcomes(many, scheduler)) == by_model(outcomes(again, scheduler))
        assert by_model(outcomes(many[2:4], scheduler)) == by_model(outcomes(many, scheduler))[2:4]


@calmly
@given(settings, st.integers(0, 2**32))
def test_the_oracle_is_as_quick_as_unlimited_lookahead_and_wastes_nothing(setting: Setting, seed: int) -> None:
    many = drawn(setting, 20, seed)
    oracle = outcomes(many, "oracle")
    assert oracle.total_s.tolist() == outcomes(many, Sliding(UNLIMITED)).total_s.tolist()
    assert not oracle.wasted_tokens.any()


@calmly
@given(settings, st.integers(0, 2**32), st.integers(1, 6))
def test_more_lookahead_is_never_slower_and_nothing_is_slower_than_alone(setting: Setting, seed: int, k: int) -> None:
    many = drawn(setting, 20, seed)
    alone, less, more = (total_s(many, lookahead) for lookahead in (0, k, k + 1))
    assert np.all(less <= alone)
    assert np.all(more <= less)
    assert np.all(total_s(many, Batch(k)) <= alone)


@pytest.mark.parametrize("scheduler", [Sliding(2, width=2), Oracle((True,)), -1])
def test_what_the_model_does_not_know_is_refused(scheduler: Scheduler) -> None:
    with pytest.raises(BadOption, match="cannot be simulated many at once"):
        outcomes(drawn(Setting(steps=2), 1, 0), scheduler)


def test_episodes_of_different_lengths_do_not_stand_side_by_side() -> None:
    episodes = [Setting(steps=steps).draw(Random(0)) for steps in (2, 3)]
    with pytest.raises(BadOption, match="do not have one length"):
        Episodes.of(episodes)


# Mutants ------------------------------------------------------------------------------------------------------------

MIXED = Setting(accuracy=0.7, draft_s=LogNormal.by_mean(1, 0.5), target_s=LogNormal.by_mean(3, 1))


@dataclass(frozen=True)
class Mutant:
    """Sliding or batch, with a want dropped, or with one number changed."""

    name: str
    inner: Lookahead
    drops_deep_targets: bool = False
    drops_drafts_below_verdicts: bool = False

    def wants(self, frontier: Node) -> Iterator[Want]:
        for want in self.inner.wants(frontier):
            ahead = want.node.at - frontier.at
            deep = self.drops_deep_targets and want.role == "target" and ahead == 4
            corrected = self.drops_drafts_below_verdicts and want.role == "approximation" and ahead and not want.node.guesses
            if not deep and not corrected:
                yield want


@pytest.mark.parametrize(
    ("mutant", "original"),
    [
        (Mutant("one less", Sliding(3)), Sliding(4)),
        (Mutant("one more", Sliding(5)), Sliding(4)),
        (Mutant("no last target call", Sliding(4), drops_deep_targets=True), Sliding(4)),
        (Mutant("waits for the frontier", Sliding(4), drops_drafts_below_verdicts=True), Sliding(4)),
        (Mutant("no barrier", Sliding(4)), Batch(4)),
        (Mutant("a smaller batch", Batch(3)), Batch(4)),
        (Mutant("some speculation", Sliding(1)), Sliding(0)),
    ],
    ids=lambda entry: entry.name,
)
def test_a_scheduler_that_is_changed_a_little_comes_to_other_figures(mutant: Mutant, original: Lookahead) -> None:
    many = drawn(MIXED, 40, 1)
    episodes = [many.one(number) for number in range(40)]
    assert by_runtime(episodes, original) == [pytest.approx(row, abs=1e-9) for row in by_model(outcomes(many, original))]
    times, *_ = zip(*by_runtime(episodes, mutant), strict=True)
    assert sum(times) != pytest.approx(float(outcomes(many, original).total_s.sum()), rel=1e-6)
