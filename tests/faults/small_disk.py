"""A small disk of the tests' own: in memory, mounted for the length of a test, and full at a word."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """What is mounted at ``path``."""

    path: Path

    def fill(self) -> None:
        """There is no room any more, not for a single page."""
        with (self.path / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass

    def make_room(self) -> None:
        """As it was."""
        (self.path / "filler").unlink()

    def mount(self, *options: str) -> None:
        """With these options; skip the test where that is not permitted."""
        mode = "remount," if os.path.ismount(self.path) else ""
        command = ["mount", "-t", "tmpfs", "-o", mode + ",".join(options), "outrider", str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[Disk]:
    """A disk of this size at ``path``, for the length of the block."""
    path.mkdir()
    disk = Disk(path)
    try:
        disk.mount(f"size={size}", "mode=0777")
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
