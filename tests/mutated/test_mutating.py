"""``scripts/mutate_rules.py``: what it changes, where it puts it, and that it tells who noticed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from mutating.changes import Mutant, mutants
from mutating.patching import changed, living, name_of, outermost, put_into

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"

SOURCE = '''"""A module."""

MOST = 3


class Gate:
    """A gate."""

    def fits(self, count: int) -> bool:
        """Whether so many fit."""
        return count < MOST and self.is_open

    @property
    def is_open(self) -> bool:
        """Always."""
        return True


def doubled(numbers: list[int]) -> list[int]:
    """Each number added to itself."""
    return [number + number for number in numbers]
'''


@pytest.fixture
def gate(tmp_path: Path) -> ModuleType:
    place = tmp_path / "gate.py"
    place.write_text(SOURCE)
    spec = spec_from_file_location("gate", place)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_of(module: ModuleType) -> list[Mutant]:
    assert module.__file__ is not None
    return mutants(Path(module.__file__), "rules/gate.py")


def test_every_small_change_is_a_mutant_with_a_name_of_its_own(gate: ModuleType) -> None:
    found = all_of(gate)
    assert [mutant.name for mutant in found] == [f"rules/gate.py#{n}" for n in range(len(found))]
    assert [mutant.now for mutant in found] == [
        "MOST = 4",
        "return",
        "return count < MOST or self.is_open",
        "return self.is_open",
        "return count < MOST",
        "return count <= MOST and self.is_open",
        "return count >= MOST and self.is_open",
        "return False",
        "return",
        "return [number - number for number in numbers]",
    ]


def test_a_mutant_is_put_into_the_function_that_is_there_already(gate: ModuleType) -> None:
    assert gate.__file__ is not None
    original = compile(Path(gate.__file__).read_text(), gate.__file__, "exec")
    functions = living(set(outermost(original)))
    assert {name for _, name, _ in functions} == {"Gate.fits", "Gate.is_open", "doubled"}
    here = gate.Gate()
    assert (here.fits(2), here.fits(3)) == (True, False)
    for mutant in all_of(gate):
        name = changed(original, mutant.code)
        if mutant.now == "MOST = 4":
            assert name is None, "that is the module's own"
        if mutant.now == "return count <= MOST and self.is_open":
            assert name is not None
            put_into(functions[name], outermost(mutant.code)[name])
    assert (here.fits(2), here.fits(3), here.fits(4)) == (True, True, False)
    assert name_of(gate.doubled.__code__)[1] == "doubled"


FORKS = """
import os, signal
from mutating.forks import Said, in_forks

def says(say):
    say("one")
    say(2)

def dies(say):
    say("begun")
    os.kill(os.getpid(), signal.SIGTERM)

def hangs(say):
    os.read(os.pipe()[0], 1)

assert in_forks([says, dies]) == [Said(("one", 2)), Said(("begun",), "it died of signal 15")]
assert in_forks([hangs], 0.0) == [Said((), "it hung")]
"""
"""In a process of its own: one that has threads, as pytest's may, had better not fork."""


def test_what_a_fork_says_is_heard_and_what_it_died_of() -> None:
    done = run(sys.executable, "-W", "error", "-c", FORKS)
    assert done.returncode == 0, done.stderr


def test_a_mutant_that_is_noticed_is_told_with_the_test_that_noticed_it() -> None:
    done = run(
        sys.executable, str(SCRIPTS / "mutate_rules.py"), "--only", "rules/matching.py#0", "--jobs", "1",
        "--tests", "tests/rules/test_lookahead.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("killed")
    assert "tests/rules/test_lookahead.py::" in done.stdout
    assert "1 of 1 mutants run" in done.stdout


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
