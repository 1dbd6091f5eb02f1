"""A mutant put in place of the module it was made from: into the functions that are there already, or by importing it instead."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, FunctionType, ModuleType
from typing import TypeAlias

from .changes import Mutant

Name: TypeAlias = tuple[str, str, int]
"""What tells one function from all others: its file, its qualified name, its first line."""


def name_of(code: CodeType) -> Name:
    """The function that this is the code of."""
    return code.co_filename, code.co_qualname, code.co_firstlineno


def outermost(module: CodeType) -> dict[Name, CodeType]:
    """The functions of a module and the methods of its classes, without those inside of them."""
    found: dict[Name, CodeType] = {}
    for code in _codes(module):
        if code.co_flags & _OPTIMIZED:
            found[name_of(code)] = code
        else:
            found |= outermost(code)  # a class
    return found


_OPTIMIZED = 0x1
"""Set for the code of functions, not for that of modules and classes."""


def _codes(code: CodeType) -> Iterator[CodeType]:
    return (each for each in code.co_consts if isinstance(each, CodeType))


def all_codes(code: CodeType) -> Iterator[CodeType]:
    """The code itself and that of every function inside of it."""
    yield code
    for inner in _codes(code):
        yield from all_codes(inner)


def changed(original: CodeType, mutant: CodeType) -> Name | None:
    """The one function that the mutant changes; ``None`` if it changes the module or a class itself."""
    ours, theirs = outermost(original), outermost(mutant)
    different = [name for name, code in theirs.items() if ours.get(name) != code]
    if len(different) != 1 or len(ours) != len(theirs):
        return None
    name = different[0]
    return name if ours[name].co_freevars == theirs[name].co_freevars else None


def living(names: set[Name]) -> dict[Name, list[FunctionType]]:
    """The functions of these names that have been made in this process."""
    found: dict[Name, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and name_of(thing.__code__) in names:
            found.setdefault(name_of(thing.__code__), []).append(thing)
    return found


def put_into(functions: Sequence[FunctionType], code: CodeType) -> None:
    """They run ``code`` from now on."""
    for function in functions:
        function.__code__ = code


class Instead(MetaPathFinder, Loader):
    """Imports a mutant where the module it was made from is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        self._module = "outrider." + mutant.file.removesuffix(".py").replace("/", ".")
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The mutant, if it is asked for."""
        return spec_from_loader(fullname, self, origin=self._mutant.code.co_filename) if fullname == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant as this module."""
        module.__file__ = self._mutant.code.co_filename
        exec(self._mutant.code, module.__dict__)

    def install(self) -> None:
        """From the next import on; of what has not been imported yet."""
        assert self._module not in sys.modules, "it would be too late"
        sys.meta_path.insert(0, self)
