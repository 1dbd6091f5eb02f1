"""Break the rules in one small way at a time, and see whether the tests notice.

Each mutant is one file of ``src/outrider`` with one comparison flipped, bound shifted, condition negated, statement dropped,
value changed. It is put into a process that has imported the tree, never into the tree itself, and the tests of the rules, the
limits and the laws run against it, with the same examples every time. A mutant that no test notices has survived: print it, and
fail.

    python scripts/mutate_rules.py            # all of them
    python scripts/mutate_rules.py --list     # what they are
    python scripts/mutate_rules.py --only rules/tree.py#17  # one of them
    python scripts/mutate_rules.py --file rules/tree.py  # those of a file
    python scripts/mutate_rules.py --tests tests/rules  # a first sieve: run what survives it against all tests
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from types import CodeType

from mutating.changes import Mutant, mutants
from mutating.forks import Say, in_forks
from mutating.running import Broken, Fate, hunt

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/outrider"
FILES = (
    *sorted(f"rules/{place.name}" for place in SOURCE.glob("rules/*.py") if place.name != "__init__.py"),
    "runtime/limits.py",
    "runtime/servers.py",
    "runtime/budget.py",
    "runtime/turns.py",
)
TESTS = ("tests/rules", "tests/runtime", "tests/laws")
HANGS_AFTER_S = 300.0

MET = "a ticket whose wait is over is dropped when it is met in the queue; taking it out earlier only frees its memory"
OPENED = "opening the session sets it, before anything reads it"
COMPARED = "only compared with other numbers that were made alike"
SLACK = "a sum that is off by exactly the slack is as good on either side"
LOOKS = "to look once more where nobody waits, or nothing has changed, changes nothing"
GUARD = "a guard for the type alone"
BOTH = "both ways come to the same there"

EXECUTIONS, FRONTIER = "rules/executions.py", "rules/frontier.py"
TURNS, BUDGET = "runtime/turns.py", "runtime/budget.py"
NEXT_S = "return _now_s() + self.seconds - self._passed_s() if {} and (not self.over) else None"
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (EXECUTIONS, "self._reads = 0", "pass"): OPENED,
    (EXECUTIONS, "self._reads = 0", "self._reads = 1"): OPENED,
    (EXECUTIONS, "self._asks = False", "pass"): OPENED,
    (EXECUTIONS, "self._asks = False", "self._asks = True"): OPENED,
    (FRONTIER, "self.asks = False", "pass"): OPENED,
    (FRONTIER, "self.asks = False", "self.asks = True"): OPENED,
    ("rules/rules.py", "self._drafters = Drafters(1)", "pass"): OPENED,
    ("rules/rules.py", "self._drafters = Drafters(1)", "self._drafters = Drafters(2)"): OPENED,
    ("rules/calls.py", "self._now_s = 0.0", "pass"): "every report brings the time before anything reads it",
    (EXECUTIONS, "return copy is not None and copy < self._first_here", "return copy < self._first_here"): GUARD,
    (
        "rules/durations.py",
        "return next((seconds for seconds, survives in curve if survives <= 1 - share + 1e-09))",
        "return next((seconds for seconds, survives in curve if survives < 1 - share + 1e-09))",
    ): SLACK,
    (
        "rules/value.py",
        "if draft_s * drafts.sample[-1] <= until_s * targets.sample[0]:",
        "if draft_s * drafts.sample[-1] < until_s * targets.sample[0]:",
    ): BOTH,
    (TURNS, "del self._patient[ticket]", "pass"): MET,
    (TURNS, "del self._urgent[ticket]", "pass"): MET,
    (TURNS, "del queue[ticket]", "pass"): MET,
    (TURNS, "self._urgent.pop(ticket, None)", "pass"): MET,
    (TURNS, "self._patient.pop(ticket, None)", "pass"): MET,
    (TURNS, "self._count = 0", "self._count = 1"): COMPARED,
    (TURNS, "self._count += 1", "self._count += 2"): COMPARED,
    (TURNS, "self._timer.cancel()", "pass"): LOOKS,
    (
        TURNS,
        "due_s = [due for condition in self._conditions if needed and (due := condition.next_s()) is not None]",
        "due_s = [due for condition in self._conditions if (due := condition.next_s()) is not None]",
    ): LOOKS,
    (
        BUDGET,
        "if limit is None or spent + reserved + amount + keep <= limit + _SLACK:",
        "if limit is None or spent + reserved + amount + keep < limit + _SLACK:",
    ): SLACK,
    (BUDGET, "if spent + amount + keep > limit + _SLACK:", "if spent + amount + keep >= limit + _SLACK:"): SLACK,
    (
        BUDGET,
        "return self.seconds is not None and self._passed_s() >= self.seconds - _SLACK",
        "return self.seconds is not None and self._passed_s() > self.seconds - _SLACK",
    ): SLACK,
    (BUDGET, NEXT_S.format("self.seconds is not None and self._busy"), NEXT_S.format("self._busy")): GUARD,
    (BUDGET, "return (1, 0, 0.0)", "return (1, 1, 0.0)"): "reached only where tokens have no limit",
}
"""Mutants that change nothing that anybody could see: (the file, the line as it was, the line as it is) and the reason."""


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Break the rules in one small way at a time, and see whether the tests notice.")
    parser.add_argument("--list", action="store_true", help="say what the mutants are, and run nothing")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these, as the list names them")
    parser.add_argument("--file", nargs="+", choices=FILES, default=FILES, metavar="NAME", help="only those of these files")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at once (2)")
    parser.add_argument(
        "--tests", nargs="+", default=list(TESTS), metavar="PATH",
        help="only these tests, for a first sieve; run what survives it against all of them",
    )  # fmt: skip
    parser.add_argument(
        "--hangs-after", type=float, default=HANGS_AFTER_S, metavar="S",
        help=f"how long a mutant's tests may take by the clock ({HANGS_AFTER_S:g}); of CPU they have ten times what they need",
    )  # fmt: skip
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[Mutant]:
    """The mutants that are asked for."""
    wanted = None if options.only is None else {str(name) for name in options.only}
    files = options.file if wanted is None else sorted({name.partition("#")[0] for name in wanted})
    found = [mutant for file in files for mutant in mutants(SOURCE / file, file)]
    return [mutant for mutant in found if wanted is None or mutant.name in wanted]


def work(some: list[Mutant], originals: dict[str, CodeType], options: argparse.Namespace, say: Say) -> None:
    """Hunt these mutants, print what comes of each, and say it."""
    named = {mutant.name: mutant for mutant in some}
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    def told(thing: object) -> None:
        if isinstance(thing, Broken):
            print(f"the tests fail without any mutant: {thing}", file=out, flush=True)
        elif isinstance(thing, Fate):
            mutant = named[thing.name]
            print(_line(mutant, thing), file=out, flush=True)
            say((mutant.file, _verdict(mutant, thing)))

    hunt(some, originals, options.tests, options.hangs_after, told)


def _verdict(mutant: Mutant, fate: Fate) -> str:
    reason = EQUIVALENT.get((mutant.file, mutant.was, mutant.now))
    return "killed" if fate.killer else "equivalent" if reason else "SURVIVED"


def _line(mutant: Mutant, fate: Fate) -> str:
    verdict = _verdict(mutant, fate)
    line = f"{verdict:10} {fate.took_s:5.1f} s {fate.ran:4} tests  {mutant}  {fate.killer}"
    return f"{line}\n{mutant.diff}" if verdict == "SURVIVED" else line


def main() -> int:
    """Run as a script; the exit code is 1 if a mutant survived that is not known to be equivalent, 2 if not all were run."""
    options = asked()
    found = chosen(options)
    if options.list:
        print("\n".join(map(str, found)))
        return 0
    os.chdir(ROOT)
    os.environ["OUTRIDER_LAWS"] = "mutants"
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT / "src"))
    files = {mutant.file for mutant in found}
    originals = {file: compile((SOURCE / file).read_text(), str(SOURCE / file), "exec") for file in files}
    started = time.monotonic()
    shares = [found[n :: options.jobs] for n in range(options.jobs)]
    said = in_forks([partial(work, share, originals, options) for share in shares if share])
    verdicts = Counter(thing for each in said for thing in each.things)
    return summary(verdicts, len(found), time.monotonic() - started)


def summary(verdicts: Counter[object], asked_for: int, took_s: float) -> int:
    """Print how many of each file were killed; what is returned is the exit code."""
    for file in FILES:
        ways = {way: verdicts[file, way] for way in ("killed", "equivalent", "SURVIVED")}
        if any(ways.values()):
            print(f"{file}: {sum(ways.values())} run, " + ", ".join(f"{count} {way}" for way, count in ways.items() if count))
    ran = verdicts.total()
    lived = sum(verdicts[file, "SURVIVED"] for file in FILES)
    print(f"{ran} of {asked_for} mutants run in {took_s:.0f} s, {lived} survived")
    return 2 if ran < asked_for else 1 if lived else 0


if __name__ == "__main__":
    raise SystemExit(main())
