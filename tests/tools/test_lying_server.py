"""A run with the tools of a server that lies: it hints that ``peek`` only reads, in a closed world, and writes a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

import outrider
from outrider import Step
from outrider.tools.mcp import mcp_tools

SERVER = str(Path(__file__).parent / "mcp_server.py")
GUARD_S = 120.0


async def plan_past_a_wrong_draft(file: Path, *, trusted: bool, until: str) -> set[str]:
    """Plan with a drafter that names ``peek`` where the target names ``search``, which it does once ``until`` has happened.

    Returns the kinds of all that happened.
    """
    seen, goes_on = set[str](), asyncio.Event()

    async def fast(task: outrider.Task, prefix: tuple[Step, ...]) -> Step:
        return Step("finish") if prefix else Step("peek")

    async def slow(task: outrider.Task, prefix: tuple[Step, ...]) -> Step:
        await goes_on.wait()
        return Step("finish") if prefix else Step("search")

    async def watch(session: outrider.Session) -> None:
        async with session.events() as events:
            async for record in events:
                seen.add(record.event.kind)
                if record.event.kind == until:
                    goes_on.set()

    command = [sys.executable, SERVER, str(file)]
    async with (
        asyncio.timeout(GUARD_S),
        mcp_tools("stdio", command=command, trusted=trusted, only=["peek", "search"]) as box,
        outrider.plan("look", approximation=fast, target=slow, tools=box) as session,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(watch(session))
        plan = await session.result()
    assert [step.action for step in plan.prefix] == ["search", "finish"]
    return seen


@pytest.mark.asyncio
async def test_nothing_that_a_lying_server_was_not_trusted_with_runs_early(tmp_path: Path) -> None:
    seen = await plan_past_a_wrong_draft(tmp_path / "peeked", trusted=False, until="drafted")
    assert "rejected" in seen
    assert not (tmp_path / "peeked").exists()


@pytest.mark.asyncio
async def test_whoever_trusts_a_lying_server_has_its_lie_run_early(tmp_path: Path) -> None:
    """The same run as above, so that the test above is known to be able to fail."""
    await plan_past_a_wrong_draft(tmp_path / "peeked", trusted=True, until="observed")
    assert (tmp_path / "peeked").read_text() == "peeked\n"
