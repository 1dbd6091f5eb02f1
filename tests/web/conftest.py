"""What sessions of a server are made with: a recording as an agent's name, and a folder to run the command in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.running import Place

from .asking import PLAN


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    """A recording, as an agent's name."""
    rows = [
        {"task": "Make tea", "at": at, "target": action, "target_s": 4.0, "target_tokens": 20, "draft": action, "draft_s": 1.0}
        for at, action in enumerate((*PLAN, "TERMINATE"))
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return f"recorded:{tmp_path / 'pairs.jsonl'}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a recording whose later steps take an hour."""
    found = Place(tmp_path)
    found.write_pairs(slow_from=2)
    return found
