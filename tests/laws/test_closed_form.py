"""The time of a run, computed from the agents' durations alone, and the figures beside it."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from outrider import Batch, Sliding, Step
from outrider.model import Prefix

from .worlds import Deed, World, alone, calm_worlds, drive, quarters, seeds, slidings


def sliding_confirmed_s(world: World, lookahead: Sliding) -> list[float]:
    """When each step is confirmed.

    A prefix is known when its step's draft is there and was right, or else when the verdict before it is. Its target call
    starts then; its draft too, if it is on the most likely branch. The lookahead lets step i be drafted once step i-k is
    confirmed. ``on_line_s`` is when the prefix is on the most likely branch, ``asked_s`` when its target call starts.
    """
    k, width = lookahead.k, lookahead.width
    path = [entry.step for entry in alone(world).plan.steps]
    confirmed_s: list[float] = []
    asked_s = on_line_s = 0.0
    for at, step in enumerate(path):
        prefix = tuple(path[:at])
        verdict_s = asked_s + world.target_s(prefix)
        confirmed_s.append(max(verdict_s, *confirmed_s, 0.0))
        gate_s = confirmed_s[at - k] if at >= k else 0.0
        draft_from_s = max(on_line_s, gate_s)
        draft_s = draft_from_s + world.draft_s(prefix)
        guesses = world.guessed(prefix)[:width] if k and draft_from_s < verdict_s and draft_s <= verdict_s else []
        by_verdict_s = max(verdict_s, on_line_s, gate_s)
        asked_s = draft_s if step in guesses else by_verdict_s
        on_line_s = draft_s if step in guesses[:1] else by_verdict_s
    return confirmed_s


@given(calm_worlds, slidings)
def test_every_step_is_confirmed_when_the_closed_form_says(world: World, lookahead: Sliding) -> None:
    assert drive(world, lookahead).confirmed_s == sliding_confirmed_s(world, lookahead)


@given(calm_worlds)
def test_with_unlimited_lookahead_a_prefix_is_known_at_the_earlier_of_draft_and_verdict(world: World) -> None:
    world = replace(world, guesses=1)
    ours = drive(world, Sliding(20))
    known_s = end_s = 0.0
    for at, entry in enumerate(ours.plan.steps):
        prefix = ours.plan.prefix[:at]
        verdict_s = known_s + world.target_s(prefix)
        end_s = max(end_s, verdict_s)
        right = world.guessed(prefix) == [entry.step]
        known_s = min(known_s + world.draft_s(prefix), verdict_s) if right else verdict_s
    assert ours.total_s == end_s
    assert ours.figures.oracle_s == end_s


@given(calm_worlds, slidings)
def test_the_figures_compare_with_the_target_alone_and_the_oracle(world: World, lookahead: Sliding) -> None:
    ours = drive(world, lookahead)
    assert ours.figures.target_alone_s == alone(world).total_s
    assert ours.figures.saved_s == ours.figures.target_alone_s - ours.total_s >= 0
    if lookahead.width == 1:
        assert ours.figures.oracle_s <= ours.total_s


# The published loop -------------------------------------------------------------------------------------------------


def batch_confirmed_s(world: World, k: int) -> list[float]:
    """As published: k drafts one after another, each with its target call; a barrier; the next batch."""
    path = [entry.step for entry in alone(world).plan.steps]
    confirmed_s: list[float] = []
    base, known_s = 0, 0.0
    for at, step in enumerate(path):
        prefix = tuple(path[:at])
        confirmed_s.append(max(known_s + world.target_s(prefix), *confirmed_s, 0.0))
        if world.guessed(prefix)[0] != step or at + 1 == base + k:
            base, known_s = at + 1, confirmed_s[-1]
        else:
            known_s += world.draft_s(prefix)
    return confirmed_s


slow_targets = st.builds(
    World, seed=seeds, length=st.integers(0, 10), agreement=st.integers(0, 100), draft_quarters=quarters,
    target_quarters=st.tuples(st.integers(7, 16), st.integers(16, 24)),
)  # fmt: skip
"""As in the paper, a draft is always there before its verdict."""


@given(slow_targets, st.integers(1, 6))
def test_a_batch_takes_the_time_that_the_published_loop_takes(world: World, k: int) -> None:
    assert drive(world, Batch(k)).confirmed_s == batch_confirmed_s(world, k)


@given(slow_targets, st.integers(1, 6))
def test_sliding_is_never_slower_than_the_published_loop(world: World, k: int) -> None:
    assert drive(world, Sliding(k)).total_s <= drive(world, Batch(k)).total_s


# By hand ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByHand(World):
    """Five steps and a finish. Drafts take 1 s; the target's answers take as long as listed; ``wrong`` names bad drafts."""

    takes: tuple[float, ...] = (3, 4, 3, 4, 3, 3)
    wrong: frozenset[int] = frozenset()

    def verdict(self, prefix: Prefix) -> Step:
        return Step("finish" if len(prefix) == 5 else f"step-{len(prefix)}")

    def guessed(self, prefix: Prefix) -> list[Step]:
        right = all(step == self.verdict(prefix[:at]) for at, step in enumerate(prefix))
        return [Step("wrong") if not right or len(prefix) in self.wrong else self.verdict(prefix)]

    def draft_s(self, prefix: Prefix) -> float:
        return 1.0

    def target_s(self, prefix: Prefix) -> float:
        return self.takes[len(prefix)]


