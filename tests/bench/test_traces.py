"""A recorded run as two agents."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from outrider.agents.agent import Meter
from outrider.bench.traces import TokenPrices, TraceAgent
from outrider.errors import NoStep
from outrider.model import Answer, Prefix, Role, Step, Task, Usage
from outrider.testing import run

from .making import trace

FOUND = trace("yny")
ON_IT, OFF_IT = (Step("step 0"),), (Step("elsewhere"),)


def ask(role: Role, prefix: Prefix, close_after_s: float = 99.0) -> tuple[Answer | None, float, Usage]:
    async def asked() -> tuple[Answer | None, float, Usage]:
        meter, answer = Meter(), None
        agent = TraceAgent(role, FOUND, TokenPrices(target=10, draft=1))
        try:
            async with asyncio.timeout(close_after_s):
                answer = await agent.next_step(Task("tea"), prefix, meter)
        except TimeoutError:
            pass
        return answer, asyncio.get_running_loop().time(), meter.usage

    return run(asked())


@pytest.mark.parametrize("prefix", [ON_IT, OFF_IT])
def test_an_answer_is_the_one_recorded_for_its_position_on_the_path_and_off_it(prefix: Prefix) -> None:
    assert ask("target", prefix) == (Answer((Step("step 1"),)), 3.0, Usage(output_tokens=20, counted="estimated", cost_usd=2e-4))
    assert ask("approximation", prefix) == (
        Answer((Step("wrong"),)), 1.0, Usage(output_tokens=5, counted="estimated", cost_usd=5e-6)
    )  # fmt: skip


def test_a_call_that_is_closed_has_used_its_share() -> None:
    assert ask("target", ON_IT, close_after_s=1.5)[1:] == (
        1.5, Usage(output_tokens=10, counted="estimated", cost_usd=1e-4)
    )  # fmt: skip


def test_beyond_what_is_recorded_there_is_no_answer() -> None:
    with pytest.raises(NoStep, match="3 steps of this task"):
        ask("target", (*ON_IT, *OFF_IT, *OFF_IT))


def test_a_drafter_without_a_guess_says_so_after_its_time() -> None:
    rows = tuple(replace(row, drafts=()) for row in FOUND.rows)

    async def asked() -> float:
        with pytest.raises(NoStep, match="no guess for step 0"):
            await TraceAgent("approximation", replace(FOUND, rows=rows), TokenPrices()).next_step(Task("tea"), (), Meter())
        return asyncio.get_running_loop().time()

    assert run(asked()) == 1.0


def test_the_most_a_call_can_use_is_what_is_recorded() -> None:
    agent = TraceAgent("target", FOUND, TokenPrices())
    most = agent.most(Task("tea"), ON_IT)
    assert most is not None
    assert most.output_tokens == 20
    assert agent.most(Task("tea"), ON_IT * 3) is None
