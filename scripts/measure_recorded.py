"""Recorded answers of two real models, replayed on virtual time: what speculation gains where calls do not slow one another down.

    python scripts/measure_recorded.py --out docs/measured/recorded.json

Each task of a file of pairs is planned by the target alone and by every lookahead; times are the recorded ones, so this is what a
run would take with both models served elsewhere. Nothing is random but the bootstrap, which is seeded.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from measure_embedded import ALONE, compared

import outrider
from outrider.agents.recorded import RecordedAgent
from outrider.rules import lookahead_named
from outrider.testing import run

ROOT = Path(__file__).parent.parent
FILES = ("qwen2.5-coder-0.5b-direct", "qwen2.5-coder-1.5b-direct")
ARMS = ("1", "2", "4", "8", "batch-4")


async def _row(task: str, drafter: RecordedAgent, target: RecordedAgent) -> dict[str, Any]:
    row: dict[str, Any] = {"task": task}
    for arm in (ALONE, *ARMS):
        async with outrider.plan(task, approximation=drafter, target=target, lookahead=lookahead_named(arm)) as session:
            plan = await session.result()
        row[arm] = {"plan": [entry.step.action for entry in plan.steps], **session.figures.as_json()}
    return row


async def _rows(tasks: list[str], drafter: RecordedAgent, target: RecordedAgent) -> list[dict[str, Any]]:
    return [await _row(task, drafter, target) for task in tasks]


def measure(file: Path) -> list[dict[str, Any]]:
    """A row a task."""
    lines = file.read_text(encoding="utf-8").splitlines()
    tasks = list(dict.fromkeys(json.loads(line)["task"] for line in lines))
    return run(_rows(tasks, RecordedAgent(file, "approximation"), RecordedAgent(file, "target")))


def main() -> None:
    """Measure every file, print a line an arm, write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found: dict[str, Any] = {"command": " ".join(["python", *sys.argv]), "seed": arguments.seed}
    for name in FILES:
        rows = measure(ROOT / "data" / "local_pairs" / f"{name}.jsonl")
        found[name] = [compared(rows, arm, arguments.seed) for arm in ARMS]
        for arm in found[name]:
            print(name, json.dumps(arm))
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
