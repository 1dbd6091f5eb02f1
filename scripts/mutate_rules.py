"""Break the rules in one small way at a time, and see whether the tests notice.

Each mutant is one file of ``src/outrider`` with one comparison flipped, bound shifted, condition negated, statement dropped,
value changed. It is written into a copy of the tree, never into the tree itself, and the tests of the rules, the limits and
the laws run against it, with the same examples every time. A mutant that no test notices has survived: print it, and fail.

    python scripts/mutate_rules.py            # all of them
    python scripts/mutate_rules.py --list     # what they are
    python scripts/mutate_rules.py --only 17  # one of them, with the tests' own words
    python scripts/mutate_rules.py --file rules/tree.py  # those of a file
    python scripts/mutate_rules.py --tests tests/rules  # a first sieve: run what survives it against all tests
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    "rules/rules.py",
    "rules/branches.py",
    "rules/calls.py",
    "rules/drafters.py",
    "rules/fitting.py",
    "rules/frontier.py",
    "rules/executions.py",
    "rules/runs.py",
    "rules/tree.py",
    "rules/lookahead.py",
    "rules/matching.py",
    "rules/display.py",
    "rules/value.py",
    "rules/estimates.py",
    "rules/kept.py",
    "rules/tallies.py",
    "rules/load.py",
    "rules/durations.py",
    "runtime/limits.py",
    "runtime/servers.py",
    "runtime/budget.py",
    "runtime/turns.py",
)
TESTS = ("tests/rules", "tests/runtime", "tests/laws")
HANGS_AFTER_S = 60
MEMORY_BYTES = 3 * 2**30

MET = "a ticket whose wait is over is dropped when it is met in the queue; taking it out earlier only frees its memory"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("del self._patient[ticket]", "pass"): MET,
    ("del self._urgent[ticket]", "pass"): MET,
    ("del queue[ticket]", "pass"): MET,
    ("self._urgent.pop(ticket, None)", "pass"): MET,
    ("self._patient.pop(ticket, None)", "pass"): MET,
    ("return (1, 0, 0.0)", "return (1, 1, 0.0)"): "reached only where tokens have no limit",
}
"""Mutants that change nothing that anybody could see: (the line as it was, the line as it is) and the reason."""


# Mutants ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """One file, changed in one place. ``was`` and ``now`` are the first lines that differ."""

    file: str
    line: int
    was: str
    now: str
    source: str
    original: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.was}  →  {self.now}"

    @property
    def diff(self) -> str:
        lines = difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), self.file, "mutant", lineterm="", n=4)
        return "\n".join(lines)


FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

SKIPPED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
"""Messages and assertions: what they say is not what they do."""

SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "type_params", "slice"}


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            for flipped in FLIPS[type(op)]:
                yield ast.Compare(left, [flipped()], comparators)
        case ast.Compare(left=left, ops=[first, second], comparators=comparators):
            for flipped in FLIPS[type(first)]:
                yield ast.Compare(left, [flipped(), second], comparators)
            for flipped in FLIPS[type(second)]:
                yield ast.Compare(left, [first, flipped()], comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield ast.BinOp(left, ast.Sub(), right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield ast.BinOp(left, ast.Add(), right)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id="reversed"), args=[inner]):
            yield inner
        case _:
            pass


def _other_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            pass  # never reached
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete() | ast.Continue():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(None)
        case ast.Return(value=None):
            yield ast.Pass()
        case ast.If(test=test, body=body, orelse=orelse) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case _:
            pass


def _changes(parent: ast.AST) -> Iterator[int]:
    """Put each other form of each descendant into ``parent``'s tree, in turn; yields the line while it is there."""
    for field, value in ast.iter_fields(parent):
        if field in SKIPPED_FIELDS:
            continue
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or _is_strict(child):
                continue
            others: Iterator[ast.AST] = iter(())
            if isinstance(child, ast.expr):
                others = _other_expressions(child)
            elif isinstance(child, ast.stmt):
                others = _other_statements(child)
            for other in others:
                _put(parent, field, i, other)
                yield getattr(child, "lineno", 0)
                _put(parent, field, i, child)
            yield from _changes(child)


