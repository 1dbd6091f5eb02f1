"""Models in this process: a GGUF file, served on loopback by llama.cpp (`xllamacpp`), with no key, server or setup.

A prompt begins with a part that never changes, the world's worked examples, and one that is the same for every step of a task.
Computing them takes seconds on a processor, loading their saved state takes milliseconds. So each slot is loaded with that state
before its first call; the first part's is computed once ever and kept in the user's cache.

A slot is a server of its own with one processor thread. Small models gain next to nothing from being asked several things at
once (a thread computes one token of each in turn), so calls that are to run side by side must run on different processors.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import httpx2

from outrider.agents.agent import Meter
from outrider.agents.model import Reply, Request, Writing
from outrider.errors import ContextTooLong, ModelMissing, ServerTrouble, Unreachable
from outrider.model import JSON, Usage
from outrider.providers.chat import text_of
from outrider.providers.model_file import embedded_model_file
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.providers.prices import Prices
from outrider.wheels import Progress, cache_folder

CONTEXT: Final = 2560
"""Tokens that a slot holds: the longest fixed part of a prompt here, a plan of thirty steps, and a discussion about the next."""

_MAGIC: Final = b"GGUF"
_OF_A_RUN: Final = "run-"
"""States for one task begin so: they are removed when the run ends."""

_PART: Final = "part-"
_BLOCKS: Final = 32
_BLOCK_BYTES: Final = 1 << 16
_STALE_S: Final = 24 * 3600.0
_UNUSED_S: Final = 60 * 24 * 3600.0
"""A kept state that nobody has loaded for so long goes; if it is wanted after all, it is computed again."""

_PATIENCE_S: Final = 600.0
"""A long prompt on a slow processor takes minutes until the first word."""


@dataclass(slots=True, eq=False)
class _Slot:
    """A server for one reply at a time. ``text`` is the prompt that it has computed, and so need not again."""

    server: Any
    model: OpenAICompatible
    admin: httpx2.AsyncClient
    text: str = ""
    busy: bool = False

    async def close(self) -> None:
        """Close the connections and stop the server."""
        await self.model.close()
        await self.admin.aclose()
        self.server = None


class EmbeddedModel:
    """A GGUF file served in this process; a prompt is a bare text that it continues.

    It belongs to the event loop it is first used in.

    Args:
        file: the GGUF file.
        slots: how many replies it writes at once; each has its own context of ``CONTEXT`` tokens. More calls wait their turn.
        threads: processor threads that a slot computes with. More threads in all than processors make every slot slower by
            far more than their share.
        states: the folder where the states of prompts' fixed parts are kept.

    Raises:
        ModelMissing: the file is no model, or `xllamacpp` is not installed.
    """

    writing: Writing = "continued"

    def __init__(self, file: Path, *, slots: int, threads: int = 1, states: Path | None = None) -> None:
        _check_file(file)
        self.name: str = file.stem
        self._states = _states_folder(states or cache_folder() / "states")
        self._kind = f"{file.stem}-{_digest(file)}"
        self._slots = [_slot(file, threads, self._states) for _ in range(slots)]
        self._freed = asyncio.Condition()
        self._computing = asyncio.Lock()

    async def reply(self, request: Request, meter: Meter) -> Reply:
        """The reply to ``request``, from the free slot that has computed the most of its prompt already.

        Raises:
            ProviderError: there is no reply.
        """
        text = text_of(request)
        async with self._slot_for(text) as slot:
            await self._load(slot, _beginnings(request))
            slot.text = text
            return await slot.model.reply(request, meter)

    async def prepare(self, request: Request) -> None:
        """Compute all messages of ``request`` but the last, and keep their states: the first for good, for every task."""
        beginnings = _beginnings(request)
        async with self._slot_for(beginnings[-1]) as slot:
            await self._load(slot, beginnings)

    def most(self, request: Request) -> Usage:
        """The most that ``request`` could consume; it costs nothing."""
        return self._slots[0].model.most(request)

    async def close(self) -> None:
        """Stop the server."""
        for slot in self._slots:
            await slot.close()
        for state in self._states.glob(f"{_OF_A_RUN}{os.getpid()}-{self._kind}-*"):
            with suppress(OSError):
                state.unlink()

    # Slots ----------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _slot_for(self, text: str) -> AsyncIterator[_Slot]:
        async with self._freed:
            await self._freed.wait_for(lambda: any(not slot.busy for slot in self._slots))
            free = [slot for slot in self._slots if not slot.busy]
            slot = max(free, key=lambda slot: _shared(slot.text, text))
            slot.busy = True
        try:
            yield slot
        finally:
            slot.busy = False
            async with self._freed:
                self._freed.notify()

    async def _load(self, slot: _Slot, beginnings: tuple[str, ...]) -> None:
        """Afterwards the slot has computed the longest of ``beginnings``, from the nearest state that is kept."""
        if not beginnings or slot.text.startswith(beginnings[-1]):
            return
        if not await self._restore(slot, self._state_name(beginnings)):
            async with self._computing:  # whoever else wants this state waits for it, instead of computing it as well
                await self._reach(slot, beginnings)
        slot.text = beginnings[-1]

    async def _reach(self, slot: _Slot, beginnings: tuple[str, ...]) -> None:
        """Load the state of the longest, or compute it on top of the next shorter one's."""
        if not beginnings or await self._restore(slot, self._state_name(beginnings)):
            return
        await self._reach(slot, beginnings[:-1])
        await self._compute(slot, beginnings[-1], self._state_name(beginnings))

    def _state_name(self, beginnings: tuple[str, ...]) -> str:
        """The file of the longest one's state: the first message's is kept for good, the others' for this run."""
        digest = hashlib.sha256(beginnings[-1].encode("utf-8", "backslashreplace")).hexdigest()[:16]
        return f"{self._kind}-{digest}.state" if len(beginnings) == 1 else f"{_OF_A_RUN}{os.getpid()}-{self._kind}-{digest}.state"

    async def _restore(self, slot: _Slot, name: str) -> bool:
        """Load a kept state, if it is whole: the server would abort the process over one that was cut off."""
        state = self._states / name
        if not _is_whole(state) or not await self._act(slot, "restore", name):
            return False
        with suppress(OSError):
            for used in (state, state.with_suffix(".sha256")):
                os.utime(used)  # it is in use, so it stays
        return True

    async def _compute(self, slot: _Slot, beginning: str, name: str) -> None:
        """Compute ``beginning``, and keep its state if there is room. That there is none costs time, and nothing else."""
        body: dict[str, JSON] = {"prompt": beginning, "n_predict": 0, "cache_prompt": True}
        response = await self._post(slot, "/completions", body)
        if "exceed_context_size" in response.text:
            raise ContextTooLong(f"the prompt does not fit into the {CONTEXT} tokens of the model {self.name}; shorten the task")
        if response.status_code != 200:
            raise ServerTrouble(f"the model {self.name} cannot compute a prompt: {response.text[:200]}")
        part = f"{_PART}{secrets.token_hex(4)}-{name}"  # two processes, and two models in one, may be at it
        try:
            if await self._act(slot, "save", part):
                with suppress(OSError):
                    _keep_whole(self._states / part, self._states / name)
        finally:
            with suppress(OSError):
                (self._states / part).unlink(missing_ok=True)

    async def _act(self, slot: _Slot, action: str, name: str) -> bool:
        """Save or restore a slot."""
        response = await self._post(slot, f"/slots/0?action={action}", {"filename": name})
        return response.status_code == 200

    async def _post(self, slot: _Slot, path: str, body: dict[str, JSON]) -> httpx2.Response:
        try:
            return await slot.admin.post(path, content=json.dumps(body))  # ASCII, whatever the task holds
        except httpx2.HTTPError as error:
            where = f"the embedded model's own server on {slot.admin.base_url.host}"
            raise Unreachable(f"{where} cannot be reached ({error}); is the loopback interface up?") from None


