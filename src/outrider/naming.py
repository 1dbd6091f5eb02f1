"""From a name on a command line to an agent: ``cot@openai:gpt-5``, ``recorded:pairs.jsonl@10x``, ``recall+direct@local*3``."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, TypeAlias

from outrider.agents.agent import Agent
from outrider.agents.kinds import KINDS, Direct, agent_of_kind
from outrider.agents.model import Model
from outrider.agents.recall import RECALL, Memory, RecallAgent
from outrider.agents.recorded import RecordedAgent
from outrider.agents.several import Several
from outrider.agents.topk import TopK
from outrider.agents.world import World
from outrider.errors import AccessRefused, BadOption, UnknownName
from outrider.model import Role
from outrider.providers.prices import Prices
from outrider.providers.trouble import IDLE_S
from outrider.worlds import NAMED_WORLDS

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many bytes of how many have arrived."""

LOCAL: Final = "local"

OPENAI_COMPATIBLE: Final = {
    "openai": ("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "ollama": ("http://127.0.0.1:11434/v1", ""),
}
"""Vendors whose endpoint speaks OpenAI's protocol: address, and the environment variable that holds the key."""

KEY_FOR_URLS: Final = "OUTRIDER_API_KEY"
"""The environment variable with the key for a MODEL that is a URL."""

SILENCE_FROM: Final = "OUTRIDER_SILENCE_S"
"""The environment variable that says how many seconds a model's server may be silent before its call counts as failed."""

_SECRET_IN_URL: Final = re.compile(r"(?<=//)[^/\s]+@|(?<=\?)[^#\s]+")
"""The user and password of a URL, and its query."""

NO_MODEL: Final = {
    name: tuple(world.name for world in NAMED_WORLDS.values() if name in world.agents)
    for world in NAMED_WORLDS.values()
    for name in world.agents
}
"""Agents that plan without a model, and in which worlds."""

_FIRST_WORDS: Final = (RECALL, *KINDS, *sorted({name.partition("@")[0] for name in NO_MODEL}))

_BETWEEN_DRAFTERS: Final = re.compile(rf"\+(?=recorded:|(?:{'|'.join(_FIRST_WORDS)})(?:[@+*]|$))")
"""The + between two drafters' names: another one follows it. File names and models may hold a + too."""

GUESSES_ALONE: Final = 2
"""So many guesses for a step are recalled where nobody else drafts; beside another drafter, one."""

_GUESSES: Final = re.compile(r"(?P<agent>(?!recorded:).+)\*(?P<guesses>[0-9]{1,4})")
"""A drafter that gives several guesses for a step: its name, and how many."""

_RECORDED = re.compile(r"recorded:(?P<file>.+?)(@(?P<speed>[0-9.]+)x?)?")
_HOW_TO_NAME: Final = "local, a GGUF file, openai:NAME, anthropic:NAME or another vendor's, or URL#NAME"


class Models:
    """The models that a command line names. Each is made once and shared by the agents over it; leaving closes them.

    Args:
        prices: what tokens cost.
        slots: how many calls the target's model is to answer at once, where it runs in this process.
        threads: processor threads for each of those calls.
        progress: told how much of the embedded model has arrived, when it is fetched.
    """

    def __init__(
        self, prices: Prices, *, slots: int = 4, threads: int = 1, progress: Progress = lambda arrived, total: None
    ) -> None:
        self._prices = prices
        self._slots = slots
        self._threads = threads
        self._progress = progress
        self._open: dict[tuple[str, Role], Model] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Models:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def named(self, text: str, role: Role) -> Model:
        """The model that ``text`` names, ready to be asked.

        Raises:
            UnknownName, BadOption: it names none.
            AccessRefused: its key is missing.
            ModelMissing: its file is not there and cannot be had.
        """
        key = (text, role if _is_local(text) else "target")
        if key not in self._open:
            model = await self._make(text, role)
            self._open[key] = model
            self._stack.push_async_callback(model.close)
        return self._open[key]

    async def _make(self, text: str, role: Role) -> Model:
        if _is_local(text):
            from outrider.providers.embedded import local_model

            slots = 1 if role == "approximation" else self._slots
            return await local_model(
                None if text == LOCAL else Path(text), slots=slots, threads=self._threads, progress=self._progress
            )
        if text.startswith(("http://", "https://")):
            return self._at_url(text)
        vendor, colon, name = text.partition(":")
        if vendor == "recorded":
            raise BadOption(f"{_shown(text)} is an agent, not a model: write it without KIND@, and leave --setting out")
        if not colon or not name or "//" in text:
            raise UnknownName(f"the model {_shown(text)} is not known; give {_HOW_TO_NAME}")
        if vendor in OPENAI_COMPATIBLE:
            return self._compatible(vendor, name)
        from outrider.providers.pydantic_ai import PydanticAIModel

        return PydanticAIModel(text, prices=self._prices, idle_s=_silence_s())

    def _at_url(self, text: str) -> Model:
        from outrider.providers.openai_compatible import OpenAICompatible

        url, hash_sign, name = text.partition("#")
        if not hash_sign or not name:
            raise BadOption("a model at a URL is written URL#NAME, such as http://localhost:8000/v1#qwen; the #NAME is missing")
        key = os.environ.get(KEY_FOR_URLS)
        return OpenAICompatible(
            url, name, api_key=key, key_from=KEY_FOR_URLS, prices=self._prices, idle_s=_silence_s(), idle_from=SILENCE_FROM
        )

    def _compatible(self, vendor: str, name: str) -> Model:
        from outrider.providers.openai_compatible import OpenAICompatible

        url, variable = OPENAI_COMPATIBLE[vendor]
        key = os.environ.get(variable) if variable else None
        if variable and not key:
            raise AccessRefused(f"{vendor}:{name} needs a key; set the environment variable {variable}")
        return OpenAICompatible(
            url, name, api_key=key, key_from=variable, prices=self._prices, idle_s=_silence_s(), idle_from=SILENCE_FROM
        )


def _silence_s() -> float:
    """The longest silence of a server that is borne, as the environment says.

    Raises:
        BadOption: it says something else than a number of seconds.
    """
    given = os.environ.get(SILENCE_FROM, "") or str(IDLE_S)
    try:
        silence_s = float(given)
    except ValueError:
        silence_s = 0.0
    if not 0 < silence_s < math.inf:
        raise BadOption(f"{SILENCE_FROM} is {given!r}; give the longest silence of a model's server in seconds, such as 300")
    return silence_s


def drafters_named(text: str) -> list[str]:
    """The names that ``text`` holds: one, or several with + between them."""
    return _BETWEEN_DRAFTERS.split(text)


def is_recalling(text: str) -> bool:
    """Whether a drafter that ``text`` names drafts from memory."""
    return RECALL in drafters_named(text)


def loads_here(text: str) -> bool:
    """Whether an agent that ``text`` names has its model loaded in this process."""
    return any(name != RECALL and name not in NO_MODEL and is_local_agent(name) for name in drafters_named(text))


def is_local_agent(text: str) -> bool:
    """Whether every agent that ``text`` names runs on this machine, in this process."""
    return all(map(_is_here, drafters_named(text)))


def _is_here(name: str) -> bool:
    name = _guesses_of(name)[0]
    return name == RECALL or name in NO_MODEL or (not name.startswith("recorded:") and _is_local(name.partition("@")[2] or LOCAL))


def _is_local(model: str) -> bool:
    return model == LOCAL or (model.endswith(".gguf") and not model.startswith(("http://", "https://")))


async def agent_named(text: str, *, role: Role, world: World, models: Models, memory: Memory | None = None) -> Agent:
    """The agent that ``text`` names: ``KIND@MODEL``, ``KIND`` alone for the embedded model, or ``recorded:FILE[@Nx]``; in a world
    with agents that need no model, one of these too, such as ``solver@travel``.

    A drafter may be ``recall`` too, which drafts from ``memory``, or several of them with + between their names;
    ``direct@MODEL*3`` gives up to three guesses for a step.

    Raises:
        UnknownName, BadOption: it names none.
        AccessRefused, ModelMissing: its model cannot be had.
    """
    check_agent(text, role, world.name)
    names = drafters_named(text)
    if len(names) > 1:
        parts = [await _agent(name, role, world, models, memory, most=1) for name in names]
        return Several(*parts)
    return await _agent(text, role, world, models, memory, most=GUESSES_ALONE)


async def _agent(text: str, role: Role, world: World, models: Models, memory: Memory | None, *, most: int) -> Agent:
    if text == RECALL:
        if memory is None:
            raise BadOption(f"{RECALL} drafts from the sessions in a journal, and there is none here; name another drafter")
        return RecallAgent(memory, world, most=most)
    if (recorded := _RECORDED.fullmatch(text)) is not None:
        if "://" in recorded["file"]:
            raise BadOption(f"{_shown(text)} is no recording: give a file on this machine, not a URL")
        return RecordedAgent(Path(recorded["file"]), role, speed=_speed(recorded["speed"] or "1"))
    if text in NO_MODEL:
        return NAMED_WORLDS[NO_MODEL[text][0]].agents[text]()
    name, guesses = _guesses_of(text)
    kind, _, model = name.partition("@")
    chosen = await models.named(model or LOCAL, role)
    return agent_of_kind(kind, chosen, world) if guesses is None else TopK(chosen, world, guesses)


def _guesses_of(text: str) -> tuple[str, int | None]:
    """The drafter that ``text`` names, and how many guesses for a step it is to give, if that is said."""
    found = _GUESSES.fullmatch(text)
    return (text, None) if found is None else (found["agent"], int(found["guesses"]))


def check_agent(text: str, role: Role, world: str = "") -> None:
    """Raise ``UnknownName`` or ``BadOption`` unless ``text`` begins as the name of an agent in that role, and that world, does.

    Nothing is opened.
    """
    names = drafters_named(text)
    if role == "target" and (len(names) > 1 or RECALL in names):
        raise BadOption(f"the target is {_shown(text)}; {RECALL}, and several agents with +, can only draft: name one target")
    if len(set(names)) < len(names):
        raise BadOption(f"the drafters {_shown(text)} are not all different; name each once")
    for name in names:
        _check_kind(name)
        _check_guesses(name, role)
        if world and world not in NO_MODEL.get(name, (world,)):
            only = " or ".join(NO_MODEL[name])
            raise BadOption(f"{name} plans in the world {only} only, and this is {world}; give --world {NO_MODEL[name][0]}")


def _check_guesses(text: str, role: Role) -> None:
    name, guesses = _guesses_of(text)
    if guesses is None:
        return
    if role == "target":
        raise BadOption(f"the target is {_shown(text)}, and a target names one step; leave *{guesses} out")
    if name.partition("@")[0] != Direct.kind:
        raise BadOption(f"{_shown(text)} is to give several guesses for a step, which only {Direct.kind}@MODEL*{guesses} does")


def _check_kind(text: str) -> None:
    text = _guesses_of(text)[0]
    if not text.startswith("recorded:") and text not in (RECALL, *NO_MODEL) and text.partition("@")[0] not in KINDS:
        raise UnknownName(
            f"the agent {_shown(text)} is not known; write KIND@MODEL with KIND one of {', '.join(KINDS)} "
            f"and MODEL {_HOW_TO_NAME}; or {', '.join(NO_MODEL)}; or recorded:FILE; or, to draft, {RECALL}, or several with + "
            "between them"
        )


def from_any_folder(text: str) -> str:
    """The same agents, with files that are here by their whole paths, so that the name means the same from any folder."""
    return "+".join(_whole(name) for name in drafters_named(text))


def _whole(name: str) -> str:
    recorded = _RECORDED.fullmatch(name)
    file = recorded["file"] if recorded is not None else _guesses_of(name)[0].partition("@")[2]
    return name.replace(file, whole_path(file), 1) if file else name


def whole_path(file: str) -> str:
    """The path of a file that is here, from the root; what is none stays as it is."""
    return str(Path(file).absolute()) if Path(file).is_file() else file


def without_secrets(text: str) -> str:
    """A name as it may stand on a screen: without what a URL in it keeps secret."""
    return _SECRET_IN_URL.sub("[hidden]", text)


def _shown(text: str) -> str:
    return repr(without_secrets(text))


def _speed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadOption(f"the speed of a recording is {text!r}; give how many times as fast, such as 10") from None
