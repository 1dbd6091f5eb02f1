"""Feed spoilt inputs to everything of ours that reads what others wrote, and say what came out that may not.

Journals, agents' replies, streams of model servers, tools' results, commands, and the files that users write. Each input is valid
but for what was spoilt in it, and a function of the seed and its number: the same command feeds the same inputs. A parser may
refuse an input by the errors that it documents; any other error, an endless loop, or a wrong reading is a defect.

python scripts/fuzz.py --inputs 1000000 --seed 1 --out docs/measured/fuzz.json
python scripts/fuzz.py --again lines:1234 --seed 1

Ctrl-C ends it and reports what has been done until then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import get_args

from fuzzing.everything import targets
from fuzzing.running import Tally, fuzz
from fuzzing.spoiling import Spoiler
from fuzzing.target import Group


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", action="append", choices=get_args(Group), default=[], help="a group of parsers; may be repeated"
    )
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="0 is this one alone, for a debugger")
    parser.add_argument("--out", type=Path, help="write what came of it there, as JSON")
    parser.add_argument("--again", metavar="TARGET:NUMBER", help="feed this one input, and let its error through")
    return parser.parse_args()


def again(name: str, number: int, seed: int) -> None:
    """Feed one input, with nothing around it."""
    with tempfile.TemporaryDirectory() as folder:
        target = next(target for target in targets(Path(folder)) if target.name == name)
        spoiler = Spoiler(random.Random(f"{seed}/{name}/{number}"))
        try:
            target.feed(spoiler)
        finally:
            print(repr(spoiler.last))


def as_json(tallies: Mapping[str, Tally], seed: int, took_s: float) -> dict[str, object]:
    """What came of it."""
    inputs = sum(tally.inputs for tally in tallies.values())
    return {
        "inputs": inputs,
        "seed": seed,
        "seconds": round(took_s, 1),
        "inputs_a_second": round(inputs / took_s),
        "defects": [str(defect) for tally in tallies.values() for defect in tally.defects.values()],
        "targets": {
            name: {"inputs": tally.inputs, "read": tally.read, "refused": dict(sorted(tally.refused.items()))}
            for name, tally in tallies.items()
        },
    }


def tell(tallies: Mapping[str, Tally], took_s: float) -> None:
    """The same for people."""
    for name, tally in tallies.items():
        read = f"{tally.read / tally.inputs:4.0%} read" if tally.inputs else "none fed"
        print(f"{name:22} {tally.inputs:9,} inputs, {read}, {len(tally.defects)} defects")
        for key, defect in tally.defects.items():
            print(f"  {tally.times[key]} times {defect}")
    inputs = sum(tally.inputs for tally in tallies.values())
    defects = sum(len(tally.defects) for tally in tallies.values())
    print(f"{inputs:,} inputs in {took_s:.0f} s, {inputs / took_s:,.0f} a second: {defects} defects")


def main() -> int:
    """Feed them; 1 if there is a defect."""
    options = asked()
    if options.again:
        name, _, number = options.again.rpartition(":")
        again(name, int(number), options.seed)
        return 0
    began_s = time.perf_counter()

    def told(fed: int) -> None:
        print(f"\r{fed:,} of {options.inputs:,}", end="", file=sys.stderr, flush=True)

    made = partial(targets, only=options.only)
    tallies = fuzz(made, options.inputs, options.seed, processes=options.processes, told=told)
    took_s = time.perf_counter() - began_s
    print(file=sys.stderr)
    tell(tallies, took_s)
    if options.out:
        options.out.write_text(json.dumps(as_json(tallies, options.seed, took_s), indent=1, ensure_ascii=False) + "\n")
    return 1 if any(tally.defects for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
