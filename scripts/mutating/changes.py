"""The mutants of a file: each is the file with one comparison flipped, bound shifted, condition negated, statement dropped, value
changed.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One file, changed in one place. ``was`` and ``now`` are the first lines that differ; ``code`` is the whole module's."""

    file: str
    number: int
    line: int
    was: str
    now: str
    source: str
    original: str
    code: CodeType

    @property
    def name(self) -> str:
        """What it is called on the command line: the file and the number in it."""
        return f"{self.file}#{self.number}"

    def __str__(self) -> str:
        return f"{self.name} (line {self.line}): {self.was}  →  {self.now}"

    @property
    def diff(self) -> str:
        lines = difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), self.file, "mutant", lineterm="", n=4)
        return "\n".join(lines)


def mutants(place: Path, file: str) -> list[Mutant]:
    """All of the file at ``place``, which is to be called ``file``, in the order of its lines."""
    tree = ast.parse(place.read_text())
    original = ast.unparse(tree)
    found: list[Mutant] = []
    for line in _changes(tree):
        source = ast.unparse(tree)
        pairs = zip(original.splitlines(), source.splitlines(), strict=False)
        was, now = next(((a, b) for a, b in pairs if a != b), ("", ""))
        found.append(
            Mutant(
                file=file, number=len(found), line=line, was=was.strip(), now=now.strip(), source=source, original=original,
                code=compile(ast.fix_missing_locations(tree), str(place), "exec"),
            )
        )  # fmt: skip
    return found


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
