"""Law 9 for a lookahead that learns: what it decided follows from what was recorded, and from nothing else."""

import asyncio
from typing import get_args

from hypothesis import given

from outrider import plan
from outrider.errors import RunEnded
from outrider.rules import ByValue, Rules
from outrider.rules.events import Opened, Record, Report, Start, Started
from outrider.testing import run

from .worlds import TASK, Deed, Notes, World, by_value, deeds, drive, worlds

REPORTS = get_args(Report)


def again(records: list[Record], lookahead: ByValue) -> Rules:
    """The same reports at the same times; every finding has to be the one that was recorded, every call one that was ordered."""
    opened = records[0].event
    assert isinstance(opened, Opened)
    rules = Rules(lookahead=lookahead, max_steps=opened.max_steps)
    expected = iter(records)
    ordered: dict[int, Start] = {}
    for record in expected:
        if not isinstance(record.event, REPORTS):
            continue
        decision = rules.receive(record.event, record.time_s)
        for finding in decision.findings:
            assert next(expected).event == finding
        ordered |= {order.call: order for order in decision.orders if isinstance(order, Start)}
        if isinstance(record.event, Started):
            order = ordered[record.event.call]
            assert (order.role, order.at) == (record.event.role, record.event.at)
    return rules


@given(worlds, by_value, deeds)
def test_the_same_records_give_the_same_decisions_and_teach_the_same(world: World, lookahead: ByValue, done: list[Deed]) -> None:
    ours = drive(world, lookahead, deeds=done)
    assert again(ours.records, lookahead).learned == again(ours.records, lookahead).learned


async def _one_after_another(world: World, lookahead: ByValue, runs: int) -> list[tuple[list[Record], str]]:
    known, done = "", list[tuple[list[Record], str]]()
    for _ in range(runs):
        notes = Notes()
        session = plan(
            TASK, approximation=world.drafter(), target=world.target(), lookahead=lookahead, max_steps=20, journal=notes,
            known=known,
        )  # fmt: skip
        async with session:
            try:
                await session.result()
            except RunEnded:
                await asyncio.sleep(0)
        known = session.learned
        done.append((notes.records, known))
    return done


@given(worlds, by_value)
def test_what_a_session_began_with_stands_in_its_records(world: World, lookahead: ByValue) -> None:
    for records, learned in run(_one_after_another(world, lookahead, 3)):
        assert again(records, lookahead).learned == learned
