"""Law 10: two sessions in one process share nothing unless given it."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from outrider import Sliding
from outrider.rules import Lookahead
from outrider.testing import run

from . import checks
from .worlds import Deed, Run, World, calm_worlds, drive, live, lookaheads, slidings, stops, worlds


async def _side_by_side(worlds: list[World], lookahead: Lookahead, deeds: list[list[Deed]]) -> list[Run]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live(world, lookahead, deeds=done)) for world, done in zip(worlds, deeds, strict=True)]
    return [task.result() for task in tasks]


@given(st.lists(calm_worlds, min_size=2, max_size=4), slidings)  # in a batch, which of two answers came first matters
def test_a_session_runs_as_if_it_were_alone_in_the_process(worlds: list[World], lookahead: Sliding) -> None:
    for ours in run(_side_by_side(worlds, lookahead, [[] for _ in worlds])):
        apart = drive(ours.world, lookahead)
        assert ours.plan == apart.plan
        assert ours.confirmed_s == apart.confirmed_s


@given(worlds, worlds, lookaheads, stops)
def test_stopping_one_session_leaves_the_other_alone(first: World, second: World, lookahead: Lookahead, stop: list[Deed]) -> None:
    stopped, other = run(_side_by_side([first, second], lookahead, [stop, []]))
    checks.every_law(stopped)
    checks.every_law(other)
    assert other.plan == drive(second, lookahead).plan
