"""Hold the NumPy model of the rules against the live runtime, episode by episode, on random settings.

    OPENBLAS_NUM_THREADS=1 python scripts/check_vectorised.py --episodes 10000

Every round draws a setting (length, accuracy, distributions with and without ties) and a scheduler, and compares time, output
tokens, tokens in vain and the most calls at once. It ends with exit code 1 if any of them differs by more than a billionth.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

import numpy as np

from outrider.figures import Figures
from outrider.rules import Batch, Lookahead, Sliding
from outrider.simulate import Constant, Distribution, Empirical, LogNormal, Setting, run_episodes
from outrider.simulate.episodes import Episodes
from outrider.simulate.line import Scheduler
from outrider.simulate.oracle import Oracle
from outrider.simulate.sweep import name_of
from outrider.simulate.vectorised import Outcomes, outcomes

ROUND = 20
"""Episodes of one setting and scheduler."""

TOLERANCE = 1e-9


def seconds(dice: random.Random, about_s: float) -> Distribution:
    """A distribution of seconds; the first kind is of a few ticks of the clock, so that many calls end together."""
    match dice.randrange(4):
        case 0:
            return Empirical.of([dice.randint(1, 8) / 1e5 for _ in range(dice.randint(1, 6))])
        case 1:
            return Constant(round(about_s * dice.random(), 2))
        case _:
            return LogNormal.by_median(about_s * dice.uniform(0.01, 1.5), dice.uniform(0, 1.5))


def setting(dice: random.Random) -> Setting:
    """Anything that can be drawn."""
    return Setting(
        steps=dice.randint(1, 20),
        accuracy=dice.choice([0.0, 1.0, dice.random(), dice.random()]),
        draft_s=seconds(dice, 1.0),
        target_s=seconds(dice, 3.0),
        draft_tokens=Empirical.of([dice.randint(0, 60) for _ in range(5)]),
        target_tokens=LogNormal.by_median(100, 0.5),
    )


def scheduler(dice: random.Random) -> Scheduler:
    """The target alone, sliding, batch or oracle."""
    return dice.choice(
        [Sliding(0), Sliding(dice.randint(1, 10)), Sliding(dice.randint(1, 4)), Batch(dice.randint(1, 10)), "oracle"]
    )


def live(many: Episodes, chosen: Scheduler) -> list[Figures]:
    """The figures of each episode by the runtime."""
    found = []
    for number in range(len(many)):
        episode = many.one(number)
        lookahead: Lookahead | int = Oracle.of(episode) if isinstance(chosen, str) else chosen
        found += run_episodes([episode], lookahead)
    return found


def apart(model: Outcomes, figures: list[Figures]) -> dict[str, float]:
    """The largest difference of each quantity."""
    theirs = [
        (run.total_s or 0.0, run.usage.output_tokens, run.tokens("wasted") + run.tokens("cancelled"), run.calls_max)
        for run in figures
    ]
    ours = np.array([model.total_s, model.output_tokens, model.wasted_tokens, model.calls_max])
    differences = np.abs(ours.T - np.array(theirs)).max(axis=0)
    return dict(zip(("total_s", "output_tokens", "wasted_tokens", "calls_max"), differences.tolist(), strict=True))


def main() -> int:
    """Compare, and print the largest differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    largest: dict[str, float] = {}
    rounds: Counter[str] = Counter()
    for number in range(-(-options.episodes // ROUND)):
        drawn, chosen = setting(dice), scheduler(dice)
        many = Episodes.drawn(drawn, ROUND, np.random.default_rng([options.seed, number]))
        differences = apart(outcomes(many, chosen), live(many, chosen))
        rounds[name_of(chosen)] += ROUND
        if max(differences.values()) > TOLERANCE:
            print(f"round {number}: {name_of(chosen)}, {drawn}: {differences}")
        largest = {name: max(largest.get(name, 0.0), value) for name, value in differences.items()}
    print(f"{sum(rounds.values())} episodes, seed {options.seed}: {dict(sorted(rounds.items()))}")
    print("largest differences:", ", ".join(f"{name} {value:.2g}" for name, value in largest.items()))
    return int(max(largest.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
