"""For all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# Whoever starts them in the background may have had Ctrl-C ignored, which every process below would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No index at all, only a folder of wheels; and a cache of one's own."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("OUTRIDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf
