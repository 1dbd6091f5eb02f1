"""A disk of the tests' own with a real file system (ext4, in a file, over a loop device), which can break as real ones do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_SHUT_DOWN = 0x8004587D
"""The kernel's ``EXT4_IOC_SHUTDOWN``: from then on the file system gives I/O errors."""

_NOTHING_MORE_IS_WRITTEN = struct.pack("I", 2)


@dataclass(frozen=True)
class OwnDisk:
    """What is in ``image``, mounted at ``path``."""

    image: Path
    path: Path

    def mount(self) -> None:
        """It is there; skip the test where that is not permitted."""
        command = ["mount", "-t", "ext4", "-o", "loop,errors=remount-ro", str(self.image), str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")

    def take_away(self) -> None:
        """It is not there any more, whoever still uses it."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def write_out(self) -> None:
        """What the system has held back so far is on the disk, as it would be after some seconds."""
        subprocess.run(["sync", "--file-system", str(self.path)], check=True)

    def find_an_error(self) -> None:
        """The kernel finds an error in the file system, and lets it be read only, as it does with disks that are damaged."""
        found = Path("/sys/fs/ext4") / Path(self._device).name / "trigger_fs_error"
        if not os.access(found, os.W_OK):
            pytest.skip("no error may be made here")
        found.write_text("a fault of the tests")

    def give_errors(self) -> None:
        """Whatever is asked of it is an I/O error; what was held back is lost."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUT_DOWN, _NOTHING_MORE_IS_WRITTEN)
        finally:
            os.close(folder)

    def mend(self) -> None:
        """It is taken out and put back, and holds what was on it."""
        subprocess.run(["umount", str(self.path)], check=True)
        self.mount()

    @property
    def _device(self) -> str:
        mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
        return next(device for device, place, *_ in mounts if place == str(self.path))


@contextlib.contextmanager
def own_disk(folder: Path) -> Iterator[OwnDisk]:
    """One of 16 MB, for the length of the block."""
    if not all(map(shutil.which, ("mkfs.ext4", "mount", "sync"))):
        pytest.skip("there is no mkfs.ext4 or no mount here")
    disk = OwnDisk(folder / "image", folder / "mounted")
    disk.path.mkdir()
    disk.image.write_bytes(b"")
    os.truncate(disk.image, 16 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(disk.image)], check=True, capture_output=True)
    disk.mount()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk.path)], check=False, capture_output=True)
