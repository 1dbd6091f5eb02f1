"""The simulated provider: prices, load, rate limits, failures, and what cancelled calls have used."""

import random

import pytest

from outrider.errors import BadOption
from outrider.simulate import Constant, Episode, Provider, Setting, run_episode, run_episodes
from outrider.simulate.runtime import session_of
from outrider.testing import run

ALWAYS = Setting(steps=6, accuracy=1.0, draft_s=Constant(1), target_s=Constant(4))
NEVER = Setting(steps=6, accuracy=0.0, draft_s=Constant(1), target_s=Constant(4))


def drawn(setting: Setting) -> Episode:
    return setting.draw(random.Random(0))


def test_tokens_cost_what_the_provider_charges_for_the_role() -> None:
    figures = run_episode(drawn(ALWAYS), 8, provider=Provider(draft_price=1, target_price=10))
    assert figures.usage.cost_usd == pytest.approx((6 * 20 * 1 + 6 * 100 * 10) / 1e6)
    assert figures.usage.counted == "reported"


def test_an_unknown_price_is_not_nothing() -> None:
    assert run_episode(drawn(ALWAYS), 4).usage.cost_usd is None


def test_a_cancelled_call_has_used_its_share_of_the_tokens() -> None:
    # The first draft is there at 1, wrong. Below it: a target call from 1 to 4, which would take until 5; a draft from 1 to 2;
    # a target call from 2 to 4; a draft from 2 to 3; a target call from 3 to 4; a draft that is there at 4, with the verdict.
    one = drawn(Setting(steps=1, accuracy=0.0, draft_s=Constant(1), target_s=Constant(4)))
    figures = run_episode(one, 9)
    assert figures.tokens("cancelled") == 75 + 50 + 25 + 20
    assert figures.tokens("wasted") == 3 * 20
    assert figures.usage.counted == "estimated"


def test_calls_in_flight_slow_the_next_one_down() -> None:
    # Alone there is never another call. With lookahead 1, the draft begins beside the target's call: it takes 1 + 0.5 times as
    # long, and the second target call, begun beside two others that are still under way, twice as long or less.
    assert run_episode(drawn(ALWAYS), 0, provider=Provider(slowdown=0.5)).total_s == 24
    free = run_episode(drawn(ALWAYS), 8)
    slow = run_episode(drawn(ALWAYS), 8, provider=Provider(slowdown=0.5))
    assert free.total_s == 9
    assert slow.total_s is not None
    assert slow.total_s > 9
    by_hand = run_episode(drawn(Setting(steps=2, accuracy=1.0, draft_s=Constant(1), target_s=Constant(4))), 1,
                          provider=Provider(slowdown=0.5))  # fmt: skip
    # target 0: 0 to 4; draft 0: 0 to 1.5; target 1, second in flight: 1.5 to 7.5.
    assert by_hand.total_s == 7.5


def test_a_rate_limit_spaces_calls_evenly() -> None:
    # A call every 2 s: target 0 at once, draft 0 from 2 to 3, target 1 from 4, draft 1 from 6, target 2 from 8 to 12.
    three = drawn(Setting(steps=3, accuracy=1.0, draft_s=Constant(1), target_s=Constant(4)))
    assert run_episode(three, 0, provider=Provider(calls_per_minute=30)).total_s == 12
    assert run_episode(three, 1, provider=Provider(calls_per_minute=30)).total_s == 12


def test_a_failed_draft_only_costs_time_and_a_failed_target_call_ends_the_run() -> None:
    episodes = [ALWAYS.draw(random.Random(seed)) for seed in range(60)]
    found = [run(session_of(entry, 4, provider=Provider(failures=0.05, seed=seed))) for seed, entry in enumerate(episodes)]
    ended = [session.plan.complete for session in found]
    assert any(ended)
    assert not all(ended)
    assert any(session.plan.complete and session.figures.calls("failed") for session in found)


def test_failures_hang_on_the_seed_alone() -> None:
    episodes = [ALWAYS.draw(random.Random(seed)) for seed in range(5)]
    first, again, other = (
        [figures.as_json() for figures in run_episodes(episodes, 4, provider=Provider(failures=0.3, seed=seed))]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_with_every_call_failing_nothing_is_planned_and_no_token_charged() -> None:
    figures = run_episode(drawn(NEVER), 4, provider=Provider(failures=1.0))
    assert (figures.steps, figures.total_s, figures.tokens("failed")) == (0, 4.0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slowdown": -1}, {"slowdown": float("nan")}, {"calls_per_minute": 0}, {"failures": 2}, {"draft_price": -1},
        {"target_price": float("nan")}, {"target_price": float("inf")}, {"slowdown": float("inf")},
    ],
)  # fmt: skip
def test_a_provider_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        Provider(**wrong)  # type: ignore[arg-type]  # that is the point
