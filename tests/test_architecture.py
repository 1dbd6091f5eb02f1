"""The house: which room may import which, and what no room does."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import outrider

HOUSE = Path(outrider.__file__).parent
SOURCES = sorted(HOUSE.rglob("*.py"))

# Each room may import itself, the rooms named here, and whatever those may import.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "wheels": {"errors"},
    "rules": {"model", "errors"},
    "figures": {"rules"},
    "agents": {"model", "errors"},
    "tools": {"model", "errors"},
    "providers": {"agents", "wheels"},
    "naming": {"agents", "providers", "worlds"},
    "journal": {"rules", "figures"},
    "history": {"journal"},
    "resuming": {"runtime", "journal"},
    "launch": {"naming", "runtime", "journal", "worlds", "history"},
    "runtime": {"rules", "figures", "agents"},
    "worlds": {"agents", "tools", "wheels"},
    "testing": {"runtime"},
    "subplans": {"runtime", "journal"},
    "views": {"runtime", "journal", "worlds"},
    "telemetry": {"views", "providers"},
    "settings": {"launch"},
    "web": {"views", "launch", "telemetry", "resuming", "settings"},
    "simulate": {"runtime", "testing"},
    "bench": {"runtime", "worlds", "simulate", "journal", "testing", "views"},
    "scale": {"launch", "resuming"},
}
"""The command line may import everything, and so may the package's own ``__init__``."""

TOP = {"cli", "__init__", "__main__", "version"}


def room(path: Path) -> str:
    return path.relative_to(HOUSE).with_suffix("").parts[0]


def allowed(name: str) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        for below in ARROWS[waiting.pop()] - found:
            found.add(below)
            waiting.append(below)
    return found


def _type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that is executed: what is imported for types alone is no arrow."""
    for node in ast.iter_child_nodes(tree):
        if not _type_checking(node):
            yield node
            yield from walk(node)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                found |= {module}
                if module == "outrider":
                    found |= {f"outrider.{alias.name}" for alias in node.names}
            case _:
                pass
    return found


def named(path: Path) -> str:
    return str(path.relative_to(HOUSE))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_point_down_the_house(path: Path) -> None:
    if room(path) in TOP:
        return
    assert room(path) in ARROWS, "a new room needs its place in the house"
    used = {name.split(".")[1] for name in imports(path) if name.startswith("outrider.")}
    assert "outrider" not in imports(path) or room(path) == "bench", "a room imports rooms, not the front door"
    assert used <= allowed(room(path))


def test_the_house_has_no_circles() -> None:
    for name, below in ARROWS.items():
        assert all(name not in allowed(other) for other in below)


IMPURE = {
    "asyncio", "datetime", "httpx2", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess",
    "threading", "time",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted((HOUSE / "rules").glob("*.py")), ids=named)
def test_the_rules_are_pure(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)}.isdisjoint(IMPURE)
    for node in walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Global)
        assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "input"))


WAITS_FOR_FOREIGN_TASKS = {"testing/model_server.py"}
"""``asyncio.start_server`` makes a task for each connection itself; closing the server waits for them."""


@pytest.mark.parametrize("path", [path for path in SOURCES if named(path) not in WAITS_FOR_FOREIGN_TASKS], ids=named)
def test_every_task_belongs_to_a_group(path: Path) -> None:
    for node in walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "asyncio":
            assert node.attr not in ("create_task", "gather", "ensure_future", "wait", "shield"), f"line {node.lineno}"
        assert not (isinstance(node, ast.Attribute) and node.attr == "all_tasks"), f"line {node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_module_keeps_state(path: Path) -> None:
    for node in walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Global), f"line {node.lineno}"


def test_the_public_names_are_sorted_and_there() -> None:
    assert outrider.__all__ == sorted(outrider.__all__)
    assert all(hasattr(outrider, name) for name in outrider.__all__)
    rooms = {path.stem for path in HOUSE.iterdir()} | {"annotations"}
    visible = {name for name in vars(outrider) if not name.startswith("_")} - rooms
    assert visible == set(outrider.__all__)


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("__init__.py")), ids=named)
def test_every_room_lists_its_public_names_in_order(path: Path) -> None:
    name = ".".join(("outrider", *path.parent.relative_to(HOUSE).parts))
    listed = getattr(importlib.import_module(name), "__all__", [])
    assert listed == sorted(listed)
    assert len(set(listed)) == len(listed)


def test_importing_outrider_is_light() -> None:
    heavy = [
        "httpx2", "rich", "textual", "typer", "sqlite3", "numpy", "pydantic", "pydantic_ai", "genai_prices", "ssl",
        "multiprocessing",
    ]  # fmt: skip
    program = f"import sys, outrider; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    # asyncio itself brings ssl
    assert set(done.stdout.split()) <= {"ssl"}
