"""The jam: a server that every call in flight makes slower. Lookahead by value learns it, and leaves the target alone with it."""

from __future__ import annotations

import random

import pytest

from outrider.model import Role
from outrider.rules import ByValue, Lookahead, Sliding
from outrider.runtime import plan
from outrider.simulate.episode import Setting
from outrider.simulate.provider import Provider
from outrider.simulate.runtime import SimulatedAgent
from outrider.testing import run

RUNS = 25

ROLES: tuple[Role, Role] = ("approximation", "target")


def total_s(lookahead: Lookahead, slowdown: float) -> float:
    """The seconds of the same runs, one after another; what one has learned, the next one knows."""
    rng = random.Random(3)
    episodes = [Setting().draw(rng) for _ in range(RUNS)]

    async def all_of_them() -> float:
        total, known = 0.0, ""
        for episode in episodes:
            server = Provider(draft_price=1.0, target_price=10.0, slowdown=slowdown)
            fast, slow = (SimulatedAgent(role, episode, server) for role in ROLES)
            made = plan("simulated", approximation=fast, target=slow, lookahead=lookahead, known=known, max_steps=30)
            async with made:
                await made.result()
            known = made.learned
            total += made.figures.total_s or 0.0
        return total

    return run(all_of_them())


@pytest.mark.parametrize("hour_worth", [30.0, float("inf")])
def test_where_speculation_jams_the_server_auto_stays_near_the_target_alone(hour_worth: float) -> None:
    alone_s = total_s(Sliding(0), 1.0)
    assert total_s(Sliding(4), 1.0) > 1.1 * alone_s, "a fixed lookahead loses"
    assert total_s(ByValue(hour_worth), 1.0) < 1.05 * alone_s, "what learning it costs is in there"


def test_where_it_does_not_auto_gains() -> None:
    assert total_s(ByValue(30.0), 0.0) < 0.7 * total_s(Sliding(0), 0.0)
