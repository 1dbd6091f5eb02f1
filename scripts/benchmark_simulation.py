"""How many ten-step episodes a second the simulator manages, beside the live runtime on the same machine in the same minute.

    OPENBLAS_NUM_THREADS=1 python scripts/benchmark_simulation.py

Drawing the episodes counts. "time" is the total time of every episode and nothing else; "everything" is time, tokens by role,
tokens in vain and the most calls at once. As many processes as there are cores work at the same time, each in turn on every case.
Rates are given by the clock on the wall, which other work on the machine slows down, and by processor time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from outrider.simulate import LogNormal, Setting, run_episodes
from outrider.simulate.episodes import Episodes
from outrider.simulate.vectorised import outcomes, total_s

CONSTANT = Setting()
LOG_NORMAL = Setting(draft_s=LogNormal.by_mean(1, 0.4), target_s=LogNormal.by_mean(3, 1.2))
LOOKAHEAD = 4


def _times(setting: Setting, rng: np.random.Generator) -> int:
    total_s(many := Episodes.drawn(setting, 1 << 12, rng), LOOKAHEAD)
    return len(many)


def _everything(setting: Setting, rng: np.random.Generator) -> int:
    outcomes(many := Episodes.drawn(setting, 13_107, rng), LOOKAHEAD)
    return len(many)


def _live(setting: Setting, rng: np.random.Generator) -> int:
    many = Episodes.drawn(setting, 50, rng)
    run_episodes((many.one(number) for number in range(50)), LOOKAHEAD)
    return len(many)


CASES: dict[str, Callable[[np.random.Generator], int]] = {
    "runtime, log-normal": partial(_live, LOG_NORMAL),
    "NumPy, everything, log-normal": partial(_everything, LOG_NORMAL),
    "NumPy, everything, constant": partial(_everything, CONSTANT),
    "NumPy, time, log-normal": partial(_times, LOG_NORMAL),
    "NumPy, time, constant": partial(_times, CONSTANT),
}
"""What is measured: each draws and runs some episodes, and says how many."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Episodes in so many seconds on the wall and of the processor."""

    episodes: int
    wall_s: float
    processor_s: float


def measured(case: str, seconds: float, seed: int) -> Rate:
    """One process on one case for about so long."""
    rng = np.random.Generator(np.random.SFC64(seed))
    CASES[case](rng)  # warm up
    episodes = 0
    wall_s, processor_s = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall_s < seconds:
        episodes += CASES[case](rng)
    return Rate(episodes, time.perf_counter() - wall_s, time.process_time() - processor_s)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each case")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    print(
        f"{options.workers} processes, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}; ",
        end="",
    )
    print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}\n")
    print("| ten-step episodes | a second | over the runtime | a processor second | over the runtime |")
    print("|---|---|---|---|---|")
    first: tuple[float, float] | None = None
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as executor:
        for case in CASES:
            rates = list(executor.map(partial(measured, case, options.seconds), range(options.workers)))
            wall = sum(rate.episodes / rate.wall_s for rate in rates)
            processor = sum(rate.episodes for rate in rates) / sum(rate.processor_s for rate in rates)
            first = first or (wall, processor)
            row = f"{wall:,.0f} | {wall / first[0]:,.0f} | {processor:,.0f} | {processor / first[1]:,.0f}"
            print(f"| {case} | {row} |", flush=True)


if __name__ == "__main__":
    main()
