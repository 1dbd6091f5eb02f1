"""Models in this process: a GGUF file, served on loopback by llama.cpp (`xllamacpp`), with no key, server or setup.

A prompt begins with a part that never changes: the world's actions and worked examples. Computing it takes seconds on a processor,
loading its saved state takes milliseconds. So each slot is loaded with that state before its first call, and the state itself
is computed once ever and kept in the user's cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from outrider.agents.agent import Meter
from outrider.agents.model import Reply, Request, Writing
from outrider.errors import ModelMissing, ServerTrouble
from outrider.model import Role, Usage
from outrider.providers.model_file import Progress, cache_folder, embedded_model_file
from outrider.providers.openai_compatible import OpenAICompatible
from outrider.providers.prices import FREE

CONTEXT: Final = 2560
"""Tokens that a slot holds: the longest prompt of the worlds here, a plan of thirty steps, and a discussion about the next."""

_MOST_BYTES: Final = 4096
"""A GGUF header that is shorter than this is no model."""


class EmbeddedModel:
    """A GGUF file served in this process.

    It belongs to the event loop it is first used in. A text is continued as it stands, without a chat template.

    Args:
        file: the GGUF file.
        slots: how many replies it can write at once; each has its own context of ``CONTEXT`` tokens.
        threads: processor threads it computes with. Two models that run at once want their own processors: with more threads
            than processors both fall to a fraction of their speed.
        states: the folder where states of prompts' fixed parts are kept.

    Raises:
        ModelMissing: the file is no model, or `xllamacpp` is not installed.
    """

    writing: Writing = "continued"

    def __init__(self, file: Path, *, slots: int, threads: int = 1, states: Path | None = None) -> None:
        self.name = file.stem
        self._states = states or cache_folder() / "states"
        self._states.mkdir(parents=True, exist_ok=True)
        self._print = f"{file.stem}-{file.stat().st_size}-{CONTEXT}"
        self._server = _serve(file, slots=slots, threads=threads, states=self._states)
        self._slots = [_Slot(self._address, self.name, number) for number in range(slots)]
        self._free = asyncio.Condition()
        self._busy: set[int] = set()
        self._preparing = asyncio.Lock()

    @property
    def _address(self) -> str:
        return str(self._server.listening_address)
