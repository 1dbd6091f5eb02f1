"""For all tests."""

from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

SCRIPTS = Path(__file__).parent.parent / "scripts"

OUTSIDE = {"browser", "binary", "server", "own_server"}
"""Fixtures that are processes of others: Chromium, Temporal, Postgres."""

FAULTS = Path(__file__).parent / "faults"
"""Here disks break, networks are cut, processes are killed."""

# How long an example takes is the machine's affair: no test has a time limit.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Whoever starts them in the background may have had Ctrl-C ignored, which every process below would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that stands on somebody else's process has a second try, which the summary shows: a defect until it is explained."""
    for item in items:
        if item.path.is_relative_to(FAULTS) or (isinstance(item, pytest.Function) and OUTSIDE.intersection(item.fixturenames)):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def script_named() -> Callable[[str], ModuleType]:
    """Loads the script of a name, as a module."""
    return _script_named


def _script_named(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


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
