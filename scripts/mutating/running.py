"""Tests run against mutants, each mutant in a fork of a process that has imported everything and collected the tests.

First the tests run once without any mutant, and it is noted which of them come by which functions. A mutant of a function is then
put into that function as it lives, and only the tests that come by it run: those first that have noticed most mutants of the same
function, then the quickest, until one fails. A mutant of what is run when its module is imported has all tests run in a fork that
has imported nothing of ours yet.
"""

from __future__ import annotations

import gc
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from .changes import Mutant
from .forks import Say, in_forks
from .patching import Instead, Name, all_codes, changed, living, outermost, put_into

MEMORY_BYTES = 3 * 2**30
LEAST_CPU_S = 5
CPU_FACTOR = 10
"""A test may use so many times the CPU that it used without the mutant before it counts as hung."""

OPTIONS = ("-x", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What came of a mutant: the test that noticed it, if any did, and how many ran for how long."""

    name: str
    killer: str = ""
    ran: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a test went without any mutant."""

    took_s: float
    failed: bool
    came_by: frozenset[Name]


class Broken(Exception):
    """Tests fail without any mutant."""


def hunt(chosen: Sequence[Mutant], originals: dict[str, CodeType], tests: list[str], hangs_after_s: float, say: Say) -> None:
    """Run the tests against each mutant, and say its fate."""
    of_modules = [mutant for mutant in chosen if changed(originals[mutant.file], mutant.code) is None]
    for mutant in of_modules:
        say(_imported(mutant, tests, hangs_after_s))
    of_functions = [mutant for mutant in chosen if mutant not in of_modules]
    if of_functions:
        hound = Hound(chosen=of_functions, originals=originals, hangs_after_s=hangs_after_s, say=say)
        pytest.main([*OPTIONS, *tests], plugins=[hound])


# Mutants of modules -------------------------------------------------------------------------------------------------


def _imported(mutant: Mutant, tests: list[str], hangs_after_s: float) -> Fate:
    def work(say: Say) -> None:
        _bound(hangs_after_s)
        Instead(mutant).install()
        first = First()
        if pytest.main([*OPTIONS, *tests], plugins=[first]) != pytest.ExitCode.OK:
            say(first.failed or "while tests were collected")

    started = time.monotonic()
    [said] = in_forks([work], hangs_after_s)
    killer = said.things[0] if said.things else said.trouble
    return Fate(name=mutant.name, killer=str(killer), took_s=time.monotonic() - started)


class First:
    """A pytest plugin that remembers the first test that failed."""

    failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


# Mutants of functions -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True, eq=False)
class Hound:
    """A pytest plugin that, in place of running the collected tests once, runs them against every mutant."""

    chosen: Sequence[Mutant]
    originals: dict[str, CodeType]
    hangs_after_s: float
    say: Say
    _items: list[pytest.Item] = field(default_factory=list)
    _ways: list[Way] = field(default_factory=list)
    _kills: dict[Name, Counter[int]] = field(default_factory=dict)
    _functions: dict[Name, list[FunctionType]] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Where pytest would run the tests."""
        self._items = session.items
        self._functions = living({name for code in self.originals.values() for name in outermost(code)})
        gc.freeze()
        self._ways = _watch_all(self._items, self._functions)
        for item, way in zip(self._items, self._ways, strict=True):
            if way.failed:
                self.say(Broken(item.nodeid))
                return True
        for mutant in self.chosen:
            self.say(self._fate(mutant))
        return True

    def _fate(self, mutant: Mutant) -> Fate:
        name = changed(self.originals[mutant.file], mutant.code)
        assert name is not None, "it is a function's"
        order = self._order(name)

        def work(say: Say) -> None:
            put_into(self._functions[name], outermost(mutant.code)[name])
            for n in order:
                say(n)
                _bound(self._ways[n].took_s)
                if _fails(self._items[n]):
                    return
            say(None)

        started = time.monotonic()
        [said] = in_forks([work], self.hangs_after_s)
        ran = [n for n in said.things if isinstance(n, int)]
        killer = self._killer(name, ran[-1], said.trouble) if ran and None not in said.things else said.trouble
        return Fate(name=mutant.name, killer=killer, ran=len(ran), took_s=time.monotonic() - started)

    def _order(self, name: Name) -> list[int]:
        """The tests that come by the function, the most promising first."""
        kills = self._kills.setdefault(name, Counter())
        return sorted(
            (n for n, way in enumerate(self._ways) if name in way.came_by), key=lambda n: (-kills[n], self._ways[n].took_s)
        )

    def _killer(self, name: Name, n: int, trouble: str) -> str:
        self._kills[name][n] += 1
        return f"{self._items[n].nodeid}: {trouble}" if trouble else self._items[n].nodeid


def _watch_all(items: list[pytest.Item], functions: dict[Name, list[FunctionType]]) -> list[Way]:
    inner = {id(code): name for name, some in functions.items() for each in some for code in all_codes(each.__code__)}

    def work(say: Say) -> None:
        for item in items:
            say(_watched(item, inner))

    [said] = in_forks([work])
    return [way for way in said.things if isinstance(way, Way)]


def _watched(item: pytest.Item, inner: dict[int, Name]) -> Way:
    """Run the test, noting which functions it comes by."""
    came_by: set[Name] = set()

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (name := inner.get(id(frame.f_code))) is not None:
            came_by.add(name)

    started = time.process_time()
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        failed = _fails(item)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return Way(took_s=time.process_time() - started, failed=failed, came_by=frozenset(came_by))


def _fails(item: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))


def _bound(expected_s: float) -> None:
    """From now on die of using much more CPU than expected, or much memory."""
    cpu_s = int(time.process_time() + LEAST_CPU_S + CPU_FACTOR * expected_s)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
