"""The embedded default on OpenAGI tasks: the target alone and speculation in turn, paired by task, with intervals.

    python scripts/measure_embedded.py --out docs/measured/embedded.json

Each task is planned once by every arm, the arms in an order that rotates from task to task, so that a machine that slows down
slows them all. Both models stay loaded; what is measured is the run itself, from the session's opening to the confirmed `finish`.
Every plan is compared with the target's own. The control arm is the target alone a second time: it shows how far the target
repeats itself, since a prompt that is computed in pieces of other sizes may be answered differently. Interrupted with Ctrl-C, it
reports the tasks that every arm has planned.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import outrider
from outrider.agents.kinds import ModelAgent
from outrider.errors import RunEnded
from outrider.naming import Models, agent_named
from outrider.providers.prices import Prices
from outrider.worlds import openagi

RESAMPLES = 10_000
ALONE, CONTROL = "0", "0 again"
"""The target alone, and the same once more."""


async def planned(task: outrider.Task, fast: ModelAgent, slow: ModelAgent, lookahead: int, max_steps: int) -> dict[str, Any]:
    """One run: its plan, its figures."""
    async with outrider.plan(task, approximation=fast, target=slow, lookahead=lookahead, max_steps=max_steps) as session:
        try:
            plan = await session.result()
        except RunEnded as ended:
            plan = ended.plan or session.plan
    return {"plan": [entry.step.action for entry in plan.steps], **session.figures.as_json()}


def interval(values: Sequence[float], dice: random.Random) -> tuple[float, float]:
    """The middle 95 % of the sums of resampled ``values``: a percentile bootstrap."""
    sums = sorted(sum(dice.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return sums[round(0.025 * RESAMPLES)], sums[round(0.975 * RESAMPLES) - 1]


def ratio_interval(ours: Sequence[float], alone: Sequence[float], dice: random.Random) -> tuple[float, float]:
    """The same for the ratio of two sums over the same resampled tasks."""
    ratios = []
    for _ in range(RESAMPLES):
        chosen = dice.choices(range(len(alone)), k=len(alone))
        ratios.append(sum(ours[i] for i in chosen) / sum(alone[i] for i in chosen))
    ratios.sort()
    return ratios[round(0.025 * RESAMPLES)], ratios[round(0.975 * RESAMPLES) - 1]


def compared(rows: list[dict[str, Any]], arm: str, seed: int) -> dict[str, Any]:
    """What ``arm`` gained and lost against the target alone, over all tasks."""
    dice = random.Random(seed)
    alone = [row[ALONE]["total_s"] for row in rows]
    ours = [row[arm]["total_s"] for row in rows]
    gains = [a - b for a, b in zip(alone, ours, strict=True)]
    written = sum(row[arm]["output_tokens"] for row in rows)
    written_alone = sum(row[ALONE]["output_tokens"] for row in rows)
    judged = [tally for row in rows for tally in row[arm]["acceptance"]]
    accepted, rejected = sum(t["accepted"] for t in judged), sum(t["rejected"] for t in judged)
    return {
        "lookahead": arm,
        "total_s": round(sum(ours), 3),
        "alone_s": round(sum(alone), 3),
        "time_ratio": round(sum(ours) / sum(alone), 3),
        "time_ratio_95": [round(x, 3) for x in ratio_interval(ours, alone, dice)],
        "saved_s_95": [round(x, 2) for x in interval(gains, dice)],
        "median_saved_s": round(statistics.median(gains), 3),
        "tasks_faster": sum(gain > 0 for gain in gains),
        "tasks_slower": sum(gain < 0 for gain in gains),
        "worst_s": round(min(gains), 3),
        "best_s": round(max(gains), 3),
        "output_tokens_ratio": round(written / written_alone, 3),
        "acceptance": round(accepted / (accepted + rejected), 3) if accepted + rejected else None,
        "same_plan": sum(row[arm]["plan"] == row[ALONE]["plan"] for row in rows),
        "tasks": len(rows),
    }


async def measure(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """Plan every task with every arm; append a row a task."""
    arms = [ALONE, CONTROL, *map(str, arguments.lookahead)]
    tasks = random.Random(arguments.seed).sample(openagi.tasks(), arguments.tasks)
    async with Models(Prices(), slots=max(arguments.lookahead) + 1, threads=arguments.threads) as models:
        fast = await agent_named(arguments.approximation, role="approximation", world=openagi.WORLD, models=models)
        slow = await agent_named(arguments.target, role="target", world=openagi.WORLD, models=models)
        assert isinstance(fast, ModelAgent), "recordings are measured elsewhere"
        assert isinstance(slow, ModelAgent), "recordings are measured elsewhere"
        for number, text in enumerate(tasks):
            task = outrider.Task(text, "openagi")
            await fast.prepare(task)
            await slow.prepare(task)
            turn = number % len(arms)
            row: dict[str, Any] = {"task": text}
            for arm in arms[turn:] + arms[:turn]:
                row[arm] = await planned(task, fast, slow, int(arm.split()[0]), arguments.max_steps)
            rows.append(row)
            seconds = "  ".join(f"{arm}: {row[arm]['total_s']:.2f} s" for arm in arms)
            print(f"{number + 1:3} of {len(tasks)}  {seconds}  {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print a line an arm, write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--lookahead", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--approximation", default="direct@local")
    parser.add_argument("--target", default="cot@local")
    parser.add_argument("--threads", type=int, default=1, help="processor threads for each call")
    parser.add_argument("--max-steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    began = time.time()
    try:
        asyncio.run(measure(arguments, rows))
    except KeyboardInterrupt:
        print(f"stopped; {len(rows)} tasks are measured", file=sys.stderr)
    if not rows:
        sys.exit(130)
    result = {
        "command": " ".join(["python", *sys.argv]),
        "arms": [compared(rows, arm, arguments.seed) for arm in (CONTROL, *map(str, arguments.lookahead))],
        "machine": {"processors": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "outrider": outrider.__version__,
        "seed": arguments.seed,
        "date": time.strftime("%Y-%m-%d", time.gmtime(began)),
        "rows": rows,
    }
    for arm in result["arms"]:
        print(json.dumps(arm))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
