"""What planning sub-tasks side by side gains: graphs of recorded tasks against the same tasks one after another, in virtual time.

python scripts/measure_subplans.py    the tables of docs/subplans.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from outrider.agents.recorded import RecordedAgent
from outrider.rules import Sliding
from outrider.runtime import Limits, Session, plan
from outrider.subplans import Graph, Subtask, subplans
from outrider.testing import run

PAIRS: Final = Path(__file__).parent.parent / "data" / "local_pairs"
SUITES: Final = ("qwen2.5-coder-0.5b-direct", "qwen2.5-coder-1.5b-direct")
SHAPES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "six apart": dict.fromkeys("abcdef", ()),
    "one, then four, then one": {"a": (), **dict.fromkeys("bcde", ("a",)), "f": ("b", "c", "d", "e")},
    "two chains of three": {"a": (), "b": ("a",), "c": ("b",), "d": (), "e": ("d",), "f": ("e",)},
    "six in a row": {name: (before,) if before.strip() else () for before, name in zip(" abcde", "abcdef", strict=True)},
}
"""Each sub-task and what it comes after. All have the same six tasks."""

AT_ONCE: Final = (None, 8, 4, 2, 1)


def tasks(suite: str) -> list[str]:
    """The first six recorded tasks."""
    lines = (PAIRS / f"{suite}.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["task"] for line in lines))[: len("abcdef")]


def graph(shape: str, suite: str) -> Graph:
    """The graph of that shape."""
    after = SHAPES[shape]
    return Graph(*(Subtask(name, task, after=after[name]) for name, task in zip(after, tasks(suite), strict=True)))


async def total_s(shape: str, suite: str, lookahead: int, calls_at_once: int | None) -> float:
    """The seconds of the whole run. Every plan is the target's own, or this fails."""
    limits = Limits(calls_at_once=calls_at_once)
    draft, target = (RecordedAgent(PAIRS / f"{suite}.jsonl", role) for role in ("approximation", "target"))

    def session_of(subtask: Subtask, name: str) -> Session:
        return plan(subtask.task, approximation=draft, target=target, lookahead=Sliding(lookahead), limits=limits, name=name)

    async with subplans(graph(shape, suite), session_of=session_of) as going:
        results = await going.results()
    assert all(result.state == "complete" for result in results.values())
    return max(result.ended_s or 0.0 for result in results.values())


def table(suite: str, calls_at_once: int | None = None) -> list[str]:
    """Each shape: seconds in order and side by side, with the target alone and with drafts."""
    in_a_row = {k: run(total_s("six in a row", suite, k, calls_at_once)) for k in (0, 4)}
    rows = ["| graph | target alone, s | lookahead 4, s | both, of six in a row with the target alone |", "|---|---|---|---|"]
    for shape in SHAPES:
        alone, ahead = (run(total_s(shape, suite, k, calls_at_once)) for k in (0, 4))
        rows.append(f"| {shape} | {alone:.1f} | {ahead:.1f} | {alone / in_a_row[0]:.2f}, {ahead / in_a_row[0]:.2f} |")
    return rows


def limited(suite: str, shape: str = "one, then four, then one") -> list[str]:
    """One shape under limits on the calls of all together."""
    rows = ["| calls at once, of all | target alone, s | lookahead 4, s | lookahead 4 over target alone |", "|---|---|---|---|"]
    for most in AT_ONCE:
        alone, ahead = (run(total_s(shape, suite, k, most)) for k in (0, 4))
        rows.append(f"| {most or 'any'} | {alone:.1f} | {ahead:.1f} | {ahead / alone:.2f} |")
    return rows


def main() -> None:
    """Print the tables."""
    for suite in SUITES:
        print(f"\n{suite}\n", *table(suite), "", *limited(suite), sep="\n")


if __name__ == "__main__":
    main()
