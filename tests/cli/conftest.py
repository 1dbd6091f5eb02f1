"""A place to run the command in."""

from pathlib import Path

import pytest

from .running import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a recording and no journal yet."""
    found = Place(tmp_path)
    found.write_pairs()
    return found