def test_by_hand_all_right() -> None:
    # Prefixes are known at 0, 1, 2, 3 by drafts. k = 4 lets step 4 be drafted once step 0 is confirmed, at 3: not before
    # the draft of step 3 is there, at 4; so step 4's prefix is known at 4 and its draft is there at 5.
    # Verdicts: 0+3=3, 1+4=5, 2+3=5, 3+4=7, 4+3=7, 5+3=8.
    ours = drive(ByHand(), Sliding(4))
    assert ours.confirmed_s == [3, 5, 5, 7, 7, 8]
    assert ours.figures.oracle_s == 8
    assert ours.figures.target_alone_s == 3 + 4 + 3 + 4 + 3 + 3


def test_by_hand_first_wrong() -> None:
    # Step 0's verdict is in at 3 and corrects it: prefix 1 is known at 3, then 4, 5, 6, 7 by drafts (step 5 is drafted
    # from 7, when steps 0 and more are confirmed). Verdicts: 3, 3+4=7, 4+3=7, 5+4=9, 6+3=9, 7+3=10.
    ours = drive(ByHand(wrong=frozenset({0})), Sliding(4))
    assert ours.confirmed_s == [3, 7, 7, 9, 9, 10]
    assert ours.figures.oracle_s == 10


def test_by_hand_third_wrong() -> None:
    # Prefixes 0, 1, 2 known at 0, 1, 2. Step 2's verdict is in at 2+3=5 and corrects it: prefix 3 at 5, 4 at 6, 5 at 7.
    # Verdicts: 3, 5, 5, 5+4=9, 6+3=9, 7+3=10.
    ours = drive(ByHand(wrong=frozenset({2})), Sliding(4))
    assert ours.confirmed_s == [3, 5, 5, 9, 9, 10]


def test_by_hand_a_verdict_beyond_the_frontier_corrects_at_once() -> None:
    # Step 0's verdict takes 9 s. Step 1 is known at 1, its verdict is in at 1+2=3 and corrects the draft; prefix 2 is
    # known at 3 although the frontier stands at 0 until 9. Prefixes 3 and 4 at 4 and 5; verdicts 3+3=6, 4+3=7, 5+3=8.
    # Step 4 may be drafted only once step 0 is confirmed, at 9: prefix 5 is known at 9 by the draft's own verdict... the
    # verdict on prefix 4 is in at 8, but prefix 5 lies beyond the lookahead until 9: its verdict is in at 9+3=12.
    world = ByHand(takes=(9, 2, 3, 3, 3, 3), wrong=frozenset({1}))
    assert drive(world, Sliding(4)).confirmed_s == [9, 9, 9, 9, 9, 12]


def test_by_hand_in_batches_all_right() -> None:
    # Batch 1 is steps 0-3, known at 0, 1, 2, 3; verdicts 3, 5, 5, 7; the barrier falls at 7.
    # Batch 2 is steps 4 and 5, known at 7 and 8; verdicts 7+3=10, 8+3=11.
    ours = drive(ByHand(), Batch(4))
    assert ours.confirmed_s == [3, 5, 5, 7, 10, 11]


def test_by_hand_in_batches_first_wrong() -> None:
    # The first batch ends at 3 with its first verdict. The second is steps 1-4, known at 3, 4, 5, 6; verdicts 7, 7, 9, 9.
    # The third is step 5, known at 9; verdict 12.
    ours = drive(ByHand(wrong=frozenset({0})), Batch(4))
    assert ours.confirmed_s == [3, 7, 7, 9, 9, 12]


def test_by_hand_in_batches_third_wrong() -> None:
    # Steps 0, 1, 2 known at 0, 1, 2; verdicts 3, 5, 5. The third is a mismatch and every verdict before it is in, so the
    # batch ends at 5. The second is steps 3-5, known at 5, 6, 7; verdicts 9, 9, 10.
    ours = drive(ByHand(wrong=frozenset({2})), Batch(4))
    assert ours.confirmed_s == [3, 5, 5, 9, 9, 10]


def test_by_hand_the_person_counts_with_the_targets_mean() -> None:
    # The person takes the first draft at 2 s (shown at 1). The target's other answers take 4, 3, 4, 3, 3: mean 3.4.
    # Prefix 1 was known at 1 by the draft, so verdicts: 1+4=5, 2+3=5, 3+4=7, 4+3=7, 5+3=8.
    ours = drive(ByHand(), Sliding(4), deeds=[Deed(8, "take the draft")])
    assert ours.confirmed_s == [2, 5, 5, 7, 7, 8]
    assert ours.figures.person_steps == 1
    assert abs(ours.figures.target_alone_s - (3.4 + 17)) < 1e-9
    assert abs(ours.figures.person_saved_s - (3.4 - 2)) < 1e-9
