"""From names on a command line to agents: every form, and no secret in a name or an error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from outrider.agents.agent import Agent
from outrider.agents.kinds import KINDS
from outrider.agents.recorded import RecordedAgent
from outrider.errors import AccessRefused, BadOption, ModelMissing, OutriderError, UnknownName
from outrider.model import Role
from outrider.naming import (
    KEY_FOR_URLS,
    OPENAI_COMPATIBLE,
    Models,
    agent_named,
    check_agent,
    drafters_named,
    is_local_agent,
)
from outrider.providers.prices import Prices
from outrider.testing import run
from outrider.worlds import FREE

PASSWORD, KEY = "hunter22hunter22", "abcdefgh12345678"
URL = f"http://me:{PASSWORD}@127.0.0.1:9/v1?key={KEY}"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (KEY_FOR_URLS, "ANTHROPIC_API_KEY", *(variable for _, variable in OPENAI_COMPATIBLE.values() if variable)):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"task": "t", "at": 0, "target": "a", "target_s": 1, "draft": "a", "draft_s": 1}))
    return file


def named(text: str, role: Role = "target") -> Agent:
    async def main() -> Agent:
        async with Models(Prices()) as models:
            return await agent_named(text, role=role, world=FREE, models=models)

    return asyncio.run(main())  # reading a model file takes a thread, which virtual time would run away from


def refused(text: str) -> OutriderError:
    with pytest.raises(OutriderError) as caught:
        named(text)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["http://127.0.0.1:9/v1#qwen", "ollama:qwen"])
def test_every_kind_goes_with_a_model_at_a_url_and_a_vendors(kind: str, model: str) -> None:
    assert named(f"{kind}@{model}").name == f"{kind}@qwen"


@pytest.mark.parametrize("vendor", [vendor for vendor, (_, variable) in OPENAI_COMPATIBLE.items() if variable])
def test_a_vendor_needs_its_key_and_the_message_says_where_to_put_it(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = OPENAI_COMPATIBLE[vendor][1]
    error = refused(f"direct@{vendor}:some-model")
    assert isinstance(error, AccessRefused)
    assert str(error) == f"{vendor}:some-model needs a key; set the environment variable {variable}"
    monkeypatch.setenv(variable, KEY)
    assert KEY not in named(f"direct@{vendor}:some-model").name


def test_a_models_name_may_hold_colons_and_slashes() -> None:
    assert named("direct@ollama:library/qwen3:0.6b").name.endswith("library/qwen3:0.6b")


def test_a_url_needs_the_models_name() -> None:
    for text in ("direct@http://127.0.0.1:9/v1", "direct@http://127.0.0.1:9/v1#"):
        error = refused(text)
        assert isinstance(error, BadOption)
        assert "#NAME is missing" in str(error)


def test_a_wrong_url_is_refused_before_anything_is_sent() -> None:
    for text in ("direct@http://#qwen", "direct@http://a b/v1#qwen"):
        assert isinstance(refused(text), BadOption)


def test_no_secret_of_a_url_is_in_the_agents_name() -> None:
    name = named(f"direct@{URL}#qwen").name
    assert PASSWORD not in name
    assert KEY not in name


@pytest.mark.parametrize(
    "text",
    [
        f"direct@{URL}",
        f"direct@http://me:{PASSWORD}@#qwen",
        f"{URL}#qwen",
        f"nonsense@{URL}#qwen",
        f"https://me:{PASSWORD}@host/v1#qwen",
        f"direct@ftp://me:{PASSWORD}@host/v1?key={KEY}#qwen",
        f"direct@//me:{PASSWORD}@host/v1?key={KEY}#qwen",
        f"recorded:{URL}@fastx",
    ],
)
def test_no_secret_of_a_url_is_in_an_error(text: str) -> None:
    message = str(refused(text))
    assert PASSWORD not in message
    assert KEY not in message


@pytest.mark.parametrize(
    "text", ["", "oracle", "oracle@local", "@local", "direct@gpt", "direct@openai:", "direct@:x", "direct@nobody:x"]
)
def test_a_name_that_is_none_is_said_with_what_could_be_meant(text: str) -> None:
    error = refused(text)
    assert isinstance(error, UnknownName)
    assert any(word in str(error) for word in ("KIND@MODEL", "openai:NAME", "vendor:model"))


def test_a_model_file_that_is_missing_or_none_is_named_with_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", exc_type=ImportError)
    missing = refused(f"direct@{tmp_path / 'nowhere.gguf'}")
    assert isinstance(missing, ModelMissing)
    assert "nowhere.gguf" in str(missing)
    (tmp_path / "no.gguf").write_text("hello")
    assert "is no GGUF file" in str(refused(f"direct@{tmp_path / 'no.gguf'}"))


@pytest.mark.parametrize(("ending", "name"), [("", ""), ("@10x", "@10x"), ("@10", "@10x"), ("@0.5x", "@0.5x")])
def test_a_recording_may_run_faster_or_slower(pairs: Path, ending: str, name: str) -> None:
    agent = named(f"recorded:{pairs}{ending}")
    assert isinstance(agent, RecordedAgent)
    assert agent.name == f"recorded:pairs.jsonl{name}"


def test_a_recordings_path_may_hold_an_at_sign(pairs: Path) -> None:
    other = pairs.rename(pairs.with_name("a@b.jsonl"))
    assert named(f"recorded:{other}@2x").name == "recorded:a@b.jsonl@2x"


@pytest.mark.parametrize("ending", ["@0x", "@1.2.3x", "@.x"])
def test_a_recordings_speed_must_be_a_number_above_nothing(pairs: Path, ending: str) -> None:
    error = refused(f"recorded:{pairs}{ending}")
    assert isinstance(error, BadOption)
    assert "speed" in str(error)


def test_a_recording_in_the_place_of_a_model_is_told_from_an_unknown_vendor(pairs: Path) -> None:
    assert "is an agent, not a model" in str(refused(f"direct@recorded:{pairs}"))


def test_agents_that_name_the_same_model_share_it() -> None:
    async def main() -> bool:
        async with Models(Prices()) as models:
            first, second = await models.named("ollama:qwen", "approximation"), await models.named("ollama:qwen", "target")
            other = await models.named("ollama:other", "target")
            return first is second and first is not other

    assert run(main())


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("direct", True), ("cot@local", True), ("direct@some/file.gguf", True), ("direct@http://host/file.gguf", False),
        ("direct@ollama:qwen", False), ("recorded:pairs.jsonl", False), ("direct@http://host/v1#a.gguf", False),
    ],
)  # fmt: skip
def test_which_agents_compute_on_this_machine(text: str, local: bool) -> None:
    assert is_local_agent(text) is local


@pytest.mark.parametrize("text", ["direct*3", "direct@local*3", "recall+direct*2", "direct@ollama:qwen*3+recall"])
def test_a_drafter_may_be_told_how_many_guesses_to_give(text: str) -> None:
    check_agent(text, "approximation")
    assert [name.partition("*")[0] for name in drafters_named(text)] == [part.partition("*")[0] for part in text.split("+")]


def test_a_drafter_with_guesses_has_them_in_its_name_and_one_model_with_the_others() -> None:
    assert named("direct@ollama:qwen*3", "approximation").name == "direct@qwen*3"
    assert is_local_agent("direct@local*3")
    assert not is_local_agent("direct@ollama:qwen*3")


@pytest.mark.parametrize(
    ("text", "role", "said"),
    [
        ("direct@local*3", "target", "leave *3 out"),
        ("cot@local*3", "approximation", "only direct@MODEL*3 does"),
        ("nobody*3", "approximation", "is not known"),
    ],
)
def test_who_cannot_give_several_guesses_is_told(text: str, role: Role, said: str) -> None:
    with pytest.raises(OutriderError, match=said.replace("*", r"\*")):
        check_agent(text, role)


@pytest.mark.parametrize("guesses", [0, 9999])
def test_a_number_of_guesses_that_makes_no_sense_is_refused(guesses: int) -> None:
    with pytest.raises(BadOption, match=f"{guesses} guesses"):
        named(f"direct@ollama:qwen*{guesses}", "approximation")
