"""The wheels: fetched by their hash, kept, read from where they are."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outrider.errors import Unreachable
from outrider.worlds.bfcl import Package, package


def test_offline_and_absent_it_says_what_to_do(offline: Path) -> None:
    with pytest.raises(Unreachable, match=r"bfcl-eval==2026\.3\.23.*let pip reach an index, or put the wheel into"):
        asyncio.run(package())


def test_a_wheel_with_other_bytes_is_refused_and_not_kept(offline: Path, tmp_path: Path, wheels: Package) -> None:
    (offline / wheels.evaluation.name).write_bytes(b"somebody else's")
    with pytest.raises(Unreachable, match="could not be fetched"):
        asyncio.run(package())
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []


def test_a_kept_wheel_whose_bytes_have_changed_is_fetched_again(offline: Path, tmp_path: Path, wheels: Package) -> None:
    for wheel in (wheels.evaluation, wheels.maths):
        shutil.copy(wheel, offline)
    kept = tmp_path / "cache" / "wheels" / wheels.evaluation.name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half of it")
    assert asyncio.run(package()).evaluation == kept
    assert kept.read_bytes() == wheels.evaluation.read_bytes()


def test_once_they_are_there_nothing_is_asked_for(offline: Path, tmp_path: Path, wheels: Package) -> None:
    folder = tmp_path / "cache" / "wheels"
    folder.mkdir(parents=True)
    for wheel in (wheels.evaluation, wheels.maths):
        shutil.copy(wheel, folder)
    assert asyncio.run(package()).maths.parent == folder


def test_a_cache_that_cannot_be_written_is_said_to_be_so(offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OUTRIDER_CACHE", str(tmp_path / "file"))
    with pytest.raises(Unreachable, match="cannot be kept"):
        asyncio.run(package())


def in_a_process_of_its_own(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_only_the_simulated_apis_are_imported_and_the_path_is_as_before(wheels: Package) -> None:
    program = f"""
import sys
from outrider.worlds.bfcl import Package, read
from pathlib import Path
before = list(sys.path)
read(Package(Path({str(wheels.evaluation)!r}), Path({str(wheels.maths)!r})))
assert sys.path == before
inside = [name for name in sys.modules if name.startswith("bfcl_eval.")]
assert all("multi_turn_eval" in name or name == "bfcl_eval.eval_checker" for name in inside), inside
print(len(inside))
"""
    assert in_a_process_of_its_own(program) == "12"


def test_another_copy_of_the_package_in_the_process_is_refused(wheels: Package, tmp_path: Path) -> None:
    other = shutil.copy(wheels.evaluation, tmp_path)
    program = f"""
import sys, importlib
sys.path[:0] = [{str(other)!r}, {str(wheels.maths)!r}]
importlib.import_module("bfcl_eval.eval_checker.multi_turn_eval.func_source_code.message_api")
from pathlib import Path
from outrider.errors import BadOption
from outrider.worlds.bfcl import Package, read
try:
    read(Package(Path({str(wheels.evaluation)!r}), Path({str(wheels.maths)!r})))
except BadOption as error:
    print(error)
"""
    assert "this process has imported another bfcl_eval" in in_a_process_of_its_own(program)
