"""What one gets wrong the first time is said in a sentence, at once, and nothing waits for ever."""

from __future__ import annotations

from typing import Any

import pytest

import outrider
from outrider.errors import BadOption, NotNow, TargetFailed
from outrider.testing import ScriptedAgent, run


def test_a_session_that_was_not_entered_says_how_to_start_it() -> None:
    async def main() -> None:
        session = outrider.plan("a trip", target=ScriptedAgent("go"))
        with pytest.raises(NotNow, match=r"async with outrider\.plan"):
            await session.result()
        with pytest.raises(NotNow, match=r"async with outrider\.plan"):
            session.take("go")
        with pytest.raises(NotNow, match=r"async with outrider\.plan"):
            session.stop()

    run(main())


def test_a_stream_that_was_not_entered_says_how_to_open_it() -> None:
    async def main() -> None:
        async with outrider.plan("a trip", target=ScriptedAgent("go")) as session:
            with pytest.raises(NotNow, match=r"async with …\.events\(\) as events"):
                await anext(session.events())

    run(main())


def test_a_journal_that_is_only_a_path_is_refused() -> None:
    journal: Any = "journal.sqlite3"
    with pytest.raises(BadOption, match="SqliteJournal"):
        outrider.plan("a trip", target=ScriptedAgent("go"), journal=journal)


def test_an_agent_that_is_not_async_is_said_to_be_so() -> None:
    def target(task: outrider.Task, prefix: tuple[outrider.Step, ...]) -> str:
        return "finish"

    wrong: Any = target

    async def main() -> None:
        async with outrider.plan("a trip", target=wrong) as session:
            with pytest.raises(TargetFailed, match="target is not async; define it with async def"):
                await session.result()

    run(main())
