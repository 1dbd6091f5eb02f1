"""How often advise's intervals hold, on held-out halves of the recorded sets.

    python scripts/check_advice.py --out docs/measured/advice.json

Each set of runs is halved at random, many times over. From one half the interval for the other half's time ratio and cost ratio
is predicted, as `outrider advise` does it; counted is how often the other half's ratio lies within it. It says 95 %. Sets of
fewer than 10 runs are left out: of their halves advise concludes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from outrider.bench.advice import TRIED
from outrider.bench.expectation import FEWEST_RUNS, held
from outrider.bench.harness import ALONE, Comparison, compare
from outrider.bench.schedulers import schedulers_named
from outrider.bench.suites import PAPER, SUITES


def held_in(comparison: Comparison, splits: int, seed: int) -> dict[str, Any]:
    """The share of halvings in which the interval held, for each lookahead's time and cost."""
    found: dict[str, Any] = {}
    for name in TRIED:
        time, cost = comparison.time(name), comparison.cost(name)
        found[name] = {"time": held(time.ours, time.theirs, splits=splits, seed=seed)}
        if cost is not None:
            found[name]["cost"] = held(cost.ours, cost.theirs, splits=splits, seed=seed)
    return found


def main() -> None:
    """Check every set, print a line each, write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    sets: dict[str, Any] = {}
    for source in (source for name, suite in SUITES.items() if name not in PAPER for source in suite()):
        comparison = compare(source.read(print), schedulers_named([ALONE, *TRIED]))
        if comparison.runs >= 2 * FEWEST_RUNS:
            sets[source.name] = {"runs": comparison.runs, "held": held_in(comparison, arguments.splits, arguments.seed)}
            print(source.name, json.dumps(sets[source.name]))
    shares = [share for found in sets.values() for both in found["held"].values() for share in both.values()]
    result = {
        "command": " ".join(["python", *sys.argv]), "seed": arguments.seed, "splits": arguments.splits, "says": 0.95,
        "least": min(shares), "mean": round(sum(shares) / len(shares), 4), "sets": sets,
    }  # fmt: skip
    print(json.dumps({name: result[name] for name in ("says", "least", "mean")}))
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
