"""Every target there is."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from fuzzing.target import Group, Target

_OF: Final[dict[Group, str]] = {
    "journal": "of_journal",
    "replies": "of_replies",
    "streams": "of_streams",
    "results": "of_results",
    "mailbox": "of_mailbox",
    "users": "of_files",
}


def targets(folder: Path, *, only: Sequence[Group] = ()) -> list[Target]:
    """All of them, or those of some groups; ``folder`` is for their files. What is not wanted is not even imported."""
    made = [import_module(f"fuzzing.{_OF[group]}").targets(folder) for group in only or _OF]
    return [target for group in made for target in group]
