"""What docs/faults.md says that the person sees: a test that has seen a sentence finds it there, word for word."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "faults.md"

_SESSION = re.compile(r"\b[0-9a-f]{8}\b")
_FILE = re.compile(r"\"pg_(?:tblspc|wal)/[^\"]*\"")


def stands(sentence: str, **put: str) -> None:
    """The sentence is on the page, where each name in ``put`` stands for what it was this time, and ``SESSION`` for a name."""
    for name, this_time in put.items():
        sentence = sentence.replace(this_time, name)
    sentence = _FILE.sub("FILE", _SESSION.sub("SESSION", " ".join(sentence.split())))
    assert sentence in " ".join(PAGE.read_text(encoding="utf-8").split()), sentence