def _is_strict(node: ast.AST) -> bool:
    """``zip(…, strict=True)`` of things that are equally long by construction: an assertion, in effect."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def _put(parent: ast.AST, field: str, i: int, node: ast.AST) -> None:
    value = getattr(parent, field)
    if isinstance(value, list):
        value[i] = node
    else:
        setattr(parent, field, node)


def mutants() -> list[Mutant]:
    """All of them, in the order of the files."""
    found: list[Mutant] = []
    for file in FILES:
        tree = ast.parse((ROOT / "src/outrider" / file).read_text())
        original = ast.unparse(tree)
        for line in _changes(tree):
            source = ast.unparse(tree)
            pairs = zip(original.splitlines(), source.splitlines(), strict=False)
            was, now = next(((a, b) for a, b in pairs if a != b), ("", ""))
            found.append(Mutant(file, line, was.strip(), now.strip(), source, original))
    return found


# Running ------------------------------------------------------------------------------------------------------------


class Copies:
    """One copy of the tree for each worker."""

    def __init__(self, folder: Path, count: int, tests: list[str], hangs_after_s: float) -> None:
        self._tests = tests
        self._hangs_after_s = hangs_after_s
        self._free: SimpleQueue[Path] = SimpleQueue()
        for n in range(count):
            copy = folder / str(n)
            skip = shutil.ignore_patterns("__pycache__", ".hypothesis")
            for tree in ("src", *TESTS):
                shutil.copytree(ROOT / tree, copy / tree, ignore=skip)
            for name in ("pyproject.toml", "README.md"):
                if (ROOT / name).exists():
                    shutil.copy(ROOT / name, copy)
            self._free.put(copy)

    def noticed(self, mutant: Mutant | None) -> tuple[bool, str]:
        """Whether any test fails on the mutant, and the tests' words."""
        copy = self._free.get()
        try:
            if mutant is None:
                return self._fail(copy)
            place = copy / "src/outrider" / mutant.file
            kept = place.read_text()
            place.write_text(mutant.source)
            try:
                return self._fail(copy)
            finally:
                place.write_text(kept)
        finally:
            self._free.put(copy)

    def _fail(self, copy: Path) -> tuple[bool, str]:
        return _tests_fail(copy, self._tests, self._hangs_after_s)


def _bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _tests_fail(copy: Path, tests: list[str], hangs_after_s: float) -> tuple[bool, str]:
    environment = os.environ | {
        "PYTHONPATH": str(copy / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OUTRIDER_LAWS": "mutants",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=hangs_after_s, preexec_fn=_bound_memory
        )
    except subprocess.TimeoutExpired:
        return True, f"hung: nothing for {hangs_after_s:g} s"
    return done.returncode != 0, done.stdout[-2000:] + done.stderr[-2000:]


def _check_one(copies: Copies, n: int, mutant: Mutant) -> bool:
    started = time.monotonic()
    noticed, words = copies.noticed(mutant)
    reason = EQUIVALENT.get((mutant.was, mutant.now))
    fate = "killed" if noticed else f"equivalent ({reason})" if reason else "SURVIVED"
    last = next((line for line in reversed(words.splitlines()) if line.startswith("FAILED")), words.strip()[-80:])
    print(f"{n:4} {fate:8} {time.monotonic() - started:5.1f} s  {mutant}  {last if noticed else ''}", flush=True)
    if fate == "SURVIVED":
        print(mutant.diff, flush=True)
    return noticed or reason is not None


def main() -> int:
    """Run as a script; the exit code is 1 if a mutant survived that is not known to be equivalent."""
    parser = argparse.ArgumentParser(description="Break the rules in one small way at a time, and see whether the tests notice.")
    parser.add_argument("--list", action="store_true", help="say what the mutants are, and run nothing")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="only these, by their numbers in the list")
    parser.add_argument("--file", nargs="+", choices=FILES, default=FILES, metavar="NAME", help="only those of these files")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at once (2)")
    parser.add_argument(
        "--tests", nargs="+", default=list(TESTS), metavar="PATH",
        help="only these tests, for a first sieve; run what survives it against all of them",
    )  # fmt: skip
    parser.add_argument(
        "--hangs-after", type=float, default=HANGS_AFTER_S, metavar="S",
        help=f"when a run of the tests counts as hung ({HANGS_AFTER_S}); give more on a machine that is busy",
    )  # fmt: skip
    options = parser.parse_args()
    chosen = [
        (n, mutant)
        for n, mutant in enumerate(mutants())
        if (options.only is None or n in options.only) and mutant.file in options.file
    ]
    if options.list:
        for n, mutant in chosen:
            print(f"{n:4}  {mutant}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(Path(folder), options.jobs, options.tests, options.hangs_after)
        fails, words = copies.noticed(None)
        if fails:
            print(f"the tests fail without any mutant:\n{words}")
            return 2
        with ThreadPoolExecutor(options.jobs) as pool:
            fine = list(pool.map(lambda pair: _check_one(copies, *pair), chosen))
    print(f"{len(fine)} mutants, {len(fine) - sum(fine)} survived")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    raise SystemExit(main())