def _beginnings(request: Request) -> tuple[str, ...]:
    """How the prompt begins: up to the end of each message but the last."""
    texts = [message.text for message in request.messages[:-1]]
    return tuple("".join(texts[: i + 1]) for i in range(len(texts)))


def _states_folder(wanted: Path) -> Path:
    """The folder for states, swept; a passing one where the wanted one cannot be written."""
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
    except OSError:
        return Path(tempfile.mkdtemp(prefix="outrider-states-"))
    for left in wanted.iterdir():
        of_a_run = left.name.startswith((_OF_A_RUN, _PART))  # and the run was killed
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > (_STALE_S if of_a_run else _UNUSED_S):
                left.unlink()
    return wanted


def _digest(file: Path) -> str:
    """What tells models apart, also of one name and size: blocks spread over the file, and what computes them."""
    try:
        computed_by = version("xllamacpp")
    except PackageNotFoundError:
        computed_by = ""  # nothing will be computed either
    digest = hashlib.sha256(f"{computed_by}/{CONTEXT}".encode())
    size = file.stat().st_size
    with file.open("rb") as opened:
        for i in range(_BLOCKS):
            opened.seek(i * max(0, size - _BLOCK_BYTES) // (_BLOCKS - 1))
            digest.update(opened.read(_BLOCK_BYTES))
    return f"{size}-{digest.hexdigest()[:12]}"


def _keep_whole(part: Path, state: Path) -> None:
    """Put ``part`` in place of ``state``, on disk, with its hash beside it, written last."""
    mark = state.with_suffix(".sha256")
    mark.unlink(missing_ok=True)
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    part.replace(state)
    mark.write_text(found, encoding="ascii")


def _is_whole(state: Path) -> bool:
    """Whether the state is there as it was kept."""
    try:
        with state.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return found == state.with_suffix(".sha256").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _slot(file: Path, threads: int, states: Path) -> _Slot:
    key = secrets.token_urlsafe()  # so that no page in a browser and no other user of the machine can ask it
    server = _serve(file, threads=threads, states=states, key=key)
    address = str(server.listening_address)
    free = Prices({file.stem: "free"})
    model = OpenAICompatible(f"{address}/v1", file.stem, api_key=key, dialect="llama.cpp-text", prices=free, idle_s=_PATIENCE_S)
    headers = {"Authorization": f"Bearer {key}"}
    admin = httpx2.AsyncClient(base_url=address, headers=headers, timeout=_PATIENCE_S, trust_env=False)
    return _Slot(server, model, admin)


def _check_file(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(_MAGIC))
    except OSError as error:
        raise ModelMissing(f"the model file {file} cannot be read: {error.strerror}; give the path of a GGUF file") from None
    if magic != _MAGIC:
        raise ModelMissing(f"{file} is no GGUF file: it does not begin with {_MAGIC.decode()}; give the path of one that is")


def _serve(file: Path, *, threads: int, states: Path, key: str) -> Any:
    """Start llama.cpp's server in this process, on a free port of loopback. It says nothing and asks the network nothing."""
    try:
        import xllamacpp
    except ImportError:
        raise ModelMissing(
            "models in this process need xllamacpp; install it with: pip install 'outrider[local]', or name a server as URL#NAME"
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_parallel = 1
    params.n_ctx = CONTEXT
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0  # its own cache of prompts would take up to 8 GB, and ours are kept in files
    params.slot_save_path = f"{states}{os.sep}"
    params.verbosity = -1
    params.ui = False
    params.offline = True
    try:
        return xllamacpp.Server(params)
    except Exception as error:
        raise ModelMissing(f"the model file {file} cannot be loaded: {error}; give another GGUF file") from None


async def local_model(file: Path | None, *, slots: int, threads: int = 1, progress: Progress) -> EmbeddedModel:
    """The embedded default (``None``), fetched if it is not there yet, or the user's own GGUF file.

    Raises:
        ModelMissing: it cannot be had; the message says how to bring one.
    """
    path = file or await embedded_model_file(progress)
    return await asyncio.to_thread(EmbeddedModel, path, slots=slots, threads=threads)
