"""How often advise's intervals hold, on held-out halves of the recorded sets.

    python scripts/check_advice.py --out docs/measured/advice.json

Each set of runs is halved at random, many times over. From one half the interval for the other half's time ratio and cost ratio
is predicted, as `outrider advise` does it; counted is how often the other half's ratio lies within it. It says 95 %. Sets of
fewer than 10 runs are left out: of their halves advise concludes nothing.

A lookahead that learns makes its runs depend on those before. So the runs are put in a random order, and each half is run again
by itself, the first one in other orders too. It begins knowing nothing; the other half begins anew too, or goes on with what the
first has learned (`gone_on`).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outrider.bench.advice import FIXED, LEARNING, OTHER_ORDERS
from outrider.bench.expectation import FEWEST_RUNS, Pairs, held, holds, predicted_ratio, widened
from outrider.bench.harness import ALONE, Run, compare, run_in_order, run_once
from outrider.bench.rows import Trace
from outrider.bench.schedulers import Alone, schedulers_named
from outrider.bench.suites import PAPER, SUITES
from outrider.bench.traces import TokenPrices

PRICES = TokenPrices()


def held_fixed(traces: Sequence[Trace], splits: int, seed: int) -> dict[str, dict[str, float]]:
    """The share of halvings in which the interval held, for each fixed lookahead's time and cost."""
    comparison = compare(traces, schedulers_named([ALONE, *FIXED]), prices=PRICES)
    found: dict[str, dict[str, float]] = {}
    for name in FIXED:
        time, cost = comparison.time(name), comparison.cost(name)
        found[name] = {"time": held(time.ours, time.theirs, splits=splits, seed=seed)}
        if cost is not None:
            found[name]["cost"] = held(cost.ours, cost.theirs, splits=splits, seed=seed)
    return found


def held_learning(name: str, traces: Sequence[Trace], splits: int, seed: int) -> dict[str, float]:
    """The same for a lookahead that learns."""
    dice, order = random.Random(seed), list(range(len(traces)))
    make = schedulers_named([name])[name]
    alone = [run_once(trace, Alone(), PRICES) for trace in traces]
    count = dict.fromkeys(("time", "cost", "time_gone_on", "cost_gone_on"), 0)
    for _ in range(splits):
        dice.shuffle(order)
        half, rest = order[: len(order) // 2], order[len(order) // 2 :]
        orders = [half, *(dice.sample(half, len(half)) for _ in range(OTHER_ORDERS))]
        first = [run_in_order([traces[i] for i in again], make, PRICES) for again in orders]
        for ending, known in (("", ""), ("_gone_on", first[0][-1].learned)):
            then = run_in_order([traces[i] for i in rest], make, PRICES, known)
            for what in ("time", "cost"):
                found = [pairs(what, ours, [alone[i] for i in again]) for ours, again in zip(first, orders, strict=True)]
                expected = widened(predicted_ratio(*found[0], len(rest)), [sum(a) / sum(b) for a, b in found[1:]])
                count[what + ending] += holds(expected, pairs(what, then, [alone[i] for i in rest]))
    return {what: round(held_so_often / splits, 4) for what, held_so_often in count.items()}


def pairs(what: str, ours: Sequence[Run], alone: Sequence[Run]) -> Pairs:
    """Times, or costs, beside the target alone's."""
    if what == "time":
        return [run.total_s for run in ours], [run.total_s for run in alone]
    return [run.cost_usd or 0.0 for run in ours], [run.cost_usd or 0.0 for run in alone]


def together(sets: dict[str, Any], names: Sequence[str]) -> dict[str, float]:
    """The mean share over sets and figures, and the least one."""
    shares = [share for found in sets.values() for name in names for share in found["held"][name].values()]
    return {"mean": round(sum(shares) / len(shares), 4), "least": min(shares)}


def main() -> None:
    """Check every set, print a line each, write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=2000)
    parser.add_argument("--learning-splits", type=int, default=30, help="halvings for what learns, which is run again in each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    sets: dict[str, Any] = {}
    for source in (source for name, suite in SUITES.items() if name not in PAPER for source in suite()):
        traces = list(source.read(print))
        if len(traces) >= 2 * FEWEST_RUNS:
            found = held_fixed(traces, arguments.splits, arguments.seed)
            for name in LEARNING:
                found[name] = held_learning(name, traces, arguments.learning_splits, arguments.seed)
            sets[source.name] = {"runs": len(traces), "held": found}
            print(source.name, json.dumps(sets[source.name]), flush=True)
    result = {
        "command": " ".join(["python", *sys.argv]), "seed": arguments.seed, "splits": arguments.splits,
        "learning_splits": arguments.learning_splits, "says": 0.95,
        "fixed": together(sets, FIXED), "learning": together(sets, LEARNING), "sets": sets,
    }  # fmt: skip
    print(json.dumps({name: result[name] for name in ("says", "fixed", "learning")}))
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
