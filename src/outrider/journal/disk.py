"""What is under a journal's file: whether it is still where it was, and what the system says of a disk that refuses."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Self

from outrider.errors import JournalUnusable

_BROKEN: Final = frozenset({errno.EROFS, errno.EIO, errno.ENXIO, errno.ENODEV, getattr(errno, "ESTALE", errno.EIO)})
"""What is said of a disk that room would not help: it takes nothing, or is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The file that was found at ``path`` when it was opened.

    A program may go on writing to a file that was deleted, moved or unmounted since; only, nobody will ever find that.
    """

    path: Path
    """As it was named."""
    where: Path
    number: tuple[int, int]

    @classmethod
    def at(cls, path: Path) -> Self:
        """The one that is there now."""
        where = path.absolute()  # the program may go elsewhere
        return cls(path=path, where=where, number=_number(where))

    @property
    def is_there(self) -> bool:
        """Whether it is the same file."""
        return _number(self.where) == self.number

    def check(self) -> None:
        """Nothing, as long as it is the same file.

        Raises:
            JournalUnusable: it is not there any more, or another one is.
        """
        if not self.is_there:
            raise JournalUnusable(
                f"the journal {self.path} is not where it was: it was deleted or moved, or its disk is gone; bring it back, or "
                "choose another file"
            )


def _number(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def disk_fault(folder: Path) -> str:
    """What the system says of a disk that room would not help; empty if it can be written, or lacks only room or permission.

    It is asked with a file beside the journal: to open and close the journal's own would undo SQLite's locks on it.
    """
    try:
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        return str(error.strerror) if error.errno in _BROKEN else ""
    return ""
