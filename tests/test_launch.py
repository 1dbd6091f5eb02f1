"""From names to a session: a run that was steered is gone on from with its sentences."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from outrider import Declared, Step, plan
from outrider.errors import BadOption, UnknownName
from outrider.history import gone_on_from
from outrider.journal import JournalStore, MemoryJournal
from outrider.launch import Launch, Wanted, launch, understand
from outrider.naming import Models
from outrider.providers.prices import Prices
from outrider.testing import FakeAgent, FakeTools, run, steps
from outrider.tools import Toolbox, tool
from outrider.web.choices import choices

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


# One's own tools ------------------------------------------------------------------------------------------------------


def acted(*declared: Declared, name: str = "first", until_s: float = 60.0, **faked: Any) -> MemoryJournal:
    """A session that looks, then acts, left after so many seconds."""

    async def main() -> MemoryJournal:
        journal, path = MemoryJournal(), steps("look", "act", "finish")
        target = FakeAgent(lambda prefix: path[len(prefix)], takes_s=1)
        async with plan("Tidy up", target=target, journal=journal, name=name, tools=FakeTools(*declared, **faked)):
            await asyncio.sleep(until_s)
        return journal

    return run(main())


LOOK, ACT = Declared("look", "none"), Declared("act")


def test_a_plan_whose_steps_were_executed_is_gone_on_from_with_what_came_of_them() -> None:
    before = gone_on_from(acted(LOOK, ACT, until_s=2.5), "first", executes=True)
    assert [step.observation for step in before.plan.prefix] == ["look after 0 effects", "act after 0 effects"]


def test_an_effect_in_doubt_is_not_gone_on_from_without_a_word() -> None:
    journal = acted(LOOK, ACT, loses=lambda step, key: "after" if step.action == "act" else "")
    with pytest.raises(
        BadOption, match="step 1, act, of session first was begun, and whether it has had its effect is not known"
    ):
        gone_on_from(journal, "first", executes=True)
    assert gone_on_from(journal, "first", executes=True, settled="done").plan.prefix[1].observation == "done"
    assert gone_on_from(journal, "first", executes=True, run_again=True).plan.prefix[1].observation is None


def test_what_only_looks_is_never_in_doubt() -> None:
    journal = acted(LOOK, ACT, loses=lambda step, key: "before" if step.action == "look" else "")
    assert gone_on_from(journal, "first", executes=True).plan.prefix == steps("look")


def test_what_waits_for_approval_is_not_in_doubt() -> None:
    journal = acted(LOOK, Declared("act", approval="always"))
    before = gone_on_from(journal, "first", executes=True)
    assert [step.observation for step in before.plan.prefix] == ["look after 0 effects", None]


def test_nothing_is_settled_where_nothing_waits() -> None:
    with pytest.raises(BadOption, match="no step of session first waits to be executed; leave --settled out"):
        gone_on_from(acted(LOOK, ACT, until_s=2.5), "first", executes=True, settled="done")


def test_executed_steps_are_gone_on_from_with_tools_alone() -> None:
    with pytest.raises(BadOption, match="were executed"):
        gone_on_from(acted(LOOK, ACT, until_s=2.5), "first", executes=False)


def test_the_world_of_ones_own_tools_needs_some() -> None:
    with pytest.raises(BadOption, match="there are none; give some with --tools"):
        understand(Wanted(task="Tidy up", world="tools"))


@tool(effect="none")
def peek(at: str) -> str:
    """Looks at something."""
    return at


def test_a_servers_own_tools_are_a_world_that_can_be_chosen() -> None:
    toolbox = Toolbox([peek])
    understood = understand(Wanted(task="Tidy up", world="tools"), own_tools=toolbox)
    assert understood.world.toolbox is not None
    assert understood.world.toolbox("anything") is toolbox
    assert [action.name for action in understood.world.world("anything").actions] == ["peek", "finish"]
    worlds = choices(toolbox)["worlds"]
    assert isinstance(worlds, list)
    assert isinstance(worlds[-1], dict)
    assert worlds[-1]["name"] == "tools"
