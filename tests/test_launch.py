"""From names to a session: a run that was steered is gone on from with its sentences."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from outrider import Step, plan
from outrider.errors import UnknownName
from outrider.journal import JournalStore, MemoryJournal
from outrider.launch import Launch, Wanted, launch, understand
from outrider.naming import Models
from outrider.providers.prices import Prices
from outrider.testing import FakeAgent, run, steps

PATH = ("Colorization", "Image Captioning", "finish")
STEERED = "Tidy up Mind the cat."


def recorded(folder: Path, task: str) -> str:
    """A file of pairs with one task, as the name of an agent."""
    lines = [
        {"task": task, "at": at, "target": step, "target_s": 1.0, "draft": step, "draft_s": 0.5} for at, step in enumerate(PATH)
    ]
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return f"recorded:{file}"


async def steered(journal: JournalStore) -> None:
    """A session that is steered, and stopped after its first step."""
    target = FakeAgent(lambda prefix: Step(PATH[len(prefix)]), takes_s=1)
    async with plan("Tidy up", target=target, journal=journal, name="first") as session:
        session.steer("Mind the cat.")
        await asyncio.sleep(1.5)


async def launched(agent: str, journal: JournalStore) -> Launch:
    await steered(journal)
    understood = understand(Wanted(approximation=agent, target=agent, going_on_from="first"))
    async with Models(Prices()) as models:
        return await launch(understood, models, journal)


def test_a_steered_run_is_gone_on_from_with_its_sentences(tmp_path: Path) -> None:
    async def main() -> None:
        ready = await launched(recorded(tmp_path, STEERED), MemoryJournal())
        assert ready.task.text == STEERED
        async with ready.session() as session:
            assert (await session.result()).prefix == steps(*PATH)
            assert session.figures.steps == 2

    run(main())


def test_a_recording_of_the_task_without_the_sentence_does_not_hold_what_is_gone_on_from(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="has no task 'Tidy up Mind the cat"):
        run(launched(recorded(tmp_path, "Tidy up"), MemoryJournal()))
